"""Layer 2: model matrices to implied moments, with the Jacobian as an operator.

The symbols are those of ``loyaltysem.model.structure``. No derivative array over all moments is
ever formed: every quantity the optimiser needs is a gather from a small quadratic form ZᵀQZ.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.model.row_forms import Bending, Folding, form_cells
from loyaltysem.model.structure import BlockStructure, MatrixName

#: What `StructuredJacobian.pairs` gathers.
Pairs: TypeAlias = tuple[Array, Array, Array, Array]


@dataclass(frozen=True, slots=True)
class Moments:
    """Implied or gradient moments: `sigma` (B, p, p) and `mu` (B, p)."""

    sigma: Array
    mu: Array

    def take(self, rows: Indices) -> Moments:
        """Keep some replicates."""
        return Moments(self.sigma[rows], self.mu[rows])


@dataclass(frozen=True, slots=True)
class Slope:
    """A gradient in moment space, seen through Z: the form ZᵀGZ (B, c) and g (B, p)."""

    sigma: Array
    mu: Array


@dataclass(frozen=True, slots=True)
class StructuredJacobian:
    """Derivatives of the implied moments with respect to the free rows of one group.

    Forms ZᵀQZ are kept without repetition, (B, c): see `loyaltysem.model.row_forms`.

    Attributes
    ----------
    basis : Array, shape (B, p, 2k)
        ``[T, D]``, the columns of Z that are not unit vectors.
    effects : Array, shape (B, k, k), or (1, k, k) where it is the identity
        A.
    latent_cov : Array, shape (B, k, k)
        C; `second` is made of both.
    mean : Array, shape (B, z)
        h, with ``dμ/dθ = s·(z_l h[r] + z_r h[l])``; z = p + 2k + 1.
    moves_means : bool
        Whether h is anything but zero.
    left, right : Indices, shape (f,)
        Columns of Z behind each derivative.
    scale : Array, shape (f,)
        s: ½ for variances, otherwise 1.
    own : Indices, shape (f,)
        Where a form holds what belongs to the two columns of each derivative.
    folding : Folding or None
        How forms over the rows are folded, where they are.
    bending : Bending or None
        Pairs of rows that bend one another, if any do.
    """

    basis: Array
    effects: Array
    latent_cov: Array
    mean: Array
    moves_means: bool
    left: Indices
    right: Indices
    scale: Array
    own: Indices
    folding: Folding | None = None
    bending: Bending | None = None

    def take(self, rows: Indices) -> StructuredJacobian:
        """Keep some replicates."""
        effects = self.effects if len(self.effects) == 1 else self.effects[rows]
        return replace(
            self,
            basis=self.basis[rows],
            effects=effects,
            latent_cov=self.latent_cov[rows],
            mean=self.mean[rows],
        )

    @property
    def second(self) -> Array:
        """H (B, c), with ``dz_c/dθ = s·(z_l H[r, c] + z_r H[l, c])``: how T and D move."""
        batch, p, width = self.basis.shape
        return -self.less_second(np.zeros((batch, p * (p + width) + width * width + 1)))

    def less_second(self, form: Array) -> Array:
        """Return a form (B, c) less `second`."""
        batch, p, width = self.basis.shape
        k, n = width // 2, p * (p + width)
        h = form.copy()
        inner = h[:, n:-1].reshape(batch, 2, k, 2, k)
        inner[:, 1, :, 0] -= self.effects
        inner[:, 0, :, 1] -= self.effects.transpose(0, 2, 1)
        inner[:, 1, :, 1] -= self.latent_cov
        return h

    def quadratic(self, q: Array) -> Array:
        """Return the form ZᵀQZ, shape (B, c), of symmetric `q` (B, p, p)."""
        half = q @ self.basis
        parts = q, half, self.basis.transpose(0, 2, 1) @ half, np.zeros((len(q), 1))
        return np.concatenate([x.reshape(len(q), -1) for x in parts], axis=1)

    def square(self, form: Array) -> Array:
        """Return a form (B, c) as a matrix, shape (B, z, z)."""
        _, p, width = self.basis.shape
        return np.asarray(form.take(form_cells(p, width), axis=1))

    def project(self, v: Array) -> Array:
        """Return Zᵀv, shape (B, z), of `v` (B, p)."""
        _, p, width = self.basis.shape
        out = np.zeros((len(v), p + width + 1))
        out[:, :p] = v
        out[:, p:-1] = (v[:, None, :] @ self.basis)[:, 0]
        return out

    def pairs(self, form: Array) -> Pairs:
        """Gather ``m[l, l'], m[r, r'], m[l, r'], m[r, l']`` of a form m (B, c).

        Each is (h, B) where rows are folded, otherwise (B, f, f): replicates side by side are
        gathered together.
        """
        if self.folding is None:
            return self.all_pairs(form)
        found = np.ascontiguousarray(form.T).take(self.folding.places, axis=0)
        ll, rr, lr, rl = found.reshape(4, -1, len(form))
        return ll, rr, lr, rl

    def all_pairs(self, form: Array) -> Pairs:
        """Gather the same for every two rows, each (B, f, f)."""
        m = self.square(form)
        at_left = m.take(self.left, axis=1)
        lr = at_left.take(self.right, axis=2)
        return (
            at_left.take(self.left, axis=2),
            m.take(self.right, axis=1).take(self.right, axis=2),
            lr,
            lr.transpose(0, 2, 1),
        )

    def transpose_apply(self, g: Moments) -> Array:
        """Return Δᵀg, shape (B, f): the chain rule from moment space to table rows.

        `g.sigma` is the symmetric matrix G with dF = tr(G dΣ).
        """
        return self.gradient(self.slope(g))

    def slope(self, g: Moments) -> Slope:
        """Look at a gradient through Z, which serves first and second derivatives."""
        return Slope(self.quadratic(g.sigma), g.mu)

    def gradient(self, slope: Slope) -> Array:
        """Return Δᵀg, shape (B, f)."""
        at_sigma = 2.0 * slope.sigma.take(self.own, axis=1)
        if self.moves_means:
            at_sigma += self._mean_pair(self.project(slope.mu))
        at_sigma *= self.scale
        return at_sigma

    def _mean_pair(self, at_mu: Array) -> Array:
        left, right = self.left, self.right
        return at_mu[:, left] * self.mean[:, right] + at_mu[:, right] * self.mean[:, left]

    def outer(self, x: Array) -> Array:
        """Scale a form over rows by s s' and unfold it, shape (B, f, f); `x` is spent."""
        if self.folding is None:
            x *= self.scale[:, None]
            x *= self.scale
            return x
        f = len(self.left)
        scaled = np.multiply(x.T, self.folding.scale, order="C")
        return scaled.take(self.folding.whole, axis=1).reshape(len(scaled), f, f)

    def bend(self, form: Array) -> None:
        """Add ``h_ll h_rr + h_lr h_rl`` of h = `second` to an unscaled form over rows, in place."""
        if self.bending is None or not len(self.bending.at):
            return
        n = len(self.bending.at)
        found = self.effects.reshape(len(self.effects), -1).take(self.bending.places, axis=1)
        own = found[:, :n] * found[:, n:]
        if self.folding is not None:
            form[self.bending.at] += own.T
        else:
            i, j = np.divmod(self.bending.at, len(self.left))
            form[:, i, j] += own

    def mean_form(self, pairs: Pairs) -> Array:
        """Return dμᵢᵀ W dμⱼ, unscaled (B, f, f), from `pairs` of ZᵀWZ."""
        h_left, h_right = self.mean[:, self.left], self.mean[:, self.right]
        ll, rr, lr, rl = pairs
        return h_right[:, :, None] * (ll * h_right[:, None, :] + lr * h_left[:, None, :]) + h_left[
            :, :, None
        ] * (rl * h_right[:, None, :] + rr * h_left[:, None, :])

    def curvature_of_moments(self, slope: Slope) -> Array:
        """Return Σ_m g_m ∂²m/∂θᵢ∂θⱼ, shape (B, f, f): the part a Gauss–Newton step leaves out."""
        bent = crossed(self.pairs(self.second), self.pairs(slope.sigma))
        bent *= 2.0
        if self.moves_means:
            bent += self.mean_curvature(slope.mu)
        return self.outer(bent)

    def mean_curvature(self, g: Array) -> Array:
        """Return Σ g ∂²μ/∂θᵢ∂θⱼ, unscaled (B, f, f), of `g` (B, p): both z and h move."""
        h_ll, h_rr, h_lr, h_rl = self.all_pairs(self.second)
        gz = self.project(g)
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


