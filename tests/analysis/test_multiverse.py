from __future__ import annotations

from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.multiverse import multiverse
from loyaltysem.analysis.multiverse_table import Multiverse
from loyaltysem.analysis.specifications import base_options
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.estimation.plan import make_plan

MODEL = """
trust =~ t1 + t2 + t3 + t4
loyalty =~ o1 + o2 + o3
loyalty ~ b*trust
"""
ITEMS = ("t1", "t2", "t3", "t4", "o1", "o2", "o3")


def simulated(n: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(12)
    age, trust = rng.normal(size=(2, n))
    trust += 0.3 * age
    loyalty = 0.5 * trust + 0.2 * age + rng.normal(size=n)
    columns = {f"t{i}": trust + rng.normal(size=n) for i in (1, 2, 3, 4)}
    columns |= {f"o{i}": loyalty + rng.normal(size=n) for i in (1, 2, 3)}
    data = pd.DataFrame({**columns, "age": age, "seconds": rng.gamma(4.0, 60.0, size=n)})
    data.index = pd.Index([f"r{i}" for i in range(n)])
    return data


DATA = simulated()
FAST = DATA["seconds"] < 100


def slow(frame: pd.DataFrame) -> pd.Series:
    return frame["seconds"] > 400


CHOICES: dict[str, Any] = {
    "estimator": ["ML", "MLR"],
    "exclude: fast": {"nobody": None, "fast": FAST},
    "exclude: slow": [None, slow],
    "omit": {"none": (), "t4": ["t4"]},
    "covariates": {"none": None, "age": ["age"]},
}


@pytest.fixture(scope="module")
def found() -> Multiverse:
    return multiverse(MODEL, CHOICES, effect="b", data=DATA)


def row(found: Multiverse, **labels: str) -> pd.Series:
    frame = found.frame
    for title, label in labels.items():
        frame = frame[frame[title.replace("_", ": ")] == label]
    assert len(frame) == 1
    return frame.iloc[0]


def test_every_combination_is_a_row(found: Multiverse) -> None:
    assert len(found.frame) == 32
    assert not found.frame[list(CHOICES)].duplicated().any()
    assert found.frame["specification"].tolist() == list(range(1, 33))
    assert (found.frame["status"] == "fitted").all()
    first = found.frame.iloc[0][list(CHOICES)].tolist()
    assert first == ["ML", "nobody", "none", "none", "none"]


def test_a_row_is_the_fit_it_says(found: Multiverse) -> None:
    kept = DATA[~FAST & ~slow(DATA)]
    model = """
    trust =~ t1 + t2 + t3
    loyalty =~ o1 + o2 + o3
    loyalty ~ b*trust + age
    trust ~~ age
    """
    fit = ls.sem(model, kept, estimator="MLR")
    mine = row(
        found, estimator="MLR", exclude_fast="fast", exclude_slow="slow", omit="t4",
        covariates="age",
    )  # fmt: skip
    expected = fit.parameters().query("label == 'b'").iloc[0]
    assert mine["n"] == len(kept) < len(DATA)
    for name, value in (("est", "est"), ("se", "se"), ("pvalue", "pvalue"), ("std", "std_all")):
        assert mine[name] == pytest.approx(expected[value], rel=1e-6)
    assert mine["ci_upper"] == pytest.approx(expected["ci_upper"], rel=1e-6)
    half = (mine["std_upper"] - mine["std_lower"]) / 2
    assert half == pytest.approx(1.959964 * expected["std_all_se"], rel=1e-6)
    measures = fit.fit_measures("chisq", "df", "cfi", "rmsea", "srmr")
    np.testing.assert_allclose(mine[list(measures.index)].astype(float), measures, rtol=1e-6)


def test_the_summary_counts(found: Multiverse) -> None:
    s, frame = found.summary, found.frame
    assert s["median"] == frame["est"].median()
    assert s["max_std"] == frame["std"].max()
    assert s["share_significant"] == (frame["pvalue"] < 0.05).mean()
    assert s["share_same_sign"] == 1.0
    options = found.by_choice.set_index(["decision", "option"])
    with_age = frame[frame["covariates"] == "age"]["est"]
    assert options.loc[("covariates", "age"), "median"] == with_age.median()
    assert options.loc[("covariates", "age"), "fitted"] == 16
    assert (
        options.loc[("covariates", "age"), "median"] < options.loc[("covariates", "none"), "median"]
    )


def test_a_fit_is_a_base_with_its_options_and_its_cases() -> None:
    data = DATA.assign(market=np.where(DATA["age"] > 0, "a", "b"))
    fit = ls.cfa(
        "f =~ t1 + t2 + t3\nt4 ~ f", data, group="market", group_equal=["loadings"],
        estimator="MLR", std_lv=True,
    )  # fmt: skip
    found = multiverse(fit, {"estimator": ["MLR", "ML"]}, effect="t4~f.g2")
    expected = fit.parameters().query("op == '~' and group == 2").iloc[0]
    assert found.frame.loc[0, "est"] == pytest.approx(expected["est"], rel=1e-6)
    assert found.frame.loc[0, "se"] == pytest.approx(expected["se"], rel=1e-6)
    plain = ls.cfa(
        "f =~ t1 + t2 + t3\nt4 ~ f", data, group="market", group_equal=["loadings"], std_lv=True
    )
    expected = plain.parameters().query("op == '~' and group == 2").iloc[0]
    assert found.frame.loc[1, "se"] == pytest.approx(expected["se"], rel=1e-6)
    again = multiverse(fit.plan, {"estimator": ["MLR"]}, effect="t4~f.g2", data=data)
    assert again.frame.loc[0, "est"] == pytest.approx(found.frame.loc[0, "est"], rel=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"estimator": "GLS", "fixed_x": True},
        {"se": "robust.sem", "meanstructure": True},
        {"ordered": ["t1"], "parameterization": "theta"},
        {"missing": "fiml", "estimator": "MLR"},
        {"likelihood": "wishart", "information": "observed"},
    ],
)
def test_options_make_the_plan_they_came_from(options: dict[str, Any]) -> None:
    plan = make_plan("sem", MODEL, {**base_options(ls.sem(MODEL, DATA).plan), **options})
    read = base_options(plan)
    assert make_plan("sem", MODEL, read) == plan
    if "se" not in options:
        assert read["se"] is None


