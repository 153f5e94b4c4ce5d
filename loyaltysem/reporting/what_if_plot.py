"""What raising a driver is worth: the change of expected value in currency, by segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from loyaltysem.clv.what_if.people import ALL
from loyaltysem.clv.what_if.verb import WhatIf
from loyaltysem.core.display import interval, number, percent
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE, Margins, finish, inch_axes
from loyaltysem.reporting.drawing import ACCENT, INK
from loyaltysem.reporting.fonts import Typeface, typeface_for
from loyaltysem.reporting.segment_panels import spoken_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Inches: the axis, a row, and what lies around.
WIDTH, ROW, TOP, BOTTOM, AIR, FIGURES = 3.4, 0.42, 0.6, 0.62, 0.2, 2.1
#: Share of the range left free at either side, and inches the two intervals lie apart.
PAD, APART = 0.06, 0.13
TITLE = Text(
    "{driver} {points} scale points: change of expected value",
    "{driver} {points} 个量表分：预期客户价值的变动",
)
X_AXIS = Text("Change per customer {period}{unit}", "每位客户的变动（{period}）{unit}")
EVERYBODY = Text("everybody", "全部")
BOOT, DELTA = Text("bootstrap", "自助法区间"), Text("delta method", "delta 法区间")


def what_if_plot(
    result: WhatIf,
    *,
    labels: dict[str, Text] | None = None,
    language: Language = "en",
) -> Axes:
    """Draw the change of expected value of everybody and of each segment, with its intervals.

    Parameters
    ----------
    result : WhatIf
        From `loyaltysem.what_if`.
    labels : dict of str to Text, optional
        Human names of the driver and of segments.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The thick line is the bootstrap interval, the thin one below it the delta method's; without a
    bootstrap only the latter is drawn. Figures: change, interval, share of the present value.
    """
    names = labels or {}
    spoken, face = spoken_in(
        [TITLE, X_AXIS, EVERYBODY, BOOT, DELTA, result.clv_scale.period, *names.values()], language
    )
    frame = result.frame
    called = [
        EVERYBODY.in_(spoken) if s == ALL else names.get(s, Text(s)).in_(spoken)
        for s in frame["segment"].tolist()
    ]
    driver = names.get(result.driver, Text(result.driver)).in_(spoken)
    face = typeface_for([*called, driver, "0123456789.−[], %+"], spoken) or face
    left = AIR + 0.1 + max(face.width(name, LABEL_SIZE) for name in called)
    axes = inch_axes(WIDTH, ROW * len(frame), Margins(left, FIGURES, TOP, BOTTOM))
    kinds = ["delta", *(["boot"] if len(result.draws) else [])]
    ends = frame[[f"{k}_{side}" for k in kinds for side in ("lower", "upper")]].to_numpy(np.float64)
    low, high = min(0.0, float(np.nanmin(ends))), max(0.0, float(np.nanmax(ends)))
    pad = PAD * (high - low)
    axes.set_xlim(low - pad, high + pad)
    axes.set_ylim(len(frame) - 0.5, -0.5)
    axes.axvline(0.0, color="#b9c2cb", lw=0.9, zorder=0)
    for row, r in enumerate(frame.to_dict("records")):
        _row(axes, row, {str(k): v for k, v in r.items()}, kinds[-1])
        limits = interval(r[f"{kinds[-1]}_lower"], r[f"{kinds[-1]}_upper"], 1)
        shown = f"{number(r['change'], 1)} {limits}  {percent(r['share'])}"
        _write(axes, row, -0.1 / WIDTH, called[row], "right", face)
        _write(axes, row, 1 + 0.1 / WIDTH, shown, "left", face)
    axes.locator_params(axis="x", nbins=6)
    _finish(axes, result, driver, kinds[-1], spoken, face)
    return axes


def _row(axes: Axes, row: int, values: dict[str, Any], main: str) -> None:
    """Draw the change of a segment and its intervals."""
    colour = INK if values["segment"] == ALL else ACCENT
    axes.plot(
        [values[f"{main}_lower"], values[f"{main}_upper"]], [row, row], color=colour, lw=2.0,
        solid_capstyle="butt",
    )  # fmt: skip
    if main == "boot":
        below = row + APART / ROW
        axes.plot(
            [values["delta_lower"], values["delta_upper"]], [below, below], color=colour, lw=0.8,
            alpha=0.7, solid_capstyle="butt",
        )  # fmt: skip
    axes.plot([values["change"]], [row], "o", ms=6, color=colour)


def _write(
    axes: Axes, row: int, at: float, text: str, side: Literal["left", "right"], face: Typeface
) -> None:
    axes.text(
        at, row, text, ha=side, va="center", color=INK, parse_math=False,
        transform=axes.get_yaxis_transform(), fontproperties=face.properties(LABEL_SIZE),
    )  # fmt: skip


def _finish(
    axes: Axes, result: WhatIf, driver: str, main: str, spoken: Language, face: Typeface
) -> None:
    """Write the axis, the title and what the lines are."""
    unit = f" ({result.clv_scale.currency})" if result.clv_scale.currency else ""
    period = result.clv_scale.period.in_(spoken)
    finish(axes, X_AXIS.in_(spoken).format(period=period, unit=unit), "", face)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    points = ("+" if result.points > 0 else "") + number(result.points, 1)
    axes.annotate(TITLE.in_(spoken).format(driver=driver, points=points), (0.0, 1.0), (0, 20),
                  xycoords="axes fraction", textcoords="offset points", ha="left", va="bottom",
                  color=INK, fontproperties=face.properties(LABEL_SIZE, bold=True),
                  annotation_clip=False, parse_math=False)  # fmt: skip
    if main == "boot":
        told = f"━ {BOOT.in_(spoken)}   ─ {DELTA.in_(spoken)}  ({percent(result.level, 0)})"
        axes.annotate(told, (0.0, 1.0), (0, 6), xycoords="axes fraction", ha="left", va="bottom",
                      textcoords="offset points", color=GREY, annotation_clip=False,
                      fontproperties=face.properties(TICK_SIZE), parse_math=False)  # fmt: skip
