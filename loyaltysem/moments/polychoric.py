"""Correlation of two ordered variables (Olsson 1979, two-step).

Without covariates all that counts is the table of a pair; with covariates every case has its own
bounds. Both are grids of rectangles: R × S corners make (R − 1)(S − 1) cells, M grids a pair
(a table: one grid of all thresholds; cases: N grids of a single cell).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.moments.bivariate_normal import (
    bivariate_cdf,
    bivariate_density,
    conditional_interval,
    density,
)
from loyaltysem.moments.correlation_search import maximise_correlations
from loyaltysem.moments.margins import BoundProducts, OrderedMargin, bound_products

# Cells less likely than this carry no information that survives rounding; lavaan's limit as well.
_FLOOR = float(np.sqrt(np.finfo(np.float64).eps))
_BOUND = 0.999


@dataclass(frozen=True, slots=True)
class Rectangles:
    """Likelihood of P pairs of ordered variables.

    Attributes
    ----------
    first : Array, shape (P, R, 1, M)
        Corners along the first variable, ±∞ at the ends.
    second : Array, shape (P, 1, S, M)
        Corners along the second.
    counts : Array, shape (P, R − 1, S − 1, M)
    """

    first: Array
    second: Array
    counts: Array

    @property
    def weight(self) -> Array:
        """Counts as (P, K)."""
        return self.counts.reshape(len(self.counts), -1)

    @property
    def floor(self) -> float:
        """Smallest probability that is taken at its word."""
        return _FLOOR

    def take(self, rows: Indices) -> Rectangles:
        """Keep some pairs."""
        return Rectangles(self.first[rows], self.second[rows], self.counts[rows])

    def probability(self, rho: Array) -> Array:
        """Return the probability of every cell, shape (P, K)."""
        return _cells(bivariate_cdf(self.first, self.second, _spread(rho)))

    def derivatives(self, rho: Array) -> tuple[Array, Array, Array]:
        """Return probabilities with first and second derivatives in ρ, each (P, K)."""
        first, second = bivariate_density(self.first, self.second, _spread(rho))
        return self.probability(rho), _cells(first), _cells(second)

    def at_bounds(self, rho: Array) -> tuple[Array, Array, Array, Array]:
        """Differentiate the probabilities in lower and upper bound of first and second variable.

        Returns four arrays (P, K).
        """
        r = _spread(rho)
        f, s = self.first, self.second
        along_first = conditional_interval(f, s[:, :, :-1], s[:, :, 1:], r)
        along_second = conditional_interval(s, f[:, :-1], f[:, 1:], r)
        edges = (
            -along_first[:, :-1],
            along_first[:, 1:],
            -along_second[:, :, :-1],
            along_second[:, :, 1:],
        )
        lower, upper, lower2, upper2 = (e.reshape(len(rho), -1) for e in edges)
        return lower, upper, lower2, upper2


def _spread(rho: Array) -> Array:
    return rho[:, None, None, None]


def _cells(corners: Array) -> Array:
    """Difference along both axes: corners (P, R, S, M) to cells (P, K)."""
    cells = np.diff(np.diff(corners, axis=1), axis=2)
    return cells.reshape(len(cells), -1)


@dataclass(frozen=True, slots=True)
class OrderedPairs:
    """What the third stage needs of P pairs.

    Attributes
    ----------
    rho : Array, shape (P,)
    converged : Mask, shape (P,)
    empty_cells : Indices, shape (P,)
        Cells that no case falls in (without covariates).
    score : Array, shape (P, N)
        ∂ log L/∂ρ of every case.
    first, second : BoundProducts
        Scores times derivatives in the bounds of either variable.
    """

    rho: Array
    converged: Mask
    empty_cells: Indices
    score: Array
    first: BoundProducts
    second: BoundProducts


def fit_ordered_pairs(
    margins: Sequence[OrderedMargin], i: Indices, j: Indices, x: Array
) -> OrderedPairs:
    """Estimate the polychoric correlations of the pairs (i, j) given their margins.

    Parameters
    ----------
    margins : sequence of OrderedMargin
        All ordered variables.
    i, j : Indices, shape (P,)
        Positions among `margins`.
    x : Array, shape (N, nx)
        Covariates.

    Returns
    -------
    OrderedPairs
    """
    codes = np.stack([m.codes for m in margins])
    start = _start(margins, codes)[i, j]
    if x.shape[1]:
        rectangles = _of_cases(margins, i, j)
        rho, converged = maximise_correlations(rectangles, start, _BOUND)
        score, first, second = _case_products(rectangles, rho, (codes[i], codes[j]), x)
        return OrderedPairs(rho, converged, np.zeros(len(i), dtype=np.intp), score, first, second)
    rectangles, cell = _of_tables(margins, codes, i, j)
    size = np.array([len(m.thresholds) + 1 for m in margins], dtype=np.intp)
    counts, empty = complete_tables(rectangles.counts, size[i], size[j])
    completed = Rectangles(rectangles.first, rectangles.second, counts)
    rho, converged = maximise_correlations(completed, start, _BOUND)
    score, first, second = _table_products(rectangles, rho, cell)
    return OrderedPairs(rho, converged, empty, score, first, second)


def _start(margins: Sequence[OrderedMargin], codes: Indices) -> Array:
    """Correlations of the codes, corrected for the categories of both variables."""
    stretch = [c.std() / density(m.thresholds).sum() for m, c in zip(margins, codes, strict=True)]
    result: Array = np.atleast_2d(np.corrcoef(codes)) * np.outer(stretch, stretch)
    return result


def _of_cases(margins: Sequence[OrderedMargin], i: Indices, j: Indices) -> Rectangles:
    """One cell a case: corners (P, 2, N)."""
    corners = np.stack([np.stack([m.lower, m.upper]) for m in margins])
    first, second = corners[i][:, :, None, :], corners[j][:, None, :, :]
    return Rectangles(first, second, np.ones((len(i), 1, 1, corners.shape[-1])))


def _of_tables(
    margins: Sequence[OrderedMargin], codes: Indices, i: Indices, j: Indices
) -> tuple[Rectangles, Indices]:
    """One table a pair, and the cell each case falls in (P, N).

    Variables with fewer categories than others get empty ones at the end.
    """
    c = max(len(m.thresholds) for m in margins) + 1
    bounds = np.full((len(margins), c + 1), np.inf)
    for row, margin in zip(bounds, margins, strict=True):
        row[: len(margin.thresholds) + 1] = margin.bounds[:-1]
    chosen = (codes[:, None, :] == np.arange(c)[None, :, None]).astype(np.float64)
    flat = chosen.reshape(len(margins) * c, -1)
    joint = (flat @ flat.T).reshape(len(margins), c, len(margins), c)
    counts = joint[i, :, j, :][..., None]
    rectangles = Rectangles(bounds[i][:, :, None, None], bounds[j][:, None, :, None], counts)
    return rectangles, codes[i] * c + codes[j]


def complete_tables(counts: Array, rows: Indices, columns: Indices) -> tuple[Array, Indices]:
    """Add ½ to the empty cell of a 2 × 2 table, keeping its margins; count empty cells.

    Two empty cells of a 2 × 2 table mean a perfect correlation and are left alone, as are larger
    tables.

    Parameters
    ----------
    counts : Array, shape (P, C, C, 1)
        Tables, those of variables with fewer categories filled up with empty ones.
    rows, columns : Indices, shape (P,)
        Categories of the two variables of each table.
    """
    within = counts[..., 0] > 0
    empty = rows * columns - within.sum(axis=(1, 2))
    single = np.flatnonzero((rows == 2) & (columns == 2) & (empty == 1))
    out = counts.copy()
    corner = counts[single, :2, :2, 0]
    on_diagonal = (corner[:, 0, 0] == 0) | (corner[:, 1, 1] == 0)
    shift = np.where(on_diagonal, 0.5, -0.5)[:, None, None]
    out[single, :2, :2, 0] = corner + shift * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return out, empty


def _relative(rectangles: Rectangles, rho: Array) -> tuple[Array, tuple[Array, ...]]:
    """Differentiate log probabilities in ρ and the four bounds, (P, K); 0 below the floor."""
    probability, first, _ = rectangles.derivatives(rho)
    inverse = np.where(probability > _FLOOR, 1.0 / np.maximum(probability, _FLOOR), 0.0)
    return first * inverse, tuple(e * inverse for e in rectangles.at_bounds(rho))


def _case_products(
    rectangles: Rectangles, rho: Array, codes: tuple[Indices, Indices], x: Array
) -> tuple[Array, BoundProducts, BoundProducts]:
    score, (l1, u1, l2, u2) = _relative(rectangles, rho)
    first = bound_products(codes[0], score * l1, score * u1, x)
    return score, first, bound_products(codes[1], score * l2, score * u2, x)


def _table_products(
    rectangles: Rectangles, rho: Array, cell: Indices
) -> tuple[Array, BoundProducts, BoundProducts]:
    score, edges = _relative(rectangles, rho)
    shape = rectangles.counts.shape[:3]
    weighted = score * rectangles.weight
    l1, u1, l2, u2 = ((weighted * e).reshape(shape) for e in edges)
    none = np.zeros((len(rho), 0))
    return (
        np.take_along_axis(score, cell, axis=1),
        BoundProducts(l1.sum(2), u1.sum(2), none),
        BoundProducts(l2.sum(1), u2.sum(1), none),
    )
