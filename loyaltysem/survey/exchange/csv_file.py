"""Read CSV as people save it: UTF-8 with or without BOM, GB18030, any line end, ``, ; tab``."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from loyaltysem.core.errors import DataError
from loyaltysem.survey.exchange.cells import inert, live, text_frame
from loyaltysem.survey.exchange.limits import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_LINES,
    MOST_ROWS,
    SPREADSHEETS,
    read_bytes,
    too_large,
)
from loyaltysem.survey.exchange.raw_table import RawTable

SEPARATORS = (",", ";", "\t")
BOM_UTF16 = (b"\xff\xfe", b"\xfe\xff")
START = re.compile(r"[^\r\n]")
LONGEST = 100_000  # characters of a first line that are looked at for separators
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
SHOWN = 10


def read_csv_table(path: Path, *, encoding: str | None = None, sep: str | None = None) -> RawTable:
    """Read a CSV file without judging its answers.

    Parameters
    ----------
    path : Path
        The file.
    encoding : str, optional
        UTF-8 unless given.
    sep : str, optional
        One character; found from the first line unless given.

    Raises
    ------
    DataError
        No such file, a folder, an unreadable encoding, broken quotes, rows of differing length,
        or no rows at all.
    """
    content = read_bytes(path)
    records = read_records(content, path.name, encoding=encoding, sep=sep)
    return table_of(records, content, path.name)


def read_records(
    content: bytes, file_name: str, *, encoding: str | None = None, sep: str | None = None
) -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV file with their numbers; `read_csv_table` says what it raises."""
    text = decode(content, file_name, encoding)
    return _records(text, sep or sniff_separator(text), file_name)


def table_of(records: list[tuple[int, list[str]]], content: bytes, file_name: str) -> RawTable:
    """Return records as a table: the first is the header, blank rows are left out."""
    if not records:
        raise empty(file_name, "is empty")
    (_, header), *body = records
    _check_lengths(header, body, file_name)
    filled = [(row, cells) for row, cells in body if any(cell.strip() for cell in cells)]
    if not filled:
        raise empty(file_name, "has a header but no rows")
    guarded = b"'" in content
    frame = pd.DataFrame(
        [[live(cell) for cell in cells] if guarded else cells for _, cells in filled],
        columns=[name.strip() for name in header],
        index=pd.Index([row for row, _ in filled], name="row"),
        dtype=object,
    )
    digest = hashlib.sha256(content).hexdigest()
    return RawTable(frame, digest, file_name, blank_rows=len(body) - len(filled))


