"""Residual moments and their asymptotic standard errors.

Let Γ be the asymptotic covariance matrix of the sample moments, V the weight of the discrepancy and
Δ the Jacobian of the implied moments. To first order the estimates follow the sample moments with
(Σ_g w_g ΔᵀVΔ)⁻¹ w_g ΔᵀV, so the residuals of group g have the covariance matrix

    Q Γ Qᵀ / N_g        Q = I − w_g Δ (Σ_g w_g ΔᵀVΔ)⁻¹ ΔᵀV

Only its diagonal is needed, so V and Γ stay operators on the q columns of Δ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array
from loyaltysem.engine.implied import StructuredJacobian
from loyaltysem.engine.parameter_map import BlockChain
from loyaltysem.engine.weights import NormalTheory, NormalTheoryObserved
from loyaltysem.inference.information import restricted_vcov

#: Below this share of its own Γ a variance is rounding: the model reproduces the moment exactly.
EXACT = 1e-10


@dataclass(frozen=True, slots=True)
class MomentDirections:
    """Δ and VΔ of one group.

    Attributes
    ----------
    sigma : Array, shape (q, p, p)
        dΣ/dα.
    mu : Array, shape (q, p)
        dμ/dα; zeros without a mean structure.
    weighted_sigma, weighted_mu : Array, shapes (q, p, p) and (q, p)
        VΔ, such that ``ΔᵀVΔ = Σ sigma·weighted_sigma + Σ mu·weighted_mu``.
    """

    sigma: Array
    mu: Array
    weighted_sigma: Array
    weighted_mu: Array

    @property
    def bread(self) -> Array:
        """ΔᵀVΔ, shape (q, q)."""
        covariances = np.einsum("aij,bij->ab", self.sigma, self.weighted_sigma, optimize=True)
        return np.asarray(covariances + self.mu @ self.weighted_mu.T)


@dataclass(frozen=True, slots=True)
class MomentSpread:
    """Γ of one group where it is needed: its diagonal, and its product with VΔ.

    Attributes
    ----------
    sigma, mu : Array, shapes (q, p, p) and (q, p)
        ΓVΔ.
    sigma_variance, mu_variance : Array, shapes (p, p) and (p,)
        Diagonal of Γ.
    """

    sigma: Array
    mu: Array
    sigma_variance: Array
    mu_variance: Array


@dataclass(frozen=True, slots=True)
class ResidualBlock:
    """What the standard errors of one group's residuals need."""

    share: float
    n_obs: int
    directions: MomentDirections
    spread: MomentSpread


def moment_directions(
    jacobian: StructuredJacobian, chain: BlockChain, weight: NormalTheory | NormalTheoryObserved
) -> MomentDirections:
    """Return Δ and VΔ under a normal-theory weight.

    Parameters
    ----------
    jacobian : StructuredJacobian
        Batch axis of one.
    chain : BlockChain
    weight : NormalTheory or NormalTheoryObserved
        V, expected or exact.

    Notes
    -----
    Half the second differential of ``log|Σ| + tr(S + ddᵀ)Σ⁻¹`` with W = Σ⁻¹, R = W(S + ddᵀ)W and
    u = Wd is ``½(W dΣ R + R dΣ W − W dΣ W + W dμ uᵀ + u dμᵀ W)`` and ``W dΣ u + W dμ``; in
    expectation R = W and u = 0.
    """
    by_row = [x[0] for x in jacobian.dense()]
    p = by_row[0].shape[-1]
    sigma, mu = (np.ascontiguousarray(chain.gradient(x.reshape(len(x), -1).T).T) for x in by_row)
    sigma = sigma.reshape(-1, p, p)
    w = weight.w[0]
    r = weight.r[0] if isinstance(weight, NormalTheoryObserved) else w
    u = weight.u[0] if isinstance(weight, NormalTheoryObserved) else np.zeros(p)
    half = w @ sigma @ (r - 0.5 * w) + (mu @ w)[:, :, None] * u
    weighted = 0.5 * (half + np.swapaxes(half, 1, 2))
    return MomentDirections(sigma, mu, weighted, (w @ (sigma @ u)[:, :, None])[:, :, 0] + mu @ w)


def normal_spread(
    directions: MomentDirections, cov: Array, explained: Array | None = None
) -> MomentSpread:
    """Return Γ of normal data where it is needed.

    Parameters
    ----------
    directions : MomentDirections
    cov : Array, shape (p, p)
        Sample covariance matrix S.
    explained : Array, shape (p, p), optional
        With fixed x: ``S_·x S_xx⁻¹ S_x·``. Γ is then that of the other moments given those of x.

    Notes
    -----
    ``Γ_ij,kl = s_ik s_jl + s_il s_jk``, so Γ takes a symmetric G to 2SGS.
    """
    total = np.zeros_like(directions.sigma), np.zeros_like(directions.mu)
    variance = np.zeros_like(cov), np.zeros(len(cov))
    for sign, s in ((1.0, cov), (-1.0, explained)):
        if s is None:
            continue
        diagonal = np.diagonal(s)
        total = (
            total[0] + sign * 2.0 * (s @ directions.weighted_sigma @ s),
            total[1] + sign * directions.weighted_mu @ s,
        )
        variance = (
            variance[0] + sign * (np.outer(diagonal, diagonal) + s**2),
            variance[1] + sign * diagonal,
        )
    return MomentSpread(*total, *variance)


