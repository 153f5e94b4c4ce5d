"""Retention and churn by the period in which customers were won."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.days import (
    Period,
    checked_period,
    customer_days,
    floats,
    money_columns,
    period_label,
    period_of,
    period_start,
    whole_numbers,
)
from loyaltysem.clv.behaviour.findings import note, require_customers, without_purchase
from loyaltysem.clv.behaviour.proportions import LEVEL, normal_quantile, wilson
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.text import Text

#: A first cohort this many times as large as the others on average holds old customers.
SWOLLEN = 2.0
#: Rows of a table with more cohorts × ages than anybody reads.
MOST_CELLS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Cohorts(Printed):
    """Customers by the period of their first purchase, followed from period to period.

    Attributes
    ----------
    frame : DataFrame
        One row a cohort and age (in periods; 0 is the period of the first purchase): ``cohort,
        cohort_start, age, size, active`` (customers who bought in the period), ``retention``
        (active/size), ``ci_lower, ci_upper`` (Wilson), ``remaining`` (bought in this or a later
        period), ``churn`` (1 − remaining/size), ``orders, amount, amount_per_customer`` (of the
        whole cohort, net of refunds), ``margin, margin_per_customer`` where the log has margins,
        and ``complete``: the whole period was observed.
    by : {"week", "month", "quarter", "year"}
    level : float
        Of the intervals.
    end : date
        Last day of observation.
    currency : str, optional
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    by: Period
    level: float
    end: date
    currency: str | None
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many customers in how many cohorts."""
        sizes = self.frame.loc[self.frame["age"] == 0, "size"]
        return f"Cohorts by {self.by}: {int(sizes.sum())} customers in {len(sizes)} cohorts"

    @property
    def printed(self) -> pd.DataFrame:
        """Retention, a cohort a row."""
        wide = self.matrix().iloc[:, :13]
        wide.columns = pd.Index([f"share_{age}" for age in wide.columns])
        sizes = self.frame.loc[self.frame["age"] == 0, ["cohort", "size"]]
        return sizes.merge(wide.reset_index(), on="cohort")

    def matrix(self, value: str = "retention") -> pd.DataFrame:
        """Return a column of `frame` with cohorts as rows and ages as columns.

        Parameters
        ----------
        value : str
            Such as ``retention``, ``churn``, ``active``, ``amount_per_customer``.

        Raises
        ------
        IncompatibleRequestError
            When the table has no such column of numbers.
        """
        if value not in self.frame or value in {"cohort", "cohort_start", "age"}:
            raise IncompatibleRequestError(
                f"A table of cohorts has no numbers called {value!r}.",
                code="cohorts.value",
                hint=f"There is: {', '.join(self.frame.columns[3:])}.",
            )
        return self.frame.pivot(index="cohort", columns="age", values=value)

    def by_age(self) -> pd.DataFrame:
        """Return retention at each age over all cohorts, whole periods only.

        Returns
        -------
        DataFrame
            ``age, cohorts, size, active, retention, ci_lower, ci_upper, amount_per_customer``.
        """
        whole = self.frame[self.frame["complete"]]
        found = whole.groupby("age", as_index=False).agg(
            cohorts=("cohort", "size"),
            size=("size", "sum"),
            active=("active", "sum"),
            amount=("amount", "sum"),
        )
        lower, upper = wilson(found["active"], found["size"], self.level)
        return found.drop(columns="amount").assign(
            retention=found["active"] / found["size"],
            ci_lower=lower,
            ci_upper=upper,
            amount_per_customer=found["amount"] / found["size"],
        )


def cohorts(log: TransactionLog, *, by: str = "month", level: float = LEVEL) -> Cohorts:
    """Follow customers by the period of their first purchase.

    Parameters
    ----------
    log : TransactionLog
    by : {"week", "month", "quarter", "year"}
        Calendar periods; weeks begin on Monday.
    level : float
        Confidence of Wilson's intervals of retention.

    Returns
    -------
    Cohorts

    Raises
    ------
    IncompatibleRequestError
        For another period or level.
    DataError
        When nobody has bought, or there are more cells than anybody reads.

    Notes
    -----
    ``retention`` is the share of a cohort that buys in a period: a customer can come back.
    ``churn`` is the share that does not buy in this or a later period: it never falls, and in the
    last periods it is too high, for whoever has not returned yet counts as gone. `survival` mends
    that by a stated gap and censoring. Refunds before the first purchase count at age 0.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aaabb"), "amount": [10.0, 20, 30, 5, 5],
    ...     "time": ["2024-01-05", "2024-02-01", "2024-03-31", "2024-01-09", "2024-03-03"]})
    >>> cohorts(transactions(orders).log).matrix("active").to_numpy().tolist()
    [[2, 1, 2]]
    """
    period = checked_period(by)
    normal_quantile(level)
    counted = _counted(log, period)
    require_customers(len(counted))
    frame = _frame(log, counted, period, level)
    size = int(frame.loc[frame["age"] == 0, "size"].sum())
    told = (*without_purchase(log, size), *_findings(frame, log, period))
    return Cohorts(frame, period, level, log.end, log.currency, told)


def cohort_cells(log: TransactionLog, by: Period) -> Any:
    """Return cohort, age and what happened there: active, orders, money, customers last seen.

    Returns
    -------
    ibis.Table
        ``cohort, age`` (whole numbers), ``active, orders, last_seen, amount`` and ``margin``.
    """
    days = customer_days(log, by=by)
    ends = days.group_by("customer").aggregate(
        cohort=days.period.min(where=days.bought), last=days.period.max(where=days.bought)
    )
    ends = ends.filter(ends.cohort.notnull())
    joined = days.join(ends, "customer").select(
        *days.columns, "cohort", "last", age=(days.period - ends.cohort)
    )
    joined = joined.mutate(age=(joined.age > 0).ifelse(joined.age, 0))
    sums = {name: joined[name].sum() for name in money_columns(log)}
    person = joined.group_by("customer", "cohort", "last", "age").aggregate(
        orders=joined.bought.cast("int64").sum(), **sums
    )
    return person.group_by("cohort", "age").aggregate(
        active=(person.orders > 0).cast("int64").sum(),
        orders=person.orders.sum(),
        last_seen=(person.age == person.last - person.cohort).cast("int64").sum(),
        **{name: person[name].sum() for name in sums},
    )


def _counted(log: TransactionLog, by: Period) -> pd.DataFrame:
    found = log.run(cohort_cells(log, by))
    found = whole_numbers(found, "cohort", "age", "active", "orders", "last_seen")
    return floats(found, *money_columns(log))


def _frame(log: TransactionLog, counted: pd.DataFrame, by: Period, level: float) -> pd.DataFrame:
    money = money_columns(log)
    grid = _grid(counted, period_of(log.end, by))
    frame = grid.merge(counted, on=["cohort", "age"], how="left")
    frame = frame.where(frame["active"].notna(), frame.fillna(0.0))  # nothing happened there
    frame = whole_numbers(frame, "active", "orders", "last_seen")
    group = frame.groupby("cohort")
    frame["size"] = group["last_seen"].transform("sum")
    gone = group["last_seen"].cumsum() - frame["last_seen"]
    frame["remaining"] = frame["size"] - gone
    frame["retention"] = frame["active"] / frame["size"]
    frame["ci_lower"], frame["ci_upper"] = wilson(frame["active"], frame["size"], level)
    frame["churn"] = gone / frame["size"]
    for name in money:
        frame[f"{name}_per_customer"] = frame[name] / frame["size"]
    number = frame["cohort"]
    frame["complete"] = [_is_whole(n, log, by) for n in number + frame["age"]]
    frame["cohort_start"] = pd.to_datetime([period_start(int(n), by) for n in number])
    frame["cohort"] = [period_label(int(n), by) for n in number]
    columns = [
        "cohort", "cohort_start", "age", "size", "active", "retention", "ci_lower", "ci_upper",
        "remaining", "churn", "orders", *(f"{m}{s}" for m in money for s in ("", "_per_customer")),
        "complete",
    ]  # fmt: skip
    return frame[columns]


def _grid(counted: pd.DataFrame, last: int) -> pd.DataFrame:
    """Return every age of every cohort up to the last period observed.

    Raises
    ------
    DataError
        When there would be more rows than memory should hold.
    """
    numbers = np.sort(counted["cohort"].unique())
    ages = last - numbers + 1
    if ages.sum() > MOST_CELLS:
        raise DataError(
            f"{numbers.size} cohorts followed for up to {int(ages.max())} periods make "
            f"{int(ages.sum())} rows; {MOST_CELLS} are allowed.",
            code="cohorts.too_many",
            hint="Use a longer period, or check the first dates of the log.",
        )
    age = np.concatenate([np.arange(n) for n in ages])
    return pd.DataFrame({"cohort": np.repeat(numbers, ages), "age": age})


def _is_whole(number: int, log: TransactionLog, by: Period) -> bool:
    """Return whether all days of a period were observed."""
    first = period_start(int(number), by)
    last = period_start(int(number) + 1, by) - timedelta(days=1)
    return log.start <= first and last <= log.end


def _findings(frame: pd.DataFrame, log: TransactionLog, by: Period) -> list[Finding]:
    found: list[Finding] = []
    if not _is_whole(period_of(log.end, by), log, by):
        found.append(
            note(
                "cohorts.last_period",
                f"The last {by} was observed only until {log.end}: its retention is too low.",
                f"最后一个时期只观察到 {log.end}，其留存率偏低。",
            )
        )
    sizes = frame.loc[frame["age"] == 0].groupby("cohort", sort=True)["size"].first()
    if len(sizes) > 2 and sizes.iloc[0] > SWOLLEN * sizes.iloc[1:].mean():
        found.append(
            Finding(
                "cohorts.first_cohort",
                Text(
                    f"The first cohort ({sizes.index[0]}) has {sizes.iloc[0]} customers, the "
                    f"others {sizes.iloc[1:].mean():.0f} on average: it may hold customers won "
                    "before the log begins.",
                    f"首个同期群（{sizes.index[0]}）有 {sizes.iloc[0]} 名客户，其余平均 "
                    f"{sizes.iloc[1:].mean():.0f} 名：其中可能包含日志开始之前就已获得的老客户。",
                ),
                Text(
                    "Leave it out of comparisons, or give the dates of acquisition.",
                    "比较时请将其剔除，或提供真实的获客日期。",
                ),
            )
        )
    return found
