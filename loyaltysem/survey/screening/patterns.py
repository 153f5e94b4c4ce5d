"""Answers that do not vary: strings of identical answers, and their spread within a person.

Every function takes answers as given (reverse items not turned), shape (N, p), NaN where missing,
the columns in the order in which the items were asked.
"""

from __future__ import annotations

import numpy as np

from loyaltysem.core.types import Array, Indices


def longstring(answers: Array) -> Array:
    """Return the length of each person's longest string of identical consecutive answers.

    Parameters
    ----------
    answers : Array
        Shape (N, p), in the order asked.

    Returns
    -------
    Array
        Shape (N,), in items; NaN for a person who answered nothing.

    Notes
    -----
    As ``careless::longstring``, which takes R's `rle` of each row: a missing answer ends a string
    and is a string of length 1 itself. There a row without any answer has the value 1. The index
    goes back to Johnson (2005).

    Examples
    --------
    >>> longstring(np.array([[3, 3, 3, 4], [1, np.nan, 1, 1]])).tolist()
    [3.0, 2.0]
    """
    count, _ = answers.shape
    current = np.ones(count)
    longest = current.copy()
    for column in range(1, answers.shape[1]):
        same = answers[:, column] == answers[:, column - 1]
        current = np.where(same, current + 1.0, 1.0)
        longest = np.maximum(longest, current)
    return np.where(np.isnan(answers).all(axis=1), np.nan, longest)


def average_longstring(answers: Array) -> Array:
    """Return the mean length of each person's strings of identical consecutive answers, (N,).

    Notes
    -----
    As ``careless::longstring(avg = TRUE)``: the number of items over the number of strings.

    Examples
    --------
    >>> average_longstring(np.array([[3, 3, 3, 4.0]])).tolist()
    [2.0]
    """
    breaks = answers[:, 1:] != answers[:, :-1]
    average = answers.shape[1] / (1.0 + breaks.sum(axis=1))
    return np.where(np.isnan(answers).all(axis=1), np.nan, average)


def intra_individual_variability(answers: Array) -> Array:
    """Return the standard deviation of each person's answers over items (IRV), shape (N,).

    Notes
    -----
    Divided by the number of answers less one, over the answers given, as ``careless::irv``; NaN
    with fewer than two answers. Low values come from straight-lining (Dunn et al., 2018), high
    ones from random answers.

    Examples
    --------
    >>> intra_individual_variability(np.array([[1, 5, 3.0], [2, 2, 2]])).tolist()
    [2.0, 0.0]
    """
    given = ~np.isnan(answers)
    n = given.sum(axis=1).astype(np.float64)
    filled = np.where(given, answers, 0.0)
    mean = filled.sum(axis=1) / np.maximum(n, 1.0)
    squares = (np.where(given, answers - mean[:, None], 0.0) ** 2).sum(axis=1)
    variability = np.sqrt(squares / np.maximum(n - 1.0, 1.0))
    return np.where(n >= 2, variability, np.nan)


def variability_by_part(answers: Array, parts: int = 3) -> Array:
    """Return the IRV within consecutive parts of the questionnaire, shape (N, parts).

    Shows whether attention fades towards the end; ``careless::irv(split = TRUE)``.

    Examples
    --------
    >>> variability_by_part(np.array([[1, 3, 5, 5.0]]), 2).round(2).tolist()
    [[1.41, 0.0]]
    """
    columns: list[Indices] = np.array_split(np.arange(answers.shape[1]), parts)
    return np.column_stack([intra_individual_variability(answers[:, part]) for part in columns])
