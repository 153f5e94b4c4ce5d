"""Populations from a model text: values, moments, computed variances, and every refusal."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import (
    DataError,
    IncompatibleRequestError,
    LoyaltySemError,
    ModelSpecificationError,
)
from loyaltysem.core.optimise import Status
from loyaltysem.estimation.distribution import fleishman, kurtosis_limit
from loyaltysem.estimation.population import Population, case_counts, population

LOYALTY = """
trust   =~ 0.8*t1 + 0.7*t2 + 0.75*t3
sat     =~ 0.75*s1 + 0.8*s2 + 0.65*s3
loyalty =~ 0.8*l1 + 0.75*l2 + 0.7*l3
loyalty ~ 0.45*trust + 0.3*sat
sat     ~ 0.4*trust
"""


def values(source: Population) -> dict[tuple[str, str, str, int], float]:
    frame = source.parameters
    keys = zip(frame["lhs"], frame["op"], frame["rhs"], frame["group"], strict=True)
    return dict(zip(keys, frame["value"], strict=True))


# ---------------------------------------------------------------------------------- moments


def test_moments_by_hand() -> None:
    source = population("f =~ x1 + 0.5*x2\nf ~~ 2*f\nx2 ~~ 0.7*x2\nx1 ~ 3*1\nf ~ 1*1")
    np.testing.assert_allclose(source.sigma[0], [[3.0, 1.0], [1.0, 1.2]])
    np.testing.assert_allclose(source.mu[0], [4.0, 0.5])
    assert source.names == ("x1", "x2") and source.labels == ("",) and source.ordered == ()


def test_values_come_from_starts_and_shared_labels_too() -> None:
    source = population("f =~ start(0.8)*x1 + a*x2 + a*x3 + 0.6*x2")
    found = values(source)
    assert [found["f", "=~", x, 1] for x in ("x1", "x2", "x3")] == [1.0, 0.6, 0.6]
    free = population("f =~ NA*x1 + start(0.8)*x1 + 0.5*x2")
    assert values(free)["f", "=~", "x1", 1] == 0.8


def test_standardized_makes_every_variance_one() -> None:
    source = population(LOYALTY, standardized=True)
    np.testing.assert_allclose(np.diagonal(source.sigma[0]), 1.0, atol=1e-14)
    found = values(source)
    assert found["sat", "~~", "sat", 1] == pytest.approx(1 - 0.4**2)
    explained = 0.45**2 + 0.3**2 + 2 * 0.45 * 0.3 * 0.4
    assert found["loyalty", "~~", "loyalty", 1] == pytest.approx(1 - explained)
    assert found["t2", "~~", "t2", 1] == pytest.approx(1 - 0.7**2)


def test_standardized_holds_for_loops_second_order_factors_and_covariates() -> None:
    text = """
    g =~ 0.7*a + 0.6*b
    a =~ 0.8*a1 + 0.7*a2
    b =~ 0.8*b1 + 0.7*b2
    y ~ 0.3*g + 0.2*x + 0.2*w
    w ~ 0.25*y + 0.1*x
    """
    source = population(text, standardized=True)
    np.testing.assert_allclose(np.diagonal(source.sigma[0]), 1.0, atol=1e-14)
    i, j = source.names.index("a1"), source.names.index("b2")
    assert source.sigma[0][i, j] == pytest.approx(0.8 * 0.7 * 0.6 * 0.7)


def test_a_written_variance_stays_where_it_does_not_stand_against_standardized() -> None:
    source = population("f =~ 0.8*x1 + 0.6*x2\nx1 ~~ 0.36*x1", standardized=True)
    np.testing.assert_allclose(np.diagonal(source.sigma[0]), 1.0, atol=1e-14)


def test_the_only_indicator_of_a_latent_has_no_residual() -> None:
    source = population("f =~ x\ny ~ 0.5*f")
    assert values(source)["x", "~~", "x", 1] == 0.0
    np.testing.assert_allclose(source.sigma[0], [[1.0, 0.5], [0.5, 1.25]])


def test_groups_are_read_off_the_text() -> None:
    text = "f =~ c(1, 1)*x1 + c(0.8, 0.6)*x2\nf ~ c(0, 0.5)*1"
    source = population(text)
    assert source.labels == ("1", "2")
    assert [s[0, 1] for s in source.sigma] == [0.8, 0.6]
    assert [m[0] for m in source.mu] == [0.0, 0.5]
    blocks = population("group: new\nf =~ x1 + 0.8*x2\ngroup: old\nf =~ x1 + 0.6*x2")
    assert blocks.labels == ("new", "old")
    np.testing.assert_allclose(blocks.sigma, source.sigma)
    same = population("f =~ x1 + 0.8*x2", groups=["new", "old"])
    np.testing.assert_array_equal(same.sigma[0], same.sigma[1])


def test_defined_parameters_are_among_the_true_values() -> None:
    source = population("m ~ a*x + 0.5*x\ny ~ b*m + 0.4*m\nind := a*b\na == 0.5")
    last = source.parameters.iloc[-1]
    assert (last["lhs"], last["op"], last["group"]) == ("ind", ":=", 0)
    assert last["value"] == pytest.approx(0.2)


# ------------------------------------------------------------------------- ordered variables


def test_a_latent_response_has_variance_one() -> None:
    source = population("f =~ 0.8*x1 + 0.7*x2 + 0.6*x3\nx1 | -1*t1 + 0.5*t2\nx2 | 0*t1")
    np.testing.assert_allclose(np.diagonal(source.sigma[0]), [1.0, 1.0, 1.36])
    assert source.thresholds[0] == {"x1": (-1.0, 0.5), "x2": (0.0,)}
    assert source.ordered == ("x1", "x2")


def test_the_variance_of_a_latent_response_can_be_written() -> None:
    theta = population("f =~ 0.8*x1 + 0.7*x2\nx1 | 0*t1\nx1 ~~ 1*x1")
    assert theta.sigma[0][0, 0] == pytest.approx(1.64)
    scale = population("f =~ 0.8*x1 + 0.7*x2\nx1 | 0*t1\nx1 ~*~ 0.5*x1")
    assert scale.sigma[0][0, 0] == pytest.approx(4.0)


@pytest.mark.parametrize("written", ["", "\nx ~~ 4*x"])
def test_a_latent_response_has_variance_one_given_the_covariates(written: str) -> None:
    source = population("f =~ 0.6*x1 + 0.7*x2\nf ~ 0.5*x\nx1 | 0*t1\nx2 | 0*t1" + written)
    x_variance = source.sigma[0][2, 2]
    assert x_variance == (4.0 if written else 1.0)
    by_x = source.sigma[0][0, 2] ** 2 / x_variance
    assert source.sigma[0][0, 0] - by_x == pytest.approx(1.0)


def test_ordered_outcomes_of_one_another_have_variance_one() -> None:
    source = population("y2 ~ 0.5*y1\ny3 ~ 0.4*y2\ny1 | 0*t1\ny2 | 0*t1\ny3 | 0*t1")
    np.testing.assert_allclose(np.diagonal(source.sigma[0]), 1.0)
    assert values(source)["y3", "~~", "y3", 1] == pytest.approx(1 - 0.4**2)


def test_probabilities_become_thresholds() -> None:
    source = population("f =~ 0.8*x1 + 0.7*x2\nx1 ~ 0.5*1", categories={"x1": [0.2, 0.5, 0.3]})
    low, high = source.thresholds[0]["x1"]
    assert low == pytest.approx(0.5 - 0.8416212, abs=1e-6)
    assert high == pytest.approx(0.5 + 0.5244005, abs=1e-6)
    assert values(source)["x1", "|", "t2", 1] == high
    groups = population("f =~ x1 + 0.7*x2\nf ~ c(0, 1)*1", categories={"x1": [0.2, 0.5, 0.3]})
    assert groups.thresholds[0] == groups.thresholds[1]


# --------------------------------------------------------------------------------- fitted models


def test_a_fit_is_a_population() -> None:
    rng = np.random.default_rng(2)
    frame = ls.simulate(LOYALTY + "t1 ~ 3*1", 400, seed=rng, standardized=True)
    fit = ls.sem("trust =~ t1 + t2 + t3\nsat =~ s1 + s2 + s3\nsat ~ trust", frame)
    source = population(fit)
    np.testing.assert_allclose(source.sigma[0], fit.implied_cov(), atol=1e-14)
    np.testing.assert_allclose(source.mu[0], frame[list(source.names)].mean())
    estimates = fit.parameters()["est"]
    np.testing.assert_array_equal(source.parameters["value"], estimates)


def test_an_ordinal_fit_brings_its_thresholds() -> None:
    frame = ls.simulate("f =~ 0.8*x1 + 0.7*x2 + 0.7*x3", 500, seed=1, standardized=True,
                        categories={n: [0.2, 0.5, 0.3] for n in ("x1", "x2", "x3")})  # fmt: skip
    fit = ls.sem("f =~ x1 + x2 + x3", frame, ordered=True)
    source = population(fit)
    np.testing.assert_allclose(np.diagonal(source.sigma[0]), 1.0, atol=1e-6)
    below = np.cumsum(frame["x1"].value_counts(normalize=True).sort_index())
    found = ls.simulate(fit, 100_000, seed=3)["x1"].value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(np.cumsum(found), below, atol=0.01)


# -------------------------------------------------------------------------------------- shapes


@pytest.mark.parametrize(
    ("skewness", "kurtosis"), [(0.0, 0.0), (0.0, -1.1), (1.0, 2.0), (-1.5, 4.0), (3.0, 20.0)]
)
def test_a_cubic_has_the_moments(skewness: float, kurtosis: float) -> None:
    found = fleishman(skewness, kurtosis)
    assert found is not None
    b, c, d = found
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    y = -c + b * nodes + c * nodes**2 + d * nodes**3
    moments = [float(weights @ y**k) for k in (1, 2, 3, 4)]
    assert moments == pytest.approx([0.0, 1.0, skewness, kurtosis + 3], abs=1e-8)


def test_published_coefficients() -> None:
    # Fleishman (1978), table 1: skewness 1.75, kurtosis 3.75
    assert fleishman(1.75, 3.75) == pytest.approx((0.92966052, 0.39949667, -0.03646699), abs=1e-7)


def test_the_limits_of_the_method() -> None:
    # the lowest kurtosis of a symmetric cubic, by search over all cubics of variance 1
    angle = np.linspace(0, np.pi, 2_000_001)
    d = np.sin(angle) / np.sqrt(6)
    b = np.cos(angle) - 3 * d
    lowest = (24 * (b * d + d * d * (12 + 48 * b * d + 225 * d * d))).min()
    assert kurtosis_limit(0.0, -2.0) == pytest.approx(lowest, abs=1e-4)
    assert kurtosis_limit(9.0, 0.0) is None


# ------------------------------------------------------------------------------------ refusals

TWO = "f =~ 0.8*x1 + 0.7*x2"
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("f =~ x1 + x2 + 0.5*x3 + x4\ny ~ f", {}, "population.no_value", "f=~x2, f=~x4, y~f"),
    ("f =~ x1 + 0.7*x2", {"standardized": True}, "population.no_value", "f=~x1"),
    ("f =~ NA*x1 + 0.7*x2", {}, "population.no_value", "f=~x1"),
    ("f =~ 0.8*x1 + 0.7*x2\nx1 ~~ x2", {}, "population.no_value", "x1~~x2"),
    ("f =~ 0.8*x1 + 1.2*x2", {"standardized": True}, "population.negative_residual", "'x2'"),
    (f"{TWO}\nx1 ~~ 1*x1", {"standardized": True}, "population.not_standardized", "'x1' (1.64)"),
    (f"{TWO}\nx1 ~~ 1.5*x2", {}, "population.not_positive_definite", "eigenvalue -0."),
    ("y ~ a*x + 0.5*x\na > 0.6", {}, "population.constraint", "a > 0.6"),
    ("y ~ a*x + 0.5*x\na == 0.6", {}, "population.constraint", "a == 0.6"),
    (f"{TWO}\nx1 | start(1)*t1 + start(0)*t2", {}, "population.thresholds", "1, 0"),
    (f"{TWO}\nx1 | 1*t1\nx1 ~*~ 1*x1\nx1 ~~ 1*x1", {}, "population.scale", "residual variance"),
    (f"{TWO}\nx1 | 1*t1\nx1 ~*~ 1*x1", {"standardized": True}, "population.scale", "standardized"),
    (TWO, {"groups": ["a", "a"]}, "request.groups", "a, a"),
    ("f =~ 0.8*x1 + 0.7*group", {"groups": ["a", "b"]}, "request.groups", "'group'"),
    (TWO, {"skewness": 2}, "population.shape", "needs a kurtosis of at least 5.15"),
    (TWO, {"kurtosis": 200}, "population.shape", "at most"),
    (TWO, {"skewness": 9}, "population.shape", "no kurtosis goes"),
    (TWO, {"skewness": {"x3": 1}}, "request.variable", "'x3'"),
    (TWO, {"kurtosis": {"x1": "much"}}, "request.number", "much"),
    ("y ~ 0.99*x\ny ~~ 0.01*y", {"skewness": {"x": 1.7}, "kurtosis": {"x": 4}},
     "population.correlation", "'x'"),
    (TWO, {"categories": {"x3": [0.5, 0.5]}}, "request.categories", "'x3'"),
    (TWO, {"categories": {"x1": [0.5, 0.4]}}, "request.categories", "sum to 1"),
    (TWO, {"categories": {"x1": [1.0]}}, "request.categories", "two or more"),
    (f"{TWO}\nx1 | 0*t1", {"categories": {"x1": [0.5, 0.5]}}, "request.categories", "Keep|both"),
    (TWO, {"missing": 1.0}, "request.missing", "share of 1"),
    (TWO, {"missing": "much"}, "request.missing", "numbers"),
    (TWO, {"missing": {"predictor": "x1"}}, "request.missing", "'share'"),
    (TWO, {"missing": {"share": 0.1, "preditor": "x1"}}, "request.missing", "'preditor'"),
    (TWO, {"missing": {"share": 0.1, "items": "x9"}}, "request.missing", "'x9'"),
    (TWO, {"missing": {"share": 0.1, "items": 5}}, "request.names", "not 5"),
    (TWO, {"missing": {"share": 0.1, "predictor": 5}}, "request.missing", "not 5"),
    (TWO, {"missing": {"share": 0.1, "predictor": "x1", "items": ["x1"]}}, "request.missing",
     "must stay complete"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "options", "code", "said"), REFUSED)
def test_refusals(text: str, options: dict[str, Any], code: str, said: str) -> None:
    with pytest.raises(LoyaltySemError) as caught:
        population(text, **options)
    assert caught.value.code == code
    assert any(part in str(caught.value) for part in said.split("|"))
    assert caught.value.hint


def test_shapes_and_correlations_that_no_normal_distribution_gives() -> None:
    text = "f =~ 0.8*x1 + 0.8*x2 + -0.8*x3 + -0.8*x4"
    assert population(text, standardized=True, skewness=1.5, kurtosis=6)
    with pytest.raises(IncompatibleRequestError, match="smallest eigenvalue -0") as caught:
        population(text, standardized=True, skewness=1.5, kurtosis=3)
    assert caught.value.code == "population.intermediate"


def test_the_place_of_a_missing_value_is_shown() -> None:
    with pytest.raises(ModelSpecificationError, match=r"line 2, column 15") as caught:
        population("\nf =~ 0.8*x1 + x2")
    assert "^^" in str(caught.value)


def test_a_fit_brings_everything_itself() -> None:
    frame = ls.simulate("f =~ 0.8*x1 + 0.7*x2 + 0.6*x3", 200, seed=1)
    fit = ls.sem("f =~ x1 + x2 + x3", frame)
    with pytest.raises(IncompatibleRequestError, match="its own groups"):
        population(fit, standardized=True)


def test_estimates_that_did_not_converge_are_no_population() -> None:
    frame = ls.simulate("f =~ 0.8*x1 + 0.7*x2 + 0.6*x3", 200, seed=1)
    fit = ls.sem("f =~ x1 + x2 + x3", frame)
    stopped = replace(fit.solution, status=np.array([Status.MAXIMUM_ITERATIONS]))
    with pytest.raises(IncompatibleRequestError, match="did not converge"):
        population(replace(fit, solution=stopped))


def test_groups_must_be_those_of_the_text() -> None:
    text = "group: new\nf =~ x1 + 0.8*x2\ngroup: old\nf =~ x1 + 0.6*x2"
    with pytest.raises(ModelSpecificationError, match="'group: old'"):
        population(text, groups=["new", "other"])
    with pytest.raises(ModelSpecificationError, match="2 values are given for 3"):
        population("f =~ x1 + c(0.8, 0.6)*x2", groups=["a", "b", "c"])


def test_a_population_can_be_sent_to_another_process() -> None:
    source = population(LOYALTY, standardized=True, skewness=1, kurtosis=2, missing=0.1)
    copy = pickle.loads(pickle.dumps(source))
    np.testing.assert_array_equal(copy.sigma[0], source.sigma[0])
    np.testing.assert_array_equal(copy.distribution[0].cubic, source.distribution[0].cubic)
    assert copy.missing[0].intercept == source.missing[0].intercept


@pytest.mark.parametrize(
    ("model", "options", "code"),
    [
        ("y ~ 1*x + 1*z\nz ~ 1*y", {}, "population.loop"),
        ("f =~ .8*x1 + .7*x2 + .6*x3", {"categories": 5}, "request.categories"),
        ("f =~ .8*x1 + .7*x2 + .6*x3", {"categories": {"x1": 5}}, "request.categories"),
        (None, {}, "request.model"),
    ],
)
def test_slips_of_a_newcomer_are_told(model: Any, options: dict[str, Any], code: str) -> None:
    with pytest.raises(LoyaltySemError) as error:
        population(model, **options)
    assert error.value.code == code


def test_case_counts() -> None:
    assert case_counts(5, ("a", "b")) == [5, 5]
    assert case_counts([5, 6], ("a", "b")) == [5, 6]
    assert case_counts({"b": 6, "a": 5}, ("a", "b")) == [5, 6]
    for wrong in (0, -1, 2.5, "many", [5], {"a": 5}, {"a": 5, "b": 6, "c": 7}, [5, 0]):
        with pytest.raises(DataError) as caught:
            case_counts(wrong, ("a", "b"))  # type: ignore[arg-type]  # that is the point
        assert caught.value.code == "request.n"
