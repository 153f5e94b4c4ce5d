"""Replicates as a table: in memory, or in a Parquet file that grows part by part.

While a run goes on its finished blocks lie in a folder beside the file, each written whole or not
at all; whoever starts the same run again finds them there. When all are done they become the file.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.types import Array

#: Rows that are looked at together.
ROWS = 4096
#: Bytes of replicates beyond which they are kept in a temporary file.
IN_MEMORY = 256 * 2**20
KEY = b"loyaltysem.replicates"


class Table(Protocol):
    """Replicates, one row each."""

    def __len__(self) -> int:
        """Return the number of draws."""
        ...

    def batches(self) -> Iterator[Array]:
        """Yield the rows a few thousand at a time, each (b, columns)."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """Replicates as one array (R, columns)."""

    values: Array

    def __len__(self) -> int:
        """Return the number of draws."""
        return len(self.values)

    def batches(self) -> Iterator[Array]:
        """Yield the rows a few thousand at a time."""
        for start in range(0, len(self.values), ROWS):
            yield self.values[start : start + ROWS]


@dataclass(frozen=True, slots=True)
class InFile:
    """Replicates in a Parquet file; `folder` is what deletes a temporary one with itself."""

    path: Path
    n: int
    folder: object = field(default=None, repr=False)

    def __len__(self) -> int:
        """Return the number of draws."""
        return self.n

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a temporary file by its content: it does not outlive its owner."""
        if self.folder is None:
            return InFile, (self.path, self.n)
        return InMemory, (np.concatenate(list(self.batches())),)

    def batches(self) -> Iterator[Array]:
        """Yield the rows a few thousand at a time."""
        left = self.n
        with _parquet().ParquetFile(self.path) as file:
            for group in range(file.num_row_groups):  # one at a time: nothing is read ahead
                batch = file.read_row_group(group)
                rows = np.stack([c.to_numpy() for c in batch.columns], axis=1)
                yield rows[:left]
                left -= len(rows)
                if left <= 0:
                    return


def _parquet() -> Any:
    """Return the module that reads and writes Parquet."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise IncompatibleRequestError(
            "Saving replicates needs the package pyarrow, which is not installed.",
            code="request.pyarrow",
            hint="pip install pyarrow, or leave save= out.",
        ) from None
    return pyarrow.parquet


@dataclass(frozen=True, slots=True)
class Parts:
    """The finished blocks of a run that is not finished.

    Attributes
    ----------
    folder : Path
    request : mapping
        What was asked; blocks of another request are refused.
    """

    folder: Path
    request: Mapping[str, object]

    def open(self) -> None:
        """Make the folder, or see that the one that is there belongs to the same request.

        Raises
        ------
        DataError
            When it belongs to another one, or nothing can be written there.
        """
        note = self.folder / "request.json"
        if note.exists():
            check_request(json.loads(note.read_text("utf-8")), self.request, self.folder)
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(note, json.dumps(self.request, ensure_ascii=False).encode())
        except OSError as error:
            raise DataError(
                f"Nothing can be written to '{self.folder.parent}': {error.strerror}.",
                code="data.folder",
                hint="Choose a place for save= where you may write.",
            ) from error

    def done(self, n: int) -> set[int]:
        """Return which of the first `n` blocks are there."""
        return {k for k in range(n) if self._place(k).exists()}

    def add(self, block: int, rows: Array) -> None:
        """Write down one block."""
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            np.save(file, rows)
        Path(file.name).replace(self._place(block))

    def read(self, block: int) -> Array:
        """Return one block."""
        found: Array = np.load(self._place(block))
        return found

    def merge(self, path: Path, columns: Sequence[str], draws: int) -> None:
        """Turn all blocks into one Parquet file, and remove them."""
        import pyarrow as pa

        schema = pa.schema([(name, pa.float64()) for name in columns])
        schema = schema.with_metadata({KEY: json.dumps(self.request, ensure_ascii=False)})
        partial = path.with_name(path.name + ".partial")
        left = draws
        with _parquet().ParquetWriter(partial, schema) as writer:
            for rows in self._joined(draws):
                kept = rows[:left]
                left -= len(kept)
                writer.write_table(pa.Table.from_arrays(list(kept.T.copy()), schema=schema))
        partial.replace(path)
        shutil.rmtree(self.folder)

    def _joined(self, draws: int) -> Iterator[Array]:
        """Yield blocks joined to a few thousand rows: row groups that can be read at once."""
        waiting: list[Array] = []
        block = seen = 0
        while seen < draws:
            waiting.append(self.read(block))
            seen += len(waiting[-1])
            block += 1
            if sum(map(len, waiting)) >= ROWS or seen >= draws:
                yield np.concatenate(waiting)
                waiting = []

    def _place(self, block: int) -> Path:
        return self.folder / f"{block:08d}.npy"


def _write(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)


def parts_beside(path: Path, request: Mapping[str, object]) -> Parts:
    """Return the folder of finished blocks that belongs to a file of replicates."""
    return Parts(path.with_name(path.name + ".parts"), request)


def stored_request(path: Path) -> tuple[dict[str, object], int]:
    """Return the request behind a finished file, and how many draws it holds.

    Raises
    ------
    DataError
        When the file was not written here.
    """
    try:
        with _parquet().ParquetFile(path) as file:
            metadata, n = file.schema_arrow.metadata or {}, file.metadata.num_rows
    except (OSError, ValueError) as error:
        raise _foreign(path) from error
    if KEY not in metadata:
        raise _foreign(path)
    found: dict[str, object] = json.loads(metadata[KEY])
    return found, int(n)


def _foreign(path: Path) -> DataError:
    return DataError(
        f"'{path.name}' is no file of replicates.",
        code="data.replicates",
        hint="Choose another name for save=, or remove the file.",
    )


def check_request(found: Mapping[str, object], asked: Mapping[str, object], path: Path) -> None:
    """Raise a `DataError` that says how a stored request differs from the one at hand."""
    different = [k for k in asked if found.get(k) != asked[k]]
    if different:
        told = "; ".join(
            f"{k} is {_brief(found.get(k))} there and {_brief(asked[k])} here" for k in different
        )
        raise DataError(
            f"'{path.name}' holds replicates of another request: {told}.",
            code="data.replicates",
            hint="Choose another name for save=, or remove it to begin anew.",
        )


def _brief(value: object, width: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= width else text[: width - 1] + "…"
