"""Picture of a bootstrap: how the replicates of a quantity spread, and where its limits lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from loyaltysem.core.display import integer, number, percent
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Language, Text
from loyaltysem.core.types import Array
from loyaltysem.estimation.replication.bootstrap import Bootstrap
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE, Margins, finish, inch_axes
from loyaltysem.reporting.drawing import ACCENT, INK, NEGATIVE
from loyaltysem.reporting.fonts import LINE_HEIGHT, POINTS_PER_INCH, Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, TALL, LOW = 4.6, 1.55, 1.0
"""Inches: the axis, the histogram of a quantity alone, and of one among several."""
BELOW = 0.22
"""Inches under a histogram for each interval."""
RIGHT, TOP, BOTTOM, GAP = 0.35, 0.4, 0.55, 0.12
BAR, HOLLOW = "#c3d5e6", "#e6edf4"
#: Quantiles of the replicates that the axis spans, with some room around them.
SHOWN = (0.001, 0.999)
#: How far beyond the quartiles the axis goes at most, in interquartile ranges.
FARTHEST = 5.0
COLOURS = (ACCENT, NEGATIVE, "#6f7d2f")
X_AXIS: Mapping[str, Text] = {
    "est": Text("Value in the bootstrap draws", "自助抽样所得数值"),
    "std_lv": Text("Standardised value in the bootstrap draws", "自助抽样所得标准化数值"),
    "std_all": Text("Standardised value in the bootstrap draws", "自助抽样所得标准化数值"),
    "r2": Text("R² in the bootstrap draws", "自助抽样所得 R²"),
    "fit": Text("Value in the bootstrap draws", "自助抽样所得数值"),
}
KIND_NAMES: Mapping[str, Text] = {
    "percentile": Text("percentile", "百分位区间"),
    "bc": Text("bias-corrected", "偏差校正区间"),
    "bca": Text("BCa", "BCa 区间"),
    "normal": Text("normal", "正态区间"),
    "basic": Text("basic", "基本区间"),
}
ESTIMATE = Text("estimate", "估计值")
LIMITS = Text("{level} {kind}", "{level} {kind}")
DRAWS = Text("{n} draws", "{n} 次抽样")
BEYOND = Text("{n} beyond the axis", "{n} 次超出图外")
#: Text, size in points, colour.
Line: TypeAlias = tuple[str, float, str]


def bootstrap_plot(
    boot: Bootstrap,
    *names: str,
    what: str = "est",
    kinds: Sequence[str] | None = None,
    level: float = 0.95,
    labels: Mapping[str, Text] | None = None,
    language: Language = "en",
) -> Axes:
    """Plot the replicates of one or several quantities with their estimate and limits.

    Parameters
    ----------
    boot : Bootstrap
    *names : str
        As for `Bootstrap.intervals`; at least one. They share the axis.
    what : {"est", "std_lv", "std_all", "r2", "fit"}
    kinds : sequence of str, optional
        Up to three kinds of interval; percentile and BCa by default, bias-corrected in place of BCa
        where that is not defined.
    level : float
        Coverage of the intervals.
    labels : mapping of str to Text, optional
        Human names of quantities.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    IncompatibleRequestError
        When nothing is named, nothing of that name is known, or too many kinds are asked for.

    Notes
    -----
    Bars count draws, their heights scaled to each quantity's largest; those outside the first
    interval are pale. The axis spans the middle 99.8 % of the draws, but no more than five
    interquartile ranges beyond the quartiles unless an interval does; what lies beyond is told in
    numbers.
    """
    chosen = _kinds(boot, kinds)
    if not names:
        raise IncompatibleRequestError(
            "Nothing is named that could be plotted.",
            code="request.quantity",
            hint='Name quantities: ls.bootstrap_plot(boot, "indirect").',
        )
    rows = _rows(boot, names, what, chosen, level)
    spoken, typeface, told = _spoken(rows, chosen, what, level, labels or {}, language)
    span = _span(rows)
    lines = [_lines(row, name, span, spoken) for row, name in zip(rows, told, strict=True)]
    left = max(typeface.width(text, size) for block in lines for text, size, _ in block) + 2 * GAP
    height = (TALL if len(rows) == 1 else LOW) + BELOW * len(chosen) + GAP
    axes = inch_axes(WIDTH, height * len(rows), Margins(left, RIGHT, TOP, BOTTOM))
    axes.set_xlim(*span)
    axes.set_ylim(0.0, height * len(rows))
    for k, (row, block) in enumerate(zip(rows, lines, strict=True)):
        base = height * (len(rows) - k - 1) + BELOW * len(chosen)
        _draw(axes, row, base, height - BELOW * len(chosen) - GAP)
        _name(axes, block, base, typeface)
    finish(axes, X_AXIS[what].in_(spoken), "", typeface)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    _legend(axes, chosen, level, spoken, typeface)
    return axes


@dataclass(frozen=True, slots=True)
class _Row:
    """One quantity: its finite replicates (R,), its value, and limits (kinds, 2)."""

    name: str
    values: Array
    estimate: float
    limits: Array


def _kinds(boot: Bootstrap, kinds: Sequence[str] | None) -> tuple[str, ...]:
    if kinds is None:
        return ("percentile", "bca" if boot.kind == "nonparametric" else "bc")
    if not 0 < len(kinds) <= len(COLOURS):
        raise IncompatibleRequestError(
            f"{len(kinds)} kinds of interval were asked for.",
            code="request.interval",
            hint="A picture holds one to three.",
        )
    return tuple(kinds)


def _rows(
    boot: Bootstrap, names: Sequence[str], what: str, kinds: Sequence[str], level: float
) -> list[_Row]:
    frames = [boot.intervals(*names, kind=kind, what=what, level=level) for kind in kinds]
    limits = np.stack([f[["ci_lower", "ci_upper"]].to_numpy(np.float64) for f in frames], axis=1)
    drawn = boot.replicates(*names, what=what).to_numpy(np.float64).T
    found = zip(frames[0]["name"], drawn, frames[0]["est"], limits, strict=True)
    rows = [_Row(str(n), v[np.isfinite(v)], float(e), limit) for n, v, e, limit in found]
    empty = [row.name for row in rows if not len(row.values)]
    if empty:
        raise IncompatibleRequestError(
            f"No draw has a value of {', '.join(map(repr, empty))}.",
            code="request.quantity",
            hint="Look at boot.counts and boot.findings.",
        )
    return rows


def _spoken(
    rows: Sequence[_Row],
    kinds: Sequence[str],
    what: str,
    level: float,
    labels: Mapping[str, Text],
    language: Language,
) -> tuple[Language, Typeface, list[str]]:
    """Return the language the installed fonts can show, the font, and the names in it."""
    texts = (X_AXIS[what], ESTIMATE, LIMITS, DRAWS, BEYOND, *(KIND_NAMES[kind] for kind in kinds))
    for spoken in dict.fromkeys((language, "en")):
        told = [labels[r.name].in_(spoken) if r.name in labels else r.name for r in rows]
        used = [*told, *(t.in_(spoken) for t in texts), percent(level, 0), "0123456789.,−"]
        face = typeface_for(used, spoken)
        if face is not None:
            return spoken, face, told
    return "en", Typeface("DejaVu Sans"), [r.name for r in rows]


def _span(rows: Sequence[_Row]) -> tuple[float, float]:
    """Return the ends of the axis: most draws and all limits, with some room."""
    ends = [_middle(row.values) for row in rows]
    ends += [row.limits[np.isfinite(row.limits)] for row in rows]
    estimates = np.array([row.estimate for row in rows])
    seen = np.concatenate([*ends, estimates[np.isfinite(estimates)]])
    low, high = float(seen.min()), float(seen.max())
    room = 0.04 * (high - low) or 0.5 * abs(high) or 0.5
    return low - room, high + room


def _middle(values: Array) -> Array:
    """Return where most draws end: a few far out would leave the others a spike."""
    quarter, three = np.quantile(values, [0.25, 0.75])
    reach = FARTHEST * (three - quarter)
    low, high = np.quantile(values, SHOWN)
    return np.array([max(low, quarter - reach), min(high, three + reach)])


def _draw(axes: Axes, row: _Row, base: float, height: float) -> None:
    """Draw bars from `base` up, the estimate through them, and the intervals below."""
    low, high = axes.get_xlim()
    edges = np.histogram_bin_edges(row.values, _bins(row.values, high - low), (low, high))
    counts, _ = np.histogram(row.values, edges)
    first = row.limits[0]
    inside = (edges[:-1] + edges[1:] >= 2 * first[0]) & (edges[:-1] + edges[1:] <= 2 * first[1])
    axes.bar(
        edges[:-1], height * counts / max(1, counts.max()), np.diff(edges), base, align="edge",
        color=[BAR if i else HOLLOW for i in inside], edgecolor="white", linewidth=0.4, zorder=2,
    )  # fmt: skip
    if low < 0.0 < high:
        bottom = base - BELOW * len(row.limits)
        axes.vlines(0.0, bottom, base + height, colors=GREY, lw=0.8, ls=(0, (1, 2)), zorder=3)
    axes.hlines(base, low, high, colors=GREY, lw=0.5, zorder=3)
    axes.vlines(row.estimate, base, base + height, colors=INK, lw=1.4, zorder=4)
    for k, ((lower, upper), colour) in enumerate(zip(row.limits, COLOURS, strict=False)):
        y = base - BELOW * (k + 0.6)
        axes.hlines(y, lower, upper, colors=colour, lw=2.0, zorder=4)
        axes.vlines([lower, upper], y - 0.05, y + 0.05, colors=colour, lw=1.2, zorder=4)


def _bins(values: Array, span: float) -> int:
    """Return how many bars fill the axis: Freedman and Diaconis' width, within reason."""
    quarter, three = np.quantile(values, [0.25, 0.75])
    width = 2.0 * (three - quarter) / len(values) ** (1 / 3)
    return int(np.clip(span / width, 12, 90)) if width > 0.0 else 12


