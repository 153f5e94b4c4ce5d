from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem.core.datasets import mobi_path, shipped
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.survey.exchange.csv_file import sniff_separator
from loyaltysem.survey.instrument import Link
from loyaltysem.survey.provenance import Provenance
from loyaltysem.survey.questionnaire import Questionnaire, load_questionnaire
from loyaltysem.survey.responses import (
    Responses,
    ResponsesError,
    read_responses,
    responses_from_frame,
)

from .conftest import HEADER, ROWS, csv_text, write


@pytest.fixture
def answers(tmp_path: Path, small: Questionnaire) -> Responses:
    return read_responses(write(tmp_path / "a.csv", csv_text()), small)


def problem_of(
    tmp_path: Path, q: Questionnaire, *rows: str, header: str = HEADER
) -> ResponsesError:
    with pytest.raises(ResponsesError) as caught:
        read_responses(write(tmp_path / "a.csv", csv_text(*rows, header=header)), q)
    return caught.value


def refused(path: Path, q: Questionnaire, **options: str) -> DataError:
    with pytest.raises(DataError) as caught:
        read_responses(path, q, **options)
    return caught.value


def test_reads_numbers_and_keeps_text(answers: Responses) -> None:
    assert answers.frame["t1"].tolist() == [1.0, 5.0, 4.0]
    assert answers.frame["t1"].dtype == np.float64
    assert answers.frame["comment"].tolist()[0] == "好"
    assert answers.frame["id"].tolist() == ["a", "b", "c"]
    assert answers.counts == {
        "rows_read": 3, "blank_rows": 0, "respondents": 3, "complete_cases": 2,
        "incomplete_cases": 1, "missing_answers": 1,
    }  # fmt: skip
    assert answers.file_name == "a.csv"
    assert answers.data_hash == hashlib.sha256(csv_text().encode()).hexdigest()
    assert not answers.synthetic and answers.findings == ()


def test_reverse_items_are_turned_and_open_answers_left_out(answers: Responses) -> None:
    np.testing.assert_array_equal(answers.data["t2"], [4.0, 2.0, np.nan])
    np.testing.assert_array_equal(answers.frame["t2"], [2.0, 4.0, np.nan])
    assert "comment" not in answers.data


def test_scores_state_their_rule(answers: Responses) -> None:
    half, complete = answers.scores(), answers.scores(rule="complete")
    np.testing.assert_allclose(half["trust"], [2.5, 3.5, 4.0])
    np.testing.assert_allclose(complete["trust"], [2.5, 3.5, np.nan])
    np.testing.assert_allclose(half["whole"], [2.75, 2.75, 3.5])
    np.testing.assert_allclose(complete["whole"], [2.75, 2.75, np.nan])
    assert list(half) == ["whole", "trust", "liking"]  # tenure mixes months and scale points
    with pytest.raises(IncompatibleRequestError, match="Did you mean 'half'"):
        answers.scores(rule="hlaf")  # type: ignore[arg-type]  # the slip under test


def test_a_rule_of_any_needs_one_answer(tmp_path: Path, small: Questionnaire) -> None:
    rows = ("a,,,3,4,5,1,x", "b,5,,2,0,1,2,", "c,4,1,3,12,2,1,")
    r = read_responses(write(tmp_path / "a.csv", csv_text(*rows)), small)
    np.testing.assert_allclose(r.scores(rule="any")["trust"], [np.nan, 5.0, 4.5])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("sep", [",", ";", "\t"])
def test_files_as_people_save_them(
    tmp_path: Path, small: Questionnaire, answers: Responses, encoding: str, end: str, sep: str
) -> None:
    text = csv_text(end=end).replace(",", sep)
    r = read_responses(write(tmp_path / "b.csv", text, encoding), small)
    pd.testing.assert_frame_equal(r.frame, answers.frame)


