"""Standard errors and tests of fit, by name: what turns a solution into statements about it.

Each name is one function of a bound model and its solution, so a request such as
``se="robust.sem"`` picks a part and nothing else has to know. The names are lavaan's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import TypeAlias

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet
from loyaltysem.core.types import Array
from loyaltysem.engine.fiml import (
    first_order_information,
    moment_information,
    saturated_jacobian,
)
from loyaltysem.engine.implied import Moments, StructuredJacobian
from loyaltysem.engine.parameter_map import BlockChain
from loyaltysem.engine.terms import VectorTerm
from loyaltysem.estimation.fitted import Fitted
from loyaltysem.estimation.forms import requested_forms, score_meat
from loyaltysem.estimation.terms import Sample
from loyaltysem.inference.browne import (
    ResidualForms,
    normal_theory_distance,
    normal_theory_residuals,
    residual_statistic,
)
from loyaltysem.inference.information import restricted_vcov
from loyaltysem.inference.moment_forms import moment_jacobian, normal_theory_meat
from loyaltysem.inference.robust import (
    ScaledTest,
    bread,
    mean_variance_adjusted,
    meat,
    sandwich,
    satorra_bentler,
    saturated_trace,
    scaled_shifted,
    ugamma_traces,
    yuan_bentler_mplus,
)
from loyaltysem.inference.tests_of_fit import TestStatistic
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.incomplete import IncompleteSample
from loyaltysem.moments.patterns import never_together

# Standard errors

Vcov: TypeAlias = tuple[Array, bool]


def standard_vcov(fitted: Fitted) -> Vcov:
    """Invert the information the plan asks for."""
    kind = fitted.model.plan.information
    if kind == "first.order":
        info = fitted.n * score_meat(fitted)
        vcov, ok = restricted_vcov(info[None], fitted.narrowed)
        return vcov[0], bool(ok[0])
    inverse, good = fitted.inverse(kind == "observed")
    return inverse / fitted.n, good


def robust_sem(fitted: Fitted) -> Vcov:
    """Return the sandwich with Γ̂ about the sample moments (Satorra & Bentler 1994)."""
    inverse, good = fitted.inverse(fitted.model.plan.information == "observed")
    return sandwich(inverse, meat(requested_forms(fitted)), fitted.n), good


def robust_huber_white(fitted: Fitted) -> Vcov:
    """Return the sandwich of casewise scores (Huber 1967; White 1982)."""
    inverse, good = fitted.inverse(fitted.model.plan.information == "observed")
    return sandwich(inverse, score_meat(fitted), fitted.n), good


def robust_sem_nt(fitted: Fitted) -> Vcov:
    """Return the sandwich with the normal-theory Γ at S: for least squares (Browne 1984)."""
    inverse, good = fitted.inverse(observed=False)
    sample, objective = fitted.model.sample, fitted.objective
    filling = np.zeros_like(inverse)
    for block, i, cov in zip(objective.blocks, fitted.implied, sample.cov, strict=True):
        means = block.structure.meanstructure
        assert isinstance(block.term, VectorTerm)
        delta = moment_jacobian(i.jacobian, block.chain, means)
        weighted = block.term.weigh(delta)[0]
        filling = filling + block.share * normal_theory_meat(
            weighted, cov[0], means, fitted.fixed_x
        )
    return sandwich(inverse, filling, fitted.n), good


STANDARD_ERRORS: Mapping[str, Callable[[Fitted], Vcov]] = {
    "standard": standard_vcov,
    "robust.sem": robust_sem,
    "robust.huber.white": robust_huber_white,
    "robust.sem.nt": robust_sem_nt,
}

# Tests of fit


@dataclass(frozen=True, slots=True)
class Tests:
    """The statistic that is reported as χ², and its corrected form where there is one.

    `fitted` is what it was computed from; None where a closed form gave it.
    """

    fitted: Fitted | None
    plain: TestStatistic
    scaled: ScaledTest | None = None
    traces_h1: tuple[float, ...] = ()
    trace_h0: float = float("nan")


def standard_test(fitted: Fitted) -> Tests:
    """Report χ² as it is."""
    return Tests(fitted, fitted.test)


def _mean_scaled(fitted: Fitted) -> Tests:
    trace, _ = _traces(fitted, second=False)
    t = fitted.test
    return Tests(fitted, t, satorra_bentler(t.statistic, t.df, trace))


def _shifted(fitted: Fitted) -> Tests:
    t = fitted.test
    return Tests(fitted, t, scaled_shifted(t.statistic, t.df, *_traces(fitted, second=True)))


def _adjusted(fitted: Fitted) -> Tests:
    t = fitted.test
    return Tests(
        fitted, t, mean_variance_adjusted(t.statistic, t.df, *_traces(fitted, second=True))
    )


def _traces(fitted: Fitted, second: bool) -> tuple[float, float]:
    forms = requested_forms(fitted, second)
    if not fitted.observed_weight:
        return ugamma_traces(forms, fitted.inverse(observed=False)[0])
    return ugamma_traces(forms, restricted_vcov(bread(forms)[None], fitted.narrowed)[0][0])


def _yuan_bentler(fitted: Fitted) -> Tests:
    inverse, _ = fitted.inverse(fitted.model.plan.information == "observed")
    h1 = _saturated_traces(fitted.model.sample, fitted)
    h0 = float(np.trace(inverse @ score_meat(fitted)))
    t = fitted.test
    return Tests(fitted, t, yuan_bentler_mplus(t.statistic, t.df, sum(h1), h0), h1, h0)


@singledispatch
def _saturated_traces(sample: Sample, fitted: Fitted) -> tuple[float, ...]:
    """Return tr(A⁻¹B) of the saturated model, one a group."""
    raise TypeError(type(sample).__name__)


@_saturated_traces.register
def _(sample: SampleMoments, fitted: Fitted) -> tuple[float, ...]:
    return tuple(
        saturated_trace(v, b.structure.meanstructure, fitted.fixed_x)
        for v, b in zip(sample.values, fitted.objective.blocks, strict=True)
    )


@_saturated_traces.register
def _(sample: IncompleteSample, fitted: Fitted) -> tuple[float, ...]:
    traces = []
    x, observed = fitted.fixed_x, fitted.model.plan.information == "observed"
    for patterns, s in zip(sample.patterns, sample.saturated, strict=True):
        if len(never_together(patterns)):  # the saturated model is not identified
            return (float("nan"),) * len(sample.patterns)
        moments = Moments(s.cov, s.mean)
        a = moment_information(patterns, moments, observed)[0]
        b = first_order_information(patterns, moments, saturated_jacobian(patterns.p))[0]
        joint = float(np.trace(np.linalg.solve(a, b)))
        of_x = saturated_trace(patterns.y[:, x], True) if x else 0.0  # x is always complete
        traces.append(joint - of_x)
    return tuple(traces)


def _browne_nt(fitted: Fitted) -> Tests:
    statistic = browne_statistic(fitted, at_model=False)
    return Tests(fitted, TestStatistic(statistic, fitted.test.df))


def browne_statistic(fitted: Fitted, at_model: bool) -> float:
    """Return Browne's (1984) residual-based statistic with V at S, or at the implied moments."""
    if at_model and fitted.model.plan.row.maximum_likelihood:
        return _browne_of_likelihood(fitted)
    sample = fitted.model.sample
    of_sample = (inverse_and_logdet(cov)[0][0] for cov in sample.cov)
    forms = [
        normal_theory_residuals(share, *residuals, w)
        for (share, residuals), w in zip(
            _residuals(fitted), fitted.precision if at_model else of_sample, strict=True
        )
    ]
    basis = fitted.narrowed
    if basis is not None:
        forms = [
            ResidualForms(f.share, f.distance, f.score @ basis, basis.T @ f.bread @ basis)
            for f in forms
        ]
    return residual_statistic(forms, sample.weight)


