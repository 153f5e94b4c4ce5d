"""The bivariate normal distribution against independent integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

from loyaltysem.moments.bivariate_normal import (
    bivariate_cdf,
    bivariate_density,
    conditional_interval,
    density,
    interval,
)


def by_integration(h: float, k: float, rho: float) -> float:
    r = np.sqrt((1 - rho) * (1 + rho))
    kink = min(max(k / rho if rho else 0.0, -9.0), h)
    parts = [
        quad(
            lambda x: float(density(np.float64(x)) * ndtr((k - rho * x) / r)),
            a, b, epsabs=1e-15, epsrel=1e-13, limit=400,
        )[0]
        for a, b in ((-9.0, kink), (kink, h))
    ]  # fmt: skip
    return sum(parts)


@pytest.mark.parametrize("rho", [-0.999, -0.95, -0.8, -0.3, 0.0, 0.4, 0.65, 0.9, 0.93, 0.999])
def test_cdf_is_exact_to_rounding(rho: float) -> None:
    points = [(-1.3, 0.4), (0.0, 0.0), (0.0, -0.7), (1.1, 1.1001), (2.2, -2.1), (0.9, -3.0)]
    for h, k in points:
        got = bivariate_cdf(np.array([h]), np.array([k]), np.array([rho]))[0]
        assert got == pytest.approx(by_integration(h, k, rho), abs=1e-12)


def test_cdf_at_infinite_bounds_is_the_margin() -> None:
    h = np.array([np.inf, -np.inf, 0.5, np.inf, -np.inf])
    k = np.array([0.5, 0.5, np.inf, np.inf, np.inf])
    got = bivariate_cdf(h, k, np.full(5, 0.3))
    np.testing.assert_allclose(got, [ndtr(0.5), 0, ndtr(0.5), 1, 0], atol=1e-16)


def test_rules_meet_where_they_change() -> None:
    h, k = np.meshgrid(np.linspace(-4, 4, 23), np.linspace(-4, 4, 23))
    for limit in (0.4, 0.7, 0.92):
        for sign in (-1, 1):
            below = bivariate_cdf(h, k, np.full_like(h, sign * (limit - 1e-13)))
            above = bivariate_cdf(h, k, np.full_like(h, sign * (limit + 1e-13)))
            np.testing.assert_allclose(below, above, rtol=0, atol=1e-12)


def test_density_is_the_derivative_in_rho() -> None:
    h, k, rho, step = np.array([0.4, -1.2]), np.array([1.1, -0.3]), np.array([0.55, -0.7]), 1e-5
    value, slope = bivariate_density(h, k, rho)
    up, down = (bivariate_cdf(h, k, rho + s) for s in (step, -step))
    np.testing.assert_allclose(value, (up - down) / (2 * step), rtol=1e-8)
    up, down = (bivariate_density(h, k, rho + s)[0] for s in (step, -step))
    np.testing.assert_allclose(slope, (up - down) / (2 * step), rtol=1e-8)
    assert bivariate_density(np.array([np.inf]), k[:1], rho[:1])[0][0] == 0.0


def test_conditional_interval_is_the_derivative_in_a_bound() -> None:
    h, low, high, rho, step = (
        np.array([0.7]),
        np.array([-0.5]),
        np.array([0.9]),
        np.array([0.6]),
        1e-5,
    )

    def strip(at: np.ndarray) -> np.ndarray:
        return bivariate_cdf(at, high, rho) - bivariate_cdf(at, low, rho)

    numerical = (strip(h + step) - strip(h - step)) / (2 * step)
    np.testing.assert_allclose(conditional_interval(h, low, high, rho), numerical, rtol=1e-8)
    assert conditional_interval(np.array([-np.inf]), low, high, rho)[0] == 0.0


def test_interval_keeps_digits_in_the_upper_tail() -> None:
    got = interval(np.array([9.0]), np.array([10.0]))[0]
    assert got == pytest.approx(1.1285884059538406e-19, rel=1e-10)
