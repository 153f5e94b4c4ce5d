"""Stages and transitions against a slow pandas reading of the same rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.examples import cdnow
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.purchase.models import bg_bb, bg_nbd
from loyaltysem.clv.segments.life_cycle import life_cycle
from loyaltysem.clv.segments.stage_rules import AliveRule, FixedRule, RhythmRule
from loyaltysem.clv.transactions import transactions
from loyaltysem.core.errors import DataError, IncompatibleRequestError

NOW = date(2025, 2, 3)


def by_hand(orders: pd.DataFrame, end: date, statistic: str = "mean") -> pd.DataFrame:
    """Return one row a customer: days since first and last purchase, gaps."""
    seen = orders[pd.to_datetime(orders["day"]) <= pd.Timestamp(end)]
    rows = []
    for customer, part in seen.groupby("customer"):
        days = np.sort(pd.to_datetime(part["day"]).unique())
        gaps = np.diff(days) / np.timedelta64(1, "D")
        stand = np.datetime64(end)
        rows.append(
            {
                "customer": customer,
                "n": len(days),
                "elapsed": (stand - days[-1]) / np.timedelta64(1, "D"),
                "tenure": (stand - days[0]) / np.timedelta64(1, "D"),
                "gap": (np.mean if statistic == "mean" else np.median)(gaps) if len(gaps) else 0.0,
                "gaps": gaps,
            }
        )
    return pd.DataFrame(rows).set_index("customer")


def test_fixed_rule(log: TransactionLog, orders: pd.DataFrame) -> None:
    rule = FixedRule(new=40, active=60, lost=150)
    found = life_cycle(log, rule).frame.set_index("customer")
    hand = by_hand(orders, NOW)
    expected = np.select(
        [hand["tenure"] <= 40, hand["elapsed"] <= 60, hand["elapsed"] <= 150],
        ["new", "active", "dormant"],
        "lost",
    )
    assert (found.loc[hand.index, "stage"] == expected).all()
    assert set(expected) >= {"active", "dormant", "lost"}


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_rhythm_rule(log: TransactionLog, orders: pd.DataFrame, statistic: Any) -> None:
    rule = RhythmRule(active=1.5, lost=3.0, prior_gaps=3.0, statistic=statistic)
    found = life_cycle(log, rule).frame.set_index("customer")
    hand = by_hand(orders, NOW, statistic)
    sizes = hand["gaps"].map(len)
    common = (hand["gap"] * sizes).sum() / sizes.sum()
    rhythm = (sizes * hand["gap"] + 3.0 * common) / (sizes + 3.0)
    np.testing.assert_allclose(found.loc[hand.index, "rhythm"], rhythm, rtol=1e-12)
    ratio = hand["elapsed"] / rhythm
    expected = np.select(
        [(ratio <= 1.5) & (hand["n"] == 1), ratio <= 1.5, ratio <= 3.0],
        ["new", "active", "dormant"],
        "lost",
    )
    assert (found.loc[hand.index, "stage"] == expected).all()


def test_a_regular_customer_is_missed_sooner(log_of: Callable[..., TransactionLog]) -> None:
    weekly = pd.DataFrame({"customer": "w", "day": pd.date_range("2024-01-01", periods=20,
                           freq="7D"), "amount": 1.0})  # fmt: skip
    yearly = pd.DataFrame({"customer": "y", "day": pd.to_datetime(["2023-01-01", "2023-06-01",
                           "2024-01-01", "2024-05-13"]), "amount": 1.0})  # fmt: skip
    found = life_cycle(log_of(pd.concat([weekly, yearly]), end="2024-07-20"), "rhythm").frame
    assert dict(zip(found["customer"], found["stage"], strict=True))["y"] == "active"
    assert dict(zip(found["customer"], found["stage"], strict=True))["w"] != "active"


def test_counts_and_title(log: TransactionLog) -> None:
    found = life_cycle(log, "fixed")
    assert found.counts["customers"].sum() == len(found.frame)
    assert found.counts["share_total"].sum() == pytest.approx(1.0)
    assert found.counts["total"].sum() == pytest.approx(found.frame["total"].sum())
    assert found.transitions.empty
    assert "活跃客户" in str(found) and "2025-02-03" in found.title


def test_transitions_follow_customers(log: TransactionLog) -> None:
    since = date(2024, 8, 1)
    found = life_cycle(log, "fixed", since=since)
    before = life_cycle(log, "fixed", at=since).frame.set_index("customer")["stage"]
    now = found.frame.set_index("customer")["stage"]
    table = found.transition_table()
    for a in before.unique():
        for b in now.unique():
            both = (before == a) & (now.reindex(before.index) == b)
            assert table.loc[a, b] == both.sum()
    assert table.loc["not_yet"].sum() == len(now) - len(before)
    shares = found.transitions.groupby("from")["share"].sum(min_count=1).dropna()
    assert shares.to_numpy() == pytest.approx(np.ones(len(shares)))


def test_what_comes_later_is_not_seen(log_of: Callable[..., TransactionLog]) -> None:
    orders = pd.DataFrame(
        {"customer": list("aab"), "amount": 1.0, "day": ["2024-01-01", "2024-06-01", "2024-06-01"]}
    )
    found = life_cycle(log_of(orders), "fixed", at=date(2024, 5, 1))
    assert found.frame["customer"].tolist() == ["a"]
    assert found.frame["elapsed"].tolist() == [121.0]


def test_p_alive_as_series_array_and_model(log: TransactionLog) -> None:
    customers = life_cycle(log, "fixed").frame["customer"]
    values = np.linspace(0, 1, len(customers))
    series = pd.Series(values, index=customers).sample(frac=1, random_state=1)
    rule = AliveRule(new=0, active=0.6, lost=0.3)
    one = life_cycle(log, rule, p_alive=series)
    two = life_cycle(log, rule, p_alive=values)
    assert one.frame.equals(two.frame)
    assert (one.frame["stage"].eq("active") == (values >= 0.6)).all()
    assert (one.frame["stage"].eq("lost") == (values < 0.3)).all()

    class Model:
        def p_alive(self, frequency: Any, recency: Any, T: Any) -> Any:
            assert (recency <= T).all() and (frequency >= 0).all()
            return np.where(T - recency > 5.0, 0.1, 0.9)

    three = life_cycle(log, rule, p_alive=Model(), since=date(2024, 8, 1))
    assert (three.frame["stage"].eq("lost") == (three.frame["elapsed"] > 35)).all()
    assert three.transition_table().to_numpy().sum() == len(customers)
    assert (life_cycle(log, AliveRule(new=9999), p_alive=values).frame["stage"] == "new").all()


def test_findings(log_of: Callable[..., TransactionLog]) -> None:
    orders = pd.DataFrame(
        {"customer": list("abcr"), "day": ["2023-01-01"] * 4, "amount": [1.0, 1.0, 1.0, -1.0]}
    )
    found = life_cycle(log_of(orders, end="2025-01-01"), "fixed")
    codes = {finding.code for finding in found.findings}
    assert codes == {"segments.no_purchase", "segments.mostly_lost"}
    assert len(found.frame) == 3


def test_a_log_without_a_second_purchase(log_of: Callable[..., TransactionLog]) -> None:
    orders = pd.DataFrame({"customer": list("abc"), "day": "2024-01-01", "amount": 1.0})
    found = life_cycle(log_of(orders), "rhythm")
    assert found.frame["rhythm"].tolist() == [1.0, 1.0, 1.0]
    assert found.frame["gap"].isna().all()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"rule": "moon"}, "segments.rule"),
        ({"rule": "alive"}, "segments.p_alive"),
        ({"rule": "fixed", "p_alive": [0.5]}, "segments.p_alive"),
        ({"rule": "fixed", "since": NOW}, "segments.dates"),
        ({"rule": "alive", "p_alive": [0.5], "since": date(2024, 5, 1)}, "segments.p_alive"),
        ({"rule": "alive", "p_alive": [0.5]}, "segments.p_alive_length"),
        ({"rule": "alive", "p_alive": np.full(120, 1.5)}, "segments.p_alive_range"),
        ({"rule": "alive", "p_alive": pd.Series({"c0000": 0.5})}, "segments.p_alive_range"),
        ({"rule": "fixed", "at": date(2020, 1, 1)}, "segments.empty"),
    ],
)
def test_what_cannot_be_asked(log: TransactionLog, asked: dict[str, Any], code: str) -> None:
    with pytest.raises((DataError, IncompatibleRequestError)) as caught:
        life_cycle(log, **asked)
    assert caught.value.code == code and caught.value.hint


@pytest.mark.parametrize(
    "make",
    [
        lambda: FixedRule(active=100, lost=50),
        lambda: RhythmRule(prior_gaps=0),
        lambda: AliveRule(lost=0.9),
    ],
)
def test_thresholds_out_of_order(make: Callable[[], object]) -> None:
    with pytest.raises(IncompatibleRequestError, match="not in order"):
        make()


def test_only_two_statistics(log: TransactionLog) -> None:
    with pytest.raises(IncompatibleRequestError, match="'mode'"):
        life_cycle(log, RhythmRule(statistic="mode"))  # type: ignore[arg-type]  # what is refused


def test_p_alive_given_twice_is_refused(log: TransactionLog) -> None:
    names = life_cycle(log, "fixed").frame["customer"]
    series = pd.Series(0.5, index=names)
    with pytest.raises(DataError, match="more than once for 120") as caught:
        life_cycle(log, "alive", p_alive=pd.concat([series, series]))
    assert caught.value.code == "segments.p_alive_repeated"


def test_fitted_models_say_who_is_alive() -> None:
    tx = transactions(cdnow(sample=True))
    found = life_cycle(tx.log, "alive", p_alive=tx.bg_nbd())
    once = found.frame["n_orders"] == 1
    assert (found.frame.loc[once, "stage"] == "active").all()  # BG/NBD cannot doubt them
    said = {f.code: f.text.en for f in found.findings}
    assert f"{once.sum():,}" in said["segments.never_in_doubt"]
    other = life_cycle(tx.log, "alive", p_alive=tx.pareto_nbd())
    assert "segments.never_in_doubt" not in {f.code for f in other.findings}
    assert (other.frame.loc[once, "stage"] != "active").any()


def test_a_model_is_asked_in_its_own_unit_of_time() -> None:
    tx = transactions(cdnow(sample=True))
    weeks = tx.life_cycle("alive", p_alive=tx.bg_nbd(), since=date(1997, 9, 30)).frame
    for unit in ("day", "month"):
        fit = tx.bg_nbd(unit=unit)
        for found in (
            tx.life_cycle("alive", p_alive=fit, since=date(1997, 9, 30)),
            tx.life_cycle("alive", p_alive=fit, unit=unit),
        ):
            np.testing.assert_allclose(found.frame["p_alive"], weeks["p_alive"], atol=1e-6)


def test_another_unit_than_the_models_is_refused() -> None:
    tx = transactions(cdnow(sample=True))
    fit = tx.pareto_nbd(unit="day")
    with pytest.raises(IncompatibleRequestError, match="fitted in days, and unit='week'") as caught:
        tx.life_cycle("alive", p_alive=fit, unit="week")
    assert caught.value.code == "purchase.unit"
    with pytest.raises(IncompatibleRequestError, match="none was given"):
        tx.life_cycle("fixed", unit="week")


def test_a_model_of_bare_numbers_is_taken_at_the_callers_word() -> None:
    tx = transactions(cdnow(sample=True))
    seen = tx.summary(unit="day").frame
    bare = bg_nbd(seen["frequency"], seen["recency"], seen["T"])
    told = bg_nbd(seen["frequency"], seen["recency"], seen["T"], unit="day")
    right = tx.life_cycle("alive", p_alive=told).frame["p_alive"]
    said = tx.life_cycle("alive", p_alive=bare, unit="day").frame["p_alive"]
    assumed = tx.life_cycle("alive", p_alive=bare).frame["p_alive"]  # weeks, as documented
    assert (right == said).all() and np.abs(right - assumed).max() > 0.1


def test_a_model_of_opportunities_cannot_read_a_log(log: TransactionLog) -> None:
    fit = bg_bb([0, 1, 1, 2], [0, 1, 2, 2], [3, 3, 3, 3], weights=[50, 10, 10, 20])
    with pytest.raises(IncompatibleRequestError, match="counts opportunities"):
        life_cycle(log, "alive", p_alive=fit, unit="day")
