"""Reliability under fitted models, against semTools where it computes the same."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.measurement.categories import category_covariances
from loyaltysem.core.errors import IncompatibleRequestError

TESTS = Path(__file__).parents[2]
GOLDEN = json.loads((TESTS / "golden/measurement.json").read_text("utf-8"))
HS = pd.read_csv(TESTS / "golden/data/HolzingerSwineford1939.csv")
LIKERT = pd.read_csv(TESTS / "golden/data/likert9.csv")
THREE = "v =~ x1 + x2 + x3\nt =~ x4 + x5 + x6\ns =~ x7 + x8 + x9"
ROWS = {"alpha": "alpha", "omega": "omega", "omega2": "omega_implied", "omega3": "omega_observed"}
# lavaan and we stop at our own tolerances; the bifactor model is ill-conditioned
RTOL = 2e-5


def table(fit):
    return ls.reliability(fit).frame.set_index("construct")


def test_bifactor_gives_omega_hierarchical_as_semtools():
    general = "g =~ " + " + ".join(f"x{i}" for i in range(1, 10))
    with pytest.warns(UserWarning):  # a Heywood case, in lavaan as well
        fit = ls.cfa(f"{general}\n{THREE}", HS, orthogonal=True, std_lv=True)
    found = table(fit)
    for theirs, ours in ROWS.items():
        for latent, value in GOLDEN["bifactor"][theirs].items():
            assert found[ours][latent] == pytest.approx(value, rel=RTOL)
    assert found["omega_total"]["g"] > found["omega_implied"]["g"]


def test_second_order_reaches_through_its_dimensions():
    found = table(ls.cfa(f"{THREE}\ng =~ v + t + s", HS))
    golden = GOLDEN["second"]
    assert found["omega_implied"]["g"] == pytest.approx(golden["omegaL1"], rel=RTOL)
    assert found["omega"]["g"] == pytest.approx(golden["partialOmegaL1"], rel=RTOL)
    assert found["n_items"].tolist() == [3, 3, 3, 9]


def test_groups_as_semtools():
    fit = ls.cfa(THREE.rsplit("\n", 1)[0], HS, group="school", group_equal=["loadings"])
    result = ls.reliability(fit)
    for group, golden in GOLDEN["groups"].items():
        found = result.frame[result.frame["group"] == group].set_index("construct")
        for theirs, ours in (ROWS | {"avevar": "ave_unstandardized"}).items():
            for latent, value in golden[theirs].items():
                assert found[ours][latent] == pytest.approx(value, rel=RTOL)
    assert "Grant-White" in str(result) and "<table>" in result._repr_html_()


def test_ordered_items_do_not_depend_on_the_parameterization():
    items = [f"q{i}" for i in range(1, 7)]
    text = "F1 =~ q1 + q2 + q3\nF2 =~ q4 + q5 + q6"
    columns = ["omega", "omega_implied", "omega_observed", "omega_total", "ave"]
    delta, theta = (
        table(ls.cfa(text, LIKERT, ordered=items, parameterization=p)) for p in ("delta", "theta")
    )
    np.testing.assert_allclose(delta[columns], theta[columns], rtol=1e-5)
    assert (delta["omega"] < delta["composite_reliability"]).all()  # answers are coarser


def test_ordered_groups_take_their_means_into_account():
    items = ["q1", "q2", "q3"]
    fit = ls.cfa(
        "F =~ q1 + q2 + q3", LIKERT, ordered=items, group="group",
        group_equal=["loadings", "thresholds"],
    )  # fmt: skip
    result = ls.reliability(fit)
    for label, part in LIKERT.groupby("group"):
        observed = ls.cronbach_alpha(part[items]).alpha
        row = result.frame[result.frame["group"] == label].iloc[0]
        assert row["omega_observed"] == pytest.approx(observed, abs=0.03)


def test_category_covariances_are_those_of_many_answers():
    rng = np.random.default_rng(1)
    latent = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=400_000)
    cuts = [np.array([-1.0, 0.2]), np.array([-0.3, 0.5, 1.2])]
    answers = [np.searchsorted(c, x) for c, x in zip(cuts, latent.T, strict=True)]
    found = category_covariances(np.array([[1.0, 0.6], [0.6, 1.0]]), cuts)
    np.testing.assert_allclose(found, np.cov(answers), atol=0.005)


def test_numbers_by_hand():
    loadings = np.array([0.8, 0.7, 0.6])
    cov = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    frame = pd.DataFrame(cov, index=list("abc"), columns=list("abc"))
    row = table(ls.cfa("f =~ a + b + c", sample_cov=frame, sample_nobs=500)).loc["f"]
    ratio = (loadings**2 / (1 - loadings**2)).sum()
    assert row["omega"] == pytest.approx(loadings.sum() ** 2 / cov.sum(), abs=1e-6)
    assert row["maximal_reliability"] == pytest.approx(ratio / (1 + ratio), abs=1e-6)
    for name in ("ave", "ave_unstandardized"):
        assert row[name] == pytest.approx((loadings**2).mean(), abs=1e-6)


def test_correlated_errors_count_twice():
    fit = ls.cfa("v =~ x1 + x2 + x3 + x9; t =~ x4 + x5 + x6; x1 ~~ x3", HS)
    rows = fit.parameters(standardized=False)
    loadings = rows.query("op == '=~' and lhs == 'v'")["est"].sum()
    phi = rows.query("op == '~~' and lhs == 'v' and rhs == 'v'")["est"].item()
    errors = rows.query("op == '~~' and lhs == rhs and lhs in ['x1', 'x2', 'x3', 'x9']")[
        "est"
    ].sum()
    pair = rows.query("lhs == 'x1' and op == '~~' and rhs == 'x3'")["est"].item()
    expected = loadings**2 * phi / (loadings**2 * phi + errors + 2 * pair)
    assert table(fit)["omega"]["v"] == pytest.approx(expected)


def test_cancelling_loadings_and_single_items_are_told():
    turned = HS.assign(x2=-HS["x2"])
    result = ls.reliability(ls.cfa("v =~ x1 + x2 + x3\nt =~ x4 + x5 + x6\none =~ x9", turned))
    assert "reliability.opposite_loadings" in [f.code for f in result.findings]
    one = result.frame.set_index("construct").loc["one"]
    assert one.drop("n_items").isna().all() and result.items["one"] == ("x9",)


def test_mixed_scales_have_no_omega():
    fit = ls.cfa("F =~ q1 + q2 + q3 + q4", LIKERT, ordered=["q1", "q2"])
    result = ls.reliability(fit)
    assert np.isnan(result.frame["omega"]).all()
    assert [f.code for f in result.findings] == ["reliability.mixed_items"]


def test_a_path_model_has_none():
    with pytest.raises(IncompatibleRequestError) as caught:
        ls.reliability(ls.sem("x1 ~ x2 + x3", HS))
    assert caught.value.code == "request.no_latent_variables"
