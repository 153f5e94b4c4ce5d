"""Survival curves of customers, with intervals and the numbers still followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.survival import Survival
from loyaltysem.core.display import integer, number, p_relation, percent
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE, Margins, finish, inch_axes
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK, NEGATIVE
from loyaltysem.reporting.fonts import Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 5.6, 2.9
#: Inches: a row of the table of numbers at risk, the space above it, what lies around.
ROW, ABOVE, TOP, RIGHT, LEFT = 0.2, 0.7, 0.5, 0.35, 0.75
#: Curves that can be told apart, and their colours (also without red–green vision).
COLOURS = (ACCENT, NEGATIVE, "#3f8f7f", "#7d5ba6", "#b8860b", "#5b6874")
#: Days between ticks: the first that gives no more than so many of them.
STEPS, MOST_TICKS = (1, 7, 14, 30, 60, 90, 180, 365, 730, 1825, 3650), 8
#: Points between the name of a row at risk and the middle of its first number.
APART = 26.0
X_AXIS: Mapping[str, Text] = {
    "declared": Text("Days since first purchase", "首次购买后的天数"),
    "last_purchase": Text("Days from first to last purchase", "首次至末次购买的天数"),
}
Y_AXIS = Text("Customers not lost", "未流失客户比例")
AT_RISK = Text("Customers followed", "仍在观察的客户数")
RULE = Text("Lost after {gap} days without purchase", "连续 {gap} 天未购买即视为流失")
MEDIAN = Text("median {days} days", "中位数 {days} 天")
TEST = Text("log-rank {p}", "对数秩检验 {p}")
EVERYBODY = Text("all customers", "全部客户")


def survival_plot(survival: Survival, *, language: Language = "en") -> Axes:
    """Draw Kaplan–Meier curves.

    Parameters
    ----------
    survival : Survival
        From `Transactions.survival`, of at most six groups.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    IncompatibleRequestError
        There are more groups than can be told apart.

    Notes
    -----
    Bands are pointwise intervals. The numbers below are the customers still followed at each tick:
    those who have neither been lost nor reached the end of observation. With
    ``dated="declared"`` nobody can be lost before the gap (dotted line) is full.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aaab"), "amount": 1.0,
    ...     "time": ["2024-01-01", "2024-01-11", "2024-03-31", "2024-01-05"]})
    >>> survival_plot(transactions(orders).survival(gap=30)).get_xlabel()
    'Days since first purchase'
    """
    groups = survival.groups
    if len(groups) > len(COLOURS):
        raise IncompatibleRequestError(
            f"{len(groups)} curves cannot be told apart; {len(COLOURS)} are allowed.",
            code="request.survival_groups",
            hint="Use a longer period in survival(by=…), or draw Survival.frame by hand.",
        )
    spoken, typeface = _spoken(survival, language)
    names = [_name(group, spoken) for group in groups]
    axes = _canvas(survival, names, typeface)
    for group, colour in zip(groups, COLOURS, strict=False):
        _curve(axes, survival.frame[survival.frame["group"] == group], colour)
    ticks = _ticks(float(survival.frame["time"].max()))
    axes.set_xticks(ticks)
    axes.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0])
    if survival.dated == "declared":
        axes.axvline(survival.gap, color=FAINT, lw=0.9, ls=(0, (1, 2)), zorder=1)
    finish(axes, X_AXIS[survival.dated].in_(spoken), Y_AXIS.in_(spoken), typeface)
    axes.set_yticklabels(
        [percent(y, 0) for y in (0.0, 0.25, 0.5, 0.75, 1.0)],
        fontproperties=typeface.properties(TICK_SIZE), color=GREY,
    )  # fmt: skip
    _legend(axes, survival, names, spoken, typeface)
    _at_risk(axes, survival, ticks, names, spoken, typeface)
    return axes


def _name(group: str, language: Language) -> str:
    return EVERYBODY.in_(language) if group == "all" else group


def _canvas(survival: Survival, names: list[str], typeface: Typeface) -> Axes:
    left = max(LEFT, 0.15 + APART / 72 + max(typeface.width(name, TICK_SIZE) for name in names))
    bottom = ABOVE + ROW * (len(names) + 1)
    axes = inch_axes(WIDTH, HEIGHT, Margins(left=left, right=RIGHT, top=TOP, bottom=bottom))
    axes.set_xlim(0.0, max(float(survival.frame["time"].max()), 1.0))
    axes.set_ylim(0.0, 1.02)
    return axes


def _curve(axes: Axes, part: pd.DataFrame, colour: str) -> None:
    time = part["time"].to_numpy(np.float64)
    lower, upper = (part[f"ci_{end}"].to_numpy(np.float64) for end in ("lower", "upper"))
    axes.fill_between(time, lower, upper, step="post", color=colour, alpha=0.16, lw=0, zorder=2)
    start = np.concatenate([[0.0], time]), np.concatenate([[1.0], part["survival"]])
    axes.step(*start, where="post", color=colour, lw=1.5, zorder=3)


def _ticks(longest: float) -> list[int]:
    """Return whole days at which numbers stand.

    Examples
    --------
    >>> _ticks(545)
    [0, 90, 180, 270, 360, 450, 540]
    """
    step = next((s for s in STEPS if longest / s <= MOST_TICKS), STEPS[-1])
    return list(range(0, int(longest) + 1, step))


def _legend(
    axes: Axes, survival: Survival, names: list[str], language: Language, typeface: Typeface
) -> None:
    """Write the rule above the picture, and what the curves are into its empty corner."""
    bold = typeface.properties(LABEL_SIZE, bold=True)
    axes.annotate(
        RULE.in_(language).format(gap=integer(survival.gap)), (0.0, 1.0), (0, 10),
        xycoords="axes fraction", textcoords="offset points", ha="left", va="bottom", color=INK,
        fontproperties=bold,
    )  # fmt: skip
    font = typeface.properties(TICK_SIZE)
    lines = []
    for name, median, colour in zip(names, survival.summary["median"], COLOURS, strict=False):
        told = MEDIAN.in_(language).format(days=number(median, 0))
        lines.append((f"{name}: {told}" if np.isfinite(median) else name, colour))
    if np.isfinite(survival.pvalue):
        lines.append((TEST.in_(language).format(p=p_relation(survival.pvalue)), GREY))
    for k, (text, colour) in enumerate(lines):
        axes.annotate(
            text, (1.0, 1.0), (0, -2 - 13 * k), xycoords="axes fraction",
            textcoords="offset points", ha="right", va="top", color=colour, fontproperties=font,
            parse_math=False, zorder=5,
        )  # fmt: skip


def _at_risk(
    axes: Axes, survival: Survival, ticks: list[int], names: list[str], language: Language,
    typeface: Typeface,
) -> None:  # fmt: skip
    """Print below each tick how many customers are still followed."""
    font = typeface.properties(TICK_SIZE - 0.5)
    start = -(ABOVE - 0.1) * 72

    def write(text: str, x: float, row: int, colour: str, side: str) -> None:
        axes.annotate(
            text, (x, 0.0), (-APART if side == "right" else 0, start - row * ROW * 72),
            xycoords=axes.get_xaxis_transform(), textcoords="offset points", ha=side, va="top",
            color=colour, fontproperties=font, annotation_clip=False, parse_math=False,
        )  # fmt: skip

    axes.annotate(
        AT_RISK.in_(language), (0.0, 0.0), (0, start), xycoords="axes fraction",
        textcoords="offset points", ha="left", va="top", color=GREY, fontproperties=font,
        annotation_clip=False,
    )  # fmt: skip
    table = survival.at(ticks)
    for k, (group, name) in enumerate(zip(survival.groups, names, strict=True), start=1):
        part = table[table["group"] == group]
        write(name, 0.0, k, COLOURS[k - 1], "right")
        for tick, count in zip(ticks, part["at_risk"], strict=True):
            write(integer(count), tick, k, INK, "center")


def _spoken(survival: Survival, language: Language) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    words = (*X_AXIS.values(), Y_AXIS, AT_RISK, RULE, MEDIAN, TEST, EVERYBODY)
    for spoken in dict.fromkeys((language, "en")):
        texts = [*(w.in_(spoken) for w in words), *survival.groups]
        face = typeface_for([*texts, "0123456789.,−–%:=<p"], spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")
