"""``sem``, ``cfa``, ``growth``, ``lavaan``: from model text and data to a result."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ParamSpec, Protocol, TypeAlias, runtime_checkable

import pandas as pd

from loyaltysem.core.errors import (
    ConvergenceWarning,
    DataError,
    ImproperSolutionWarning,
    IncompatibleRequestError,
    ModelSpecificationError,
    did_you_mean,
)
from loyaltysem.core.threads import one_thread
from loyaltysem.estimation.corrections import fitted_at
from loyaltysem.estimation.estimators import LIKELIHOODS, identity_weight
from loyaltysem.estimation.findings import find
from loyaltysem.estimation.identification import check_identified
from loyaltysem.estimation.infer import infer
from loyaltysem.estimation.model import bind_model
from loyaltysem.estimation.plan import ModelFunction, MomentInput, Plan, hash_arrays, make_plan
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.search import search
from loyaltysem.estimation.terms import Sample, moment_count
from loyaltysem.model.auxiliary import auxiliary_roles, with_auxiliary
from loyaltysem.model.parameter_table import ParameterTable, parameter_table
from loyaltysem.model.structure import ModelStructure, compile_structure
from loyaltysem.model.syntax import parse
from loyaltysem.model.variables import Roles, roles
from loyaltysem.moments.complete import from_data, from_moments
from loyaltysem.moments.data import GroupedData, select
from loyaltysem.moments.incomplete import from_incomplete_data
from loyaltysem.moments.ordinal_sample import from_ordinal_data, threshold_counts


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
    auxiliary: Sequence[str] = (),
    group: str | None = None,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
    ordered: Sequence[str] | bool = (),
    std_lv: bool = False,
    meanstructure: bool | None = None,
    fixed_x: bool | None = None,
    orthogonal: bool = False,
    parameterization: str = "delta",
    likelihood: str = "normal",
    information: str | None = None,
    se: str | None = None,
    test: str | Sequence[str] | None = None,
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
        ML, MLM, MLMV, MLMVS, MLR, MLF, GLS, ULS, ULSMV, WLS, DWLS, WLSM or WLSMV.
    missing : str
        ``"listwise"``: cases with a missing value are left out, and counted in a finding.
        ``"fiml"``: every case counts with what it has (ML, MLR).
    auxiliary : sequence of str
        Columns that are no part of the model but predict missing values or what is missing; they
        enter as saturated correlates (Graham 2003). Only with ``missing="fiml"``.
    group : str, optional
        Column that tells groups apart; they are taken in order of first appearance.
    group_equal : sequence of str
        What is equal across groups: ``loadings``, ``thresholds``, ``intercepts``, ``means``,
        ``regressions``, ``residuals``, ``residual.covariances``, ``lv.variances``,
        ``lv.covariances``.
    group_partial : sequence of str
        Parameters left out of `group_equal`, such as ``"visual=~x2"`` or ``"x3~1"``.
    ordered : sequence of str, or True
        Variables to analyse as ordered categories (True: all that are no covariates); WLSMV then
        takes the place of ML.
    parameterization : {"delta", "theta"}
        How latent responses of ordered variables are scaled.
    se : str, optional
        ``standard``, ``robust.sem``, ``robust.huber.white`` or ``robust.sem.nt``; by default what
        the estimator's name says.
    test : str, optional
        ``standard``, ``satorra.bentler``, ``scaled.shifted``, ``mean.var.adjusted``,
        ``yuan.bentler.mplus`` or ``browne.residual.nt``.
    std_lv : bool
        Fix latent variances at 1 instead of the first loadings.
    meanstructure : bool, optional
        Model the means too. By default only where the model text speaks of them.
    fixed_x : bool, optional
        Hold the moments of observed exogenous predictors at their sample values. By default yes,
        but for least squares of continuous data, as in lavaan.
    orthogonal : bool
        Fix covariances of exogenous latent variables at 0.
    likelihood : {"normal", "wishart"}
        S divided by N and χ² = N·F, or by N − 1 and χ² = (N − 1)·F.
    information : {"expected", "observed", "first.order"}, optional
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
    with one_thread():
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
    statements = parse(plan.model)
    role = auxiliary_roles(roles(statements), plan.auxiliary)
    data = None if isinstance(source, MomentInput) else _select(plan, role, source)
    thresholds = threshold_counts(data, plan.ordered) if data and plan.ordered else {}
    groups = data.labels if data else ("",)
    table = parameter_table(statements, plan.defaults_for(len(groups), thresholds), groups)
    table = with_auxiliary(table, plan.auxiliary)
    structure = compile_structure(table)
    sample = _sample(plan, table, source, data)
    _check_counts(table, structure, sample)
    model = bind_model(plan, table, structure, sample)
    solution = search(model)
    fitted = fitted_at(model, solution)
    check_identified(fitted)
    inference = infer(fitted)
    findings = find(model, solution, inference, data)
    numbers = data.values if data is not None else (*sample.cov, *sample.mean)
    hashed = replace(model, plan=plan.with_data_hash(hash_arrays(*numbers)))
    return SEMResult(hashed, data, solution, inference, findings)


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


def _check_counts(table: ParameterTable, structure: ModelStructure, sample: Sample) -> None:
    moments = moment_count(sample, structure)
    if structure.n_free - len(table.restrictions) > moments:
        raise ModelSpecificationError(
            f"The model has {structure.n_free} free parameters but the data provide only "
            f"{moments} variances, covariances and means to estimate them from.",
            code="spec.not_identified",
            hint="Fix or equate parameters, or add indicators: one factor needs at least three.",
        )


def _select(plan: Plan, role: Roles, source: pd.DataFrame) -> GroupedData:
    if not role.observed:
        raise ModelSpecificationError(
            "The model names no observed variable.",
            code="spec.nothing_observed",
            hint="Latent variables need indicators:  trust =~ tru1 + tru2 + tru3.",
        )
    if len(source):
        _check_variables(role, source)
    absent = [n for n in plan.ordered if n not in role.observed]
    if absent:
        raise IncompatibleRequestError(
            f"ordered names '{absent[0]}', which is no observed variable of the model.",
            code="request.ordered",
            hint=did_you_mean(absent[0], role.observed) or "Name variables of the model.",
        )
    covariate = next((n for n in plan.ordered if n in role.exogenous_observed), None)
    if covariate is not None:
        raise IncompatibleRequestError(
            f"ordered names '{covariate}', which nothing in the model explains.",
            code="request.ordered_x",
            hint="A covariate has no thresholds: leave it out of ordered, or use dummy variables.",
        )
    x = role.exogenous_observed if plan.defaults.fixed_x else ()
    return select(source, role.observed, plan.group, x if plan.missing == "fiml" else None)


def _sample(
    plan: Plan,
    table: ParameterTable,
    source: pd.DataFrame | MomentInput,
    data: GroupedData | None,
) -> Sample:
    offset = 1 if plan.row.least_squares else LIKELIHOODS[plan.likelihood]
    if data is not None:
        if plan.ordered:
            fixed = table.roles.exogenous_observed if plan.defaults.fixed_x else ()
            return from_ordinal_data(data, table.defaults.ordered, fixed)
        if plan.missing == "fiml":
            return from_incomplete_data(data)
        return from_data(data, offset)
    assert isinstance(source, MomentInput)
    cov, mean = source.ordered(table.observed)
    if mean is None and table.defaults.meanstructure:
        raise IncompatibleRequestError(
            "The model has a mean structure but no sample means were given.",
            code="request.means",
            hint="Pass sample_mean=, or meanstructure=False.",
        )
    _check_moment_plan(plan)
    return from_moments(table.observed, cov, mean, source.n_obs, offset)


def _check_moment_plan(plan: Plan) -> None:
    """Refuse what needs the cases themselves: Γ̂, scores, groups, categories."""
    from_moments_alone = plan.row.weight in (None, identity_weight)
    corrected = {plan.se, plan.test} - {"standard", "robust.sem.nt", "browne.residual.nt"}
    if (
        not from_moments_alone
        or corrected
        or plan.information == "first.order"
        or plan.ordered
        or plan.group
    ):
        raise IncompatibleRequestError(
            f"estimator='{plan.estimator}' with these options needs the cases themselves, not "
            "only their covariance matrix.",
            code="request.cases",
            hint="Pass data=, or use ML, GLS or ULS with standard errors from the model.",
        )


def _check_variables(role: Roles, frame: pd.DataFrame) -> None:
    """Point at the first name of the model that is neither latent nor a column."""
    columns = [str(c) for c in frame.columns]
    absent = [n for n in role.observed if n not in columns]
    if not absent:
        return
    known = [*columns, *role.latent]
    others = f" So are {', '.join(map(repr, absent[1:]))}." if absent[1:] else ""
    raise ModelSpecificationError(
        f"'{absent[0]}' is neither a latent variable of this model nor a column of the data."
        + others,
        code="spec.unknown_variable",
        hint=did_you_mean(absent[0], known) or f"Columns found: {', '.join(columns[:20])}.",
        span=role.places.get(absent[0]),
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
