"""Where the blocks of a document go on A4 paper: the same for PDF and for Word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf

from loyaltysem.core.text import Text
from loyaltysem.reporting.column_widths import Fitted, fitted
from loyaltysem.reporting.document import Block, Figure, Row, Table

POINTS_PER_INCH = 72.0
#: A4 in points; margins at the sides, and above and below with room for header and footer.
SHORT, LONG = 595.276, 841.89
SIDE, ENDS = 56.7, 68.0
UPRIGHT, TURNED = SHORT - 2 * SIDE, LONG - 2 * SIDE
#: Height left for a picture under its caption.
TALLEST = {False: LONG - 2 * ENDS - 60.0, True: SHORT - 2 * ENDS - 60.0}
#: A picture is turned when upright it would shrink to less than this and turning helps.
LEGIBLE, WORTH_TURNING = 0.66, 1.15
PHRASES = {
    "contents": Text("Contents", "目录"),
    "table": Text("Table", "表"),
    "figure": Text("Figure", "图"),
    "note": Text("Note.", "注："),
}
#: So many rows of a table stay together at its beginning, and at its end; a group of so many does.
FIRST_ROWS, LAST_ROWS, GROUP_ROWS = 3, 2, 4
_VIEW = re.compile(r'viewBox="[\d.+-]+ [\d.+-]+ ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Width and height of a picture in points, and whether its page is turned."""

    width: float
    height: float
    is_turned: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A block with its place: columns of a table, size of a picture, nothing for text."""

    block: Block
    place: Fitted | PictureSize | None = None

    @property
    def is_turned(self) -> bool:
        """Whether it needs a page in landscape."""
        return self.place is not None and self.place.is_turned


def placed(block: Block) -> Placed:
    """Return a block with its place on the page."""
    if isinstance(block, Table):
        return Placed(block, fitted(block, UPRIGHT, TURNED))
    if isinstance(block, Figure):
        return Placed(block, picture_size(block))
    return Placed(block)


def leaves(blocks: Iterable[Block]) -> list[tuple[bool, Sequence[Placed]]]:
    """Return runs of blocks on pages of one direction: whether it is turned, and the blocks."""
    runs = groupby(map(placed, blocks), key=lambda item: item.is_turned)
    return [(is_turned, tuple(items)) for is_turned, items in runs]


def held(rows: Sequence[Row]) -> list[int]:
    """Return for each row how many rows from it on share a page; 0 within such a run.

    A row that names a group never ends a page, a small group is not parted, and no page holds one
    lonely row.

    Examples
    --------
    >>> from loyaltysem.reporting.document import Cell
    >>> plain, named = Row((Cell("x"),)), Row((Cell("x"),), is_group=True)
    >>> held([named, plain, plain, plain, *[named, *[plain] * 6]])
    [4, 0, 0, 0, 2, 0, 1, 1, 1, 2, 0]
    """
    last = len(rows) - 1
    size = _group_sizes(rows)
    runs: list[list[int]] = []
    for place, row in enumerate(rows):
        tied = place > 0 and (
            rows[place - 1].is_group
            or (not row.is_group and size[place] <= GROUP_ROWS)
            or place < FIRST_ROWS
            or place > last - LAST_ROWS + 1
        )
        if tied:
            runs[-1].append(place)
        else:
            runs.append([place])
    return [len(run) if number == 0 else 0 for run in runs for number, _ in enumerate(run)]


def _group_sizes(rows: Sequence[Row]) -> list[float]:
    """Return for each row how many rows its group has; rows of no group have none that is small."""
    starts = [place for place, row in enumerate(rows) if row.is_group]
    ends = [*starts[1:], len(rows)]
    sizes = [inf] * len(rows)
    for start, end in zip(starts, ends[: len(starts)], strict=True):
        sizes[start:end] = [float(end - start - 1)] * (end - start)
    return sizes


def picture_size(figure: Figure) -> PictureSize:
    """Return the largest size, up to the natural one, at which a picture fits a page."""
    width = figure.width * POINTS_PER_INCH
    height = width * _ratio(figure.svg)
    scales = {
        turned: min(1.0, room / width, TALLEST[turned] / height)
        for turned, room in ((False, UPRIGHT), (True, TURNED))
    }
    turn = scales[False] < LEGIBLE and scales[True] > WORTH_TURNING * scales[False]
    return PictureSize(scales[turn] * width, scales[turn] * height, turn)


def _ratio(svg: str) -> float:
    """Return height over width; a picture that does not say is taken for a square."""
    found = _VIEW.search(svg)
    return float(found.group(2)) / float(found.group(1)) if found else 1.0
