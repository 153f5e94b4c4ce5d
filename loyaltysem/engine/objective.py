"""The objective: one chain rule over groups, ``f = Σ_g w_g F_g``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.implied import Implied, implied
from loyaltysem.engine.parameter_map import (
    BlockChain,
    ParameterMap,
    block_chain,
    parameter_map,
)
from loyaltysem.engine.terms import LocalTerm, Term
from loyaltysem.model.structure import BlockStructure, ModelStructure


@dataclass(frozen=True, slots=True)
class Block:
    """One group: its share of the cases, its matrices, its data, its ways back to α.

    `chain` leads from the rows of the model matrices (f), `term_chain` from these and the extra
    rows of the term (f + e).
    """

    share: float
    structure: BlockStructure
    term: Term
    chain: BlockChain
    term_chain: BlockChain

    @property
    def rows(self) -> Indices:
        """Table rows behind the derivatives of the term, shape (f + e,)."""
        return np.concatenate([self.structure.row, self.term.extra_rows])


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
            Block(b.share, b.structure, b.term.take(rows), b.chain, b.term_chain)
            for b in self.blocks
        )
        return Objective(self.map.take(rows), blocks)

    def implied(self, alpha: Array) -> tuple[Implied, ...]:
        """Return the implied moments of every group at α (B, q)."""
        theta = self.theta(alpha)
        return tuple(implied(b.structure, theta) for b in self.blocks)

    def theta(self, alpha: Array) -> Array:
        """Return all table rows (B, t) at α, those that follow from others included."""
        theta = self.map.theta(alpha)
        for b in self.blocks:
            theta = b.term.completed(theta)
        return theta

    def theta_jacobian(self, alpha: Array) -> Array:
        """Return ∂θ/∂α, shape (B, t, q), rows that follow from others included."""
        jacobian = np.broadcast_to(
            self.map.derivative(), (len(alpha), self.map.base.shape[1], self.n_free)
        )
        theta = self.theta(alpha)
        for b in self.blocks:
            rates = b.term.rates(implied(b.structure, theta), theta)
            if rates is not None:
                jacobian = jacobian.copy()
                determined = b.structure.row[b.structure.determined]
                jacobian[:, determined] = rates @ jacobian[:, b.rows]
        return jacobian

    def reweighted(self, shares: Sequence[float]) -> Objective:
        """Return the objective with other weights of the groups."""
        blocks = tuple(
            Block(float(share), b.structure, b.term, b.chain, b.term_chain)
            for share, b in zip(shares, self.blocks, strict=True)
        )
        return Objective(self.map, blocks)

    def local(self, alpha: Array) -> tuple[LocalTerm, ...]:
        """Return every group's discrepancy with its derivatives."""
        theta = self.theta(alpha)
        return tuple(b.term.local(implied(b.structure, theta), theta) for b in self.blocks)

    def value(self, alpha: Array) -> Array:
        """Return f, shape (B,); +inf outside the domain of the discrepancy."""
        theta = self.theta(alpha)
        parts = (b.share * b.term.value(implied(b.structure, theta), theta) for b in self.blocks)
        return np.asarray(sum(parts))

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
        value = np.asarray(sum(b.share * x.value for b, x in zip(self.blocks, local, strict=True)))
        return value, self._gradient(local), self._curvature(local, observed)

    def hessian(self, alpha: Array, observed: bool) -> Array:
        """Return the expected or the exact second derivative of f, shape (B, q, q)."""
        return self._curvature(self.local(alpha), observed)

    def _gradient(self, local: Sequence[LocalTerm]) -> Array:
        parts = (
            b.share * b.term_chain.gradient(x.gradient())
            for b, x in zip(self.blocks, local, strict=True)
        )
        return np.asarray(sum(parts))

    def _curvature(self, local: Sequence[LocalTerm], observed: bool) -> Array:
        parts = (
            b.share * b.term_chain.form(x.observed() if observed else x.expected())
            for b, x in zip(self.blocks, local, strict=True)
        )
        return np.asarray(sum(parts))


def build_objective(
    structure: ModelStructure,
    terms: Sequence[Term],
    shares: Sequence[float],
    base: Array,
) -> Objective:
    """Put structure and data together.

    Parameters
    ----------
    structure : ModelStructure
    terms : sequence of Term
        One a group.
    shares : sequence of float
        N_g / N.
    base : Array, shape (B, t)
        Fixed values and sample moments of fixed x.
    """
    blocks = []
    for share, block, term in zip(shares, structure.blocks, terms, strict=True):
        chain = block_chain(structure, block.row)
        extra = term.extra_rows
        rows = np.concatenate([block.row, extra])
        term_chain = block_chain(structure, rows) if len(extra) else chain
        blocks.append(Block(float(share), block, term, chain, term_chain))
    return Objective(parameter_map(structure, base), tuple(blocks))
