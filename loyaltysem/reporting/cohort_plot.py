"""Heat map of cohorts: how each comes back, period after period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.cohorts import Cohorts
from loyaltysem.core.display import integer, number
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Language, Text
from loyaltysem.core.types import Array
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE
from loyaltysem.reporting.drawing import ACCENT, INK
from loyaltysem.reporting.fonts import Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

#: Inches: a cell with a number in it, a cell without, what lies around, the column of sizes.
CELL, SMALL_CELL, SMALLEST = (0.37, 0.25), (0.13, 0.13), 0.055
TOP, BOTTOM, RIGHT, AIR, SIZES = 0.78, 0.34, 0.25, 0.14, 0.62
#: Most columns and rows whose cells hold numbers, and most inches of a picture's side.
MOST_NUMBERED, LONGEST = 26, 12.0
CELL_SIZE = 7.0
#: Share of the scale from which numbers are white.
DARK = 0.55
#: Quantile of the cells at which the colour is full: one small cohort must not pale the others.
FULL = 0.98
COLOURS = ("#f1f5f9", "#a9c6e0", "#4d82b4", ACCENT)
FIRST_FILL = "#e9ebee"
SHARES = frozenset({"retention", "churn", "ci_lower", "ci_upper"})
TITLES: Mapping[str, Text] = {
    "retention": Text("Retention, % of the cohort", "留存率（占同期群的 %）"),
    "churn": Text("Churn, % not seen again", "流失率（此后未再购买者的 %）"),
    "active": Text("Active customers", "活跃客户数"),
    "orders": Text("Orders", "购买次数"),
    "amount": Text("Net spending", "净消费额"),
    "amount_per_customer": Text("Net spending per customer won", "人均净消费额（按获客人数）"),
    "margin": Text("Net margin", "净毛利"),
    "margin_per_customer": Text("Net margin per customer won", "人均净毛利（按获客人数）"),
}
AGES: Mapping[str, Text] = {
    "week": Text("Weeks since first purchase", "首次购买后的周数"),
    "month": Text("Months since first purchase", "首次购买后的月数"),
    "quarter": Text("Quarters since first purchase", "首次购买后的季度数"),
    "year": Text("Years since first purchase", "首次购买后的年数"),
}
COHORT, CUSTOMERS, ALL = Text("Cohort", "同期群"), Text("customers", "客户数"), Text("all", "合计")
PARTIAL = Text("hatched: period not observed in full", "斜线：该时期未完整观察")


@dataclass(frozen=True, slots=True)
class _Grid:
    """What is drawn: values by row and age, whether observed in full, row names, sizes."""

    values: Array
    partial: Array
    names: tuple[str, ...]
    sizes: tuple[str, ...]
    first_counts: bool
    pooled: bool


def cohort_plot(cohorts: Cohorts, *, value: str = "retention", language: Language = "en") -> Axes:
    """Draw a table of cohorts as a heat map.

    Parameters
    ----------
    cohorts : Cohorts
        From `Transactions.cohorts`.
    value : str
        The column drawn: ``retention``, ``churn``, ``active``, ``orders``, ``amount``,
        ``amount_per_customer``, ``margin`` or ``margin_per_customer``.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    IncompatibleRequestError
        The table has no such column, or no picture of it is drawn.

    Notes
    -----
    A row is a cohort, a column an age; the first row holds all cohorts together where the value is
    a retention (periods observed in full). Colours span 0 to the 98 % quantile of the cells beyond
    the first age, which is grey where it says nothing (everybody buys in it). Hatched cells lie in
    a period that was not observed in full. Cells hold numbers up to 26 rows and columns.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aaabb"), "amount": 1.0,
    ...     "time": ["2024-01-01", "2024-02-05", "2024-03-31", "2024-02-02", "2024-03-03"]})
    >>> cohort_plot(transactions(orders).cohorts()).get_xlabel()
    'Months since first purchase'
    """
    if value not in TITLES or value not in cohorts.frame:
        known = ", ".join(name for name in TITLES if name in cohorts.frame)
        raise IncompatibleRequestError(
            f"value={value!r} cannot be drawn.",
            code="request.cohort_value",
            hint=f"Use one of {known}.",
        )
    spoken, typeface = _spoken(cohorts, value, language)
    grid = _grid(cohorts, value, spoken)
    numbered = max(grid.values.shape) <= MOST_NUMBERED + grid.pooled
    axes = _canvas(grid, numbered, typeface)
    scale = _scale(grid)
    _cells(axes, grid, scale)
    if numbered:
        _numbers(axes, grid, scale, value, typeface)
    _names(axes, grid, numbered, spoken, typeface)
    axes.set_xlabel(
        AGES[cohorts.by].in_(spoken), fontproperties=typeface.properties(LABEL_SIZE), color=INK
    )
    axes.xaxis.set_label_position("top")
    _words(axes, grid, cohorts, (value, spoken, numbered), typeface, scale)
    return axes


def _grid(cohorts: Cohorts, value: str, language: Language) -> _Grid:
    wide = cohorts.matrix(value)
    whole = cohorts.matrix("complete")
    values = wide.to_numpy(np.float64, na_value=np.nan)
    partial = (whole == False).to_numpy(bool)  # noqa: E712 - NaN where there is no cell
    sizes = cohorts.frame.loc[cohorts.frame["age"] == 0].set_index("cohort")["size"]
    names, counts = [str(n) for n in wide.index], [integer(sizes[n]) for n in wide.index]
    pooled = value == "retention" and len(names) > 1
    if pooled:
        means = cohorts.by_age().set_index("age")["retention"].reindex(wide.columns)
        values = np.vstack([means.to_numpy(np.float64), values])
        partial = np.vstack([np.zeros(values.shape[1], dtype=bool), partial])
        names, counts = [ALL.in_(language), *names], [integer(sizes.sum()), *counts]
    first_counts = value not in {"retention", "churn", "active"}
    return _Grid(values, partial, tuple(names), tuple(counts), first_counts, pooled)


def _scale(grid: _Grid) -> float:
    """Return the value at which colour is full."""
    cells = grid.values if grid.first_counts else grid.values[:, 1:]
    known = cells[np.isfinite(cells)]
    top = float(np.quantile(known, FULL)) if known.size else 1.0
    return top if top > 0 else 1.0


def _canvas(grid: _Grid, numbered: bool, typeface: Typeface) -> Axes:
    from matplotlib.figure import Figure

    rows, columns = grid.values.shape
    cell_width, cell_height = CELL if numbered else SMALL_CELL
    width = max(min(columns * cell_width, LONGEST), columns * SMALLEST)
    height = max(min(rows * cell_height, LONGEST), rows * SMALLEST)
    left = 3 * AIR + SIZES + max(typeface.width(name, TICK_SIZE) for name in grid.names)
    w, h = left + max(width, 2.2) + RIGHT, TOP + height + BOTTOM
    figure = Figure(figsize=(w, h), facecolor="white")
    axes = figure.add_axes((left / w, BOTTOM / h, width / w, height / h))
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    return axes


def _cells(axes: Axes, grid: _Grid, scale: float) -> None:
    from matplotlib.patches import Rectangle

    edges = (np.arange(n + 1) - 0.5 for n in grid.values.shape[::-1])
    shown = np.ma.masked_invalid(grid.values)
    thin = "white" if max(grid.values.shape) <= 2 * MOST_NUMBERED else "face"
    axes.pcolormesh(
        *edges, shown, cmap=_colours(), vmin=0.0, vmax=scale, edgecolors=thin, lw=0.8,
        antialiased=thin == "white",
    )  # fmt: skip
    if not grid.first_counts:
        rows = len(grid.names)
        axes.add_patch(
            Rectangle((-0.5, -0.5), 1, rows, facecolor=FIRST_FILL, edgecolor="white", lw=0.8)
        )
    for row, column in zip(*np.nonzero(grid.partial), strict=True):
        axes.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, hatch="/////", lw=0.0,
                      edgecolor="#ffffff", alpha=0.4)
        )  # fmt: skip
    if grid.pooled:
        axes.axhline(0.5, color=INK, lw=0.8)


def _colours() -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("cohorts", COLOURS)


def _numbers(axes: Axes, grid: _Grid, scale: float, value: str, typeface: Typeface) -> None:
    """Print each value into its cell."""
    font = typeface.properties(CELL_SIZE)
    share = value in SHARES
    digits = (0 if scale >= 0.4 else 1) if share else (0 if scale >= 30 else 1)
    for (row, column), x in np.ndenumerate(grid.values):
        if not np.isfinite(x):
            continue
        plain = column == 0 and not grid.first_counts
        dark = not plain and x / scale > DARK
        text = _cell_text(x, share, 0 if plain and share else digits)
        axes.text(
            column, row, text, ha="center", va="center", fontproperties=font,
            color="white" if dark else (GREY if plain else INK),
        )  # fmt: skip


def _cell_text(x: float, share: bool, digits: int) -> str:
    if share:
        return number(100 * x, digits)
    if abs(x) >= 10_000:
        return number(x / 1000, 0) + "k"
    return integer(x) if float(x).is_integer() else number(x, digits)


def _names(axes: Axes, grid: _Grid, numbered: bool, language: Language, typeface: Typeface) -> None:
    """Name rows with their sizes, and ages; of many only some."""
    rows, columns = grid.values.shape
    step = 1 if numbered else max(1, -(-rows // 40))
    across = 1 if numbered else max(1, -(-columns // 20))
    font, small = typeface.properties(TICK_SIZE), typeface.properties(TICK_SIZE - 0.5)
    transform = axes.get_yaxis_transform()
    left = SIZES * 72
    for row in range(0, rows, step):
        for text, shift, colour, used in (
            (grid.sizes[row], -7, GREY, small),
            (grid.names[row], -7 - left, INK, font),
        ):
            axes.annotate(
                text, (0.0, row), (shift, 0), xycoords=transform, textcoords="offset points",
                ha="right", va="center", color=colour, fontproperties=used, annotation_clip=False,
            )  # fmt: skip
    for text, shift in ((CUSTOMERS.in_(language), -7), (COHORT.in_(language), -7 - left)):
        axes.annotate(
            text, (0.0, 1.0), (shift, 5), xycoords="axes fraction", textcoords="offset points",
            ha="right", va="bottom", color=GREY, fontproperties=small, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks([])
    axes.set_xticks(range(0, columns, across))
    axes.set_xticklabels([str(k) for k in range(0, columns, across)], fontproperties=font)
    axes.tick_params(axis="x", length=0, labeltop=True, labelbottom=False, colors=GREY, pad=3)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _words(
    axes: Axes, grid: _Grid, cohorts: Cohorts, drawn: tuple[str, Language, bool],
    typeface: Typeface, scale: float,
) -> None:  # fmt: skip
    """Write the title above, and what hatching and colours mean below."""
    value, language, numbered = drawn
    title = TITLES[value].in_(language)
    if cohorts.currency and value.startswith(("amount", "margin")):
        title += f" ({cohorts.currency})"
    names = 72 * max(typeface.width(name, TICK_SIZE) for name in grid.names)
    axes.annotate(
        title, (0.0, 1.0), (-SIZES * 72 - 7 - names, 32), xycoords="axes fraction",
        textcoords="offset points", ha="left", va="bottom", color=INK, parse_math=False,
        fontproperties=typeface.properties(LABEL_SIZE + 0.5, bold=True), annotation_clip=False,
    )  # fmt: skip
    notes = [PARTIAL.in_(language)] if grid.partial.any() else []
    if not numbered:
        top = number(100 * scale, 0) + "%" if value in SHARES else number(scale, 0)
        notes.append(f"0 – {top}")
    if notes:
        axes.annotate(
            " · ".join(notes), (0.0, 0.0), (0, -7), xycoords="axes fraction",
            textcoords="offset points", ha="left", va="top", color=GREY,
            fontproperties=typeface.properties(TICK_SIZE - 0.5), annotation_clip=False,
        )  # fmt: skip


def _spoken(cohorts: Cohorts, value: str, language: Language) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    words = (TITLES[value], AGES[cohorts.by], COHORT, CUSTOMERS, ALL, PARTIAL)
    names = [str(n) for n in pd.unique(cohorts.frame["cohort"])]
    for spoken in dict.fromkeys((language, "en")):
        texts = [*(w.in_(spoken) for w in words), *names, cohorts.currency or ""]
        face = typeface_for([*texts, "0123456789.−,%k–·()（）"], spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")
