"""The ML discrepancy of LANES replicates with its derivatives, compiled.

The counterpart of ``implied``, ``discrepancies`` and ``weights``; the formulas are theirs.

Only imported where numba is installed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.compiled_lanes import (
    LANES,
    Vector,
    add,
    fill,
    load,
    multiply,
    multiply_add,
    multiply_less,
    part,
    store,
    subtract,
)
from loyaltysem.engine.compiled_linalg import (
    add_to,
    clear,
    dot,
    factor,
    invert_factor,
    products,
    triangle,
)
from loyaltysem.engine.compiled_plan import Layout, Lists, Rows


class Sample(NamedTuple):
    """What differs between replicates."""

    cov: Array  # (G, B, p, p)
    mean: Array  # (G, B, p)
    logdet: Array  # (G, B)
    base: Array  # (B, t)
    share: Array  # (G,)


@part
def _spread_alpha(x: Array, at: Layout, free_rows: Indices, free: Indices) -> None:
    """Write α into the free table rows."""
    for e in range(len(free)):
        store(x, at.theta + free_rows[e], load(x, at.there + free[e]))


@part
def _structural(x: Array, at: Layout, g: int, psi: Rows, effect: Rows) -> None:
    """Compute A and C = AΨAᵀ, cause by cause: row i of both adds rows j < i times B_ij."""
    k = at.k
    clear(x, at.effects, k * k)
    clear(x, at.latent, k * k)
    for e in range(psi.first[g, 0], psi.first[g, 1]):
        store(x, at.latent + psi.items[e, 0], load(x, psi.items[e, 1]))
    for i in range(k):
        store(x, at.effects + i * k + i, fill(1.0))
        for e in range(effect.first[g, i], effect.first[g, i + 1]):
            j, b = effect.items[e, 0], load(x, effect.items[e, 1])
            for c in range(k):
                add_to(x, at.effects + i * k + c, b, at.effects + j * k + c)
                add_to(x, at.latent + i * k + c, b, at.latent + j * k + c)
    for i in range(k):  # AΨ is there; its columns likewise
        for e in range(effect.first[g, i], effect.first[g, i + 1]):
            j, b = effect.items[e, 0], load(x, effect.items[e, 1])
            for r in range(k):
                add_to(x, at.latent + r * k + i, b, at.latent + r * k + j)


@part
def _means(x: Array, at: Layout, g: int, loading: Rows, intercept: Rows) -> None:
    """Compute δ = ν − m + Λη; the constant has variance 1."""
    for i in range(at.p - 1):
        total = fill(0.0)
        for e in range(intercept.first[g, i], intercept.first[g, i + 1]):
            total = add(total, load(x, intercept.items[e, 0]))
        for e in range(loading.first[g, i], loading.first[g, i + 1]):
            j = loading.items[e, 0]
            if j > 0:
                eta = load(x, at.effects + j * at.k)
                total = multiply_add(load(x, loading.items[e, 1]), eta, total)
        store(x, at.delta + i, total)
    store(x, at.delta + at.p - 1, fill(1.0))
    store(x, at.latent, fill(1.0))


@part
def _implied_cov(x: Array, at: Layout, g: int, loading: Rows, theta: Rows) -> None:
    """Compute Σ = ΛCΛᵀ + Θ, packed."""
    k = at.k
    for i in range(at.p):
        first, last = loading.first[g, i], loading.first[g, i + 1]
        for c in range(k):
            total = fill(0.0)
            for e in range(first, last):
                value = load(x, loading.items[e, 1])
                total = multiply_add(value, load(x, at.latent + loading.items[e, 0] * k + c), total)
            store(x, at.spread + i * k + c, total)
        for j in range(i + 1):
            total = fill(0.0)
            for e in range(loading.first[g, j], loading.first[g, j + 1]):
                value = load(x, loading.items[e, 1])
                total = multiply_add(value, load(x, at.spread + i * k + loading.items[e, 0]), total)
            store(x, at.sigma + triangle(i) + j, total)
    for e in range(theta.first[g, 0], theta.first[g, 1]):
        cell = at.sigma + theta.items[e, 0]
        store(x, cell, add(load(x, cell), load(x, theta.items[e, 1])))


@part
def _add_value(
    x: Array, at: Layout, g: int, share: float, logdet: Array, rows: Indices, value: Array
) -> None:
    """Add a group's share of F to each lane's value: NaN where Σ is not positive definite."""
    p = at.p
    trace = fill(0.0)
    for i in range(p):
        row = at.sample + (g * p + i) * p
        trace = add(trace, dot(x, at.form + i * at.z, row, p))
    store(x, at.mixed, trace)
    for lane in range(LANES):
        if rows[lane] >= 0:
            log_pivots = 0.0
            for i in range(p):
                log_pivots += np.log(x[at.sigma + triangle(i) + i, lane])
            f = x[at.mixed, lane] - 2.0 * log_pivots - logdet[g, rows[lane]] - p
            value[lane] += share * f


@part
def _complete(x: Array, at: Layout, g: int, f: int, reflected: Rows, column: Rows) -> None:
    """Given a symmetric Y as the first p rows and columns of `f`, add YT, YD and [T,D]ᵀY[T,D]."""
    p, k, z = at.p, at.k, at.z
    for j in range(k):
        first, last = reflected.first[g, j], reflected.first[g, j + 1]
        for i in range(p):
            total = fill(0.0)
            for e in range(first, last):
                value = load(x, reflected.items[e, 1])
                total = multiply_add(value, load(x, f + i * z + reflected.items[e, 0]), total)
            store(x, at.spread + i * k + j, total)
        for i in range(k):
            store(x, at.inner + i * k + j, fill(0.0))
    for i in range(k):
        for e in range(reflected.first[g, i], reflected.first[g, i + 1]):
            row, value = at.spread + reflected.items[e, 0] * k, load(x, reflected.items[e, 1])
            for j in range(k):
                add_to(x, at.inner + i * k + j, value, row + j)
    for c in range(2 * k):
        first, last = column.first[g, c], column.first[g, c + 1]
        for i in range(p):
            store(x, f + i * z + p + c, _combined(x, at.spread + i * k, column, first, last))
        for i in range(k):
            store(x, at.mixed + c * k + i, _combined(x, at.inner + i * k, column, first, last))
    for c in range(2 * k):
        first, last = column.first[g, c], column.first[g, c + 1]
        for d in range(c, 2 * k):
            value = _combined(x, at.mixed + d * k, column, first, last)
            store(x, f + (p + c) * z + p + d, value)


@part
def _combined(x: Array, row: int, column: Rows, first: int, last: int) -> Vector:
    """Return the product of a row over structural variables with a column of A or C."""
    total = fill(0.0)
    for e in range(first, last):
        value = load(x, column.items[e, 1])
        total = multiply_add(value, load(x, row + column.items[e, 0]), total)
    return total


@part
def _add_gradient(x: Array, at: Layout, g: int, share: float, gradient: Rows, scale: Array) -> None:
    for e in range(gradient.first[g, 0], gradient.first[g, 1]):
        cell = at.gradient + gradient.items[e, 0]
        weight = fill(share * scale[e])
        slope = load(x, at.slope + gradient.items[e, 1])
        store(x, cell, multiply_add(weight, slope, load(x, cell)))


@part
def _add_curvature(
    x: Array, at: Layout, g: int, share: float, bend: Rows, pair: Rows, scale: Array
) -> None:
    """Add a group's second derivative: expected, and the rest of the exact one times `observed`."""
    observed = load(x, at.observed)
    for e in range(bend.first[g, 0], bend.first[g, 1]):
        value = subtract(load(x, bend.items[e, 1]), load(x, bend.items[e, 2]))
        b, c = load(x, bend.items[e, 3]), load(x, bend.items[e, 4])
        store(x, bend.items[e, 0], multiply_less(b, c, value))
    away = at.slope - at.form
    for e in range(pair.first[g, 0], pair.first[g, 1]):
        ll, rr, lr, rl = pair.items[e, 1], pair.items[e, 2], pair.items[e, 3], pair.items[e, 4]
        form = multiply(load(x, ll), load(x, rr))
        form = multiply_add(load(x, lr), load(x, rl), form)
        rest = multiply(load(x, pair.items[e, 5]), load(x, rr + away))
        rest = multiply_add(load(x, pair.items[e, 6]), load(x, ll + away), rest)
        rest = multiply_add(load(x, pair.items[e, 7]), load(x, rl + away), rest)
        rest = multiply_add(load(x, pair.items[e, 8]), load(x, lr + away), rest)
        form = multiply(multiply_add(observed, rest, form), fill(share * scale[e]))
        store(x, pair.items[e, 0], add(load(x, pair.items[e, 0]), form))


