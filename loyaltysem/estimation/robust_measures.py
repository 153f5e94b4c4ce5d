"""Robust CFI, TLI, RMSEA and GFI: indices of fit corrected for the data they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

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
from loyaltysem.estimation.corrections import Tests, browne_statistic
from loyaltysem.estimation.fitted import Fitted
from loyaltysem.estimation.forms import vector_jacobian
from loyaltysem.estimation.terms import Sample
from loyaltysem.inference.categorical_robust import CorrelationGroup, categorical_robust
from loyaltysem.inference.fiml_indices import (
    GroupInformation,
    complete_data_statistic,
    fiml_robust_test,
)
from loyaltysem.inference.moment_forms import moment_jacobian
from loyaltysem.inference.scaled_measures import (
    RobustTest,
    robust_gfi,
    robust_incremental,
    robust_rmsea,
    robust_test,
    with_statistic,
)
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.gamma import vech_indices
from loyaltysem.moments.incomplete import IncompleteSample
from loyaltysem.moments.ordinal_layout import MomentKind
from loyaltysem.moments.ordinal_sample import OrdinalSample
from loyaltysem.moments.patterns import never_together


@singledispatch
def robust_measures(
    sample: Sample, fitted: Fitted, tests: Tests, baseline: Tests
) -> dict[str, float]:
    """Return the robust indices that are defined for this kind of data, by name; often none."""
    raise TypeError(type(sample).__name__)


@robust_measures.register
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


@robust_measures.register
def _(sample: IncompleteSample, fitted: Fitted, tests: Tests, baseline: Tests) -> dict[str, float]:
    assert baseline.fitted is not None
    robust = tests.scaled is not None
    saturated = _saturated_information(sample, fitted, robust)
    user = _incomplete_test(sample, saturated, fitted, robust)
    null = _incomplete_test(sample, saturated, baseline.fitted, robust)
    return {
        **robust_incremental(user, null),
        **robust_rmsea(user, sample.n_total, len(sample.n_obs)),
        **robust_gfi(user, len(fitted.explained), sample.n_total),
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


@robust_measures.register
def _(sample: OrdinalSample, fitted: Fitted, tests: Tests, baseline: Tests) -> dict[str, float]:
    if tests.scaled is None or tests.scaled.label == "mean.var.adjusted":
        return {}
    numeric = any((g.layout.kind == MomentKind.VARIANCE).any() for g in sample.groups)
    if numeric or len(sample.covariates):
        groups: list[CorrelationGroup] = []  # not defined with numeric variables or covariates
    else:
        groups = _correlation_groups(sample, fitted)
    df = _correlation_df(fitted, groups) if groups else None
    if df is None:
        return {}
    inverse, _ = fitted.inverse(observed=False)
    user, null = categorical_robust(groups, inverse, df)
    return {
        **robust_incremental(user, null),
        **robust_rmsea(user, sample.n_total, len(sample.n_obs)),
        **robust_gfi(user, len(sample.variables), sample.n_total),
    }


def _correlation_df(fitted: Fitted, groups: Sequence[CorrelationGroup]) -> int | None:
    """Return the degrees of freedom of the correlations alone; None where thresholds are tied.

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
        return None
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
