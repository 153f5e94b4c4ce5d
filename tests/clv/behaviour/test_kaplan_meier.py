"""Curves and tests against R and against examples worked by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.behaviour.kaplan_meier import (
    LifeTable,
    kaplan_meier,
    life_table,
    logrank,
    quantile_time,
    restricted_mean,
)
from loyaltysem.clv.behaviour.proportions import false_discovery, holm, wilson
from loyaltysem.core.errors import IncompatibleRequestError

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden/survival/survival.json").read_text("utf-8")
)
CASES = [(name, group) for name, case in GOLDEN.items() for group in case["groups"]]


def table_of(name: str, group: str) -> LifeTable:
    data = pd.DataFrame(GOLDEN[name]["data"]).query("group == @group")
    event = data["event"].to_numpy(float)
    return life_table(data["time"].to_numpy(float), event, 1.0 - event)


def numbers(values: list[Any]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


@pytest.mark.parametrize(("name", "group"), CASES)
def test_curves_agree_with_r(name: str, group: str) -> None:
    table, expected = table_of(name, group), GOLDEN[name]["groups"][group]
    curve = kaplan_meier(table)
    for column in ("time", "at_risk", "events", "censored"):
        np.testing.assert_array_equal(getattr(table, column), numbers(expected[column]))
    alive = curve.survival > 0  # R prints NaN for the error of a curve that has come to 0
    for column in ("survival", "se", "lower", "upper"):
        ours, theirs = getattr(curve, column), numbers(expected[column])
        inside = alive & np.isfinite(theirs) if column != "survival" else slice(None)
        np.testing.assert_allclose(ours[inside], theirs[inside], rtol=1e-12, atol=1e-12)
    assert restricted_mean(table.time, curve.survival, 30.0) == pytest.approx(expected["rmean30"])


@pytest.mark.parametrize(("name", "group"), CASES)
def test_medians_agree_with_r(name: str, group: str) -> None:
    table, expected = table_of(name, group), numbers(GOLDEN[name]["groups"][group]["median"])
    curve = kaplan_meier(table)
    # the lower bound is undefined before the first event and cannot have been passed there
    found = [quantile_time(table.time, x) for x in (curve.survival, curve.lower, curve.upper)]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", GOLDEN)
def test_log_rank_agrees_with_r(name: str) -> None:
    chisq, df, pvalue = logrank([table_of(name, group) for group in GOLDEN[name]["groups"]])
    assert chisq == pytest.approx(GOLDEN[name]["chisq"], rel=1e-10)
    assert df == GOLDEN[name]["df"]
    assert 0.0 < pvalue < 0.01


def test_gehans_patients_by_hand() -> None:
    """1 − 3/21, then times 1 − 1/17, 1 − 1/15, 1 − 1/12, 1 − 1/11, 1 − 1/7, 1 − 1/6."""
    curve, table = kaplan_meier(table_of("gehan", "6-MP")), table_of("gehan", "6-MP")
    hand = np.cumprod(1 - np.array([3 / 21, 1 / 17, 1 / 15, 1 / 12, 1 / 11, 1 / 7, 1 / 6]))
    np.testing.assert_allclose(curve.survival[table.events > 0], hand)
    np.testing.assert_allclose(hand.round(3), [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448])


def test_a_test_of_one_group_says_nothing() -> None:
    table = table_of("gehan", "6-MP")
    chisq, df, pvalue = logrank([table])
    assert np.isnan(chisq) and df == 0 and np.isnan(pvalue)


def test_wilson_solves_its_equation() -> None:
    lower, upper = wilson([3, 0, 7], [10, 20, 7], 0.9)
    for end, k, n in zip([*lower, *upper], [3, 0, 7] * 2, [10, 20, 7] * 2, strict=True):
        assert (k / n - end) ** 2 == pytest.approx(1.6448536269514722**2 * end * (1 - end) / n)
    assert np.isnan(wilson([0], [0])[0]).all()


@pytest.mark.parametrize("level", [0.0, 1.0, 95, float("nan")])
def test_a_level_lies_between_0_and_1(level: float) -> None:
    with pytest.raises(IncompatibleRequestError, match=r"request\.level"):
        wilson([1], [2], level)


def test_corrections_of_many_p_values() -> None:
    """Benjamini and Hochberg's (1995) table of 15 p values: four are found at 5 %, Holm's three."""
    p = np.array([.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262,
                  .5719, .6528, .7590, 1.0])  # fmt: skip
    shuffled = np.random.default_rng(0).permutation(15)
    assert (false_discovery(p[shuffled]) <= 0.05).sum() == 4
    assert (holm(p[shuffled]) <= 0.05).sum() == 3
    assert holm(np.array([])).size == false_discovery(np.array([])).size == 0
