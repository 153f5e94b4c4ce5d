"""Ink: nodes, arrows and numbers on a matplotlib axes whose unit is one inch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loyaltysem.core.display import bounded, stars
from loyaltysem.reporting.fonts import LINE_HEIGHT, POINTS_PER_INCH, Typeface
from loyaltysem.reporting.geometry import Point, Rect
from loyaltysem.reporting.graph import Edge
from loyaltysem.reporting.routes import Route, Stub

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#1d2b3a"
ACCENT = "#24507a"
NEGATIVE = "#a8481f"
FAINT = "#98a4b0"
FILLS = {"factor": "#e4edf6", "dimension": "#f3f7fb", "item": "#ffffff", "variable": "#f7f5ef"}
OUTLINES = {"factor": "#24507a", "dimension": "#5d83a8", "item": "#8795a3", "variable": "#6b6a5e"}

NAME_SIZE = 10.5
DIMENSION_SIZE = 9.5
ITEM_SIZE = 8.0
VALUE_SIZE = 8.5
R2_SIZE = 8.0
NOTE_SIZE = 8.0


@dataclass(frozen=True, slots=True)
class NodeText:
    """What stands in a node, and in which role it is drawn."""

    role: str
    lines: tuple[str, ...]
    r2: str

    @property
    def size(self) -> float:
        """Font size of the name."""
        return {"dimension": DIMENSION_SIZE, "item": ITEM_SIZE}.get(self.role, NAME_SIZE)


def edge_text(edge: Edge) -> str:
    """Return the standardised value; stars only on paths and correlations, where they inform.

    Examples
    --------
    >>> edge_text(Edge("regression", "a", "b", 0.512, 0.0001))
    '.51***'
    >>> edge_text(Edge("loading", "a", "b", 0.512, 0.0001))
    '.51'
    """
    mark = "" if edge.kind == "loading" else stars(edge.p)
    return bounded(edge.std, 2) + mark


def draw_node(ax: Axes, box: Rect, text: NodeText, typeface: Typeface, scale: float) -> None:
    """Draw one variable with its name and R²."""
    from matplotlib.patches import Ellipse, FancyBboxPatch

    face, line = FILLS[text.role], OUTLINES[text.role]
    width = {"factor": 1.5, "dimension": 1.1}.get(text.role, 0.9) * scale
    paint: dict[str, Any] = {"fc": face, "ec": line, "lw": width, "zorder": 3}
    if text.role in ("factor", "dimension"):
        ax.add_patch(Ellipse(box.centre, box.width, box.height, **paint))
    else:
        corner = "round,pad=0,rounding_size=0.03"
        at = (box.left, box.bottom)
        ax.add_patch(FancyBboxPatch(at, box.width, box.height, boxstyle=corner, **paint))
    _node_text(ax, box, text, typeface, scale)


def _node_text(ax: Axes, box: Rect, text: NodeText, typeface: Typeface, scale: float) -> None:
    """Write the lines of a node, centred as one paragraph."""
    rows = [(line, text.size, INK, text.role == "factor") for line in text.lines]
    rows += [(text.r2, R2_SIZE, ACCENT, False)] if text.r2 else []
    heights = [size * LINE_HEIGHT / POINTS_PER_INCH for _, size, _, _ in rows]
    x, y = box.centre
    top = y + sum(heights) / 2
    for (line, size, colour, bold), height in zip(rows, heights, strict=True):
        top -= height
        ax.text(
            x, top + height / 2, line, ha="center", va="center_baseline", color=colour, zorder=4,
            fontproperties=typeface.properties(size * scale, bold=bold), parse_math=False,
        )  # fmt: skip


def draw_route(ax: Axes, route: Route, scale: float) -> None:
    """Draw one arrow: heavier where the standardised value is larger, dashed grey if n.s."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    edge = route.edge
    codes = [Path.MOVETO] + [Path.LINETO if len(route.points) == 2 else Path.CURVE4] * (
        len(route.points) - 1
    )
    ax.add_patch(
        FancyArrowPatch(
            path=Path(list(route.points), codes),
            arrowstyle=_head(edge),
            mutation_scale=8.0 * scale,
            lw=_weight(edge) * scale,
            ls=(0, (4, 2.5)) if edge.is_nonsignificant else "solid",
            color=_colour(edge),
            shrinkA=0,
            shrinkB=0,
            joinstyle="miter",
            capstyle="butt",
            zorder=2,
        )
    )