def test_gb18030_when_asked(tmp_path: Path, small: Questionnaire, answers: Responses) -> None:
    path = write(tmp_path / "gb.csv", csv_text(), "gb18030")
    pd.testing.assert_frame_equal(
        read_responses(path, small, encoding="gb18030").frame, answers.frame
    )
    error = refused(path, small)
    byte = csv_text().encode("gb18030").index("好".encode("gb18030"))
    assert error.code == "data.encoding"
    assert f"byte {byte} " in error.message and "line 2" in error.message
    assert "--encoding gb18030" in error.hint


def test_other_encodings(tmp_path: Path, small: Questionnaire, answers: Responses) -> None:
    wide = write(tmp_path / "wide.csv", csv_text(), "utf-16")
    assert "utf-16" in refused(wide, small).hint
    pd.testing.assert_frame_equal(
        read_responses(wide, small, encoding="utf-16").frame, answers.frame
    )
    plain = write(tmp_path / "b.csv", csv_text())
    assert refused(plain, small, encoding="klingon").code == "data.unknown_encoding"
    assert "--encoding utf-8" in refused(plain, small, encoding="ascii").hint


def test_blank_rows_are_left_out_and_counted(tmp_path: Path, small: Questionnaire) -> None:
    text = csv_text(ROWS[0], ",,,,,,,", "", *ROWS[1:]) + "\n\n"
    r = read_responses(write(tmp_path / "b.csv", text), small)
    assert r.counts["respondents"] == 3 and r.counts["blank_rows"] == 1
    assert [f.code for f in r.findings] == ["data.blank_rows"]


def test_quoted_cells_may_hold_separators_and_lines(tmp_path: Path, small: Questionnaire) -> None:
    rows = ('a,1,2,3,4,5,1,"x, y\nz"', "b,1,2,3,4,9,1,")
    with pytest.raises(ResponsesError) as caught:
        read_responses(write(tmp_path / "b.csv", csv_text(*rows)), small)
    assert caught.value.problems["row"].tolist() == [3]  # as a spreadsheet numbers it


def test_missing_codes_and_words(tmp_path: Path, small: Questionnaire) -> None:
    rows = ("a,-99,NA, ,1,2,1,", "b,1,NaN,2,-99.0,3,2,", "c,2,3,4,5,5,1,")
    r = read_responses(write(tmp_path / "b.csv", csv_text(*rows)), small)
    assert r.frame.loc[0, ["t1", "t2", "k1"]].isna().all()
    assert r.counts["missing_answers"] == 5


@pytest.mark.parametrize(
    ("cells", "column", "value", "rule", "code"),
    [
        ("a,6,2,3,4,5,1,", "t1", "6", "off the scale", "data.off_scale"),
        ("a,0,2,3,4,5,1,", "t1", "0", "off the scale", "data.off_scale"),
        ("a,2.5,2,3,4,5,1,", "t1", "2.5", "off the scale", "data.off_scale"),
        ("a,-98,2,3,4,5,1,", "t1", "-98", "off the scale", "data.off_scale"),
        ("a,1,2,3,-1,5,1,", "months", "-1", "off the scale", "data.off_scale"),
        ("a,1,2,3,4,5,3,", "channel", "3", "off the scale", "data.off_scale"),
        ("a,yes,2,3,4,5,1,", "t1", "yes", "not a number", "data.not_a_number"),
        ("a,True,2,3,4,5,1,", "t1", "True", "not a number", "data.not_a_number"),
        ("a,1,2,3,inf,5,1,", "months", "inf", "not a number", "data.not_a_number"),
        (",1,2,3,4,5,1,", "id", "", "respondent id missing", "data.missing_id"),
        ("b,1,2,3,4,5,1,", "id", "", "respondent id given twice", "data.duplicate_id"),
    ],
)
def test_each_problem_is_located(
    tmp_path: Path, small: Questionnaire, cells: str, column: str, value: str, rule: str, code: str
) -> None:
    error = problem_of(tmp_path, small, "b,1,2,3,4,5,1,", cells)
    (problem,) = error.problems.to_dict("records")
    assert (problem["row"], problem["column"], problem["value"]) == (3, column, value)
    assert problem["rule"] == rule
    assert error.code == code
    assert f"column '{column}'" in error.message and "row 3" in error.message


