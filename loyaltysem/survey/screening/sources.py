"""What a questionnaire and a table give to screening: the items in order, pairs, times, doubles."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Array, Indices
from loyaltysem.survey.instrument import Item, Questionnaire
from loyaltysem.survey.screening.consistency import PairKind, critical_pairs

PairSource: TypeAlias = Literal["questionnaire", "critical"]
NamedPairs: TypeAlias = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Answers on rating scales, in the order asked.

    Parameters
    ----------
    items : tuple of Item
        The rating items that screening looks at.
    given : Array
        As answered, shape (N, p).
    even : Array
        The same on one footing: as answered when all items share one scale, otherwise as shares of
        each scale's width, shape (N, p).
    turned : Array
        `even` with reverse items turned.
    width : float
        Width of the footing in its units: 4 for one scale from 1 to 5, 1 for shares.
    """

    items: tuple[Item, ...]
    given: Array
    even: Array
    turned: Array
    width: float

    def column(self, name: str) -> int:
        """Return the place of an item."""
        return [item.name for item in self.items].index(name)


def rating_answers(frame: pd.DataFrame, questionnaire: Questionnaire) -> Answers:
    """Return the answers to the likert items people were asked, attention items left out."""
    items = tuple(
        item
        for item in questionnaire.asked_items
        if item.scale.kind == "likert" and item.role == "measure"
    )
    given = frame[[item.name for item in items]].to_numpy(np.float64)
    low = np.array([item.scale.minimum or 0.0 for item in items])
    high = np.array([item.scale.maximum or 0.0 for item in items])
    one_scale = len({(a, b) for a, b in zip(low, high, strict=True)}) <= 1
    even = given if one_scale else (given - low) / (high - low)
    ends = low + high if one_scale else np.ones(len(items))
    reverse = np.array([item.reverse for item in items], dtype=bool)
    turned = np.where(reverse, ends - even, even)
    width = float(high[0] - low[0]) if one_scale and len(items) else 1.0
    return Answers(items, given, even, turned, width)


def factors_of(answers: Answers) -> list[Indices]:
    """Return the columns of each construct with two rating items or more, in the order asked."""
    columns: dict[str, list[int]] = {}
    for place, item in enumerate(answers.items):
        if item.construct:
            columns.setdefault(item.construct, []).append(place)
    return [np.array(places, dtype=np.intp) for places in columns.values() if len(places) > 1]


def pairs_of(
    answers: Answers, source: PairSource | NamedPairs, kind: PairKind, critical: float
) -> Indices:
    """Return pairs of columns that should be answered alike (synonyms) or opposite (antonyms).

    Parameters
    ----------
    answers : Answers
        The rating items.
    source : {"questionnaire", "critical"} or mapping
        ``questionnaire``: items of one construct, keyed alike for synonyms, keyed opposite for
        antonyms. ``critical``: by correlation, see `critical_pairs`. A mapping names the pairs:
        ``{"synonyms": [("t1", "t2"), …], "antonyms": […]}``.
    kind : {"synonyms", "antonyms"}
        Which.
    critical : float
        For ``critical``.
    """
    if isinstance(source, Mapping):
        return _named_pairs(answers, source, kind)
    if source == "critical":
        return critical_pairs(answers.given, critical, kind)
    if source != "questionnaire":
        raise IncompatibleRequestError(
            f"'{source}' is not a source of item pairs.",
            code="screening.pairs",
            hint="Use 'questionnaire', 'critical', or a mapping with lists of pairs of items.",
        )
    alike = kind == "synonyms"
    pairs = [
        (first, second)
        for factor in factors_of(answers)
        for at, first in enumerate(factor)
        for second in factor[at + 1 :]
        if (answers.items[first].reverse == answers.items[second].reverse) == alike
    ]
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)


def _named_pairs(answers: Answers, named: NamedPairs, kind: PairKind) -> Indices:
    known = [item.name for item in answers.items]
    wrong = sorted(set(named) - {"synonyms", "antonyms"})
    names = [name for pairs in named.values() for pair in pairs for name in pair]
    absent = [name for name in names if name not in known]
    if wrong or absent:
        what = f"'{absent[0]}' is not a rating item" if absent else f"'{wrong[0]}' is no kind"
        raise IncompatibleRequestError(
            f"{what} of pairs for screening.",
            code="screening.pairs",
            hint=did_you_mean(absent[0], known) if absent else "Kinds: 'synonyms', 'antonyms'.",
        )
    pairs = [(answers.column(a), answers.column(b)) for a, b in named.get(kind, ())]
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)


def times_taken(frame: pd.DataFrame, seconds: str | tuple[str, str] | None) -> Array:
    """Return the time each person took, in seconds, shape (N,); NaN where unknown.

    Parameters
    ----------
    frame : DataFrame
        The whole table.
    seconds : str, tuple of str, or None
        A column of seconds, or the columns of start and end (dates with times).

    Raises
    ------
    DataError
        No such column, or one that holds neither numbers nor times.
    """
    if seconds is None:
        return np.full(len(frame), np.nan)
    if isinstance(seconds, str):
        values = pd.to_numeric(_column(frame, seconds), errors="coerce")
        _check_readable(frame, seconds, values.isna())
        return values.to_numpy(np.float64)
    start, end = (_moments(frame, name) for name in seconds)
    return np.asarray((end - start).dt.total_seconds(), dtype=np.float64)


def _moments(frame: pd.DataFrame, name: str) -> pd.Series[pd.Timestamp]:
    moments = pd.to_datetime(_column(frame, name), errors="coerce", utc=True, format="mixed")
    _check_readable(frame, name, moments.isna())
    return moments


def _check_readable(frame: pd.DataFrame, name: str, unreadable: pd.Series[bool]) -> None:
    if len(frame) and unreadable.all():
        raise DataError(
            f"Column '{name}' holds no time that can be read.",
            code="screening.time",
            hint="Give a column of seconds, or a pair of columns with start and end.",
        )


def source_columns(frame: pd.DataFrame, names: Collection[str]) -> pd.DataFrame:
    """Return the columns that tell where an answer came from, blank cells as missing."""
    columns = {name: _column(frame, name) for name in names}
    table = pd.DataFrame(columns, index=frame.index).astype(object)
    blank = table.map(lambda cell: isinstance(cell, str) and not cell.strip())
    return table.mask(blank)


def _column(frame: pd.DataFrame, name: str) -> pd.Series[str]:
    if name not in frame:
        raise DataError(
            f"There is no column '{name}' in the answers.",
            code="data.missing_column",
            hint=did_you_mean(name, [str(column) for column in frame.columns])
            or "Check the name in the header.",
        )
    return frame[name]
