"""Sets of three categories and more, by mlxtend's FP-growth."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, MissingExtraError

#: Baskets × categories that may come into memory, one byte each.
MOST_CELLS = 500_000_000


def larger_sets(cells: Any, n: int, least: int, max_size: int) -> pd.DataFrame:
    """Return sets of three categories and more, every way to divide them in two.

    Parameters
    ----------
    cells : ibis.Table
        One row a basket and category.
    n, least : int
        Baskets, and how many must hold a set.
    max_size : int

    Returns
    -------
    DataFrame
        ``first, second`` (tuples of categories), ``both, n_first, n_second``.

    Raises
    ------
    MissingExtraError
        mlxtend is not installed.
    DataError
        There are too many baskets for memory.
    """
    try:
        from mlxtend.frequent_patterns import fpgrowth
    except ImportError as absent:
        raise MissingExtraError(
            "mlxtend", "baskets", "Sets of more than two categories"
        ) from absent
    held = _matrix(cells, n)
    found = fpgrowth(held, min_support=least / n, use_colnames=True, max_len=max_size)
    counts = {
        frozenset(names): round(share * n)
        for names, share in zip(found["itemsets"], found["support"], strict=True)
    }
    rows = [row for names in counts if len(names) > 2 for row in _divided(names, counts)]
    return pd.DataFrame(rows, columns=["first", "second", "both", "n_first", "n_second"])


def _matrix(cells: Any, n: int) -> pd.DataFrame:
    """Return which basket holds which category."""
    keys = [name for name in cells.columns if name != "category"]
    names = cells.select("category").distinct().to_pandas()["category"]
    if n * len(names) > MOST_CELLS:
        raise DataError(
            f"{n} baskets × {len(names)} categories do not fit into memory.",
            code="baskets.too_large",
            hint="Use max_size=2, coarser categories, or a sample of the log.",
        )
    frame = cells.to_pandas()
    row = frame.groupby(keys, sort=False).ngroup().to_numpy()
    column, categories = pd.factorize(frame["category"], sort=True)
    held = np.zeros((n, len(categories)), dtype=np.bool_)
    held[row, column] = True
    return pd.DataFrame(held, columns=categories)


def _divided(
    names: frozenset[str], counts: dict[frozenset[str], int]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], int, int, int]]:
    """Yield each way to divide a set in two once; subsets of a frequent set are frequent."""
    ordered = sorted(names)
    lead, rest = ordered[0], ordered[1:]
    for size in range(len(rest)):
        for chosen in combinations(rest, size):
            first = (lead, *chosen)
            second = tuple(x for x in ordered if x not in first)
            yield first, second, counts[names], counts[frozenset(first)], counts[frozenset(second)]
