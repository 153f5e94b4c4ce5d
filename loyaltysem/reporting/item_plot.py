"""Picture of a scale's items: what α would be without each, and how each goes with the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loyaltysem.analysis.reliability import AlphaResult
from loyaltysem.core.display import bounded
from loyaltysem.core.text import Language, Text
from loyaltysem.core.types import Array
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE, finish
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK, NEGATIVE
from loyaltysem.reporting.fonts import Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches: a panel, the space between the two, a row, and what lies around.
PANEL, BETWEEN, ROW = 2.3, 0.35, 0.28
TOP, BOTTOM, RIGHT, AIR = 0.42, 0.6, 0.3, 0.14
#: Share of the range left free at either side.
PAD = 0.1
#: Item–rest correlations below this are marked: a rule of thumb.
WEAK = 0.30
DELETED = Text("α without the item", "删除该题后的 α")
REST = Text("Correlation with the other items", "与其余题项的相关")
HERE = Text("α of the scale {value}", "量表 α {value}")


def item_plot(result: AlphaResult, *, language: Language = "en") -> Figure:
    """Draw item-deleted α and item–rest correlations, an item a row.

    Parameters
    ----------
    result : AlphaResult
        From `loyaltysem.cronbach_alpha`.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels with common rows, in the order of the items.

    Notes
    -----
    The line in the left panel is α of the whole scale, the band its confidence interval. An item
    whose point lies right of the line lowers α; inside the band it does so by less than α is
    uncertain anyway. The left panel holds no points for two items. In the right panel correlations
    below .30 are marked.
    """
    names = [str(name) for name in result.items["item"]]
    spoken, typeface = _spoken(names, result, language)
    count = len(names)
    left = 2 * AIR + max(typeface.width(name, LABEL_SIZE) for name in names)
    deleted, rest = _panels(count, left)
    y = np.arange(count)[::-1].astype(np.float64)
    _deleted(deleted, result, y, spoken, typeface)
    _rest(rest, result.items["item_rest_r"].to_numpy(np.float64), y)
    finish(deleted, DELETED.in_(spoken), "", typeface)
    finish(rest, REST.in_(spoken), "", typeface)
    for axes in (deleted, rest):
        axes.spines["left"].set_visible(False)
        axes.set_yticks([])
        axes.set_ylim(-0.6, count - 0.4)
    for name, at in zip(names, y, strict=True):
        deleted.annotate(
            name, (0.0, at), (-7, 0), xycoords=deleted.get_yaxis_transform(),
            textcoords="offset points", ha="right", va="center", color=INK,
            fontproperties=typeface.properties(LABEL_SIZE), annotation_clip=False,
            parse_math=False,
        )  # fmt: skip
    return deleted.figure  # type: ignore[return-value]  # of a Figure, never of a SubFigure


def _spoken(names: list[str], result: AlphaResult, language: Language) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    for spoken in dict.fromkeys((language, "en")):
        phrases = [DELETED.in_(spoken), REST.in_(spoken), _here(result, spoken), "0123456789.−"]
        face = typeface_for([*names, *phrases], spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")


def _here(result: AlphaResult, language: Language) -> str:
    return HERE.in_(language).format(value=bounded(result.alpha))


def _panels(count: int, left: float) -> tuple[Axes, Axes]:
    from matplotlib.figure import Figure

    width, height = left + 2 * PANEL + BETWEEN + RIGHT, TOP + count * ROW + BOTTOM
    figure = Figure(figsize=(width, height), facecolor="white")
    low, tall = BOTTOM / height, count * ROW / height
    first, second = (
        figure.add_axes(((left + k * (PANEL + BETWEEN)) / width, low, PANEL / width, tall))
        for k in range(2)
    )
    return first, second


def _deleted(
    axes: Axes, result: AlphaResult, y: Array, language: Language, typeface: Typeface
) -> None:
    """Draw α without each item against α of the scale and its interval."""
    value = result.items["alpha_if_deleted"].to_numpy(np.float64)
    known = value[np.isfinite(value)]
    ends = [*known, result.ci_lower, result.ci_upper]
    low, high = min(ends), max(ends)
    pad = PAD * (high - low)
    axes.set_xlim(low - pad, high + pad)
    axes.axvspan(result.ci_lower, result.ci_upper, color="#eef2f6", lw=0, zorder=0)
    axes.axvline(result.alpha, color=ACCENT, lw=1.1, zorder=1)
    above = value > result.alpha
    axes.hlines(y, result.alpha, value, colors=FAINT, lw=0.8, zorder=2)
    axes.scatter(value, y, s=26, color=np.where(above, NEGATIVE, INK), lw=0, zorder=3)
    axes.annotate(
        _here(result, language), (result.alpha, 1.0), (0, 4),
        xycoords=axes.get_xaxis_transform(), textcoords="offset points", ha="center",
        va="bottom", color=ACCENT, fontproperties=typeface.properties(TICK_SIZE),
        annotation_clip=False, parse_math=False,
    )  # fmt: skip
    axes.locator_params(axis="x", nbins=5)


def _rest(axes: Axes, r: Array, y: Array) -> None:
    """Draw item–rest correlations as bars from zero, weak ones marked."""
    axes.set_xlim(min(0.0, float(r.min()) - 0.05), max(1.0, float(r.max())))
    axes.axvline(0.0, color=FAINT, lw=0.7, zorder=1)
    axes.axvline(WEAK, color=GREY, lw=0.7, ls=(0, (3, 3)), zorder=1)
    axes.barh(y, r, height=0.52, color=np.where(r < WEAK, NEGATIVE, "#a9c3de"), lw=0, zorder=2)
    axes.locator_params(axis="x", nbins=6)
