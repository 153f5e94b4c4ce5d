"""Heat map of heterotrait–monotrait ratios with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loyaltysem.analysis.cutoffs import REGISTRY
from loyaltysem.analysis.measurement.heterotrait import HTMTIntervals
from loyaltysem.core.display import bounded, interval, percent
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE
from loyaltysem.reporting.drawing import FAINT, INK, NEGATIVE
from loyaltysem.reporting.fonts import (
    LINE_HEIGHT,
    POINTS_PER_INCH,
    Typeface,
    typeface_for,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Inches: a cell, air around the labels, and what lies above and below the cells.
CELL, ROW, AIR, TOP = 0.98, 0.52, 0.1, 0.12
VALUE, SMALL = 9.5, 7.5
#: Tints by the bound a ratio stays under, and the one beyond all.
BELOW, BETWEEN, ABOVE = "#e4edf6", "#f6e7c8", "#f0cdbd"
STRICT, LIBERAL = REGISTRY["htmt"].bound, REGISTRY["htmt_liberal"].bound
NOTE = Text(
    "{kind}, {level} bootstrap interval. Blue up to {a}, yellow up to {b}, red beyond;"
    " red frame: the interval reaches 1.",
    "{kind}，{level} 自助法区间。蓝色：不高于 {a}；黄色：不高于 {b}；红色：高于 {b}；"
    "红框：区间触及 1。",
)


def htmt_plot(
    intervals: HTMTIntervals, *, group: str | None = None, language: Language = "en"
) -> Axes:
    """Draw the ratios of all pairs of constructs as a triangle of cells.

    Parameters
    ----------
    intervals : HTMTIntervals
        From `loyaltysem.htmt_intervals`.
    group : str, optional
        Which group, where there are several.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes
        Its unit is one inch.

    Raises
    ------
    IncompatibleRequestError
        Several groups and none named, or a group there is not.

    Notes
    -----
    Colours follow the cut-offs .85 and .90 of Henseler, Ringle & Sarstedt (2015).
    """
    rows = _rows(intervals, group)
    names = list(intervals.constructs)
    labels = {name: wrapped(name, 14) for name in names}
    typeface, note = _spoken(intervals, language)
    axes = _page(labels, names, note, typeface)
    count = len(names)
    for row in rows:
        i, j = names.index(str(row["other"])), names.index(str(row["construct"]))
        _cell(axes, j * CELL, (count - 1 - i) * ROW, row, typeface)
    for k, name in enumerate(names):
        if k:
            _lines(axes, -AIR, (count - 0.5 - k) * ROW, labels[name], typeface, "right")
        if k < count - 1:
            _lines(axes, (k + 0.5) * CELL, -AIR, labels[name], typeface, "top")
    return axes


def _rows(intervals: HTMTIntervals, group: str | None) -> list[dict[str, object]]:
    frame = intervals.frame
    groups = frame["group"].unique().tolist() if "group" in frame else []
    if (groups and group not in groups) or (not groups and group is not None):
        there = ", ".join(map(str, groups)) or "none"
        raise IncompatibleRequestError(
            f"Which group is to be drawn is not clear: asked for {group!r}, there are {there}.",
            code="request.group",
            hint="Pass group=… with one of these." if groups else "Leave group out.",
        )
    chosen = frame[frame["group"] == group] if groups else frame
    return [{str(k): v for k, v in row.items()} for row in chosen.to_dict("records")]


def _spoken(intervals: HTMTIntervals, language: Language) -> tuple[Typeface, tuple[str, ...]]:
    """Return a font that shows everything, and the note in a language that it holds."""
    for spoken in dict.fromkeys((language, "en")):
        note = NOTE.in_(spoken).format(
            kind=intervals.kind.upper(), level=percent(intervals.confidence, 0),
            a=bounded(STRICT, 2), b=bounded(LIBERAL, 2),
        )  # fmt: skip
        face = typeface_for([*intervals.constructs, note, "0123456789.−–[],"], spoken)
        if face is not None:
            return face, _sentences(note, len(intervals.constructs))
    return Typeface("DejaVu Sans"), _sentences(note, len(intervals.constructs))


def _sentences(note: str, count: int) -> tuple[str, ...]:
    """Break the note to the width of the triangle, about fifteen columns a cell."""
    return wrapped(note, max(46, 15 * count))


def _page(
    labels: dict[str, tuple[str, ...]], names: list[str], note: tuple[str, ...], typeface: Typeface
) -> Axes:
    """Return empty axes in inches with room for labels and note."""
    from matplotlib.figure import Figure

    count = len(names)
    left = 2 * AIR + max(typeface.extent(labels[n], LABEL_SIZE)[0] for n in names[1:])
    line = LINE_HEIGHT / POINTS_PER_INCH
    below = max(typeface.extent(labels[n], LABEL_SIZE)[1] for n in names[:-1]) + 2 * AIR
    foot = len(note) * TICK_SIZE * line + AIR
    triangle = (count - 1) * CELL
    width = max(left + triangle, AIR + max(typeface.width(x, TICK_SIZE) for x in note)) + 2 * AIR
    height = TOP + (count - 1) * ROW + below + foot
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-left, width - left)
    axes.set_ylim(-below - foot, height - below - foot)
    axes.axis("off")
    for k, text in enumerate(note):
        axes.text(
            AIR - left, -below - (k + 0.5) * TICK_SIZE * line, text, va="center", color=GREY,
            fontproperties=typeface.properties(TICK_SIZE), parse_math=False,
        )  # fmt: skip
    return axes


def _cell(axes: Axes, left: float, low: float, row: dict[str, object], typeface: Typeface) -> None:
    """Draw one pair: tint by the ratio, its value over its interval."""
    from matplotlib.patches import Rectangle

    value, lower, upper = (float(str(row[k])) for k in ("htmt", "ci_lower", "ci_upper"))
    tint = "white"
    if np.isfinite(value):
        tint = BELOW if value <= STRICT else BETWEEN if value <= LIBERAL else ABOVE
    axes.add_patch(Rectangle((left, low), CELL, ROW, fc=tint, ec="white", lw=2.0, zorder=1))
    if np.isfinite(upper) and upper >= 1:
        inner = (left + 0.03, low + 0.03)
        axes.add_patch(
            Rectangle(inner, CELL - 0.06, ROW - 0.06, fill=False, ec=NEGATIVE, lw=1.1, zorder=2)
        )
    x, middle = left + CELL / 2, low + ROW / 2
    if not np.isfinite(value):
        axes.text(x, middle, "–", ha="center", va="center", color=FAINT)
        return
    limits = interval(lower, upper, 2, is_bounded=True)
    for text, shift, size, colour in (
        (bounded(value, 2), 0.09, VALUE, INK), (limits, -0.1, SMALL, GREY),
    ):  # fmt: skip
        axes.text(
            x, middle + shift, text, ha="center", va="center", color=colour, zorder=3,
            fontproperties=typeface.properties(size), parse_math=False,
        )  # fmt: skip


def _lines(
    axes: Axes, x: float, y: float, lines: tuple[str, ...], typeface: Typeface, side: str
) -> None:
    """Write a label left of a row (centred on it) or under a column."""
    step = LABEL_SIZE * LINE_HEIGHT / POINTS_PER_INCH
    top = y + len(lines) * step / 2 if side == "right" else y
    for k, text in enumerate(lines):
        axes.text(
            x, top - (k + 0.5) * step, text, ha="right" if side == "right" else "center",
            va="center", color=INK, fontproperties=typeface.properties(LABEL_SIZE),
            parse_math=False,
        )  # fmt: skip
