"""The request with every default made concrete, and every conflict in it reported at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from loyaltysem._version import __version__
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.types import Array
from loyaltysem.estimation.estimators import (
    INFORMATION,
    LIKELIHOODS,
    Estimator,
    Information,
    diagonal_weight,
    find_estimator,
    identity_weight,
)
from loyaltysem.estimation.request_words import choice, words
from loyaltysem.estimation.rotation_request import (
    RotationPlan,
    is_orthogonal,
    rotation_plan,
    rotation_problems,
)
from loyaltysem.model.group_equality import group_words
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.syntax import parse
from loyaltysem.model.variables import roles

ModelFunction: TypeAlias = Literal["sem", "cfa", "growth", "lavaan"]

MISSING = ("listwise", "fiml")
#: Names of the parts in ``estimation.corrections``.
STANDARD_ERROR_NAMES = ("standard", "robust.sem", "robust.huber.white", "robust.sem.nt")
TEST_NAMES = (
    "standard", "satorra.bentler", "scaled.shifted", "mean.var.adjusted", "yuan.bentler.mplus",
    "browne.residual.nt",
)  # fmt: skip

#: Corrections that need the sampling variances of complete moments.
MOMENT_CORRECTIONS = frozenset(
    {"robust.sem", "robust.sem.nt", "satorra.bentler", "scaled.shifted", "mean.var.adjusted",
     "browne.residual.nt"}
)  # fmt: skip

#: What each function of the public interface adds to the model text.
FUNCTION_DEFAULTS: dict[ModelFunction, Defaults] = {
    "sem": Defaults(),
    "cfa": Defaults(),
    "growth": Defaults(meanstructure=True, free_observed_intercepts=False, free_latent_means=True),
    "lavaan": Defaults(
        free_variances=False,
        covary_exogenous_latents=False,
        covary_outcomes=False,
        fix_marker=False,
        fix_single_indicator=False,
        free_observed_intercepts=False,
    ),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides the numbers: print it, store it, refit from it.

    Attributes
    ----------
    function : str
        The function that was called.
    model : str
        Model text.
    defaults : Defaults
        What is added to it.
    estimator : str
        A name in ``sem.estimators.ESTIMATORS``.
    information : {"expected", "observed"}
        For standard errors.
    se, test : str
        Standard errors and test of fit, by lavaan's names.
    likelihood : {"normal", "wishart"}
        S divided by N or by N − 1, and χ² = N·F or (N − 1)·F.
    ordered : tuple of str
        Variables analysed as ordered categories.
    no_means : bool
        Means were asked to be left out; several groups have them otherwise.
    missing : {"listwise", "fiml"}
    group : str or None
        Column that tells groups apart.
    data_hash : str
        SHA-256 of the numbers that were analysed.
    auxiliary : tuple of str
        Variables that help with missing values without being part of the model.
    requested : str
        The estimator that was asked for; WLSMV takes the place of ML with ordered variables.
    rotation : RotationPlan or None
        For models with efa() blocks.
    version : str
        Of loyaltysem.
    """

    function: ModelFunction
    model: str
    defaults: Defaults
    estimator: str
    information: Information
    se: str
    test: str
    likelihood: str
    missing: str
    ordered: tuple[str, ...] = ()
    no_means: bool = False
    group: str | None = None
    data_hash: str = ""
    auxiliary: tuple[str, ...] = ()
    requested: str = ""
    rotation: RotationPlan | None = None
    version: str = __version__

    @property
    def row(self) -> Estimator:
        """The parts of the estimator."""
        return find_estimator(self.estimator)

    @property
    def p_value_unknown(self) -> bool:
        """Whether χ² itself has no known distribution: an arbitrary weight, no residual test."""
        arbitrary = self.row.weight in (identity_weight, diagonal_weight)
        return arbitrary and self.test != "browne.residual.nt"

    def defaults_for(self, n_groups: int, thresholds: Mapping[str, int]) -> Defaults:
        """Return what is added to the model: groups, ordered and incomplete data bring means."""
        equal = {"intercepts", "means"} & self.defaults.group_equal
        by_groups = n_groups > 1 and (not self.no_means or bool(equal))
        needed = by_groups or bool(thresholds) or self.missing == "fiml"
        means = self.defaults.meanstructure or needed
        if means == self.defaults.meanstructure and not thresholds:
            return self.defaults
        return replace(self.defaults, meanstructure=means, thresholds=tuple(thresholds.items()))

    def with_data_hash(self, data_hash: str) -> Plan:
        """Return the plan bound to data."""
        return replace(self, data_hash=data_hash)

    def to_json(self) -> str:
        """Serialise to JSON with sorted keys."""
        return json.dumps(
            asdict(self), ensure_ascii=False, indent=1, sort_keys=True, default=sorted
        )


