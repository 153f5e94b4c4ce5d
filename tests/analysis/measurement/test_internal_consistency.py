"""Functions of item matrices: identities that must hold, and where they have no answer."""

import numpy as np
import pandas as pd
import pytest

from loyaltysem.analysis.measurement import internal_consistency as ic
from loyaltysem.analysis.measurement.polychoric import polychoric_correlations
from loyaltysem.analysis.measurement.resampling import bootstrap_moments, moments_of
from loyaltysem.analysis.reliability import cronbach_alpha
from loyaltysem.core.errors import DataError, IncompatibleRequestError


@pytest.fixture
def answers():
    rng = np.random.default_rng(3)
    return rng.normal(size=(120, 1)) + rng.normal(size=(120, 5))


def test_a_stack_of_matrices_gives_what_each_gives(answers):
    stack = np.stack([np.cov(answers[:60].T), np.cov(answers[60:].T)])
    for measure in (ic.alpha_of, ic.guttman_lambda6, ic.signal_to_noise, ic.item_rest_correlations):
        each = [measure(matrix) for matrix in stack]
        np.testing.assert_allclose(measure(stack), each)


def test_item_correlations_are_those_of_sums(answers):
    total = answers.sum(axis=1)
    rest = [np.corrcoef(x, total - x)[0, 1] for x in answers.T]
    whole = [np.corrcoef(x, total)[0, 1] for x in answers.T]
    cov = np.cov(answers.T)
    np.testing.assert_allclose(ic.item_rest_correlations(cov), rest)
    np.testing.assert_allclose(ic.item_total_correlations(cov), whole)


def test_squared_multiple_correlations_are_those_of_regressions(answers):
    cor = np.corrcoef(answers.T)
    x = np.column_stack([np.ones(120), answers[:, 1:]])
    residual = answers[:, 0] - x @ np.linalg.lstsq(x, answers[:, 0], rcond=None)[0]
    expected = 1 - residual.var() / answers[:, 0].var()
    assert ic.squared_multiple_correlations(cor)[0] == pytest.approx(expected)


def test_an_item_that_is_a_sum_of_others_has_no_lambda6(answers):
    table = np.column_stack([answers, answers.sum(axis=1)])
    assert np.isnan(ic.guttman_lambda6(np.corrcoef(table.T)))
    assert np.isfinite(cronbach_alpha(table).alpha)


def test_standard_error_is_that_of_the_bootstrap():
    rng = np.random.default_rng(11)
    x = rng.normal(size=(400, 1)) + rng.normal(size=(400, 4))
    result = cronbach_alpha(x, draws=400, seed=1)
    assert result.bootstrap is not None
    width = result.bootstrap.upper - result.bootstrap.lower
    assert width == pytest.approx(2 * 1.96 * result.se, rel=0.2)
    assert result.bootstrap.lower == pytest.approx(result.ci_lower, abs=0.02)


@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_the_bootstrap_is_the_same_again_and_with_workers(answers, interval):
    one = cronbach_alpha(answers, draws=250, seed=7, interval=interval).bootstrap
    two = cronbach_alpha(answers, draws=250, seed=7, interval=interval, n_jobs=2).bootstrap
    assert one == two
    assert one.used == 250
    assert one != cronbach_alpha(answers, draws=250, seed=8, interval=interval).bootstrap


def test_a_seed_is_told_when_none_is_given(answers):
    first = cronbach_alpha(answers, draws=50).bootstrap
    assert cronbach_alpha(answers, draws=50, seed=first.seed).bootstrap == first
    assert "draws, seed" in cronbach_alpha(answers, draws=50, seed=1)._repr_html_()


def test_weighted_moments_are_those_of_repeated_rows(answers):
    counts = np.random.default_rng(2).multinomial(120, np.full(120, 1 / 120), size=3)
    expected = [np.cov(np.repeat(answers, c, axis=0).T) for c in counts]
    np.testing.assert_allclose(moments_of(answers, counts * 1.0, "covariance"), expected)
    assert np.abs(moments_of(answers + 1e8, counts * 1.0, "covariance") - expected).max() < 1e-6


def test_a_draw_without_variation_has_no_value():
    values = np.zeros((30, 2))
    values[0] = [1.0, 1.0]
    found = bootstrap_moments(values, lambda r: r[:, 0, 1:], kind="correlation", draws=200, seed=1)
    lost = ~np.isfinite(found.draws[:, 0])
    assert 0.2 < lost.mean() < 0.5  # e⁻¹: the one row that differs is not drawn
    assert found.interval(0.95).used[0] == (~lost).sum()


@pytest.mark.parametrize(("draws", "interval"), [(0, "percentile"), (10, "wild")])
def test_other_bootstraps_are_refused(answers, draws, interval):
    with pytest.raises(IncompatibleRequestError) as caught:
        bootstrap_moments(
            answers, ic.alpha_of, kind="covariance", draws=draws, seed=1, interval=interval
        )
    assert caught.value.code == "request.bootstrap"


def test_ordinal_alpha_exceeds_alpha_of_coarse_answers():
    rng = np.random.default_rng(5)
    latent = rng.normal(size=(600, 1)) + rng.normal(size=(600, 4))
    coarse = pd.DataFrame((latent > 0.5).astype(float))
    result = cronbach_alpha(coarse, ordinal=True)
    assert result.ordinal_alpha > result.alpha + 0.05
    assert result.ordinal_alpha == pytest.approx(cronbach_alpha(latent).alpha, abs=0.06)
    assert "ordinal α" in result._repr_html_()


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (lambda x: pd.DataFrame(x, columns=list("aabcd")), "reliability.duplicate_item"),
        (lambda x: x * 1e200, "reliability.infinite"),
        (lambda x: x * 1e-200, "reliability.constant_item"),
    ],
)
def test_tables_that_cannot_be_computed_with(answers, table, code):
    with pytest.raises(DataError) as caught:
        cronbach_alpha(table(answers))
    assert caught.value.code == code


def test_polychoric_of_a_constant_item_and_of_numbers():
    values = np.column_stack([np.ones(20), np.arange(20) % 2, np.arange(20) % 3])
    cor = polychoric_correlations(values)
    assert np.isnan(cor[0]).all() and np.isfinite(cor[1:, 1:]).all()
    with pytest.raises(DataError) as caught:
        polychoric_correlations(np.random.default_rng(1).normal(size=(50, 2)))
    assert caught.value.code == "data.categories"
