"""Complaints: who complains, when, and who buys again afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.days import (
    EPOCH,
    checked_days,
    customer_days,
    number_of,
    purchase_gaps,
    whole_numbers,
)
from loyaltysem.clv.behaviour.findings import note
from loyaltysem.clv.behaviour.proportions import LEVEL, normal_quantile, wilson
from loyaltysem.clv.behaviour.side_tables import side_table, unmatched
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Complaints(Printed):
    """Complaints of the customers of a log.

    Attributes
    ----------
    frame : DataFrame
        One row a customer who complained: ``customer, complaints, first_after`` (days from the
        first purchase to the first complaint), ``next_purchase`` (days from the last complaint to
        the next purchase; NaN: none yet), ``orders`` (purchase days), ``bought_again``.
    summary : DataFrame
        ``measure, count, of, rate, ci_lower, ci_upper`` (Wilson): customers who complained, of all;
        customers who complained more than once, of those; complaints followed by a purchase within
        the window, of those observed for so long; and, to hold it against, purchases followed by
        another within the window, of those observed for so long.
    per_customer, per_order : float
        Complaints over customers, and over purchase days.
    window : int
        Days.
    level : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    summary: pd.DataFrame
    per_customer: float
    per_order: float
    window: int
    level: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many complained."""
        row = self.summary.iloc[0]
        return f"Complaints: {integer(row['count'])} of {integer(row['of'])} customers"

    @property
    def printed(self) -> pd.DataFrame:
        """The shares."""
        return self.summary

    @property
    def repurchase(self) -> float:
        """Share of complaints that a purchase follows within the window."""
        return float(self.summary["rate"].iloc[2])


def complaints(
    log: TransactionLog,
    events: object,
    *,
    customer: str = "customer",
    time: str = "time",
    window: int = 90,
    level: float = LEVEL,
) -> Complaints:
    """Set complaints beside the purchases of those who made them.

    Parameters
    ----------
    log : TransactionLog
    events : DataFrame or Ibis table
        One row a complaint.
    customer, time : str
        Its columns.
    window : int
        Days after a complaint in which a purchase counts as coming back.
    level : float
        Confidence of Wilson's intervals.

    Returns
    -------
    Complaints

    Raises
    ------
    DataError
        The table lacks a column, has rows without customer or time, or holds no complaint.
    IncompatibleRequestError
        For a window or level that cannot be.

    Notes
    -----
    A purchase after a complaint is one on a later day. The last row of `summary` is no control
    group: who complains differs in more than the complaint.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aabb"), "amount": 1.0,
    ...     "time": ["2024-01-01", "2024-01-21", "2024-01-01", "2024-06-30"]})
    >>> said = pd.DataFrame({"customer": ["a", "b"], "time": ["2024-01-11", "2024-01-05"]})
    >>> complaints(transactions(orders).log, said).repurchase
    0.5
    """
    days = checked_days(window, "window")
    normal_quantile(level)
    given = _events(side_table(log, events, [customer, time], "complaints"), customer, time)
    inside, told = _inside(log, given)
    bought, totals = log.run(purchases_of(log, inside["customer"])), _totals(log, days)
    matched = inside[inside["customer"].isin(set(bought["customer"]))]
    told = (*told, *unmatched(
        len(inside) - len(matched), len(inside), Text("complaints", "投诉记录"),
        "complaints.unmatched",
    ))  # fmt: skip
    each = _followed(matched, whole_numbers(bought, "n"))
    frame = _by_customer(each, bought)
    summary = _summary(each, frame, totals, days, number_of(log.end), level)
    per = [len(matched) / totals[name] for name in ("customers", "orders")]
    return Complaints(frame, summary, per[0], per[1], days, level, told)


def purchases_of(log: TransactionLog, customers: pd.Series[Any]) -> Any:
    """Return the purchase days of some customers: ``customer, n``."""
    import ibis

    days = customer_days(log)
    wanted = ibis.memtable(pd.DataFrame({"customer": pd.unique(customers).astype(str)}))
    bought = days.filter(days.bought).select("customer", "n")
    return bought.semi_join(wanted, "customer").order_by("customer", "n")


def _events(given: pd.DataFrame, customer: str, time: str) -> pd.DataFrame:
    when = pd.to_datetime(given[time], errors="coerce")
    bad = int(when.isna().sum())
    if bad or given.empty:
        raise DataError(
            f"{integer(bad)} of {integer(len(given))} complaints have no readable time."
            if bad
            else "The table of complaints is empty.",
            code="complaints.time" if bad else "complaints.empty",
            hint="Write times like 2024-05-31.",
        )
    if when.dt.tz is not None:
        when = when.dt.tz_localize(None)
    n = (when.dt.normalize() - pd.Timestamp(EPOCH)).dt.days
    return pd.DataFrame({"customer": given[customer].astype(str), "n": n.astype(np.int64)})


def _inside(log: TransactionLog, given: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Leave out, and count, complaints from outside the days of observation."""
    kept = given["n"].between(number_of(log.start), number_of(log.end))
    left = int((~kept).sum())
    if not left:
        return given, ()
    told = note(
        "complaints.outside",
        f"{integer(left)} complaints do not lie between {log.start} and {log.end}.",
        f"{integer(left)} 条投诉不在 {log.start} 至 {log.end} 之间，未计入。",
    )
    return given[kept], (told,)


