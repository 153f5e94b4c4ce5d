"""What a model needs of data: complete cases out of a frame, or moments in their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, did_you_mean
from loyaltysem.core.types import Array, Indices, Mask

#: Columns up to which one after the other takes less time than all in one piece.
FEW = 16


@dataclass(frozen=True, slots=True)
class GroupedData:
    """Complete cases of the model's variables, group by group.

    Attributes
    ----------
    names : tuple of str
        Columns, in the order of the model.
    values : tuple of Array, each (N_g, p)
    labels : tuple of str
        Group labels in order of first appearance; ``("",)`` without groups.
    rows : tuple of Indices
        Positions of the kept cases in the original frame.
    n_total : int
        Cases before deletion.
    """

    names: tuple[str, ...]
    values: tuple[Array, ...]
    labels: tuple[str, ...]
    rows: tuple[Indices, ...]
    n_total: int

    @property
    def n_used(self) -> int:
        """Cases that are analysed."""
        return sum(len(v) for v in self.values)


@dataclass(frozen=True, slots=True)
class GroupedMoments:
    """Means and covariances where the cases themselves are not at hand, group by group.

    Attributes
    ----------
    names : tuple of str
        Variables (p); perhaps more than a model uses.
    cov : tuple of Array, each (p, p)
        Divided by N − 1, as programs print them.
    mean : tuple of Array, each (p,), or None
        None where the means are not known.
    n_obs : tuple of int
        Cases behind the moments.
    labels : tuple of str
        Group labels; ``("",)`` without groups.
    n_total : int
        Cases before deletion.
    """

    names: tuple[str, ...]
    cov: tuple[Array, ...]
    mean: tuple[Array, ...] | None
    n_obs: tuple[int, ...]
    labels: tuple[str, ...]
    n_total: int

    def take(self, names: Sequence[str]) -> GroupedMoments:
        """Return the moments of some of the variables, in the order asked for."""
        place = [self.names.index(n) for n in names]
        mean = None if self.mean is None else tuple(m[place] for m in self.mean)
        cov = tuple(s[np.ix_(place, place)] for s in self.cov)
        return replace(self, names=tuple(names), cov=cov, mean=mean)


def select(
    frame: pd.DataFrame,
    names: Sequence[str],
    group: str | None = None,
    complete: Sequence[str] | None = None,
) -> GroupedData:
    """Take `names` out of `frame` as numbers, keeping complete cases.

    Parameters
    ----------
    frame : DataFrame
    names : sequence of str
        Variables of the model.
    group : str, optional
        Column whose values tell the groups apart, in order of first appearance.
    complete : sequence of str, optional
        Only these must be complete, and one value of all; by default all must be.

    Returns
    -------
    GroupedData

    Raises
    ------
    DataError
        Naming every column that is absent, repeated or not numeric, or when no complete case is
        left.

    Examples
    --------
    >>> data = select(pd.DataFrame({"x": [1, 2, None], "y": [3, 5, 6]}), ["y", "x"])
    >>> data.n_used, data.n_total
    (2, 3)
    """
    if not len(frame):
        raise DataError(
            "The data hold no rows.",
            code="data.empty",
            hint="Check that the right file or sheet was read.",
        )
    check_columns(frame.columns, names if group is None else [*names, group])
    values = _values(frame, names)
    kept = _kept(values, names, complete)
    if not kept.any():
        raise DataError(
            f"None of the {len(frame)} rows has an answer for every variable of the model.",
            code="data.no_complete_case",
            hint=_emptiest(values, names),
        )
    labels, member = _membership(frame, group)
    rows = [np.flatnonzero(kept & (member == g)) for g in range(len(labels))]
    check_groups(labels, [len(r) for r in rows])
    return GroupedData(
        tuple(names), tuple(values[r] for r in rows), labels, tuple(rows), len(frame)
    )


def _kept(values: Array, names: Sequence[str], complete: Sequence[str] | None) -> Mask:
    seen = np.isfinite(values)
    if complete is None:
        return np.asarray(seen.all(axis=1))
    needed = [i for i, n in enumerate(names) if n in complete]
    return np.asarray(seen[:, needed].all(axis=1) & seen.any(axis=1))


def _membership(frame: pd.DataFrame, group: str | None) -> tuple[tuple[str, ...], Indices]:
    """Return group labels and each row's group, -1 where the group is not known."""
    if group is None:
        return ("",), np.zeros(len(frame), dtype=np.intp)
    codes, values = pd.factorize(frame[group])
    return tuple(str(v) for v in values), np.asarray(codes, dtype=np.intp)


