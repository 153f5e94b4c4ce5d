"""Results of this room as text and as HTML: a sentence, a table, the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd

from loyaltysem.core.display import bounded, integer, number, pvalue
from loyaltysem.core.shown import Cells, Shown

#: Columns whose numbers cannot exceed 1 lose the zero before the point.
BOUNDED = (
    "alpha", "omega", "lambda", "ave", "composite_reliability", "maximal", "htmt", "ci_", "_r",
    "share", "icc", "lower", "upper", "correlation", "loading", "squared", "sensitivity",
)  # fmt: skip
BOUNDED_NAMES = frozenset(
    {"cfi", "rmsea", "srmr", "cfa", "baseline", "method", "without", "with_method", "reliability",
     "substantive"}
)  # fmt: skip


class Printed(Shown):
    """Adds words and a table to a result that has `title`, `frame` and `findings`.

    A mixin without state; the dataclass that uses it declares frame and findings.
    """

    __slots__ = ()
    frame: pd.DataFrame

    @property
    def title(self) -> str:
        """The sentence above the table."""
        return type(self).__name__

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield self.title, cells(self.frame)


def cells(frame: pd.DataFrame) -> Cells:
    """Return the header and the rows of a frame as printed text."""
    columns = [_printer(str(name), frame[name])(frame[name].tolist()) for name in frame.columns]
    header = tuple(str(name) for name in frame.columns)
    return header, [tuple(row) for row in zip(*columns, strict=True)]


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
        unit = name in BOUNDED_NAMES or any(part in name for part in BOUNDED)
        show = bounded if unit else number
    return lambda values: [show(value) for value in values]


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _word(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return "–"
    return _yes(value) if isinstance(value, bool) else str(value)
