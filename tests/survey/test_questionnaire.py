from __future__ import annotations

import hashlib
from pathlib import Path

import jsonschema
import pytest
import yaml

from loyaltysem.core.datasets import shipped
from loyaltysem.core.errors import QuestionnaireError
from loyaltysem.survey.questionnaire import (
    InvalidQuestionnaireError,
    Questionnaire,
    load_questionnaire,
)
from loyaltysem.survey.schema import questionnaire_schema

from .conftest import SMALL, write

SHIPPED = ("ecsi_mobile.yaml", "loyalty_core.yaml", "loyalty_short.yaml")


def faults_of(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(InvalidQuestionnaireError) as caught:
        load_questionnaire(write(tmp_path / "q.yaml", text))
    assert caught.value.code == "questionnaire.invalid"
    return [str(fault) for fault in caught.value.faults]


def test_reads_every_part(small: Questionnaire) -> None:
    assert [item.name for item in small.items] == [
        "t1", "t2", "k1", "months", "liked", "channel", "comment",
    ]  # fmt: skip
    assert small.item("t2").reverse and not small.item("t1").reverse
    assert small.item("t1").construct == "trust" and small.item("channel").construct is None
    assert small.item("months").scale.unit.zh == "月"
    assert small.construct("trust").sources == ("a_2000",)
    assert [c.name for c in small.dimensions("whole")] == ["trust", "liking"]
    assert small.missing_codes == (-99.0,)
    assert small.file_hash == hashlib.sha256(SMALL.encode()).hexdigest()
    assert [item.name for item in small.scored_items][-1] == "channel"
    assert small.labels()["trust"].zh == "信任"


@pytest.mark.parametrize(
    ("scale", "words"),
    [("agree", "1 to 5"), ("channel", "one of 1, 2"), ("months", "0 to ∞"), ("open", "any number")],
)
def test_ranges_in_words(small: Questionnaire, scale: str, words: str) -> None:
    assert {s.name: s.range for s in small.scales}[scale] == words


def test_codebook_has_one_row_per_item(small: Questionnaire) -> None:
    book = small.item_table().set_index("item")
    assert len(book) == 7
    assert book.loc["t1", "labels_zh"] == "1 否; 5 是"
    assert book.loc["t1", "construct_zh"] == "信任"
    assert book.loc["months", "unit_en"] == "months"
    assert bool(book.loc["t2", "reverse"])


def test_html_escapes(tmp_path: Path) -> None:
    text = SMALL.replace("en: Small", "en: <b>Small</b>").replace(
        "I like it.", "<script>x</script>"
    )
    html = load_questionnaire(write(tmp_path / "q.yaml", text))._repr_html_()
    assert "&lt;b&gt;" in html and "<script>" not in html


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("name: small", "nam: small", 1, "unknown key 'nam'. Did you mean 'name'?"),
        ('version: "1.0"', "version: 1.0", 2, "expected a text, found 1.0. Put it in quotes."),
        ("zh: 小问卷", "cn: 小问卷", 3, "'zh' is missing"),
        ("title: {en: Small, zh: 小问卷}", "title: Small", 3, "expected a mapping of 'en', 'zh'"),
        ("en: Small", "en: Small, long", 3, "A text with a comma must be in quotes."),
        ("[-99]", "[3]", 5, "3 cannot mean 'missing': it is a valid answer on agree"),
        ("[-99]", "[x]", 5, "expected a number, found 'x'"),
        ("[-99]", "-99", 5, "expected a list"),
        ("kind: likert", "kind: likrt", 7, "Did you mean 'likert'?"),
        ("minimum: 1, maximum: 5", "minimum: 5, maximum: 1", 7, "found 5 to 1"),
        ("minimum: 1, maximum: 5", "minimum: 1", 7, "needs 'minimum' and 'maximum'"),
        ("maximum: 5, labels: {1", "maximum: 5, labels: {0", 7, "labels outside 1 to 5: 0"),
        ("labels: {1: {en: nay", "labels: {x: {en: nay", 7, "belongs to a whole number"),
        (", labels: {1: {en: shop, zh: 门店}, 2: {en: app, zh: 应用}}", "", 8, "needs 'labels'"),
        ("scale: agree", "scale: agre", 19, "Did you mean 'agree'?"),
        ("sources: [a_2000]", "sources: [a_2001]", 20, "Did you mean 'a_2000'?"),
        ("parent: whole", "parent: whoel", 18, "Did you mean 'whole'?"),
        ("reverse: true", "reverse: maybe", 23, "expected true or false"),
        ("scale: open", "scale: open, reverse: true", 37, "a reverse item needs a scale"),
        ("name: t1", "name: t 1", 22, "cannot be used in a model"),
        ("name: t1", "name: t1, name: t9", 22, "this key is given twice"),
        ("name: k1", "name: t1", 29, "the name 't1' is taken by line 22"),
        ("    label: {en: Whole", "    parent: trust\n    label: {en: Whole", 15, "its own parent"),
        ("  - name: whole", "  - name: hole", 14, "neither items nor dimensions"),
    ],
)
def test_faults_name_line_and_remedy(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert SMALL.count(old) >= 1
    faults = faults_of(tmp_path, SMALL.replace(old, new, 1))
    assert any(fault.startswith(f"line {line}:") and words in fault for fault in faults), faults


def test_an_item_without_any_scale(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, SMALL.replace(", scale: channel}", "}"))
    assert any("'scale' is missing" in fault for fault in faults)


def test_no_items_and_wrong_shapes(tmp_path: Path) -> None:
    head = 'name: x\nversion: "1"\ntitle: {en: a, zh: b}\n'
    assert any("there is no item" in f for f in faults_of(tmp_path, head + "scales: {}\n"))
    assert any("expected a mapping" in f for f in faults_of(tmp_path, head + "scales: 3\n"))
    assert any("expected a mapping" in f for f in faults_of(tmp_path, "- 1\n"))
    assert any("found nothing" in f for f in faults_of(tmp_path, ""))


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    text = SMALL.replace("kind: likert", "kind: likrt").replace("[-99]", "[x]").replace("t1", "t 1")
    faults = faults_of(tmp_path, text)
    assert len(faults) >= 3
    assert [int(f.split()[1].rstrip(":")) for f in faults] == sorted(
        int(f.split()[1].rstrip(":")) for f in faults
    )


def test_long_lists_of_faults_are_cut_in_the_message(tmp_path: Path) -> None:
    many = "".join(f"bad{k}: 1\n" for k in range(30))
    with pytest.raises(InvalidQuestionnaireError, match="and 10 more") as caught:
        load_questionnaire(write(tmp_path / "q.yaml", SMALL + many))
    assert len(caught.value.faults) == 30


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1", "line 1: YAML"),
        ("a: &x {b: 1}\nc: *x\n", "line 2: *: YAML aliases"),
        ("a: 2026-02-30\n", "YAML: "),
        ("a: !!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
        ("[" * 1200 + "]" * 1200, "nested too deeply"),
    ],
)
def test_unreadable_yaml(tmp_path: Path, text: str, words: str) -> None:
    assert words in faults_of(tmp_path, text)[0]


