"""The commands and the program of docs/questionnaires.md run, and its tables name what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from loyaltysem.cli import main
from loyaltysem.survey.exchange.formats import FORMATS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "questionnaires.md").read_text("utf-8")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("questionnaires", "data"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands(desk: Path) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    commands = [shlex.split(line) for line in block.splitlines()]
    assert len(commands) == 4
    for program, *words in commands:
        assert program == "loyaltysem" and main(words) == 0
    assert {path.name for path in (desk / "out").iterdir()} == {
        "loyalty.html", "loyalty.xlsx", "codebook.html",
    }  # fmt: skip


def test_program(desk: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(block, "docs/questionnaires.md", "exec"), {})
    assert (desk / "out" / "codebook.md").is_file() and (desk / "out" / "loyalty.json").is_file()


def test_tables() -> None:
    table = PAGE.split("## Formats")[1].split("##")[0]
    rows = {row[0]: row for row in re.findall(r"^\| `(\w+)` \|(.*)\|(.*)\|(.*)\|$", table, re.M)}
    assert set(rows) == set(FORMATS)
    for name, row in rows.items():
        assert ("yes" in row[2]) == (FORMATS[name].read is not None or name == "yaml")
        assert ("unverified" in row[3]) == (not FORMATS[name].verified)
    shipped = {path.stem for path in (ROOT / "questionnaires").glob("*.yaml")}
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE.split("```sh")[0], re.M)) == shipped
