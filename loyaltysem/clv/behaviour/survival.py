"""How long customers stay: survival from the first purchase to a stated inactivity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.days import (
    PERIODS,
    checked_period,
    customer_days,
    number_of,
    period_label,
    require_column,
    whole_numbers,
)
from loyaltysem.clv.behaviour.findings import note, require_customers, without_purchase
from loyaltysem.clv.behaviour.inactivity import inactivity_gap, marked_gaps
from loyaltysem.clv.behaviour.kaplan_meier import (
    Curve,
    LifeTable,
    kaplan_meier,
    life_table,
    logrank,
    quantile_time,
    restricted_mean,
)
from loyaltysem.clv.behaviour.proportions import LEVEL, normal_quantile
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.types import Array

Dated: TypeAlias = Literal["declared", "last_purchase"]
DATES: tuple[Dated, ...] = ("declared", "last_purchase")
#: Groups that are more than a picture or a test can tell apart.
MOST_GROUPS = 50
EVERYBODY = "all"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Survival(Printed):
    """Kaplan–Meier curves of customers.

    Attributes
    ----------
    frame : DataFrame
        One row a group and duration (days since the first purchase): ``group, time, at_risk,
        events, censored, survival, se, ci_lower, ci_upper``. Each group begins at time 0.
    summary : DataFrame
        One row a group: ``group, customers, churned, returned`` (bought again after they had
        counted as lost), ``median, median_lower, median_upper`` (days; NaN where the curve does not
        come down so far), ``restricted_mean`` (days, counted up to ``until``).
    chisq, df, pvalue
        Log-rank test of the groups; NaN with one group.
    gap : int
        Days without purchase after which a customer is lost.
    dated : {"declared", "last_purchase"}
        Where a lost customer's duration ends.
    level : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    summary: pd.DataFrame
    chisq: float
    df: int
    pvalue: float
    gap: int
    dated: Dated
    level: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """Who was followed and by which rule."""
        customers = integer(self.summary["customers"].sum())
        return f"Survival of {customers} customers, lost after {self.gap} days without purchase"

    @property
    def printed(self) -> pd.DataFrame:
        """The groups."""
        return self.summary

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups, in the order of the table."""
        return tuple(self.summary["group"])

    def at(self, times: Iterable[float]) -> pd.DataFrame:
        """Return the curves at some durations.

        Parameters
        ----------
        times : iterable of float
            Days since the first purchase.

        Returns
        -------
        DataFrame
            ``group, time, at_risk, survival, ci_lower, ci_upper``; beyond the last duration of a
            group nobody is at risk and nothing is known.
        """
        wanted = np.asarray(list(times), dtype=np.float64)
        parts = [_read_off(part, wanted) for _, part in self.frame.groupby("group", sort=False)]
        return pd.concat(parts, ignore_index=True)


def survival(
    log: TransactionLog,
    *,
    gap: int | None = None,
    by: str | None = None,
    dated: str = "declared",
    level: float = LEVEL,
) -> Survival:
    """Estimate how many customers are still there so long after their first purchase.

    Parameters
    ----------
    log : TransactionLog
    gap : int, optional
        Days without purchase after which a customer is lost. Unless given, the 90 % quantile of all
        times between purchases, which a finding states.
    by : str, optional
        Groups to compare: ``week``, ``month``, ``quarter`` or ``year`` of the first purchase, or a
        column of the log that describes customers.
    dated : {"declared", "last_purchase"}
        A lost customer's duration ends when the gap is full (``declared``), or at the last purchase
        before it. The second curve is the first one moved by `gap`; customers won in the last `gap`
        days are then left out, for nothing can be known of them.
    level : float
        Confidence of the intervals.

    Returns
    -------
    Survival

    Raises
    ------
    IncompatibleRequestError
        For a gap, level, group or date that cannot be.
    DataError
        When nobody has bought, or the gap cannot be taken from the data.

    Notes
    -----
    A customer is lost at the first inactivity of `gap` days, also if a purchase follows later
    (``returned`` counts those): so whether somebody is lost on a day depends on nothing that comes
    after it, and those who are not are censored at the end of observation without bias. Estimate
    and interval: `kaplan_meier`; the interval of the median inverts that of the curve (Brookmeyer &
    Crowley, 1982); groups are compared by the log-rank test (Mantel, 1966).

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aaabcc"), "amount": 1.0,
    ...     "time": ["2024-01-01", "2024-01-21", "2024-03-20",
    ...              "2024-01-01", "2024-01-01", "2024-03-31"]})
    >>> found = survival(transactions(orders).log, gap=30)
    >>> found.frame[["time", "at_risk", "events"]].values.tolist()
    [[0.0, 3.0, 0.0], [30.0, 3.0, 2.0], [50.0, 1.0, 1.0]]
    """
    chosen = _checked_dated(dated)
    normal_quantile(level)
    days, said = inactivity_gap(log, gap)
    counted = _counted(log, days, by)
    require_customers(len(counted))
    followed, late = _durations(counted, days, chosen)
    tables = {name: _life_table(part) for name, part in followed.groupby("group", sort=True)}
    _check_groups(tables)
    curves = {name: kaplan_meier(table, level) for name, table in tables.items()}
    frame = pd.concat([_frame(str(n), tables[n], curves[n]) for n in tables], ignore_index=True)
    several = len(tables) > 1
    test = logrank(list(tables.values())) if several else (float("nan"), 0, float("nan"))
    told = (
        *said,
        *without_purchase(log, int(counted["customers"].sum())),
        *_mixed_groups(log, by),
        *late,
    )
    return Survival(
        frame, _summary(followed, tables, curves), *test, days, chosen, level, told
    )  # fmt: skip


def lifetimes(log: TransactionLog, gap: int, by: str | None = None) -> Any:
    """Return one row a customer: first day, whether and after how long lost, whether returned.

    Returns
    -------
    ibis.Table
        ``customer, duration`` (days to the day the gap was full, or to the end), ``lost,
        returned`` (bool) and ``grouped`` where `by` is given.
    """
    rows = marked_gaps(log, gap)
    each = rows.group_by("customer").aggregate(
        first=rows.n.min(), last=rows.n.max(), stop=rows.n.min(where=rows.lost)
    )
    lost = each.stop.notnull()
    until = lost.ifelse(each.stop + gap, number_of(log.end))
    each = each.select(
        "customer", duration=until - each.first, lost=lost, returned=lost & (each.last > each.stop)
    )
    if by is None:
        return each
    groups = _groups(log, by)
    return each.join(groups, "customer").select(*each.columns, "grouped")


def _groups(log: TransactionLog, by: str) -> Any:
    """Return each customer's group: the period of the first purchase, or a column's value."""
    if by in PERIODS:
        days = customer_days(log, by=checked_period(by))
        return days.group_by("customer").aggregate(grouped=days.period.min(where=days.bought))
    require_column(log, by, "Comparing groups")
    rows = log.table
    return rows.group_by("customer").aggregate(grouped=rows[by].cast("string").min())


def _counted(log: TransactionLog, gap: int, by: str | None) -> pd.DataFrame:
    """Return how many customers share group, duration and fate."""
    each = lifetimes(log, gap, by)
    keys = ["duration", "lost", "returned", *(["grouped"] if by else [])]
    found = log.run(each.group_by(keys).aggregate(customers=each.count()))
    found = whole_numbers(found, "duration", "customers")
    found["lost"] = found["lost"].astype(bool)
    return found.assign(group=_names(found, by))


def _names(found: pd.DataFrame, by: str | None) -> list[str]:
    if by is None:
        return [EVERYBODY] * len(found)
    if by in PERIODS:
        return [period_label(int(n), checked_period(by)) for n in found["grouped"]]
    return ["–" if pd.isna(value) else str(value) for value in found["grouped"]]


def _durations(
    counted: pd.DataFrame, gap: int, dated: Dated
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Move durations back to the last purchase where that is asked for."""
    if dated == "declared":
        return counted, ()
    moved = counted.assign(duration=counted["duration"] - gap)
    known = moved["duration"] >= 0
    left = int(moved.loc[~known, "customers"].sum())
    if not left:
        return moved, ()
    require_customers(int(known.sum()))
    told = note(
        "survival.too_late",
        f"{integer(left)} customers were won in the last {gap} days and are left out.",
        f"{integer(left)} 名客户在最后 {gap} 天内才首次购买，未计入。",
    )
    return moved[known], (told,)


