"""The first table of any survey paper: what each item's answers look like."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyaltysem.core.types import Array


def item_statistics(data: pd.DataFrame) -> pd.DataFrame:
    """Return one row per item: answers, mean, spread and shape.

    Parameters
    ----------
    data : DataFrame
        Items, shape (N, k); NaN where not answered.

    Returns
    -------
    DataFrame
        Columns ``item n missing mean sd skewness kurtosis minimum maximum``; `sd` has the divisor
        n − 1. A value that the answers do not define (too few, or all alike) is NaN.

    Notes
    -----
    Skewness is G₁ and kurtosis the excess G₂, each corrected for the sample size: "type 2" of
    Joanes & Gill (1998), as SPSS and SAS print them (psych and e1071 in R default to type 3).

    References
    ----------
    Joanes, D. N., & Gill, C. A. (1998). Comparing measures of sample skewness and kurtosis.
    The Statistician, 47(1), 183–189.

    Examples
    --------
    >>> table = item_statistics(pd.DataFrame({"a": [1.0, 2.0, 2.0, 5.0, np.nan]}))
    >>> print(table.round(2).to_string(index=False))
    item  n  missing  mean   sd  skewness  kurtosis  minimum  maximum
       a  4        1   2.5 1.73      1.54      2.89      1.0      5.0
    """
    rows = [_row(str(name), data[name].to_numpy(np.float64)) for name in data.columns]
    return pd.DataFrame(rows)


def _row(name: str, column: Array) -> dict[str, object]:
    answers = column[~np.isnan(column)]
    some = answers.size > 0
    return {
        "item": name,
        "n": answers.size,
        "missing": column.size - answers.size,
        "mean": answers.mean() if some else np.nan,
        "sd": answers.std(ddof=1) if answers.size > 1 else np.nan,
        "skewness": skewness(answers),
        "kurtosis": excess_kurtosis(answers),
        "minimum": answers.min() if some else np.nan,
        "maximum": answers.max() if some else np.nan,
    }


def skewness(x: Array) -> float:
    """Return G₁ = √(n(n−1))/(n−2) · m₃/m₂^1.5 of the answers `x`, shape (n,)."""
    n = x.size
    if n < 3 or np.ptp(x) == 0:
        return float("nan")
    deviation = x - x.mean()
    g1 = np.mean(deviation**3) / np.mean(deviation**2) ** 1.5
    return float(g1 * np.sqrt(n * (n - 1)) / (n - 2))


def excess_kurtosis(x: Array) -> float:
    """Return G₂ = (n−1)/((n−2)(n−3)) · ((n+1)(m₄/m₂² − 3) + 6) of the answers `x`, shape (n,)."""
    n = x.size
    if n < 4 or np.ptp(x) == 0:
        return float("nan")
    deviation = x - x.mean()
    g2 = np.mean(deviation**4) / np.mean(deviation**2) ** 2 - 3
    return float((n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6))
