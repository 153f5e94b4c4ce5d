"""The guide to reports is run, Python and shell."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem.cli import main

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reports.md").read_text("utf-8")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write answers of the shipped questionnaire and a small model."""
    rng = np.random.default_rng(3)
    (tmp_path / "questionnaires").symlink_to(ROOT / "questionnaires")
    names = [f"{p}{k}" for p in ("beh", "att", "emo", "tru", "sat", "com") for k in range(1, 5)]
    size = 150
    trait = rng.normal(size=(size, 1)) + np.repeat(rng.normal(size=(size, 6)), 4, axis=1)
    answer = np.clip(np.rint(3 + 0.6 * trait + 0.6 * rng.normal(size=(size, 24))), 1, 5)
    frame = pd.DataFrame(answer.astype(int), columns=names)
    frame.insert(0, "customer_id", [f"C{k:04d}" for k in range(size)])
    for name, value in {"amount": 100.0, "frequency": 12, "duration": 24}.items():
        frame[name] = value + rng.integers(0, 10, size)
        frame[f"log_{name}"] = np.log(frame[name].astype(float)).round(4)
    frame.to_csv(tmp_path / "answers.csv", index=False)
    (tmp_path / "trust.txt").write_text("T =~ tru1 + tru2 + tru3\nS =~ sat1 + sat2 + sat3\nS ~ T")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.filterwarnings("ignore")
def test_program(desk: Path) -> None:
    (body,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    exec(compile(body, "reports.md", "exec"), {})
    assert {path.name for path in (desk / "out").iterdir()} == {
        "trust.html", "trust.pdf", "trust.zh.pdf", "trust.docx", "trust.zh.docx"
    }  # fmt: skip


def test_shell(desk: Path) -> None:
    (body,) = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert main(shlex.split(body.replace("\\\n", ""))[1:]) == 0
    assert {path.name for path in (desk / "out" / "trust").iterdir()} == {
        "report.html", "report.pdf", "report.zh.pdf", "report.docx", "report.zh.docx",
        "results.json",
    }  # fmt: skip
