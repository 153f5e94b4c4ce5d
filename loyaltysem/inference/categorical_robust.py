"""Robust indices for ordinal data: normal-theory ML of the polychoric correlations (catML).

Least-squares statistics of ordinal data do not estimate the noncentrality that CFI and RMSEA are
defined on. Savalei (2021) takes the ML statistic of the polychoric correlations at the
least-squares estimates, and corrects its mean for the correlations' sampling covariance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet
from loyaltysem.core.types import Array
from loyaltysem.inference.scaled_measures import RobustTest


@dataclass(frozen=True, slots=True)
class CorrelationGroup:
    """One group of ordinal variables; c = p(p−1)/2 correlations, in the order of `gamma`.

    Attributes
    ----------
    n : int
        Cases N_g.
    sample : Array, shape (p, p)
        Polychoric correlations R.
    implied : Array, shape (p, p)
        P: implied correlations of the latent responses.
    delta : Array, shape (c, q)
        Rows of Δ that belong to correlations.
    weight : Array, shape (c,)
        The diagonal of V (DWLS); ones for ULS.
    gamma : Array, shape (c, c)
        Γ̂ of the correlations.
    """

    n: int
    sample: Array
    implied: Array
    delta: Array
    weight: Array
    gamma: Array


def categorical_robust(
    groups: Sequence[CorrelationGroup], inverse: Array, df: int
) -> tuple[RobustTest, RobustTest]:
    """Return what the robust indices of ordinal data are made of, for model and baseline.

    Parameters
    ----------
    groups : sequence of CorrelationGroup
    inverse : Array, shape (q, q)
        (ΔᵀVΔ)⁻¹ of one case, all moments (thresholds too) and groups together.
    df : int

    Returns
    -------
    user, baseline : RobustTest
        All NaN when a correlation matrix is not positive definite, or when the implied covariance
        matrix of a group has no unit diagonal: with scales free in some group the statistic is
        not one of correlations, and lavaan reports none either.

    Notes
    -----
    ``T = Σ N_g (log|P| − log|R| + tr(RP⁻¹) − p)``; c·df is
    ``tr[(I − ΔE⁻¹ΔᵀW)ᵀ V (I − ΔE⁻¹ΔᵀW) Γ̂]`` with W the least-squares weight and V the
    normal-theory one of correlations at P. The baseline has V = I. With G groups lavaan's
    baseline trace is ``Σ tr(Γ̂_g) N/N_g``, larger than the mean of the statistic, Σ tr(Γ̂_g);
    followed here so that the indices agree.
    """
    if not all(_usable(g) for g in groups):
        return RobustTest(nan, df, nan, nan, nan), RobustTest(nan, 0, nan, nan, nan)
    total = sum(g.n for g in groups)
    trace = _projected_trace(groups, inverse, total)
    correlations = sum(len(g.gamma) for g in groups)
    null_trace = sum(float(np.trace(g.gamma)) * total / g.n for g in groups)
    null = sum(g.n * _discrepancy(g.sample, np.eye(len(g.sample))) for g in groups)
    user = sum(g.n * _discrepancy(g.sample, g.implied) for g in groups)
    return _robust(user, df, trace), _robust(null, correlations, null_trace)


def wrmr(statistic: float, n_moments: int) -> float:
    """Weighted root mean square residual of ordinal data: ``sqrt(T/m)`` (Yu 2002).

    Parameters
    ----------
    statistic : float
        The least-squares statistic, unscaled.
    n_moments : int
        m: thresholds, correlations and so on of one group.

    Examples
    --------
    >>> round(wrmr(17.32986, 72), 4)
    0.4906
    """
    return sqrt(statistic / n_moments) if n_moments > 0 else nan


def _usable(group: CorrelationGroup) -> bool:
    unit = np.allclose(np.diagonal(group.implied), 1.0, atol=1e-6)
    pair = np.stack([group.sample, group.implied])
    return bool(unit and np.isfinite(pair).all() and (np.linalg.eigvalsh(pair) > 1.5e-8).all())


def _robust(statistic: float, df: int, trace: float) -> RobustTest:
    if df <= 0:
        return RobustTest(statistic, df, nan, nan, nan)
    c = trace / df
    return RobustTest(statistic, df, c, statistic / c, c)


def _discrepancy(sample: Array, implied: Array) -> float:
    inverse, logdet, _ = inverse_and_logdet(np.stack([implied, sample]))
    trace = float((inverse[0] * sample).sum())
    return float(logdet[0] - logdet[1]) + trace - len(sample)


def _projected_trace(groups: Sequence[CorrelationGroup], inverse: Array, total: int) -> float:
    """Return tr(AᵀVAΓ), A = I − ΔE⁻¹ΔᵀW, all groups together; shares cancel within a group."""
    shares = [g.n / total for g in groups]
    weights = [_correlation_weight(g.implied) for g in groups]
    # ΔᵀVΔ over groups, and per group what Γ passes on through W to the estimates
    curvature = np.asarray(
        sum(s * g.delta.T @ v @ g.delta for s, g, v in zip(shares, groups, weights, strict=True))
    )
    trace = 0.0
    for share, g, v in zip(shares, groups, weights, strict=True):
        passed = inverse @ (g.delta.T * g.weight)
        spread = passed @ g.gamma
        trace += float((v * g.gamma).sum())
        trace -= 2.0 * share * float(np.trace(v @ g.delta @ spread))
        trace += share * float(np.trace(curvature @ spread @ passed.T))
    return trace


def _correlation_weight(implied: Array) -> Array:
    """Return the normal-theory information of correlations, shape (c, c).

    ``V_(ij),(kl) = w_ik w_jl + w_il w_jk`` with w = P⁻¹, i > j and k > l, column by column.
    """
    w = inverse_and_logdet(implied[None])[0][0]
    j, i = np.triu_indices(len(w), 1)
    result: Array = w[np.ix_(i, i)] * w[np.ix_(j, j)] + w[np.ix_(i, j)] * w[np.ix_(j, i)]
    return result
