"""Results of this room as text and as HTML: a sentence, the first rows, the findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from loyaltysem.core.display import bounded, integer, number, pvalue
from loyaltysem.core.errors import Finding
from loyaltysem.core.plain_table import html_paragraph, html_table, text_table

#: Rows of a table that are printed; a table of customers can have a million.
MOST_ROWS = 20
#: Columns whose numbers cannot exceed 1 lose the zero before the point.
BOUNDED = (
    "share", "p_alive", "gini", "silhouette", "ari", "precision", "recall", "specificity",
    "correlation", "rate", "probability",
)  # fmt: skip
#: Numbers as large as this are printed with two decimals.
LARGE = 100.0


class Printed:
    """Adds words and a table to a result that has `title`, `printed` and `findings`.

    A mixin without state; the dataclass that uses it declares frame and findings.
    """

    __slots__ = ()
    frame: pd.DataFrame
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """The sentence above the table."""
        return type(self).__name__

    @property
    def printed(self) -> pd.DataFrame:
        """The table that is printed: `frame`, unless the result has a shorter one."""
        return self.frame

    def __str__(self) -> str:
        header, rows = cells(self.printed)
        notes = [f"  {finding}" for finding in self.findings]
        return "\n".join([self.title, *text_table(header, rows), *_more(self.printed), *notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        header, rows = cells(self.printed)
        told = (*_more(self.printed), *(str(finding) for finding in self.findings))
        notes = "".join(html_paragraph(line.strip()) for line in told)
        return html_table(self.title, header, rows) + notes


def _more(frame: pd.DataFrame) -> tuple[str, ...]:
    left = len(frame) - MOST_ROWS
    return (f"  … and {integer(left)} more rows",) if left > 0 else ()


def cells(frame: pd.DataFrame) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the header and the first rows of a frame as printed text."""
    top = frame.head(MOST_ROWS)
    columns = [_printer(str(name), top[name])(top[name].tolist()) for name in top.columns]
    return tuple(str(name) for name in top.columns), list(zip(*columns, strict=True))


def _printer(name: str, column: pd.Series[Any]) -> Callable[[Sequence[Any]], list[str]]:
    show: Callable[[Any], str]
    if pd.api.types.is_bool_dtype(column):
        show = _yes
    elif pd.api.types.is_integer_dtype(column):
        show = integer
    elif not pd.api.types.is_float_dtype(column):
        show = _word
    elif name.startswith("pvalue"):
        show = pvalue
    else:
        show = _float_printer(name, column)
    return lambda values: [show(value) for value in values]


def _float_printer(name: str, column: pd.Series[Any]) -> Callable[[Any], str]:
    known = column.dropna()
    if any(part in name for part in BOUNDED) and bool((known.abs() <= 1).all()):
        return bounded
    digits = 2 if bool((known.abs() >= LARGE).any()) else 3
    return lambda value: number(value, digits)


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _word(value: object) -> str:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return "–"
    if isinstance(value, bool):
        return _yes(value)
    return str(value.date()) if isinstance(value, pd.Timestamp) else str(value)
