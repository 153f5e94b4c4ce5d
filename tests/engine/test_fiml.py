"""Full-information ML: derivatives, complete data, batches, scores and information."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loyaltysem.core.optimise import minimise
from loyaltysem.engine import fiml
from loyaltysem.engine.discrepancies import LocalDiscrepancy, MaximumLikelihood
from loyaltysem.engine.fiml import (
    BoundFullInformation,
    FullInformation,
    casewise_scores,
    complete_moment_information,
    first_order_information,
    moment_information,
    saturated_jacobian,
)
from loyaltysem.engine.implied import Moments
from loyaltysem.engine.objective import Objective, build_objective
from loyaltysem.engine.terms import MatrixTerm
from loyaltysem.engine.weights import NormalTheory
from loyaltysem.model.parameter_table import parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.structure import ModelStructure, compile_structure
from loyaltysem.model.syntax import parse
from loyaltysem.moments.gamma import vech_indices
from loyaltysem.moments.patterns import MissingPatterns, find_patterns
from loyaltysem.moments.saturated import saturated_moments

STRUCTURES = {
    "cfa": "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6",
    "second_order": "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nh =~ f + g\nf ~~ 0.3*f",
    "path": "x3 ~ x1 + x2\nx4 ~ x3\nx5 ~ x4 + x3\nx6 ~ x5\nx1 ~~ x2",
    "chain": "f =~ x1 + x2\ng =~ x3 + x4\nh =~ x5 + x6\ng ~ f\nh ~ g + f\nx1 ~~ x3",
}
N, P = 70, 6


def incomplete(missing: float = 0.25, n: int = N, seed: int = 3) -> np.ndarray:
    """Cases of which a third share a pattern, so that compression has something to do."""
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(n, 1))
    values = 0.8 * factor + rng.normal(size=(n, P)) + np.arange(P) * 0.3
    values[rng.random((n, P)) < missing] = np.nan
    if missing:
        values[: n // 3] = rng.normal(size=(n // 3, P))
        values[: n // 3, 2] = np.nan
    return values


def compiled(text: str) -> tuple[ModelStructure, np.ndarray]:
    """The structure and a point inside the parameter space."""
    table = parameter_table(parse(text), Defaults(meanstructure=True, fixed_x=False))
    rng = np.random.default_rng(1)
    theta = np.array([1.5 if r.op == "~~" and r.lhs == r.rhs else 0.3 for r in table.rows])
    return compile_structure(table), (theta + 0.1 * rng.normal(size=len(theta)))[None]


def objective(structure: ModelStructure, patterns: MissingPatterns) -> Objective:
    bound = FullInformation().bind(patterns, saturated_moments(patterns))
    batch = len(patterns.weight)
    base = np.broadcast_to(structure.constant, (batch, structure.n_rows)).copy()
    return build_objective(structure, [MatrixTerm(bound)], [1.0], base)


def resamples(values: np.ndarray, batch: int) -> tuple[MissingPatterns, np.ndarray]:
    drawn = np.random.default_rng(8).integers(0, len(values), size=(batch, len(values)))
    counts = np.stack([np.bincount(rows, minlength=len(values)) for rows in drawn])
    return find_patterns(values).reweighted(counts), drawn


def numerical(function, alpha: np.ndarray, step: float = 1e-5) -> np.ndarray:
    columns = []
    for j in range(alpha.shape[1]):
        shift = np.zeros_like(alpha)
        shift[:, j] = step
        columns.append((function(alpha + shift) - function(alpha - shift)) / (2 * step))
    return np.stack(columns, axis=-1)


def moments_at(x: np.ndarray) -> Moments:
    """Moments (μ, vech Σ) of one replicate as matrices."""
    row, column = vech_indices(P)
    sigma = np.zeros((1, P, P))
    sigma[0, row, column] = sigma[0, column, row] = x[P:]
    return Moments(sigma, x[None, :P])


def vector(moments: Moments) -> np.ndarray:
    return np.concatenate([moments.mu[0], moments.sigma[0][vech_indices(P)]])


@pytest.mark.parametrize("name", STRUCTURES)
class TestDerivatives:
    @pytest.fixture
    def problem(self, name: str) -> tuple[Objective, np.ndarray]:
        structure, theta = compiled(STRUCTURES[name])
        patterns, _ = resamples(incomplete(0.1), 2)
        obj = objective(structure, patterns)
        return obj, obj.map.alpha(np.repeat(theta, 2, axis=0))

    def test_gradient(self, problem: tuple[Objective, np.ndarray]) -> None:
        obj, alpha = problem
        assert np.isfinite(obj.value(alpha)).all()
        np.testing.assert_allclose(
            obj.gradient(alpha), numerical(obj.value, alpha), rtol=1e-6, atol=1e-7
        )

    def test_exact_hessian(self, problem: tuple[Objective, np.ndarray]) -> None:
        obj, alpha = problem
        np.testing.assert_allclose(
            obj.hessian(alpha, observed=True), numerical(obj.gradient, alpha), rtol=1e-6, atol=1e-6
        )

    def test_expected_hessian_is_a_sum_over_patterns(
        self, problem: tuple[Objective, np.ndarray]
    ) -> None:
        obj, alpha = problem
        implied = obj.implied(alpha)[0]
        patterns = obj.blocks[0].term.bound.patterns
        total = 0.0
        for k, seen in enumerate(patterns.observed):
            w = np.zeros((2, P, P))
            at = np.ix_([0, 1], np.flatnonzero(seen), np.flatnonzero(seen))
            w[at] = np.linalg.inv(implied.moments.sigma[at])
            share = (patterns.frequency[:, k] / patterns.n_obs)[:, None, None]
            total = total + share * NormalTheory(w).gram(implied.jacobian)
        expected = 2.0 * obj.blocks[0].chain.form(total)
        np.testing.assert_allclose(obj.hessian(alpha, observed=False), expected, atol=1e-12)

    def test_chunks_change_nothing(
        self, problem: tuple[Objective, np.ndarray], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        obj, alpha = problem
        whole = [obj.hessian(alpha, observed) for observed in (False, True)]
        monkeypatch.setattr(fiml, "ROWS", 5)
        for observed, before in zip((False, True), whole, strict=True):
            np.testing.assert_allclose(obj.hessian(alpha, observed), before, atol=1e-12)


class TestCompleteData:
    def test_is_maximum_likelihood(self) -> None:
        values = incomplete(missing=0.0)
        patterns = find_patterns(values)
        full = FullInformation().bind(patterns, saturated_moments(patterns))
        cov, mean = np.cov(values.T, bias=True)[None], values.mean(axis=0)[None]
        ordinary = MaximumLikelihood().bind(cov, mean)
        moments = Moments((np.eye(P) * 1.2 + 0.4)[None], np.full((1, P), 0.5))
        jacobian = saturated_jacobian(P)
        a, b = full(moments), ordinary(moments)
        np.testing.assert_allclose(a.value, b.value, rtol=1e-12)
        np.testing.assert_allclose(a.gradient.sigma, b.gradient.sigma, atol=1e-13)
        np.testing.assert_allclose(a.gradient.mu, b.gradient.mu, atol=1e-13)
        np.testing.assert_allclose(a.observed.gram(jacobian), b.observed.gram(jacobian), atol=1e-12)
        np.testing.assert_allclose(a.expected.gram(jacobian), b.expected.gram(jacobian), atol=1e-12)

    def test_information_of_complete_cases(self) -> None:
        sigma = (np.eye(P) + 0.5)[None]
        patterns = find_patterns(incomplete(missing=0.0))
        expected = moment_information(patterns, Moments(sigma, np.zeros((1, P))), observed=False)
        np.testing.assert_allclose(complete_moment_information(sigma), expected, atol=1e-13)


class TestValue:
    def test_zero_at_the_saturated_moments(self) -> None:
        patterns = find_patterns(incomplete())
        saturated = saturated_moments(patterns)
        bound = FullInformation().bind(patterns, saturated)
        local: LocalDiscrepancy = bound(Moments(saturated.cov, saturated.mean))
        assert abs(local.value[0]) < 1e-12
        np.testing.assert_allclose(local.gradient.sigma, 0.0, atol=1e-8)
        np.testing.assert_allclose(local.gradient.mu, 0.0, atol=1e-8)

    def test_without_saturated_moments_there_is_still_a_likelihood(self) -> None:
        patterns, _ = resamples(incomplete(0.1), 2)
        saturated = saturated_moments(patterns)
        hopeless = replace(saturated, deviance=np.array([np.inf, saturated.deviance[1]]))
        moments = Moments(np.stack([np.eye(P)] * 2), np.zeros((2, P)))
        whole = FullInformation().bind(patterns, saturated).value(moments)
        found = FullInformation().bind(patterns, hopeless).value(moments)
        np.testing.assert_allclose(found - whole, [saturated.deviance[0], 0.0])

    def test_infinite_where_sigma_is_not_positive_definite(self) -> None:
        patterns = find_patterns(incomplete())
        bound = FullInformation().bind(patterns, saturated_moments(patterns))
        bad = Moments((np.eye(P) - 0.3)[None], np.zeros((1, P)))
        assert bound.value(bad)[0] == np.inf
        assert not bound(bad).ok[0]

    def test_compression_changes_nothing(self) -> None:
        patterns = find_patterns(incomplete())
        assert len(patterns.compressed().y) < len(patterns.y)
        moments = Moments((np.eye(P) + 0.3)[None], np.full((1, P), 0.2))
        jacobian = saturated_jacobian(P)
        whole, short = (
            BoundFullInformation(x, np.zeros(1))(moments) for x in (patterns, patterns.compressed())
        )
        np.testing.assert_allclose(short.value, whole.value, rtol=1e-13)
        np.testing.assert_allclose(
            short.observed.gram(jacobian), whole.observed.gram(jacobian), atol=1e-12
        )


def test_row_of_a_batch_is_the_single_fit() -> None:
    values = incomplete(0.15, n=150)
    structure, _ = compiled(STRUCTURES["cfa"])
    patterns, drawn = resamples(values, 4)
    obj = objective(structure, patterns)
    table = parameter_table(parse(STRUCTURES["cfa"]), Defaults(meanstructure=True))
    start = np.array([[0.7 if r.op == "=~" or r.lhs == r.rhs else 0.2 for r in table.rows]])
    together = minimise(obj, obj.map.alpha(np.repeat(start, 4, axis=0)))
    for b, rows in enumerate(drawn):
        single = objective(structure, find_patterns(values[rows]))
        alone = minimise(single, single.map.alpha(start))
        assert together.status[b] == alone.status[0]
        if alone.converged[0]:
            np.testing.assert_allclose(together.alpha[b], alone.alpha[0], atol=1e-6)
            assert together.value[b] == pytest.approx(alone.value[0], abs=1e-10)
    assert together.converged.sum() >= 3


class TestScores:
    moments = Moments((np.eye(P) * 1.3 + 0.2)[None], np.linspace(0, 1, P)[None])

    def test_sum_to_the_slope_of_the_likelihood(self) -> None:
        patterns = find_patterns(incomplete())
        scores = casewise_scores(patterns, self.moments, saturated_jacobian(P))
        bound = BoundFullInformation(patterns, np.zeros(1))
        slope = numerical(lambda x: bound.value(moments_at(x[0])), vector(self.moments)[None])[0]
        np.testing.assert_allclose(scores[0].mean(axis=0), -0.5 * slope, atol=1e-8)

    def test_each_case_is_its_own_slope_in_the_order_of_the_data(self) -> None:
        values = incomplete()
        values[4] = np.nan
        scores = casewise_scores(find_patterns(values), self.moments, saturated_jacobian(P))[0]
        kept = [i for i in range(N) if i != 4]
        assert len(scores) == len(kept)
        for place in (0, 5, 40):
            row = values[kept[place]]
            seen = np.isfinite(row)
            w = np.zeros((P, P))
            w[np.ix_(seen, seen)] = np.linalg.inv(self.moments.sigma[0][np.ix_(seen, seen)])
            v = w @ np.where(seen, row - self.moments.mu[0], 0.0)
            half = 0.5 * (np.outer(v, v) - w)
            half = half + half.T - np.diag(np.diagonal(half))
            expected = np.concatenate([v, half[vech_indices(P)]])
            np.testing.assert_allclose(scores[place], expected, atol=1e-12)

    def test_along_a_model_they_are_the_chain_rule(self) -> None:
        structure, theta = compiled(STRUCTURES["chain"])
        patterns = find_patterns(incomplete())
        obj = objective(structure, patterns)
        implied = obj.implied(obj.map.alpha(theta))[0]
        d_sigma, d_mu = implied.jacobian.dense()
        row, column = vech_indices(P)
        delta = np.concatenate([d_mu[0], d_sigma[0][:, row, column]], axis=1)
        of_moments = casewise_scores(patterns, implied.moments, saturated_jacobian(P))
        of_rows = casewise_scores(patterns, implied.moments, implied.jacobian)
        np.testing.assert_allclose(of_rows[0], of_moments[0] @ delta.T, atol=1e-12)

    def test_first_order_information_weights_cases(self) -> None:
        values = incomplete()
        patterns, drawn = resamples(values, 2)
        pair = Moments(*(np.repeat(x, 2, axis=0) for x in (self.moments.sigma, self.moments.mu)))
        together = first_order_information(patterns, pair, saturated_jacobian(P, 2))
        for b, rows in enumerate(drawn):
            alone = find_patterns(values[rows])
            expected = first_order_information(alone, self.moments, saturated_jacobian(P))
            np.testing.assert_allclose(together[b], expected[0], atol=1e-12)

    def test_sufficient_statistics_have_no_cases(self) -> None:
        patterns = find_patterns(incomplete()).compressed()
        with pytest.raises(ValueError, match="compressed"):
            casewise_scores(patterns, self.moments, saturated_jacobian(P))


def test_moment_information_is_the_second_derivative() -> None:
    patterns = find_patterns(incomplete())
    moments = Moments((np.eye(P) * 1.3 + 0.2)[None], np.linspace(0, 1, P)[None])
    jacobian, bound = saturated_jacobian(P), BoundFullInformation(patterns, np.zeros(1))

    def slope(x: np.ndarray) -> np.ndarray:
        return jacobian.transpose_apply(bound(moments_at(x[0])).gradient)

    expected = 0.5 * numerical(slope, vector(moments)[None])
    np.testing.assert_allclose(moment_information(patterns, moments), expected, atol=1e-8)
