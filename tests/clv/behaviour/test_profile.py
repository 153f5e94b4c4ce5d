"""The profile of each customer, against the single analyses and against pandas."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.behaviour.intervals import intervals
from loyaltysem.clv.behaviour.profile import MEASURES, behaviour
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.core.errors import DataError
from tests.clv.behaviour.logs import log_of


def test_every_measure_agrees_with_pandas(log: TransactionLog, days: pd.DataFrame) -> None:
    found = behaviour(log)
    assert found.frame["customer"].is_monotonic_increasing
    gaps = intervals(log).frame.set_index("customer")
    end = pd.Timestamp(log.end)
    for row in found.frame.to_dict("records"):
        mine = days[days["customer"] == row["customer"]]
        bought = mine.loc[mine["bought"], "day"]
        first, last = bought.min(), bought.max()
        assert (row["first_day"], row["last_day"]) == (first, last)
        assert (row["orders"], row["frequency"]) == (len(bought), len(bought) - 1)
        assert row["repeat_buyer"] == (len(bought) > 1)
        assert row["tenure"] == (last - first).days and row["recency"] == (end - last).days
        age = (end - first).days
        assert row["age"] == age
        if age:
            assert row["order_rate"] == pytest.approx((len(bought) - 1) / (age / 365.25))
        assert row["amount"] == pytest.approx(mine["amount"].sum())
        assert row["margin"] == pytest.approx(mine["margin"].sum())
        active = ((bought - first).dt.days // 30).nunique()
        assert row["active_share"] == pytest.approx(active / (age // 30 + 1))
        late = mine.loc[2 * (mine["day"] - first).dt.days > age, "amount"].sum()
        early = mine["amount"].sum() - late
        if late >= 0 and early >= 0 and late + early > 0:
            assert row["recent_share"] == pytest.approx(late / (late + early), abs=1e-9)
        else:
            assert np.isnan(row["recent_share"])
        if len(bought) > 1:
            theirs = gaps.loc[row["customer"], ["mean", "median", "cv"]].astype(float)
            np.testing.assert_allclose(
                [row["gap_mean"], row["gap_median"], row["gap_cv"]], theirs, rtol=1e-9
            )
            assert row["overdue"] == pytest.approx(row["recency"] / row["gap_mean"])
        else:
            assert np.isnan([row["gap_mean"], row["gap_cv"], row["overdue"]]).all()


def test_what_stands_beside_the_log_is_joined(log: TransactionLog) -> None:
    said = pd.DataFrame({"customer": ["c001"] * 2, "time": ["2024-01-01", "2024-02-01"]})
    sent = pd.DataFrame({"customer": ["c003", "c004"], "referrer": ["c002"] * 2})
    asked = pd.DataFrame({"customer": ["c002"], "elsewhere": [50.0]})
    found = behaviour(log, complaint_events=said, referrer=sent, elsewhere=asked)
    row = found.frame.set_index("customer")
    assert row["complaints"].sum() == 2 and row.loc["c001", "complaints"] == 2
    assert row["referred"].sum() == 2 and row.loc["c002", "word_of_mouth"] > 0
    assert row["share_of_wallet"].count() == 1
    assert list(found.measures) == [name for name in MEASURES if name in found.frame]
    assert set(found.measures) == set(MEASURES)


def test_columns_that_cannot_be_had_are_absent(orders: pd.DataFrame) -> None:
    found = behaviour(log_of(orders[["customer", "time", "amount"]]))
    assert not {"margin", "n_categories", "complaints"} & set(found.frame)
    assert set(found.summary()["measure"]) == set(found.measures)
    assert "Behavioural loyalty of 120 customers" in str(found)


def test_customers_without_a_category_are_counted(orders: pd.DataFrame) -> None:
    bare = orders.assign(category=orders["category"].where(orders["customer"] != "c007"))
    found = behaviour(log_of(bare))
    assert [f.code for f in found.findings] == ["behaviour.no_category"]
    assert np.isnan(found.frame.set_index("customer").loc["c007", "n_categories"])


def test_measures_are_described() -> None:
    assert {m.facet for m in MEASURES.values()} == {
        "repeat", "time", "stability", "width", "depth", "voice"
    }  # fmt: skip
    assert all(m.label.en and m.label.zh for m in MEASURES.values())


def test_an_empty_log_is_refused(log: TransactionLog) -> None:
    with pytest.raises(DataError, match=r"behaviour\.empty"):
        behaviour(replace(log, end=date(2000, 1, 1)))
