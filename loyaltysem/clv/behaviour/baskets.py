"""Association rules: which categories are bought together more often than by chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.association import (
    chi_square,
    confidence,
    conviction,
    fisher_greater,
    leverage,
    lift,
)
from loyaltysem.clv.behaviour.days import require_column, whole_numbers
from loyaltysem.clv.behaviour.findings import note
from loyaltysem.clv.behaviour.larger_sets import larger_sets
from loyaltysem.clv.behaviour.proportions import false_discovery, holm
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.types import Array

TESTS: Mapping[str, Callable[[float, Array, Array, Array], Array]] = {
    "fisher": fisher_greater,
    "chi2": chi_square,
}
CORRECTIONS: Mapping[str, Callable[[Array], Array]] = {"holm": holm, "bh": false_discovery}
#: Between the names of a set, in print.
JOIN = " + "


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Baskets(Printed):
    """Association rules.

    Attributes
    ----------
    frame : DataFrame
        One row a rule, in both directions: ``antecedent, consequent, baskets`` (with both),
        ``support`` (share of all baskets), ``confidence, lift, leverage, conviction, pvalue,
        pvalue_adjusted`` (of the pair of sets: the same in both directions), ``size`` (categories
        in both). Largest lift first.
    items : DataFrame
        ``category, baskets, support``.
    n_baskets : int
        Baskets with a category.
    n_tests : int
        Pairs of sets tested together.
    min_support : float
    test, correction : str
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    items: pd.DataFrame
    n_baskets: int
    n_tests: int
    min_support: float
    test: str
    correction: str
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many rules of how many baskets."""
        return f"Association rules: {integer(len(self.frame))} of {integer(self.n_baskets)} baskets"


def baskets(
    log: TransactionLog,
    *,
    basket: str = "day",
    min_support: float = 0.01,
    max_size: int = 2,
    test: str = "fisher",
    correction: str = "holm",
) -> Baskets:
    """Find categories that are bought together.

    Parameters
    ----------
    log : TransactionLog
        Opened with a category column.
    basket : str
        ``day``: what a customer buys on a day; or the column of the log that numbers orders.
    min_support : float
        Least share of baskets that hold all of a rule.
    max_size : int
        Most categories in a rule. Pairs are counted where the log lies; larger sets come into
        memory and need mlxtend (extra ``baskets``).
    test : {"fisher", "chi2"}
        Fisher's exact test against more than chance, or Pearson's χ² (two-sided).
    correction : {"holm", "bh"}
        Holm for any false rule, Benjamini–Hochberg for their share.

    Returns
    -------
    Baskets

    Raises
    ------
    IncompatibleRequestError
        The log has no categories or no such column, or a request that cannot be.
    DataError
        No basket has a category.
    MissingExtraError
        For larger sets without mlxtend.

    Notes
    -----
    Support and confidence after Agrawal, Imieliński and Swami (1993); the other measures and tests
    in `association`. All pairs that reach `min_support` are tested together. Baskets of one
    customer are not independent: p values are too small where few customers have many baskets.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aabbccd"), "time": "2024-01-01", "amount": 1.0,
    ...     "kind": ["tea", "cups", "tea", "cups", "tea", "book", "book"]})
    >>> found = baskets(transactions(orders, category="kind").log, min_support=0.5)
    >>> found.frame[["antecedent", "consequent", "support", "confidence"]].round(2).values.tolist()
    [['cups', 'tea', 0.5, 1.0], ['tea', 'cups', 0.5, 0.67]]
    """
    require_column(log, "category", "Association rules")
    if basket != "day":
        require_column(log, basket, "Association rules")
    _check(min_support, max_size, test, correction)
    n, items = _items(log, basket)
    if n == 0:
        raise DataError(
            "No basket holds a category.",
            code="baskets.empty",
            hint="Check the column of categories and what the rules of cleaning did.",
        )
    least = int(np.ceil(min_support * n - 1e-9))
    sets = _pairs(log, basket, items, least)
    if max_size > 2:
        sets = pd.concat([sets, larger_sets(held(log, basket), n, least, max_size)])
    frame, tests = _rules(sets, float(n), test, correction)
    told = (*_left_out(log, basket), *_findings(n, len(items), min_support, tests))
    items = items.assign(support=items["baskets"] / n)
    return Baskets(frame, items, n, tests, min_support, test, correction, told)


def held(log: TransactionLog, basket: str) -> Any:
    """Return one row a basket and category of purchases: the basket's key columns, category."""
    key = f"baskets by {basket}"
    if key not in log.memo:
        log.memo[key] = log.keep(_held(log, basket))
    return log.memo[key]


def _held(log: TransactionLog, basket: str) -> Any:
    rows = log.table.filter((log.table.day <= log.end) & log.table.is_purchase)
    rows = rows.filter(rows.category.notnull())
    if basket == "day":
        return rows.select("customer", "day", "category").distinct()
    named = rows.mutate(basket=rows[basket].cast("string"))
    return named.filter(named.basket.notnull()).select("basket", "category").distinct()


