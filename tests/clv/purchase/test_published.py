"""Published estimates and expectations, to their printed rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.purchase import gamma_gamma_terms
from loyaltysem.clv.purchase.fitted import PurchaseFit
from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.clv.purchase.pareto_nbd_terms import expected as pareto_expected


@pytest.fixture(scope="module")
def bg(cdnow: pd.DataFrame) -> PurchaseFit:
    return ls.clv.bg_nbd(cdnow["frequency"], cdnow["recency"], cdnow["T"])


@pytest.fixture(scope="module")
def pareto(cdnow: pd.DataFrame) -> PurchaseFit:
    return ls.clv.pareto_nbd(cdnow["frequency"], cdnow["recency"], cdnow["T"])


@pytest.fixture(scope="module")
def spent(cdnow_log: pd.DataFrame) -> pd.DataFrame:
    """Repeat buyers of weeks 1 to 39 with the unrounded mean amount of their repeat days."""
    early = cdnow_log[cdnow_log["day"] <= "1997-09-30"]
    repeat = early[early.duplicated("id")]
    return repeat.groupby("id")["amount"].agg(frequency="size", monetary="mean")


@pytest.fixture(scope="module")
def donors(donations: pd.DataFrame) -> PurchaseFit:
    return ls.clv.bg_bb(*(donations[c] for c in ("frequency", "recency", "periods", "weights")))


def assert_as_printed(found: dict[str, float], printed: dict[str, float], digits: int) -> None:
    assert {k: round(v, digits) for k, v in found.items()} == printed


def test_bg_nbd_of_cdnow(bg: PurchaseFit, published: dict[str, Any]) -> None:
    assert bg.n == 2357 and bg.converged
    assert_as_printed(bg.params.to_dict(), published["bg_nbd"]["params"], 3)
    assert round(bg.loglik, 1) == published["bg_nbd"]["loglik"]


def test_pareto_nbd_of_cdnow(pareto: PurchaseFit, published: dict[str, Any]) -> None:
    assert_as_printed(pareto.params.to_dict(), published["pareto_nbd"]["params"], 3)
    assert round(pareto.loglik, 1) == published["pareto_nbd"]["loglik"]
    se = published["pareto_nbd"]["se"]  # from a numerical Hessian at parameters that differ by 3e-4
    np.testing.assert_allclose(pareto.bse[list(se)], list(se.values()), rtol=2e-4)


def test_gamma_gamma_of_cdnow(spent: pd.DataFrame, published: dict[str, Any]) -> None:
    fit = ls.clv.gamma_gamma(spent["frequency"], spent["monetary"])
    assert fit.n == 946 and fit.converged
    assert_as_printed(fit.params.to_dict(), published["gamma_gamma"]["params"], 2)


def test_gamma_gamma_of_means_in_cents(
    cdnow_summary: pd.DataFrame, spent: pd.DataFrame, published: dict[str, Any]
) -> None:
    """Means rounded to cents, as the file of summaries has them, move v along a flat ridge."""
    seen = cdnow_summary.loc[cdnow_summary["x"] > 0, ["x", "zbar"]]
    assert np.abs(seen["zbar"].to_numpy() - spent["monetary"].to_numpy()).max() < 0.00501
    fit = ls.clv.gamma_gamma(seen["x"], seen["zbar"])
    gap = fit.params - pd.Series(published["gamma_gamma"]["params"])
    assert round(fit.params["v"], 2) != 15.44 and (gap.abs() / fit.bse < 0.02).all()
    rows = Histories(*seen.to_numpy(np.float64).T, np.zeros(len(seen)), np.ones(len(seen)))
    found = gamma_gamma_terms.terms(fit.params.to_numpy(), rows)
    assert max(abs(slope.sum()) for slope in found.first) < 1e-4
    near = np.array([6.2509, 3.7442, 15.4404])  # rounds to what is printed
    assert np.round(near, 2).tolist() == list(published["gamma_gamma"]["params"].values())
    assert 0 < fit.loglik - gamma_gamma_terms.logs(near, rows).sum() < 1e-5


def test_bg_bb_of_the_donors(donors: PurchaseFit, published: dict[str, Any]) -> None:
    assert donors.n == 11104
    assert_as_printed(donors.params.to_dict(), published["bg_bb"]["params"], 3)
    assert round(donors.loglik, 1) == published["bg_bb"]["loglik"]


def test_expected_purchases_of_customer_1(bg: PurchaseFit, published: dict[str, Any]) -> None:
    case = published["bg_nbd_conditional"]
    found = bg.expected_purchases(case["t"], case["frequency"], case["recency"], case["T"])
    assert round(float(found[0]), 3) == case["expected"]


def test_expected_purchases_of_new_customers(bg: PurchaseFit, published: dict[str, Any]) -> None:
    case = published["bg_nbd_new"]
    np.testing.assert_allclose(bg.expected_new(case["t"]), case["expected"], atol=5e-4)


def test_pareto_expectations(pareto: PurchaseFit, published: dict[str, Any]) -> None:
    case = published["pareto_nbd_conditional"]
    found = pareto.expected_purchases(case["t"], case["frequency"], case["recency"], case["T"])
    assert round(float(found[0]), 2) == case["expected"]
    alive = published["pareto_nbd_alive"]
    found = pareto.p_alive(alive["frequency"], alive["recency"], alive["T"])
    assert abs(float(found[0]) - alive["expected"]) < 2e-4  # at BTYD's parameters


def test_pareto_expectation_at_printed_parameters(published: dict[str, Any]) -> None:
    case = published["pareto_nbd_new"]
    theta = np.array(list(case["params"].values()))[:, None]
    found = pareto_expected(theta, np.array(case["t"], dtype=float))
    np.testing.assert_allclose(found, case["expected"], atol=1e-5)


def test_expected_spending(spent: pd.DataFrame, published: dict[str, Any]) -> None:
    fit = ls.clv.gamma_gamma(spent["frequency"], spent["monetary"])
    ten = spent.reindex(range(1, 11), fill_value=0.0)  # the rest did not buy again
    found = fit.expected_spending(ten["frequency"], ten["monetary"])
    assert found.round(2).tolist() == published["gamma_gamma_spending"]["expected"]


def test_bg_bb_expectations(
    donors: PurchaseFit, donations: pd.DataFrame, published: dict[str, Any]
) -> None:
    case = published["bg_bb_alive"]
    found = donors.p_alive(case["frequency"], case["recency"], [case["n"]] * 3)
    assert found.round(2).tolist() == case["expected"]
    each = donors.expected_purchases(
        published["bg_bb_total"]["t"], donations["frequency"], donations["recency"],
        donations["periods"],
    )  # fmt: skip
    total = float((each * donations["weights"]).sum())
    assert round(total, 1) == published["bg_bb_total"]["expected"]
    table = donors.frequency_table(6).set_index("frequency")["expected"]
    case = published["bg_bb_in_sample"]
    assert table[case["frequency"]].round(1).tolist() == case["expected"]


def test_frequent_customers_are_computed(published: dict[str, Any]) -> None:
    case = published["stable"]
    seen = ls.clv.simulate_pareto_nbd(2000, 100.0, **case["params"], seed=3)
    fit = ls.clv.pareto_nbd(seen["frequency"], seen["recency"], seen["T"])
    found = fit.p_alive(case["frequency"], case["recency"], case["T"])
    assert ((found > 0) & (found <= 1)).all()
