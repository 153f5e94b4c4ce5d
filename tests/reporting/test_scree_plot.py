"""The scree plot shows the numbers of the parallel analysis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import loyaltysem as ls
from loyaltysem.analysis.exploration.parallel import ParallelAnalysis
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.reporting.scree_plot import scree_plot

TWO = np.kron(np.eye(2), np.full((4, 4), 0.5)) + 0.5 * np.eye(8)


@pytest.fixture(scope="module")
def found() -> ParallelAnalysis:
    return ls.parallel_analysis(TWO, n_obs=150, n_samples=20)


@pytest.mark.parametrize("show", ["factor", "component"])
def test_lines_are_the_numbers(found: ParallelAnalysis, show: Any) -> None:
    axes = scree_plot(found, show=show)
    observed, reference = (
        found.frame[f"{show}_{column}"].to_numpy() for column in ("observed", "reference")
    )
    drawn = [np.asarray(line.get_ydata(), float) for line in axes.lines]
    for values in (observed, reference, observed[:2], observed[2:]):
        assert any(len(y) == len(values) and np.allclose(y, values) for y in drawn)
    low, high = axes.get_ylim()
    assert low < min(observed.min(), reference.min())
    assert high > max(observed.max(), reference.max())


@pytest.mark.parametrize(
    ("language", "words"), [("en", "2 factors above chance"), ("zh", "2 个因子高于随机水平")]
)
def test_it_says_what_was_found(found: ParallelAnalysis, language: Any, words: str) -> None:
    texts = [t.get_text() for t in scree_plot(found, language=language).texts]
    assert words in texts
    assert any("95" in t and "20" in t for t in texts)


def test_nothing_and_one() -> None:
    none = ls.parallel_analysis(np.eye(5), n_obs=100, n_samples=20, percentile=None)
    texts = [t.get_text() for t in scree_plot(none).texts]
    assert "nothing above chance" in texts
    assert any("mean of 20 samples" in t for t in texts)
    one = ls.parallel_analysis(np.full((20, 20), 0.5) + 0.5 * np.eye(20), n_obs=200, n_samples=5)
    axes = scree_plot(one, show="component")
    assert "1 component above chance" in [t.get_text() for t in axes.texts]
    assert axes.get_xticks().tolist() == [1, 5, 10, 15, 20]


def test_only_factors_and_components(found: ParallelAnalysis) -> None:
    with pytest.raises(IncompatibleRequestError, match="'both'"):
        scree_plot(found, show="both")  # type: ignore[arg-type]  # what is refused
