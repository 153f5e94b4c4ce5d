"""Plots of estimates with their intervals: structural paths and loadings."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from loyaltysem.core.display import bounded, interval, number
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK
from loyaltysem.reporting.fonts import Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_HEIGHT = 0.25
PLOT_WIDTH = 3.4
VALUES_WIDTH = 1.35
LABEL_SIZE = 9.0
AXIS = Text("Standardised estimate with 95% CI", "标准化估计值及 95% 置信区间")
LOADING_AXIS = Text("Standardised loading", "标准化载荷")


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of a plot: a value, its interval (NaN ends: none), and whether it is tested n.s."""

    label: str
    value: float
    lower: float
    upper: float
    is_faint: bool = False
    is_heading: bool = False


def forest_plot(
    paths: pd.DataFrame,
    *,
    labels: Mapping[str, Text] | None = None,
    language: Language = "en",
) -> Axes:
    """Plot standardised structural paths with 95 % intervals.

    Parameters
    ----------
    paths : DataFrame
        Columns ``outcome predictor pvalue std_all std_all_ci_lower std_all_ci_upper``.
    labels : mapping of str to Text, optional
        Human names of variables.
    language : {"en", "zh"}
        Language of names; English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The interval is that of `SEMResult.standardized`: delta method.
    """
    names = labels or {}
    spoken, typeface = _language(paths, names, language)

    def called(name: str) -> str:
        return names[name].in_(spoken) if name in names else name

    marks = []
    for r in paths.to_dict("records"):
        label = f"{called(str(r['predictor']))} → {called(str(r['outcome']))}"
        marks.append(_mark(label, r))
    return _dots(marks, AXIS.in_(spoken), typeface)


def loadings_plot(
    loadings: pd.DataFrame,
    *,
    labels: Mapping[str, Text] | None = None,
    language: Language = "en",
) -> Axes:
    """Plot standardised loadings, grouped by factor, with 95 % intervals where there is an SE.

    Parameters
    ----------
    loadings : DataFrame
        Columns ``latent indicator pvalue std_all std_all_ci_lower std_all_ci_upper``.
    labels, language
        As for `forest_plot`; indicators that are no factors go by their code.

    Returns
    -------
    matplotlib.axes.Axes
    """
    names = labels or {}
    factors = set(loadings["latent"])
    told = {n: t for n, t in names.items() if n in factors}
    spoken, typeface = _language(loadings, told, language)
    marks: list[Mark] = []
    last = None
    for r in loadings.to_dict("records"):
        latent, item = str(r["latent"]), str(r["indicator"])
        if latent != last:
            title = told[latent].in_(spoken) if latent in told else latent
            marks.append(Mark(title, 0.0, 0.0, 0.0, is_heading=True))
            last = latent
        marks.append(_mark(told[item].in_(spoken) if item in told else item, r))
    return _dots(marks, LOADING_AXIS.in_(spoken), typeface)


def _mark(label: str, row: Mapping[Hashable, Any]) -> Mark:
    ends = float(row["std_all_ci_lower"]), float(row["std_all_ci_upper"])
    return Mark(label, float(row["std_all"]), *ends, float(row["pvalue"]) >= 0.05)


def _language(
    frame: pd.DataFrame, names: Mapping[str, Text], language: Language
) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    used = {str(v) for c in ("outcome", "predictor", "latent", "indicator") if c in frame
            for v in frame[c]}  # fmt: skip
    for spoken in dict.fromkeys((language, "en")):
        texts = [names[n].in_(spoken) if n in names else n for n in sorted(used)]
        face = typeface_for([*texts, "0123456789.−[], →β", AXIS.in_(spoken)], spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")


def _dots(marks: Sequence[Mark], axis_title: str, typeface: Typeface) -> Axes:
    """Draw a row per mark: label, dot with whisker, value and interval in figures."""
    from matplotlib.figure import Figure

    label_width = max(typeface.width(m.label, LABEL_SIZE) for m in marks) + 0.25
    width = label_width + PLOT_WIDTH + VALUES_WIDTH
    height = ROW_HEIGHT * len(marks) + 0.65
    figure = Figure(figsize=(width, height), facecolor="white")
    body = (
        label_width / width,
        0.55 / height,
        PLOT_WIDTH / width,
        ROW_HEIGHT * len(marks) / height,
    )
    axes = figure.add_axes(body)
    low, high = _range(marks)
    axes.set_xlim(low, high)
    axes.set_ylim(len(marks) - 0.5, -0.5)
    for row, mark in enumerate(marks):
        _draw_mark(axes, row, mark, typeface, label_width)
    _tidy_axes(axes, axis_title, typeface)
    return axes


def _range(marks: Sequence[Mark]) -> tuple[float, float]:
    """Return limits that hold every interval, zero and one."""
    ends = [x for m in marks for x in (m.value, m.lower, m.upper) if x == x]
    low, high = min(0.0, *ends), max(1.0, *ends)
    pad = 0.04 * (high - low)
    return low - pad, high + pad


def _draw_mark(axes: Axes, row: int, mark: Mark, typeface: Typeface, label_width: float) -> None:
    """Draw one row; a heading has neither dot nor figures."""
    if mark.is_heading:
        _write(axes, -(label_width - 0.05), row, mark.label, "left", typeface, bold=True)
        return
    _write(axes, -0.1, row, mark.label, "right", typeface)
    colour = FAINT if mark.is_faint else ACCENT
    shown = bounded(mark.value, 2)
    if mark.upper > mark.lower:
        axes.plot([mark.lower, mark.upper], [row, row], color=colour, lw=1.6, solid_capstyle="butt")
        shown += " " + interval(mark.lower, mark.upper, 2, is_bounded=True)
    fill = "white" if mark.is_faint else colour
    axes.plot([mark.value], [row], "o", ms=5.5, color=colour, mfc=fill)
    _write(axes, PLOT_WIDTH + 0.1, row, shown, "left", typeface)


def _write(
    axes: Axes,
    inches: float,
    row: int,
    text: str,
    align: Literal["left", "right"],
    typeface: Typeface,
    *,
    bold: bool = False,
) -> None:
    """Write beside the plot, `inches` right of its left edge."""
    axes.text(
        inches / PLOT_WIDTH,
        row,
        text,
        ha=align,
        va="center",
        color=INK,
        transform=axes.get_yaxis_transform(),
        fontproperties=typeface.properties(LABEL_SIZE, bold=bold),
        parse_math=False,
    )


def _tick(value: float, ticks: Sequence[float]) -> str:
    """Print a tick without a leading zero, or whole where the axis is wide."""
    return bounded(value, 2) if max(map(abs, ticks)) <= 2 else number(value, 0)


def _tidy_axes(axes: Axes, title: str, typeface: Typeface) -> None:
    """Leave a thin axis below, a line at zero and printed ticks without a leading zero."""
    axes.axvline(0.0, color="#b9c2cb", lw=0.9, zorder=0)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#b9c2cb")
    axes.set_yticks([])
    ticks = [t for t in axes.get_xticks() if axes.get_xlim()[0] <= t <= axes.get_xlim()[1]]
    axes.set_xticks(ticks)
    axes.set_xticklabels(
        [_tick(t, ticks) for t in ticks], fontproperties=typeface.properties(8.0), color="#5b6874"
    )
    axes.tick_params(axis="x", length=3, color="#b9c2cb")
    axes.set_xlabel(title, fontproperties=typeface.properties(8.5), color="#5b6874")
