"""Where everything stands: columns by longest path, then a search for a clear arrangement.

The search moves whole blocks over a grid and counts what makes a path diagram hard to read: arrows
through boxes, crossings, arrows against the reading direction, narrow angles, length. It is a plain
descent from fixed starts, so the same model always gives the same picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from loyaltysem.reporting.blocks import Block, Side, Sizes, build_block, groups_of_roots, stacked
from loyaltysem.reporting.geometry import (
    Point,
    Rect,
    angle,
    angle_between,
    crosses,
    length_inside,
    union,
)
from loyaltysem.reporting.graph import Graph

Cell: TypeAlias = tuple[int, int]
"""Column (left to right) and half-row (bottom to top)."""

COLUMN_GAP = 1.15
HALF_ROW = 0.6
MOST_COLUMNS = 8
"""Columns of a searched grid; a model too large to search keeps all of its own."""
LONG_CHAIN = 4
"""From this depth on constructs may leave their column, or the picture grows too wide."""
PAGE_WIDTH = 10.5
"""Inches beyond which a wider picture would shrink its labels on a page."""
NARROW = math.radians(24)
SEARCH_LIMIT = 12
"""Structural variables above which only the order within columns is searched."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Final places, in inches, and the way each node looks."""

    rects: Mapping[str, Rect]
    sides: Mapping[str, Side]

    @property
    def bounds(self) -> Rect:
        """Rectangle about all nodes."""
        return union(self.rects.values())


@dataclass(frozen=True, slots=True)
class _Puzzle:
    """What the search needs: blocks by side, who points to whom, the grid."""

    blocks: tuple[Mapping[Side, Block], ...]
    arrows: tuple[tuple[int, str, int, str], ...]
    bonds: tuple[tuple[int, int], ...]
    pitch: float
    columns: int
    rows: int


def lay_out(graph: Graph, sizes: Sizes) -> Layout:
    """Place every node of the graph.

    Parameters
    ----------
    graph : Graph
        Who is drawn and how they are joined.
    sizes : mapping of str to (width, height)
        Node sizes in inches.
    """
    groups = groups_of_roots(graph)
    home = {name: i for i, group in enumerate(groups) for name in group}
    between = [
        (home[e.source], e.source, home[e.target], e.target)
        for e in graph.of_kind("regression")
        if e.source in home and e.target in home
    ]
    arrows = tuple(a for a in between if a[0] != a[2])
    if not arrows:
        blocks = [build_block(g, graph, sizes, "left") for g in groups]
        return _assemble(blocks, [(0.0, y) for y in stacked(blocks)])
    puzzle = _puzzle(groups, graph, sizes, arrows, home)
    cells = _solve(puzzle, _layers(len(groups), arrows))
    return _assemble(*_realise(puzzle, cells))


def _assemble(blocks: list[Block], places: list[Point]) -> Layout:
    rects = {
        n: r.moved(*at) for b, at in zip(blocks, places, strict=True) for n, r in b.rects.items()
    }
    return Layout(rects, {n: s for b in blocks for n, s in b.sides.items()})


def _puzzle(
    groups: list[tuple[str, ...]],
    graph: Graph,
    sizes: Sizes,
    arrows: tuple[tuple[int, str, int, str], ...],
    home: Mapping[str, int],
) -> _Puzzle:
    sides: tuple[Side, ...] = ("left", "right", "up", "down")
    layers = _layers(len(groups), arrows)
    widest = max(sizes[name][0] for group in groups for name in group)
    bonds = {
        (home[e.source], home[e.target])
        for e in graph.of_kind("covariance")
        if e.source in home and e.target in home and home[e.source] != home[e.target]
    }
    tallest = max(sum(layer == k for layer in layers) for k in set(layers))
    return _Puzzle(
        tuple({s: build_block(g, graph, sizes, s) for s in sides} for g in groups),
        arrows,
        tuple(sorted(bonds)),
        widest + COLUMN_GAP,
        max(layers) + 1 if len(groups) > SEARCH_LIMIT else min(MOST_COLUMNS, max(layers) + 1),
        max(9, 2 * tallest + 1),
    )


