"""Medians and robust scores of each customer, by counting: the same on every engine."""

from __future__ import annotations

from typing import Any

#: What makes the median absolute deviation a standard deviation where values are normal.
NORMAL = 1.4826
#: Scores are rounded so that engines that differ in the last digit flag the same.
DECIMALS = 9


def own_median(table: Any, value: str, name: str) -> Any:
    """Return one row a customer: the median of a column, nulls left out.

    Parameters
    ----------
    table : ibis.Table
        With ``customer`` and the column.
    value, name : str
        The column, and what the median is to be called.
    """
    import ibis

    known = table.filter(table[value].notnull())
    own = ibis.window(group_by=known.customer)
    ordered = ibis.window(group_by=known.customer, order_by=known[value])
    placed = known.select(
        "customer", value=known[value],
        place=ibis.row_number().over(ordered) * 2,
        last=known[value].count().over(own) - 1,
    )  # fmt: skip
    middle = placed.filter((placed.place - placed.last).abs() <= 1)
    return middle.group_by("customer").aggregate(**{name: middle.value.mean()})


def robust_scores(table: Any, value: str, floor: float) -> Any:
    """Return the table with each row's robust score against the customer's own rows.

    Parameters
    ----------
    table : ibis.Table
        With ``customer`` and the column.
    value : str
    floor : float
        The least spread, in the unit of the column: of customers who are all but constant.

    Returns
    -------
    ibis.Table
        With ``own_n``, ``own_median``, ``spread`` = max(1.4826 MAD, floor) and ``score`` =
        (x − median) / spread.

    Notes
    -----
    The modified z score of Iglewicz & Hoaglin (1993), who call values beyond 3.5 outliers.
    """
    import ibis

    counts = table.group_by("customer").aggregate(own_n=table[value].count())
    middle = own_median(table, value, "own_median")
    joined = table.inner_join(counts, "customer").inner_join(middle, "customer")
    away = joined.mutate(away=(joined[value] - joined.own_median).abs())
    spread = own_median(away, "away", "mad")
    scored = away.inner_join(spread, "customer")
    scale = ibis.greatest(scored.mad * NORMAL, ibis.literal(floor))
    wide = scored.mutate(spread=scale)
    score = ((wide[value] - wide.own_median) / wide.spread).round(DECIMALS)
    return wide.mutate(score=score).drop("away", "mad")
