"""Analytic power against published tables, semTools and the noncentral χ² distribution itself."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from scipy.stats import ncx2

from loyaltysem.inference.power import (
    chi_square_power,
    required_noncentrality,
    rmsea_power,
    rmsea_sample_size,
    satorra_saris_power,
    satorra_saris_sample_size,
)

# MacCallum, Browne & Sugawara (1996): power (Table 2) and smallest N for power .80 (Table 4) of
# the test of close fit, .05 against .08.
TABLE_2 = {(5, 100): 0.127, (50, 200): 0.769, (100, 100): 0.650, (100, 200): 0.955}
TABLE_4 = {10: 782, 30: 314, 40: 252, 50: 214, 100: 132}
# semTools 0.5-6: findRMSEApower() of close, not-close and exact fit, findRMSEAsamplesize()
SEMTOOLS_POWER = {
    (5, 100): (0.127005, 0.080624, 0.111680),
    (50, 100): (0.424147, 0.260760, 0.318503),
    (50, 200): (0.769105, 0.608239, 0.683950),
    (100, 200): (0.954950, 0.870136, 0.903875),
    (100, 100): (0.649836, 0.426187, 0.491471),
}
SEMTOOLS_N = {
    2: (3494, 2382, 1928),
    10: (782, 750, 651),
    20: (434, 474, 421),
    50: (214, 268, 243),
    100: (132, 178, 164),
}
KINDS = ({}, {"alternative": 0.01}, {"null": 0.0, "alternative": 0.05})


@pytest.mark.parametrize("df_n", TABLE_2)
def test_power_of_close_fit_is_that_of_the_published_table(df_n: tuple[int, int]) -> None:
    assert round(rmsea_power(*df_n), 3) == TABLE_2[df_n]


@pytest.mark.parametrize("df", TABLE_4)
def test_sample_size_is_that_of_the_published_table(df: int) -> None:
    assert rmsea_sample_size(df) == TABLE_4[df]


@pytest.mark.parametrize("df_n", SEMTOOLS_POWER)
@pytest.mark.parametrize("kind", range(3))
def test_power_of_every_kind_is_that_of_semtools(df_n: tuple[int, int], kind: int) -> None:
    assert rmsea_power(*df_n, **KINDS[kind]) == pytest.approx(SEMTOOLS_POWER[df_n][kind], abs=6e-7)


@pytest.mark.parametrize("df", SEMTOOLS_N)
@pytest.mark.parametrize("kind", range(3))
def test_sample_size_of_every_kind_is_that_of_semtools(df: int, kind: int) -> None:
    assert rmsea_sample_size(df, **KINDS[kind]) == SEMTOOLS_N[df][kind]


def test_groups_share_the_noncentrality() -> None:
    assert rmsea_power(24, 300, n_groups=2) == pytest.approx(0.3941865, abs=1e-7)  # semTools


@pytest.mark.parametrize("kind", range(3))
def test_the_sample_size_is_the_smallest(kind: int) -> None:
    n = rmsea_sample_size(37, 0.9, **KINDS[kind])
    assert rmsea_power(37, n, **KINDS[kind]) >= 0.9 > rmsea_power(37, n - 1, **KINDS[kind])


def test_chi_square_power_is_the_upper_tail_of_the_noncentral_distribution() -> None:
    for df, lam in ((1, 3.0), (24, 40.0), (315, 90.0)):
        critical = ncx2.ppf(0.99, df, 1e-12)
        assert chi_square_power(df, lam, 0.01) == pytest.approx(ncx2.sf(critical, df, lam))


@pytest.mark.parametrize("df", [1, 5, 100])
@pytest.mark.parametrize("power", [0.2, 0.8, 0.99])
def test_required_noncentrality_gives_the_power_asked_for(df: int, power: float) -> None:
    assert chi_square_power(df, required_noncentrality(df, power)) == pytest.approx(power)


def test_power_no_larger_than_the_size_needs_nothing() -> None:
    assert required_noncentrality(3, 0.05) == 0.0
    assert rmsea_sample_size(3, 0.05) == 2


def test_required_n_of_satorra_saris_is_the_smallest() -> None:
    for offset in (0, 1):
        n = satorra_saris_sample_size(0.013, 2, 0.9, 0.05, offset)
        assert satorra_saris_power(0.013, 2, n, 0.05, offset) >= 0.9
        assert satorra_saris_power(0.013, 2, n - 1, 0.05, offset) < 0.9


def test_a_correlation_has_the_power_of_the_likelihood_ratio_test() -> None:
    # F₀ of a correlation fixed to 0 is −log(1 − ρ²); the test has one degree of freedom
    rho, n = 0.3, 85
    exact = ncx2.sf(ncx2.ppf(0.95, 1, 1e-12), 1, -n * np.log1p(-(rho**2)))
    assert satorra_saris_power(-np.log1p(-(rho**2)), 1, n) == pytest.approx(exact)


def test_where_there_is_no_test_there_is_no_power() -> None:
    assert isnan(chi_square_power(0, 3.0))
    assert isnan(required_noncentrality(0))
    assert isnan(rmsea_power(0, 100))
    assert isnan(rmsea_sample_size(0))
    assert isnan(satorra_saris_sample_size(float("nan"), 1))


def test_what_cannot_be_told_apart_needs_infinitely_many_cases() -> None:
    assert rmsea_sample_size(10, null=0.05, alternative=0.05) == inf
    assert rmsea_sample_size(1, null=0.05, alternative=0.0500001) == inf
    assert satorra_saris_sample_size(0.0, 1) == inf