def _layers(count: int, arrows: tuple[tuple[int, str, int, str], ...]) -> list[int]:
    """Return each block's longest-path depth; arrows that close a cycle are passed over."""
    layer = [0] * count
    for _ in range(count):
        for source, _s, target, _t in arrows:
            if layer[source] + 1 > layer[target] and layer[source] + 1 < count:
                layer[target] = layer[source] + 1
    return layer


def _solve(puzzle: _Puzzle, layers: list[int]) -> list[Cell]:
    """Descend from each start; the cheapest arrangement wins."""
    if len(layers) > SEARCH_LIMIT:
        return _descend(puzzle, _start(puzzle, layers, 1.0), sweeps=2, keep_column=True)
    is_long = max(layers) >= LONG_CHAIN
    squeezes = (1.0, 0.7, 0.45) if is_long else (1.0,)
    starts = [_start(puzzle, layers, squeeze) for squeeze in squeezes]
    starts += [[(c, puzzle.rows - 1 - r) for c, r in start] for start in starts]
    return min(
        (_descend(puzzle, s, keep_column=not is_long) for s in starts),
        key=lambda c: _cost(puzzle, c),
    )


def _start(puzzle: _Puzzle, layers: list[int], squeeze: float) -> list[Cell]:
    """Put blocks into their (squeezed) columns, spread about the middle row."""
    columns = [min(round(layer * squeeze), puzzle.columns - 1) for layer in layers]
    cells: list[Cell] = []
    for i, column in enumerate(columns):
        mates = [j for j, c in enumerate(columns) if c == column]
        row = (puzzle.rows - 1) // 2 + (len(mates) - 1) - 2 * mates.index(i)
        cells.append((column, min(max(row, 0), puzzle.rows - 1)))
    return cells


def _descend(
    puzzle: _Puzzle, cells: list[Cell], *, sweeps: int = 6, keep_column: bool = False
) -> list[Cell]:
    """Move one block at a time to its cheapest cell, or swap two, until nothing helps."""
    best, cost = list(cells), _cost(puzzle, cells)
    grid = [(c, r) for c in range(puzzle.columns) for r in range(puzzle.rows)]
    for _ in range(sweeps):
        before = cost
        for i in range(len(best)):
            for cell in grid:
                trial = [*best[:i], cell, *best[i + 1 :]]
                if cell in best or (keep_column and cell[0] != best[i][0]):
                    continue
                if (now := _cost(puzzle, trial, cost)) < cost - 1e-9:
                    best, cost = trial, now
        best, cost = _swap(puzzle, best, cost, keep_column)
        if cost >= before - 1e-9:
            break
    return best


def _swap(
    puzzle: _Puzzle, best: list[Cell], cost: float, keep_column: bool
) -> tuple[list[Cell], float]:
    for i, j in combinations(range(len(best)), 2):
        if keep_column and best[i][0] != best[j][0]:
            continue
        trial = list(best)
        trial[i], trial[j] = trial[j], trial[i]
        if (now := _cost(puzzle, trial, cost)) < cost - 1e-9:
            best, cost = trial, now
    return best, cost


def _realise(puzzle: _Puzzle, cells: list[Cell]) -> tuple[list[Block], list[Point]]:
    """Turn cells into blocks (looking outwards) and places in inches."""
    first, last = min(c for c, _ in cells), max(c for c, _ in cells)
    middle = (min(r for _, r in cells) + max(r for _, r in cells)) / 2
    blocks = [
        b[_side(c, r, first, last, middle)] for b, (c, r) in zip(puzzle.blocks, cells, strict=True)
    ]
    return blocks, [(c * puzzle.pitch, r * HALF_ROW) for c, r in cells]


def _side(column: int, row: int, first: int, last: int, middle: float) -> Side:
    """Let indicators look outwards: left and right at the ends, else up or down."""
    if column == first:
        return "left"
    if column == last:
        return "right"
    return "up" if row >= middle else "down"


