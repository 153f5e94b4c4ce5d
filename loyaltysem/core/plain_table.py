"""Small tables of cells that are text already: for the console and as a fragment of HTML."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator, Sequence

Row = Sequence[str]


def text_table(header: Row, rows: Sequence[Row], indent: str = "  ") -> list[str]:
    """Return lines with columns aligned, the first to the left; Chinese takes two places.

    Examples
    --------
    >>> for line in text_table(("model", "df"), [("metric", "54"), ("标量", "60")], ""):
    ...     print(line)
    model   df
    metric  54
    标量    60
    """
    table = [header, *rows]
    widths = [max(_width(row[i]) for row in table) for i in range(len(header))]
    return [indent + "  ".join(_padded(row, widths)).rstrip() for row in table]


def _padded(row: Row, widths: Sequence[int]) -> Iterator[str]:
    for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
        space = " " * (width - _width(cell))
        yield cell + space if i == 0 else space + cell


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def html_table(caption: str, header: Row, rows: Sequence[Row]) -> str:
    """Return the same as HTML, every cell escaped.

    Examples
    --------
    >>> html_table("", ("x",), [("a<b",)])
    '<table><thead><tr><th>x</th></tr></thead><tbody><tr><td>a&lt;b</td></tr></tbody></table>'
    """
    body = "".join(_line("td", row) for row in rows)
    head = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return f"<table>{head}<thead>{_line('th', header)}</thead><tbody>{body}</tbody></table>"


def _line(tag: str, cells: Row) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"


def html_paragraph(text: str, wrap: str = "{}") -> str:
    """Return an escaped paragraph, its text set into `wrap`."""
    return f"<p>{wrap.format(html.escape(text))}</p>"
