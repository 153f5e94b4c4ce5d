"""Picture of an experiment over time: the effect, and intervals that may or may not be watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loyaltysem.clv.experiment.ab_test import ABTest
from loyaltysem.core.display import integer, interval, number, percent
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.axes import LABEL_SIZE, TICK_SIZE, Margins, finish, inch_axes
from loyaltysem.reporting.drawing import ACCENT, INK, NEGATIVE
from loyaltysem.reporting.fonts import Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 5.4, 2.9
AROUND = Margins(left=0.8, right=1.75, top=0.5, bottom=0.6)
#: Looks that are drawn at most, and the share of early looks that does not set the scale.
MOST_LOOKS, EARLY = 800, 0.08
PAD = 0.05
X_AXIS = Text("Customers so far", "累计客户数")
Y_AXIS = Text("Difference, treated less control", "差值（实验组减对照组）")
WATCHED = Text("{level} at all looks", "任意多次查看：{level}")
ONCE = Text("{level} at one planned look", "仅按计划查看一次：{level}")
EFFECT = Text("difference {value}", "差值 {value}")
FIRST = Text("0 is left out from {n} customers on", "自第 {n} 位客户起区间不含 0")
NEVER = Text("0 cannot be left out so far", "目前尚不能排除 0")


def experiment_plot(test: ABTest, *, language: Language = "en") -> Axes:
    """Draw the difference between the groups after every customer, with both intervals.

    Parameters
    ----------
    test : ABTest
        From `loyaltysem.clv.ab_test`.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    IncompatibleRequestError
        The test is too small for a confidence sequence.

    Notes
    -----
    The wide band covers the effect at all looks together with at least the stated probability; the
    dashed lines do so for one look that was planned. The title says from when on the wide band
    stays off 0 without coming back.
    """
    sequence = test.sequence
    if sequence.empty:
        raise IncompatibleRequestError(
            "This test has no confidence sequence to draw.",
            code="experiment.no_sequence",
            hint="More customers, or a smaller burn_in.",
        )
    spoken, typeface = _spoken(test, language)
    rows = np.unique(np.linspace(0, len(sequence) - 1, MOST_LOOKS).astype(int))
    looks = sequence.iloc[rows]
    axes = inch_axes(WIDTH, HEIGHT, AROUND)
    n = looks["n"].to_numpy(np.float64)
    axes.set_xlim(0.0, float(n[-1]))
    axes.set_ylim(*_range(sequence))
    axes.axhline(0.0, color=INK, lw=0.7, zorder=1)
    axes.fill_between(n, looks["cs_lower"], looks["cs_upper"], color="#dbe6f1", lw=0, zorder=0)
    for side in ("lower", "upper"):
        axes.plot(n, looks[f"cs_{side}"], color="#7fa3c7", lw=0.8, zorder=2)
        axes.plot(n, looks[f"ci_{side}"], color=NEGATIVE, lw=0.8, ls=(0, (4, 2.5)), zorder=3)
    axes.plot(n, looks["estimate"], color=ACCENT, lw=1.4, zorder=4)
    axes.locator_params(axis="x", nbins=6)
    finish(axes, X_AXIS.in_(spoken), Y_AXIS.in_(spoken), typeface)
    _words(axes, test, spoken, typeface)
    return axes


def left_out_since(sequence: pd.DataFrame) -> int | None:
    """Return the customers after which the sequence never held 0 again; None if it still does."""
    off = ((sequence["cs_lower"] > 0) | (sequence["cs_upper"] < 0)).to_numpy()
    if not off[-1]:
        return None
    inside = np.flatnonzero(~off)
    return int(sequence["n"].iloc[inside[-1] + 1 if len(inside) else 0])


def _range(sequence: pd.DataFrame) -> tuple[float, float]:
    """Return the axis: all looks but the first few, and zero."""
    later = sequence.iloc[int(EARLY * len(sequence)) :]
    low, high = min(0.0, later["cs_lower"].min()), max(0.0, later["cs_upper"].max())
    pad = PAD * (high - low)
    return low - pad, high + pad


def _words(axes: Axes, test: ABTest, language: Language, typeface: Typeface) -> None:
    """Write what was found above the plot, and what the lines are at their right ends."""
    axes.annotate(
        _verdict(test, language), (0.0, 1.0), (0, 12), xycoords="axes fraction",
        textcoords="offset points", ha="left", va="bottom", color=INK,
        fontproperties=typeface.properties(LABEL_SIZE, bold=True), parse_math=False,
    )  # fmt: skip
    last = test.sequence.iloc[-1]
    lines = (
        (last["cs_upper"], _level(WATCHED, test, language), "#5d83a8"),
        (last["estimate"], _effect(test, language), ACCENT),
        (last["ci_lower"], _level(ONCE, test, language), NEGATIVE),
    )
    low, high = axes.get_ylim()
    least = 0.12 * (high - low)
    places = _apart([float(at) for at, _, _ in lines], least)
    for at, (_, text, colour) in zip(places, lines, strict=True):
        axes.annotate(
            text, (1.0, at), (6, 0), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", ha="left", va="center", color=colour,
            fontproperties=typeface.properties(TICK_SIZE), annotation_clip=False,
            parse_math=False,
        )  # fmt: skip


def _apart(places: list[float], least: float) -> list[float]:
    """Return heights in falling order, moved apart to `least`, the middle one kept."""
    top, middle, bottom = places
    return [max(top, middle + least), middle, min(bottom, middle - least)]


def _verdict(test: ABTest, language: Language) -> str:
    since = left_out_since(test.sequence)
    if since is None:
        return NEVER.in_(language)
    return FIRST.in_(language).format(n=integer(since))


def _level(words: Text, test: ABTest, language: Language) -> str:
    return words.in_(language).format(level=percent(test.level, 0))


def _effect(test: ABTest, language: Language) -> str:
    last = test.sequence.iloc[-1]
    digits = 3 if test.binary else 2
    limits = interval(last["cs_lower"], last["cs_upper"], digits)
    return EFFECT.in_(language).format(value=f"{number(last['estimate'], digits)}\n{limits}")


def _spoken(test: ABTest, language: Language) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    for spoken in dict.fromkeys((language, "en")):
        words = [_verdict(test, spoken), _effect(test, spoken), X_AXIS.in_(spoken)]
        words += [Y_AXIS.in_(spoken), _level(WATCHED, test, spoken), _level(ONCE, test, spoken)]
        face = typeface_for([*words, "0123456789.,−%[]"], spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")
