"""Lorenz curve: how much of the money comes from how few customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loyaltysem.clv.segments.concentration import Concentration
from loyaltysem.core.display import bounded, interval, percent
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.axes import LABEL_SIZE, TICK_SIZE, Margins, finish, inch_axes
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK, NEGATIVE
from loyaltysem.reporting.segment_panels import spoken_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE = 3.3
AROUND = Margins(left=0.8, right=0.35, top=0.5, bottom=0.6)
X_AXIS = Text("Share of customers, smallest amount first", "客户累计占比（按金额由小到大）")
Y_AXIS = Text("Share of the amount", "金额累计占比")
GINI = Text("Gini {value} {limits}", "基尼系数 {value} {limits}")
EQUAL = Text("all equal", "完全平均")
HELD = Text("top {top} hold {share}", "前 {top} 客户占 {share}")


def lorenz_plot(spread: Concentration, *, top: float = 0.2, language: Language = "en") -> Axes:
    """Draw the Lorenz curve of an amount.

    Parameters
    ----------
    spread : Concentration
        From `clv.concentration`.
    top : float, default 0.2
        The share of customers whose part is marked.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes
    """
    spoken, face = spoken_in([X_AXIS, Y_AXIS, GINI, EQUAL, HELD], language)
    x, y = (spread.lorenz[c].to_numpy(np.float64) for c in ("share_customers", "share_amount"))
    below = float(np.interp(1 - top, x, y))
    axes = inch_axes(SIDE, SIDE, AROUND)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(min(0.0, float(y.min())), 1.0)
    axes.plot([0, 1], [0, 1], color=FAINT, lw=0.9, zorder=1)
    axes.fill_between(x, y, x, color="#eef2f6", lw=0, zorder=0)
    axes.plot(x, y, color=ACCENT, lw=1.7, zorder=3)
    axes.plot([1 - top, 1 - top, 1], [0, below, below], color=NEGATIVE, lw=0.9, ls=(0, (4, 2.5)))
    axes.plot([1 - top], [below], marker="o", ms=5, color=NEGATIVE, zorder=4)
    ticks = np.linspace(0, 1, 6)
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    finish(axes, X_AXIS.in_(spoken), Y_AXIS.in_(spoken), face)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticklabels([percent(t, 0) for t in ticks])
    told = HELD.in_(spoken).format(top=percent(top, 0), share=percent(1 - below, 0))
    small = face.properties(TICK_SIZE)
    axes.annotate(told, (1 - top, below), (-8, 4), textcoords="offset points", ha="right",
                  va="bottom", color=NEGATIVE, fontproperties=small, parse_math=False)  # fmt: skip
    axes.annotate(EQUAL.in_(spoken), (0.42, 0.42), (-4, 4), textcoords="offset points", ha="center",
                  va="bottom", rotation=45, color=FAINT, fontproperties=small)  # fmt: skip
    row = spread.frame.iloc[0]
    limits = interval(row["ci_lower"], row["ci_upper"], is_bounded=True)
    axes.annotate(
        GINI.in_(spoken).format(value=bounded(spread.gini), limits=limits), (0.0, 1.0), (0, 12),
        xycoords="axes fraction", textcoords="offset points", ha="left", va="bottom", color=INK,
        fontproperties=face.properties(LABEL_SIZE, bold=True), parse_math=False,
    )  # fmt: skip
    return axes
