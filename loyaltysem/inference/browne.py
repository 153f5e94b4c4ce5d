"""Browne's (1984) residual-based tests, which hold for any consistent estimates.

``T = N (eᵀVe − eᵀVΔ(ΔᵀVΔ)⁻¹ΔᵀVe)`` with residuals e = s − σ and V = Γ⁻¹: Γ that of normal data
(NT), or the distribution-free estimate (ADF), at the sample moments or at the implied ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.linalg import solve_positive
from loyaltysem.core.types import Array
from loyaltysem.engine.implied import Moments, StructuredJacobian
from loyaltysem.engine.parameter_map import BlockChain
from loyaltysem.engine.weights import NormalTheory
from loyaltysem.moments.gamma import inverse_gamma


@dataclass(frozen=True, slots=True)
class ResidualForms:
    """One group's eᵀVe, ΔᵀVe (q,) and ΔᵀVΔ (q, q), with its share N_g / N."""

    share: float
    distance: float
    score: Array
    bread: Array


def normal_theory_residuals(
    share: float,
    residual: Array,
    mean_residual: Array,
    jacobian: StructuredJacobian,
    chain: BlockChain,
    w: Array,
) -> ResidualForms:
    """Return the forms under a normal-theory V, which no array over moments is needed for.

    Parameters
    ----------
    share : float
        N_g / N, or (N_g − 1)/(N − G) for least squares.
    residual, mean_residual, jacobian, chain, w
        As for `normal_theory_distance`.
    """
    distance, score = normal_theory_distance(residual, mean_residual, jacobian, chain, w)
    return ResidualForms(
        share, distance, score, chain.form(NormalTheory(w[None]).gram(jacobian))[0]
    )


def normal_theory_distance(
    residual: Array,
    mean_residual: Array,
    jacobian: StructuredJacobian,
    chain: BlockChain,
    w: Array,
) -> tuple[float, Array]:
    """Return one group's eᵀVe and ΔᵀVe (q,) under a normal-theory V.

    Parameters
    ----------
    residual : Array, shape (p, p)
        S − Σ.
    mean_residual : Array, shape (p,)
        m − μ; zeros without a mean structure.
    jacobian : StructuredJacobian
        Batch axis of one.
    chain : BlockChain
    w : Array, shape (p, p)
        S⁻¹ for ``browne.residual.nt``, Σ⁻¹ for ``browne.residual.nt.model``.
    """
    weighted = Moments((0.5 * (w @ residual @ w))[None], (w @ mean_residual)[None])
    distance = float((weighted.sigma[0] * residual).sum() + weighted.mu[0] @ mean_residual)
    return distance, chain.gradient(jacobian.transpose_apply(weighted))[0]


def distribution_free_residuals(
    share: float, residual: Array, delta: Array, gamma: Array
) -> ResidualForms:
    """Return the forms with V = Γ̂⁻¹.

    Parameters
    ----------
    share : float
    residual : Array, shape (m,)
        Sample minus implied moments, in the order of `gamma`.
    delta : Array, shape (m, q)
    gamma : Array, shape (m, m)
        About the sample moments for ``browne.residual.adf``, about the implied ones for
        ``browne.residual.adf.model``. Rows of zeros (moments of fixed x) are left out.
    """
    v, _ = inverse_gamma(gamma)  # NaN where it is singular, and so is the statistic
    weighted = v @ delta
    return ResidualForms(
        share, float(residual @ v @ residual), weighted.T @ residual, delta.T @ weighted
    )


def residual_statistic(forms: Sequence[ResidualForms], weight: float) -> float:
    """Return T; `weight` is N for ML, N − G for least squares.

    NaN where ΔᵀVΔ or Γ̂ is singular.
    """
    distance = sum(f.share * f.distance for f in forms)
    score = np.asarray(sum(f.share * f.score for f in forms))
    form = np.asarray(sum(f.share * f.bread for f in forms))
    if not score.size:
        return weight * distance
    solved, ok = solve_positive(form[None], score[None])
    return weight * (distance - float(score @ solved[0])) if ok[0] else float("nan")