def test_duplicate_ids_name_the_first_row(tmp_path: Path, small: Questionnaire) -> None:
    error = problem_of(tmp_path, small, "b,1,2,3,4,5,1,", "a,1,2,3,4,5,1,", "b,1,2,3,4,5,1,")
    assert error.problems["row"].tolist() == [4]
    assert "first in row 2" in error.message


def test_problems_can_be_noted_instead_of_raised(tmp_path: Path, small: Questionnaire) -> None:
    rows = ("a,9,x,3,4,5,1,", "b,1,2,3,4,5,1,", "b,5,2,3,4,5,1,", ",5,2,3,4,5,1,")
    path = write(tmp_path / "a.csv", csv_text(*rows))
    r = read_responses(path, small, on_problems="note")
    found = r.problems[["row", "column", "rule"]].to_dict("records")
    assert found == [
        {"row": 5, "column": "id", "rule": "respondent id missing"},
        {"row": 4, "column": "id", "rule": "respondent id given twice"},
        {"row": 2, "column": "t1", "rule": "off the scale"},
        {"row": 2, "column": "t2", "rule": "not a number"},
    ]
    assert r.frame.loc[0, ["t1", "t2"]].isna().all() and len(r.frame) == 4
    noted = next(f for f in r.findings if f.code == "data.problems_noted")
    assert "4 cell(s)" in noted.text.en and ".problems" in noted.hint.en
    assert answers_codes(r) == {"data.problems_noted", "data.constant_item"}
    with pytest.raises(ResponsesError):  # a column that is not there cannot be noted away
        wrong = write(tmp_path / "b.csv", csv_text(header=HEADER.replace("t1", "q1")))
        read_responses(wrong, small, on_problems="note")
    with pytest.raises(IncompatibleRequestError, match="'raise' or 'note'"):
        read_responses(path, small, on_problems="ignore")  # type: ignore[arg-type]  # the slip


def answers_codes(r: Responses) -> set[str]:
    return {finding.code for finding in r.findings}


def test_clean_answers_have_an_empty_table_of_problems(answers: Responses) -> None:
    assert list(answers.problems) == ["row", "column", "value", "rule", "expected"]
    assert len(answers.problems) == 0
    assert answers.rows.tolist() == [2, 3, 4]


def test_ids_have_the_form_asked_for(tmp_path: Path, small: Questionnaire) -> None:
    q = replace(small, link=Link(Text("Number", "编号"), pattern="[a-c]"))
    assert read_responses(write(tmp_path / "a.csv", csv_text()), q).counts["respondents"] == 3
    error = problem_of(tmp_path, q, "a,1,2,3,4,5,1,", "dd,1,2,3,4,5,1,")
    assert error.code == "data.malformed_id"
    assert error.problems["row"].tolist() == [3] and "dd" not in str(error)


def test_a_long_answer_is_shortened_in_messages(tmp_path: Path, small: Questionnaire) -> None:
    error = problem_of(tmp_path, small, f"a,{'x' * 500},2,3,4,5,1,")
    assert "x" * 39 + "…" in error.message and "x" * 40 not in error.message
    assert error.problems.loc[0, "value"] == "x" * 500


def test_everything_wrong_is_still_one_small_table(tmp_path: Path, small: Questionnaire) -> None:
    rows = [f"p{k},9,9,9,-1,9,9," for k in range(20_000)]
    error = problem_of(tmp_path, small, *rows)
    assert len(error.problems) == 120_000
    assert len(error.message) < 2_000


