"""The objective: one chain rule over groups, ``f = Σ_g w_g F_g``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.discrepancies import BoundDiscrepancy, LocalDiscrepancy
from loyaltysem.engine.implied import Implied, implied
from loyaltysem.engine.parameter_map import (
    BlockChain,
    ParameterMap,
    block_chain,
    parameter_map,
)
from loyaltysem.model.structure import BlockStructure, ModelStructure


@dataclass(frozen=True, slots=True)
class Block:
    """One group: its share of the cases, its matrices, its data, its way back to α."""

    share: float
    structure: BlockStructure
    bound: BoundDiscrepancy
    chain: BlockChain


@dataclass(frozen=True, slots=True)
class Objective:
    """A function of α with exact derivatives, for many replicates at once.

    Attributes
    ----------
    map : ParameterMap
        α to θ.
    blocks : tuple of Block
        One a group.
    """

    map: ParameterMap
    blocks: tuple[Block, ...]

    @property
    def n_free(self) -> int:
        """Number of free parameters q."""
        return self.map.n_free

    def take(self, rows: Indices) -> Objective:
        """Keep some replicates."""
        blocks = tuple(
            Block(b.share, b.structure, b.bound.take(rows), b.chain) for b in self.blocks
        )
        return Objective(self.map.take(rows), blocks)

    def implied(self, alpha: Array) -> tuple[Implied, ...]:
        """Return the implied moments of every group at α (B, q)."""
        theta = self.map.theta(alpha)
        return tuple(implied(b.structure, theta) for b in self.blocks)

    def local(self, alpha: Array) -> tuple[tuple[Implied, LocalDiscrepancy], ...]:
        """Return implied moments and discrepancies of every group."""
        return tuple(
            (i, b.bound(i.moments)) for i, b in zip(self.implied(alpha), self.blocks, strict=True)
        )

    def value(self, alpha: Array) -> Array:
        """Return f, shape (B,); +inf where an implied covariance matrix is not PD."""
        pairs = zip(self.implied(alpha), self.blocks, strict=True)
        return np.asarray(sum(b.share * b.bound.value(i.moments) for i, b in pairs))

    def gradient(self, alpha: Array) -> Array:
        """Return ∇f, shape (B, q)."""
        return self._gradient(self.local(alpha))

    def expansion(self, alpha: Array, observed: bool) -> tuple[Array, Array, Array]:
        """Return value (B,), gradient (B, q) and curvature (B, q, q) at α.

        Parameters
        ----------
        alpha : Array, shape (B, q)
        observed : bool
            Exact second derivatives; otherwise their expectation (Fisher scoring).
        """
        local = self.local(alpha)
        value = np.asarray(sum(b.share * d.value for b, (_, d) in self._with(local)))
        curvature = self._observed(local) if observed else self._expected(local)
        return value, self._gradient(local), curvature

    def hessian(self, alpha: Array, observed: bool) -> Array:
        """Return the expected or the exact second derivative of f, shape (B, q, q)."""
        local = self.local(alpha)
        return self._observed(local) if observed else self._expected(local)

    def _with(
        self, local: Sequence[tuple[Implied, LocalDiscrepancy]]
    ) -> list[tuple[Block, tuple[Implied, LocalDiscrepancy]]]:
        return list(zip(self.blocks, local, strict=True))

    def _gradient(self, local: Sequence[tuple[Implied, LocalDiscrepancy]]) -> Array:
        parts = (
            b.share * b.chain.gradient(i.jacobian.transpose_apply(d.gradient))
            for b, (i, d) in self._with(local)
        )
        return np.asarray(sum(parts))

    def _expected(self, local: Sequence[tuple[Implied, LocalDiscrepancy]]) -> Array:
        parts = (
            2.0 * b.share * b.chain.form(d.expected.gram(i.jacobian))
            for b, (i, d) in self._with(local)
        )
        return np.asarray(sum(parts))

    def _observed(self, local: Sequence[tuple[Implied, LocalDiscrepancy]]) -> Array:
        parts = (
            b.share
            * b.chain.form(
                2.0 * d.observed.gram(i.jacobian) + i.jacobian.curvature_of_moments(d.gradient)
            )
            for b, (i, d) in self._with(local)
        )
        return np.asarray(sum(parts))


def build_objective(
    structure: ModelStructure,
    bound: Sequence[BoundDiscrepancy],
    shares: Sequence[float],
    base: Array,
) -> Objective:
    """Put structure and data together.

    Parameters
    ----------
    structure : ModelStructure
    bound : sequence of BoundDiscrepancy
        One a group.
    shares : sequence of float
        N_g / N.
    base : Array, shape (B, t)
        Fixed values and sample moments of fixed x.
    """
    blocks = tuple(
        Block(float(share), block, data, block_chain(structure, block))
        for share, block, data in zip(shares, structure.blocks, bound, strict=True)
    )
    return Objective(parameter_map(structure, base), blocks)
