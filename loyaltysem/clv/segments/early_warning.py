"""Churn early warning, and a back-test of what such warnings were worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.proportions import wilson
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.clv.segments.warning_signals import SIGNALS, WarningRule, signals
from loyaltysem.clv.summary import purchase_days
from loyaltysem.core.display import bounded, integer, number
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Mask

NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EarlyWarning(Printed):
    """Customers to look after, with the reason.

    Attributes
    ----------
    frame : DataFrame
        Every watched customer, the most signs first: ``customer last_day n_orders elapsed rhythm
        lateness orders_before orders_recent amount_before amount_recent late fewer less n_signals
        warned reason_en reason_zh``.
    counts : DataFrame
        ``signal label_en label_zh customers share``, the last row of all who are warned of.
    rule : WarningRule
    at : date
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    counts: pd.DataFrame
    rule: WarningRule
    at: date
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many warnings of how many watched customers."""
        warned = int(self.frame["warned"].sum())
        return f"{integer(warned)} of {integer(len(self.frame))} watched customers on {self.at}"

    @property
    def printed(self) -> pd.DataFrame:
        """Signs and how many customers show them."""
        return self.counts


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class WarningBackTest(Printed):
    """What warnings of the past came to.

    Attributes
    ----------
    frame : DataFrame
        One row a day and one of all days, ``at`` missing: ``at watched churned rate warned hits
        precision precision_lower precision_upper recall recall_lower recall_upper specificity lift
        baseline_precision lead_time``. `baseline_precision` is that of as many warnings given to
        those who are silent longest; `lead_time` the median number of days by which warnings that
        came true were earlier than a rule of `horizon` days of silence.
    signs : DataFrame
        Each sign on its own, over all days: ``signal label_en label_zh warned precision recall``.
    rule : WarningRule
    horizon : int
        Days after the warning in which a customer who buys nothing has churned.
    level : float
        Of the Wilson intervals.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    signs: pd.DataFrame
    rule: WarningRule
    horizon: int
    level: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """Precision, recall and lead time over all days."""
        row = self.frame.iloc[-1]
        return (
            f"Warnings against {self.horizon} days without purchase: precision "
            f"{bounded(float(row['precision']))} (base rate {bounded(float(row['rate']))}), recall "
            f"{bounded(float(row['recall']))}, lead time {number(float(row['lead_time']), 0)} days"
        )


def early_warning(
    log: TransactionLog, rule: WarningRule | None = None, *, at: date | None = None
) -> EarlyWarning:
    """Warn of customers who show signs of leaving.

    Parameters
    ----------
    log : TransactionLog
    rule : WarningRule, optional
        Who is watched and what counts as a sign; the usual unless given.
    at : date, optional
        The day stood at; the last of the log unless given.

    Returns
    -------
    EarlyWarning

    Raises
    ------
    DataError
        Nobody can be watched.

    Notes
    -----
    Signs are recency against the customer's own rhythm, and falls of frequency and of amount, the
    kinds of predictors Buckinx et al. (2005) found to matter most. What the warnings are worth is
    what `back_test` says of the same rule.

    Examples
    --------
    >>> from loyaltysem.clv.log.open_log import open_log
    >>> weekly = pd.date_range("2024-01-01", periods=12, freq="7D")
    >>> orders = pd.DataFrame({"customer": "a", "time": weekly, "amount": 10.0})
    >>> other = orders.assign(customer="b", time=weekly + pd.Timedelta("40D"))
    >>> found = early_warning(open_log(pd.concat([orders, other])))
    >>> found.frame[["customer", "warned", "reason_en"]].values.tolist()
    [['a', True, 'late for the own rhythm'], ['b', False, '']]
    """
    asked, stand = rule or WarningRule(), at or log.end
    frame = _watched(log, asked, stand)
    order = ["warned", "n_signals", "lateness", "customer"]
    frame = frame.sort_values(order, ascending=[False, False, False, True], ignore_index=True)
    for language in ("en", "zh"):
        frame[f"reason_{language}"] = _reasons(frame, language)
    rows = [
        (name, text.en, text.zh, int(frame[name].sum()), float(frame[name].mean()))
        for name, text in {**SIGNALS, "warned": Text("warned", "预警")}.items()
    ]
    counts = pd.DataFrame(rows, columns=["signal", "label_en", "label_zh", "customers", "share"])
    return EarlyWarning(frame, counts, asked, stand, ())


