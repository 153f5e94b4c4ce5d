"""Picture of factor loadings: which item belongs to which factor, at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from loyaltysem.analysis.exploration.result import SALIENT, EFAResult
from loyaltysem.core.display import bounded
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE, Margins, inch_axes
from loyaltysem.reporting.drawing import ACCENT, INK, NEGATIVE
from loyaltysem.reporting.fonts import Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Inches: a cell, the space before the communality, and what lies around.
CELL_WIDTH, CELL_HEIGHT, GAP, AIR = 0.72, 0.25, 0.12, 0.18
TOP, BOTTOM = 0.45, 0.42
#: Size of a loading whose cell has the full colour, and size from which figures are white.
FULL, DARK = 0.9, 0.55
COMMUNALITY = Text("h²", "h²")
NOTE = Text("bold: {cut} or more", "加粗：绝对值 ≥ {cut}")


def loadings_plot(
    found: EFAResult,
    *,
    cut: float = SALIENT,
    sort: bool = True,
    labels: Mapping[str, Text] | None = None,
    language: Language = "en",
) -> Axes:
    """Draw loadings as coloured cells, items by factors, with communalities beside them.

    Parameters
    ----------
    found : EFAResult
        From `loyaltysem.efa` or `loyaltysem.principal`.
    cut : float
        Loadings of this size or more are printed bold.
    sort : bool
        Items by their factor and the size of their loading; else as in the data.
    labels : mapping of str to Text, optional
        Human names of items and factors.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Blue is positive, brown negative; the deeper, the larger.

    Examples
    --------
    >>> from loyaltysem.analysis.exploration.efa import efa
    >>> r = np.full((5, 5), 0.5) + 0.5 * np.eye(5)
    >>> [t.get_text() for t in loadings_plot(efa(r, 1, n_obs=200)).texts][:2]
    ['F1', 'h²']
    """
    table = found.sorted_loadings() if sort else found.loadings
    items, factors = [str(i) for i in table.index], [str(f) for f in table.columns]
    spoken, typeface = _spoken([*items, *factors], labels or {}, language)
    told = {n: (labels or {}).get(n, Text(n)).in_(spoken) for n in (*items, *factors)}
    values = table.to_numpy(np.float64)
    communality = found.communality.loc[list(table.index)].to_numpy(np.float64)
    left = AIR + max(typeface.width(told[i], LABEL_SIZE) for i in items) + 0.1
    right = GAP + 0.4
    axes = inch_axes(
        CELL_WIDTH * len(factors), CELL_HEIGHT * len(items), Margins(left, right, TOP, BOTTOM)
    )
    axes.set_xlim(0.0, len(factors))
    axes.set_ylim(len(items), 0.0)
    axes.axis("off")
    for column, name in enumerate([*(told[f] for f in factors), COMMUNALITY.in_(spoken)]):
        _text(axes, (_middle(column, len(factors)), -0.25), name, typeface, bold=True, va="bottom")
    for row, (name, own) in enumerate(zip(items, values, strict=True)):
        _text(axes, (-0.1, row + 0.5), told[name], typeface, ha="right", size=LABEL_SIZE)
        for column, value in enumerate(own):
            _cell(axes, (column, row), float(value), abs(float(value)) >= cut, typeface)
        place = (_middle(len(factors), len(factors)), row + 0.5)
        _text(axes, place, bounded(float(communality[row]), 2), typeface, colour=GREY)
    note = NOTE.in_(spoken).format(cut=bounded(cut, 2))
    _text(axes, (0.0, len(items) + 0.35), note, typeface, ha="left", va="top", colour=GREY)
    return axes


def _middle(column: int, n_factors: int) -> float:
    """Return the middle of a column; the communality stands right of all factors."""
    return column + 0.5 if column < n_factors else n_factors + (GAP + 0.2) / CELL_WIDTH


def _cell(axes: Axes, at: tuple[int, int], value: float, salient: bool, typeface: Typeface) -> None:
    from matplotlib.patches import Rectangle

    size = min(abs(value) / FULL, 1.0)
    colour = ACCENT if value >= 0 else NEGATIVE
    axes.add_patch(Rectangle(at, 1.0, 1.0, fc=colour, alpha=size**1.4, lw=0, zorder=1))
    axes.add_patch(Rectangle(at, 1.0, 1.0, fc="none", ec="white", lw=1.2, zorder=2))
    ink = "white" if abs(value) > DARK else INK if salient else GREY
    place = (at[0] + 0.5, at[1] + 0.5)
    _text(axes, place, bounded(value, 2), typeface, bold=salient, colour=ink)


def _text(
    axes: Axes,
    at: tuple[float, float],
    text: str,
    typeface: Typeface,
    *,
    bold: bool = False,
    ha: str = "center",
    va: str = "center",
    colour: str = INK,
    size: float = TICK_SIZE,
) -> None:
    axes.text(
        *at, text, ha=ha, va=va, color=colour, parse_math=False, zorder=3,
        fontproperties=typeface.properties(size, bold=bold), clip_on=False,
    )  # fmt: skip


def _spoken(
    names: list[str], labels: Mapping[str, Text], language: Language
) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    for spoken in dict.fromkeys((language, "en")):
        words = [labels.get(n, Text(n)).in_(spoken) for n in names]
        face = typeface_for([*words, NOTE.in_(spoken), "h²0123456789.−"], spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")
