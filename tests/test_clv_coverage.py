"""A small version of ``benchmarks/clv_coverage.py``: do the intervals of purchase models cover?

With 200 samples a coverage of 95 % has a Monte Carlo standard error of 1.5 points: the bounds of
the full study, 93–97 %, are widened by three of them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.clv_coverage import BEGIN, CELLS, END, Cell, lines, study, write

SAMPLES = 200


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_intervals_cover(cell: Cell) -> None:
    small = replace(cell, customers=1_000) if cell.name == "Pareto/NBD" else cell
    found = study(small, SAMPLES if cell.name != "Pareto/NBD" else 100, seed=77_000)
    assert found.failed <= 2
    assert found.frame["wald"].between(0.93 - 0.05, 1.0).all()
    assert found.frame["bias"].abs().max() < 0.15


def test_the_count_can_fail() -> None:
    """Samples drawn from other parameters than those said are not covered."""
    cell = CELLS[2]
    wrong = replace(cell, draw=lambda n, p, s: cell.draw(n, {**p, "alpha": 2.4}, s))
    assert study(wrong, 10).frame.set_index("parameter")["wald"]["alpha"] < 0.5


def test_the_table_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow", encoding="utf-8")
    table = lines([study(replace(CELLS[2], customers=300), 3, 2)])
    write(page, table)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("above") and text.endswith("below") and "old" not in text
    assert "| BG/BB | 300 | alpha | 1.2 |" in text
    page.write_text("nothing", encoding="utf-8")
    with pytest.raises(SystemExit):
        write(page, table)
