"""Answers as the functions of this room take them: a frame of numbers that can be analysed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.analysis.item_frame import Items, item_frame
from loyaltysem.core.errors import DataError, did_you_mean
from loyaltysem.core.linalg import correlation
from loyaltysem.core.types import Array
from loyaltysem.survey.responses import Responses

#: Answers beyond this, and spreads below its inverse, do not survive being squared.
BEYOND = 1e100


#: What is done with respondents who skipped an item.
Missing: TypeAlias = Literal["listwise", "pairwise"]
Table: TypeAlias = pd.DataFrame | Responses
Constructs: TypeAlias = Mapping[str, Sequence[str]]


def table_of(data: Table) -> pd.DataFrame:
    """Return a frame; of survey responses the whole table with reverse items turned."""
    return data.frame.assign(**data.data) if isinstance(data, Responses) else data


def chosen_of(data: Table, columns: Sequence[str] | None) -> pd.DataFrame:
    """Return the columns asked for; by default all, of survey responses the scored items.

    Raises
    ------
    DataError
        Columns that are not there.
    """
    if columns is None:
        return data.data if isinstance(data, Responses) else data
    table = table_of(data)
    require_columns(columns, table)
    return table[list(columns)]


def constructs_of(data: Table, constructs: Constructs | None) -> Constructs:
    """Return the constructs given, or those of the questionnaire the responses belong to.

    Raises
    ------
    DataError
        None are given with a plain frame.
    """
    if constructs is not None:
        return constructs
    if isinstance(data, Responses):
        return {c.name: c.items for c in data.questionnaire.constructs if c.items}
    raise DataError(
        "A data frame does not say which items belong to which construct.",
        code="validity.no_constructs",
        hint="Pass a mapping of each construct to its items, or responses with a questionnaire.",
    )


def without_bounds(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold infinite values or ones too large to compute with."""
    return [str(c) for c in frame if (np.abs(frame[c].to_numpy()) > BEYOND).any()]


def require_finite(frame: pd.DataFrame, area: str) -> None:
    """Raise a DataError that names every column with infinite values."""
    if names := without_bounds(frame):
        raise DataError(
            f"Infinite (or absurdly large) values in {', '.join(names)}.",
            code=f"{area}.infinite",
            hint="Check how missing answers are coded.",
        )


def answers_of(data: pd.DataFrame, constructs: Constructs, area: str) -> pd.DataFrame:
    """Return the answers to the items of some constructs, missing ones included.

    Raises
    ------
    DataError
        A construct without items, items that are not columns, or values that are no finite numbers.
    """
    empty = [name for name, group in constructs.items() if not len(group)]
    if empty or not constructs:
        raise DataError(
            f"Constructs without items: {', '.join(empty) or 'none was given'}.",
            code=f"{area}.empty_construct",
            hint="Pass a mapping of each construct to the columns of its items.",
        )
    items = list(dict.fromkeys(item for group in constructs.values() for item in group))
    require_columns(items, data)
    frame = item_frame(data[items], "reliability")
    require_finite(frame, area)
    return frame


def usable(
    items: Items,
    what: str,
    *,
    min_items: int = 2,
    min_cases: int = 3,
    area: str = "reliability",
    missing: Missing = "listwise",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all answers and the complete ones.

    Parameters
    ----------
    items : DataFrame, Responses or array
    what : str
        What is to be computed, as the message begins.
    min_items, min_cases : int
        Columns, and rows without a missing answer, that it takes.
    area : str
        First part of the codes of problems.
    missing : {"listwise", "pairwise"}
        Whether rows count only without a missing answer, or with any answer.

    Raises
    ------
    DataError
        Names everything that keeps `what` from being computed: too few items or cases, infinite
        values, items that do not vary.
    """
    require_missing(missing)
    frame = item_frame(items, "reliability")
    complete = frame.dropna()
    used = complete if missing == "listwise" else frame.dropna(how="all")
    problems: list[tuple[str, str]] = []
    if frame.shape[1] < min_items:
        problems.append(("too_few_items", f"needs {min_items} items, found {frame.shape[1]}"))
    if len(used) < min_cases:
        kind = "complete cases" if missing == "listwise" else "respondents with an answer"
        text = f"needs {min_cases} {kind}, found {len(used)} among {len(frame)} rows"
        problems.append(("too_few_cases", text))
    infinite = without_bounds(frame)
    if infinite:
        problems.append(("infinite", f"infinite values in {', '.join(infinite)}"))
    constant = []
    if len(used) >= min_cases and not infinite:
        constant = [str(c) for c in used if not used[c].max() - used[c].min() >= 1 / BEYOND]
    if constant:
        problems.append(("constant_item", f"no variation in {', '.join(constant)}"))
    if problems:
        raise DataError(
            f"{what} cannot be computed: {'; '.join(text for _, text in problems)}.",
            code=f"{area}.{problems[0][0]}",
            hint="Leave out the items named, or check how missing answers are coded.",
        )
    return frame, complete


def require_missing(missing: str) -> None:
    """Raise a DataError for a treatment of missing answers that does not exist."""
    if missing not in ("listwise", "pairwise"):
        raise DataError(
            f"Missing answers cannot be treated by {missing!r}.",
            code="reliability.missing",
            hint="Use 'listwise' or 'pairwise'.",
        )


@dataclass(frozen=True, slots=True)
class ItemMoments:
    """Covariances of items, from complete cases or from all who answered both of a pair.

    Attributes
    ----------
    values : Array, shape (N, k)
        The answers used; NaN where there is none.
    cov, cor : Array, shape (k, k)
        `cor` is `cov` scaled by its diagonal.
    """

    values: Array
    cov: Array
    cor: Array


def item_moments(frame: pd.DataFrame, complete: pd.DataFrame, missing: Missing) -> ItemMoments:
    """Return the covariances of what `usable` found.

    Raises
    ------
    DataError
        Two items that were never answered together.
    """
    used = complete if missing == "listwise" else frame
    cov = used.cov().to_numpy(np.float64)
    if not np.isfinite(cov).all():
        i, j = (int(x[0]) for x in np.nonzero(~np.isfinite(cov)))
        raise DataError(
            f"Too few respondents answered both {frame.columns[i]} and {frame.columns[j]}.",
            code="reliability.never_together",
            hint="Leave out one of the items.",
        )
    return ItemMoments(used.to_numpy(np.float64), cov, correlation(cov))


def require_columns(names: Sequence[str], data: pd.DataFrame) -> None:
    """Raise a DataError that names every column the data lack."""
    missing = [name for name in dict.fromkeys(names) if name not in data.columns]
    if missing:
        hints = [hint for name in missing if (hint := did_you_mean(name, map(str, data.columns)))]
        raise DataError(
            f"The data have no column {', '.join(map(repr, missing))}.",
            code="data.missing_column",
            hint=" ".join(hints) or f"Columns: {', '.join(map(str, data.columns))}.",
        )


def require_share(confidence: float) -> None:
    """Raise a DataError where a confidence level is none."""
    if not 0 < confidence < 1:
        raise DataError(
            f"A confidence level lies between 0 and 1, found {confidence}.",
            code="reliability.confidence",
            hint="Write 0.95 for 95 %.",
        )