def back_test(
    log: TransactionLog,
    rule: WarningRule | None = None,
    *,
    dates: Sequence[date] | date | None = None,
    horizon: int = 90,
    level: float = 0.95,
) -> WarningBackTest:
    """Give warnings as of days in the past, and see who came back.

    Parameters
    ----------
    log : TransactionLog
    rule : WarningRule, optional
    dates : date or sequence of date, optional
        Days at which warnings are given; by default four, a horizon apart, the last one a horizon
        before the log ends.
    horizon : int, default 90
        Days without a purchase after the warning that are churn.
    level : float, default 0.95
        Of the intervals.

    Returns
    -------
    WarningBackTest

    Raises
    ------
    IncompatibleRequestError
        Days whose horizon passes the end of the log, or values out of range.
    DataError
        Nobody can be watched.

    Notes
    -----
    Warnings see nothing after their day. Intervals are those of Wilson (1927); over several days a
    customer counts each time, so the pooled ones are somewhat too narrow. Churn without a contract
    is a convention: a customer silent for the horizon may still come back.
    """
    asked = rule or WarningRule()
    days = _dates(log, dates, horizon, level)
    tables = [_outcomes(log, asked, day, horizon) for day in days]
    rows: list[dict[str, Any]] = [
        {"at": pd.Timestamp(day), **measures(table, horizon, level)}
        for day, table in zip(days, tables, strict=True)
    ]
    everything = pd.concat(tables, ignore_index=True)
    rows.append({"at": pd.NaT, **measures(everything, horizon, level)})
    frame = pd.DataFrame(rows)
    total = frame.iloc[-1]
    findings = tuple(_findings(float(total["precision"]), float(total["baseline_precision"])))
    return WarningBackTest(frame, _signs(everything), asked, horizon, level, findings)


def measures(table: pd.DataFrame, horizon: int, level: float) -> dict[str, float]:
    """Return what warnings came to.

    Parameters
    ----------
    table : DataFrame
        ``warned churned elapsed``, one row a watched customer.

    Examples
    --------
    >>> rows = [(True, True, 40.0), (True, False, 30.0), (False, True, 5.0), (False, False, 1.0)]
    >>> told = measures(pd.DataFrame(rows, columns=["warned", "churned", "elapsed"]), 90, 0.95)
    >>> told["precision"], told["recall"], told["lead_time"]
    (0.5, 0.5, 50.0)
    """
    warned, churned = (table[name].to_numpy(dtype=np.bool_) for name in ("warned", "churned"))
    elapsed = table["elapsed"].to_numpy(np.float64)
    hits, rate = int((warned & churned).sum()), float(churned.mean())
    precision, p_low, p_high = _share(hits, int(warned.sum()), level)
    recall, r_low, r_high = _share(hits, int(churned.sum()), level)
    specificity, _, _ = _share(int((~warned & ~churned).sum()), int((~churned).sum()), level)
    return {
        "watched": len(table),
        "churned": int(churned.sum()),
        "rate": rate,
        "warned": int(warned.sum()),
        "hits": hits,
        "precision": precision,
        "precision_lower": p_low,
        "precision_upper": p_high,
        "recall": recall,
        "recall_lower": r_low,
        "recall_upper": r_high,
        "specificity": specificity,
        "lift": precision / rate if rate > 0 else NAN,
        "baseline_precision": _silent_longest(elapsed, churned, int(warned.sum())),
        "lead_time": float(np.median(horizon - elapsed[warned & churned])) if hits else NAN,
    }


