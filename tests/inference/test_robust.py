"""Sandwich covariances and scaled tests against lavaan, continuous and ordinal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from loyaltysem.core.types import Array
from loyaltysem.inference.moment_forms import (
    MomentForms,
    dense_forms,
    moment_jacobian,
    normal_theory_meat,
)
from loyaltysem.inference.robust import (
    ScaledTest,
    fitted_trace,
    inverse_bread,
    mean_variance_adjusted,
    meat,
    sandwich,
    satorra_bentler,
    saturated_trace,
    scaled_shifted,
    ugamma_traces,
    yuan_bentler_mplus,
)

EXPECTED = ["hs_cfa_mlm", "hs_cfa_mlmv", "mediation_two_mediators"]
OBSERVED = ["hs_cfa_mlr", "pd_sem_indirect", "hs_mg_metric_mlr", "hs_mg_scalar_mlr"]
#: lavaan stops searching earlier, which moves its standard errors in the fifth digit.
SE, STATISTIC = 3e-5, 3e-6


def _scaled(found: Any, case: dict[str, Any]) -> ScaledTest:
    measures = found.fit.fit_measures()
    t, df = float(measures["chisq"]), int(measures["df"])
    if case["call"]["estimator"] == "MLR":
        h1 = sum(saturated_trace(v, found.means, found.x) for v in found.values)
        return yuan_bentler_mplus(
            t, df, h1, fitted_trace(found.forms(about_model=True), found.inverse(observed=True))
        )
    first, second = ugamma_traces(found.forms(about_model=False, second=True))
    if case["call"]["estimator"] == "MLM":
        return satorra_bentler(t, df, first)
    return scaled_shifted(t, df, first, second)


@pytest.mark.parametrize("name", EXPECTED + OBSERVED)
def test_scaled_statistic_agrees(
    name: str, fitted: Callable[..., Any], golden: Callable[[str], dict[str, Any]]
) -> None:
    case = golden(name)
    test, fit = _scaled(fitted(name), case), case["fit"]
    assert test.statistic == pytest.approx(fit["chisq.scaled"], rel=STATISTIC)
    assert test.scaling_factor == pytest.approx(fit["chisq.scaling.factor"], rel=STATISTIC)
    assert test.df == fit["df.scaled"]
    assert test.pvalue == pytest.approx(fit["pvalue.scaled"], rel=1e-4)


@pytest.mark.parametrize("name", EXPECTED + OBSERVED)
def test_robust_standard_errors_agree(
    name: str, fitted: Callable[..., Any], golden: Callable[[str], dict[str, Any]]
) -> None:
    case, found = golden(name), fitted(name)
    observed = case["call"]["estimator"] == "MLR"
    forms = found.forms(about_model=observed)
    inverse = found.inverse(observed=True) if observed else inverse_bread(forms)
    vcov = sandwich(inverse, meat(forms), found.fit.sample.n_total)
    k = found.fit.objective.map.derivative()
    se = np.sqrt(np.maximum(np.einsum("tq,qr,tr->t", k, vcov, k), 0.0))
    ours = {(r.lhs, r.op, r.rhs, r.group): s for r, s in zip(found.fit.table.rows, se, strict=True)}
    for *key, theirs in case["se"]:
        assert ours[tuple(key)] == pytest.approx(theirs, rel=SE), key


def test_baseline_is_scaled_by_the_same_functions(
    fitted: Callable[..., Any], golden: Callable[[str], dict[str, Any]]
) -> None:
    independence = "\n".join(f"x{i} ~~ x{i}" for i in range(1, 10))
    for name in ("hs_cfa_mlm", "hs_cfa_mlmv", "hs_cfa_mlr"):
        case = golden(name)
        test = _scaled(fitted(name, model=independence), case)
        assert test.statistic == pytest.approx(case["fit"]["baseline.chisq.scaled"], rel=1e-8)
        factor = case["fit"]["baseline.chisq.scaling.factor"]
        assert test.scaling_factor == pytest.approx(factor, rel=1e-8)


def test_means_without_a_model_for_them_change_no_scaled_test(fitted: Callable[..., Any]) -> None:
    without, with_means = (
        ugamma_traces(fitted("hs_cfa_mlm", means=m).forms(about_model=False, second=True))
        for m in (False, True)
    )
    assert without == pytest.approx(with_means, rel=1e-9)


def test_mean_variance_adjusted_agrees_with_lavaan(fitted: Callable[..., Any]) -> None:
    # lavaan 0.6-14, cfa(HS.model, estimator = "MLMVS")
    first, second = ugamma_traces(fitted("hs_cfa_mlm").forms(about_model=False, second=True))
    test = mean_variance_adjusted(85.3055217699, 24, first, second)
    assert test.statistic == pytest.approx(67.22764495989, rel=STATISTIC)
    assert test.df == pytest.approx(19.95088285902, rel=STATISTIC)
    assert test.scaling_factor == pytest.approx(1.26890540076, rel=STATISTIC)


def _ordinal(case: dict[str, Any]) -> tuple[list[MomentForms], Array, int]:
    n = np.array(case["n"], dtype=float)
    k = np.array(case["K"]) if case["K"] else np.eye(len(case["inverse"]))
    forms = [
        dense_forms(size / n.sum(), np.array(d) @ k, np.array(v), np.array(g))
        for size, d, v, g in zip(n, case["delta"], case["weight"], case["gamma"], strict=True)
    ]
    return forms, k, int(n.sum()) - len(n)


@pytest.mark.parametrize("name", ["WLSMV", "ULSMV", "WLSM", "WLSMVS", "groups", "groups_equal"])
def test_least_squares_of_ordinal_data_agree(
    name: str, golden: Callable[[str], dict[str, Any]]
) -> None:
    case = golden("least_squares")[name]
    forms, k, weight = _ordinal(case)
    standard, theirs = case["tests"]
    traces = ugamma_traces(forms)
    t, df = standard["stat"], standard["df"]
    test = {
        "satorra.bentler": lambda: satorra_bentler(t, df, traces[0]),
        "scaled.shifted": lambda: scaled_shifted(t, df, *traces),
        "mean.var.adjusted": lambda: mean_variance_adjusted(t, df, *traces),
    }[theirs["test"]]()
    assert test.label == theirs["test"]
    assert test.statistic == pytest.approx(theirs["stat"], rel=1e-10)
    assert test.scaling_factor == pytest.approx(theirs["scaling.factor"], rel=1e-10)
    assert test.df == pytest.approx(theirs["df"], rel=1e-10)
    assert test.shift == pytest.approx(theirs.get("shift.parameter", 0.0), abs=1e-10)
    vcov = k @ sandwich(inverse_bread(forms), meat(forms), weight) @ k.T
    np.testing.assert_allclose(vcov, np.array(case["vcov"]), atol=1e-12)


def test_uls_standard_errors_agree(
    fitted: Callable[..., Any], golden: Callable[[str], dict[str, Any]]
) -> None:
    case, found = golden("hs_cfa_uls"), fitted("hs_cfa_uls")
    rows = {(lhs, op, rhs): (est, se) for lhs, op, rhs, est, se in case["rows"]}
    keys = [(r.lhs, r.op, r.rhs) for r in found.fit.table.rows]
    objective = found.fit.objective
    alpha = objective.map.alpha(np.array([[rows[k][0] for k in keys]]))
    jacobian = objective.implied(alpha)[0].jacobian
    delta = moment_jacobian(jacobian, objective.blocks[0].chain, means=False)[0]
    s = np.cov(found.values[0].T)
    inverse = np.linalg.inv(delta.T @ delta)
    vcov = sandwich(inverse, normal_theory_meat(delta, s, means=False), 300)
    derivative = objective.map.derivative()
    se = np.sqrt(np.diag(derivative @ vcov @ derivative.T))
    np.testing.assert_allclose(se, [rows[k][1] for k in keys], rtol=1e-9)


def test_normal_data_need_no_scaling() -> None:
    """With Γ = V⁻¹, UΓ is a projection: its trace is df and every correction leaves T as it is."""
    rng = np.random.default_rng(7)
    root, delta = rng.normal(size=(10, 20)), rng.normal(size=(10, 4))
    gamma = root @ root.T
    forms = [dense_forms(1.0, delta, np.linalg.inv(gamma), gamma)]
    first, second = ugamma_traces(forms)
    assert (first, second) == pytest.approx((6.0, 6.0))
    for test in (
        satorra_bentler(9.0, 6, first),
        scaled_shifted(9.0, 6, first, second),
        mean_variance_adjusted(9.0, 6, first, second),
    ):
        assert (test.statistic, test.df, test.scaling_factor) == pytest.approx((9.0, 6.0, 1.0))
    np.testing.assert_allclose(
        sandwich(inverse_bread(forms), meat(forms), 50), inverse_bread(forms) / 50
    )


def test_splitting_a_group_in_equal_halves_changes_nothing() -> None:
    rng = np.random.default_rng(8)
    root, delta = rng.normal(size=(6, 9)), rng.normal(size=(6, 2))
    gamma, weight = root @ root.T, rng.uniform(1, 2, size=6)
    whole = [dense_forms(1.0, delta, weight, gamma)]
    halves = [dense_forms(0.5, delta, weight, gamma)] * 2
    np.testing.assert_allclose(
        sandwich(inverse_bread(whole), meat(whole), 9),
        sandwich(inverse_bread(halves), meat(halves), 9),
    )


def test_a_bordered_inverse_counts_the_restriction() -> None:
    """One linear restriction adds one dimension to U."""
    rng = np.random.default_rng(9)
    root, delta = rng.normal(size=(8, 16)), rng.normal(size=(8, 3))
    gamma = root @ root.T
    forms = [dense_forms(1.0, delta, np.linalg.inv(gamma), gamma)]
    basis = np.linalg.qr(rng.normal(size=(3, 2)))[0]
    inverse = basis @ np.linalg.inv(basis.T @ forms[0].bread @ basis) @ basis.T
    assert ugamma_traces(forms, inverse) == pytest.approx((6.0, 6.0))


@pytest.mark.parametrize(
    "test",
    [
        satorra_bentler(0.0, 0, 0.0),
        mean_variance_adjusted(0.0, 0, 0.0, 0.0),
        scaled_shifted(0.0, 0, 0.0, 0.0),
        yuan_bentler_mplus(0.0, 0, 1.0, 1.0),
    ],
)
def test_saturated_models_are_not_scaled(test: ScaledTest) -> None:
    assert test.statistic == 0.0
    assert math.isnan(test.scaling_factor)
    assert math.isnan(test.pvalue)


def test_a_negative_trace_gives_no_number() -> None:
    assert math.isnan(yuan_bentler_mplus(10.0, 3, 1.0, 2.0).statistic)


def test_a_singular_information_gives_no_number() -> None:
    delta = np.ones((4, 2))
    forms = [dense_forms(1.0, delta, np.ones(4), np.eye(4))]
    assert np.isnan(inverse_bread(forms)).all()
    assert math.isnan(ugamma_traces(forms)[0])
