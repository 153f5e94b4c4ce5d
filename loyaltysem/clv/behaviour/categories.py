"""Cross-buying and breadth: how many categories a customer buys, and how evenly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.days import floats, require_column, whole_numbers
from loyaltysem.clv.behaviour.findings import note, require_customers
from loyaltysem.clv.behaviour.proportions import LEVEL, normal_quantile, wilson
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer, percent
from loyaltysem.core.errors import Finding

NUMBERS = ("hhi", "entropy", "evenness", "top_share", "entry_share")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Categories(Printed):
    """What customers buy, by category.

    Attributes
    ----------
    frame : DataFrame
        One row a customer: ``customer, occasions`` (days × categories), ``n_categories, hhi``
        (1: all in one), ``entropy`` (nats), ``evenness`` (entropy over its maximum; NaN of one
        category), ``top_category, top_share`` (bought most often; first in order of equals),
        ``entry_category`` (of the first purchase), ``entry_share``.
    breadth : DataFrame
        One row a number of categories: ``n_categories, customers, share, ci_lower, ci_upper``
        (Wilson), ``amount_per_customer``.
    categories : DataFrame
        One row a category: ``category, customers, penetration, occasions, amount, amount_share,
        sole_buyers`` (customers who buy nothing else), ``entries`` (customers who began here).
    level : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    breadth: pd.DataFrame
    categories: pd.DataFrame
    level: float
    findings: tuple[Finding, ...]

    @property
    def cross_buying(self) -> float:
        """Share of customers who buy two categories or more."""
        return float((self.frame["n_categories"] > 1).mean())

    @property
    def title(self) -> str:
        """How many cross-buyers."""
        return (
            f"Category breadth: {percent(self.cross_buying)} of {integer(len(self.frame))} "
            f"customers buy more than one of {len(self.categories)} categories"
        )

    @property
    def printed(self) -> pd.DataFrame:
        """The distribution of breadth."""
        return self.breadth


def categories(log: TransactionLog, *, level: float = LEVEL) -> Categories:
    """Measure cross-buying and category breadth.

    Parameters
    ----------
    log : TransactionLog
        Opened with a category column.
    level : float
        Confidence of Wilson's intervals.

    Returns
    -------
    Categories

    Raises
    ------
    IncompatibleRequestError
        When the log has no categories.
    DataError
        When no purchase has one.

    Notes
    -----
    Shares are of occasions: a category bought on a day counts once for that day, whatever was paid.
    With shares p: HHI = Σp² (Hirschman, 1964), entropy = −Σ p log p (Shannon, 1948). Both depend on
    how finely the categories are cut, so they compare customers, not logs.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aaab"), "amount": 1.0,
    ...     "time": ["2024-01-01", "2024-01-11", "2024-01-31", "2024-01-05"],
    ...     "kind": ["tea", "tea", "cups", "tea"]})
    >>> found = categories(transactions(orders, category="kind").log)
    >>> found.frame[["n_categories", "top_category", "top_share"]].round(3).values.tolist()
    [[2, 'tea', 0.667], [1, 'tea', 1.0]]
    """
    require_column(log, "category", "Cross-buying")
    normal_quantile(level)
    each = log.run(customer_categories(log).order_by("customer"))
    require_customers(len(each))
    each = floats(whole_numbers(each, "occasions", "n_categories"), *NUMBERS, "amount")
    amounts = each.pop("amount")
    return Categories(
        each,
        _breadth(each, amounts, level),
        _by_category(log, each),
        level,
        _without_category(log),
    )


def category_days(log: TransactionLog) -> Any:
    """Return one row a customer and category of purchases that have one.

    Returns
    -------
    ibis.Table
        ``customer, category, days, first`` (the first time), ``amount``.
    """
    if "category_days" not in log.memo:
        rows = log.table.filter((log.table.day <= log.end) & log.table.is_purchase)
        rows = rows.filter(rows.category.notnull())
        cells = rows.group_by("customer", "category").aggregate(
            days=rows.day.nunique(), first=rows.time.min(), amount=rows.amount.sum()
        )
        log.memo["category_days"] = log.keep(cells)
    return log.memo["category_days"]


