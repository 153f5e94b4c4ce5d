"""The README is run, not believed: its commands, its Python, its links."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]


def _blocks(language: str) -> list[str]:
    return [body for found, body in FENCE.findall(README) if found == language]


def _commands(*languages: str) -> list[str]:
    """Shell lines with continuations joined and comments dropped."""
    text = "\n".join(block for language in languages for block in _blocks(language))
    lines = re.sub(r"\s*[\\`]\n\s*", " ", text).splitlines()
    return [line for line in (line.split("  #")[0].strip() for line in lines) if line]


def _called(program: str) -> list[str]:
    return [line for line in _commands("sh") if shlex.split(line)[0] == program]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like the checkout to a command, and where it may write."""
    for folder in ("questionnaires", "data", "notebooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_opens_with_the_two_commands() -> None:
    first = [line.split()[:2] for line in _blocks("sh")[0].splitlines()]
    assert first[-2:] == [["make", "reproduce"], ["make", "test"]]


def test_every_shell_command_is_one_this_file_knows() -> None:
    known = {"make", "loyaltysem", "git", "cd", "pip"}
    assert {shlex.split(line)[0] for line in _commands("sh")} <= known


@pytest.mark.parametrize("command", _called("make"))
def test_make_knows_the_target(command: str) -> None:
    done = subprocess.run(
        [*shlex.split(command), "--dry-run"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_the_loyaltysem_commands_run(workplace: Path) -> None:
    from loyaltysem.cli import main

    commands = _called("loyaltysem")
    assert commands
    for command in commands:
        code = main(shlex.split(command)[1:])
        assert code in (0, None), command
    assert list(workplace.glob("out/**/*.html"))


@pytest.mark.parametrize("extras", re.findall(r"(?:\.|loyaltysem)\[([\w,]+)\]", README))
def test_the_extras_named_exist(extras: str) -> None:
    assert set(extras.split(",")) <= set(EXTRAS)


def test_the_windows_commands_do_what_make_does() -> None:
    """Same extras, same constraints, same entry point: only the shell differs."""
    windows = " ".join(_commands("powershell"))
    assert "-c constraints.txt" in windows
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (extras,) = re.findall(
        r"its example data and report writers,([\w$()]+)\)$", makefile, re.MULTILINE
    )
    assert f".[{extras.replace('$(comma)', ',')}]" in windows
    assert "loyaltysem reproduce" in windows


def test_the_quick_start_runs(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = _blocks("python")
    assert len(blocks[0].strip().splitlines()) <= 15
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert list(workplace.glob("out/*.html"))
    assert list(workplace.glob("out/*.png"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_resolve(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    broken = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert broken == []
