"""Text files of orders, checked before an engine reads them: encoding, separator, columns."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from loyaltysem.core.errors import DataError, IncompatibleRequestError

SEPARATORS = (",", ";", "\t", "|")
BLOCK = 1 << 20
HEADER = 1 << 20  # bytes in which the first line must end
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file that DuckDB can read: UTF-8, one kind of line end; its separator and columns."""

    path: Path
    sep: str
    columns: tuple[str, ...]


def text_file(path: Path, folder: Path, *, encoding: str | None, sep: str | None) -> TextFile:
    """Check a text file from end to end, writing it anew in `folder` where DuckDB needs that.

    Parameters
    ----------
    path : Path
    folder : Path
        For a copy in UTF-8 of a file in another encoding or with mixed line ends.
    encoding : str, optional
        UTF-8, with or without BOM, unless given.
    sep : str, optional
        One character; found from the first line unless given.

    Raises
    ------
    DataError
        The bytes are not of that encoding, it is no text, or its first line names no columns.
    """
    codec = _codec(encoding)
    ends = _line_ends(path, codec, encoding)
    if codec != "utf-8-sig" or len(ends) > 1:
        path = _rewritten(path, folder / "orders.csv", codec)
    with path.open("r", encoding="utf-8-sig", newline=None) as stream:
        first = _first_line(stream, path.name)
    mark = sep if sep is not None else _separator(first)
    if len(mark) != 1:
        raise IncompatibleRequestError(
            f"The separator must be one character, found {sep!r}.",
            code="data.separator",
            hint="Use ',', ';', '|' or a tab.",
        )
    return TextFile(path, mark, _names(first, mark, path.name))


def _codec(encoding: str | None) -> str:
    try:
        name = codecs.lookup(encoding or "utf-8").name
    except LookupError:
        raise DataError(
            f"There is no encoding called '{encoding}'.",
            code="data.unknown_encoding",
            hint="Use for example utf-8 or gb18030.",
        ) from None
    return "utf-8-sig" if name in ("utf-8", "utf-8-sig") else name


def _line_ends(path: Path, codec: str, encoding: str | None) -> set[str]:
    """Read all of a file, so that it is known to be text; return the line ends it has."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(codec)(), translate=False)
    before = 0
    with path.open("rb") as stream:
        while True:
            block = stream.read(BLOCK)
            if before == 0:
                _refuse_binary(block, path.name, encoding)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                raise _not_in(path.name, before, error, encoding) from error
            if "\0" in text:
                raise DataError(
                    f"{path.name} holds a zero byte: it is no text file.",
                    code="data.not_csv",
                    hint="Save it as CSV, or as Parquet.",
                )
            if not block:
                break
            before += len(block)
    found = decoder.newlines
    return set(found) if isinstance(found, tuple) else {found or "\n"}


def _refuse_binary(block: bytes, name: str, encoding: str | None) -> None:
    if not block.strip():
        raise DataError(
            f"{name} is empty.",
            code="data.empty",
            hint="Expected a first line that names the columns, and one line per order.",
        )
    if block.startswith(SPREADSHEETS):
        raise DataError(
            f"{name} is a spreadsheet or zip file, not a CSV file.",
            code="data.not_csv",
            hint='Save it as "CSV UTF-8", or pass pandas.read_excel(path).',
        )
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and encoding is None:
        raise DataError(
            f"{name} is not UTF-8: byte 0 begins a UTF-16 text.",
            code="data.encoding",
            hint='Pass encoding="utf-16", or save it as UTF-8.',
        )


def _not_in(name: str, before: int, error: UnicodeDecodeError, encoding: str | None) -> DataError:
    other = "utf-8" if encoding else "gb18030"
    return DataError(
        f"{name} is not {(encoding or 'utf-8').upper()}: near byte {before + error.start:,} "
        f"0x{error.object[error.start]:02x} cannot be read.",
        code="data.encoding",
        hint=f'If the file came from elsewhere, pass encoding="{other}", or save it as UTF-8.',
    )


def _rewritten(path: Path, copy: Path, codec: str) -> Path:
    """Write a file anew as UTF-8 with one kind of line end, block by block."""
    with (
        path.open("r", encoding=codec, newline=None) as source,
        copy.open("w", encoding="utf-8", newline="\n") as target,
    ):
        while block := source.read(BLOCK):
            target.write(block)
    return copy


def _first_line(stream: IO[str], name: str) -> str:
    """Return the first line, with the lines its quotation marks reach over."""
    taken = ""
    for line in iter(lambda: stream.readline(HEADER), ""):
        taken += line
        if not taken.strip() or len(taken) >= HEADER:
            break
        if taken.count('"') % 2 == 0:
            return taken.rstrip("\n")
    raise DataError(
        f"The first line of {name} is blank, or does not end within a million characters.",
        code="data.not_csv",
        hint="Expected a first line that names the columns; look for an unclosed quotation mark.",
    )


def _separator(line: str) -> str:
    return max(SEPARATORS, key=lambda sep: len(next(csv.reader([line], delimiter=sep), [])))


def _names(line: str, sep: str, file: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in next(csv.reader(io.StringIO(line), delimiter=sep)))
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if twice or "" in names:
        what = f"names {', '.join(twice)} twice" if twice else "leaves a column without a name"
        raise DataError(
            f"The first line of {file} {what}.",
            code="data.columns",
            hint="Give each column a name of its own; case does not tell names apart.",
        )
    return names


def read_text(connection: Any, file: TextFile) -> Any:
    """Return a text file as a table of text; nothing is guessed, nothing skipped."""
    return connection.read_csv(
        str(file.path),
        auto_detect=False,
        header=True,
        delim=file.sep,
        quote='"',
        escape='"',
        columns=dict.fromkeys(file.columns, "VARCHAR"),
    )
