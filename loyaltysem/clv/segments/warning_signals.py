"""Signs that a customer is about to leave, from purchases until a day and nothing after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.segments.rhythm import (
    common_rhythm,
    customer_rhythm,
    purchase_gaps,
    shrunken_rhythm,
)
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Text

SIGNALS: Mapping[str, Text] = MappingProxyType(
    {
        "late": Text("late for the own rhythm", "超过自身购买节奏"),
        "fewer": Text("fewer purchases", "购买次数下降"),
        "less": Text("smaller amounts", "消费金额下降"),
    }
)
DECIMALS = 9


@dataclass(frozen=True, slots=True)
class WarningRule:
    """Who is watched, and what counts as a sign.

    Parameters
    ----------
    late : float
        Share of the customer's own gaps that are shorter than the present silence, from which the
        customer is late; see `signals`.
    fall : float
        Ratio of the last window to the one before, up to which purchases or amounts have fallen.
    window : int
        Days of a window.
    needed : int
        Signs of the three that make a warning.
    orders : int
        Purchase days a customer needs to be watched.
    watched : int
        Days since the last purchase up to which a customer is watched: who is long gone needs no
        warning.
    prior_gaps : float
        Weight of the common rhythm, see `shrunken_rhythm`.
    """

    late: float = 0.9
    fall: float = 0.5
    window: int = 90
    needed: int = 1
    orders: int = 3
    watched: int = 180
    prior_gaps: float = 2.0

    def __post_init__(self) -> None:
        sound = (
            0 < self.late < 1
            and 0 <= self.fall < 1
            and self.window >= 1
            and self.needed in (1, 2, 3)
            and self.orders >= 2
            and self.watched >= 1
            and self.prior_gaps > 0
        )
        if not sound:
            raise IncompatibleRequestError(
                f"Out of range: {self}.",
                code="warning.rule",
                hint="late and fall are shares, needed is 1 to 3, orders from 2, days from 1.",
            )


def signals(log: TransactionLog, rule: WarningRule, end: date) -> Any:
    """Return one row a watched customer with the three signs on a day.

    Parameters
    ----------
    log : TransactionLog
    rule : WarningRule
    end : date
        The day stood at; later rows are not looked at.

    Returns
    -------
    ibis.Table
        ``customer, last_day, n_orders, elapsed, rhythm, lateness, orders_before, orders_recent,
        amount_before, amount_recent, late, fewer, less, n_signals, warned``.

    Notes
    -----
    Lateness is (m + k (1 − e^(−s/r))) / (n + k): m of the customer's n gaps are at most the silence
    s, k prior gaps come as from a Poisson buyer of the rhythm r. Falls compare the last window with
    the one before, of customers who bought at least twice in that.
    """
    table = _windows(log, rule, end)
    ratio = (table.elapsed / table.rhythm) * -1.0
    n = table.n_gaps.cast("float64")
    expected = rule.prior_gaps * (1.0 - ratio.exp())
    lateness = ((table.shorter.cast("float64") + expected) / (n + rule.prior_gaps)).round(DECIMALS)
    table = table.mutate(lateness=lateness)
    compared = table.orders_before >= 2
    table = table.mutate(
        late=table.lateness >= rule.late,
        fewer=compared & (table.orders_recent <= table.orders_before * rule.fall),
        less=compared & (table.amount_recent <= (table.amount_before * rule.fall).round(6)),
    )
    count = sum(table[name].cast("int64") for name in SIGNALS)
    told = table.mutate(n_signals=count)
    return told.select(
        "customer", "last_day", "n_orders", "elapsed", "rhythm", "lateness", "orders_before",
        "orders_recent", "amount_before", "amount_recent", *SIGNALS, "n_signals",
        warned=told.n_signals >= rule.needed,
    )  # fmt: skip


def _windows(log: TransactionLog, rule: WarningRule, end: date) -> Any:
    """Return watched customers with rhythm, gaps up to the present silence, and both windows."""
    own = customer_rhythm(log, end=end)
    common = log.run(common_rhythm(own))["common"].iloc[0]
    known = shrunken_rhythm(own, float(common) if common == common else 1.0, rule.prior_gaps)
    watched = known.filter((known.n_orders >= rule.orders) & (known.elapsed <= rule.watched))
    gaps = purchase_gaps(log, end=end)
    joined = gaps.inner_join(watched.select("customer", "elapsed"), "customer")
    split, start = end - timedelta(days=rule.window), end - timedelta(days=2 * rule.window)
    recent = joined.day > split
    before = (joined.day > start) & (joined.day <= split)
    per = joined.group_by("customer").aggregate(
        shorter=joined.gap.count(where=joined.gap <= joined.elapsed),
        orders_recent=joined.count(where=recent),
        orders_before=joined.count(where=before),
        amount_recent=joined.amount.sum(where=recent).fill_null(0.0).round(6),
        amount_before=joined.amount.sum(where=before).fill_null(0.0).round(6),
    )
    return watched.inner_join(per, "customer")
