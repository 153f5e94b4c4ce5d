"""Pictures of an interaction: the lines at chosen moderator values, and where a slope counts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from loyaltysem.analysis.slopes import SimpleSlopes
from loyaltysem.core.display import number, percent
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.axes import GREY, TICK_SIZE, Margins, finish, inch_axes
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK, NEGATIVE
from loyaltysem.reporting.fonts import LINE_HEIGHT, POINTS_PER_INCH, Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT_WIDTH, PLOT_HEIGHT = 3.6, 2.8
LEFT, BOTTOM, TOP = 0.72, 0.62, 0.3
DASHES = (0, (4, 2))
RANGE_SD = 3.0
"""How far the moderator's axis reaches, in standard deviations either side of its mean."""
BAND = "#dbe6f1"
SLOPE_AXIS = Text("Effect of {predictor} on {outcome}", "{predictor}对{outcome}的效应")
AVERAGE_AXIS = Text("{outcome} (deviation from average)", "{outcome}（与平均值之差）")
SIGNIFICANT = Text("significant (p < {alpha})", "显著（p < {alpha}）")
MEAN = Text("mean", "均值")
LINE = Text("{moderator}: {place}", "{moderator}：{place}")
NOT_SIGNIFICANT = Text("not significant", "不显著")
BAND_LABEL = Text("{level} confidence band", "{level} 置信带")


def slopes_plot(
    slopes: SimpleSlopes,
    *,
    labels: Mapping[str, Text] | None = None,
    language: Language = "en",
) -> Axes:
    """Plot the outcome against the predictor, a line for each value of the moderator.

    Parameters
    ----------
    slopes : SimpleSlopes
    labels : mapping of str to Text, optional
        Human names of variables.
    language : {"en", "zh"}
        Language of names; English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The predictor runs two standard deviations either side of its mean. Each line carries its value
    of the moderator and its slope; a slope that does not differ from 0 is dashed.
    """
    spoken, typeface, names = _spoken(slopes, labels or {}, language)
    scale = slopes.scales[slopes.predictor]
    x = scale.mean + scale.sd * np.array([-2.0, 2.0])
    rows = slopes.frame.sort_values("moderator").to_dict("records")
    texts = [_line_label(row, names[slopes.moderator], spoken) for row in rows]
    widest = max(typeface.width(line, TICK_SIZE) for text in texts for line in text.split("\n"))
    axes = _axes(right=widest + 0.25)
    ends = []
    for row, text, colour in zip(rows, texts, _shades(len(rows)), strict=True):
        y = slopes.expected_outcome(x, float(row["moderator"]))
        faint = not float(row["pvalue"]) < 1.0 - slopes.level
        axes.plot(x, y, color=colour, lw=1.8, ls=DASHES if faint else "-")
        ends.append((float(y[-1]), text))
    _label_ends(axes, ends, typeface)
    axes.set_xlim(*x)
    outcome = AVERAGE_AXIS.in_(spoken).format(outcome=names[slopes.outcome])
    finish(axes, names[slopes.predictor], outcome, typeface)
    return axes


def region_plot(
    slopes: SimpleSlopes,
    *,
    labels: Mapping[str, Text] | None = None,
    language: Language = "en",
) -> Axes:
    """Plot the slope against the moderator with its confidence band (Johnson–Neyman plot).

    Parameters
    ----------
    slopes, labels, language
        As for `slopes_plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Where the band keeps clear of zero the line is solid; the bounds of that region are marked with
    their value. The marks on the axis stand at the mean and one standard deviation around it.
    """
    spoken, typeface, names = _spoken(slopes, labels or {}, language)
    axes = _axes(right=0.4)
    scale = slopes.scales[slopes.moderator]
    w = scale.mean + scale.sd * np.linspace(-RANGE_SD, RANGE_SD, 241)
    curve = slopes.at(w)
    band = BAND_LABEL.in_(spoken).format(level=percent(slopes.level, 0))
    axes.fill_between(w, curve["ci_lower"], curve["ci_upper"], color=BAND, lw=0, label=band)
    axes.axhline(0.0, color=GREY, lw=0.9)
    inside = np.zeros(len(w), dtype=bool)
    for low, high in slopes.region:
        inside |= (w >= low) & (w <= high)
    alpha = number(1.0 - slopes.level, 2).lstrip("0")
    for mask, colour, style, text in (
        (inside, ACCENT, "-", SIGNIFICANT),
        (~inside, FAINT, DASHES, NOT_SIGNIFICANT),
    ):
        if mask.any():
            label = text.in_(spoken).format(alpha=alpha)
            y = np.where(mask, curve["slope"], np.nan)
            axes.plot(w, y, color=colour, ls=style, lw=2.0, label=label)
    axes.set_xlim(float(w[0]), float(w[-1]))
    _mark_bounds(axes, slopes, typeface)
    _rug(axes, [scale.mean + k * scale.sd for k in (-1, 0, 1)])
    title = SLOPE_AXIS.in_(spoken).format(
        predictor=names[slopes.predictor], outcome=names[slopes.outcome]
    )
    finish(axes, names[slopes.moderator], title, typeface)
    axes.legend(
        frameon=False, prop=typeface.properties(TICK_SIZE), labelcolor=GREY, ncols=3,
        loc="lower left", bbox_to_anchor=(-0.02, 0.99), borderaxespad=0.2, columnspacing=0.7,
        handlelength=1.8,
    )  # fmt: skip
    return axes


