"""Γ of continuous moments: definitions, fixed x, and the weight made of it."""

from __future__ import annotations

import numpy as np
import pytest

from loyaltysem.core.errors import DataError
from loyaltysem.core.types import Array
from loyaltysem.moments.gamma import (
    gamma_normal_theory,
    inverse_gamma,
    model_case_moments,
    sample_case_moments,
    vech,
    vech_indices,
    weight_from_gamma,
)


@pytest.fixture
def values() -> Array:
    rng = np.random.default_rng(4)
    return np.asarray(rng.exponential(size=(200, 4)) @ rng.normal(size=(4, 4)))


def test_vech_goes_down_the_columns() -> None:
    x = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 5.0], [3.0, 5.0, 6.0]])
    assert vech(x).tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_gamma_is_browne_s_fourth_moment_formula(values: Array) -> None:
    d = values - values.mean(axis=0)
    s = d.T @ d / len(d)
    i, j = vech_indices(4)
    fourth = (d[:, i] * d[:, j]).T @ (d[:, i] * d[:, j]) / len(d)
    expected = fourth - np.outer(s[i, j], s[i, j])
    gamma = sample_case_moments(values, means=True).gamma()
    np.testing.assert_allclose(gamma[4:, 4:], expected, rtol=1e-10)
    np.testing.assert_allclose(gamma[:4, :4], s, rtol=1e-10)
    np.testing.assert_allclose(
        sample_case_moments(values, means=False).gamma(), expected, rtol=1e-10
    )


def test_gamma_of_normal_data_approaches_normal_theory() -> None:
    cov = np.array([[2.0, 0.7, 0.3], [0.7, 1.0, 0.2], [0.3, 0.2, 1.5]])
    draws = np.random.default_rng(2).multivariate_normal(np.zeros(3), cov, size=200_000)
    estimated = sample_case_moments(draws, means=True, fixed_x=(2,)).gamma()
    np.testing.assert_allclose(
        estimated, gamma_normal_theory(cov, means=True, fixed_x=(2,)), atol=0.06
    )


def test_moments_of_fixed_x_have_no_variance(values: Array) -> None:
    row, column = vech_indices(4)
    of_x = np.isin(row, (1, 3)) & np.isin(column, (1, 3))
    for gamma in (
        sample_case_moments(values, means=True, fixed_x=(1, 3)).gamma(),
        gamma_normal_theory(np.cov(values.T), means=True, fixed_x=(1, 3)),
    ):
        assert np.abs(gamma[4:][of_x]).max() < 1e-12
        assert np.abs(gamma[[1, 3]]).max() < 1e-12


def test_case_moments_of_x_cancel_exactly(values: Array) -> None:
    z = sample_case_moments(values, means=False, fixed_x=(0, 2)).dense()
    assert not z[:, [0, 2, 7]].any()


def test_about_a_perfect_model_both_kinds_agree(values: Array) -> None:
    s = np.cov(values.T, bias=True)
    for x in ((), (0,)):
        sample = sample_case_moments(values, True, x)
        model = model_case_moments(values, values.mean(axis=0), s, True, x)
        np.testing.assert_allclose(sample.gamma(), model.gamma(), rtol=1e-9, atol=1e-12)


def test_without_means_the_implied_mean_is_not_used(values: Array) -> None:
    s = np.cov(values.T, bias=True)
    nonsense = np.full(4, 1e6)
    np.testing.assert_allclose(
        model_case_moments(values, nonsense, s, means=False).gamma(),
        sample_case_moments(values, means=False).gamma(),
        rtol=1e-9,
    )


def test_transform_is_that_of_the_data(values: Array) -> None:
    factor = np.linalg.cholesky(np.cov(values.T))
    moved = sample_case_moments(values, True, (1,)).transform(np.diag(np.arange(1.0, 5.0)))
    again = sample_case_moments(values * np.arange(1.0, 5.0), True, (1,))
    np.testing.assert_allclose(moved.dense(), again.dense(), rtol=1e-9, atol=1e-9)
    assert moved.n_moments == 14
    np.testing.assert_allclose(
        sample_case_moments(values, False).transform(factor).centre,
        sample_case_moments(values @ factor, False).centre,
    )


def test_weight_is_the_inverse_and_zero_for_fixed_x(values: Array) -> None:
    gamma = sample_case_moments(values, means=True).gamma()
    np.testing.assert_allclose(weight_from_gamma(gamma) @ gamma, np.eye(14), atol=1e-8)
    partly = sample_case_moments(values, means=True, fixed_x=(1,)).gamma()
    weight = weight_from_gamma(partly)
    assert not weight[1].any()
    np.testing.assert_allclose(partly @ weight @ partly, partly, atol=1e-8)


def test_too_few_cases_for_a_weight_are_reported(values: Array) -> None:
    gamma = sample_case_moments(values[:10], means=True).gamma()
    assert np.isnan(inverse_gamma(gamma)[0]).all()
    with pytest.raises(DataError, match="14 sample moments is singular") as error:
        weight_from_gamma(gamma)
    assert error.value.code == "data.singular_gamma"


def test_units_do_not_make_gamma_look_singular(values: Array) -> None:
    units = np.array([1e-3, 1.0, 1e3, 1.0])
    row, column = vech_indices(4)
    by_moment = np.concatenate([units, units[row] * units[column]])
    weight, ok = inverse_gamma(sample_case_moments(values * units, means=True).gamma())
    plain, _ = inverse_gamma(sample_case_moments(values, means=True).gamma())
    assert ok
    np.testing.assert_allclose(weight * np.outer(by_moment, by_moment), plain, rtol=1e-6)
