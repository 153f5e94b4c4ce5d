"""Damped Newton minimisation of many problems at once.

Knows nothing of structural equations: it asks a problem for its value at a point and for a
quadratic expansion there, by expected curvature far from the solution and by exact curvature near
it. Replicates that have converged leave the active set. Failure is a status, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, Self, TypeAlias

import numpy as np

from loyaltysem.core.linalg import solve_positive
from loyaltysem.core.types import Array, Indices, Mask

#: Where a step leads from a point, both (B, q): to their sum, but for terms of second order.
Move: TypeAlias = Callable[[Array, Array], Array]


class Status(IntEnum):
    """How the search for one replicate ended."""

    CONVERGED = 0
    MAXIMUM_ITERATIONS = 1
    NO_DESCENT = 2
    BAD_START = 3
    BAD_DATA = 4


class Point(Protocol):
    """A problem at one α: what the value and its derivatives share is computed once."""

    def take(self, rows: Indices) -> Self:
        """Keep some replicates."""
        ...

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
        Stop when gᵀH⁻¹g, the squared distance to the minimum in the metric of the curvature, will
        be below this after the step at hand, if it goes on shrinking as it did at the step before.
    near : float
        Below this decrement exact curvature is used, and convergence is quadratic. 0 where only
        expected curvature is known.
    exact : bool
        Use exact curvature throughout, its eigenvalues made positive where they are not: slower,
        but it leaves regions where expected curvature creeps.
    max_iterations : int
    """

    decrement: float = 1e-18
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

    def put(self, rows: Indices, other: Minimum) -> None:
        """Replace what was found for some replicates."""
        self.alpha[rows], self.value[rows] = other.alpha, other.value
        self.decrement[rows], self.status[rows] = other.decrement, other.status
        self.n_iter[rows] = other.n_iter


