"""Intervals against R's package boot on the same draws; see tests/golden/boot/make.R."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from loyaltysem.inference import bootstrap_intervals as bi
from loyaltysem.inference.bootstrap_intervals import (
    INTERVALS,
    Intervals,
    acceleration,
    basic,
    bca,
    bias_corrected,
    influence_by_jackknife,
    influence_by_regression,
    normal,
    percentile,
)

GOLDEN = Path(__file__).parent.parent / "golden" / "boot"
NAMES = ("ratio", "r", "median", "sd", "holes")
RUNS = ("plain", "stratified")
EXACT = {"rtol": 1e-10, "atol": 1e-10}

Kind = Callable[[np.ndarray, np.ndarray, np.ndarray, float], Intervals]
KINDS: dict[str, Kind] = {
    "normal": lambda t, t0, values, level: normal(t, t0, level),
    "basic": lambda t, t0, values, level: basic(t, t0, level),
    "percent": lambda t, t0, values, level: percentile(t, level),
    "bca": lambda t, t0, values, level: bca(t, t0, acceleration(values), level),
}


@cache
def read(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / name)


def draws(run: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return t (R, 5), t0 (5,) and counts (R, N); the last column repeats `r` with failures."""
    t = read(f"t_{run}.csv").to_numpy(float)
    t = np.column_stack([t, t[:, 1]])
    t[[2, 49, 50, 397], 4] = np.nan
    found = read("intervals.csv").query("kind == 't0' and run == @run").set_index("statistic")
    return t, found.loc[list(NAMES), "lower"].to_numpy(), read(f"counts_{run}.csv").to_numpy()


def strata(run: str) -> np.ndarray | None:
    return read("data.csv")["group"].to_numpy() if run == "stratified" else None


@pytest.mark.parametrize("run", RUNS)
def test_influence_values_are_those_of_boot(run: str) -> None:
    t, _, counts = draws(run)
    found = influence_by_regression(t, counts, strata(run))
    expected = read("influence.csv")[[f"{run}.{n}" for n in NAMES]].to_numpy()
    np.testing.assert_allclose(found, expected, **EXACT)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("run", RUNS)
def test_jackknife_values_are_those_of_boot(run: str) -> None:
    data, groups = read("data.csv"), strata(run)
    left_out = [data.drop(index=i)[["x", "y"]].corr().iloc[0, 1] for i in range(len(data))]
    t0 = np.array([data[["x", "y"]].corr().iloc[0, 1]])
    found = influence_by_jackknife(t0, np.array(left_out)[:, None], groups)
    expected = read("influence.csv")[f"{run}.r.jackknife"].to_numpy()
    np.testing.assert_allclose(found[:, 0], expected, **EXACT)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("level", [0.90, 0.95, 0.99])
@pytest.mark.parametrize("kind", list(KINDS))
def test_intervals_are_those_of_boot(run: str, kind: str, level: float) -> None:
    t, t0, counts = draws(run)
    found = KINDS[kind](t, t0, influence_by_regression(t, counts, strata(run)), level)
    rows = read("intervals.csv").query("run == @run and kind == @kind")
    rows = rows[np.isclose(rows["level"], level)].set_index("statistic").loc[list(NAMES)]
    assert len(rows) == 5
    np.testing.assert_allclose(found.lower, rows["lower"], **EXACT)
    np.testing.assert_allclose(found.upper, rows["upper"], **EXACT)
    assert found.used.tolist() == [399, 399, 399, 399, 395]
    assert found.defined.all()


def test_the_draws_hold_ties() -> None:
    t, t0, _ = draws("plain")
    assert len(np.unique(t[:, 2])) < 10
    assert (t[:, 2] == t0[2]).any()


def test_limits_beyond_the_draws_are_marked() -> None:
    t = np.arange(1.0, 31.0)[:, None]
    found = percentile(t, 0.95)
    assert (found.lower[0], found.upper[0]) == (1.0, 30.0)
    assert found.extreme[0]
    assert found.defined[0]
    assert not percentile(t, 0.80).extreme[0]


