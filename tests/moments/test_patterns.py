"""Patterns of missing values, the E-step, and the saturated model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem.core.errors import DataError
from loyaltysem.moments.patterns import MissingPatterns, find_patterns, never_together
from loyaltysem.moments.saturated import expectation, log_likelihood, saturated_moments

GOLDEN = Path(__file__).parent.parent / "golden" / "fiml"
NAN = np.nan


def incomplete(n: int = 80, p: int = 5, missing: float = 0.3, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, p)) @ (np.eye(p) + 0.4) + np.arange(p)
    values[rng.random((n, p)) < missing] = NAN
    return values


def brute_deviance(values: np.ndarray, sigma: np.ndarray, mu: np.ndarray) -> float:
    """−2 log L / N without its constant, case by case from the definition."""
    total = 0.0
    seen_rows = [row for row in values if np.isfinite(row).any()]
    for row in seen_rows:
        seen = np.isfinite(row)
        part, d = sigma[np.ix_(seen, seen)], row[seen] - mu[seen]
        total += np.linalg.slogdet(part)[1] + d @ np.linalg.solve(part, d)
    return total / len(seen_rows)


class TestFindPatterns:
    def test_counts_and_coverage(self) -> None:
        values = np.array([[1, 2, 3], [2, NAN, 1], [NAN] * 3, [3, NAN, 2], [NAN, 1, 0], [0, 0, 0]])
        found = find_patterns(values)
        assert (found.n_empty, found.n_patterns, found.n_obs.tolist()) == (1, 3, [5.0])
        assert found.observed[0].all()
        by_pattern = dict(
            zip(map(tuple, found.observed.tolist()), found.frequency[0].tolist(), strict=True)
        )
        assert by_pattern == {
            (True, True, True): 2.0,
            (True, False, True): 2.0,
            (False, True, True): 1.0,
        }
        seen = np.isfinite(values).astype(float)
        np.testing.assert_array_equal(found.coverage[0], seen.T @ seen)
        np.testing.assert_array_equal(np.where(found.y == 0, 0, values[found.case]), found.y)

    def test_patterns_that_miss_the_same_number_are_stacked(self) -> None:
        values = incomplete(missing=0.4)
        found = find_patterns(values)
        sizes = [block.missing.shape[1] for block in found.blocks]
        assert sizes == sorted(set(sizes))
        for block in found.blocks:
            here = found.observed[block.patterns]
            for k, missing in enumerate(block.missing):
                np.testing.assert_array_equal(np.flatnonzero(~here[k]), missing)
            rows = np.isnan(values[found.case[block.rows]])
            np.testing.assert_array_equal(rows, ~here[block.owner])

    def test_more_than_eight_variables(self) -> None:
        values = incomplete(200, 19, 0.1)
        found = find_patterns(values)
        distinct = {tuple(row) for row in np.isfinite(values).tolist()}
        assert found.n_patterns == len(distinct)

    def test_a_variable_without_values_is_named(self) -> None:
        values = incomplete()
        values[:, [1, 3]] = NAN
        with pytest.raises(DataError, match="'b', 'd'") as caught:
            find_patterns(values, list("abcde"))
        assert caught.value.code == "data.never_observed"

    def test_a_constant_variable_is_named(self) -> None:
        values = incomplete()
        values[np.isfinite(values[:, 2]), 2] = 7.0
        with pytest.raises(DataError, match="'column 3'") as caught:
            find_patterns(values)
        assert caught.value.code == "data.constant"

    def test_pairs_never_observed_together(self) -> None:
        values = incomplete(missing=0.0)
        values[:40, 0], values[40:, 4] = NAN, NAN
        assert never_together(find_patterns(values)).tolist() == [[0, 4]]
        assert never_together(find_patterns(incomplete())).shape == (0, 2)


class TestCompression:
    def few_patterns(self) -> np.ndarray:
        values = incomplete(90, missing=0.0)
        values[:30, 1], values[30:33, [0, 2]] = NAN, NAN
        return values

    def test_says_the_same_about_every_point(self) -> None:
        found = find_patterns(self.few_patterns())
        small = found.compressed()
        assert len(small.y) < len(found.y)
        np.testing.assert_allclose(small.frequency, found.frequency)
        sigma, mu = (np.eye(5) + 0.3)[None], np.full((1, 5), 0.7)
        whole, part = (expectation(x, sigma, mu) for x in (found, small))
        np.testing.assert_allclose(part.deviance, whole.deviance, rtol=1e-13)
        np.testing.assert_allclose(part.spread(), whole.spread(), atol=1e-13)
        np.testing.assert_allclose(part.pull(small), whole.pull(found), atol=1e-13)

    def test_leaves_alone_what_it_cannot_shorten(self) -> None:
        scattered = find_patterns(incomplete(20, missing=0.5))
        assert scattered.compressed() is scattered
        weighted = find_patterns(self.few_patterns()).reweighted(np.full((1, 90), 2.0))
        assert weighted.compressed() is weighted


class TestExpectation:
    @pytest.mark.parametrize("missing", [0.0, 0.1, 0.6])
    def test_deviance_is_the_definition(self, missing: float) -> None:
        values = incomplete(missing=missing)
        sigma, mu = np.eye(5) * 1.4 + 0.5, np.linspace(0, 2, 5)
        found = expectation(find_patterns(values), sigma[None], mu[None])
        assert found.deviance[0] == pytest.approx(brute_deviance(values, sigma, mu), rel=1e-12)

    def test_a_matrix_that_is_not_positive_definite(self) -> None:
        sigma = np.stack([np.eye(5), np.eye(5) - 0.3])
        twice = find_patterns(incomplete()).take(np.array([0, 0]))
        found = expectation(twice, sigma, np.zeros((2, 5)))
        assert found.ok.tolist() == [True, False]
        assert np.isfinite(found.deviance[0])
        assert found.deviance[1] == np.inf


class TestSaturatedMoments:
    def test_agrees_with_lavaan(self) -> None:
        golden = json.loads((GOLDEN / "hs_fiml_ml.json").read_text("utf-8"))
        names = golden["h1_em"]["cov"]["rows"]
        values = pd.read_csv(GOLDEN / "hs_missing_mcar.csv")[names].to_numpy()
        patterns = find_patterns(values)
        found = saturated_moments(patterns)
        assert found.converged.all()
        np.testing.assert_allclose(found.cov[0], golden["h1_em"]["cov"]["values"], atol=1e-8)
        expected = [golden["h1_em"]["mean"][n] for n in names]
        np.testing.assert_allclose(found.mean[0], expected, atol=1e-8)
        loglik = log_likelihood(patterns, found.deviance)[0]
        assert loglik == pytest.approx(golden["fit"]["unrestricted.logl"], abs=1e-8)

    def test_complete_data_need_no_iteration(self) -> None:
        values = incomplete(missing=0.0)
        found = saturated_moments(find_patterns(values))
        assert found.n_iter.tolist() == [3]
        np.testing.assert_allclose(found.cov[0], np.cov(values.T, bias=True), atol=1e-12)
        np.testing.assert_allclose(found.mean[0], values.mean(axis=0), atol=1e-12)

    def test_no_neighbour_is_more_likely(self) -> None:
        values = incomplete(missing=0.4)
        found = saturated_moments(find_patterns(values))
        best = brute_deviance(values, found.cov[0], found.mean[0])
        assert found.deviance[0] == pytest.approx(best, rel=1e-12)
        rng = np.random.default_rng(2)
        for size in (1e-2, 1e-3):
            for _ in range(20):
                shift = rng.normal(size=(5, 5)) * size
                cov = found.cov[0] + shift + shift.T
                assert brute_deviance(values, cov, found.mean[0] + shift[0]) > best

    def test_resampled_counts_equal_resampled_rows(self) -> None:
        values = incomplete(120)
        patterns = find_patterns(values)
        drawn = np.random.default_rng(5).integers(0, 120, size=(3, 120))
        counts = np.stack([np.bincount(rows, minlength=120) for rows in drawn])
        together = saturated_moments(patterns.reweighted(counts))
        for b, rows in enumerate(drawn):
            alone = saturated_moments(find_patterns(values[rows]))
            np.testing.assert_allclose(together.cov[b], alone.cov[0], atol=1e-8)
            assert together.deviance[b] == pytest.approx(alone.deviance[0], abs=1e-12)

    def test_a_replicate_without_spread_fails_alone(self) -> None:
        patterns = find_patterns(incomplete(40))
        counts = np.ones((2, 40))
        counts[1, 1:] = 0
        found = saturated_moments(patterns.reweighted(counts))
        assert found.converged.tolist() == [True, False]
        alone = saturated_moments(patterns)
        np.testing.assert_allclose(found.cov[0], alone.cov[0], atol=1e-9)

    def test_a_likelihood_without_a_maximum_is_reported(self) -> None:
        values = incomplete(60, missing=0.0)
        values[4:, 0] = NAN  # four cases cannot tell five variables apart
        found = saturated_moments(find_patterns(values))
        assert not found.converged[0]

    def test_too_few_steps_are_reported(self) -> None:
        found = saturated_moments(find_patterns(incomplete(missing=0.5)), max_iterations=3)
        assert not found.converged[0]
        assert np.isfinite(found.deviance[0])

    def test_variables_never_seen_together_still_have_a_likelihood(self) -> None:
        values = incomplete(200, missing=0.0)
        values[:100, 0], values[100:, 4] = NAN, NAN
        patterns: MissingPatterns = find_patterns(values)
        found = saturated_moments(patterns)
        assert found.converged[0]
        assert found.deviance[0] == pytest.approx(
            brute_deviance(values, found.cov[0], found.mean[0]), rel=1e-12
        )
