"""Moments drawn without data are distributed as moments of data."""

from __future__ import annotations

import numpy as np
import pytest

from loyaltysem.moments.wishart import draw_normal_moments

SIGMA = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.5]])
MU = np.array([1.0, -2.0, 0.5])
N, B = 12, 60_000


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    return draw_normal_moments(np.random.default_rng(1), B, N, SIGMA, MU)


def test_expectations_are_those_of_a_normal_sample(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    cov, mean = drawn
    np.testing.assert_allclose(cov.mean(axis=0), SIGMA * (N - 1) / N, atol=0.012)
    np.testing.assert_allclose(mean.mean(axis=0), MU, atol=0.008)
    np.testing.assert_allclose(np.cov(mean.T), SIGMA / N, atol=0.004)


def test_covariances_vary_as_those_of_a_normal_sample(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    cov, mean = drawn
    # var(s_ij) = (σ_ij² + σ_ii σ_jj)(N − 1)/N², and means are independent of covariances
    expected = (SIGMA**2 + np.outer(np.diag(SIGMA), np.diag(SIGMA))) * (N - 1) / N**2
    np.testing.assert_allclose(cov.var(axis=0), expected, rtol=0.04)
    together = np.corrcoef(cov[:, 0, 1], mean[:, 0])[0, 1]
    assert abs(together) < 4 / np.sqrt(B)


def test_the_divisor_is_n_less_the_offset() -> None:
    plain, other = (
        draw_normal_moments(np.random.default_rng(3), 5, N, SIGMA, MU, offset)[0]
        for offset in (0, 1)
    )
    np.testing.assert_allclose(other, plain * N / (N - 1))


def test_more_samples_change_none() -> None:
    few, many = (draw_normal_moments(np.random.default_rng(3), b, N, SIGMA, MU) for b in (3, 8))
    for a, b in zip(few, many, strict=True):
        np.testing.assert_array_equal(a, b[:3])
