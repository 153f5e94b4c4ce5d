import re
from html.parser import HTMLParser

import pytest

from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.references import REFERENCES
from loyaltysem.core.text import Text
from loyaltysem.reporting.report import report
from tests.reporting.samples import FORMULA, HOSTILE, make_analysis

TABLES = {
    "sample", "items", "fit", "loadings", "reliability", "fornell_larcker", "fornell_larcker_top",
    "htmt", "hypotheses", "paths", "effects", "published", "rsquare", "covariances", "parameters",
}  # fmt: skip


class Page(HTMLParser):
    """Collects tags with their attributes, and the text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)

    def values(self, name):
        return [attributes[name] for _, attributes in self.tags if name in attributes]


@pytest.fixture(scope="module")
def pages(analysis):
    return {language: report(analysis, language=language).html() for language in ("en", "zh")}


@pytest.fixture(scope="module")
def documents(analysis):
    return {language: report(analysis, language=language).document for language in ("en", "zh")}


def test_every_table_is_there_with_a_caption_in_both_languages(documents):
    english, chinese = (
        {t.key: t.caption for t in documents[code].tables()} for code in ("en", "zh")
    )
    assert set(english) == set(chinese) == TABLES
    assert not re.search("[一-鿿]", " ".join(english.values()).replace("中英文", ""))
    assert all(re.search("[一-鿿]", caption) for caption in chinese.values())


def test_tables_and_figures_are_numbered_in_order(documents):
    assert [t.number for t in documents["en"].tables()] == list(range(1, len(TABLES) + 1))
    assert [f.number for f in documents["en"].figures()] == [1, 2, 3]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_labels_arrive_as_text_and_never_as_markup(pages, language):
    page = Page(pages[language])
    assert "script" not in {tag for tag, _ in page.tags}
    assert "b" not in {t for t, a in page.tags if a.get("class") == "model"}
    text = "".join(page.text)
    assert HOSTILE in text
    assert FORMULA in text
    assert "# <b>bold</b>" in text


def test_the_same_analysis_gives_the_same_bytes(pages):
    again = report(make_analysis(), language="zh").html()
    assert again == pages["zh"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_stands_alone(pages, language):
    page = Page(pages[language])
    assert not page.values("src")
    loaded = [a for t, a in page.tags if t == "link"]
    assert not loaded
    assert all(link.startswith("#") for link in page.values("href"))
    assert "@import" not in pages[language]
    assert "url(http" not in pages[language]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_links_lead_somewhere_and_ids_are_unique(pages, language):
    page = Page(pages[language])
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    links = [a["href"] for t, a in page.tags if t == "a"]
    assert len(links) > 8
    assert {link[1:] for link in links} <= set(ids)


def test_the_page_says_its_language(pages):
    assert '<html lang="en">' in pages["en"]
    assert '<html lang="zh-Hans">' in pages["zh"]


def test_synthetic_data_are_labelled_and_real_data_are_not(pages):
    assert "SYNTHETIC DATA" in pages["en"]
    assert "模拟数据" in pages["zh"]
    assert "SYNTHETIC DATA" not in report(make_analysis(synthetic=False)).html()


def test_the_gravest_finding_comes_first(documents):
    (found,) = (b for b in documents["en"].blocks() if type(b).__name__ == "FindingList")
    assert [item.severity for item in found.items] == ["problem", "note"]


def test_no_finding_is_said_in_words():
    clean = report(make_analysis(findings=()))
    assert "raised no finding" in clean.html()


def test_sources_named_anywhere_are_listed(documents):
    document = documents["en"]
    (listed,) = (b for b in document.blocks() if type(b).__name__ == "References")
    assert {REFERENCES[k].entry for k in document.source_keys()} <= set(listed.entries)
    assert REFERENCES["hu_bentler_1999"].entry in listed.entries
    assert REFERENCES["fornell_larcker_1981"].entry in listed.entries
    assert list(listed.entries) == sorted(listed.entries)


def test_a_source_that_only_a_finding_names_is_listed_too():
    hint = Text("See Marsh et al. (2004).")
    named = report(make_analysis(findings=(Finding("x", Text("x"), hint),))).html()
    assert REFERENCES["marsh_2004"].doi in named
    assert REFERENCES["marsh_2004"].doi not in report(make_analysis(findings=())).html()


def test_every_picture_has_words_and_text_as_outlines(documents):
    for figure in documents["zh"].figures():
        assert len(figure.alt) > 10
        assert "<text" not in figure.svg


def test_an_analysis_with_little_gives_a_short_report():
    full = make_analysis()
    small = make_analysis(
        tables={k: full.tables[k] for k in ("fit", "loadings")}, findings=(), synthetic=False
    )
    document = report(small).document
    assert {t.key for t in document.tables()} == {"fit", "loadings"}
    assert "structure" not in [s.anchor for s in document.sections]


def test_without_any_table_there_is_still_a_report():
    empty = report(make_analysis(tables={}, provenance={}))
    assert [s.anchor for s in empty.document.sections] == ["summary", "provenance"]


def test_a_title_can_be_given(analysis):
    assert "<h1>Mine</h1>" in report(analysis, title="Mine").html()
    assert "<h1>我的</h1>" in report(analysis, title=Text("Mine", "我的"), language="zh").html()


def test_saving_makes_folders_and_writes_the_page(analysis, tmp_path):
    made = report(analysis)
    path = made.save(tmp_path / "new" / "report.html")
    assert path.read_bytes() == made.html().encode("utf-8")
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_a_failed_write_leaves_the_old_report_whole(analysis, tmp_path, monkeypatch):
    target = tmp_path / "report.html"
    target.write_text("old", encoding="utf-8")
    made = report(analysis)

    def fail(self, target):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        made.save(target)
    assert target.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("name", ["report.odt", "report.doc", "report"])
def test_a_format_that_does_not_exist_is_refused(analysis, tmp_path, name):
    with pytest.raises(IncompatibleRequestError) as caught:
        report(analysis).save(tmp_path / name)
    assert caught.value.code == "report.format"
    assert ".html, .pdf, .docx" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_an_unknown_language_is_refused(analysis):
    with pytest.raises(IncompatibleRequestError) as caught:
        report(analysis, language="de")
    assert caught.value.code == "report.language"


def test_what_an_analysis_already_holds_is_refused(analysis):
    with pytest.raises(IncompatibleRequestError) as caught:
        report(analysis, command="x", hypotheses=(object(),))
    assert caught.value.code == "report.analysis_is_complete"
    assert "hypotheses, command" in caught.value.message


def test_a_notebook_shows_the_page_in_a_frame(analysis):
    shown = report(analysis)._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "<h1>" not in shown


def test_a_fitted_model_is_analysed_first(monkeypatch):
    asked = {}

    def analyse(fit, **given):
        asked.update(given, fit=fit)
        return make_analysis()

    monkeypatch.setattr("loyaltysem.study.pipeline.analyse", analyse)
    fit = object()
    made = report(fit, title="T", command="c")
    assert asked["fit"] is fit
    assert asked["title"] == Text("T")
    assert asked["command"] == "c"
    assert made.document.title == "T"
