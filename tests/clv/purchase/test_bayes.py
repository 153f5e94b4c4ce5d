"""The door to pymc-marketing, held against a stand-in: the package itself is not in the tests."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.purchase.bayes import split_rhat
from loyaltysem.core.errors import DataError, MissingExtraError


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_a_missing_package_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymc_marketing.clv", None)
    with pytest.raises(MissingExtraError, match=r"loyaltysem\[bayes\]"):
        getattr(ls.clv.bayes, name)([1, 0], [2, 0], [5, 5], seed=1)
    with pytest.raises(MissingExtraError):
        ls.clv.bayes.gamma_gamma([1, 2], [2, 3], seed=1)


def test_what_is_asked_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    class Model:
        def __init__(self, data: pd.DataFrame, model_config: dict[str, Any]):
            asked.update(data=data, priors=model_config)

        def fit(self, **options: Any) -> None:
            asked.update(options)
            rng = np.random.default_rng(1)
            index = pd.MultiIndex.from_product([range(2), range(200)], names=["chain", "draw"])
            drawn = pd.DataFrame(
                {n: rng.normal(k + 1, 0.1, 400) for k, n in enumerate(asked["priors"])}, index
            )
            drawn.loc[0, "b"] += 9.0  # chains that disagree
            posterior = SimpleNamespace(to_dataframe=lambda: drawn)
            self.idata = SimpleNamespace(posterior={tuple(drawn.columns): posterior})
            self.idata.posterior = _Table(drawn)

    clv, prior = ModuleType("pymc_marketing.clv"), ModuleType("pymc_extras.prior")
    clv.BetaGeoModel = Model  # type: ignore[attr-defined]
    prior.Prior = lambda kind: kind  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pymc_marketing", ModuleType("pymc_marketing"))
    monkeypatch.setitem(sys.modules, "pymc_marketing.clv", clv)
    monkeypatch.setitem(sys.modules, "pymc_extras", ModuleType("pymc_extras"))
    monkeypatch.setitem(sys.modules, "pymc_extras.prior", prior)
    found = ls.clv.bayes.bg_nbd([1, 0, 1], [2, 0, 2], [5, 6, 5], seed=3, draws=200)
    assert asked["priors"] == dict.fromkeys(["r", "alpha", "a", "b"], "HalfFlat")
    assert asked["random_seed"] == 3 and asked["draws"] == 200
    assert asked["data"].columns.tolist() == ["frequency", "recency", "T", "customer_id"]
    assert asked["data"]["recency"].tolist() == [2, 0, 2]
    assert found.frame["mean"].round(0).tolist()[:3] == [1, 2, 3]
    assert [f.code for f in found.findings] == ["purchase.not_mixed"]
    assert "b" in str(found.findings[0].text) and "400 draws" in str(found)


class _Table:
    def __init__(self, frame: pd.DataFrame):
        self.frame = frame

    def __getitem__(self, names: list[str]) -> _Table:
        return _Table(self.frame[names])

    def to_dataframe(self) -> pd.DataFrame:
        return self.frame


def test_histories_are_checked_before_the_package() -> None:
    with pytest.raises(DataError):
        ls.clv.bayes.bg_nbd([1], [9], [5], seed=1)
    with pytest.raises(DataError):
        ls.clv.bayes.gamma_gamma([1], [0], seed=1)


def test_rhat() -> None:
    rng = np.random.default_rng(2)
    same = [rng.normal(size=500), rng.normal(size=500)]
    assert split_rhat(same) < 1.02 < split_rhat([same[0], same[1] + 3])
