from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.survey.codebook import make_codebook
from loyaltysem.survey.instrument import Questionnaire
from loyaltysem.survey.responses import Responses, read_responses

from .conftest import csv_text, write


@pytest.fixture
def answers(small: Questionnaire, tmp_path: Path) -> Responses:
    return read_responses(write(tmp_path / "a.csv", csv_text()), small)


def test_statistics_of_answers_as_given(answers: Responses) -> None:
    table = make_codebook(answers.questionnaire, answers.frame).table.set_index("item")
    row = table.loc["t2"]
    assert (row["n"], row["missing"], row["mean"], row["sd"]) == (2, 1, 3.0, pytest.approx(2**0.5))
    assert (row["lowest"], row["highest"]) == (2, 4)  # reverse, but not turned here
    assert row["frequencies"] == "1: 0; 2: 1; 3: 0; 4: 1; 5: 0"
    assert table.loc["channel", "frequencies"] == "1: 2; 2: 1"
    assert pd.isna(table.loc["channel", "mean"])
    assert (table.loc["comment", "n"], table.loc["comment", "missing"]) == (2, 1)


def test_respondents_and_open_answers_stay_inside(answers: Responses) -> None:
    frame = answers.frame.assign(id="SECRET", comment="SECRET")
    book = make_codebook(answers.questionnaire, frame)
    for text in (book.csv(), book.markdown(), book.html("zh"), book._repr_html_(), str(book)):
        assert "SECRET" not in text


def test_both_languages(answers: Responses) -> None:
    book = make_codebook(answers.questionnaire, answers.frame, synthetic=True)
    english, chinese = book.markdown("en"), book.markdown("zh")
    assert "## Whole › Trust" in english and "## 整体 › 信任" in chinese
    assert "Synthetic data" in english and "模拟数据" in chinese
    assert "| t2 | I doubt it. |" in english and "reverse-scored" in english
    assert "反向计分" in chinese and "1 否 (33.3%)" in chinese
    assert '<html lang="zh-Hans">' in book.html("zh")


def test_without_answers(whole: Questionnaire) -> None:
    text = make_codebook(whole).markdown()
    assert "| Item | Wording | Answers | Marks |" in text and "Mean" not in text
    assert "attention check, right answer 2, 3" in text and "net promoter score" in text
    assert "from records, not asked" in text and "Respondent: id (Your code)" in text
    assert "| spend | How much | 0 to 1000.5 CNY | required |" in text


def test_texts_are_shown_and_not_run(whole: Questionnaire) -> None:
    nasty = Text("=1|<b>*x*\n`y`", "=二")
    items = (replace(whole.items[0], text=nasty), *whole.items[1:])
    book = make_codebook(replace(whole, items=items))
    assert "<b>" not in book.html() and "&lt;b&gt;" in book.html()
    line = next(row for row in book.markdown().splitlines() if "=1" in row)
    assert line.replace("\\|", "").count("|") == 5 and "\\<b>\\*x\\*" in line
    cells = pd.read_csv(io.StringIO(book.csv()), dtype=str)
    assert cells.loc[0, "text_en"].startswith("'=1")


def test_saved_by_suffix(small: Questionnaire, tmp_path: Path) -> None:
    book = make_codebook(small)
    for suffix, begin in (
        (".md", "# 小问卷"),
        (".html", "<!DOCTYPE html>"),
        (".csv", "\ufeffitem"),
    ):
        path = book.save(tmp_path / "deep" / f"book{suffix}", language="zh")
        assert path.read_text("utf-8").startswith(begin)
    with pytest.raises(IncompatibleRequestError, match=r"book\.pdf") as caught:
        book.save(tmp_path / "book.pdf")
    assert caught.value.code == "codebook.format"


def test_a_module_that_was_not_fielded(whole: Questionnaire, answers: Responses) -> None:
    table = make_codebook(whole, answers.frame).table.set_index("item")
    assert (table.loc["nps", "n"], table.loc["nps", "missing"]) == (0, 3)
