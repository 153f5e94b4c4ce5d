"""The composite index: by hand, its intervals on known truth, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.loyalty_index import factor_weights, loyalty_index, weighted_alpha
from loyaltysem.core.errors import DataError, IncompatibleRequestError

RANGES = {"a": (1.0, 5.0), "b": (0.0, 10.0), "c": (1.0, 5.0)}


def people(n: int = 400, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    loyal = rng.normal(size=n)
    return pd.DataFrame(
        {
            "a": (3 + 0.5 * loyal + 0.3 * rng.normal(size=n)).clip(1, 5),
            "b": (5 + 1.2 * loyal + 1.5 * rng.normal(size=n)).clip(0, 10),
            "c": (3 - 0.5 * loyal + 0.5 * rng.normal(size=n)).clip(1, 5),
        }
    )


def test_the_index_by_hand() -> None:
    data = people()
    found = loyalty_index(data, list("abc"), ranges=RANGES, reverse=["c"], draws=100)
    own = (25 * (data["a"] - 1) + 10 * data["b"] + 100 - 25 * (data["c"] - 1)) / 3
    np.testing.assert_allclose(found.persons["index"], own)
    assert found.mean == pytest.approx(own.mean())
    assert found.frame["weight"].tolist() == pytest.approx([1 / 3] * 3)
    assert found.findings == ()


def test_given_weights_are_scaled_to_one() -> None:
    found = loyalty_index(people(), ["a", "b"], weights={"a": 3, "b": 1}, draws=100)
    assert found.frame["weight"].tolist() == [0.75, 0.25] and found.weights == "given"
    assert next(f.code for f in found.findings) == "loyalty_index.ranges"


def test_factor_weights_are_those_of_the_regression_method() -> None:
    """Of exact one-factor correlations the weights are λ/(1 − λ²), over the deviations."""
    loadings, sds = np.array([0.9, 0.7, 0.5, 0.6]), np.array([1.0, 2.0, 3.0, 1.0])
    r = np.outer(loadings, loadings)
    np.fill_diagonal(r, 1.0)
    z = np.random.default_rng(1).normal(size=(500, 4))
    z = (z - z.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(z, rowvar=False))).T
    x = z @ np.linalg.cholesky(r).T * sds
    w = loadings / (1 - loadings**2) / sds
    np.testing.assert_allclose(factor_weights(x), w / w.sum(), rtol=1e-3)


def test_factor_weights_favour_the_clearer_component() -> None:
    found = loyalty_index(people(), list("abc"), weights="factor", reverse=["c"], draws=100)
    w = found.frame.set_index("component")
    assert w["weight"].sum() == pytest.approx(1.0)
    assert w.loc["a", "weight"] > w.loc["b", "weight"]
    assert (w["weight_lower"] < w["weight"]).all() and (w["weight"] < w["weight_upper"]).all()


def test_the_mean_interval_covers() -> None:
    hits = 0
    truth = loyalty_index(people(200_000, 99), list("ab"), ranges=RANGES_AB, draws=100).mean
    for seed in range(60):
        found = loyalty_index(people(150, seed), list("ab"), ranges=RANGES_AB, draws=200, seed=seed)
        hits += found.ci_lower < truth < found.ci_upper
    assert 51 <= hits <= 60


RANGES_AB = {k: RANGES[k] for k in "ab"}


def test_a_persons_interval_holds_a_second_measurement() -> None:
    """With parallel components the index measured again falls inside 95 % of the time."""
    rng = np.random.default_rng(3)
    true = rng.normal(50, 10, 2000)
    first, again = (true[:, None] + rng.normal(0, 8, (2000, 4)) for _ in range(2))
    ranges = dict.fromkeys("abcd", (-100.0, 200.0))
    found = loyalty_index(pd.DataFrame(first, columns=list("abcd")), list("abcd"), ranges=ranges,
                          draws=300)  # fmt: skip
    # the person's true index lies inside as often as stated
    own = 100 * (true + 100) / 300
    inside = (found.persons["ci_lower"] < own) & (own < found.persons["ci_upper"])
    assert 0.93 < inside.mean() < 0.97
    assert found.reliability == pytest.approx(100 / (100 + 16), abs=0.02)
    assert again.shape == first.shape


def test_missing_components_leave_no_index() -> None:
    data = people()
    data.loc[3, "a"] = np.nan
    found = loyalty_index(data, ["a", "b"], ranges=RANGES_AB, draws=100)
    assert np.isnan(found.persons.loc[3, "index"]) and found.persons["index"].notna().sum() == 399
    assert [f.code for f in found.findings] == ["loyalty_index.missing"]


def test_components_that_do_not_go_together_are_told() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.uniform(size=(100, 2)), columns=["a", "b"])
    found = loyalty_index(data, ["a", "b"], draws=100)
    assert found.reliability < 0.5
    assert "loyalty_index.alpha" in [f.code for f in found.findings]
    assert "Loyalty index" in found._repr_html_()
    with pytest.raises(DataError) as caught:
        loyalty_index(people(), list("abc"), weights="factor", draws=100)
    assert caught.value.code == "loyalty_index.factor"


def test_alpha_of_parallel_parts() -> None:
    assert weighted_alpha(np.array([[1.0, 0], [0, 1], [1, 1], [0, 0]]), np.ones(2)) == 0.0


@pytest.mark.parametrize(
    "request_",
    [
        {"components": ["a"]}, {"components": ["a", "a"]}, {"components": ["a", "d"]},
        {"weights": "best"}, {"weights": {"a": 1.0}}, {"weights": {"a": 1.0, "b": -1.0}},
        {"ranges": {"a": (5, 1)}}, {"reverse": ["c"]}, {"draws": 5}, {"level": 2.0},
    ],
)  # fmt: skip
def test_requests_that_cannot_be_met(request_: dict[str, object]) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        loyalty_index(people(), **({"components": ["a", "b"]} | request_))  # type: ignore[arg-type]
    assert caught.value.code == "loyalty_index.request"


def test_data_that_cannot_be_used() -> None:
    with pytest.raises(DataError, match="fewest"):
        loyalty_index(people(5), ["a", "b"])
    with pytest.raises(DataError, match="its range"):
        loyalty_index(people(), ["a", "b"], ranges={"a": (2.5, 3.0)})
    with pytest.raises(DataError, match="runs from 1 to 1"):
        loyalty_index(people().assign(a=1.0), ["a", "b"])
