"""Eigenvalues of correlation matrices, squared multiple correlations, and smoothing."""

from __future__ import annotations

import numpy as np

from loyaltysem.core.types import Array

#: Eigenvalues below this are replaced when a matrix is smoothed, by 100 times as much.
SMALLEST = 1e-12


def descending(matrix: Array) -> tuple[Array, Array]:
    """Return eigenvalues (…, p), largest first, and their vectors as columns (…, p, p)."""
    values, vectors = np.linalg.eigh(matrix)
    return values[..., ::-1], vectors[..., ::-1]


def eigenvalues(matrix: Array) -> Array:
    """Return the eigenvalues of symmetric matrices (…, p, p), largest first."""
    return np.asarray(np.linalg.eigvalsh(matrix)[..., ::-1])


def is_positive_definite(r: Array) -> bool:
    """Tell whether the smallest eigenvalue of a correlation matrix is above rounding."""
    return bool(np.linalg.eigvalsh(r)[0] > np.finfo(np.float64).eps * len(r))


def smoothed(r: Array) -> Array:
    """Return the matrix with eigenvalues that are not positive lifted just above zero.

    As ``psych::cor.smooth``: the lifted eigenvalues are scaled to sum to p, and the matrix to a
    unit diagonal. A matrix that is positive definite comes back as it was.
    """
    if is_positive_definite(r):
        return r
    values, vectors = np.linalg.eigh(r)
    lifted = np.where(values < SMALLEST, 100.0 * SMALLEST, values)
    lifted *= len(r) / lifted.sum()
    raw = (vectors * lifted) @ vectors.T
    sd = np.sqrt(np.diagonal(raw))
    return np.asarray(raw / np.outer(sd, sd))


def squared_multiple_correlations(r: Array) -> Array:
    """Return R² of each variable on all others, ``1 − 1/diag(R⁻¹)`` (…, p) (Guttman 1956).

    Never below the largest squared correlation; it stands in where R cannot be inverted.

    Examples
    --------
    >>> squared_multiple_correlations(np.array([[1.0, 0.6], [0.6, 1.0]])).round(2).tolist()
    [0.36, 0.36]
    """
    p = r.shape[-1]
    largest = np.asarray(np.where(np.eye(p, dtype=bool), 0.0, r**2).max(axis=-1))
    try:
        diagonal = np.diagonal(np.linalg.inv(r), axis1=-2, axis2=-1)
    except np.linalg.LinAlgError:
        return largest
    usable = diagonal >= 1.0
    smc = 1.0 - 1.0 / np.where(usable, diagonal, 1.0)
    return np.asarray(np.clip(np.where(usable, smc, largest), 0.0, 1.0))
