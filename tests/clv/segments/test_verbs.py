"""The methods of an opened log give what the functions give."""

from __future__ import annotations

import pandas as pd

import loyaltysem as ls
from loyaltysem.clv.segments.tiers import tiers
from loyaltysem.core.datasets import shipped

RULES = shipped("data", "membership_tiers.yaml")


def test_methods_delegate(orders: pd.DataFrame) -> None:
    tx = ls.transactions(orders, time="day", end="2025-02-03")
    spent = orders.groupby("customer")["amount"].sum()
    assert tx.spending().round(6).equals(spent.rename("total").round(6))
    assert tx.life_cycle("fixed").counts["customers"].sum() == len(spent)
    assert tx.value_classes(by="share").counts["customers"].sum() == len(spent)
    assert tx.concentration().n == len(spent)
    assert tx.tiers(RULES).frame.equals(tiers(tx.log, RULES).frame)
    assert tx.tier_change(RULES, RULES).affected.empty
    assert tx.personas(k=3, draws=2).k == 3
    assert len(tx.anomalies().frame) > 0
    assert tx.early_warning().at == tx.log.end
    assert len(tx.back_test(horizon=60).frame) == 5
