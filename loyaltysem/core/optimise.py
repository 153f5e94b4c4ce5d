"""Damped Newton minimisation of many problems at once.

Knows nothing of structural equations: it asks a problem for its value at a point and for a
quadratic expansion there, by expected curvature far from the solution and by exact curvature near
it. Replicates that have converged leave the active set. Failure is a status, never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, Self

import numpy as np

from loyaltysem.core.linalg import solve_positive
from loyaltysem.core.types import Array, Indices, Mask


class Status(IntEnum):
    """How the search for one replicate ended."""

    CONVERGED = 0
    MAXIMUM_ITERATIONS = 1
    NO_DESCENT = 2
    BAD_START = 3


class Point(Protocol):
    """A problem at one α: what the value and its derivatives share is computed once."""

    def value(self) -> Array:
        """Return the objective, shape (B,), +inf outside its domain."""
        ...

    def expansion(self, observed: bool) -> tuple[Array, Array]:
        """Return gradient (B, q) and curvature (B, q, q)."""
        ...


class Problem(Protocol):
    """What is minimised."""

    def take(self, rows: Indices) -> Self:
        """Keep some replicates."""
        ...

    def at(self, alpha: Array) -> Point:
        """Look at α, shape (B, q)."""
        ...


@dataclass(frozen=True, slots=True)
class Tolerance:
    """When to stop.

    Attributes
    ----------
    decrement : float
        Stop when gᵀH⁻¹g, the squared distance to the minimum in the metric of the curvature,
        falls below this; the step that was computed is still taken.
    near : float
        Below this decrement exact curvature is used.
    exact : bool
        Use exact curvature throughout, its eigenvalues made positive where they are not: slower,
        but it leaves regions where expected curvature creeps.
    max_iterations : int
    """

    decrement: float = 1e-13
    near: float = 1e-1
    exact: bool = False
    max_iterations: int = 200


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where the searches ended: shapes (B, q), (B,), (B,), (B,), (B,)."""

    alpha: Array
    value: Array
    decrement: Array
    status: Indices
    n_iter: Indices

    @property
    def converged(self) -> Mask:
        """Which replicates converged."""
        result: Mask = self.status == Status.CONVERGED
        return result


def minimise(problem: Problem, start: Array, tolerance: Tolerance | None = None) -> Minimum:
    """Minimise a batch of problems by damped Newton steps.

    Parameters
    ----------
    problem : Problem
    start : Array, shape (B, q)
    tolerance : Tolerance, optional

    Returns
    -------
    Minimum

    Notes
    -----
    Each step is the Newton step of the current curvature, made positive definite where it is not,
    shortened by halves until the value falls (Armijo). Far from the minimum the expected curvature
    is safer; within ``tolerance.near`` the exact one converges quadratically.
    """
    tolerance = tolerance or Tolerance()
    alpha = np.array(start, dtype=np.float64)
    batch, q = alpha.shape
    first = problem.at(alpha)
    value = np.array(first.value())
    inside = np.isfinite(value)
    decrement = np.full(batch, np.inf)
    n_iter = np.zeros(batch, dtype=np.intp)
    status = np.where(inside, int(Status.MAXIMUM_ITERATIONS), int(Status.BAD_START))
    if q == 0:
        return Minimum(alpha, value, np.zeros(batch), np.where(inside, 0, status), n_iter)
    active, point = np.flatnonzero(inside), first if inside.all() else None
    for _ in range(tolerance.max_iterations):
        if not len(active):
            break
        here = _Active(
            problem if len(active) == batch else problem.take(active),
            alpha[active],
            value[active],
            point,
        )
        near = (decrement[active] < tolerance.near) | tolerance.exact
        step, slope = _steps(here, near, tolerance.exact)
        decrement[active] = -slope
        n_iter[active] += 1
        reached = _descend(here, step, slope)
        alpha[active], value[active] = reached.alpha, reached.value
        done = -slope < tolerance.decrement
        stuck = ~reached.moved & ~done
        status[active[done]] = Status.CONVERGED
        status[active[stuck]] = Status.NO_DESCENT
        going = ~(done | stuck)
        active, point = active[going], reached.point if going.all() else None
    # rounding can stop the descent a hair above the tolerance: that is the minimum too
    status[(status == Status.NO_DESCENT) & (decrement < 1e-9)] = Status.CONVERGED
    return Minimum(alpha, value, decrement, status, n_iter)


