"""Distributions kept as values with counts: quantiles and moments as of the values written out."""

from __future__ import annotations

import numpy as np

from loyaltysem.core.types import Array


def counted_quantile(values: Array, counts: Array, share: float) -> float:
    """Return a quantile, interpolated as NumPy does by default; NaN of nothing.

    Parameters
    ----------
    values, counts : Array
        Values ascending, and how often each occurs.
    share : float

    Examples
    --------
    >>> counted_quantile(np.array([1.0, 5.0]), np.array([3, 1]), 0.75)
    2.0
    """
    n = counts.sum()
    if not n:
        return float("nan")
    place = (n - 1) * share
    cumulative = np.cumsum(counts)
    low, high = (
        float(values[np.searchsorted(cumulative, at, side="right")])
        for at in (np.floor(place), np.ceil(place))
    )
    return low + (high - low) * float(place - np.floor(place))


def counted_moments(values: Array, counts: Array) -> tuple[float, float]:
    """Return mean and standard deviation (n − 1); NaN where there are too few.

    Examples
    --------
    >>> counted_moments(np.array([1.0, 4.0]), np.array([2, 1]))
    (2.0, 1.7320508075688772)
    """
    n = float(counts.sum())
    if not n:
        return float("nan"), float("nan")
    mean = float(values @ counts) / n
    if n < 2:
        return mean, float("nan")
    return mean, float(np.sqrt(((values - mean) ** 2 @ counts) / (n - 1)))