def test_what_fails_is_a_row_with_its_reason() -> None:
    choices = {
        "model": {"two factors": MODEL, "typo": "trust =~ t1 + t2 + tt3\no1 ~ b*trust"},
        "omit": {"none": (), "o3": ["o3"]},
        "exclude": {"nobody": None, "all": np.ones(len(DATA), dtype=bool)},
    }
    found = multiverse(MODEL, choices, effect="b", data=DATA, measures=("cfi",))
    status = found.frame.set_index(["model", "omit", "exclude"])
    assert (found.frame["status"] == "fitted").sum() == 2
    reasons = status["reason"]
    assert reasons["typo", "none", "nobody"].startswith("[spec.unknown_variable] 'tt3'")
    assert reasons["typo", "o3", "nobody"].startswith("[request.omit]")
    assert reasons["two factors", "none", "all"].startswith("[data.empty]")
    assert found.summary["specifications"] == 8
    assert found.summary["fitted"] == 2
    assert np.isfinite(found.summary["median"])
    assert [f.code for f in found.findings] == ["multiverse.failed", "multiverse.scale"]


def test_nothing_fitted_is_a_table_too() -> None:
    nobody = {"exclude": {"everybody": np.ones(len(DATA), dtype=bool)}}
    found = multiverse(MODEL, nobody, effect="b", data=DATA)
    assert found.frame.loc[0, "reason"].startswith("[data.empty]")
    assert np.isnan(found.summary["median"])
    assert np.isnan(found.summary["share_significant"])
    assert "0 fitted" in str(found)


def test_a_fit_that_did_not_converge_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ls.sem("o1 ~ t1", DATA).__class__, "converged", property(lambda _: False))
    found = multiverse("o1 ~ t1", {"estimator": ["ML"]}, effect="o1~t1", data=DATA)
    assert found.frame.loc[0, "status"] == "not converged"
    assert len(found.usable) == 0


