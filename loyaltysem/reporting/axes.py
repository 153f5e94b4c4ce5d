"""Plain axes measured in inches: two thin lines, printed ticks, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loyaltysem.core.display import number
from loyaltysem.reporting.drawing import INK
from loyaltysem.reporting.fonts import Typeface

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABEL_SIZE, TICK_SIZE = 9.0, 8.0
GREY, RULE = "#5b6874", "#b9c2cb"


@dataclass(frozen=True, slots=True)
class Margins:
    """Room around a plot, in inches."""

    left: float
    right: float
    top: float
    bottom: float


def inch_axes(width: float, height: float, around: Margins) -> Axes:
    """Return axes of a size in inches on a white page with margins."""
    from matplotlib.figure import Figure

    w, h = around.left + width + around.right, around.bottom + height + around.top
    figure = Figure(figsize=(w, h), facecolor="white")
    return figure.add_axes((around.left / w, around.bottom / h, width / w, height / h))


def finish(axes: Axes, x_title: str, y_title: str, typeface: Typeface) -> None:
    """Leave two thin axes with printed ticks."""
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = [float(t) for t in axis.get_majorticklocs() if low <= t <= high]
        digits = max((len(f"{t:.3f}".rstrip("0").split(".")[1]) for t in ticks), default=0)
        axis.set_ticks(ticks)
        axis.set_ticklabels(
            [number(t, digits) for t in ticks],
            fontproperties=typeface.properties(TICK_SIZE), color=GREY,
        )  # fmt: skip
    axes.tick_params(length=3, color=RULE)
    font = typeface.properties(LABEL_SIZE)
    axes.set_xlabel(x_title, fontproperties=font, color=INK, parse_math=False)
    axes.set_ylabel(y_title, fontproperties=font, color=INK, parse_math=False)
