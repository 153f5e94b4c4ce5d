"""Results of this room as text and as HTML: a sentence, the first rows, the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from loyaltysem.core.display import bounded, integer, number
from loyaltysem.core.frame_cells import frame_cells
from loyaltysem.core.shown import Cells, Shown

#: Rows of a table that are printed; a table of customers can have a million.
MOST_ROWS = 20
#: Columns whose numbers cannot exceed 1 lose the zero before the point.
BOUNDED = (
    "share", "p_alive", "gini", "silhouette", "ari", "precision", "recall", "specificity",
    "correlation", "rate", "probability",
)  # fmt: skip
#: What columns of labels in two languages are headed by.
HEADINGS = {"label_en": "label", "label_zh": "名称"}
#: Numbers as large as this are printed with two decimals.
LARGE = 100.0


class Printed(Shown):
    """Adds words and a table to a result that has `title`, `printed` and `findings`.

    A mixin without state; the dataclass that uses it declares frame and findings.
    """

    __slots__ = ()
    if TYPE_CHECKING:  # for readers only, so that a field or a property may stand behind it

        @property
        def frame(self) -> pd.DataFrame:
            """What was found."""

    @property
    def title(self) -> str:
        """The sentence above the table."""
        return type(self).__name__

    @property
    def printed(self) -> pd.DataFrame:
        """The table that is printed: `frame`, unless the result has a shorter one."""
        return self.frame

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield self.title, cells(self.printed)

    def _notes(self) -> Iterator[str]:
        left = len(self.printed) - MOST_ROWS
        if left > 0:
            yield f"… and {integer(left)} more rows"
        yield from map(str, self.findings)


def cells(frame: pd.DataFrame) -> Cells:
    """Return the header and the first rows of a frame as printed text."""
    return frame_cells(frame.head(MOST_ROWS).rename(columns=HEADINGS), _style)


def _style(name: str, column: pd.Series[Any]) -> Callable[[Any], str]:
    known = column.dropna()
    if any(part in name for part in BOUNDED) and bool((known.abs() <= 1).all()):
        return bounded
    digits = 2 if bool((known.abs() >= LARGE).any()) else 3
    return lambda value: number(value, digits)
