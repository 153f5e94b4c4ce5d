"""Robust indices of ordinal data against lavaan."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from loyaltysem.core.types import Array
from loyaltysem.inference.categorical_robust import CorrelationGroup, categorical_robust, wrmr
from loyaltysem.inference.scaled_measures import (
    RobustTest,
    robust_gfi,
    robust_incremental,
    robust_rmsea,
)


def _groups(case: dict[str, Any]) -> tuple[list[CorrelationGroup], Array, int]:
    groups = []
    for g, n in enumerate(case["n"]):
        sample, implied = (np.array(case[k][g]) for k in ("sample", "implied"))
        c = len(sample) * (len(sample) - 1) // 2
        delta, weight, gamma = (np.array(case[k][g]) for k in ("delta", "weight", "gamma"))
        groups.append(
            CorrelationGroup(n, sample, implied, delta[-c:], weight[-c:], gamma[-c:, -c:])
        )
    return groups, np.array(case["inverse"]), case["tests"][0]["df"]


@pytest.mark.parametrize("name", ["WLSMV", "ULSMV", "groups", "groups_equal"])
def test_statistics_and_indices_agree(name: str, golden: Callable[[str], dict[str, Any]]) -> None:
    case = golden("least_squares")[name]
    theirs, fit = case["catml"], case["fit"]
    user, null = categorical_robust(*_groups(case))
    assert user.statistic == pytest.approx(theirs["XX3"], rel=1e-10)
    assert user.scaling == pytest.approx(theirs["c.hat3"], rel=1e-9)
    assert user.scaled == pytest.approx(theirs["XX3.scaled"], rel=1e-9)
    assert null.statistic == pytest.approx(theirs["XX3.null"], rel=1e-10)
    assert null.df == theirs["df3.null"]
    assert null.scaling == pytest.approx(theirs["c.hat3.null"], rel=1e-10)
    groups = len(case["n"])
    # lavaan 0.6 took N − G here, 0.7 takes N
    got = robust_incremental(user, null) | robust_rmsea(user, sum(case["n"]) - groups, groups)
    for key, value in got.items():
        assert value == pytest.approx(fit[key.replace("_", ".")], rel=1e-5, abs=1e-5), key


def test_indices_of_the_nine_item_model_agree_with_lavaan_0_7() -> None:
    """From the statistics lavaan printed for its nine-item WLSMV fit of 450 cases."""
    t, df, c = 52.2338123474202, 24, 1.60866842154901
    user = RobustTest(t, df, c, t / c, c)
    null = RobustTest(1488.37291692567, 36, 0.981448676658652, math.nan, math.nan)
    assert robust_incremental(user, null)["cfi_robust"] == pytest.approx(0.990622582268493)
    rmsea = robust_rmsea(user, 450)
    assert rmsea["rmsea_robust"] == pytest.approx(0.0355196479668543)
    assert rmsea["rmsea_ci_upper_robust"] == pytest.approx(0.0640014380783945, abs=1e-6)
    assert rmsea["rmsea_pvalue_robust"] == pytest.approx(0.772066262169218)
    gfi = robust_gfi(user, 9, 450)
    assert gfi["gfi_mo_robust"] == pytest.approx(0.993316198377741)
    assert gfi["gfi_mo_ci_lower_robust"] == pytest.approx(0.978620742913776, abs=1e-6)


def test_free_scales_have_no_robust_indices(golden: Callable[[str], dict[str, Any]]) -> None:
    groups, inverse, df = _groups(golden("least_squares")["WLSMV"])
    scaled = [replace(g, implied=1.2 * g.implied) for g in groups]
    for test in categorical_robust(scaled, inverse, df):
        assert math.isnan(test.statistic)
    found = robust_incremental(*categorical_robust(scaled, inverse, df))
    assert all(math.isnan(x) for x in found.values())


def test_indefinite_polychorics_have_no_robust_indices(
    golden: Callable[[str], dict[str, Any]],
) -> None:
    groups, inverse, df = _groups(golden("least_squares")["WLSMV"])
    bad = groups[0].sample.copy()
    bad[0, 1] = bad[1, 0] = 0.99
    bad[0, 2] = bad[2, 0] = -0.99
    user, _ = categorical_robust([replace(groups[0], sample=bad)], inverse, df)
    assert math.isnan(user.statistic)


def test_a_saturated_model_has_no_scaling(golden: Callable[[str], dict[str, Any]]) -> None:
    groups, inverse, _ = _groups(golden("least_squares")["WLSMV"])
    assert math.isnan(categorical_robust(groups, inverse, 0)[0].scaling)


def test_wrmr_of_several_groups_counts_the_moments_of_one() -> None:
    # lavaan 0.7-2, nine five-category items in two groups
    assert wrmr(25.268781039854, 72) == pytest.approx(0.592414797435204)
    assert math.isnan(wrmr(0.0, 0))
