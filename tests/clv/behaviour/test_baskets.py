"""Rules counted a second time by pandas, and their measures by mlxtend and scipy."""

from __future__ import annotations

import sys
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyaltysem.clv.behaviour.baskets import baskets
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.core.errors import DataError, IncompatibleRequestError, MissingExtraError
from tests.clv.behaviour.logs import log_of


@pytest.fixture(scope="module")
def held(orders: pd.DataFrame) -> pd.DataFrame:
    """Which order holds which category."""
    bought = orders[orders["amount"] > 0]
    return pd.crosstab(bought["order_id"], bought["category"]) > 0


def test_pairs_agree_with_pandas_and_scipy(log: TransactionLog, held: pd.DataFrame) -> None:
    found = baskets(log, basket="order_id", min_support=0.02)
    n = len(held)
    assert found.n_baskets == n
    expected = {}
    for a, b in combinations(held.columns, 2):
        table = pd.crosstab(held[a], held[b]).to_numpy()
        if table[1, 1] >= 0.02 * n:
            expected[a, b] = stats.fisher_exact(table, "greater").pvalue
            expected[b, a] = expected[a, b]
    assert set(zip(found.frame["antecedent"], found.frame["consequent"], strict=True)) == set(
        expected
    )
    assert found.n_tests == len(expected) / 2 > 3
    for row in found.frame.to_dict("records"):
        a, b = held[row["antecedent"]], held[row["consequent"]]
        both = (a & b).mean()
        assert row["support"] == pytest.approx(both)
        assert row["confidence"] == pytest.approx(both / a.mean())
        assert row["lift"] == pytest.approx(both / a.mean() / b.mean())
        assert row["leverage"] == pytest.approx(both - a.mean() * b.mean())
        assert row["conviction"] == pytest.approx((1 - b.mean()) / (1 - both / a.mean()))
        assert row["pvalue"] == pytest.approx(expected[row["antecedent"], row["consequent"]])
        assert row["pvalue"] <= row["pvalue_adjusted"] <= 1
    assert found.frame["lift"].is_monotonic_decreasing


def test_chi_square_and_false_discovery(log: TransactionLog, held: pd.DataFrame) -> None:
    found = baskets(log, basket="order_id", test="chi2", correction="bh")
    for row in found.frame.to_dict("records"):
        table = pd.crosstab(held[row["antecedent"]], held[row["consequent"]])
        assert row["pvalue"] == pytest.approx(stats.chi2_contingency(table, correction=False)[1])
    assert (found.frame["pvalue_adjusted"] >= found.frame["pvalue"]).all()


def test_a_basket_is_a_day_unless_orders_are_numbered(
    log: TransactionLog, orders: pd.DataFrame
) -> None:
    bought = orders[orders["amount"] > 0]
    per_day = bought.groupby(["customer", bought["time"].dt.date])["category"].nunique()
    found = baskets(log, min_support=0.001)
    assert found.n_baskets == len(per_day)
    assert found.items["baskets"].sum() == per_day.sum()


def test_larger_sets_agree_with_mlxtend(log: TransactionLog, held: pd.DataFrame) -> None:
    rules = pytest.importorskip("mlxtend.frequent_patterns")
    sets = rules.apriori(held, min_support=0.02, use_colnames=True)
    theirs = rules.association_rules(sets, metric="support", min_threshold=0.0)
    found = baskets(log, basket="order_id", min_support=0.02, max_size=4)
    assert found.frame["size"].max() > 2
    ours = found.frame.set_index(["antecedent", "consequent"])
    assert len(ours) == len(theirs)
    for row in theirs.to_dict("records"):
        key = tuple(" + ".join(sorted(row[c])) for c in ("antecedents", "consequents"))
        for name in ("support", "confidence", "lift", "leverage", "conviction"):
            assert ours.loc[key, name] == pytest.approx(row[name]), name


def test_larger_sets_need_mlxtend(log: TransactionLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.frequent_patterns", None)
    with pytest.raises(MissingExtraError, match=r"loyaltysem\[baskets\]"):
        baskets(log, max_size=3)


def test_sets_too_large_for_memory_are_refused(
    log: TransactionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlxtend.frequent_patterns")
    monkeypatch.setattr("loyaltysem.clv.behaviour.larger_sets.MOST_CELLS", 10)
    with pytest.raises(DataError, match=r"baskets\.too_large"):
        baskets(log, max_size=3)


def test_rows_without_category_or_order_are_counted(orders: pd.DataFrame) -> None:
    some = orders[orders["amount"] > 0].head(40).reset_index(drop=True)
    some["category"] = some["category"].where(some.index != 3)
    some["order_id"] = some["order_id"].where(~some.index.isin([3, 4]))
    by_order, by_day = (baskets(log_of(some), basket=b).findings[0] for b in ("order_id", "day"))
    assert by_order.text.en.startswith("2 of 40 purchase rows have no category or no 'order_id'")
    assert by_day.text.zh.startswith("40 行购买记录中有 1 行缺少品类")


def test_nothing_common_is_said(log: TransactionLog) -> None:
    found = baskets(log, min_support=0.9)
    assert found.frame.empty and found.n_tests == 0
    assert found.findings[0].code == "baskets.none"
    assert "0 of" in str(found)


def test_independent_categories_are_found_at_the_level_of_the_test() -> None:
    rng = np.random.default_rng(1)
    false = 0
    for _ in range(40):
        held = rng.random((200, 4)) < [0.5, 0.4, 0.3, 0.6]
        order, kind = np.nonzero(held)
        frame = pd.DataFrame({"customer": order, "time": "2024-01-01", "amount": 1.0,
                              "category": np.array(list("abcd"))[kind]})  # fmt: skip
        false += int((baskets(log_of(frame)).frame["pvalue_adjusted"] < 0.05).any())
    assert false <= 6  # P(more | 5 %) < .02; Fisher's test is conservative


def test_bad_requests(log: TransactionLog, orders: pd.DataFrame) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        baskets(log, min_support=0.0, max_size=1, test="t", correction="none")
    assert all(w in str(caught.value) for w in ("min_support", "max_size", "test", "correction"))
    with pytest.raises(IncompatibleRequestError, match="receipt"):
        baskets(log, basket="receipt")
    bare = orders.assign(category=pd.Series([None] * len(orders), dtype="str"))
    with pytest.raises(DataError, match=r"baskets\.empty"):
        baskets(log_of(bare))