def test_draws_on_one_side_of_the_estimate_have_no_bca_interval() -> None:
    t = np.column_stack([np.arange(99.0), np.arange(99.0), np.ones(99)])
    t0 = np.array([-1.0, 200.0, 1.0])
    for found in (bca(t, t0, np.zeros(3)), bias_corrected(t, t0)):
        assert not found.defined.any()
        assert np.isnan(found.lower).all()
        assert np.isnan(found.upper).all()
        assert not found.extreme.any()
    assert percentile(t).defined.all()


def test_no_acceleration_no_interval() -> None:
    t = np.arange(99.0)[:, None]
    assert not bca(t, np.array([50.0]), np.array([np.nan])).defined[0]
    assert np.isnan(acceleration(np.zeros((5, 1)))[0])


@pytest.mark.parametrize("kind", list(INTERVALS))
@pytest.mark.parametrize("finite", [0, 1])
def test_without_draws_nothing_is_defined(kind: str, finite: int) -> None:
    t = np.full((10, 2), np.nan)
    t[:finite, 0] = 1.0
    t[:, 1] = np.arange(10.0)
    found = INTERVALS[kind](t, np.array([1.0, 5.0]), 0.5)
    assert found.defined.tolist() == [False, True]
    assert np.isnan([found.lower[0], found.upper[0]]).all()
    assert found.used.tolist() == [finite, 10]


def test_an_empty_table_is_no_crash() -> None:
    for kind in INTERVALS.values():
        assert not kind(np.empty((0, 2)), np.zeros(2), 0.95).defined.any()


def test_infinite_draws_are_left_out() -> None:
    t = np.append(np.arange(99.0), [np.inf, -np.inf])[:, None]
    for kind in INTERVALS.values():
        found, plain = (kind(x, np.array([45.0]), 0.9) for x in (t, t[:99]))
        assert found.used[0] == 99
        assert found.lower[0] == plain.lower[0]
        assert found.upper[0] == plain.upper[0]


def test_bias_correction_moves_the_percentile_levels() -> None:
    t = np.random.default_rng(2).exponential(size=(999, 1))
    t0 = np.quantile(t, 0.4, axis=0)
    z0 = NormalDist().inv_cdf(float((t < t0).mean()))
    alpha = NormalDist().cdf(2 * z0 + NormalDist().inv_cdf(0.025))
    moved = percentile(t, 1 - 2 * alpha)
    np.testing.assert_allclose(bias_corrected(t, t0).lower, moved.lower, rtol=1e-12)
    middle = np.median(t, axis=0)  # one of the draws: with it left out as many lie on either side
    even = t[t[:, 0] != middle]
    np.testing.assert_allclose(bias_corrected(even, middle).upper, percentile(even).upper)


def test_fewer_draws_than_cases_give_no_influence() -> None:
    rng = np.random.default_rng(1)
    counts = rng.multinomial(30, np.full(30, 1 / 30), size=29)
    assert np.isnan(influence_by_regression(rng.normal(size=(29, 2)), counts)).any(axis=0).all()


def test_cases_that_are_drawn_together_give_no_influence() -> None:
    """Counts of the members of one cluster are equal: clusters, not cases, must be counted."""
    rng = np.random.default_rng(1)
    clusters = rng.multinomial(6, np.full(6, 1 / 6), size=200)
    t = rng.normal(size=(200, 1))
    assert np.isnan(influence_by_regression(t, np.repeat(clusters, 2, axis=1))).any()
    assert np.isfinite(influence_by_regression(t, clusters)).all()


def test_counts_of_any_type_and_any_chunk_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    t, _, counts = draws("plain")
    found = influence_by_regression(t, counts)
    monkeypatch.setattr(bi, "ROWS", 7)
    np.testing.assert_allclose(
        influence_by_regression(t, counts.astype(np.uint16)), found, rtol=1e-9, atol=1e-12
    )
