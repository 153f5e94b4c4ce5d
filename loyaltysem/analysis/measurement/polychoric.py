"""Correlations of what lies behind ordered answers, as items are usually analysed in pairs."""

from __future__ import annotations

import numpy as np

from loyaltysem.core.errors import DataError
from loyaltysem.core.types import Array
from loyaltysem.moments.margins import ordered_margin
from loyaltysem.moments.polychoric import fit_ordered_pairs

#: More different answers than this are not categories.
MOST_CATEGORIES = 30


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
    likelihood given them. psych's ``polychoric`` adds ½ to empty cells of any table
    (``correct = .5``); here, as in lavaan, only to a single empty cell of a 2 × 2 table.

    Examples
    --------
    >>> answers = np.array([[1, 1], [1, 2], [2, 1], [2, 2], [1, 1], [2, 2]], dtype=float)
    >>> polychoric_correlations(answers).round(4).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    codes = [np.unique(column, return_inverse=True)[1] for column in values.T]
    counts = np.array([code.max(initial=0) + 1 for code in codes], dtype=np.intp)
    if (counts > MOST_CATEGORIES).any():
        raise DataError(
            f"An ordered item has {counts.max()} different answers; at most {MOST_CATEGORIES}"
            " can be categories.",
            code="data.categories",
            hint="Treat the items as numeric, or group the answers.",
        )
    cor = np.full((len(codes), len(codes)), np.nan)
    varying = np.flatnonzero(counts > 1)
    nothing = np.zeros((len(values), 0))
    margins = [ordered_margin(codes[j], int(counts[j]), nothing) for j in varying]
    cor[varying, varying] = 1.0
    if varying.size > 1:
        i, j = np.tril_indices(varying.size, -1)
        rho = fit_ordered_pairs(margins, i, j, nothing).rho
        cor[varying[i], varying[j]] = cor[varying[j], varying[i]] = rho
    return cor