def minimise(
    problem: Problem, start: Array, tolerance: Tolerance | None = None, move: Move = np.add
) -> Minimum:
    """Minimise a batch of problems by damped Newton steps.

    Parameters
    ----------
    problem : Problem
    start : Array, shape (B, q), or (1, q) where all start at one point
        What such a point is made of may be shared too: curvature of (1, q, q) serves all.
    tolerance : Tolerance, optional
    move : Move, optional
        How steps are taken: bent, where the problem is simpler in other coordinates than α.

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
    point = problem.at(np.array(start, dtype=np.float64))
    value = np.array(point.value())
    alpha = np.empty((len(value), start.shape[1]))
    alpha[:] = start
    inside = np.isfinite(value)
    found = Minimum(
        alpha,
        value,
        decrement=np.full(len(alpha), np.inf if alpha.shape[1] else 0.0),
        status=np.where(inside, int(Status.MAXIMUM_ITERATIONS), int(Status.BAD_START)),
        n_iter=np.zeros(len(alpha), dtype=np.intp),
    )
    if not alpha.shape[1]:
        found.status[inside] = Status.CONVERGED
        return found
    here = _Active(
        problem, np.arange(len(alpha)), alpha.copy(), value.copy(), found.decrement.copy(), point
    ).only(inside)
    for n in range(1, tolerance.max_iterations + 1):
        if not len(here.rows):
            break
        step, slope = _steps(here, tolerance)
        moved, there = _descend(here, step, slope, move)
        done = _expected(here.decrement, there.decrement, tolerance) < tolerance.decrement
        left = done | ~moved
        if n < tolerance.max_iterations and not left.any():
            here = there
            continue
        _record(found, there, n)
        ends = np.where(done, int(Status.CONVERGED), int(Status.NO_DESCENT))
        found.status[there.rows[left]] = ends[left]
        here = there.only(~left)
    # rounding can stop the descent a hair above the tolerance: that is the minimum too
    found.status[(found.status == Status.NO_DESCENT) & (found.decrement < 1e-9)] = Status.CONVERGED
    return found


@dataclass(frozen=True, slots=True)
class _Active:
    """The replicates that go on.

    `rows` says which of all they are, `point` is their point where it is known already.
    """

    problem: Problem
    rows: Indices
    alpha: Array
    value: Array
    decrement: Array
    point: Point | None

    def only(self, kept: Mask) -> _Active:
        """Let the others go."""
        if kept.all():
            return self
        which = np.flatnonzero(kept)
        return _Active(
            self.problem.take(which),
            self.rows[which],
            self.alpha[which],
            self.value[which],
            self.decrement[which],
            None if self.point is None else self.point.take(which),
        )

    def everywhere(self) -> Point:
        """Look at all of them."""
        return self.point or self.problem.at(self.alpha)


def _record(found: Minimum, here: _Active, n: int) -> None:
    """Write down where the active replicates are after n iterations."""
    found.alpha[here.rows] = here.alpha
    found.value[here.rows] = here.value
    found.decrement[here.rows] = here.decrement
    found.n_iter[here.rows] = n


def _expected(before: Array, now: Array, tolerance: Tolerance) -> Array:
    """Return the decrement after the present step, if it shrinks as at the step before."""
    ratio = np.where(np.isinf(before), 1.0, np.minimum(now / before, 1.0))
    return now * np.where(before < tolerance.near, ratio * ratio, ratio)


def _steps(here: _Active, tolerance: Tolerance) -> tuple[Array, Array]:
    """Newton steps and their slopes gᵀstep (negative)."""
    near = (here.decrement < tolerance.near) | tolerance.exact
    point, count = here.everywhere(), int(np.count_nonzero(near))
    mostly = 2 * count >= len(near)
    step, slope = _newton(point, mostly, tolerance.exact)
    if 0 < count < len(near):  # mostly one or two: done over sooner than the rest is taken apart
        others = np.flatnonzero(near != mostly)
        step[others], slope[others] = _newton(point.take(others), not mostly, tolerance.exact)
    return step, slope


def _newton(point: Point, observed: bool, exact: bool) -> tuple[Array, Array]:
    gradient, curvature = point.expansion(observed)
    shared = len(curvature) < len(gradient)
    step, ok = solve_positive(curvature, -gradient)
    if not ok.all():
        bad = np.flatnonzero(~ok)
        step[bad] = _careful_step(
            point if shared else point.take(bad), gradient[bad], observed and exact
        )
    return step, np.einsum("bi,bi->b", gradient, step)


def _careful_step(point: Point, gradient: Array, observed: bool) -> Array:
    """Step by a curvature that may have to be modified; `point` may be one for all gradients."""
    curvature = np.broadcast_to(point.expansion(observed)[1], (*gradient.shape, gradient.shape[1]))
    step, ok = solve_positive(np.array(curvature), -gradient)
    bad = np.flatnonzero(~ok)
    step[bad] = _modified_step(curvature[bad], gradient[bad])
    return step


def _modified_step(curvature: Array, gradient: Array) -> Array:
    """Step with eigenvalues made positive: descends along every direction that is not flat."""
    scale = np.sqrt(np.maximum(np.abs(np.diagonal(curvature, axis1=1, axis2=2)), 1e-300))
    scaled = np.nan_to_num(curvature / (scale[:, :, None] * scale[:, None, :]))
    values, vectors = np.linalg.eigh(scaled)
    values = np.maximum(np.abs(values), 1e-6)
    rotated = np.einsum("bij,bi->bj", vectors, np.nan_to_num(gradient / scale))
    step: Array = -np.einsum("bij,bj->bi", vectors, rotated / values) / scale
    return step


def _descend(here: _Active, step: Array, slope: Array, move: Move) -> tuple[Mask, _Active]:
    """Halve each step until the value falls enough; return who moved, and to where."""
    limit = here.value + 1e-13 * (1.0 + np.abs(here.value))  # rounding is no rise
    trial = move(here.alpha, step)
    point = here.problem.at(trial)
    reached = point.value()
    good = reached <= limit + 1e-4 * slope
    if good.all():
        return good, _Active(here.problem, here.rows, trial, reached, -slope, point)
    alpha = np.where(good[:, None], trial, here.alpha)
    value = np.where(good, reached, here.value)
    waiting, length = np.flatnonzero(~good), 0.5
    for _ in range(39):
        trial = move(here.alpha[waiting], length * step[waiting])
        reached = here.problem.take(waiting).at(trial).value()
        fine = reached <= limit[waiting] + 1e-4 * length * slope[waiting]
        alpha[waiting[fine]], value[waiting[fine]] = trial[fine], reached[fine]
        good[waiting[fine]] = True
        waiting, length = waiting[~fine], 0.5 * length
        if not len(waiting):
            break
    return good, _Active(here.problem, here.rows, alpha, value, -slope, None)
