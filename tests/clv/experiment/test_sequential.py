"""The confidence sequence: running sums against slices, and its promise under watching."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from loyaltysem.clv.experiment.adjustment import cuped
from loyaltysem.clv.experiment.effects import arm, difference_of_means
from loyaltysem.clv.experiment.sequential import confidence_sequence, reach, tuning


def drawn(n: int, seed: int, effect: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, treated = rng.gamma(2.0, 30.0, n), rng.random(n) < 0.5
    return x + rng.gamma(1.0, 30.0, n) + effect * treated, treated, x


@pytest.mark.parametrize("adjusted", [False, True])
def test_a_look_is_the_analysis_of_the_customers_so_far(adjusted: bool) -> None:
    y, treated, x = drawn(400, 1)
    found = confidence_sequence(y, treated, x if adjusted else None, horizon=400, level=0.95)
    for row in (0, 100, len(found) - 1):
        n = int(found["n"].iloc[row])
        values = cuped(y[:n], x[:n], treated[:n]).values if adjusted else y[:n]
        side = treated[:n]
        direct = difference_of_means(arm(values[side]), arm(values[~side]), 0.95)
        assert found["estimate"].iloc[row] == pytest.approx(direct.estimate)
        assert found["se"].iloc[row] == pytest.approx(direct.se)


def test_it_is_wider_than_one_look_and_starts_after_the_burn_in() -> None:
    y, treated, _ = drawn(300, 2)
    found = confidence_sequence(y, treated, None, horizon=300, level=0.95, burn_in=20)
    assert (found["cs_upper"] > found["ci_upper"]).all()
    first = int(found["n"].iloc[0])
    assert min(treated[:first].sum(), (~treated[:first]).sum()) == 20
    assert confidence_sequence(y, treated, None, horizon=300, level=0.95, burn_in=200).empty


def test_the_p_value_is_the_level_whose_sequence_touches_zero() -> None:
    y, treated, _ = drawn(200, 4, effect=12.0)
    found = confidence_sequence(y, treated, None, horizon=200, level=0.95)
    least = found["pvalue_always_valid"]
    row = found.loc[least.diff() < 0].iloc[-1]  # the last look that was the strongest so far
    reached = reach(np.array([row["n"]]), tuning(200, 0.05), row["pvalue_always_valid"])[0]
    assert reached * row["se"] == pytest.approx(abs(row["estimate"]))


def test_the_tuning_makes_it_narrow_near_the_horizon() -> None:
    alpha, horizon = 0.05, 1000.0
    best = minimize_scalar(
        lambda rho: float(reach(np.array([horizon]), rho, alpha)[0]), bounds=(1e-3, 1.0),
        method="bounded",
    )  # fmt: skip
    assert reach(np.array([horizon]), tuning(horizon, alpha), alpha)[0] <= best.fun * 1.001


@pytest.mark.slow
def test_watching_all_the_time_keeps_the_level() -> None:
    """Skewed outcomes, looked at after every customer from 50 a group to 2,000 in all."""
    draws, wrong_always, wrong_once = 2000, 0, 0
    for seed in range(draws):
        y, treated, x = drawn(2000, 100 + seed)
        found = confidence_sequence(y, treated, x, horizon=2000, level=0.95)
        wrong_always += bool(((found["cs_lower"] > 0) | (found["cs_upper"] < 0)).any())
        wrong_once += bool(((found["ci_lower"] > 0) | (found["ci_upper"] < 0)).any())
    assert wrong_always / draws <= 0.05
    assert wrong_once / draws > 0.2  # what the sequence guards against


@pytest.mark.slow
def test_a_single_look_covers_as_often_as_it_says() -> None:
    hits = {"plain": 0, "cuped": 0}
    draws = 2000
    for seed in range(draws):
        y, treated, x = drawn(400, 9000 + seed, effect=5.0)
        values = {"plain": y, "cuped": cuped(y, x, treated).values}
        for name, outcome in values.items():
            found = difference_of_means(arm(outcome[treated]), arm(outcome[~treated]), 0.95)
            hits[name] += found.ci_lower <= 5.0 <= found.ci_upper
    assert all(0.93 <= hit / draws <= 0.97 for hit in hits.values())
