"""Each customer's own rhythm: the days between purchases, as expressions carried out anywhere."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, TypeAlias

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.summary import purchase_days
from loyaltysem.core.errors import IncompatibleRequestError

Statistic: TypeAlias = Literal["mean", "median"]


def purchase_gaps(log: TransactionLog, *, end: date | None = None) -> Any:
    """Return the days between purchase days.

    Parameters
    ----------
    log : TransactionLog
    end : date, optional
        Last day looked at; the log's unless given.

    Returns
    -------
    ibis.Table
        ``customer, day, amount, gap``: one row a customer and purchase day; `gap` is the number of
        days since the purchase day before, null at the first.
    """
    import ibis

    days = purchase_days(log, end=end)
    bought = days.filter(days.is_purchase)
    before = bought.day.lag().over(ibis.window(group_by=bought.customer, order_by=bought.day))
    known = bought.select("customer", "day", "amount", before=before)
    return known.select(
        "customer", "day", "amount",
        gap=known.day.delta(known.before, unit="day").cast("float64"),
    )  # fmt: skip


def customer_rhythm(
    log: TransactionLog, *, end: date | None = None, statistic: Statistic = "mean"
) -> Any:
    """Return one row a customer with purchases: how long known, how long silent, own rhythm.

    Parameters
    ----------
    log : TransactionLog
    end : date, optional
        The day stood at; the log's last unless given.
    statistic : {"mean", "median"}
        Of the days between purchase days.

    Returns
    -------
    ibis.Table
        ``customer, n_orders, first_day, last_day, total, elapsed, tenure, n_gaps, gap``: purchase
        days; amount net of refunds until `end`; days since the last and the first purchase; number
        and mean or median of the gaps, null for customers with one purchase day.

    Raises
    ------
    IncompatibleRequestError
        Another statistic.
    """
    import ibis

    if statistic not in ("mean", "median"):
        raise IncompatibleRequestError(
            f"A rhythm is a mean or a median, not '{statistic}'.",
            code="segments.statistic",
            hint="Use statistic='mean' or 'median'.",
        )
    stand = end or log.end
    days = purchase_days(log, end=stand)
    totals = days.group_by("customer").aggregate(total=days.amount.sum())
    gaps = purchase_gaps(log, end=stand)
    per = gaps.group_by("customer").aggregate(
        n_orders=gaps.count(),
        first_day=gaps.day.min(),
        last_day=gaps.day.max(),
        n_gaps=gaps.gap.count(),
        gap=gaps.gap.mean(),
    )
    if statistic == "median":
        per = per.drop("gap").left_join(_medians(gaps), "customer")
    per = per.inner_join(totals, "customer").mutate(stand=ibis.literal(stand))
    return per.select(
        "customer", "n_orders", "first_day", "last_day", "total",
        elapsed=per.stand.delta(per.last_day, unit="day").cast("float64"),
        tenure=per.stand.delta(per.first_day, unit="day").cast("float64"),
        n_gaps=per.n_gaps,
        gap=per.gap,
    )  # fmt: skip


def _medians(gaps: Any) -> Any:
    """Return each customer's median gap by counting, which is the same on every engine."""
    import ibis

    known = gaps.filter(gaps.gap.notnull())
    own = ibis.window(group_by=known.customer)
    placed = known.select(
        "customer", "gap",
        place=ibis.row_number().over(
            ibis.window(group_by=known.customer, order_by=[known.gap, known.day])
        ) * 2,
        last=known.gap.count().over(own) - 1,
    )  # fmt: skip
    middle = placed.filter((placed.place - placed.last).abs() <= 1)
    return middle.group_by("customer").aggregate(gap=middle.gap.mean())


def common_rhythm(rhythm: Any) -> Any:
    """Return a table of one row and column, ``common``: the mean gap of all gaps together."""
    weighted = rhythm.filter(rhythm.n_gaps > 0)
    size = weighted.n_gaps.cast("float64")
    return weighted.aggregate(common=(weighted.gap * size).sum() / size.sum())


def shrunken_rhythm(rhythm: Any, common: float, prior_gaps: float) -> Any:
    """Return the table with ``rhythm``: each customer's own gap, drawn to the common one.

    Parameters
    ----------
    rhythm : ibis.Table
        From `customer_rhythm`.
    common : float
        Days, from `common_rhythm`.
    prior_gaps : float
        How many gaps of its own weigh as much as the common rhythm.

    Notes
    -----
    (n g + k G) / (n + k) with n gaps of mean g, the common rhythm G and k prior gaps. It is the
    posterior mean of the interval where purchases are Poisson and 1/rate has an inverse gamma
    prior of mean G: shape k + 1, scale k G. A customer with one purchase has the common rhythm.
    """
    n = rhythm.n_gaps.cast("float64")
    own = rhythm.gap.fill_null(0.0)
    drawn = (n * own + prior_gaps * common) / (n + prior_gaps)
    return rhythm.mutate(rhythm=drawn)
