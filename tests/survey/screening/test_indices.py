"""Every index against numbers that plain R computed from the definitions, and at its edges.

The reference numbers are those of ``tests/golden/careless/make.R``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyaltysem.survey.screening.consistency import (
    critical_pairs,
    even_odd,
    item_correlations,
    person_total,
    psychometric_pairs,
    within_person_correlation,
)
from loyaltysem.survey.screening.distance import mahalanobis, tail_probability, unmasked_tail
from loyaltysem.survey.screening.patterns import (
    average_longstring,
    intra_individual_variability,
    longstring,
    variability_by_part,
)
from loyaltysem.survey.screening.records import (
    earlier_double,
    instructions_missed,
    missing_share,
    seconds_per_item,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "careless"
FACTORS = [np.arange(3 * j, 3 * j + 3) for j in range(4)]


def stored(name: str) -> tuple[np.ndarray, pd.DataFrame]:
    answers = pd.read_csv(GOLDEN / f"{name}.csv").to_numpy(float)
    return answers, pd.read_csv(GOLDEN / f"{name}_indices.csv")


def turned(answers: np.ndarray) -> np.ndarray:
    other = answers.copy()
    other[:, 5] = 6 - other[:, 5]
    return other


@pytest.mark.parametrize("name", ["complete", "missing"])
@pytest.mark.parametrize(
    ("index", "compute"),
    [
        ("irv", intra_individual_variability),
        ("synonyms", lambda x: psychometric_pairs(x, critical_pairs(x, 0.40))),
        ("antonyms", lambda x: psychometric_pairs(x, critical_pairs(x, 0.25, "antonyms"))),
        ("even_odd", lambda x: even_odd(turned(x), FACTORS)),
        ("person_total", person_total),
    ],
)
def test_indices_equal_their_definitions(name: str, index: str, compute) -> None:
    answers, expected = stored(name)
    np.testing.assert_allclose(compute(answers), expected[index], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["complete", "missing"])
@pytest.mark.parametrize(
    ("index", "compute", "silent"),
    [
        ("longstring", longstring, 1.0),
        ("average_longstring", average_longstring, 1.0),
        ("mahalanobis", lambda x: mahalanobis(x, missing="centre")[0], 0.0),
    ],
)
def test_indices_that_r_gives_to_the_silent_too(name: str, index: str, compute, silent) -> None:
    answers, expected = stored(name)
    nothing = np.isnan(answers).all(axis=1)
    ours = compute(answers)
    np.testing.assert_allclose(ours[~nothing], expected[index][~nothing], rtol=1e-9)
    assert np.isnan(ours[nothing]).all()
    assert (expected[index][nothing] == silent).all()


def test_average_strings_are_means_of_lengths() -> None:
    x = np.array([[1, 1, 2, 2, 2, 3.0]])
    assert longstring(x).tolist() == [3.0] and average_longstring(x).tolist() == [2.0]


def test_variability_by_part_is_that_of_the_part() -> None:
    x, _ = stored("missing")
    parts = variability_by_part(x, 3)
    np.testing.assert_allclose(parts[:, 2], intra_individual_variability(x[:, 8:]))
    assert parts.shape == (40, 3)


def test_distance_within_the_items_answered() -> None:
    """The block formula against the definition, person by person."""
    x, _ = stored("missing")
    distance, df = mahalanobis(x)
    frame = pd.DataFrame(x)
    covariance, mean = frame.cov().to_numpy(), frame.mean().to_numpy()
    for person in range(len(x)):
        given = ~np.isnan(x[person])
        if not given.any():
            assert np.isnan(distance[person]) and df[person] == 0
            continue
        z = (x[person] - mean)[given]
        expected = z @ np.linalg.solve(covariance[np.ix_(given, given)], z)
        assert distance[person] == pytest.approx(expected, rel=1e-9)
        assert df[person] == given.sum()


def test_distance_is_the_same_however_items_are_scaled_or_turned() -> None:
    x, _ = stored("complete")
    np.testing.assert_allclose(mahalanobis(x)[0], mahalanobis(turned(x) * 1e6 + 7)[0], rtol=1e-7)


def test_distance_follows_chi_square_with_missing_answers() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((4000, 1)) + rng.standard_normal((4000, 5))
    x[rng.random(x.shape) < 0.2] = np.nan
    p = tail_probability(*mahalanobis(x))
    assert stats.kstest(p[~np.isnan(p)], "uniform").pvalue > 0.01


def test_distance_where_there_is_none() -> None:
    few = np.random.default_rng(1).standard_normal((4, 6))
    assert np.isnan(mahalanobis(few)[0]).all()  # fewer people than items
    rng = np.random.default_rng(2)
    sums = rng.standard_normal((30, 3))
    sums = np.column_stack([sums, sums.sum(axis=1)])
    assert np.isnan(mahalanobis(sums)[0]).all()  # an item that others determine
    assert np.isnan(mahalanobis(np.ones((5, 2)))[0]).all()  # nothing varies
    assert np.isnan(mahalanobis(np.ones((1, 3)))[0]).all()  # one person
    apart = np.array([[1, np.nan], [2, np.nan], [np.nan, 1], [np.nan, 3.0]])
    assert np.isnan(mahalanobis(apart)[0]).all()  # no covariance between the items


def test_constant_items_are_left_out_of_the_distance() -> None:
    x, _ = stored("complete")
    with_constant = np.column_stack([x, np.full(len(x), 3.0)])
    np.testing.assert_allclose(mahalanobis(with_constant)[0], mahalanobis(x)[0])


def test_two_passes_undo_masking() -> None:
    rng = np.random.default_rng(3)
    attentive = rng.standard_normal((300, 1)) * 0.8 + 0.6 * rng.standard_normal((300, 12))
    careless = 1.5 * rng.standard_normal((100, 12))
    x = np.vstack([attentive, careless])
    once = tail_probability(*mahalanobis(x)) < 0.001
    twice = unmasked_tail(x, np.zeros(len(x), dtype=bool)) < 0.001
    assert twice[300:].mean() > once[300:].mean() + 0.2
    assert twice[:300].mean() < 0.01
    everybody_odd = np.ones(len(x), dtype=bool)
    np.testing.assert_array_equal(unmasked_tail(x, everybody_odd) < 0.001, once)


def test_pairs_need_three_and_variance() -> None:
    pairs = np.array([[0, 1], [2, 3], [4, 5]])
    x = np.array([[1, 1, 2, 2, np.nan, 3], [3, 3, 3, 3, 3, 3], [1, 2, 2, 3, 3, 4.0]])
    np.testing.assert_allclose(psychometric_pairs(x, pairs), [np.nan, np.nan, 1.0])


def test_correlations_do_not_see_rounding_as_variance() -> None:
    x = np.array([[0.1 + 0.2, 0.3, 0.3], [1e8, 1e8, 1e8]])
    y = np.array([[1, 2, 3.0], [1, 2, 3]])
    assert np.isnan(within_person_correlation(x, y)).all()
    tiny = np.array([[1e-9, 2e-9, 3e-9]])
    assert within_person_correlation(tiny, y[:1]).tolist() == [pytest.approx(1.0)]


def test_item_correlations_are_pairwise() -> None:
    x, _ = stored("missing")
    np.testing.assert_allclose(item_correlations(x), pd.DataFrame(x).corr(), atol=1e-12)


def test_even_odd_never_falls_below_minus_one() -> None:
    x = np.array([[1, 5, 2, 3, 5, 1.0], [1, 5, 3, 3, 5, 1]])
    pairs = [np.array([0, 1]), np.array([2, 3]), np.array([4, 5])]
    assert even_odd(x, pairs).tolist() == [-1.0, -1.0]


def test_one_person_has_no_person_total() -> None:
    assert np.isnan(person_total(np.array([[1, 2, 3.0]]))).all()


def test_times_doubles_gaps_and_instructions() -> None:
    times = seconds_per_item(np.array([30, 0, np.nan, np.inf, 30.0]), np.array([10, 10, 10, 10, 0]))
    np.testing.assert_array_equal(times, [3.0, np.nan, np.nan, np.nan, np.nan])
    frame = pd.DataFrame({"a": [1, np.nan, 1, np.nan, np.nan], "b": [2, 3, 2, 3, np.nan]})
    assert earlier_double(frame).tolist() == [-1, -1, 0, 1, -1]
    assert earlier_double(frame[["a"]]).tolist() == [-1, -1, 0, -1, -1]
    assert earlier_double(frame[[]]).tolist() == [-1] * 5
    assert np.isnan(missing_share(np.zeros((2, 0)))).all()
    missed = instructions_missed(
        pd.DataFrame({"x": [1, 2, np.nan], "y": [5, 5, 4.0]}), {"x": [1], "y": [4, 5]}
    )
    assert missed.tolist() == [0, 1, 0]


def test_correlations_of_constant_and_hardly_answered_items() -> None:
    x = np.array([[1, 3, np.nan], [2, 3, np.nan], [4, 3, 5], [5, np.nan, 4.0]])
    r = item_correlations(x)
    assert r[0, 0] == pytest.approx(1.0)
    assert np.isnan(r[1]).all()  # does not vary
    assert r[0, 2] == pytest.approx(-1.0)  # two people answered both
    assert np.isnan(item_correlations(x[:1])).all()
