"""Effects against published values and against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from loyaltysem.clv.experiment.adjustment import cuped
from loyaltysem.clv.experiment.effects import (
    Arm,
    arm,
    difference_of_means,
    difference_of_rates,
    ratio_by_delta,
    ratio_by_fieller,
    ratio_of_rates,
)

#: Newcombe (1998), table II, method 10: successes and sizes of both groups, limits.
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 10, -0.2775, 0.2775),
]


@pytest.mark.parametrize(("x1", "n1", "x0", "n0", "lower", "upper"), NEWCOMBE)
def test_differences_of_rates_as_published(
    x1: int, n1: int, x0: int, n0: int, lower: float, upper: float
) -> None:
    found = difference_of_rates(Arm(n1, x1 / n1, 0.0), Arm(n0, x0 / n0, 0.0), 0.95)
    assert (found.ci_lower, found.ci_upper) == pytest.approx((lower, upper), abs=5e-5)


def test_the_p_value_of_rates_is_that_of_chi_square() -> None:
    found = difference_of_rates(Arm(70, 56 / 70, 0.0), Arm(80, 48 / 80, 0.0), 0.95)
    table = stats.chi2_contingency([[56, 14], [48, 32]], correction=False)
    assert found.pvalue == pytest.approx(table.pvalue, rel=1e-10)
    nothing = difference_of_rates(Arm(10, 0.0, 0.0), Arm(10, 0.0, 0.0), 0.95)
    assert nothing.pvalue == 1.0


def test_means_are_welchs_test() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.gamma(2.0, 10.0, 40), rng.gamma(3.0, 10.0, 25)
    found = difference_of_means(arm(x), arm(y), 0.9)
    peer = stats.ttest_ind(x, y, equal_var=False)
    limits = peer.confidence_interval(0.9)
    assert found.pvalue == pytest.approx(peer.pvalue, rel=1e-10)
    assert (found.ci_lower, found.ci_upper) == pytest.approx((limits.low, limits.high))


def test_constant_outcomes_have_a_certain_difference() -> None:
    same, other = Arm(5, 1.0, 0.0), Arm(5, 2.0, 0.0)
    assert difference_of_means(same, same, 0.95).pvalue == 1.0
    assert difference_of_means(other, same, 0.95).pvalue == 0.0


def test_fiellers_limits_are_where_the_test_turns() -> None:
    treated, control = Arm(60, 12.0, 30.0), Arm(50, 10.0, 40.0)
    found = ratio_by_fieller(treated, control, 0.95)
    a, b = treated.error, control.error
    df = (a + b) ** 2 / (a**2 / 59 + b**2 / 49)
    for rho in (found.ci_lower, found.ci_upper):
        t = (treated.mean - rho * control.mean) / np.sqrt(a + rho**2 * b)
        assert abs(t) == pytest.approx(stats.t.isf(0.025, df))


def test_a_ratio_without_a_sure_denominator_has_no_limits() -> None:
    found = ratio_by_fieller(Arm(20, 5.0, 10.0), Arm(20, 0.1, 10.0), 0.95)
    assert found.estimate == pytest.approx(50.0)
    assert np.isnan([found.ci_lower, found.ci_upper]).all()
    zero = Arm(20, 0.0, 1.0)
    assert np.isnan(ratio_by_fieller(Arm(20, 5.0, 1.0), zero, 0.95).estimate)
    assert np.isnan(ratio_by_delta(Arm(20, 5.0, 1.0), zero, 0.95).estimate)


def test_the_delta_method_agrees_with_simulation() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(12.0, 5.0, (20000, 100)).mean(axis=1)
    y = rng.normal(10.0, 5.0, (20000, 100)).mean(axis=1)
    found = ratio_by_delta(Arm(100, 12.0, 25.0), Arm(100, 10.0, 25.0), 0.95)
    assert found.se == pytest.approx((x / y).std(), rel=0.03)


def test_ratios_of_rates_need_successes() -> None:
    assert np.isnan(ratio_of_rates(Arm(10, 0.2, 0.0), Arm(10, 0.0, 0.0), 0.95).estimate)
    none = ratio_of_rates(Arm(10, 0.0, 0.0), Arm(10, 0.2, 0.0), 0.95)
    assert none.estimate == 0.0 and np.isnan(none.ci_lower)


def test_cuped_takes_away_the_squared_correlation() -> None:
    rng = np.random.default_rng(2)
    x, treated = rng.normal(size=4000), rng.random(4000) < 0.5
    y = 0.8 * x + 0.6 * rng.normal(size=4000) + 0.3 * treated
    found = cuped(y, x, treated)
    before = y[treated].var() + y[~treated].var()
    after = found.values[treated].var() + found.values[~treated].var()
    assert after / before == pytest.approx(1 - found.variance_reduction, abs=2e-3)
    assert found.variance_reduction == pytest.approx(0.64, abs=0.03)
    assert found.values.mean() == pytest.approx(y.mean())


def test_a_constant_covariate_changes_nothing() -> None:
    y, treated = np.arange(6.0), np.arange(6) < 3
    found = cuped(y, np.ones(6), treated)
    assert (found.values == y).all() and found.variance_reduction == 0.0
