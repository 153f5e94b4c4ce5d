"""What the record shows besides the answers: time taken, instructions missed, doubles, gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from loyaltysem.core.types import Array, Indices

NEVER = -1
"""Stands where a record has no earlier double."""


def seconds_per_item(seconds: Array, answered: Array) -> Array:
    """Return the time a person took over each item answered, in seconds, shape (N,).

    Times that are missing or not above 0, and people who answered nothing, give NaN.

    Examples
    --------
    >>> seconds_per_item(np.array([60.0, -1.0]), np.array([24.0, 24.0])).tolist()
    [2.5, nan]
    """
    usable = (seconds > 0) & np.isfinite(seconds) & (answered > 0)
    return np.where(usable, seconds / np.where(usable, answered, 1.0), np.nan)


def instructions_missed(answers: pd.DataFrame, instructed: Mapping[str, Sequence[float]]) -> Array:
    """Count the instructed-response items answered otherwise than instructed, shape (N,).

    Parameters
    ----------
    answers : DataFrame
        As given.
    instructed : mapping of str to sequence of float
        The answers that obey, by item. An item left blank is not counted.

    Examples
    --------
    >>> frame = pd.DataFrame({"check": [4.0, 2.0, np.nan]})
    >>> instructions_missed(frame, {"check": [4.0]}).tolist()
    [0.0, 1.0, 0.0]
    """
    missed = np.zeros(len(answers))
    for item, obeying in instructed.items():
        values = answers[item].to_numpy(np.float64)
        missed += ~np.isnan(values) & ~np.isin(values, list(obeying))
    return missed


def earlier_double(rows: pd.DataFrame) -> Indices:
    """Return the position of the first row with the same cells, or −1 for a first one, (N,).

    Missing cells equal each other; a row of nothing but missing cells has no double.

    Examples
    --------
    >>> earlier_double(pd.DataFrame({"a": [1, 2, 1], "b": [3, 3, 3]})).tolist()
    [-1, -1, 0]
    """
    if not rows.shape[1]:
        return np.full(len(rows), NEVER, dtype=np.intp)
    groups = rows.groupby(list(rows.columns), dropna=False, sort=False).ngroup().to_numpy()
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    earliest = first[inverse]
    silent = rows.isna().all(axis=1).to_numpy()
    alone = silent | (earliest == np.arange(len(rows)))
    return np.where(alone, NEVER, earliest).astype(np.intp)


def missing_share(answers: Array) -> Array:
    """Return the share of items a person left unanswered, shape (N,).

    Examples
    --------
    >>> missing_share(np.array([[1, np.nan, 3, 4.0]])).tolist()
    [0.25]
    """
    if not answers.shape[1]:
        return np.full(len(answers), np.nan)
    share: Array = np.isnan(answers).mean(axis=1)
    return share
