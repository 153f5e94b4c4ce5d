"""Browne's residual-based tests against lavaan."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from loyaltysem.core.types import Array
from loyaltysem.inference.browne import (
    ResidualForms,
    distribution_free_residuals,
    normal_theory_residuals,
    residual_statistic,
)
from loyaltysem.inference.moment_forms import moment_jacobian
from loyaltysem.moments.gamma import model_case_moments, sample_case_moments, vech

#: Unlike the discrepancy these are not flat at the minimum, where lavaan stops a little earlier.
TOLERANCE = 5e-6
KINDS = ("nt", "nt.model", "adf", "adf.model")
#: lavTest(fit, test = "browne.residual.…") of lavaan 0.6-14, in the order of KINDS.
LAVAAN = {
    "hs_cfa_mlm": (77.9034174716992, 81.3676803827237, 82.4081470335757, 64.6956838268074),
    "configural": (98.4422064687588, 110.3100793573433, 122.6969024495180, 87.0623625290600),
    "metric": (106.434374157495, 117.969169536288, 129.331394407854, 90.459621019171),
    "fixed_x": (1.05688000393940, 1.05745561987176, 1.11890666394066, 1.11489942200049),
}
MEDIATION = "m1 ~ x + w\nm2 ~ x + w\ny ~ m1 + m2 + x"


def _residuals(found: Any, alpha: Array, kind: str, offset: int) -> list[ResidualForms]:
    objective, values = found.fit.objective, found.values
    weight = sum(map(len, values)) - offset * len(values)
    forms = []
    for v, block, i in zip(values, objective.blocks, objective.implied(alpha), strict=True):
        n = len(v) - offset
        s, sigma = np.cov(v.T, bias=True) * len(v) / n, i.moments.sigma[0]
        mu = i.moments.mu[0] if found.means else v.mean(axis=0)
        d, share = v.mean(axis=0) - mu, n / weight
        if kind.startswith("nt"):
            w = np.linalg.inv(sigma if kind.endswith("model") else s)
            forms.append(normal_theory_residuals(share, s - sigma, d, i.jacobian, block.chain, w))
            continue
        cases = (
            model_case_moments(v, mu, sigma, found.means, found.x)
            if kind.endswith("model")
            else sample_case_moments(v, found.means, found.x)
        )
        e = np.concatenate([d, vech(s - sigma)]) if found.means else vech(s - sigma)
        delta = moment_jacobian(i.jacobian, block.chain, found.means)[0]
        forms.append(distribution_free_residuals(share, e, delta, cases.gamma()))
    return forms


@pytest.mark.parametrize("case", LAVAAN)
def test_statistics_of_ml_fits_agree(case: str, fitted: Callable[..., Any]) -> None:
    found = {
        "hs_cfa_mlm": lambda: fitted("hs_cfa_mlm"),
        "configural": lambda: fitted("hs_mg_metric_mlr", group_equal=()),
        "metric": lambda: fitted("hs_mg_metric_mlr"),
        "fixed_x": lambda: fitted("mediation_two_mediators", model=MEDIATION),
    }[case]()
    n = found.fit.sample.n_total
    for kind, theirs in zip(KINDS, LAVAAN[case], strict=True):
        forms = _residuals(found, found.fit.solution.alpha, kind, offset=0)
        assert residual_statistic(forms, n) == pytest.approx(theirs, rel=TOLERANCE), kind


def test_the_test_of_uls_agrees(
    fitted: Callable[..., Any], golden: Callable[[str], dict[str, Any]]
) -> None:
    case, found = golden("hs_cfa_uls"), fitted("hs_cfa_uls")
    est = {(lhs, op, rhs): value for lhs, op, rhs, value, _ in case["rows"]}
    theta = np.array([[est[r.lhs, r.op, r.rhs] for r in found.fit.table.rows]])
    forms = _residuals(found, found.fit.objective.map.alpha(theta), "nt", offset=1)
    assert residual_statistic(forms, 300) == pytest.approx(case["chisq"], rel=1e-9)


def _forms(bread: Sequence[Sequence[float]]) -> list[ResidualForms]:
    q = len(bread)
    return [ResidualForms(1.0, 0.5, np.zeros(q), np.array(bread).reshape(q, q))]


def test_without_parameters_nothing_is_projected_out() -> None:
    assert residual_statistic(_forms([]), 100) == 50.0


def test_a_singular_jacobian_gives_no_number() -> None:
    assert math.isnan(residual_statistic(_forms([[1.0, 1.0], [1.0, 1.0]]), 100))


def test_too_few_cases_give_no_number() -> None:
    rng = np.random.default_rng(1)
    cases = sample_case_moments(rng.normal(size=(5, 3)), means=False)
    forms = distribution_free_residuals(1.0, np.ones(6), np.ones((6, 1)), cases.gamma())
    assert math.isnan(residual_statistic([forms], 5))