def _lines(row: _Row, name: str, span: tuple[float, float], language: Language) -> list[Line]:
    """Return what is written beside the bars: text, size and colour of each line."""
    beyond = int(((row.values < span[0]) | (row.values > span[1])).sum())
    drawn = DRAWS.in_(language).format(n=integer(len(row.values)))
    lines = [(name, LABEL_SIZE, INK), (number(row.estimate), TICK_SIZE, INK)]
    lines.append((drawn, TICK_SIZE, GREY))
    if beyond:
        lines.append((BEYOND.in_(language).format(n=integer(beyond)), TICK_SIZE, GREY))
    return lines


def _name(axes: Axes, lines: Sequence[Line], base: float, typeface: Typeface) -> None:
    """Write lines left of the bars, the last one on their base."""
    leading = LINE_HEIGHT * TICK_SIZE / POINTS_PER_INCH
    for k, (text, size, colour) in enumerate(reversed(lines)):
        axes.text(
            -GAP / WIDTH, base + 0.04 + k * leading, text, transform=axes.get_yaxis_transform(),
            ha="right", va="bottom", color=colour, fontproperties=typeface.properties(size),
            parse_math=False,
        )  # fmt: skip


def _legend(
    axes: Axes, kinds: Sequence[str], level: float, language: Language, typeface: Typeface
) -> None:
    from matplotlib.lines import Line2D

    share = percent(level, 0)
    keys = [(INK, 1.4, ESTIMATE.in_(language))]
    for kind, colour in zip(kinds, COLOURS, strict=False):
        text = LIMITS.in_(language).format(level=share, kind=KIND_NAMES[kind].in_(language))
        keys.append((colour, 2.0, text))
    axes.legend(
        [Line2D([], [], color=colour, lw=width) for colour, width, _ in keys],
        [text for *_, text in keys],
        frameon=False, prop=typeface.properties(TICK_SIZE), labelcolor=GREY, ncols=len(keys),
        loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, columnspacing=1.4,
        handlelength=1.6,
    )  # fmt: skip
