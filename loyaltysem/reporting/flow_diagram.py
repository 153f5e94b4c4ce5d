"""The way from questionnaires sent to answers analysed, as boxes: who was left out, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loyaltysem.core.display import integer, percent
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.axes import GREY
from loyaltysem.reporting.drawing import ACCENT, FAINT, FILLS, INK, OUTLINES
from loyaltysem.reporting.fonts import (
    LINE_HEIGHT,
    POINTS_PER_INCH,
    Typeface,
    typeface_for,
    wrapped,
)
from loyaltysem.survey.response_flow import ANALYSED, RETURNED, SENT, Exclusion, ResponseFlow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, NUMBER = 9.5, 9.0
"""Sizes of a box's title and of its lines, in points."""
PADDING, GAP, AISLE, MARGIN = 0.13, 0.34, 0.42, 0.12
"""Inches: inside a box, between boxes of the main column, to the side boxes, around the picture."""
LONGEST = 44
"""Columns after which a reason is broken; a Chinese character takes two."""
BREAK, SET_IN = "\t", 0.12
"""Marks a line that goes on, and the inches it is set in by."""
LEFT_OUT = Text("Left out (n = {count})", "剔除（n = {count}）")
NOT_RETURNED = Text("Not returned", "未回收")
COUNT = Text("n = {count}", "n = {count}")
RATE = Text("n = {count} ({share})", "n = {count}（{share}）")
REASON = Text("{reason}: {count}", "{reason}：{count}")


@dataclass(frozen=True, slots=True)
class Box:
    """A title over lines of text, and the size they need in inches."""

    title: str
    lines: tuple[str, ...]
    width: float
    height: float


def flow_diagram(flow: ResponseFlow, *, language: Language = "en") -> Axes:
    """Draw a response flow: sent, returned and analysed below each other, losses at the side.

    Parameters
    ----------
    flow : ResponseFlow
        See `Responses.flow`.
    language : {"en", "zh"}
        Language of the words; English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.axes.Axes
        One unit is an inch; save it with ``axes.figure.savefig("flow.png", dpi=200)``.
    """
    spoken, typeface = _typeface(flow, language)
    main = _main_boxes(flow, spoken, typeface)
    sides = _side_boxes(flow, spoken, typeface)
    spaces = [max(GAP, side.height + 0.5 * GAP if side else 0.0) for side in sides]
    width = max(box.width for box in main)
    aside = max((side.width for side in sides if side), default=0.0)
    height = sum(box.height for box in main) + sum(spaces)
    axes = _page(width + (AISLE + aside if aside else 0.0), height)
    top = height
    for place, box in enumerate(main):
        last = place == len(main) - 1
        _draw(axes, box, 0.0, top, width, typeface, strong=last)
        top -= box.height
        if not last:
            _down(axes, width / 2, top, spaces[place])
            side = sides[place]
            if side:
                middle = top - spaces[place] / 2
                _aside(axes, width / 2, middle, width + AISLE)
                _draw(axes, side, width + AISLE, middle + side.height / 2, aside, typeface)
            top -= spaces[place]
    return axes


def _typeface(flow: ResponseFlow, language: Language) -> tuple[Language, Typeface]:
    """Return the language that the installed fonts can show, and the font."""
    for spoken in dict.fromkeys((language, "en")):
        words = [SENT, RETURNED, ANALYSED, LEFT_OUT, NOT_RETURNED, RATE, REASON]
        texts = [text.in_(spoken) for text in (*words, *(e.reason for e in flow.exclusions))]
        face = typeface_for([*texts, "0123456789,.%–= n()"], spoken)
        if face is not None:
            return spoken, face
    return "en", Typeface("DejaVu Sans")


def _main_boxes(flow: ResponseFlow, language: Language, typeface: Typeface) -> list[Box]:
    sent = flow.sent is not None
    boxes = [(SENT, integer(flow.sent), "")] if sent else []
    boxes.append((RETURNED, integer(flow.returned), percent(flow.response_rate) if sent else ""))
    boxes.append((ANALYSED, integer(flow.analysed), percent(flow.usable_rate)))
    return [
        _box(title.in_(language), [_counted(count, share, language)], typeface)
        for title, count, share in boxes
    ]


