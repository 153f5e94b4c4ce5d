"""Equality and inequality restrictions on the free parameters.

Linear equalities vanish from the optimiser: α = Kα' + k, and every derivative goes through K.
Nonlinear equalities and inequalities are functions with exact Jacobians for the optimiser that
takes them. For inference all active restrictions look alike: their Jacobian's null space is the
space the estimates can move in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.objective import Objective, ObjectivePoint
from loyaltysem.model.expression import Expression, evaluate


class Condition(Protocol):
    """A function of α that must be zero, where no formula says it."""

    def __call__(self, alpha: Array) -> tuple[Array, Array]:
        """Return values (B, e) and Jacobian (B, e, q) at α (B, q)."""
        ...


@dataclass(frozen=True, slots=True)
class Restrictions:
    """Expressions in parameter labels that must be zero, or not negative.

    Attributes
    ----------
    zero, nonnegative : tuple of Expression
    labels : mapping of str to int
        Free parameter behind each label; -1 for a fixed one, with its value in `fixed`.
    fixed : mapping of str to float
    derived : tuple of (str, Expression)
        Defined parameters the restrictions may name, in order.
    conditions : tuple of Condition
        More that must be zero.
    """

    zero: tuple[Expression, ...]
    nonnegative: tuple[Expression, ...]
    labels: Mapping[str, int]
    fixed: Mapping[str, float]
    derived: tuple[tuple[str, Expression], ...]
    conditions: tuple[Condition, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.zero or self.nonnegative or self.conditions)

    def equalities(self, alpha: Array) -> tuple[Array, Array]:
        """Return values (B, e) and Jacobian (B, e, q) of what must be zero."""
        parts = [self._at(self.zero, alpha), *(c(alpha) for c in self.conditions)]
        values, jacobians = zip(*parts, strict=True)
        return np.concatenate(values, axis=1), np.concatenate(jacobians, axis=1)

    def inequalities(self, alpha: Array) -> tuple[Array, Array]:
        """Return values (B, i) and Jacobian (B, i, q) of what must not be negative."""
        return self._at(self.nonnegative, alpha)

    def active(self, alpha: Array, tolerance: float = 1e-7) -> Array:
        """Return the Jacobian (a, q) of the equalities and of the inequalities that bind."""
        _, equal = self.equalities(alpha)
        value, unequal = self.inequalities(alpha)
        return np.concatenate([equal[0], unequal[0][np.abs(value[0]) < tolerance]])

    def _at(self, expressions: Sequence[Expression], alpha: Array) -> tuple[Array, Array]:
        batch, q = alpha.shape
        known = self._environment(alpha)
        found = [evaluate(e, known) for e in expressions]
        if not found:
            return np.zeros((batch, 0)), np.zeros((batch, 0, q))
        return np.stack([v for v, _ in found], axis=1), np.stack([g for _, g in found], axis=1)

    def _environment(self, alpha: Array) -> dict[str, tuple[Array, Array]]:
        batch, q = alpha.shape
        unit = np.eye(q)
        zero = np.zeros((batch, q))
        known = {"": (np.zeros(batch), zero)}
        for label, index in self.labels.items():
            if index >= 0:
                known[label] = alpha[:, index], np.broadcast_to(unit[index], (batch, q))
            else:
                known[label] = np.full(batch, self.fixed[label]), zero
        for name, expression in self.derived:
            known[name] = evaluate(expression, known)
        return known


@dataclass(frozen=True, slots=True)
class Reduction:
    """α = Kα' + k with `basis` K (q, r), orthonormal, and `offset` k (q,)."""

    basis: Array
    offset: Array

    def expand(self, reduced: Array) -> Array:
        """Return α (B, q)."""
        return reduced @ self.basis.T + self.offset

    def reduce(self, alpha: Array) -> Array:
        """Return the α' (B, r) nearest to α."""
        return (alpha - self.offset) @ self.basis


def linear_reduction(restrictions: Restrictions, q: int) -> Reduction | None:
    """Return the reduction of linear equalities, or None where anything else restricts.

    Raises
    ------
    ValueError
        When the equalities contradict one another.
    """
    if restrictions.nonnegative or restrictions.conditions:
        return None
    probe = np.linspace(0.3, 0.7, q)[None]
    value, jacobian = restrictions.equalities(probe)
    _, elsewhere = restrictions.equalities(1.7 * probe + 0.2)
    if not (np.isfinite(jacobian).all() and np.allclose(jacobian, elsewhere, atol=1e-12)):
        return None
    a, b = jacobian[0], jacobian[0] @ probe[0] - value[0]
    offset, *_ = np.linalg.lstsq(a, b, rcond=None)
    if not np.allclose(a @ offset, b, atol=1e-9):
        raise ValueError("contradictory equalities")
    return Reduction(null_basis(a, q), np.asarray(offset, dtype=np.float64))


def null_basis(jacobian: Array, q: int) -> Array:
    """Return an orthonormal basis (q, r) of the directions that keep restrictions satisfied."""
    if not len(jacobian) or not np.isfinite(jacobian).all():
        return np.eye(q)
    _, singular, vt = np.linalg.svd(jacobian, full_matrices=True)
    rank = int((singular > 1e-10 * max(singular.max(initial=0.0), 1e-300)).sum())
    return np.asarray(vt[rank:].T, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class ReducedObjective:
    """An objective in α', by the chain rule through K."""

    inner: Objective
    reduction: Reduction

    def take(self, rows: Indices) -> ReducedObjective:
        """Keep some replicates."""
        return ReducedObjective(self.inner.take(rows), self.reduction)

    def at(self, alpha: Array) -> ReducedPoint:
        """Evaluate at α' (B, r)."""
        return ReducedPoint(self.inner.at(self.reduction.expand(alpha)), self.reduction.basis)


@dataclass(frozen=True, slots=True)
class ReducedPoint:
    """An objective at one α', with `basis` K (q, r)."""

    inner: ObjectivePoint
    basis: Array

    def take(self, rows: Indices) -> ReducedPoint:
        """Keep some replicates."""
        return ReducedPoint(self.inner.take(rows), self.basis)

    def value(self) -> Array:
        """Return f, shape (B,)."""
        return self.inner.value()

    def expansion(self, observed: bool) -> tuple[Array, Array]:
        """Return gradient (B, r) and curvature (B, r, r) in α'."""
        gradient, curvature = self.inner.expansion(observed)
        return gradient @ self.basis, self.basis.T @ curvature @ self.basis
