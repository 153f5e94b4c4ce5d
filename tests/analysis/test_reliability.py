"""Alpha against psych (R); golden values carry their provenance."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltysem.analysis.reliability import alpha_from_covariance, cronbach_alpha, feldt_interval
from loyaltysem.core.errors import DataError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "alpha_hs.json").read_text("utf-8"))
TOLERANCE = 1e-9  # the golden numbers carry 15 digits; the data are rebuilt from their moments


def data_with_golden_moments() -> pd.DataFrame:
    """Return data with exactly the golden means and covariances; alpha depends on nothing else."""
    noise = np.random.default_rng(1).standard_normal((GOLDEN["n_obs"], len(GOLDEN["items"])))
    noise -= noise.mean(axis=0)
    white = np.linalg.solve(np.linalg.cholesky(np.cov(noise, rowvar=False)), noise.T)
    values = (np.linalg.cholesky(np.array(GOLDEN["cov"])) @ white).T + GOLDEN["mean"]
    return pd.DataFrame(values, columns=GOLDEN["items"])


@pytest.mark.parametrize("scale", GOLDEN["scales"])
def test_agrees_with_psych(scale: str) -> None:
    golden = GOLDEN["scales"][scale]
    result = cronbach_alpha(data_with_golden_moments()[golden["items"]])
    for name in ("alpha", "standardized_alpha", "average_r", "ci_lower", "ci_upper"):
        assert getattr(result, name) == pytest.approx(golden[name], abs=TOLERANCE), name
    for column in (
        "sd",
        "item_rest_r",
        "alpha_if_deleted",
        "standardized_alpha_if_deleted",
        "average_r_if_deleted",
    ):
        np.testing.assert_allclose(result.items[column], golden[column], atol=TOLERANCE)
    assert (result.n_obs, result.n_items) == (GOLDEN["n_obs"], len(golden["items"]))
    assert result.items["item"].tolist() == golden["items"]


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    factor = rng.standard_normal((60, 1))
    return pd.DataFrame(factor + rng.standard_normal((60, 5)), columns=list("abcde"))


def test_incomplete_cases_are_left_out_and_counted(frame: pd.DataFrame) -> None:
    holed = frame.copy()
    holed.loc[0, "a"] = np.nan
    result = cronbach_alpha(holed)
    assert (result.n_obs, result.n_incomplete) == (59, 1)
    assert result.alpha == cronbach_alpha(frame.iloc[1:]).alpha


def test_arrays_get_names(frame: pd.DataFrame) -> None:
    result = cronbach_alpha(frame.to_numpy())
    assert result.items["item"].tolist() == ["item1", "item2", "item3", "item4", "item5"]
    assert result.alpha == cronbach_alpha(frame).alpha


def test_two_items_have_no_alpha_if_deleted(frame: pd.DataFrame) -> None:
    result = cronbach_alpha(frame[["a", "b"]])
    assert result.if_item_deleted.drop(columns="item").isna().all().all()
    np.testing.assert_allclose(result.corrected_item_total, frame["a"].corr(frame["b"]))


def test_a_reversed_item_is_named_and_not_turned(frame: pd.DataFrame) -> None:
    result = cronbach_alpha(frame.assign(c=-frame["c"]))
    assert [f.code for f in result.findings] == ["reliability.reverse_coded"]
    assert "'c'" in result.findings[0].text.en
    assert result.alpha < cronbach_alpha(frame).alpha


def test_a_negative_alpha_is_a_problem() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal(50)
    result = cronbach_alpha(np.column_stack([x, -x + 0.1 * rng.standard_normal(50)]))
    assert result.alpha < 0
    assert result.findings[-1].code == "reliability.negative_alpha"
    assert result.findings[-1].severity == "problem"


def test_a_wider_interval_for_more_confidence(frame: pd.DataFrame) -> None:
    narrow, wide = cronbach_alpha(frame, confidence=0.90), cronbach_alpha(frame, confidence=0.99)
    assert wide.ci_lower < narrow.ci_lower < narrow.alpha < narrow.ci_upper < wide.ci_upper


@pytest.mark.parametrize(
    ("items", "code", "words"),
    [
        (np.eye(4)[:, :1], "reliability.too_few_items", "needs 2 items, found 1"),
        (np.eye(2), "reliability.too_few_cases", "needs 3 complete cases, found 2"),
        (np.full((3, 2), np.nan), "reliability.too_few_cases", "found 0 among 3 rows"),
        (np.column_stack([np.arange(5), np.ones(5)]), "reliability.constant_item", "item2"),
        (np.array([[1, np.inf], [2, 1], [3, 2.0]]), "reliability.infinite", "item2"),
        (np.arange(5), "reliability.shape", "1 dimension"),
        (pd.DataFrame({"a": ["x"] * 3, "b": [1, 2, 3]}), "reliability.not_numeric", "numbers"),
    ],
)
def test_unusable_items_are_refused(items: object, code: str, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        cronbach_alpha(items)  # type: ignore[arg-type]  # some are wrong on purpose
    assert caught.value.code == code


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_confidence_is_a_share(frame: pd.DataFrame, confidence: float) -> None:
    with pytest.raises(DataError) as caught:
        cronbach_alpha(frame, confidence=confidence)
    assert caught.value.code == "reliability.confidence"


@given(st.floats(0.05, 0.95), st.integers(2, 12))
def test_equal_correlations_give_spearman_brown(r: float, k: int) -> None:
    cov = np.full((k, k), r) + (1 - r) * np.eye(k)
    assert alpha_from_covariance(cov) == pytest.approx(k * r / (1 + (k - 1) * r))


def test_feldt_covers_alpha_of_one() -> None:
    assert feldt_interval(1.0, 100, 4) == (1.0, 1.0)


def test_words_and_html(frame: pd.DataFrame) -> None:
    result = cronbach_alpha(frame.rename(columns={"a": "<i>"}))
    assert str(result).startswith("Cronbach's alpha .") and "N = 60" in str(result)
    assert "&lt;i&gt;" in result._repr_html_() and "<i>" not in result._repr_html_()