def _life_table(part: pd.DataFrame) -> LifeTable:
    customers = part["customers"].to_numpy(np.float64)
    lost = part["lost"].to_numpy(bool)
    time = part["duration"].to_numpy(np.float64)
    return life_table(time, np.where(lost, customers, 0.0), np.where(lost, 0.0, customers))


def _frame(name: str, table: LifeTable, curve: Curve) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "group": name,
            "time": table.time,
            "at_risk": table.at_risk,
            "events": table.events,
            "censored": table.censored,
            "survival": curve.survival,
            "se": curve.se,
            "ci_lower": curve.lower,
            "ci_upper": curve.upper,
        }
    )
    if table.time[0] == 0:
        return frame
    start = {"group": name, "time": 0.0, "at_risk": table.at_risk[0], "events": 0.0,
             "censored": 0.0, "survival": 1.0, "se": 0.0, "ci_lower": np.nan,
             "ci_upper": np.nan}  # fmt: skip
    return pd.concat([pd.DataFrame([start]), frame], ignore_index=True)


def _summary(
    followed: pd.DataFrame, tables: Mapping[Any, LifeTable], curves: Mapping[Any, Curve]
) -> pd.DataFrame:
    until = min(float(table.time[-1]) for table in tables.values())
    rows = []
    for name, table in tables.items():
        part, curve = followed[followed["group"] == name], curves[name]
        rows.append(
            {
                "group": str(name),
                "customers": int(part["customers"].sum()),
                "churned": int(part.loc[part["lost"], "customers"].sum()),
                "returned": int(part.loc[part["returned"], "customers"].sum()),
                "median": quantile_time(table.time, curve.survival),
                "median_lower": quantile_time(table.time, curve.lower),
                "median_upper": quantile_time(table.time, curve.upper),
                "restricted_mean": restricted_mean(table.time, curve.survival, until),
                "until": until,
            }
        )
    return pd.DataFrame(rows)


