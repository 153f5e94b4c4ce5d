"""The three writers say the same: the same words, the same numbers, the same bytes every time."""

import importlib
import io
import re
import sys
import zipfile
from dataclasses import replace

import docx
import pypdf
import pytest

from loyaltysem.core.errors import MissingExtraError
from loyaltysem.reporting.column_widths import fitted
from loyaltysem.reporting.document import (
    Callout,
    Cell,
    Column,
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
    Row,
    Section,
    Table,
    numbered,
)
from loyaltysem.reporting.docx import to_docx
from loyaltysem.reporting.html import to_html
from loyaltysem.reporting.paper import LONG, SHORT, held
from loyaltysem.reporting.pdf import rasters, to_pdf
from loyaltysem.reporting.plain import BREAK, MARK
from loyaltysem.reporting.report import report
from tests.reporting.samples import make_analysis
from tests.reporting.test_report import Page

SVG = (
    '<svg viewBox="0 0 144 72" width="144pt" height="72pt" xmlns="http://www.w3.org/2000/svg">'
    '<rect id="r" width="144" height="72" fill="#24507a"/></svg>'
)
HOSTILE = (
    "<script>alert(1)</script>", "=cmd()|'/c calc'!A1", r"\input{/etc/passwd}", "#import \"x.typ\"",
    "$x^2$", "_*both*_", "`raw`", "```typ #panic()```", "@cite <label>", "// gone /* gone */",
    "= Heading", "- item", "~ -- ---", "{{ document }}", "{% raw %}", "&amp; &lt;", "]]>", "[#a]",
    "100 % \\ / \" '", "#sys.inputs", "\\u{41}", "HYPERLINK \"http://x\"", "客户“忠诚”度（100%）",
)  # fmt: skip


def document(*blocks, language="en", **changes):
    sections = numbered([Section("Only section", "only", tuple(blocks))])
    banner = Callout("SYNTHETIC", "Nobody answered.", "warning")
    whole = Document("Title", "Subtitle", language, banner, sections, "Foot")
    return replace(whole, **changes)


def every_block(text):
    """Every kind of block, with one text wherever a text can stand."""
    cells = (Cell(text, "weak", "†", text), Cell("1.25", "good"))
    rows = (Row((Cell(text), Cell("")), is_group=True), Row(cells))
    columns = (Column(text, "left"), Column(text, "right"))
    return (
        Paragraph(text), Heading(text), Table("t", text, columns, rows, (text,)),
        Figure("f", text, SVG, text, 2.0), Callout(text, text),
        FindingList((FindingItem("problem", text, text, text),)), Definitions(((text, text),)),
        KeyFigures(((text, text, text),)), Listing(text, f"{text}\n{text}"), References((text,)),
    )  # fmt: skip


