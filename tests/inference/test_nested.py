"""Difference tests against lavaan's lavTestLRT."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from loyaltysem.core.types import Array
from loyaltysem.inference.moment_forms import casewise_forms, dense_forms, moment_jacobian
from loyaltysem.inference.nested import (
    Adjustment,
    restriction_matrix,
    satorra_2000,
    satorra_bentler_2001,
    satorra_bentler_2010,
    stacked,
    standard_difference,
)
from loyaltysem.inference.robust import (
    fitted_trace,
    inverse_bread,
    meat,
    saturated_trace,
    yuan_bentler_mplus,
)
from loyaltysem.inference.tests_of_fit import TestStatistic
from loyaltysem.moments.gamma import model_case_moments

MODELS = {"configural": (), "metric": ("loadings",), "scalar": ("loadings", "intercepts")}


@pytest.fixture(scope="module")
def models(fitted: Callable[..., Any]) -> dict[str, Any]:
    return {k: fitted("hs_mg_scalar_mlr", group_equal=v) for k, v in MODELS.items()}


def _plain(found: Any) -> TestStatistic:
    m = found.fit.fit_measures()
    return TestStatistic(float(m["chisq"]), int(m["df"]))


def _factor(found: Any, forms: Any, inverse: Array) -> float:
    h1 = sum(saturated_trace(v, True) for v in found.values)
    t = _plain(found)
    return yuan_bentler_mplus(t.statistic, t.df, h1, fitted_trace(forms, inverse)).scaling_factor


def _scaling(found: Any) -> float:
    return _factor(found, found.forms(about_model=True), found.inverse(observed=True))


def test_standard_difference_and_its_rmsea(models: dict[str, Any]) -> None:
    # lavTestLRT of the four invariance models, ML, lavaan 0.7-2
    test = standard_difference(_plain(models["configural"]), _plain(models["metric"]))
    assert test.statistic == pytest.approx(8.1922003044, rel=1e-5)
    assert test.pvalue == pytest.approx(0.224357746850112, rel=1e-5)
    assert test.rmsea(301, 2) == pytest.approx(0.0492715519335192, rel=1e-5)


def test_satorra_bentler_2001_agrees(
    models: dict[str, Any], golden: Callable[[str], dict[str, Any]]
) -> None:
    rows = golden("hs_mg_scalar_mlr")["difference"]["sb2001"]
    names = list(MODELS)
    for h1, h0, row in zip(names, names[1:], rows[1:], strict=False):
        a, b = models[h1], models[h0]
        test = satorra_bentler_2001(_plain(a), _plain(b), _scaling(a), _scaling(b))
        assert test.statistic == pytest.approx(row["Chisq diff"], rel=1e-5)
        assert test.df == row["Df diff"]
        assert test.pvalue == pytest.approx(row["pvalue"], rel=1e-4)
        assert test.rmsea(301, 2) == pytest.approx(row["RMSEA"], rel=1e-4)


def test_satorra_bentler_2010_agrees(
    models: dict[str, Any], golden: Callable[[str], dict[str, Any]]
) -> None:
    row = golden("hs_mg_scalar_mlr")["difference"]["sb2010_metric_vs_scalar"][1]
    h1, h0 = models["metric"], models["scalar"]
    at_h0 = _at(h1, h0)
    objective = h1.fit.objective
    implied = objective.implied(at_h0)
    forms = [
        casewise_forms(
            len(v) / 301,
            model_case_moments(v, i.moments.mu[0], i.moments.sigma[0], True),
            i.jacobian,
            b.chain,
            np.linalg.inv(i.moments.sigma[0]),
        )
        for v, b, i in zip(h1.values, objective.blocks, implied, strict=True)
    ]
    inverse = np.linalg.inv(0.5 * objective.hessian(at_h0, observed=True)[0])
    test = satorra_bentler_2010(_plain(h1), _plain(h0), _factor(h1, forms, inverse), _scaling(h0))
    assert test.statistic == pytest.approx(row["Chisq diff"], rel=1e-5)
    assert test.rmsea(301, 2) == pytest.approx(row["RMSEA"], rel=1e-5)


def _at(h1: Any, h0: Any) -> Array:
    """H1's free parameters at the estimates of H0."""
    theta = h0.fit.objective.map.theta(h0.fit.solution.alpha)[0]
    value = {
        (r.lhs, r.op, r.rhs, r.group): x for r, x in zip(h0.fit.table.rows, theta, strict=True)
    }
    rows = [value[r.lhs, r.op, r.rhs, r.group] for r in h1.fit.table.rows]
    alpha: Array = h1.fit.objective.map.alpha(np.array([rows]))
    return alpha


