"""Measures of how two sets of categories go together, from counts of baskets."""

from __future__ import annotations

import numpy as np
from scipy import stats

from loyaltysem.core.types import Array


def confidence(both: Array, first: Array) -> Array:
    """Return the share of baskets with the first that also hold the second.

    Examples
    --------
    >>> confidence(np.array([2.0]), np.array([4.0])).tolist()
    [0.5]
    """
    return both / first


def lift(n: float, both: Array, first: Array, second: Array) -> Array:
    """Return P(AB) / (P(A) P(B)): 1 where they are independent (Brin et al., 1997, "interest").

    Examples
    --------
    >>> lift(10.0, np.array([2.0]), np.array([4.0]), np.array([5.0])).tolist()
    [1.0]
    """
    return both * n / (first * second)


def leverage(n: float, both: Array, first: Array, second: Array) -> Array:
    """Return P(AB) − P(A) P(B): 0 where they are independent (Piatetsky-Shapiro, 1991).

    Examples
    --------
    >>> leverage(10.0, np.array([3.0]), np.array([4.0]), np.array([5.0])).round(3).tolist()
    [0.1]
    """
    return both / n - (first / n) * (second / n)


def conviction(n: float, both: Array, first: Array, second: Array) -> Array:
    """Return P(A) P(not B) / P(A, not B) (Brin et al., 1997); infinite where A never lacks B.

    Examples
    --------
    >>> conviction(10.0, np.array([3.0, 4.0]), np.array([4.0, 4.0]), np.array([5.0, 5.0])).tolist()
    [2.0, inf]
    """
    without = first - both
    with np.errstate(divide="ignore"):
        return np.where(without > 0, first * (n - second) / n / without, np.inf)


def fisher_greater(n: float, both: Array, first: Array, second: Array) -> Array:
    """Return p of Fisher's (1922) exact test that A and B go together more than by chance.

    Notes
    -----
    P(X ≥ n_AB) of the hypergeometric distribution with the margins of the 2 × 2 table.

    Examples
    --------
    Fisher's lady tasting tea: four cups of eight, three or four of them named rightly.

    >>> fisher_greater(8, np.array([4, 3]), np.array([4, 4]), np.array([4, 4])).round(4).tolist()
    [0.0143, 0.2429]
    """
    return np.asarray(stats.hypergeom.sf(both - 1, n, first, second), dtype=np.float64)


def chi_square(n: float, both: Array, first: Array, second: Array) -> Array:
    """Return p of Pearson's χ² of the 2 × 2 table, 1 df, without continuity correction.

    Examples
    --------
    >>> chi_square(100.0, np.array([30.0]), np.array([50.0]), np.array([40.0])).round(5).tolist()
    [4e-05]
    """
    spread = first * second * (n - first) * (n - second)
    excess = n * (n * both - first * second) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        chisq = np.where(spread > 0, excess / spread, np.nan)
    return np.asarray(stats.chi2.sf(chisq, 1), dtype=np.float64)
