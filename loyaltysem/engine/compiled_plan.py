"""What the compiled search knows of a model: which cell meets which, as index arrays.

Everything that depends on the structure is settled here, once a model, so that the kernel only
follows lists. Two changes of variables make its work uniform:

* Means are covariances with a constant. An observed and a structural variable "1", the last and
  the first, join the model; with ``S* = diag(S, 1)`` and ``Σ* = [[Σ + δδᵀ, δ], [δᵀ, 1]]``,
  δ = μ − m, the discrepancy ``log|Σ*| + tr(S*Σ*⁻¹) − log|S| − (p + 1)`` is that of covariances
  and means together. ν moves Σ* like a loading on the constant, α like a regression on it. So that
  means far from zero cost no digits, structural variables are taken as deviations from their means
  η: the constant's loadings are δ, and η enters where D does, ``D_j = ΛC_j + η_j(δ, 1)``.
* Structural variables are put in causal order: B is strictly lower triangular then, and A, AΨ and
  C = AΨAᵀ follow row by row. A model with a feedback loop has no such order: NumPy's part.

The columns of Z are those of ``loyaltysem.model.structure``, [I (p), T (k), D (k)].
"""

from __future__ import annotations

import functools
import graphlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.objective import Block, Objective
from loyaltysem.model.structure import BlockStructure, MatrixName


class Layout(NamedTuple):
    """Sizes, and the cell of the workspace where each thing begins.

    Observed (p) and structural (k) variables include the constant where there are means.
    """

    p: int
    k: int
    z: int  # columns of Z
    q: int
    groups: int
    means: int  # 1 with a mean structure, otherwise 0
    theta: int  # table rows (t), then 1 and 0
    minus_mean: int  # −m of each group
    sample: int  # S* of each group
    delta: int  # (δ, 1)
    effects: int  # A (k, k); its first column is η where there are means
    latent: int  # C (k, k); its first row becomes η
    spread: int  # ΛC (p, k), then Σ⁻¹Λ or QΛ
    sigma: int  # Σ, rows of the lower triangle; then its Cholesky factor L
    half: int  # (L⁻¹)ᵀ (p, p); then Σ⁻¹S
    form: int  # ZᵀΣ⁻¹Z (z, z), lower left part unused
    slope: int  # ZᵀQZ (z, z) of Q = Σ⁻¹SΣ⁻¹ − Σ⁻¹
    bent: int  # ZᵀΣ⁻¹Z − H (2k, 2k), H how T and D move
    inner: int  # Λᵀ·Λ (k, k)
    mixed: int  # Λᵀ·[T, D] (k, 2k)
    gradient: int
    curvature: int  # rows of the lower triangle
    step: int  # −the Newton step
    direction: int  # the step a lane is taking
    here: int  # α where it starts
    there: int  # α under trial
    observed: int  # 1 where the exact curvature is wanted, otherwise 0
    cells: int


class Rows(NamedTuple):
    """Items by row: those of row i of group g are ``items[first[g, i] : first[g, i + 1]]``."""

    first: Indices
    items: Indices


class Lists(NamedTuple):
    """What meets what; lists of a whole group have one row."""

    free_rows: Indices
    free: Indices
    loading: Rows  # of an observed variable: structural variable, cell
    reflected: Rows  # the same of a structural variable: observed variable, cell
    effect: Rows  # of a structural variable: its cause, cell
    psi: Rows  # of a group: place in Ψ, cell
    theta: Rows  # of a group: place in the triangle of Σ, cell
    intercept: Rows  # of an observed variable: cells of ν and −m
    column: Rows  # of a column of [T, D]: structural variable, cell of A or C
    bend: Rows  # of a group: cells of bent, form, and a, b, c with H = a + bc
    gradient: Rows  # of a group: free parameter, place in slope
    gradient_scale: Array
    pair: Rows  # of a group: cell of the curvature; form at ll, rr, lr, rl; bent there
    pair_scale: Array


@dataclass(frozen=True, slots=True)
class Plan:
    """Layout and lists of one model."""

    layout: Layout
    lists: Lists


