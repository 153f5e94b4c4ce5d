"""Moments of a Parquet file or folder, read a few thousand rows at a time on a few threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

import numpy as np

from loyaltysem.core.errors import DataError, MissingExtraError
from loyaltysem.core.progress import progress
from loyaltysem.core.threads import one_thread
from loyaltysem.core.types import Array, Indices
from loyaltysem.moments.chunked import Tally, grouped_moments, merge_pairwise, nothing, tally
from loyaltysem.moments.data import GroupedMoments, check_columns

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes of a chunk as float64: a few of them fit into the cache of a core.
CHUNK = 3 << 20
#: Bytes read ahead of each column; whole column chunks would take most of the memory.
BUFFER = 1 << 18
#: Rows of small row groups that are read in one piece.
PIECE = 1 << 19
#: More threads read no faster from one disk and need some 60 MB each.
THREADS = 4
#: What writers of partitioned folders call a missing value.
NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """One file: its schema, the rows of its row groups, and what its folders' names say."""

    path: Path
    schema: pa.Schema
    row_groups: tuple[int, ...]
    partition: Mapping[str, str | None]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns in the file, and those its folders stand for."""
        inside = [str(n) for n in self.schema.names]
        return (*inside, *(n for n in self.partition if n not in inside))


@dataclass(frozen=True, slots=True)
class Piece:
    """Some row groups of one file, read by one thread."""

    file: ParquetFile
    row_groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """Cases in a Parquet file, or in all Parquet files of a folder in order of their names.

    Folders named ``market=CN`` stand for a column ``market``, as Hive, Spark and pandas write them.
    """

    path: Path
    files: tuple[ParquetFile, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the first file."""
        return self.files[0].columns

    def moments(self, names: Sequence[str], group: str | None) -> GroupedMoments:
        """Return the moments of the complete cases; groups in order of first appearance.

        Raises
        ------
        DataError
            When columns are absent, not numeric or constant, a file cannot be read, or there are
            too few complete cases.
        """
        from joblib import cpu_count  # heeds limits of containers; loaded where it is used

        for file in self.files:
            _check_file(file, names, group, several=len(self.files) > 1)
        pieces = [p for file in self.files for p in parted(file, PIECE)]
        work = partial(_read, names=tuple(names), group=group, alone=len(pieces) == 1)
        with _readable(self.path), one_thread():
            found = _in_threads(work, pieces, min(cpu_count(), THREADS))
            shown = progress(found, len(pieces), f"reading {self.path.name}")
            return grouped_moments(merge_pairwise(shown, nothing(len(names))), names)


def open_parquet(path: str | os.PathLike[str]) -> ParquetTable:
    """Open a Parquet file, or a folder of them; only the schemas are read.

    Raises
    ------
    MissingExtraError
        Without pyarrow.
    DataError
        When there is no such file, or it is not Parquet.
    """
    root = Path(path)
    found = sorted(root.rglob("*.parquet")) if root.is_dir() else [root]
    visible = [p for p in found if not any(_hidden(part) for part in p.relative_to(root).parts)]
    if not visible or not root.exists():
        raise DataError(
            f"There is no file '{root}'." if not root.exists() else f"No *.parquet in '{root}'.",
            code="data.no_file",
            hint="Check the path; it is taken from the working directory.",
        )
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("pyarrow", "arrow", f"Reading '{root.name}'") from None
    with _readable(root):
        return ParquetTable(root, tuple(_open(pq, p, _partition(p, root)) for p in visible))


def _hidden(part: str) -> bool:
    """Whether a name is of those that writers keep for themselves, as in ``_temporary``."""
    return part.startswith((".", "_")) and "=" not in part


def _partition(path: Path, root: Path) -> dict[str, str | None]:
    pairs = (part.split("=", 1) for part in path.relative_to(root).parts[:-1] if "=" in part)
    return {unquote(k): None if v == NO_PARTITION else unquote(v) for k, v in pairs}


def _open(pq: Any, path: Path, partition: Mapping[str, str | None]) -> ParquetFile:
    with pq.ParquetFile(path) as file:
        groups = (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups))
        rows = tuple(g.num_rows for g in groups)
        return ParquetFile(path, file.schema_arrow, rows, partition)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say which file cannot be read; pyarrow's own errors are of these two kinds."""
    try:
        yield
    except DataError:
        raise
    except (OSError, ValueError) as error:
        raise DataError(
            f"'{path}' cannot be read as Parquet: {str(error).splitlines()[0]}",
            code="data.unreadable",
            hint="Write it again, for example with pandas: frame.to_parquet(path).",
        ) from error


