"""Damped Newton minimisation of many problems at once.

Knows nothing of structural equations: it asks a problem for its value and for a quadratic
expansion, by expected curvature far from the solution and by exact curvature near it. Replicates
that have converged leave the active set. Failure is a status, never an exception.
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


class Problem(Protocol):
    """What is minimised."""

    def take(self, rows: Indices) -> Self:
        """Keep some replicates."""
        ...

    def value(self, alpha: Array) -> Array:
        """Return the objective, shape (B,), +inf outside its domain."""
        ...

    def expansion(self, alpha: Array, observed: bool) -> tuple[Array, Array, Array]:
        """Return value (B,), gradient (B, q) and curvature (B, q, q)."""
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
    batch = len(start)
    alpha = np.array(start, dtype=np.float64)
    value = problem.value(alpha)
    decrement = np.full(batch, np.inf)
    n_iter = np.zeros(batch, dtype=np.intp)
    status = np.full(batch, int(Status.MAXIMUM_ITERATIONS), dtype=np.intp)
    status[~np.isfinite(value)] = Status.BAD_START
    if alpha.shape[1] == 0:
        return Minimum(
            alpha, value, np.zeros(batch), np.where(np.isfinite(value), 0, status), n_iter
        )
    active = np.flatnonzero(np.isfinite(value))
    for _ in range(tolerance.max_iterations):
        if not len(active):
            break
        near = (decrement[active] < tolerance.near) | tolerance.exact
        step, slope = _steps(problem, alpha, active, near, tolerance.exact)
        decrement[active] = -slope
        n_iter[active] += 1
        done = -slope < tolerance.decrement
        alpha[active], value[active], moved = _descend(
            problem, active, (alpha[active], value[active]), step, slope
        )
        stuck = ~moved & ~done
        status[active[done]] = Status.CONVERGED
        status[active[stuck]] = Status.NO_DESCENT
        active = active[~(done | stuck)]
    # rounding can stop the descent a hair above the tolerance: that is the minimum too
    status[(status == Status.NO_DESCENT) & (decrement < 1e-9)] = Status.CONVERGED
    return Minimum(alpha, value, decrement, status, n_iter)


def _steps(
    problem: Problem, alpha: Array, active: Indices, near: Mask, exact: bool
) -> tuple[Array, Array]:
    """Newton steps of the active replicates and their slopes gᵀstep (negative)."""
    step = np.zeros((len(active), alpha.shape[1]))
    slope = np.zeros(len(active))
    for observed in (False, True):
        mine = np.flatnonzero(near == observed)
        if len(mine):
            step[mine], slope[mine] = _newton(problem, alpha, active[mine], observed, exact)
    return step, slope


def _newton(
    problem: Problem, alpha: Array, rows: Indices, observed: bool, exact: bool
) -> tuple[Array, Array]:
    part = problem.take(rows)
    _, gradient, curvature = part.expansion(alpha[rows], observed)
    step, ok = solve_positive(curvature, -gradient)
    if not ok.all():
        bad = np.flatnonzero(~ok)
        if observed and not exact:
            again = problem.take(rows[bad])
            _, _, expected = again.expansion(alpha[rows[bad]], False)
            step[bad], fine = solve_positive(expected, -gradient[bad])
            curvature[bad] = expected
            bad = bad[~fine]
        if len(bad):
            step[bad] = _modified_step(curvature[bad], gradient[bad])
    return step, np.einsum("bq,bq->b", gradient, step)


def _modified_step(curvature: Array, gradient: Array) -> Array:
    """Step with eigenvalues made positive: descends along every direction that is not flat."""
    scale = np.sqrt(np.maximum(np.abs(np.diagonal(curvature, axis1=1, axis2=2)), 1e-300))
    scaled = np.nan_to_num(curvature / (scale[:, :, None] * scale[:, None, :]))
    values, vectors = np.linalg.eigh(scaled)
    values = np.maximum(np.abs(values), 1e-6)
    rotated = np.einsum("bij,bi->bj", vectors, np.nan_to_num(gradient / scale))
    step: Array = -np.einsum("bij,bj->bi", vectors, rotated / values) / scale
    return step


def _descend(
    problem: Problem,
    active: Indices,
    here: tuple[Array, Array],
    step: Array,
    slope: Array,
) -> tuple[Array, Array, Mask]:
    """Halve each step until the value falls enough; return the new points and who moved."""
    alpha, value = (x.copy() for x in here)
    rounding = 1e-13 * (1.0 + np.abs(value))
    waiting = np.arange(len(active))
    moved = np.zeros(len(active), dtype=bool)
    length = 1.0
    for _ in range(40):
        trial = here[0][waiting] + length * step[waiting]
        reached = problem.take(active[waiting]).value(trial)
        good = reached <= here[1][waiting] + 1e-4 * length * slope[waiting] + rounding[waiting]
        alpha[waiting[good]], value[waiting[good]] = trial[good], reached[good]
        moved[waiting[good]] = True
        waiting = waiting[~good]
        length *= 0.5
        if not len(waiting):
            break
    return alpha, value, moved
