"""Purchase histories as the models see them: counted once for each kind of customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices


@dataclass(frozen=True, slots=True)
class Histories:
    """Kinds of purchase histories; customers with the same one are counted.

    Attributes
    ----------
    frequency : Array, shape (G,)
        Repeat purchases x.
    recency : Array, shape (G,)
        Time t_x from the first to the last purchase, 0 without a repeat purchase.
    length : Array, shape (G,)
        Time T from the first purchase to the end of observation.
    count : Array, shape (G,)
        Customers of this kind.
    """

    frequency: Array
    recency: Array
    length: Array
    count: Array

    def part(self, rows: slice | Indices) -> Histories:
        """Return some kinds."""
        return Histories(
            self.frequency[rows], self.recency[rows], self.length[rows], self.count[rows]
        )

    def extract(self, kinds: int) -> tuple[Indices, Array]:
        """Choose about so many kinds that stand for all, and say how often each counts.

        Kinds that many share are all taken; of the others one in so many, which then counts for
        those between.

        Examples
        --------
        >>> x, n = np.arange(6.0), np.array([90.0, 1, 1, 1, 1, 6])
        >>> rows, count = Histories(x, x, x + 1.0, n).extract(3)
        >>> rows.tolist(), count.tolist()
        ([0, 1, 3, 5], [90.0, 2.0, 2.0, 12.0])
        """
        shared = self.count * kinds > self.count.sum()
        rare = np.flatnonzero(~shared)
        every = max(len(rare) // max(kinds - int(shared.sum()), 1), 1)
        rows = np.union1d(np.flatnonzero(shared), rare[::every])
        return rows, self.count[rows] * np.where(shared[rows], 1.0, every)
