"""How a frame becomes a table: a list of columns, each knowing how to print one record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd

from loyaltysem.core.display import MISSING, bounded, interval, number, pvalue
from loyaltysem.core.references import reference
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.document import Align, Cell, Column, Row, Table

Record: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """The language of a report and the readers' names of its variables."""

    language: Language
    labels: Mapping[str, Text]
    codes: frozenset[str] = frozenset()

    def say(self, text: Text) -> str:
        """Return `text` in the report's language."""
        return text.in_(self.language)

    def inside(self, text: str) -> str:
        """Return `text` in the brackets of the language."""
        return f"（{text}）" if self.language == "zh" else f" ({text})"

    def name(self, variable: str) -> str:
        """Return the readers' name of a variable, or its own name."""
        return self.say(self.labels[variable]) if variable in self.labels else str(variable)

    def folded_name(self, construct: str) -> str:
        """Return the readers' name of a questionnaire's construct, whose case may differ."""
        wanted = _folded(construct)
        same = (v for v in self.labels if v not in self.codes and _folded(v) == wanted)
        return self.name(next(same, construct))

    def cite(self, key: str) -> str:
        """Return a source's short form, ``Hu & Bentler (1999)``."""
        return reference(key).citation

    def cite_inside(self, key: str) -> str:
        """Return the form that stands in brackets, ``Hu & Bentler, 1999``."""
        names, _, year = self.cite(key).rpartition(" (")
        return f"{names}, {year.rstrip(')')}"

    def of(self, record: Record, field: str) -> str:
        """Return a record's bilingual field (`field_en`, `field_zh`) in the report's language."""
        english, chinese = (str(record.get(f"{field}_{code}") or "") for code in ("en", "zh"))
        return Text(english, chinese).in_(self.language)

    def short_name(self, variable: str) -> str:
        """Return the readers' name; an item, whose name is its wording, goes by its code."""
        return variable if variable in self.codes else self.name(variable)

    @property
    def other(self) -> Language:
        """The language the report is not written in."""
        return "en" if self.language == "zh" else "zh"


def _folded(name: str) -> str:
    return name.casefold().replace("_", "")


Printer: TypeAlias = Callable[[Record], Cell | str]


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column: its head, how it prints a record, how it stands."""

    head: Text
    show: Printer
    align: Align = "right"
    is_prose: bool = False


def frame_table(
    key: str,
    caption: Text,
    frame: pd.DataFrame,
    columns: Sequence[ColumnSpec],
    words: Words,
    *,
    notes: Sequence[str] = (),
    sources: Sequence[str] = (),
    group: Printer | None = None,
) -> Table:
    """Print every record of `frame`; with `group`, a group row stands where its text changes."""
    rows: list[Row] = []
    last = None
    for record in records_of(frame):
        heading = _cell(group(record)) if group else None
        if heading is not None and heading != last:
            rows.append(Row((heading,), is_group=True))
            last = heading
        rows.append(Row(tuple(_cell(column.show(record)) for column in columns)))
    return Table(
        key,
        words.say(caption),
        tuple(Column(words.say(c.head), c.align, c.is_prose) for c in columns),
        tuple(rows),
        tuple(note for note in notes if note),
        tuple(dict.fromkeys(source for source in sources if source)),
    )


def records_of(frame: pd.DataFrame) -> list[Record]:
    """Return the rows of a frame as mappings from column name to value."""
    return [{str(k): v for k, v in record.items()} for record in frame.to_dict("records")]


def _cell(value: Cell | str) -> Cell:
    return value if isinstance(value, Cell) else Cell(value)


def text_column(head: Text, show: Printer, *, is_prose: bool = False) -> ColumnSpec:
    """Return a left-aligned column of words."""
    return ColumnSpec(head, show, "left", is_prose)


def value_column(field: str, head: Text, digits: int = 3) -> ColumnSpec:
    """Return a column of unbounded numbers."""
    return ColumnSpec(head, lambda r: number(r[field], digits))


def bounded_column(field: str, head: Text, digits: int = 3) -> ColumnSpec:
    """Return a column of statistics that cannot exceed 1 (no leading zero)."""
    return ColumnSpec(head, lambda r: bounded(r[field], digits))


def estimate_columns() -> list[ColumnSpec]:
    """Return the columns every estimate is printed with: B, SE, z, p, 95 % CI, β.

    A fixed parameter has no standard error, test or interval.
    """
    return [
        value_column("est", Text("B")),
        ColumnSpec(Text("SE"), lambda r: MISSING if _is_fixed(r) else number(r["se"])),
        value_column("z", Text("z"), 2),
        ColumnSpec(Text("p"), lambda r: pvalue(r["pvalue"])),
        ColumnSpec(
            Text("95% CI", "95% 置信区间"),
            lambda r: MISSING if _is_fixed(r) else interval(r["ci_lower"], r["ci_upper"]),
        ),
        bounded_column("std_all", Text("β")),
    ]


def _is_fixed(record: Record) -> bool:
    return not record["se"] > 0


ESTIMATE_NOTE = Text(
    "B: unstandardised estimate; SE: standard error; β: completely standardised estimate. "
    "“–”: fixed, not tested.",
    "B：非标准化估计值；SE：标准误；β：完全标准化估计值。“–”：固定参数，未作检验。",
)
