"""Sentences, tables and notes of a result, as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loyaltysem.core.errors import Finding
from loyaltysem.core.shown import Cells, Shown
from loyaltysem.core.text import Text


@dataclass(frozen=True, slots=True, repr=False)
class Example(Shown):
    findings: tuple[Finding, ...] = ()

    def _headline(self) -> Iterator[str]:
        yield "Trust < loyalty"

    def _sheets(self) -> Iterator[tuple[str, Cells]]:
        yield "", (("item", "r"), [("x<1", ".50")])
        yield "Fits", (("n",), [("9",)])


FINDING = Finding("some.code", Text("Few & far.", "太少。"))


def test_text_parts_tables_by_an_empty_line_and_sets_notes_in() -> None:
    lines = str(Example((FINDING,))).splitlines()
    assert lines[:7] == ["Trust < loyalty", "  item    r", "  x<1   .50", "", "Fits", "  n", "  9"]
    assert lines[7].startswith("  ") and "Few & far." in lines[7]
    assert repr(Example()) == str(Example())


def test_html_escapes_every_word_and_holds_every_part() -> None:
    html = Example((FINDING,))._repr_html_()
    assert html.startswith("<p>Trust &lt; loyalty</p><table><thead>")
    assert "<td>x&lt;1</td>" in html and "<caption>Fits</caption>" in html
    assert html.endswith("</p>") and "Few &amp; far." in html


def test_a_result_without_tables_is_its_sentences() -> None:
    class Bare(Shown):
        findings = ()

    assert str(Bare()) == "" and Bare()._repr_html_() == ""
