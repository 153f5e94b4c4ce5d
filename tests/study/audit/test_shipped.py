"""The papers typed in under data/: what the audit says of them, and what the page says of that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import loyaltysem as ls
from loyaltysem.cli import main
from loyaltysem.core.datasets import shipped

EXPECTED = {  # relations, and which do not hold
    "seed_study": (8, {("Trust", "rmsea"), ("Satisfaction", "rmsea")}),
    "han_ryu_2009": (12, {("Proposed model", "rmsea")}),
    "ha_2023": (14, {("Service quality", "cr")}),
    "qiao_2022": (8, set()),
    "rosseel_2012": (20, set()),
}
PAGE = Path(__file__).parents[3] / "docs" / "auditing.md"


@pytest.mark.parametrize("name", EXPECTED)
def test_what_the_audit_says(name: str) -> None:
    found = ls.audit(shipped("data", f"audit_{name}.yaml"))
    wrong = {(c.place, c.relation) for c in found.checks if c.verdict != "consistent"}
    assert (len(found.checks), wrong) == EXPECTED[name]
    row = f"| {len(found.checks)} | {'none' if not wrong else ''}"
    assert row in PAGE.read_text("utf-8")


def test_the_shell_prints_the_audit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(shipped("data", "audit_seed_study.yaml")), "--lang", "zh"]) == 0
    out = capsys.readouterr().out
    assert "不一致" in out and "295" in out
    assert main(["audit", "seed_study", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["inconsistent"] == 2


def test_the_shell_tells_what_is_wrong_with_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("citation: A\nmodels: [{name: M, cfi: high}]\n", encoding="utf-8")
    assert main(["audit", str(bad)]) == 1
    assert "line 2" in capsys.readouterr().err
    assert main(["audit", str(tmp_path / "none.yaml")]) == 1
    assert "[audit.file]" in capsys.readouterr().err
