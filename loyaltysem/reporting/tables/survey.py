"""Who answered what: the sample and the items."""

from __future__ import annotations

from types import MappingProxyType

import pandas as pd

from loyaltysem.core.display import integer, number, percent
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Cell, Table
from loyaltysem.reporting.tables.layout import (
    ColumnSpec,
    Record,
    Words,
    frame_table,
    text_column,
    value_column,
)

SHARES = MappingProxyType({"response_rate": 1, "valid_rate": 1, "missing_rate": 1})
"""Measures of the sample printed as a percentage, with their decimals."""


def sample(frame: pd.DataFrame, words: Words) -> Table:
    """Return the sample: what was sent, answered, used."""
    return frame_table(
        "sample",
        Text("Sample", "样本概况"),
        frame,
        [
            text_column(Text("Measure", "指标"), lambda r: words.of(r, "label")),
            ColumnSpec(Text("Value", "数值"), _sample_value),
        ],
        words,
    )


def _sample_value(record: Record) -> str:
    """Print counts whole, shares as percentages, anything else with decimals."""
    value, measure = record["value"], str(record["measure"])
    if measure in SHARES or measure.endswith(("_rate", "_share")):
        return percent(value, SHARES.get(measure, 1))
    if isinstance(value, str):
        return value
    whole = value is not None and float(value).is_integer()
    return integer(value) if whole else number(value, 2)


def items(frame: pd.DataFrame, words: Words) -> Table:
    """Return the items: wording in the report's language and the other, and their spread."""
    columns = [
        text_column(Text("Item", "题项"), _code),
        text_column(Text("Wording", "题项表述"), lambda r: _wording(r, words), is_prose=True),
        ColumnSpec(Text("n"), lambda r: integer(r["n"])),
        ColumnSpec(Text("Missing", "缺失"), lambda r: integer(r["missing"])),
        value_column("mean", Text("M", "均值"), 2),
        value_column("sd", Text("SD", "标准差"), 2),
        value_column("skewness", Text("Skewness", "偏度"), 2),
        value_column("kurtosis", Text("Excess kurtosis", "超额峰度"), 2),
        ColumnSpec(Text("Range", "取值范围"), _range),
    ]
    note = Text(
        "(R): reverse-worded; its statistics are those after reverse scoring.",
        "（R）：反向题；统计量为反向计分之后的数值。",
    )
    has_reverse = bool(frame["reverse"].astype(bool).any())
    return frame_table(
        "items",
        Text("Items in both languages", "测量题项（中英文）"),
        frame,
        columns,
        words,
        notes=[words.say(note)] if has_reverse else [],
        group=lambda r: _construct(r, words),
    )


def _code(record: Record) -> str:
    return f"{record['item']} (R)" if record["reverse"] else str(record["item"])


def _range(record: Record) -> str:
    low, high = record["minimum"], record["maximum"]
    whole = float(low).is_integer() and float(high).is_integer()
    return f"{integer(low)} – {integer(high)}" if whole else f"{number(low, 2)} – {number(high, 2)}"


def _wording(record: Record, words: Words) -> Cell:
    """Return the item in the report's language with the other language below it."""
    first, second = (str(record[f"text_{code}"] or "") for code in (words.language, words.other))
    return Cell(first or second, below=second if first and second != first else "")


def _construct(record: Record, words: Words) -> str:
    name = record["construct"]
    if isinstance(name, str) and name:
        return words.folded_name(name)
    return words.say(Text("Further variables", "其他变量"))
