"""Every fit measure of a solution, by the kind of data and of test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet, logdet
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.fiml import (
    complete_moment_information,
    first_order_information,
    moment_information,
    saturated_jacobian,
)
from loyaltysem.engine.implied import Moments
from loyaltysem.engine.objective import Objective
from loyaltysem.engine.terms import LocalVectorTerm, VectorTerm
from loyaltysem.estimation.corrections import (
    Fitted,
    Tests,
    browne_statistic,
    vector_jacobian,
)
from loyaltysem.estimation.terms import Sample
from loyaltysem.inference.categorical_robust import CorrelationGroup, categorical_robust, wrmr
from loyaltysem.inference.fiml_indices import (
    GroupInformation,
    complete_data_statistic,
    fiml_robust_test,
)
from loyaltysem.inference.fit_measures import FitSummary, fit_measures
from loyaltysem.inference.moment_forms import moment_jacobian
from loyaltysem.inference.moment_residuals import (
    MomentPair,
    least_squares_gfi,
    lisrel_gfi,
    ordinal_residual_indices,
    residual_indices,
)
from loyaltysem.inference.scaled_measures import (
    RobustTest,
    likelihood_scaling,
    robust_gfi,
    robust_incremental,
    robust_rmsea,
    robust_test,
    scaled_incremental,
    scaled_rmsea,
    scaled_tests,
    with_statistic,
)
from loyaltysem.inference.tests_of_fit import normal_loglik
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.gamma import vech_indices
from loyaltysem.moments.incomplete import IncompleteSample
from loyaltysem.moments.ordinal_layout import MomentKind
from loyaltysem.moments.ordinal_sample import OrdinalSample
from loyaltysem.moments.patterns import never_together
from loyaltysem.moments.saturated import log_likelihood


def measures(fitted: Fitted, tests: Tests, baseline: Tests) -> dict[str, float]:
    """Return every fit measure, keyed by lavaan's name with ``_`` for ``.``.

    Parameters
    ----------
    fitted : Fitted
    tests, baseline : Tests
        Of the model and of the independence model.
    """
    sample = fitted.model.sample
    found = _plain(sample, fitted, tests, baseline)
    if fitted.model.plan.row.least_squares:
        found["fmin"] = 0.5 * fitted.test.statistic / sample.n_total  # lavaan's convention
    if fitted.model.plan.p_value_unknown:
        found |= {"pvalue": float("nan"), "baseline_pvalue": float("nan")}
    found |= _robust(sample, fitted, tests, baseline)
    if tests.scaled is None or baseline.scaled is None:
        return found
    groups = len(sample.n_obs)
    found |= scaled_tests(tests.scaled, baseline.scaled)
    found |= scaled_incremental(tests.scaled, baseline.scaled)
    found |= scaled_rmsea(tests.plain, tests.scaled, sample.weight, groups)
    if tests.traces_h1:
        found |= likelihood_scaling(
            tests.traces_h1, tests.trace_h0, fitted.model.n_moments, _free_rows(fitted)
        )
    return found


def _free_rows(fitted: Fitted) -> int:
    """Count free table rows before equal labels are joined, as lavaan does here."""
    return int((fitted.model.structure.free >= 0).sum())


@singledispatch
def _plain(sample: Sample, fitted: Fitted, tests: Tests, baseline: Tests) -> dict[str, float]:
    raise TypeError(type(sample).__name__)


@_plain.register(SampleMoments)
@_plain.register(IncompleteSample)
def _(
    sample: SampleMoments | IncompleteSample, fitted: Fitted, tests: Tests, baseline: Tests
) -> dict[str, float]:
    pairs, p = moment_pairs(fitted), len(_explained(fitted))
    loglik, unrestricted = _loglik(sample, fitted)
    structure = fitted.model.structure
    summary = FitSummary(
        user=tests.plain,
        baseline=baseline.plain,
        rls=_residual_statistic(sample, fitted),
        weight=sample.weight,
        n_total=sample.n_total,
        n_groups=len(sample.n_obs),
        n_free=fitted.model.n_moments - fitted.test.df,
        p=p,
        n_moments=len(structure.blocks) * p * (p + 1) // 2,
        loglik=loglik,
        loglik_unrestricted=unrestricted,
        residual_indices=residual_indices(pairs),
        lisrel_gfi=_gfi(sample, fitted, pairs),
    )
    return fit_measures(summary)


@_plain.register
def _(sample: OrdinalSample, fitted: Fitted, tests: Tests, baseline: Tests) -> dict[str, float]:
    nan = float("nan")
    m = fitted.model.n_moments
    summary = FitSummary(
        user=tests.plain,
        baseline=baseline.plain,
        rls=tests.plain.statistic,
        weight=sample.weight,
        n_total=sample.n_total,
        n_groups=len(sample.n_obs),
        n_free=m - fitted.test.df,
        p=len(sample.variables),
        n_moments=m,
        loglik=nan,
        loglik_unrestricted=nan,
        residual_indices=_ordinal_residuals(sample, fitted),
        lisrel_gfi=_vector_gfi(fitted, skip_means=False),
    )
    found = fit_measures(summary)
    found["wrmr"] = wrmr(tests.plain.statistic, sample.groups[0].layout.n_moments)
    return found


def _explained(fitted: Fitted) -> list[int]:
    """Return the observed variables the model speaks of: all but auxiliary ones."""
    table = fitted.model.table
    return [i for i, n in enumerate(table.observed) if n not in table.roles.auxiliary]


def moment_pairs(fitted: Fitted) -> list[MomentPair]:
    """Pair sample and implied moments, one a group."""
    model = fitted.model
    pairs, kept = [], _explained(fitted)
    cells = np.ix_(kept, kept)
    for g, (block, i) in enumerate(zip(model.structure.blocks, fitted.implied, strict=True)):
        means = block.meanstructure
        pairs.append(
            MomentPair(
                s=model.sample.cov[g][0][cells],
                sigma=i.moments.sigma[0][cells],
                m=model.sample.mean[g][0][kept] if means else None,
                mu=i.moments.mu[0][kept] if means else None,
                share=model.sample.n_obs[g] / model.sample.n_total,
            )
        )
    return pairs


def _residual_statistic(sample: SampleMoments | IncompleteSample, fitted: Fitted) -> float:
    """Return what the GFI of Maydeu-Olivares et al. is made of; χ² itself for incomplete data."""
    if isinstance(sample, IncompleteSample):
        return fitted.test.statistic
    return browne_statistic(fitted, at_model=True)


@singledispatch
def _loglik(sample: Sample, fitted: Fitted) -> tuple[float, float]:
    """Return log-likelihoods of the model and of the saturated one, given fixed x; NaN for LS."""
    raise TypeError(type(sample).__name__)


@_loglik.register
def _(sample: IncompleteSample, fitted: Fitted) -> tuple[float, float]:
    unrestricted, x = 0.0, fitted.model.fixed_x
    for patterns, s, n in zip(sample.patterns, sample.saturated, sample.n_obs, strict=True):
        unrestricted += float(log_likelihood(patterns, s.deviance)[0])
        if len(x):  # x is always complete
            unrestricted -= normal_loglik(0.0, _logdet(s.cov[:, x[:, None], x]), len(x), n)
    return unrestricted - 0.5 * fitted.test.statistic, unrestricted


@_loglik.register
def _(sample: SampleMoments, fitted: Fitted) -> tuple[float, float]:
    if fitted.model.plan.row.least_squares:
        return float("nan"), float("nan")
    x = fitted.model.fixed_x
    unrestricted = 0.0
    for cov, n in zip(sample.cov, sample.n_obs, strict=True):
        unrestricted += normal_loglik(0.0, _logdet(cov), cov.shape[-1], n)
        if len(x):
            unrestricted -= normal_loglik(0.0, _logdet(cov[:, x[:, None], x]), len(x), n)
    parts = fitted.local
    lost = sum(n * float(p.value[0]) for n, p in zip(sample.n_obs, parts, strict=True))
    return unrestricted - 0.5 * lost, unrestricted


def _logdet(cov: Array) -> float:
    return float(logdet(cov)[0])


def _gfi(
    sample: SampleMoments | IncompleteSample, fitted: Fitted, pairs: Sequence[MomentPair]
) -> float:
    row = fitted.model.plan.row
    if row.discrepancy is None:
        return _vector_gfi(fitted, skip_means=True)
    if row.least_squares:
        return lisrel_gfi(pairs, [inverse_and_logdet(cov)[0][0] for cov in sample.cov])
    if fitted.model.table.roles.auxiliary:  # the model speaks of some of the variables only
        return lisrel_gfi(pairs, [inverse_and_logdet(p.sigma[None])[0][0] for p in pairs])
    return lisrel_gfi(pairs, fitted.precision)


def _vector_gfi(fitted: Fitted, skip_means: bool) -> float:
    objective = fitted.objective
    parts = []
    for block, x in zip(objective.blocks, fitted.local, strict=True):
        assert isinstance(x, LocalVectorTerm) and isinstance(block.term, VectorTerm)
        start = block.structure.p if skip_means and block.structure.meanstructure else 0
        v = block.term.weight[0]
        v = v[start:] if v.ndim == 1 else v[start:, start:]
        parts.append((block.share, x.residual[0][start:], block.term.sample[0][start:], v))
    return least_squares_gfi(parts)


def _ordinal_residuals(sample: OrdinalSample, fitted: Fitted) -> dict[str, float]:
    parts = []
    local = fitted.local
    for group, n, x in zip(sample.groups, sample.n_obs, local, strict=True):
        assert isinstance(x, LocalVectorTerm)
        parts.append((n / sample.n_total, x.residual[0], group.layout, group.cov))
    return ordinal_residual_indices(parts)


@singledispatch
def _robust(sample: Sample, fitted: Fitted, tests: Tests, baseline: Tests) -> dict[str, float]:
    raise TypeError(type(sample).__name__)


@_robust.register
def _(sample: SampleMoments, fitted: Fitted, tests: Tests, baseline: Tests) -> dict[str, float]:
    if tests.scaled is None or baseline.scaled is None:
        return {}
    if tests.scaled.label == "mean.var.adjusted":
        return {}  # not defined, as in lavaan
    user = robust_test(tests.plain, tests.scaled)
    null = robust_test(baseline.plain, baseline.scaled)
    rls = with_statistic(user, browne_statistic(fitted, at_model=True), tests.scaled.shift)
    return {
        **robust_incremental(user, null),
        **robust_rmsea(user, sample.weight, len(sample.n_obs)),
        **robust_gfi(rls, len(sample.names), sample.weight),
    }


@_robust.register
def _(sample: IncompleteSample, fitted: Fitted, tests: Tests, baseline: Tests) -> dict[str, float]:
    assert baseline.fitted is not None
    robust = tests.scaled is not None
    saturated = _saturated_information(sample, fitted, robust)
    user = _incomplete_test(sample, saturated, fitted, robust)
    null = _incomplete_test(sample, saturated, baseline.fitted, robust)
    return {
        **robust_incremental(user, null),
        **robust_rmsea(user, sample.n_total, len(sample.n_obs)),
        **robust_gfi(user, len(_explained(fitted)), sample.n_total),
    }


@dataclass(frozen=True, slots=True)
class _Saturated:
    """Information about one group's saturated moments, as in `GroupInformation`."""

    moments: Moments
    complete: Array
    incomplete: Array
    first_order: Array | None


