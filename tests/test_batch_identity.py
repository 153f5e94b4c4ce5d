"""Row b of a batch is the single fit of sample b, whatever its neighbours do."""

from __future__ import annotations

import numpy as np
import pytest

from loyaltysem.core.optimise import Status, minimise
from loyaltysem.engine.discrepancies import MaximumLikelihood
from loyaltysem.engine.objective import build_objective
from loyaltysem.engine.terms import MatrixTerm
from loyaltysem.model.parameter_table import parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.structure import compile_structure
from loyaltysem.model.syntax import parse

MODEL = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\ng ~ f"


def samples(batch: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    factor = rng.normal(size=(batch, 150, 2)) @ np.array([[1.0, 0.5], [0.0, 0.8]])
    items = np.repeat(factor, 3, axis=2) * 0.8 + rng.normal(size=(batch, 150, 6))
    return np.stack([np.cov(x.T, bias=True) for x in items]), items.mean(axis=1)


def solve(cov: np.ndarray, mean: np.ndarray, means: bool, start: np.ndarray | None = None):
    table = parameter_table(parse(MODEL), Defaults(meanstructure=means))
    structure = compile_structure(table)
    base = structure.constant[None]
    bound = MaximumLikelihood().bind(cov, mean if means else np.zeros_like(mean))
    objective = build_objective(structure, [MatrixTerm(bound)], [1.0], base)
    theta = np.array([[1.0 if r.op in ("~~", "=~") else 0.1 for r in table.rows]] * len(cov))
    theta = theta * np.array([[0.2 if r.op == "~~" and r.lhs != r.rhs else 1 for r in table.rows]])
    return minimise(objective, objective.map.alpha(theta) if start is None else start)


@pytest.mark.parametrize("means", [False, True])
def test_row_equals_single_fit(means: bool) -> None:
    cov, mean = samples(6)
    together = solve(cov, mean, means)
    assert (together.status == Status.CONVERGED).all()
    for b in range(6):
        alone = solve(cov[b : b + 1], mean[b : b + 1], means)
        np.testing.assert_allclose(together.alpha[b], alone.alpha[0], atol=1e-8)
        assert together.value[b] == pytest.approx(alone.value[0], abs=1e-10)


@pytest.mark.parametrize("means", [False, True])
def test_one_start_serves_all(means: bool) -> None:
    cov, mean = samples(6)
    start = solve(cov[:1], mean[:1], means).alpha
    each = solve(cov, mean, means, np.repeat(start, 6, axis=0))
    once = solve(cov, mean, means, start)
    assert (once.status == Status.CONVERGED).all()
    assert once.n_iter.tolist() == each.n_iter.tolist()
    np.testing.assert_allclose(once.alpha, each.alpha, atol=1e-10)


def test_a_hopeless_neighbour_changes_nothing() -> None:
    cov, mean = samples(3)
    clean = solve(cov, mean, False)
    spoiled = cov.copy()
    spoiled[1] = np.nan
    together = solve(spoiled, mean, False)
    assert together.status[1] != Status.CONVERGED
    for b in (0, 2):
        np.testing.assert_allclose(together.alpha[b], clean.alpha[b], atol=1e-10)