@dataclass(frozen=True, slots=True)
class _Shape:
    """The structure behind an objective; models of the same content are equal."""

    content: bytes
    blocks: tuple[BlockStructure, ...] = field(compare=False)
    targets: tuple[Indices, ...] = field(compare=False)
    free_rows: Indices = field(compare=False)
    free: Indices = field(compare=False)
    q: int = field(compare=False)
    t: int = field(compare=False)


def plan_of(objective: Objective) -> Plan | None:
    """Return the plan of an objective, None where its model has a feedback loop.

    Plans are remembered by the content of the structure: the chunks of a bootstrap share one.
    """
    chosen, blocks = objective.map, objective.blocks
    t = chosen.base.shape[1]
    arrays = [chosen.free_rows, chosen.free, *(x for b in blocks for x in _content(b))]
    sizes = np.array(
        [t, chosen.n_free, *(n for b in blocks for n in (b.structure.p, b.structure.k))]
    )
    return _planned(
        _Shape(
            content=b"|".join(x.tobytes() for x in (sizes, *arrays)),
            blocks=tuple(b.structure for b in blocks),
            targets=tuple(b.chain.target for b in blocks),
            free_rows=np.array(chosen.free_rows),
            free=np.array(chosen.free),
            q=chosen.n_free,
            t=t,
        )
    )


def _content(block: Block) -> tuple[Array | Indices, ...]:
    s = block.structure
    return (
        s.constant, s.scatter.row, s.scatter.position, s.row, s.left, s.right, s.scale,
        block.chain.target, np.array([s.meanstructure]),
    )  # fmt: skip


@functools.lru_cache(maxsize=16)
def _planned(shape: _Shape) -> Plan | None:
    orders = [_causal_order(b) for b in shape.blocks]
    layout = _layout(shape)
    groups = [
        _Group(block, order, target, g, layout, shape.t)
        for g, (block, order, target) in enumerate(
            zip(shape.blocks, orders, shape.targets, strict=True)
        )
        if order is not None
    ]
    if len(groups) < len(orders):
        return None
    return Plan(layout, _lists(shape, groups, layout))


def _causal_order(block: BlockStructure) -> Indices | None:
    """Return the place of each structural variable, causes first; None in a feedback loop."""
    causes: dict[int, set[int]] = {i: set() for i in range(block.k)}
    for position in block.entries("Beta").position:
        effect, cause = divmod(int(position), block.k)
        causes[effect].add(cause)
    try:
        order = list(graphlib.TopologicalSorter(causes).static_order())
    except graphlib.CycleError:
        return None
    return np.argsort(order) + block.meanstructure


