"""Roles, modules, pages, the customer key: what a questionnaire says beside its items."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from loyaltysem.core.datasets import shipped
from loyaltysem.survey.instrument import Link, Page, Questionnaire
from loyaltysem.survey.questionnaire import load_questionnaire
from loyaltysem.survey.responses import ResponsesError, read_responses
from loyaltysem.survey.schema import questionnaire_schema

from .conftest import WHOLE, csv_text, write
from .test_questionnaire import as_json, faults_of


@pytest.fixture
def core() -> Questionnaire:
    return load_questionnaire(shipped("questionnaires", "loyalty_core.yaml"))


def test_reads_every_new_part(whole: Questionnaire) -> None:
    assert whole.link is not None and whole.link.entry == "url"
    assert whole.link.pattern == "[a-z]+"
    assert [page.name for page in whole.pages] == ["first", "last"]
    assert whole.pages[0].items == ("t1", "check", "t2", "k1", "liked")
    assert whole.pages[1].intro.zh == "请填写。"
    assert whole.introduction.en == "Hello." and whole.closing.zh == "谢谢。"
    assert whole.item("check").expected == (2.0, 3.0)
    assert [item.name for item in whole.attention_items] == ["check"]
    assert [item.name for item in whole.with_role("nps")] == ["nps"]
    assert whole.item("comment").role == "open" and whole.item("t1").role == "measure"
    assert whole.item("t1").required and not whole.item("comment").required
    assert whole.item("months").source == "record" and not whole.item("months").required
    assert whole.item("liked").source == "respondent"
    assert whole.item("nps").module == "extra" and whole.item("comment").hint.en == "Free."
    assert [item.name for item in whole.asked_items][:3] == ["t1", "check", "t2"]


def test_schema_accepts_every_part() -> None:
    validator = jsonschema.Draft202012Validator(questionnaire_schema())
    assert not list(validator.iter_errors(as_json(WHOLE)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("role: attention", "role: atention", "Did you mean 'attention'?"),
        ("expected: [2, 3]", "expected: [2, 9]", "9 is not on the scale (1 to 5)"),
        ("expected: [2, 3]", "expected: x", "expected a number"),
        ("    role: attention\n", "", "only an attention item"),
        ("expected: [2, 3]", "hint: {en: a, zh: b}", "an attention item needs 'expected'"),
        ("scale: likely\n", "scale: agree\n", "needs a likert scale from 0 to 10"),
        ("scale: channel}", "scale: channel, role: open}", "needs a text scale"),
        ("module: extra", "module: extras", "Did you mean 'extra'?"),
        ("source: record", "source: records", "Did you mean 'record'?"),
        ("source: record", "source: record, required: true", "only what is asked"),
        ("entry: url", "entry: web", "'web' is not an entry"),
        ('pattern: "[a-z]+"', 'pattern: "[a-z"', "is not a regular expression"),
        ("respondent_id: id\n", "", "a link needs 'respondent_id'"),
        ("items: [t1, check", "items: [t1, chek", "Did you mean 'check'?"),
        ("items: [t1, check", "items: [t1, t1, check", "'t1' is on page 'first' already"),
        ("items: [t1, check", "items: [t1, months, check", "'months' comes from a record"),
        ("items: [t1, check", "items: [t1", "on no page: check"),
        ("name: last", "name: first", "there is a page 'first' above"),
        ("minimum: 0, maximum: 10", "minimum: 0, maximum: 99999999999", "'kind: numeric' suits"),
    ],
)
def test_faults_of_the_new_parts(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in WHOLE
    faults = faults_of(tmp_path, WHOLE.replace(old, new, 1))
    assert any(words in fault for fault in faults), faults


def test_pages_may_name_constructs(tmp_path: Path) -> None:
    text = WHOLE.replace("[t1, check, t2, k1, liked]", "[trust, check, liking, liked]")
    q = load_questionnaire(write(tmp_path / "q.yaml", text))
    assert q.pages[0].items == ("t1", "t2", "check", "k1", "liked")


def test_without_pages_ten_items_each(core: Questionnaire, small: Questionnaire) -> None:
    assert small.layout() == (Page("page1", tuple(item.name for item in small.items)),)
    assert len(core.layout()) == len(core.pages) == 7


def test_a_module_is_there_whole_or_not_at_all(tmp_path: Path, whole: Questionnaire) -> None:
    assert [m.name for m in whole.fielded(["t1"]).modules] == []
    assert [m.name for m in whole.fielded(["t1", "nps"]).modules] == ["extra"]
    header = "id,t1,t2,k1,months,liked,channel,comment,check,spend"
    rows = ("a,1,2,3,4,5,1,,2,9", "b,5,4,2,0,1,2,,3,")
    answers = read_responses(write(tmp_path / "a.csv", csv_text(*rows, header=header)), whole)
    assert "nps" not in answers.data and answers.questionnaire.pages[-1].items == (
        "channel",
        "comment",
        "spend",
    )
    with pytest.raises(ResponsesError, match="column 'why': column absent"):
        header = f"{header},nps"
        rows = tuple(f"{row},7" for row in rows)
        read_responses(write(tmp_path / "b.csv", csv_text(*rows, header=header)), whole)


def test_without_leaves_no_empty_parts(core: Questionnaire) -> None:
    loyalty = [n for c in core.dimensions("loyalty") for n in c.items]
    left = core.without(loyalty)
    assert {"loyalty", "behaviour"}.isdisjoint(c.name for c in left.constructs)
    assert left.pages[0].name == "feelings"
    assert core.without([]) is core


def test_the_whole_instrument_is_what_the_study_describes(core: Questionnaire) -> None:
    dimensions = [*core.dimensions("loyalty"), *core.dimensions("relationship_quality")]
    assert [len(c.items) for c in dimensions] == [4] * 6
    antecedents = {item.construct for item in core.items if item.module == "antecedents"}
    assert antecedents == {
        "quality", "price_fairness", "brand_image", "channel_convenience", "experience",
    }  # fmt: skip
    assert all(c.sources for c in core.constructs)
    assert isinstance(core.link, Link) and core.respondent_id == "customer_id"
    assert len(core.attention_items) == 2 and len(core.with_role("nps")) == 1
    assert {item.source for item in core.items if item.construct == "clv"} == {"record"}


def test_the_short_form_has_the_words_of_the_long_one(core: Questionnaire) -> None:
    short = load_questionnaire(shipped("questionnaires", "loyalty_short.yaml"))
    for item in short.items:
        assert (item.text, item.scale, item.construct, item.reverse) == (
            core.item(item.name).text,
            core.item(item.name).scale,
            core.item(item.name).construct,
            core.item(item.name).reverse,
        )
    for construct in short.constructs:
        assert construct.sources == core.construct(construct.name).sources
    assert dict(short.references).items() <= dict(core.references).items()


def test_codebook_names_role_and_page(whole: Questionnaire) -> None:
    book = whole.item_table().set_index("item")
    assert book.loc["check", "expected"] == "2, 3" and book.loc["nps", "page"] == "last"
    assert book.loc["months", "source"] == "record"
