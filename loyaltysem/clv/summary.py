"""Each customer in four numbers: how often, how recently, how long known, how much."""

from __future__ import annotations

from datetime import date
from typing import Any

from loyaltysem.clv.log.transaction_log import TransactionLog

#: Days in a unit of time.
UNITS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12.0, "year": 365.25}


def purchase_days(log: TransactionLog, *, end: date | None = None) -> Any:
    """Return one row a customer and day: ``customer, day, amount`` (net), ``is_purchase``."""
    rows = log.table.filter(log.table.day <= (end or log.end))
    return rows.group_by("customer", "day").aggregate(
        amount=rows.amount.sum(), is_purchase=rows.is_purchase.any()
    )


def customer_summary(log: TransactionLog, *, end: date | None = None, unit: str = "week") -> Any:
    """Return one row a customer: frequency, recency, T and monetary value.

    Parameters
    ----------
    log : TransactionLog
    end : date, optional
        Last day of calibration; the log's unless given.
    unit : {"day", "week", "month", "year"}
        Of recency and T.

    Returns
    -------
    ibis.Table
        ``customer, frequency, recency, T, monetary, first_day, last_day, n_orders, total``.
    """
    import ibis

    last = end or log.end
    days = purchase_days(log, end=last)
    per = days.group_by("customer").aggregate(
        n_days=days.count(where=days.is_purchase),
        first_day=days.day.min(where=days.is_purchase),
        last_day=days.day.max(where=days.is_purchase),
        first_amount=days.amount.argmin(days.day, where=days.is_purchase),
        total=days.amount.sum(),
    )
    per = per.filter(per.n_days > 0).mutate(last_of_log=ibis.literal(last))
    scale = UNITS[unit]
    repeat = per.n_days - 1
    return per.select(
        "customer",
        frequency=repeat,
        recency=per.last_day.delta(per.first_day, unit="day").cast("float64") / scale,
        T=per.last_of_log.delta(per.first_day, unit="day").cast("float64") / scale,
        monetary=(per.total - per.first_amount) / repeat.nullif(0).cast("float64"),
        first_day=per.first_day,
        last_day=per.last_day,
        n_orders=per.n_days,
        total=per.total,
    )
