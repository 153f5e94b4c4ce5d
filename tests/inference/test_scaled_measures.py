"""Scaled and robust fit indices against lavaan 0.7."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from loyaltysem.inference.robust import ScaledTest, satorra_bentler
from loyaltysem.inference.scaled_measures import (
    likelihood_scaling,
    robust_gfi,
    robust_incremental,
    robust_rmsea,
    robust_test,
    scaled_incremental,
    scaled_rmsea,
    scaled_tests,
    with_statistic,
)
from loyaltysem.inference.tests_of_fit import TestStatistic

CASES = [
    "hs_cfa_mlm", "hs_cfa_mlmv", "hs_cfa_mlr", "mediation_two_mediators", "pd_sem_indirect",
    "hs_mg_metric_mlr", "hs_mg_scalar_mlr",
]  # fmt: skip
LABELS = {"MLM": "satorra.bentler", "MLMV": "scaled.shifted", "MLR": "yuan.bentler.mplus"}


def _test(case: dict[str, Any], prefix: str, plain: TestStatistic) -> ScaledTest:
    """Rebuild a scaled test from what lavaan printed."""
    fit, label = case["fit"], LABELS[case["call"]["estimator"]]
    statistic, factor = fit[f"{prefix}chisq.scaled"], fit[f"{prefix}chisq.scaling.factor"]
    shift = statistic - plain.statistic / factor if label == "scaled.shifted" else 0.0
    trace = (plain.df - shift) * factor
    return ScaledTest(statistic, plain.df, factor, shift, trace, label)


def _lavaan(name: str) -> str:
    return name.replace("gfi_mo", "gfi").replace("_", ".")


@pytest.mark.parametrize("name", CASES)
def test_every_scaled_and_robust_index_agrees(
    name: str, fitted: Callable[..., Any], golden: Callable[[str], dict[str, Any]]
) -> None:
    case = golden(name)
    fit = fitted(name).fit
    m, n, groups = fit.fit_measures(), fit.sample.n_total, len(fit.sample.n_obs)
    user = TestStatistic(float(m["chisq"]), int(m["df"]))
    null = TestStatistic(float(m["baseline_chisq"]), int(m["baseline_df"]))
    scaled, base = _test(case, "", user), _test(case, "baseline.", null)
    parts, null_parts = robust_test(user, scaled), robust_test(null, base)
    implied = float(m["gfi_mo"])
    p = len(fit.table.observed)
    rls = 0.5 * n * p * (1.0 / implied - 1.0) + user.df if implied < 1.0 else user.statistic
    got = {
        **scaled_tests(scaled, base),
        **scaled_incremental(scaled, base),
        **scaled_rmsea(user, scaled, n, groups),
        **robust_incremental(parts, null_parts),
        **robust_rmsea(parts, n, groups),
    }
    if implied < 1.0:  # otherwise the statistic behind it cannot be read back
        got |= robust_gfi(with_statistic(parts, rls, scaled.shift), p, n)
    want = {k: v for k, v in case["fit"].items() if not k.startswith("scaling.factor")}
    if implied == 1.0:
        want = {k: v for k, v in want.items() if not k.startswith("gfi")}
    assert {_lavaan(k) for k in got} == {k.replace("_", ".") for k in want}
    for key, value in got.items():
        assert value == pytest.approx(want[_lavaan(key)], rel=2e-5, abs=2e-6), key


def test_likelihood_factors_divide_by_moments_and_parameters() -> None:
    got = likelihood_scaling([50.0, 40.0], 60.0, 100, 50)
    assert got == {"scaling_factor_h1": 0.9, "scaling_factor_h0": 1.2}
    assert all(math.isnan(x) for x in likelihood_scaling([], 0.0, 0, 0).values())


def test_a_correction_by_one_leaves_the_plain_indices() -> None:
    user, null = TestStatistic(50.0, 20), TestStatistic(500.0, 30)
    parts = robust_test(user, satorra_bentler(50.0, 20, 20.0))
    base = robust_test(null, satorra_bentler(500.0, 30, 30.0))
    assert robust_incremental(parts, base)["cfi_robust"] == pytest.approx(1.0 - 30.0 / 470.0)
    assert robust_rmsea(parts, 300)["rmsea_robust"] == pytest.approx(math.sqrt(30 / (300 * 20)))


def test_fit_better_than_expected_is_perfect() -> None:
    user, null = TestStatistic(5.0, 20), TestStatistic(20.0, 30)
    parts = robust_test(user, satorra_bentler(5.0, 20, 22.0))
    base = robust_test(null, satorra_bentler(20.0, 30, 33.0))
    assert robust_incremental(parts, base)["cfi_robust"] == 1.0


def test_a_model_without_degrees_of_freedom_fits_as_well_as_can_be() -> None:
    user = robust_test(TestStatistic(0.0, 0), satorra_bentler(0.0, 0, 0.0))
    null = robust_test(TestStatistic(500.0, 3), satorra_bentler(500.0, 3, 3.6))
    assert set(robust_incremental(user, null).values()) == {1.0}
    found = robust_rmsea(user, 200)
    assert [found[f"rmsea{part}_robust"] for part in ("", "_ci_lower", "_ci_upper")] == [0.0] * 3
    assert math.isnan(found["rmsea_pvalue_robust"])
    assert all(math.isnan(x) for x in robust_gfi(user, 5, 300).values())
    scaled, base = satorra_bentler(0.0, 0, 0.0), satorra_bentler(500.0, 30, 33.0)
    assert scaled_incremental(scaled, base)["cfi_scaled"] == 1.0
    assert scaled_rmsea(TestStatistic(0.0, 0), scaled, 300)["rmsea_scaled"] == 0.0
