"""``sem``, ``cfa``, ``growth``, ``lavaan``: from model text and data to a result."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec, Protocol, TypeAlias, runtime_checkable

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from loyaltysem.core.errors import (
    ConvergenceWarning,
    DataError,
    ImproperSolutionWarning,
    IncompatibleRequestError,
    ModelSpecificationError,
    did_you_mean,
)
from loyaltysem.core.linalg import involved
from loyaltysem.core.optimise import Minimum, minimise
from loyaltysem.core.types import Array
from loyaltysem.engine.objective import Objective
from loyaltysem.inference.information import information, unidentified_directions
from loyaltysem.model.parameter_table import ParameterTable, parameter_table
from loyaltysem.model.structure import ModelStructure, compile_structure
from loyaltysem.model.syntax import parse
from loyaltysem.moments.complete import SampleMoments, from_data, from_moments
from loyaltysem.moments.data import GroupedData, select
from loyaltysem.estimation.estimators import LIKELIHOODS
from loyaltysem.estimation.findings import find
from loyaltysem.estimation.infer import bind_objective, infer
from loyaltysem.estimation.plan import ModelFunction, MomentInput, Plan, hash_arrays, make_plan
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.start_values import admissible, cautious, start_values


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
    group, group_equal, group_partial, ordered, parameterization, se, test
        Reserved for models of several groups and ordinal data; only the defaults are accepted.
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
    plan = make_plan(function, model, options)
    moments = _moment_input(data, sample_cov, sample_mean, sample_nobs)
    with threadpool_limits(limits=1):  # small matrices: more threads only get in each other's way
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
    table = parameter_table(parse(plan.model), plan.defaults)
    structure = compile_structure(table)
    _check_counts(table, structure)
    sample, data = _moments(plan, table, source)
    _check_cases(structure, sample)
    objective = bind_objective(plan, structure, sample)
    solution = _search(table, structure, sample, objective)
    inference = infer(plan, table, structure, sample, objective, solution)
    n_total = data.n_total if data else sample.n_total
    findings = find(table, structure, solution, inference, sample.n_total, n_total)
    hashed = plan.with_data_hash(
        hash_arrays(*(data.values if data else (*sample.cov, *sample.mean)))
    )
    return SEMResult(
        hashed, table, structure, sample, data, objective, solution, inference, findings
    )


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
    offset = LIKELIHOODS[plan.likelihood]
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
    data = select(source, names)
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


def _check_cases(structure: ModelStructure, sample: SampleMoments) -> None:
    if sample.n_total < structure.n_free:
        raise DataError(
            f"{sample.n_total} cases are too few to estimate {structure.n_free} parameters.",
            code="data.too_few_cases",
            hint="Collect more answers or fit a smaller model.",
        )


def _search(
    table: ParameterTable, structure: ModelStructure, sample: SampleMoments, objective: Objective
) -> Minimum:
    """Find the minimum; where the first starts fail, try more cautious ones."""
    first = start_values(table, sample)
    attempts = [first, cautious(table, first)]
    best: Minimum | None = None
    for theta in attempts:
        alpha = objective.map.alpha(theta)
        if not all(admissible(i.moments.sigma) for i in objective.implied(alpha)):
            continue
        found = minimise(objective, alpha)
        if best is None or found.value[0] < best.value[0]:
            best = found
        if found.converged[0]:
            break
    if best is None:
        best = minimise(objective, objective.map.alpha(attempts[-1]))
    _check_identified(table, structure, objective, best.alpha)
    return best


def _check_identified(
    table: ParameterTable, structure: ModelStructure, objective: Objective, alpha: Array
) -> None:
    """Refuse a model whose parameters no data could determine.

    A direction is unidentified when the expected information vanishes along it both at the
    solution and at a point nearby: a model that is only empirically underidentified passes, and
    gets a finding instead of standard errors.
    """
    nearby = alpha * (1.0 + 0.05 * np.cos(np.arange(alpha.shape[1]))) + 0.01
    basis = np.zeros((alpha.shape[1], 0))
    for point in (alpha, nearby):
        info = information(objective, point, 1.0, observed=False)[0]
        if not np.isfinite(info).all():
            return
        basis = unidentified_directions(info)
        if not basis.shape[1]:
            return
    names = [
        next(r for r, f in zip(table.rows, structure.free, strict=True) if f == i)
        for i in involved(basis)
    ]
    listed = ", ".join(f"'{r.name}'" for r in names[:8])
    raise ModelSpecificationError(
        f"The model is not identified: the data cannot tell {listed} apart.",
        code="spec.not_identified",
        hint="Fix or equate one of them, or add indicators.",
        span=next((r.span for r in names if r.span), None),
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
