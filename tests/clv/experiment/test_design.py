"""Sizes and powers as R's stats package prints them (power.t.test, power.prop.test)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loyaltysem.clv.experiment.design import experiment_design
from loyaltysem.core.errors import IncompatibleRequestError


def test_values_printed_by_r() -> None:
    assert experiment_design(n=20, effect=1, sd=1).power == pytest.approx(0.8689528, abs=5e-8)
    assert experiment_design(effect=1, sd=1, power=0.9).n == pytest.approx(22.02110, abs=5e-6)
    assert experiment_design(n=50, rate=0.5, effect=0.25).power == pytest.approx(0.740, abs=5e-4)
    assert experiment_design(rate=0.5, effect=0.25, power=0.9).n == pytest.approx(76.7, abs=0.05)


@pytest.mark.parametrize("given", [{"sd": 40.0}, {"rate": 0.1}])
def test_the_three_ways_of_asking_agree(given: dict[str, float]) -> None:
    size = experiment_design(effect=0.03 if "rate" in given else 5.0, power=0.8, **given)
    assert size.solved == "n"
    power = experiment_design(effect=size.effect, n=size.n, **given)
    effect = experiment_design(n=size.n, power=0.8, **given)
    assert power.power == pytest.approx(0.8)
    assert effect.effect == pytest.approx(size.effect, rel=1e-6)


def test_a_covariate_saves_the_squared_correlation() -> None:
    plain = experiment_design(effect=1, sd=10, power=0.8)
    saved = experiment_design(effect=1, sd=10, power=0.8, correlation=0.7)
    assert saved.n / plain.n == pytest.approx(1 - 0.49, rel=1e-2)


def test_unequal_groups_cost() -> None:
    even = experiment_design(effect=1, sd=5, power=0.8)
    uneven = experiment_design(effect=1, sd=5, power=0.8, allocation=3)
    assert uneven.n_treated == 3 * uneven.n
    assert uneven.n + uneven.n_treated > 2 * even.n


def test_power_is_what_simulation_finds() -> None:
    rng = np.random.default_rng(1)
    n, rate, effect = 300, 0.2, 0.1
    a, b = rng.binomial(n, rate, 20000) / n, rng.binomial(n, rate + effect, 20000) / n
    pooled = (a + b) / 2
    z = (b - a) / np.sqrt(2 * pooled * (1 - pooled) / n)
    found = experiment_design(n=n, rate=rate, effect=effect).power
    assert found == pytest.approx((z > 1.959964).mean(), abs=0.015)


def test_it_says_what_was_solved() -> None:
    assert "customers needed" in str(experiment_design(effect=1, sd=1, power=0.9))
    assert experiment_design(effect=50, sd=1, power=0.8).n == 2.0


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"effect": 1, "sd": 1}, "exactly two"),
        ({"effect": 1, "n": 5, "power": 0.8, "sd": 1}, "exactly two"),
        ({"effect": 1, "n": 5}, "either sd"),
        ({"effect": 1, "n": 5, "sd": 1, "rate": 0.2}, "either sd"),
        ({"effect": 0, "n": 5, "sd": 1}, "effect is out of range"),
        ({"effect": 0.9, "n": 5, "rate": 0.2}, "rate + effect"),
        ({"effect": 1, "n": 5, "sd": -1, "alpha": 2, "correlation": 1, "allocation": 0}, "alpha"),
        ({"n": 5, "power": 0.01, "sd": 1}, "power is out of range"),
    ],
)
def test_requests_that_cannot_be_answered(request_: dict[str, Any], said: str) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        experiment_design(**request_)
    assert caught.value.code == "design.request" and said.replace("+", "+") in str(caught.value)


def test_hopeless_requests() -> None:
    with pytest.raises(IncompatibleRequestError, match="No experiment"):
        experiment_design(effect=1e-6, sd=1.0, power=0.9)
    with pytest.raises(IncompatibleRequestError, match="No effect"):
        experiment_design(n=3, rate=0.9, power=0.95)
