"""How much of the money comes from how few: Lorenz curve, Gini index, share of the top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy.stats import norm

from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import bounded, integer, interval
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

Amounts: TypeAlias = "pd.Series | Mapping[str, float] | Sequence[float] | np.ndarray"

TOP = (0.01, 0.05, 0.10, 0.20, 0.50)
#: Points of the curve that are kept at most.
POINTS = 1001
FEWEST = 2


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Concentration(Printed):
    """How unequally an amount is spread over customers.

    Attributes
    ----------
    frame : DataFrame
        ``measure estimate se ci_lower ci_upper``: the Gini index and the share of the amount that
        the top part of customers holds.
    lorenz : DataFrame
        ``share_customers share_amount``, poorest first, from (0, 0) to (1, 1).
    n : int
        Customers.
    total : float
    level : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    lorenz: pd.DataFrame
    n: int
    total: float
    level: float
    findings: tuple[Finding, ...]

    @property
    def gini(self) -> float:
        """The Gini index."""
        return float(self.frame["estimate"].iloc[0])

    @property
    def title(self) -> str:
        """The Gini index with its interval."""
        row = self.frame.iloc[0]
        limits = interval(row["ci_lower"], row["ci_upper"], is_bounded=True)
        return f"Gini {bounded(self.gini)} {limits} of {integer(self.n)} customers"


def concentration(
    amounts: Amounts, *, top: Sequence[float] = TOP, level: float = 0.95
) -> Concentration:
    """Measure how concentrated an amount is among customers.

    Parameters
    ----------
    amounts : Series, mapping, array or sequence
        Shape (N,), one amount a customer; customers who spent nothing are part of it with 0.
    top : sequence of float
        Shares of customers whose share of the amount is told.
    level : float, default 0.95
        Confidence level.

    Returns
    -------
    Concentration

    Raises
    ------
    DataError
        Fewer than two customers, amounts that are missing or infinite, or nothing in all.
    IncompatibleRequestError
        Shares or a level outside (0, 1).

    Notes
    -----
    Gini G = 2 Σ (i − ½) y₍ᵢ₎ / (n² ȳ) − 1, times n/(n − 1), with the standard error of Davidson
    (2009). Shares of the top are 1 − L(1 − q) of the curve of Lorenz (1905); their standard error
    comes from the influence of each customer, (1{y > ξ}(y − ξ) + qξ − S y)/ȳ, ξ the quantile.
    Where refunds leave negative amounts the index can pass 1 and a finding says so.

    Examples
    --------
    >>> found = concentration([0.0, 0.0, 0.0, 100.0], top=[0.25])
    >>> found.gini, found.frame["estimate"].tolist()[1]
    (1.0, 1.0)
    """
    _check_shares(top, level)
    y = np.sort(amounts_of(amounts).to_numpy(np.float64))
    if y.sum() <= 0:
        raise DataError(
            "The amounts sum to nothing, so no share of them can be told.",
            code="concentration.nothing",
            hint="Take amounts above 0 of at least some customers.",
        )
    gini, se = gini_index(y)
    rows = [("gini", gini, se), *((f"top {100 * q:g}%", *top_share(y, q)) for q in top)]
    frame = pd.DataFrame(rows, columns=["measure", "estimate", "se"])
    half = float(norm.isf((1 - level) / 2)) * frame["se"]
    frame["ci_lower"] = (frame["estimate"] - half).clip(lower=0.0)
    frame["ci_upper"] = np.where(y[0] < 0, frame["estimate"] + half,
                                 (frame["estimate"] + half).clip(upper=1.0))  # fmt: skip
    return Concentration(frame, lorenz_curve(y), len(y), float(y.sum()), level, tuple(_findings(y)))


def amounts_of(amounts: Amounts) -> pd.Series:
    """Return amounts as a float series by customer, refusing what cannot be ranked."""
    series = pd.Series(dict(amounts)) if isinstance(amounts, Mapping) else pd.Series(amounts)
    try:
        values = series.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"Amounts must be numbers ({error}).",
            code="classes.not_numeric",
            hint="Take one number a customer.",
        ) from error
    wrong = int((~np.isfinite(values.to_numpy())).sum())
    if wrong or len(values) < FEWEST:
        raise DataError(
            f"{integer(wrong)} of {integer(len(values))} customers have no finite amount."
            if wrong
            else f"Amounts are compared between customers, found {integer(len(values))}.",
            code="classes.amounts",
            hint=f"At least {FEWEST} customers are needed; who spent nothing has 0.",
        )
    return values


def gini_index(y: Array) -> tuple[float, float]:
    """Return the Gini index of sorted amounts and its standard error.

    Parameters
    ----------
    y : Array
        Shape (N,), ascending, with a positive sum.

    Notes
    -----
    Davidson (2009): Zᵢ = −(G + 1) yᵢ + (2i − 1)/n yᵢ − (2/n) Σⱼ≤ᵢ yⱼ and
    Var(G) = Σ (Zᵢ − Z̄)² / (nȳ)².

    Examples
    --------
    >>> [round(value, 4) for value in gini_index(np.array([1.0, 2.0, 3.0, 4.0]))]
    [0.3333, 0.1225]
    """
    n, total = len(y), float(y.sum())
    i = np.arange(1, n + 1)
    plain = float(2 * ((i - 0.5) * y).sum() / (n * total) - 1)
    z = -(plain + 1) * y + (2 * i - 1) / n * y - 2 / n * np.cumsum(y)
    se = float(np.sqrt(((z - z.mean()) ** 2).sum())) / total
    return plain * n / (n - 1), se


def top_share(y: Array, q: float) -> tuple[float, float]:
    """Return the share of the amount that the top share `q` of customers holds, and its SE."""
    n, mean = len(y), float(y.mean())
    count = q * n
    whole = int(np.floor(count + 1e-9))
    edge = float(y[n - 1 - whole]) if whole < n else 0.0
    held = float(y[n - whole :].sum()) + (count - whole) * edge
    share = held / (n * mean)
    influence = (np.where(y > edge, y - edge, 0.0) + q * edge - share * y) / mean
    return share, float(np.sqrt(influence.var() / n))


def lorenz_curve(y: Array) -> pd.DataFrame:
    """Return the Lorenz curve of sorted amounts, at most `POINTS` points of it."""
    held = np.concatenate([[0.0], np.cumsum(y)]) / y.sum()
    at = np.unique(np.linspace(0, len(y), min(POINTS, len(y) + 1)).astype(np.intp))
    return pd.DataFrame({"share_customers": at / len(y), "share_amount": held[at]})


def _check_shares(top: Sequence[float], level: float) -> None:
    wrong = [value for value in (*top, level) if not 0 < value < 1]
    if wrong:
        raise IncompatibleRequestError(
            f"Shares and levels lie between 0 and 1, found {', '.join(map(str, wrong))}.",
            code="concentration.share",
            hint="For example top=[0.01, 0.2], level=0.95.",
        )


def _findings(y: Array) -> list[Finding]:
    negative = int((y < 0).sum())
    if not negative:
        return []
    text = Text(
        f"{integer(negative)} customers have a negative amount: the Gini index can exceed 1 and "
        "the curve dips below 0.",
        f"{integer(negative)} 位客户的金额为负：基尼系数可能超过 1，曲线会低于 0。",
    )
    hint = Text("Look at their refunds.", "请核查其退款记录。")
    return [Finding("concentration.negative", text, hint, "note")]
