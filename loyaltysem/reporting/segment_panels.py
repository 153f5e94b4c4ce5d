"""Panels that pictures of segments share: paired bars, and a matrix of moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from loyaltysem.core.display import integer, percent
from loyaltysem.core.text import Language, Text
from loyaltysem.core.types import Array
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK
from loyaltysem.reporting.fonts import Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

#: Inches: bars, a row of them, a cell of a matrix, the space between panels and around them.
BARS, ROW, CELL, BETWEEN = 2.6, 0.5, 0.72, 0.45
TOP, BOTTOM, RIGHT, AIR = 0.75, 0.3, 0.75, 0.15
MONEY = "#c9a227"
CUSTOMERS_WORD = Text("customers", "客户")
MONEY_WORD = Text("amount", "金额")


def spoken_in(texts: Sequence[Text], language: Language) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    for spoken in dict.fromkeys((language, "en")):
        face = typeface_for([*(t.in_(spoken) for t in texts), "0123456789.,−%+"], spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")


def paired_bars(
    axes: Axes, labels: Sequence[str], shares: tuple[Array, Array], words: tuple[str, str],
    typeface: Typeface,
) -> None:  # fmt: skip
    """Draw shares of customers and of money, a pair of bars a row, the first row on top.

    Parameters
    ----------
    shares : tuple of Array
        Shape (k,) each, of customers and of money.
    words : tuple of str
        What the two are called.
    """
    count = len(labels)
    high = max(float(np.nanmax(np.concatenate(shares))), 0.01)
    axes.set_xlim(0.0, high)
    axes.set_ylim(count - 0.5, -0.5)
    for side, (values, colour) in enumerate(zip(shares, (ACCENT, MONEY), strict=True)):
        at = np.arange(count) + (side - 0.5) * 0.34
        shown = np.nan_to_num(np.maximum(values, 0.0))
        axes.barh(at, shown, height=0.3, color=colour, lw=0)
        for place, value, end in zip(at, values, shown, strict=True):
            write(axes, (float(end), float(place)), percent(value), typeface, colour, "left")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.axvline(0.0, color=FAINT, lw=0.8)
    for row, label in enumerate(labels):
        write(axes, (0.0, float(row)), label, typeface, INK, "right", LABEL_SIZE)
    for k, (word, colour) in enumerate(zip(words, (ACCENT, MONEY), strict=True)):
        axes.annotate(
            f"■ {word}", (0.0, 1.0), (2 + 68 * k, 5), xycoords="axes fraction",
            textcoords="offset points", ha="left", va="bottom", color=colour,
            fontproperties=typeface.properties(TICK_SIZE), parse_math=False,
        )  # fmt: skip


def write(
    axes: Axes, place: tuple[float, float], text: str, typeface: Typeface, colour: str,
    side: str, size: float = TICK_SIZE,
) -> None:  # fmt: skip
    """Write beside a place in data coordinates: ``left`` begins there, ``right`` ends there."""
    axes.annotate(
        text, place, (4 if side == "left" else -6, 0), textcoords="offset points", ha=side,
        va="center", color=colour, fontproperties=typeface.properties(size),
        annotation_clip=False, parse_math=False,
    )  # fmt: skip


def moves_matrix(
    axes: Axes, table: Array, rows: Sequence[str], columns: Sequence[str], typeface: Typeface
) -> None:
    """Draw a matrix of counts, shaded by the share of the row; who stayed has a frame.

    Parameters
    ----------
    table : Array
        Shape (rows, columns), customers.
    """
    from matplotlib.patches import Rectangle

    total = table.sum(axis=1, keepdims=True)
    share = np.divide(table, total, out=np.zeros(table.shape), where=total > 0)
    axes.set_xlim(-0.5, table.shape[1] - 0.5)
    axes.set_ylim(table.shape[0] - 0.5, -0.5)
    axes.imshow(share, cmap=_blues(), vmin=0.0, vmax=1.0, aspect="auto", zorder=0)
    for i, j in np.ndindex(table.shape):
        dark = share[i, j] > 0.75
        axes.annotate(
            integer(table[i, j]), (j, i), ha="center", va="center",
            color="white" if dark else INK if table[i, j] else FAINT,
            fontproperties=typeface.properties(TICK_SIZE), parse_math=False,
        )  # fmt: skip
        if rows[i] == columns[j]:
            axes.add_patch(Rectangle((j - 0.46, i - 0.46), 0.92, 0.92, fill=False, ec=GREY, lw=0.9))
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    for i, label in enumerate(rows):
        write(axes, (-0.5, float(i)), label, typeface, INK, "right")
    for j, label in enumerate(columns):
        axes.annotate(
            label, (j, 1.0), (0, 4), xycoords=axes.get_xaxis_transform(),
            textcoords="offset points", ha="center", va="bottom", color=INK,
            fontproperties=typeface.properties(TICK_SIZE), annotation_clip=False,
            parse_math=False,
        )  # fmt: skip


def _blues() -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("moves", ["#f6f9fc", "#a9c3de", ACCENT])


def heading(axes: Axes, text: str, typeface: Typeface, lift: float = 26.0) -> None:
    """Write a heading above a panel."""
    axes.annotate(
        text, (0.0, 1.0), (0, lift), xycoords="axes fraction", textcoords="offset points",
        ha="left", va="bottom", color=INK, annotation_clip=False, parse_math=False,
        fontproperties=typeface.properties(LABEL_SIZE, bold=True),
    )  # fmt: skip


def side_by_side(
    labels: Sequence[str],
    matrix: tuple[int, int] | None,
    rows: Sequence[str],
    title: str,
    typeface: Typeface,
) -> tuple[Figure, Axes, Axes | None]:
    """Return a figure with room for bars and, beside them, for a matrix.

    Parameters
    ----------
    labels : sequence of str
        Of the bars.
    matrix : tuple of int, optional
        Rows and columns.
    rows : sequence of str
        Labels of the matrix.
    title : str
        What stands above it.
    """
    from matplotlib.figure import Figure

    left = AIR + 0.1 + max(typeface.width(label, LABEL_SIZE) for label in labels)
    beside = wide = 0.0
    if matrix is not None:
        wide = max(matrix[1] * CELL, 1.08 * typeface.width(title, LABEL_SIZE))
        room = max(typeface.width(row, TICK_SIZE) for row in rows) + 0.15
        beside = BETWEEN + room + wide
    tall = max(len(labels) * ROW, (matrix[0] if matrix else 0) * ROW)
    width, height = left + BARS + RIGHT + beside, TOP + tall + BOTTOM
    figure = Figure(figsize=(width, height), facecolor="white")

    def panel(x: float, wide: float, high: float) -> Axes:
        box = (x / width, (height - TOP - high) / height, wide / width, high / height)
        return figure.add_axes(box)

    bars = panel(left, BARS, len(labels) * ROW)
    if matrix is None:
        return figure, bars, None
    start = width - wide - AIR
    return figure, bars, panel(start, matrix[1] * CELL, matrix[0] * ROW)