def _share(part: int, whole: int, level: float) -> tuple[float, float, float]:
    low, high = wilson(part, whole, level)
    return part / whole if whole else NAN, float(low), float(high)


def _silent_longest(elapsed: Array, churned: Mask, count: int) -> float:
    """Return the precision of as many warnings given by silence alone, ties shared evenly."""
    if not count:
        return NAN
    edge = np.sort(elapsed)[-count]
    above, at = elapsed > edge, elapsed == edge
    hits = churned[above].sum() + (count - above.sum()) * churned[at].mean()
    return float(hits / count)


def _watched(log: TransactionLog, rule: WarningRule, end: date) -> pd.DataFrame:
    frame = log.run(signals(log, rule, end))
    if frame.empty:
        raise DataError(
            f"On {end} nobody has {rule.orders} purchase days and bought in the last "
            f"{rule.watched} days.",
            code="warning.nobody",
            hint="Watch longer (watched=), ask for fewer orders, or take another day.",
        )
    return frame


def _outcomes(log: TransactionLog, rule: WarningRule, end: date, horizon: int) -> pd.DataFrame:
    watched = _watched(log, rule, end)
    until = end + timedelta(days=horizon)
    days = purchase_days(log, end=until)
    back = days.filter(days.is_purchase & (days.day > end)).select("customer").distinct()
    returned = set(log.run(back)["customer"])
    return watched.assign(churned=~watched["customer"].isin(returned))


def _dates(
    log: TransactionLog, dates: Sequence[date] | date | None, horizon: int, level: float
) -> list[date]:
    if horizon < 1 or not 0 < level < 1:
        raise IncompatibleRequestError(
            f"Out of range: horizon={horizon}, level={level}.",
            code="warning.horizon",
            hint="Days from 1, a level between 0 and 1.",
        )
    last = log.end - timedelta(days=horizon)
    if dates is None:
        found = [last - timedelta(days=horizon * k) for k in (3, 2, 1, 0)]
        return [day for day in found if day >= log.start + timedelta(days=horizon)] or [last]
    found = [dates] if isinstance(dates, date) else sorted(dates)
    if not found or max(found) > last:
        raise IncompatibleRequestError(
            f"Warnings need {horizon} days after them: none later than {last}, found "
            f"{', '.join(map(str, found)) or 'no day'}.",
            code="warning.dates",
            hint="Take earlier days or a shorter horizon.",
        )
    return found


def _signs(table: pd.DataFrame) -> pd.DataFrame:
    churned = table["churned"]
    rows = []
    for name, text in SIGNALS.items():
        shown = table[name].astype(bool)
        hits = int((shown & churned).sum())
        precision = hits / shown.sum() if shown.any() else NAN
        recall = hits / churned.sum() if churned.any() else NAN
        rows.append((name, text.en, text.zh, int(shown.sum()), float(precision), float(recall)))
    return pd.DataFrame(
        rows, columns=["signal", "label_en", "label_zh", "warned", "precision", "recall"]
    )


def _reasons(frame: pd.DataFrame, language: Any) -> list[str]:
    mark = "；" if language == "zh" else "; "
    words = [(name, text.in_(language)) for name, text in SIGNALS.items()]
    rows = frame[list(SIGNALS)].astype(bool).to_dict("records")
    return [mark.join(word for name, word in words if row[name]) for row in rows]


def _findings(precision: float, baseline: float) -> list[Finding]:
    if not precision <= baseline:
        return []
    text = Text(
        f"As many warnings by silence alone would have been right as often ({bounded(baseline)} "
        f"against {bounded(precision)}).",
        f"若仅按未购买天数发出同样数量的预警，命中率并不更低（{bounded(baseline)} 对 "
        f"{bounded(precision)}）。",
    )
    hint = Text("The signs of this rule add nothing; a simpler rule will do.",
                "该规则的信号没有增量价值，可采用更简单的规则。")  # fmt: skip
    return [Finding("warning.no_gain", text, hint)]
