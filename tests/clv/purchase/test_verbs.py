"""A log of orders answers as its histories do."""

from __future__ import annotations

import numpy as np
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
    assert (held.fit.unit, tx.bg_nbd(unit="day").unit) == ("week", "day")
    assert round(tx.pareto_nbd().loglik, 1) == -9595.0
    spending = tx.gamma_gamma()
    assert spending.n == 946
    assert spending.params.round(2).to_dict() == {"p": 6.25, "q": 3.74, "v": 15.44}


def test_spending_leaves_out_who_returned_all_and_says_so() -> None:
    rng = np.random.default_rng(2)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 800), unit="D")
    orders = pd.DataFrame({"customer": rng.integers(0, 150, 800).astype(str), "time": days,
                           "amount": rng.gamma(5.0, 8.0, 800)})  # fmt: skip
    orders.loc[:20, "amount"] *= -20.0
    tx = ls.transactions(orders)
    frame = tx.summary().frame
    bad = frame["monetary"] <= 0
    fit, paid = tx.gamma_gamma(), frame[~bad & (frame["frequency"] > 0)]
    assert bad.any() and fit.n == len(paid)
    said = {f.code: f.text.en for f in fit.findings}
    assert said["summary.not_positive"].startswith(str(bad.sum()))
    plain = ls.clv.gamma_gamma(paid["frequency"], paid["monetary"])
    np.testing.assert_allclose(fit.params, plain.params, rtol=1e-6)
