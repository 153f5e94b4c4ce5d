"""A document as PDF, set by Typst without a network and with the shipped fonts only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loyaltysem.core.errors import MissingExtraError
from loyaltysem.reporting.column_widths import Fitted
from loyaltysem.reporting.document import (
    Block,
    Callout,
    Definitions,
    Document,
    Figure,
    FindingList,
    Heading,
    KeyFigures,
    Listing,
    Paragraph,
    References,
    Row,
    Table,
)
from loyaltysem.reporting.fonts import FONT_FOLDERS, shipped_glyphs
from loyaltysem.reporting.paper import PHRASES, PictureSize, Placed, held, leaves
from loyaltysem.reporting.plain import BREAK, breakable, printable

if TYPE_CHECKING:
    import typst

TEMPLATES = Path(__file__).parent / "templates"
#: A token this long is broken even in running text, where a whole line is free.
LONGEST_IN_TEXT = 60


def to_pdf(document: Document) -> bytes:
    """Return the document as a PDF.

    Raises
    ------
    MissingExtraError
        The package ``typst`` is not installed.

    Notes
    -----
    Every string reaches Typst as data, never as source, so no label can be read as a command.
    A character that none of the shipped fonts has is written as its code point, ``[U+1F389]``.
    There is no date; the same document gives the same bytes.
    """
    return typeset("report.typ", {"document": json.dumps(_told(document), ensure_ascii=False)})


def typeset(template: str, inputs: dict[str, str]) -> bytes:
    """Return the PDF that a template of this package makes of some inputs."""
    made = _compiler(TEMPLATES / template).compile(format="pdf", sys_inputs=inputs)
    assert isinstance(made, bytes)
    return made


def rasters(svgs: list[str], pixels_per_inch: float = 200.0) -> list[bytes]:
    """Return pictures as PNG, in their natural sizes."""
    if not svgs:
        return []
    inputs = {"pictures": json.dumps(svgs, ensure_ascii=False)}
    made = _compiler(TEMPLATES / "pictures.typ").compile(
        format="png", sys_inputs=inputs, ppi=pixels_per_inch
    )
    return [made] if isinstance(made, bytes) else list(made or ())


def _compiler(source: Path) -> typst.Compiler:
    made: typst.Compiler = _typst().Compiler(
        source, root=TEMPLATES, font_paths=list(FONT_FOLDERS), ignore_system_fonts=True
    )
    return made


def _typst() -> Any:
    try:
        import typst
    except ImportError as error:
        raise MissingExtraError("typst", "report", "Writing a report as PDF or Word") from error
    return typst


def _told(document: Document) -> dict[str, object]:
    """Return the document as JSON knows it, every string fit to be printed."""
    language, banner = document.language, document.banner
    return {
        "title": shown(document.title),
        "subtitle": shown(document.subtitle),
        "language": language,
        "banner": banner and _block(Placed(banner)),
        "footer": shown(document.footer),
        "say": {key: text.in_(language) for key, text in PHRASES.items()},
        "sections": [
            {
                "title": shown(section.title),
                "leaves": [
                    {"turned": turned, "blocks": [_block(item) for item in items]}
                    for turned, items in leaves(section.blocks)
                ],
            }
            for section in document.sections
        ],
    }


def _block(item: Placed) -> dict[str, object]:
    return {"kind": type(item.block).__name__, **dict(_parts(item.block, item))}


def _parts(block: Block, item: Placed) -> Iterator[tuple[str, object]]:
    """Yield the parts of a block by name."""
    match block:
        case Table():
            assert isinstance(item.place, Fitted)
            yield from _table(block, item.place)
        case Figure():
            assert isinstance(item.place, PictureSize)
            yield from (("number", block.number), ("caption", shown(block.caption)))
            yield from (("svg", block.svg), ("alt", shown(block.alt)))
            yield from (("width", item.place.width), ("height", item.place.height))
        case Paragraph() | Heading():
            yield "text", shown(block.text)
        case Callout():
            yield from (("title", shown(block.title)), ("text", shown(block.text)))
            yield "tone", block.tone
        case FindingList():
            yield "items", [
                {"severity": i.severity, "label": shown(i.label), "text": shown(i.text),
                 "hint": shown(i.hint)}
                for i in block.items
            ]  # fmt: skip
        case Definitions() | KeyFigures():
            yield "items", [[shown(part) for part in entry] for entry in block.items]
        case Listing():
            yield from (("caption", shown(block.caption)), ("text", _visible(block.text)))
        case References():
            yield "entries", [shown(entry) for entry in block.entries]


def _table(table: Table, place: Fitted) -> Iterator[tuple[str, object]]:
    yield from (("number", table.number), ("caption", shown(table.caption)))
    yield "columns", [{"head": _cell(c.head), "align": c.align} for c in table.columns]
    yield from (("size", place.size), ("widths", place.widths), ("rows", list(_rows(table.rows))))
    yield "notes", [shown(note) for note in table.notes]


def _rows(rows: tuple[Row, ...]) -> Iterator[dict[str, object]]:
    grouped = False
    for row, together in zip(rows, held(rows), strict=True):
        grouped = grouped or row.is_group
        cells = [
            {"text": _cell(c.text), "tone": c.tone, "mark": c.mark, "below": _cell(c.below)}
            for c in row.cells[: 1 if row.is_group else None]
        ]
        member = grouped and not row.is_group
        yield {"group": row.is_group, "member": member, "cells": cells, "held": together}


def shown(text: str) -> str:
    """Return a sentence as the page shows it."""
    return breakable(_visible(text), LONGEST_IN_TEXT)


def _cell(text: str) -> str:
    return breakable(_visible(text))


def _visible(text: str) -> str:
    """Write characters without a glyph as code points: a box would tell nothing."""
    known = _known()
    return "".join(
        c if c.isspace() or ord(c) in known else f"[U+{ord(c):04X}]" for c in printable(text)
    )


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    return shipped_glyphs() | {ord(BREAK)}