def write_csv(
    frame: pd.DataFrame,
    *,
    sep: str = ",",
    encoding: str = "utf-8-sig",
    below: Iterable[Sequence[str]] = (),
) -> bytes:
    """Return a table as CSV that a spreadsheet opens without running anything in it.

    Parameters
    ----------
    frame : DataFrame
        Cells; NaN becomes empty.
    sep, encoding : str
        UTF-8 with BOM unless given, which Excel needs to show Chinese.
    below : iterable of rows, optional
        Rows to write right below the column names.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=sep, lineterminator="\r\n")
    writer.writerow([inert(str(name)) for name in frame.columns])
    writer.writerows([[inert(cell) for cell in row] for row in below])
    writer.writerows([map(inert, row) for row in text_frame(frame).to_numpy().tolist()])
    return stream.getvalue().encode(encoding)


def decode(content: bytes, file_name: str, encoding: str | None) -> str:
    """Return the text of a file, or say at which byte it stops being that encoding."""
    _refuse_binary(content, file_name, encoding)
    wanted = encoding or "utf-8"
    codec = "utf-8-sig" if wanted.lower().replace("_", "-") in ("utf-8", "utf8") else wanted
    try:
        return content.decode(codec)
    except LookupError:
        raise DataError(
            f"There is no encoding called '{encoding}'.",
            code="data.unknown_encoding",
            hint="Use for example utf-8 or gb18030.",
        ) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        other = "utf-8" if encoding else "gb18030"
        raise DataError(
            f"{file_name} is not {wanted.upper()}: byte {error.start} "
            f"(0x{content[error.start]:02x}, line {line}) cannot be read.",
            code="data.encoding",
            hint=f"If the file came from elsewhere, pass --encoding {other} "
            f'(in Python: encoding="{other}"), or save it as UTF-8.',
        ) from error


def _refuse_binary(content: bytes, file_name: str, encoding: str | None) -> None:
    if content.startswith(SPREADSHEETS):
        raise DataError(
            f"{file_name} is a spreadsheet or zip file, not a CSV file.",
            code="data.not_csv",
            hint='Open it and save it as "CSV UTF-8".',
        )
    if content.startswith(BOM_UTF16) and encoding is None:
        raise DataError(
            f"{file_name} is not UTF-8: byte 0 begins a UTF-16 text.",
            code="data.encoding",
            hint='Pass --encoding utf-16 (in Python: encoding="utf-16"), or save it as UTF-8.',
        )


def sniff_separator(text: str) -> str:
    """Return the separator that splits the first line into most fields.

    Examples
    --------
    >>> sniff_separator('id;"a,b";c')
    ';'
    """
    begin = START.search(text)
    first = [text[begin.start() : begin.start() + LONGEST].splitlines()[0]] if begin else []
    return max(SEPARATORS, key=lambda sep: len(next(csv.reader(first, delimiter=sep), [])))


def _records(text: str, sep: str, file_name: str) -> list[tuple[int, list[str]]]:
    """Return numbered rows as a spreadsheet numbers them; empty lines count but are dropped."""
    if len(sep) != 1:
        raise DataError(
            f"The separator must be one character, found {sep!r}.",
            code="data.separator",
            hint="Use ',', ';' or a tab.",
        )
    reader = csv.reader((line.group() for line in LINE.finditer(text)), delimiter=sep, strict=True)
    try:
        return list(_within_limits(reader, file_name))
    except csv.Error as error:
        raise DataError(
            f"{file_name}, line {reader.line_num}: {error}.",
            code="data.broken_csv",
            hint="Look for a quotation mark that is not closed.",
        ) from error


def _within_limits(reader: Iterable[list[str]], file_name: str) -> Iterator[tuple[int, list[str]]]:
    cells = filled = 0
    for row, record in enumerate(reader, start=1):
        cells += len(record)
        filled += bool(record)
        if cells > MOST_CELLS:
            raise too_large(f"{file_name} is too long at row {row:,}", f"{MOST_CELLS:,} cells")
        if filled > MOST_ROWS or row > MOST_LINES:
            raise too_large(f"{file_name} is too long at row {row:,}", f"{MOST_ROWS:,} rows")
        if len(record) > MOST_COLUMNS:
            where = f"{file_name}, row {row:,}, has {len(record):,} cells"
            raise too_large(where, f"{MOST_COLUMNS:,}")
        if record:
            yield row, record


def _check_lengths(header: list[str], body: list[tuple[int, list[str]]], file_name: str) -> None:
    wrong = [(row, len(cells)) for row, cells in body if len(cells) != len(header)]
    if not wrong:
        return
    shown = ", ".join(f"row {row} has {length}" for row, length in wrong[:SHOWN])
    more = f", and {len(wrong) - SHOWN} more rows" if len(wrong) > SHOWN else ""
    raise DataError(
        f"{file_name}: the header has {len(header)} fields, but {shown}{more}.",
        code="data.ragged_rows",
        hint="Put quotation marks around answers that contain the separator.",
    )


def empty(file_name: str, what: str) -> DataError:
    """Return the error about a file without answers."""
    return DataError(
        f"{file_name} {what}.",
        code="data.empty",
        hint="Expected a header line with the item names and one line per respondent.",
    )
