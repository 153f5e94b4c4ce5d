"""Batched linear algebra that reports failure as data instead of raising.

Arrays are (B, …): the first axis counts replicates. NumPy's Cholesky raises for a whole batch when
one matrix is not positive definite; here each replicate gets its own verdict.
"""

from __future__ import annotations

import numpy as np

from loyaltysem.core.types import Array, Mask


def symmetrise(x: Array) -> Array:
    """Return (x + xᵀ)/2 of each matrix (..., p, p)."""
    result: Array = 0.5 * (x + np.swapaxes(x, -1, -2))
    return result


def cholesky(x: Array) -> tuple[Array, Mask]:
    """Factor symmetric matrices, telling which are positive definite.

    Parameters
    ----------
    x : Array, shape (B, p, p)

    Returns
    -------
    lower : Array, shape (B, p, p)
        Cholesky factors; the identity where the matrix is not positive definite.
    ok : Mask, shape (B,)
        True where it is.

    Examples
    --------
    >>> lower, ok = cholesky(np.stack([np.eye(2), -np.eye(2)]))
    >>> ok.tolist()
    [True, False]
    """
    finite: Mask = np.asarray(np.isfinite(x).all(axis=(-2, -1)))
    if finite.all():
        try:
            return _factor(x), finite
        except np.linalg.LinAlgError:
            pass
    lower = np.broadcast_to(np.eye(x.shape[-1]), x.shape).copy()
    ok = finite.copy()
    for b in np.flatnonzero(finite):
        try:
            lower[b] = _factor(x[b])
        except np.linalg.LinAlgError:
            ok[b] = False
    return lower, ok


def _factor(x: Array) -> Array:
    return np.asarray(np.linalg.cholesky(x), dtype=np.float64)


def inverse_and_logdet(x: Array) -> tuple[Array, Array, Mask]:
    """Invert positive-definite matrices.

    Parameters
    ----------
    x : Array, shape (B, p, p)

    Returns
    -------
    inverse : Array, shape (B, p, p)
        The identity where `x` is not positive definite.
    logdet : Array, shape (B,)
        log|x|, and +inf where `x` is not positive definite.
    ok : Mask, shape (B,)
    """
    lower, ok = cholesky(x)
    logdet = 2.0 * np.log(np.diagonal(lower, axis1=-2, axis2=-1)).sum(-1)
    inverse = np.linalg.inv(lower)
    inverse = np.swapaxes(inverse, -1, -2) @ inverse
    return inverse, np.where(ok, logdet, np.inf), ok


def solve_positive(h: Array, g: Array) -> tuple[Array, Mask]:
    """Solve ``h x = g`` for positive-definite `h` (B, q, q) and `g` (B, q).

    The matrices are brought to a unit diagonal first, so that units do not matter, and count as
    singular when a Cholesky pivot falls below 1e-8.

    Returns
    -------
    x : Array, shape (B, q)
    ok : Mask, shape (B,)
        False where `h` is not positive definite; `x` is then meaningless.
    """
    scale = np.sqrt(np.maximum(np.diagonal(h, axis1=1, axis2=2), 1e-300))
    lower, ok = cholesky(h / (scale[:, :, None] * scale[:, None, :]))
    ok = ok & (np.diagonal(lower, axis1=1, axis2=2).min(axis=1, initial=1.0) > 1e-8)
    lower = np.where(ok[:, None, None], lower, np.eye(h.shape[-1]))
    half = np.linalg.solve(lower, (g / scale)[..., None])
    solution = np.linalg.solve(np.swapaxes(lower, 1, 2), half)[..., 0] / scale
    return np.asarray(solution, dtype=np.float64), ok


def null_space(x: Array, tolerance: float = 1e-8) -> Array:
    """Return an orthonormal basis of the null space of one symmetric matrix, scaled first.

    The matrix is brought to a unit diagonal, so that variables in very different units are
    judged alike; the basis is expressed in the scaled variables.

    Parameters
    ----------
    x : Array, shape (p, p)
        Symmetric, positive semi-definite up to rounding.
    tolerance : float
        Eigenvalues below this count as zero.

    Returns
    -------
    Array, shape (p, d)
        One column a dimension; d = 0 when `x` has full rank.
    """
    scale = np.sqrt(np.maximum(np.diagonal(x), 0.0))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(x / np.outer(scale, scale))
    return np.asarray(vectors[:, values < tolerance], dtype=np.float64)


def involved(basis: Array, share: float = 0.1) -> list[int]:
    """Return the coordinates that take part in a null space, from the largest part on."""
    weight = np.sqrt((basis**2).sum(axis=1))
    order = np.argsort(-weight, kind="stable")
    return [int(i) for i in order if weight[i] > share * weight.max(initial=0.0)]


def correlation(cov: Array) -> Array:
    """Scale covariance matrices (..., p, p) to correlations."""
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN beside a negative variance
        sd = np.sqrt(np.diagonal(cov, axis1=-2, axis2=-1))
        result: Array = cov / (sd[..., :, None] * sd[..., None, :])
    return result
