"""Answers far from everybody's: squared Mahalanobis distance, with missing answers."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from scipy.stats import chi2

from loyaltysem.core.types import Array, Mask

MissingAnswers: TypeAlias = Literal["observed", "centre"]
SMALLEST = 1e-8
"""An eigenvalue below this share of the largest makes a correlation matrix singular."""


def mahalanobis(
    answers: Array, *, missing: MissingAnswers = "observed", reference: Mask | None = None
) -> tuple[Array, Array]:
    """Return each person's squared Mahalanobis distance and its degrees of freedom.

    Parameters
    ----------
    answers : Array
        Shape (N, p), NaN where missing.
    missing : {"observed", "centre"}
        ``observed``: the distance within the items a person answered, whose degrees of freedom
        are their number. ``centre``: a missing answer counts as the item's mean, as
        ``psych::outlier`` and so ``careless::mahad`` do; the distance of a person with missing
        answers then comes out too small.
    reference : Mask, optional
        The people whose answers give means and covariances, shape (N,); everybody by default.

    Returns
    -------
    distance : Array
        D², shape (N,); NaN for a person without an answer, and for all when the covariance matrix
        is singular (fewer people than items, or an item that others determine).
    df : Array
        Number of items that count, shape (N,). Under multivariate normal answers D² follows χ²
        with these degrees of freedom when N is large.

    Notes
    -----
    D² = (x − x̄)' S⁻¹ (x − x̄), means and covariances over the answers there are (pairwise). For
    complete data both settings agree. Items that do not vary are left out. D² is blind to which
    items are reversed. Recommended for random answers by Meade and Craig (2012).

    Examples
    --------
    >>> x = np.array([[1, 2.0], [2, 1], [3, 4], [4, 3], [2.5, np.nan]])
    >>> distance, df = mahalanobis(x)
    >>> distance.round(3).tolist(), df.tolist()
    ([2.365, 1.596, 1.596, 2.365, 0.0], [2.0, 2.0, 2.0, 2.0, 1.0])
    """
    given = ~np.isnan(answers)
    norm = np.ones(len(answers), dtype=bool) if reference is None else reference
    z, varied = _standardised(answers, given, norm)
    z, given = z[:, varied], given[:, varied]
    df = given.sum(axis=1).astype(np.float64)
    precision = _precision(z[norm], given[norm])
    if precision is None:
        return np.full(len(z), np.nan), df
    product = z @ precision
    distance = np.einsum("ij,ij->i", product, z)
    if missing == "observed":
        distance = distance - _due_to_missing(product, precision, given)
    return np.where(df > 0, np.maximum(distance, 0.0), np.nan), df


def unmasked_tail(answers: Array, suspicious: Mask, first_pass: float = 0.01) -> Array:
    """Return upper tail probabilities of distances from the people who look attentive, (N,).

    Parameters
    ----------
    answers : Array
        Shape (N, p).
    suspicious : Mask
        People set aside on other grounds, shape (N,).
    first_pass : float
        Whoever is farther out than this tail probability in the first pass is set aside too.

    Notes
    -----
    Random answers inflate the covariances their own distance is measured by, and so hide each
    other (masking). The first pass measures from everybody, the second from who is not set aside.
    Where too few are left for a second pass, the first one counts.
    """
    tail = tail_probability(*mahalanobis(answers))
    kept = ~suspicious & ~(tail < first_pass)
    distance, df = mahalanobis(answers, reference=kept)
    return tail if np.isnan(distance).all() else tail_probability(distance, df)


def tail_probability(distance: Array, df: Array) -> Array:
    """Return P(χ² > D²) by each person's degrees of freedom, shape (N,)."""
    return np.asarray(chi2.sf(distance, np.where(df > 0, df, np.nan)), dtype=np.float64)


def _standardised(answers: Array, given: Mask, norm: Mask) -> tuple[Array, Mask]:
    """Return z scores by the people of the norm, 0 where missing, and which items vary in it."""
    counted = given & norm[:, None]
    n = counted.sum(axis=0)
    mean = np.where(counted, answers, 0.0).sum(axis=0) / np.maximum(n, 1)
    centred = np.where(given, answers - mean, 0.0)
    squares = np.where(counted, centred**2, 0.0).sum(axis=0)
    scale = np.sqrt(squares / np.maximum(n - 1, 1))
    varied: Mask = scale > 1e-12 * np.maximum(np.abs(mean), 1.0)
    return centred / np.where(varied, scale, 1.0), varied


def _precision(z: Array, given: Mask) -> Array | None:
    """Return the inverse of the pairwise covariances of `z`; None when it does not exist."""
    if not z.shape[1]:
        return None
    covariance = pairwise_covariance(z, given)
    if not np.isfinite(covariance).all():
        return None
    values, vectors = np.linalg.eigh(covariance)
    if values[0] <= SMALLEST * values[-1]:
        return None
    inverse: Array = (vectors / values) @ vectors.T
    return inverse


def pairwise_covariance(answers: Array, given: Mask) -> Array:
    """Return covariances over the rows in which both items were answered, shape (p, p).

    `answers` hold 0 where not `given`; columns should be centred, which keeps digits.
    """
    g = given.astype(np.float64)
    n = g.T @ g
    sums = answers.T @ g  # sum of item i over the rows where j was answered too
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance: Array = (answers.T @ answers - sums * sums.T / n) / (n - 1.0)
    return covariance


def _due_to_missing(product: Array, precision: Array, given: Mask) -> Array:
    """Return how much D² with missing answers at the mean exceeds D² of the observed part.

    With K = S⁻¹ and z zero where missing, z'Kz − (Kz)ₘ' Kₘₘ⁻¹ (Kz)ₘ = zₒ' Sₒₒ⁻¹ zₒ (block inverse).
    """
    excess = np.zeros(len(given))
    for row in np.flatnonzero(~given.all(axis=1)):
        absent = ~given[row]
        part = product[row, absent]
        excess[row] = part @ np.linalg.solve(precision[np.ix_(absent, absent)], part)
    return excess
