"""Extraction: minima, bounds, and what is left of the correlations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from loyaltysem.analysis.exploration.as_in_psych import EXTRACTIONS_AS_IN_PSYCH
from loyaltysem.analysis.exploration.eigen import descending, smoothed
from loyaltysem.analysis.exploration.extraction import (
    EXTRACTIONS,
    LOWEST,
    maximum_likelihood,
    minimum_residuals,
    principal_axes,
)
from loyaltysem.core.types import Array

DATA = Path(__file__).parents[2] / "golden" / "data"


def _residual_squares(psi: Array, r: Array, k: int) -> float:
    values = descending(r - np.diag(psi))[0]
    return 0.5 * float((values[k:] ** 2).sum() + (np.minimum(values[:k], 0) ** 2).sum())


def _likelihood(psi: Array, r: Array, k: int) -> float:
    rest = descending(r / np.sqrt(np.outer(psi, psi)))[0][k:]
    return float((rest - np.log(rest) - 1).sum())


def _matrices() -> list[tuple[Array, int]]:
    hs = pd.read_csv(DATA / "HolzingerSwineford1939.csv").filter(regex=r"^x\d").to_numpy()
    heywood = pd.read_csv(DATA / "heywood.csv").iloc[:, :6].to_numpy()
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((40, 8))
    wide = rng.standard_normal((300, 3)) @ rng.uniform(0.3, 1, (3, 20))
    wide = wide + rng.standard_normal((300, 20))
    sets = [(hs, 3), (hs, 5), (heywood, 2), (noise, 2), (noise, 1), (wide, 3), (wide, 4)]
    return [(np.corrcoef(x, rowvar=False), k) for x, k in sets]


@pytest.mark.parametrize(("r", "k"), _matrices())
@pytest.mark.parametrize(
    ("extract", "objective"),
    [(minimum_residuals, _residual_squares), (maximum_likelihood, _likelihood)],
)
def test_no_other_search_gets_lower(r: Array, k: int, extract, objective) -> None:  # type: ignore[no-untyped-def]  # two functions
    found = extract(r, k)
    assert found.converged
    assert (found.uniqueness >= LOWEST * (1 - 1e-12)).all()
    assert (found.uniqueness <= 1.0 + 1e-12).all()
    value = objective(found.uniqueness, r, k)
    for start in (found.uniqueness, 1 / np.diagonal(np.linalg.inv(r)), np.full(len(r), 0.5)):
        other = optimize.minimize(
            objective, np.clip(start, LOWEST, 1), (r, k), "L-BFGS-B", bounds=[(LOWEST, 1)] * len(r)
        )
        assert value <= other.fun + 1e-7


def test_heywood_items_are_marked() -> None:
    (r, k) = _matrices()[2]
    found = maximum_likelihood(r, k)
    assert found.heywood.any()
    assert found.uniqueness[found.heywood] == pytest.approx(LOWEST)


def test_the_diagonal_is_reproduced() -> None:
    (r, k) = _matrices()[0]
    for extract in (minimum_residuals, maximum_likelihood, principal_axes):
        found = extract(r, k)
        assert (found.loadings**2).sum(axis=1) + found.uniqueness == pytest.approx(np.ones(len(r)))
        size = (found.loadings**2).sum(axis=0)
        assert list(size) == sorted(size, reverse=True)
        assert (found.loadings.sum(axis=0) > 0).all()


def test_a_singular_matrix_is_survived() -> None:
    r = np.ones((5, 5))
    for extract in (minimum_residuals, principal_axes):
        assert extract(r, 1).loadings[:, 0] == pytest.approx(np.ones(5), abs=0.01)
    assert maximum_likelihood(smoothed(r), 1).loadings[:, 0] == pytest.approx(np.ones(5), abs=0.01)


def test_nothing_in_common() -> None:
    for extract in (minimum_residuals, maximum_likelihood, principal_axes):
        found = extract(np.eye(6), 2)
        assert found.converged
        assert found.loadings == pytest.approx(np.zeros((6, 2)), abs=1e-6)


@pytest.mark.parametrize("method", ["minres", "ml", "pa"])
def test_psych_stops_near_the_end_and_not_at_it(method: str) -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(200, 2)) @ rng.uniform(0.3, 0.8, (2, 10)) + rng.normal(size=(200, 10))
    r = np.corrcoef(x, rowvar=False)
    end = EXTRACTIONS[method](r, 2)
    early = EXTRACTIONS_AS_IN_PSYCH[f"{method}_psych"](r, 2)
    gap = np.abs((end.loadings**2).sum(axis=1) - (early.loadings**2).sum(axis=1)).max()
    assert early.converged
    assert 0.0 < gap < 0.03
