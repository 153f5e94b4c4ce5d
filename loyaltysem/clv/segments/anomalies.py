"""Orders that do not look like their customer: flagged and explained, never removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.clv.segments.rhythm import purchase_gaps
from loyaltysem.clv.segments.robust import DECIMALS, robust_scores
from loyaltysem.core.display import integer, number
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.text import Text

KINDS: Mapping[str, Text] = {
    "amount": Text("unusual amount", "金额异常"),
    "rhythm": Text("sudden change of rhythm", "购买节奏突变"),
    "burst": Text("equal orders on one day", "同日重复下单"),
}
COLUMNS = ("kind", "customer", "day", "value", "typical", "score", "n", "reason_en", "reason_zh")
#: Least spread on the scale of logarithms: a tenth up or down is never unusual.
FLOOR = 0.10


@dataclass(frozen=True, slots=True)
class AnomalyRule:
    """What is flagged.

    Parameters
    ----------
    score : float
        Robust score beyond which an amount or a gap is unusual.
    orders : int
        Purchase days a customer needs to be judged by its own habit.
    burst : int
        Rows of one customer, day and amount from which they are a burst.
    """

    score: float = 3.5
    orders: int = 8
    burst: int = 3

    def __post_init__(self) -> None:
        if not (self.score > 0 and self.orders >= 3 and self.burst >= 2):
            raise IncompatibleRequestError(
                f"Out of range: score={self.score}, orders={self.orders}, burst={self.burst}.",
                code="anomalies.rule",
                hint="score above 0, orders from 3, burst from 2.",
            )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Anomalies(Printed):
    """What was flagged, with the reason.

    Attributes
    ----------
    frame : DataFrame
        The most unusual first in each kind: ``kind customer day value typical score n reason_en
        reason_zh``. `value`, `typical`: amounts of the day, days between purchases, or rows on the
        day (typical 1); `score` is the robust z of the logarithm, of bursts the rows; `n` the
        customer's purchase days.
    counts : DataFrame
        ``kind label_en label_zh flags customers judged``; `judged` customers could be flagged.
    rule : AnomalyRule
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    counts: pd.DataFrame
    rule: AnomalyRule
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many flags of how many customers."""
        flagged = self.frame["customer"].nunique()
        return f"{integer(len(self.frame))} anomalies of {integer(flagged)} customers"

    @property
    def printed(self) -> pd.DataFrame:
        """The reasons, without the Chinese."""
        return self.frame.drop(columns=["reason_zh", "n"])


def anomalies(
    log: TransactionLog, rule: AnomalyRule | None = None, *, at: date | None = None
) -> Anomalies:
    """Flag orders that are unusual for their customer.

    Parameters
    ----------
    log : TransactionLog
    rule : AnomalyRule, optional
        Thresholds; the usual ones unless given.
    at : date, optional
        Last day looked at.

    Returns
    -------
    Anomalies

    Notes
    -----
    Amounts of a day and days between purchases are compared, as logarithms, with the customer's own
    median in units of 1.4826 times the median absolute deviation, at least a tenth (Iglewicz &
    Hoaglin, 1993). The silence until `at` counts as a gap once it is unusually long. A burst is
    the same amount on several rows of one day: a bulk purchase, a retry of a payment, or rows
    written twice. Nothing is taken out of the log.

    Examples
    --------
    >>> from loyaltysem.clv.log.open_log import open_log
    >>> days = pd.date_range("2024-01-01", periods=10, freq="7D")
    >>> amounts = [20.0, 22, 19, 21, 20, 23, 18, 400, 20, 21]
    >>> orders = pd.DataFrame({"customer": "a", "time": days, "amount": amounts})
    >>> anomalies(open_log(orders)).frame[["kind", "value", "typical"]].round(2).values.tolist()
    [['amount', 400.0, 20.49]]
    """
    asked, stand = rule or AnomalyRule(), at or log.end
    gaps = purchase_gaps(log, end=stand)
    amount = _amounts(log, gaps, asked)
    rhythm = _rhythms(log, gaps, asked, stand)
    burst = _bursts(log, asked, stand)
    frame = pd.concat([_told(part, kind) for kind, part in
                       (("amount", amount), ("rhythm", rhythm), ("burst", burst))],
                      ignore_index=True)  # fmt: skip
    judged = _judged(log, gaps, asked, stand)
    return Anomalies(frame, _counts(frame, judged), asked, tuple(_findings(judged)))


def _amounts(log: TransactionLog, gaps: Any, rule: AnomalyRule) -> pd.DataFrame:
    paid = gaps.filter(gaps.amount > 0)
    table = paid.select("customer", "day", value=paid.amount, x=paid.amount.ln())
    return log.run(_flagged(table, rule, rule.orders))


def _rhythms(log: TransactionLog, gaps: Any, rule: AnomalyRule, end: date) -> pd.DataFrame:
    closed = gaps.filter(gaps.gap.notnull())
    table = closed.select("customer", "day", value=closed.gap, x=closed.gap.ln())
    scored = robust_scores(table, "x", FLOOR)
    found = scored.filter((scored.own_n >= rule.orders - 1) & (scored.score.abs() > rule.score))
    late = _running(gaps, scored, rule, end)
    columns = ("customer", "day", "value", "own_median", "score", "own_n")
    return log.run(found.select(*columns).union(late.select(*columns)))


def _running(gaps: Any, scored: Any, rule: AnomalyRule, end: date) -> Any:
    """Return the silence since the last purchase where it is unusually long already."""
    import ibis

    own = scored.group_by("customer").aggregate(
        own_median=scored.own_median.max(), spread=scored.spread.max(), own_n=scored.own_n.max()
    )
    last = gaps.group_by("customer").aggregate(last=gaps.day.max())
    silent = last.inner_join(own, "customer").mutate(day=ibis.literal(end))
    silent = silent.mutate(value=silent.day.delta(silent.last, unit="day").cast("float64"))
    silent = silent.filter((silent.value > 0) & (silent.own_n >= rule.orders - 1))
    score = ((silent.value.ln() - silent.own_median) / silent.spread).round(DECIMALS)
    late = silent.mutate(score=score)
    return late.filter(late.score > rule.score)


def _flagged(table: Any, rule: AnomalyRule, least: int) -> Any:
    scored = robust_scores(table, "x", FLOOR)
    found = scored.filter((scored.own_n >= least) & (scored.score.abs() > rule.score))
    return found.select("customer", "day", "value", "own_median", "score", "own_n")


def _bursts(log: TransactionLog, rule: AnomalyRule, end: date) -> pd.DataFrame:
    rows = log.table.filter(log.table.is_purchase & (log.table.day <= end))
    alike = rows.group_by("customer", "day", "amount").aggregate(n=rows.count())
    found = alike.filter(alike.n >= rule.burst)
    size = found.n.cast("float64")
    return log.run(found.select("customer", "day", "amount", value=size, score=size, own_n=found.n))


def _told(found: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return flags of one kind with their reasons, the most unusual first."""
    part = found.assign(kind=kind, n=found["own_n"] + (1 if kind == "rhythm" else 0))
    part["typical"] = 1.0 if kind == "burst" else np.exp(part["own_median"].astype(float)).round(6)
    part["day"] = pd.to_datetime(part["day"])
    reasons = [reason(kind, row) for row in part.to_dict("records")]
    part["reason_en"] = [text.en for text in reasons]
    part["reason_zh"] = [text.zh for text in reasons]
    part["size"] = part["score"].abs()
    order = part.sort_values(["size", "customer", "day"], ascending=[False, True, True])
    return order[list(COLUMNS)].reset_index(drop=True)


