"""How a vector term sees an ordinal model: the layer-2 map as a `MomentView`."""

from __future__ import annotations

from dataclasses import dataclass

from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.implied import Implied
from loyaltysem.engine.ordinal import (
    OrdinalStructure,
    determined_rates,
    determined_values,
    implied_ordinal,
    ordinal_jacobian,
)
from loyaltysem.model.structure import BlockStructure


@dataclass(frozen=True, slots=True)
class OrdinalView:
    """Thresholds, slopes and correlations of latent responses.

    Attributes
    ----------
    structure : OrdinalStructure
    block : BlockStructure
    """

    structure: OrdinalStructure
    block: BlockStructure

    @property
    def extra_rows(self) -> Indices:
        """Table rows of thresholds and, under delta, scaling factors."""
        return self.structure.extra_rows

    def completed(self, theta: Array) -> Array:
        """Fill in residual variances (delta) or scaling factors (theta)."""
        return determined_values(self.structure, self.block, theta)

    def rates(self, implied: Implied, theta: Array) -> Array | None:
        """Return how residual variances move with the other rows (delta only)."""
        if not len(self.block.determined):
            return None
        dense = implied.jacobian.dense()
        return determined_rates(
            self.structure, theta, implied.moments, dense, self.block.determined
        )

    def vector(self, implied: Implied, theta: Array) -> Array:
        """Return σ(θ), shape (B, m)."""
        return implied_ordinal(self.structure, theta, implied.moments)

    def jacobian(self, implied: Implied, theta: Array) -> Array:
        """Return ∂σ/∂rows, shape (B, m, f + e)."""
        return ordinal_jacobian(
            self.structure,
            theta,
            implied.moments,
            implied.jacobian.dense(),
            self._passed_on(),
        )

    def _passed_on(self) -> Indices:
        """Return the determined columns, if any of them reaches other variables.

        The variance of a pure indicator stays on the diagonal, which is no moment: a model of
        pure indicators needs none. Where one column reaches further all are needed, since
        together they keep every scale at its value.
        """
        determined = self.block.determined
        reaches = (self.block.left[determined] >= self.block.p).any()
        return determined if reaches else determined[:0]
