"""Items as analyses take them: a frame, an array or survey responses, read as a frame of floats."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from loyaltysem.core.errors import DataError
from loyaltysem.survey.responses import Responses

Items: TypeAlias = pd.DataFrame | Responses | ArrayLike


def item_frame(items: Items, area: str) -> pd.DataFrame:
    """Return items as a float frame; those of an array are named item1, item2 and so on.

    Of survey responses: the scored items, reverse ones turned. `area` begins the codes of errors.

    Raises
    ------
    DataError
        The items are not a table, or not numbers, or two have one name.

    Examples
    --------
    >>> item_frame([[1, 2], [3, 4]], "reliability").columns.tolist()
    ['item1', 'item2']
    """
    if isinstance(items, Responses):
        items = items.data
    frame = items if isinstance(items, pd.DataFrame) else _named(items, area)
    repeated = sorted({str(c) for c in frame.columns[frame.columns.duplicated()]})
    if repeated:
        raise DataError(
            f"Items must have different names; found more than once: {', '.join(repeated)}.",
            code=f"{area}.duplicate_item",
            hint="Leave out or rename the repeated columns.",
        )
    return as_floats(frame, area)


def as_floats(frame: pd.DataFrame, area: str) -> pd.DataFrame:
    """Return the answers as floats.

    Raises
    ------
    DataError
        Answers are no numbers.
    """
    try:
        return frame.astype(np.float64)
    except (TypeError, ValueError) as error:
        text = [str(c) for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
        raise DataError(
            f"The items must be numbers; these are not: {', '.join(text)} ({error}).",
            code=f"{area}.not_numeric",
            hint="Choose the columns with items, code their answers as numbers, or read the file "
            "with its questionnaire.",
        ) from error


def _named(items: ArrayLike, area: str) -> pd.DataFrame:
    array = np.asarray(items)
    if array.ndim != 2:
        raise DataError(
            f"Expected a table of respondents by items, found {array.ndim} dimension(s).",
            code=f"{area}.shape",
            hint="Pass a DataFrame, or an array with a row a respondent and a column an item.",
        )
    return pd.DataFrame(array, columns=[f"item{j + 1}" for j in range(array.shape[1])])
