"""The objective: one chain rule over groups, ``f = Σ_g w_g F_g``."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

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

    def weighted(self, x: Array) -> Array:
        """Return what the group adds to the whole; a group that is the whole adds x itself."""
        return x if self.share == 1.0 else self.share * x

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
    memo: dict[bytes, ObjectivePoint] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

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

    def at(self, alpha: Array) -> ObjectivePoint:
        """Evaluate everything at α (B, q) that its value and derivatives share.

        The latest point is kept: inference starts where the search ended.
        """
        key = alpha.tobytes()
        point = self.memo.get(key)
        if point is None:
            point = self._at(alpha)
            self.memo.clear()
            self.memo[key] = point
        return point

    def _at(self, alpha: Array) -> ObjectivePoint:
        theta = self.theta(alpha)
        found = tuple(implied(b.structure, theta) for b in self.blocks)
        local = tuple(b.term.local(i, theta) for b, i in zip(self.blocks, found, strict=True))
        return ObjectivePoint(self.blocks, theta, found, local)

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
        return self.at(alpha).local

    def value(self, alpha: Array) -> Array:
        """Return f, shape (B,); +inf outside the domain of the discrepancy."""
        return self.at(alpha).value()

    def gradient(self, alpha: Array) -> Array:
        """Return ∇f, shape (B, q)."""
        return self.at(alpha).gradient()

    def hessian(self, alpha: Array, observed: bool) -> Array:
        """Return the expected or the exact second derivative of f, shape (B, q, q)."""
        return self.at(alpha).hessian(observed)


@dataclass(frozen=True, slots=True)
class ObjectivePoint:
    """The objective at one α.

    Attributes
    ----------
    blocks : tuple of Block
    theta : Array, shape (B, t)
        All table rows.
    implied : tuple of Implied
        One a group.
    local : tuple of LocalTerm
        Every group's discrepancy with its derivatives.
    """

    blocks: tuple[Block, ...]
    theta: Array
    implied: tuple[Implied, ...]
    local: tuple[LocalTerm, ...]

    def take(self, rows: Indices) -> ObjectivePoint:
        """Keep some replicates."""
        implied = tuple(x.take(rows) for x in self.implied)
        local = tuple(x.take(rows) for x in self.local)
        return ObjectivePoint(self.blocks, self.theta[rows], implied, local)

    def value(self) -> Array:
        """Return f, shape (B,); +inf outside the domain of the discrepancy."""
        return _total([b.weighted(x.value) for b, x in zip(self.blocks, self.local, strict=True)])

    def gradient(self) -> Array:
        """Return ∇f, shape (B, q)."""
        return _total(
            [
                b.weighted(b.term_chain.gradient(x.gradient()))
                for b, x in zip(self.blocks, self.local, strict=True)
            ]
        )

    def hessian(self, observed: bool) -> Array:
        """Return the second derivative of f, shape (B, q, q): exact, or its expectation."""
        return _total(
            [
                b.weighted(b.term_chain.form(x.observed() if observed else x.expected()))
                for b, x in zip(self.blocks, self.local, strict=True)
            ]
        )

    def expansion(self, observed: bool) -> tuple[Array, Array]:
        """Return gradient (B, q) and curvature (B, q, q).

        Parameters
        ----------
        observed : bool
            Exact second derivatives; otherwise their expectation (Fisher scoring).
        """
        return self.gradient(), self.hessian(observed)


def _total(parts: Sequence[Array]) -> Array:
    """Sum over groups; one group is itself the sum."""
    return parts[0] if len(parts) == 1 else functools.reduce(np.add, parts)


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
    base : Array, shape (B, t), or (1, t) where it is the same for all
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
