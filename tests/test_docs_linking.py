"""The guide to linking is run: every Python block in order, and what it says comes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PAGE = Path(__file__).parents[1] / "docs" / "linking.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)

pytest.importorskip("ibis", reason="needs the extra clv")


@pytest.mark.filterwarnings("ignore")
def test_every_block_runs_and_finds_what_was_put_in() -> None:
    names: dict[str, Any] = {"__name__": "page"}
    for number, body in enumerate(BLOCKS, start=1):
        exec(compile(body, f"{PAGE.name}, block {number}", "exec"), names)
    assert len(BLOCKS) == 7
    linked, result = names["linked"], names["result"]
    assert linked.counts.set_index("rule").loc["without_key", "n"] == 10
    row = result.frame.iloc[0]
    truth = np.expm1(0.45)
    low, high = (row[c] / row["baseline"] for c in ("boot_lower", "boot_upper"))
    assert low < truth < high
