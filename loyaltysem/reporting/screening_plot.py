"""How the indices of careless responding are distributed, and where each is remarked upon."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.display import bounded, integer, number, percent
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, RULE, TICK_SIZE
from loyaltysem.reporting.drawing import INK, NEGATIVE
from loyaltysem.reporting.fonts import Typeface, typeface_for, wrapped
from loyaltysem.survey.screening.distributions import distributions
from loyaltysem.survey.screening.result import Screening

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row: TypeAlias = Mapping[Hashable, Any]
#: Inches: a panel, the room between panels, and around all of them.
WIDTH, HEIGHT, BETWEEN = 2.25, 0.95, 0.42
ABOVE, BELOW, EDGE, FOOT = 0.5, 0.32, 0.3, 0.34
PER_ROW = 3
KEPT = "#b9cbdd"
NOTE = Text(
    "Bars: respondents; red: remarked upon; dashed: cut-off.",
    "柱高为人数；红色为被标记者；虚线为界值。",
)
COUNT = Text("{n} of {of} ({share})", "{of} 人中 {n} 人（{share}）")
CUTOFF = Text("cut-off {value}", "界值 {value}")
AXES: Mapping[str, Text] = {
    "attention": Text("items missed", "未通过题数"),
    "response_time": Text("seconds an item", "每题用时（秒）"),
    "missing": Text("share of items", "缺失比例"),
    "longstring": Text("items in a row", "连续题数"),
    "irv": Text("standard deviation", "标准差"),
    "mahalanobis": Text("p", "p"),
}
CORRELATION = Text("r within the person", "个体内相关 r")


def screening_plot(screening: Screening, *, language: Language = "en") -> Axes:
    """Draw the distribution of every index of a screening, with its cut-off.

    Parameters
    ----------
    screening : Screening
        From ``responses.screen()``.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes
        The first panel; save all by ``axes.figure.savefig("screening.png", dpi=200)``.

    Raises
    ------
    IncompatibleRequestError
        The screening has no index to draw.

    Notes
    -----
    Counts alone are drawn, nobody is named. Criteria that point to an earlier row (duplicates)
    have no panel. The p values of the Mahalanobis distance stand on a logarithmic axis, the last
    bar of response times holds all longer ones.

    Examples
    --------
    >>> import loyaltysem as ls
    >>> from loyaltysem.core.datasets import shipped
    >>> q = ls.load_questionnaire(shipped("questionnaires", "loyalty_core.yaml"))
    >>> r = ls.read_responses(shipped("data", "study_answers.csv"), q)
    >>> axes = screening_plot(r.screen())
    >>> len(axes.figure.axes) >= 5
    True
    """
    return draw_screening(distributions(screening), screening.summary, language)


def draw_screening(bins: pd.DataFrame, summary: pd.DataFrame, language: Language) -> Axes:
    """Draw the bins of `distributions` under the titles of `Screening.summary`."""
    names = [str(name) for name in dict.fromkeys(bins["criterion"])]
    if not names:
        raise IncompatibleRequestError(
            "The screening has no index to draw.",
            code="screening.nothing_to_draw",
            hint="It takes rating items, response times or attention items.",
        )
    rows = {str(r["criterion"]): r for r in summary.to_dict("records")}
    spoken, typeface = _spoken([rows[name] for name in names], language)
    figure, places = _page(len(names))
    for name, place in zip(names, places, strict=True):
        panel = figure.add_axes(place)
        part = bins[bins["criterion"] == name]
        _panel(panel, part, name, spoken, typeface)
        _head(panel, rows[name], spoken, typeface)
    figure.text(
        EDGE / figure.get_figwidth(), 0.11 / figure.get_figheight(), NOTE.in_(spoken), color=GREY,
        fontproperties=typeface.properties(TICK_SIZE), va="bottom", parse_math=False,
    )  # fmt: skip
    return figure.axes[0]


def _spoken(rows: Sequence[Row], language: Language) -> tuple[Language, Typeface]:
    """Return the language that the installed fonts can show, and the font."""
    for spoken in dict.fromkeys((language, "en")):
        heads = [str(row[f"title_{spoken}"]) for row in rows]
        words = [NOTE, COUNT, CUTOFF, CORRELATION, *AXES.values()]
        face = typeface_for(
            [*heads, *(word.in_(spoken) for word in words), "0123456789.,%−<–"], spoken
        )
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")


def _page(count: int) -> tuple[Figure, list[tuple[float, float, float, float]]]:
    """Return an empty figure and the place of each panel in it, row by row."""
    from matplotlib.figure import Figure

    across = min(PER_ROW, count)
    down = -(-count // across)
    w = 2 * EDGE + across * WIDTH + (across - 1) * BETWEEN
    one = ABOVE + HEIGHT + BELOW
    h = down * one + FOOT
    figure = Figure(figsize=(w, h), facecolor="white")
    places = []
    for k in range(count):
        row, column = divmod(k, across)
        left = EDGE + column * (WIDTH + BETWEEN)
        low = h - (row + 1) * one + BELOW
        places.append((left / w, low / h, WIDTH / w, HEIGHT / h))
    return figure, places


def _panel(
    axes: Axes, bins: pd.DataFrame, name: str, language: Language, typeface: Typeface
) -> None:
    """Draw one index: bars of those not remarked upon, those remarked upon on top of them."""
    left, right = bins["left"].to_numpy(np.float64), bins["right"].to_numpy(np.float64)
    total, marked = bins["n"].to_numpy(np.float64), bins["flagged"].to_numpy(np.float64)
    cutoff = float(bins["cutoff"].iloc[0])
    shape: dict[str, Any] = {
        "width": right - left,
        "align": "edge",
        "lw": 0.4,
        "edgecolor": "white",
    }
    axes.bar(left, total - marked, color=KEPT, **shape)
    axes.bar(left, marked, bottom=total - marked, color=NEGATIVE, **shape)
    low, high = min(left[0], cutoff), max(right[-1], cutoff)
    axes.set_xlim(low - 0.02 * (high - low), high + 0.02 * (high - low))
    axes.set_ylim(0, 1.06 * max(total.max(), 1.0))
    line = cutoff - 0.5 if name in ("longstring", "attention") else cutoff
    axes.axvline(line, color=INK, lw=0.9, ls=(0, (3, 2)), zorder=3)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    ticks = _ticks(name, float(left[0]), float(right[-1]), cutoff)
    font = typeface.properties(TICK_SIZE)
    axes.set_yticks([])
    axes.set_xticks(list(ticks))
    axes.set_xticklabels(list(ticks.values()), fontproperties=font, color=GREY)
    axes.tick_params(length=2.5, color=RULE, pad=1.5)
    title = AXES.get(name, CORRELATION).in_(language)
    axes.set_xlabel(title, fontproperties=font, color=GREY, labelpad=1.0, parse_math=False)


def _ticks(name: str, low: float, high: float, cutoff: float) -> dict[float, str]:
    """Return where the axis of an index is numbered, and how."""
    if name == "mahalanobis":
        digits = max(3, int(np.ceil(-cutoff)))
        return {low: "< .000001", cutoff: bounded(10.0**cutoff, digits), 0.0: "1"}
    if name == "missing":
        return {share: percent(share, 0) for share in (0.0, cutoff, 1.0)}
    if name in ("attention", "longstring"):
        return {value: integer(value) for value in sorted({max(np.ceil(low), 0.0), cutoff,
                                                           np.floor(high)})}  # fmt: skip
    if name in ("irv", "response_time"):
        ends = [0.0, cutoff, high] if cutoff < 0.85 * high else [0.0, cutoff]
        return {value: number(value, 2 if name == "irv" else 0) for value in ends}
    middle = bounded(cutoff, 2) if cutoff else "0"
    return {-1.0: number(-1, 0), cutoff: middle, 1.0: "1"}


def _head(axes: Axes, row: Row, language: Language, typeface: Typeface) -> None:
    """Write over a panel what it shows and how many are remarked upon."""
    lines = wrapped(str(row[f"title_{language}"]), 34)
    counted = COUNT.in_(language).format(
        n=integer(row["flagged"]), of=integer(row["n"]),
        share=percent(row["share"]),
    )  # fmt: skip
    style: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "va": "bottom",
    }
    axes.annotate(
        " ".join(lines), (0.0, 1.0), (0, 14), color=INK, parse_math=False,
        fontproperties=typeface.properties(LABEL_SIZE, bold=True), **style,
    )  # fmt: skip
    axes.annotate(
        counted, (0.0, 1.0), (0, 3), color=GREY, parse_math=False,
        fontproperties=typeface.properties(TICK_SIZE), **style,
    )  # fmt: skip
