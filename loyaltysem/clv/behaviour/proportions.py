"""Shares of customers with an interval, and p values of many tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.types import Array

#: Confidence of intervals unless another is asked for.
LEVEL = 0.95


def normal_quantile(level: float) -> float:
    """Return z of a two-sided interval.

    Raises
    ------
    IncompatibleRequestError
        When `level` does not lie between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    if not 0.0 < level < 1.0:
        raise IncompatibleRequestError(
            f"level={level!r} is no confidence: it lies between 0 and 1.",
            code="request.level",
            hint="Use level=0.95 for a 95 % interval.",
        )
    return float(stats.norm.ppf(0.5 + level / 2))


def wilson(successes: ArrayLike, n: ArrayLike, level: float = LEVEL) -> tuple[Array, Array]:
    """Return the ends of Wilson's interval of shares; NaN where n is 0.

    Parameters
    ----------
    successes, n : array_like
        Counts of the same shape.
    level : float

    Returns
    -------
    lower, upper : Array

    Notes
    -----
    (p̂ + z²/2n ± z √(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n) (Wilson, 1927). It stays inside [0, 1] and
    keeps its coverage for the small shares that old cohorts have.

    Examples
    --------
    >>> [end.round(4).tolist() for end in wilson([8, 0], [10, 5])]
    [[0.4902, 0.0], [0.9433, 0.4345]]
    """
    z = normal_quantile(level)
    size = np.asarray(n, dtype=np.float64)
    size = np.where(size > 0, size, np.nan)
    p = np.asarray(successes, dtype=np.float64) / size
    centre = p + z**2 / (2 * size)
    half = z * np.sqrt(p * (1 - p) / size + z**2 / (4 * size**2))
    scale = 1 + z**2 / size
    # rounding must not take an end that is exactly 0 or 1 past the share itself
    lower = np.where(p == 0.0, 0.0, (centre - half) / scale)
    return lower, np.where(p == 1.0, 1.0, (centre + half) / scale)


def holm(pvalues: Array) -> Array:
    """Return p values corrected by Holm's (1979) step-down method.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(pvalues, kind="stable")
    steps = pvalues[order] * np.arange(order.size, 0, -1)
    out = np.empty_like(pvalues)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if order.size else steps
    return out


def false_discovery(pvalues: Array) -> Array:
    """Return p values corrected by Benjamini and Hochberg's (1995) step-up method.

    Examples
    --------
    >>> false_discovery(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    if not pvalues.size:
        return pvalues.copy()
    return np.asarray(stats.false_discovery_control(pvalues), dtype=np.float64)