def check_groups(labels: Sequence[str], cases: Sequence[int]) -> None:
    """Raise a `DataError` when there are no groups, or one has no complete case."""
    empty = [label for label, n in zip(labels, cases, strict=True) if not n]
    if empty or not labels:
        raise DataError(
            f"The group(s) {', '.join(map(repr, empty))} have no complete case."
            if labels
            else "The group column holds no value.",
            code="data.empty_group",
            hint="Leave the group out, or look at what is missing in it.",
        )


def check_columns(existing: Iterable[object], names: Sequence[str]) -> None:
    """Raise a `DataError` naming each of `names` that is not there, or there more than once."""
    columns = [str(c) for c in existing]
    found = Counter(columns)
    absent = [n for n in names if n not in found]
    if absent:
        suggestions = [
            f"{n}: {did_you_mean(n, columns)}" for n in absent if did_you_mean(n, columns)
        ]
        raise DataError(
            f"The data have no column {', '.join(repr(n) for n in absent)}.",
            code="data.missing_column",
            hint=" ".join(suggestions) or f"Columns found: {', '.join(columns[:20])}.",
        )
    repeated = sorted({n for n in names if found[n] > 1})
    if repeated:
        raise DataError(
            f"The data have more than one column {', '.join(map(repr, repeated))}.",
            code="data.repeated_column",
            hint="Rename or drop the copies.",
        )


def _values(frame: pd.DataFrame, names: Sequence[str]) -> Array:
    """Return columns as numbers, shape (N, p), NaN where missing."""
    labels = frame.columns.tolist()
    values = (_one_by_one if len(names) <= FEW else _in_one_piece)(frame, labels, names)
    infinite = np.isinf(values)
    if infinite.any():
        row, column = (int(i[0]) for i in np.nonzero(infinite))
        raise DataError(
            f"Column '{names[column]}' holds an infinite value in row {row + 1}.",
            code="data.infinite",
            hint="Replace it by a number or leave the cell empty.",
        )
    return values


def _one_by_one(frame: pd.DataFrame, labels: Sequence[Any], names: Sequence[str]) -> Array:
    label = {str(c): c for c in labels}
    values = np.empty((len(names), len(frame)))
    for row, name in zip(values, names, strict=True):
        row[:] = _numbers(frame[label[name]], name)
    return values.T


def _in_one_piece(frame: pd.DataFrame, labels: Sequence[Any], names: Sequence[str]) -> Array:
    place = {str(c): i for i, c in enumerate(labels)}
    part = frame.take([place[n] for n in names], axis=1)  # a third of the time of frame[names]
    found = part.to_numpy()
    if found.dtype.kind in "biuf":  # a twentieth of the time at 300 columns
        return np.asarray(found, dtype=np.float64)
    columns = (part.iloc[:, i] for i in range(len(names)))
    return np.column_stack([_numbers(c, n) for c, n in zip(columns, names, strict=True)])


def _numbers(column: pd.Series, name: str) -> Array:
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return column.to_numpy()
    numeric = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    unreadable = np.isnan(numeric) & column.notna().to_numpy()
    if unreadable.any():
        first = int(np.flatnonzero(unreadable)[0])
        raise DataError(
            f"Column '{name}' holds {int(unreadable.sum())} value(s) that are not numbers, "
            f"the first in row {first + 1}: {column.iloc[first]!r}.",
            code="data.not_numeric",
            hint="Code the answers as numbers, or read the file with its questionnaire.",
        )
    return numeric


def _emptiest(values: Array, names: Sequence[str]) -> str:
    missing = np.isnan(values).mean(axis=0)
    worst = int(np.argmax(missing))
    return f"'{names[worst]}' is missing in {missing[worst]:.0%} of the rows."