def _cost(puzzle: _Puzzle, cells: list[Cell], limit: float = math.inf) -> float:
    """Return how hard the arrangement is to read; stops early once past `limit`."""
    blocks, places = _realise(puzzle, cells)
    lines = [
        (_middle(blocks[a], s, places[a]), _middle(blocks[b], t, places[b]))
        for a, s, b, t in puzzle.arrows
    ]
    total = sum(_flow_cost(a, b) for a, b in lines) + _bond_cost(puzzle, places)
    if total > limit:
        return total
    obstacles = [[r.moved(*at) for r in b.obstacles] for b, at in zip(blocks, places, strict=True)]
    total += _frame_cost(obstacles) + _crossing_cost(lines)
    if total > limit:
        return total
    total += _overlap_cost(obstacles)
    return total + sum(
        _blocked_cost(line, arrow, blocks, obstacles)
        for line, arrow in zip(lines, puzzle.arrows, strict=True)
    )


def _middle(block: Block, head: str, at: Point) -> Point:
    x, y = block.rects[head].centre
    return x + at[0], y + at[1]


def _overlap_cost(obstacles: list[list[Rect]]) -> float:
    """Blocks that overlap, or nearly so."""
    wide = [[r.grown(0.16) for r in block] for block in obstacles]
    shared = 0.0
    for mine, theirs in combinations(wide, 2):
        for a in mine:
            for b in theirs:
                shared += a.overlap(b)
    return 200.0 * shared


def _frame_cost(obstacles: list[list[Rect]]) -> float:
    """Size of the whole picture; too wide for a page costs more."""
    frame = union(r for block in obstacles for r in block)
    return 0.5 * frame.width + 1.1 * frame.height + 4.0 * max(0.0, frame.width - PAGE_WIDTH)


def _flow_cost(a: Point, b: Point) -> float:
    """Length, and arrows that do not read from left to right."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    against = 60.0 if dx < -0.01 else (4.5 if dx < 0.01 else 0.0)
    cramped = 8.0 if abs(dx) < 0.01 and abs(dy) < 1.5 else 0.0
    tilted = 1.0 if 0.01 < abs(dy) < 1.01 * HALF_ROW else 0.0
    return 0.8 * math.hypot(dx, dy) + 0.2 * abs(dy) + against + cramped + tilted


def _bond_cost(puzzle: _Puzzle, places: list[Point]) -> float:
    """Correlated variables belong near one another, in one column."""
    gaps = ((places[a], places[b]) for a, b in puzzle.bonds)
    return sum(0.3 * math.dist(p, q) + 3.0 * (abs(p[0] - q[0]) > 0.01) for p, q in gaps)


def _crossing_cost(lines: list[tuple[Point, Point]]) -> float:
    """Arrows that cross, and arrows that leave or meet at a narrow angle."""
    total = 0.0
    for (a, b), (c, d) in combinations(lines, 2):
        if crosses(a, b, c, d):
            total += 7.0
        for shared, one, other in ((a == c, b, d), (b == d, a, c)):
            if shared:
                at = a if a == c else b
                wide = angle_between(angle(at, one), angle(at, other))
                total += 9.0 * max(0.0, 1.0 - wide / NARROW)
    return total


def _blocked_cost(
    line: tuple[Point, Point],
    arrow: tuple[int, str, int, str],
    blocks: list[Block],
    obstacles: list[list[Rect]],
) -> float:
    """Arrows that run through what they do not concern."""
    total = 0.0
    for i, (block, rects) in enumerate(zip(blocks, obstacles, strict=True)):
        own = {arrow[1]} if i == arrow[0] else ({arrow[3]} if i == arrow[2] else set())
        for k, rect in enumerate(rects):
            if k < len(block.heads) and block.heads[k] in own:
                continue
            inside = length_inside(*line, rect.grown(0.14))
            total += 14.0 + 10.0 * inside if inside > 0 else 0.0
    return total
