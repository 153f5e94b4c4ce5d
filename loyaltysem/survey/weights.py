"""Weighted means and spreads, and how many respondents the weights leave in effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyaltysem.core.display import number
from loyaltysem.core.errors import DataError
from loyaltysem.core.plain_table import html_table
from loyaltysem.core.types import Array, Indices

SHOWN = 10


@dataclass(frozen=True, slots=True, eq=False)
class WeightedMeans:
    """Weighted means of several variables.

    Parameters
    ----------
    frame : DataFrame
        One row a variable: ``variable n effective_n mean se sd unweighted_mean``.
    effective_n : float
        (Σw)² / Σw² over everybody.
    design_effect : float
        Respondents over `effective_n`: the factor by which weighting multiplies the variance of a
        mean unrelated to the weights.
    """

    frame: pd.DataFrame
    effective_n: float
    design_effect: float

    def __str__(self) -> str:
        head = f"effective N {number(self.effective_n, 1)}"
        return f"{head}, design effect {number(self.design_effect, 2)}\n{self.frame.to_string()}"

    def _repr_html_(self) -> str:
        rows = [
            (str(r["variable"]), number(r["n"], 0), number(r["effective_n"], 1),
             *(number(r[name], 3) for name in ("mean", "se", "sd", "unweighted_mean")))
            for r in self.frame.to_dict("records")
        ]  # fmt: skip
        caption = str(self).split("\n", maxsplit=1)[0]
        return html_table(caption, tuple(self.frame.columns), rows)


def weighted_means(
    data: pd.DataFrame, weights: Array, rows: Indices | None = None
) -> WeightedMeans:
    """Return weighted means with standard errors and effective sample sizes.

    Parameters
    ----------
    data : DataFrame
        Numbers, NaN where missing.
    weights : Array
        One a respondent, shape (N,), not negative.
    rows : Indices, optional
        Row numbers for messages; 0, 1, … by default.

    Raises
    ------
    DataError
        Weights that are missing, negative or all zero.

    Notes
    -----
    m = Σwx / Σw. Its standard error is that of a ratio of totals under independent draws,
    √(n/(n−1) Σw²(x−m)²) / Σw: robust, as survey programs linearise. The effective sample size
    (Σw)² / Σw² is Kish's (1965).

    Examples
    --------
    >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    >>> means = weighted_means(data, np.array([1.0, 1.0, 2.0]))
    >>> means.frame.loc[0, "mean"], round(means.effective_n, 3)
    (np.float64(2.25), 2.667)
    """
    w = checked_weights(weights, rows)
    frame = pd.DataFrame([_row(str(n), data[n].to_numpy(np.float64), w) for n in data.columns])
    size = effective_size(w)
    return WeightedMeans(frame, size, len(w) / size)


def _row(name: str, values: Array, weights: Array) -> dict[str, object]:
    given = ~np.isnan(values) & (weights > 0)
    x, w, n = values[given], weights[given], int(given.sum())
    if n == 0:
        nothing = dict.fromkeys(("mean", "se", "sd", "unweighted_mean"), np.nan)
        return {"variable": name, "n": 0, "effective_n": 0.0, **nothing}
    mean = (w @ x) / w.sum()
    correction = n / (n - 1.0) if n > 1 else np.nan
    return {
        "variable": name, "n": n, "effective_n": effective_size(w), "mean": mean,
        "se": np.sqrt(correction * ((w * (x - mean)) ** 2).sum()) / w.sum(),
        "sd": np.sqrt(correction * (w @ (x - mean) ** 2) / w.sum()),
        "unweighted_mean": x.mean(),
    }  # fmt: skip


def effective_size(weights: Array) -> float:
    """Return (Σw)² / Σw², the size of an unweighted sample of equal precision.

    Examples
    --------
    >>> effective_size(np.array([1.0, 1.0, 1.0])), effective_size(np.array([1.0, 0.0]))
    (3.0, 1.0)
    """
    scaled = weights / weights.max()  # keeps squares of tiny or huge weights finite
    return float(scaled.sum() ** 2 / (scaled @ scaled))


def checked_weights(weights: Array, rows: Indices | None = None) -> Array:
    """Return weights as float64, or say which cannot be used.

    Raises
    ------
    DataError
        A weight is missing, negative or infinite, or none is above 0.
    """
    w = np.asarray(weights, dtype=np.float64)
    wrong = np.flatnonzero(~(np.isfinite(w) & (w >= 0)))
    if wrong.size:
        places = np.arange(len(w)) if rows is None else rows
        shown = ", ".join(str(places[k]) for k in wrong[:SHOWN])
        more = f" and {wrong.size - SHOWN} more" if wrong.size > SHOWN else ""
        raise DataError(
            f"Weights must be numbers from 0 on; rows {shown}{more} are not.",
            code="weights.invalid",
            hint="Give every respondent a weight; 0 leaves one out.",
        )
    if not w.sum() > 0:
        raise DataError(
            "No weight is above 0.",
            code="weights.zero",
            hint="Give at least one respondent a weight above 0.",
        )
    return w
