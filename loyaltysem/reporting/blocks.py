"""A construct with its indicators as one rigid block: the factor, its dimensions, their items.

A block grows from its head towards one `side`; nested blocks (second-order factors) grow the same
way, so first-order factors stand in a band of their own between the head and the items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from loyaltysem.reporting.geometry import Rect, union
from loyaltysem.reporting.graph import Graph

Side: TypeAlias = Literal["left", "right", "up", "down"]
Sizes: TypeAlias = Mapping[str, tuple[float, float]]

ITEM_GAP = 0.10
BLOCK_GAP = 0.28
HEAD_GAP = 0.55
DEPTH_GAP = {"left": 0.85, "right": 0.85, "up": 0.72, "down": 0.72}
OUTWARD: Mapping[Side, tuple[int, int]] = {
    "left": (-1, 0),
    "right": (1, 0),
    "up": (0, 1),
    "down": (0, -1),
}


@dataclass(frozen=True, slots=True)
class Block:
    """Rectangles relative to the middle of the heads.

    Parameters
    ----------
    heads : tuple of str
        Structural variables of the block; several when factors share their items.
    rects : mapping of str to Rect
        Place of every member.
    sides : mapping of str to Side
        The way each member looks, away from its factor.
    obstacles : tuple of Rect
        What arrows should not run through: each head in order, then the rest as one apron.
    """

    heads: tuple[str, ...]
    rects: Mapping[str, Rect]
    sides: Mapping[str, Side]
    obstacles: tuple[Rect, ...]


def _block(heads: tuple[str, ...], rects: dict[str, Rect], side: Side) -> Block:
    rest = [rect for name, rect in rects.items() if name not in heads]
    apron = (union(rest),) if rest else ()
    obstacles = (*(rects[h] for h in heads), *apron)
    return Block(heads, rects, dict.fromkeys(rects, side), obstacles)


def groups_of_roots(graph: Graph) -> list[tuple[str, ...]]:
    """Group structural variables that must stand together because they share indicators."""
    owner = {root: root for root in graph.roots}
    for edge in graph.of_kind("loading"):
        host = _root_of(edge.target, graph)
        if host in owner and edge.source in owner:
            old, new = owner[edge.source], owner[host]
            owner = {name: new if o == old else o for name, o in owner.items()}
    return [tuple(r for r in graph.roots if owner[r] == o) for o in dict.fromkeys(owner.values())]


def _root_of(name: str, graph: Graph) -> str:
    while name in graph.parent:
        name = graph.parent[name]
    return name


def build_block(heads: tuple[str, ...], graph: Graph, sizes: Sizes, side: Side) -> Block:
    """Lay out the heads with everything that loads on them, growing towards `side`."""
    if len(heads) == 1:
        rects = _grow(heads[0], graph, sizes, side)
        return _block(heads, rects, side)
    return _shared_block(heads, graph, sizes, side)


def _grow(name: str, graph: Graph, sizes: Sizes, side: Side) -> dict[str, Rect]:
    """Return rectangles of `name` (about the origin) and of all that hangs on it."""
    own = {name: Rect.around((0.0, 0.0), *sizes[name])}
    parts = [_grow(child, graph, sizes, side) for child in graph.children(name)]
    if not parts:
        return own
    depth = _depth(own[name], graph.children(name), sizes, side)
    dx, dy = OUTWARD[side]
    for part, offset in zip(parts, _line_up(parts, side), strict=True):
        across = (dx * depth, offset) if dy == 0 else (offset, dy * depth)
        own |= {n: r.moved(*across) for n, r in part.items()}
    return own


def _depth(head: Rect, children: tuple[str, ...], sizes: Sizes, side: Side) -> float:
    """Return the distance between a head's middle and its children's middles."""
    axis = 0 if OUTWARD[side][1] == 0 else 1
    half = (head.width, head.height)[axis] / 2
    wide_fan = 0.05 * max(0, len(children) - 4)
    return half + DEPTH_GAP[side] + wide_fan + max(sizes[c][axis] for c in children) / 2


def _line_up(parts: list[dict[str, Rect]], side: Side) -> list[float]:
    """Return each part's offset along the line of siblings, middle of the line at zero."""
    boxes = [union(part.values()) for part in parts]
    vertical = OUTWARD[side][1] == 0
    spans = [(-b.top, -b.bottom) if vertical else (b.left, b.right) for b in boxes]
    gap = ITEM_GAP if all(len(part) == 1 for part in parts) else BLOCK_GAP
    offsets, edge = [], 0.0
    for low, high in spans:
        offsets.append(edge - low)
        edge += high - low + gap
    middle = (edge - gap) / 2
    return [(middle - o) if vertical else (o - middle) for o in offsets]


