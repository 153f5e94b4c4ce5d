"""Fits and golden numbers shared by the tests of robust inference."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.types import Array
from loyaltysem.estimation.result import SEMResult
from loyaltysem.inference.information import model_based_vcov
from loyaltysem.inference.moment_forms import MomentForms, casewise_forms
from loyaltysem.moments.gamma import model_case_moments, sample_case_moments

GOLDEN = Path(__file__).parent.parent / "golden"


def read_golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / "robust" / f"{name}.json").read_text("utf-8"))
    return found


@dataclass(frozen=True)
class Fitted:
    """An ML fit, with what the robust functions are given."""

    fit: SEMResult
    x: tuple[int, ...]

    @property
    def means(self) -> bool:
        return self.fit.structure.blocks[0].meanstructure

    @property
    def values(self) -> tuple[Array, ...]:
        assert self.fit.data is not None
        return self.fit.data.values

    def forms(self, about_model: bool, second: bool = False) -> list[MomentForms]:
        objective, n = self.fit.objective, self.fit.sample.n_total
        found = []
        implied = objective.implied(self.fit.solution.alpha)
        for v, block, i in zip(self.values, objective.blocks, implied, strict=True):
            sigma, mu = i.moments.sigma[0], i.moments.mu[0]
            cases = (
                model_case_moments(v, mu, sigma, self.means)
                if about_model
                else sample_case_moments(v, self.means, self.x)
            )
            w = np.linalg.inv(sigma)
            found.append(casewise_forms(len(v) / n, cases, i.jacobian, block.chain, w, second))
        return found

    def inverse(self, observed: bool) -> Array:
        """Inverse information of one case."""
        hessian = self.fit.objective.hessian(self.fit.solution.alpha, observed)
        return model_based_vcov(0.5 * hessian)[0][0]


@cache
def _fitted(
    name: str,
    model: str | None,
    group_equal: tuple[str, ...] | None,
    meanstructure: bool | None,
) -> Fitted:
    case = read_golden(name)
    call = case.get("call", {"function": "cfa"})
    options = {"group": call["group"]} if call.get("group") else {}
    equal = call.get("group_equal", ()) if group_equal is None else group_equal
    fit = getattr(ls, call["function"])(
        model or case["model"],
        pd.read_csv(GOLDEN / case["data"]),
        group_equal=tuple(equal),
        meanstructure=call.get("meanstructure") if meanstructure is None else meanstructure,
        **options,
    )
    names = fit.table.roles.exogenous_observed if fit.table.defaults.fixed_x else ()
    return Fitted(fit, tuple(fit.table.observed.index(n) for n in names))


@pytest.fixture(scope="session")
def fitted() -> Callable[..., Fitted]:
    """Fit the model of a golden file, or another one to its data, by ML."""

    def get(
        name: str,
        model: str | None = None,
        group_equal: tuple[str, ...] | None = None,
        means: bool | None = None,
    ) -> Fitted:
        return _fitted(name, model, group_equal, means)

    return get


@pytest.fixture(scope="session")
def golden() -> Callable[[str], dict[str, Any]]:
    """Read a golden file by name."""
    return read_golden