def _layout(shape: _Shape) -> Layout:
    first = shape.blocks[0]
    p, k = first.p + first.meanstructure, first.k + first.meanstructure
    z, q, groups = p + 2 * k, shape.q, len(shape.blocks)
    sizes = {
        "theta": shape.t + 2, "minus_mean": groups * p, "sample": groups * p * p, "delta": p,
        "effects": k * k, "latent": k * k, "spread": p * k, "sigma": p * (p + 1) // 2,
        "half": p * p, "form": z * z, "slope": z * z, "bent": 4 * k * k, "inner": k * k,
        "mixed": 2 * k * k + 1, "gradient": q, "curvature": q * (q + 1) // 2, "step": q,
        "direction": q, "here": q, "there": q, "observed": 1,
    }  # fmt: skip
    ends = np.cumsum(list(sizes.values())).tolist()
    starts = dict(zip(sizes, [0, *ends[:-1]], strict=True))
    return Layout(
        p=p, k=k, z=z, q=q, groups=groups, means=first.meanstructure * 1, cells=ends[-1], **starts
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """One group's lists, each (n, 1 + w): the row an item belongs to, then the item."""

    block: BlockStructure
    order: Indices
    target: Indices
    number: int
    layout: Layout
    t: int

    @property
    def one(self) -> int:
        """The cell that holds 1; the next holds 0."""
        return self.layout.theta + self.t

    def _cells(self, name: MatrixName) -> tuple[Indices, Indices, Indices]:
        """Row and column of each entry of a matrix, and the cell with its value."""
        entries = self.block.entries(name)
        width = {n: columns for n, _, columns in self.block.shapes}[name]
        return *np.divmod(entries.position, width), self.layout.theta + entries.row

    def loading(self) -> Indices:
        """(observed, structural, cell) of Λ, and of δ on the constant."""
        i, j, cell = self._cells("Lambda")
        own_i, own_j = np.nonzero(self.block.split(self.block.constant[None])["Lambda"][0])
        parts = [_columns(i, self.order[j], cell), _columns(own_i, self.order[own_j], self.one)]
        if self.block.meanstructure:
            own = np.arange(self.layout.p)
            parts.append(_columns(own, 0, self.layout.delta + own))
        return np.concatenate(parts)

    def intercept(self) -> Indices:
        """(observed, cell) of ν and of −m."""
        i, _, cell = self._cells("nu")
        own = np.arange(self.block.p)
        minus_mean = self.layout.minus_mean + self.number * self.layout.p + own
        return np.concatenate([_columns(i, cell), _columns(own, minus_mean)])

    def effect(self) -> Indices:
        """(structural, its cause, cell) of B, and of α on the constant."""
        i, j, cell = self._cells("Beta")
        parts = [_columns(self.order[i], self.order[j], cell)]
        if self.block.meanstructure:
            i, _, cell = self._cells("alpha")
            parts.append(_columns(self.order[i], 0, cell))
        return np.concatenate(parts)

    def psi(self) -> Indices:
        """(0, place, cell) of Ψ."""
        i, j, cell = self._cells("Psi")
        return _columns(0, self.order[i] * self.layout.k + self.order[j], cell)

    def theta(self) -> Indices:
        """(0, place in the triangle, cell) of Θ."""
        i, j, cell = self._cells("Theta")
        lower = i >= j
        return _columns(0, i * (i + 1) // 2 + j, cell)[lower]

    def column(self) -> Indices:
        """(column of [T, D], structural, cell): ``T = ΛA`` and ``D = ΛC``, where not zero.

        The constant has no use for a T of its own.
        """
        k, at = self.layout.k, self.layout
        effects, latent = self._patterns()
        i, j = np.nonzero(effects)
        to_t = _columns(j, i, at.effects + i * k + j)
        i, j = np.nonzero(latent)
        return np.concatenate([to_t, _columns(k + j, i, at.latent + i * k + j)])

    def _patterns(self) -> tuple[Array, Array]:
        """Where A, and C with η in its first row, can differ from zero."""
        k = self.layout.k
        effects, psi = np.eye(k), np.zeros(k * k)
        for i, j, _ in sorted(self.effect().tolist()):
            effects[i] += effects[j]
        effects = (effects > 0).astype(np.float64)
        psi[self.psi()[:, 1]] = 1.0
        latent = effects @ psi.reshape(k, k) @ effects.T
        if self.block.meanstructure:
            latent[0] = effects[:, 0]
            effects[:, 0] = 0.0
        return effects, latent

    def bend(self) -> Indices:
        """(0, bent, form, a, b, c) of the pairs of columns of [T, D] that move one another.

        ``H = a + bc``: A between T and D, the moments of structural variables, C + ηηᵀ, in D.
        """
        at, k = self.layout, self.layout.k
        i, j = (x.ravel() for x in np.indices((k, k)))
        bent, form = at.bent + i * 2 * k + k + j, at.form + (at.p + i) * at.z + at.p + k + j
        zero = self.one + 1
        t_and_d = _columns(0, bent, form, at.effects + j * k + i, zero, zero)
        cov = at.latent + i * k + j
        eta_i, eta_j = at.effects + i * k, at.effects + j * k
        if self.block.meanstructure:
            cov = np.where((i == 0) | (j == 0), zero, cov)
        else:
            eta_i = eta_j = np.full(len(i), zero)
        d_and_d = _columns(0, bent + k * 2 * k, form + k * at.z, cov, eta_i, eta_j)
        return np.concatenate([t_and_d, d_and_d[i <= j]])

    def rows(self) -> tuple[Indices, Indices, Indices, Array]:
        """Columns of Z behind each free row, left and right; its free parameter and scale."""
        kept = np.flatnonzero(self.target >= 0)
        left, right = (self._column_of_z(x[kept]) for x in (self.block.left, self.block.right))
        return left, right, self.target[kept], self.block.scale[kept]

    def _column_of_z(self, old: Indices) -> Indices:
        """Translate columns of the structure's Z: new places, and D's constant for its zero."""
        p, at = self.block.p, self.layout
        new = np.concatenate(
            [np.arange(p), at.p + self.order, at.p + at.k + self.order, [at.p + at.k]]
        )
        return np.asarray(new[old], dtype=np.intp)

    def gradient(self) -> tuple[Indices, Array]:
        """(0, free parameter, place in slope) and the factor of each free row."""
        left, right, target, scale = self.rows()
        return _columns(0, target, self._place(left, right)), -2.0 * scale

    def _place(self, a: Indices, b: Indices) -> Indices:
        return np.minimum(a, b) * self.layout.z + np.maximum(a, b)

    def pair(self) -> tuple[Indices, Array]:
        """(0, cell of the curvature, four of form, four of bent) and the factor of each pair."""
        left, right, target, scale = self.rows()
        i, j = np.tril_indices(len(target))
        meet = [(left[i], left[j]), (right[i], right[j]), (left[i], right[j]), (right[i], left[j])]
        high, low = np.maximum(target[i], target[j]), np.minimum(target[i], target[j])
        cell = self.layout.curvature + high * (high + 1) // 2 + low
        form = [self.layout.form + self._place(a, b) for a, b in meet]
        bent = [self._bent(a, b) for a, b in meet]
        twice = np.where((high == low) & (i != j), 2.0, 1.0)
        return _columns(0, cell, *form, *bent), 2.0 * twice * scale[i] * scale[j]

    def _bent(self, a: Indices, b: Indices) -> Indices:
        """Cells of ZᵀΣ⁻¹Z − H: those of the form where H is zero."""
        at = self.layout
        low, high = np.minimum(a, b) - at.p, np.maximum(a, b) - at.p
        moves = (low >= 0) & (high >= at.k)
        return np.where(moves, at.bent + low * 2 * at.k + high, at.form + self._place(a, b))


def _columns(*parts: int | Sequence[int] | Indices) -> Indices:
    return np.stack(np.broadcast_arrays(*(np.asarray(x, dtype=np.intp) for x in parts)), axis=1)


def _lists(shape: _Shape, groups: Sequence[_Group], at: Layout) -> Lists:
    gradient = [g.gradient() for g in groups]
    pair = [g.pair() for g in groups]
    loading = [g.loading() for g in groups]
    return Lists(
        free_rows=shape.free_rows,
        free=shape.free,
        loading=_by_row(loading, at.p),
        reflected=_by_row([x[:, [1, 0, 2]] for x in loading], at.k),
        effect=_by_row([g.effect() for g in groups], at.k),
        psi=_by_row([g.psi() for g in groups], 1),
        theta=_by_row([g.theta() for g in groups], 1),
        intercept=_by_row([g.intercept() for g in groups], at.p),
        column=_by_row([g.column() for g in groups], 2 * at.k),
        bend=_by_row([g.bend() for g in groups], 1),
        gradient=_by_row([x for x, _ in gradient], 1),
        gradient_scale=np.concatenate([x for _, x in gradient]),
        pair=_by_row([x for x, _ in pair], 1),
        pair_scale=np.concatenate([x for _, x in pair]),
    )


def _by_row(groups: Sequence[Indices], n: int) -> Rows:
    """Sort items by the row (of n) in their first column."""
    offsets = np.cumsum([0, *(len(x) for x in groups)])
    ordered = [x[np.argsort(x[:, 0], kind="stable")] for x in groups]
    first = [
        offset + np.searchsorted(x[:, 0], np.arange(n + 1))
        for offset, x in zip(offsets[:-1], ordered, strict=True)
    ]
    return Rows(np.stack(first), np.ascontiguousarray(np.concatenate(ordered)[:, 1:]))
