"""Frames as text, each column shown by its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pandas as pd

from loyaltysem.core.display import integer, pvalue
from loyaltysem.core.shown import Cells

#: How the numbers of a column are shown, by its name and its values.
FloatStyle: TypeAlias = Callable[[str, "pd.Series[Any]"], Callable[[Any], str]]


def frame_cells(frame: pd.DataFrame, style: FloatStyle) -> Cells:
    """Return the header and the rows of a frame as text.

    Whole numbers, truth values, days and p values (columns that begin with ``pvalue``) are shown
    alike everywhere; how other numbers are is for `style` to say.

    Examples
    --------
    >>> from loyaltysem.core.display import bounded
    >>> frame = pd.DataFrame({"n": [1200], "r": [0.5], "pvalue": [1e-9], "met": [True]})
    >>> frame_cells(frame, lambda name, column: bounded)
    (('n', 'r', 'pvalue', 'met'), [('1,200', '.500', '< .001', 'yes')])
    """
    columns = [list(map(_shown_by(str(n), frame[n], style), frame[n].tolist())) for n in frame]
    return tuple(map(str, frame.columns)), list(zip(*columns, strict=True))


def _shown_by(name: str, column: pd.Series[Any], style: FloatStyle) -> Callable[[Any], str]:
    if pd.api.types.is_bool_dtype(column):
        return _yes
    if pd.api.types.is_integer_dtype(column):
        return integer
    if not pd.api.types.is_float_dtype(column):
        return _word
    return pvalue if name.startswith("pvalue") else style(name, column)


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _word(value: object) -> str:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return "–"
    if isinstance(value, bool):
        return _yes(value)
    return str(value.date()) if isinstance(value, pd.Timestamp) else str(value)
