"""Picture of dynamic cut-offs: how each index is distributed under right and wrong models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from loyaltysem.analysis.fit_cutoffs import INDICES, PRINTED, FitCutoffs
from loyaltysem.core.display import bounded
from loyaltysem.core.text import Language, Text
from loyaltysem.core.types import Array
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE, finish
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK, NEGATIVE
from loyaltysem.reporting.fonts import Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches: a panel, the space between two, a row of distributions, and what lies around.
PANEL, BETWEEN, ROW = 1.95, 0.22, 0.46
TOP, BOTTOM, RIGHT, AIR = 0.36, 0.58, 0.2, 0.14
#: Share of a row that its tallest bar takes, bars in a panel, and share of the range left free.
TALLEST, BINS, PAD = 0.74, 44, 0.06
WRONG, RIGHT_MODEL = "#a9c3de", "#d3d9df"
CORRECT = Text("model holds", "模型成立")
LEVEL = Text("level {number}", "水平 {number}")
HERE = Text("this fit {value}", "本次拟合 {value}")


def cutoff_plot(
    cutoffs: FitCutoffs,
    *,
    labels: Mapping[str, Text] | None = None,
    language: Language = "en",
) -> Figure:
    """Draw the simulated distributions behind dynamic cut-offs.

    Parameters
    ----------
    cutoffs : FitCutoffs
        From `loyaltysem.fit_cutoffs`.
    labels : mapping of str to Text, optional
        Human names of factors and items.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each index.

    Notes
    -----
    The top row is the model itself, the rows below are populations it gets more and more wrong;
    each names what was added last and its standardised size. The short line in a row is the
    cut-off, with its value; a row without one cannot be told from the top row. The long line is the
    fit at hand: it is better than the levels whose cut-off it has not reached.
    """
    known = labels or {}
    spoken, typeface = _spoken(cutoffs, known, language)
    rows = [_label(cutoffs, k, known, spoken) for k in range(len(cutoffs.levels))]
    left = AIR + 0.1 + max(typeface.width(line, TICK_SIZE) for lines in rows for line in lines)
    figure, panels = _panels(len(rows), left)
    for axes, index in zip(panels, INDICES, strict=True):
        _panel(axes, cutoffs, index, spoken, typeface)
    _name_rows(panels[0], rows, typeface)
    return figure


def _label(
    cutoffs: FitCutoffs, k: int, labels: Mapping[str, Text], language: Language
) -> tuple[str, ...]:
    """Return the lines that name a row."""
    if k == 0:
        return (CORRECT.in_(language),)
    number = cutoffs.levels[k].number
    row = cutoffs.frame.query("level == @number").iloc[0]
    paths = str(row["added"]).split(", ")
    more = f" +{len(paths) - 1}" if len(paths) > 1 else ""
    size = bounded(float(row["magnitude"]), 2)
    path = _path(paths[0], labels, language)
    return LEVEL.in_(language).format(number=number), f"{path}{more}  {size}"


def _path(path: str, labels: Mapping[str, Text], language: Language) -> str:
    """Return a loading such as ``"Trust=~com3"`` as an arrow between human names."""
    factor, _, item = path.partition("=~")
    names = (labels[x].in_(language) if x in labels else x for x in (factor, item) if x)
    return " → ".join(names)


def _spoken(
    cutoffs: FitCutoffs, labels: Mapping[str, Text], language: Language
) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    for spoken in dict.fromkeys((language, "en")):
        lines = [x for k in range(len(cutoffs.levels)) for x in _label(cutoffs, k, labels, spoken)]
        phrases = [HERE.in_(spoken), *PRINTED.values(), "0123456789.−"]
        face = typeface_for([*lines, *phrases], spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")


def _panels(rows: int, left: float) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    width = left + 3 * PANEL + 2 * BETWEEN + RIGHT
    height = TOP + rows * ROW + BOTTOM
    figure = Figure(figsize=(width, height), facecolor="white")
    panels = [
        figure.add_axes(
            (
                (left + i * (PANEL + BETWEEN)) / width,
                BOTTOM / height,
                PANEL / width,
                rows * ROW / height,
            )
        )
        for i in range(len(INDICES))
    ]
    return figure, panels


def _panel(
    axes: Axes, cutoffs: FitCutoffs, index: str, language: Language, typeface: Typeface
) -> None:
    """Draw one index: a row a level, the correct model on top."""
    drawn = [part[index].dropna().to_numpy() for _, part in cutoffs.distributions.groupby("level")]
    rows = cutoffs.frame[cutoffs.frame["index"] == index]
    value = float(rows["value"].iloc[0])
    low, high = _range(drawn, value)
    edges = np.linspace(low, high, BINS + 1)
    count = len(drawn)
    axes.set_xlim(low, high)
    axes.set_ylim(0.0, count)
    for k, sample in enumerate(drawn):
        _row(axes, sample, edges, count - 1 - k, RIGHT_MODEL if k == 0 else WRONG)
    axes.axvline(value, color=NEGATIVE, lw=1.1, zorder=3)
    for k, cutoff in enumerate(rows["cutoff"].tolist(), start=1):
        if np.isfinite(cutoff):
            _mark(axes, cutoff, count - 1 - k, index == "cfi", typeface)
    side = "left" if value < 0.5 * (low + high) else "right"
    axes.annotate(
        HERE.in_(language).format(value=bounded(value)), (value, 1.0), (0, 4),
        xycoords=axes.get_xaxis_transform(), textcoords="offset points", ha=side, va="bottom",
        color=NEGATIVE, fontproperties=typeface.properties(TICK_SIZE), annotation_clip=False,
    )  # fmt: skip
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=5)
    finish(axes, PRINTED[index], "", typeface)
    axes.spines["left"].set_visible(False)


def _range(drawn: Sequence[Array], value: float) -> tuple[float, float]:
    """Return the axis that holds all samples and the fit at hand."""
    low = min(value, *(float(x.min()) for x in drawn))
    high = max(value, *(float(x.max()) for x in drawn))
    pad = PAD * (high - low)
    return low - pad, high + pad


def _row(axes: Axes, sample: Array, edges: Array, base: int, colour: str) -> None:
    """Draw one histogram standing on `base`."""
    counts, _ = np.histogram(sample, edges)
    top = base + TALLEST * counts / max(counts.max(), 1)
    axes.stairs(top, edges, baseline=base, fill=True, color=colour, lw=0)
    axes.stairs(top, edges, baseline=base, color=FAINT, lw=0.6)
    axes.axhline(base, color=FAINT, lw=0.6)


def _mark(axes: Axes, cutoff: float, base: int, rejected_below: bool, typeface: Typeface) -> None:
    """Draw a cut-off over its row and write its value on the side of acceptable fit."""
    axes.plot([cutoff, cutoff], [base, base + 0.9], color=ACCENT, lw=1.5, zorder=4)
    axes.annotate(
        bounded(cutoff), (cutoff, base + 0.9), (3 if rejected_below else -3, 0),
        textcoords="offset points", ha="left" if rejected_below else "right", va="top",
        color=ACCENT, fontproperties=typeface.properties(TICK_SIZE - 0.5), zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip


def _name_rows(axes: Axes, labels: Sequence[Sequence[str]], typeface: Typeface) -> None:
    """Write what each row is, left of the first panel."""
    for k, lines in enumerate(labels):
        base = len(labels) - 1 - k
        steps = (0.68, 0.27) if len(lines) > 1 else (0.4,)
        for line, at, colour, size in zip(
            lines, steps, (INK, GREY), (LABEL_SIZE - 0.5, TICK_SIZE), strict=False
        ):
            axes.annotate(
                line, (0.0, base + at), (-7, 0), xycoords=axes.get_yaxis_transform(),
                textcoords="offset points", ha="right", va="center", color=colour,
                fontproperties=typeface.properties(size), annotation_clip=False, parse_math=False,
            )  # fmt: skip
