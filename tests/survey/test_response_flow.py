from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.survey.questionnaire import Questionnaire
from loyaltysem.survey.response_flow import Exclusion, ResponseFlow
from loyaltysem.survey.responses import Responses, read_responses

from .conftest import csv_text, write

YOUNG = Text("under 18", "未满 18 岁")


@pytest.fixture
def ten(tmp_path: Path, small: Questionnaire) -> Responses:
    rows = [f"p{k},{1 + k % 5},{1 + k % 4},3,{k},2,1," for k in range(9)]
    return read_responses(write(tmp_path / "a.csv", csv_text(*rows, ",,,,,,,")), small)


def test_the_flow_adds_up(ten: Responses) -> None:
    left = ten.leave_out(ten.frame["months"] < 2, YOUNG).leave_out([True] + [False] * 6, "asked to")
    flow = left.flow(20)
    assert [(e.rule, e.count) for e in flow.exclusions] == [
        ("blank", 1), ("under 18", 2), ("asked to", 1),
    ]  # fmt: skip
    assert (flow.returned, flow.excluded, flow.analysed) == (10, 4, 6)
    assert flow.response_rate == 0.5 and flow.usable_rate == 0.3
    assert flow.frame["step"].tolist() == ["sent", "returned", *["excluded"] * 3, "analysed"]
    assert flow.frame["share"].tolist() == [1.0, 0.5, 0.05, 0.1, 0.05, 0.3]
    assert left.rows.tolist() == [5, 6, 7, 8, 9, 10]
    assert len(ten.frame) == 9 and ten.exclusions == ()  # the first object is as it was


def test_left_out_respondents_are_found_and_counted(ten: Responses) -> None:
    left = ten.leave_out(ten.frame["months"] < 2, YOUNG)
    assert left.counts["excluded"] == 2 and left.counts["respondents"] == 7
    finding = next(f for f in left.findings if f.code == "data.excluded")
    assert "under 18 2" in finding.text.en and "未满 18 岁" in finding.text.zh
    assert left.data_hash == ten.data_hash
    pd.testing.assert_frame_equal(left.frame, ten.frame.iloc[2:].reset_index(drop=True))


def test_more_returned_than_the_file_holds(ten: Responses) -> None:
    flow = ten.flow(30, returned=15)
    assert flow.exclusions[0].count == 6 and flow.analysed == 9


def test_words_in_both_languages(ten: Responses) -> None:
    flow = ten.leave_out(ten.frame["months"] < 2, YOUNG).flow(20)
    assert str(flow) == (
        "Of 20 questionnaires sent, 10 were returned (response rate 50.0%). 3 were left out: Blank "
        "rows 1; under 18 2. 7 were analysed, 35.0% of those sent."
    )
    assert flow.in_words("zh") == (
        "共发放问卷 20 份，回收 10 份（回收率 50.0%）。剔除 3 份：空白答卷 1 份；未满 18 岁 2 份。"
        "最终用于分析的有效问卷为 7 份，有效回收率 35.0%。"
    )
    unsent = ResponseFlow(7, (), 7)
    assert unsent.response_rate is None and unsent.usable_rate == 1.0
    assert (
        str(unsent) == "7 questionnaires were returned. 7 were analysed, 100.0% of those returned."
    )
    assert "100.0%" in unsent._repr_html_()
    assert ResponseFlow(0, (), 0, 0).usable_rate is None


def test_html_is_escaped() -> None:
    flow = ResponseFlow(2, (Exclusion("r", Text("<b>"), 1),), 1)
    assert "<b>" not in flow._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((10, (), 9), "flow.sum"), ((10, (), 10, 9), "flow.sent"),
     ((1, (Exclusion("r", YOUNG, 2),), -1), "flow.sum")],
)  # fmt: skip
def test_flows_that_cannot_be(arguments: tuple[object, ...], code: str) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        ResponseFlow(*arguments)  # type: ignore[arg-type]  # impossible on purpose
    assert caught.value.code == code


def test_nobody_left_and_wrong_lengths(ten: Responses) -> None:
    with pytest.raises(DataError) as caught:
        ten.leave_out(np.ones(9, dtype=bool), YOUNG)
    assert caught.value.code == "exclude.everybody"
    with pytest.raises(IncompatibleRequestError) as wrong:
        ten.leave_out([True], YOUNG)
    assert wrong.value.code == "exclude.length"
