"""Compile a parameter table into index arrays: which table row sits where in which matrix.

Structural variables are the latents plus every observed variable that is regressed on something,
predicts something, or covaries with one that does; they enter the structural part with a loading
of 1 and no residual. All other observed variables are pure indicators. With p observed and k
structural variables the matrices are

    Λ (p, k)   Θ (p, p)   Ψ (k, k)   B (k, k)   ν (p,)   α (k,)

    Σ = Λ A Ψ Aᵀ Λᵀ + Θ        μ = ν + Λ A α        A = (I − B)⁻¹

Every derivative of Σ is ``s·(z_l z_rᵀ + z_r z_lᵀ)`` for two columns of ``Z = [I, T, D, 0]`` with
``T = ΛA`` and ``D = ΛAΨAᵀ``; `left` and `right` hold those columns. Writing C = AΨAᵀ:

    λ_ij  I_i, D_j     θ_ij  I_i, I_j     ψ_ij  T_i, T_j     β_ij  T_i, D_j
    ν_i   I_i, 0       α_i   T_i, 0       (s = ½ on the diagonals of Θ and Ψ, otherwise 1)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.model.mediation import Mediation, mediations
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import Parameter
from loyaltysem.model.row_forms import Bending, Folding, bending, folding, form_cells

MatrixName: TypeAlias = Literal["Lambda", "Theta", "Psi", "Beta", "nu", "alpha"]


@dataclass(frozen=True, slots=True)
class Entries:
    """Where table rows go among the cells: ``cells[position] = theta[row]``."""

    row: Indices
    position: Indices


@dataclass(frozen=True, slots=True)
class BlockStructure:
    """One group's matrices.

    Attributes
    ----------
    observed, structural
        Names in the order of the matrices' axes (p and k of them).
    constant : Array
        Λ, Θ, Ψ, B, ν and α before any parameter, cell by cell and one after another: 1 where an
        observed variable is structural itself, otherwise 0.
    shapes
        Name, rows and columns of each, in that order.
    scatter
        Where the table rows go in `constant`.
    row : Indices, shape (f,)
        Table rows of this group with a derivative: free ones, and those that follow from others.
    determined : Indices, shape (d,)
        Which of the f follow from others: residual variances of ordered variables (delta).
    left, right : Indices, shape (f,)
        Columns of Z behind each derivative.
    scale : Array, shape (f,)
        ½ for a variance, otherwise 1.
    own : Indices, shape (f,)
        The cell (see `form_cells`) of each row's two columns.
    folding : Folding or None
        None where means are modelled: their part of a form is not folded.
    bending : Bending
        Rows that move the columns of Z of one another.
    generations : int or None
        Regressions in the longest chain of them: the highest power of B that is not zero. None
        where a variable is among its own causes.
    """

    observed: tuple[str, ...]
    structural: tuple[str, ...]
    constant: Array
    shapes: tuple[tuple[MatrixName, int, int], ...]
    scatter: Entries
    row: Indices
    determined: Indices
    left: Indices
    right: Indices
    scale: Array
    own: Indices
    folding: Folding | None
    bending: Bending
    meanstructure: bool
    generations: int | None

    @property
    def has_regressions(self) -> bool:
        """Whether B is anything but zero."""
        return self.generations != 0

    @property
    def p(self) -> int:
        """Number of observed variables."""
        return len(self.observed)

    @property
    def k(self) -> int:
        """Number of structural variables."""
        return len(self.structural)

    def entries(self, matrix: MatrixName) -> Entries:
        """Return where table rows go among the cells of one matrix."""
        start = 0
        for name, rows, columns in self.shapes:
            if name == matrix:
                break
            start += rows * columns
        position = self.scatter.position - start
        inside = (position >= 0) & (position < rows * columns)
        return Entries(self.scatter.row[inside], position[inside])

    def split(self, cells: Array) -> dict[MatrixName, Array]:
        """View cells (B, c), in the order of `constant`, as matrices (B, rows, columns)."""
        batch, start = len(cells), 0
        matrices: dict[MatrixName, Array] = {}
        for name, rows, columns in self.shapes:
            end = start + rows * columns
            matrices[name] = cells[:, start:end].reshape(batch, rows, columns)
            start = end
        return matrices


@dataclass(frozen=True, slots=True)
class ModelStructure:
    """The whole model as arrays.

    Attributes
    ----------
    blocks
        One a group.
    free : Indices, shape (t,)
        Free parameter behind each table row, -1 where it is fixed.
    constant : Array, shape (t,)
        Fixed values; 0 for free rows and for moments of x.
    exogenous : tuple
        ``(row, group, i, j)`` of each moment of fixed x: variances and covariances with
        positions i, j among the observed variables; means with j = -1.
    mediations : tuple of Mediation
        Paths whose values have a pole.
    n_free : int
        Number of free parameters q.
    """

    blocks: tuple[BlockStructure, ...]
    free: Indices
    constant: Array
    exogenous: tuple[tuple[int, int, int, int], ...]
    mediations: tuple[Mediation, ...]
    n_free: int

    @property
    def n_rows(self) -> int:
        """Number of table rows t."""
        return len(self.free)

    @property
    def n_moments(self) -> int:
        """Number of sample moments the model explains, those of fixed x left out."""
        total = sum(b.p * (b.p + 1) // 2 + b.p * b.meanstructure for b in self.blocks)
        return total - len(self.exogenous)


def compile_structure(table: ParameterTable) -> ModelStructure:
    """Turn the parameter table into index arrays.

    Parameters
    ----------
    table : ParameterTable

    Returns
    -------
    ModelStructure

    Examples
    --------
    >>> from loyaltysem.model.parameter_table import parameter_table
    >>> from loyaltysem.model.parameters import Defaults
    >>> from loyaltysem.model.syntax import parse
    >>> structure = compile_structure(parameter_table(parse("f =~ x1 + x2 + x3"), Defaults()))
    >>> structure.n_free, structure.n_moments
    (6, 6)
    """
    numbers = np.array(table.free_index(), dtype=np.intp)
    constant = np.array(
        [0.0 if r.free or r.exogenous else r.value for r in table.rows], dtype=np.float64
    )
    blocks = tuple(_block(table, group, numbers) for group in range(1, table.n_groups + 1))
    return ModelStructure(
        blocks, numbers, constant, tuple(_exogenous(table)), mediations(table),
        n_free=int(numbers.max(initial=-1)) + 1,
    )  # fmt: skip


def _exogenous(table: ParameterTable) -> Iterable[tuple[int, int, int, int]]:
    place = {name: i for i, name in enumerate(table.observed)}
    for index, row in enumerate(table.rows):
        if row.exogenous:
            second = place[row.rhs] if row.op == "~~" else -1
            yield index, row.group - 1, place[row.lhs], second


def _structural_variables(table: ParameterTable) -> tuple[str, ...]:
    """Latents and every observed variable that takes part in the structural model."""
    latent = set(table.latent)
    inside = set(latent)
    for row in table.rows:
        if row.op == "~":
            inside |= {row.lhs, row.rhs}
        elif row.op == "=~" and row.lhs not in latent:
            inside.add(row.lhs)
    pairs = [(r.lhs, r.rhs) for r in table.rows if r.op == "~~" and r.lhs != r.rhs]
    grown = True
    while grown:  # a residual covariance pulls its partner into the structural part
        touched = {n for pair in pairs if inside & set(pair) for n in pair}
        grown = bool(touched - inside)
        inside |= touched
    return (*table.latent, *(n for n in table.observed if n in inside))


def _shapes(p: int, k: int) -> tuple[tuple[MatrixName, int, int], ...]:
    return (
        ("Lambda", p, k), ("Theta", p, p), ("Psi", k, k), ("Beta", k, k), ("nu", p, 1),
        ("alpha", k, 1),
    )  # fmt: skip


def _block(table: ParameterTable, group: int, numbers: Indices) -> BlockStructure:
    structural = _structural_variables(table)
    seat = {name: i for i, name in enumerate(structural)}
    place = {name: i for i, name in enumerate(table.observed)}
    p, k = len(place), len(structural)
    mine = [(i, row) for i, row in enumerate(table.rows) if row.group == group]
    located = [
        (i, row, *_locate(row, seat, place)) for i, row in mine if row.op not in ("|", "~*~")
    ]
    shapes = _shapes(p, k)
    constant = np.zeros(sum(rows * columns for _, rows, columns in shapes))
    for name in structural:
        if name in place:
            constant[place[name] * k + seat[name]] = 1.0
    # under delta, residual variances of ordered variables follow from their scales
    follows = () if table.defaults.theta else table.defaults.ordered
    free = [
        item
        for item in located
        if numbers[item[0]] >= 0 or (item[1].is_variance and item[1].lhs in follows)
    ]
    columns = [_columns(matrix, i, j, p, k) for _, _, matrix, i, j in free]
    left, right = (np.array([c[side] for c in columns], dtype=np.intp) for side in (0, 1))
    scale = np.array([c[2] for c in columns], dtype=np.float64)
    means, cells = table.defaults.meanstructure, form_cells(p, 2 * k)
    regressions = [n for n, (_, _, matrix, _, _) in enumerate(free) if matrix == "Beta"]
    effects = np.array([free[n][3:] for n in regressions], dtype=np.intp).reshape(-1, 2)
    return BlockStructure(
        observed=table.observed,
        structural=structural,
        constant=constant,
        shapes=shapes,
        scatter=_scatter(located, shapes),
        row=np.array([item[0] for item in free], dtype=np.intp),
        determined=np.flatnonzero([numbers[item[0]] < 0 for item in free]),
        left=left,
        right=right,
        scale=scale,
        own=cells[left, right],
        folding=None if means else folding(left, right, scale, cells),
        bending=bending(
            np.array(regressions, dtype=np.intp), effects, len(free), k, folded=not means
        ),
        meanstructure=means,
        generations=_generations(k, [(i, j) for _, _, matrix, i, j in located if matrix == "Beta"]),
    )


def _generations(k: int, cells: Sequence[tuple[int, int]]) -> int | None:
    """Return the highest power of B (k, k) that is not zero, None where there is none."""
    if not cells:
        return 0
    pattern = np.zeros((k, k), dtype=np.bool_)
    pattern[tuple(zip(*cells, strict=True))] = True
    reached = pattern
    for n in range(1, k):
        reached = reached @ pattern
        if not reached.any():
            return n
    return None


def _locate(
    row: Parameter, seat: dict[str, int], place: dict[str, int]
) -> tuple[MatrixName, int, int]:
    """Name the matrix and the cell of a table row."""
    if row.op == "=~":
        if row.rhs in seat:
            return "Beta", seat[row.rhs], seat[row.lhs]
        return "Lambda", place[row.rhs], seat[row.lhs]
    if row.op == "~":
        return "Beta", seat[row.lhs], seat[row.rhs]
    if row.op == "~1":
        return ("alpha", seat[row.lhs], 0) if row.lhs in seat else ("nu", place[row.lhs], 0)
    if row.lhs in seat:
        return "Psi", seat[row.lhs], seat[row.rhs]
    return "Theta", place[row.lhs], place[row.rhs]


def _columns(matrix: MatrixName, i: int, j: int, p: int, k: int) -> tuple[int, int, float]:
    """Columns of ``Z = [I (p), T (k), D (k), 0]`` behind a derivative, and its scale."""
    t, d, zero = p, p + k, p + 2 * k
    match matrix:
        case "Lambda":
            return i, d + j, 1.0
        case "Theta":
            return i, j, 0.5 if i == j else 1.0
        case "Psi":
            return t + i, t + j, 0.5 if i == j else 1.0
        case "Beta":
            return t + i, d + j, 1.0
        case "nu":
            return i, zero, 1.0
        case "alpha":
            return t + i, zero, 1.0


def _scatter(
    located: Sequence[tuple[int, Parameter, MatrixName, int, int]],
    shapes: Sequence[tuple[MatrixName, int, int]],
) -> Entries:
    """Plan where rows go among the cells of all matrices, both triangles of the symmetric ones."""
    begin: dict[MatrixName, tuple[int, int]] = {}
    start = 0
    for name, height, width in shapes:
        begin[name] = start, width
        start += height * width
    rows, positions = [], []
    for index, _, name, i, j in located:
        start, width = begin[name]
        rows.append(index)
        positions.append(start + i * width + j)
        if i != j and name in ("Theta", "Psi"):
            rows.append(index)
            positions.append(start + j * width + i)
    return Entries(np.array(rows, dtype=np.intp), np.array(positions, dtype=np.intp))
