"""The N for a power, from rejections at several N."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from loyaltysem.inference.power_curve import power_curve

N = np.array([60.0, 120.0, 180.0, 240.0])
Z = -ndtri(0.025)


def exact(delta: float, sizes: np.ndarray = N, total: float = 1e6) -> np.ndarray:
    return total * ndtr(delta * np.sqrt(sizes) - Z)


def test_a_z_test_is_recovered() -> None:
    curve = power_curve(N, exact(0.2), np.full(4, 1e6))
    np.testing.assert_allclose(curve.coefficients, [-Z, 0.2], atol=1e-9)
    found = curve.required(0.8)
    assert found.n == np.ceil(((ndtri(0.8) + Z) / 0.2) ** 2)
    assert found.lower < found.n - 1 < found.upper
    assert curve.power(found.n) >= 0.8 > curve.power(found.n - 1)


def test_one_size_is_enough_where_the_size_of_the_test_is_known() -> None:
    curve = power_curve(N[:1], exact(0.2)[:1], np.full(1, 1e6))
    np.testing.assert_allclose(curve.coefficients, [-Z, 0.2], atol=1e-6)
    assert curve.vcov[0].tolist() == [0.0, 0.0]
    other = power_curve(N[:1], exact(0.2)[:1], np.full(1, 1e6), alpha=0.01)
    assert other.coefficients[0] == pytest.approx(-float(-ndtri(0.005)))


def test_intervals_cover() -> None:
    """The true N lies in 95 % of the intervals; 800 of them have an error of 0.8 points."""
    rng = np.random.default_rng(1)
    total = np.full(4, 300.0)
    share, true = exact(0.2, total=1.0), ((ndtri(0.8) + Z) / 0.2) ** 2
    found = [power_curve(N, rng.binomial(300, share) * 1.0, total).required() for _ in range(800)]
    covered = np.mean([f.lower <= true <= f.upper for f in found])
    assert abs(covered - 0.95) < 0.025
    mean = np.mean([np.sqrt(f.n) for f in found])
    assert mean == pytest.approx(np.sqrt(true), rel=0.01)


def test_more_samples_narrow_the_interval() -> None:
    widths = [
        found.upper - found.lower
        for total in (1e3, 1e5)
        for found in (power_curve(N, exact(0.2, total=total), np.full(4, total)).required(),)
    ]
    assert widths[1] == pytest.approx(widths[0] / 10, rel=0.05)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_where_all_or_none_reject_nothing_can_be_said(share: float) -> None:
    found = power_curve(N, share * np.full(4, 100.0), np.full(4, 100.0)).required()
    assert isnan(found.n) and isnan(found.lower) and isnan(found.upper)
    assert isnan(power_curve(N, np.zeros(4), np.zeros(4)).required().n)


def test_power_that_does_not_grow_needs_infinitely_many_cases() -> None:
    found = power_curve(N, np.full(4, 50.0) - [0, 5, 10, 15], np.full(4, 1000.0)).required()
    assert found.n == inf and isnan(found.lower)


def test_steps_are_fitted_with_the_known_intercept() -> None:
    # 0 then all: a free intercept would run away
    found = power_curve(N[:3], np.array([0.0, 40.0, 100.0]), np.full(3, 100.0))
    assert found.coefficients[0] == pytest.approx(-Z)
