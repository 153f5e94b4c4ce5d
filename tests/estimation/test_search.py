"""Searches that fail or end somewhere doubtful are repeated from elsewhere; others are not."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.estimation import search as module
from loyaltysem.estimation.result import SEMResult

HS = pd.read_csv(Path(__file__).parents[1] / "golden" / "data" / "HolzingerSwineford1939.csv")
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


def quietly(model: str, data: pd.DataFrame) -> SEMResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ls.cfa(model, data)


def test_the_lowest_of_several_improper_minima_is_kept() -> None:
    """lavaan finds 33.848; the first of our starting values lead to 39.467."""
    fit = quietly(THREE, HS.head(15))
    assert fit.converged
    assert float(fit.fit_measures("chisq").iloc[0]) == pytest.approx(33.848, abs=1e-3)
    plain = module.search(fit.model)
    assert fit.model.sample.weight * plain.value[0] > 39


def test_a_search_that_fails_is_repeated_from_generic_values() -> None:
    rng = np.random.default_rng(1)
    f = rng.normal(size=(40, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    noise = rng.normal(size=(40, 6))
    data = pd.DataFrame(
        0.5 * f.repeat(3, axis=1) + noise, columns=[f"v{j}{k}" for j in (0, 1) for k in (0, 1, 2)]
    )
    fit = quietly("f0 =~ v00 + v01 + v02\nf1 =~ v10 + v11 + v12", data)
    assert fit.converged
    assert not module.search(fit.model).converged[0]


def test_an_easy_search_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = quietly(THREE, HS)

    def refuse(*_: object) -> None:
        raise AssertionError("starting values were drawn")

    monkeypatch.setattr(module, "rough_values", refuse)
    found = module.search_thoroughly(fit.model)
    np.testing.assert_allclose(found.alpha, fit.solution.alpha)


def mediated(variance: float) -> pd.DataFrame:
    """Draw cases of ``Y ~ M + X; M ~ X`` in which M has little variance of its own."""
    rng = np.random.default_rng(3)
    x, own, noise = rng.normal(size=(3, 150))
    m = 0.5 * x + np.sqrt(variance) * own
    scores = {"x": x, "m": m, "y": 0.3 * x + 0.3 * m + 0.8 * noise}
    return pd.DataFrame(
        {f"{f}{k}": 0.8 * v + 0.7 * rng.normal(size=150) for f, v in scores.items() for k in "123"}
    )


def test_the_pole_of_a_mediated_path_is_passed() -> None:
    """In a third of these draws M has no more variance than X gives it, or less."""
    text = "".join(f"{f.upper()} =~ {f}1 + {f}2 + {f}3\n" for f in "xmy") + "M ~ X\nY ~ M + X"
    fit = ls.sem(text, mediated(0.02))
    boot = fit.bootstrap(256, seed=1)
    found = boot.replicates()
    assert (found["M~~M"] < 0.0).mean() > 0.2
    assert boot.counts["failed"] == 0
