"""Layer 2: model matrices to implied moments, with the Jacobian as an operator.

The symbols are those of ``loyaltysem.model.structure``. No derivative array over all moments is
ever formed: every quantity the optimiser needs is a gather from a small quadratic form ZᵀQZ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.model.structure import BlockStructure, MatrixName


@dataclass(frozen=True, slots=True)
class Moments:
    """Implied or gradient moments: `sigma` (B, p, p) and `mu` (B, p)."""

    sigma: Array
    mu: Array


@dataclass(frozen=True, slots=True)
class StructuredJacobian:
    """Derivatives of the implied moments with respect to the free rows of one group.

    Attributes
    ----------
    basis : Array, shape (B, p, 2k)
        ``[T, D]``, the columns of Z that are not unit vectors.
    second : Array, shape (B, z, z)
        H, with ``dz_c/dθ = s·(z_l H[r, c] + z_r H[l, c])``; z = p + 2k + 1.
    mean : Array, shape (B, z)
        h, with ``dμ/dθ = s·(z_l h[r] + z_r h[l])``.
    left, right : Indices, shape (f,)
        Columns of Z behind each derivative.
    scale : Array, shape (f,)
        s: ½ for variances, otherwise 1.
    """

    basis: Array
    second: Array
    mean: Array
    left: Indices
    right: Indices
    scale: Array

    def quadratic(self, q: Array) -> Array:
        """Return ZᵀQZ, shape (B, z, z), of symmetric `q` (B, p, p)."""
        batch, p, width = self.basis.shape
        z = p + width + 1
        out = np.zeros((batch, z, z))
        half = q @ self.basis
        out[:, :p, :p] = q
        out[:, :p, p:-1] = half
        out[:, p:-1, :p] = np.swapaxes(half, 1, 2)
        out[:, p:-1, p:-1] = np.swapaxes(self.basis, 1, 2) @ half
        return out

    def project(self, v: Array) -> Array:
        """Return Zᵀv, shape (B, z), of `v` (B, p)."""
        batch, p, width = self.basis.shape
        out = np.zeros((batch, p + width + 1))
        out[:, :p] = v
        out[:, p:-1] = (v[:, None, :] @ self.basis)[:, 0]
        return out

    def pairs(self, m: Array) -> tuple[Array, Array, Array, Array]:
        """Gather ``m[l, l'], m[r, r'], m[l, r'], m[r, l']``, each (B, f, f)."""
        left, right = self.left, self.right
        at_left, at_right = m[:, left], m[:, right]
        return (
            at_left[:, :, left],
            at_right[:, :, right],
            at_left[:, :, right],
            at_right[:, :, left],
        )

    def transpose_apply(self, g: Moments) -> Array:
        """Return Δᵀg, shape (B, f): the chain rule from moment space to table rows.

        `g.sigma` is the symmetric matrix G with dF = tr(G dΣ).
        """
        at_sigma = self.quadratic(g.sigma)[:, self.left, self.right]
        return self.scale * (2.0 * at_sigma + self._mean_pair(self.project(g.mu)))

    def _mean_pair(self, at_mu: Array) -> Array:
        left, right = self.left, self.right
        return at_mu[:, left] * self.mean[:, right] + at_mu[:, right] * self.mean[:, left]

    def outer(self, x: Array) -> Array:
        """Scale a (B, f, f) form by s s'."""
        return x * (self.scale[:, None] * self.scale)

    def mean_form(self, m: Array) -> Array:
        """Return dμᵢᵀ W dμⱼ, unscaled (B, f, f), from ``m = ZᵀWZ``."""
        h_left, h_right = self.mean[:, self.left], self.mean[:, self.right]
        ll, rr, lr, rl = self.pairs(m)
        return h_right[:, :, None] * (ll * h_right[:, None, :] + lr * h_left[:, None, :]) + h_left[
            :, :, None
        ] * (rl * h_right[:, None, :] + rr * h_left[:, None, :])

    def curvature_of_moments(self, g: Moments) -> Array:
        """Return Σ_m g_m ∂²m/∂θᵢ∂θⱼ, shape (B, f, f): the part a Gauss–Newton step leaves out."""
        q = self.quadratic(g.sigma)
        q_ll, q_rr, q_lr, q_rl = self.pairs(q)
        h_ll, h_rr, h_lr, h_rl = self.pairs(self.second)
        sigma = 2.0 * (q_rl * h_lr + q_rr * h_ll + q_ll * h_rr + q_lr * h_rl)
        if not self.mean.any():
            return self.outer(sigma)
        return self.outer(
            sigma + self._mean_curvature(self.project(g.mu), (h_ll, h_rr, h_lr, h_rl))
        )

    def _mean_curvature(self, gz: Array, forms: tuple[Array, Array, Array, Array]) -> Array:
        """Second derivatives of μ: both z and its coefficient h move."""
        h_ll, h_rr, h_lr, h_rl = forms
        g_l, g_r = gz[:, self.left], gz[:, self.right]
        c_l, c_r = self.mean[:, self.left], self.mean[:, self.right]

        def row(x: Array) -> Array:
            return x[:, :, None]

        def col(x: Array) -> Array:
            return x[:, None, :]

        moving_z = row(c_r) * (col(g_l) * h_lr + col(g_r) * h_ll) + row(c_l) * (
            col(g_l) * h_rr + col(g_r) * h_rl
        )
        moving_h = row(g_l) * (col(c_r) * h_rl + col(c_l) * h_rr) + row(g_r) * (
            col(c_r) * h_ll + col(c_l) * h_lr
        )
        return moving_z + moving_h

    def dense(self) -> tuple[Array, Array]:
        """Return dΣ (B, f, p, p) and dμ (B, f, p) as arrays, for small models and checks."""
        batch, p, _ = self.basis.shape
        unit = np.broadcast_to(np.eye(p), (batch, p, p))
        z = np.concatenate([unit, self.basis, np.zeros((batch, p, 1))], axis=2)
        zl, zr = z[:, :, self.left], z[:, :, self.right]
        sigma = np.einsum("bif,bjf->bfij", zl, zr)
        sigma = sigma + np.swapaxes(sigma, 2, 3)
        mu = zl * self.mean[:, None, self.right] + zr * self.mean[:, None, self.left]
        scaled = self.scale[None, :, None, None] * sigma
        return scaled, np.swapaxes(mu * self.scale, 1, 2)


