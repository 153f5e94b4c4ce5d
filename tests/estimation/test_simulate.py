"""Samples: their moments, shapes, categories and missing answers, and that seeds are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import loyaltysem as ls
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.types import Array
from loyaltysem.estimation.missingness import Missing
from loyaltysem.estimation.population import population
from loyaltysem.estimation.simulate import draw

LOYALTY = """
trust   =~ 0.8*t1 + 0.7*t2 + 0.75*t3
sat     =~ 0.75*s1 + 0.8*s2 + 0.65*s3
loyalty =~ 0.8*l1 + 0.75*l2 + 0.7*l3
loyalty ~ 0.45*trust + 0.3*sat
sat     ~ 0.4*trust
"""
ANALYSIS = """
trust   =~ t1 + t2 + t3
sat     =~ s1 + s2 + s3
loyalty =~ l1 + l2 + l3
loyalty ~ trust + sat
sat     ~ trust
"""
ITEMS = ["t1", "t2", "t3", "s1", "s2", "s3", "l1", "l2", "l3"]
LIKERT = {name: [0.05, 0.15, 0.3, 0.3, 0.2] for name in ITEMS}
MANY = 400_000


def sample(**options: Any) -> Array:
    source = population(LOYALTY, standardized=True, **options)
    return draw(source, MANY, np.random.default_rng(5))[0][0]


# ------------------------------------------------------------------------------ distributions


@pytest.mark.parametrize("shape", [{}, {"skewness": 1.0, "kurtosis": 2.0}])
def test_covariances_are_the_population_s(shape: dict[str, float]) -> None:
    found = np.cov(sample(**shape), rowvar=False)
    expected = population(LOYALTY, standardized=True).sigma[0]
    np.testing.assert_allclose(found, expected, atol=0.012)


def test_skewness_and_kurtosis_item_by_item() -> None:
    x = sample(skewness={"t1": 1.5, "l3": -1.0}, kurtosis={"t1": 4.0, "l3": 2.0, "s1": -0.8})
    expected = np.zeros((2, 9))
    expected[0, [0, 8]] = 1.5, -1.0
    expected[1, [0, 3, 8]] = 4.0, -0.8, 2.0
    np.testing.assert_allclose(stats.skew(x), expected[0], atol=0.05)
    np.testing.assert_allclose(stats.kurtosis(x), expected[1], atol=0.25)


def test_written_thresholds() -> None:
    text = "f =~ 0.8*x1 + 0.7*x2\nx1 | -1*t1 + 0.5*t2\nx2 ~ 3*1"
    frame = ls.simulate(text, MANY, seed=1)
    assert frame["x1"].dtype == np.int64
    shares = frame["x1"].value_counts(normalize=True).sort_index()
    expected = np.diff(stats.norm.cdf([-np.inf, -1.0, 0.5, np.inf]))
    np.testing.assert_allclose(shares, expected, atol=0.004)
    assert frame["x2"].mean() == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize(
    "shape",
    [{}, {"skewness": 1.0, "kurtosis": 2.0}, {"skewness": 1.75, "kurtosis": 3.75}],
    ids=["normal", "rising cubic", "folding cubic"],
)
def test_probabilities_of_categories_hold_for_every_shape(shape: dict[str, float]) -> None:
    text = "f =~ 0.4*x1 + 0.4*x2\nx1 ~ 2*1"
    shares = [0.1, 0.2, 0.3, 0.25, 0.15]
    frame = ls.simulate(text, MANY, seed=1, categories={"x1": shares}, **shape)
    found = frame["x1"].value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(found, shares, atol=0.004)


def test_thresholds_hold_in_groups_with_other_means() -> None:
    text = "f =~ 0.8*x1 + 0.7*x2\nf ~ c(0, 1)*1"
    frame = ls.simulate(text, {"new": 50_000, "old": 100_000}, seed=1,
                        categories={"x1": [0.5, 0.5]})  # fmt: skip
    upper = (frame["x1"] == 2).groupby(frame["group"]).mean()
    assert upper["new"] == pytest.approx(0.5, abs=0.01)
    assert upper["old"] == pytest.approx(stats.norm.cdf(0.8), abs=0.01)


# ---------------------------------------------------------------------------- missing answers


def test_missing_completely_at_random() -> None:
    missing = np.isnan(sample(missing=0.15))
    np.testing.assert_allclose(missing.mean(axis=0), 0.15, atol=0.004)
    assert np.abs(np.corrcoef(missing, rowvar=False) - np.eye(9)).max() < 0.01


@pytest.mark.parametrize(
    "options",
    [{}, {"skewness": 1.0, "kurtosis": 2.0}, {"categories": {"t1": [0.1, 0.2, 0.3, 0.4]}}],
    ids=["normal", "skewed", "ordered"],
)
def test_missing_at_random_keeps_its_share_and_its_strength(options: dict[str, Any]) -> None:
    rule = {"share": 0.2, "predictor": "t1", "strength": 1.5, "items": ["t2", "l1"]}
    x = sample(missing=rule, **options)
    missing = np.isnan(x)
    np.testing.assert_allclose(missing[:, [1, 6]].mean(axis=0), 0.2, atol=0.004)
    assert not missing[:, [0, 2, 3, 4, 5, 7, 8]].any()
    # log-odds in two slices of the predictor, one standard deviation apart
    z = (x[:, 0] - x[:, 0].mean()) / x[:, 0].std()
    levels = np.unique(z) if "categories" in options else np.array([-0.5, 0.5])
    share = [missing[np.abs(z - level) < 0.05, 1].mean() for level in levels]
    slope = np.polyfit(levels, np.log(share) - np.log1p(-np.array(share)), 1)[0]
    assert slope == pytest.approx(1.5, abs=0.1)


def test_a_rule_can_be_an_object() -> None:
    rule = Missing(0.2, predictor="t1", strength=2.0, items=("t2",))
    same = {"share": 0.2, "predictor": "t1", "strength": 2.0, "items": "t2"}
    frames = [ls.simulate(LOYALTY, 100, seed=1, missing=m) for m in (rule, same)]
    pd.testing.assert_frame_equal(*frames)
    assert frames[0]["t2"].isna().any()


def test_all_but_the_predictor_lose_answers_by_default() -> None:
    frame = ls.simulate(LOYALTY, 2000, seed=1, missing={"share": 0.1, "predictor": "s1"})
    assert frame["s1"].notna().all()
    assert (frame.drop(columns="s1").isna().mean() > 0.05).all()


def test_an_ordered_item_with_missing_answers_is_a_float() -> None:
    frame = ls.simulate(LOYALTY, 200, seed=1, standardized=True, categories=LIKERT,
                        missing={"share": 0.2, "items": "t1"})  # fmt: skip
    assert frame["t1"].isna().any() and frame["t1"].dtype == np.float64
    assert set(frame["t1"].dropna()) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert frame["t2"].dtype == np.int64


# --------------------------------------------------------------------------------- exact moments


def test_an_exact_sample_has_the_population_s_moments() -> None:
    source = population(LOYALTY + "t1 ~ 3*1", standardized=True)
    frame = ls.simulate(LOYALTY + "t1 ~ 3*1", 60, seed=1, standardized=True, exact=True)
    np.testing.assert_allclose(frame.cov(ddof=0), source.sigma[0], atol=1e-12)
    np.testing.assert_allclose(frame.mean(), source.mu[0], atol=1e-12)


def test_ml_recovers_the_population_from_an_exact_sample() -> None:
    text = LOYALTY.replace("0.8*t1", "1*t1").replace("0.75*s1", "1*s1").replace("0.8*l1", "1*l1")
    fit = ls.sem(ANALYSIS, ls.simulate(text, 200, seed=1, exact=True))
    assert fit.fit_measures()["chisq"] == pytest.approx(0.0, abs=1e-8)
    true = population(text).parameters.set_index(["lhs", "op", "rhs"])["value"]
    for row in fit.parameters().itertuples():
        assert row.est == pytest.approx(true[row.lhs, row.op, row.rhs], abs=1e-6)


def test_exact_groups_differ() -> None:
    text = "f =~ c(0.9, 0.5)*x1 + 0.7*x2\nf ~ c(0, 1)*1"
    frame = ls.simulate(text, [30, 40], seed=1, exact=True)
    means = frame.groupby("group")["x1"].mean()
    assert means.tolist() == pytest.approx([0.0, 0.5], abs=1e-12)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kurtosis": 1.0}, "kurtosis"),
        ({"categories": {"t1": [0.5, 0.5]}}, "ordered"),
        ({"missing": 0.1}, "missing answers"),
        ({"n": 9}, "as many variables as cases"),
    ],
)
def test_exact_is_refused_where_it_cannot_be(options: dict[str, Any], said: str) -> None:
    with pytest.raises(IncompatibleRequestError, match=said) as caught:
        ls.simulate(LOYALTY, **{"n": 100, "exact": True, "standardized": True, **options})
    assert caught.value.code == "request.exact"


# ---------------------------------------------------------------------------- seeds and batches

EVERYTHING: dict[str, Any] = {
    "skewness": 1.0,
    "kurtosis": 2.0,
    "categories": {"t2": [0.3, 0.4, 0.3]},
    "missing": {"share": 0.2, "predictor": "t1"},
}


@pytest.mark.parametrize("options", [{}, EVERYTHING], ids=["normal", "everything"])
def test_numbers_do_not_depend_on_the_size_of_the_batch(options: dict[str, Any]) -> None:
    source = population(LOYALTY, standardized=True, groups=["new", "old"], **options)
    whole = draw(source, [40, 30], np.random.default_rng(3), 7)
    rng = np.random.default_rng(3)
    parts = [draw(source, [40, 30], rng, size) for size in (1, 4, 2)]
    for g, shape in enumerate([(7, 40, 9), (7, 30, 9)]):
        assert whole[g].shape == shape
        np.testing.assert_array_equal(whole[g], np.concatenate([part[g] for part in parts]))


def test_a_seed_gives_the_same_sample_and_another_seed_another() -> None:
    first, again, other = (ls.simulate(LOYALTY, 50, seed=s) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not np.allclose(first, other)
    source = population(LOYALTY)
    drawn = draw(source, 50, np.random.default_rng(1))[0][0]
    np.testing.assert_array_equal(ls.simulate(source, 50, seed=1), drawn)
    assert not np.allclose(ls.simulate(LOYALTY, 50), ls.simulate(LOYALTY, 50))


def test_groups_are_a_column() -> None:
    frame = ls.simulate(LOYALTY, {"new": 20, "old": 30}, seed=1)
    assert frame["group"].value_counts().to_dict() == {"old": 30, "new": 20}
    assert ls.simulate(LOYALTY, [5, 6], seed=1)["group"].tolist() == ["1"] * 5 + ["2"] * 6
    named = ls.simulate(LOYALTY, [5, 6], seed=1, groups=["a", "b"])
    assert named["group"].tolist() == ["a"] * 5 + ["b"] * 6
    assert "group" not in ls.simulate(LOYALTY, [5], seed=1)
    with pytest.raises(DataError, match="'a', 'b'"):
        ls.simulate(LOYALTY, [5, 6, 7], groups=["a", "b"])


@pytest.mark.parametrize("seed", [-1, 1.5, "a"])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(IncompatibleRequestError, match="is no seed"):
        ls.simulate(LOYALTY, 50, seed=seed)


@pytest.mark.parametrize("n", [True, 50.0, "50", 0])
def test_a_number_of_cases_is_a_whole_number(n: Any) -> None:
    with pytest.raises(DataError, match="how many cases"):
        ls.simulate(LOYALTY, n)


def test_cases_of_groups_may_be_an_array() -> None:
    assert len(ls.simulate(LOYALTY, np.array([20, 30]), seed=1)) == 50


def test_a_population_takes_no_further_options() -> None:
    with pytest.raises(IncompatibleRequestError, match="skewness"):
        ls.simulate(population(LOYALTY), 50, skewness=1.0)


# ------------------------------------------------------------------------------------ round trips


def standardised(fit: Any) -> pd.Series:
    frame = fit.parameters(standardized=True)
    frame = frame[frame["op"].isin(["=~", "~"])]
    return frame.set_index(["lhs", "op", "rhs"])["std_all"]


@pytest.mark.parametrize(
    ("drawn", "fitted"),
    [
        ({}, {}),
        ({"skewness": 0.5, "kurtosis": 1.0}, {"estimator": "MLR"}),
        ({"categories": LIKERT}, {"ordered": ITEMS}),
        ({"missing": {"share": 0.2, "predictor": "t1", "strength": 1.5}}, {"missing": "fiml"}),
    ],
    ids=["ML", "MLR", "WLSMV", "FIML"],
)
def test_a_fit_recovers_the_population(drawn: dict[str, Any], fitted: dict[str, Any]) -> None:
    frame = ls.simulate(LOYALTY, 6000, seed=7, standardized=True, **drawn)
    found = standardised(ls.sem(ANALYSIS, frame, **fitted))
    true = population(LOYALTY, standardized=True).parameters.set_index(["lhs", "op", "rhs"])
    np.testing.assert_allclose(found, true.loc[found.index, "value"], atol=0.05)


def test_a_multigroup_fit_is_simulated_and_recovered() -> None:
    text = "f =~ 1*x1 + c(0.8, 0.5)*x2 + 0.7*x3 + 0.6*x4\nf ~~ c(1, 1.5)*f\nx1 ~ c(2, 3)*1"
    frame = ls.simulate(text, {"new": 900, "old": 800}, seed=1).rename(columns={"group": "who"})
    fit = ls.cfa("f =~ x1 + x2 + x3 + x4", frame, group="who")
    again = ls.simulate(fit, {"old": 4000, "new": 4000}, seed=2)
    refit = ls.cfa("f =~ x1 + x2 + x3 + x4", again, group="who")
    assert refit.groups == fit.groups == ("new", "old")
    np.testing.assert_allclose(refit.params, fit.params, atol=0.15)
    exact = ls.cfa("f =~ x1 + x2 + x3 + x4", ls.simulate(fit, 50, exact=True), group="who")
    np.testing.assert_allclose(exact.params, fit.params, atol=1e-5)


def test_covariates_of_ordered_items_are_recovered() -> None:
    text = """
    f =~ 0.8*x1 + 0.7*x2 + 0.6*x3
    f ~ 0.5*age
    age ~~ 4*age
    f ~~ 0.9*f
    """
    cut = {f"x{i}": [0.3, 0.4, 0.3] for i in (1, 2, 3)}
    frame = ls.simulate(text.replace("0.8*x1", "1*x1"), 8000, seed=4, categories=None)
    fit = ls.sem("f =~ x1 + x2 + x3\nf ~ age", frame)
    assert fit.params["f~age"] == pytest.approx(0.5, abs=0.03)
    scaled = text.replace("0.8*x1 + 0.7*x2 + 0.6*x3", "1*x1 + 0.9*x2 + 0.8*x3")
    scaled = scaled.replace("f ~~ 0.9*f", "f ~~ 0.5*f")
    frame = ls.simulate(scaled, 8000, seed=4, categories=cut)
    fit = ls.sem("f =~ x1 + x2 + x3\nf ~ age", frame, ordered=["x1", "x2", "x3"])
    estimates = fit.params
    assert estimates["f~age"] == pytest.approx(0.5, abs=0.04)
    assert estimates["f=~x2"] == pytest.approx(0.9, abs=0.05)
    assert estimates["f~~f"] == pytest.approx(0.5, abs=0.05)
