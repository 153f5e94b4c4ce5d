"""The same hypothesis under every combination of defensible choices."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.analysis.multiverse_table import NUMBERS, Multiverse
from loyaltysem.analysis.specifications import (
    Choices,
    Dimension,
    Options,
    Specification,
    base_options,
    dimensions,
    specifications,
)
from loyaltysem.core.errors import Finding, IncompatibleRequestError, LoyaltySemError
from loyaltysem.core.parallel import in_parallel
from loyaltysem.core.text import Text
from loyaltysem.estimation.fit import fit, sem
from loyaltysem.estimation.plan import ModelFunction, Plan, make_plan
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.sources import Data, read_source

#: Options of a fit that are no decision of an analysis.
NOT_CHOSEN = ("model", "data", "sample_cov", "sample_mean", "sample_nobs")
OPTIONS = tuple(n for n in inspect.signature(sem).parameters if n not in NOT_CHOSEN)
MEASURES = ("chisq", "df", "cfi", "rmsea", "srmr")
Z_95 = 1.959963984540054


def multiverse(
    base: str | SEMResult | Plan,
    choices: Choices,
    *,
    effect: str,
    data: Data | None = None,
    when: Callable[[Mapping[str, str]], bool] | None = None,
    measures: Sequence[str] = MEASURES,
    n_jobs: int | None = None,
    **options: Any,
) -> Multiverse:
    """Estimate one effect under every combination of defensible choices.

    Parameters
    ----------
    base : str, SEMResult or Plan
        The model text; or a fit or its plan, for its model and options.
    choices : mapping
        Options by decision, each a mapping of labels to options or a list of them; the first is
        that of the main analysis. The decisions:

        - ``"estimator"``, ``"missing"`` or any other option of `loyaltysem.sem`;
        - ``"model"``: model texts;
        - ``"omit"``: observed variables to leave out of the model;
        - ``"covariates"``: columns that predict the outcome of the effect (of every path in it)
          and covary with all that is not explained, or statements in the syntax of the model;
        - ``"exclude"``: rows to leave out, True and False by row, or a function of the data that
          returns them. A text is refused: none is ever run.

        ``"exclude: speed"`` and ``"exclude: attention"`` are two decisions of one kind.
    effect : str
        The parameter: ``"loyalty~trust"``, a label, or a defined parameter. In several groups
        ``"loyalty~trust.g2"`` is that of the second.
    data : DataFrame, survey responses or mapping of columns, optional
        By default the cases of the fit that is given as `base`.
    when : callable, optional
        Told the labels of a specification by decision, says whether it is defensible.
    measures : sequence of str
        Fit measures in the table.
    n_jobs : int, optional
        Workers, as for joblib.
    **options
        Options of `loyaltysem.sem` that are the same everywhere.

    Returns
    -------
    Multiverse

    Raises
    ------
    IncompatibleRequestError
        When a decision is not known, has no option, nothing is left to fit, or no specification
        has the effect. What goes wrong in single specifications is a row of the table with its
        reason.

    Notes
    -----
    Decide on the choices before looking at results, and only on such as are defensible: a
    specification curve of bad choices says nothing (Simonsohn, Simmons & Nelson 2020; Steegen et
    al. 2016). The shares of significant effects are descriptive; specifications share their data.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(120, 3)), columns=["x", "age", "seconds"])
    >>> data["y"] = 0.4 * data["x"] + rng.normal(size=120)
    >>> choices = {
    ...     "estimator": ["ML", "MLR"],
    ...     "covariates": {"none": None, "age": ["age"]},
    ...     "exclude": {"nobody": None, "fast": data["seconds"] < -1},
    ... }
    >>> found = multiverse("y ~ x", choices, effect="y~x", data=data)
    >>> len(found.frame), float(found.summary["share_same_sign"])
    (8, 1.0)
    """
    function, model, fixed = _base(base, options)
    frame = _frame(base, data)
    found = dimensions(choices, frame, OPTIONS)
    specs = [s for s in specifications(found) if when is None or when(_labels(found, s))]
    if not specs:
        raise IncompatibleRequestError(
            "No specification is left to fit.",
            code="request.no_specification",
            hint="when= must return True for at least one combination.",
        )
    task = _Fit(function, model, fixed, frame, effect, tuple(measures))
    rows = list(in_parallel(task, specs, "fitting specifications", n_jobs))
    if all(str(row["reason"]).startswith("[request.effect]") for row in rows):
        find_effect(task.fitted(specs[0]), effect)  # raises, with what the model does have
    return _multiverse(found, specs, rows, effect)


def _base(
    base: str | SEMResult | Plan, options: Mapping[str, Any]
) -> tuple[ModelFunction, str, Options]:
    """Return the function, the model text and the options that all specifications share."""
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise IncompatibleRequestError(
            f"multiverse() has no option '{unknown[0]}'.",
            code="request.option",
            hint=f"Options of a fit are {', '.join(OPTIONS)}.",
        )
    plan = base.plan if isinstance(base, SEMResult) else base
    if isinstance(plan, Plan):
        return plan.function, plan.model, {**base_options(plan), **options}
    defaults = {n: p.default for n, p in inspect.signature(sem).parameters.items() if n in OPTIONS}
    return "sem", plan, {**defaults, **options}


def _frame(base: str | SEMResult | Plan, data: Data | None) -> pd.DataFrame:
    if data is None and isinstance(base, SEMResult) and base.data is not None:
        parts = [pd.DataFrame(v, columns=list(base.data.names)) for v in base.data.values]
        if base.plan.group:
            labels = zip(parts, base.data.labels, strict=True)
            parts = [part.assign(**{str(base.plan.group): label}) for part, label in labels]
        return pd.concat(parts, ignore_index=True)
    source = read_source(data, None, None, None)
    if isinstance(source, pd.DataFrame):
        return source
    raise IncompatibleRequestError(
        "A multiverse needs cases, not moments.",
        code="request.cases",
        hint="Pass data= as a DataFrame.",
    )


def _labels(found: Sequence[Dimension], spec: Specification) -> dict[str, str]:
    return {d.title: label for d, label in zip(found, spec.labels, strict=True)}


# One specification


@dataclass(frozen=True, slots=True)
class _Fit:
    """Fit one specification: a row of the table, whatever happens."""

    function: ModelFunction
    model: str
    options: Options
    frame: pd.DataFrame
    effect: str
    measures: tuple[str, ...]

    def __call__(self, spec: Specification) -> dict[str, object]:
        try:
            return self._row(self.fitted(spec))
        except LoyaltySemError as error:
            reason = f"[{error.code}] {error.message}"
            return {"status": "failed", "findings": "", "reason": reason}

    def fitted(self, spec: Specification) -> SEMResult:
        """Fit one specification."""
        kept = self.frame[~spec.excluded(len(self.frame))]
        model = spec.model(self.model, self.effect)
        return fit(make_plan(self.function, model, spec.options(self.options)), kept)

    def _row(self, result: SEMResult) -> dict[str, object]:
        effect = find_effect(result, self.effect)
        half = Z_95 * effect["std_all_se"]
        known = result.inference.measures
        return {
            "status": "fitted" if result.converged else "not converged",
            "n": result.n_obs,
            **{name: effect[name] for name in ("est", "se", "ci_lower", "ci_upper", "pvalue")},
            "std": effect["std_all"],
            "std_lower": effect["std_all"] - half,
            "std_upper": effect["std_all"] + half,
            **{name: known.get(name, np.nan) for name in self.measures},
            "findings": "; ".join(f.code for f in result.findings if f.severity != "note"),
            "reason": "",
        }


def find_effect(result: SEMResult, effect: str) -> dict[str, Any]:
    """Return the row of the parameter table an effect names.

    Raises
    ------
    IncompatibleRequestError
        When no parameter, or more than one, has that name.
    """
    wanted = "".join(effect.split())
    rows = result.parameters().to_dict("records")
    several = result.table.n_groups > 1
    named = [r for r in rows if wanted in _names(r, several)]
    if len(named) == 1 or (named and len({r["free"] for r in named}) == 1 and named[0]["free"]):
        return {str(k): v for k, v in named[0].items()}
    paths = [f"{r['lhs']}~{r['rhs']}" for r in rows if r["op"] == "~"]
    raise IncompatibleRequestError(
        f"The model has {'more than one' if named else 'no'} parameter '{effect}'.",
        code="request.effect",
        hint="Add the group, such as '.g2'." if named else f"Paths are {', '.join(paths[:12])}.",
    )


def _names(row: Mapping[Any, Any], several: bool) -> tuple[str, ...]:
    """Return what a parameter may be called: as written, by label, with its group."""
    if row["op"] == ":=":
        return (row["lhs"],)
    name = f"{row['lhs']}{row['op']}{row['rhs']}"
    return (name, row["label"], f"{name}.g{row['group']}") if several else (name, row["label"])


# The table


def _multiverse(
    found: Sequence[Dimension],
    specs: Sequence[Specification],
    rows: Sequence[Mapping[str, object]],
    effect: str,
) -> Multiverse:
    chosen = pd.DataFrame([_labels(found, s) for s in specs], columns=[d.title for d in found])
    results = pd.DataFrame(rows)
    for name in NUMBERS:
        if name not in results:
            results[name] = np.nan
    frame = pd.concat([chosen, results], axis=1)
    frame.insert(0, "specification", np.arange(1, len(frame) + 1))
    return Multiverse(
        frame=frame,
        effect=effect,
        choices={d.title: tuple(d.settings) for d in found},
        findings=tuple(_findings(found, frame)),
    )


def _findings(found: Sequence[Dimension], frame: pd.DataFrame) -> Iterator[Finding]:
    lost = frame[frame["status"] != "fitted"]
    if len(lost):
        reasons = lost["reason"][lost["reason"] != ""]
        first = f" {reasons.iloc[0]}" if len(reasons) else ""
        yield Finding(
            "multiverse.failed",
            Text(
                f"{len(lost)} of {len(frame)} specifications gave no estimate and are left out of "
                f"the summary.{first}",
                f"{len(frame)} 个设定中有 {len(lost)} 个未得到估计值，未计入汇总。{first}",
            ),
            Text(
                "Column `reason` of the table says why; a choice that often fails distorts the "
                "summary.",
                "原因见表中 reason 列；若某一选择经常失败，汇总会有偏差。",
            ),
        )
    if any(d.kind in ("omit", "model", "std_lv") and len(d.settings) > 1 for d in found):
        yield Finding(
            "multiverse.scale",
            Text(
                "Models or items differ, and with them the units of latent variables: compare the "
                "standardised effects.",
                "各设定的模型或题项不同，潜变量的单位也随之不同：请比较标准化效应。",
            ),
            severity="note",
        )
