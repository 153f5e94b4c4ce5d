"""The compiled search: damped Newton steps for LANES replicates side by side.

The same steps, checks and stopping rule as ``loyaltysem.core.optimise.minimise``. Each lane of the
workspace holds one replicate, at its own iteration; one that ends makes room for the next. Lanes
never meet in any arithmetic, so that a result does not depend on its neighbours, their number or
their order.

Only imported where numba is installed. `search` is compiled, with all it calls, into one object
file that numba keeps.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple, cast

import numba
import numpy as np

from loyaltysem.core.optimise import Status
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.engine.compiled_lanes import (
    LANES,
    F,
    fill,
    load,
    multiply,
    multiply_less,
    part,
    store,
    subtract,
)
from loyaltysem.engine.compiled_likelihood import Sample, evaluate
from loyaltysem.engine.compiled_linalg import dot, factor, triangle
from loyaltysem.engine.compiled_plan import Layout, Lists

CONVERGED, MAXIMUM_ITERATIONS = int(Status.CONVERGED), int(Status.MAXIMUM_ITERATIONS)
NO_DESCENT, BAD_START = int(Status.NO_DESCENT), int(Status.BAD_START)
HANDED_BACK = -1  # left to NumPy
UNVERIFIED = -2  # F after the last step is yet to be looked at
_STEPS, _GOES_ON = -3, -4  # a new step is due; the present one is under way
_FRESH, _MOVING, _AGAIN = 0, 1, 2
_HALVINGS = 39


class Found(NamedTuple):
    """Where the searches ended, as `optimise.Minimum`; written by `search`."""

    alpha: Array  # (B, q)
    value: Array  # (B,)
    decrement: Array  # (B,)
    status: Indices  # (B,)
    n_iter: Indices  # (B,)


class Rules(NamedTuple):
    """When to stop, as `optimise.Tolerance`."""

    decrement: float
    near: float
    exact: bool
    max_iterations: int


class Lanes(NamedTuple):
    """The searches under way, one a lane, each (LANES,)."""

    row: Indices  # replicate, -1 where there is none
    phase: Indices
    n_iter: Indices
    halvings: Indices
    value: Array  # where the step starts
    trial: Array  # where it leads
    slope: Array  # gᵀstep
    decrement: Array  # of the step before
    ok: Mask  # whether the curvature is positive definite


def idle() -> Lanes:
    """Return lanes without a search."""
    row, phase, n_iter, halvings = np.zeros((4, LANES), dtype=np.intp)
    value, trial, slope, decrement = np.zeros((4, LANES))
    ok = np.zeros(LANES, dtype=np.bool_)
    return Lanes(row - 1, phase, n_iter, halvings, value, trial, slope, decrement, ok)


@part
def _solve(x: Array, at: Layout, lanes: Lanes) -> None:
    """Write −the Newton step; tell whose curvature is positive definite.

    It counts as singular where a pivot, of the matrix scaled to a unit diagonal, is below 1e-8.
    """
    q, h = at.q, at.curvature
    for i in range(q):
        store(x, at.step + i, load(x, h + triangle(i) + i))
    factor(x, h, q)
    for lane in range(LANES):
        lanes.ok[lane] = True
        for i in range(q):
            inverse = x[h + triangle(i) + i, lane]
            size = np.sqrt(max(x[at.step + i, lane], 1e-300))
            lanes.ok[lane] &= inverse > 0.0 and inverse * 1e-8 * size < 1.0
    slope = fill(0.0)
    for i in range(q):
        row = h + triangle(i)
        rest = subtract(load(x, at.gradient + i), dot(x, row, at.step, i))
        y = multiply(rest, load(x, row + i))
        store(x, at.step + i, y)
        slope = multiply_less(y, y, slope)
    for i in range(q - 1, -1, -1):
        row = h + triangle(i)
        done = multiply(load(x, at.step + i), load(x, row + i))
        store(x, at.step + i, done)
        for j in range(i):
            cell = at.step + j
            store(x, cell, multiply_less(done, load(x, row + j), load(x, cell)))
    store(x, at.mixed, slope)


@part
def _begin(
    x: Array,
    at: Layout,
    sample: Sample,
    lanes: Lanes,
    lane: int,
    row: int,
    alpha: Array,
    exact: bool,
) -> None:
    """Load a replicate into a lane, to be looked at in `alpha`."""
    p, t = sample.cov.shape[2], sample.base.shape[1]
    lanes.row[lane], lanes.phase[lane], lanes.n_iter[lane] = row, _FRESH, 0
    lanes.decrement[lane] = np.inf
    x[at.observed, lane] = exact
    for i in range(at.q):
        x[at.there + i, lane] = alpha[i]
    for i in range(t):
        x[at.theta + i, lane] = sample.base[row, i]
    x[at.theta + t, lane] = 1.0  # and 0 in the next
    for g in range(at.groups):
        cell = at.sample + g * at.p * at.p
        for i in range(p):
            x[at.minus_mean + g * at.p + i, lane] = -sample.mean[g, row, i]
            for j in range(p):
                x[cell + i * at.p + j, lane] = sample.cov[g, row, i, j]
        if at.p > p:  # the constant; the cells between are and stay zero
            x[cell + at.p * at.p - 1, lane] = 1.0


@part
def _end(x: Array, at: Layout, lanes: Lanes, lane: int, found: Found, status: int) -> None:
    """Write down where a lane is, and make room."""
    row = lanes.row[lane]
    for i in range(at.q):
        found.alpha[row, i] = x[at.there + i, lane]
    found.value[row], found.decrement[row] = lanes.value[lane], lanes.decrement[lane]
    found.status[row], found.n_iter[row] = status, lanes.n_iter[lane]
    lanes.row[lane] = -1


@part
def _falls(value: float, trial: float, slope: float, length: float) -> bool:
    """Tell whether a step lowers the value enough (Armijo); rounding is no rise."""
    return trial <= value + 1e-13 * (1.0 + abs(value)) + 1e-4 * length * slope


@part
def _go(x: Array, at: Layout, lanes: Lanes, lane: int) -> None:
    """Put a lane where its step, halved so often, leads; in the end, back where it starts."""
    length, moves = 0.5 ** lanes.halvings[lane], lanes.halvings[lane] <= _HALVINGS
    for i in range(at.q):
        way = length * x[at.direction + i, lane] if moves else 0.0
        x[at.there + i, lane] = x[at.here + i, lane] + way


@part
def _judge(x: Array, at: Layout, lanes: Lanes, lane: int, rules: Rules) -> int:
    """Accept where a lane is, or halve its step, or give up; return what is next."""
    if lanes.phase[lane] == _AGAIN:
        return _STEPS
    if lanes.phase[lane] == _MOVING:
        length = 0.5 ** lanes.halvings[lane]
        if not _falls(lanes.value[lane], lanes.trial[lane], lanes.slope[lane], length):
            lanes.halvings[lane] += 1
            _go(x, at, lanes, lane)
            if lanes.halvings[lane] <= _HALVINGS:
                return _GOES_ON
            # rounding can stop the descent a hair above the tolerance: that is the minimum too
            return CONVERGED if lanes.decrement[lane] < 1e-9 else NO_DESCENT
    lanes.value[lane] = lanes.trial[lane]
    if not np.isfinite(lanes.value[lane]):
        return BAD_START
    return MAXIMUM_ITERATIONS if lanes.n_iter[lane] == rules.max_iterations else _STEPS


@part
def _advance(x: Array, at: Layout, lanes: Lanes, lane: int, rules: Rules) -> int:
    """Start a lane on its new step; return what is next."""
    if not lanes.ok[lane]:
        if rules.exact or x[at.observed, lane] == 0.0:
            return HANDED_BACK
        x[at.observed, lane], lanes.phase[lane] = 0.0, _AGAIN
        return _GOES_ON
    for i in range(at.q):
        x[at.here + i, lane] = x[at.there + i, lane]
        x[at.direction + i, lane] = -x[at.step + i, lane]
    before, now = lanes.decrement[lane], -x[at.mixed, lane]
    lanes.phase[lane], lanes.halvings[lane], lanes.slope[lane] = _MOVING, 0, -now
    lanes.n_iter[lane] += 1
    lanes.decrement[lane] = now
    x[at.observed, lane] = now < rules.near or rules.exact
    _go(x, at, lanes, lane)
    ratio = 1.0 if np.isinf(before) else min(now / before, 1.0)
    expected = now * ratio * ratio if before < rules.near else now * ratio
    return UNVERIFIED if expected < rules.decrement else _GOES_ON


@part
def _verify(lanes: Lanes, lane: int, found: Found) -> None:
    """See whether the last step lowered the value, or left it where it was."""
    row, value = lanes.row[lane], lanes.trial[lane]
    falls = _falls(found.value[row], value, -found.decrement[row], 1.0)
    found.value[row], found.status[row] = value, CONVERGED if falls else HANDED_BACK
    lanes.row[lane] = -1


@part
def _curious(lanes: Lanes) -> bool:
    """Tell whether any lane will want derivatives: not where all are halving their steps."""
    for lane in range(LANES):
        if lanes.row[lane] >= 0 and (lanes.phase[lane] != _MOVING or lanes.halvings[lane] == 0):
            return True
    return False


@part
def _move(
    x: Array, at: Layout, lanes: Lanes, found: Found, rules: Rules, derivatives: bool
) -> None:
    """Take every lane one evaluation further."""
    if derivatives:
        _solve(x, at, lanes)
    for lane in range(LANES):
        if lanes.row[lane] >= 0:
            verdict = _judge(x, at, lanes, lane, rules)
            if verdict == _STEPS and derivatives:
                verdict = _advance(x, at, lanes, lane, rules)
            elif verdict == _STEPS:
                lanes.phase[lane], verdict = _AGAIN, _GOES_ON
            if verdict != _GOES_ON:
                _end(x, at, lanes, lane, found, verdict)


def _kept(function: F) -> F:
    """Compile and keep the result for later processes, where there is a place to keep it.

    numba recognises an outdated file by the date of this module alone. Hence the digest, in the
    name of the file, of all that is compiled into it.
    """
    sources = sorted(Path(__file__).parent.glob("compiled_*.py"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    function.__qualname__ += f"_{digest.hexdigest()[:12]}"
    try:
        return cast(F, numba.njit(nogil=True, error_model="numpy", cache=True)(function))
    except RuntimeError:  # nowhere to write: compile in every process
        return part(function)


@_kept
def search(
    x: Array,
    at: Layout,
    lists: Lists,
    sample: Sample,
    queue: Indices,
    start: Array,
    rules: Rules,
    found: Found,
    lanes: Lanes,
    verify: bool,
) -> None:
    """Minimise for some replicates, writing into `found`.

    Parameters
    ----------
    x : Array, shape (cells, LANES)
        Workspace of zeros.
    at : Layout
    lists : Lists
    sample : Sample
    queue : Indices, shape (b,)
        The replicates.
    start : Array, shape (B, q)
    rules : Rules
    found : Found
    lanes : Lanes
        As `idle` makes them.
    verify : bool
        Do not search, but look at the value in `start`, where the last step of a search led, and
        accept it or hand it back. Without derivatives that is quick.
    """
    taken = 0
    while True:
        busy = False
        for lane in range(LANES):
            if lanes.row[lane] < 0 and taken < len(queue):
                row = queue[taken]
                _begin(x, at, sample, lanes, lane, row, start[row], rules.exact)
                taken += 1
            busy |= lanes.row[lane] >= 0
        if not busy:
            break
        derivatives = not verify and _curious(lanes)
        evaluate(x, at, lists, sample, lanes.row, lanes.trial, derivatives)
        if not verify:
            _move(x, at, lanes, found, rules, derivatives)
            continue
        for lane in range(LANES):
            if lanes.row[lane] >= 0:
                _verify(lanes, lane, found)
