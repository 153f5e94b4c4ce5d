"""Predicted customer value: how it spreads, and how much of it few customers hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loyaltysem.clv.value.result import CustomerValue
from loyaltysem.core.display import integer, number, percent
from loyaltysem.core.text import Language, Text
from loyaltysem.core.types import Array
from loyaltysem.reporting.axes import LABEL_SIZE, TICK_SIZE, finish
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK, NEGATIVE
from loyaltysem.reporting.fonts import Typeface
from loyaltysem.reporting.segment_panels import spoken_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches: a panel, the space between the two, and what lies around.
PANEL, TALL, BETWEEN = 3.1, 2.5, 0.95
LEFT, RIGHT, TOP, BOTTOM = 0.85, 0.3, 0.65, 0.65
BINS, BAR = 40, "#a9c3de"
#: Quantile at which the histogram ends; the rest is counted beside it.
SHOWN = 0.99
TITLE = Text(
    "Value over {span}: {total} [{low}, {high}], {n} customers",
    "{span}客户价值：{total} [{low}, {high}]，{n} 位客户",
)
YEAR, YEARS = Text("{years} year", "未来 {years} 年"), Text("{years} years", "未来 {years} 年")
FUTURE = Text("all future", "全部未来")
X_AXIS = Text("Predicted value per customer{unit}", "每位客户的预测价值{unit}")
Y_AXIS = Text("Customers", "客户数")
MEAN, MEDIAN = Text("mean {value}", "均值 {value}"), Text("median {value}", "中位数 {value}")
BEYOND = Text("{n} above", "另有 {n} 位更高")
BEST = Text("Share of customers, best first", "客户累计占比（按价值由高到低）")
SHARE = Text("Share of the value", "价值累计占比")
HELD = Text("top {top} hold {share}", "前 {top} 客户占 {share}")
TOP_SHARE = 0.2


def value_plot(value: CustomerValue, *, language: Language = "en") -> Figure:
    """Draw the distribution and the concentration of predicted value.

    Parameters
    ----------
    value : CustomerValue
        From ``tx.clv(…)``.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.figure.Figure
        Left a histogram up to the 99th percentile, right the share of the value that the best
        customers hold.
    """
    phrases = [TITLE, YEAR, YEARS, FUTURE, X_AXIS, Y_AXIS, MEAN, MEDIAN, BEYOND, BEST, SHARE, HELD]
    spoken, face = spoken_in(phrases, language)
    figure, left, right = _panels()
    clv = np.sort(value.frame["clv"].to_numpy(np.float64))[::-1]
    unit = f" ({value.currency})" if value.currency else ""
    _histogram(left, clv, spoken, face)
    finish(left, X_AXIS.in_(spoken).format(unit=unit), Y_AXIS.in_(spoken), face)
    _concentration(right, clv, spoken, face)
    span = _span(value.horizon).in_(spoken).format(years=f"{value.horizon or 0:g}")
    title = TITLE.in_(spoken).format(
        span=span, total=number(value.total, 0), low=number(value.ci_lower, 0),
        high=number(value.ci_upper, 0), n=integer(len(clv)),
    )  # fmt: skip
    left.annotate(title, (0.0, 1.0), (0, 24), xycoords="axes fraction", ha="left", va="bottom",
                  textcoords="offset points", color=INK, annotation_clip=False, parse_math=False,
                  fontproperties=face.properties(LABEL_SIZE, bold=True))  # fmt: skip
    return figure


def _panels() -> tuple[Figure, Axes, Axes]:
    from matplotlib.figure import Figure

    width, height = LEFT + 2 * PANEL + BETWEEN + RIGHT, TOP + TALL + BOTTOM
    figure = Figure(figsize=(width, height), facecolor="white")
    first, second = (
        figure.add_axes(
            ((LEFT + k * (PANEL + BETWEEN)) / width, BOTTOM / height, PANEL / width, TALL / height)
        )
        for k in range(2)
    )
    return figure, first, second


def _span(horizon: float | None) -> Text:
    """Return the words for a horizon in years."""
    if horizon is None:
        return FUTURE
    return YEAR if horizon == 1 else YEARS


def _histogram(axes: Axes, clv: Array, language: Language, face: Typeface) -> None:
    end = float(np.quantile(clv, SHOWN))
    low = min(0.0, float(clv.min()))
    counts, edges = np.histogram(clv[clv <= end], np.linspace(low, max(end, low + 1e-9), BINS + 1))
    axes.stairs(counts, edges, fill=True, color=BAR, lw=0)
    axes.set_xlim(low, edges[-1])
    axes.set_ylim(0.0, 1.12 * max(counts.max(), 1))
    small = face.properties(TICK_SIZE)
    marks = ((MEDIAN, float(np.median(clv)), 1.0, INK), (MEAN, float(clv.mean()), 0.88, NEGATIVE))
    for text, at, height, colour in marks:
        axes.axvline(at, ymax=height, color=colour, lw=1.0)
        axes.annotate(
            text.in_(language).format(value=number(at, 1)), (at, height), (4, 0),
            xycoords=axes.get_xaxis_transform(), textcoords="offset points", ha="left", va="top",
            color=colour, fontproperties=small, parse_math=False,
        )  # fmt: skip
    beyond = int((clv > end).sum())
    if beyond:
        axes.annotate(
            BEYOND.in_(language).format(n=integer(beyond)) + " →", (1.0, 0.06), (-2, 0),
            xycoords="axes fraction", textcoords="offset points", ha="right", va="bottom",
            color=INK, fontproperties=small, parse_math=False,
        )  # fmt: skip
    axes.locator_params(axis="both", nbins=5)


def _concentration(axes: Axes, clv: Array, language: Language, face: Typeface) -> None:
    share = np.concatenate([[0.0], np.cumsum(clv) / clv.sum()])
    people = np.linspace(0.0, 1.0, len(share))
    held = float(np.interp(TOP_SHARE, people, share))
    axes.plot([0, 1], [0, 1], color=FAINT, lw=0.9)
    axes.fill_between(people, share, people, color="#eef2f6", lw=0)
    axes.plot(people, share, color=ACCENT, lw=1.7)
    axes.plot([TOP_SHARE, TOP_SHARE, 0], [0, held, held], color=NEGATIVE, lw=0.9, ls=(0, (4, 2.5)))
    axes.plot([TOP_SHARE], [held], marker="o", ms=5, color=NEGATIVE)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, max(1.0, float(share.max())))
    ticks = np.linspace(0, 1, 6)
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    finish(axes, BEST.in_(language), SHARE.in_(language), face)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticklabels([percent(t, 0) for t in ticks])
    axes.annotate(
        HELD.in_(language).format(top=percent(TOP_SHARE, 0), share=percent(held, 0)),
        (TOP_SHARE, held), (8, -4), textcoords="offset points", ha="left", va="top",
        color=NEGATIVE, fontproperties=face.properties(TICK_SIZE), parse_math=False,
    )  # fmt: skip
