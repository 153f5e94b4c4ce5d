"""Moments of more cases than fit into memory: chunk by chunk, then merged.

Every chunk is centred on its own mean before its products are summed, and chunks are merged two by
two, so that the result is as exact as two passes over data in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from loyaltysem.core.display import percent
from loyaltysem.core.errors import DataError
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.moments.complete import check_enough, check_varied
from loyaltysem.moments.data import GroupedMoments, check_groups


@dataclass(frozen=True, slots=True)
class RunningMoments:
    """Moments of the cases seen so far.

    Attributes
    ----------
    n : int
        Complete cases.
    origin, shift : Array, shape (p,)
        Their sum is the mean; apart, a large mean does not round off how far two means differ.
    cross : Array, shape (p, p)
        Sums of products of deviations from the mean; a variable that never varied has exactly 0.
    """

    n: int
    origin: Array
    shift: Array
    cross: Array

    @property
    def mean(self) -> Array:
        """Means, shape (p,)."""
        return self.origin + self.shift

    def merged(self, other: RunningMoments) -> RunningMoments:
        """Return the moments of both sets of cases.

        Notes
        -----
        With ``δ = m₂ − m₁``: ``m = m₁ + δ n₂/n``, ``C = C₁ + C₂ + δδᵀ n₁n₂/n``
        [chan_golub_leveque_1983]_.
        """
        n = self.n + other.n
        if not self.n or not other.n:
            return self if self.n else other
        apart = (other.origin - self.origin) + (other.shift - self.shift)
        between = np.outer(apart, apart) * (self.n * other.n / n)
        shift = self.shift + apart * (other.n / n)
        return RunningMoments(n, self.origin, shift, self.cross + other.cross + between)


def moments_of(values: Array) -> RunningMoments:
    """Return the moments of a chunk of complete cases, shape (p, n), which is overwritten.

    Deviations are taken from the first case, then from their mean: what does not vary becomes
    exactly 0, and a large mean costs no digits.

    Examples
    --------
    >>> moments_of(np.array([[1.0, 2.0, 3.0], [0.1, 0.1, 0.1]])).cross.tolist()
    [[2.0, 0.0], [0.0, 0.0]]
    """
    p, n = values.shape
    if not n:
        return no_cases(p)
    first = values[:, 0].copy()
    values -= first[:, None]
    shift = values.mean(axis=1)
    values -= shift[:, None]
    return RunningMoments(n, first, shift, values @ values.T)


def no_cases(p: int) -> RunningMoments:
    """Return the moments of no cases."""
    return RunningMoments(0, np.zeros(p), np.zeros(p), np.zeros((p, p)))


@dataclass(frozen=True, slots=True)
class Tally:
    """What is known after some rows of a table.

    Attributes
    ----------
    groups : dict of str to RunningMoments
        By group label, in order of first appearance.
    n_rows : int
        Rows, complete or not.
    missing : Indices, shape (p,)
        Missing values of each variable.
    infinite : Mask, shape (p,)
        Which variables hold an infinite value.
    """

    groups: dict[str, RunningMoments]
    n_rows: int
    missing: Indices
    infinite: Mask

    def merged(self, other: Tally) -> Tally:
        """Return what is known after the rows of both."""
        groups = dict(self.groups)
        for label, found in other.groups.items():
            groups[label] = groups[label].merged(found) if label in groups else found
        return Tally(
            groups,
            self.n_rows + other.n_rows,
            self.missing + other.missing,
            self.infinite | other.infinite,
        )


def tally(values: Array, labels: Sequence[str] = ("",), member: Indices | None = None) -> Tally:
    """Summarise some rows.

    Parameters
    ----------
    values : Array, shape (p, n)
        One row a variable, NaN where missing. Overwritten.
    labels : sequence of str
        Groups that occur here.
    member : Indices, shape (n,), optional
        Each case's place among `labels`, -1 where its group is not known; by default all belong to
        the one group.

    Returns
    -------
    Tally
    """
    p, n = values.shape
    with np.errstate(over="ignore", invalid="ignore"):
        whole = bool(np.isfinite(values.sum(axis=1)).all())  # else some value is not finite
    missing, infinite = np.zeros(p, dtype=np.intp), np.zeros(p, dtype=bool)
    if whole and member is None:
        return Tally({labels[0]: moments_of(values)}, n, missing, infinite)
    kept: Mask = np.ones(n, dtype=bool)
    if not whole:
        missing = np.asarray(np.isnan(values).sum(axis=1), dtype=np.intp)
        infinite = np.asarray(np.isinf(values).any(axis=1))
        kept = np.asarray(np.isfinite(values).all(axis=0))
    member = np.zeros(n, dtype=np.intp) if member is None else member
    groups = {label: moments_of(values[:, kept & (member == g)]) for g, label in enumerate(labels)}
    return Tally(groups, n, missing, infinite)


class Mergeable(Protocol):
    """What can be merged with its like."""

    def merged(self: T, other: T) -> T:
        """Return both in one."""
        ...


T = TypeVar("T")
M = TypeVar("M", bound=Mergeable)


def merge_pairwise(parts: Iterable[M], empty: M) -> M:
    """Merge parts as they come, in a binary tree: rounding grows with the log of their number.

    Only one part for every level of the tree is kept, and the order of merging depends on nothing
    but the order of the parts.
    """
    waiting: list[tuple[int, M]] = []
    for part in parts:
        level = 0
        while waiting and waiting[-1][0] == level:
            part = waiting.pop()[1].merged(part)
            level += 1
        waiting.append((level, part))
    result = empty
    while waiting:
        result = waiting.pop()[1].merged(result)
    return result


def nothing(p: int) -> Tally:
    """Return the tally of no rows."""
    return Tally({}, 0, np.zeros(p, dtype=np.intp), np.zeros(p, dtype=bool))


def grouped_moments(found: Tally, names: Sequence[str]) -> GroupedMoments:
    """Turn a finished tally into moments, with the checks that cases in memory go through.

    Raises
    ------
    DataError
        When a column holds infinite values, there are no or too few complete cases, a group has
        none, or a variable is constant.
    """
    _check_rows(found, names)
    labels, groups = tuple(found.groups), tuple(found.groups.values())
    check_groups(labels, [g.n for g in groups])
    for g in groups:
        check_enough(g.n, len(names))
        check_varied(np.diagonal(g.cross) > 0, names)
    return GroupedMoments(
        tuple(names),
        tuple(g.cross / (g.n - 1) for g in groups),
        tuple(g.mean for g in groups),
        tuple(g.n for g in groups),
        labels,
        found.n_rows,
    )


def _check_rows(found: Tally, names: Sequence[str]) -> None:
    if not found.n_rows:
        raise DataError(
            "The data hold no rows.",
            code="data.empty",
            hint="Check that the right file or table was read.",
        )
    if found.infinite.any():
        listed = ", ".join(repr(names[i]) for i in np.flatnonzero(found.infinite).tolist())
        raise DataError(
            f"Infinite values stand in {listed}.",
            code="data.infinite",
            hint="Replace them by numbers or leave the cells empty.",
        )
    if found.groups and not any(g.n for g in found.groups.values()):
        worst = int(np.argmax(found.missing))
        share = percent(float(found.missing[worst]) / found.n_rows, 0)
        raise DataError(
            f"None of the {found.n_rows} rows has an answer for every variable of the model.",
            code="data.no_complete_case",
            hint=f"'{names[worst]}' is missing in {share} of the rows.",
        )
