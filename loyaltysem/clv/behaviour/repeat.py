"""Repeat purchase: how many first-time buyers come back, and how soon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.days import (
    checked_days,
    customer_days,
    floats,
    money_columns,
    number_of,
    whole_numbers,
)
from loyaltysem.clv.behaviour.findings import require_customers, without_purchase
from loyaltysem.clv.behaviour.proportions import LEVEL, normal_quantile, wilson
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer, percent
from loyaltysem.core.errors import Finding

WINDOWS = (30, 90, 180, 365)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RepeatPurchase(Printed):
    """Shares of customers who buy again.

    Attributes
    ----------
    frame : DataFrame
        One row a window: ``window`` (days from the first purchase; NaN: all of the observation),
        ``customers`` (followed for the whole window), ``repeaters, rate, ci_lower, ci_upper``
        (Wilson).
    contribution : DataFrame
        ``customers``: once, repeat; their ``count, orders, amount, amount_share`` (net) and
        ``margin`` where the log has it.
    level : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    contribution: pd.DataFrame
    level: float
    findings: tuple[Finding, ...]

    @property
    def rate(self) -> float:
        """Customers with a second purchase occasion over all customers."""
        return float(self.frame["rate"].iloc[-1])

    @property
    def title(self) -> str:
        """The rate over all of the observation."""
        last = self.frame.iloc[-1]
        return f"Repeat purchase: {percent(last['rate'])} of {integer(last['customers'])} customers"


def repeat_purchase(
    log: TransactionLog, *, windows: Sequence[int] = WINDOWS, level: float = LEVEL
) -> RepeatPurchase:
    """Measure how many customers buy on a second day.

    Parameters
    ----------
    log : TransactionLog
    windows : sequence of int
        Days from the first purchase within which the second counts.
    level : float
        Confidence of Wilson's intervals.

    Returns
    -------
    RepeatPurchase

    Raises
    ------
    IncompatibleRequestError
        For windows or a level that cannot be.
    DataError
        When nobody has bought.

    Notes
    -----
    A window has in its denominator only customers observed for so long, so that recent customers do
    not lower it. The rate over all of the observation is the usual one and mixes customers known
    for years with those of yesterday.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aabc"), "amount": [10.0, 10, 20, 40],
    ...     "time": ["2024-01-05", "2024-01-25", "2024-01-09", "2024-03-03"]})
    >>> repeat_purchase(transactions(orders).log, windows=[30]).frame["rate"].round(3).tolist()
    [0.5, 0.333]
    """
    wanted = sorted({checked_days(w, "windows") for w in windows})
    normal_quantile(level)
    found = whole_numbers(log.run(second_purchases(log)), "followed", "customers")
    require_customers(len(found))
    rows = [_window(found, days) for days in (*wanted, None)]
    frame = pd.DataFrame(rows)
    lower, upper = wilson(frame["repeaters"], frame["customers"], level)
    frame["rate"] = frame["repeaters"] / frame["customers"].where(frame["customers"] > 0)
    frame = frame.assign(ci_lower=lower, ci_upper=upper)
    told = without_purchase(log, int(found["customers"].sum()))
    return RepeatPurchase(frame, _contribution(log), level, told)


def second_purchases(log: TransactionLog) -> Any:
    """Return how many customers share how long they are followed and when they came back.

    Returns
    -------
    ibis.Table
        ``followed`` (days from the first purchase to the end), ``wait`` (days to the second
        occasion, null if there was none), ``customers``.
    """
    import ibis

    days = customer_days(log)
    bought = days.filter(days.bought).select("customer", "n")
    window = ibis.window(group_by=bought.customer, order_by=bought.n)
    ranked = bought.mutate(order=ibis.row_number().over(window).cast("int64"))
    each = ranked.filter(ranked.order < 2)
    each = each.group_by("customer").aggregate(
        first=each.n.min(), second=each.n.max(where=each.order == 1)
    )
    each = each.select(
        followed=number_of(log.end) - each["first"], wait=each.second - each["first"]
    )
    return each.group_by("followed", "wait").aggregate(customers=each.count())


def _window(found: pd.DataFrame, days: int | None) -> dict[str, float]:
    wait = found["wait"].astype("float64")
    limit = np.inf if days is None else days
    seen = found["followed"] >= (0 if days is None else days)
    return {
        "window": np.nan if days is None else days,
        "customers": int(found.loc[seen, "customers"].sum()),
        "repeaters": int(found.loc[seen & (wait <= limit), "customers"].sum()),
    }


def _contribution(log: TransactionLog) -> pd.DataFrame:
    days, money = customer_days(log), money_columns(log)
    each = days.group_by("customer").aggregate(
        orders=days.bought.cast("int64").sum(), **{name: days[name].sum() for name in money}
    )
    each = each.filter(each.orders > 0)
    each = each.mutate(again=each.orders > 1)
    found = log.run(
        each.group_by("again").aggregate(
            count=each.count(),
            orders=each.orders.sum(),
            **{name: each[name].sum() for name in money},
        )
    )
    found = floats(whole_numbers(found, "count", "orders"), *money).set_index("again")
    found = found.reindex([False, True], fill_value=0).reset_index(drop=True)
    found.insert(0, "customers", ["once", "repeat"])
    found.insert(4, "amount_share", found["amount"] / found["amount"].sum())
    return found
