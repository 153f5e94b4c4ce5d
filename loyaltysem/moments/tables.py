"""Moments of cases that stay where they are: Parquet files, Ibis tables, DuckDB relations."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np

from loyaltysem.core.errors import DataError, MissingExtraError
from loyaltysem.core.types import Indices, Mask
from loyaltysem.moments.chunked import RunningMoments, Tally, grouped_moments, no_cases
from loyaltysem.moments.data import GroupedMoments, check_columns
from loyaltysem.moments.parquet import open_parquet

#: Sums that are asked for in one query; a few dozen variables need no second one.
SUMS = 1000
#: What a relation is called inside its own query.
RELATION = "loyaltysem_cases"
#: A standard deviation below this part of the mean is looked at twice.
ROUNDING = 1e-9
Row: TypeAlias = Mapping[str, Any]


class MomentTable(Protocol):
    """A table that can be asked for moments but not for cases."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns."""
        ...

    def moments(self, names: Sequence[str], group: str | None) -> GroupedMoments:
        """Return the moments of the complete cases, group by group."""
        ...


def open_table(data: object) -> MomentTable | None:
    """Return what answers for a path, an Ibis table or a DuckDB relation; None for anything else.

    Raises
    ------
    MissingExtraError
        When the package that reads it is not installed.
    DataError
        When a path leads nowhere, or to a file of another format.
    """
    if isinstance(data, str | os.PathLike):
        return _open_path(Path(data))
    if _comes_from(data, "ibis", "Table"):
        return _ibis_table(data)
    if _comes_from(data, "duckdb", "DuckDBPyRelation"):
        return _duckdb_relation(data)
    return None


def _comes_from(data: object, package: str, kind: str) -> bool:
    """Whether data are of a class of a package, which they have loaded themselves if they are."""
    known = getattr(sys.modules.get(package), kind, None)
    return known is not None and isinstance(data, known)


def _open_path(path: Path) -> MomentTable:
    if path.is_file() and path.suffix.lower() not in (".parquet", ".pq"):
        with path.open("rb") as stream:
            if stream.read(4) != b"PAR1":
                raise DataError(
                    f"'{path.name}' is not a Parquet file, the only kind read by its path.",
                    code="data.type",
                    hint="Pass a data frame, for example pandas.read_csv(path), or responses "
                    "read with read_responses(path, questionnaire).",
                )
    return open_parquet(path)


# Ibis


