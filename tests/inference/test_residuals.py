"""The algebra behind standard errors of residuals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.types import Array
from loyaltysem.engine.weights import NormalTheory, NormalTheoryObserved
from loyaltysem.estimation.result import SEMResult
from loyaltysem.inference.residuals import (
    MomentDirections,
    ResidualBlock,
    case_spread,
    moment_directions,
    normal_spread,
    residual_errors,
    sampling_errors,
)

LOADINGS = [1.0, 0.8, 1.2, 0.6]
MODEL = "f =~ a + b + c + d"
MISFITTING_MEANS = "f =~ a + b + c + d\nf ~ 0*1\na ~ 0.2*1"


def frame(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n, 1)) * LOADINGS + rng.normal(size=(n, 4))
    return pd.DataFrame(y, columns=list("abcd"))


@pytest.fixture(scope="module")
def fit() -> SEMResult:
    return ls.sem(MISFITTING_MEANS, frame(400, 5))


def directions_of(fit: SEMResult, kind: str = "expected") -> MomentDirections:
    [block], [term] = fit.objective.blocks, fit.objective.local(fit.solution.alpha)
    weight = getattr(term.discrepancy, kind)
    assert isinstance(weight, NormalTheory | NormalTheoryObserved)
    return moment_directions(term.jacobian, block.chain, weight)


@pytest.mark.parametrize("kind", ["expected", "observed"])
def test_bread_is_the_curvature_the_engine_computes(fit: SEMResult, kind: str) -> None:
    [block], [term] = fit.objective.blocks, fit.objective.local(fit.solution.alpha)
    engine = block.chain.form(getattr(term.discrepancy, kind).gram(term.jacobian))[0]
    np.testing.assert_allclose(directions_of(fit, kind).bread, engine, atol=1e-10)


def test_normal_and_distribution_free_errors_agree_for_normal_data() -> None:
    data = frame(200_000, 1)
    fit = ls.sem(MODEL, data, meanstructure=True)
    directions, d = directions_of(fit), (data - data.mean()).to_numpy()
    spreads = normal_spread(directions, fit.sample.cov[0][0]), case_spread(directions, d)
    blocks = [ResidualBlock(1.0, len(d), directions, s) for s in spreads]
    normal, free = (residual_errors([b], np.eye(len(directions.mu)))[0][0] for b in blocks)
    np.testing.assert_allclose(free, normal, rtol=0.03, atol=1e-6)
    np.testing.assert_allclose(sampling_errors(blocks[0])[1], sampling_errors(blocks[1])[1])


def test_errors_are_those_seen_over_many_samples() -> None:
    """Monte Carlo over 300 samples; the standard deviation seen has an error of 4 %."""
    lower = np.tril_indices(4, -1)
    seen: list[Array] = []
    z: list[Array] = []
    for seed in range(300):
        fit = ls.sem(MODEL, frame(300, seed))
        seen.append(fit.residuals().cov.to_numpy()[lower])
        z.append(fit.residuals("standardized").cov.to_numpy()[lower])
    np.testing.assert_allclose(np.std(z, axis=0), 1.0, atol=0.15)
    with np.errstate(divide="ignore"):
        claimed = np.median(np.array(seen) / np.array(z), axis=0)
    np.testing.assert_allclose(claimed / np.std(seen, axis=0), 1.0, atol=0.15)


def test_a_singular_bread_gives_no_standard_errors(fit: SEMResult) -> None:
    once = directions_of(fit)
    parts = (once.sigma, once.mu, once.weighted_sigma, once.weighted_mu)
    twice = MomentDirections(*(np.concatenate([x, x[:1]]) for x in parts))
    block = ResidualBlock(1.0, 400, twice, normal_spread(twice, fit.sample.cov[0][0]))
    [(cov, mean)] = residual_errors([block], np.eye(len(twice.mu)))
    assert np.isnan(cov).all()
    assert np.isnan(mean).all()