def _totals(log: TransactionLog, window: int) -> dict[str, int]:
    """Return customers, purchase days, those observed for the window, and those followed in it."""
    rows = purchase_gaps(log)
    seen = rows.n <= number_of(log.end) - window
    found = log.run(
        rows.aggregate(
            customers=rows.customer.nunique(),
            orders=rows.count(),
            seen=seen.cast("int64").sum(),
            followed=(seen & (rows.gap <= window)).cast("int64").sum(),
        )
    )
    return {name: int(np.nan_to_num(float(found[name].iloc[0]))) for name in found.columns}


def _followed(matched: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    """Return each complaint with the days since the first and to the next purchase."""
    first = bought.groupby("customer")["n"].min()
    since = matched["customer"].map(first).astype(np.float64)  # of none, pandas makes it text
    each = matched.assign(after=matched["n"] - since)
    ordered = each.sort_values("n", kind="stable")
    later = bought.rename(columns={"n": "next"}).sort_values("next", kind="stable")
    for frame, name in ((ordered, "customer"), (later, "customer")):
        frame[name] = frame[name].astype(object)
    joined = pd.merge_asof(
        ordered, later, left_on="n", right_on="next", by="customer", direction="forward",
        allow_exact_matches=False,
    )  # fmt: skip
    return joined.assign(wait=joined["next"] - joined["n"])


def _by_customer(each: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    grouped = each.sort_values("n").groupby("customer")
    frame = pd.DataFrame(
        {
            "complaints": grouped.size(),
            "first_after": grouped["after"].first().astype(float),
            "next_purchase": grouped["wait"].agg(lambda waits: waits.iloc[-1]).astype(float),
        }
    )
    frame["orders"] = bought.groupby("customer").size().reindex(frame.index)
    frame["bought_again"] = frame["next_purchase"].notna()
    return frame.reset_index()


def _summary(
    each: pd.DataFrame,
    frame: pd.DataFrame,
    totals: dict[str, int],
    window: int,
    end: int,
    level: float,
) -> pd.DataFrame:
    seen = each[each["n"] <= end - window]
    shares = [
        ("customers who complained", len(frame), totals["customers"]),
        ("… more than once", int((frame["complaints"] > 1).sum()), len(frame)),
        (
            f"complaints with a purchase in {window} days",
            int((seen["wait"] <= window).sum()),
            len(seen),
        ),
        (f"purchases with another in {window} days", totals["followed"], totals["seen"]),
    ]
    found = pd.DataFrame(shares, columns=["measure", "count", "of"])
    lower, upper = wilson(found["count"], found["of"], level)
    rate = found["count"] / found["of"].where(found["of"] > 0)
    return found.assign(rate=rate, ci_lower=lower, ci_upper=upper)
