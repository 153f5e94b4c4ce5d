"""``sem``, ``cfa``, ``growth``, ``lavaan``: from model text and data to a result."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ParamSpec, Protocol, TypeAlias, runtime_checkable

import pandas as pd
from threadpoolctl import ThreadpoolController

from loyaltysem.core.errors import (
    ConvergenceWarning,
    DataError,
    ImproperSolutionWarning,
    IncompatibleRequestError,
    ModelSpecificationError,
    did_you_mean,
)
from loyaltysem.estimation.estimators import LIKELIHOODS
from loyaltysem.estimation.findings import find
from loyaltysem.estimation.infer import infer
from loyaltysem.estimation.model import bind_model
from loyaltysem.estimation.plan import ModelFunction, MomentInput, Plan, hash_arrays, make_plan
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.search import search
from loyaltysem.model.parameter_table import ParameterTable, parameter_table
from loyaltysem.model.structure import ModelStructure, compile_structure
from loyaltysem.model.syntax import parse
from loyaltysem.moments.complete import SampleMoments, from_data, from_moments
from loyaltysem.moments.data import GroupedData, group_labels, select


@runtime_checkable
class HasData(Protocol):
    """Survey responses: anything with scored answers in `data`."""

    @property
    def data(self) -> pd.DataFrame:
        """Answers as numbers, one column an item."""
        ...


Data: TypeAlias = pd.DataFrame | HasData | Mapping[str, Sequence[float]]
P = ParamSpec("P")


def sem(
    model: str,
    data: Data | None = None,
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    group: str | None = None,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
    ordered: Sequence[str] = (),
    std_lv: bool = False,
    meanstructure: bool | None = None,
    fixed_x: bool = True,
    orthogonal: bool = False,
    parameterization: str = "delta",
    likelihood: str = "normal",
    information: str | None = None,
    se: str | None = None,
    test: str | None = None,
    sample_cov: pd.DataFrame | None = None,
    sample_mean: pd.Series | None = None,
    sample_nobs: int | None = None,
) -> SEMResult:
    """Fit a structural equation model.

    Parameters
    ----------
    model : str
        Model in lavaan syntax.
    data : DataFrame, survey responses or mapping of columns, optional
        One row a case. Leave it out when `sample_cov` and `sample_nobs` are given.
    estimator : str
        ``"ML"``.
    missing : str
        ``"listwise"``: cases with a missing value are left out, and counted in a finding.
    group : str, optional
        Column that tells groups apart; they are taken in order of first appearance.
    group_equal : sequence of str
        What is equal across groups: ``loadings``, ``intercepts``, ``means``, ``regressions``,
        ``residuals``, ``residual.covariances``, ``lv.variances``, ``lv.covariances``.
    group_partial : sequence of str
        Parameters left out of `group_equal`, such as ``"visual=~x2"`` or ``"x3~1"``.
    ordered, parameterization, se, test
        Reserved for ordinal data and robust corrections; only the defaults are accepted.
    std_lv : bool
        Fix latent variances at 1 instead of the first loadings.
    meanstructure : bool, optional
        Model the means too. By default only where the model text speaks of them.
    fixed_x : bool
        Hold the moments of observed exogenous predictors at their sample values.
    orthogonal : bool
        Fix covariances of exogenous latent variables at 0.
    likelihood : {"normal", "wishart"}
        S divided by N and χ² = N·F, or by N − 1 and χ² = (N − 1)·F.
    information : {"expected", "observed"}, optional
        Behind the standard errors.
    sample_cov : DataFrame, optional
        Covariances as printed (divided by N − 1), with variable names as columns.
    sample_mean : Series, optional
    sample_nobs : int, optional

    Returns
    -------
    SEMResult

    Raises
    ------
    ModelSyntaxError, ModelSpecificationError
        With the place in the model text.
    DataError
        When columns are absent, constant, collinear, or there are too few cases.
    IncompatibleRequestError
        When the options do not go together.

    Warns
    -----
    ConvergenceWarning
        When the search did not converge.
    ImproperSolutionWarning
        When a variance is negative or there are no standard errors; see ``result.findings``.

    Notes
    -----
    Defaults are those of lavaan's ``sem()``: markers fixed at 1, residual variances free,
    exogenous latents correlated, residuals of final outcomes correlated, x fixed.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> trust = rng.normal(size=200)
    >>> items = {f"t{i}": trust + rng.normal(size=200) for i in (1, 2, 3)}
    >>> fit = sem("trust =~ t1 + t2 + t3", pd.DataFrame(items))
    >>> int(fit.fit_measures("npar")["npar"])
    6
    """
    return _run("sem", **locals())


def _variant(
    template: Callable[P, SEMResult], name: ModelFunction, summary: str
) -> Callable[P, SEMResult]:
    """Return a function like `template` that adds other defaults to the model text."""

    @functools.wraps(template)
    def fit(*args: P.args, **kwargs: P.kwargs) -> SEMResult:
        bound = inspect.signature(template).bind(*args, **kwargs)
        bound.apply_defaults()
        return _run(name, **bound.arguments)

    fit.__name__ = fit.__qualname__ = name
    fit.__doc__ = f"{summary}\n\n    Parameters, errors and result are those of `sem`.\n    "
    return fit


cfa = _variant(sem, "cfa", "Fit a confirmatory factor analysis; defaults as lavaan's ``cfa()``.")
growth = _variant(
    sem, "growth", "Fit a growth model: latent means free, observed intercepts fixed at 0."
)
lavaan = _variant(
    sem, "lavaan", "Fit the model exactly as written: nothing is added but fixed variances of 0."
)


def _run(
    function: ModelFunction,
    *,
    model: str,
    data: Data | None,
    sample_cov: pd.DataFrame | None,
    sample_mean: pd.Series | None,
    sample_nobs: int | None,
    **options: object,
) -> SEMResult:
    if sample_mean is not None and options["meanstructure"] is None:
        options["meanstructure"] = True
    plan = make_plan(function, model, options)
    moments = _moment_input(data, sample_cov, sample_mean, sample_nobs)
    with _threads().limit(limits=1):  # small matrices: more threads get in each other's way
        result = fit(plan, moments if moments is not None else _frame(data))
    _warn(result)
    return result


def fit(plan: Plan, source: pd.DataFrame | MomentInput) -> SEMResult:
    """Carry out a plan on data: the whole path, step by step.

    Parameters
    ----------
    plan : Plan
    source : DataFrame or MomentInput

    Returns
    -------
    SEMResult
    """
    groups = group_labels(source, plan.group) if isinstance(source, pd.DataFrame) else ("",)
    table = parameter_table(parse(plan.model), plan.defaults_for(len(groups)), groups)
    structure = compile_structure(table)
    _check_counts(table, structure)
    sample, data = _moments(plan, table, source)
    model = bind_model(plan, table, structure, sample)
    solution = search(model)
    inference = infer(model, solution)
    findings = find(model, solution, inference, data.n_total if data else sample.n_total)
    numbers = data.values if data else (*sample.cov, *sample.mean)
    hashed = replace(model, plan=plan.with_data_hash(hash_arrays(*numbers)))
    return SEMResult(hashed, data, solution, inference, findings)


@functools.cache
def _threads() -> ThreadpoolController:
    """Find the BLAS libraries once: looking for them takes longer than a small fit."""
    return ThreadpoolController()


def _moment_input(
    data: Data | None,
    cov: pd.DataFrame | None,
    mean: pd.Series | None,
    n_obs: int | None,
) -> MomentInput | None:
    if cov is None:
        if data is None:
            raise IncompatibleRequestError(
                "Neither data nor a covariance matrix was given.",
                code="request.no_data",
                hint="Pass data=frame, or sample_cov= with sample_nobs=.",
            )
        return None
    if data is not None or n_obs is None:
        raise IncompatibleRequestError(
            "A covariance matrix needs the number of cases, and no data beside it.",
            code="request.covariance",
            hint="Pass sample_cov= and sample_nobs= (and sample_mean= if means are modelled).",
        )
    if not isinstance(cov, pd.DataFrame) or not (mean is None or isinstance(mean, pd.Series)):
        raise DataError(
            "A covariance matrix needs the names of its variables.",
            code="data.type",
            hint="Pass sample_cov= as a DataFrame and sample_mean= as a Series, both with names.",
        )
    return MomentInput(cov, mean, int(n_obs))


def _frame(data: Data | None) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, HasData):
        return data.data
    if isinstance(data, Mapping):
        return pd.DataFrame(dict(data))
    raise DataError(
        f"Data of type {type(data).__name__} cannot be read.",
        code="data.type",
        hint="Pass a pandas DataFrame, or responses read with read_responses().",
    )


def _check_counts(table: ParameterTable, structure: ModelStructure) -> None:
    if not table.observed:
        raise ModelSpecificationError(
            "The model names no observed variable.",
            code="spec.nothing_observed",
            hint="Latent variables need indicators:  trust =~ tru1 + tru2 + tru3.",
        )
    if structure.n_free > structure.n_moments:
        raise ModelSpecificationError(
            f"The model has {structure.n_free} free parameters but the data provide only "
            f"{structure.n_moments} variances, covariances and means to estimate them from.",
            code="spec.not_identified",
            hint="Fix or equate parameters, or add indicators: one factor needs at least three.",
        )


def _moments(
    plan: Plan, table: ParameterTable, source: pd.DataFrame | MomentInput
) -> tuple[SampleMoments, GroupedData | None]:
    offset = 1 if plan.row.n_minus_one else LIKELIHOODS[plan.likelihood]
    names = table.observed
    if isinstance(source, MomentInput):
        cov, mean = source.ordered(names)
        if mean is None and table.defaults.meanstructure:
            raise IncompatibleRequestError(
                "The model has a mean structure but no sample means were given.",
                code="request.means",
                hint="Pass sample_mean=, or meanstructure=False.",
            )
        return from_moments(names, cov, mean, source.n_obs, offset), None
    if not len(source):
        raise DataError(
            "The data hold no rows.",
            code="data.empty",
            hint="Check that the right file or sheet was read.",
        )
    _check_variables(table, source)
    data = select(source, names, plan.group)
    return from_data(data, offset), data


def _check_variables(table: ParameterTable, frame: pd.DataFrame) -> None:
    """Point at the first name of the model that is neither latent nor a column."""
    columns = [str(c) for c in frame.columns]
    absent = [n for n in table.observed if n not in columns]
    if not absent:
        return
    known = [*columns, *table.latent]
    others = f" So are {', '.join(map(repr, absent[1:]))}." if absent[1:] else ""
    raise ModelSpecificationError(
        f"'{absent[0]}' is neither a latent variable of this model nor a column of the data."
        + others,
        code="spec.unknown_variable",
        hint=did_you_mean(absent[0], known) or f"Columns found: {', '.join(columns[:20])}.",
        span=table.roles.places[absent[0]],
    )


def _warn(result: SEMResult) -> None:
    for finding in result.findings:
        if finding.severity == "problem":
            kind = (
                ConvergenceWarning
                if finding.code == "fit.not_converged"
                else ImproperSolutionWarning
            )
            warnings.warn(str(finding), kind, stacklevel=4)
