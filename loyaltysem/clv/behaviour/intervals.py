"""Times between purchases: of each customer, and of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.counted import counted_moments, counted_quantile
from loyaltysem.clv.behaviour.days import floats, purchase_gaps, whole_numbers
from loyaltysem.clv.behaviour.findings import note
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError, Finding

QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.90, 0.95)
#: Gaps after the first, second, … purchase are told apart up to this; later ones are pooled.
MOST_ORDERS = 6


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Intervals(Printed):
    """Days from one purchase occasion to the next.

    Attributes
    ----------
    frame : DataFrame
        One row a customer with at least two occasions: ``customer, gaps, mean, sd, cv, median,
        shortest, longest`` (days). ``sd`` and ``cv`` (sd/mean) need two gaps.
    summary : DataFrame
        One row a kind: ``gaps``, the times between all purchases; ``gap 1`` to ``gap 6+``, those
        after the first, second, … purchase; ``customer means``, each customer once. Columns
        ``of, n, mean, sd, cv, q05, q25, median, q75, q90, q95``.
    distribution : DataFrame
        ``order`` (1 to 6), ``gap`` (days), ``count``.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    summary: pd.DataFrame
    distribution: pd.DataFrame
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many gaps of how many customers."""
        gaps, customers = integer(self.summary["n"].iloc[0]), integer(len(self.frame))
        return f"Times between purchases, days: {gaps} gaps of {customers} customers"

    @property
    def printed(self) -> pd.DataFrame:
        """The summary."""
        return self.summary


def intervals(log: TransactionLog) -> Intervals:
    """Describe the times between purchase occasions.

    Parameters
    ----------
    log : TransactionLog

    Returns
    -------
    Intervals

    Raises
    ------
    DataError
        When nobody has bought on two days.

    Notes
    -----
    Occasions are days, so a gap has at least one day. Long gaps that had not ended when observation
    did are missing: the gaps seen are shorter than those to come, the more so the shorter the log.
    `survival` has no such fault.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aaab"), "amount": 1.0,
    ...     "time": ["2024-01-01", "2024-01-11", "2024-01-31", "2024-01-05"]})
    >>> intervals(transactions(orders).log).frame[["customer", "mean", "median"]].values.tolist()
    [['a', 15.0, 15.0]]
    """
    each = _each(log)
    if each.empty:
        raise DataError(
            "Nobody has bought on two different days.",
            code="intervals.none",
            hint="Check the column of times, and what the rules did: ls.transactions(…).counts.",
        )
    distribution = _distribution(log)
    told = _left_out(log, len(each))
    return Intervals(each, _summary(each, distribution), distribution, told)


def customer_intervals(log: TransactionLog) -> Any:
    """Return one row a customer with a gap; sums of whole days are exact on every engine.

    Returns
    -------
    ibis.Table
        ``customer, gaps, total, squares, median, shortest, longest``.
    """
    rows = purchase_gaps(log)
    rows = rows.filter(rows.gap.notnull())
    return rows.group_by("customer").aggregate(
        gaps=rows.count(),
        total=rows.gap.sum(),
        squares=(rows.gap * rows.gap).sum(),
        median=rows.gap.median(),
        shortest=rows.gap.min(),
        longest=rows.gap.max(),
    )


def _each(log: TransactionLog) -> pd.DataFrame:
    expression = customer_intervals(log)
    found = log.run(expression.order_by("customer"))
    found = whole_numbers(found, "gaps", "total", "squares", "shortest", "longest")
    found = floats(found, "median")
    n, total = found["gaps"].to_numpy(np.float64), found["total"].to_numpy(np.float64)
    mean = total / n
    # whole numbers below 2^53: the sum of squares about the mean has no rounding to lose
    about = found["squares"].to_numpy(np.float64) * n - total**2
    sd = np.sqrt(about / n / np.where(n > 1, n - 1, np.nan))
    found = found.assign(mean=mean, sd=sd, cv=sd / mean)
    return found[["customer", "gaps", "mean", "sd", "cv", "median", "shortest", "longest"]]


def _distribution(log: TransactionLog) -> pd.DataFrame:
    rows = purchase_gaps(log)
    rows = rows.filter(rows.gap.notnull())
    rows = rows.mutate(order=(rows.order + 1 < MOST_ORDERS).ifelse(rows.order + 1, MOST_ORDERS))
    found = log.run(rows.group_by("order", "gap").aggregate(count=rows.count()))
    found = whole_numbers(found, "order", "gap", "count")
    return found.sort_values(["order", "gap"], ignore_index=True)


def _summary(each: pd.DataFrame, distribution: pd.DataFrame) -> pd.DataFrame:
    kinds = {"gaps": distribution.groupby("gap")["count"].sum()}
    for order, part in distribution.groupby("order"):
        name = f"gap {order}" + ("+" if order == MOST_ORDERS else "")
        kinds[name] = part.set_index("gap")["count"]
    kinds["customer means"] = each["mean"].value_counts().sort_index()
    return pd.DataFrame([_described(name, counts) for name, counts in kinds.items()])


def _described(name: str, counts: pd.Series) -> dict[str, object]:
    values, times = counts.index.to_numpy(np.float64), counts.to_numpy(np.float64)
    mean, sd = counted_moments(values, times)
    quantiles = {
        "median" if q == 0.5 else f"q{round(100 * q):02d}": counted_quantile(values, times, q)
        for q in QUANTILES
    }
    return {"of": name, "n": int(times.sum()), "mean": mean, "sd": sd, "cv": sd / mean, **quantiles}


def _left_out(log: TransactionLog, repeaters: int) -> tuple[Finding, ...]:
    rows = log.table.filter((log.table.day <= log.end) & log.table.is_purchase)
    found = log.run(rows.aggregate(customers=rows.customer.nunique()))
    once = int(found["customers"].iloc[0]) - repeaters
    if not once:
        return ()
    return (
        note(
            "intervals.once",
            f"{integer(once)} customers bought on one day only and have no interval.",
            f"{integer(once)} 名客户只在一天内购买过，没有购买间隔。",
        ),
    )