def _head(edge: Edge) -> str:
    if edge.kind == "covariance":
        return "<|-|>,head_length=0.5,head_width=0.24"
    return "-|>,head_length=0.6,head_width=0.28"


def _weight(edge: Edge) -> float:
    if edge.kind != "regression":
        return 0.9
    if edge.is_nonsignificant or edge.std != edge.std:
        return 1.1
    return 0.9 + 1.9 * min(abs(edge.std), 1.0)


def _colour(edge: Edge) -> str:
    if edge.is_nonsignificant:
        return FAINT
    if edge.std < 0 and edge.kind == "regression":
        return NEGATIVE
    return {"regression": ACCENT, "covariance": "#5f6f80"}.get(edge.kind, "#5d83a8")


def draw_value(
    ax: Axes, box: Rect, edge: Edge, typeface: Typeface, scale: float, text: str
) -> None:
    """Write a number on a white box over its arrow."""
    from matplotlib.patches import Rectangle

    ax.add_patch(
        Rectangle((box.left, box.bottom), box.width, box.height, fc="white", ec="none", zorder=5)
    )
    colour = "#6d7985" if edge.is_nonsignificant else INK
    ax.text(
        *box.centre, text, ha="center", va="center_baseline", color=colour, zorder=6,
        fontproperties=typeface.properties(VALUE_SIZE * scale), parse_math=False,
    )  # fmt: skip


def draw_stub(ax: Axes, stub: Stub, scale: float) -> None:
    """Draw the short arrow of a residual."""
    from matplotlib.patches import FancyArrowPatch

    ax.add_patch(
        FancyArrowPatch(
            stub.tail,
            stub.tip,
            arrowstyle="-|>,head_length=0.4,head_width=0.2",
            mutation_scale=7.0 * scale,
            lw=0.8 * scale,
            color=FAINT,
            shrinkA=0,
            shrinkB=0,
            zorder=1,
        )
    )


def draw_note(ax: Axes, at: Point, text: str, typeface: Typeface, scale: float) -> None:
    """Write the key to stars and dashes under the picture."""
    ax.text(
        *at, text, ha="left", va="top", color="#5b6874", zorder=4,
        fontproperties=typeface.properties(NOTE_SIZE * scale), parse_math=False,
    )  # fmt: skip


def node_sizes(texts: Mapping[str, NodeText], typeface: Typeface) -> dict[str, tuple[float, float]]:
    """Return node sizes from their measured text; nodes of one role share one size."""
    raw = {name: _wanted(text, typeface) for name, text in texts.items()}
    by_role: dict[str, tuple[float, float]] = {}
    for name, (width, height) in raw.items():
        role = texts[name].role
        w, h = by_role.get(role, (0.0, 0.0))
        by_role[role] = max(w, width), max(h, height)
    return {name: by_role[texts[name].role] for name in texts}


def _wanted(text: NodeText, typeface: Typeface) -> tuple[float, float]:
    """Return the size that holds a node's text: an ellipse needs √2 times the text's box."""
    width, height = typeface.extent(text.lines, text.size)
    if text.r2:
        r2_width, r2_height = typeface.extent([text.r2], R2_SIZE)
        width, height = max(width, r2_width), height + r2_height
    if text.role in ("factor", "dimension"):
        return max(1.0, 1.28 * width + 0.3), max(0.56, 1.22 * height + 0.16)
    return max(0.5, width + 0.2), height + 0.13