def test_problems_beyond_half_a_million_are_counted(
    tmp_path: Path, small: Questionnaire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyaltysem.survey.problems.MOST_LISTED", 30)
    error = problem_of(tmp_path, small, *[f"p{k},9,9,9,-1,9,9," for k in range(20)])
    assert len(error.problems) == 41  # two whole columns, and the count of four more
    last = error.problems.iloc[-1]
    assert (last["rule"], last["value"]) == ("more problems that are not listed", "80")
    assert error.code == "data.invalid_responses"


def test_absent_and_repeated_columns(tmp_path: Path, small: Questionnaire) -> None:
    error = problem_of(tmp_path, small, header="id,T1,t2,k1,months,liked,channel,comment")
    assert error.code == "data.missing_column"
    assert "column 't1': column absent; Did you mean 'T1'?" in error.message
    error = problem_of(tmp_path, small, header="id,t1,t1,k1,months,liked,channel,comment")
    assert error.problems["rule"].tolist() == ["column absent", "column given twice"]
    assert error.code == "data.invalid_responses"
    error = problem_of(tmp_path, small, header="nr,t1,t2,k1,months,liked,channel,comment")
    assert error.problems["column"].tolist() == ["id"]


def test_all_problems_at_once_ten_shown(tmp_path: Path, small: Questionnaire) -> None:
    rows = [f"p{k},9,x,3,4,5,1," for k in range(20)]
    error = problem_of(tmp_path, small, *rows)
    assert len(error.problems) == 40
    assert "off the scale (20), not a number (20)" in error.message
    assert "and 30 more" in error.message
    assert 'on_problems="note"' in error.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "data.empty"),
        ("\n\n", "data.empty"),
        (HEADER + "\n", "data.empty"),
        (HEADER + "\n,,,,,,,\n", "data.empty"),
        (csv_text("a,1,2"), "data.ragged_rows"),
        (csv_text('a,"1,2,3,4,5,1,x'), "data.broken_csv"),
        ("PK\x03\x04 workbook", "data.not_csv"),
    ],
)
def test_files_that_are_no_table(
    tmp_path: Path, small: Questionnaire, text: str, code: str
) -> None:
    assert refused(write(tmp_path / "b.csv", text), small).code == code


def test_ragged_rows_are_listed_and_cut(tmp_path: Path, small: Questionnaire) -> None:
    message = refused(write(tmp_path / "b.csv", csv_text(*["a,1"] * 12)), small).message
    assert "row 2 has 2" in message and "and 2 more rows" in message


def test_paths_that_cannot_be_read(
    tmp_path: Path, small: Questionnaire, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "answers.csv", csv_text())
    error = refused(tmp_path / "anwers.csv", small)
    assert error.code == "data.file_missing" and "answers.csv" in error.hint
    assert refused(tmp_path / "no" / "such.csv", small).code == "data.file_missing"
    assert refused(tmp_path, small).code == "data.is_directory"
    assert refused(tmp_path / "answers.csv", small, sep="--").code == "data.separator"

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert refused(tmp_path / "answers.csv", small).code == "data.unreadable"


def test_separator_ignores_quotes() -> None:
    assert sniff_separator('"a;b;c;d",e') == ","
    assert sniff_separator("a\tb") == "\t"
    assert sniff_separator("") == ","


def test_items_without_information_are_found(tmp_path: Path, small: Questionnaire) -> None:
    rows = ("a,1,,3,4,5,1,", "b,2,,3,4,5,2,", "c,,,,,,,hm")
    r = read_responses(write(tmp_path / "b.csv", csv_text(*rows)), small)
    codes = [(f.code, f.severity) for f in r.findings]
    assert codes == [
        ("data.empty_item", "warning"),
        *[("data.constant_item", "warning")] * 3,
        ("data.no_answers", "warning"),
    ]
    assert "'t2'" in r.findings[0].text.en and "t2" in r.findings[0].text.zh


def test_extra_columns_are_kept_and_noted(tmp_path: Path, small: Questionnaire) -> None:
    rows = [row + ",7" for row in ROWS]
    r = read_responses(write(tmp_path / "b.csv", csv_text(*rows, header=HEADER + ",age")), small)
    assert r.frame["age"].tolist() == ["7", "7", "7"]
    assert "age" not in r.data
    (finding,) = r.findings
    assert (finding.code, finding.severity) == ("data.extra_columns", "note")