def _shared_block(heads: tuple[str, ...], graph: Graph, sizes: Sizes, side: Side) -> Block:
    """Lay out factors that share items: hosts in front, a general factor behind the items."""
    hosts = [h for h in heads if graph.children(h)]
    parts = [_further(_grow(h, graph, sizes, side), h, side) for h in hosts]
    vertical = OUTWARD[side][1] == 0
    rects: dict[str, Rect] = {}
    for part, offset in zip(parts, _line_up(parts, side), strict=True):
        rects |= {
            n: r.moved(*((0.0, offset) if vertical else (offset, 0.0))) for n, r in part.items()
        }
    others = [h for h in heads if h not in hosts]
    behind = [h for h in others if len(_hosts_of(h, graph)) > 1]
    beside = [h for h in others if h not in behind]
    if beside:
        rects |= _spread([*hosts, *beside], sizes, vertical)
    items = union(r for n, r in rects.items() if n not in heads)
    rects |= _behind(behind, items, sizes, side) if behind else {}
    middle = union(rects[h] for h in heads if h not in behind).centre
    moved = {n: r.moved(-middle[0], -middle[1]) for n, r in rects.items()}
    return _block(heads, moved, side)


def _further(part: dict[str, Rect], head: str, side: Side) -> dict[str, Rect]:
    """Move items away from their factor, for the arrows of a second factor need the room."""
    dx, dy = OUTWARD[side]
    more = 0.45 * DEPTH_GAP[side]
    return {n: r if n == head else r.moved(dx * more, dy * more) for n, r in part.items()}


def _hosts_of(factor: str, graph: Graph) -> set[str]:
    """Return the factors with whose items `factor` overlaps."""
    return {_root_of(e.target, graph) for e in graph.of_kind("loading") if e.source == factor}


def _spread(names: list[str], sizes: Sizes, vertical: bool) -> dict[str, Rect]:
    """Place factors of equal rank in one even row about the origin."""
    axis = 1 if vertical else 0
    pitch = max(sizes[n][axis] for n in names) + HEAD_GAP
    start = (len(names) - 1) / 2
    steps = [(start - i) * pitch if vertical else (i - start) * pitch for i in range(len(names))]
    return {
        n: Rect.around((0.0, s) if vertical else (s, 0.0), *sizes[n])
        for n, s in zip(names, steps, strict=True)
    }


def _behind(names: list[str], items: Rect, sizes: Sizes, side: Side) -> dict[str, Rect]:
    """Place general factors beyond the items, spread along them."""
    dx, dy = OUTWARD[side]
    x, y = items.centre
    placed = _spread(names, sizes, dy == 0)
    gap = 1.5 * DEPTH_GAP[side]
    return {
        n: r.moved(
            x + dx * (items.width / 2 + gap + r.width / 2),
            y + dy * (items.height / 2 + gap + r.height / 2),
        )
        for n, r in placed.items()
    }


def stacked(blocks: list[Block]) -> list[float]:
    """Return the vertical offsets that stack blocks below one another, middle at zero."""
    boxes = [union(b.rects.values()) for b in blocks]
    offsets = [0.0]
    for above, below in pairwise(boxes):
        offsets.append(offsets[-1] + above.bottom - below.top - BLOCK_GAP)
    middle = (offsets[0] + boxes[0].top + offsets[-1] + boxes[-1].bottom) / 2
    return [o - middle for o in offsets]
