"""Picture of the influence of cases: one stem a case, those that stand out by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from loyaltysem.analysis.influence_table import Influence
from loyaltysem.core.text import Language, Text
from loyaltysem.core.types import Array, Indices
from loyaltysem.reporting.axes import TICK_SIZE, Margins, finish, inch_axes
from loyaltysem.reporting.drawing import ACCENT, FAINT, INK
from loyaltysem.reporting.fonts import LINE_HEIGHT, POINTS_PER_INCH, Typeface, typeface_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point: TypeAlias = tuple[float, float]
#: Left, low, right, high.
Box: TypeAlias = tuple[float, float, float, float]

WIDTH, HEIGHT = 5.6, 2.6
MARGINS = Margins(left=0.72, right=0.35, top=0.3, bottom=0.62)
#: Inches between a point and its label.
GAP = 0.05
#: Half the room of a dot, in inches.
DOT = 0.03
X_AXIS = Text("Case (position in the data)", "个案（数据中的次序）")
PARAMETER = Text("Change of {name} (standard errors)", "{name} 的变化（以标准误计）")
MEASURE = Text("Change of {name}, with less without", "{name} 的变化（含该个案 − 剔除后）")
Y_AXES: Mapping[str, Text] = {
    "cook": Text("Generalised Cook's distance", "广义 Cook 距离"),
    "distance": Text("Likelihood distance", "似然距离"),
    "chisq_change": Text("Change of χ², with less without", "χ² 的变化（含该个案 − 剔除后）"),
    "chisq_part": Text("Part of the case in χ²", "该个案对 χ² 的贡献"),
    "loglik": Text("Log-likelihood of the case", "该个案的对数似然"),
    "largest_change": Text("Largest change (standard errors)", "最大参数变化（以标准误计）"),
}


def influence_plot(
    influence: Influence, *, by: str = "cook", top: int = 5, language: Language = "en"
) -> Axes:
    """Plot the influence of every case and name the most influential.

    Parameters
    ----------
    influence : Influence
    by : str
        A numeric column of ``influence.cases``, or a parameter, for its change in standard errors.
    top : int
        How many cases are named.
    language : {"en", "zh"}
        Language of the axes; English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    IncompatibleRequestError
        When there is no such column.

    Notes
    -----
    There is no line to cross: what matters is who stands apart from the rest (Pek & MacCallum
    2011). Cases without a refit have no stem.
    """
    value = influence.column(by).to_numpy(np.float64)
    x = influence.cases["position"].to_numpy(np.float64)
    size = np.where(np.isfinite(value), np.abs(value), -1.0)
    named = np.argsort(-size, kind="stable")[: min(top, int((size >= 0).sum()))]
    names = [str(n) for n in influence.cases.index[named]]
    spoken, typeface = _spoken(by, names, influence, language)
    axes = inch_axes(WIDTH, HEIGHT, MARGINS)
    _stems(axes, x, value, named)
    _label(axes, x[named], value[named], names, typeface)
    finish(axes, X_AXIS.in_(spoken), _title(by, influence).in_(spoken), typeface)
    return axes


def _title(by: str, influence: Influence) -> Text:
    if by in influence.changes.columns:
        form, name = PARAMETER, by
    else:
        form, name = Y_AXES.get(by, MEASURE), by.removesuffix("_change").upper().replace("_", " ")
    return Text(form.en.format(name=name), form.zh.format(name=name))


def _spoken(
    by: str, names: Sequence[str], influence: Influence, language: Language
) -> tuple[Language, Typeface]:
    """Return the language the installed fonts can show, and the font."""
    for spoken in dict.fromkeys((language, "en")):
        texts = [*names, X_AXIS.in_(spoken), _title(by, influence).in_(spoken), "0123456789.,−"]
        face = typeface_for(texts, spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")


def _stems(axes: Axes, x: Array, value: Array, named: Indices) -> None:
    """Draw a stem from zero to each value; those that are named stand out."""
    stands_out = np.zeros(len(x), dtype=bool)
    stands_out[named] = True
    for mask, colour, dot in ((~stands_out, FAINT, 4.0), (stands_out, ACCENT, 14.0)):
        axes.vlines(x[mask], 0.0, value[mask], colors=colour, lw=0.8, zorder=2)
        axes.scatter(x[mask], value[mask], s=dot, color=colour, lw=0, zorder=3)
    seen = value[np.isfinite(value)]
    low, high = float(min(seen.min(initial=0.0), 0.0)), float(max(seen.max(initial=0.0), 0.0))
    high = high if high > low else 1.0
    room = 0.08 * (high - low)
    axes.set_ylim(low - room if low < 0 else 0.0, high + room if high > 0 else 0.0)
    step = max(1.0, 0.02 * float(np.ptp(x)))
    axes.set_xlim(float(x.min()) - step, float(x.max()) + step)
    if low < 0:
        axes.axhline(0.0, color=INK, lw=0.7, zorder=1)


def _label(axes: Axes, x: Array, y: Array, names: Sequence[str], typeface: Typeface) -> None:
    """Write each name beside its point, on the first side where it covers no name and no stem."""
    places, feet = _inches(axes, x, y), _inches(axes, x, np.zeros_like(y))
    taken = [_stem_box(*ends) for ends in zip(places, feet, strict=True)]
    for at, foot, name in zip(places, feet, names, strict=True):
        box = _place(at, at[1] >= foot[1], name, typeface, taken)
        taken.append(box)
        _leader(axes, at, box)
        axes.text(
            0.5 * (box[0] + box[2]) / WIDTH, 0.5 * (box[1] + box[3]) / HEIGHT, name,
            transform=axes.transAxes, ha="center", va="center", color=INK,
            fontproperties=typeface.properties(TICK_SIZE), parse_math=False, zorder=4,
        )  # fmt: skip


def _leader(axes: Axes, at: Point, box: Box) -> None:
    """Tie a name to its point where it had to move away from it."""
    y = box[1] if box[1] > at[1] else box[3]
    if not box[1] - 2 * GAP < at[1] < box[3] + 2 * GAP:
        x = min(max(at[0], box[0]), box[2])
        axes.plot(
            [at[0] / WIDTH, x / WIDTH], [at[1] / HEIGHT, y / HEIGHT],
            transform=axes.transAxes, color=ACCENT, lw=0.5, clip_on=False, zorder=2,
        )  # fmt: skip


def _inches(axes: Axes, x: Array, y: Array) -> list[Point]:
    """Return places on the plot in inches from its lower left corner."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    across, up = (x - left) / (right - left) * WIDTH, (y - low) / (high - low) * HEIGHT
    return list(zip(across.tolist(), up.tolist(), strict=True))


