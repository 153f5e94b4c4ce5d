"""Answers that contradict each other: correlations within a person.

Each index correlates two rows of numbers of one person: synonyms and antonyms over pairs of items,
even–odd over constructs, person–total over items.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from loyaltysem.core.types import Array, Indices, Mask

PairKind: TypeAlias = Literal["synonyms", "antonyms"]
FEWEST_PAIRS = 3


def critical_pairs(answers: Array, critical: float = 0.60, kind: PairKind = "synonyms") -> Indices:
    """Return the pairs of items whose correlation over people is beyond a critical value.

    Parameters
    ----------
    answers : Array
        Shape (N, p), as given.
    critical : float
        Pairs need r > `critical` as synonyms, r < −`critical` as antonyms.
    kind : {"synonyms", "antonyms"}
        Which end.

    Returns
    -------
    Indices
        Shape (pairs, 2), column numbers, the earlier item first.

    Examples
    --------
    >>> x = np.array([[1, 2, 5], [2, 2, 4], [3, 5, 3], [4, 4, 2.0]])
    >>> critical_pairs(x).tolist(), critical_pairs(x, 0.9, "antonyms").tolist()
    ([[0, 1]], [[0, 2]])
    """
    r = item_correlations(answers)
    strong = r > critical if kind == "synonyms" else r < -critical
    return np.argwhere(np.triu(strong, k=1))


def item_correlations(answers: Array) -> Array:
    """Return correlations of items over the people who answered both, (p, p); NaN if undefined."""
    given = ~np.isnan(answers)
    g = given.astype(np.float64)
    size = np.where(given, np.abs(answers), 0.0).max(axis=0, initial=0.0)
    x = np.where(given, answers - _mean(answers.T)[None, :], 0.0)
    n, sums, squares = g.T @ g, x.T @ g, (x * x).T @ g  # over the people who answered both
    n = np.where(n > 1, n, np.nan)
    spread = squares - sums**2 / n
    spread = np.where(spread > n * (1e-10 * size[:, None]) ** 2, spread, np.nan)
    r: Array = (x.T @ x - sums * sums.T / n) / np.sqrt(spread * spread.T)
    return np.clip(r, -1.0, 1.0)


def psychometric_pairs(answers: Array, pairs: Indices) -> Array:
    """Return each person's correlation over pairs of items: synonyms or antonyms.

    Parameters
    ----------
    answers : Array
        Shape (N, p), as given.
    pairs : Indices
        Shape (pairs, 2), such as `critical_pairs` finds or the questionnaire names.

    Returns
    -------
    Array
        Shape (N,). NaN where fewer than three pairs were answered whole, or one side does not vary.

    Notes
    -----
    r of the first members with the second members within a person, as ``careless::psychsyn`` with
    ``resample_na = FALSE``; its default shuffles the members of pairs at random until the
    correlation exists. Near 1 for attentive people over synonyms, near −1 over antonyms, near 0 for
    random answers (Meade & Craig, 2012).

    Examples
    --------
    >>> psychometric_pairs(np.array([[1, 2, 3, 3, 5, 4.0]]), np.array([[0, 1], [2, 3], [4, 5]]))
    array([1.])
    """
    first, second = answers[:, pairs[:, 0]], answers[:, pairs[:, 1]]
    return within_person_correlation(first, second, fewest=FEWEST_PAIRS)


def even_odd(answers: Array, factors: Sequence[Indices]) -> Array:
    """Return each person's even–odd consistency over constructs, Spearman–Brown corrected.

    Parameters
    ----------
    answers : Array
        Shape (N, p), reverse items turned.
    factors : sequence of Indices
        Columns of each construct, in the order asked; at least two constructs of two items.

    Returns
    -------
    Array
        Shape (N,), in [−1, 1]; 1 is consistent. NaN where one side does not vary.

    Notes
    -----
    Within a person, r of the means of the odd with the means of the even items over constructs;
    then 2r / (1 + r), not below −1. ``careless::evenodd`` since version 1.2 returns the negative of
    this. After Johnson (2005).

    Examples
    --------
    >>> x = np.array([[1, 1, 3, 2, 5, 5.0]])
    >>> even_odd(x, [np.array([0, 1]), np.array([2, 3]), np.array([4, 5])]).round(3).tolist()
    [0.98]
    """
    odd = np.column_stack([_mean(answers[:, factor[0::2]]) for factor in factors])
    even = np.column_stack([_mean(answers[:, factor[1::2]]) for factor in factors])
    r = within_person_correlation(odd, even)
    with np.errstate(divide="ignore"):
        corrected = 2.0 * r / (1.0 + r)
    return np.where(np.isnan(r), np.nan, np.maximum(corrected, -1.0))


def person_total(answers: Array) -> Array:
    """Return the correlation of each person's answers with the item means of all others, (N,).

    Parameters
    ----------
    answers : Array
        Shape (N, p), as given: reverse items make the index sharper.

    Notes
    -----
    The person-total correlation (Curran, 2016), the person's own answers left out of the means.
    Low or negative where somebody answers unlike everybody else.

    Examples
    --------
    >>> x = np.array([[1, 2, 5], [2, 2, 4], [1, 3, 4], [5, 3, 1.0]])
    >>> person_total(x).round(2).tolist()
    [0.97, 0.94, 0.5, -0.98]
    """
    given = ~np.isnan(answers)
    filled = np.where(given, answers, 0.0)
    others = given.sum(axis=0) - given
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (filled.sum(axis=0) - filled) / np.where(others > 0, others, np.nan)
    return within_person_correlation(answers, means, fewest=FEWEST_PAIRS)


def within_person_correlation(first: Array, second: Array, *, fewest: int = 2) -> Array:
    """Correlate two arrays row by row over the columns present in both.

    Parameters
    ----------
    first, second : Array
        Shape (N, k).
    fewest : int
        Columns needed.

    Returns
    -------
    Array
        Shape (N,); NaN with fewer columns, or where one side does not vary.
    """
    both = ~(np.isnan(first) | np.isnan(second))
    n = both.sum(axis=1)
    x, y = (_centred(side, both, n) for side in (first, second))
    xx, yy, xy = (x * x).sum(axis=1), (y * y).sum(axis=1), (x * y).sum(axis=1)
    product = np.sqrt(xx * yy)
    usable = (n >= fewest) & _varies(xx, first, both) & _varies(yy, second, both)
    r = xy / np.where(usable, product, 1.0)
    return np.where(usable, np.clip(r, -1.0, 1.0), np.nan)


def _centred(values: Array, both: Mask, n: Array) -> Array:
    filled = np.where(both, values, 0.0)
    mean = filled.sum(axis=1) / np.maximum(n, 1)
    return np.where(both, values - mean[:, None], 0.0)


def _varies(squares: Array, values: Array, both: Mask) -> Mask:
    """Tell where a sum of squared deviations is more than rounding."""
    size = np.where(both, np.abs(values), 0.0).max(axis=1, initial=0.0)
    varies: Mask = squares > (1e-10 * np.maximum(size, 1e-300)) ** 2
    return varies


def _mean(values: Array) -> Array:
    """Return row means over what is there; NaN where nothing is."""
    given = ~np.isnan(values)
    n = given.sum(axis=1)
    total = np.where(given, values, 0.0).sum(axis=1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)
