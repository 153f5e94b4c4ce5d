from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.survey.questionnaire import Questionnaire
from loyaltysem.survey.responses import Responses, read_responses

from .conftest import csv_text, write

ROWS = ("a,1,,3,4,5,1,x", "b,5,2,,0,1,2,", "c,4,1,3,12,2,1,", "d,,,4,1,2,1,")


@pytest.fixture
def gaps(tmp_path: Path, small: Questionnaire) -> Responses:
    return read_responses(write(tmp_path / "a.csv", csv_text(*ROWS)), small)


def test_sums_put_missing_answers_at_the_persons_own_mean(gaps: Responses) -> None:
    sums, means = gaps.scores(form="sum"), gaps.scores()
    np.testing.assert_allclose(sums["trust"], [2.0, 9.0, 9.0, np.nan])
    np.testing.assert_allclose(sums["trust"], 2 * means["trust"])
    np.testing.assert_allclose(sums["whole"], [5.0, np.nan, 12.0, np.nan])
    with pytest.raises(IncompatibleRequestError, match="Did you mean 'sum'"):
        gaps.scores(form="summ")  # type: ignore[arg-type]  # the slip under test


def test_counts_show_what_each_rule_costs(gaps: Responses) -> None:
    counts = gaps.score_counts().set_index(["construct", "rule"])
    trust = counts.loc["trust"]
    assert trust["needed"].to_dict() == {"half": 1, "complete": 2, "any": 1}
    assert trust["from_all_items"].tolist() == [2, 2, 2]
    assert trust["from_some_items"].tolist() == [1, 0, 1]
    assert trust["lost"].tolist() == [1, 2, 1]
    assert trust.loc["complete", "mean"] == pytest.approx(4.5)
    assert trust.loc["half", "mean"] == pytest.approx((1 + 4.5 + 4.5) / 3)
    assert set(counts.index.get_level_values(0)) == {"trust", "liking"}  # tenure mixes scales


def test_counts_agree_with_the_scores(gaps: Responses) -> None:
    for rule in ("half", "complete", "any"):
        scores = gaps.scores(rule=rule)
        counts = gaps.score_counts().query("rule == @rule").set_index("construct")
        for name in counts.index:
            assert counts.loc[name, "lost"] == scores[name].isna().sum()
