"""Learned value and churn: features by hand, no leak, scores, and benchmarks."""

from __future__ import annotations

import sys
from datetime import date

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.learning.features import features, outcomes
from loyaltysem.clv.learning.learners import benchmark
from loyaltysem.clv.learning.scores import (
    amount_scores,
    paired_difference,
    probability_scores,
    tenths,
)
from loyaltysem.clv.learning.verb import Learned
from loyaltysem.clv.transactions import Transactions
from loyaltysem.core.errors import DataError, IncompatibleRequestError, MissingExtraError

pytest.importorskip("sklearn")


def simulated(n: int = 700, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start, rate = rng.uniform(0, 120, n), rng.gamma(0.8, 1 / 20.0, n)
    life = np.minimum(rng.exponential(1.0, n) / rng.gamma(0.7, 1 / 100.0, n), 730 - start)
    later = rng.poisson(rate * life)
    who = np.concatenate([np.arange(n), np.repeat(np.arange(n), later)])
    ages = np.concatenate([np.zeros(n), rng.uniform(0, 1, later.sum()) * np.repeat(life, later)])
    days = pd.to_timedelta(start[who] + ages, unit="D")
    size = rng.gamma(4.0, 10.0, size=n)[who]
    return pd.DataFrame({
        "customer": who.astype(str), "amount": size * rng.gamma(5, 0.2, len(who)),
        "time": pd.Timestamp("2023-01-01") + days,
    })  # fmt: skip


@pytest.fixture(scope="module")
def tx() -> Transactions:
    return ls.transactions(simulated())


@pytest.fixture(scope="module")
def value(tx: Transactions) -> Learned:
    return tx.learn_clv(repeats=2)


@pytest.fixture(scope="module")
def churn(tx: Transactions) -> Learned:
    return tx.learn_churn(repeats=2)


ROWS = pd.DataFrame(
    [("a", "2024-01-01", 10.0, "x"), ("a", "2024-01-11", 20.0, "y"), ("a", "2024-01-12", -5.0, "y"),
     ("b", "2024-01-05", 7.0, "x"), ("a", "2024-02-01", 100.0, "z"), ("b", "2024-02-20", 9.0, "x"),
     ("c", "2024-02-02", 3.0, "x")],
    columns=["customer", "time", "amount", "category"],
)  # fmt: skip


def test_features_by_hand_and_outcomes_after_them() -> None:
    log = ls.transactions(ROWS, category="category").log
    cut = date(2024, 1, 31)
    x = features(log, cut)
    assert x.index.tolist() == ["a", "b"]  # c came later
    a = x.loc["a"]
    assert (a["frequency"], a["recency"], a["T"], a["since_last"]) == (1, 10, 30, 20)
    assert (a["spend_30"], a["days_30"], a["refunded"], a["categories"]) == (15, 1, 5, 2)
    assert a["mean_gap"] == 10 and np.isnan(x.loc["b", "mean_gap"])
    y = outcomes(log, x.index, cut, 10)
    assert y["spend"].tolist() == [100.0, 0.0] and y["bought"].tolist() == [True, False]


def test_features_do_not_see_what_comes_after_the_cut(tx: Transactions) -> None:
    cut = date(2023, 12, 31)
    orders = simulated()
    known = ls.transactions(orders[orders["time"] < "2024-01-01"])
    pd.testing.assert_frame_equal(features(tx.log, cut), features(known.log, cut))


def test_value_is_tested_on_a_later_time(value: Learned) -> None:
    assert (value.test_cut - value.train_cut).days == value.days == 91
    assert value.frame["model"].tolist() == ["boosting", "forest", "tree", "bg_nbd", "naive"]
    scores = value.frame.set_index("model")
    assert scores.loc["bg_nbd", "difference"] == 0
    assert (scores.loc[["boosting", "forest", "bg_nbd"], "spearman"] > 0.4).all()
    assert (scores["mae"] < 60).all() and (scores["rmse"] >= scores["mae"]).all()
    assert scores.loc["forest", "diff_lower"] <= scores.loc["forest", "difference"]


def test_calibration_importance_and_forecast(value: Learned) -> None:
    assert (value.calibration.groupby("model")["n"].sum() == value.n_test).all()
    top = value.importance.query("model == 'forest'").head(3)["feature"].tolist()
    assert any(f.startswith(("spend_", "days_", "since_last", "total")) for f in top)
    assert value.forecast["customer"].is_unique
    assert (value.forecast[["boosting", "forest", "tree", "bg_nbd"]] >= 0).all(axis=None)


def test_churn_is_a_probability_and_calibrated(churn: Learned) -> None:
    scores = churn.frame.set_index("model")
    assert ((churn.forecast.drop(columns="customer") >= 0).all(axis=None)
            and (churn.forecast.drop(columns="customer") <= 1).all(axis=None))  # fmt: skip
    assert (scores.loc[["boosting", "forest", "bg_nbd"], "auc"] > 0.75).all()
    assert (scores["brier"] < 0.25).all()
    assert scores.loc["bg_nbd", "calibration_error"] < 0.15


def test_the_same_seed_gives_the_same_numbers(tx: Transactions) -> None:
    first, again = (tx.learn_churn(models=["tree"], repeats=1, seed=7) for _ in range(2))
    pd.testing.assert_frame_equal(first.frame, again.frame)
    pd.testing.assert_frame_equal(first.forecast, again.forecast)


def test_benchmark_churn_is_no_purchase_in_the_window() -> None:
    """The formula against purchases drawn from the model."""
    seen = ls.clv.simulate_bg_nbd(  # type: ignore[attr-defined]
        6000, 52.0, r=0.6, alpha=6.0, a=0.8, b=3.0, seed=3, holdout=13.0
    )
    x = pd.DataFrame({"frequency": seen["frequency"].astype(float), "recency": 7 * seen["recency"],
                      "T": 7 * seen["T"]})  # fmt: skip
    p = benchmark(x, "churn", 91)
    stopped = (seen["purchases_holdout"] == 0).to_numpy()
    assert p.mean() == pytest.approx(stopped.mean(), abs=0.015)
    table = tenths(p, stopped.astype(float))
    assert (table["predicted"] - table["actual"]).abs().max() < 0.06


def test_scores_by_hand() -> None:
    found = amount_scores(np.array([4.0, 1.0, 1.0]), np.array([8.0, 2.0, 0.0]))
    assert found["mae"] == 2.0 and found["rmse"] == pytest.approx(np.sqrt(6))
    assert found["top_decile"] == 0.8
    p = probability_scores(np.array([0.9, 0.5, 0.5, 0.1]), np.array([1.0, 1.0, 0.0, 0.0]))
    assert p["brier"] == pytest.approx((0.01 + 0.25 + 0.25 + 0.01) / 4)
    assert p["auc"] == 0.875
    same = paired_difference(np.ones(9), np.ones(9), np.random.default_rng(1), 50, 0.95)
    assert same == (0.0, 0.0, 0.0)


def test_tenths_hold_wilson_intervals() -> None:
    table = tenths(np.linspace(0, 1, 100), (np.arange(100) % 2).astype(float))
    assert table["n"].tolist() == [10] * 10 and table["actual"].tolist() == [0.5] * 10
    assert table.loc[0, "ci_lower"] == pytest.approx(0.2366, abs=1e-4)


def test_it_is_told(value: Learned, churn: Learned) -> None:
    assert "learned from" in str(value) and "<table>" in churn._repr_html_()
    assert value.frame.loc[0, "label_zh"] == "梯度提升"
    for finding in (*value.findings, *churn.findings):
        assert finding.code in {"learn.no_gain", "learn.drift"} and finding.text.zh


@pytest.mark.parametrize(
    "request_", [{"days": 0}, {"models": ["net"]}, {"models": []}, {"repeats": 0}, {"level": 1.0}]
)
def test_requests_that_cannot_be_met(tx: Transactions, request_: dict[str, object]) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        tx.learn_clv(**request_)
    assert caught.value.code == "learn.request"


def test_logs_that_cannot_teach(tx: Transactions) -> None:
    with pytest.raises(DataError) as caught:
        tx.learn_clv(days=400)
    assert caught.value.code == "learn.too_short"
    with pytest.raises(DataError) as caught:
        ls.transactions(simulated(50)).learn_clv()
    assert caught.value.code == "learn.too_few"


def test_without_scikit_learn_the_extra_is_named(
    tx: Transactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtraError, match=r"loyaltysem\[ml\]"):
        tx.learn_clv()
