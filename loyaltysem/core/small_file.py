"""Reading a file that fits in memory, and saying in the same words what is wrong with one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loyaltysem.core.errors import LoyaltySemError, did_you_mean

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file should be, as messages call it.

    Attributes
    ----------
    noun : str
        Such as ``questionnaire``.
    prefix : str
        Of the codes of errors.
    error : type
        Class of the errors.
    pattern : str
        Of the names of such files, to suggest one that is there.
    most : int
        Bytes such a file has at most.
    if_larger : str
        What to do with a larger one.
    """

    noun: str
    prefix: str
    error: type[LoyaltySemError]
    pattern: str
    most: int
    if_larger: str

    def refuse_large(self, size: int, name: str) -> None:
        """Refuse a file of more bytes than such a file has.

        Raises
        ------
        LoyaltySemError
        """
        if size > self.most:
            raise self.error(
                f"{name} has {_size(size)}; a {self.noun} has at most {_size(self.most)}.",
                code=f"{self.prefix}.too_large",
                hint=self.if_larger,
            )


def read_bytes(path: Path, kind: FileKind) -> bytes:
    """Return the bytes of a file; say plainly why not when it cannot be read.

    Raises
    ------
    LoyaltySemError
        Of the kind's class: a folder, no such file, not readable, or larger than the limit.

    Examples
    --------
    >>> from loyaltysem.core.errors import DataError
    >>> read_bytes(Path("no.csv"), FileKind("data file", "data", DataError, "*.csv", 9, "Split."))
    Traceback (most recent call last):
        ...
    loyaltysem.core.errors.DataError: [data.file_missing]
    There is no data file 'no.csv'.
    Check the path.
    """
    try:
        if path.is_dir():
            raise kind.error(
                f"'{path}' is a folder, not a {kind.noun}.",
                code=f"{kind.prefix}.is_directory",
                hint=f"Name the {kind.noun} inside it.",
            )
        kind.refuse_large(path.stat().st_size, path.name)
        return path.read_bytes()
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.glob(kind.pattern)] if path.parent.is_dir() else []
        raise kind.error(
            f"There is no {kind.noun} '{path}'.",
            code=f"{kind.prefix}.file_missing",
            hint=did_you_mean(path.name, siblings) or "Check the path.",
        ) from None
    except OSError as error:
        raise kind.error(
            f"'{path}' cannot be read: {error.strerror}.",
            code=f"{kind.prefix}.unreadable",
            hint="Check that it is a file and that you may read it.",
        ) from error


def decoded(content: bytes, name: str, kind: FileKind) -> str:
    """Return the text of a UTF-8 file, without a byte order mark.

    Raises
    ------
    LoyaltySemError
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise kind.error(
            f"{name} is not UTF-8: byte {error.start} cannot be read.",
            code=f"{kind.prefix}.encoding",
            hint=f"Save the {kind.noun} as UTF-8.",
        ) from error


def _size(count: int) -> str:
    return f"{round(count / MEGABYTE, 1):,g} MB" if count >= MEGABYTE else f"{count:,} bytes"
