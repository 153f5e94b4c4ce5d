"""Predicted value: against the models' own methods, on known truth, and refused."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.transactions import Transactions
from loyaltysem.clv.value.expected import (
    WEEKS,
    base_of,
    expected_purchases,
    log_total_error,
    total_value,
)
from loyaltysem.clv.value.findings import value_findings
from loyaltysem.clv.value.result import CustomerValue, decile_frame
from loyaltysem.core.errors import DataError, IncompatibleRequestError

START = pd.Timestamp("2023-01-01")


def simulated(customers: int, weeks: float, seed: int) -> pd.DataFrame:
    """Orders of BG/NBD customers with gamma-gamma amounts, all acquired in the first 12 weeks."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(0.8, 1 / 6.0, customers), rng.beta(0.8, 5.0, customers)
    mean_rate = rng.gamma(6.0, 1 / 80.0, customers)
    rows: list[tuple[str, float, float]] = []
    for i in range(customers):
        now = rng.uniform(0.0, 12.0)
        while now < weeks:
            rows.append((f"c{i:05d}", now, rng.gamma(5.0) / mean_rate[i]))
            if rows[-1][0] == (rows[-2][0] if len(rows) > 1 else "") and rng.random() < leave[i]:
                break
            now += rng.exponential(1 / rate[i])
    frame = pd.DataFrame(rows, columns=["customer", "week", "amount"])
    frame["time"] = START + pd.to_timedelta(frame["week"] * 7, unit="D")
    return frame[["customer", "time", "amount"]]


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    return simulated(900, 104.0, seed=2)


@pytest.fixture(scope="module")
def tx(orders: pd.DataFrame) -> Transactions:
    return ls.transactions(orders, end="2023-12-31", currency="CNY")


@pytest.fixture(scope="module")
def value(tx: Transactions) -> CustomerValue:
    return tx.clv(horizon=1.0, discount_rate=0.0, margin=0.5)


def test_a_customers_value_is_purchases_times_amount(value: CustomerValue) -> None:
    row = value.frame.iloc[100:103]
    seen = row["frequency"], row["recency"], row["T"]
    bought = value.purchase.expected_purchases(WEEKS, *seen)
    spent = value.spending.expected_spending(row["frequency"], row["monetary"])
    np.testing.assert_allclose(row["clv"], 0.5 * bought * spent)
    np.testing.assert_allclose(row["p_alive"], value.purchase.p_alive(*seen))


def test_the_table_adds_up(value: CustomerValue) -> None:
    summary = value.summary.set_index("measure")["value"]
    assert summary["total"] == pytest.approx(value.frame["clv"].sum())
    assert summary["customers"] == len(value.frame) == value.deciles["n"].sum()
    assert value.deciles["total"].sum() == pytest.approx(value.total)
    assert value.deciles["cumulative"].iloc[-1] == pytest.approx(1.0)
    assert value.deciles["total"].is_monotonic_decreasing
    assert 0 < value.concentration().gini < 1
    assert {"simple", "discounted"} <= set(value.formulas.frame["formula"])


def test_customers_are_valued_as_they_buy(orders: pd.DataFrame, value: CustomerValue) -> None:
    """The year after calibration brings what was expected, within an eighth."""
    later = orders[
        (orders["time"] >= "2024-01-01") & orders["customer"].isin(value.frame["customer"])
    ]
    later = later[later["time"] < "2024-12-30"]
    assert value.total == pytest.approx(0.5 * later["amount"].sum(), rel=0.125)
    actual = later.groupby("customer")["amount"].sum()
    joined = value.frame.set_index("customer")["clv"].to_frame().join(actual).fillna(0.0)
    assert joined.corr(method="spearman").iloc[0, 1] > 0.5


def test_discounting_within_a_horizon_is_fine_enough(value: CustomerValue) -> None:
    """Steps of four weeks against steps of a day."""
    base = base_of(value.frame.iloc[:50])
    seen = base.frequency, base.recency, base.length
    _, found = expected_purchases(value.purchase, base, 1.0, 0.3)
    days = np.linspace(0.0, WEEKS, 366)
    bought = [value.purchase.expected_purchases(float(t), *seen) for t in days[1:]]
    at = np.array([np.zeros(len(base.frequency)), *bought])
    weights = 1.3 ** (-(days[1:] + days[:-1]) / 2 / WEEKS)
    np.testing.assert_allclose(found, weights @ np.diff(at, axis=0), rtol=1e-3)


@pytest.mark.parametrize(("rate", "years"), [(0.5, 30.0), (0.12, 200.0), (0.03, 900.0)])
def test_all_future_is_the_limit_of_horizons(tx: Transactions, rate: float, years: float) -> None:
    unlimited = tx.clv(horizon=None, discount_rate=rate, model="pareto_nbd")
    long = tx.clv(horizon=years, discount_rate=rate, model="pareto_nbd")
    assert unlimited.total == pytest.approx(long.total, rel=5e-4)
    assert "value.unlimited" in [f.code for f in unlimited.findings]


