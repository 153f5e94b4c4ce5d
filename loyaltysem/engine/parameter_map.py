"""Layer 1: free parameters α to table rows θ, and derivatives back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.model.structure import ModelStructure


@dataclass(frozen=True, slots=True)
class ParameterMap:
    """θ = Kα + k₀, where K only picks: rows with one label pick the same α.

    Attributes
    ----------
    free_rows : Indices, shape (r,)
        Table rows that are free.
    free : Indices, shape (r,)
        The free parameter behind each.
    base : Array, shape (B, t), or (1, t) where it is the same for all
        k₀: fixed values, and the sample moments of fixed x (one row a replicate).
    n_free : int
        q.
    """

    free_rows: Indices
    free: Indices
    base: Array
    n_free: int

    def take(self, rows: Indices) -> ParameterMap:
        """Keep some replicates."""
        base = self.base if len(self.base) == 1 else self.base[rows]
        return ParameterMap(self.free_rows, self.free, base, self.n_free)

    def theta(self, alpha: Array) -> Array:
        """Return all table rows θ (B, t) at α (B, q), or at one α (1, q) for all."""
        theta = np.empty((max(len(alpha), len(self.base)), self.base.shape[1]))
        theta[:] = self.base
        theta[:, self.free_rows] = alpha.take(self.free, axis=1)
        return theta

    def alpha(self, theta: Array) -> Array:
        """Return the free parameters (B, q) behind table rows (B, t)."""
        alpha = np.zeros((len(theta), self.n_free))
        alpha[:, self.free] = theta[:, self.free_rows]
        return alpha

    def derivative(self) -> Array:
        """Return dθ/dα = K, shape (t, q)."""
        k = np.zeros((self.base.shape[1], self.n_free))
        k[self.free_rows, self.free] = 1.0
        return k


def parameter_map(structure: ModelStructure, base: Array) -> ParameterMap:
    """Build the map from a structure and the constant part k₀ (B, t)."""
    rows = np.flatnonzero(structure.free >= 0)
    return ParameterMap(rows, structure.free[rows], base, structure.n_free)


@dataclass(frozen=True, slots=True)
class BlockChain:
    """Carries derivatives with respect to one group's rows (f) back to α (q).

    Attributes
    ----------
    target : Indices, shape (f,)
        The free parameter behind each row.
    selection : Array, shape (f, q), or None
        K; None when each row has its own free parameter.
    n_free : int
        q.
    straight : bool
        Whether the rows are the free parameters, one by one and in order: K is the identity.
    """

    target: Indices
    selection: Array | None
    n_free: int
    straight: bool = False

    def gradient(self, x: Array) -> Array:
        """Return Kᵀx, shape (B, q), of (B, f)."""
        if self.straight:
            return x
        if self.selection is not None:
            return x @ self.selection
        out = np.zeros((len(x), self.n_free))
        out[:, self.target] = x
        return out

    def form(self, x: Array) -> Array:
        """Return KᵀXK, shape (B, q, q), of (B, f, f)."""
        if self.straight:
            return x
        if self.selection is not None:
            return self.selection.T @ x @ self.selection
        out = np.zeros((len(x), self.n_free, self.n_free))
        out[:, self.target[:, None], self.target] = x
        return out


def block_chain(structure: ModelStructure, rows: Indices) -> BlockChain:
    """Prepare the chain rule of some table rows; those that are not free lead nowhere."""
    target = structure.free[rows]
    q = structure.n_free
    if np.array_equal(target, np.arange(q)):
        return BlockChain(target, None, q, straight=True)
    if len(np.unique(target)) == len(target) and (target >= 0).all():
        return BlockChain(target, None, q)
    selection = np.zeros((len(target), q))
    free = np.flatnonzero(target >= 0)
    selection[free, target[free]] = 1.0
    return BlockChain(target, selection, q)
