"""The distribution of items, one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from loyaltysem.analysis.item_frame import item_frame
from loyaltysem.analysis.item_statistics import excess_kurtosis
from loyaltysem.analysis.item_statistics import skewness as sample_skewness
from loyaltysem.analysis.measurement.answers import Table, chosen_of, require_finite
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.types import Array

ShapeType: TypeAlias = Literal[1, 2, 3]
#: Consistency constant of the median absolute deviation at the normal distribution, as in R.
MAD_CONSTANT = 1.4826


def describe(
    data: Table,
    items: Sequence[str] | None = None,
    *,
    shape: ShapeType = 3,
    ends: tuple[float, float] | None = None,
    trim: float = 0.1,
) -> pd.DataFrame:
    """Return the univariate description of items, as ``psych::describe`` does.

    Parameters
    ----------
    data : DataFrame or Responses
    items : sequence of str, optional
        Columns; by default all.
    shape : {1, 2, 3}
        Type of skewness and kurtosis: 1 the moments themselves, 2 corrected for sample size (SPSS,
        SAS, `loyaltysem.analysis.item_statistics`), 3 moments over the sd with divisor n − 1
        (psych's and this function's default).
    ends : (float, float), optional
        Lowest and highest possible answer, for floor and ceiling; by default the extremes found.
    trim : float, default 0.1
        Share cut off at each end for the trimmed mean.

    Returns
    -------
    DataFrame
        One row an item: ``item n missing mean sd median trimmed mad minimum maximum range skewness
        kurtosis se floor ceiling``. Kurtosis is the excess over 3; `mad` the median absolute
        deviation times 1.4826; `floor` and `ceiling` the shares of answers at the ends.

    Raises
    ------
    DataError
        A column is missing or not numeric.
    IncompatibleRequestError
        Another `shape` than 1, 2, 3.

    Notes
    -----
    Types as in Joanes & Gill (1998). psych's `trimmed` is ``mean(x, trim = .1)``. Shares of 15 % at
    an end are called floor and ceiling effects (Terwee et al., 2007).

    Examples
    --------
    >>> table = describe(pd.DataFrame({"a": [1.0, 2.0, 2.0, 5.0, np.nan]}))
    >>> table[["n", "missing", "median", "skewness", "floor"]].round(2).values.tolist()
    [[4.0, 1.0, 2.0, 0.58, 0.25]]
    """
    if shape not in (1, 2, 3):
        raise IncompatibleRequestError(
            f"There is no type {shape} of skewness.", code="request.shape", hint="Use 1, 2 or 3."
        )
    frame = item_frame(chosen_of(data, items), "reliability")
    require_finite(frame, "data")
    return pd.DataFrame([_described(str(c), frame[c].to_numpy(), shape, ends, trim) for c in frame])


def _described(
    name: str, column: Array, shape: ShapeType, ends: tuple[float, float] | None, trim: float
) -> dict[str, object]:
    x = column[~np.isnan(column)]
    row: dict[str, object] = {"item": name, "n": x.size, "missing": column.size - x.size}
    if not x.size:
        return row
    low, high = (x.min(), x.max()) if ends is None else ends
    median = float(np.median(x))
    sd = float(x.std(ddof=1)) if x.size > 1 else np.nan
    return row | {
        "mean": x.mean(),
        "sd": sd,
        "median": median,
        "trimmed": stats.trim_mean(x, trim),
        "mad": MAD_CONSTANT * np.median(np.abs(x - median)),
        "minimum": x.min(),
        "maximum": x.max(),
        "range": np.ptp(x),
        "skewness": skewness(x, shape),
        "kurtosis": kurtosis(x, shape),
        "se": sd / np.sqrt(x.size),
        "floor": float(np.mean(x <= low)),
        "ceiling": float(np.mean(x >= high)),
    }


def skewness(x: Array, shape: ShapeType = 3) -> float:
    """Return the skewness of `x`, shape (n,), by type; NaN where it is not defined.

    g₁ = m₃/m₂^1.5; G₁ = g₁ √(n(n−1))/(n−2); b₁ = g₁ ((n−1)/n)^1.5 (types 1, 2, 3).
    """
    if shape == 2:
        return sample_skewness(x)
    n = x.size
    if n < 3 or np.ptp(x) == 0:
        return float("nan")
    g = float(stats.skew(x))
    return g if shape == 1 else g * ((n - 1) / n) ** 1.5


def kurtosis(x: Array, shape: ShapeType = 3) -> float:
    """Return the excess kurtosis of `x`, shape (n,), by type; NaN where it is not defined.

    g₂ = m₄/m₂² − 3; G₂ = (n−1)/((n−2)(n−3)) ((n+1)g₂ + 6); b₂ = (g₂+3)(1−1/n)² − 3.
    """
    if shape == 2:
        return excess_kurtosis(x)
    n = x.size
    if n < 4 or np.ptp(x) == 0:
        return float("nan")
    g = float(stats.kurtosis(x))
    return g if shape == 1 else (g + 3) * (1 - 1 / n) ** 2 - 3