def test_file_problems(tmp_path: Path) -> None:
    write(tmp_path / "small.yaml", SMALL)
    with pytest.raises(QuestionnaireError, match=r"Did you mean 'small\.yaml'") as caught:
        load_questionnaire(tmp_path / "smal.yaml")
    assert caught.value.code == "questionnaire.file_missing"
    with pytest.raises(QuestionnaireError) as caught:
        load_questionnaire(tmp_path)
    assert caught.value.code == "questionnaire.is_directory"
    with pytest.raises(QuestionnaireError, match="byte") as caught:
        load_questionnaire(write(tmp_path / "gb.yaml", SMALL, "gb18030"))
    assert caught.value.code == "questionnaire.encoding"


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path / "q.yaml", SMALL)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(QuestionnaireError, match="Permission denied") as caught:
        load_questionnaire(path)
    assert caught.value.code == "questionnaire.unreadable"


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_questionnaires_follow_the_schema(name: str) -> None:
    path = shipped("questionnaires", name)
    validator = jsonschema.Draft202012Validator(questionnaire_schema())
    assert not list(validator.iter_errors(as_json(path.read_text("utf-8"))))
    assert load_questionnaire(path).items


def as_json(text: str) -> object:
    """JSON has only text keys; YAML's scale points are numbers."""
    document = yaml.safe_load(text)
    for scale in document["scales"].values():
        scale["labels"] = {str(point): label for point, label in scale.get("labels", {}).items()}
    return document


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: small", "nam: small"),
        ('version: "1.0"', "version: 1.0"),
        ("kind: likert", "kind: likrt"),
        ("minimum: 1, maximum: 5", "minimum: 1"),
        ("zh: 小问卷", "cn: 小问卷"),
        ("name: t1", "name: t 1"),
        ("reverse: true", "reverse: maybe"),
        ("[-99]", "[x]"),
    ],
)
def test_schema_and_reader_refuse_the_same_slips(tmp_path: Path, old: str, new: str) -> None:
    text = SMALL.replace(old, new, 1)
    validator = jsonschema.Draft202012Validator(questionnaire_schema())
    assert list(validator.iter_errors(as_json(text)))
    assert faults_of(tmp_path, text)


def test_schema_accepts_the_small_questionnaire() -> None:
    jsonschema.Draft202012Validator.check_schema(questionnaire_schema())
    validator = jsonschema.Draft202012Validator(questionnaire_schema())
    assert not list(validator.iter_errors(as_json(SMALL)))


def test_the_core_instrument_is_the_one_the_study_describes() -> None:
    q = load_questionnaire(shipped("questionnaires", "loyalty_core.yaml"))
    core = q.fielded([item.name for item in q.items if item.module is None])
    likert = [item for item in core.items if item.scale.kind == "likert"]
    assert len(likert) == 24
    assert all(len(item.scale.labels) == 5 for item in likert)
    for parent in ("loyalty", "relationship_quality"):
        assert [len(dimension.items) for dimension in q.dimensions(parent)] == [4, 4, 4]
    assert len({item.text.zh for item in q.items}) == len(q.items)
    assert set(q.references) == {key for c in q.constructs for key in c.sources}
