"""The engine a log runs in: an embedded DuckDB unless the rows already lie in a database."""

from __future__ import annotations

import importlib
import os
import tempfile
import uuid
import weakref
from dataclasses import dataclass
from typing import Any

from loyaltysem.core.errors import IncompatibleRequestError, MissingExtraError

DUCKDB = "duckdb"


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How much of the machine an embedded DuckDB may take.

    Parameters
    ----------
    memory : str, optional
        Most memory, such as ``"1GB"``; what does not fit is put into files meanwhile.
    threads : int, optional
        Processor cores; all unless given.
    temp_folder : str, optional
        Where those files go; the system's temporary folder unless given.
    """

    memory: str | None = None
    threads: int | None = None
    temp_folder: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        if self.threads is not None and (isinstance(self.threads, bool) or self.threads < 1):
            raise IncompatibleRequestError(
                f"threads={self.threads!r} is no number of threads.",
                code="log.engine",
                hint="Use 1 or more, or leave it out to use all cores.",
            )

    @property
    def asked(self) -> bool:
        """Whether anything but the default was asked for."""
        return any(x is not None for x in (self.memory, self.threads, self.temp_folder))


def load_ibis() -> Any:
    """Return the package ibis with its DuckDB engine.

    Raises
    ------
    MissingExtraError
        One of them is not installed.
    """
    try:
        importlib.import_module(DUCKDB)  # ibis itself loads it only when it is first used
        import ibis
    except ImportError as error:
        missing = "duckdb" if error.name == DUCKDB else "ibis-framework"
        raise MissingExtraError(missing, "clv", "Reading a log of orders") from None
    return ibis


def connect(options: EngineOptions) -> Any:
    """Return a DuckDB of its own, in memory, whose spill folder goes when it goes.

    Raises
    ------
    IncompatibleRequestError
        DuckDB does not take the options.
    """
    ibis = load_ibis()
    import duckdb

    folder = tempfile.TemporaryDirectory(
        prefix="loyaltysem-", dir=options.temp_folder, ignore_cleanup_errors=True
    )
    settings: dict[str, Any] = {"temp_directory": folder.name}
    if options.memory is not None:
        settings["memory_limit"] = options.memory
    if options.threads is not None:
        settings["threads"] = options.threads
    try:
        connection = ibis.duckdb.connect(**settings)
    except duckdb.Error as error:
        raise IncompatibleRequestError(
            f"DuckDB does not take memory={options.memory!r}, threads={options.threads!r}: "
            f"{str(error).splitlines()[0]}",
            code="log.engine",
            hint='Write memory as "1GB" or "800MB".',
        ) from None
    # Order of rows is part of no result; keeping it would cost memory.
    connection.raw_sql("SET preserve_insertion_order = false")
    connection.raw_sql("SET TimeZone = 'UTC'")
    weakref.finalize(connection, folder.cleanup)
    return connection


def dialect(table: Any) -> str:
    """Return the name of the engine a table lies in, such as ``"duckdb"`` or ``"pyspark"``."""
    return str(table.get_backend().name)


def fresh_name() -> str:
    """Return a name no table has."""
    return f"loyaltysem_{uuid.uuid4().hex}"


def keep(expression: Any) -> Any:
    """Carry out an Ibis expression and return its rows as a table that stays in the engine.

    In DuckDB a temporary table, which goes when nobody refers to it any more; elsewhere what Ibis
    does to cache.
    """
    connection = expression.get_backend()
    if connection.name != DUCKDB:
        return expression.cache()
    name = fresh_name()
    # Not by cache(): Ibis 12 drops a cached table by an empty name under sqlglot 30. Not by
    # CREATE TABLE AS: sums of whole numbers would be of 128 bits, which arrive as decimals.
    table = connection.create_table(name, expression, temp=True)
    weakref.finalize(table.op(), _drop, weakref.ref(connection), name)
    return table


def _drop(reference: Any, name: str) -> None:
    """Drop a temporary table, unless its database has gone before it."""
    import duckdb

    connection = reference()
    if connection is not None:
        try:
            connection.raw_sql(f'DROP TABLE IF EXISTS temp."{name}"')
        except duckdb.ConnectionException:
            return  # closed by its owner: the table has gone with it
