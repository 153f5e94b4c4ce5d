"""Fits of many samples given by moments, against single fits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.estimation.batched_errors import batched_vcov, estimates_and_errors
from loyaltysem.estimation.moment_fits import (
    NormalPopulation,
    bound_to,
    population_solution,
    solve_batch,
)
from loyaltysem.estimation.result import SEMResult

DATA = Path(__file__).parents[1] / "golden/data"
HS = pd.read_csv(DATA / "HolzingerSwineford1939.csv")
ITEMS = [f"x{i}" for i in range(1, 10)]
CFA = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
MODELS = {
    "plain": f"{CFA}\nspeed ~ a*visual + b*textual\ntextual ~ c*visual\nind := b*c",
    "equal": CFA.replace("x2 + x3", "l*x2 + l*x3"),
    "linear": f"{CFA}\nvisual ~~ p*textual\nvisual ~~ q*speed\np == 2*q",
    "nonlinear": f"{CFA}\nvisual ~~ p*textual\nvisual ~~ q*speed\np == q^2 + 0.3",
    "means": f"{CFA}\nx1 ~ 5*1",
}


def population_of(fit: SEMResult, n: int = 301) -> NormalPopulation:
    implied = fit.inference.implied[0].moments
    return NormalPopulation((implied.sigma[0],), (implied.mu[0],), (n,))


@pytest.mark.parametrize("name", MODELS)
def test_rows_of_a_batch_are_single_fits(name: str) -> None:
    fit = ls.sem(MODELS[name], HS)
    names = fit.table.observed
    sample = population_of(fit).draw(np.random.default_rng(1), 4, names)
    model = bound_to(fit.model, sample)
    found = solve_batch(model, fit.solution.alpha[0])
    assert found.converged.all()
    value, se = estimates_and_errors(model, found.alpha, batched_vcov(model, found.alpha))
    for b in (0, 3):
        alone = ls.sem(
            MODELS[name],
            sample_cov=pd.DataFrame(sample.cov[0][b] * 301 / 300, names, names),
            sample_mean=pd.Series(sample.mean[0][b], names) if name == "means" else None,
            sample_nobs=301,
        )
        inference = alone.inference
        expected = np.concatenate([inference.rows.value, inference.defined.value])
        errors = np.concatenate([inference.rows.se, inference.defined.se])
        np.testing.assert_allclose(value[b], expected, atol=2e-6)
        np.testing.assert_allclose(se[b], errors, atol=2e-6)


def test_observed_information_can_be_asked_for() -> None:
    fit = ls.sem(CFA, HS, information="observed")
    sample = population_of(fit).exact(fit.table.observed)
    model = bound_to(fit.model, sample)
    expected, observed = (batched_vcov(model, fit.solution.alpha, o) for o in (False, True))
    np.testing.assert_allclose(expected, observed, rtol=1e-6, atol=1e-9)  # the model holds
    away = bound_to(fit.model, fit.sample)
    np.testing.assert_allclose(
        batched_vcov(away, fit.solution.alpha, True)[0], fit.inference.vcov, rtol=1e-6, atol=1e-12
    )


def test_the_solution_of_the_population_is_the_population() -> None:
    fit = ls.sem(CFA, HS)
    _, found = population_solution(fit.model, population_of(fit))
    np.testing.assert_allclose(found.alpha, fit.solution.alpha, atol=1e-6)
    assert found.value[0] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("bent", [True, False])
def test_what_has_no_minimum_is_solved_as_far_as_it_matters(bent: bool) -> None:
    """Latent variables that become one: straight steps run away, the discrepancy does not."""
    text = f"{CFA}\nspeed ~ visual + textual\ntextual ~ visual"
    r = np.full((9, 9), 0.5) + 0.5 * np.eye(9)
    r[:3, 3:6] = r[3:6, :3] = 0.53  # visual and textual correlate by more than 1
    r[6:, :3] = r[:3, 6:] = 0.2
    fit = ls.sem(text, HS)
    population = NormalPopulation((r,), (np.zeros(9),), (301,))
    sample = population.draw(np.random.default_rng(1), 32, fit.table.observed)
    model = bound_to(fit.model, sample)
    assert len(model.structure.mediations) == 1
    if not bent:
        model = replace(model, structure=replace(model.structure, mediations=()))
    found = solve_batch(model, fit.solution.alpha[0])
    covariances = bound_to(ls.sem(CFA, HS).model, sample)
    reference = solve_batch(covariances, ls.sem(CFA, HS).solution.alpha[0])
    assert reference.converged.all() and found.converged.mean() > 0.9
    if bent:  # the regressions are an equivalent model
        np.testing.assert_allclose(found.value, reference.value, rtol=0, atol=1e-10)
        return
    left = 0.5 * 301 * found.decrement[found.converged]
    assert 1e-6 < left.max() < 0.05  # some run away still, but χ² no longer follows
    assert (found.value >= reference.value - 1e-9).all()  # covariances pass where paths cannot


def test_what_a_hundred_steps_do_not_solve_is_left_unsolved() -> None:
    fit = ls.sem(CFA, HS)
    sample = population_of(fit).draw(np.random.default_rng(1), 3, fit.table.observed)
    far = np.full(fit.solution.alpha.shape[1], -1.0)  # no covariance matrix
    found = solve_batch(bound_to(fit.model, sample), far)
    assert not found.converged.any()


def test_groups_are_drawn_one_by_one() -> None:
    sizes = (40, 60)
    population = NormalPopulation((np.eye(2), 4.0 * np.eye(2)), (np.zeros(2), np.ones(2)), sizes)
    drawn = population.draw(np.random.default_rng(1), 2000, ("x", "y"))
    assert drawn.n_obs == sizes and drawn.n_total == 100
    np.testing.assert_allclose(drawn.cov[1].mean(axis=0), 4.0 * np.eye(2) * 59 / 60, atol=0.06)
    np.testing.assert_allclose(drawn.mean[1].mean(axis=0), [1.0, 1.0], atol=0.03)
