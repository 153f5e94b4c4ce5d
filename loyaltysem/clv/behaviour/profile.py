"""Loyalty as behaviour shows it: every indirect measure of a customer in one row.

The indirect side of the triangulation: held against what customers say (direct) and what a model
makes of both. Columns and their facets are in `MEASURES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.categories import customer_categories
from loyaltysem.clv.behaviour.complaints import complaints
from loyaltysem.clv.behaviour.days import (
    customer_days,
    floats,
    money_columns,
    number_of,
    purchase_gaps,
    whole_numbers,
)
from loyaltysem.clv.behaviour.findings import note, require_customers, without_purchase
from loyaltysem.clv.behaviour.referrals import referrals
from loyaltysem.clv.behaviour.wallet import share_of_wallet
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text

Facet: TypeAlias = Literal["repeat", "time", "stability", "width", "depth", "voice"]
Direction: TypeAlias = Literal["+", "-", ""]
DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Measure:
    """What a column of the profile measures.

    Attributes
    ----------
    facet : {"repeat", "time", "stability", "width", "depth", "voice"}
    direction : {"+", "-", ""}
        Whether more of it speaks for loyalty, against it, or neither.
    label : Text
    unit : str
    """

    facet: Facet
    direction: Direction
    label: Text
    unit: str = ""


MEASURES: Mapping[str, Measure] = {
    "orders": Measure("repeat", "+", Text("purchase days", "购买天数"), "days"),
    "frequency": Measure("repeat", "+", Text("repeat purchase days", "重复购买天数"), "days"),
    "repeat_buyer": Measure("repeat", "+", Text("bought again", "有重复购买")),
    "order_rate": Measure("repeat", "+", Text("repeat purchases a year", "年均重复购买"), "1/year"),
    "tenure": Measure("time", "+", Text("first to last purchase", "首购至末购"), "days"),
    "age": Measure("time", "", Text("first purchase to end", "首购至观察期末"), "days"),
    "recency": Measure("time", "-", Text("days since last purchase", "距末次购买天数"), "days"),
    "gap_mean": Measure("stability", "-", Text("mean interval", "平均购买间隔"), "days"),
    "gap_median": Measure("stability", "-", Text("median interval", "购买间隔中位数"), "days"),
    "gap_cv": Measure("stability", "-", Text("irregularity", "购买间隔变异系数")),
    "overdue": Measure("stability", "-", Text("silence / interval", "沉默时长与间隔之比")),
    "active_share": Measure("stability", "+", Text("active periods", "活跃时期占比")),
    "amount": Measure("depth", "+", Text("net spending", "净消费额"), "money"),
    "margin": Measure("depth", "+", Text("net margin", "净毛利"), "money"),
    "mean_amount": Measure("depth", "+", Text("spending per purchase day", "次均消费"), "money"),
    "recent_share": Measure("depth", "+", Text("spending in second half", "后半段消费占比")),
    "n_categories": Measure("width", "+", Text("categories", "品类数")),
    "category_hhi": Measure("width", "-", Text("concentration", "品类集中度（HHI）")),
    "category_entropy": Measure("width", "+", Text("entropy", "品类熵"), "nats"),
    "top_share": Measure("width", "", Text("share of top category", "首要品类占比")),
    "share_of_wallet": Measure("width", "+", Text("share of wallet", "钱包份额")),
    "complaints": Measure("voice", "-", Text("complaints", "投诉次数")),
    "referred": Measure("voice", "+", Text("customers referred", "推荐客户数")),
    "word_of_mouth": Measure("voice", "+", Text("value of referrals", "推荐价值"), "money"),
}
#: Days of a period of `active_share`.
ACTIVE_PERIOD = 30


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BehaviourProfile(Printed):
    """Indirect measures of loyalty.

    Attributes
    ----------
    frame : DataFrame
        One row a customer with a purchase, in order of ``customer``. ``first_day, last_day`` and
        the columns of `measures`:

        - ``orders`` purchase days, ``frequency`` = orders − 1, ``repeat_buyer`` (0/1),
          ``order_rate`` = frequency / age in years (NaN on the first day);
        - ``tenure, age, recency`` in days;
        - ``gap_mean, gap_median, gap_cv`` of the days between purchases (NaN below one, two gaps),
          ``overdue`` = recency / gap_mean, ``active_share`` of the periods of 30 days since the
          first purchase in which the customer bought;
        - ``amount`` and ``margin`` net of refunds, ``mean_amount`` = amount / orders,
          ``recent_share`` of the amount in the second half of the time since the first purchase
          (NaN unless both halves are ≥ 0 and one is > 0);
        - where known: ``n_categories, category_hhi, category_entropy, top_share, share_of_wallet,
          complaints, referred, word_of_mouth``.
    measures : Mapping[str, Measure]
        Facet, direction, label and unit of each numeric column there is.
    end : date
    currency : str, optional
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    measures: Mapping[str, Measure]
    end: Any
    currency: str | None
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many customers and measures."""
        return (
            f"Behavioural loyalty of {integer(len(self.frame))} customers, "
            f"{len(self.measures)} measures"
        )

    @property
    def printed(self) -> pd.DataFrame:
        """Each measure's distribution."""
        return self.summary()

    def summary(self) -> pd.DataFrame:
        """Return each measure's facet, direction, number of values, mean, sd and median."""
        rows = []
        for name, measure in self.measures.items():
            values = self.frame[name].astype("float64")
            rows.append(
                {
                    "measure": name,
                    "facet": measure.facet,
                    "direction": measure.direction,
                    "n": int(values.count()),
                    "mean": values.mean(),
                    "sd": values.std(),
                    "median": values.median(),
                }
            )
        return pd.DataFrame(rows)


