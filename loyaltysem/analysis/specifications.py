"""Defensible choices, crossed: every combination is one specification of the same analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.analysis.model_variants import outcomes_of, with_covariates, without_items
from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Mask
from loyaltysem.estimation.plan import Plan, make_plan

#: What can be chosen besides the options of `loyaltysem.sem`.
EDITS = ("model", "omit", "covariates", "exclude")

Options: TypeAlias = Mapping[str, object]
Choices: TypeAlias = Mapping[str, "Mapping[str, Any] | Sequence[Any]"]


@dataclass(frozen=True, slots=True)
class Dimension:
    """One decision and its options: `kind` is what is decided, `settings` are keyed by label."""

    title: str
    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Specification:
    """One way through all decisions: `labels` and `settings` in the order of the dimensions."""

    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    settings: tuple[Any, ...]

    def of(self, kind: str) -> list[Any]:
        """Return the settings of one kind; several dimensions may share it."""
        return [s for k, s in zip(self.kinds, self.settings, strict=True) if k == kind]

    def model(self, base: str, effect: str) -> str:
        """Return the model text: a variant, less what is left out, with covariates."""
        text = str(next(iter(self.of("model")), base))
        for items in self.of("omit"):
            text = without_items(text, items) if items else text
        for covariates in self.of("covariates"):
            text = _with_covariates(text, effect, covariates)
        return text

    def excluded(self, n: int) -> Mask:
        """Return the rows that are left out, shape (n,)."""
        out = np.zeros(n, dtype=np.bool_)
        for mask in self.of("exclude"):
            out |= mask
        return out

    def options(self, base: Options) -> dict[str, object]:
        """Return the options of the fit."""
        own = zip(self.kinds, self.settings, strict=True)
        found = {**base, **{k: s for k, s in own if k not in EDITS}}
        gone = {name for items in self.of("omit") for name in items}
        ordered = found.get("ordered")
        if gone and isinstance(ordered, Sequence):
            found["ordered"] = tuple(n for n in ordered if n not in gone)
        return found


def _with_covariates(text: str, effect: str, covariates: Any) -> str:
    if not covariates:
        return text
    if isinstance(covariates, str):
        return f"{covariates}\n{text}"
    return with_covariates(text, outcomes_of(text, effect), covariates)


def dimensions(choices: Choices, frame: pd.DataFrame, options: Iterable[str]) -> list[Dimension]:
    """Read and check the choices; rows to exclude are found here, once.

    Parameters
    ----------
    choices : mapping
        Options by dimension, as `loyaltysem.multiverse` takes them.
    frame : DataFrame
        The data.
    options : iterable of str
        Names of the options of a fit.

    Raises
    ------
    IncompatibleRequestError
        When a dimension is not known or has no option, or rows to exclude cannot be told.
    """
    known = (*EDITS, *options)
    found = []
    for title, settings in choices.items():
        kind = title.split(":")[0].strip()
        if kind not in known:
            raise IncompatibleRequestError(
                f"'{title}' is nothing that can be chosen.",
                code="request.choice",
                hint=did_you_mean(kind, known) or f"Choose among {', '.join(known)}.",
            )
        found.append(Dimension(title, kind, _settings(title, kind, settings, frame)))
    _check_options(found)
    return found


def _check_options(found: Sequence[Dimension]) -> None:
    empty = [d.title for d in found if not d.settings]
    single = [d.kind for d in found if d.kind not in ("exclude", "omit", "covariates")]
    twice = [kind for kind in single if single.count(kind) > 1]
    if not found or empty or twice:
        what = f"'{(empty or twice)[0]}'" if empty or twice else "The choices"
        raise IncompatibleRequestError(
            f"{what} {'stands there twice' if twice and not empty else 'holds no option'}.",
            code="request.choice",
            hint='For example {"estimator": ["ML", "MLR"], "exclude": {"nobody": None, '
            '"careless": careless}}.',
        )


def _settings(title: str, kind: str, given: Any, frame: pd.DataFrame) -> Mapping[str, Any]:
    if isinstance(given, str) or not isinstance(given, Mapping | Sequence):
        raise IncompatibleRequestError(
            f"The options of '{title}' are one {type(given).__name__}.",
            code="request.choice",
            hint="Give a list of options, or a mapping of labels to options.",
        )
    labelled = given if isinstance(given, Mapping) else {_name(x): x for x in given}
    read = READERS.get(kind, _unchanged)
    return MappingProxyType({str(k): read(str(k), v, frame) for k, v in labelled.items()})


def _name(setting: Any) -> str:
    """Return the label of an option that was given none."""
    if callable(setting):
        return str(getattr(setting, "__name__", "function"))
    if not isinstance(setting, str) and isinstance(setting, Sequence):
        return ", ".join(map(str, setting)) or "none"
    return "none" if setting is None else str(setting)


def _unchanged(label: str, setting: Any, frame: pd.DataFrame) -> Any:
    return setting


def _names(label: str, setting: Any, frame: pd.DataFrame) -> tuple[str, ...]:
    """Read variables to leave out."""
    if setting is None:
        return ()
    return (setting,) if isinstance(setting, str) else tuple(map(str, setting))


def _covariates(label: str, setting: Any, frame: pd.DataFrame) -> str | tuple[str, ...]:
    """Read covariates: names of columns, or statements in the syntax of the model."""
    statement = isinstance(setting, str) and "~" in setting
    return str(setting) if statement else _names(label, setting, frame)


def _model(label: str, setting: Any, frame: pd.DataFrame) -> str:
    if isinstance(setting, str):
        return setting
    raise IncompatibleRequestError(
        f"The model '{label}' is a {type(setting).__name__}, not a text.",
        code="request.model",
        hint="Write the model in lavaan syntax, between triple quotes.",
    )


def _excluded(label: str, setting: Any, frame: pd.DataFrame) -> Mask:
    """Read rows to leave out: None, True and False by row, or a function that tells them."""
    if setting is None:
        return np.zeros(len(frame), dtype=np.bool_)
    if isinstance(setting, str):
        raise IncompatibleRequestError(
            f"The exclusion '{label}' is a text, and no text is ever run.",
            code="request.exclude",
            hint="Give True and False by row, such as  data['seconds'] < 120, or a function of "
            "the data that returns them.",
        )
    marks = setting(frame) if callable(setting) else setting
    if isinstance(marks, pd.Series) and marks.index.is_unique and frame.index.is_unique:
        marks = marks.reindex(frame.index) if set(marks.index) == set(frame.index) else marks
    values = np.asarray(marks)
    if values.shape != (len(frame),) or values.dtype != np.bool_:
        raise IncompatibleRequestError(
            f"The exclusion '{label}' is not one True or False for each of the {len(frame)} rows.",
            code="request.exclude",
            hint="True leaves the row out. Decide on missing values first, such as with .fillna.",
        )
    return values


READERS: Mapping[str, Callable[[str, Any, pd.DataFrame], Any]] = {
    "model": _model,
    "omit": _names,
    "covariates": _covariates,
    "exclude": _excluded,
}


def specifications(found: Sequence[Dimension]) -> list[Specification]:
    """Cross all options; the first specification takes the first option everywhere."""
    kinds = tuple(d.kind for d in found)
    return [
        Specification(
            tuple(labels), kinds, tuple(d.settings[x] for d, x in zip(found, labels, strict=True))
        )
        for labels in product(*(d.settings for d in found))
    ]


def base_options(plan: Plan) -> dict[str, object]:
    """Return the options that make a plan, as few as possible of them decided.

    What follows from the estimator (standard errors, test, information, treatment of x) is left
    open, so that it follows from another estimator too.
    """
    d = plan.defaults
    options: dict[str, object] = {
        "estimator": plan.requested or plan.estimator, "missing": plan.missing,
        "auxiliary": plan.auxiliary, "group": plan.group,
        "group_equal": tuple(sorted(d.group_equal)), "group_partial": d.group_partial,
        "ordered": plan.ordered, "std_lv": d.std_lv,
        "meanstructure": False if plan.no_means else d.meanstructure or None, "fixed_x": d.fixed_x,
        "orthogonal": d.orthogonal, "parameterization": d.parameterization,
        "likelihood": plan.likelihood, "information": plan.information,
        "se": plan.se, "test": plan.test,
    }  # fmt: skip
    wanted = plan.with_data_hash("")
    for name in ("se", "test", "information", "fixed_x", "meanstructure"):
        open_ = {**options, name: None}
        if make_plan(plan.function, plan.model, open_) == wanted:
            options = open_
    return options
