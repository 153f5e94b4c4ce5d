"""A report as data: sections of text, tables and figures; how it is printed is a writer's business.

Every cell and sentence is already a display string. Nothing here computes a statistic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from loyaltysem.core.text import Language

Align: TypeAlias = Literal["left", "right", "center"]
Tone: TypeAlias = Literal["", "good", "weak", "muted"]
"""How a cell stands out; its words say the same, so no meaning rests on colour alone."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One printed cell.

    Parameters
    ----------
    text : str
    tone : Tone
    mark : str
        A sign set after the text, outside the column's alignment, such as ``"†"``.
    below : str
        A second line, set quieter: the same in the other language.
    """

    text: str
    tone: Tone = ""
    mark: str = ""
    below: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head and alignment; `is_prose` columns may wrap."""

    head: str
    align: Align = "right"
    is_prose: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row; a group row names the rows below it and spans the table."""

    cells: tuple[Cell, ...]
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table in the three-rule style of the APA.

    Parameters
    ----------
    key : str
        Anchor and stable name, such as ``"reliability"``.
    caption : str
        Title without its number.
    columns : tuple of Column
    rows : tuple of Row
    notes : tuple of str
        Sentences under the table.
    sources : tuple of str
        Keys of the references the table rests on.
    number : int
        Given by `numbered`; 0 before.
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    number: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as SVG text, with words for those who cannot see it."""

    key: str
    caption: str
    svg: str
    alt: str
    width: float
    """Natural width in inches; a writer may shrink it."""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading below the section's."""

    text: str


@dataclass(frozen=True, slots=True)
class Callout:
    """A boxed message the reader must not miss."""

    title: str
    text: str
    tone: Literal["note", "warning", "problem"] = "note"


@dataclass(frozen=True, slots=True)
class FindingItem:
    """One finding in words."""

    severity: Literal["note", "warning", "problem"]
    label: str
    text: str
    hint: str


@dataclass(frozen=True, slots=True)
class FindingList:
    """Findings, the gravest first."""

    items: tuple[FindingItem, ...]


@dataclass(frozen=True, slots=True)
class Definitions:
    """Terms and their values, such as provenance."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """The few numbers a reader looks for first: label, value, remark."""

    items: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Text to be shown letter for letter, such as the model."""

    caption: str
    text: str


@dataclass(frozen=True, slots=True)
class References:
    """Entries of the list of references, in order."""

    entries: tuple[str, ...]


Block: TypeAlias = (
    Paragraph
    | Heading
    | Table
    | Figure
    | Callout
    | FindingList
    | Definitions
    | KeyFigures
    | Listing
    | References
)


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of the report with an anchor for links."""

    title: str
    anchor: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report in one language.

    Parameters
    ----------
    title, subtitle : str
    language : {"en", "zh"}
    banner : Callout or None
        Shown above everything, on screen and on paper; says so when the data are synthetic.
    sections : tuple of Section
    footer : str
    """

    title: str
    subtitle: str
    language: Language
    banner: Callout | None
    sections: tuple[Section, ...]
    footer: str

    def blocks(self) -> Iterator[Block]:
        """Yield every block in reading order."""
        for section in self.sections:
            yield from section.blocks

    def tables(self) -> tuple[Table, ...]:
        """Return every table in reading order."""
        return tuple(block for block in self.blocks() if isinstance(block, Table))

    def figures(self) -> tuple[Figure, ...]:
        """Return every figure in reading order."""
        return tuple(block for block in self.blocks() if isinstance(block, Figure))

    def source_keys(self) -> tuple[str, ...]:
        """Return the reference keys named anywhere, each once."""
        kept: dict[str, None] = {}
        for block in self.blocks():
            if isinstance(block, Table | Paragraph):
                kept.update(dict.fromkeys(block.sources))
        return tuple(kept)


def numbered(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Give tables and figures their numbers through the whole document, each from 1.

    Examples
    --------
    >>> table = Table("a", "A", (), ())
    >>> [b.number for b in numbered([Section("S", "s", (table, table))])[0].blocks]
    [1, 2]
    """
    tables = figures = 0
    done = []
    for section in sections:
        blocks: list[Block] = []
        for block in section.blocks:
            if isinstance(block, Table):
                tables += 1
                block = replace(block, number=tables)
            elif isinstance(block, Figure):
                figures += 1
                block = replace(block, number=figures)
            blocks.append(block)
        done.append(replace(section, blocks=tuple(blocks)))
    return tuple(done)
