"""Membership: the rule file and its faults, tiers by hand, grace, and the effect of a change."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.segments.tier_change import direction, tier_change
from loyaltysem.clv.segments.tier_file import InvalidTierRulesError, load_tiers, tier_schema
from loyaltysem.clv.segments.tier_measures import months_since
from loyaltysem.clv.segments.tier_rules import (
    Condition,
    Downgrade,
    Measure,
    Tier,
    TierRules,
    parse_condition,
)
from loyaltysem.clv.segments.tiers import held_tier, tiers
from loyaltysem.core.datasets import shipped
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.text import Text

SHIPPED = shipped("data", "membership_tiers.yaml")
NOW = date(2025, 2, 3)


def rules_of(*conditions: tuple[str, ...], downgrade: Downgrade | None = None) -> TierRules:
    """Return rules with a tier a tuple of conditions, all of which must hold."""
    built = [Tier("t0", Text("t0", "零"))]
    for k, written in enumerate(conditions, start=1):
        parsed = [parse_condition(text) for text in written]
        assert all(isinstance(condition, Condition) for condition in parsed)
        built.append(Tier(f"t{k}", Text(f"t{k}", "级"), tuple(parsed)))  # type: ignore[arg-type]  # asserted above
    return TierRules("r", "1", Text("R", "规则"), tuple(built), downgrade or Downgrade())


# The file


def test_the_shipped_rules_fit_the_schema_and_read() -> None:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(tier_schema())
    written = yaml.safe_load(SHIPPED.read_text("utf-8"))
    assert list(validator.iter_errors(written)) == []
    rules = load_tiers(SHIPPED)
    assert rules.downgrade == Downgrade(3, 1, 12)
    assert [m.name for m in rules.measures] == ["spend_12m", "orders_12m", "tenure"]
    assert "spend_12m >= 2000 or orders_12m >= 6" in str(rules)
    assert "普通会员" in rules._repr_html_()


def broken(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    written = yaml.safe_load(SHIPPED.read_text("utf-8"))
    change(written)
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(written, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def set_in(*keys: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(written: dict[str, Any]) -> None:
        place: Any = written
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to

    return change


FAULTS = [
    (set_in("tiers", 1, "any", 0, to="spent_12m >= 5"), "Did you mean 'spend'"),
    (set_in("tiers", 1, "any", 0, to="spend_12m >= __import__('os')"), "measure comparison number"),
    (set_in("tiers", 1, "any", 0, to="spend_12m >= 5 or orders > 1"), "measure comparison number"),
    (set_in("tiers", 1, "any", 0, to=5), "expected a text"),
    (set_in("tiers", 1, "any", 0, to="spend_0m >= 5"), "at least one month"),
    (set_in("tiers", 2, "all", 1, to="tenure_12m >= 5"), "has no window"),
    (set_in("tiers", 2, "name", to="basic"), "given twice"),
    (set_in("tiers", 2, "name", to="v i p"), "ASCII letters"),
    (set_in("tiers", 2, "all", to=[]), ""),
    (set_in("tiers", 2, to={"name": "vip", "label": {"en": "V", "zh": "贵"}}), "needs conditions"),
    (set_in("tiers", 0, "all", to=["spend >= 1"]), "first tier is for everybody"),
    (set_in("tiers", to=[]), "at least two tiers"),
    (set_in("tiers", 1, "label", to={"en": "A"}), "'zh' is missing"),
    (set_in("tears", to=1), "unknown key 'tears'"),
    (set_in("downgrade", "steps", to=0), "whole number from 1"),
    (set_in("downgrade", "grace_months", to=1.5), "whole number"),
    (set_in("downgrade", "reviews", to=3), "further than"),
    (set_in("downgrade", to={"steps": 1}), "'reviews' is missing"),
]


@pytest.mark.parametrize(("change", "said"), [f for f in FAULTS if f[1]])
def test_faults_are_named_with_their_line(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    with pytest.raises(InvalidTierRulesError) as caught:
        load_tiers(broken(tmp_path, change))
    assert said in str(caught.value) and caught.value.code == "tiers.invalid"
    assert all(fault.line > 0 for fault in caught.value.faults)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    def change(written: dict[str, Any]) -> None:
        for change_one, said in FAULTS[:3]:
            change_one(written) if said else None
        written["tiers"][2]["all"] = [f"nothing_{k} > 1" for k in range(25)]

    with pytest.raises(InvalidTierRulesError) as caught:
        load_tiers(broken(tmp_path, change))
    assert len(caught.value.faults) == 26 and "… and 6 more." in str(caught.value)


def test_the_schema_refuses_what_the_reader_refuses(tmp_path: Path) -> None:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(tier_schema())
    refused = 0
    for change, said in FAULTS:
        written = yaml.safe_load(SHIPPED.read_text("utf-8"))
        change(written)
        refused += not validator.is_valid(json.loads(json.dumps(written))) if said else 0
    assert refused >= 11  # the schema cannot compare names, lines or numbers with one another


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for name, content, code in (
        ("latin.yaml", "name: caf\xe9".encode("latin-1"), "tiers.encoding"),
        ("huge.yaml", b"#" * 2_000_000, "tiers.too_large"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError) as caught:
            load_tiers(tmp_path / name)
        assert caught.value.code == code
    (tmp_path / "rules.yaml").write_text("name: [", "utf-8")
    with pytest.raises(InvalidTierRulesError, match="YAML"):
        load_tiers(tmp_path / "rules.yaml")
    with pytest.raises(DataError, match="There is no file") as caught:
        load_tiers(tmp_path / "rule.yaml")
    assert caught.value.hint == "Did you mean 'rules.yaml'?"


# Tiers


def test_tiers_by_hand(log: TransactionLog, orders: pd.DataFrame) -> None:
    rules = rules_of(("spend_6m >= 300",), ("spend_6m >= 600", "orders_90d >= 3", "recency < 40"))
    found = tiers(log, rules).frame.set_index("customer")
    day, now = pd.to_datetime(orders["day"]), pd.Timestamp(NOW)
    half = orders[day > now - pd.DateOffset(months=6)].groupby("customer")["amount"].sum()
    quarter = orders[day > now - pd.Timedelta(days=90)].groupby("customer")["day"].nunique()
    silent = (now - day.groupby(orders["customer"]).max()).dt.days
    spend, often = (s.reindex(found.index, fill_value=0) for s in (half, quarter))
    top = (spend >= 600) & (often >= 3) & (silent[found.index] < 40)
    expected = np.select([top, spend >= 300], ["t2", "t1"], "t0")
    assert (found["tier"] == expected).all() and set(expected) == {"t0", "t1", "t2"}
    np.testing.assert_allclose(found["spend_6m"], spend, atol=1e-6)
    assert (found["earned"] == found["tier"]).all() and not found["on_grace"].any()


def test_every_measure(log_of: Callable[..., TransactionLog]) -> None:
    rows = [("a", "2024-01-01", 10.0, "x", 1.0), ("a", "2024-01-01", 20.0, "y", 2.0),
            ("a", "2024-03-01", 30.0, "x", 3.0), ("a", "2024-03-05", -30.0, "z", -3.0)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["customer", "day", "amount", "category", "margin"])
    asked = ("spend > 0", "orders > 0", "average_order > 0", "margin > 0", "categories > 0",
             "tenure > 0", "recency > 0", "spend_1m > -99", "average_order_1m > -99")  # fmt: skip
    (row,) = tiers(log_of(frame, end="2024-04-01"), rules_of(asked)).frame.to_dict("records")
    told = {name: row[name] for name in ("spend", "orders", "average_order", "margin",
                                         "categories", "recency", "spend_1m")}  # fmt: skip
    assert told == {"spend": 30.0, "orders": 2.0, "average_order": 15.0, "margin": 3.0,
                    "categories": 2.0, "recency": 31.0, "spend_1m": -30.0}  # fmt: skip
    assert row["tenure"] == 3.0
    assert np.isnan(row["average_order_1m"]) or row["tier"] == "t0"


def test_columns_the_log_lacks(log: TransactionLog) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        tiers(log, rules_of(("margin_12m > 1", "categories > 1")))
    assert "'categories' needs category=" in str(caught.value)
    assert "'margin_12m' needs margin=" in str(caught.value)


def test_a_lost_tier_is_kept_for_the_grace(log_of: Callable[..., TransactionLog]) -> None:
    frame = pd.DataFrame({"customer": ["a", "a"], "day": ["2024-01-15", "2024-12-01"],
                          "amount": [1000.0, 1.0]})  # fmt: skip
    held = {}
    for month in range(2, 9):
        rules = rules_of(("spend_3m >= 100",), downgrade=Downgrade(2, 1, 8))
        found = tiers(log_of(frame), rules, at=date(2024, month, 20)).frame.iloc[0]
        held[month] = (found["tier"], found["earned"], bool(found["on_grace"]))
    assert held[3] == ("t1", "t1", False)
    assert held[4] == held[5] == ("t1", "t0", True)  # earned until 15 April: two reviews of grace
    assert held[6] == held[8] == ("t0", "t0", False)


def test_steps_and_rising_again() -> None:
    history = np.array([[3, 3], [0, 0], [0, 0], [0, 2]])
    assert held_tier(history, Downgrade(0, 1, 3)).tolist() == [0, 2]
    assert held_tier(history[:3], Downgrade(0, 1, 2)).tolist() == [1, 1]
    assert held_tier(history, Downgrade(0, 99, 3)).tolist() == [0, 2]


def test_findings_and_empty_logs(log: TransactionLog) -> None:
    rules = rules_of(("spend_36m > 1",))
    foreign = TierRules("r", "1", rules.title, rules.tiers, currency="EUR")
    assert {f.code for f in tiers(log, foreign).findings} == {"tiers.window", "tiers.currency"}
    assert tiers(log, rules_of(("spend_1m > 1",))).findings == ()
    with pytest.raises(DataError, match="Nobody had bought"):
        tiers(log, rules, at=date(2020, 1, 1))


def test_a_file_is_as_good_as_its_rules(log: TransactionLog) -> None:
    one, two = tiers(log, SHIPPED), tiers(log, load_tiers(SHIPPED))
    assert one.frame.equals(two.frame)
    assert one.counts["customers"].sum() == len(one.frame)
    assert "Example membership programme 1.0" in str(one) and "<table>" in one._repr_html_()


# A change of rules


def test_a_change_counts_everybody_once(log: TransactionLog) -> None:
    old, new = rules_of(("spend_6m >= 300",)), rules_of(("spend_6m >= 600",), ("orders_6m >= 12",))
    found = tier_change(log, old, new)
    before, after = tiers(log, old).frame, tiers(log, new).frame
    assert (found.matrix().to_numpy() == pd.crosstab(before["tier"], after["tier"]).reindex(
        index=["t0", "t1"], columns=["t0", "t1", "t2"], fill_value=0)).all(axis=None)  # fmt: skip
    moved = before["tier"] != after["tier"]
    assert set(found.affected["customer"]) == set(before.loc[moved, "customer"])
    assert found.affected["spend_12m"].is_monotonic_decreasing
    assert found.summary["customers"].sum() == len(before)
    assert found.summary["spend_12m"].sum() == pytest.approx(before["spend_12m"].sum())
    assert [f.code for f in found.findings if f.severity == "warning"] == ["tiers.many_lose"]
    assert "change tier" in found.title


def test_no_change_affects_nobody(log: TransactionLog) -> None:
    rules = rules_of(("spend_6m >= 300",))
    found = tier_change(log, rules, rules)
    assert found.affected.empty and found.summary.set_index("direction")["share"]["same"] == 1.0


def test_directions() -> None:
    old, new = rules_of(("spend > 1",)), rules_of(("spend > 1",), ("spend > 2",))
    assert direction("t0", "t1", old, new) == "up"
    assert direction("t1", "t0", old, new) == "down"
    assert direction("t1", "t1", old, new) == "same"
    other = TierRules("o", "1", new.title, (Tier("x", new.title), Tier("y", new.title)))
    assert direction("t1", "x", old, other) == "renamed"


def test_measures_have_names_and_windows() -> None:
    assert Measure("spend", 12, "m").start(date(2024, 3, 31)) == date(2023, 3, 31)
    assert Measure("spend", 1, "m").start(date(2024, 3, 31)) == date(2024, 2, 29)
    assert Measure("spend", 90, "d").start(date(2024, 3, 31)) == date(2024, 1, 1)
    assert Measure("spend").start(date(2024, 3, 31)) is None


def test_tenure_is_counted_in_calendar_months() -> None:
    """A member of exactly a year has twelve months, in leap years and in others."""
    rng = np.random.default_rng(3)
    first = pd.Series(pd.Timestamp("2019-12-01") + pd.to_timedelta(rng.integers(0, 900, 300), "D"))
    for months in (0, 1, 6, 12, 24):
        for day in first.head(60):
            full = day + pd.DateOffset(months=months)
            found = months_since(pd.Series([day]), full.date())[0]
            eve = months_since(pd.Series([day]), (full - pd.Timedelta(days=1)).date())[0]
            assert found == months and eve < months
    found = months_since(first, date(2023, 2, 28))
    order = np.argsort(first.to_numpy())
    assert (np.diff(found[order]) <= 0).all()  # who came later has been here for less