def _saturated_information(
    sample: IncompleteSample, fitted: Fitted, robust: bool
) -> list[_Saturated]:
    kept = _moments_not_of_x(len(sample.names), fitted.fixed_x)
    cells = np.ix_(kept, kept)
    groups = []
    for patterns, s in zip(sample.patterns, sample.saturated, strict=True):
        moments = Moments(s.cov, s.mean)
        scores = None
        if robust:
            jacobian = saturated_jacobian(patterns.p)
            scores = first_order_information(patterns, moments, jacobian)[0][cells]
        complete = complete_moment_information(s.cov)[0][cells]
        incomplete = moment_information(patterns, moments)[0][cells]
        groups.append(_Saturated(moments, complete, incomplete, scores))
    return groups


def _incomplete_test(
    sample: IncompleteSample, saturated: Sequence[_Saturated], fitted: Fitted, robust: bool
) -> RobustTest:
    """Hold the estimates against the saturated moments by the discrepancy of complete data."""
    if any(len(never_together(p)) for p in sample.patterns):
        # the data say nothing about some covariance: there is no saturated model to hold against
        return RobustTest(fitted.test.statistic, fitted.test.df, *(float("nan"),) * 3)
    statistic = complete_data_statistic(
        [s.moments for s in saturated], [i.moments for i in fitted.implied], sample.n_obs
    )
    kept = _moments_not_of_x(len(sample.names), fitted.fixed_x)
    groups = []
    for block, s, i in zip(fitted.objective.blocks, saturated, fitted.implied, strict=True):
        delta = moment_jacobian(i.jacobian, block.chain, True)[0] @ fitted.basis
        groups.append(
            GroupInformation(block.share, s.complete, s.incomplete, delta[kept], s.first_order)
        )
    return fiml_robust_test(statistic, fitted.test.df, groups, robust)