def customer_categories(log: TransactionLog) -> Any:
    """Return one row a customer: breadth, concentration, top and entry category."""
    import ibis

    cells = category_days(log)
    whole = ibis.window(group_by=cells.customer)
    share = cells.days.cast("float64") / cells.days.sum().over(whole).cast("float64")
    often = ibis.window(group_by=cells.customer, order_by=[cells.days.desc(), cells.category])
    early = ibis.window(group_by=cells.customer, order_by=[cells["first"], cells.category])
    cells = cells.mutate(
        share=share,
        top=ibis.row_number().over(often) == 0,
        entry=ibis.row_number().over(early) == 0,
    )
    each = cells.group_by("customer").aggregate(
        occasions=cells.days.sum(),
        n_categories=cells.count(),
        hhi=(cells.share * cells.share).sum(),
        information=(cells.share * cells.share.ln()).sum(),
        top_category=cells.category.max(where=cells.top),
        top_share=cells.share.max(where=cells.top),
        entry_category=cells.category.max(where=cells.entry),
        entry_share=cells.share.max(where=cells.entry),
        amount=cells.amount.sum(),
    )
    several = each.n_categories > 1
    return each.select(
        "customer", "occasions", "n_categories", "hhi",
        entropy=several.ifelse(-each.information, 0.0),
        evenness=several.ifelse(
            -each.information / each.n_categories.cast("float64").ln(), ibis.null("float64")
        ),
        top_category=each.top_category, top_share=each.top_share,
        entry_category=each.entry_category, entry_share=each.entry_share, amount=each.amount,
    )  # fmt: skip


def _breadth(each: pd.DataFrame, amounts: pd.Series[float], level: float) -> pd.DataFrame:
    found = amounts.groupby(each["n_categories"]).agg(["size", "mean"]).reset_index()
    found.columns = pd.Index(["n_categories", "customers", "amount_per_customer"])
    total = np.full(len(found), len(each))
    lower, upper = wilson(found["customers"], total, level)
    found.insert(2, "share", found["customers"] / total)
    found.insert(3, "ci_lower", lower)
    found.insert(4, "ci_upper", upper)
    return found


def _by_category(log: TransactionLog, each: pd.DataFrame) -> pd.DataFrame:
    cells = category_days(log)
    found = log.run(
        cells.group_by("category").aggregate(
            customers=cells.count(), occasions=cells.days.sum(), amount=cells.amount.sum()
        )
    )
    found = floats(whole_numbers(found, "customers", "occasions"), "amount")
    found = found.sort_values("category", ignore_index=True)
    found.insert(2, "penetration", found["customers"] / len(each))
    found["amount_share"] = found["amount"] / found["amount"].sum()
    alone = each.loc[each["n_categories"] == 1, "top_category"].value_counts()
    for name, counts in (
        ("sole_buyers", alone),
        ("entries", each["entry_category"].value_counts()),
    ):
        found[name] = found["category"].map(counts).fillna(0).astype(np.int64)
    return found


def _without_category(log: TransactionLog) -> tuple[Finding, ...]:
    rows = log.table.filter((log.table.day <= log.end) & log.table.is_purchase)
    found = log.run(
        rows.aggregate(rows=rows.count(), bare=rows.category.isnull().cast("int64").sum())
    )
    bare, rows_total = int(found["bare"].iloc[0]), int(found["rows"].iloc[0])
    if not bare:
        return ()
    return (
        note(
            "categories.missing",
            f"{integer(bare)} of {integer(rows_total)} purchase rows have no category and are left "
            "out.",
            f"{integer(rows_total)} 行购买记录中有 {integer(bare)} 行缺少品类，未计入。",
        ),
    )