def behaviour(
    log: TransactionLog,
    *,
    complaint_events: object = None,
    referrer: str | object = None,
    elsewhere: str | object = None,
) -> BehaviourProfile:
    """Collect every indirect measure of loyalty, a customer a row.

    Parameters
    ----------
    log : TransactionLog
        Measures of breadth need a category column.
    complaint_events : DataFrame or Ibis table, optional
        ``customer, time`` of complaints, as for `complaints`.
    referrer : str or DataFrame, optional
        As for `referrals`.
    elsewhere : str or DataFrame, optional
        As for `share_of_wallet`.

    Returns
    -------
    BehaviourProfile

    Raises
    ------
    DataError
        When nobody has bought, or a table beside the log cannot be read.
    IncompatibleRequestError
        The log lacks a column that is asked for.

    Notes
    -----
    Nothing is scaled or turned here: `measures` tells which way each column points. Customers known
    for a short time have uncertain rates; ``age`` is there to weigh them by.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aaab"), "amount": [10.0, 20, 30, 5],
    ...     "time": ["2024-01-01", "2024-01-11", "2024-01-31", "2024-01-05"]})
    >>> found = behaviour(transactions(orders).log)
    >>> found.frame[["customer", "orders", "tenure", "gap_mean", "recent_share"]].values.tolist()
    [['a', 3, 30, 15.0, 0.5], ['b', 1, 0, nan, 0.0]]
    """
    frame = _core(log)
    require_customers(len(frame))
    told: list[Finding] = list(without_purchase(log, len(frame)))
    if "category" in log.table.columns:
        frame = _with_breadth(log, frame, told)
    if elsewhere is not None:
        wallet = share_of_wallet(log, elsewhere)
        told.extend(wallet.findings)
        frame = _joined(frame, wallet.frame, ["share_of_wallet"])
    if complaint_events is not None:
        said = complaints(log, complaint_events)
        told.extend(said.findings)
        frame = _joined(frame, said.frame, ["complaints"], absent=0)
    if referrer is not None:
        sent = referrals(log, referrer)
        told.extend(sent.findings)
        frame = _joined(frame, sent.frame, ["referred", "word_of_mouth"], absent=0)
    measures = {name: m for name, m in MEASURES.items() if name in frame}
    frame = frame[["customer", "first_day", "last_day", *measures]]
    return BehaviourProfile(frame, measures, log.end, log.currency, tuple(told))