@dataclass(frozen=True, slots=True)
class Implied:
    """Everything the model says about one group at θ.

    Attributes
    ----------
    moments : Moments
        Σ (B, p, p) and μ (B, p).
    loadings : Array, shape (B, p, k)
        Λ.
    latent_cov : Array, shape (B, k, k)
        C = AΨAᵀ, the covariances of the structural variables.
    latent_mean : Array, shape (B, k)
        Aα.
    jacobian : StructuredJacobian
    """

    moments: Moments
    loadings: Array
    latent_cov: Array
    latent_mean: Array
    jacobian: StructuredJacobian


def model_matrices(block: BlockStructure, theta: Array) -> dict[MatrixName, Array]:
    """Scatter θ (B, t) into the model matrices of one group, each (B, rows, columns)."""
    p, k, batch = block.p, block.k, len(theta)
    shapes: dict[MatrixName, tuple[int, int]] = {
        "Lambda": (p, k), "Theta": (p, p), "Psi": (k, k),
        "Beta": (k, k), "nu": (p, 1), "alpha": (k, 1),
    }  # fmt: skip
    matrices: dict[MatrixName, Array] = {}
    for name, (rows, columns) in shapes.items():
        flat = np.zeros((batch, rows * columns))
        if name == "Lambda":
            flat[:] = block.constant_loadings.ravel()
        entries = block.entries[name]
        flat[:, entries.position] = theta[:, entries.row]
        matrices[name] = flat.reshape(batch, rows, columns)
    return matrices


def implied(block: BlockStructure, theta: Array) -> Implied:
    """Compute implied moments and their Jacobian.

    Parameters
    ----------
    block : BlockStructure
    theta : Array, shape (B, t)
        All table rows, fixed ones included.

    Returns
    -------
    Implied
        Where I − B is singular the moments are NaN, which the discrepancy reads as +inf.
    """
    m = model_matrices(block, theta)
    total = total_effects(m["Beta"]) if block.has_regressions else None
    psi, loadings = m["Psi"], m["Lambda"]
    effects = np.broadcast_to(np.eye(block.k), psi.shape) if total is None else total
    cov = psi if total is None else total @ psi @ np.swapaxes(total, 1, 2)
    t = loadings if total is None else loadings @ total
    d = loadings @ cov
    sigma = d @ np.swapaxes(loadings, 1, 2) + m["Theta"]
    eta = (effects @ m["alpha"])[:, :, 0]
    mu = m["nu"][:, :, 0] + (loadings @ eta[:, :, None])[:, :, 0]
    jacobian = StructuredJacobian(
        basis=np.concatenate([t, d], axis=2),
        second=_second(effects, cov, block.p),
        mean=_mean_coefficients(eta, block),
        left=block.left,
        right=block.right,
        scale=block.scale,
    )
    return Implied(Moments(sigma, mu), loadings, cov, eta, jacobian)


def total_effects(beta: Array) -> Array:
    """Return A = (I − B)⁻¹, NaN where it does not exist."""
    difference: Array = np.eye(beta.shape[-1]) - beta
    try:
        return np.asarray(np.linalg.inv(difference), dtype=np.float64)
    except np.linalg.LinAlgError:
        return _inverse_one_by_one(difference)


def _inverse_one_by_one(x: Array) -> Array:
    out = np.full_like(x, np.nan)
    for b, matrix in enumerate(x):
        try:
            out[b] = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            continue
    return out


def _second(effects: Array, cov: Array, p: int) -> Array:
    """Return H: how T and D themselves move (see `StructuredJacobian`)."""
    batch, k, _ = cov.shape
    h = np.zeros((batch, p + 2 * k + 1, p + 2 * k + 1))
    t, d = slice(p, p + k), slice(p + k, p + 2 * k)
    h[:, d, t] = effects
    h[:, t, d] = np.swapaxes(effects, 1, 2)
    h[:, d, d] = cov
    return h


def _mean_coefficients(eta: Array, block: BlockStructure) -> Array:
    batch = len(eta)
    h = np.zeros((batch, block.p + 2 * block.k + 1))
    if block.meanstructure:
        h[:, block.p + block.k : -1] = eta
        h[:, -1] = 1.0
    return h
