"""Likelihood and scores of the cases of a fit: what a little more weight on one would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet
from loyaltysem.core.types import Array
from loyaltysem.engine.fiml import casewise_scores
from loyaltysem.engine.implied import Implied
from loyaltysem.engine.objective import Block
from loyaltysem.estimation.fitted import Fitted
from loyaltysem.estimation.solved import Solved
from loyaltysem.estimation.terms import Sample
from loyaltysem.inference.casewise import case_loglik, weight_derivatives
from loyaltysem.inference.defined import defined
from loyaltysem.inference.moment_forms import case_scores
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.gamma import model_case_moments
from loyaltysem.moments.incomplete import IncompleteSample


@dataclass(frozen=True, slots=True)
class CaseWeights:
    """What the cases of a fit say, groups one after the other.

    Attributes
    ----------
    loglik : Array, shape (N,)
        Log-likelihood under the model, given fixed x; the sum is that of the fit.
    chisq_part : Array, shape (N,)
        ``2 [log L_i(saturated) − log L_i(θ̂)]``; the sum is χ².
    derivatives : Array, shape (N, k)
        Of the free and the defined estimates by the weight of each case.
    """

    loglik: Array
    chisq_part: Array
    derivatives: Array


def case_weights(fit: Solved) -> CaseWeights | None:
    """Return likelihood and scores of cases; None where the estimator has no such likelihood."""
    likelihood = isinstance(fit.sample, IncompleteSample) or fit.plan.row.maximum_likelihood
    if not likelihood or fit.plan.likelihood != "normal":
        return None
    fitted = fit.inference.fitted
    parts = [_loglik(fit, g, implied) for g, implied in enumerate(fitted.implied)]
    loglik, saturated = (np.concatenate(x) for x in zip(*parts, strict=True))
    inverse, _ = fitted.inverse(observed=True)
    free = weight_derivatives(np.concatenate(_scores(fit.sample, fitted)), inverse)
    return CaseWeights(loglik, 2.0 * (saturated - loglik), np.hstack([free, _defined(fit, free)]))


def _defined(fit: Solved, free: Array) -> Array:
    """Return the derivatives of the defined parameters by the chain rule, shape (N, d)."""
    if not fit.table.defined:
        return np.zeros((len(free), 0))
    jacobian = fit.objective.map.derivative()[None]
    theta = fit.inference.fitted.point.theta
    _, slopes = defined(fit.table.defined, fit.table.label_rows(), theta, jacobian)
    return np.asarray(free @ slopes[0].T)


def _loglik(fit: Solved, g: int, implied: Implied) -> tuple[Array, Array]:
    """Return the log-likelihood of the cases of a group: of the model, and of the saturated one."""
    assert fit.data is not None
    values, x = fit.data.values[g], fit.model.fixed_x
    cov, mean = fit.sample.cov[g][0], fit.sample.mean[g][0]
    means = fit.structure.blocks[g].meanstructure
    mu = implied.moments.mu[0] if means else mean
    of_x = case_loglik(values[:, x], cov[np.ix_(x, x)], mean[x]) if len(x) else 0.0
    return (
        case_loglik(values, implied.moments.sigma[0], mu) - of_x,
        case_loglik(values, cov, mean) - of_x,
    )


@singledispatch
def _scores(sample: Sample, fitted: Fitted) -> Sequence[Array]:
    """Return ``∂ log L_i/∂α`` of every case, one array (N_g, q) a group."""
    raise TypeError(type(sample).__name__)


@_scores.register
def _(sample: SampleMoments, fitted: Fitted) -> Sequence[Array]:
    return [
        _complete_scores(values, block, implied)
        for values, block, implied in zip(
            sample.values, fitted.objective.blocks, fitted.implied, strict=True
        )
    ]


def _complete_scores(values: Array, block: Block, implied: Implied) -> Array:
    sigma, mu = implied.moments.sigma, implied.moments.mu[0]
    cases = model_case_moments(values, mu, sigma[0], block.structure.meanstructure)
    return case_scores(cases, implied.jacobian, block.chain, inverse_and_logdet(sigma)[0][0])


@_scores.register
def _(sample: IncompleteSample, fitted: Fitted) -> Sequence[Array]:
    return [
        block.chain.gradient(casewise_scores(patterns, implied.moments, implied.jacobian)[0])
        for patterns, block, implied in zip(
            sample.patterns, fitted.objective.blocks, fitted.implied, strict=True
        )
    ]
