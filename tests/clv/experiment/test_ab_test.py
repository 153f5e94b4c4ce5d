"""The whole test of a benefit: what it reads, refuses and says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.experiment.ab_test import ABTest, ab_test
from loyaltysem.core.errors import DataError, IncompatibleRequestError


def sample(n: int = 400, effect: float = 10.0, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    group = np.where(np.arange(n) % 2 == 0, "benefit", "control")
    before = rng.normal(100.0, 30.0, n)
    after = before + rng.normal(0.0, 20.0, n) + effect * (group == "benefit")
    return pd.DataFrame({"group": group, "before": before, "after": after})


def codes(found: ABTest) -> set[str]:
    return {finding.code for finding in found.findings}


def test_rows_of_a_test_of_amounts() -> None:
    data = sample()
    found = ab_test(data["after"], data["group"], data["before"], horizon=400)
    assert list(found.frame["method"]) == [
        "Welch", "delta", "Fieller", "Welch", "delta", "Fieller", "sequential",
    ]  # fmt: skip
    adjusted, plain = found.effect(), found.effect(adjusted=False)
    assert adjusted.se < plain.se
    assert (adjusted.se / plain.se) ** 2 == pytest.approx(1 - found.variance_reduction, abs=0.02)
    assert found.groups["group"].tolist() == ["benefit", "control"]
    assert found.effect("ratio").estimate == pytest.approx(1.1, abs=0.05)
    assert codes(found) == set()
    assert "benefit (200) against control (200)" in found.title
    assert "Fieller" in str(found) and "<table>" in found._repr_html_()


def test_rates_are_recognised() -> None:
    rng = np.random.default_rng(4)
    group = np.repeat([0, 1], 500)
    bought = rng.random(1000) < 0.2 + 0.1 * group
    found = ab_test(bought, group, horizon=1000)
    assert found.binary and found.effect().estimate == pytest.approx(0.1, abs=0.06)
    assert list(found.frame["method"]) == ["Newcombe", "log (Katz)", "sequential"]
    assert np.isnan(found.variance_reduction)
    with pytest.raises(IncompatibleRequestError, match="no effect"):
        found.effect(adjusted=True)
    rare = ab_test(np.r_[np.ones(2), np.zeros(98)], np.repeat(["A", "B"], 50))
    assert "experiment.rare" in codes(rare)


def test_arrival_orders_the_sequence_and_nothing_else() -> None:
    data = sample()
    shuffled = data.sample(frac=1, random_state=1)
    one = ab_test(data["after"], data["group"], arrival=data.index)
    two = ab_test(shuffled["after"], shuffled["group"], arrival=shuffled.index)
    pd.testing.assert_frame_equal(one.sequence, two.sequence)
    three = ab_test(shuffled["after"], shuffled["group"])
    assert not one.sequence["estimate"].head(50).equals(three.sequence["estimate"].head(50))
    assert one.effect().estimate == pytest.approx(three.effect().estimate)


def test_uneven_groups_are_a_problem_unless_planned() -> None:
    y, group = np.tile([1.0, 2.0, 4.0], 400), np.repeat(["control", "x"], [500, 700])
    assert "experiment.ratio_mismatch" in codes(ab_test(y, group))
    assert "experiment.ratio_mismatch" not in codes(ab_test(y, group, allocation=7 / 5))


def test_missing_outcomes_are_counted() -> None:
    data = sample()
    data.loc[[0, 1], "after"] = np.nan
    found = ab_test(data["after"], data["group"])
    assert found.groups["missing"].tolist() == [1, 1]
    (note,) = [f for f in found.findings if f.code == "experiment.missing"]
    assert note.severity == "note"
    data.loc[data["group"] == "benefit", "after"] = data["after"].where(data.index % 8 > 0)
    (worse,) = [
        f for f in ab_test(data["after"], data["group"]).findings if f.code == "experiment.missing"
    ]
    assert worse.severity == "problem"


def test_covariates_are_checked() -> None:
    data = sample()
    leaked = data["before"] + 50.0 * (data["group"] == "benefit")
    assert "experiment.covariate_imbalance" in codes(ab_test(data["after"], data["group"], leaked))
    constant = np.ones(len(data))
    assert "experiment.constant_covariate" in codes(ab_test(data["after"], data["group"], constant))


def test_what_else_is_said() -> None:
    rng = np.random.default_rng(2)
    group = np.tile(["control", "x"], 100)
    heavy = rng.lognormal(0.0, 2.0, 200)
    assert "experiment.skewed" in codes(ab_test(heavy, group))
    near_zero = rng.normal(0.0, 1.0, 200)
    near_zero -= near_zero[group == "control"].mean() - 0.01
    assert "experiment.ratio_unbounded" in codes(ab_test(near_zero, group))
    short = ab_test(near_zero[:40], group[:40])
    assert "experiment.no_sequence" in codes(short) and short.sequence.empty
    data = sample(300, effect=6.0, seed=5)
    found = ab_test(data["after"], data["group"], data["before"], horizon=300)
    fixed, always = found.effect(), found.frame.iloc[-1]
    assert fixed.ci_lower > 0 > always["ci_lower"]
    assert codes(found) == {"experiment.only_if_planned"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"outcome": [1.0, 2.0]}, "experiment.columns"),
        ({"arrival": [None, 1, 2, 3]}, "experiment.columns"),
        ({"outcome": ["a", 1, 2, 3]}, "experiment.not_numeric"),
        ({"outcome": [np.inf, 1, 2, 3]}, "experiment.infinite"),
        ({"group": ["a", "b", "c", "c"]}, "experiment.groups"),
        ({"group": ["a", "a", "b", None]}, "experiment.groups"),
        ({"outcome": [np.nan, 1, 2, 3]}, "experiment.too_few"),
        ({"group": ["x", "x", "y", "y"]}, "experiment.control"),
        ({"control": "z"}, "experiment.control"),
        ({"level": 95}, "experiment.request"),
        ({"burn_in": 1}, "experiment.request"),
        ({"horizon": -1}, "experiment.request"),
        ({"allocation": 0}, "experiment.request"),
    ],
)
def test_what_cannot_be_used(changed: dict[str, Any], code: str) -> None:
    given: dict[str, Any] = {"outcome": [1.0, 2, 3, 4], "group": ["A", "A", "B", "B"]}
    with pytest.raises((DataError, IncompatibleRequestError)) as caught:
        ab_test(**(given | changed))
    assert caught.value.code == code and caught.value.hint
