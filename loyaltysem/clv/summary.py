"""Each customer in four numbers: how often, how recently, how long known, how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer, number
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError, did_you_mean
from loyaltysem.core.memo import remembered
from loyaltysem.core.text import Text

#: Days in a unit of time; months and years of mean length.
UNITS: Mapping[str, float] = MappingProxyType(
    {"day": 1.0, "week": 7.0, "month": 365.25 / 12.0, "year": 365.25}
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CustomerSummary(Printed):
    """Frequency, recency, T and monetary value of every customer.

    Parameters
    ----------
    table : ibis.Table
        One row a customer, kept in the engine; see `customer_summary`.
    unit : {"day", "week", "month", "year"}
        Of ``recency``, ``T`` and ``holdout_T``.
    end : date
        Last day of calibration.
    log : TransactionLog
        What it was taken from.
    findings : tuple of Finding
    """

    table: Any
    unit: str
    end: date
    log: TransactionLog
    findings: tuple[Finding, ...] = ()
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @remembered
    def frame(self) -> pd.DataFrame:
        """All customers, in order of their names; fetched from the engine when first read."""
        return self.log.run(self.table.order_by("customer"))

    @remembered
    def printed(self) -> pd.DataFrame:
        """Mean, standard deviation and range of each number."""
        t = self.table
        names = [n for n in t.columns if t[n].type().is_numeric()]
        found = t.aggregate(
            **{f"mean_{n}": t[n].cast("float64").mean() for n in names},
            **{f"sd_{n}": t[n].cast("float64").std() for n in names},
            **{f"minimum_{n}": t[n].cast("float64").min() for n in names},
            **{f"maximum_{n}": t[n].cast("float64").max() for n in names},
        )
        row = self.log.run(found).iloc[0]
        parts = ("mean", "sd", "minimum", "maximum")
        return pd.DataFrame(
            [(n, *(float(row[f"{part}_{n}"]) for part in parts)) for n in names],
            columns=["measure", *parts],
        )

    @property
    def title(self) -> str:
        """How many customers, up to when, in which unit."""
        count = integer(int(self.table.count().to_pandas()))
        return f"{count} customers, {self.log.start} to {self.end}, in {self.unit}s"


def purchase_days(log: TransactionLog, *, end: date | None = None) -> Any:
    """Return one row a customer and day: ``customer, day, amount`` (net), ``is_purchase``."""
    rows = log.table.filter(log.table.day <= end) if end and end < log.end else log.table
    return rows.group_by("customer", "day").aggregate(
        amount=rows.amount.sum(), is_purchase=rows.is_purchase.any()
    )


def customer_summary(
    log: TransactionLog, *, end: date | None = None, unit: str = "week", holdout: bool = False
) -> Any:
    """Return one row a customer who bought: frequency, recency, T and monetary value.

    Parameters
    ----------
    log : TransactionLog
    end : date, optional
        Last day of calibration; the log's unless given.
    unit : {"day", "week", "month", "year"}
        Of recency and T.
    holdout : bool
        Whether to add what the days after `end` brought.

    Returns
    -------
    ibis.Table
        ``customer``; ``frequency`` x, days of purchase after the first; ``recency`` t_x, from the
        first to the last day of purchase; ``T``, from the first day of purchase to `end`;
        ``monetary``, money per repeat day, null where there is none; ``first_day``, ``last_day``;
        ``n_orders``, days of purchase; ``total``, all money net of refunds. With `holdout` also
        ``holdout_frequency`` (days of purchase), ``holdout_T``, ``holdout_total`` and
        ``holdout_monetary`` (money per day of purchase, null where there is none).

    Raises
    ------
    IncompatibleRequestError
        No such unit, or `end` outside the log.

    Notes
    -----
    Orders of one day are one occasion [fader_hardie_lee_counting_2005]_. Monetary value leaves
    out the first day, as the Gamma-Gamma model wants it [fader_hardie_2013]_; refunds of other
    days are taken off repeat spending: monetary = (total − money of the first day) / x.
    """
    last, scale = _checked_end(log, end, holdout), days_in(unit)
    until = log.end if holdout else None
    return _in_units(_per_customer(log, last, until), scale, last, until)


def days_in(unit: str) -> float:
    """Return the days in a unit of time.

    Raises
    ------
    IncompatibleRequestError
        No such unit.
    """
    if unit not in UNITS:
        raise IncompatibleRequestError(
            f"unit={unit!r} is no unit of time.",
            code="summary.unit",
            hint=did_you_mean(str(unit), UNITS) or f"Use: {', '.join(UNITS)}.",
        )
    return UNITS[unit]


def _checked_end(log: TransactionLog, end: date | None, holdout: bool) -> date:
    last = log.end if end is None else pd.Timestamp(end).date()
    if not log.start <= last <= log.end or (holdout and last == log.end):
        raise IncompatibleRequestError(
            f"end={last} leaves nothing to summarise: the log runs from {log.start} to {log.end}.",
            code="summary.end",
            hint="Take a day of the log"
            + (" before its last, so that there are days to hold out." if holdout else "."),
        )
    return last


def _per_customer(log: TransactionLog, last: date, holdout_end: date | None) -> Any:
    """Return counts, first and last day and sums of money, before and after `last`."""
    import ibis

    days = purchase_days(log, end=last if holdout_end is None else None)
    bought = days.is_purchase
    known = ibis.literal(True) if holdout_end is None else days.day <= ibis.literal(last)
    first = bought & known
    later = {}
    if holdout_end is not None:
        later = {
            "holdout_frequency": days.count(where=bought & ~known),
            "holdout_total": ibis.ifelse(known, 0.0, days.amount).sum(),
        }
    found = days.group_by("customer").aggregate(
        n_orders=days.count(where=first),  # a sum of 64-bit numbers would be wider
        first_day=days.day.min(where=first),
        last_day=days.day.max(where=first),
        first_amount=days.amount.argmin(days.day, where=first),
        total=(days.amount if holdout_end is None else ibis.ifelse(known, days.amount, 0.0)).sum(),
        **later,
    )
    return found.filter(found.n_orders > 0)


def _in_units(found: Any, days_a_unit: float, last: date, holdout_end: date | None) -> Any:
    import ibis

    # Engines subtract columns of days, not all of them a day written out.
    found = found.mutate(calibration_end=ibis.literal(last))
    repeats = found.n_orders - 1

    def units(days: Any) -> Any:
        return days.cast("float64") / ibis.literal(days_a_unit, "float64")

    later = {}
    if holdout_end is not None:
        spent, occasions = found.holdout_total, found.holdout_frequency
        later = {
            "holdout_frequency": occasions,
            "holdout_T": ibis.literal((holdout_end - last).days / days_a_unit, "float64"),
            "holdout_total": spent,
            "holdout_monetary": spent / occasions.nullif(0).cast("float64"),
        }
    return found.select(
        customer=found.customer,
        frequency=repeats,
        recency=units(found.last_day.delta(found.first_day, unit="day")),
        T=units(found.calibration_end.delta(found.first_day, unit="day")),
        monetary=(found.total - found.first_amount) / repeats.nullif(0).cast("float64"),
        first_day=found.first_day,
        last_day=found.last_day,
        n_orders=found.n_orders,
        total=found.total,
        **later,
    )


def kept_summary(
    log: TransactionLog, *, end: date | None = None, unit: str = "week", holdout: bool = False
) -> Any:
    """Return `customer_summary`, carried out once and kept in the engine for later questions."""
    last, scale = _checked_end(log, end, holdout), days_in(unit)
    until = log.end if holdout else None
    key = f"summary {last} {until}"
    if key not in log.memo:
        log.memo[key] = log.keep(_per_customer(log, last, until))
    return _in_units(log.memo[key], scale, last, until)


def summarise(
    log: TransactionLog, *, end: date | None = None, unit: str = "week", holdout: bool = False
) -> CustomerSummary:
    """Return the summary of every customer as a result; see `customer_summary`.

    Raises
    ------
    DataError
        Nobody bought anything up to `end`.
    """
    table = kept_summary(log, end=end, unit=unit, holdout=holdout)
    found = log.run(
        table.aggregate(n=table.count(), negative=table.count(where=table.monetary <= 0))
    )
    if not int(found["n"][0]):
        raise DataError(
            "Nobody bought anything in the days summarised.",
            code="summary.empty",
            hint="Look at end=… and at which rows count as purchases.",
        )
    last = log.end if end is None else pd.Timestamp(end).date()
    told = (*log.findings, *_negative(int(found["negative"][0])))
    return CustomerSummary(table, unit, last, log, told)


def _negative(customers: int) -> Iterator[Finding]:
    if customers:
        yield Finding(
            "summary.not_positive",
            Text(
                f"{integer(customers)} repeat customers have a monetary value of "
                f"{number(0, 0)} or less.",
                f"有 {integer(customers)} 位重复购买客户的平均金额为零或负。",
            ),
            Text(
                "Refunds or orders of zero outweigh their repeat orders; models of spending leave "
                "them out.",
                "退款或零元订单抵消了其重复购买；消费模型会将其排除。",
            ),
            severity="note",
        )
