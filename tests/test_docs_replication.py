"""The guide to replication is run: every Python block in order, and what it says they print."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import matplotlib
import pytest

PAGE = Path(__file__).parents[1] / "docs" / "replication.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks() -> list[tuple[str, str]]:
    """Return pairs of a Python block and the text that follows it, or ""."""
    found = FENCE.findall(PAGE.read_text(encoding="utf-8"))
    after = [*found[1:], ("", "")]
    return [
        (body, following if language == "text" else "")
        for (kind, body), (language, following) in zip(found, after, strict=True)
        if kind == "python"
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_block_runs_and_prints_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    names: dict[str, object] = {"__name__": "page"}
    for number, (body, expected) in enumerate(_blocks(), start=1):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(body, f"{PAGE.name}, block {number}", "exec"), names)
        if expected:
            assert printed.getvalue().split() == expected.split()
    assert (tmp_path / "bootstrap.png").exists()
    assert (tmp_path / "boot.parquet").exists()


def test_the_page_has_blocks_to_run() -> None:
    assert len(_blocks()) > 10
    assert sum(bool(expected) for _, expected in _blocks()) >= 2