def _moments_not_of_x(p: int, x: Sequence[int]) -> Indices:
    """Return the places, in (μ, vech Σ), of the moments that are not of fixed x alone."""
    rows, columns = vech_indices(p)
    of_x = np.concatenate([np.isin(np.arange(p), x), np.isin(rows, x) & np.isin(columns, x)])
    return np.flatnonzero(~of_x)


@_robust.register
def _(sample: OrdinalSample, fitted: Fitted, tests: Tests, baseline: Tests) -> dict[str, float]:
    if tests.scaled is None or tests.scaled.label == "mean.var.adjusted":
        return {}
    numeric = any((g.layout.kind == MomentKind.VARIANCE).any() for g in sample.groups)
    if numeric or len(sample.covariates):
        groups: list[CorrelationGroup] = []  # not defined with numeric variables or covariates
    else:
        groups = _correlation_groups(sample, fitted)
    if not groups:
        return {}
    inverse, _ = fitted.inverse(observed=False)
    user, null = categorical_robust(groups, inverse, _correlation_df(fitted, groups))
    return {
        **robust_incremental(user, null),
        **robust_rmsea(user, sample.n_total, len(sample.n_obs)),
        **robust_gfi(user, len(sample.variables), sample.n_total),
    }


def _correlation_df(fitted: Fitted, groups: Sequence[CorrelationGroup]) -> int:
    """Return the degrees of freedom of the correlations alone; 0 (no index) if thresholds are tied.

    Thresholds that are only free or fixed leave the correlations a test of their own; tied ones
    do not.
    """
    free = fitted.model.structure.free
    tied = [
        number
        for row, number in zip(fitted.model.table.rows, free, strict=True)
        if row.op == "|" and number >= 0
    ]
    if len(set(tied)) < len(tied):
        return 0
    delta = np.concatenate([g.delta for g in groups]) @ fitted.basis
    return sum(len(g.gamma) for g in groups) - int(np.linalg.matrix_rank(delta))


def _correlation_groups(sample: OrdinalSample, fitted: Fitted) -> list[CorrelationGroup]:
    objective: Objective = fitted.objective
    groups = []
    for g, (block, x, i) in enumerate(
        zip(
            objective.blocks,
            fitted.local,
            fitted.implied,
            strict=True,
        )
    ):
        assert isinstance(x, LocalVectorTerm) and isinstance(block.term, VectorTerm)
        moments = sample.groups[g]
        at = moments.layout.kind == MomentKind.COVARIANCE
        scale = np.sqrt(np.diagonal(i.moments.sigma[0]))
        theta = fitted.model.table.defaults.theta
        sigma = i.moments.sigma[0]
        weight = block.term.weight[0]
        groups.append(
            CorrelationGroup(
                n=sample.n_obs[g],
                sample=moments.corr,
                implied=sigma / np.outer(scale, scale) if theta else sigma,
                delta=vector_jacobian(block, x)[at],
                weight=weight[at] if weight.ndim == 1 else np.diagonal(weight)[at],
                gamma=moments.gamma[np.ix_(at, at)],
            )
        )
    return groups