def pdf_text(content):
    pages = (page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    return "\n".join(pages)


def docx_text(content):
    """Return all text of a Word file, header and footer included."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = [n for n in file.namelist() if re.match(r"word/(document|header\d|footer\d)", n)]
        xml = [file.read(name).decode("utf-8") for name in parts]
    joined = re.sub(r"</w:p>|<w:br/>", "\n", "".join(xml))
    return Page(re.sub(r"<w:instrText>.*?</w:instrText>", "", joined)).text


def html_text(page):
    return Page(page[page.index("<body>") :]).text


def squeezed(text):
    """Return text without what typesetting adds: spaces, line ends, places to break."""
    return re.sub(rf"[\s{BREAK}\xad]", "", "".join(text))


WRITERS = {
    "html": lambda d: html_text(to_html(d)),
    "pdf": lambda d: pdf_text(to_pdf(d)),
    "docx": lambda d: docx_text(to_docx(d)),
}


@pytest.fixture(scope="module")
def hostile():
    whole = document(*(block for text in HOSTILE for block in every_block(text)))
    return {name: squeezed(write(whole)) for name, write in WRITERS.items()}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_labels_arrive_as_text(hostile, writer, text):
    # Every block prints it as often as it holds it; alternative text is not page text.
    assert hostile[writer].count(squeezed(text)) >= 18


@pytest.mark.parametrize("writer", WRITERS)
def test_what_no_page_can_hold_is_marked(writer):
    shown = squeezed(WRITERS[writer](document(Paragraph("a\x00b\x1bc\u202ed\ud800e\ufffff"))))
    assert MARK.join("abcdef") in shown


@pytest.mark.parametrize("writer", WRITERS)
def test_every_script_and_every_length_arrives(writer):
    word = "Donaudampfschifffahrt" * 12
    blocks = (every_block("שלום Привет العربية")[:3], every_block(word), every_block("\u00a0 "))
    shown = squeezed(WRITERS[writer](document(*(b for part in blocks for b in part))))
    assert shown.count(word) >= 18
    assert "Привет" in shown
    assert "שלום" in shown or "םולש" in shown  # pypdf may give the order of the page


@pytest.mark.parametrize("writer", WRITERS)
def test_an_emoji_is_shown_or_named(writer):
    shown = squeezed(WRITERS[writer](document(Paragraph("party 🎉 end"))))
    assert "🎉" in shown or "[U+1F389]" in shown


def test_nothing_a_label_says_becomes_a_part_of_the_word_file():
    made = docx.Document(io.BytesIO(to_docx(document(*every_block('HYPERLINK "http://x"')))))
    links = [r.reltype for r in made.part.rels.values() if r.is_external]
    codes = {e.text.split()[0] for e in made.element.xpath(".//w:instrText")}
    assert links == []
    assert codes == {"TOC"}


@pytest.mark.parametrize("write", [to_pdf, to_docx, to_html])
def test_the_same_document_gives_the_same_bytes(write):
    whole = document(*every_block("客户忠诚度 β"), language="zh")
    assert write(whole) == write(whole)


def test_no_file_says_when_it_was_made():
    whole = document(Paragraph("x"))
    assert not {"/CreationDate", "/ModDate"} & set(
        pypdf.PdfReader(io.BytesIO(to_pdf(whole))).metadata
    )
    with zipfile.ZipFile(io.BytesIO(to_docx(whole))) as file:
        assert {info.date_time[0] for info in file.infolist()} == {1980}
        assert file.namelist()[0] == "[Content_Types].xml"
    assert docx.Document(io.BytesIO(to_docx(whole))).core_properties.created.year == 1980


@pytest.mark.parametrize("writer", WRITERS)
def test_a_report_of_one_table_is_whole(writer):
    table = Table("t", "Caption", (Column("Head", "left"),), (Row((Cell("body"),)),))
    shown = squeezed(WRITERS[writer](document(table, banner=None)))
    for text in ("Title", "Subtitle", "Onlysection", "Table1", "Caption", "Head", "body", "Foot"):
        assert text in shown
    assert "SYNTHETIC" not in shown


@pytest.mark.parametrize("writer", WRITERS)
def test_a_report_without_any_section_is_written(writer):
    assert "Title" in squeezed(WRITERS[writer](document(sections=())))


def test_the_banner_stands_on_every_page_of_the_pdf():
    pages = pypdf.PdfReader(io.BytesIO(to_pdf(document(*[Paragraph("long " * 400)] * 9)))).pages
    assert len(pages) > 2
    assert all("SYNTHETIC" in page.extract_text() for page in pages)
    made = docx.Document(io.BytesIO(to_docx(document())))
    assert "SYNTHETIC" in made.sections[0].header.paragraphs[0].text


def long_table(rows, columns=3):
    heads = (Column("Label", "left"), *(Column(f"Head{k}") for k in range(1, columns)))
    cells = [tuple(Cell(f"r{r}c{c} −12,345.678") for c in range(columns)) for r in range(rows)]
    return Table("long", "Long", heads, tuple(Row(row) for row in cells))


def test_a_long_table_repeats_its_head():
    table = long_table(150)
    pages = [p.extract_text() for p in pypdf.PdfReader(io.BytesIO(to_pdf(document(table)))).pages]
    holding = [text for text in pages if re.search(r"r\d+c0", text)]
    assert len(holding) > 2
    assert all("Head1" in text for text in holding)
    (made,) = docx.Document(io.BytesIO(to_docx(document(table)))).tables
    assert made.rows[0]._tr.xpath("./w:trPr/w:tblHeader")
    assert all(row._tr.xpath("./w:trPr/w:cantSplit") for row in made.rows)


def test_a_wide_table_takes_a_turned_page_and_the_text_after_it_an_upright_one():
    whole = document(Paragraph("before"), long_table(3, 9), Paragraph("after"))
    sizes = [
        (float(page.mediabox.width), float(page.mediabox.height))
        for page in pypdf.PdfReader(io.BytesIO(to_pdf(whole))).pages
    ]
    upright, turned = (SHORT, LONG), (LONG, SHORT)
    assert [pytest.approx(size, abs=0.5) for size in (upright, turned, upright)] == sizes
    sections = docx.Document(io.BytesIO(to_docx(whole))).sections
    assert [s.page_width.pt > s.page_height.pt for s in sections] == [False, True, False]


def test_three_rules_and_no_others():
    (made,) = docx.Document(io.BytesIO(to_docx(document(long_table(4))))).tables
    rules = [
        sorted({border.tag.split("}")[1] for border in row._tr.xpath(".//w:tcBorders/*")})
        for row in made.rows
    ]
    assert rules == [["bottom", "top"], [], [], [], ["bottom"]]


def test_every_style_of_the_word_file_names_a_chinese_font():
    made = docx.Document(io.BytesIO(to_docx(document(language="zh"))))
    styles = made.styles.element.xpath("./w:style")
    assert styles
    assert all(style.xpath("./w:rPr/w:rFonts/@w:eastAsia") for style in styles)


def test_no_group_ends_a_page_and_no_row_stands_alone():
    plain, named = Row((Cell("x"), Cell("1"))), Row((Cell("g"),), is_group=True)
    rows = [plain] * 37 + [named] + [plain] * 4
    table = Table("t", "T", (Column("Head", "left"), Column("n")), tuple(rows))
    assert held(rows)[:4] == [3, 0, 0, 1] and held(rows)[37:] == [5, 0, 0, 0, 0]
    assert held(rows[:38] + [plain] * 9)[37:] == [2, 0, 1, 1, 1, 1, 1, 1, 2, 0]
    reader = pypdf.PdfReader(io.BytesIO(to_pdf(document(Paragraph("\n".join("abc")), table))))
    pages = [page.extract_text() for page in reader.pages]
    assert all(not re.search(r"\bg\s+Foot", text) for text in pages)
    (made,) = docx.Document(io.BytesIO(to_docx(document(table)))).tables
    kept = [line.cells[0].paragraphs[0].paragraph_format.keep_with_next for line in made.rows]
    assert [k for k, keep in enumerate(kept) if keep] == [0, 1, 2, 38, 39, 40, 41]


def test_a_mark_does_not_touch_its_number():
    columns = (Column("Construct", "left"), Column("AVE"))
    rows = (Row((Cell("Trust"), Cell(".472", "weak", "†"))), Row((Cell("Value"), Cell(".511"))))
    page = pypdf.PdfReader(io.BytesIO(to_pdf(document(Table("t", "T", columns, rows))))).pages[0]
    ends = {}
    page.extract_text(visitor_text=lambda text, at, *rest: ends.setdefault(text.strip(), at[4]))
    assert ends["†"] > ends[".472"] + 16  # where the four characters end


def test_latin_words_of_a_chinese_report_break_between_words():
    made = docx.Document(io.BytesIO(to_docx(document(language="zh"))))
    (lang,) = made.styles.element.xpath(".//w:style[@w:styleId='Normal']/w:rPr/w:lang")
    told = {key.rpartition("}")[2]: value for key, value in lang.attrib.items()}
    assert told == {"val": "en-US", "eastAsia": "zh-CN"}


def test_cells_of_a_row_stand_on_one_line_and_words_apart_from_numbers():
    columns = (Column("n"), Column("Verdict", "left"))
    table = Table("t", "T", columns, (Row((Cell("1"), Cell("一致"))), Row((Cell(""), Cell("b")))))
    (made,) = docx.Document(io.BytesIO(to_docx(document(table)))).tables
    cells = [cell for line in made.rows for cell in line.cells]
    assert len({cell.paragraphs[0].paragraph_format.line_spacing for cell in cells}) == 1
    assert all(line.cells[1]._tc.xpath("./w:tcPr/w:tcMar/w:left") for line in made.rows)
    assert not any(line.cells[0]._tc.xpath("./w:tcPr/w:tcMar") for line in made.rows)


def test_pictures_reach_word_as_png_with_words_and_the_pdf_as_drawings():
    figure = Figure("f", "Caption", SVG, "told in words", 2.0)
    made = docx.Document(io.BytesIO(to_docx(document(figure))))
    (picture,) = made.inline_shapes
    assert round(picture.width.inches, 2) == 2.0
    assert picture._inline.docPr.get("descr") == "told in words"
    assert not list(pypdf.PdfReader(io.BytesIO(to_pdf(document(figure)))).pages[0].images)


def test_rasters_come_in_order_and_in_their_size():
    wide, high = rasters([SVG, SVG.replace("144", "36")], 100.0)
    sizes = [tuple(int.from_bytes(png[k : k + 4]) for k in (16, 20)) for png in (wide, high)]
    assert sizes == [(200, 100), (50, 100)]
    assert rasters([]) == []


@pytest.mark.parametrize(("package", "write"), [("typst", to_pdf), ("docx", to_docx)])
def test_without_the_extra_the_message_says_what_to_install(monkeypatch, package, write):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match="not installed") as caught:
        write(document(Paragraph("x")))
    assert "loyaltysem[report]" in caught.value.hint


def test_without_the_extra_html_is_written(monkeypatch):
    for package in ("typst", "docx"):
        monkeypatch.setitem(sys.modules, package, None)
    importlib.invalidate_caches()
    assert "<h1>Title</h1>" in to_html(document(Paragraph("x")))


# -- both languages -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both():
    return report(make_analysis(), language="both")


def test_one_page_holds_both_languages_and_a_switch_without_a_script(both):
    page = Page(both.html())
    assert [d.language for d in both.documents] == ["en", "zh"]
    assert [a["id"] for t, a in page.tags if t == "input"] == ["show-en", "show-zh"]
    assert [a["lang"] for t, a in page.tags if "edition" in a.get("class", "")] == ["en", "zh-Hans"]
    assert "script" not in {tag for tag, _ in page.tags}
    assert not page.values("src")


def test_ids_and_links_of_the_two_do_not_meet(both):
    page = Page(both.html())
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    links = [link[1:] for link in page.values("href") + page.values("xlink:href")]
    used = re.findall(r"url\(#([^)]+)\)", both.html())
    assert set(links) | set(used) <= set(ids)
    assert any(link.startswith("zh-") for link in links)


def test_paper_takes_one_file_a_language(both, tmp_path):
    assert both.save(tmp_path / "r.html").name == "r.html"
    assert both.save(tmp_path / "r.pdf").name == "r.pdf"
    assert both.save(tmp_path / "r.docx").name == "r.docx"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"r.html", "r.pdf", "r.zh.pdf", "r.docx", "r.zh.docx"}
    assert "客户忠诚度" in squeezed(docx_text((tmp_path / "r.zh.docx").read_bytes()))
    assert "客户忠诚度" in squeezed(pdf_text((tmp_path / "r.zh.pdf").read_bytes()))


def test_a_table_is_as_wide_as_the_names_of_its_groups():
    row, group = Row((Cell("ML"), Cell(".5"))), Row((Cell("Loyalty → lifetime value"),), True)
    columns = (Column("Estimator", "left"), Column("β"))
    narrow, wide = (
        fitted(Table("t", "T", columns, rows), 480.0, 700.0) for rows in ((row,), (group, row))
    )
    assert sum(wide.widths) > 1.5 * sum(narrow.widths) and wide.widths[1] == narrow.widths[1]
    assert sum(fitted(Table("t", "T", columns, (group, row)), 80.0, 90.0).widths) <= 90.0


def test_many_columns_stand_closer_on_the_screen():
    for count, dense in ((8, False), (9, True)):
        columns = tuple(Column(f"c{k}") for k in range(count))
        table = Table("t", "T", columns, (Row(tuple(Cell("1") for _ in columns)),))
        assert ('<table class="dense"' in to_html(document(table))) is dense
