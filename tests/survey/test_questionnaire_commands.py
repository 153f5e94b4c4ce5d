"""`loyaltysem questionnaire check | export | codebook | collect`."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyaltysem.cli import main
from loyaltysem.core.datasets import shipped
from loyaltysem.survey.exchange.formats import FORMATS, read_questionnaire

from .conftest import SMALL, csv_text, write

CORE = str(shipped("questionnaires", "loyalty_core.yaml"))


def test_check_prints_hints_and_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["questionnaire", "check", CORE]) == 0
    shown = capsys.readouterr().out
    assert "58 items, 15 constructs; no problems." in shown
    assert "pri3 (zh): “所有”" in shown


@pytest.mark.parametrize("name", FORMATS)
def test_export(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep" / f"made{FORMATS[name].suffix}"
    words = ["questionnaire", "export", CORE, "--format", name, "--out", str(out), "--lang", "zh"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert ("not carried: constructs" in shown) == (name != "yaml")
    assert ("unverified" in shown) == (name == "limesurvey")
    if FORMATS[name].read is not None:
        assert len(read_questionnaire(out).items) == 52
        assert main(["questionnaire", "check", str(out)]) == 0


def test_export_to_nowhere_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x"
    assert main(["questionnaire", "export", CORE, "--format", "pdf", "--out", str(out)]) == 1
    assert "[export.format]" in capsys.readouterr().err and not out.exists()


def test_codebook_with_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(shipped("data", "study_answers.csv"))
    out = tmp_path / "book.html"
    words = ["questionnaire", "codebook", CORE, "--data", data, "--out", str(out), "--lang", "zh"]
    assert main(words) == 0
    page = out.read_text("utf-8")
    assert "模拟数据" in page and "均值" in page and "C0001" not in page
    assert main(["questionnaire", "codebook", CORE, "--data", data]) == 0
    assert "frequencies" in capsys.readouterr().out


def test_collect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    q = write(tmp_path / "small.yaml", SMALL)
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "a.csv", csv_text())
    out = tmp_path / "in" / "all.csv"
    words = ["questionnaire", "collect", str(q), str(tmp_path / "in"), "--out", str(out)]
    for _ in range(2):  # the second time the result is there, and not taken for an answer
        assert main(words) == 0
        assert capsys.readouterr().out == "3 answers\n"
    assert out.read_text("utf-8-sig").startswith("id,t1,t2")
