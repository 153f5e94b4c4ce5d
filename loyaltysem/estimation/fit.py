"""``sem``, ``cfa``, ``growth``, ``lavaan``: from model text and data to a result."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import ParamSpec

from loyaltysem.core.errors import (
    ConvergenceWarning,
    Finding,
    ImproperSolutionWarning,
    ModelSpecificationError,
)
from loyaltysem.core.optimise import Minimum
from loyaltysem.core.threads import one_thread
from loyaltysem.estimation.factor_rotation import solve_with_blocks, unrotated_table
from loyaltysem.estimation.findings import find
from loyaltysem.estimation.fitted import fitted_at
from loyaltysem.estimation.identification import check_identified
from loyaltysem.estimation.infer import infer
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.estimation.plan import ModelFunction, Plan, hash_arrays, make_plan
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.search import search_thoroughly
from loyaltysem.estimation.sources import (
    Data,
    GivenCases,
    GivenCov,
    GivenMean,
    Source,
    read_source,
    sample_from,
    select_for,
)
from loyaltysem.estimation.terms import Sample, moment_count
from loyaltysem.model.auxiliary import auxiliary_roles, with_auxiliary
from loyaltysem.model.parameter_table import ParameterTable, parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.structure import ModelStructure, compile_structure
from loyaltysem.model.syntax import Statement, parse
from loyaltysem.model.variables import Roles, roles
from loyaltysem.moments.data import GroupedData
from loyaltysem.moments.ordinal_sample import threshold_counts

P = ParamSpec("P")
#: Models whose parameter table and index arrays are kept.
LATEST = 32


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
    sample_cov: GivenCov | None = None,
    sample_mean: GivenMean | None = None,
    sample_nobs: GivenCases | None = None,
    rotation: str = "geomin",
    rotation_args: Mapping[str, float] | None = None,
) -> SEMResult:
    """Fit a structural equation model.

    Parameters
    ----------
    model : str
        Model in lavaan syntax.
    data : DataFrame, survey responses, mapping of columns, path, Ibis table, optional
        One row a case. Leave it out when `sample_cov` and `sample_nobs` are given. The path of a
        Parquet file or folder, an Ibis table and a DuckDB relation may be larger than memory: only
        the moments of the complete cases are read, chunk by chunk or by the database, which
        serves ML, GLS and ULS with standard errors from the model.
    estimator : str
        ML, MLM, MLMV, MLMVS, MLR, MLF, GLS, ULS, ULSM, ULSMV, ULSMVS, WLS, DWLS, WLSM, WLSMV or
        WLSMVS.
    missing : str
        ``"listwise"``: cases with a missing value are left out, and counted in a finding.
        ``"fiml"``: every case counts with what it has (ML, MLR).
    auxiliary : sequence of str
        Columns that are no part of the model but predict missing values or what is missing; they
        enter as saturated correlates (Graham 2003). Only with ``missing="fiml"``.
    group : str, optional
        Column that tells groups apart; they are taken in order of first appearance, those of a
        table in a database in order of their labels.
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
    sample_cov : DataFrame, or mapping of group labels to one each, optional
        Covariances as printed (divided by N − 1), with variable names as columns.
    sample_mean : Series, or mapping, optional
    sample_nobs : int, or mapping, optional
    rotation : {"geomin", "oblimin", "quartimin", "varimax", "quartimax"}
        Of factors in blocks ``efa("name")*f1 + efa("name")*f2 =~ x1 + x2 + …``, whose loadings are
        all free (exploratory structural equation modelling). Items are rotated at unit variance;
        factors have unit (residual) variance and stand in the order of their items, as in lavaan.
    rotation_args : mapping, optional
        ``epsilon`` (of geomin, .001), ``gamma`` (of oblimin, 0), ``n_starts`` (30), ``seed`` (1).

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
    signature = inspect.signature(template)

    @functools.wraps(template)
    def fit(*args: P.args, **kwargs: P.kwargs) -> SEMResult:
        bound = signature.bind(*args, **kwargs)
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
    sample_cov: GivenCov | None,
    sample_mean: GivenMean | None,
    sample_nobs: GivenCases | None,
    **options: object,
) -> SEMResult:
    if sample_mean is not None and options["meanstructure"] is None:
        options["meanstructure"] = True
    plan = make_plan(function, model, options)
    source = read_source(data, sample_cov, sample_mean, sample_nobs)
    with one_thread():
        result = fit(plan, source)
    _warn(result)
    return result


