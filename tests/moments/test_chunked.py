from fractions import Fraction

import numpy as np
import pytest

from loyaltysem.core.errors import DataError
from loyaltysem.moments.chunked import (
    RunningMoments,
    Tally,
    grouped_moments,
    merge_pairwise,
    moments_of,
    nothing,
    tally,
)


def exact(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sums of centred products of the columns, in rational arithmetic."""
    columns = [[Fraction(float(x)) for x in row] for row in values]
    mean = [sum(c) / len(c) for c in columns]
    centred = [[x - m for x in c] for c, m in zip(columns, mean, strict=True)]
    cross = [[sum(a * b for a, b in zip(c, d, strict=True)) for d in centred] for c in centred]
    return np.array(mean, dtype=float), np.array(cross, dtype=float)


def in_chunks(values: np.ndarray, size: int) -> Tally:
    starts = range(0, values.shape[1], size)
    parts = (tally(values[:, i : i + size].copy()) for i in starts)
    return merge_pairwise(parts, nothing(len(values)))


@pytest.mark.parametrize(
    "disturb",
    [
        pytest.param(lambda x: x, id="plain"),
        pytest.param(lambda x: x + 1e8, id="large mean"),
        pytest.param(lambda x: np.sort(x, axis=1) + 1e6, id="sorted"),
        pytest.param(lambda x: x * np.array([[1e-9], [1.0], [1e9]]) + 7, id="units"),
        pytest.param(lambda x: np.concatenate([[[1e9]] * 3, x], axis=1), id="outlier first"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_chunks_are_as_exact_as_two_passes(disturb, size: int) -> None:
    values = disturb(np.random.default_rng(3).normal(size=(3, 500)))
    found = in_chunks(values, size).groups[""]
    mean, cross = exact(values)
    sd = np.sqrt(np.diag(cross) / values.shape[1])
    # covariances to a few roundings of the standard deviations, whatever the means are
    error = np.abs(found.cross - cross) / np.sqrt(np.outer(np.diag(cross), np.diag(cross)))
    assert error.max() < 2e-14
    assert (np.abs(found.mean - mean) <= 3e-16 * np.abs(mean) + 1e-14 * sd).all()
    assert found.n == values.shape[1]


def test_a_large_mean_costs_no_digits_where_raw_sums_lose_all() -> None:
    values = np.random.default_rng(0).normal(size=(2, 400)) + 1e8
    _, cross = exact(values)
    raw = values @ values.T - 400 * np.outer(values.mean(axis=1), values.mean(axis=1))
    assert abs(raw[0, 0] / cross[0, 0] - 1) > 1e-3
    assert abs(in_chunks(values, 32).groups[""].cross[0, 0] / cross[0, 0] - 1) < 1e-12


def test_the_tree_does_not_depend_on_how_parts_arrive_and_keeps_only_a_level_each() -> None:
    class Words(str):
        def merged(self, other: "Words") -> "Words":
            return Words(f"({self}{other})" if self and other else self + other)

    assert merge_pairwise((Words(c) for c in "abcdefg"), Words()) == "(((ab)(cd))((ef)g))"
    assert merge_pairwise(iter(()), Words("-")) == "-"


def test_a_constant_has_exactly_no_variance() -> None:
    values = np.random.default_rng(1).normal(size=(2, 90))
    values[1] = 0.1
    found = in_chunks(values, 11).groups[""]
    assert found.cross[1].tolist() == [0.0, 0.0]
    assert found.mean[1] == 0.1


def test_incomplete_cases_are_counted_and_left_out() -> None:
    values = np.arange(12.0).reshape(2, 6) ** 2
    values[0, 1] = values[1, 4] = np.nan
    found = tally(values.copy())
    assert (found.groups[""].n, found.n_rows, found.missing.tolist()) == (4, 6, [1, 1])
    kept = values[:, [0, 2, 3, 5]]
    np.testing.assert_allclose(found.groups[""].mean, kept.mean(axis=1))
    np.testing.assert_allclose(found.groups[""].cross / 3, np.cov(kept))


def test_groups_keep_the_order_of_their_first_row() -> None:
    values = np.array([[1.0, 2, 4, 8, 16], [3.0, 1, 4, 1, 5]])
    first = tally(values.copy(), ("b",), np.zeros(5, dtype=np.intp))
    second = tally(values.copy(), ("a", "b"), np.array([0, 1, -1, 0, 1]))
    both = first.merged(second)
    assert {k: x.n for k, x in both.groups.items()} == {"b": 7, "a": 2}
    assert list(both.groups) == ["b", "a"]
    assert both.n_rows == 10


def test_moments_of_no_cases_change_nothing() -> None:
    some, none = moments_of(np.arange(6.0).reshape(2, 3)), moments_of(np.empty((2, 0)))
    assert none.merged(some) is some
    assert some.merged(none) is some


def fails(values: np.ndarray, labels=("",), member=None) -> DataError:
    with pytest.raises(DataError) as caught:
        grouped_moments(tally(values, labels, member), ["x", "y"])
    return caught.value


def test_a_finished_tally_is_checked_as_a_frame_is() -> None:
    ok = np.random.default_rng(0).normal(size=(2, 20))
    none, one = np.full((2, 5), np.nan), np.ones((2, 20))
    none[1, :3] = 1.0
    assert fails(np.empty((2, 0))).code == "data.empty"
    error = fails(none)
    assert error.code == "data.no_complete_case"
    assert error.hint == "'x' is missing in 100% of the rows."
    infinite = ok.copy()
    infinite[1, 3] = -np.inf
    error = fails(infinite)
    assert error.code == "data.infinite"
    assert "'y'" in error.message
    assert fails(ok[:, :2].copy()).code == "data.too_few_cases"
    constant = np.stack([one[0], ok[1]])
    error = fails(constant)
    assert error.code == "data.constant"
    assert "'x'" in error.message
    member = np.zeros(20, dtype=np.intp)
    assert fails(ok.copy(), ("a", "b"), member).code == "data.empty_group"
    assert fails(ok.copy(), (), member - 1).code == "data.empty_group"


def test_a_finished_tally_gives_what_programs_print() -> None:
    values = np.random.default_rng(0).normal(size=(2, 20))
    found = grouped_moments(tally(values.copy()), ["x", "y"])
    np.testing.assert_allclose(found.cov[0], np.cov(values))
    assert found.mean is not None
    np.testing.assert_allclose(found.mean[0], values.mean(axis=1))
    assert (found.n_obs, found.labels, found.n_total) == ((20,), ("",), 20)
    assert isinstance(tally(values).groups[""], RunningMoments)
