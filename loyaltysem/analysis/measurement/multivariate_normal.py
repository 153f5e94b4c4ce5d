"""Tests of multivariate normality and distances from the centre, on arrays of complete answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from loyaltysem.core.errors import DataError
from loyaltysem.core.progress import progress
from loyaltysem.core.types import Array

#: Entries of what is computed at a time, and cases up to which all pairs are compared.
BLOCK, MOST_CASES = 2_000_000, 20_000


@dataclass(frozen=True, slots=True)
class MultivariateTest:
    """One test of multivariate normality.

    Attributes
    ----------
    name : str
    value : float
        The coefficient: Mardia's b₁ or b₂, or Henze–Zirkler's T.
    statistic : float
        What is referred to a distribution: χ², z, or the z of log T.
    df : float
        Degrees of freedom; NaN where there are none.
    pvalue : float
    """

    name: str
    value: float
    statistic: float
    df: float
    pvalue: float


def mardia(
    values: Array, *, unbiased: bool = False
) -> tuple[MultivariateTest, MultivariateTest, MultivariateTest]:
    """Return Mardia's tests of complete answers.

    Parameters
    ----------
    values : Array, shape (n, p)
    unbiased : bool
        Divide S by n − 1, as psych and semTools do; b₁ falls by ((n−1)/n)³, b₂ by its square.

    Returns
    -------
    tuple of MultivariateTest
        Skewness, skewness corrected for small samples, kurtosis (two-sided).

    Notes
    -----
    With d_ij = (xᵢ − x̄)ᵀ S⁻¹ (xⱼ − x̄), S divided by n: b₁ = mean d_ij³, n b₁/6 ~ χ² with
    p(p+1)(p+2)/6 degrees of freedom; b₂ = mean d_ii², (b₂ − p(p+2)) / √(8p(p+2)/n) ~ N(0, 1)
    (Mardia, 1970). The small-sample form multiplies χ² by (p+1)(n+1)(n+3)/(n((n+1)(p+1) − 6))
    (Mardia, 1974).

    Examples
    --------
    >>> x = np.random.default_rng(1).normal(size=(500, 3))
    >>> [bool(test.pvalue > 0.05) for test in mardia(x)]
    [True, True, True]
    """
    n, p = values.shape
    scores = _uncorrelated(values) * np.sqrt((n - 1) / n if unbiased else 1.0)
    b1, b2 = _squared_third_moments(scores), float(np.mean((scores**2).sum(axis=1) ** 2))
    df = p * (p + 1) * (p + 2) / 6
    chisq = n * b1 / 6
    small = chisq * (p + 1) * (n + 1) * (n + 3) / (n * ((n + 1) * (p + 1) - 6))
    z = float((b2 - p * (p + 2)) / np.sqrt(8 * p * (p + 2) / n))
    p_large, p_small = np.asarray(stats.chi2.sf([chisq, small], df))
    return (
        MultivariateTest("Mardia skewness", b1, chisq, df, float(p_large)),
        MultivariateTest("Mardia skewness, small n", b1, small, df, float(p_small)),
        MultivariateTest("Mardia kurtosis", b2, z, np.nan, float(2 * stats.norm.sf(abs(z)))),
    )


def henze_zirkler(values: Array) -> MultivariateTest:
    """Return the test of Henze & Zirkler (1990) of complete answers, shape (n, p).

    Notes
    -----
    T = n (1/n² Σᵢⱼ e^{−β²Dᵢⱼ/2} − 2(1+β²)^{−p/2} 1/n Σᵢ e^{−β²Dᵢ/(2(1+β²))} + (1+2β²)^{−p/2}) with
    squared Mahalanobis distances between cases Dᵢⱼ and from the mean Dᵢ (S divided by n) and
    β = ((n(2p+1)/4)^{1/(p+4)})/√2. T is taken for lognormal with the moments they derive. All pairs
    of cases are compared: beyond 20,000 cases there is no value.
    """
    n, p = values.shape
    if n > MOST_CASES:
        return MultivariateTest("Henze–Zirkler", *(float("nan"),) * 4)
    scores = _uncorrelated(values)
    own = (scores**2).sum(axis=1)
    beta2 = (n * (2 * p + 1) / 4) ** (2 / (p + 4)) / 2
    t = n * (
        _mean_of_pairs(scores, own, beta2)
        - 2 * (1 + beta2) ** (-p / 2) * np.mean(np.exp(-beta2 * own / (2 * (1 + beta2))))
        + (1 + 2 * beta2) ** (-p / 2)
    )
    mean, variance = _henze_zirkler_moments(beta2, p)
    log_variance = np.log1p(variance / mean**2)
    z = (np.log(t) - np.log(mean) + log_variance / 2) / np.sqrt(log_variance)
    return MultivariateTest("Henze–Zirkler", float(t), float(z), np.nan, float(stats.norm.sf(z)))


def _henze_zirkler_moments(beta2: float, p: int) -> tuple[float, float]:
    a, b = 1 + 2 * beta2, beta2**2
    w = (1 + beta2) * (1 + 3 * beta2)
    mean = 1 - a ** (-p / 2) * (1 + p * beta2 / a + p * (p + 2) * b / (2 * a**2))
    variance = (
        2 * (1 + 4 * beta2) ** (-p / 2)
        + 2 * a**-p * (1 + 2 * p * b / a**2 + 3 * p * (p + 2) * b**2 / (4 * a**4))
        - 4 * w ** (-p / 2) * (1 + 3 * p * b / (2 * w) + p * (p + 2) * b**2 / (2 * w**2))
    )
    return float(mean), float(variance)


def _uncorrelated(values: Array) -> Array:
    """Return scores with mean 0 and S = I, S divided by n, that span the same space, (n, p)."""
    centred = values - values.mean(axis=0)
    left, _, _ = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(np.sqrt(len(values)) * left)


def _squared_third_moments(scores: Array) -> float:
    """Return the mean of (zᵢᵀzⱼ)³ over all pairs: the squares of all third moments, summed.

    p³ moments take the place of n² pairs.
    """
    n, p = scores.shape
    total = np.zeros((p * p, p))
    step = max(1, BLOCK // p**2)
    for start in range(0, n, step):
        z = scores[start : start + step]
        total += (z[:, :, None] * z[:, None, :]).reshape(len(z), -1).T @ z
    return float(((total / n) ** 2).sum())


def _mean_of_pairs(scores: Array, own: Array, beta2: float) -> float:
    """Return the mean of exp(−β²Dᵢⱼ/2) over all pairs, some rows at a time."""
    n = len(scores)
    step = max(1, BLOCK // n)
    total, starts = 0.0, range(0, n, step)
    for start in progress(starts, len(starts), "comparing pairs of cases"):
        rows = slice(start, start + step)
        apart = own[rows, None] + own[None, :] - 2 * (scores[rows] @ scores.T)
        total += float(np.exp(-beta2 / 2 * apart).sum())
    return total / n**2


def mahalanobis_squared(values: Array) -> Array:
    """Return squared distances from the mean of complete answers (n, p), by S with n − 1; (n,).

    Examples
    --------
    >>> mahalanobis_squared(np.array([[0.0], [1.0], [2.0]])).round(6).tolist()
    [1.0, 0.0, 1.0]
    """
    centred = values - values.mean(axis=0)
    left, _, _ = np.linalg.svd(centred, full_matrices=False)
    return np.asarray((len(values) - 1) * (left**2).sum(axis=1))


def refuse_redundant(values: Array) -> None:
    """Raise a DataError where items have no distances: one is a sum of others or repeats one."""
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    singular = np.linalg.svd(scaled, compute_uv=False)
    if singular[-1] <= 1e-7 * singular[0]:
        raise DataError(
            "One item is a sum of others (or repeats one), so there are no distances.",
            code="normality.redundant_items",
            hint="Leave out scores that are made of items in the same call, and repeated items.",
        )
