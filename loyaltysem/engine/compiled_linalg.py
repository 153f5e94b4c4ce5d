"""Small dense linear algebra on workspaces of lanes: products, Cholesky factors, inverses.

A matrix is a range of cells, by rows; `width` is the distance of its rows. All loops run over
cells: what a cell holds, one number a replicate, stays together.

Only imported where numba is installed.
"""

from __future__ import annotations

from loyaltysem.core.types import Array
from loyaltysem.engine.compiled_lanes import (
    Vector,
    Vectors,
    add,
    divide,
    fill,
    load,
    multiply,
    multiply_add,
    part,
    square_root,
    store,
    subtract,
)


@part
def triangle(i: int) -> int:
    """Return where row i of a packed lower triangle begins."""
    return i * (i + 1) // 2


@part
def dot(x: Array, a: int, b: int, n: int) -> Vector:
    """Return the product of two rows of length n."""
    even, odd = fill(0.0), fill(0.0)
    for i in range(0, n - 1, 2):
        even = multiply_add(load(x, a + i), load(x, b + i), even)
        odd = multiply_add(load(x, a + i + 1), load(x, b + i + 1), odd)
    if n % 2:
        even = multiply_add(load(x, a + n - 1), load(x, b + n - 1), even)
    return add(even, odd)


@part
def dots(x: Array, a: int, b: int, c0: int, c1: int, c2: int, c3: int, n: int) -> Vectors:
    """Return the eight products of two rows with four, of length n, given where they begin.

    Six reads for eight products: what keeps the multipliers busy.
    """
    a0, a1, a2, a3 = fill(0.0), fill(0.0), fill(0.0), fill(0.0)
    b0, b1, b2, b3 = fill(0.0), fill(0.0), fill(0.0), fill(0.0)
    for i in range(n):
        at_a, at_b = load(x, a + i), load(x, b + i)
        c = load(x, c0 + i)
        a0, b0 = multiply_add(at_a, c, a0), multiply_add(at_b, c, b0)
        c = load(x, c1 + i)
        a1, b1 = multiply_add(at_a, c, a1), multiply_add(at_b, c, b1)
        c = load(x, c2 + i)
        a2, b2 = multiply_add(at_a, c, a2), multiply_add(at_b, c, b2)
        c = load(x, c3 + i)
        a3, b3 = multiply_add(at_a, c, a3), multiply_add(at_b, c, b3)
    return a0, a1, a2, a3, b0, b1, b2, b3


@part
def products(
    x: Array,
    out: int,
    width: int,
    a: int,
    a_width: int,
    b: int,
    b_width: int,
    n: int,
    symmetric: bool,
    upper: bool,
) -> None:
    """Write ABᵀ, of two n × n matrices by rows, in tiles of 2 × 4.

    `symmetric`: the result is, half of it is computed. `upper`: the rows begin with i zeros.
    Tiles that reach over the edge repeat the last row.
    """
    last = n - 1
    for i in range(0, n, 2):
        k, skip = min(i + 1, last), i if upper else 0
        row, next_row = a + i * a_width + skip, a + k * a_width + skip
        for j in range(0, k + 1 if symmetric else n, 4):
            j1, j2, j3 = min(j + 1, last), min(j + 2, last), min(j + 3, last)
            found = dots(
                x, row, next_row,
                b + j * b_width + skip, b + j1 * b_width + skip,
                b + j2 * b_width + skip, b + j3 * b_width + skip, n - skip,
            )  # fmt: skip
            _put_row(x, out, width, i, j, j1, j2, j3, found[:4], symmetric)
            _put_row(x, out, width, k, j, j1, j2, j3, found[4:], symmetric)


@part
def _put_row(
    x: Array,
    out: int,
    width: int,
    i: int,
    j0: int,
    j1: int,
    j2: int,
    j3: int,
    row: Vectors,
    symmetric: bool,
) -> None:
    """Write four elements of row i; of a symmetric matrix their mirror images too."""
    store(x, out + i * width + j0, row[0])
    store(x, out + i * width + j1, row[1])
    store(x, out + i * width + j2, row[2])
    store(x, out + i * width + j3, row[3])
    if symmetric:
        store(x, out + j0 * width + i, row[0])
        store(x, out + j1 * width + i, row[1])
        store(x, out + j2 * width + i, row[2])
        store(x, out + j3 * width + i, row[3])


