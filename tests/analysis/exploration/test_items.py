"""What can be correlated and what cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.exploration.items import item_correlations
from loyaltysem.core.datasets import shipped
from loyaltysem.core.errors import DataError, IncompatibleRequestError

RNG = np.random.default_rng(2)
GOOD = pd.DataFrame(RNG.integers(1, 6, (60, 4)), columns=list("abcd")).astype(float)


@pytest.mark.parametrize(
    ("items", "code", "names"),
    [
        (GOOD[["a"]], "too_few_items", "found 1"),
        (GOOD.iloc[:1], "too_few_cases", "found 1 among 1"),
        (GOOD.iloc[:0], "too_few_cases", "found 0"),
        (GOOD.assign(a=3.0, b=2.0), "constant_item", "a, b"),
        (GOOD.assign(c=np.nan), "too_few_cases", "found 0 among 60"),
        (GOOD.assign(d=np.inf), "infinite", "in d"),
        (GOOD.assign(d="often"), "not_numeric", "not: d"),
        (GOOD.set_axis(list("aabc"), axis=1), "duplicate_item", "once: a"),
        (np.arange(5.0), "shape", "1 dimension"),
        (GOOD.corr(), "matrix", "correlation matrix"),
    ],
)
def test_answers_that_cannot_be_correlated(items: Any, code: str, names: str) -> None:
    with pytest.raises(DataError, match=names) as caught:
        item_correlations(items)
    assert caught.value.code == f"exploration.{code}"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("matrix", "n", "code"),
    [
        (GOOD.iloc[:5], 60, "not_a_matrix"),
        (GOOD.corr() + np.triu(np.full((4, 4), 0.1), 1), 60, "not_a_matrix"),
        (GOOD.corr() * np.where(np.eye(4) == 1, 1, 30), 60, "not_a_matrix"),
        (GOOD.corr(), 2, "too_few_cases"),
    ],
)
def test_matrices_that_are_none(matrix: Any, n: int, code: str) -> None:
    with pytest.raises(DataError) as caught:
        item_correlations(matrix, n_obs=n)
    assert caught.value.code == f"exploration.{code}"


def test_polychoric_correlations_need_tables() -> None:
    with pytest.raises(IncompatibleRequestError, match="from answers"):
        item_correlations(GOOD.corr(), n_obs=60, polychoric=True)
    with pytest.raises(IncompatibleRequestError, match="EM is for numeric"):
        item_correlations(GOOD, polychoric=True, missing="em")
    with pytest.raises(DataError, match="different answers in a"):
        item_correlations(GOOD.assign(a=np.arange(60.0)), polychoric=True)


def test_items_that_nobody_answered_together() -> None:
    apart = GOOD.copy()
    apart.loc[:29, "a"], apart.loc[30:, "b"] = np.nan, np.nan
    for polychoric in (False, True):
        with pytest.raises(DataError, match="a and b") as caught:
            item_correlations(apart, missing="pairwise", polychoric=polychoric)
        assert caught.value.code == "exploration.never_together"


def test_an_array_gets_names() -> None:
    assert item_correlations(GOOD.to_numpy()).names == ("item1", "item2", "item3", "item4")


def test_responses_are_items() -> None:
    q = ls.load_questionnaire(shipped("questionnaires", "loyalty_core.yaml"))
    r = ls.read_responses(shipped("data", "study_answers.csv"), q)
    found = item_correlations(r)
    assert found.names == tuple(r.data.columns)
    assert np.diagonal(found.r) == pytest.approx(np.ones(len(found.names)))


def test_em_of_complete_answers_is_pearson() -> None:
    assert item_correlations(GOOD, missing="em").r == pytest.approx(item_correlations(GOOD).r)


def test_pairwise_counts_the_smallest_pair() -> None:
    gaps = GOOD.copy()
    gaps.loc[:9, "a"], gaps.loc[55:, "b"] = np.nan, np.nan
    found = item_correlations(gaps, missing="pairwise")
    assert found.n_obs == 45
    assert found.r == pytest.approx(gaps.corr().to_numpy())
    same = item_correlations(gaps, missing="pairwise", polychoric=True)
    assert same.n_obs == 45


def test_polychoric_and_polyserial_read_well() -> None:
    found = ls.polychoric(GOOD.rename(columns={"a": "信任"}))
    assert "信任" in str(found)
    assert "信任" in found._repr_html_()
    assert found.threshold_table.shape == (4, 4)
    with pytest.raises(IncompatibleRequestError, match="'half'"):
        ls.polychoric(GOOD, correct="half")  # type: ignore[arg-type]  # what is refused


def test_polyserial() -> None:
    z = RNG.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 4000)
    answers = pd.DataFrame({"q": np.digitize(z[:, 1], [-1, 0, 1])})
    numeric = pd.DataFrame({"age": 10 * z[:, 0], "income": RNG.standard_normal(4000)})
    numeric.loc[:99, "age"] = np.nan
    found = ls.polyserial(numeric, answers)
    assert found.loc["age", "q"] == pytest.approx(0.6, abs=0.04)
    assert found.loc["income", "q"] == pytest.approx(0.0, abs=0.05)
    with pytest.raises(DataError, match="4000 rows, the items 10"):
        ls.polyserial(numeric, answers.head(10))
    with pytest.raises(DataError, match="income and q"):
        ls.polyserial(numeric[["income"]], answers.assign(q=1))


def test_readme_data_are_there() -> None:
    assert Path(shipped("data", "study_answers.csv")).exists()
