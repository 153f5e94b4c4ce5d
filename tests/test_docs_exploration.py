"""The guide to exploration is run: every Python block in order."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib
import pytest

PAGE = Path(__file__).parents[1] / "docs" / "exploration.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.filterwarnings("ignore")
def test_every_block_runs() -> None:
    matplotlib.use("Agg")
    names: dict[str, object] = {"__name__": "page"}
    for number, body in enumerate(BLOCKS, start=1):
        exec(compile(body, f"{PAGE.name}, block {number}", "exec"), names)
    assert len(BLOCKS) == 5
    assert names["found"].n_factors == 3  # type: ignore[attr-defined] # what the page says
    assert "1 component(s)" in str(names["ls"].map_test(names["answers"]))  # type: ignore[attr-defined] # same
