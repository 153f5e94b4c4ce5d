"""Ordered answers as integer codes 0 … C − 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loyaltysem.core.types import Array, Indices, Mask


def category_levels(values: Array, ordered: Mask) -> tuple[Array, ...]:
    """Return the distinct answers of each ordered column, ascending; empty for numeric columns.

    Parameters
    ----------
    values : Array, shape (N, p)
        Cases of all groups together, so that every group is coded alike; NaN is ignored.
    ordered : Mask, shape (p,)
    """
    return tuple(
        np.unique(column[~np.isnan(column)]) if is_ordered else np.empty(0)
        for column, is_ordered in zip(values.T, ordered, strict=True)
    )


def code_categories(values: Array, levels: Sequence[Array]) -> Array:
    """Replace ordered answers by their position among `levels`; NaN stays.

    Parameters
    ----------
    values : Array, shape (N, p)
    levels : sequence of Array
        From `category_levels`.

    Examples
    --------
    >>> values = np.array([[1.0, 2.5], [5.0, 0.1], [3.0, 0.7]])
    >>> levels = category_levels(values, np.array([True, False]))
    >>> code_categories(values, levels)[:, 0].tolist()
    [0.0, 2.0, 1.0]
    """
    coded = np.array(values, dtype=np.float64)
    for j, level in enumerate(levels):
        if len(level):
            known = ~np.isnan(coded[:, j])
            coded[known, j] = np.searchsorted(level, coded[known, j])
    return coded


def category_counts(codes: Indices, n_categories: int) -> Array:
    """Return how often each code occurs, shape (C,)."""
    return np.bincount(codes, minlength=n_categories).astype(np.float64)


def empty_categories(codes: Array, levels: Sequence[Array]) -> tuple[tuple[int, int], ...]:
    """Return (column, code) of every category that no case of `codes` (N, p) chose."""
    found = []
    for j, level in enumerate(levels):
        if len(level):
            answered = codes[~np.isnan(codes[:, j]), j].astype(np.intp)
            counts = category_counts(answered, len(level))
            found += [(j, int(c)) for c in np.flatnonzero(counts == 0)]
    return tuple(found)
