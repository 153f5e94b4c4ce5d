"""A small version of ``benchmarks/careless.py``: screening finds the planted, spares the attentive.

The targets are 90 % found and 5 % false alarms. With 12 samples of 450 the shares found rest on
about 270 people of either kind: a Monte Carlo standard error of 1.4 points near 95 %.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.careless import (
    BEGIN,
    CELLS,
    END,
    FALSE_ALARMS,
    FOUND,
    Cell,
    Shares,
    line,
    questionnaire,
    sample,
    simulate,
    write,
)

REPLICATES, SEED = 12, 3
PAGE = Path(__file__).parents[1] / "docs" / "screening.md"
ASKED = [cell for cell in CELLS if cell.asked]


@pytest.mark.parametrize("cell", ASKED[:1] + ASKED[4:6], ids=lambda cell: cell.name)
def test_the_default_rule_finds_them(cell: Cell) -> None:
    assert simulate(cell, REPLICATES, SEED).holds


@pytest.mark.slow
@pytest.mark.parametrize("cell", ASKED, ids=lambda cell: cell.name)
def test_the_default_rule_finds_them_everywhere_asked(cell: Cell) -> None:
    assert simulate(cell, 2 * REPLICATES, SEED).holds


def test_the_study_can_fail() -> None:
    """Lines that the page says the rule misses are missed here, too."""
    middling = next(cell for cell in CELLS if cell.random == "middling")
    assert not simulate(middling, 4, SEED).holds
    assert not Shares(1.0, 0.89, 0.0).holds
    assert not Shares(1.0, 1.0, 0.051).holds
    assert Shares(float("nan"), float("nan"), 0.05).holds


def test_people_are_planted_as_said() -> None:
    cell = Cell("x", n=200, careless=0.2, missing=0.0, reverse=True)
    frame, straight, careless = sample(cell, np.random.default_rng(1))
    assert (len(frame), straight, careless) == (200, 20, 40)
    assert (frame.iloc[:20].nunique(axis=1) == 1).all()
    assert (frame.iloc[20:40].nunique(axis=1) > 1).all()
    reverse = [item.name for item in questionnaire(cell).items if item.reverse]
    assert reverse == ["i3", "i7", "i11", "i15", "i19", "i23"]
    attentive = frame.iloc[40:]
    assert attentive["i0"].corr(attentive["i1"]) > 0.2
    assert attentive["i0"].corr(attentive["i3"]) < -0.2


def test_the_page_holds_the_whole_table(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.*) \|$", text[text.index(BEGIN) : text.index(END)], re.MULTILINE)
    shown = [row.split(" | ") for row in rows[2:]]
    assert [row[0] for row in shown] == [cell.name for cell in CELLS]
    for cell, row in zip(CELLS, shown, strict=True):
        found = [float(x) for x in row[3:5] if x != "–"]
        holds = min(found, default=100.0) >= 100 * FOUND and float(row[5]) <= 100 * FALSE_ALARMS
        assert row[6].strip("()") == ("yes" if holds else "no")
        assert holds or not cell.asked, cell.name
    page = tmp_path / "page.md"
    page.write_text(f"a\n{BEGIN}\nold\n{END}\nb\n", encoding="utf-8")
    write(page, "new \\1")
    assert page.read_text(encoding="utf-8") == f"a\n{BEGIN}\nnew \\1\n{END}\nb\n"


def test_a_line_shows_what_was_counted() -> None:
    cells = line(Cell("x", careless=0.0), Shares(float("nan"), 0.912, 0.004))
    assert cells == ("x", "450", "0", "–", "91.2", "0.4", "yes")
