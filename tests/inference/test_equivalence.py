"""Equivalence tests against the numbers printed by Marcoulides and Yuan (2017)."""

from __future__ import annotations

from math import isnan

import pytest

from loyaltysem.inference.equivalence import (
    LABELS,
    adjusted_cfi,
    adjusted_rmsea,
    equivalence_test,
    t_size_cfi,
    t_size_rmsea,
)
from loyaltysem.inference.fit_measures import rmsea_interval
from loyaltysem.inference.tests_of_fit import TestStatistic

# Marcoulides & Yuan (2017): N = 600, their indices divide by N − 1
ONE_FACTOR, TWO_FACTORS, N = TestStatistic(140.089, 54), TestStatistic(58.374, 53), 599
HS, HS_BASELINE = TestStatistic(85.306, 24), TestStatistic(918.852, 36)


@pytest.mark.parametrize(("test", "printed"), [(ONE_FACTOR, 0.0622), (TWO_FACTORS, 0.0298)])
def test_t_size_rmsea_is_the_published_one(test: TestStatistic, printed: float) -> None:
    assert round(t_size_rmsea(test, N), 4) == printed


def test_adjusted_bounds_are_the_published_ones() -> None:
    assert adjusted_rmsea(54, N) == pytest.approx([0.028, 0.060, 0.089, 0.109], abs=6e-4)
    assert adjusted_cfi(54, 66, N) == pytest.approx([0.978, 0.927, 0.891, 0.867], abs=6e-4)


def test_t_size_rmsea_is_the_upper_end_of_the_interval() -> None:
    assert t_size_rmsea(HS, 301) == pytest.approx(rmsea_interval(HS, 301)[1])
    assert t_size_rmsea(HS, 301, 2) == pytest.approx(rmsea_interval(HS, 301, 2)[1])


def test_labels_say_between_which_bounds_the_indices_lie() -> None:
    found = equivalence_test(HS, HS_BASELINE, 301)
    assert found.rmsea_bounds[2] < found.rmsea < found.rmsea_bounds[3]
    assert found.cfi_bounds[1] > found.cfi > found.cfi_bounds[2]
    assert (found.rmsea_label, found.cfi_label) == ("mediocre", "fair")


def test_every_label_can_be_earned() -> None:
    statistics = (20.0, 40.0, 70.0, 85.0, 300.0)
    found = [equivalence_test(TestStatistic(x, 24), HS_BASELINE, 301) for x in statistics]
    assert tuple(f.rmsea_label for f in found) == LABELS
    assert found[0].cfi_label != found[-1].cfi_label == "poor"


@pytest.mark.parametrize("n", [100, 300, 1000, 3000])
@pytest.mark.parametrize(("df", "baseline_df"), [(24, 36), (100, 120), (300, 351)])
def test_bounds_are_in_order(n: int, df: int, baseline_df: int) -> None:
    assert list(adjusted_rmsea(df, n)) == sorted(adjusted_rmsea(df, n))
    assert list(adjusted_cfi(df, baseline_df, n)) == sorted(adjusted_cfi(df, baseline_df, n))[::-1]


def test_more_cases_leave_less_misfit_open() -> None:
    few, many = (equivalence_test(TestStatistic(x, 24), TestStatistic(y, 36), n)
                 for x, y, n in ((30.0, 500.0, 200), (54.0, 5000.0, 2000)))  # fmt: skip
    assert many.rmsea < few.rmsea and many.cfi > few.cfi


def test_a_model_that_cannot_be_told_from_truth_has_cfi_one() -> None:
    assert t_size_cfi(TestStatistic(0.1, 24), HS_BASELINE) == 1.0


def test_without_degrees_of_freedom_nothing_is_tested() -> None:
    found = equivalence_test(TestStatistic(0.0, 0), HS_BASELINE, 301)
    assert isnan(found.rmsea) and isnan(found.cfi)
    assert (found.rmsea_label, found.cfi_label) == ("", "")


def test_bins_were_made_for_one_group_and_five_percent() -> None:
    for options in ({"n_groups": 2}, {"alpha": 0.01}):
        found = equivalence_test(HS, HS_BASELINE, 301, **options)
        assert found.rmsea > 0.0 and all(map(isnan, (*found.rmsea_bounds, *found.cfi_bounds)))
        assert found.rmsea_label == ""
