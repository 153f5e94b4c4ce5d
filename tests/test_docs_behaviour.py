"""The guide to behaviour is run: every Python block in order."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib
import pytest

from loyaltysem.clv.behaviour.profile import MEASURES

PAGE = Path(__file__).parents[1] / "docs" / "behaviour.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.filterwarnings("ignore")
def test_every_block_runs() -> None:
    pytest.importorskip("ibis", reason="needs the extra clv")
    matplotlib.use("Agg")
    names: dict[str, object] = {"__name__": "page"}
    for number, body in enumerate(BLOCKS, start=1):
        exec(compile(body, f"{PAGE.name}, block {number}", "exec"), names)
    assert len(BLOCKS) == 8


def test_every_measure_is_in_the_table_of_its_facet() -> None:
    for name, measure in MEASURES.items():
        (row,) = re.findall(rf"^\| {measure.facet} \|.*$", TEXT, re.MULTILINE)
        assert f"`{name}`" in row
