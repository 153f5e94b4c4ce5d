"""What a covariance or correlation matrix of items says of their sum.

All functions take a stack of matrices (…, k, k) and return an array (…,), so that a bootstrap costs
as much to write as one sample. What is not defined is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from loyaltysem.core.types import Array

Measure = Callable[[Array], Array]


def alpha_of(cov: Array) -> Array:
    """Return α = k/(k−1) · (1 − tr C / 1ᵀC1) of covariances (…, k, k), shape (…,).

    References
    ----------
    Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests.
    Psychometrika, 16(3), 297–334.

    Examples
    --------
    >>> alpha_of(np.array([[[1.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 1.0]]])).round(4).tolist()
    [0.6667, 0.0]
    """
    k = cov.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(k / (k - 1) * (1 - _trace(cov) / cov.sum((-2, -1))))


def alpha_standard_error(cov: Array, n_obs: int) -> Array:
    """Return the normal-theory standard error of α, shape (…,).

    Notes
    -----
    √(Q/N) with Q = 2k² / ((k−1)² (1ᵀC1)³) · [1ᵀC1 (tr C² + tr² C) − 2 tr C · 1ᵀC²1]
    (van Zyl, Neudecker & Nel, 2000; Duhachek & Iacobucci, 2004): ``ase`` of psych.

    Examples
    --------
    >>> float(alpha_standard_error(np.eye(2) + 0.5, 100).round(4))
    0.1
    """
    k = cov.shape[-1]
    total, trace, squared = cov.sum((-2, -1)), _trace(cov), cov @ cov
    bracket = total * (_trace(squared) + trace**2) - 2 * trace * squared.sum((-2, -1))
    q = 2 * k**2 / ((k - 1) ** 2 * total**3) * bracket
    return np.asarray(np.sqrt(np.maximum(q, 0.0) / n_obs))


def squared_multiple_correlations(cor: Array) -> Array:
    """Return R² of each item on the others, 1 − 1/diag(R⁻¹), shape (…, k).

    NaN where the matrix has no inverse: one item is a sum of others.
    """
    eigenvalues = np.linalg.eigvalsh(np.where(np.isfinite(cor), cor, 0.0))
    sound = np.isfinite(cor).all((-2, -1)) & (eigenvalues[..., 0] > 1e-10 * eigenvalues[..., -1])
    safe = np.where(sound[..., None, None], cor, np.eye(cor.shape[-1]))
    inverse = np.linalg.inv(safe)
    smc = 1 - 1 / np.diagonal(inverse, axis1=-2, axis2=-1)
    return np.asarray(np.where(sound[..., None], smc, np.nan))


def guttman_lambda6(cor: Array) -> Array:
    """Return Guttman's λ₆ = 1 − Σ(1 − R²ᵢ) / 1ᵀR1 of correlations, shape (…,).

    References
    ----------
    Guttman, L. (1945). A basis for analyzing test-retest reliability. Psychometrika, 10(4),
    255–282.

    Examples
    --------
    >>> float(guttman_lambda6(np.array([[1.0, 0.5], [0.5, 1.0]])).round(4))
    0.5
    """
    errors = (1 - squared_multiple_correlations(cor)).sum(-1)
    return np.asarray(1 - errors / cor.sum((-2, -1)))


def between_items(cor: Array) -> Array:
    """Return the k(k−1)/2 correlations below the diagonal, shape (…, k(k−1)/2)."""
    rows, columns = np.tril_indices(cor.shape[-1], -1)
    return np.asarray(cor[..., rows, columns])


def signal_to_noise(cor: Array) -> Array:
    """Return k·r̄/(1 − r̄), r̄ the mean correlation between items, shape (…,): psych's ``S/N``."""
    mean = between_items(cor).mean(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(cor.shape[-1] * mean / (1 - mean))


def correlation_variance(cor: Array) -> float:
    """Return the variance of the correlations between items; NaN for fewer than three items."""
    values = between_items(cor)
    return float(values.var(ddof=1)) if values.size > 1 else float("nan")


def item_rest_correlations(cov: Array) -> Array:
    """Return the correlation of each item with the sum of the others, shape (…, k).

    psych's ``r.drop``; SPSS's "corrected item–total correlation".
    """
    variance = np.diagonal(cov, axis1=-2, axis2=-1)
    with_total = cov.sum(-1)
    rest = cov.sum((-2, -1))[..., None] - 2 * with_total + variance
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((with_total - variance) / np.sqrt(variance * rest))


def item_total_correlations(cov: Array) -> Array:
    """Return the correlation of each item with the sum of all, shape (…, k).

    psych's ``raw.r`` from covariances, its ``std.r`` from correlations.
    """
    variance = np.diagonal(cov, axis1=-2, axis2=-1)
    total = cov.sum((-2, -1))[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(cov.sum(-1) / np.sqrt(variance * total))


def overlap_corrected(cor: Array) -> Array:
    """Return item–total correlations corrected for overlap and unreliability, shape (…, k).

    Notes
    -----
    Correlations with the total whose diagonal holds squared multiple correlations in place of ones:
    psych's ``r.cor``.
    """
    common = cor.copy()
    index = np.arange(cor.shape[-1])
    common[..., index, index] = squared_multiple_correlations(cor)
    with np.errstate(invalid="ignore"):
        return np.asarray(common.sum(-1) / np.sqrt(common.sum((-2, -1)))[..., None])


def if_deleted(matrix: Array, measure: Measure) -> Array:
    """Return `measure` of the matrix without each item, shape (k,); NaN where one item is left.

    Examples
    --------
    >>> if_deleted(np.eye(3) + 0.5, alpha_of).round(3).tolist()
    [0.5, 0.5, 0.5]
    """
    k = len(matrix)
    if k < 3:
        return np.full(k, np.nan)
    kept = np.array([np.delete(np.arange(k), j) for j in range(k)])
    return measure(matrix[kept[:, :, None], kept[:, None, :]])


def feldt_interval(
    alpha: float, n_obs: int, n_items: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return Feldt's confidence interval for α.

    (1 − α_population)/(1 − α) follows F with N−1 and (N−1)(k−1) degrees of freedom when the items
    are essentially τ-equivalent and normal.

    References
    ----------
    Feldt, L. S. (1965). The approximate sampling distribution of Kuder–Richardson reliability
    coefficient twenty. Psychometrika, 30(3), 357–370.
    """
    tail = (1 - confidence) / 2
    f = stats.f(n_obs - 1, (n_obs - 1) * (n_items - 1))
    return float(1 - (1 - alpha) * f.ppf(1 - tail)), float(1 - (1 - alpha) * f.ppf(tail))


def _trace(matrix: Array) -> Array:
    return np.asarray(np.trace(matrix, axis1=-2, axis2=-1))