@part
def factor(x: Array, h: int, n: int) -> None:
    """Replace a packed matrix by its Cholesky factor, with 1/l on the diagonal.

    A lane whose matrix is not positive definite gets NaN or infinity there.
    """
    for i in range(0, n, 2):
        row, next_row = h + triangle(i), h + triangle(i + 1)
        paired = i + 1 < n
        done = i - i % 4 if paired else 0
        for j in range(0, done, 4):
            c0, c1, c2, c3 = (
                h + triangle(j), h + triangle(j + 1), h + triangle(j + 2), h + triangle(j + 3)
            )  # fmt: skip
            found = dots(x, row, next_row, c0, c1, c2, c3, j)
            _four_of_factor(x, row, j, c0, c1, c2, c3, found[:4])
            _four_of_factor(x, next_row, j, c0, c1, c2, c3, found[4:])
        for k in range(i, i + 1 + paired):
            _rest_of_row(x, h, k, done)


@part
def _four_of_factor(
    x: Array, row: int, j: int, c0: int, c1: int, c2: int, c3: int, dots: Vectors
) -> None:
    """Finish elements j to j + 3 of a row, given its products with rows j to j + 3 before j."""
    l0 = multiply(subtract(load(x, row + j), dots[0]), load(x, c0 + j))
    store(x, row + j, l0)
    known = multiply_add(l0, load(x, c1 + j), dots[1])
    l1 = multiply(subtract(load(x, row + j + 1), known), load(x, c1 + j + 1))
    store(x, row + j + 1, l1)
    known = multiply_add(l1, load(x, c2 + j + 1), multiply_add(l0, load(x, c2 + j), dots[2]))
    l2 = multiply(subtract(load(x, row + j + 2), known), load(x, c2 + j + 2))
    store(x, row + j + 2, l2)
    known = multiply_add(l1, load(x, c3 + j + 1), multiply_add(l0, load(x, c3 + j), dots[3]))
    known = multiply_add(l2, load(x, c3 + j + 2), known)
    store(x, row + j + 3, multiply(subtract(load(x, row + j + 3), known), load(x, c3 + j + 3)))


@part
def _rest_of_row(x: Array, h: int, i: int, start: int) -> None:
    """Compute row i of a Cholesky factor from element `start` on."""
    row = h + triangle(i)
    for j in range(start, i):
        other = h + triangle(j)
        rest = subtract(load(x, row + j), dot(x, row, other, j))
        store(x, row + j, multiply(rest, load(x, other + j)))
    pivot = subtract(load(x, row + i), dot(x, row, row, i))
    store(x, row + i, divide(fill(1.0), square_root(pivot)))


@part
def invert_factor(x: Array, out: int, h: int, n: int) -> None:
    """Write the transpose of L⁻¹ by rows, zeros included, from `factor`'s packed L."""
    for i in range(n):
        for j in range(n):
            store(x, out + i * n + j, fill(0.0))
        store(x, out + i * n + i, load(x, h + triangle(i) + i))
    for r in range(1, n):
        row, pivot = h + triangle(r), load(x, h + triangle(r) + r)
        for i in range(0, r, 4):
            c0, c1, c2, c3 = (
                out + i * n, out + (i + 1) * n, out + min(i + 2, n - 1) * n,
                out + min(i + 3, n - 1) * n,
            )  # fmt: skip
            found = dots(x, row + i, row + i, c0 + i, c1 + i, c2 + i, c3 + i, r - i)
            store(x, c0 + r, multiply(subtract(fill(0.0), found[0]), pivot))
            if i + 1 < r:
                store(x, c1 + r, multiply(subtract(fill(0.0), found[1]), pivot))
            if i + 2 < r:
                store(x, c2 + r, multiply(subtract(fill(0.0), found[2]), pivot))
            if i + 3 < r:
                store(x, c3 + r, multiply(subtract(fill(0.0), found[3]), pivot))


@part
def clear(x: Array, start: int, n: int) -> None:
    """Write zeros into n cells."""
    for i in range(start, start + n):
        store(x, i, fill(0.0))


@part
def add_to(x: Array, cell: int, factor: Vector, other: int) -> None:
    """Add `factor` times another cell to a cell."""
    store(x, cell, multiply_add(factor, load(x, other), load(x, cell)))