def fit(plan: Plan, source: Source) -> SEMResult:
    """Carry out a plan on data: the whole path, step by step.

    Parameters
    ----------
    plan : Plan
    source : DataFrame, GroupedMoments or MomentTable

    Returns
    -------
    SEMResult
    """
    _, role = _read(plan.model, plan.auxiliary)
    found = select_for(plan, role, source)
    data = found if isinstance(found, GroupedData) else None
    thresholds = threshold_counts(data, plan.ordered) if data and plan.ordered else {}
    defaults = plan.defaults_for(len(found.labels), thresholds)
    text = (plan.model, plan.auxiliary, defaults, tuple(found.labels))
    table = _table(*text)
    sample = sample_from(plan, table, found)
    numbers = data.values if data is not None else (*sample.cov, *sample.mean)
    plan = plan.with_data_hash(hash_arrays(*numbers))
    if any(block.rotated for block in table.blocks):
        model, solution, notes = _solve_rotated(plan, table, sample)
    else:
        model, solution, notes = *_solve(plan, table, _structure(*text), sample), ()
    fitted = fitted_at(model, solution)
    check_identified(fitted)
    inference = infer(fitted)
    findings = (*find(model, solution, inference, found.n_total), *notes)
    return SEMResult(model, data, solution, inference, findings)


# A model is fitted again and again: to groups, subsamples, other data. What follows from its text
# alone is kept for the latest ones.
@lru_cache(maxsize=LATEST)
def _read(text: str, auxiliary: tuple[str, ...]) -> tuple[tuple[Statement, ...], Roles]:
    statements = parse(text)
    return statements, auxiliary_roles(roles(statements), auxiliary)


@lru_cache(maxsize=LATEST)
def _table(
    text: str, auxiliary: tuple[str, ...], defaults: Defaults, groups: tuple[str, ...]
) -> ParameterTable:
    statements, _ = _read(text, auxiliary)
    return with_auxiliary(parameter_table(statements, defaults, groups), auxiliary)


@lru_cache(maxsize=LATEST)
def _structure(
    text: str, auxiliary: tuple[str, ...], defaults: Defaults, groups: tuple[str, ...]
) -> ModelStructure:
    return compile_structure(_table(text, auxiliary, defaults, groups))


def _solve_rotated(
    plan: Plan, table: ParameterTable, sample: Sample
) -> tuple[BoundModel, Minimum, tuple[Finding, ...]]:
    """Find the minimum of a model with efa() blocks and rotate them."""
    identified = unrotated_table(table, sample)
    _check_counts(identified, compile_structure(identified), sample)
    return solve_with_blocks(plan, table, sample)


def _solve(
    plan: Plan, table: ParameterTable, structure: ModelStructure, sample: Sample
) -> tuple[BoundModel, Minimum]:
    """Bind a model to its data and find the minimum."""
    _check_counts(table, structure, sample)
    model = bind_model(plan, table, structure, sample)
    return model, search_thoroughly(model)


def _check_counts(table: ParameterTable, structure: ModelStructure, sample: Sample) -> None:
    moments = moment_count(sample, structure)
    if structure.n_free - len(table.restrictions) > moments:
        raise ModelSpecificationError(
            f"The model has {structure.n_free} free parameters but the data provide only "
            f"{moments} variances, covariances and means to estimate them from.",
            code="spec.not_identified",
            hint="Fix or equate parameters, or add indicators: one factor needs at least three.",
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
