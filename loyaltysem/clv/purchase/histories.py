"""Purchase histories as the models see them: counted once for each kind of customer."""

from __future__ import annotations

from dataclasses import dataclass

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
