"""How large a file may be, judged before it is parsed; a small file can claim to be a huge one."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from loyaltysem.core.errors import DataError
from loyaltysem.core.small_file import MEGABYTE, FileKind
from loyaltysem.core.small_file import read_bytes as small_file_bytes

MOST_BYTES = 64 * MEGABYTE  # of a file as it lies on disk; as text it may take four times that
MOST_UNPACKED = 200 * MEGABYTE  # of all parts of a workbook together
MOST_KEPT = 60 * MEGABYTE  # of those parts that are held in memory whole: all but the sheets
MOST_PARTS = 2_000
MOST_CELLS = 5_000_000  # some 80 bytes each while they are read
MOST_ROWS = 500_000
MOST_LINES = 5_000_000  # blank ones included
MOST_COLUMNS = 16_384
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx is a zip file; .xls an OLE file
SPLIT = "Split the data, or export only the columns of the questionnaire."
DATA_FILE = FileKind("data file", "data", DataError, "*.csv", MOST_BYTES, SPLIT)

UNPACKING_FAULTS = (NotImplementedError, OSError, EOFError, ValueError)


def read_bytes(path: Path, *, pattern: str = "*.csv") -> bytes:
    """Return the bytes of a file; say plainly why not when it cannot be read.

    Raises
    ------
    DataError
        A folder, no such file, not readable, or larger than the limit.
    """
    return small_file_bytes(path, replace(DATA_FILE, pattern=pattern))


def refuse_many_cells(rows: int, columns: int, file_name: str, *, bytes_there: int) -> None:
    """Refuse a table whose head claims more than can be, or than the file can hold.

    Parameters
    ----------
    rows, columns : int
        As claimed.
    file_name : str
        For the message.
    bytes_there : int
        Most bytes of data that the file can hold, once unpacked.
    """
    if rows < 0 or columns < 0 or columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
        raise too_large(
            f"{file_name} claims {rows:,} rows × {columns:,} columns", f"{MOST_CELLS:,} cells"
        )
    if rows * columns > bytes_there:
        raise DataError(
            f"{file_name} claims {rows:,} rows × {columns:,} columns but is too short for them.",
            code="data.truncated",
            hint="The file is damaged; export it again.",
        )


def too_large(what: str, limit: str) -> DataError:
    """Return the error about something beyond its limit."""
    return DataError(
        f"{what}; the limit is {limit}.",
        code="data.too_large",
        hint=SPLIT,
    )


def open_package(content: bytes, file_name: str) -> zipfile.ZipFile:
    """Open an .xlsx package after judging what it claims to hold.

    Raises
    ------
    DataError
        Not a zip file, damaged, encrypted, too many parts, too large once unpacked, or with a
        document type in its XML (which entities could make grow without bound).

    Notes
    -----
    Unpacking never yields more than the size a part claims, so the claims are a bound.
    """
    try:
        package = zipfile.ZipFile(io.BytesIO(content))
        parts = package.infolist()
    except (zipfile.BadZipFile, *UNPACKING_FAULTS) as error:
        raise broken_workbook(file_name, str(error)) from error
    if len(parts) > MOST_PARTS:
        raise too_large(f"{file_name} has {len(parts):,} parts", f"{MOST_PARTS:,}")
    _refuse_unpacked(parts, MOST_UNPACKED, file_name)
    _refuse_unpacked([p for p in parts if "/worksheets/" not in p.filename], MOST_KEPT, file_name)
    for part in parts:
        _refuse_document_type(package, part, file_name)
    return package


def _refuse_unpacked(parts: Sequence[zipfile.ZipInfo], limit: int, file_name: str) -> None:
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limit:
        raise too_large(
            f"{file_name} claims {unpacked / MEGABYTE:,.0f} MB unpacked", f"{limit // MEGABYTE} MB"
        )


def _refuse_document_type(package: zipfile.ZipFile, part: zipfile.ZipInfo, file_name: str) -> None:
    if part.flag_bits & 1:
        raise broken_workbook(file_name, f"its part '{part.filename}' is encrypted")
    if not part.filename.lower().endswith((".xml", ".rels")):
        return
    try:
        with package.open(part) as stream:
            head = stream.read(4096)
    except (zipfile.BadZipFile, zlib.error, *UNPACKING_FAULTS) as error:
        raise broken_workbook(file_name, str(error)) from error
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise broken_workbook(file_name, f"its part '{part.filename}' declares a document type")


def broken_workbook(file_name: str, why: str) -> DataError:
    """Return the error about a file that is no workbook."""
    return DataError(
        f"{file_name} cannot be read as an Excel workbook: {why}.",
        code="data.broken_workbook",
        hint="Open it in a spreadsheet program and save it again as .xlsx, or as CSV UTF-8.",
    )