@dataclass(frozen=True, slots=True)
class IbisTable:
    """A table in a database.

    Attributes
    ----------
    table : ibis.Table
    run : callable
        Carries out an Ibis expression and returns its rows.
    knows_nan : bool
        Whether the database tells NaN from other numbers; where not, it holds none.
    """

    table: Any
    run: Callable[[Any], list[Row]]
    knows_nan: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns."""
        return tuple(self.table.columns)

    def moments(self, names: Sequence[str], group: str | None) -> GroupedMoments:
        """Return the moments of the complete cases; groups in order of their labels.

        Raises
        ------
        DataError
            When columns are absent, not numeric or constant, or there are too few complete cases.

        Notes
        -----
        Two passes: means, then sums of centred cross-products ``Σ(xᵢ − aᵢ)(xⱼ − aⱼ)`` about what
        the first found, with the correction ``− Σ(xᵢ − aᵢ) Σ(xⱼ − aⱼ) / n`` for its rounding
        [chan_golub_leveque_1983]_. More than some 40 variables take several second passes.
        """
        check_columns(self.columns, names if group is None else [*names, group])
        _check_types(self.table.schema(), names)
        cases = _cases(self.table, names, group, self.knows_nan)
        p = len(names)
        rows = {row["g"]: int(row["rows"]) for row in self.run(_counts(cases))}
        means = {row["g"]: row for row in self.run(_means(cases, p)) if row["g"] is not None}
        infinite = _infinite(means.values(), p)
        labels = sorted(g for g in rows if g is not None)
        groups = {str(g) if group else "": no_cases(p) for g in labels}
        if means and not infinite.any():
            found = self._groups(cases, means, p)
            groups |= {str(g) if group else "": found[g] for g in labels if g in means}
        missing = np.zeros(p, dtype=np.intp) if means else self._missing(cases, p)
        return grouped_moments(Tally(groups, sum(rows.values()), missing, infinite), names)

    def _groups(self, cases: Any, means: Mapping[Any, Row], p: int) -> dict[Any, RunningMoments]:
        sums: dict[Any, dict[str, Any]] = {g: dict(row) for g, row in means.items()}
        for query in _products(cases, list(means.values()), p):
            for row in self.run(query):
                sums[row["g"]].update(row)
        found = {g: _group(row, p) for g, row in sums.items()}
        doubtful = sorted({i for x in found.values() for i in _nearly_constant(x)})
        if doubtful:  # rounding of the mean may have left a trace of variance
            for row in self.run(_ranges(cases, doubtful)):
                constant = [i for i in doubtful if row[f"low{i}"] == row[f"high{i}"]]
                cross = found[row["g"]].cross
                cross[constant] = cross[:, constant] = 0.0
        return found

    def _missing(self, cases: Any, p: int) -> Indices:
        """Return how many values of each variable are missing."""
        absent = {f"x{i}": cases[f"x{i}"].isnull().sum() for i in range(p)}
        (row,) = self.run(cases.aggregate(**absent))
        return np.array([int(row[x] or 0) for x in absent], dtype=np.intp)


def _ibis_table(table: Any) -> IbisTable:
    from ibis.expr import operations as ops

    nan = table.get_backend().has_operation(ops.IsNan)
    return IbisTable(table, lambda expression: _rows(expression.to_pyarrow()), nan)


def _rows(found: Any) -> list[Row]:
    rows: list[Row] = found.to_pylist()
    return rows


def _duckdb_relation(relation: Any) -> IbisTable:
    """Ask a relation through its own connection; Ibis only writes the query."""
    try:
        import ibis
    except ImportError:
        raise MissingExtraError("ibis-framework", "clv", "Reading a DuckDB relation") from None
    schema = ibis.Schema.from_pyarrow(relation.limit(0).to_arrow_table().schema)

    def run(expression: Any) -> list[Row]:
        query = str(ibis.to_sql(expression, dialect="duckdb"))
        return _rows(relation.query(RELATION, query).to_arrow_table())

    return IbisTable(ibis.table(schema, name=RELATION), run, knows_nan=True)


def _check_types(schema: Mapping[str, Any], names: Sequence[str]) -> None:
    types = {n: schema[n] for n in names}
    text = [f"'{n}' ({t})" for n, t in types.items() if not _is_number(t)]
    if text:
        raise DataError(
            f"Columns that do not hold numbers: {', '.join(text)}.",
            code="data.not_numeric",
            hint="Cast them, for example table.mutate(q1=table.q1.cast('float64')).",
        )


def _is_number(kind: Any) -> bool:
    return bool(kind.is_numeric() or kind.is_boolean() or kind.is_null())


def _cases(table: Any, names: Sequence[str], group: str | None, knows_nan: bool) -> Any:
    """Return the variables as ``x0`` …, the group as ``g``, and which cases are complete."""
    import ibis

    columns = {f"x{i}": _number(table[n], knows_nan) for i, n in enumerate(names)}
    key = ibis.literal(0) if group is None else _without_nan(table[group], knows_nan)
    cases = table.select(**columns, g=key)
    return cases.mutate(complete=ibis.and_(*(cases[x].notnull() for x in columns)))


def _number(column: Any, knows_nan: bool) -> Any:
    if column.type().is_boolean():  # not every database casts these to floats at once
        column = column.cast("int8")
    return _without_nan(column, knows_nan).cast("float64")


def _without_nan(column: Any, knows_nan: bool) -> Any:
    import ibis

    if not (knows_nan and column.type().is_floating()):
        return column
    return ibis.ifelse(column.isnan(), ibis.null(column.type()), column)


def _counts(cases: Any) -> Any:
    return cases.group_by("g").aggregate(rows=cases.count())


def _complete(cases: Any) -> Any:
    """Return the complete cases of known groups; a filter is much cheaper than filtered sums."""
    return cases.filter(cases.complete & cases.g.notnull())


def _means(cases: Any, p: int) -> Any:
    complete = _complete(cases)
    means = {f"mean{i}": complete[f"x{i}"].mean() for i in range(p)}
    return complete.group_by("g").aggregate(n=complete.count(), **means)


def _ranges(cases: Any, variables: Sequence[int]) -> Any:
    complete = _complete(cases)
    low = {f"low{i}": complete[f"x{i}"].min() for i in variables}
    high = {f"high{i}": complete[f"x{i}"].max() for i in variables}
    return complete.group_by("g").aggregate(**low, **high)


def _products(cases: Any, means: Sequence[Row], p: int) -> Iterator[Any]:
    """Yield queries for sums of deviations and of their products, no more than `SUMS` in each."""
    complete = _complete(cases)
    centred = complete.select(
        "g", **{f"d{i}": complete[f"x{i}"] - _centre(complete.g, means, i) for i in range(p)}
    )
    sums: dict[str, tuple[int, ...]] = {f"s{i}": (i,) for i in range(p)}
    sums |= {f"c{i}_{j}": (i, j) for i in range(p) for j in range(i + 1)}
    names = list(sums)
    for start in range(0, len(names), SUMS):
        asked = {n: _sum(centred, sums[n]) for n in names[start : start + SUMS]}
        yield centred.group_by("g").aggregate(**asked)


def _centre(g: Any, means: Sequence[Row], i: int) -> Any:
    """Return the mean of a variable in the group of each case."""
    import ibis

    pairs = [(row["g"], ibis.literal(float(row[f"mean{i}"]), "float64")) for row in means]
    return pairs[0][1] if len(pairs) == 1 else g.cases(*pairs, else_=pairs[0][1])


def _sum(centred: Any, factors: tuple[int, ...]) -> Any:
    columns = [centred[f"d{i}"] for i in factors]
    return prod(columns[1:], start=columns[0]).sum()


def _infinite(means: Iterable[Row], p: int) -> Mask:
    """Return which variables have a mean that is no number, as an infinite value makes it."""
    known = [[isfinite(float(row[f"mean{i}"])) for i in range(p)] for row in means]
    return np.asarray(~np.array(known, dtype=bool).reshape(-1, p).all(axis=0))


def _group(row: Row, p: int) -> RunningMoments:
    """Return the moments of one group, corrected for the rounding of its first mean."""
    n = int(row["n"])
    mean, shift = (np.array([float(row[f"{x}{i}"]) for i in range(p)]) for x in ("mean", "s"))
    cross = np.zeros((p, p))
    for i in range(p):
        for j in range(i + 1):
            cross[i, j] = cross[j, i] = float(row[f"c{i}_{j}"])
    return RunningMoments(n, mean, shift / n, cross - np.outer(shift, shift) / n)


def _nearly_constant(found: RunningMoments) -> list[int]:
    """Return the variables whose variance could be rounding error alone."""
    sd = np.sqrt(np.maximum(np.diagonal(found.cross), 0.0) / found.n)
    return [int(i) for i in np.flatnonzero(sd <= ROUNDING * np.abs(found.mean))]