def reason(kind: str, row: Mapping[Any, Any]) -> Text:
    """Return why something was flagged."""
    value, typical = float(row["value"]), float(row["typical"])
    if kind == "burst":
        n, amount = integer(value), number(row["amount"], 2)
        return Text(f"{n} orders of {amount} on one day", f"同一天有 {n} 笔金额为 {amount} 的订单")
    ratio = value / typical if typical > 0 else float("nan")
    digits = 2 if kind == "amount" else 0
    shown, usual, times = number(value, digits), number(typical, digits), number(ratio, 1)
    if kind == "amount":
        return Text(
            f"{shown} where {usual} is usual ({times} times)",
            f"金额 {shown}，平常约 {usual}（{times} 倍）",
        )
    return Text(
        f"gap of {shown} d where {usual} d are usual ({times} times)",
        f"间隔 {shown} 天，平常约 {usual} 天（{times} 倍）",
    )


def _judged(log: TransactionLog, gaps: Any, rule: AnomalyRule, end: date) -> tuple[int, int]:
    """Return customers with enough purchase days, and all with any."""
    per = gaps.group_by("customer").aggregate(n=gaps.count())
    found = log.run(per.aggregate(enough=(per.n >= rule.orders).sum(), everybody=per.count()))
    return int(found["enough"].fillna(0).iloc[0]), int(found["everybody"].iloc[0])


def _counts(frame: pd.DataFrame, judged: tuple[int, int]) -> pd.DataFrame:
    rows = []
    for kind, label in KINDS.items():
        part = frame[frame["kind"] == kind]
        able = judged[1] if kind == "burst" else judged[0]
        rows.append((kind, label.en, label.zh, len(part), part["customer"].nunique(), able))
    return pd.DataFrame(
        rows, columns=["kind", "label_en", "label_zh", "flags", "customers", "judged"]
    )


def _findings(judged: tuple[int, int]) -> list[Finding]:
    enough, everybody = judged
    if enough == everybody:
        return []
    text = Text(
        f"{integer(everybody - enough)} of {integer(everybody)} customers have too few purchases "
        "to be judged by their own habit; only bursts are looked for.",
        f"{integer(everybody)} 位客户中有 {integer(everybody - enough)} 位购买次数过少，"
        "无法与自身习惯比较，仅检查同日重复下单。",
    )
    return [Finding("anomalies.few_orders", text, severity="note")]