def test_a_sidecar_labels_synthetic_data(tmp_path: Path, small: Questionnaire) -> None:
    path = write(tmp_path / "b.csv", csv_text())
    write(
        tmp_path / "b.provenance.yaml",
        "synthetic: true\ndescription: {en: made up, zh: 模拟}\nmade_by: x.py\nseed: 3\n",
    )
    r = read_responses(path, small)
    assert r.synthetic and r.provenance.seed == 3 and r.provenance.made_by == "x.py"
    assert r.findings[0].code == "data.synthetic"
    assert "synthetic" in r._repr_html_()


@pytest.mark.parametrize("text", ["synthetik: true\n", "synthetic: perhaps\n", "synthetic: [\n"])
def test_a_broken_sidecar_is_never_ignored(tmp_path: Path, small: Questionnaire, text: str) -> None:
    path = write(tmp_path / "b.csv", csv_text())
    write(tmp_path / "b.provenance.yaml", text)
    assert refused(path, small).code == "data.provenance"


def test_a_frame_is_checked_the_same_way(small: Questionnaire, answers: Responses) -> None:
    frame = answers.frame.assign(id=[1, 2, 3])
    r = responses_from_frame(frame, small, provenance=Provenance(synthetic=True))
    pd.testing.assert_frame_equal(r.data, answers.data)
    assert r.frame["id"].tolist() == ["1", "2", "3"] and r.synthetic
    with pytest.raises(ResponsesError) as caught:
        responses_from_frame(frame.assign(t1=[1, 2, 9]), small)
    assert caught.value.problems["row"].tolist() == [4]
    with pytest.raises(DataError) as empty:
        responses_from_frame(frame.head(0), small)
    assert empty.value.code == "data.empty"


def test_the_frame_given_is_left_as_it_was(small: Questionnaire, answers: Responses) -> None:
    frame = answers.frame.set_axis([7, 7, 7], axis=0)
    before = frame.copy()
    assert responses_from_frame(frame, small).counts["respondents"] == 3
    pd.testing.assert_frame_equal(frame, before)


def test_html_escapes(tmp_path: Path, small: Questionnaire) -> None:
    rows = ("a,1,2,3,4,5,1,<script>", *ROWS[1:])
    html = read_responses(write(tmp_path / "<b>.csv", csv_text(*rows)), small)._repr_html_()
    assert "<script>" not in html and "&lt;b&gt;.csv" in html


def test_the_real_survey_fits_its_questionnaire() -> None:
    q = load_questionnaire(shipped("questionnaires", "ecsi_mobile.yaml"))
    r = read_responses(mobi_path(), q)
    assert r.data.shape == (250, 24) and r.counts["missing_answers"] == 0
    # What the questionnaire says about coding: CUEX3 is already turned, CUSL2 stands apart.
    correlations = r.data.corr()
    others = [c for c in r.data if c not in ("CUEX3", "CUSL2")]
    assert (correlations.loc["CUEX3", others] > 0).all()
    assert correlations.loc["CUSL2", ["CUSL1", "CUSL3"]].round(2).tolist() == [0.05, 0.10]


def test_without_a_respondent_column(tmp_path: Path, small: Questionnaire) -> None:
    text = "name: n\nversion: '1'\ntitle: {en: a, zh: b}\nscales: {s: {kind: numeric}}\n"
    items = "items: [{name: x, text: {en: x, zh: x}, scale: s}]\n"
    q = load_questionnaire(write(tmp_path / "q.yaml", text + items))
    path = write(tmp_path / "x.csv", "x\n1\n2\n1e3\n")
    assert read_responses(path, q).data["x"].tolist() == [1.0, 2.0, 1000.0]
    write(path, "x\nno\n")
    assert "row 2, column 'x': 'no' not a number" in refused(path, q).message
