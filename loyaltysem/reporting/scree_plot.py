"""Scree plot with parallel analysis: which eigenvalues are more than chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from loyaltysem.analysis.exploration.parallel import ParallelAnalysis
from loyaltysem.core.display import integer
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Language, Text
from loyaltysem.core.types import Array
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE, Margins, finish, inch_axes
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK, NEGATIVE
from loyaltysem.reporting.fonts import Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Shown: TypeAlias = Literal["factor", "component"]
WIDTH, HEIGHT = 4.6, 2.7
AROUND = Margins(left=0.75, right=0.25, top=0.5, bottom=0.6)
#: Share of the range of eigenvalues left free above and below.
PAD = 0.06
X_AXIS: Mapping[str, Text] = {
    "factor": Text("Factor", "因子序号"),
    "component": Text("Component", "成分序号"),
}
Y_AXIS: Mapping[str, Text] = {
    "factor": Text("Eigenvalue, communalities on the diagonal", "特征值（对角线为共同度）"),
    "component": Text("Eigenvalue", "特征值"),
}
VERDICT: Mapping[str, Text] = {
    "factor": Text("{n} factors above chance", "{n} 个因子高于随机水平"),
    "component": Text("{n} components above chance", "{n} 个成分高于随机水平"),
}
ONE: Mapping[str, Text] = {
    "factor": Text("1 factor above chance", "1 个因子高于随机水平"),
    "component": Text("1 component above chance", "1 个成分高于随机水平"),
}
NONE = Text("nothing above chance", "没有高于随机水平者")
DATA = Text("data", "实际数据")
CHANCE = Text("unrelated items: {criterion} of {n} samples", "无关题项：{n} 次模拟的{criterion}")
MEAN = Text("mean", "均值")
PERCENTILE = Text("{p}th percentile", "第 {p} 百分位数")


def scree_plot(
    analysis: ParallelAnalysis, *, show: Shown = "factor", language: Language = "en"
) -> Axes:
    """Plot the eigenvalues of a parallel analysis beside those of unrelated items.

    Parameters
    ----------
    analysis : ParallelAnalysis
        From `loyaltysem.parallel_analysis`.
    show : {"factor", "component"}
        Eigenvalues with communalities on the diagonal, or of the correlation matrix itself.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    IncompatibleRequestError
        When something else is to be shown.

    Notes
    -----
    Filled points are the eigenvalues above chance, up to the first that is not. The dashed line is
    what `percentile` asked for; the band spans what lies between mean and percentile of the
    samples.

    Examples
    --------
    >>> from loyaltysem.analysis.exploration.parallel import parallel_analysis
    >>> r = np.full((5, 5), 0.5) + 0.5 * np.eye(5)
    >>> scree_plot(parallel_analysis(r, n_obs=200, n_samples=20)).get_xlabel()
    'Factor'
    """
    if show not in X_AXIS:
        raise IncompatibleRequestError(
            f"A scree plot cannot show '{show}'.",
            code="request.scree",
            hint="Use show='factor' or show='component'.",
        )
    spoken, typeface = _spoken(analysis, show, language)
    frame = analysis.frame
    observed, reference, mean, quantile = (
        frame[f"{show}_{column}"].to_numpy(np.float64)
        for column in ("observed", "reference", "mean", "quantile")
    )
    count = analysis.n_factors if show == "factor" else analysis.n_components
    axes = inch_axes(WIDTH, HEIGHT, AROUND)
    place = np.arange(1, len(observed) + 1)
    low, high = (f([*observed, *mean, *quantile]) for f in (min, max))
    axes.set_ylim(low - PAD * (high - low), high + PAD * (high - low))
    axes.set_xlim(0.5, len(place) + 0.5)
    axes.axhline(0.0 if show == "factor" else 1.0, color=FAINT, lw=0.6, zorder=0)
    axes.fill_between(place, mean, quantile, color=NEGATIVE, alpha=0.15, lw=0, zorder=1)
    axes.plot(place, reference, color=NEGATIVE, lw=1.1, ls=(0, (4, 2.5)), zorder=2)
    _points(axes, place.astype(np.float64), observed, count)
    axes.set_xticks(_ticks(len(place)))
    finish(axes, X_AXIS[show].in_(spoken), Y_AXIS[show].in_(spoken), typeface)
    _words(axes, analysis, (_verdict(show, count, spoken), spoken), typeface)
    return axes


def _points(axes: Axes, place: Array, observed: Array, count: int) -> None:
    axes.plot(place, observed, color=ACCENT, lw=1.2, zorder=3)
    for part, face in ((slice(0, count), ACCENT), (slice(count, None), "white")):
        axes.plot(
            place[part], observed[part], ls="", marker="o", ms=5.5, mfc=face, mec=ACCENT, mew=1.2,
            zorder=4, clip_on=False,
        )  # fmt: skip


def _ticks(n: int) -> list[int]:
    """Return positions to print: all of few, every fifth of many."""
    return list(range(1, n + 1)) if n <= 15 else [1, *range(5, n + 1, 5)]


def _verdict(show: Shown, count: int, language: Language) -> str:
    if count == 0:
        return NONE.in_(language)
    words = ONE[show] if count == 1 else VERDICT[show]
    return words.in_(language).format(n=integer(count))


def _chance(analysis: ParallelAnalysis, language: Language) -> str:
    criterion = MEAN.in_(language)
    if analysis.criterion is not None:
        criterion = PERCENTILE.in_(language).format(p=f"{analysis.criterion:g}")
    return CHANCE.in_(language).format(criterion=criterion, n=integer(analysis.n_samples))


def _words(
    axes: Axes, analysis: ParallelAnalysis, told: tuple[str, Language], typeface: Typeface
) -> None:
    """Write what was found above the plot, and what the lines are into its empty corner."""
    verdict, language = told
    bold = typeface.properties(LABEL_SIZE, bold=True)
    axes.annotate(
        verdict, (0.0, 1.0), (0, 12), xycoords="axes fraction", textcoords="offset points",
        ha="left", va="bottom", color=INK, fontproperties=bold, parse_math=False,
    )  # fmt: skip
    lines = ((DATA.in_(language), ACCENT), (_chance(analysis, language), NEGATIVE))
    for k, (text, colour) in enumerate(lines):
        axes.annotate(
            text, (1.0, 1.0), (0, -4 - 13 * k), xycoords="axes fraction",
            textcoords="offset points", ha="right", va="top", color=colour,
            fontproperties=typeface.properties(TICK_SIZE), parse_math=False,
        )  # fmt: skip
    axes.tick_params(axis="x", labelcolor=GREY)


def _spoken(
    analysis: ParallelAnalysis, show: Shown, language: Language
) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    for spoken in dict.fromkeys((language, "en")):
        count = analysis.n_factors if show == "factor" else analysis.n_components
        words = (X_AXIS[show].in_(spoken), Y_AXIS[show].in_(spoken), _chance(analysis, spoken))
        face = typeface_for(
            [*words, DATA.in_(spoken), _verdict(show, count, spoken), "0123456789.−"], spoken
        )
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")
