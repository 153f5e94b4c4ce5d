"""The noun of predicted customer value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyaltysem.clv.formulas.comparison import FormulaComparison
from loyaltysem.clv.printed import Printed
from loyaltysem.clv.purchase.fitted import PurchaseFit
from loyaltysem.clv.purchase.spending import SpendingFit
from loyaltysem.clv.segments.concentration import Concentration, concentration
from loyaltysem.core.display import integer, number, percent
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text

MEASURES: Mapping[str, Text] = {
    "customers": Text("customers", "客户数"),
    "total": Text("total value", "总价值"),
    "ci_lower": Text("lower limit of the total", "总价值置信下限"),
    "ci_upper": Text("upper limit of the total", "总价值置信上限"),
    "mean": Text("mean per customer", "每位客户均值"),
    "median": Text("median", "中位数"),
    "p90": Text("90th percentile", "第 90 百分位"),
    "p_alive": Text("mean P(alive)", "平均存活概率"),
    "purchases": Text("expected purchases", "预期购买次数"),
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CustomerValue(Printed):
    """Predicted value of each customer, its total and its distribution.

    Attributes
    ----------
    frame : DataFrame
        One row a customer: ``customer frequency recency T monetary p_alive expected_purchases
        discounted_purchases expected_spending clv``, times in weeks, `clv` in currency.
    summary : DataFrame
        ``measure label_en label_zh value``.
    deciles : DataFrame
        Customers by value, the best first: ``decile n mean total share cumulative``.
    formulas : FormulaComparison
        The simple formulas for the same customers.
    purchase : PurchaseFit
    spending : SpendingFit
    horizon : float or None
        Years; None for all future.
    discount_rate : float
        A year.
    margin : float
        Share of revenue that is left.
    total, ci_lower, ci_upper : float
        Value of all customers and the interval from the uncertainty of the parameters.
    level : float
    interval : str
        ``delta`` or ``bootstrap``.
    currency : str, optional
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    summary: pd.DataFrame
    deciles: pd.DataFrame
    formulas: FormulaComparison
    purchase: PurchaseFit
    spending: SpendingFit
    horizon: float | None
    discount_rate: float
    margin: float
    total: float
    ci_lower: float
    ci_upper: float
    level: float
    interval: str
    currency: str | None
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """Total, horizon and interval."""
        span = "all future" if self.horizon is None else f"{number(self.horizon, 1)} years"
        unit = f" {self.currency}" if self.currency else ""
        model = f"{self.purchase.likelihood.family.name} × Gamma-Gamma"
        return (
            f"Customer value over {span} at {percent(self.discount_rate)}"
            f" ({model}): {number(self.total, 0)}{unit}"
            f" [{number(self.ci_lower, 0)}, {number(self.ci_upper, 0)}]"
            f" of {integer(len(self.frame))} customers"
        )

    @property
    def printed(self) -> pd.DataFrame:
        """The summary: rows of customers are not printed."""
        return self.summary

    def concentration(self) -> Concentration:
        """Return how the value is spread; see `segments.concentration`."""
        if self.total <= 0:
            raise DataError(
                "The predicted values sum to nothing.",
                code="value.nothing",
                hint="Look at the findings of the models behind them.",
            )
        return concentration(self.frame["clv"].to_numpy())


def summary_frame(frame: pd.DataFrame, lower: float, upper: float) -> pd.DataFrame:
    """Return the measures of `CustomerValue.summary`."""
    clv = frame["clv"]
    values = {
        "customers": float(len(frame)),
        "total": float(clv.sum()),
        "ci_lower": lower,
        "ci_upper": upper,
        "mean": float(clv.mean()),
        "median": float(clv.median()),
        "p90": float(clv.quantile(0.9)),
        "p_alive": float(frame["p_alive"].mean()),
        "purchases": float(frame["expected_purchases"].sum(min_count=1)),
    }
    return pd.DataFrame(
        {
            "measure": list(MEASURES),
            "label_en": [text.en for text in MEASURES.values()],
            "label_zh": [text.zh for text in MEASURES.values()],
            "value": [values[name] for name in MEASURES],
        }
    )


def decile_frame(clv: pd.Series[float]) -> pd.DataFrame:
    """Return tenths of the customers, the best first, with what they hold.

    Examples
    --------
    >>> decile_frame(pd.Series(range(1, 11)))[["decile", "total", "cumulative"]].head(2)
       decile  total  cumulative
    0       1   10.0    0.181818
    1       2    9.0    0.345455
    """
    ordered = np.sort(clv.to_numpy(np.float64))[::-1]
    parts = np.array_split(ordered, 10)
    totals = np.array([part.sum() for part in parts])
    return pd.DataFrame(
        {
            "decile": np.arange(1, 11),
            "n": [len(part) for part in parts],
            "mean": [part.mean() if len(part) else np.nan for part in parts],
            "total": totals,
            "share": totals / totals.sum(),
            "cumulative": np.cumsum(totals) / totals.sum(),
        }
    )
