"""Measures of customers in windows, on one or many days, in one pass over the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.segments.tier_rules import NEEDS, Measure
from loyaltysem.clv.summary import purchase_days
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.types import Array

#: Money is rounded so that sums added up in another order pass the same thresholds.
DECIMALS = 6
#: What a column is computed from, at the customer and day or at the row.
OF_DAYS = frozenset({"spend", "orders", "average_order"})


def customer_measures(
    log: TransactionLog, measures: Sequence[Measure], days: Sequence[date]
) -> Any:
    """Return one row a customer with every measure on every day.

    Parameters
    ----------
    log : TransactionLog
    measures : sequence of Measure
    days : sequence of date
        Days stood at; the table holds customers with a purchase by the last of them.

    Returns
    -------
    ibis.Table
        ``customer, first_day, last_day`` and a column ``name@k`` for each measure on day k; the
        last purchase by day k is ``last@k``.

    Raises
    ------
    IncompatibleRequestError
        The log has no column of margins or categories that a measure needs.
    """
    _check_columns(log, measures)
    table = _from_days(log, measures, days)
    rows = _from_rows(log, measures, days)
    return table if rows is None else table.left_join(rows, "customer").drop("customer_right")


def measure_arrays(
    frame: pd.DataFrame, measures: Sequence[Measure], end: date, k: int
) -> dict[str, np.ndarray]:
    """Return the measures on day `k`, by name, shape (N,); NaN for who had not bought by then.

    Parameters
    ----------
    frame : DataFrame
        From `customer_measures`.
    """
    first = pd.to_datetime(frame["first_day"])
    here = (first <= pd.Timestamp(end)).to_numpy()
    found: dict[str, np.ndarray] = {}
    for measure in measures:
        values: np.ndarray
        if measure.kind == "tenure":
            values = months_since(first, end)
        elif measure.kind == "recency":
            last = pd.to_datetime(frame[f"last@{k}"])
            values = (pd.Timestamp(end) - last).dt.days.to_numpy(np.float64)
        elif measure.kind == "average_order":
            values = _average(frame, measure, k)
        else:
            values = frame[f"{measure.name}@{k}"].fillna(0).to_numpy(np.float64)
        found[measure.name] = np.where(here, values, np.nan)
    return found


def months_since(first: pd.Series, end: date) -> Array:
    """Return calendar months from each day to `end`, with the share of the month begun.

    Six months are full on the same day of the sixth month after, or on its last day where it is
    shorter, as windows of months are counted: a year is twelve, whatever its days.

    Examples
    --------
    >>> days = pd.Series(pd.to_datetime(["2023-03-01", "2023-08-31", "2024-02-15"]))
    >>> months_since(days, date(2024, 2, 29)).round(3).tolist()
    [11.966, 6.0, 0.483]
    """
    stand = pd.Timestamp(end)
    whole = 12 * (stand.year - first.dt.year) + stand.month - first.dt.month
    before, this, after = (_in_month(pd.Period(stand, "M") + k, first) for k in (-1, 0, 1))
    late = (this > stand).to_numpy()  # the day of this month has not come
    last, following = this.where(~late, before), after.where(~late, this)
    share = (stand - last) / (following - last)
    return np.asarray(whole - late + share, dtype=np.float64)


def _in_month(month: pd.Period, first: pd.Series) -> pd.Series:
    """Return the same days in another month, its last day where it is too short for them."""
    day = first.dt.day.clip(upper=month.days_in_month)
    found: pd.Series = month.start_time + pd.to_timedelta(day - 1, unit="D")
    return found


def _average(frame: pd.DataFrame, measure: Measure, k: int) -> np.ndarray:
    spend, orders = (
        frame[f"{Measure(kind, measure.count, measure.unit).name}@{k}"].to_numpy(np.float64)
        for kind in ("spend", "orders")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.round(spend / orders, DECIMALS))


def _from_days(log: TransactionLog, measures: Sequence[Measure], days: Sequence[date]) -> Any:
    rows = purchase_days(log, end=max(days))
    columns = {
        "first_day": rows.day.min(where=rows.is_purchase),
        "last_day": rows.day.max(where=rows.is_purchase),
    }
    for k, end in enumerate(days):
        seen = rows.is_purchase & (rows.day <= end)
        columns[f"last@{k}"] = rows.day.max(where=seen)
        for measure in (m for m in measures if m.kind in OF_DAYS):
            columns |= _of_days(rows, measure, end, k)
    per = rows.group_by("customer").aggregate(**columns)
    return per.filter(per.first_day.notnull())


def _of_days(rows: Any, measure: Measure, end: date, k: int) -> dict[str, Any]:
    inside = _window(rows, measure, end)
    spend = Measure("spend", measure.count, measure.unit).name
    orders = Measure("orders", measure.count, measure.unit).name
    return {
        f"{spend}@{k}": rows.amount.sum(where=inside).fill_null(0.0).round(DECIMALS),
        f"{orders}@{k}": rows.count(where=inside & rows.is_purchase),
    }


def _from_rows(log: TransactionLog, measures: Sequence[Measure], days: Sequence[date]) -> Any:
    """Return what is computed of single rows, or None where nothing is."""
    rows = log.table.filter(log.table.day <= max(days))
    columns = {}
    for k, end in enumerate(days):
        for measure in measures:
            inside = _window(rows, measure, end)
            if measure.kind == "margin":
                total = rows.margin.sum(where=inside).fill_null(0.0)
                columns[f"{measure.name}@{k}"] = total.round(DECIMALS)
            elif measure.kind == "categories":
                bought = inside & rows.is_purchase
                columns[f"{measure.name}@{k}"] = rows.category.nunique(where=bought)
    return rows.group_by("customer").aggregate(**columns) if columns else None


def _window(rows: Any, measure: Measure, end: date) -> Any:
    start = measure.start(end)
    inside = rows.day <= end
    return inside if start is None else inside & (rows.day > start)


def _check_columns(log: TransactionLog, measures: Sequence[Measure]) -> None:
    absent = sorted(
        {
            f"'{measure.name}' needs {NEEDS[measure.kind]}="
            for measure in measures
            if measure.kind in NEEDS and NEEDS[measure.kind] not in log.table.columns
        }
    )
    if absent:
        raise IncompatibleRequestError(
            f"The log lacks columns the rules ask for: {'; '.join(absent)}.",
            code="tiers.column",
            hint="Name the column when opening the log, or change the condition.",
        )
