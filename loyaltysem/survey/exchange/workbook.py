"""Excel workbooks as rows of cells: read within limits, written without dates or formulas."""

from __future__ import annotations

import io
import itertools
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from loyaltysem.core.errors import MissingExtraError
from loyaltysem.survey.exchange.limits import (
    MOST_CELLS,
    MOST_COLUMNS,
    broken_workbook,
    open_package,
    too_large,
)

FIXED_DATE = (1980, 1, 1, 0, 0, 0)
MOST_GAP = 100_000  # blank rows in a row
MOST_ROWS = 200_000  # a workbook is read ten times slower than a CSV file
FAULTS = (
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    OSError,
    NotImplementedError,
    SyntaxError,  # of XML: openpyxl's parser is lxml's where that is installed, both derive from it
    zipfile.BadZipFile,
    zlib.error,
)  # what openpyxl lets through when a part of the package is damaged


def openpyxl() -> Any:
    """Return the package openpyxl."""
    try:
        import openpyxl as package
    except ImportError:
        raise MissingExtraError("openpyxl", "survey", "Reading and writing .xlsx") from None
    return package


def read_sheets(content: bytes, file_name: str) -> dict[str, list[list[object]]]:
    """Return the rows of every sheet; formulas give the value saved with them.

    Raises
    ------
    DataError
        Damaged, or larger than the limits of `limits`.
    """
    package = openpyxl()
    open_package(content, file_name).close()
    try:
        book = package.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        return _within_limits(book.worksheets, file_name)
    except FAULTS as error:
        raise broken_workbook(file_name, f"{error}" or type(error).__name__) from error


def _within_limits(sheets: Iterable[Any], file_name: str) -> dict[str, list[list[object]]]:
    found: dict[str, list[list[object]]] = {}
    left = MOST_CELLS
    for sheet in sheets:
        found[sheet.title] = _rows(sheet, file_name, left)
        left -= sum(map(len, found[sheet.title]))
    return found


def _rows(sheet: Any, file_name: str, most: int) -> list[list[object]]:
    sheet.reset_dimensions()  # what the sheet claims to span is not believed
    rows: list[list[object]] = []
    cells = gap = 0
    for row in _judged(sheet.iter_rows(values_only=True), file_name):
        values = list(row)
        while values and values[-1] is None:
            values.pop()
        gap = 0 if values else gap + 1
        cells += len(values)
        if len(rows) >= MOST_ROWS:
            where = f"{file_name}, sheet '{sheet.title}', is too long"
            raise too_large(where, f"{MOST_ROWS:,} rows")
        if cells > most or gap > MOST_GAP:
            where = f"{file_name}, sheet '{sheet.title}', is too long"
            raise too_large(where, f"{MOST_CELLS:,} cells")
        rows.append(values)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _judged(rows: Iterable[Sequence[object]], file_name: str) -> Iterator[Sequence[object]]:
    for row in rows:
        if len(row) > MOST_COLUMNS:
            raise too_large(f"{file_name} has a row of {len(row):,} cells", f"{MOST_COLUMNS:,}")
        yield row


def write_sheets(sheets: Mapping[str, Iterable[Sequence[object]]]) -> bytes:
    """Return a workbook; texts stay texts even when they begin like a formula.

    The same content always gives the same bytes.
    """
    package = openpyxl()
    book = package.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for r, row in enumerate(rows, start=1):
            for c, value in enumerate(row, start=1):
                if value is not None and value != "":
                    _put(sheet.cell(r, c), value)
    stream = io.BytesIO()
    book.save(stream)
    return _undated(stream.getvalue())


def _put(cell: Any, value: object) -> None:
    if isinstance(value, str):
        cell.value = _printable(value)
        cell.data_type = "s"
        cell.quotePrefix = value[:1] in "=+-@"
    else:
        cell.value = value


def _printable(text: str) -> str:
    """Drop the control characters XML cannot hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n\r")


def _undated(content: bytes) -> bytes:
    """Pack a workbook anew with fixed dates."""
    stream = io.BytesIO()
    old = zipfile.ZipFile(io.BytesIO(content))
    with old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = zipfile.ZipInfo(name, FIXED_DATE)
            part.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(part, _without_dates(name, old.read(name)))
    return stream.getvalue()


def _without_dates(name: str, content: bytes) -> bytes:
    if name != "docProps/core.xml":
        return content
    parts = content.split(b"</dcterms:")
    heads = (part.rpartition(b">") for part in parts[:-1])
    dated = (head + b">1980-01-01T00:00:00Z</dcterms:" for head, _, _ in heads)
    return b"".join(itertools.chain(dated, parts[-1:]))
