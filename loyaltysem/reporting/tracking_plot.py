"""Pictures of a holdout validation: what a model of purchases expected, and what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loyaltysem.clv.purchase.holdout import Holdout
from loyaltysem.core.display import integer
from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import Language, Text
from loyaltysem.core.types import Array
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE, finish
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK, NEGATIVE
from loyaltysem.reporting.fonts import Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches: a panel, the room between panels and around them.
WIDTH, HEIGHT = 3.5, 2.25
LEFT, RIGHT, TOP, BOTTOM, ACROSS, DOWN = 0.72, 0.2, 0.34, 0.55, 0.8, 0.88
BAR = "#c3cbd3"
ACTUAL, EXPECTED = Text("actual", "实际"), Text("expected", "期望")
SPLIT = Text("holdout →", "验证期 →")
MORE = "{n}+"
TITLES: Mapping[str, Text] = {
    "cumulative": Text("Repeat purchases, cumulative", "累计重复购买次数"),
    "incremental": Text("Repeat purchases in each period", "各期重复购买次数"),
    "frequency": Text(
        "Customers by repeat purchases, calibration", "校准期内按重复购买次数的客户数"
    ),
    "conditional": Text(
        "Mean purchases in holdout, by history", "验证期内平均购买次数（按校准期历史）"
    ),
}
X_TITLES: Mapping[str, Mapping[str, Text]] = {
    "time": {"week": Text("Week", "周"), "day": Text("Day", "日")},
    "count": {"": Text("Repeat purchases in calibration", "校准期重复购买次数")},
}


def tracking_plot(
    holdout: Holdout, *, panels: tuple[str, ...] = tuple(TITLES), language: Language = "en"
) -> Figure:
    """Draw a holdout validation.

    Parameters
    ----------
    holdout : Holdout
        From `loyaltysem.clv.holdout`.
    panels : tuple of {"cumulative", "incremental", "frequency", "conditional"}
        What to draw, two beside each other.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each.

    Raises
    ------
    IncompatibleRequestError
        No panel, or one that is not known (code ``request.panel``).

    Notes
    -----
    Cumulative and incremental: purchases of the cohort in each period (grey) and what the model
    expects from the days of first purchases alone (line); the dotted line is the split. Frequency:
    how many customers bought how often before it. Conditional: what customers with this many
    purchases were expected to buy after it, given their histories, and what they bought.
    """
    _check(panels)
    spoken, typeface = _spoken(holdout, language)
    figure, places = _page(len(panels))
    for axes, panel in zip(places, panels, strict=True):
        DRAWN[panel](axes, holdout, spoken, typeface)
        axes.set_title(
            TITLES[panel].in_(spoken), loc="left", color=INK, pad=6,
            fontproperties=typeface.properties(LABEL_SIZE), parse_math=False,
        )  # fmt: skip
    return figure


def _check(panels: tuple[str, ...]) -> None:
    unknown = [p for p in panels if p not in TITLES]
    if unknown or not panels:
        raise IncompatibleRequestError(
            f"There is no panel {unknown[0]!r}." if unknown else "No panel was asked for.",
            code="request.panel",
            hint=(did_you_mean(unknown[0], TITLES) if unknown else "")
            or f"There are {', '.join(TITLES)}.",
        )


def _spoken(holdout: Holdout, language: Language) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    words = [*TITLES.values(), *X_TITLES["time"].values(), *X_TITLES["count"].values()]
    for spoken in dict.fromkeys((language, "en")):
        told = [w.in_(spoken) for w in (*words, ACTUAL, EXPECTED, SPLIT)]
        face = typeface_for([*told, "0123456789.,+−—"], spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")


def _page(count: int) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    columns, rows = min(count, 2), (count + 1) // 2
    width = LEFT + columns * WIDTH + (columns - 1) * ACROSS + RIGHT
    height = TOP + rows * HEIGHT + (rows - 1) * DOWN + BOTTOM
    figure = Figure(figsize=(width, height), facecolor="white")
    places = []
    for k in range(count):
        left = LEFT + (k % 2) * (WIDTH + ACROSS)
        low = BOTTOM + (rows - 1 - k // 2) * (HEIGHT + DOWN)
        box = (left / width, low / height, WIDTH / width, HEIGHT / height)
        places.append(figure.add_axes(box))
    return figure, places


def _time(axes: Axes, holdout: Holdout, column: str, language: Language, face: Typeface) -> None:
    """Draw purchases against time, the split dotted."""
    table = holdout.tracking
    x = table["period"].to_numpy(np.float64)
    actual, expected = table["actual"], table["expected"]
    if column == "cumulative":
        actual, expected = table["cumulative_actual"], table["cumulative_expected"]
    axes.plot(x, actual, color=FAINT, lw=2.4, solid_capstyle="round", zorder=2)
    axes.plot(x, expected, color=ACCENT, lw=1.3, zorder=3)
    cut = float((~table["holdout"]).sum()) + 0.5 * (column == "incremental")
    axes.axvline(cut, color=NEGATIVE, lw=0.9, ls=(0, (1, 2)), zorder=1)
    axes.set_xlim(0.0, float(x[-1]))
    axes.set_ylim(0.0, 1.12 * max(float(actual.max()), float(expected.max()), 1.0))
    axes.annotate(
        SPLIT.in_(language), (cut, 0.02), (3, 0), xycoords=axes.get_xaxis_transform(),
        textcoords="offset points", ha="left", va="bottom", color=NEGATIVE,
        fontproperties=face.properties(TICK_SIZE), annotation_clip=False,
    )  # fmt: skip
    axes.locator_params(nbins=6)
    finish(axes, X_TITLES["time"][holdout.unit].in_(language), "", face)
    _key(axes, language, face, "left" if column == "cumulative" else "right")


def _key(axes: Axes, language: Language, face: Typeface, side: str) -> None:
    """Name the two series in their colours, in an upper corner."""
    for text, colour, y in ((ACTUAL, GREY, 0.97), (EXPECTED, ACCENT, 0.88)):
        axes.annotate(
            f"— {text.in_(language)}", (0.02 if side == "left" else 0.98, y),
            xycoords="axes fraction", ha=side, va="top", color=colour,
            fontproperties=face.properties(TICK_SIZE),
        )  # fmt: skip


def _cumulative(axes: Axes, holdout: Holdout, language: Language, face: Typeface) -> None:
    _time(axes, holdout, "cumulative", language, face)


def _incremental(axes: Axes, holdout: Holdout, language: Language, face: Typeface) -> None:
    _time(axes, holdout, "incremental", language, face)


def _frequency(axes: Axes, holdout: Holdout, language: Language, face: Typeface) -> None:
    """Draw bars of customers, actual beside expected."""
    table = holdout.fit.frequency_table()
    x = table["frequency"].to_numpy(np.float64)
    for shift, column, colour in ((-0.2, "actual", BAR), (0.2, "expected", ACCENT)):
        axes.bar(x + shift, table[column], width=0.38, color=colour, lw=0, zorder=2)
    axes.set_ylim(0.0, 1.08 * _highest(table))
    _counted(axes, x, language, face)
    _key(axes, language, face, "right")


def _conditional(axes: Axes, holdout: Holdout, language: Language, face: Typeface) -> None:
    """Draw mean purchases in the holdout period by frequency before it."""
    table = holdout.by_frequency
    x = table["frequency"].to_numpy(np.float64)
    axes.plot(x, table["actual"], color=FAINT, lw=2.4, marker="o", ms=4.5, zorder=2)
    axes.plot(x, table["expected"], color=ACCENT, lw=1.3, marker="o", ms=3.0, zorder=3)
    axes.set_ylim(0.0, 1.1 * max(_highest(table), 0.1))
    _counted(axes, x, language, face)
    _key(axes, language, face, "left")


def _highest(table: pd.DataFrame) -> float:
    return float(table[["actual", "expected"]].to_numpy(np.float64).max())


def _counted(axes: Axes, x: Array, language: Language, face: Typeface) -> None:
    """Finish an axis of counts: the last stands for that many and more."""
    axes.locator_params(axis="y", nbins=6)
    finish(axes, X_TITLES["count"][""].in_(language), "", face)
    names = [integer(v) for v in x[:-1]] + [MORE.format(n=integer(x[-1]))]
    axes.set_xticks(
        x, names, fontproperties=face.properties(TICK_SIZE), color=GREY
    )  # fmt: skip
    axes.set_xlim(float(x[0]) - 0.6, float(x[-1]) + 0.6)


DRAWN: Mapping[str, Callable[[Axes, Holdout, Language, Typeface], None]] = {
    "cumulative": _cumulative,
    "incremental": _incremental,
    "frequency": _frequency,
    "conditional": _conditional,
}
