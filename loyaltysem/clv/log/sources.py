"""Every kind of source as one Ibis table: frames, files, folders, relations, databases."""

from __future__ import annotations

import os
import sys
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from loyaltysem.clv.log.engine import EngineOptions, connect, fresh_name, load_ibis
from loyaltysem.clv.log.files import read_text, text_file
from loyaltysem.core.errors import DataError, IncompatibleRequestError, did_you_mean

TEXT = (".csv", ".tsv", ".txt", ".tab")
PARQUET = (".parquet", ".pq", ".parq")
DATABASES = (".duckdb", ".ddb", ".db")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read: encoding and separator of text, the table of a database."""

    encoding: str | None = None
    sep: str | None = None
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A source as it was opened.

    Parameters
    ----------
    rows : ibis.Table
    name : str
        For messages.
    zones : mapping of str to str
        Zones that columns of timestamps had before the engine brought them to UTC.
    read_again : bool
        Whether every query would read the whole source anew, as text.
    """

    rows: Any
    name: str
    zones: dict[str, str]
    read_again: bool = False


def open_source(source: object, reading: Reading, options: EngineOptions) -> Source:
    """Open a source of orders without reading its rows into memory.

    Parameters
    ----------
    source
        Data frame, Arrow table, path of a text file, of Parquet (a file, a folder of them) or of a
        DuckDB database, DuckDB relation, or Ibis table of any backend.
    reading : Reading
    options : EngineOptions

    Raises
    ------
    DataError
        A path leads nowhere, or a source is of no known kind, has no columns or two of one name.
    IncompatibleRequestError
        Options of the embedded engine for a table that lies in another.
    MissingExtraError
        Ibis or DuckDB is not installed.
    """
    ibis = load_ibis()
    if isinstance(source, ibis.Table):
        return _ibis_table(source, options)
    connection = connect(options)
    if isinstance(source, str | os.PathLike):
        return _path(connection, Path(source), reading)
    if isinstance(source, pd.DataFrame):
        return _frame(connection, source)
    if _comes_from(source, "pyarrow", "Table"):
        return _arrow(connection, source)
    if _comes_from(source, "duckdb", "DuckDBPyRelation"):
        return _relation(connection, source)
    raise DataError(
        f"A log cannot be read from {type(source).__name__}.",
        code="log.source",
        hint="Pass a data frame, the path of a CSV or Parquet file, or an Ibis table.",
    )


def _comes_from(data: object, package: str, kind: str) -> bool:
    """Whether data are of a class of a package, which they have loaded themselves if they are."""
    known = getattr(sys.modules.get(package), kind, None)
    return known is not None and isinstance(data, known)


def _ibis_table(table: Any, options: EngineOptions) -> Source:
    import ibis

    if options.asked:
        raise IncompatibleRequestError(
            "memory, threads and temp_folder are for the embedded DuckDB, but the table lies in an "
            "engine of its own.",
            code="log.engine",
            hint="Set them where that engine was started.",
        )
    try:
        table.get_backend()
    except ibis.common.exceptions.IbisError as error:
        raise DataError(
            f"The Ibis table belongs to no database: {str(error).splitlines()[0]}",
            code="log.source",
            hint="Take it from a connection, as in ibis.duckdb.connect(…).table(…).",
        ) from None
    return Source(table, "the table", {})


def _path(connection: Any, path: Path, reading: Reading) -> Source:
    if not path.exists():
        raise DataError(
            f"There is no file '{path}'.",
            code="data.no_file",
            hint=did_you_mean(path.name, _beside(path)) or "Look for a slip in its name.",
        )
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in PARQUET:
        return _parquet(connection, path)
    if suffix in DATABASES:
        return _database(connection, path, reading)
    if suffix in TEXT:
        folder = tempfile.TemporaryDirectory(prefix="loyaltysem-", ignore_cleanup_errors=True)
        weakref.finalize(connection, folder.cleanup)
        file = text_file(path, Path(folder.name), encoding=reading.encoding, sep=reading.sep)
        return Source(read_text(connection, file), path.name, {}, read_again=True)
    raise DataError(
        f"{path.name}: files of this kind ('{suffix}') are not read.",
        code="log.source",
        hint="Save it as CSV or Parquet, or pass pandas.read_excel(path).",
    )


