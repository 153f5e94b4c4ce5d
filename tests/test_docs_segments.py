"""The guide to segments is run: every Python block in order."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib
import pytest

from loyaltysem.clv.segments.tier_rules import MEASURES

PAGE = Path(__file__).parents[1] / "docs" / "segments.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

pytest.importorskip("ibis", reason="needs the extra clv")
pytest.importorskip("sklearn", reason="needs the extra ml")


@pytest.mark.filterwarnings("ignore")
def test_every_block_runs() -> None:
    matplotlib.use("Agg")
    names: dict[str, object] = {"__name__": "page"}
    for number, body in enumerate(BLOCKS, start=1):
        exec(compile(body, f"{PAGE.name}, block {number}", "exec"), names)
    assert len(BLOCKS) == 8


def test_every_measure_is_explained() -> None:
    table = TEXT.split("| measure |")[1].split("\n\n")[0]
    assert all(f"`{name}`" in table for name in MEASURES)