# Columns


def _check_file(file: ParquetFile, names: Sequence[str], group: str | None, several: bool) -> None:
    asked = names if group is None else [*names, group]
    try:
        check_columns(file.columns, asked)
    except DataError as error:
        where = f" ({file.path})" if several else ""
        raise DataError(error.message + where, code=error.code, hint=error.hint) from None
    types = {n: file.schema.field(n).type for n in names if n in file.schema.names}
    text = [f"'{n}' ({t})" for n, t in types.items() if not _is_number(t)]
    text += [f"'{n}' (a folder's name)" for n in names if n not in types]
    if text:
        raise DataError(
            f"Columns that do not hold numbers: {', '.join(text)}.",
            code="data.not_numeric",
            hint="Code the answers as numbers before writing the file.",
        )


def _is_number(kind: pa.DataType) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_number(kind.value_type)
    checks = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return types.is_null(kind) or any(check(kind) for check in checks)


def _put_numbers(column: pa.Array, out: Array) -> None:
    """Write a column as float64 into `out` (n,), NaN where null."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    plain = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if column.null_count or not plain:
        column = column.cast(pa.float64(), safe=False)  # integers past 2**53 are rounded
    out[:] = column.to_numpy(zero_copy_only=False)


def _put_members(column: pa.Array) -> tuple[tuple[str, ...], Indices]:
    """Return the labels of a column in order of appearance, and each row's place among them."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    values = column.dictionary.to_pylist()
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    known = [i for i in dict.fromkeys(codes[codes >= 0].tolist()) if _is_label(values[i])]
    place = np.full(len(values) + 1, -1, dtype=np.intp)  # the last place serves code -1
    place[known] = np.arange(len(known))
    return tuple(str(values[i]) for i in known), place[codes]


def _is_label(value: object) -> bool:
    """Whether a value tells groups apart: NaN, which is not itself, does not."""
    return value is not None and value == value


# Reading


def parted(file: ParquetFile, size: int) -> Iterator[Piece]:
    """Part a file into pieces of whole row groups, small ones together up to `size` rows."""
    together: list[int] = []
    rows = 0
    for i, n in enumerate(file.row_groups):
        if together and rows + n > size:
            yield Piece(file, tuple(together))
            together, rows = [], 0
        together.append(i)
        rows += n
    if together:
        yield Piece(file, tuple(together))


def _in_threads(work: Callable[[T], R], items: Sequence[T], threads: int) -> Iterator[R]:
    """Yield what `work` makes of each item, in order; nothing is begun after an interruption."""
    with ThreadPoolExecutor(max_workers=max(1, min(threads, len(items)))) as pool:
        try:
            yield from pool.map(work, items)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _read(piece: Piece, names: tuple[str, ...], group: str | None, alone: bool) -> Tally:
    """Read a piece; one that is alone has its columns decoded on several threads."""
    import pyarrow.parquet as pq

    rows = max(1 << 10, CHUNK // (8 * len(names)))
    buffer = np.empty((len(names), rows))
    inside = [n for n in (*names, group) if n is not None and n in piece.file.schema.names]
    with pq.ParquetFile(piece.file.path, buffer_size=BUFFER, pre_buffer=False) as file:
        batches = file.iter_batches(
            rows, row_groups=list(piece.row_groups), columns=inside, use_threads=alone
        )
        parts = (_tally(b, names, group, piece.file.partition, buffer) for b in batches)
        return merge_pairwise(parts, nothing(len(names)))


def _tally(
    batch: pa.RecordBatch,
    names: tuple[str, ...],
    group: str | None,
    partition: Mapping[str, str | None],
    buffer: Array,
) -> Tally:
    values = buffer[:, : batch.num_rows]
    for out, name in zip(values, names, strict=True):
        _put_numbers(batch.column(name), out)
    if group is None:
        return tally(values)
    if group in batch.schema.names:
        labels, member = _put_members(batch.column(group))
    else:
        label = partition[group]
        labels = () if label is None else (label,)
        member = np.full(batch.num_rows, len(labels) - 1, dtype=np.intp)
    return tally(values, labels, member)
