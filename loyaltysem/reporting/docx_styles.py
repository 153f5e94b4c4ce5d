"""A Word file under construction: styles that name fonts for both scripts, pages, panels."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from loyaltysem.reporting.paper import ENDS, LONG, SHORT, SIDE, PictureSize

INK, SOFT = "1D2B3A", "56636F"
#: Tone -> fill and line of a boxed message.
PANELS = {
    "note": ("EEF4FA", "5D83A8"),
    "warning": ("FFF6E0", "D59A17"),
    "problem": ("FDECEA", "C0392B"),
}
#: Fonts that Word and LibreOffice have or replace well; a .docx does not carry its fonts.
LATIN_FONT, CHINESE_FONT, FIXED_FONT = "Arial", "Microsoft YaHei", "Consolas"
#: Style, its parent, size in points, bold, colour, space before and after in points.
STYLES: tuple[tuple[str, str, float, bool, str, float, float], ...] = (
    ("Normal", "", 10.0, False, INK, 0, 6),
    ("Title", "Normal", 21.0, True, INK, 0, 4),
    ("Subtitle", "Normal", 10.0, False, SOFT, 0, 10),
    ("Heading 1", "Normal", 15.0, True, INK, 22, 8),
    ("Heading 2", "Normal", 11.5, True, INK, 14, 5),
    ("Header", "Normal", 8.0, False, SOFT, 0, 0),
    ("Footer", "Normal", 8.0, False, SOFT, 0, 0),
    ("Caption", "Normal", 9.5, False, INK, 14, 5),
    ("Cells", "Normal", 8.5, False, INK, 1.5, 1.5),
    ("Notes", "Normal", 8.0, False, SOFT, 4, 12),
    ("Panel", "Normal", 9.5, False, INK, 5, 5),
    ("Listing", "Normal", 8.0, False, INK, 0, 0),
    ("Reference", "Normal", 9.5, False, INK, 0, 5),
    ("Contents", "Normal", 10.0, False, INK, 0, 3),
)
PROPERTIES_AFTER_SHADING = ("w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc")


class Sheet:
    """What the writer draws on: a python-docx document and the few forms a report needs."""

    def __init__(self, file: Any):
        self.file = file
        self.is_turned = False
        self.bookmarks = 0

    def prepare(self) -> None:
        """Set page and styles."""
        self._page(self.file.sections[0], turned=False)
        for style in STYLES:
            self._style(*style)
        format_ = self.file.styles["Reference"].paragraph_format
        format_.left_indent, format_.first_line_indent = _points(18), _points(-18)
        for name in ("Heading 1", "Heading 2", "Caption"):
            self.file.styles[name].paragraph_format.keep_with_next = True
        _every_style_names_chinese(self.file)

    def _style(
        self, name: str, parent: str, size: float, bold: bool, colour: str, *around: float
    ) -> None:
        from docx.enum.style import WD_STYLE_TYPE
        from docx.shared import Pt, RGBColor

        styles = self.file.styles
        known = {style.name for style in styles}
        style = styles[name] if name in known else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles[parent] if parent else None
        style.font.size, style.font.bold, style.font.italic = Pt(size), bold, False
        style.font.color.rgb = RGBColor.from_string(colour)
        style.font.name = FIXED_FONT if name == "Listing" else LATIN_FONT
        style.paragraph_format.space_before, style.paragraph_format.space_after = map(Pt, around)
        for unwanted in ("w:pBdr", "w:rPr/w:spacing"):  # Word's own lines and letter-spacing
            for part in style.element.xpath(f".//{unwanted}"):
                part.getparent().remove(part)

    def _page(self, section: Any, *, turned: bool) -> None:
        from docx.enum.section import WD_ORIENT

        width, height = (LONG, SHORT) if turned else (SHORT, LONG)
        section.orientation = WD_ORIENT.LANDSCAPE if turned else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = _points(width), _points(height)
        section.left_margin = section.right_margin = _points(SIDE)
        section.top_margin = section.bottom_margin = _points(ENDS)

    def turn(self, turned: bool) -> None:
        """Go on on pages of this direction."""
        from docx.enum.section import WD_SECTION

        if turned != self.is_turned:
            self._page(self.file.add_section(WD_SECTION.NEW_PAGE), turned=turned)
            self.is_turned = turned

    @property
    def width(self) -> float:
        """Width of the text in points."""
        return (LONG if self.is_turned else SHORT) - 2 * SIDE

    def running(self, warning: str, title: str, footer: str) -> None:
        """Write the warning and the title above every page, the page number below."""
        section = self.file.sections[0]
        head, foot = section.header.paragraphs[0], section.footer.paragraphs[0]
        if warning:
            span(head, warning, bold=True, colour=INK)
            span(head, "   ·   ")
            shade(head, *PANELS["warning"], side="bottom")
        span(head, title)
        span(foot, footer + "   ·   ")
        field(foot, "PAGE", "1")
        span(foot, " / ")
        field(foot, "NUMPAGES", "1")

    def paragraph(self, text: str, style: str = "Normal") -> Any:
        """Add a paragraph of plain text."""
        made = self.file.add_paragraph(style=style)
        span(made, text)
        return made

    def heading(self, text: str, level: int, mark: str = "") -> None:
        """Add a heading, with a bookmark that the contents link to."""
        made = self.paragraph(text, f"Heading {level}")
        if mark:
            self.bookmarks += 1
            start = element("w:bookmarkStart", id=str(self.bookmarks), name=mark)
            made._p.insert(1, start)
            made._p.append(element("w:bookmarkEnd", id=str(self.bookmarks)))

    def contents(self, title: str, entries: Sequence[tuple[str, str]]) -> None:
        """Add the contents: a field that Word can update, its entries links already."""
        self.paragraph(title, "Subtitle").runs[0].bold = True
        for place, (mark, text) in enumerate(entries):
            made = self.file.add_paragraph(style="Contents")
            if place == 0:
                _field_part(made, "begin")
                _instruction(made, r'TOC \o "1-1" \h \z \u')
                _field_part(made, "separate")
            link = element("w:hyperlink", anchor=mark, history="1")
            span(made, text, colour="24507A")
            link.append(made.runs[-1]._r)
            made._p.append(link)
            if place == len(entries) - 1:
                _field_part(made, "end")

    def caption(self, name: str, text: str) -> None:
        """Add a caption: the number in bold, then the title."""
        made = self.file.add_paragraph(style="Caption")
        span(made, name, bold=True)
        span(made, "  " + text)

    def picture(self, png: bytes, size: PictureSize, alt: str) -> None:
        """Add a picture with words for those who cannot see it."""
        made = self.file.add_paragraph()
        made.alignment = 1
        shape = made.add_run().add_picture(
            io.BytesIO(png), width=_points(size.width), height=_points(size.height)
        )
        shape._inline.docPr.set("descr", alt)

    def panel(self, spans: Iterable[tuple[str, bool, str]], fill: str, line: str) -> None:
        """Add a boxed message."""
        made = self.file.add_paragraph(style="Panel")
        for text, bold, colour in spans:
            span(made, text, bold=bold, colour=colour)
        shade(made, fill, line, side="left")


def span(
    paragraph: Any, text: str, *, bold: bool = False, colour: str = "", size: float = 0.0
) -> None:
    """Add a run of text to a paragraph."""
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(text)
    if bold:
        run.bold = True
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)
    if size:
        run.font.size = Pt(size)


def shade(paragraph: Any, fill: str, line: str, side: str) -> None:
    """Set a paragraph on a coloured ground with one coloured edge."""
    properties = paragraph._p.get_or_add_pPr()
    border = element("w:pBdr")
    border.append(element(f"w:{side}", val="single", sz="18", space="6", color=line))
    # two boxes in a row would run into one
    border.append(element("w:between", val="single", sz="36", space="2", color="FFFFFF"))
    ground = element("w:shd", val="clear", color="auto", fill=fill)
    for part in (border, ground):
        properties.insert_element_before(part, *PROPERTIES_AFTER_SHADING)


def field(paragraph: Any, code: str, shown: str) -> None:
    """Add a field with what it shows until it is updated."""
    _field_part(paragraph, "begin")
    _instruction(paragraph, code)
    _field_part(paragraph, "separate")
    span(paragraph, shown)
    _field_part(paragraph, "end")


def _field_part(paragraph: Any, kind: str) -> None:
    paragraph.add_run()._r.append(element("w:fldChar", fldCharType=kind))


def _instruction(paragraph: Any, code: str) -> None:
    made = element("w:instrText")
    made.text = f" {code} "
    paragraph.add_run()._r.append(made)


def _every_style_names_chinese(file: Any) -> None:
    """Name a Chinese font in every style: what Word picks itself differs between machines."""
    for style in file.styles.element.findall(qualified("w:style")):
        properties = style.get_or_add_rPr()
        fonts = properties.get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qualified(f"w:{theme}"), None)
        fonts.set(qualified("w:eastAsia"), CHINESE_FONT)
    normal = file.styles["Normal"].element.get_or_add_rPr()
    for old in normal.findall(qualified("w:lang")):
        normal.remove(old)
    # `val` is the language of Latin letters: called Chinese, their words would break anywhere.
    normal.append(element("w:lang", val="en-US", eastAsia="zh-CN"))


def _points(size: float) -> Any:
    from docx.shared import Pt

    return Pt(size)


def qualified(name: str) -> str:
    """Return a name such as ``w:tc`` with its name space written out."""
    from docx.oxml.ns import qn

    found: str = qn(name)
    return found


def element(name: str, /, **attributes: str) -> Any:
    """Return an element of Word's name space, its attributes in the same."""
    from docx.oxml import OxmlElement

    made = OxmlElement(name)
    for key, value in attributes.items():
        made.set(qualified(f"w:{key}"), value)
    return made
