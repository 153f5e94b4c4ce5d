"""Formulas of customer value: by hand, against sums, as published, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.formulas import as_printed as printed
from loyaltysem.clv.formulas.comparison import compare_formulas
from loyaltysem.clv.formulas.discounted import berger_nasr_clv, discounted_clv
from loyaltysem.clv.formulas.scores import referral_value, value_scores
from loyaltysem.core.errors import DataError, IncompatibleRequestError


def test_printed_formulas_by_hand() -> None:
    assert printed.simple_clv(100, 4, 0.1, 0.5) == pytest.approx(100 * 4 * 1.1 * 1.5)
    assert printed.life_cycle_clv(10, 20, 30, 6) == 10
    assert printed.probability_clv(100, 4, 0.5, 0.5) == pytest.approx(900)
    assert printed.beckman_clv(-10, -5, 100) == printed.beckman_net(10, 5, 100) == 85
    assert printed.beckman_clv(10, 5, 100) == 115
    assert printed.kass_clv(-10, -5, 100, 7) == printed.kass_net(10, 5, 100, 7) == 78
    assert printed.life_cycle_value(-10, -5, 100, 7, -3) == 75
    assert printed.life_cycle_value_net(10, 5, 100, 7, 3) == 75


def test_net_versions_take_margin_and_costs() -> None:
    assert printed.simple_net(100, 4, margin=0.25, cost=30) == 70
    assert printed.probability_net(100, 4, 0.5, margin=0.25, cost=30) == 120
    assert printed.life_cycle_net(10, 20, 30, 6, margin=0.5, cost=1) == 4


def test_formulas_take_one_amount_a_customer_and_keep_the_unknown() -> None:
    values = printed.simple_clv(pd.Series([10.0, np.nan, 30.0]), [1, 2, 3])
    np.testing.assert_array_equal(values, [10, np.nan, 90])


@pytest.mark.parametrize("timing", ["start", "end", "end_retained"])
@pytest.mark.parametrize("growth", [0.0, 0.03])
def test_discounted_value_is_the_sum_of_its_cash_flows(timing: str, growth: float) -> None:
    m, r, d, keep, win, n = 120.0, 0.8, 0.12, 15.0, 40.0, 7
    total = -win
    for t in range(1, n + 1):
        years = t - 1 if timing == "start" else t
        stays = t if timing == "end_retained" else t - 1
        total += m * (r * (1 + growth)) ** stays / (1 + d) ** years
        total -= keep * r ** (t - 1) / (1 + d) ** (t - 0.5)
    found = discounted_clv(
        m, r, d, horizon=n, timing=timing, retention_cost=keep, acquisition_cost=win, growth=growth
    )
    assert found == pytest.approx(total, rel=1e-12)


def test_unlimited_value_is_the_limit() -> None:
    for timing in ("start", "end", "end_retained"):
        near = discounted_clv(100, 0.9, 0.1, horizon=2000, timing=timing, retention_cost=3)
        assert discounted_clv(100, 0.9, 0.1, timing=timing, retention_cost=3) == pytest.approx(near)
    assert discounted_clv(100, 0.9, 0.1, timing="end_retained") == pytest.approx(100 * 0.9 / 0.2)
    assert discounted_clv(100, 0.9, 0.1) == pytest.approx(100 * 1.1 / 0.2)


def test_no_discounting_and_certain_retention_is_a_plain_sum() -> None:
    assert discounted_clv(100, 1.0, 0.0, horizon=7) == 700
    near = discounted_clv(100, 1.0, 1e-10, horizon=7)
    assert near == pytest.approx(700, rel=1e-8)


def test_berger_and_nasr_print_568_78() -> None:
    """Their case 1: GC 260, M 50, r .75, d .20, ten years (Berger & Nasr, 1998, p. 21)."""
    value = berger_nasr_clv(260, 0.75, 0.20, horizon=10, promotion_cost=50)
    assert round(float(value), 2) == 568.78


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: discounted_clv(100, 1.0, 0.0), "formula.diverges"),
        (lambda: discounted_clv(100, 1.2, 0.1), "formula.amount"),
        (lambda: discounted_clv(100, 0.5, -0.1), "formula.amount"),
        (lambda: discounted_clv("much", 0.5, 0.1), "formula.amount"),
        (lambda: discounted_clv(np.inf, 0.5, 0.1), "formula.amount"),
        (lambda: discounted_clv([[1.0]], 0.5, 0.1), "formula.amount"),
        (lambda: discounted_clv([1, 2], [0.5, 0.5, 0.5], 0.1), "formula.lengths"),
        (lambda: printed.beckman_net(-1, 0, 10), "formula.amount"),
        (lambda: printed.life_cycle_clv(1, 1, 1, 0), "formula.amount"),
    ],
)
def test_amounts_that_cannot_be_used_are_refused(call: object, code: str) -> None:
    with pytest.raises(DataError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.code == code


@pytest.mark.parametrize("horizon", [0, -3, 2.5, True])
def test_a_horizon_is_a_number_of_periods(horizon: object) -> None:
    with pytest.raises(IncompatibleRequestError, match="horizon"):
        discounted_clv(1, 0.5, 0.1, horizon=horizon)  # type: ignore[arg-type]


def test_an_unknown_timing_is_refused() -> None:
    with pytest.raises(IncompatibleRequestError, match="timing"):
        discounted_clv(1, 0.5, 0.1, timing="middle")  # type: ignore[arg-type]


def test_referral_value_by_hand() -> None:
    value = referral_value(
        4, 300, conversion=0.5, would_not_have_come=0.6, saved_acquisition_cost=20,
        discount_rate=0.1, years_until=2,
    )  # fmt: skip
    assert value == pytest.approx(4 * 0.5 * (0.6 * 300 + 20) / 1.21)


def test_scores_turn_columns_and_leave_out_what_is_unknown() -> None:
    data = pd.DataFrame({"spent": [0.0, 5.0, 10.0], "sat": [1.0, np.nan, 3.0], "late": [9, 3, 0]})
    found = value_scores(data, economic=["spent", "late"], emotional=["sat"], reverse=["late"],
                         scaling="minmax")  # fmt: skip
    np.testing.assert_allclose(found.frame["economic"], [0, (50 + 200 / 3) / 2, 100])
    np.testing.assert_array_equal(found.frame["emotional"], [0, np.nan, 100])
    assert [f.code for f in found.findings] == ["value_scores.unscored"]
    assert "economic: spent, late" in found._repr_html_()


@pytest.mark.parametrize(
    "asked",
    [{}, {"economic": ["spend"]}, {"economic": ["spent"], "reverse": ["sat"]},
     {"economic": ["spent"], "scaling": "z"}],
)  # fmt: skip
def test_scores_refuse_what_they_cannot_do(asked: dict[str, object]) -> None:
    data = pd.DataFrame({"spent": [0.0, 5.0], "sat": [1, 2]})
    with pytest.raises(IncompatibleRequestError):
        value_scores(data, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("column", [[1.0, 1.0], ["a", "b"]])
def test_a_score_needs_numbers_that_differ(column: list[object]) -> None:
    with pytest.raises(DataError):
        value_scores(pd.DataFrame({"x": column}), economic=["x"])


def compared(**more: object) -> pd.Series:
    amounts = {"aov": [100.0, 200.0], "frequency": 3.0, "retention": 0.5, "margin": 0.5,
               "discount_rate": 0.25, "horizon": 2, "acquisition_cost": 20.0,
               "retention_cost": 10.0, "interaction_cost": 5.0, "churn_cost": 4.0,
               "repurchase_cost": 3.0, "stages": (100.0, 700.0, 100.0)} | more  # fmt: skip
    return compare_formulas(**amounts).frame.set_index("formula")["mean"]  # type: ignore[arg-type]


def test_comparison_by_hand() -> None:
    mean = compared()
    profit = 0.5 * 3 * 150  # on average
    kept = (10 + 10 * 0.5 / 1.25) / 1.25**0.5
    assert mean["simple"] == 450 and mean["simple_net"] == 225 - 30
    assert mean["probability"] == 675 and mean["life_cycle"] == 450
    assert mean["life_cycle_net"] == 195
    assert mean["beckman"] == profit - 30 and mean["beckman_added"] == profit + 30
    assert mean["kass"] == profit - 29 and mean["lcv"] == profit - 32
    assert mean["kass_added"] == profit + 21 and mean["lcv_added"] == profit + 24
    assert mean["discounted"] == pytest.approx(profit * (1 + 0.4) - kept - 20)


def test_comparison_says_what_is_missing() -> None:
    found = compare_formulas(aov=[100.0, np.nan], frequency=3.0, retention=1.0, margin=0.5,
                             discount_rate=0.0, acquisition_cost=1.0)  # fmt: skip
    codes = [f.code for f in found.findings]
    assert codes == ["formula.unknown", "formula.diverges", "formula.costs_added"]
    assert "discounted_unlimited" not in found.customers
    assert "life_cycle" not in found.customers
    assert found.frame.loc[0, "total"] == 300
    assert "简单公式" in set(found.frame["label_zh"])
    assert "simple" in str(found)
