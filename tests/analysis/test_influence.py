"""Influence against the same model fitted, from scratch, to the data without the case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis import left_out
from loyaltysem.analysis.influence import influence
from loyaltysem.analysis.influence_table import Influence
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.optimise import Status
from loyaltysem.inference.casewise import cook_distance

MODEL = """
f =~ x1 + x2 + x3 + x4
y ~ b*f + c*z
twice := 2*b
"""
ITEMS = ("x1", "x2", "x3", "x4")


def simulated(n: int = 90, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    f, z = rng.normal(size=(2, n))
    data = pd.DataFrame({name: f + rng.normal(size=n) for name in ITEMS})
    data["z"] = z
    data["y"] = 0.4 * f + 0.3 * z + rng.normal(size=n)
    data["market"] = np.where(rng.random(n) < 0.6, "a", "b")
    data.loc[5, list(ITEMS)] = [5.0, -5.0, 5.0, -5.0]
    return data


def incomplete() -> pd.DataFrame:
    data = simulated()
    hidden = np.random.default_rng(3).random((len(data), 4)) < 0.15
    data[list(ITEMS)] = data[list(ITEMS)].mask(hidden)
    return data


def ordinal() -> pd.DataFrame:
    data = simulated(200)
    for name in ITEMS:
        data[name] = np.digitize(data[name], [-0.8, 0.5]) + 1
    return data


CASES: dict[str, tuple[str, pd.DataFrame, dict[str, Any]]] = {
    "ML": (MODEL, simulated(), {}),
    "means": (MODEL, simulated(), {"meanstructure": True, "fixed_x": False}),
    "wishart": (MODEL, simulated(), {"likelihood": "wishart"}),
    "MLR": (MODEL, simulated(), {"estimator": "MLR"}),
    "MLM": (MODEL, simulated(), {"estimator": "MLM"}),
    "GLS": (MODEL, simulated(), {"estimator": "GLS"}),
    "ULS": (MODEL, simulated(), {"estimator": "ULS"}),  # prints Browne's χ², not N·F
    "WLS": (MODEL, simulated(), {"estimator": "WLS"}),
    "groups": (MODEL, simulated(), {"group": "market", "group_equal": ["loadings"]}),
    "linear": (MODEL + "b == c\n", simulated(), {}),
    "nonlinear": (MODEL + "b == c^2\n", simulated(), {}),
    "FIML": (MODEL, incomplete(), {"missing": "fiml"}),
    "FIML groups": (MODEL, incomplete(), {"missing": "fiml", "group": "market"}),
    "WLSMV": (MODEL, ordinal(), {"ordered": list(ITEMS)}),
}


@pytest.fixture(scope="module")
def found() -> Influence:
    return influence(ls.sem(MODEL, simulated()))


@pytest.mark.parametrize("name", list(CASES))
def test_every_number_is_that_of_a_fit_without_the_case(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data, options = CASES[name]
    fit = ls.sem(model, data, **options)
    chosen = [5, 17, int(np.concatenate(fit.data.rows)[-1])]
    rows = [
        np.array([list(r).index(c) for c in chosen if c in r], dtype=int) for r in fit.data.rows
    ]
    monkeypatch.setattr(
        left_out, "distinct", lambda _: [(r, np.arange(len(r))) for r in rows]
    )  # only these: the rest would only take time
    leave = left_out.LeaveOut(fit, ("cfi", "chisq"))
    done = left_out.Refits.joined([leave(key) for key in left_out.keys(fit, 2)])
    cases = [int(fit.data.rows[g][i]) for g, r in enumerate(rows) for i in r]
    for i, case in enumerate(cases):
        whole, without = fit, ls.sem(model, data.drop(index=case), **options)
        defined = without.parameters().query("op == ':='")
        assert done.status[i] == "fitted"
        expected = np.append(without.params, defined["est"])
        np.testing.assert_allclose(done.estimates[i], expected, rtol=1e-5, atol=1e-6)
        expected = np.append(without.bse, defined["se"])
        np.testing.assert_allclose(done.errors[i], expected, rtol=1e-5, atol=1e-6)
        measures = without.fit_measures("cfi", "chisq")
        np.testing.assert_allclose(done.measures[i], measures, rtol=1e-6, atol=1e-6)
        assert done.chisq[i] == pytest.approx(measures["chisq"], rel=1e-6, abs=1e-6)
        cost = whole.objective.value(without.solution.alpha)[0] - whole.solution.value[0]
        assert done.distance[i] == pytest.approx(whole.sample.weight * cost, rel=1e-4, abs=1e-7)
        if not fit.model.restrictions:
            d = (whole.params - without.params).to_numpy()
            cook = d @ np.linalg.solve(without.vcov().to_numpy(), d)
            assert done.cook[i] == pytest.approx(cook, rel=1e-4)


def test_tables_are_differences_from_the_whole(found: Influence) -> None:
    data, fit = simulated(), found.fit
    without = ls.sem(MODEL, data.drop(index=5))
    row = found.cases.loc[5]
    chisq = fit.fit_measures("chisq")["chisq"] - without.fit_measures("chisq")["chisq"]
    assert row["chisq_change"] == pytest.approx(chisq, rel=1e-6)
    cfi = fit.fit_measures("cfi")["cfi"] - without.fit_measures("cfi")["cfi"]
    assert row["cfi_change"] == pytest.approx(cfi, abs=1e-8)
    change = (fit.params["b"] - without.params["b"]) / without.bse["b"]
    assert found.changes.loc[5, "b"] == pytest.approx(change, rel=1e-5)
    assert found.changes.loc[5, "twice"] == pytest.approx(change, rel=1e-5)
    assert abs(row["largest_change"]) == found.changes.loc[5].abs().max()
    assert found.changes.loc[5, row["largest"]] == row["largest_change"]


def test_the_planted_case_stands_out(found: Influence) -> None:
    assert found.top(1).index.tolist() == [5]
    assert found.top(1, by="distance").index.tolist() == [5]
    assert found.top(3, by="b")["position"].tolist() == (
        found.changes["b"].abs().sort_values(ascending=False).index[:3].tolist()
    )


@pytest.mark.parametrize("name", ["ML", "means", "MLR", "groups", "linear", "FIML", "FIML groups"])
def test_parts_of_cases_add_up_and_weights_are_derivatives(name: str) -> None:
    model, data, options = CASES[name]
    fit = ls.sem(model, data, **options)
    near = influence(fit, approximate=True)
    measures = fit.fit_measures("chisq", "logl")
    assert near.cases["chisq_part"].sum() == pytest.approx(measures["chisq"], rel=1e-7)
    assert near.cases["loglik"].sum() == pytest.approx(measures["logl"], rel=1e-9)
    assert near.method == "one-step"
    # the slope by a central difference: the case counted twice, and not at all
    case = 17
    more = ls.sem(model, pd.concat([data, data.loc[[case]]], ignore_index=True), **options)
    less = ls.sem(model, data.drop(index=case), **options)
    slope = (more.params - less.params) / 2 / fit.bse
    derivative = near.weights.loc[case, list(fit.params.index)]
    np.testing.assert_allclose(derivative, slope, atol=0.12 * np.abs(slope).max())


def test_one_step_agrees_with_refits_where_little_moves(found: Influence) -> None:
    near = influence(found.fit, approximate=True)
    quiet = found.cases["cook"] < found.cases["cook"].median()
    a, b = near.changes.loc[quiet].to_numpy(), found.changes.loc[quiet].to_numpy()
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.995
    assert {f.code for f in near.findings} == {"influence.approximate"}
    assert not found.findings


def test_least_squares_has_no_scores() -> None:
    fit = ls.sem(MODEL, simulated(), estimator="GLS")
    assert influence(fit, measures=()).weights is None
    with pytest.raises(IncompatibleRequestError) as caught:
        influence(fit, approximate=True)
    assert caught.value.code == "request.scores"


def test_equal_answers_are_refitted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = ordinal()[list(ITEMS)]
    fit = ls.cfa("f =~ x1 + x2 + x3 + x4", data, ordered=True)
    work = list(left_out.keys(fit, 50))
    assert sum(len(cases) for _, cases in work) == len(data.drop_duplicates())
    found = influence(fit, measures=())
    alike = data.duplicated(keep=False)
    by_answer = found.cases[alike].groupby([data.loc[alike, n] for n in ITEMS])["cook"]
    assert (by_answer.nunique() == 1).all()
    assert (found.cases["status"] == "fitted").all()


def test_the_only_case_of_a_category_cannot_be_left_out() -> None:
    data = ordinal()[list(ITEMS)]
    data.loc[11, "x2"] = 4
    found = influence(ls.cfa("f =~ x1 + x2 + x3 + x4", data, ordered=True), measures=())
    assert found.cases.loc[11, "status"] == "not possible"
    assert np.isnan(found.changes.loc[11]).all()
    assert found.cases.loc[11, "largest"] == ""
    assert found.top(1).index.tolist() == [11]
    assert [f.code for f in found.findings] == ["influence.no_refit"]
    assert "11" in str(found)


def test_a_refit_that_does_not_converge_is_told(
    found: Influence, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve = left_out.search_batch

    def lame(*args: Any) -> Any:
        minimum = solve(*args)
        status = minimum.status.copy()
        status[0] = Status.NO_DESCENT
        return replace(minimum, status=status)

    def lost(model: Any) -> Any:
        return lame(model, found.fit.solution.alpha[0])

    monkeypatch.setattr(left_out, "search_batch", lame)
    monkeypatch.setattr(left_out, "search_thoroughly", lost)
    again = influence(found.fit)
    failed = again.cases[again.cases["status"] == "not converged"]
    assert len(failed) == 2  # the first of each batch of 50
    assert failed["cook"].isna().all()
    assert again.findings[0].text.zh.startswith("逐一剔除")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::loyaltysem.core.errors.ImproperSolutionWarning")
def test_a_refit_is_given_up_no_sooner_than_a_single_fit() -> None:
    """A small group with a negative variance: some searches need another start."""
    population = "f =~ 0.8*x1+0.7*x2+0.6*x3\ng =~ .8*y1+.7*y2+.6*y3\ng ~ .5*f + .2*w"
    model = "f =~ x1 + x2 + x3\ng =~ y1 + y2 + y3\ng ~ f + w"
    data = ls.simulate(population, {"a": 90, "b": 47}, seed=4)
    fit = ls.sem(model, data, group="group")
    case = 116
    without = left_out.LeaveOut(fit, ())((1, (case - 90,)))
    assert without.status.tolist() == ["fitted"]
    alone = ls.sem(model, data.drop(index=case), group="group").fit_measures("chisq")
    assert without.chisq[0] == pytest.approx(alone.iloc[0], rel=1e-6)


def test_the_only_case_that_varies_cannot_be_left_out() -> None:
    data = simulated().assign(z=0.0)
    data.loc[7, "z"] = 1.0
    found = influence(ls.sem("y ~ x1 + z", data), measures=())
    assert found.cases.index[found.cases["status"] == "not possible"].tolist() == [7]


def test_reversals_name_the_cases_a_verdict_hangs_on() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=40)
    data = pd.DataFrame({"x": x, "y": rng.normal(size=40)})
    data["y"] -= np.polyfit(data["x"], data["y"], 1)[0] * data["x"]  # slope 0
    data.loc[3] = [4.0, 8.0]
    found = influence(ls.sem("y ~ x", data))
    rows = found.reversals.set_index("case")
    assert rows.loc[3, "parameter"] == "y~x"
    assert rows.loc[3, "pvalue"] < 0.05 <= rows.loc[3, "pvalue_without"]
    without = ls.sem("y ~ x", data.drop(index=3))
    assert rows.loc[3, "pvalue_without"] == pytest.approx(without.pvalues["y~x"], rel=1e-6)
    assert "without: est" in str(found)


def test_labels(found: Influence) -> None:
    data = simulated()
    data.loc[2, "y"] = np.nan
    fit = ls.sem(MODEL, data)
    ids = [f"客户{i}" for i in range(len(data))]
    labelled = influence(fit, ids=ids, measures=(), approximate=True)
    assert "客户2" not in labelled.cases.index
    assert labelled.cases.loc["客户3", "position"] == 3
    assert labelled.cases.index.tolist() == [ids[i] for i in fit.data.rows[0]]
    with pytest.raises(IncompatibleRequestError) as caught:
        influence(fit, ids=ids[:-1])
    assert caught.value.code == "request.ids"


def test_groups_are_named() -> None:
    model, data, options = CASES["groups"]
    found = influence(ls.sem(model, data, **options), measures=(), approximate=True)
    expected = data["market"].to_numpy()[found.cases["position"]]
    assert found.cases["group"].tolist() == expected.tolist()


def test_requests_that_cannot_be_met(found: Influence) -> None:
    data = simulated()
    moments = ls.sem("y ~ z", sample_cov=data[["y", "z"]].cov(), sample_nobs=90)
    for request, code in (
        (lambda: influence(moments), "request.cases"),
        (lambda: influence(found.fit, measures=("cfy",)), "request.fit_measure"),
        (lambda: found.top(by="largest"), "request.influence_column"),
    ):
        with pytest.raises(IncompatibleRequestError) as caught:
            request()
        assert caught.value.code == code


def test_it_prints(found: Influence) -> None:
    text, page = str(found), found._repr_html_()
    assert "Influence of 90 cases" in text
    assert "<table>" in page
    assert repr(found) == text


def test_the_distance_of_singular_covariances_is_not_defined() -> None:
    assert np.isnan(cook_distance(np.ones((1, 2)), np.ones((2, 2)), np.eye(2))[0])
    assert np.isnan(cook_distance(np.ones((1, 2)), np.full((2, 2), np.nan), np.eye(2))[0])
