"""How a cell is written so that a spreadsheet shows it and does not run it, and read back."""

from __future__ import annotations

import math
import re

import pandas as pd

DANGEROUS = "=+-@\t\r"  # what a spreadsheet takes for the beginning of a formula
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def inert(text: str) -> str:
    """Return a cell that no spreadsheet runs: an apostrophe goes before what begins a formula.

    Numbers stay as they are. `live` takes the apostrophe off again, and only that one.

    Examples
    --------
    >>> inert("=1+1"), inert("-3.5"), inert("fine"), inert("'=1")
    ("'=1+1", '-3.5', 'fine', "''=1")
    """
    begins = text[:1] in DANGEROUS and text and not _NUMBER.match(text)
    return f"'{text}" if begins or _GUARDED.match(text) else text


def live(text: str) -> str:
    """Undo `inert`.

    Examples
    --------
    >>> [live(inert(cell)) for cell in ("=1", "'=1", "'quoted'", "+x")]
    ['=1', "'=1", "'quoted'", '+x']
    """
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text


def cell_text(value: object) -> str:
    """Return a value as a cell of a text file: no answer is empty, whole numbers have no point.

    Examples
    --------
    >>> cell_text(4.0), cell_text(0.1), cell_text(float("nan")), cell_text("a"), cell_text(None)
    ('4', '0.1', '', 'a', '')
    """
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))
    return str(value)


def text_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with every cell as text."""
    return frame.astype(object).map(cell_text)


def whole_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with integers where a float column is whole, so that ids look like ids."""
    return pd.DataFrame({name: _whole(frame[name]) for name in frame.columns}, index=frame.index)


def _whole(column: pd.Series[float]) -> pd.Series[float] | pd.Series[int]:
    if not pd.api.types.is_float_dtype(column):
        return column
    known = column.dropna()
    whole = ((known == known.round()) & (known.abs() < 1e15)).all()
    return column.astype("Int64") if whole else column
