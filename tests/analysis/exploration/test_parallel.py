"""Parallel analysis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import IncompatibleRequestError

DATA = Path(__file__).parents[2] / "golden" / "data"
TWO = np.kron(np.eye(2), np.full((4, 4), 0.5)) + 0.5 * np.eye(8)


@pytest.fixture(scope="module")
def likert() -> pd.DataFrame:
    return pd.read_csv(DATA / "likert9.csv")[[f"q{i}" for i in range(1, 10)]]


def test_noise_has_no_factor() -> None:
    rng = np.random.default_rng(8)
    noise = [
        ls.parallel_analysis(rng.standard_normal((100, 6)), n_samples=60, seed=s).n_factors
        for s in range(40)
    ]
    assert np.mean(np.array(noise) > 0) < 0.2
    none = ls.parallel_analysis(np.eye(6), n_obs=100, n_samples=20)
    assert none.n_components == none.n_factors == 0
    assert [f.code for f in none.findings] == ["exploration.no_factor"]


def test_the_mean_is_passed_more_easily() -> None:
    mean = ls.parallel_analysis(TWO, n_obs=100, n_samples=40, percentile=None)
    high = ls.parallel_analysis(TWO, n_obs=100, n_samples=40)
    columns = ["component_mean", "component_quantile", "factor_mean", "factor_quantile"]
    assert mean.frame[columns].equals(high.frame[columns])
    first = mean.frame.iloc[0]
    assert first["component_reference"] == first["component_mean"] < first["component_quantile"]
    assert "mean" in str(mean)
    assert "95th percentile" in str(high)


def test_random_eigenvalues_sum_to_the_number_of_items() -> None:
    frame = ls.parallel_analysis(TWO, n_obs=100, n_samples=30).frame
    assert frame["component_mean"].sum() == pytest.approx(8.0)


def test_results_follow_the_seed_and_not_the_workers() -> None:
    one = ls.parallel_analysis(TWO, n_obs=100, n_samples=60, seed=3)
    again = ls.parallel_analysis(TWO, n_obs=100, n_samples=60, seed=3, n_jobs=2)
    other = ls.parallel_analysis(TWO, n_obs=100, n_samples=60, seed=4)
    assert one.frame.equals(again.frame)
    assert not one.frame.equals(other.frame)


@pytest.mark.parametrize("polychoric", [False, True])
@pytest.mark.parametrize("source", ["normal", "permuted"])
def test_three_factors_of_nine_items(likert: pd.DataFrame, source: Any, polychoric: bool) -> None:
    found = ls.parallel_analysis(likert, source=source, polychoric=polychoric, n_samples=30)
    assert found.n_factors == 3
    assert found.source == source


def test_polychoric_noise_is_wider_than_normal_noise(likert: pd.DataFrame) -> None:
    raw, ordered = (
        ls.parallel_analysis(likert, polychoric=p, n_samples=40).frame for p in (False, True)
    )
    assert ordered["component_mean"].iloc[0] > raw["component_mean"].iloc[0]


def test_gaps_are_shuffled_too(likert: pd.DataFrame) -> None:
    gaps = likert.mask(np.random.default_rng(1).random(likert.shape) < 0.05)
    for polychoric in (False, True):
        found = ls.parallel_analysis(
            gaps, source="permuted", missing="pairwise", polychoric=polychoric, n_samples=10
        )
        assert found.n_factors == 3


def test_it_prints() -> None:
    found = ls.parallel_analysis(TWO, n_obs=100, n_samples=10)
    assert str(found).startswith("Parallel analysis: 2 factor(s), 2 component(s)")
    assert repr(found) == str(found)
    assert "<table>" in found._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"n_samples": 1}, "n_samples"),
        ({"percentile": 100.0}, "percentile"),
        ({"source": "uniform"}, "source"),
        ({"communalities": "ones"}, "communalities"),
        ({"source": "permuted"}, "permuted_matrix"),
    ],
)
def test_requests_that_are_refused(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        ls.parallel_analysis(TWO, n_obs=100, **arguments)
    assert caught.value.code == f"exploration.{code}"
