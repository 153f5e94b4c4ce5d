"""Standard errors of rotated loadings, by maximum likelihood.

The parameters are loadings Λ, correlations Φ and the standard deviations of the items (the metric
of a correlation matrix is estimated too); their information is singular, since Λ could be turned.
A rotation has a condition that holds at its minimum, and bordering the information with the
derivatives of that condition makes it regular (Jennrich 1973, 1974; Archer & Jennrich 1973).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.inference.rotation import RotationMethod
from loyaltysem.inference.rotation_conditions import rotation_conditions

#: Step of central differences of the conditions.
STEP = 1e-5


@dataclass(frozen=True, slots=True)
class RotatedErrors:
    """Standard errors of standardised loadings (p, k), correlations (k, k), uniquenesses (p,)."""

    loadings: Array
    phi: Array
    uniqueness: Array


@dataclass(frozen=True, slots=True)
class RotatedModel:
    """A rotated maximum likelihood solution.

    Attributes
    ----------
    loadings : Array, shape (p, k)
    phi : Array, shape (k, k)
    method : RotationMethod
    kaiser : bool
        How it was rotated.
    """

    loadings: Array
    phi: Array
    method: RotationMethod
    kaiser: bool

    @property
    def pairs(self) -> tuple[Indices, Indices]:
        """Rows and columns of the free correlations."""
        i, j = np.triu_indices(0 if self.method.orthogonal else len(self.phi), 1)
        return i.astype(np.intp), j.astype(np.intp)

    @property
    def point(self) -> Array:
        """Loadings, then free correlations."""
        return np.concatenate([self.loadings.ravel(), self.phi[self.pairs]])

    def unpack(self, points: Array) -> tuple[Array, Array]:
        """Return loadings (B, p, k) and correlations (B, k, k) of points (B, q)."""
        size = self.loadings.size
        loadings = points[:, :size].reshape(-1, *self.loadings.shape)
        phi = np.tile(np.eye(len(self.phi)), (len(points), 1, 1))
        i, j = self.pairs
        phi[:, i, j] = phi[:, j, i] = points[:, size:]
        return loadings, phi

    def conditions(self, points: Array) -> Array:
        """Return what is zero at the minimum of the criterion, (B, c)."""
        return rotation_conditions(*self.unpack(points), self.method, self.kaiser)


def rotated_errors(model: RotatedModel, n_obs: int) -> RotatedErrors | None:
    """Return standard errors, or None where the bordered information cannot be inverted.

    Parameters
    ----------
    model : RotatedModel
    n_obs : int

    Notes
    -----
    Expected information of normal data. These equal the delta method carried through extraction and
    rotation; those of lavaan 0.6 for the standardised solution differ in the third decimal.
    """
    q = len(model.point)
    information, conditions = _information(model), _conditions(model)
    n, c = len(information), len(conditions)
    whole = np.zeros((n + c, n + c))
    whole[:n, :n] = n_obs * information
    whole[n:, :q], whole[:q, n:] = conditions, conditions.T
    try:
        cov = np.asarray(np.linalg.inv(whole)[:q, :q], dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    if not (np.isfinite(cov).all() and (np.diagonal(cov) > -1e-12).all()):
        return None
    return _errors(model, cov)


def _conditions(model: RotatedModel) -> Array:
    """Return derivatives of the conditions, (c, q)."""
    point = model.point
    steps = STEP * np.eye(len(point))
    high, low = model.conditions(point + steps), model.conditions(point - steps)
    return np.asarray((high - low).T / (2.0 * STEP))


def _information(model: RotatedModel) -> Array:
    """Return the expected information of one case, (n, n), n = q + p."""
    changes = _changes(model)
    common = model.loadings @ model.phi @ model.loadings.T
    implied = common - np.diag(np.diagonal(common)) + np.eye(len(common))
    weighted = np.linalg.solve(implied, changes)
    flat = weighted.reshape(len(weighted), -1)
    turned = np.swapaxes(weighted, 1, 2).reshape(len(weighted), -1)
    return np.asarray(0.5 * flat @ turned.T)


def _changes(model: RotatedModel) -> Array:
    """Return derivatives of the covariance matrix at unit variances, (n, p, p)."""
    p, k = model.loadings.shape
    structure = model.loadings @ model.phi
    common = structure @ model.loadings.T
    implied = common - np.diag(np.diagonal(common)) + np.eye(p)
    out = np.zeros((p * k + len(model.pairs[0]) + p, p, p))
    for i in range(p):
        rows = out[i * k : (i + 1) * k]
        rows[:, i, :] += structure.T
        rows[:, :, i] += structure.T
        scale = out[len(out) - p + i]
        scale[i] += implied[i]
        scale[:, i] += implied[:, i]
    for place, (a, b) in enumerate(zip(*model.pairs, strict=True), start=p * k):
        product = np.outer(model.loadings[:, a], model.loadings[:, b])
        out[place] = product + product.T
    # uniquenesses keep the diagonal at 1: only the scales of the items move it
    out[: len(out) - p, np.arange(p), np.arange(p)] = 0.0
    return out


def _errors(model: RotatedModel, cov: Array) -> RotatedErrors:
    p, k = model.loadings.shape
    se = np.sqrt(np.maximum(np.diagonal(cov), 0.0))
    phi = np.zeros((k, k))
    i, j = model.pairs
    phi[i, j] = phi[j, i] = se[p * k :]
    slope = np.zeros((p, len(cov)))
    structure = model.loadings @ model.phi
    for row in range(p):
        slope[row, row * k : (row + 1) * k] = -2.0 * structure[row]
    slope[:, p * k :] = -2.0 * model.loadings[:, i] * model.loadings[:, j]
    variance = np.einsum("ia,ab,ib->i", slope, cov, slope)
    return RotatedErrors(se[: p * k].reshape(p, k), phi, np.sqrt(np.maximum(variance, 0.0)))
