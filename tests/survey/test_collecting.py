from __future__ import annotations

from pathlib import Path

import pytest

from loyaltysem.core.errors import DataError
from loyaltysem.survey.collecting import collect_answers
from loyaltysem.survey.exchange.answer_files import export_answers
from loyaltysem.survey.instrument import Questionnaire
from loyaltysem.survey.responses import read_responses, responses_from_frame

from .conftest import ROWS, csv_text, write


@pytest.fixture
def folder(tmp_path: Path, small: Questionnaire) -> Path:
    (tmp_path / "in").mkdir()
    for name, row in zip("abc", ROWS, strict=True):
        write(tmp_path / "in" / f"{name}.csv", csv_text(row))
    write(tmp_path / "in" / "notes.md", "not answers")
    return tmp_path / "in"


def test_one_row_per_file(folder: Path, small: Questionnaire) -> None:
    frame = collect_answers([folder], small)
    assert list(frame["id"]) == ["a", "b", "c"]
    assert list(frame["answer_file"]) == ["a.csv", "b.csv", "c.csv"]
    whole = responses_from_frame(frame.drop(columns="answer_file"), small)
    apart = read_responses(write(folder.parent / "all.csv", csv_text()), small)
    assert whole.data.equals(apart.data)


def test_the_file_to_be_written_is_left_out(folder: Path, small: Questionnaire) -> None:
    out = folder / "all.csv"
    out.write_bytes(export_answers(collect_answers([folder], small), small, "csv"))
    assert len(collect_answers([folder], small, leave_out=out)) == 3
    assert len(collect_answers([folder / "a.csv", folder / "b.csv"], small)) == 2


def test_every_file_that_does_not_fit_is_named(folder: Path, small: Questionnaire) -> None:
    write(folder / "d.csv", csv_text("d,9,9,9,9,9,9,x"))
    write(folder / "e.json", "{")
    with pytest.raises(DataError, match=r"2 file\(s\) cannot be used") as caught:
        collect_answers([folder], small)
    assert "d.csv" in str(caught.value) and "e.json" in str(caught.value)
    assert caught.value.code == "data.collect"


def test_nothing_there(tmp_path: Path, small: Questionnaire) -> None:
    with pytest.raises(DataError, match="no file of answers"):
        collect_answers([tmp_path], small)
