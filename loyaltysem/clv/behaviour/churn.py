"""Churn by a rule of inactivity: who is lost now, and how many were lost in each period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.days import (
    Period,
    checked_period,
    customer_days,
    date_of,
    floats,
    money_columns,
    number_of,
    period_label,
    period_of,
    period_start,
    whole_numbers,
)
from loyaltysem.clv.behaviour.findings import require_customers, without_purchase
from loyaltysem.clv.behaviour.inactivity import inactivity_gap, marked_gaps
from loyaltysem.clv.behaviour.proportions import LEVEL, normal_quantile, wilson
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.errors import Finding

COUNTS = ("won", "returned", "lost")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Churn(Printed):
    """Customers lost to a stated inactivity.

    Attributes
    ----------
    frame : DataFrame
        One row a period: ``period, period_start, at_start`` (active when it begins), ``won,
        returned`` (bought again after having been lost), ``lost`` (their gap became full),
        ``at_end, churn_rate`` (lost / (at_start + won + returned)), with Wilson's ``ci_lower,
        ci_upper``.
    status : DataFrame
        On the last day, ``status`` active and lost: ``customers, share, ci_lower, ci_upper, amount,
        amount_share`` (net, all time) and ``margin`` where the log has it.
    gap : int
        Days without purchase after which a customer is lost.
    by : {"week", "month", "quarter", "year"}
    level : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    status: pd.DataFrame
    gap: int
    by: Period
    level: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """The rule."""
        return f"Churn by {self.by}: lost after {self.gap} days without purchase"


def churn(
    log: TransactionLog, *, gap: int | None = None, by: str = "month", level: float = LEVEL
) -> Churn:
    """Count the customers who are lost, and when they were.

    Parameters
    ----------
    log : TransactionLog
    gap : int, optional
        Days without purchase after which a customer is lost. Unless given, the 90 % quantile of all
        times between purchases, which a finding states.
    by : {"week", "month", "quarter", "year"}
        Periods of the table.
    level : float
        Confidence of Wilson's intervals.

    Returns
    -------
    Churn

    Raises
    ------
    IncompatibleRequestError
        For a gap, period or level that cannot be.
    DataError
        When nobody has bought, or the gap cannot be taken from the data.

    Notes
    -----
    A customer is lost on the day on which `gap` days without purchase are full, and is back with
    the next purchase. Each stay begins once and is lost at most once, so that ``churn_rate`` is a
    share of the stays of a period.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aabc"), "amount": [10.0, 10, 20, 40],
    ...     "time": ["2024-01-05", "2024-03-01", "2024-01-09", "2024-03-03"]})
    >>> churn(transactions(orders).log, gap=30).frame[["won", "returned", "lost"]].values.tolist()
    [[2, 0, 0], [0, 0, 2], [1, 1, 0]]
    """
    period = checked_period(by)
    normal_quantile(level)
    days, said = inactivity_gap(log, gap)
    status = _status(log, days, level)
    require_customers(int(status["customers"].sum()))
    frame = _frame(log, _daily(log, days), period, level)
    told = (*said, *without_purchase(log, int(status["customers"].sum())))
    return Churn(frame, status, days, period, level, told)


def daily_changes(log: TransactionLog, gap: int) -> Any:
    """Return how many customers were won, came back and were lost on each day.

    Returns
    -------
    ibis.Table
        ``n`` (the day's number), ``won, returned, lost``.
    """
    import ibis

    rows = marked_gaps(log, gap)
    window = ibis.window(group_by=rows.customer, order_by=rows.n)
    rows = rows.mutate(before=rows.gap.lag().over(window))
    none = ibis.literal(0, type="int64")
    came = rows.select(
        "n",
        won=(rows.order == 0).cast("int64"),
        returned=(rows.before > gap).fill_null(False).cast("int64"),
        lost=none,
    )
    left = rows.filter(rows.lost)
    went = left.select(n=left.n + gap, won=none, returned=none, lost=none + 1)
    both = ibis.union(came, went)
    return both.group_by("n").aggregate(**{name: both[name].sum() for name in COUNTS})


def _daily(log: TransactionLog, gap: int) -> pd.DataFrame:
    return whole_numbers(log.run(daily_changes(log, gap)), "n", *COUNTS)


def _frame(log: TransactionLog, daily: pd.DataFrame, by: Period, level: float) -> pd.DataFrame:
    place = [period_of(date_of(n), by) for n in daily["n"]]
    counts = daily.groupby(np.asarray(place))[list(COUNTS)].sum()
    counts = counts.reindex(range(min(place), period_of(log.end, by) + 1), fill_value=0)
    at_end = (counts["won"] + counts["returned"] - counts["lost"]).cumsum()
    at_start = at_end.shift(fill_value=0)
    stays = at_start + counts["won"] + counts["returned"]
    lower, upper = wilson(counts["lost"], stays, level)
    return pd.DataFrame(
        {
            "period": [period_label(n, by) for n in counts.index],
            "period_start": pd.to_datetime([period_start(n, by) for n in counts.index]),
            "at_start": at_start.to_numpy(),
            **{name: counts[name].to_numpy() for name in COUNTS},
            "at_end": at_end.to_numpy(),
            "churn_rate": (counts["lost"] / stays.where(stays > 0)).to_numpy(),
            "ci_lower": lower,
            "ci_upper": upper,
        }
    )


def _status(log: TransactionLog, gap: int, level: float) -> pd.DataFrame:
    days = customer_days(log)
    money = money_columns(log)
    each = days.group_by("customer").aggregate(
        last=days.n.max(where=days.bought), **{name: days[name].sum() for name in money}
    )
    each = each.filter(each["last"].notnull())
    each = each.mutate(gone=(number_of(log.end) - each["last"]) >= gap)
    found = log.run(
        each.group_by("gone").aggregate(
            customers=each.count(), **{name: each[name].sum() for name in money}
        )
    )
    found = floats(whole_numbers(found, "customers"), *money).set_index("gone")
    found = found.reindex([False, True], fill_value=0).reset_index(drop=True)
    total = int(found["customers"].sum())
    lower, upper = wilson(found["customers"], [total, total], level)
    share = found["customers"] / max(total, 1)
    found.insert(0, "status", ["active", "lost"])
    found.insert(2, "share", share)
    found.insert(3, "ci_lower", lower)
    found.insert(4, "ci_upper", upper)
    found.insert(6, "amount_share", found["amount"] / found["amount"].sum())
    return found
