"""The course of every arrow and the place of every number on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from loyaltysem.reporting.blocks import OUTWARD
from loyaltysem.reporting.geometry import (
    Point,
    Rect,
    along_curve,
    angle,
    angle_between,
    ellipse_edge,
    length_inside,
    polyline,
    rect_edge,
)
from loyaltysem.reporting.graph import Edge, Graph
from loyaltysem.reporting.layout import Layout

STUB = 0.2
"""Length of a residual's stub, inches."""
ROOMY = math.radians(40)
"""A residual's stub keeps at least this far from the arrows at its node, where it can."""
SLOTS = (0.5, 0.44, 0.56, 0.38, 0.62, 0.68, 0.32, 0.74, 0.27, 0.8, 0.22)
LOADING_SLOTS = (0.68, 0.62, 0.74, 0.56, 0.5, 0.44, 0.8, 0.38, 0.32, 0.26, 0.2)


@dataclass(frozen=True, slots=True)
class Route:
    """An edge and its course: two points for a straight arrow, four for a Bézier curve."""

    edge: Edge
    points: tuple[Point, ...]


def routes(graph: Graph, layout: Layout) -> list[Route]:
    """Return the course of every edge whose ends are drawn."""
    return [
        Route(edge, _course(edge, graph, layout))
        for edge in graph.edges
        if edge.source in layout.rects and edge.target in layout.rects
    ]


def _course(edge: Edge, graph: Graph, layout: Layout) -> tuple[Point, ...]:
    if edge.kind == "covariance":
        return _arc(edge, graph, layout)
    if edge.kind == "loading" and edge.target not in graph.latents:
        return _to_item(edge, layout)
    return _straight(edge, graph, layout)


def boundary(name: str, graph: Graph, layout: Layout, direction: float) -> Point:
    """Return where an arrow in `direction` meets the outline of a node."""
    edge = ellipse_edge if name in graph.latents else rect_edge
    return edge(layout.rects[name], direction)


def _straight(edge: Edge, graph: Graph, layout: Layout) -> tuple[Point, ...]:
    """Return the straight line between outlines, aimed from middle to middle."""
    a, b = layout.rects[edge.source].centre, layout.rects[edge.target].centre
    return (
        boundary(edge.source, graph, layout, angle(a, b)),
        boundary(edge.target, graph, layout, angle(b, a)),
    )


def _to_item(edge: Edge, layout: Layout) -> tuple[Point, ...]:
    """Return the line from a factor to the middle of the near side of an item's box."""
    box, head = layout.rects[edge.target], layout.rects[edge.source]
    dx, dy = OUTWARD[layout.sides[edge.target]]
    x, y = box.centre
    beyond = (head.centre[0] - x) * dx + (head.centre[1] - y) * dy > 0  # a general factor
    way = 0.5 if beyond else -0.5
    near = (x + way * dx * box.width, y + way * dy * box.height)
    return ellipse_edge(head, angle(head.centre, near)), near


def _arc(edge: Edge, graph: Graph, layout: Layout) -> tuple[Point, ...]:
    """Return a curve that bows away from what hangs on its two ends."""
    if edge.source in graph.parent and edge.target in graph.parent:
        outward: tuple[float, float] = OUTWARD[layout.sides[edge.source]]
        if layout.sides[edge.target] != layout.sides[edge.source]:
            return _straight(edge, graph, layout)
    else:
        outward = _free_way(edge, graph, layout)
        if _crowding(edge, outward, graph, layout):
            return _straight(edge, graph, layout)
    a, b = layout.rects[edge.source], layout.rects[edge.target]
    start, end = _facing(a, outward), _facing(b, outward)
    reach = 0.2 + 0.3 * math.dist(a.centre, b.centre)
    if abs(outward[0]):  # both ends bow to one common depth
        depth = _further((start[0], end[0]), outward[0], reach)
        return start, (depth, start[1]), (depth, end[1]), end
    depth = _further((start[1], end[1]), outward[1], reach)
    return start, (start[0], depth), (end[0], depth), end


def _further(ends: tuple[float, float], way: float, reach: float) -> float:
    """Return the coordinate `reach` beyond the outer of two ends."""
    return way * (max(way * ends[0], way * ends[1]) + reach)


def _facing(box: Rect, outward: tuple[float, float]) -> Point:
    x, y = box.centre
    return x + outward[0] * box.width / 2, y + outward[1] * box.height / 2


def _free_way(edge: Edge, graph: Graph, layout: Layout) -> tuple[float, float]:
    """Return the direction a correlation of structural variables bows: the least crowded."""
    a, b = layout.rects[edge.source].centre, layout.rects[edge.target].centre
    side_by_side = abs(a[0] - b[0]) > abs(a[1] - b[1])
    ways = [(0.0, 1.0), (0.0, -1.0)] if side_by_side else [(-1.0, 0.0), (1.0, 0.0)]
    return min(ways, key=lambda way: _crowding(edge, way, graph, layout))


