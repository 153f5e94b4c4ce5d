"""Read CSV as people save it: UTF-8 with or without BOM, GB18030, any line end, ``, ; tab``."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pandas as pd

from loyaltysem.core.errors import DataError, did_you_mean
from loyaltysem.survey.exchange.raw_table import RawTable

SEPARATORS = (",", ";", "\t")
BOM_UTF16 = (b"\xff\xfe", b"\xfe\xff")
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx is a zip file; .xls an OLE file
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
    text = decode(content, path.name, encoding)
    records = _records(text, sep or sniff_separator(text), path.name)
    if not records:
        raise _empty(path.name, "is empty")
    (_, header), *body = records
    _check_lengths(header, body, path.name)
    filled = [(row, cells) for row, cells in body if any(cell.strip() for cell in cells)]
    if not filled:
        raise _empty(path.name, "has a header but no rows")
    frame = pd.DataFrame(
        [cells for _, cells in filled],
        columns=[name.strip() for name in header],
        index=pd.Index([row for row, _ in filled], name="row"),
        dtype=object,
    )
    digest = hashlib.sha256(content).hexdigest()
    return RawTable(frame, digest, path.name, blank_rows=len(body) - len(filled))


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file; say plainly why not when it cannot be read."""
    if path.is_dir():
        raise DataError(
            f"'{path}' is a folder, not a data file.",
            code="data.is_directory",
            hint="Name the CSV file inside it.",
        )
    try:
        return path.read_bytes()
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.glob("*.csv")] if path.parent.is_dir() else []
        raise DataError(
            f"There is no data file '{path}'.",
            code="data.file_missing",
            hint=did_you_mean(path.name, siblings) or "Check the path.",
        ) from None
    except OSError as error:
        raise DataError(
            f"'{path}' cannot be read: {error.strerror}.",
            code="data.unreadable",
            hint="Check that it is a file and that you may read it.",
        ) from error


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
    first = text.lstrip("\r\n").splitlines()[:1]
    return max(SEPARATORS, key=lambda sep: len(next(csv.reader(first, delimiter=sep), [])))


def _records(text: str, sep: str, file_name: str) -> list[tuple[int, list[str]]]:
    """Return numbered rows as a spreadsheet numbers them; empty lines count but are dropped."""
    if len(sep) != 1:
        raise DataError(
            f"The separator must be one character, found {sep!r}.",
            code="data.separator",
            hint="Use ',', ';' or a tab.",
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sep, strict=True)
    try:
        return [(row, cells) for row, cells in enumerate(reader, start=1) if cells]
    except csv.Error as error:
        raise DataError(
            f"{file_name}, line {reader.line_num}: {error}.",
            code="data.broken_csv",
            hint="Look for a quotation mark that is not closed.",
        ) from error


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


def _empty(file_name: str, what: str) -> DataError:
    return DataError(
        f"{file_name} {what}.",
        code="data.empty",
        hint="Expected a header line with the item names and one line per respondent.",
    )
