"""A document as a Word file, every time the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from loyaltysem.core.errors import MissingExtraError
from loyaltysem.reporting.column_widths import Fitted
from loyaltysem.reporting.document import (
    Block,
    Callout,
    Definitions,
    Document,
    Figure,
    FindingItem,
    FindingList,
    Heading,
    KeyFigures,
    Listing,
    Paragraph,
    References,
    Table,
)
from loyaltysem.reporting.docx_styles import INK, PANELS, SOFT, Sheet
from loyaltysem.reporting.docx_table import draw_grid, draw_table
from loyaltysem.reporting.paper import PHRASES, PictureSize, Placed, leaves
from loyaltysem.reporting.pdf import rasters
from loyaltysem.reporting.plain import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loyaltysem.core.text import Text

#: The earliest date a zip file can hold; a report says when it was made by its data, not its clock.
FIXED = datetime(1980, 1, 1)


def to_docx(document: Document) -> bytes:
    """Return the document as a .docx file.

    Raises
    ------
    MissingExtraError
        The package ``python-docx`` or ``typst``, which turns pictures into PNG, is not installed.

    Notes
    -----
    Text stays text: no field, formula or link is made of a label. The contents are a field whose
    entries are there from the start; Word adds page numbers when the field is updated (F9).
    """
    writer = _Writer(_new(), document)
    writer.write()
    return _same_bytes(writer.sheet)


def _new() -> Sheet:
    try:
        import docx
    except ImportError as error:
        raise MissingExtraError("python-docx", "report", "Writing a report for Word") from error
    return Sheet(docx.Document())


class _Writer:
    """Writes one document into one sheet, block by block."""

    def __init__(self, sheet: Sheet, document: Document):
        self.sheet, self.document = sheet, document
        self.pictures = _pictures(document)

    def write(self) -> None:
        document, sheet = self.document, self.sheet
        self._properties()
        sheet.prepare()
        banner = document.banner
        sheet.running(
            printable(banner.title) if banner else "", printable(document.title),
            printable(document.footer),
        )  # fmt: skip
        sheet.paragraph(printable(document.title), "Title")
        sheet.paragraph(printable(document.subtitle), "Subtitle")
        if banner:
            self._callout(banner)
        titles = [(f"section_{s.anchor}", printable(s.title)) for s in document.sections]
        sheet.contents(_say("contents", document), titles)
        for section, (mark, title) in zip(document.sections, titles, strict=True):
            for place, (turned, items) in enumerate(leaves(section.blocks)):
                sheet.turn(turned)
                if place == 0:
                    sheet.heading(title, 1, mark)
                for item in items:
                    self._block(item)
            if not section.blocks:
                sheet.heading(title, 1, mark)
        sheet.turn(False)

    def _properties(self) -> None:
        core = self.sheet.file.core_properties
        core.title, core.author = printable(self.document.title), "loyaltysem"
        core.language = "zh-CN" if self.document.language == "zh" else "en"
        core.comments, core.last_modified_by, core.revision = "", "loyaltysem", 1
        core.created = core.modified = FIXED

    def _block(self, item: Placed) -> None:
        block: Block = item.block
        sheet = self.sheet
        match block:
            case Table():
                assert isinstance(item.place, Fitted)
                self._table(block, item.place)
            case Figure():
                assert isinstance(item.place, PictureSize)
                sheet.caption(self._name("figure", block.number), printable(block.caption))
                sheet.picture(self.pictures[id(block)], item.place, printable(block.alt))
            case Paragraph():
                sheet.paragraph(printable(block.text))
            case Heading():
                sheet.heading(printable(block.text), 2)
            case Callout():
                self._callout(block)
            case FindingList():
                for found in block.items:
                    self._finding(found)
            case KeyFigures():
                keys = [tuple(map(printable, entry)) for entry in block.items]
                draw_grid(sheet, [[_key_lines(*key) for key in keys]])
            case Definitions():
                facts = [tuple(map(printable, entry)) for entry in block.items]
                draw_grid(sheet, [[[(t, 8.5, SOFT, False)], [(v, 8.5, INK, False)]]
                                  for t, v in facts], first=0.26)  # fmt: skip
            case Listing():
                sheet.heading(printable(block.caption), 2)
                for line in printable(block.text).split("\n"):
                    sheet.paragraph(line, "Listing")
            case References():
                for entry in block.entries:
                    sheet.paragraph(printable(entry), "Reference")

    def _name(self, kind: str, number: int) -> str:
        gap = "" if self.document.language == "zh" else " "
        return f"{_say(kind, self.document)}{gap}{number}"

    def _table(self, table: Table, place: Fitted) -> None:
        self.sheet.caption(self._name("table", table.number), printable(table.caption))
        draw_table(self.sheet, table, place)
        gap = "" if self.document.language == "zh" else " "
        if table.notes:
            notes = gap.join([_say("note", self.document), *map(printable, table.notes)])
            self.sheet.paragraph(notes, "Notes")
        else:
            self.sheet.paragraph("", "Notes")

    def _callout(self, block: Callout) -> None:
        spans = [(printable(block.title) + "  ", True, INK), (printable(block.text), False, INK)]
        self.sheet.panel(spans, *PANELS[block.tone])

    def _finding(self, item: FindingItem) -> None:
        spans = [(printable(item.label) + "  ", True, INK), (printable(item.text), False, INK)]
        if item.hint:
            spans.append(("\n" + printable(item.hint), False, SOFT))
        self.sheet.panel(spans, *PANELS[item.severity])


def _key_lines(label: str, value: str, remark: str) -> list[tuple[str, float, str, bool]]:
    lines = [(label, 7.5, SOFT, False), (value, 12.5, INK, True)]
    return [*lines, (remark, 7.0, SOFT, False)] if remark else lines


def _say(key: str, document: Document, phrases: Mapping[str, Text] = PHRASES) -> str:
    return phrases[key].in_(document.language)


def _pictures(document: Document) -> dict[int, bytes]:
    figures = document.figures()
    made = rasters([figure.svg for figure in figures])
    return {id(figure): png for figure, png in zip(figures, made, strict=True)}


def _same_bytes(sheet: Sheet) -> bytes:
    """Return the file with every part dated alike and in the order of its name."""
    raw, kept = io.BytesIO(), io.BytesIO()
    file: Any = sheet.file
    file.save(raw)
    with zipfile.ZipFile(raw) as made, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as fixed:
        for name in _ordered(made.namelist()):
            info = zipfile.ZipInfo(name, FIXED.timetuple()[:6])
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            info.create_system = 3  # the same on every system
            fixed.writestr(info, made.read(name))
    return kept.getvalue()


def _ordered(names: list[str]) -> Iterator[str]:
    """Yield the list of contents first, where programs that guess a file's kind look for it."""
    first = "[Content_Types].xml"
    yield first
    yield from sorted(name for name in names if name != first)
