"""Bounds of the noncentrality parameter solve their equation, near and far."""

from __future__ import annotations

import pytest

from loyaltysem.inference.tests_of_fit import noncentral_cdf, noncentrality_bound


@pytest.mark.parametrize("probability", [0.05, 0.95])
@pytest.mark.parametrize("df", [1, 24, 1000])
@pytest.mark.parametrize("ratio", [1.2, 3.0, 50.0])
def test_bound_solves_its_equation(ratio: float, df: int, probability: float) -> None:
    statistic = ratio * df
    bound = noncentrality_bound(statistic, df, probability)
    if bound == 0.0:
        assert noncentral_cdf(statistic, df, 0.0) <= probability
    else:
        assert noncentral_cdf(statistic, df, bound) == pytest.approx(probability, abs=1e-10)


def test_a_statistic_below_zero_by_rounding_has_no_noncentrality() -> None:
    assert noncentrality_bound(-0.3, 2, 0.05) == 0.0
