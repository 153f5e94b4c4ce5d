"""Plane geometry for the drawing: boxes, segments, curves. Lengths are inches."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rect:
    """An upright rectangle from (left, bottom) to (right, top)."""

    left: float
    bottom: float
    right: float
    top: float

    @classmethod
    def around(cls, centre: Point, width: float, height: float) -> Rect:
        """Return the rectangle of this size about `centre`."""
        x, y = centre
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    @property
    def width(self) -> float:
        """Horizontal extent."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Vertical extent."""
        return self.top - self.bottom

    @property
    def centre(self) -> Point:
        """Middle point."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def moved(self, dx: float, dy: float) -> Rect:
        """Return the rectangle shifted."""
        return Rect(self.left + dx, self.bottom + dy, self.right + dx, self.top + dy)

    def grown(self, margin: float) -> Rect:
        """Return the rectangle with `margin` added on every side."""
        return Rect(
            self.left - margin, self.bottom - margin, self.right + margin, self.top + margin
        )

    def overlap(self, other: Rect) -> float:
        """Return the area two rectangles share."""
        if self.right <= other.left or other.right <= self.left:
            return 0.0
        high = min(self.top, other.top) - max(self.bottom, other.bottom)
        if high <= 0:
            return 0.0
        return (min(self.right, other.right) - max(self.left, other.left)) * high


def union(rects: Iterable[Rect]) -> Rect:
    """Return the smallest rectangle that holds all of `rects`."""
    kept = list(rects)
    return Rect(
        min(r.left for r in kept),
        min(r.bottom for r in kept),
        max(r.right for r in kept),
        max(r.top for r in kept),
    )


def length_inside(a: Point, b: Point, rect: Rect) -> float:
    """Return how much of the segment from `a` to `b` lies in `rect` (Liang–Barsky clipping).

    Examples
    --------
    >>> length_inside((0.0, 0.0), (4.0, 0.0), Rect(1.0, -1.0, 2.0, 1.0))
    1.0
    """
    dx, dy = b[0] - a[0], b[1] - a[1]
    enter, leave = 0.0, 1.0
    for step, low, high in (
        (dx, rect.left - a[0], rect.right - a[0]),
        (dy, rect.bottom - a[1], rect.top - a[1]),
    ):
        if step == 0.0:
            if low > 0.0 or high < 0.0:
                return 0.0
            continue
        first, second = sorted((low / step, high / step))
        enter, leave = max(enter, first), min(leave, second)
        if enter >= leave:
            return 0.0
    return (leave - enter) * math.hypot(dx, dy)


def crosses(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Tell whether the open segments ab and cd cross.

    Examples
    --------
    >>> crosses((0, 0), (2, 2), (0, 2), (2, 0)), crosses((0, 0), (1, 0), (1, 0), (2, 1))
    (True, False)
    """
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    """Return twice the signed area of the triangle abc."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def angle(a: Point, b: Point) -> float:
    """Return the direction from `a` to `b` in radians."""
    return math.atan2(b[1] - a[1], b[0] - a[0])


def angle_between(first: float, second: float) -> float:
    """Return the unsigned angle between two directions, 0 to π."""
    difference = abs(first - second) % (2 * math.pi)
    return min(difference, 2 * math.pi - difference)


def ellipse_edge(box: Rect, direction: float) -> Point:
    """Return where a ray from the centre leaves the ellipse inscribed in `box`."""
    x, y = box.centre
    a, b = box.width / 2, box.height / 2
    c, s = math.cos(direction), math.sin(direction)
    radius = a * b / math.hypot(b * c, a * s)
    return x + radius * c, y + radius * s


def rect_edge(box: Rect, direction: float) -> Point:
    """Return where a ray from the centre leaves the rectangle `box`."""
    x, y = box.centre
    c, s = math.cos(direction), math.sin(direction)
    across = box.width / 2 / abs(c) if abs(c) > 1e-12 else math.inf
    along = box.height / 2 / abs(s) if abs(s) > 1e-12 else math.inf
    radius = min(across, along)
    return x + radius * c, y + radius * s


def along_curve(points: tuple[Point, ...], t: float) -> Point:
    """Return the point at `t` of a straight (2 points) or cubic Bézier (4 points) curve.

    Examples
    --------
    >>> along_curve(((0.0, 0.0), (2.0, 4.0)), 0.5)
    (1.0, 2.0)
    """
    if len(points) == 2:
        weights: tuple[float, ...] = (1 - t, t)
    else:
        u = 1 - t
        weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
    return (
        sum(w * p[0] for w, p in zip(weights, points, strict=True)),
        sum(w * p[1] for w, p in zip(weights, points, strict=True)),
    )


def polyline(points: tuple[Point, ...], steps: int = 16) -> list[Point]:
    """Return the curve as points joined by straight lines."""
    if len(points) == 2:
        return list(points)
    return [along_curve(points, i / steps) for i in range(steps + 1)]
