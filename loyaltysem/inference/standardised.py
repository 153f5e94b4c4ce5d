"""The standardised solution and its exact derivatives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loyaltysem.core.types import Array
from loyaltysem.engine.implied import Implied
from loyaltysem.engine.objective import Block, Objective
from loyaltysem.model.standardisation import StandardisationPlan


def standardised(
    objective: Objective, alpha: Array, plans: Sequence[StandardisationPlan]
) -> tuple[Array, Array]:
    """Return the standardised table rows and their Jacobian.

    Parameters
    ----------
    objective : Objective
    alpha : Array, shape (B, q)
    plans : sequence of StandardisationPlan
        One a group.

    Returns
    -------
    value : Array, shape (B, t)
        NaN where a variance that is needed is negative.
    jacobian : Array, shape (B, t, q)

    Notes
    -----
    ``std = θ w₁^a w₂^b``, so ``d std = std · (dθ/θ + a dw₁/w₁ + b dw₂/w₂)``, written without the
    division by θ. Residual covariances are scaled by residual standard deviations, all others by
    implied ones, as lavaan does.
    """
    theta = objective.theta(alpha)
    d_theta = objective.theta_jacobian(alpha)
    value = np.full_like(theta, np.nan)
    jacobian = np.full((*theta.shape, objective.n_free), np.nan)
    for block, implied, plan in zip(objective.blocks, objective.implied(alpha), plans, strict=True):
        w, dw = _scales(block, implied, theta, d_theta)
        value[:, plan.rows], jacobian[:, plan.rows] = _apply(plan, theta, d_theta, w, dw)
    return value, jacobian


def standardising_factors(
    objective: Objective, alpha: Array, plans: Sequence[StandardisationPlan]
) -> Array:
    """Return what each table row is multiplied by to be standardised, shape (B, t)."""
    theta = objective.theta(alpha)
    d_theta = objective.theta_jacobian(alpha)
    factors = np.full_like(theta, np.nan)
    for block, implied, plan in zip(objective.blocks, objective.implied(alpha), plans, strict=True):
        w = np.concatenate([implied_variances(block, implied, d_theta)[0], np.abs(theta)], axis=1)
        with np.errstate(all="ignore"):
            factors[:, plan.rows] = np.prod(
                [
                    np.where(power != 0, w[:, place], 1.0) ** power
                    for place, power in zip(plan.place, plan.power, strict=True)
                ],
                axis=0,
            )
    return factors


def _apply(
    plan: StandardisationPlan, theta: Array, d_theta: Array, w: Array, dw: Array
) -> tuple[Array, Array]:
    with np.errstate(all="ignore"):
        factor = np.ones((len(theta), len(plan.rows)))
        relative = np.zeros((len(theta), len(plan.rows), d_theta.shape[2]))
        for place, power in zip(plan.place, plan.power, strict=True):
            used = power != 0
            x = np.where(used, w[:, place], 1.0)
            factor = factor * x**power
            relative += (power / x)[:, :, None] * dw[:, place]
        row = theta[:, plan.rows]
        jacobian = factor[:, :, None] * (d_theta[:, plan.rows] + row[:, :, None] * relative)
        return row * factor, jacobian


def _scales(block: Block, implied: Implied, theta: Array, d_theta: Array) -> tuple[Array, Array]:
    """Return w (B, p + k + t) and its Jacobian (B, p + k + t, q)."""
    variances, d_variances = implied_variances(block, implied, d_theta)
    # residual covariances of a Heywood case are scaled by |variance|, as lavaan does
    magnitude = np.abs(theta)
    sign = np.sign(theta)[:, :, None]
    w = np.concatenate([variances, magnitude], axis=1)
    return w, np.concatenate([d_variances, d_theta * sign], axis=1)


def implied_variances(block: Block, implied: Implied, d_theta: Array) -> tuple[Array, Array]:
    """Return variances of observed and structural variables, (B, p + k), and their Jacobian.

    The Jacobian (B, p + k, q) is carried through `d_theta` = ∂θ/∂α (B, t, q).

    ``dΣ_vv = 2s Z_vl Z_vr``; for structural variables T and D lose their Λ.
    """
    jacobian = implied.jacobian
    batch, p, width = jacobian.basis.shape
    k = width // 2
    unit = np.broadcast_to(np.eye(p), (batch, p, p))
    observed = np.concatenate([unit, jacobian.basis, np.zeros((batch, p, 1))], axis=2)
    effects = np.broadcast_to(jacobian.effects, (batch, k, k))
    structural = np.concatenate(
        [np.zeros((batch, k, p)), effects, implied.latent_cov, np.zeros((batch, k, 1))],
        axis=2,
    )
    z = np.concatenate([observed, structural], axis=1)
    change = 2.0 * jacobian.scale * z[:, :, jacobian.left] * z[:, :, jacobian.right]
    variances = np.concatenate(
        [
            np.diagonal(implied.moments.sigma, axis1=1, axis2=2),
            np.diagonal(implied.latent_cov, axis1=1, axis2=2),
        ],
        axis=1,
    )
    return variances, change @ d_theta[:, block.structure.row]


def delta_method(jacobian: Array, vcov: Array) -> Array:
    """Return standard errors ``sqrt(diag(J V Jᵀ))``, shape (B, n), of J (B, n, q)."""
    variance = np.einsum("bnq,bqr,bnr->bn", jacobian, vcov, jacobian, optimize=True)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))  # NaN stays NaN
