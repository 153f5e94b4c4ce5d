"""Specification curve: sorted effects above, the choices behind each below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from loyaltysem.analysis.multiverse_table import Multiverse
from loyaltysem.core.display import integer
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Language, Text
from loyaltysem.core.types import Array, Mask
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, RULE, TICK_SIZE, Margins, finish
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK, NEGATIVE
from loyaltysem.reporting.fonts import Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, CURVE_HEIGHT, ROW_HEIGHT = 5.2, 2.3, 0.19
GAP = 0.12
RIGHT, TOP, BOTTOM = 0.3, 0.42, 0.5
#: Inches from the left edge of a label to the plot, beside its width.
LABEL_ROOM = 0.35
#: Inches a tick label and the title of the vertical axis take.
AXIS_ROOM = 0.75

Scale = Literal["std", "est"]
Y_AXIS: Mapping[str, Text] = {
    "std": Text("Standardised effect, 95% CI", "标准化效应及 95% 置信区间"),
    "est": Text("Effect, 95% CI", "效应及 95% 置信区间"),
}
X_AXIS = Text(
    "{shown} of {all} specifications, sorted by the effect",
    "{all} 个设定中的 {shown} 个，按效应大小排列",
)
ABOVE = Text("interval above 0", "区间高于 0")
BELOW = Text("interval below 0", "区间低于 0")
ACROSS = Text("interval holds 0", "区间包含 0")
MAIN = Text("main analysis", "主分析")
DECISIONS: Mapping[str, Text] = {
    "estimator": Text("Estimator", "估计方法"),
    "missing": Text("Missing values", "缺失值处理"),
    "model": Text("Model", "模型"),
    "omit": Text("Items left out", "剔除题项"),
    "covariates": Text("Covariates", "控制变量"),
    "exclude": Text("Cases left out", "剔除个案"),
    "ordered": Text("Ordered items", "有序题项"),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the lower panel: a heading, or an option with the specifications that took it."""

    text: str
    taken: Mask | None


def specification_curve(
    multiverse: Multiverse,
    *,
    scale: Scale = "std",
    labels: Mapping[str, Text] | None = None,
    language: Language = "en",
) -> Figure:
    """Plot every estimate of a multiverse with the choices that led to it.

    Parameters
    ----------
    multiverse : Multiverse
    scale : {"std", "est"}
        Standardised effects, or those in the units of the variables.
    labels : mapping of str to Text, optional
        Human names of decisions and options.
    language : {"en", "zh"}
        Language of the words; English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.figure.Figure
        Two axes: the curve, and the matrix of choices.

    Raises
    ------
    IncompatibleRequestError
        When no specification has an estimate.

    Notes
    -----
    After Simonsohn, Simmons and Nelson (2020). The first specification, that of the main analysis,
    is marked by a line through both panels.
    """
    used = multiverse.usable.sort_values(scale, kind="stable").reset_index(drop=True)
    if not len(used):
        raise IncompatibleRequestError(
            "No specification has an estimate to plot.",
            code="request.no_specification",
            hint="Column `reason` of multiverse.frame says why each failed.",
        )
    spoken, typeface = _spoken(multiverse, labels or {}, language)
    lines = list(_lines(multiverse, used, labels or {}, spoken))
    upper, lower = _axes(lines, typeface)
    _curve(upper, used, scale)
    _matrix(lower, lines, _colours(used, scale), typeface)
    main = np.flatnonzero(used["specification"] == 1)
    for axes in (upper, lower):
        for place in main.tolist():
            axes.axvline(place, color=INK, lw=0.8, ls=(0, (2, 2)), zorder=1)
        axes.set_xlim(-1.0, float(len(used)))
    _titles(upper, lower, multiverse, len(used), scale, spoken, typeface)
    _key(upper, set(_colours(used, scale)), len(main) > 0, spoken, typeface)
    figure: Figure = upper.figure  # type: ignore[assignment]  # no subfigures here
    return figure