def _read_off(part: pd.DataFrame, wanted: Array) -> pd.DataFrame:
    time = part["time"].to_numpy(np.float64)
    before = np.searchsorted(time, wanted, side="right") - 1
    after = np.searchsorted(time, wanted, side="left")
    known = (wanted >= 0) & (wanted <= time[-1])
    at_risk = np.append(part["at_risk"].to_numpy(np.float64), 0.0)[after]
    found = {
        name: np.where(known, part[name].to_numpy(np.float64)[before], np.nan)
        for name in ("survival", "ci_lower", "ci_upper")
    }
    return pd.DataFrame(
        {"group": part["group"].iloc[0], "time": wanted, "at_risk": at_risk, **found}
    )


def _checked_dated(dated: str) -> Dated:
    for name in DATES:
        if dated == name:
            return name
    raise IncompatibleRequestError(
        f"dated={dated!r} is no end of a duration.",
        code="survival.dated",
        hint="Use 'declared' (when the gap is full) or 'last_purchase' (before the gap).",
    )


def _check_groups(tables: Mapping[Any, LifeTable]) -> None:
    if len(tables) > MOST_GROUPS:
        raise DataError(
            f"{len(tables)} groups are to be compared; {MOST_GROUPS} are allowed.",
            code="survival.groups",
            hint="Use a longer period, or a column with fewer values.",
        )


def _mixed_groups(log: TransactionLog, by: str | None) -> tuple[Finding, ...]:
    """Count customers whose column has several values: the first in order was taken."""
    if by is None or by in PERIODS:
        return ()
    rows = log.table
    values = rows.group_by("customer").aggregate(values=rows[by].nunique())
    found = log.run(values.aggregate(mixed=(values["values"] > 1).cast("int64").sum()))
    mixed = found["mixed"].fillna(0).iloc[0]
    if not mixed:
        return ()
    return (
        note(
            "survival.mixed_groups",
            f"{integer(mixed)} customers have several values of '{by}'; the first in alphabetical "
            "order is taken.",
            f"{integer(mixed)} 名客户的“{by}”有多个取值，取按字母顺序的第一个。",
        ),
    )