def test_ordered_items_that_are_left_out_are_not_ordered_either() -> None:
    data = DATA.copy()
    for name in ITEMS:
        data[name] = np.digitize(data[name], [-0.7, 0.7])
    choices = {"omit": {"none": None, "t4": "t4"}}
    found = multiverse(MODEL, choices, effect="b", data=data, ordered=list(ITEMS))
    assert (found.frame["status"] == "fitted").all()


def test_marks_are_read_by_their_labels() -> None:
    shuffled = FAST.sample(frac=1.0, random_state=3)
    found = multiverse(
        "o1 ~ t1", {"exclude": {"a": FAST, "b": shuffled, "c": FAST.to_numpy()}},
        effect="o1~t1", data=DATA,
    )  # fmt: skip
    assert found.frame["est"].nunique() == 1


def test_specifications_can_be_ruled_out() -> None:
    found = multiverse(
        MODEL, CHOICES, effect="b", data=DATA,
        when=lambda s: not (s["estimator"] == "MLR" and s["omit"] == "t4"),
    )  # fmt: skip
    assert len(found.frame) == 24


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_workers_change_nothing(found: Multiverse, backend: str) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        again = multiverse(MODEL, CHOICES, effect="b", data=DATA)
    pd.testing.assert_frame_equal(again.frame, found.frame, check_exact=True)


@pytest.mark.parametrize(
    ("choices", "code"),
    [
        ({"estimater": ["ML"]}, "request.choice"),
        ({"estimator": []}, "request.choice"),
        ({}, "request.choice"),
        ({"estimator": "ML"}, "request.choice"),
        ({"estimator: a": ["ML"], "estimator: b": ["MLR"]}, "request.choice"),
        ({"exclude": {"fast": "seconds < 100"}}, "request.exclude"),
        ({"exclude": {"fast": [True, False]}}, "request.exclude"),
        ({"exclude": {"fast": DATA["seconds"]}}, "request.exclude"),
        ({"model": {"a": 3}}, "request.model"),
    ],
)
def test_choices_that_cannot_be_read(choices: Any, code: str) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        multiverse(MODEL, choices, effect="b", data=DATA)
    assert caught.value.code == code
    assert caught.value.hint


def test_requests_that_cannot_be_met() -> None:
    choices = {"estimator": ["ML"]}
    moments = ls.sem(MODEL, sample_cov=DATA[list(ITEMS)].cov(), sample_nobs=240)
    for code, request in (
        ("request.option", lambda: multiverse(MODEL, choices, effect="b", data=DATA, std=True)),
        ("request.no_data", lambda: multiverse(MODEL, choices, effect="b")),
        ("request.no_data", lambda: multiverse(moments, choices, effect="b")),
        (
            "request.no_specification",
            lambda: multiverse(MODEL, choices, effect="b", data=DATA, when=lambda _: False),
        ),
    ):
        with pytest.raises(IncompatibleRequestError) as caught:
            request()
        assert caught.value.code == code
    with pytest.raises(DataError):
        multiverse(MODEL, choices, effect="b", data=3)  # type: ignore[arg-type]


def test_an_effect_that_no_specification_has_is_refused() -> None:
    with pytest.raises(IncompatibleRequestError, match="Paths are"):
        multiverse(MODEL, {"estimator": ["ML", "MLR"]}, effect="loyalty~age", data=DATA)


def test_an_effect_in_several_groups_needs_its_group() -> None:
    data = DATA.assign(market=np.where(DATA["age"] > 0, "a", "b"))
    found = multiverse("o1 ~ t1", {"group": [None, "market"]}, effect="o1~t1", data=data)
    assert "more than one" in found.frame.loc[1, "reason"]
    with pytest.raises(IncompatibleRequestError, match="more than one"):
        multiverse("o1 ~ t1", {"group": ["market"]}, effect="o1~t1", data=data)
    equal = multiverse(
        "o1 ~ t1", {"group_equal": [("regressions",)]}, effect="o1~t1", data=data, group="market"
    )
    assert equal.frame.loc[0, "status"] == "fitted"


def test_it_prints(found: Multiverse) -> None:
    text, page = str(found), found._repr_html_()
    assert "Multiverse of b: 32 specifications, 32 fitted" in text
    assert "covariates: age" in text
    assert repr(found) == text
    assert "<table>" in page
