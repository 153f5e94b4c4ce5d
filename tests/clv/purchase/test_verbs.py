"""A log of orders answers as its histories do."""

from __future__ import annotations

import pandas as pd
import pytest

import loyaltysem as ls

pytest.importorskip("ibis", reason="needs the extra clv")


def test_a_log_gives_the_published_model(cdnow_log: pd.DataFrame) -> None:
    tx = ls.transactions(cdnow_log, customer="id", time="day", amount="amount")
    held = tx.holdout("1997-09-30", end="1998-06-30")
    assert held.fit.params.round(3).to_dict() == {
        "r": 0.243,
        "alpha": 4.414,
        "a": 0.793,
        "b": 2.426,
    }
    early = cdnow_log[cdnow_log["day"] <= "1997-09-30"]
    tx = ls.transactions(early, customer="id", time="day", amount="amount")
    assert tx.bg_nbd().params.round(3).to_dict() == held.fit.params.round(3).to_dict()
    assert round(tx.pareto_nbd().loglik, 1) == -9595.0
    spending = tx.gamma_gamma()
    assert 300 < spending.n < 2357 and spending.params["q"] > 1