def _crowding(edge: Edge, way: tuple[float, float], graph: Graph, layout: Layout) -> int:
    """Count neighbours of the two ends that lie in direction `way`."""
    total = 0
    for end in (edge.source, edge.target):
        x, y = layout.rects[end].centre
        for e in graph.edges:
            if e.kind != "covariance" and end in (e.source, e.target):
                other = layout.rects[e.target if e.source == end else e.source].centre
                total += (other[0] - x) * way[0] + (other[1] - y) * way[1] > 0.05
    return total


@dataclass(frozen=True, slots=True)
class Stub:
    """A residual's short arrow, from `tail` to the outline at `tip`."""

    tail: Point
    tip: Point


def stubs(graph: Graph, layout: Layout, courses: Sequence[Route]) -> list[Stub]:
    """Return the residual stubs of endogenous variables; none where there is no room for one."""
    found = []
    for name in graph.endogenous():
        if name in layout.rects:
            direction = _stub_direction(name, graph, layout, courses)
            if direction is not None:
                tip = boundary(name, graph, layout, direction)
                dx, dy = STUB * math.cos(direction), STUB * math.sin(direction)
                found.append(Stub((tip[0] + dx, tip[1] + dy), tip))
    return found


def _stub_direction(
    name: str, graph: Graph, layout: Layout, courses: Sequence[Route]
) -> float | None:
    """Return outward for an item, else the roomiest way, upright before slanting."""
    box = layout.rects[name]
    taken = [
        angle(box.centre, route.points[0 if route.edge.source == name else -1])
        for route in courses
        if name in (route.edge.source, route.edge.target)
    ]
    others = [r for n, r in layout.rects.items() if n != name]
    if name in graph.parent and name not in graph.latents:
        side = OUTWARD[layout.sides[name]]
        ways: tuple[float, ...] = (math.atan2(side[1], side[0]),)
    else:
        ways = tuple(math.radians(d) for d in (90, -90, 45, 135, -45, -135, 0, 180))
    rooms = [_stub_room(w, box, taken, others) for w in ways]
    best = next((w for w, room in zip(ways, rooms, strict=True) if room > ROOMY), None)
    if best is None and max(rooms) > 0.3:
        best = ways[rooms.index(max(rooms))]
    return best


def _stub_room(way: float, box: Rect, taken: list[float], others: list[Rect]) -> float:
    """Return the angle to the nearest arrow; none when a stub would meet a box."""
    middle = box.centre
    reach = max(box.width, box.height) / 2 + STUB
    tail = middle[0] + reach * math.cos(way), middle[1] + reach * math.sin(way)
    if any(length_inside(middle, tail, r) > 0 for r in others):
        return 0.0
    return min((angle_between(way, t) for t in taken), default=math.pi)


def place_labels(
    courses: Sequence[Route],
    sizes: Sequence[tuple[float, float]],
    nodes: Sequence[Rect],
) -> list[Rect]:
    """Return a rectangle on each course for its number, clear of nodes, arrows and one another.

    Parameters
    ----------
    courses : sequence of Route
        The arrows.
    sizes : sequence of (width, height)
        Size of each number's box, in inches.
    nodes : sequence of Rect
        What the numbers must not cover.
    """
    lines = [polyline(route.points) for route in courses]
    options = [
        [
            Rect.around(along_curve(route.points, t), *size)
            for t in (LOADING_SLOTS if route.edge.kind == "loading" else SLOTS)
        ]
        for route, size in zip(courses, sizes, strict=True)
    ]
    fixed = [
        [_fixed_cost(i, box, lines, nodes) + 0.15 * k for k, box in enumerate(boxes)]
        for i, boxes in enumerate(options)
    ]
    chosen = [0] * len(options)
    for _ in range(4):
        before = list(chosen)
        for i, boxes in enumerate(options):
            others = [options[j][chosen[j]] for j in range(len(options)) if j != i]
            costs = [fixed[i][k] + _label_cost(box, others) for k, box in enumerate(boxes)]
            chosen[i] = costs.index(min(costs))
        if chosen == before:
            break
    return [boxes[k] for boxes, k in zip(options, chosen, strict=True)]


def _fixed_cost(i: int, box: Rect, lines: list[list[Point]], nodes: Sequence[Rect]) -> float:
    """Cost of a place that does not depend on the other labels: nodes and foreign arrows."""
    on_nodes = sum(200.0 * box.overlap(node.grown(0.03)) for node in nodes)
    on_arrows = sum(
        length_inside(a, b, box)
        for j, line in enumerate(lines)
        if j != i
        for a, b in pairwise(line)
    )
    return on_nodes + 4.0 * on_arrows


def _label_cost(box: Rect, others: Sequence[Rect]) -> float:
    return sum(400.0 * box.grown(0.02).overlap(other) for other in others)


def curve_extent(courses: Sequence[Route]) -> list[Rect]:
    """Return the box of each course, for the picture's bounds."""
    return [_extent(polyline(route.points)) for route in courses]


def _extent(points: Sequence[Point]) -> Rect:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return Rect(min(xs), min(ys), max(xs), max(ys))
