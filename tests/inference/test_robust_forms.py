"""The forms behind robust corrections: every short cut against the dense definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from loyaltysem.core.types import Array
from loyaltysem.inference import moment_forms
from loyaltysem.inference.moment_forms import (
    case_scores,
    case_trace,
    casewise_forms,
    dense_forms,
    moment_jacobian,
    normal_theory_meat,
    observed_weight,
)
from loyaltysem.moments.gamma import (
    gamma_normal_theory,
    model_case_moments,
    sample_case_moments,
    vech_indices,
)


def _normal_weight(w: Array, means: bool) -> Array:
    """½ Dᵀ(W ⊗ W)D, with W for the means, as an array."""
    p = len(w)
    row, column = vech_indices(p)
    duplication = np.zeros((p * p, len(row)))
    duplication[row * p + column, np.arange(len(row))] = 1.0
    duplication[column * p + row, np.arange(len(row))] = 1.0
    v = 0.5 * duplication.T @ np.kron(w, w) @ duplication
    if not means:
        return np.asarray(v)
    zero = np.zeros((p, len(row)))
    return np.block([[w, zero], [zero.T, v]])


@pytest.fixture(params=["sample", "model", "fixed_x", "no_means"])
def situation(request: pytest.FixtureRequest, fitted: Callable[..., Any]) -> Any:
    """Cases, Jacobian, chain and W of a group."""
    name = "mediation_two_mediators" if request.param == "fixed_x" else "hs_cfa_mlm"
    means = request.param != "no_means"
    found = fitted(name, means=means)
    values, block = found.values[0], found.fit.objective.blocks[0]
    implied = found.fit.objective.implied(found.fit.solution.alpha)[0]
    sigma, mu = implied.moments.sigma[0], implied.moments.mu[0]
    cases = (
        model_case_moments(values, mu, sigma, means)
        if request.param == "model"
        else sample_case_moments(values, means, found.x)
    )
    return cases, implied.jacobian, block.chain, np.linalg.inv(sigma), means


@pytest.mark.parametrize("by_cases", [False, True])
@pytest.mark.parametrize("workspace", [100, moment_forms.WORKSPACE])
def test_casewise_forms_are_the_dense_ones(
    situation: Any, by_cases: bool, workspace: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases, jacobian, chain, w, means = situation
    monkeypatch.setattr(moment_forms, "_cases_are_cheaper", lambda *_: by_cases)
    monkeypatch.setattr(moment_forms, "WORKSPACE", workspace)  # in chunks, or all at once
    got = casewise_forms(1.0, cases, jacobian, chain, w, second=True)
    delta = moment_jacobian(jacobian, chain, means)[0]
    expected = dense_forms(1.0, delta, _normal_weight(w, means), cases.gamma())
    for name in ("bread", "meat", "second_meat", "trace", "trace_squared"):
        np.testing.assert_allclose(
            getattr(got, name), getattr(expected, name), rtol=1e-8, atol=1e-8
        )


def test_second_order_terms_are_made_only_when_asked_for(situation: Any) -> None:
    cases, jacobian, chain, w, _ = situation
    forms = casewise_forms(1.0, cases, jacobian, chain, w)
    assert np.isnan(forms.second_meat).all()
    assert np.isnan(forms.trace_squared)


def test_scores_about_the_model_sum_to_zero_at_the_solution(fitted: Callable[..., Any]) -> None:
    found = fitted("pd_sem_indirect")
    implied = found.fit.objective.implied(found.fit.solution.alpha)[0]
    moments = implied.moments
    cases = model_case_moments(found.values[0], moments.mu[0], moments.sigma[0], found.means)
    chain = found.fit.objective.blocks[0].chain
    scores = case_scores(cases, implied.jacobian, chain, np.linalg.inv(moments.sigma[0]))
    assert scores.shape == (75, 31)
    assert np.abs(scores.mean(axis=0)).max() < 1e-5 * np.abs(scores).max()


def test_a_diagonal_weight_may_be_given_as_a_vector() -> None:
    rng = np.random.default_rng(0)
    delta, root = rng.normal(size=(6, 2)), rng.normal(size=(6, 9))
    weight, gamma = rng.uniform(1.0, 2.0, size=6), root @ root.T
    a, b = (dense_forms(0.5, delta, v, gamma) for v in (weight, np.diag(weight)))
    for name in ("bread", "meat", "second_meat", "trace", "trace_squared"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name))


@pytest.mark.parametrize("means", [False, True])
@pytest.mark.parametrize("x", [(), (0, 2)])
def test_normal_theory_meat_is_the_dense_one(means: bool, x: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    root = rng.normal(size=(4, 9))
    cov = root @ root.T
    weighted = rng.normal(size=(14 if means else 10, 5))
    gamma = gamma_normal_theory(cov, means, x)
    np.testing.assert_allclose(
        normal_theory_meat(weighted, cov, means, x), weighted.T @ gamma @ weighted, rtol=1e-9
    )


def test_an_indefinite_weight_gives_no_number() -> None:
    cases = sample_case_moments(np.random.default_rng(1).normal(size=(20, 2)), means=False)
    assert np.isnan(case_trace(cases, np.diag([1.0, -1.0])))


def test_pairs_of_cases_are_taken_when_there_are_many_moments() -> None:
    values = np.random.default_rng(1).normal(size=(400, 30))
    many, few = (sample_case_moments(v, means=False) for v in (values, values[:, :4]))
    assert moment_forms._cases_are_cheaper(many, 70)
    assert not moment_forms._cases_are_cheaper(few, 8)


def _moment_loglik(moments: Array, cov: Array, mean: Array) -> float:
    """−2 log L / N of moments (μ, vech Σ), up to a constant."""
    p = len(cov)
    row, column = vech_indices(p)
    sigma = np.zeros((p, p))
    sigma[row, column] = sigma[column, row] = moments[p:]
    d = mean - moments[:p]
    w = np.linalg.inv(sigma)
    return float(np.linalg.slogdet(sigma)[1] + np.trace(w @ (cov + np.outer(d, d))))


def test_observed_weight_is_the_curvature_of_the_likelihood() -> None:
    rng = np.random.default_rng(5)
    cov, sigma = (np.cov(rng.normal(size=(3, 20))) for _ in range(2))
    mean, difference = rng.normal(size=3), np.array([0.3, -0.2, 0.1])
    found = observed_weight(sigma, cov, difference)
    at = np.concatenate([mean - difference, sigma[vech_indices(3)]])
    step = 1e-4 * np.eye(len(at))

    def value(x: Array) -> float:
        return _moment_loglik(x, cov, mean)

    numeric = np.array(
        [
            [value(at + a + b) - value(at + a - b) - value(at - a + b) + value(at - a - b)
             for b in step]
            for a in step
        ]
    ) / (8 * 1e-8)  # fmt: skip
    np.testing.assert_allclose(found, numeric, atol=2e-5)
    np.testing.assert_allclose(
        observed_weight(sigma, sigma, np.zeros(3)), _normal_weight(np.linalg.inv(sigma), True)
    )
    np.testing.assert_allclose(
        observed_weight(sigma, cov, None), observed_weight(sigma, cov, np.zeros(3))[3:, 3:]
    )