def _beside(path: Path) -> list[str]:
    return [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []


def _parquet(connection: Any, path: Path) -> Source:
    import duckdb

    files = sorted(p for s in PARQUET for p in path.rglob(f"*{s}")) if path.is_dir() else [path]
    if not files:
        raise DataError(
            f"The folder '{path}' holds no Parquet file.",
            code="data.no_file",
            hint="Its files must end in .parquet.",
        )
    try:
        rows = connection.read_parquet([str(p) for p in files], union_by_name=True)
    except duckdb.Error as error:
        raise unreadable(path.name, error) from None
    return Source(rows, path.name, {})


def _database(connection: Any, path: Path, reading: Reading) -> Source:
    import duckdb

    try:
        connection.attach(path, name="orders", read_only=True)
    except duckdb.Error as error:
        raise unreadable(path.name, error) from None
    listed = connection.raw_sql(  # what Ibis 12 lists tables by has gone from DuckDB 2
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_catalog = 'orders' AND table_schema = 'main'"
    )
    tables = [str(name) for (name,) in listed.fetchall()]
    name = reading.table or (tables[0] if len(tables) == 1 else None)
    if name not in tables:
        raise DataError(
            f"{path.name} holds {len(tables)} tables: {', '.join(sorted(tables)) or 'none'}.",
            code="log.table",
            hint="Say which one holds the orders: table=….",
        )
    return Source(connection.table(name, database=("orders", "main")), f"{path.name}: {name}", {})


def _frame(connection: Any, frame: pd.DataFrame) -> Source:
    names = [str(name) for name in frame.columns]
    if isinstance(frame.columns, pd.MultiIndex):
        raise DataError(
            "The data frame has columns of several levels.",
            code="data.columns",
            hint="Give each column one name.",
        )
    _check_names(names)
    zones = {
        str(name): str(kind.tz)
        for name, kind in frame.dtypes.items()
        if isinstance(kind, pd.DatetimeTZDtype)
    }
    plain = pd.DataFrame({str(n): _plain(c) for n, c in frame.items()}, index=frame.index)
    return Source(_taken_in(connection, plain), "the data frame", zones)


def _check_names(names: list[str]) -> None:
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if twice or not names:
        what = f"columns called alike: {', '.join(twice)}" if twice else "no columns"
        raise DataError(
            f"The data frame has {what}.",
            code="data.columns",
            hint="Give each column a name of its own; case does not tell names apart.",
        )


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column as a type that databases know: cells of mixed types become text."""
    kind = column.dtype
    numbers = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    if numbers or isinstance(kind, pd.StringDtype) or pd.api.types.is_datetime64_any_dtype(kind):
        return column
    cells = [None if _is_missing(cell) else _text(cell) for cell in column]
    return pd.Series(cells, index=column.index, dtype="str")


def _is_missing(cell: Any) -> bool:
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


def _text(cell: object) -> str:
    """Return what a cell says; 17.0 among texts is a 17 that met a gap."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return str(cell).encode("utf-8", "replace").decode()  # half a character is none


def _arrow(connection: Any, table: Any) -> Source:
    _check_names(list(table.column_names))
    zones = {field.name: field.type.tz for field in table.schema if getattr(field.type, "tz", None)}
    return Source(_taken_in(connection, table), "the Arrow table", zones)


def _taken_in(connection: Any, data: Any) -> Any:
    """Copy data into the engine, so that what becomes of them later changes no result."""
    import duckdb

    handed, name = fresh_name(), fresh_name()
    connection.con.register(handed, data)
    try:
        connection.raw_sql(f'CREATE TEMP TABLE "{name}" AS SELECT * FROM "{handed}"')
    except duckdb.Error as error:
        raise unreadable("the data frame", error) from None
    finally:
        connection.con.unregister(handed)
    return connection.table(name, database="temp.main")


def _relation(connection: Any, relation: Any) -> Source:
    """Copy a relation to a file: it belongs to a connection that cannot be asked for."""
    import duckdb

    folder = tempfile.TemporaryDirectory(prefix="loyaltysem-", ignore_cleanup_errors=True)
    weakref.finalize(connection, folder.cleanup)
    path = Path(folder.name) / "relation.parquet"
    try:
        relation.write_parquet(str(path))
    except duckdb.Error as error:
        raise unreadable("the DuckDB relation", error) from None
    return Source(connection.read_parquet(str(path)), "the DuckDB relation", {})


def unreadable(name: str, error: Exception) -> DataError:
    """Return the error about a source that its engine cannot read to the end."""
    said = " ".join(str(error).split())
    return DataError(
        f"{name} cannot be read: {said[:400]}",
        code="log.unreadable",
        hint="Look at the place named; a text file needs quotation marks around separators.",
    )
