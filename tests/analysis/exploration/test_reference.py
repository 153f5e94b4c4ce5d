"""The numbers of psych, GPArotation and lavaan.

Tolerances. psych's searches stop at 1e-5 or so of the minimum; what is computed without a search
agrees to rounding.
"""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.exploration.eigen import (
    eigenvalues,
    smoothed,
    squared_multiple_correlations,
)

TESTS = Path(__file__).parents[2]
GOLDEN = TESTS / "golden"
CASES = sorted(p for p in (GOLDEN / "efa").glob("*.json") if p.stem not in ("psych", "esem"))
PSYCH = json.loads((GOLDEN / "efa" / "psych.json").read_text(encoding="utf-8"))
ITEMS = [f"x{i}" for i in range(1, 10)]


@pytest.fixture(scope="module")
def hs() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "data" / "HolzingerSwineford1939.csv")[ITEMS]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and set(value) != {"rows", "cols", "values"}:
        for key, part in value.items():
            yield from _leaves(part, f"{path}/{key}")
    elif isinstance(value, list):
        yield path, np.array(value, float)
    elif isinstance(value, dict):
        yield path, np.array(value["values"], float)
    elif isinstance(value, int | float):
        yield path, np.array(value, float)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_reference_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    spec = importlib.util.spec_from_file_location("adapter", TESTS / "parity" / "adapter.py")
    assert spec and spec.loader
    adapter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(adapter)
    inputs = {k: v for k, v in case.items() if k != "results"}
    data = str(GOLDEN / case["data"]) if case["data"] else None
    got = adapter.fit_case(inputs, data)["results"]
    ours = dict(_leaves(got))
    checked = 0
    for key, theirs in _leaves(case["results"]):
        assert ours[key] == pytest.approx(theirs, abs=1e-4), key
        checked += 1
    assert checked > 5


def test_minimum_average_partial(hs: pd.DataFrame) -> None:
    found = ls.map_test(hs)
    assert found.frame["squared"].to_numpy()[1:] == pytest.approx(np.array(PSYCH["map"]))


def test_principal_axes(hs: pd.DataFrame) -> None:
    found = ls.efa(hs, 2, method="pa", rotation="none")
    assert found.loadings.to_numpy() == pytest.approx(np.array(PSYCH["pa_loadings"]), abs=1e-6)


def test_weights_of_scores(hs: pd.DataFrame) -> None:
    found = ls.efa(hs, 3, method="ml")
    for method in ("tenberge", "bartlett"):
        theirs = np.array(PSYCH[f"weights_{method}"])
        assert found.weights(method).to_numpy() == pytest.approx(theirs, abs=2e-4)
    assert found.determinacy.to_numpy() == pytest.approx(np.array(PSYCH["ml_r2"]), abs=1e-4)


def test_schmid_leiman(hs: pd.DataFrame) -> None:
    three = ls.efa(hs, 3).schmid_leiman().frame.to_numpy()
    assert three == pytest.approx(np.array(PSYCH["schmid"])[:, : three.shape[1]], abs=1e-4)
    two = ls.efa(hs, 2).schmid_leiman()
    theirs = np.array(PSYCH["schmid_two"])[:, : two.frame.shape[1]]
    assert two.frame.to_numpy() == pytest.approx(theirs, abs=1e-4)
    assert [f.code for f in two.findings] == ["exploration.two_factors"]


def test_squared_multiple_correlations(hs: pd.DataFrame) -> None:
    r = hs.corr().to_numpy()
    smc = squared_multiple_correlations(r)
    assert smc == pytest.approx(np.array(PSYCH["smc"]))
    reduced = r - np.diag(1 - smc)
    assert eigenvalues(reduced) == pytest.approx(np.array(PSYCH["eigen_smc"]))
    found = ls.parallel_analysis(hs, n_samples=3, communalities="smc").frame
    assert found["factor_observed"].to_numpy() == pytest.approx(np.array(PSYCH["eigen_smc"]))


def test_pairwise_correlations() -> None:
    data = pd.read_csv(GOLDEN / "data" / "hs_missing_mcar.csv")[ITEMS]
    found = ls.efa(data, 2, missing="pairwise")
    assert found.source.r == pytest.approx(np.array(PSYCH["r_pairwise"]))
    assert "exploration.pairwise" in [f.code for f in found.findings]
    ours = ls.kmo(data, missing="pairwise").items.to_numpy()
    assert ours == pytest.approx(np.array(PSYCH["kmo_pairwise"]))


def test_smoothing() -> None:
    r = np.array([[1, 0.9, 0.1], [0.9, 1, 0.8], [0.1, 0.8, 1]])
    assert smoothed(r) == pytest.approx(np.array(PSYCH["smoothed"]), abs=1e-9)
    assert math.isclose(float(np.diagonal(smoothed(r)).sum()), 3.0)
