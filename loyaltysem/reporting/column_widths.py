"""How wide the columns of a table on paper are, at which type size, upright or turned.

Screens scroll; paper does not. Both writers for paper take their columns from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loyaltysem.reporting.document import Cell, Table
from loyaltysem.reporting.fonts import advance
from loyaltysem.reporting.plain import BREAK, breakable, printable

#: Sizes in points, tried from the left, first upright and then on a turned page.
SIZES = (8.5, 8.0, 7.5, 7.0)
TURNED_SIZES = (8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
#: Between two columns, in ems.
GAP = 1.3
#: Ems that a column of prose is given before it wraps, where a smaller type allows it and at the
#: least, and those of a first column, likewise.
COMFORTABLE, PROSE = 18.0, 11.0
WHOLE, LABEL = 24.0, 12.0
#: Bold letters, and engines that round, need a little more than the sum of advances.
SLACK = 1.09
#: Ems that a head may take before it wraps, as far as it has them: Chinese could break anywhere.
HEAD = 5.0
#: First columns under a group are set in by this many ems.
INDENT = 0.9


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table's place on paper.

    Parameters
    ----------
    size : float
        Type size in points.
    widths : tuple of float
        Widths of the columns in points, the gaps included.
    is_turned : bool
        Whether it takes a page in landscape.
    """

    size: float
    widths: tuple[float, ...]
    is_turned: bool


@dataclass(frozen=True, slots=True)
class _Need:
    """What a column needs in ems: the least with wrapping, and all its text on one line."""

    least: float
    most: float


def fitted(table: Table, upright: float, turned: float) -> Fitted:
    """Return size and columns of a table.

    Parameters
    ----------
    table : Table
    upright, turned : float
        Width of the text on a page in portrait and in landscape, in points.

    Notes
    -----
    Numbers never wrap as long as any size or a turned page can hold them. A first column and
    columns of prose wrap, down to `LABEL` and `PROSE` ems; that labels stay whole is worth half a
    point of type. A table that no page holds has its
    columns narrowed alike, and its numbers wrap.

    Examples
    --------
    >>> from loyaltysem.reporting.document import Cell, Column, Row
    >>> row = Row((Cell("Trust"), Cell(".84")))
    >>> small = Table("t", "T", (Column("Construct", "left"), Column("α")), (row,))
    >>> place = fitted(small, 450.0, 700.0)
    >>> place.size, place.is_turned, sum(place.widths) < 120
    (8.5, False, True)
    """
    places = range(len(table.columns))
    whole, easy, tight = (
        [_need(table, place, *ems) for place in places]
        for ems in ((COMFORTABLE, WHOLE), (COMFORTABLE, LABEL), (PROSE, LABEL))
    )
    pages = (
        (whole, upright, SIZES[:2]),
        (easy, upright, SIZES),
        (tight, upright, SIZES),
        (tight, turned, TURNED_SIZES),
    )
    for needs, available, sizes in pages:
        least = sum(need.least for need in needs)
        for size in sizes:
            if least * size <= available:
                widths = _named(table, size, available, _shared(needs, size, available))
                return Fitted(size, widths, available == turned)
    least = sum(need.least for need in tight)
    return Fitted(TURNED_SIZES[-1], tuple(need.least / least * turned for need in tight), True)


def _need(table: Table, place: int, prose: float, label: float) -> _Need:
    column = table.columns[place]
    body = [text for row in table.rows if not row.is_group for text in _lines(row.cells[place])]
    inset = INDENT if place == 0 and any(row.is_group for row in table.rows) else 0.0
    whole = max(map(_ems, body), default=0.0)
    head_word = max((*map(_ems, _words(column.head)), min(HEAD, _ems(column.head))))
    word = max((_ems(w) for text in body for w in _words(text)), default=0.0)
    if column.is_prose or (place == 0 and column.align == "left"):
        most = min(whole, max(word, prose if column.is_prose else label))
    else:
        most = whole
    extra = GAP + inset
    least = max(most, head_word) * SLACK + extra
    return _Need(least, max(least, max(whole, _ems(column.head)) * SLACK + extra))


def _lines(cell: Cell) -> Iterable[str]:
    yield cell.text
    if cell.below:
        yield cell.below


def _ems(text: str) -> float:
    return sum(map(advance, printable(text).replace(BREAK, "")))


def _words(text: str) -> list[str]:
    """Return the pieces that no line break can split: words, and single Chinese characters."""
    pieces = breakable(printable(text)).replace(BREAK, " ").split()
    return [part for piece in pieces for part in _split_chinese(piece)]


def _split_chinese(word: str) -> list[str]:
    if all(c < "\u2e80" for c in word):
        return [word]
    parts, run = [], ""
    for c in word:
        if c >= "\u2e80":
            parts += [run, c] if run else [c]
            run = ""
        else:
            run += c
    return [*parts, run] if run else parts


def _named(
    table: Table, size: float, available: float, widths: tuple[float, ...]
) -> tuple[float, ...]:
    """Widen the first column where the name of a group would wrap, as far as the page allows."""
    names = [_ems(row.cells[0].text) for row in table.rows if row.is_group]
    wanted = min(available, (max(names, default=0.0) * SLACK + GAP) * size)
    return (widths[0] + max(0.0, wanted - sum(widths)), *widths[1:])


def _shared(needs: Sequence[_Need], size: float, available: float) -> tuple[float, ...]:
    """Give each column its least, and what is left to those whose text would wrap."""
    room = available / size - sum(need.least for need in needs)
    wants = [need.most - need.least for need in needs]
    share = min(1.0, room / total) if (total := sum(wants)) > 0 else 0.0
    return tuple(
        (need.least + share * want) * size for need, want in zip(needs, wants, strict=True)
    )