def _browne_of_likelihood(fitted: Fitted) -> float:
    """Return the statistic with V at the implied moments: ΔᵀVΔ then is the information of ML."""
    inverse, ok = fitted.inverse(observed=False)
    distance, score = 0.0, np.zeros(len(inverse))
    for (share, residuals), w in zip(_residuals(fitted), fitted.precision, strict=True):
        own_distance, own_score = normal_theory_distance(*residuals, w)
        distance += share * own_distance
        score += share * own_score
    statistic = fitted.model.sample.weight * (distance - float(score @ inverse @ score))
    return statistic if ok else float("nan")


def _residuals(
    fitted: Fitted,
) -> Iterator[tuple[float, tuple[Array, Array, StructuredJacobian, BlockChain]]]:
    """Yield each group's share, residuals of covariances and means, and the way back to α."""
    sample = fitted.model.sample
    for share, block, i, cov, mean in zip(
        sample.shares, fitted.model.objective.blocks, fitted.implied, sample.cov, sample.mean,
        strict=True,
    ):  # fmt: skip
        means = block.structure.meanstructure
        difference = mean[0] - i.moments.mu[0] if means else np.zeros_like(mean[0])
        yield share, (cov[0] - i.moments.sigma[0], difference, i.jacobian, block.chain)


TESTS: Mapping[str, Callable[[Fitted], Tests]] = {
    "standard": standard_test,
    "satorra.bentler": _mean_scaled,
    "scaled.shifted": _shifted,
    "mean.var.adjusted": _adjusted,
    "yuan.bentler.mplus": _yuan_bentler,
    "browne.residual.nt": _browne_nt,
}