def test_the_error_of_the_total_is_the_delta_methods(value: CustomerValue) -> None:
    base = base_of(value.frame)
    error = log_total_error(value.purchase, value.spending, base, 1.0, 0.0)
    draws = []
    rng = np.random.default_rng(1)
    from dataclasses import replace

    for _ in range(60):
        fits = [
            replace(
                f,
                found=replace(
                    f.found,
                    coefficients=rng.multivariate_normal(f.found.coefficients, f.found.vcov),
                ),
            )
            for f in (value.purchase, value.spending)
        ]
        draws.append(np.log(total_value(fits[0], fits[1], base, 1.0, 0.0)))  # type: ignore[arg-type]
    assert np.std(draws) == pytest.approx(error, rel=0.4)
    assert np.log(value.ci_upper / value.total) == pytest.approx(1.96 * error, rel=1e-3)


def test_a_bootstrap_interval_is_near_the_delta_interval(
    tx: Transactions, value: CustomerValue
) -> None:
    boot = tx.clv(discount_rate=0.0, margin=0.5, interval="bootstrap", draws=20)
    assert boot.total == pytest.approx(value.total)
    assert boot.ci_lower < boot.total < boot.ci_upper
    ratio = (boot.ci_upper - boot.ci_lower) / (value.ci_upper - value.ci_lower)
    assert 0.4 < ratio < 1.8
    again = tx.clv(discount_rate=0.0, margin=0.5, interval="bootstrap", draws=20)
    assert (again.ci_lower, again.ci_upper) == pytest.approx((boot.ci_lower, boot.ci_upper))


def test_models_agree_roughly(tx: Transactions, value: CustomerValue) -> None:
    other = tx.clv(horizon=1.0, discount_rate=0.0, margin=0.5, model="pareto_nbd")
    assert other.total == pytest.approx(value.total, rel=0.3)
    assert "Pareto/NBD" in other.title


def test_the_margin_of_the_log_is_used(orders: pd.DataFrame, value: CustomerValue) -> None:
    given = orders.assign(earned=0.5 * orders["amount"])
    tx = ls.transactions(given, end="2023-12-31", margin="earned")
    found = tx.clv(horizon=1.0, discount_rate=0.0)
    assert found.margin == pytest.approx(0.5)
    assert found.total == pytest.approx(value.total)
    odd = ls.transactions(orders.assign(earned=-orders["amount"]), margin="earned")
    with pytest.raises(DataError) as caught:
        odd.clv()
    assert caught.value.code == "value.margin"


def test_calibration_can_end_earlier(tx: Transactions) -> None:
    found = tx.clv(end=date(2023, 6, 30))
    assert found.frame["T"].max() <= 26.0


def test_what_the_log_cannot_carry_is_told(tx: Transactions) -> None:
    codes = {f.code for f in tx.clv(horizon=3.0).findings}
    assert {"value.horizon", "value.validate", "purchase.no_repeat"} <= codes
    summary = pd.DataFrame({"frequency": [0, 0, 1], "recency": [0.0, 0.0, 5.0], "monetary": 1.0})
    short = {f.code for f in value_findings(summary, 10.0, 0.1)}
    assert short == {"value.short_calibration", "value.seen_once"}


def test_repeat_buyers_without_an_amount_count_with_the_mean(orders: pd.DataFrame) -> None:
    first = orders["customer"].iloc[0]
    refund = pd.DataFrame({"customer": [first], "time": ["2023-12-01"], "amount": [-1e4]})
    twice = pd.DataFrame({"customer": [first], "time": ["2023-11-01"], "amount": [1.0]})
    both = pd.concat([orders, refund.astype({"time": "datetime64[us]"}),
                      twice.astype({"time": "datetime64[us]"})])  # fmt: skip
    found = ls.transactions(both, end="2023-12-31").clv()
    row = found.frame.set_index("customer").loc[first]
    assert row["monetary"] < 0
    assert row["expected_spending"] == pytest.approx(found.spending.mean)
    assert "value.no_amount" in [f.code for f in found.findings]


def test_customers_are_not_printed(value: CustomerValue) -> None:
    shown = f"{value!r}{value._repr_html_()}"
    assert "c00" not in shown and "总价值" in shown and "CNY" in shown


def test_deciles_of_few_customers() -> None:
    frame = decile_frame(pd.Series([3.0, 1.0]))
    assert frame["n"].tolist() == [1, 1] + [0] * 8
    assert frame["cumulative"].iloc[1] == 1.0


@pytest.mark.parametrize(
    "request_",
    [
        {"horizon": 0.0}, {"horizon": -1.0}, {"discount_rate": -0.1}, {"margin": 0.0},
        {"margin": 1.2}, {"model": "bg_bb"}, {"interval": "guess"}, {"level": 0.0},
        {"horizon": None, "discount_rate": 0.0}, {"interval": "bootstrap", "draws": 2},
    ],
)  # fmt: skip
def test_requests_that_make_no_sense_are_refused(
    tx: Transactions, request_: dict[str, object]
) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        tx.clv(**request_)
    assert caught.value.code == "value.request"


def test_a_log_without_amounts_has_no_value(orders: pd.DataFrame) -> None:
    tx = ls.transactions(orders.drop(columns="amount"), amount=None)
    with pytest.raises(DataError):
        tx.clv()
