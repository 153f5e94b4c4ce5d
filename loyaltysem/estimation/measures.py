"""Every fit measure of a solution, by the kind of data and of test."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet, logdet
from loyaltysem.core.types import Array
from loyaltysem.engine.terms import LocalVectorTerm, VectorTerm
from loyaltysem.estimation.corrections import Tests, browne_statistic
from loyaltysem.estimation.fitted import Fitted
from loyaltysem.estimation.robust_measures import robust_measures
from loyaltysem.estimation.terms import Sample
from loyaltysem.inference.categorical_robust import wrmr
from loyaltysem.inference.fit_measures import FitSummary, fit_measures
from loyaltysem.inference.moment_residuals import (
    MomentPair,
    least_squares_gfi,
    lisrel_gfi,
    ordinal_residual_indices,
    residual_indices,
)
from loyaltysem.inference.scaled_measures import (
    likelihood_scaling,
    scaled_incremental,
    scaled_rmsea,
    scaled_tests,
)
from loyaltysem.inference.tests_of_fit import normal_loglik
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.incomplete import IncompleteSample
from loyaltysem.moments.ordinal_sample import OrdinalSample
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
    found |= robust_measures(sample, fitted, tests, baseline)
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
    pairs, p = moment_pairs(fitted), len(fitted.explained)
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


def moment_pairs(fitted: Fitted) -> list[MomentPair]:
    """Pair sample and implied moments, one a group."""
    model = fitted.model
    pairs, kept = [], fitted.explained
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