def crossed(a: Pairs, b: Pairs) -> Array:
    """Return ``a_ll b_rr + a_rr b_ll + a_lr b_rl + a_rl b_lr`` of two sets of `pairs`."""
    result = a[0] * b[1]
    result += a[1] * b[0]
    result += a[2] * b[3]
    result += a[3] * b[2]
    return result


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

    def take(self, rows: Indices) -> Implied:
        """Keep some replicates."""
        return Implied(
            self.moments.take(rows),
            self.loadings[rows],
            self.latent_cov[rows],
            self.latent_mean[rows],
            self.jacobian.take(rows),
        )


def model_matrices(block: BlockStructure, theta: Array) -> dict[MatrixName, Array]:
    """Scatter θ (B, t) into the model matrices of one group, each (B, rows, columns)."""
    batch = len(theta)
    cells = np.empty((batch, len(block.constant)))
    cells[:] = block.constant
    cells[:, block.scatter.position] = theta.take(block.scatter.row, axis=1)
    return block.split(cells)


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
    psi, loadings = m["Psi"], m["Lambda"]
    if block.has_regressions:
        effects = total_effects(m["Beta"], block.generations)
        cov = effects @ psi @ np.swapaxes(effects, 1, 2)
        t = loadings @ effects
    else:
        effects, cov, t = _identity(block.k), psi, loadings
    d = loadings @ cov
    sigma = d @ loadings.transpose(0, 2, 1)
    sigma += m["Theta"]
    eta, mu = m["alpha"][:, :, 0], m["nu"][:, :, 0]
    if block.meanstructure:
        eta = (effects @ m["alpha"])[:, :, 0]
        mu = mu + (loadings @ eta[:, :, None])[:, :, 0]
    jacobian = StructuredJacobian(
        basis=np.concatenate([t, d], axis=2),
        effects=effects,
        latent_cov=cov,
        mean=_mean_coefficients(eta, block),
        moves_means=block.meanstructure,
        left=block.left,
        right=block.right,
        scale=block.scale,
        own=block.own,
        folding=block.folding,
        bending=block.bending,
    )
    return Implied(Moments(sigma, mu), loadings, cov, eta, jacobian)


@functools.cache
def _identity(k: int) -> Array:
    identity = np.eye(k)[None]
    identity.flags.writeable = False
    return identity


def total_effects(beta: Array, generations: int | None = None) -> Array:
    """Return A = (I − B)⁻¹, NaN where it does not exist.

    Parameters
    ----------
    beta : Array, shape (B, k, k)
    generations : int, optional
        The highest power of B that is not zero, where that is known:
        ``A = I + B + B² + … = (I + B)(I + B²)(I + B⁴)…``
    """
    if generations is not None:
        power, total = beta, np.eye(beta.shape[-1]) + beta
        for _ in range(1, generations.bit_length()):
            power = power @ power
            total += total @ power
        return total
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


def _mean_coefficients(eta: Array, block: BlockStructure) -> Array:
    batch = len(eta)
    h = np.zeros((batch, block.p + 2 * block.k + 1))
    if block.meanstructure:
        h[:, block.p + block.k : -1] = eta
        h[:, -1] = 1.0
    return h
