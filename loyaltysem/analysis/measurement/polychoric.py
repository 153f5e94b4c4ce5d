"""Correlations of what lies behind ordered answers, for stacks of samples."""

from __future__ import annotations

import numpy as np

from loyaltysem.core.errors import DataError
from loyaltysem.core.types import Array, Indices
from loyaltysem.moments.categories import category_levels, code_categories
from loyaltysem.moments.ordered_correlations import ordered_correlations

#: More different answers than this are not categories.
MOST_CATEGORIES = 30
#: Entries of the indicator array (samples × cases × items × categories) made at a time.
BLOCK = 20_000_000


def polychoric_correlations(values: Array) -> Array:
    """Return the polychoric correlations of ordered items.

    Parameters
    ----------
    values : Array, shape (N, k)
        Complete answers. Categories are the values that occur, in their order.

    Returns
    -------
    Array, shape (k, k)
        NaN in the rows of an item that does not vary.

    Raises
    ------
    DataError
        An item has more than 30 different answers (code ``data.categories``).

    Notes
    -----
    Two-step estimates of Olsson (1979): thresholds from the margins, each correlation by maximum
    likelihood given them. psych's ``polychoric`` adds ½ to empty cells (``correct = .5``); here, as
    in lavaan, only to a single empty cell of a 2 × 2 table.

    Examples
    --------
    >>> answers = np.array([[1, 1], [1, 2], [2, 1], [2, 2], [1, 1], [2, 2]], dtype=float)
    >>> polychoric_correlations(answers).round(4).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    once = np.ones((1, len(values)), dtype=np.intp)
    return np.asarray(resampled_polychorics(values, once)[0])


def resampled_polychorics(values: Array, counts: Array | Indices) -> Array:
    """Return the polychoric correlations of samples that repeat or leave out cases.

    Parameters
    ----------
    values : Array, shape (N, k)
    counts : Array, shape (B, N)
        How often each case is in each sample; whole numbers of one sum.

    Returns
    -------
    Array, shape (B, k, k)
        NaN in the rows of an item that does not vary within a sample.
    """
    levels = category_levels(values, np.ones(values.shape[1], dtype=np.bool_))
    n_categories = np.array([len(level) for level in levels], dtype=np.intp)
    if (n_categories > MOST_CATEGORIES).any():
        raise DataError(
            f"An ordered item has {n_categories.max()} different answers; at most"
            f" {MOST_CATEGORIES} can be categories.",
            code="data.categories",
            hint="Treat the items as numeric, or group the answers.",
        )
    codes = code_categories(values, levels)
    step = max(1, BLOCK // (codes.size * int(n_categories.max())))
    blocks = [counts[i : i + step].astype(np.intp) for i in range(0, len(counts), step)]
    return np.concatenate([_block(codes, block, n_categories) for block in blocks])


def _block(codes: Array, counts: Indices, n_categories: Indices) -> Array:
    samples = np.stack([np.repeat(codes, row, axis=0) for row in counts])
    constant = np.ptp(samples, axis=1) == 0
    with np.errstate(divide="ignore", invalid="ignore"):  # margins of items that do not vary
        cor = ordered_correlations(samples, n_categories).rho
    return np.asarray(np.where(constant[:, :, None] | constant[:, None, :], np.nan, cor))
