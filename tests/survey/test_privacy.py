"""Respondents' ids stay inside: nothing that is printed, shown or raised holds one unasked."""

from __future__ import annotations

import hashlib
import hmac
import logging
from pathlib import Path

import pytest

from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.survey.questionnaire import Questionnaire
from loyaltysem.survey.responses import Responses, ResponsesError, read_responses

from .conftest import HEADER, csv_text, write

SECRET = "Zhang-13800138000"
MAIL = "someone@example.org"
KEY = "a key that is long enough"
EXTRA = HEADER + ",mail"


@pytest.fixture
def known(tmp_path: Path, small: Questionnaire) -> Responses:
    rows = [f"{SECRET}{k},{1 + k % 5},{1 + k % 3},3,{k},2,1,hello {k},{MAIL}" for k in range(12)]
    return read_responses(write(tmp_path / "a.csv", csv_text(*rows, header=EXTRA)), small)


def shown(r: Responses) -> str:
    """Everything that is shown of answers without asking for the respondents."""
    screening = r.screen(sources=["mail"])
    parts = [
        repr(r), str(r), r._repr_html_(), *map(str, r.findings), *map(repr, r.findings),
        str(r.counts), r.problems.to_string(), repr(screening), str(screening),
        screening._repr_html_(), screening.in_words("zh"), screening.frame().to_string(),
        screening.summary.to_string(), str(screening.reasons("zh").tolist()),
        str(r.flow()), r.flow()._repr_html_(), r.flow().frame.to_string(), str(r.score_counts()),
    ]  # fmt: skip
    return "\n".join(parts)


def test_nothing_shown_holds_an_id(known: Responses, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        everything = shown(known)
        left = known.leave_out([True] + [False] * 11, "withdrew")
        everything += shown(left) + shown(left.pseudonymise(KEY))
    assert "13800138000" not in everything
    assert MAIL not in everything and "hello" not in everything
    assert "13800138000" not in caplog.text


def test_ids_come_when_asked_for(known: Responses) -> None:
    assert known.respondents[0] == f"{SECRET}0"
    table = known.screen().frame(identify=True)
    assert table["respondent"].iloc[1] == f"{SECRET}1"


@pytest.mark.parametrize("identify", [False, True])
def test_errors_name_rows(tmp_path: Path, small: Questionnaire, identify: bool) -> None:
    rows = (f"{SECRET},9,x,3,4,5,1,hm", f"{SECRET},1,2,3,4,5,1,hm")
    with pytest.raises(ResponsesError) as caught:
        read_responses(write(tmp_path / "a.csv", csv_text(*rows)), small, identify=identify)
    told = str(caught.value) + repr(caught.value) + caught.value.problems.to_string()
    assert (SECRET in told) == identify
    assert "row 3, " in told and "first in row 2" in told
    noted = read_responses(tmp_path / "a.csv", small, on_problems="note", identify=identify)
    assert ("respondent" in noted.problems) == identify
    assert "respondent" not in noted.pseudonymise(KEY).problems


@pytest.mark.parametrize(
    "text",
    [
        csv_text(f"{SECRET},1,2"),
        csv_text(f'{SECRET},"1,2,3,4,5,1,x'),
        csv_text(f"{SECRET},1,2,3,4,5,1,好").encode("gb18030"),
        f"{HEADER}\n",
    ],
)
def test_unreadable_files_do_not_give_ids_away(
    tmp_path: Path, small: Questionnaire, text: str | bytes
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as caught:
        read_responses(path, small)
    assert SECRET not in str(caught.value) + repr(caught.value)


def test_pseudonyms_are_stable_and_keyed(known: Responses) -> None:
    first, again = known.pseudonymise(KEY), known.pseudonymise(KEY.encode())
    other = known.pseudonymise(KEY + "!")
    assert first.respondents.tolist() == again.respondents.tolist()
    assert not set(first.respondents) & set(other.respondents)
    assert first.respondents.nunique() == 12
    expected = hmac.new(KEY.encode(), f"{SECRET}0".encode(), hashlib.sha256).hexdigest()
    assert first.respondents[0] == expected[:32]
    assert known.respondents[0] == f"{SECRET}0"  # the first object is as it was
    assert first.data.equals(known.data)


def test_pseudonyms_do_not_depend_on_who_else_is_there(known: Responses) -> None:
    fewer = known.leave_out([True] * 5 + [False] * 7, "x").pseudonymise(KEY)
    assert fewer.respondents.tolist() == known.pseudonymise(KEY).respondents.tolist()[5:]


def test_what_may_still_identify_is_said(known: Responses) -> None:
    r = known.pseudonymise(KEY)
    finding = next(f for f in r.findings if f.code == "data.may_identify")
    assert "mail" in finding.text.en and "comment" in finding.text.en
    assert "data.weak_key" not in {f.code for f in r.findings}
    both = known.pseudonymise("short", also=["mail", "comment"])
    assert MAIL not in both.frame.to_string() and "hello" not in both.frame.to_string()
    assert {"data.weak_key"} <= {f.code for f in both.findings}
    assert "data.may_identify" not in {f.code for f in both.findings}
    left = both.leave_out([True] + [False] * 11, "x")
    assert "data.weak_key" in {f.code for f in left.findings}


def test_a_key_and_a_column_are_needed(known: Responses) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        known.pseudonymise("")
    assert caught.value.code == "pseudonym.key"
    with pytest.raises(DataError, match="Did you mean 'mail'"):
        known.pseudonymise(KEY, also=["mial"])
