"""Factor scores against lavaan 0.7-2 (tests/golden/factor_scores_lavaan.json, first five cases)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError, IncompatibleRequestError, ModelSpecificationError

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = json.loads((GOLDEN / "factor_scores_lavaan.json").read_text(encoding="utf-8"))
HS_MODEL = CASES["hs_cfa_ml"]["model"]


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "data" / name)


@pytest.fixture(scope="module")
def hs() -> pd.DataFrame:
    return read("HolzingerSwineford1939.csv")


@pytest.mark.parametrize("method", ["regression", "bartlett"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_agrees_with_lavaan(case: dict, method: str) -> None:
    options = dict(case["call"])
    fit = getattr(ls, options.pop("function"))(case["model"], read(case["data"]), **options)
    scores = fit.factor_scores(method)
    for label, theirs in case[method].items():
        ours = scores[scores["group"] == label] if label else scores
        first = ours[theirs["cols"]].head(5)
        np.testing.assert_allclose(first, theirs["values"], atol=1e-5)


def test_bartlett_scores_are_unbiased_given_the_factors(hs: pd.DataFrame) -> None:
    """Noise-free answers of known factors give the factors back; regression scores shrink."""
    fit = ls.cfa(HS_MODEL, hs)
    loadings = fit.parameters().query("op == '=~'").pivot_table(
        index="lhs", columns="rhs", values="est", fill_value=0.0
    )  # fmt: skip
    true = pd.DataFrame([[1.0, -0.5, 0.3]], columns=["visual", "textual", "speed"])
    answers = true @ loadings.loc[true.columns] + hs[loadings.columns].mean()
    np.testing.assert_allclose(fit.factor_scores("bartlett", data=answers), true, atol=1e-10)
    shrunk = fit.factor_scores("regression", data=answers)
    assert abs(shrunk["visual"][0]) < 1.0


def test_rows_keep_their_order_and_incomplete_cases_are_left_out(hs: pd.DataFrame) -> None:
    holed = hs.copy()
    holed.loc[3, "x2"] = np.nan
    fit = ls.cfa(HS_MODEL, holed)
    scores = fit.factor_scores()
    assert len(scores) == 300
    assert 3 not in scores.index
    assert scores.index.is_monotonic_increasing


def test_new_data_keep_their_index(hs: pd.DataFrame) -> None:
    fit = ls.cfa(HS_MODEL, hs, group="school")
    new = hs.iloc[[200, 5]].set_axis(["late", "early"], axis=0)
    scores = fit.factor_scores(data=new)
    assert scores.index.tolist() == ["late", "early"]
    assert scores["group"].tolist() == ["Grant-White", "Pasteur"]
    all_scores = fit.factor_scores()
    np.testing.assert_allclose(scores["visual"], all_scores.loc[[200, 5], "visual"])


def test_every_error_names_the_way_out(hs: pd.DataFrame) -> None:
    fit = ls.cfa(HS_MODEL, hs, group="school")
    with pytest.raises(IncompatibleRequestError, match="no factor score method 'ebm'"):
        fit.factor_scores("ebm")
    with pytest.raises(IncompatibleRequestError, match="no group 'Eton'"):
        fit.factor_scores(data=hs.assign(school="Eton"))
    with pytest.raises(DataError, match="x9"):
        fit.factor_scores(data=hs.drop(columns="x9"))
    moments = ls.cfa(HS_MODEL, sample_cov=hs.filter(regex="x.").cov(), sample_nobs=301)
    with pytest.raises(IncompatibleRequestError, match="covariance matrix"):
        moments.factor_scores()
    with pytest.raises(ModelSpecificationError, match="no latent variable"):
        ls.sem("x1 ~ x2", hs).factor_scores()


def test_incomplete_cases_are_scored_from_what_was_observed() -> None:
    """First five cases of lavaan 0.7-2's lavPredict(), case hs_fiml_ml."""
    data = read("hs_missing_mcar.csv")
    fit = ls.cfa(HS_MODEL, data, missing="fiml")
    theirs = [-0.732104695005279, 0.156220874701599, -0.715596050807201]
    np.testing.assert_allclose(fit.factor_scores()["visual"].head(3), theirs, atol=1e-5)
    assert len(fit.factor_scores()) == len(data)
    blind = data.head(2).assign(x1=np.nan, x2=np.nan, x3=np.nan)
    assert fit.factor_scores("bartlett", data=blind)["visual"].isna().all()
    assert fit.factor_scores("bartlett", data=blind)["speed"].notna().all()
    assert fit.factor_scores("regression", data=blind)["visual"].notna().all()


def test_ordered_items_are_refused_not_guessed() -> None:
    fit = ls.cfa("f =~ q1 + q2 + q3 + q4", read("likert9.csv"), ordered=["q1", "q2"])
    with pytest.raises(IncompatibleRequestError, match="ordered variables"):
        fit.factor_scores()


def test_a_model_fitted_to_moments_scores_new_data(hs: pd.DataFrame) -> None:
    model = HS_MODEL
    frame = hs[[f"x{i}" for i in range(1, 10)]]
    fit = ls.cfa(model, sample_cov=frame.cov(), sample_mean=frame.mean(), sample_nobs=301)
    expected = ls.cfa(model, hs).factor_scores()
    np.testing.assert_allclose(fit.factor_scores(data=hs), expected, atol=1e-6)
