"""Planted anomalies are found and told apart from habits; nothing else is changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.segments.anomalies import FLOOR, AnomalyRule, anomalies
from loyaltysem.clv.segments.robust import NORMAL, robust_scores
from loyaltysem.core.errors import IncompatibleRequestError

DAYS = pd.date_range("2024-01-01", periods=12, freq="7D")


def steady(customer: str = "a", amount: float = 20.0) -> pd.DataFrame:
    wobble = np.tile([0.95, 1.0, 1.05], 4)
    return pd.DataFrame({"customer": customer, "day": DAYS, "amount": amount * wobble})


def test_scores_are_those_of_the_definition(log: TransactionLog) -> None:
    paid = log.table.filter(log.table.is_purchase)
    table = log.run(robust_scores(paid.select("customer", "day", x=paid.amount.ln()), "x", FLOOR))
    for _, part in table.groupby("customer"):
        middle = np.median(part["x"])
        spread = max(NORMAL * np.median(np.abs(part["x"] - middle)), FLOOR)
        np.testing.assert_allclose(part["score"], (part["x"] - middle) / spread, atol=2e-9)
        assert (part["own_n"] == len(part)).all()


def test_an_unusual_amount(log_of: Callable[..., TransactionLog]) -> None:
    orders = steady()
    orders.loc[5, "amount"] = 400.0
    found = anomalies(log_of(orders))
    (row,) = found.frame.to_dict("records")
    assert (row["kind"], row["customer"], row["value"]) == ("amount", "a", 400.0)
    assert row["day"] == DAYS[5] and row["score"] > 3.5
    assert "400.00 where 20.00 is usual (20.0 times)" in row["reason_en"]
    assert "平常约 20.00" in row["reason_zh"]
    assert found.counts.set_index("kind")["flags"].to_dict() == {
        "amount": 1, "rhythm": 0, "burst": 0,
    }  # fmt: skip


def test_a_silence_is_flagged_while_it_lasts_even_of_the_most_regular(
    log_of: Callable[..., TransactionLog],
) -> None:
    found = anomalies(log_of(steady(), end="2024-06-30"))
    (row,) = found.frame.to_dict("records")
    assert row["kind"] == "rhythm" and row["day"] == pd.Timestamp("2024-06-30")
    assert row["value"] == 104.0 and row["typical"] == 7.0
    assert anomalies(log_of(steady(), end="2024-03-26")).frame.empty  # eight days


def test_a_gap_that_ended_is_flagged_where_it_ended(log_of: Callable[..., TransactionLog]) -> None:
    orders = steady()
    orders.loc[8:, "day"] += pd.Timedelta(days=90)
    (row,) = anomalies(log_of(orders)).frame.to_dict("records")
    assert row["kind"] == "rhythm" and row["day"] == orders["day"][8] and row["value"] == 97.0


def test_bursts_are_equal_rows_of_one_day(log_of: Callable[..., TransactionLog]) -> None:
    same = pd.DataFrame({"customer": "b", "day": "2024-01-05", "amount": [9.9] * 4 + [1.0] * 2})
    found = anomalies(log_of(pd.concat([steady(), same])), AnomalyRule(burst=3))
    (row,) = found.frame.to_dict("records")
    assert row["kind"] == "burst" and row["value"] == 4.0 and "4 orders of 9.90" in row["reason_en"]
    assert anomalies(log_of(pd.concat([steady(), same])), AnomalyRule(burst=5)).frame.empty


def test_few_orders_are_not_judged_and_said(log_of: Callable[..., TransactionLog]) -> None:
    orders = steady().head(5)
    orders.loc[4, "amount"] = 9000.0
    found = anomalies(log_of(orders))
    assert found.frame.empty and [f.code for f in found.findings] == ["anomalies.few_orders"]
    assert found.counts["judged"].tolist() == [0, 0, 1]
    assert "0 anomalies of 0 customers" in str(found)


def test_later_rows_are_not_seen(log_of: Callable[..., TransactionLog]) -> None:
    orders = steady()
    orders.loc[11, "amount"] = 4000.0
    log = log_of(orders)
    assert len(anomalies(log).frame) == 1
    assert anomalies(log, at=date(2024, 3, 17)).frame.empty
    assert log.run(log.table.count().name("n").as_table())["n"].iloc[0] == 12


@pytest.mark.parametrize("rule", [{"score": 0}, {"orders": 2}, {"burst": 1}])
def test_rules_out_of_range(rule: dict[str, int]) -> None:
    with pytest.raises(IncompatibleRequestError, match="Out of range"):
        AnomalyRule(**rule)
