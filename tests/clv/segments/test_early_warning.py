"""Signs against a slow reading of their definitions; back-tests that see no future."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.segments.early_warning import back_test, early_warning, measures
from loyaltysem.clv.segments.warning_signals import WarningRule
from loyaltysem.core.errors import DataError, IncompatibleRequestError

NOW = date(2025, 2, 3)
RULE = WarningRule(late=0.8, fall=0.5, window=60, orders=4, watched=100, prior_gaps=1.5)


def by_hand(orders: pd.DataFrame, end: date, rule: WarningRule) -> pd.DataFrame:
    """Return the signs of every watched customer, a customer at a time."""
    stand = pd.Timestamp(end)
    seen = orders.assign(day=pd.to_datetime(orders["day"]))
    seen = seen[seen["day"] <= stand].groupby(["customer", "day"])["amount"].sum().reset_index()
    gaps = {c: np.diff(p["day"]) / np.timedelta64(1, "D") for c, p in seen.groupby("customer")}
    common = np.concatenate(list(gaps.values())).mean()
    rows = {}
    for customer, part in seen.groupby("customer"):
        silence = (stand - part["day"].max()).days
        if len(part) < rule.orders or silence > rule.watched:
            continue
        n, k = len(gaps[customer]), rule.prior_gaps
        rhythm = (gaps[customer].sum() + k * common) / (n + k)
        short = (gaps[customer] <= silence).sum()
        lateness = (short + k * (1 - np.exp(-silence / rhythm))) / (n + k)
        ago = (stand - part["day"]).dt.days
        recent, before = (
            part[ago < rule.window],
            part[(ago >= rule.window) & (ago < 2 * rule.window)],
        )
        able = len(before) >= 2
        rows[customer] = {
            "lateness": lateness,
            "late": lateness >= rule.late,
            "fewer": able and len(recent) <= rule.fall * len(before),
            "less": able and recent["amount"].sum() <= rule.fall * before["amount"].sum() + 1e-9,
        }
    return pd.DataFrame(rows).T.sort_index()


def test_signs_by_hand(log: TransactionLog, orders: pd.DataFrame) -> None:
    found = early_warning(log, RULE).frame.set_index("customer").sort_index()
    hand = by_hand(orders, NOW, RULE)
    assert list(found.index) == list(hand.index)
    np.testing.assert_allclose(found["lateness"], hand["lateness"].astype(float), atol=2e-9)
    for sign in ("late", "fewer", "less"):
        assert (found[sign].astype(bool) == hand[sign].astype(bool)).all()
        assert 0 < found[sign].sum() < len(found)
    assert (found["warned"] == (found["n_signals"] >= 1)).all()


def test_needed_signs_and_reasons(log: TransactionLog) -> None:
    one, two = early_warning(log, RULE), early_warning(log, WarningRule(needed=2))
    assert two.frame["warned"].sum() < one.frame["warned"].sum()
    first = one.frame.iloc[0]
    assert first["warned"] and first["reason_en"] and first["reason_zh"]
    assert one.counts["signal"].tolist() == ["late", "fewer", "less", "warned"]
    assert "watched customers on 2025-02-03" in str(one)
    quiet = one.frame[one.frame["n_signals"] == 0]
    assert (quiet["reason_en"] == "").all()


def test_warnings_of_the_past_see_nothing_after(log: TransactionLog, orders: pd.DataFrame) -> None:
    day = date(2024, 9, 1)
    found = back_test(log, RULE, dates=day, horizon=60)
    hand = by_hand(orders, day, RULE)
    warned = hand[["late", "fewer", "less"]].astype(bool).any(axis=1)
    later = pd.to_datetime(orders["day"])
    inside = (later > pd.Timestamp(day)) & (later <= pd.Timestamp(day) + timedelta(days=60))
    churned = ~hand.index.isin(orders.loc[inside, "customer"])
    row = found.frame.iloc[0]
    assert row["watched"] == len(hand) and row["churned"] == churned.sum()
    assert row["warned"] == warned.sum() and row["hits"] == (warned & churned).sum()
    assert row["precision"] == pytest.approx((warned & churned).sum() / warned.sum())
    assert row["recall"] == pytest.approx((warned & churned).sum() / churned.sum())
    assert row["precision_lower"] < row["precision"] < row["precision_upper"]


def test_days_are_pooled(log: TransactionLog) -> None:
    found = back_test(log, RULE, horizon=60)
    days, total = found.frame.iloc[:-1], found.frame.iloc[-1]
    assert len(days) == 4 and pd.isna(total["at"])
    for column in ("watched", "churned", "warned", "hits"):
        assert days[column].sum() == total[column]
    assert days["at"].iloc[-1] == pd.Timestamp(NOW) - timedelta(days=60)
    assert "precision" in found.title and len(found.signs) == 3


def test_a_customer_who_stops_is_warned_of_in_time(log_of: Callable[..., TransactionLog]) -> None:
    weekly = pd.date_range("2024-01-01", periods=40, freq="7D")
    stays = [pd.DataFrame({"customer": f"s{k}", "day": weekly, "amount": 9.0}) for k in range(5)]
    stops = [pd.DataFrame({"customer": f"x{k}", "day": weekly[:15], "amount": 9.0})
             for k in range(3)]  # fmt: skip
    log = log_of(pd.concat(stays + stops), end="2024-09-30")
    day = weekly[14].date() + timedelta(days=21)
    found = back_test(log, dates=day, horizon=90).frame.iloc[0]
    assert (found["precision"], found["recall"], found["lead_time"]) == (1.0, 1.0, 69.0)


def test_no_gain_over_silence_is_said() -> None:
    table = pd.DataFrame(
        {"warned": [True, False, False], "churned": [False, True, False], "elapsed": [1.0, 9, 2]}
    )
    told = measures(table, 30, 0.95)
    assert told["precision"] == 0.0 and told["baseline_precision"] == 1.0
    assert np.isnan(told["lead_time"])
    none = measures(table.assign(warned=False, churned=False), 30, 0.95)
    assert np.isnan(none["precision"]) and np.isnan(none["recall"]) and np.isnan(none["lift"])


def test_the_finding_of_no_gain(log_of: Callable[..., TransactionLog]) -> None:
    """The one warned of comes back; one silent longer, but not late, stays away."""
    fast = pd.DataFrame({"customer": "f", "day": pd.date_range("2024-01-01", periods=20, freq="5D"),
                         "amount": 1.0})  # fmt: skip
    slow = pd.DataFrame({"customer": "s", "amount": 1.0, "day": pd.to_datetime(
        ["2023-07-01", "2023-09-15", "2023-12-10", "2024-03-25"])})  # fmt: skip
    back = pd.DataFrame({"customer": "f", "day": [pd.Timestamp("2024-05-25")], "amount": [1.0]})
    log = log_of(pd.concat([fast, slow, back]), end="2024-09-01")
    found = back_test(log, dates=date(2024, 5, 20), horizon=60)
    assert [f.code for f in found.findings] == ["warning.no_gain"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"dates": NOW}, "warning.dates"),
        ({"dates": []}, "warning.dates"),
        ({"horizon": 0}, "warning.horizon"),
        ({"level": 2}, "warning.horizon"),
        ({"rule": WarningRule(orders=500)}, "warning.nobody"),
    ],
)
def test_back_tests_that_cannot_be_run(
    log: TransactionLog, asked: dict[str, Any], code: str
) -> None:
    with pytest.raises((DataError, IncompatibleRequestError)) as caught:
        back_test(log, **asked)
    assert caught.value.code == code and caught.value.hint


@pytest.mark.parametrize(
    "rule", [{"late": 1}, {"fall": 1}, {"needed": 4}, {"orders": 1}, {"prior_gaps": 0}]
)
def test_rules_out_of_range(rule: dict[str, Any]) -> None:
    with pytest.raises(IncompatibleRequestError, match="Out of range"):
        WarningRule(**rule)