def _delta(found: Any) -> Array:
    objective = found.fit.objective
    implied = objective.implied(found.fit.solution.alpha)
    return stacked(
        [
            moment_jacobian(i.jacobian, b.chain, True)[0]
            for b, i in zip(objective.blocks, implied, strict=True)
        ]
    )


def test_satorra_2000_agrees(
    models: dict[str, Any], golden: Callable[[str], dict[str, Any]]
) -> None:
    row = golden("hs_mg_scalar_mlr")["difference"]["satorra2000_metric_vs_scalar"][1]
    h1, h0 = models["metric"], models["scalar"]
    restriction = restriction_matrix(_delta(h1), _delta(h0))
    assert restriction.shape == (6, 54)
    filling = meat(h1.forms(about_model=False))
    test = satorra_2000(
        _plain(h1), _plain(h0), restriction, h1.inverse(observed=True), filling, "shift"
    )
    assert test.statistic == pytest.approx(row["Chisq diff"], rel=1e-6)
    assert test.pvalue == pytest.approx(row["pvalue"], rel=1e-5)
    assert test.rmsea(301, 2) == pytest.approx(row["RMSEA"], rel=1e-6)


def test_ordinal_difference_agrees(golden: Callable[[str], dict[str, Any]]) -> None:
    data = golden("least_squares")
    h1, h0, theirs = data["groups"], data["groups_equal"], data["difference"]
    deltas = [np.concatenate([np.array(d) for d in m["delta"]]) for m in (h1, h0)]
    n = np.array(h1["n"], dtype=float)
    forms = [
        dense_forms(size / n.sum(), np.array(d), np.array(v), np.array(g))
        for size, d, v, g in zip(n, h1["delta"], h1["weight"], h1["gamma"], strict=True)
    ]
    plain = [TestStatistic(m["tests"][0]["stat"], m["tests"][0]["df"]) for m in (h1, h0)]
    test = satorra_2000(
        plain[0],
        plain[1],
        restriction_matrix(deltas[0], deltas[1] @ np.array(h0["K"])),
        inverse_bread(forms),
        meat(forms),
        "shift",
    )
    assert test.statistic == pytest.approx(theirs["stat"], rel=1e-8)
    assert test.df == theirs["df"]
    assert 1.0 / test.scaling_factor == pytest.approx(theirs["scale"], rel=1e-8)
    assert test.shift == pytest.approx(theirs["shift"], rel=1e-6)


def test_satorra_2000_is_the_likelihood_ratio_test_when_nothing_needs_correcting() -> None:
    rng = np.random.default_rng(5)
    root = rng.normal(size=(4, 9))
    information = root @ root.T
    h1, h0 = TestStatistic(10.0, 3), TestStatistic(17.0, 5)
    restriction, inverse = rng.normal(size=(2, 4)), np.linalg.inv(information)
    adjustments: tuple[Adjustment, ...] = ("mean", "shift", "mean_variance")
    for adjust in adjustments:
        test = satorra_2000(h1, h0, restriction, inverse, information, adjust)
        assert (test.statistic, test.df) == pytest.approx((7.0, 2.0))


def test_a_saturated_h1_needs_no_factor() -> None:
    test = satorra_bentler_2001(TestStatistic(0.0, 0), TestStatistic(12.0, 4), math.nan, 1.2)
    assert test.statistic == pytest.approx(10.0)


def test_a_negative_factor_gives_no_number() -> None:
    test = satorra_bentler_2001(TestStatistic(10.0, 5), TestStatistic(12.0, 6), 2.0, 1.1)
    assert math.isnan(test.scaling_factor)
    assert math.isnan(test.statistic)
    assert math.isnan(test.pvalue)


def test_equal_degrees_of_freedom_have_no_test() -> None:
    h1, h0 = TestStatistic(10.0, 5), TestStatistic(12.0, 5)
    restriction = np.zeros((0, 3))
    for test in (
        standard_difference(h1, h0),
        satorra_bentler_2001(h1, h0, 1.0, 1.0),
        satorra_2000(h1, h0, restriction, np.eye(3), np.eye(3)),
    ):
        assert math.isnan(test.pvalue)
        assert math.isnan(test.rmsea(300))