def pair_counts(log: TransactionLog, basket: str, least: int) -> Any:
    """Return how many baskets hold each pair: ``first, second`` (in order), ``both``."""
    cells = held(log, basket)
    keys = [name for name in cells.columns if name != "category"]
    other = cells.view()
    joined = cells.join(
        other, [*keys, cells.category < other.category], rname="{name}_2"
    )  # fmt: skip
    pairs = joined.group_by(first=joined.category, second=joined.category_2)
    counted = pairs.aggregate(both=joined.count())
    return counted.filter(counted.both >= least)


def _items(log: TransactionLog, basket: str) -> tuple[int, pd.DataFrame]:
    cells = held(log, basket)
    keys = [name for name in cells.columns if name != "category"]
    total = cells.select(keys).distinct()
    n = int(log.run(total.aggregate(n=total.count()))["n"].iloc[0])
    found = log.run(cells.group_by("category").aggregate(baskets=cells.count()))
    return n, whole_numbers(found, "baskets").sort_values("category", ignore_index=True)


def _pairs(log: TransactionLog, basket: str, items: pd.DataFrame, least: int) -> pd.DataFrame:
    """Return unordered pairs with their counts, as sets of one category each."""
    found = whole_numbers(log.run(pair_counts(log, basket, least)), "both")
    counts = items.set_index("category")["baskets"]
    return pd.DataFrame(
        {
            "first": [(name,) for name in found["first"]],
            "second": [(name,) for name in found["second"]],
            "both": found["both"].to_numpy(np.int64),
            "n_first": found["first"].map(counts).to_numpy(np.int64),
            "n_second": found["second"].map(counts).to_numpy(np.int64),
        }
    )


def _rules(sets: pd.DataFrame, n: float, test: str, correction: str) -> tuple[pd.DataFrame, int]:
    """Return a rule for each direction of each pair of sets."""
    both, first, second = (
        sets[c].to_numpy(np.float64) for c in ("both", "n_first", "n_second")
    )  # fmt: skip
    pvalue = TESTS[test](n, both, first, second)
    adjusted = CORRECTIONS[correction](pvalue)
    ways = [
        ("first", "second", first, second),
        ("second", "first", second, first),
    ]
    parts = [
        pd.DataFrame(
            {
                "antecedent": [JOIN.join(names) for names in sets[a]],
                "consequent": [JOIN.join(names) for names in sets[b]],
                "baskets": both.astype(np.int64),
                "support": both / n,
                "confidence": confidence(both, with_a),
                "lift": lift(n, both, with_a, with_b),
                "leverage": leverage(n, both, with_a, with_b),
                "conviction": conviction(n, both, with_a, with_b),
                "pvalue": pvalue,
                "pvalue_adjusted": adjusted,
                "size": [len(x) + len(y) for x, y in zip(sets[a], sets[b], strict=True)],
            }
        )
        for a, b, with_a, with_b in ways
    ]
    frame = pd.concat(parts).sort_values(
        ["lift", "antecedent", "consequent"], ascending=[False, True, True], ignore_index=True
    )
    return frame, len(sets)


def _check(min_support: float, max_size: int, test: str, correction: str) -> None:
    problems = [
        (0.0 < min_support <= 1.0, f"min_support={min_support!r} is no share above 0", "0.01"),
        (isinstance(max_size, int) and max_size >= 2, f"max_size={max_size!r} is no size", "2"),
        (test in TESTS, f"test={test!r} is unknown", "'fisher' or 'chi2'"),
        (correction in CORRECTIONS, f"correction={correction!r} is unknown", "'holm' or 'bh'"),
    ]
    wrong = [(what, use) for fine, what, use in problems if not fine]
    if wrong:
        raise IncompatibleRequestError(
            f"{'; '.join(what for what, _ in wrong)}.",
            code="baskets.request",
            hint=f"Use {'; '.join(use for _, use in wrong)}.",
        )


def _left_out(log: TransactionLog, basket: str) -> tuple[Finding, ...]:
    """Count purchases without a category, or without a number of their order."""
    rows = log.table.filter((log.table.day <= log.end) & log.table.is_purchase)
    bare = rows.category.isnull()
    lost = bare if basket == "day" else (bare | rows[basket].isnull())
    found = log.run(rows.aggregate(lost=lost.cast("int64").sum(), rows=rows.count()))
    left, total = int(found["lost"].iloc[0]), int(found["rows"].iloc[0])
    if not left:
        return ()
    en = "no category" if basket == "day" else f"no category or no '{basket}'"
    zh = "品类" if basket == "day" else f"品类或“{basket}”"
    return (
        note(
            "baskets.missing",
            f"{integer(left)} of {integer(total)} purchase rows have {en} and are left out.",
            f"{integer(total)} 行购买记录中有 {integer(left)} 行缺少{zh}，未计入。",
        ),
    )


def _findings(n: int, items: int, min_support: float, tests: int) -> tuple[Finding, ...]:
    if tests:
        return ()
    return (
        note(
            "baskets.none",
            f"No two of {items} categories are in {100 * min_support:g} % of {integer(n)} baskets.",
            f"{integer(n)} 个购物篮中，{items} 个品类里没有任何两个同时出现于 "
            f"{100 * min_support:g}% 的购物篮。",
        ),
    )