def profile_expression(log: TransactionLog) -> Any:
    """Return the counts and sums that the profile is made of, a customer a row.

    Returns
    -------
    ibis.Table
        ``customer, first, last`` (day numbers), ``orders, active`` (periods of 30 days since the
        first purchase with a purchase), ``squares`` of the gaps, ``gap_median, amount, margin``,
        and ``late``: the amount in the second half of the time since the first purchase.
    """
    end, days, gaps = number_of(log.end), customer_days(log), purchase_gaps(log)
    rhythm = gaps.group_by("customer").aggregate(
        first=gaps.n.min(), last=gaps.n.max(), orders=gaps.count(),
        squares=(gaps.gap * gaps.gap).sum(), gap_median=gaps.gap.median(),
    )  # fmt: skip
    joined = days.join(rhythm.select("customer", "first"), "customer").select(
        *days.columns, "first"
    )
    since = joined.n - joined["first"]
    joined = joined.mutate(
        period=(since / ACTIVE_PERIOD).floor().cast("int64"),
        # whole numbers: twice the days since the first purchase against all days to the end
        late=(2 * since > end - joined["first"]),
    )
    money = joined.group_by("customer").aggregate(
        active=joined.period.nunique(where=joined.bought),
        late=joined.late.ifelse(joined.amount, 0.0).sum(),
        **{name: joined[name].sum() for name in money_columns(log)},
    )
    return rhythm.join(money, "customer").select(
        *rhythm.columns, *(name for name in money.columns if name != "customer")
    )


def _core(log: TransactionLog) -> pd.DataFrame:
    money = money_columns(log)
    found = log.run(profile_expression(log).order_by("customer"))
    found = whole_numbers(found, "first", "last", "orders", "squares", "active")
    found = floats(found, "gap_median", "late", *money)
    orders, first, last = (found[c].to_numpy(np.float64) for c in ("orders", "first", "last"))
    end = float(number_of(log.end))
    gaps, tenure, age = orders - 1, last - first, end - first
    several = np.where(gaps > 0, gaps, np.nan)
    mean = tenure / several
    about = (found["squares"].to_numpy(np.float64) * gaps - tenure**2) / several
    cv = np.sqrt(about / np.where(gaps > 1, gaps - 1, np.nan)) / mean
    return found.assign(
        first_day=pd.to_datetime(first, unit="D"),
        last_day=pd.to_datetime(last, unit="D"),
        frequency=(orders - 1).astype(np.int64),
        repeat_buyer=(orders > 1).astype(np.int64),
        order_rate=gaps / np.where(age > 0, age / DAYS_A_YEAR, np.nan),
        tenure=tenure.astype(np.int64),
        age=age.astype(np.int64),
        recency=(end - last).astype(np.int64),
        gap_mean=mean,
        gap_cv=cv,
        overdue=(end - last) / mean,
        active_share=found["active"] / (np.floor(age / ACTIVE_PERIOD) + 1),
        mean_amount=found["amount"] / orders,
        recent_share=_recent(found),
    )


def _recent(found: pd.DataFrame) -> pd.Series[float]:
    """Return the later half's share of the amount, where a share makes sense."""
    late = found["late"].where(found["late"].abs() > 1e-9, 0.0)
    early = found["amount"] - found["late"]
    early = early.where(early.abs() > 1e-9, 0.0)
    total = late + early
    return (late / total.where(total > 0)).where((late >= 0) & (early >= 0))


def _with_breadth(log: TransactionLog, frame: pd.DataFrame, told: list[Finding]) -> pd.DataFrame:
    found = log.run(customer_categories(log))
    found = floats(whole_numbers(found, "n_categories"), "hhi", "entropy", "top_share")
    found = found.rename(columns={"hhi": "category_hhi", "entropy": "category_entropy"})
    bare = len(frame) - len(found)
    if bare:
        told.append(
            note(
                "behaviour.no_category",
                f"{integer(bare)} customers have no purchase with a category.",
                f"{integer(bare)} 名客户的购买记录均缺少品类。",
            )
        )
    names = ["n_categories", "category_hhi", "category_entropy", "top_share"]
    return _joined(frame, found, names)


def _joined(
    frame: pd.DataFrame, other: pd.DataFrame, names: list[str], absent: float | None = None
) -> pd.DataFrame:
    """Return the frame with columns of another; `absent` for customers it does not have."""
    values = other.set_index(other["customer"].astype(str))[names].reindex(frame["customer"])
    if absent is not None:
        values = values.fillna(absent)
    return frame.assign(**{name: values[name].to_numpy() for name in names})