def _stem_box(tip: Point, foot: Point) -> Box:
    """Return the room a stem and its dot take."""
    (x, a), (_, b) = tip, foot
    return x - DOT, min(a - DOT, b), x + DOT, max(a + DOT, b)


def _place(at: Point, up: bool, name: str, typeface: Typeface, taken: Sequence[Box]) -> Box:
    """Return a box for the name: right of the point, left of it, beyond it, further beyond."""
    width = typeface.width(name, TICK_SIZE)
    height = TICK_SIZE * LINE_HEIGHT / POINTS_PER_INCH
    x, y = at
    lows = [y + GAP + k * height if up else y - GAP - (k + 1) * height for k in range(4)]
    sides = [(x + GAP, y - height / 2), (x - GAP - width, y - height / 2)]
    sides += [(x - width / 2, low) for low in lows]
    sides += [(left, low) for low in lows for left in (x + GAP, x - GAP - width)]
    boxes = [(left, low, left + width, low + height) for left, low in sides]
    fitting = [b for b in boxes if _on_page(b)]
    free = [b for b in fitting if not any(_overlap(b, other) for other in taken)]
    return (free or fitting or boxes)[0]


def _on_page(box: Box) -> bool:
    left, low, right, high = box
    inside = left > 0 and right < WIDTH + MARGINS.right
    return inside and low > 0 and high < HEIGHT + MARGINS.top


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
