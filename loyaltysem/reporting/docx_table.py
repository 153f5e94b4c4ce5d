"""Tables for Word: three rules, heads repeated on every page, columns of fixed width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from loyaltysem.reporting.column_widths import INDENT, Fitted
from loyaltysem.reporting.document import Align, Cell, Row, Table
from loyaltysem.reporting.docx_styles import INK, SOFT, Sheet, element, qualified, span
from loyaltysem.reporting.paper import held
from loyaltysem.reporting.plain import printable

TONES = {"good": "1F6B45", "weak": "A8481F", "muted": "7B8792", "": INK}
ALIGNMENTS: dict[Align, int] = {"left": 0, "center": 1, "right": 2}
#: Eighths of a point: outer rules and the one under the head.
THICK, THIN = "8", "4"
#: Twentieths of a point to each side of a cell, and more where words follow on numbers that
#: stand flush right.
MARGIN, APART = 55, 130
#: Lines of a cell as a multiple of its type: told exactly, for fonts of two scripts would otherwise
#: set the cells of one row at two heights.
LEADING = 1.3
TWIPS = 20
Line: TypeAlias = tuple[str, float, str, bool]
"""Text of a line, its size, colour, and whether it is bold."""


def draw_table(sheet: Sheet, table: Table, place: Fitted) -> None:
    """Add a table of the document; its caption and notes are paragraphs around it."""
    from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT

    made = _table(sheet, len(table.rows) + 1, place.widths)
    for cell, column in zip(made.rows[0].cells, table.columns, strict=True):
        _write(cell, [(printable(column.head), place.size, INK, True)], column.align)
        cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.BOTTOM
    _repeated(made.rows[0])
    grouped = False
    for row, line in zip(table.rows, made.rows[1:], strict=True):
        grouped = grouped or row.is_group
        if row.is_group:
            _group(line, row, place.size)
        else:
            _fill(line, row, table, place.size, indented=grouped)
    last = len(made.rows) - 1
    for number, line in enumerate(made.rows):
        _rule(line, top=number == 0, thin=number == 0, bottom=number == last and last > 0)
    _apart(made, table)
    _together(made, table)


def draw_grid(sheet: Sheet, rows: Sequence[Sequence[list[Line]]], first: float = 0.0) -> None:
    """Add cells without rules: the first column takes the share `first`, or all share alike."""
    if not rows or not rows[0]:
        return
    count = len(rows[0])
    rest = (1 - first) / (count - 1) if first else 1 / count
    widths = tuple(sheet.width * (first if first and k == 0 else rest) for k in range(count))
    made = _table(sheet, len(rows), widths)
    for line, cells in zip(made.rows, rows, strict=True):
        for cell, lines in zip(line.cells, cells, strict=True):
            _write(cell, lines, "left")
    sheet.paragraph("")


def _table(sheet: Sheet, rows: int, widths: Sequence[float]) -> Any:
    """Return an empty table whose columns are as wide as told, in Word and elsewhere."""
    from docx.shared import Pt

    made = sheet.file.add_table(rows=rows, cols=len(widths))
    made.autofit = False
    properties = made._tbl.tblPr
    margins = element("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(element(f"w:{side}", w=str(MARGIN), type="dxa"))
    properties.append(margins)
    for old in properties.findall(qualified("w:tblW")):
        old.set(qualified("w:type"), "dxa")
        old.set(qualified("w:w"), str(round(sum(widths) * TWIPS)))
    for column, width in zip(made.columns, widths, strict=True):
        column.width = Pt(width)
    for line in made.rows:
        for cell, width in zip(line.cells, widths, strict=True):
            cell.width = Pt(width)
        _whole(line)
    return made


def _write(cell: Any, lines: Sequence[Line], align: Align, indent: float = 0.0) -> None:
    from docx.shared import Pt

    paragraph = cell.paragraphs[0]
    paragraph._p.style = "Cells"  # by its id: to look a style up by name takes most of the time
    paragraph.alignment = ALIGNMENTS[align]
    sizes = [size for _, size, _, _ in lines]
    if max(sizes) - min(sizes) < 1.0:
        paragraph.paragraph_format.line_spacing = Pt(LEADING * max(sizes))
    if indent:
        paragraph.paragraph_format.left_indent = Pt(indent)
    for number, (text, size, colour, bold) in enumerate(lines):
        span(paragraph, ("\n" if number else "") + text, bold=bold, colour=colour, size=size)


def _fill(line: Any, row: Row, table: Table, size: float, *, indented: bool) -> None:
    for place, (cell, column) in enumerate(zip(row.cells, table.columns, strict=True)):
        indent = INDENT * size if indented and place == 0 else 0.0
        _write(line.cells[place], _lines(cell, size), column.align, indent)


def _lines(cell: Cell, size: float) -> list[Line]:
    strong = cell.tone in ("good", "weak")
    first = (printable(cell.text) + cell.mark, size, TONES[cell.tone], strong)
    return [first, (printable(cell.below), 0.93 * size, SOFT, False)] if cell.below else [first]


def _group(line: Any, row: Row, size: float) -> None:
    cells = line.cells
    merged = cells[0].merge(cells[-1]) if len(cells) > 1 else cells[0]
    _write(merged, [(printable(row.cells[0].text), size, INK, True)], "left")
    merged.paragraphs[0].paragraph_format.keep_with_next = True


def _rule(line: Any, *, top: bool, thin: bool, bottom: bool) -> None:
    """Draw the rules of one row; a row in the middle has none."""
    weights = {"top": THICK * top, "bottom": THIN if thin else THICK * bottom}
    drawn = {side: weight for side, weight in weights.items() if weight}
    for cell in line._tr.findall(qualified("w:tc")) if drawn else ():
        borders = element("w:tcBorders")
        for side, weight in drawn.items():
            borders.append(element(f"w:{side}", val="single", sz=weight, space="0", color=INK))
        later = ("w:shd", "w:noWrap", "w:tcMar", "w:textDirection", "w:tcFitText", "w:vAlign")
        cell.get_or_add_tcPr().insert_element_before(borders, *later)


def _repeated(line: Any) -> None:
    line._tr.get_or_add_trPr().append(element("w:tblHeader"))


def _whole(line: Any) -> None:
    """Keep a row on one page."""
    line._tr.get_or_add_trPr().append(element("w:cantSplit"))


#: Tables of up to this many rows stay on one page.
SHORT = 14


def _together(made: Any, table: Table) -> None:
    """Keep the head with the first row, rows that share a page, and the last with the notes."""
    rows = list(made.rows)
    if len(rows) <= SHORT:
        kept = rows[:-1]
    else:
        below = [*held(table.rows), 1]
        kept = [rows[0], *(rows[k + 1] for k in range(len(table.rows)) if below[k + 1] == 0)]
    for line in [*kept, *(rows[-1:] if table.notes else ())]:
        for paragraph in line.cells[0].paragraphs:
            paragraph.paragraph_format.keep_with_next = True


def _apart(made: Any, table: Table) -> None:
    """Set words off from a column of numbers before them."""
    before = [None, *(column.align for column in table.columns)]
    for place, column in enumerate(table.columns):
        if column.align != "right" and before[place] == "right":
            for row, line in zip((None, *table.rows), made.rows, strict=True):
                if row is None or not row.is_group:
                    margins = element("w:tcMar")
                    margins.append(element("w:left", w=str(APART), type="dxa"))
                    cell = line.cells[place]._tc.get_or_add_tcPr()
                    cell.insert_element_before(
                        margins, "w:textDirection", "w:tcFitText", "w:vAlign", "w:hideMark"
                    )