def _counted(count: str, share: str, language: Language) -> str:
    return (RATE if share else COUNT).in_(language).format(count=count, share=share)


def _side_boxes(flow: ResponseFlow, language: Language, typeface: Typeface) -> list[Box | None]:
    """Return what branches off below each box of the main column but the last."""
    sides: list[Box | None] = []
    if flow.sent is not None:
        lost = flow.sent - flow.returned
        title = NOT_RETURNED.in_(language)
        line = COUNT.in_(language).format(count=integer(lost))
        sides.append(_box(title, [line], typeface) if lost else None)
    head = LEFT_OUT.in_(language).format(count=integer(flow.excluded))
    reasons = [line for exclusion in flow.exclusions for line in _reason(exclusion, language)]
    sides.append(_box(head, reasons, typeface) if reasons else None)
    return sides


def _reason(exclusion: Exclusion, language: Language) -> list[str]:
    """Return a reason with its count, broken where long; what follows a break is set in."""
    reason, count = exclusion.reason.in_(language), integer(exclusion.count)
    first, *more = wrapped(REASON.in_(language).format(reason=reason, count=count), LONGEST)
    return [first, *(BREAK + line for line in more)]


def _box(title: str, lines: Sequence[str], typeface: Typeface) -> Box:
    name_width, name_height = typeface.extent([title], NAME)
    wide = max((typeface.width(line, NUMBER) + _set_in(line) for line in lines), default=0.0)
    _, high = typeface.extent(lines, NUMBER)
    width = max(1.12 * name_width, 1.03 * wide) + 2 * PADDING  # bold titles are wider
    return Box(title, tuple(lines), width, name_height + high + 2 * PADDING)


def _set_in(line: str) -> float:
    return SET_IN if line.startswith(BREAK) else 0.0


def _page(width: float, height: float) -> Axes:
    from matplotlib.figure import Figure

    w, h = width + 2 * MARGIN, height + 2 * MARGIN
    axes = Figure(figsize=(w, h), facecolor="white").add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(-MARGIN, width + MARGIN)
    axes.set_ylim(-MARGIN, height + MARGIN)
    axes.set_axis_off()
    return axes


def _draw(
    axes: Axes, box: Box, left: float, top: float, width: float, typeface: Typeface,
    *, strong: bool = False,
) -> None:  # fmt: skip
    """Draw a box whose top left corner stands at (left, top), in inches."""
    from matplotlib.patches import FancyBboxPatch

    kind = "factor" if strong else "dimension"
    style = "round,pad=0,rounding_size=0.05"
    axes.add_patch(
        FancyBboxPatch(
            (left, top - box.height), width, box.height, boxstyle=style, lw=1.0,
            facecolor=FILLS[kind], edgecolor=OUTLINES[kind],
        )
    )  # fmt: skip
    step = LINE_HEIGHT / POINTS_PER_INCH
    y = top - PADDING - 0.5 * NAME * step
    style_of: dict[str, Any] = {"va": "center", "ha": "left", "parse_math": False}
    bold = typeface.properties(NAME, bold=True)
    axes.text(left + PADDING, y, box.title, fontproperties=bold, color=INK, **style_of)
    y -= 0.5 * (NAME + NUMBER) * step
    for line in box.lines:
        plain = typeface.properties(NUMBER)
        x = left + PADDING + _set_in(line)
        axes.text(x, y, line.removeprefix(BREAK), fontproperties=plain, color=GREY, **style_of)
        y -= NUMBER * step


def _down(axes: Axes, x: float, top: float, length: float) -> None:
    _arrow(axes, (x, top), (x, top - length), ACCENT)


def _aside(axes: Axes, x: float, y: float, end: float) -> None:
    _arrow(axes, (x, y), (end, y), FAINT)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    from matplotlib.patches import FancyArrowPatch

    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=9.0, lw=1.1, color=colour,
            shrinkA=0.0, shrinkB=0.0,
        )
    )  # fmt: skip