def _spoken(
    multiverse: Multiverse, labels: Mapping[str, Text], language: Language
) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    words = (ABOVE, BELOW, ACROSS, MAIN, X_AXIS, *Y_AXIS.values())
    for spoken in dict.fromkeys((language, "en")):
        texts = [t.in_(spoken) for t in words]
        for title, options in multiverse.choices.items():
            texts += [_decision(title, labels, spoken)]
            texts += [_option(title, x, labels, spoken) for x in options]
        face = typeface_for([*texts, "0123456789.,−"], spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")


def _decision(title: str, labels: Mapping[str, Text], language: Language) -> str:
    """Return the heading of a decision: a given name, or its kind in words."""
    if title in labels:
        return labels[title].in_(language)
    kind, _, rest = title.partition(":")
    name = DECISIONS[kind.strip()].in_(language) if kind.strip() in DECISIONS else kind
    between = "：" if language == "zh" else ": "
    return f"{name}{between}{rest.strip()}" if rest else name


def _option(title: str, option: str, labels: Mapping[str, Text], language: Language) -> str:
    """Return the name of an option; options of two decisions are told apart by their title."""
    named = labels.get(f"{title}={option}") or labels.get(option)
    return named.in_(language) if named else option


def _lines(
    multiverse: Multiverse, used: pd.DataFrame, labels: Mapping[str, Text], language: Language
) -> Iterator[_Line]:
    for title, options in multiverse.choices.items():
        yield _Line(_decision(title, labels, language), None)
        for x in options:
            yield _Line(_option(title, x, labels, language), (used[title] == x).to_numpy())


def _axes(lines: Sequence[_Line], typeface: Typeface) -> tuple[Axes, Axes]:
    """Return the two panels, one above the other, on a page that holds all labels."""
    from matplotlib.figure import Figure

    widest = max(typeface.width(line.text, TICK_SIZE) for line in lines)
    around = Margins(max(widest + LABEL_ROOM, AXIS_ROOM), RIGHT, TOP, BOTTOM)
    low = len(lines) * ROW_HEIGHT
    w = around.left + WIDTH + around.right
    h = around.bottom + low + GAP + CURVE_HEIGHT + around.top
    figure = Figure(figsize=(w, h), facecolor="white")
    left, width = around.left / w, WIDTH / w
    upper = figure.add_axes((left, (around.bottom + low + GAP) / h, width, CURVE_HEIGHT / h))
    lower = figure.add_axes((left, around.bottom / h, width, low / h))
    return upper, lower


def _interval(used: pd.DataFrame, scale: Scale) -> tuple[Array, Array]:
    lower, upper = ("std_lower", "std_upper") if scale == "std" else ("ci_lower", "ci_upper")
    return used[lower].to_numpy(), used[upper].to_numpy()


def _colours(used: pd.DataFrame, scale: Scale) -> list[str]:
    """Return the colour of every specification, by where its interval lies."""
    lower, upper = _interval(used, scale)
    return [
        ACCENT if low > 0 else NEGATIVE if high < 0 else FAINT
        for low, high in zip(lower.tolist(), upper.tolist(), strict=True)
    ]


def _curve(axes: Axes, used: pd.DataFrame, scale: Scale) -> None:
    """Draw estimates with their intervals from the smallest to the largest."""
    x, colours = np.arange(len(used)), _colours(used, scale)
    wide = float(np.clip(0.45 * WIDTH * 72.0 / len(used), 0.5, 2.0))
    axes.axhline(0.0, color=GREY, lw=0.8, zorder=1)
    axes.vlines(x, *_interval(used, scale), colors=colours, lw=wide, alpha=0.45, zorder=2)
    size = float(np.clip(1200.0 / len(used), 3.0, 18.0))
    axes.scatter(x, used[scale], s=size, c=colours, lw=0, zorder=3)


def _matrix(axes: Axes, lines: Sequence[_Line], colours: Sequence[str], typeface: Typeface) -> None:
    """Draw a stroke for every option a specification took, the options named at the left."""
    wide = float(np.clip(0.5 * WIDTH * 72.0 / len(colours), 0.4, 3.0))
    left = axes.get_yaxis_transform()
    for row, line in enumerate(lines):
        heading = line.taken is None
        axes.annotate(
            line.text, (0.0, row), (-8, 0), xycoords=left, textcoords="offset points",
            ha="right", va="center", color=INK if heading else GREY, annotation_clip=False,
            fontproperties=typeface.properties(TICK_SIZE, bold=heading), parse_math=False,
        )  # fmt: skip
        if line.taken is not None:
            x = np.flatnonzero(line.taken)
            axes.vlines(
                x, row - 0.3, row + 0.3, colors=[colours[i] for i in x.tolist()], lw=wide, zorder=2
            )
        elif row:
            axes.axhline(row - 0.5, color=RULE, lw=0.5, zorder=1)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.tick_params(left=False, labelleft=False, bottom=False, labelbottom=False)
    for side in ("left", "right", "top", "bottom"):
        axes.spines[side].set_visible(False)


def _titles(
    upper: Axes,
    lower: Axes,
    multiverse: Multiverse,
    shown: int,
    scale: Scale,
    language: Language,
    typeface: Typeface,
) -> None:
    finish(upper, "", Y_AXIS[scale].in_(language), typeface)
    upper.tick_params(bottom=False, labelbottom=False)
    upper.spines["bottom"].set_visible(False)
    text = X_AXIS.in_(language).format(shown=integer(shown), all=integer(len(multiverse.frame)))
    font = typeface.properties(LABEL_SIZE)
    lower.set_xlabel(text, fontproperties=font, color=INK, labelpad=8.0, parse_math=False)


def _key(axes: Axes, there: set[str], main: bool, language: Language, typeface: Typeface) -> None:
    """Say above the curve what the colours and the line stand for."""
    from matplotlib.lines import Line2D

    words = ((ACCENT, ABOVE), (NEGATIVE, BELOW), (FAINT, ACROSS))
    marks = [
        Line2D([], [], color=colour, marker="o", ms=4, lw=1.5, label=text.in_(language))
        for colour, text in words
        if colour in there
    ]
    if main:
        marks.append(Line2D([], [], color=INK, lw=0.8, ls=(0, (2, 2)), label=MAIN.in_(language)))
    axes.legend(
        handles=marks, frameon=False, prop=typeface.properties(TICK_SIZE), labelcolor=GREY,
        ncols=len(marks), loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.2,
        columnspacing=1.2, handlelength=1.8,
    )  # fmt: skip