@part
def evaluate(
    x: Array,
    at: Layout,
    lists: Lists,
    sample: Sample,
    rows: Indices,
    value: Array,
    derivatives: bool,
) -> None:
    """Compute each lane's value, and its gradient and curvature, at `there`."""
    p, z = at.p, at.z
    _spread_alpha(x, at, lists.free_rows, lists.free)
    value[:] = 0.0
    clear(x, at.gradient, at.q)
    clear(x, at.curvature, triangle(at.q))
    for g in range(at.groups):
        _structural(x, at, g, lists.psi, lists.effect)
        if at.means:
            _means(x, at, g, lists.loading, lists.intercept)
        _implied_cov(x, at, g, lists.loading, lists.theta)
        factor(x, at.sigma, p)
        invert_factor(x, at.half, at.sigma, p)
        products(x, at.form, z, at.half, p, at.half, p, p, True, True)
        _add_value(x, at, g, sample.share[g], sample.logdet, rows, value)
        if derivatives:
            products(x, at.half, p, at.form, z, at.sample + g * p * p, p, p, False, False)
            products(x, at.slope, z, at.half, p, at.form, z, p, True, False)
            for i in range(p):
                for j in range(p):
                    c = i * z + j
                    store(x, at.slope + c, subtract(load(x, at.slope + c), load(x, at.form + c)))
            for j in range(1, at.k * at.means):
                store(x, at.latent + j, load(x, at.effects + j * at.k))
            _complete(x, at, g, at.form, lists.reflected, lists.column)
            _complete(x, at, g, at.slope, lists.reflected, lists.column)
            _add_gradient(x, at, g, sample.share[g], lists.gradient, lists.gradient_scale)
            _add_curvature(x, at, g, sample.share[g], lists.bend, lists.pair, lists.pair_scale)
    for lane in range(LANES):
        if not np.isfinite(value[lane]):
            value[lane] = np.inf