def case_spread(
    directions: MomentDirections, values: Array, explained: Array | None = None
) -> MomentSpread:
    """Return the distribution-free Γ̂ of Browne (1984) where it is needed.

    Parameters
    ----------
    directions : MomentDirections
    values : Array, shape (N, p)
        Complete cases, as deviations from their means.
    explained : Array, shape (N, p), optional
        With fixed x: the part h_i of each deviation d_i that x accounts for, ``d_x S_xx⁻¹ S_x·``.

    Notes
    -----
    ``Γ̂ = Σ z_i z_iᵀ / N`` with ``z_i = d_i d_iᵀ − h_i h_iᵀ`` about their mean; for the means,
    ``d_i − h_i``.
    """
    signed = [(1.0, values)] + ([] if explained is None else [(-1.0, explained)])
    n = len(values)
    e = np.asarray(sum(sign * d for sign, d in signed))
    centre = np.asarray(sum(sign * (d.T @ d) for sign, d in signed)) / n
    along = e @ directions.weighted_mu.T
    for sign, d in signed:
        along += sign * np.einsum("ni,qij,nj->nq", d, directions.weighted_sigma, d, optimize=True)
    along -= np.einsum("qij,ij->q", directions.weighted_sigma, centre)
    sigma = np.asarray(
        sum(sign * np.einsum("nq,ni,nj->qij", along, d, d, optimize=True) for sign, d in signed)
    )
    sigma = sigma / n - along.mean(axis=0)[:, None, None] * centre
    crossed = sum(s1 * s2 * ((d1 * d2).T @ (d1 * d2)) for s1, d1 in signed for s2, d2 in signed)
    variance = np.asarray(crossed) / n - centre**2
    return MomentSpread(sigma, along.T @ e / n, variance, (e**2).mean(axis=0))


def residual_errors(blocks: Sequence[ResidualBlock], basis: Array) -> list[tuple[Array, Array]]:
    """Return standard errors of the residuals of every group.

    Parameters
    ----------
    blocks : sequence of ResidualBlock
    basis : Array, shape (q, r)
        Directions that restrictions leave free; the identity without any.

    Returns
    -------
    list of (Array, Array)
        For covariances (p, p) and means (p,): 0 where the model reproduces a moment exactly, NaN
        everywhere when ΔᵀVΔ is singular.
    """
    bread = np.asarray(sum(b.share * b.directions.bread for b in blocks))
    inverse, _ = restricted_vcov(bread[None], basis)
    return [_errors(b, inverse[0]) for b in blocks]


def _errors(block: ResidualBlock, inverse: Array) -> tuple[Array, Array]:
    d, spread = block.directions, block.spread
    middle = np.einsum("aij,bij->ab", d.weighted_sigma, spread.sigma, optimize=True)
    middle = middle + d.weighted_mu @ spread.mu.T
    projected = block.share * inverse

    def error(delta: Array, spread_delta: Array, gamma: Array) -> Array:
        shape = gamma.shape
        delta, spread_delta = delta.reshape(len(delta), -1), spread_delta.reshape(len(delta), -1)
        fitted = projected @ delta
        change = (fitted * (middle @ fitted)).sum(axis=0) - 2.0 * (fitted * spread_delta).sum(
            axis=0
        )
        variance = gamma + change.reshape(shape)
        variance = np.where(variance <= EXACT * gamma, 0.0, variance)
        return np.asarray(np.sqrt(variance / block.n_obs))

    return (
        error(d.sigma, spread.sigma, spread.sigma_variance),
        error(d.mu, spread.mu, spread.mu_variance),
    )


@dataclass(frozen=True, slots=True)
class DenseBlock:
    """One group's moments as a list: ordinal data, WLS, DWLS, ULS.

    Attributes
    ----------
    share : float
        w_g.
    n_obs : int
    delta : Array, shape (m, q)
        Δ.
    weight : Array, shape (m,) or (m, m)
        V; one axis means a diagonal matrix.
    gamma : Array, shape (m, m)
        Γ.
    """

    share: float
    n_obs: int
    delta: Array
    weight: Array
    gamma: Array

    @property
    def weighted(self) -> Array:
        """VΔ, shape (m, q)."""
        v, delta = self.weight, self.delta
        return np.asarray(v[:, None] * delta if v.ndim == 1 else v @ delta)


def dense_residual_errors(blocks: Sequence[DenseBlock], basis: Array) -> list[Array]:
    """Return standard errors (m,) of the residuals of every group, as `residual_errors` does."""
    bread = np.asarray(sum(b.share * b.delta.T @ b.weighted for b in blocks))
    inverse = restricted_vcov(bread[None], basis)[0][0]
    errors = []
    for b in blocks:
        q = np.eye(len(b.delta)) - b.share * b.delta @ inverse @ b.weighted.T
        variance = np.einsum("ij,jk,ik->i", q, b.gamma, q, optimize=True)
        kept = np.where(variance <= EXACT * np.diagonal(b.gamma), 0.0, variance)
        errors.append(np.sqrt(kept / b.n_obs))
    return errors


def sampling_errors(block: ResidualBlock) -> tuple[Array, Array]:
    """Return standard errors of the sample covariances (p, p) and means (p,): √(Γ_ii / N_g)."""
    s = block.spread
    return np.sqrt(s.sigma_variance / block.n_obs), np.sqrt(s.mu_variance / block.n_obs)
