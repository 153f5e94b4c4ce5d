"""The numbers of psych and semTools where answers are missing or items are turned."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError, IncompatibleRequestError

TESTS = Path(__file__).parents[2]
CASES = sorted((TESTS / "golden" / "reliability").glob("*.json"))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, f"{path}/{key}")
    elif isinstance(value, list):
        for i, part in enumerate(value):
            name = part.get("item", i) if isinstance(part, dict) else i
            yield from _leaves(part, f"{path}/{name}")
    elif isinstance(value, int | float):
        yield path, float(value)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_reference_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    spec = importlib.util.spec_from_file_location("adapter", TESTS / "parity" / "adapter.py")
    assert spec and spec.loader
    adapter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(adapter)
    inputs = {k: v for k, v in case.items() if k != "results"}
    ours = dict(_leaves(adapter.fit_case(inputs, str(TESTS / "golden" / case["data"]))["results"]))
    theirs = dict(_leaves(case["results"]))
    assert len(theirs) > 5
    for key, value in theirs.items():
        assert ours[key] == pytest.approx(value, abs=1e-4, rel=1e-4), key


def test_an_unknown_treatment_of_missing_answers() -> None:
    data = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 6)), columns=list("abcdef"))
    for function in (ls.cronbach_alpha, ls.omega):
        with pytest.raises(DataError) as caught:
            function(data, missing="guess")
        assert caught.value.code == "reliability.missing"


def test_items_never_answered_together() -> None:
    data = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 3)), columns=list("abc"))
    data.loc[:24, "a"], data.loc[25:, "b"] = np.nan, np.nan
    with pytest.raises(DataError) as caught:
        ls.cronbach_alpha(data, missing="pairwise")
    assert caught.value.code == "reliability.never_together"


def test_an_unknown_rotation_of_omega() -> None:
    data = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 6)), columns=list("abcdef"))
    with pytest.raises(IncompatibleRequestError) as caught:
        ls.omega(data, n_factors=2, rotation="oblimax")
    assert caught.value.code == "exploration.rotation"
