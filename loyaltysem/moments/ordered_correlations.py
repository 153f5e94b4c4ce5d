"""Polychoric correlations alone, of many samples at once and with missing answers left in.

`ordinal_moments` estimates what a structural model needs, asymptotic covariances included; here
nothing but correlations and thresholds is computed, from tables of those who answered both items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.special import ndtri

from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.moments.bivariate_normal import density
from loyaltysem.moments.correlation_search import maximise_correlations
from loyaltysem.moments.polychoric import Rectangles, complete_tables

#: What is done about tables with empty cells; see `ordered_correlations`.
EmptyCells: TypeAlias = Literal["lavaan", "psych", "none"]
_BOUND = 0.999
#: What psych puts into an empty cell.
HALF = 0.5


@dataclass(frozen=True, slots=True)
class OrderedCorrelations:
    """Polychoric correlations of B samples.

    Attributes
    ----------
    rho : Array, shape (B, p, p)
    thresholds : Array, shape (B, p, C − 1)
        +∞ beyond the categories an item has.
    empty_cells : Indices, shape (B, p, p)
        Cells of each table that nobody is in.
    converged : Mask, shape (B, p, p)
    """

    rho: Array
    thresholds: Array
    empty_cells: Indices
    converged: Mask


def ordered_correlations(
    codes: Array, n_categories: Indices, empty_cells: EmptyCells = "lavaan"
) -> OrderedCorrelations:
    """Estimate polychoric correlations in two steps (Olsson 1979).

    Parameters
    ----------
    codes : Array, shape (B, N, p)
        Answers 0 … C − 1, NaN where there is none.
    n_categories : Indices, shape (p,)
        C of each item.
    empty_cells : {"lavaan", "psych", "none"}
        ``"lavaan"`` adds ½ to the one empty cell of a 2 × 2 table and keeps its margins;
        ``"psych"`` counts ½ in every empty cell and takes that table's thresholds from the result,
        but only where items differ in their number of categories, as ``psych::polychoric`` with
        ``correct=.5``; ``"none"`` leaves tables as they are.

    Returns
    -------
    OrderedCorrelations

    Notes
    -----
    ``"psych"`` divides a corrected table by its new sum; psych 2.2.9 by the number of cases, so its
    shares add up to more than 1 and its correlations differ in the third decimal.

    Examples
    --------
    >>> codes = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [0, 0], [1, 1.0]])[None]
    >>> ordered_correlations(codes, np.array([2, 2])).rho[0].round(3).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    b, _, p = codes.shape
    c = int(n_categories.max())
    i, j = np.triu_indices(p, 1)
    chosen = codes[:, :, :, None] == np.arange(c)
    thresholds = _thresholds(chosen.sum(axis=1).astype(np.float64))
    flat = chosen.reshape(b, -1, p * c).astype(np.float64)
    joint = (np.swapaxes(flat, 1, 2) @ flat).reshape(b, p, c, p, c)
    tables = _Tables(
        np.concatenate([joint[s][i, :, j, :] for s in range(b)]),
        np.concatenate([thresholds[s][i] for s in range(b)]),
        np.concatenate([thresholds[s][j] for s in range(b)]),
        np.tile(n_categories[i], b),
        np.tile(n_categories[j], b),
    )
    prepared, empty = tables.prepared(empty_cells)
    rho, converged = maximise_correlations(prepared.rectangles(), prepared.start(), _BOUND)
    return OrderedCorrelations(
        _squares(rho, b, p, 1.0),
        thresholds,
        _squares(empty, b, p, 0).astype(np.intp),
        _squares(converged, b, p, 1).astype(np.bool_),
    )


def _squares(values: Array | Indices | Mask, b: int, p: int, diagonal: float) -> Array:
    """Put one value a pair (B·P,) into symmetric matrices (B, p, p)."""
    out = np.empty((b, p, p))
    out[:, np.arange(p), np.arange(p)] = diagonal
    i, j = np.triu_indices(p, 1)
    out[:, i, j] = out[:, j, i] = np.asarray(values).reshape(b, -1)
    return out


def _thresholds(counts: Array) -> Array:
    """Return Φ⁻¹ of the cumulated shares of counts (…, C), shape (…, C − 1)."""
    with np.errstate(invalid="ignore"):
        share = counts.cumsum(axis=-1)[..., :-1] / counts.sum(axis=-1, keepdims=True)
    result: Array = ndtri(share)
    return result


@dataclass(frozen=True, slots=True)
class _Tables:
    """P tables of pairs.

    Counts (P, C, C), thresholds of rows and of columns (P, C − 1), and how many categories rows
    and columns have (P,).
    """

    counts: Array
    first: Array
    second: Array
    rows: Indices
    columns: Indices

    def prepared(self, rule: EmptyCells) -> tuple[_Tables, Indices]:
        """Do what the rule says about empty cells, and count them."""
        completed, empty = complete_tables(self.counts[..., None], self.rows, self.columns)
        if rule == "lavaan":
            return self._with(completed[..., 0]), empty
        same = bool((self.rows == self.rows[0]).all() and (self.columns == self.rows[0]).all())
        if rule == "none" or same:
            return self, empty
        # an answer that nobody of a table gave is no category of that table
        seen = (self.counts.sum(axis=2) > 0)[:, :, None] & (self.counts.sum(axis=1) > 0)[:, None, :]
        counts = np.where(seen & (self.counts == 0), HALF, self.counts)
        moved = _Tables(
            counts,
            _thresholds(counts.sum(axis=2)),
            _thresholds(counts.sum(axis=1)),
            self.rows,
            self.columns,
        )
        return moved, empty

    def _with(self, counts: Array) -> _Tables:
        return _Tables(counts, self.first, self.second, self.rows, self.columns)

    def rectangles(self) -> Rectangles:
        """Return the likelihood of the tables."""
        return Rectangles(
            _bounds(self.first)[:, :, None, None],
            _bounds(self.second)[:, None, :, None],
            self.counts[..., None],
        )

    def start(self) -> Array:
        """Return correlations of the codes, corrected for the categories."""
        place = np.arange(self.counts.shape[1], dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = self.counts / self.counts.sum(axis=(1, 2), keepdims=True)
            row, column = share.sum(axis=2), share.sum(axis=1)
            mean_row, mean_column = row @ place, column @ place
            both = np.einsum("pij,i,j->p", share, place, place) - mean_row * mean_column
            result: Array = both / (_height(self.first) * _height(self.second))
        return np.nan_to_num(result, posinf=0.0, neginf=0.0)


def _height(thresholds: Array) -> Array:
    return np.asarray(density(thresholds).sum(axis=1))


def _bounds(thresholds: Array) -> Array:
    edge = np.full((len(thresholds), 1), np.inf)
    return np.concatenate([-edge, thresholds, edge], axis=1)