def _spoken(
    slopes: SimpleSlopes, labels: Mapping[str, Text], language: Language
) -> tuple[Language, Typeface, dict[str, str]]:
    """Return the language the installed fonts can show, the font, and the names in it."""
    variables = (slopes.outcome, slopes.predictor, slopes.moderator)
    phrases = (SLOPE_AXIS, AVERAGE_AXIS, SIGNIFICANT, NOT_SIGNIFICANT, BAND_LABEL, MEAN, LINE)
    for spoken in dict.fromkeys((language, "en")):
        names = {n: labels[n].in_(spoken) if n in labels else n for n in variables}
        texts = [*names.values(), *(p.in_(spoken) for p in phrases), "0123456789.−+%=: SD b"]
        face = typeface_for(texts, spoken)
        if face is not None:
            return spoken, face, names
    return "en", Typeface("DejaVu Sans"), {n: n for n in variables}


def _axes(right: float) -> Axes:
    """Return axes on a white page with `right` inches of margin for labels."""
    return inch_axes(PLOT_WIDTH, PLOT_HEIGHT, Margins(LEFT, right, TOP, BOTTOM))


def _shades(count: int) -> list[str]:
    """Return blues from light (low moderator values) to dark, also told apart in grey."""
    light, dark = np.array([0x7F, 0xA6, 0xCC]), np.array([0x0D, 0x20, 0x33])
    steps = np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.6])
    mixed = [np.rint(light + step * (dark - light)).astype(int) for step in steps]
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in mixed]


def _line_label(row: Mapping[Hashable, float], moderator: str, language: Language) -> str:
    sd = float(row["sd"])
    distance = number(sd, 1).removesuffix(".0")
    place = MEAN.in_(language) if distance == "0" else f"{'+' if sd > 0 else ''}{distance} SD"
    first = LINE.in_(language).format(moderator=moderator, place=place)
    return f"{first}\nb = {number(row['slope'], 2)}"


def _label_ends(axes: Axes, ends: Sequence[tuple[float, str]], typeface: Typeface) -> None:
    """Write each line's label at its right end, moved up where labels would overlap."""
    low, high = axes.get_ylim()
    points = PLOT_HEIGHT * POINTS_PER_INCH / (high - low)
    gap = 2.3 * TICK_SIZE * LINE_HEIGHT / points
    above = -np.inf
    for y, text in sorted(ends):
        above = max(y, above + gap)
        axes.annotate(
            text, (1.0, y), (8, (above - y) * points),
            xycoords=axes.get_yaxis_transform(), textcoords="offset points", va="center",
            color=INK, annotation_clip=False,
            fontproperties=typeface.properties(TICK_SIZE), parse_math=False,
        )  # fmt: skip
    axes.set_ylim(low, high)


def _mark_bounds(axes: Axes, slopes: SimpleSlopes, typeface: Typeface) -> None:
    """Mark the finite ends of the region of significance that are in view."""
    low, high = axes.get_xlim()
    bounds = {x for pair in slopes.region for x in pair if isfinite(x) and low < x < high}
    for x in sorted(bounds):
        axes.axvline(x, color=NEGATIVE, lw=1.0, ls=":")
        near_right = x > low + 0.85 * (high - low)
        axes.annotate(
            number(x, 2), (x, 0.0), (-3 if near_right else 3, 9),
            xycoords=axes.get_xaxis_transform(), textcoords="offset points",
            ha="right" if near_right else "left", va="bottom", color=NEGATIVE,
            fontproperties=typeface.properties(TICK_SIZE), parse_math=False,
        )  # fmt: skip


def _rug(axes: Axes, values: Sequence[float]) -> None:
    for x in values:
        axes.plot([x, x], [0.0, 0.025], color=INK, lw=1.2, transform=axes.get_xaxis_transform())
