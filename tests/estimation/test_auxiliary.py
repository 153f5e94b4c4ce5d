"""Auxiliary variables against semTools, and against the same rows written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import IncompatibleRequestError, LoyaltySemError
from loyaltysem.estimation.result import SEMResult

GOLDEN = Path(__file__).parents[1] / "golden"
DATA = pd.read_csv(GOLDEN / "data" / "hs_missing_mcar.csv")
THEIRS: dict[str, Any] = json.loads(
    (GOLDEN / "auxiliary_semtools.json").read_text(encoding="utf-8")
)
AUXILIARY = ["x7", "x8"]
MODEL = THEIRS["latent"]["model"]


def fitted(model: str, **options: Any) -> SEMResult:
    return ls.sem(model, DATA, missing="fiml", auxiliary=AUXILIARY, **options)


@pytest.mark.parametrize("name", ["latent", "observed"])
def test_agrees_with_semtools(name: str) -> None:
    case = THEIRS[name]
    fit = fitted(case["model"])
    frame = fit.parameters()
    ours = {
        (r["op"], *((r["lhs"], r["rhs"]) if r["op"] != "~~" else sorted((r["lhs"], r["rhs"])))): r
        for r in frame.to_dict("records")
    }
    for row in case["parameters"]:
        pair = (row["lhs"], row["rhs"])
        mine = ours[(row["op"], *(sorted(pair) if row["op"] == "~~" else pair))]
        assert mine["est"] == pytest.approx(row["est"], abs=1e-3 * (row["se"] or 0.01))
        assert mine["se"] == pytest.approx(row["se"], rel=1e-3)
    # semTools lets no x covary in its baseline model; lavaan itself does, and so do we
    skipped = set() if name == "latent" else {"cfi", "tli", *case["baseline"]}
    for index, value in {**case["fit"], **case["baseline"]}.items():
        if index in skipped:
            continue
        measure = fit.fit_measures(index.replace(".", "_")).item()
        assert measure == pytest.approx(value, rel=2e-5), index


def test_degrees_of_freedom_stay() -> None:
    without, with_them = ls.sem(MODEL, DATA, missing="fiml"), fitted(MODEL)
    for name in ("df", "baseline_df"):
        assert without.fit_measures(name).item() == with_them.fit_measures(name).item()
    assert with_them.plan.auxiliary == ("x7", "x8")
    assert json.loads(with_them.plan.to_json())["auxiliary"] == ["x7", "x8"]


def test_it_is_what_one_would_write_by_hand() -> None:
    rows = [f"{a} ~~ x{i}" for a in AUXILIARY for i in range(1, 7)] + ["x7 ~~ x8"]
    by_hand = ls.sem("\n".join([MODEL, *rows]), DATA, missing="fiml")
    fit = fitted(MODEL)
    model_rows = fit.parameters(False).query("not lhs.isin(@AUXILIARY)")
    merged = model_rows.merge(by_hand.parameters(False), on=["lhs", "op", "rhs"], how="left")
    np.testing.assert_allclose(merged["est_x"], merged["est_y"], atol=1e-6)
    np.testing.assert_allclose(merged["se_x"], merged["se_y"], atol=1e-6)
    assert by_hand.fit_measures("chisq").item() == pytest.approx(
        fit.fit_measures("chisq").item(), rel=1e-8
    )


def test_they_are_left_out_of_what_describes_the_model() -> None:
    fit = fitted(MODEL)
    assert not set(AUXILIARY) & set(fit.rsquare().index)
    found = fit.modification_indices()
    assert not (found["lhs"].isin(AUXILIARY) | found["rhs"].isin(AUXILIARY)).any()
    residual = (fit.sample_cov() - fit.implied_cov()).drop(index=AUXILIARY, columns=AUXILIARY)
    sd = np.sqrt(np.diag(fit.sample_cov().drop(index=AUXILIARY, columns=AUXILIARY)))
    z = (residual.to_numpy() / np.outer(sd, sd))[np.tril_indices(6)]
    means = np.array([i.moments.mu[0][:6] for i in fit.inference.implied])[0]
    of_means = (fit.sample.mean[0][0][:6] - means) / sd
    srmr = np.sqrt(((z**2).sum() + (of_means**2).sum()) / 27)
    assert fit.fit_measures("srmr").item() == pytest.approx(srmr, rel=1e-6)


def test_several_groups() -> None:
    plain = ls.sem(MODEL, DATA, missing="fiml", group="school", group_equal=["loadings"])
    fit = fitted(MODEL, group="school", group_equal=["loadings"])
    assert plain.fit_measures("df").item() == fit.fit_measures("df").item()
    assert fit.converged


def test_a_single_indicator_covaries_through_its_latent() -> None:
    model = "visual =~ x1 + x2 + x3\ntext =~ x4\ntext ~ visual"
    plain, fit = ls.sem(model, DATA, missing="fiml"), fitted(model)
    pairs = set(zip(fit.parameters()["lhs"], fit.parameters()["rhs"], strict=True))
    assert ("x7", "text") in pairs and ("x7", "x4") not in pairs
    assert plain.fit_measures("df").item() == fit.fit_measures("df").item()
    assert fit.converged and fit.inference.se_ok


def test_less_is_lost_when_they_predict_what_is_missing() -> None:
    rng = np.random.default_rng(7)
    f = rng.normal(size=2000)
    items = f[:, None] + rng.normal(size=(2000, 3))
    helper = f + 0.3 * rng.normal(size=2000)
    items[helper > 0.3, 2] = np.nan  # missing at random only given the helper
    data = pd.DataFrame(np.column_stack([items, helper]), columns=["a", "b", "c", "h"])
    means = [
        ls.sem("f =~ a + b + c", data, missing="fiml", auxiliary=aux).params["c~1"]
        for aux in ((), ("h",))
    ]
    assert abs(means[1]) < 0.06 < abs(means[0])


def test_other_estimators_take_them_too() -> None:
    assert "chisq_scaled" in fitted(MODEL, estimator="MLR").fit_measures().index


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"missing": "listwise"}, "changes nothing"),
        ({"missing": "fiml", "fixed_x": True}, "fixed_x=False"),
    ],
)
def test_conflicts(options: dict[str, Any], what: str) -> None:
    with pytest.raises(IncompatibleRequestError, match=what):
        ls.sem(MODEL, DATA, auxiliary=["x7"], **options)


@pytest.mark.parametrize(
    ("name", "code"), [("x1", "spec.auxiliary"), ("x99", "spec.unknown_variable")]
)
def test_names(name: str, code: str) -> None:
    with pytest.raises(LoyaltySemError) as caught:
        ls.sem(MODEL, DATA, missing="fiml", auxiliary=[name])
    assert caught.value.code == code and caught.value.hint


def test_the_way_to_lavaan_writes_them_out(tmp_path: Path) -> None:
    folder = fitted(MODEL).to_lavaan(tmp_path / "out")
    assert "x7 ~~ x1" in (folder / "model.R").read_text(encoding="utf-8")
    expected = pd.read_csv(folder / "expected.csv")
    assert "cfi" not in set(expected["lhs"]) and "chisq" in set(expected["lhs"])
