"""Differences between sample and implied moments, and the indices that average them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.linalg import correlation, inverse_and_logdet, solve_positive
from loyaltysem.core.types import Array
from loyaltysem.engine.implied import Moments
from loyaltysem.engine.objective import Objective


@dataclass(frozen=True, slots=True)
class MomentPair:
    """Sample and implied moments of one group: `s`, `sigma` (p, p); `m`, `mu` (p,) or None."""

    s: Array
    sigma: Array
    m: Array | None
    mu: Array | None
    share: float


def _average(pairs: Sequence[MomentPair], index: str, means: bool) -> float:
    """Average an index over groups by their share, as lavaan does."""
    return float(sum(pair.share * _INDICES[index](pair, means) for pair in pairs))


def _root_mean(parts: Sequence[Array], count: int) -> float:
    return (
        float(np.sqrt(sum(float((x**2).sum()) for x in parts) / count)) if count else float("nan")
    )


def _lower(x: Array, diagonal: bool = True) -> Array:
    return np.asarray(x[np.tril_indices(len(x), 0 if diagonal else -1)])


def _mean_part(pair: MomentPair, means: bool, s_sd: Array, sigma_sd: Array) -> list[Array]:
    if not means or pair.m is None or pair.mu is None:
        return []
    return [np.asarray(pair.m / s_sd - pair.mu / sigma_sd)]


def _srmr(pair: MomentPair, means: bool) -> float:
    """Bentler's SRMR: residuals over sample standard deviations (Bentler 1995)."""
    sd = np.sqrt(np.diagonal(pair.s))
    parts = [_lower((pair.s - pair.sigma) / np.outer(sd, sd))]
    parts += _mean_part(pair, means, sd, sd)
    return _root_mean(parts, sum(len(x) for x in parts))


def _crmr(pair: MomentPair, means: bool) -> float:
    """Correlation root mean square residual (Bollen 1989): sample minus implied correlations."""
    difference = _lower(correlation(pair.s) - correlation(pair.sigma), diagonal=False)
    sd = np.sqrt(np.diagonal(pair.s))  # means stay in sample units, as in lavaan
    parts = [difference, *_mean_part(pair, means, sd, sd)]
    return _root_mean(parts, sum(len(x) for x in parts))


def _srmr_mplus(pair: MomentPair, means: bool) -> float:
    """SRMR as Mplus prints it: correlation residuals, and relative residuals of the variances."""
    difference = _lower(correlation(pair.s) - correlation(pair.sigma), diagonal=False)
    s_var, sigma_var = np.diagonal(pair.s), np.maximum(np.diagonal(pair.sigma), 0.0)
    parts = [difference, (s_var - sigma_var) / s_var]
    parts += _mean_part(pair, means, np.sqrt(s_var), np.sqrt(sigma_var))
    return _root_mean(parts, sum(len(x) for x in parts))


def _rmr(pair: MomentPair, means: bool) -> float:
    """Root mean square residual in the units of the data."""
    one = np.ones(len(pair.s))
    parts = [_lower(pair.s - pair.sigma), *_mean_part(pair, means, one, one)]
    return _root_mean(parts, sum(len(x) for x in parts))


_INDICES = {"srmr_bentler": _srmr, "crmr": _crmr, "srmr_mplus": _srmr_mplus, "rmr": _rmr}


def residual_indices(pairs: Sequence[MomentPair]) -> dict[str, float]:
    """Return SRMR, CRMR and RMR, with means and without them.

    Parameters
    ----------
    pairs : sequence of MomentPair
        One a group; means None when the model has no mean structure.
    """
    found: dict[str, float] = {}
    for name in _INDICES:
        found[name] = _average(pairs, name, means=True)
        found[f"{name}_nomean"] = _average(pairs, name, means=False)
    return {"srmr": found["srmr_bentler"], **found}


def reweighted_statistic(
    objective: Objective,
    alpha: Array,
    basis: Array,
    pairs: Sequence[MomentPair],
    weight: float,
) -> float:
    """Browne's residual-based statistic under normal theory at the implied moments (RLS).

    Parameters
    ----------
    objective : Objective
    alpha : Array, shape (1, q)
        The solution.
    basis : Array, shape (q, r)
        Directions the restrictions leave free.
    pairs : sequence of MomentPair
        One a group.
    weight : float
        N, or N − G under Wishart likelihood.

    Notes
    -----
    ``T = weight · (eᵀVe − eᵀVΔ(ΔᵀVΔ)⁻¹ΔᵀVe)`` with residuals e and V the normal-theory weight at
    the implied moments (Browne 1984). The projection vanishes at an ML solution unless means are
    misfitted.
    """
    distance, score = 0.0, np.zeros(objective.n_free)
    for pair, block, implied in zip(pairs, objective.blocks, objective.implied(alpha), strict=True):
        w = inverse_and_logdet(pair.sigma[None])[0][0]
        e = pair.s - pair.sigma
        d = np.zeros(len(w)) if pair.m is None or pair.mu is None else pair.m - pair.mu
        weighted = Moments(0.5 * (w @ e @ w)[None], (w @ d)[None])
        distance += pair.share * float((weighted.sigma[0] * e).sum() + weighted.mu[0] @ d)
        back = block.chain.gradient(implied.jacobian.transpose_apply(weighted))[0]
        score += pair.share * back
    form = 0.5 * basis.T @ objective.hessian(alpha, observed=False) @ basis
    score = score @ basis
    solved, ok = solve_positive(form, score[None])
    return weight * (distance - (float(score @ solved[0]) if ok[0] else 0.0))


def lisrel_gfi(pairs: Sequence[MomentPair]) -> float:
    """Goodness-of-fit index of Jöreskog and Sörbom for ML, from covariances only.

    ``GFI = 1 − Σ_g share tr[(Σ⁻¹S − I)²] / Σ_g share tr[(Σ⁻¹S)²]``, as LISREL and AMOS print it.
    """
    numerator = denominator = 0.0
    for pair in pairs:
        product = inverse_and_logdet(pair.sigma[None])[0][0] @ pair.s
        residual = product - np.eye(len(product))
        numerator += pair.share * float(np.einsum("ij,ji->", residual, residual))
        denominator += pair.share * float(np.einsum("ij,ji->", product, product))
    return 1.0 - numerator / denominator
