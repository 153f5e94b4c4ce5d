"""Write a set of files all at once, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path


def write_together(files: Mapping[Path, str | bytes]) -> None:
    """Write `files`; when one cannot be written, none appears and no folder is left behind.

    Parameters
    ----------
    files : mapping of Path to str or bytes
        Text is written as UTF-8 with unchanged line ends.

    Raises
    ------
    OSError
        A folder cannot be made or a file cannot be written.

    Notes
    -----
    Everything is first written to temporary files beside the targets, then moved into place; a
    move within one folder cannot leave half a file.
    """
    with _new_folders({path.parent for path in files}), _temporary(files) as staged:
        for path in files:
            if path.is_dir():
                raise IsADirectoryError(21, "is a folder, not a file", str(path))
        for path, temporary in staged.items():
            temporary.replace(path)


@contextlib.contextmanager
def _new_folders(folders: set[Path]) -> Iterator[None]:
    """Make the folders that do not exist; remove those made, deepest first, on failure."""
    wanted = {parent for folder in folders for parent in (folder, *folder.parents)}
    with contextlib.ExitStack() as undo:
        for folder in sorted((f for f in wanted if not f.exists()), key=_depth):
            folder.mkdir()
            undo.callback(_remove_if_empty, folder)
        yield
        undo.pop_all()  # all went well: the folders stay


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # someone else has put something there
        folder.rmdir()


def _depth(folder: Path) -> tuple[int, str]:
    return len(folder.parts), str(folder)


@contextlib.contextmanager
def _temporary(files: Mapping[Path, str | bytes]) -> Iterator[dict[Path, Path]]:
    """Write each content to a temporary file beside its target; clean up what is not moved."""
    staged: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
            staged[path] = Path(name)
            with os.fdopen(handle, "wb") as stream:
                stream.write(content.encode("utf-8") if isinstance(content, str) else content)
            staged[path].chmod(_permissions())
        yield staged
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)


def _permissions() -> int:
    """Return the mode a plain ``open`` would give; temporary files start out private."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
