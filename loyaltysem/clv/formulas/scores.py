"""Value beyond a customer's own orders: referrals, and economic, emotional and social scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from loyaltysem.clv.formulas.amounts import Amount, amount, plain, require_one_length
from loyaltysem.clv.printed import Printed
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

Scaling: TypeAlias = Literal["percentile", "minmax"]
SCALINGS: tuple[Scaling, ...] = get_args(Scaling)
#: The three scores and their names.
DIMENSIONS: Mapping[str, Text] = {
    "economic": Text("economic value", "经济价值"),
    "emotional": Text("emotional value", "情感价值"),
    "social": Text("social value", "社会价值"),
}
#: Share of a score's columns a customer must have.
ENOUGH = 0.5


def referral_value(
    referrals: Amount,
    clv_of_referred: Amount,
    *,
    conversion: Amount = 1.0,
    would_not_have_come: Amount = 1.0,
    saved_acquisition_cost: Amount = 0.0,
    discount_rate: Amount = 0.0,
    years_until: Amount = 0.0,
) -> Array:
    """Return the word-of-mouth value credited to a referrer.

    Parameters
    ----------
    referrals : float or array-like, shape (N,)
        People referred.
    clv_of_referred : float or array-like
        Value of one who becomes a customer, currency.
    conversion : float or array-like
        Share who become customers.
    would_not_have_come : float or array-like
        Share of these who would not have come without the referral; only their value is credited.
    saved_acquisition_cost : float or array-like
        What winning any of them would have cost otherwise, currency.
    discount_rate, years_until : float or array-like
        A year, and years until the referrals arrive.

    Returns
    -------
    Array
        Currency per referrer.

    Raises
    ------
    DataError
        Amounts that are no numbers or out of bounds.

    Notes
    -----
    n·c·(s·CLV + A)/(1 + d)^t, after Kumar, Petersen and Leone (2010), who credit those who would
    have come anyway (1 − s) with the saved acquisition cost only. Adding the value of referred
    customers to their referrers counts it twice in a total of all customers.

    References
    ----------
    Kumar, V., Petersen, J. A., & Leone, R. P. (2010). Driving profitability by encouraging customer
    referrals: Who, when, and how. Journal of Marketing, 74(5), 1–17.

    Examples
    --------
    >>> value = referral_value([0, 4], 300.0, conversion=0.5, would_not_have_come=0.6,
    ...                        saved_acquisition_cost=20.0)
    >>> value.tolist()
    [0.0, 400.0]
    """
    share = {"lowest": 0.0, "highest": 1.0}
    n, value = (
        amount("referrals", referrals, lowest=0.0),
        amount("clv_of_referred", clv_of_referred),
    )
    c = amount("conversion", conversion, **share)
    s = amount("would_not_have_come", would_not_have_come, **share)
    saved = amount("saved_acquisition_cost", saved_acquisition_cost, lowest=0.0)
    d = amount("discount_rate", discount_rate, lowest=0.0)
    t = amount("years_until", years_until, lowest=0.0)
    require_one_length(referrals=n, clv_of_referred=value, conversion=c, would_not_have_come=s,
                       saved_acquisition_cost=saved, discount_rate=d, years_until=t)  # fmt: skip
    return plain(np.asarray(n * c * (s * value + saved) / (1.0 + d) ** t))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ValueScores(Printed):
    """Economic, emotional and social value of customers, each from 0 to 100.

    Attributes
    ----------
    frame : DataFrame
        One row a customer, indexed as the data: a column for each score that was asked for, NaN
        where fewer than half of its columns are known.
    columns : mapping of str to tuple of str
        What each score is the mean of.
    scaling : str
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    columns: Mapping[str, tuple[str, ...]]
    scaling: str
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What the scores are of."""
        made = "; ".join(f"{name}: {', '.join(c)}" for name, c in self.columns.items())
        return f"Value scores 0–100 ({self.scaling}) of {len(self.frame)} customers. {made}"


def value_scores(
    data: pd.DataFrame,
    *,
    economic: Sequence[str] = (),
    emotional: Sequence[str] = (),
    social: Sequence[str] = (),
    reverse: Sequence[str] = (),
    scaling: Scaling = "percentile",
) -> ValueScores:
    """Score the economic, emotional and social value of customers.

    Parameters
    ----------
    data : DataFrame
        One row a customer.
    economic, emotional, social : sequence of str
        Columns behind each score, such as amounts; scale scores; referrals and reviews.
    reverse : sequence of str
        Columns of which less is better.
    scaling : {"percentile", "minmax"}
        How a column becomes 0 to 100 before the mean is taken: mid-ranks, on which outliers and
        units have no influence, or the range of the data.

    Returns
    -------
    ValueScores

    Raises
    ------
    IncompatibleRequestError
        No column, a column that is not there, or an unknown scaling.
    DataError
        A column without numbers, or one that does not vary.

    Notes
    -----
    A score is the unweighted mean of its scaled columns. Scores are relative to the customers in
    `data`: 50 is an average one. They order customers; they are no amounts of money.

    Examples
    --------
    >>> data = pd.DataFrame({"spent": [10, 20, 40, 30], "sat": [5, 3, 4, 2],
    ...                      "referred": [0, 0, 3, 1]})
    >>> value_scores(data, economic=["spent"], emotional=["sat"], social=["referred"]).frame
       economic  emotional  social
    0      12.5       87.5    25.0
    1      37.5       37.5    25.0
    2      87.5       62.5    87.5
    3      62.5       12.5    62.5
    """
    asked = {"economic": economic, "emotional": emotional, "social": social}
    columns = {name: tuple(found) for name, found in asked.items() if len(found)}
    _check(data, columns, reverse, scaling)
    scores, findings = {}, []
    for name, used in columns.items():
        parts = np.stack([_scaled(data, c, c in reverse, scaling) for c in used], axis=1)
        known = np.isfinite(parts)
        enough = known.mean(axis=1) >= ENOUGH
        sums = np.where(known, parts, 0.0).sum(axis=1)
        scores[name] = np.where(enough, sums / np.maximum(known.sum(axis=1), 1), np.nan)
        findings += _unscored(name, int((~enough).sum()))
    return ValueScores(pd.DataFrame(scores, index=data.index), columns, scaling, tuple(findings))


def _check(
    data: pd.DataFrame,
    columns: Mapping[str, Sequence[str]],
    reverse: Sequence[str],
    scaling: str,
) -> None:
    used = [c for found in columns.values() for c in found]
    absent = [c for c in (*used, *reverse) if c not in data]
    stray = [c for c in reverse if c in data and c not in used]
    if not used or absent or stray or scaling not in SCALINGS:
        problem = (
            "No column was named" if not used
            else f"There is no column '{absent[0]}'" if absent
            else f"'{stray[0]}' is turned but no part of a score" if stray
            else f"There is no scaling {scaling!r}"
        )  # fmt: skip
        near = did_you_mean(absent[0], map(str, data.columns)) if absent else ""
        raise IncompatibleRequestError(
            f"{problem}.",
            code="value_scores.request",
            hint=near or f"Name columns for a score; scalings are {', '.join(SCALINGS)}.",
        )


def _scaled(data: pd.DataFrame, column: str, is_reversed: bool, scaling: str) -> Array:
    """Return a column from 0 to 100, NaN where it is not known."""
    x = pd.to_numeric(data[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(x)
    if not known.any() or np.ptp(x[known]) == 0:
        raise DataError(
            f"Column '{column}' holds {'one value only' if known.any() else 'no number'}.",
            code="value_scores.column",
            hint="A score needs numbers in which customers differ.",
        )
    x = -x if is_reversed else x
    out = np.full(len(x), np.nan)
    if scaling == "percentile":
        out[known] = 100.0 * (rankdata(x[known]) - 0.5) / known.sum()
    else:
        low, high = x[known].min(), x[known].max()
        out[known] = 100.0 * (x[known] - low) / (high - low)
    return out


def _unscored(name: str, count: int) -> list[Finding]:
    if not count:
        return []
    label = DIMENSIONS[name]
    return [
        Finding(
            "value_scores.unscored",
            Text(
                f"{count} customers have no score of {label.en}: fewer than half of its columns"
                " are known.",
                f"有 {count} 位客户的{label.zh}得分缺失：可用指标不足一半。",
            ),
            severity="note",
        )
    ]
