"""Results of this room as text and as HTML: a sentence, a table, the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from loyaltysem.core.display import bounded, number
from loyaltysem.core.frame_cells import frame_cells
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
    return frame_cells(frame, _style)


def _style(name: str, _: object) -> Callable[[Any], str]:
    unit = name in BOUNDED_NAMES or any(part in name for part in BOUNDED)
    return bounded if unit else number
