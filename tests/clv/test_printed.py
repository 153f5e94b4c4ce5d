"""Results of customer value show themselves, however long their tables are."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from loyaltysem.clv.printed import MOST_ROWS, Printed, cells
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Example(Printed):
    frame: pd.DataFrame
    findings: tuple[Finding, ...] = ()

    @property
    def title(self) -> str:
        return "A <title>"


def test_cells_follow_the_kind_of_column() -> None:
    frame = pd.DataFrame(
        {
            "customer": ["a", None],
            "active": [True, False],
            "n": [1200, 3],
            "share": [0.25, float("nan")],
            "pvalue": [0.0001, 0.2],
            "spend": [1234.5, -0.5],
            "ratio": [1.25, 2.0],
            "last_day": pd.to_datetime(["2026-01-31", None]),
        }
    )
    header, rows = cells(frame)
    assert header == tuple(frame.columns)
    assert rows[0] == ("a", "yes", "1,200", ".250", "< .001", "1,234.50", "1.250", "2026-01-31")
    assert rows[1] == ("–", "no", "3", "–", ".200", "−0.50", "2.000", "–")


def test_a_share_beyond_one_keeps_its_leading_digit() -> None:
    assert cells(pd.DataFrame({"share": [1.5, 0.5]}))[1] == [("1.500",), ("0.500",)]


def test_long_tables_say_how_much_is_left_out() -> None:
    found = Example(pd.DataFrame({"n": range(MOST_ROWS + 1005)}))
    assert "… and 1,005 more rows" in str(found)
    assert "… and 1,005 more rows" in found._repr_html_()
    assert str(found).count("\n") == MOST_ROWS + 2


def test_findings_are_printed_and_markup_is_escaped() -> None:
    found = Example(pd.DataFrame({"n": [1]}), (Finding("a.b", Text("x < y", "甲")),))
    assert "[warning: a.b] x < y" in repr(found)
    assert "x &lt; y" in found._repr_html_() and "A &lt;title&gt;" in found._repr_html_()