def make_plan(function: ModelFunction, model: str, options: Mapping[str, object]) -> Plan:
    """Resolve defaults once and report every conflict together.

    Parameters
    ----------
    function : str
        The function that was called.
    model : str
        Model text.
    options : mapping
        The remaining keyword arguments of `loyaltysem.sem`.

    Raises
    ------
    IncompatibleRequestError
        Listing all problems of the request.
    """
    if not isinstance(model, str):
        raise IncompatibleRequestError(
            f"The model is a {type(model).__name__}, not a text.",
            code="request.model",
            hint="Write the model in lavaan syntax, between triple quotes.",
        )
    ordered = _ordered(options["ordered"], model)
    name = str(options["estimator"])
    row = find_estimator("WLSMV" if ordered and name.upper() == "ML" else name)
    missing = str(options["missing"])
    kind = "ordinal" if ordered else ("incomplete" if missing == "fiml" else "complete")
    default_se, default_test = _corrections(row, kind)
    se = str(options["se"] or default_se)
    test = _test(options["test"] or default_test)
    information = str(options["information"] or _information(row, kind, se))
    problems = [
        choice("likelihood", options["likelihood"], tuple(LIKELIHOODS)),
        choice("missing", options["missing"], MISSING),
        choice("information", information, INFORMATION),
        choice("se", se, STANDARD_ERROR_NAMES),
        choice("test", test, TEST_NAMES),
        choice("parameterization", options["parameterization"], ("delta", "theta")),
        _kind(row, kind, missing),
        _auxiliary(options, missing),
        _fits(row, se, test, kind),
        _scores(row, information),
        _wishart(row, kind, str(options["likelihood"])),
        _means(options["meanstructure"], kind),
        *rotation_problems(model, options),
    ]
    if any(problems):
        raise IncompatibleRequestError(
            " ".join(p for p in problems if p),
            code="request.option",
            hint="docs/limitations.md lists what this version can do.",
        )
    group = options["group"]
    return Plan(
        function=function,
        model=model,
        defaults=_defaults(function, options, row, kind),
        no_means=options["meanstructure"] is False,
        estimator=row.name,
        information=next(i for i in INFORMATION if i == information),
        se=se,
        test=test,
        likelihood=str(options["likelihood"]),
        missing=missing,
        ordered=ordered,
        group=None if group is None else str(group),
        auxiliary=words(options["auxiliary"]),
        requested=name,
        rotation=rotation_plan(model, options),
    )


def _defaults(
    function: ModelFunction, options: Mapping[str, object], row: Estimator, kind: str
) -> Defaults:
    base = FUNCTION_DEFAULTS[function]
    means, fixed_x = options["meanstructure"], options["fixed_x"]
    # least squares of continuous data treat x as random, as in lavaan; auxiliaries covary with it
    random_x = (row.least_squares and kind == "complete") or bool(words(options["auxiliary"]))
    return replace(
        base,
        std_lv=bool(options["std_lv"]),
        orthogonal=bool(options["orthogonal"]),
        meanstructure=base.meanstructure if means is None else bool(means),
        fixed_x=not random_x if fixed_x is None else bool(fixed_x),
        group_equal=group_words(words(options["group_equal"])),
        group_partial=words(options["group_partial"]),
        parameterization=str(options["parameterization"]),
        orthogonal_blocks=is_orthogonal(options),
    )


def _test(value: object) -> str:
    """Read one test, or lavaan's list of them, of which the first correction counts."""
    names = words(value)
    return next((name for name in names if name != "standard"), "standard")


def _ordered(value: object, model: str) -> tuple[str, ...]:
    """Read the ordered variables; True stands for all that are no covariates."""
    if value is True:
        role = roles(parse(model))
        return tuple(n for n in role.observed if n not in role.exogenous_observed)
    return words(value)


def _corrections(row: Estimator, kind: str) -> tuple[str, str]:
    """Return default standard errors and test: normal-theory ones are not for categories."""
    if kind == "ordinal" and row.test == "browne.residual.nt":
        return "robust.sem", "standard"
    return row.se, row.test


def _information(row: Estimator, kind: str, se: str) -> str:
    """Return the default information: observed for missing values and Huber–White, as in lavaan."""
    if row.information == "first.order":
        return row.information
    return "observed" if kind == "incomplete" or se == "robust.huber.white" else row.information


def _wishart(row: Estimator, kind: str, likelihood: str) -> str:
    if likelihood == "normal" or (kind == "complete" and not row.least_squares):
        return ""
    return (
        f"likelihood={likelihood!r} is for ML of complete data, not for {row.name} of {kind} data."
    )


def _means(meanstructure: object, kind: str) -> str:
    if meanstructure is False and kind != "complete":
        return f"meanstructure=False cannot be used with {kind} data."
    return ""


def _kind(row: Estimator, kind: str, missing: str) -> str:
    if kind == "ordinal" and missing == "fiml":
        return "missing='fiml' is not defined for ordered variables; use listwise."
    if kind in row.data:
        return ""
    return f"estimator={row.name!r} cannot be used with {kind} data."


def _auxiliary(options: Mapping[str, object], missing: str) -> str:
    if not words(options["auxiliary"]):
        return ""
    if missing != "fiml":
        return "auxiliary= is for missing='fiml': without missing values it changes nothing."
    if options["fixed_x"] is True:
        return "auxiliary= needs fixed_x=False: auxiliary variables covary with the predictors."
    return ""


def _scores(row: Estimator, information: str) -> str:
    if information == "first.order" and row.least_squares:
        return f"information='first.order' needs a likelihood, which {row.name} is not."
    return ""


def _fits(row: Estimator, se: str, test: str, kind: str) -> str:
    """Say which correction does not go with the estimator or the data."""
    ordinal = kind == "ordinal"
    of_moments = MOMENT_CORRECTIONS & {se, test}
    if of_moments and kind == "incomplete":
        return (
            f"{', '.join(sorted(of_moments))} is not defined for incomplete data; use "
            "robust.huber.white and yuan.bentler.mplus (MLR)."
        )
    scores = {"robust.huber.white", "yuan.bentler.mplus"} & {se, test}
    if scores and (row.least_squares or ordinal):
        return f"{', '.join(sorted(scores))} needs a likelihood, which {row.name} is not."
    normal = {"robust.sem.nt", "browne.residual.nt"} & {se, test}
    if normal and ordinal:
        return f"{', '.join(sorted(normal))} is not defined for ordered variables."
    if se == "robust.sem.nt" and row.weight is None:
        return f"se='robust.sem.nt' is for least squares, not for {row.name}."
    return ""


def hash_arrays(*arrays: Array) -> str:
    """Return the SHA-256 of arrays: shapes and little-endian values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()
