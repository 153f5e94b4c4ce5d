"""Results as text and as HTML, all in one way: sentences, tables, notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from loyaltysem.core.errors import Finding
from loyaltysem.core.plain_table import Row, html_paragraph, html_table, text_table

#: Header and rows of a table, its cells text already.
Cells: TypeAlias = tuple[Row, Sequence[Row]]


class Shown:
    """Shows a result that says which sentences and tables it consists of.

    A mixin without state; the dataclass that uses it declares `findings`.

    Examples
    --------
    >>> class Verdict(Shown):
    ...     findings = ()
    ...     def _headline(self): return ("Two models",)
    ...     def _sheets(self): return [("", (("model", "df"), [("metric", "54")]))]
    >>> Verdict()
    Two models
      model   df
      metric  54
    """

    __slots__ = ()
    if TYPE_CHECKING:  # for readers only, so that a field or a property may stand behind it

        @property
        def findings(self) -> tuple[Finding, ...]:
            """What a reader must know."""

    def _headline(self) -> Iterable[str]:
        """Return the sentences above the tables."""
        return ()

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        """Return the tables, each with its caption or an empty one."""
        return ()

    def _notes(self) -> Iterable[str]:
        """Return the sentences below the tables."""
        return (str(finding) for finding in self.findings)

    def __str__(self) -> str:
        lines = [*self._headline()]
        for place, (caption, (header, rows)) in enumerate(self._sheets()):
            above = [""] * (place > 0) + [caption] * bool(caption)
            lines += [*above, *text_table(header, rows)]
        return "\n".join([*lines, *(f"  {note}" for note in self._notes())])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        parts = [*map(html_paragraph, self._headline())]
        parts += [html_table(caption, *cells) for caption, cells in self._sheets()]
        return "".join([*parts, *map(html_paragraph, self._notes())])
