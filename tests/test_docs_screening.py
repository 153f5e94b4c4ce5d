"""The guide to screening is run, Python and shell, on answers with times, sources and days."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest

from loyaltysem.cli import main

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "screening.md").read_text("utf-8")
CARELESS = 10


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write answers of the shipped questionnaire, the first of them in no time."""
    rng = np.random.default_rng(3)
    (tmp_path / "questionnaires").symlink_to(ROOT / "questionnaires")
    names = [
        f"{part}{k}" for part in ("beh", "att", "emo", "tru", "sat", "com") for k in range(1, 5)
    ]
    size = 200
    trait = rng.normal(size=(size, 1)) + np.repeat(rng.normal(size=(size, 6)), 4, axis=1)
    answer = np.clip(np.rint(3 + 0.6 * trait + 0.6 * rng.normal(size=(size, 24))), 1, 5)
    frame = pd.DataFrame(answer.astype(int), columns=names)
    frame.insert(0, "customer_id", [f"C{k:04d}" for k in range(size)])
    account = {"amount": 100.0, "frequency": 12, "duration": 24}
    for name, value in account.items():
        frame[name] = value + rng.integers(0, 10, size)
        frame[f"log_{name}"] = np.log(frame[name].astype(float)).round(4)
    frame["duration_s"] = np.where(np.arange(size) < CARELESS, 20.0, 240.0)
    frame["ip"] = [f"10.0.0.{k}" for k in range(size)]
    frame["day"] = [f"2026-03-{1 + k % 28:02d}" for k in range(size)]
    frame["age"] = np.where(np.arange(size) == 7, 17, 40)
    frame.to_csv(tmp_path / "answers.csv", index=False)
    (tmp_path / "trust.txt").write_text("T =~ tru1 + tru2 + tru3\nS =~ sat1 + sat2 + sat3\nS ~ T")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.filterwarnings("ignore")
def test_program(desk: Path) -> None:
    matplotlib.use("Agg")
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    for number, body in enumerate(blocks, start=1):
        exec(compile(body, f"screening.md, block {number}", "exec"), names)
    tables = names["report"].analysis.tables  # type: ignore[attr-defined] # a Report
    sizes = tables["with_without"].iloc[0]
    assert sizes["est_with"] == 200 and sizes["est_without"] <= 200 - CARELESS
    assert {"flow", "nonresponse", "screening"} <= set(tables)
    assert (desk / "out" / "trust.html").is_file()


def test_commands(desk: Path) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    commands = [shlex.split(line) for line in block.splitlines()]
    assert len(commands) == 2
    for program, *words in commands:
        assert program == "loyaltysem" and main(words) == 0
    assert len(pd.read_csv(desk / "out" / "screening.csv")) == 200
    assert (desk / "out" / "screening.png").stat().st_size > 10_000
    assert (desk / "out" / "trust" / "report.html").is_file()
