"""Answers as the functions of this room take them: a frame of numbers that can be analysed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from loyaltysem.core.errors import DataError, did_you_mean


def labelled(items: pd.DataFrame | ArrayLike) -> pd.DataFrame:
    """Return a float frame; an array's items are named item1, item2 and so on.

    Raises
    ------
    DataError
        The items are not a table, or not numbers.
    """
    if not isinstance(items, pd.DataFrame):
        array = np.asarray(items)
        if array.ndim != 2:
            raise DataError(
                f"Expected a table of respondents by items, found {array.ndim} dimension(s).",
                code="reliability.shape",
                hint="Pass a DataFrame, or an array with a row a respondent and a column an item.",
            )
        items = pd.DataFrame(array, columns=[f"item{j + 1}" for j in range(array.shape[1])])
    try:
        frame = items.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The items must be numbers: {error}.",
            code="reliability.not_numeric",
            hint="Code the answers as numbers, or read the file with its questionnaire.",
        ) from error
    return frame


def usable(
    items: pd.DataFrame | ArrayLike,
    what: str,
    *,
    min_items: int = 2,
    min_cases: int = 3,
    area: str = "reliability",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all answers and the complete ones.

    Parameters
    ----------
    items : DataFrame or array
    what : str
        What is to be computed, as the message begins.
    min_items, min_cases : int
        Columns, and rows without a missing answer, that it takes.
    area : str
        First part of the codes of problems.

    Raises
    ------
    DataError
        Names everything that keeps `what` from being computed: too few items or cases, infinite
        values, items that do not vary.
    """
    frame = labelled(items)
    complete = frame.dropna()
    problems: list[tuple[str, str]] = []
    if frame.shape[1] < min_items:
        problems.append(("too_few_items", f"needs {min_items} items, found {frame.shape[1]}"))
    if len(complete) < min_cases:
        text = f"needs {min_cases} complete cases, found {len(complete)} among {len(frame)} rows"
        problems.append(("too_few_cases", text))
    infinite = [str(c) for c in frame if np.isinf(frame[c].to_numpy()).any()]
    if infinite:
        problems.append(("infinite", f"infinite values in {', '.join(infinite)}"))
    constant = [str(c) for c in complete if complete[c].nunique() == 1]
    if constant and len(complete) >= min_cases:
        problems.append(("constant_item", f"no variation in {', '.join(constant)}"))
    if problems:
        raise DataError(
            f"{what} cannot be computed: {'; '.join(text for _, text in problems)}.",
            code=f"{area}.{problems[0][0]}",
            hint="Leave out the items named, or check how missing answers are coded.",
        )
    return frame, complete


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
