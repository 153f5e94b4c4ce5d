"""Expressions shared by this folder: customer days as whole numbers, periods, gaps.

A day is counted from 1970-01-01 as soon as it is read: whole numbers add and subtract alike on
every engine, dates do not.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.core.errors import IncompatibleRequestError

Period: TypeAlias = Literal["week", "month", "quarter", "year"]
PERIODS: tuple[Period, ...] = ("week", "month", "quarter", "year")
EPOCH = date(1970, 1, 1)
#: 1970-01-01 was a Thursday: three days after a Monday.
AFTER_MONDAY = 3


def number_of(day: date) -> int:
    """Return a date as days since 1970-01-01."""
    return (day - EPOCH).days


def date_of(number: int) -> date:
    """Return the date of a number of days."""
    return EPOCH + timedelta(days=int(number))


def day_number(day: Any) -> Any:
    """Return a date column as whole days since 1970-01-01."""
    import ibis

    return day.delta(ibis.literal(EPOCH), unit="day").cast("int64")


def checked_period(by: str) -> Period:
    """Return a period by its name.

    Raises
    ------
    IncompatibleRequestError
        When there is no such period.
    """
    for period in PERIODS:
        if by == period:
            return period
    raise IncompatibleRequestError(
        f"by={by!r} is no period.",
        code="behaviour.period",
        hint="Use 'week', 'month', 'quarter' or 'year'.",
    )


def period_number(day: Any, by: Period) -> Any:
    """Return the period of a date column as a whole number; the next period has the next number."""
    if by == "week":
        return ((day_number(day) + AFTER_MONDAY) / 7).floor().cast("int64")
    if by == "month":
        return (day.year() * 12 + day.month() - 1).cast("int64")
    if by == "quarter":
        return (day.year() * 4 + ((day.month() - 1) / 3).floor()).cast("int64")
    return day.year().cast("int64")


def period_of(day: date, by: Period) -> int:
    """Return the number of the period a date lies in.

    Examples
    --------
    >>> period_of(date(2024, 5, 1), "quarter") - period_of(date(2023, 12, 31), "quarter")
    2
    """
    if by == "week":
        return (number_of(day) + AFTER_MONDAY) // 7
    parts = {"month": 12, "quarter": 4, "year": 1}[by]
    return day.year * parts + (day.month - 1) * parts // 12


def period_start(number: int, by: Period) -> date:
    """Return the first day of a period.

    Examples
    --------
    >>> period_start(period_of(date(2024, 5, 16), "week"), "week")
    datetime.date(2024, 5, 13)
    """
    if by == "week":
        return date_of(number * 7 - AFTER_MONDAY)
    parts = {"month": 12, "quarter": 4, "year": 1}[by]
    return date(number // parts, (number % parts) * 12 // parts + 1, 1)


def period_label(number: int, by: Period) -> str:
    """Return a period as it is printed; weeks by the year and week of ISO 8601.

    Examples
    --------
    >>> [period_label(period_of(date(2024, 12, 30), by), by) for by in PERIODS]
    ['2025-W01', '2024-12', '2024-Q4', '2024']
    """
    first = period_start(number, by)
    if by == "week":
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02d}"
    if by == "quarter":
        return f"{first.year}-Q{(first.month + 2) // 3}"
    return f"{first:%Y-%m}" if by == "month" else f"{first.year}"


def customer_days(log: TransactionLog, *, by: Period | None = None) -> Any:
    """Return one row a customer and day up to the log's end.

    Returns
    -------
    ibis.Table
        ``customer, n`` (the day's number), ``bought`` (bool: a purchase occasion), ``amount`` (net
        of refunds), ``margin`` where the log has it, ``period`` where `by` is given.
    """
    days = _kept_days(log)
    names = ("customer", "bought", *money_columns(log), "n")
    periods = {"period": period_number(days.day, by)} if by else {}
    return days.select(*names, **periods)


def _kept_days(log: TransactionLog) -> Any:
    """Return customer days as a table that stays in the engine: every analysis starts from it."""
    if "customer_days" not in log.memo:
        rows = log.table.filter(log.table.day <= log.end)
        sums = {name: rows[name].sum() for name in money_columns(log)}
        days = rows.group_by("customer", "day").aggregate(bought=rows.is_purchase.any(), **sums)
        log.memo["customer_days"] = log.keep(days.mutate(n=day_number(days.day)))
    return log.memo["customer_days"]


def money_columns(log: TransactionLog) -> tuple[str, ...]:
    """Return the money the log has: ``amount``, and ``margin`` where it was named."""
    return tuple(name for name in ("amount", "margin") if name in log.table.columns)


def purchase_gaps(log: TransactionLog) -> Any:
    """Return one row a purchase occasion with the days to the next.

    Returns
    -------
    ibis.Table
        ``customer, n, order`` (0 for the first), ``gap`` (null for the last).
    """
    import ibis

    days = customer_days(log)
    bought = days.filter(days.bought).select("customer", "n")
    window = ibis.window(group_by=bought.customer, order_by=bought.n)
    return bought.mutate(
        order=ibis.row_number().over(window).cast("int64"),
        gap=(bought.n.lead().over(window) - bought.n).cast("int64"),
    )


def whole_numbers(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Return the frame with columns as int64, missing ones as 0; engines differ in how sums come.

    Examples
    --------
    >>> whole_numbers(pd.DataFrame({"x": [1.0, None]}), "x")["x"].tolist()
    [1, 0]
    """
    return frame.assign(
        **{n: frame[n].astype("float64").fillna(0.0).astype(np.int64) for n in names}
    )


def floats(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Return the frame with columns as float64, missing values as NaN."""
    return frame.assign(**{n: frame[n].astype("float64") for n in names})


def require_column(log: TransactionLog, name: str, purpose: str) -> None:
    """Say how to name a column when the log has none of that name.

    Raises
    ------
    IncompatibleRequestError
        Code ``behaviour.no_column``.
    """
    if name in log.table.columns:
        return
    role = f"{name}=…" if name in {"category", "margin"} else f"extra=[{name!r}]"
    raise IncompatibleRequestError(
        f"{purpose} needs the column '{name}'; the log has {', '.join(log.table.columns)}.",
        code="behaviour.no_column",
        hint=f"Name it when the log is opened: ls.transactions(…, {role}).",
    )


def checked_days(value: object, name: str) -> int:
    """Return a length of time in whole days.

    Raises
    ------
    IncompatibleRequestError
        When it is no whole number of at least one day.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise IncompatibleRequestError(
            f"{name}={value!r} is no number of days.",
            code="behaviour.days",
            hint=f"Give a whole number of at least 1, such as {name}=90.",
        )
    return int(value)