@dataclass(frozen=True, slots=True)
class _Active:
    """The replicates that go on: where they stand, and that point where it is known already."""

    problem: Problem
    alpha: Array
    value: Array
    point: Point | None

    def at(self, rows: Indices) -> Point:
        """Look at some of them."""
        if len(rows) < len(self.alpha):
            return self.problem.take(rows).at(self.alpha[rows])
        return self.point or self.problem.at(self.alpha)


def _steps(here: _Active, near: Mask, exact: bool) -> tuple[Array, Array]:
    """Newton steps and their slopes gᵀstep (negative)."""
    step = np.zeros_like(here.alpha)
    slope = np.zeros(len(here.alpha))
    for observed in (False, True):
        mine = np.flatnonzero(near == observed)
        if len(mine):
            step[mine], slope[mine] = _newton(here.at(mine), observed, exact)
    return step, slope


def _newton(point: Point, observed: bool, exact: bool) -> tuple[Array, Array]:
    gradient, curvature = point.expansion(observed)
    step, ok = solve_positive(curvature, -gradient)
    bad = np.flatnonzero(~ok)
    if len(bad) and observed and not exact:
        _, expected = point.expansion(False)
        step[bad], fine = solve_positive(expected[bad], -gradient[bad])
        curvature[bad] = expected[bad]
        bad = bad[~fine]
    if len(bad):
        step[bad] = _modified_step(curvature[bad], gradient[bad])
    return step, (gradient * step).sum(axis=1)


def _modified_step(curvature: Array, gradient: Array) -> Array:
    """Step with eigenvalues made positive: descends along every direction that is not flat."""
    scale = np.sqrt(np.maximum(np.abs(np.diagonal(curvature, axis1=1, axis2=2)), 1e-300))
    scaled = np.nan_to_num(curvature / (scale[:, :, None] * scale[:, None, :]))
    values, vectors = np.linalg.eigh(scaled)
    values = np.maximum(np.abs(values), 1e-6)
    rotated = np.einsum("bij,bi->bj", vectors, np.nan_to_num(gradient / scale))
    step: Array = -np.einsum("bij,bj->bi", vectors, rotated / values) / scale
    return step


@dataclass(frozen=True, slots=True)
class _Reached:
    """Where a step led and who moved; the point, where one step length served all."""

    alpha: Array
    value: Array
    moved: Mask
    point: Point | None


def _descend(here: _Active, step: Array, slope: Array) -> _Reached:
    """Halve each step until the value falls enough."""
    limit = here.value + 1e-13 * (1.0 + np.abs(here.value))  # rounding is no rise
    trial = here.alpha + step
    point = here.problem.at(trial)
    reached = point.value()
    good = reached <= limit + 1e-4 * slope
    if good.all():
        return _Reached(trial, reached, good, point)
    alpha = np.where(good[:, None], trial, here.alpha)
    value = np.where(good, reached, here.value)
    waiting, length = np.flatnonzero(~good), 0.5
    for _ in range(39):
        trial = here.alpha[waiting] + length * step[waiting]
        reached = here.problem.take(waiting).at(trial).value()
        fine = reached <= limit[waiting] + 1e-4 * length * slope[waiting]
        alpha[waiting[fine]], value[waiting[fine]] = trial[fine], reached[fine]
        good[waiting[fine]] = True
        waiting, length = waiting[~fine], 0.5 * length
        if not len(waiting):
            break
    return _Reached(alpha, value, good, None)
