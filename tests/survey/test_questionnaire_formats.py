"""Questionnaires in other programs' formats: nothing is lost but what the writer says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from loyaltysem.core.datasets import shipped
from loyaltysem.core.errors import DataError, IncompatibleRequestError, QuestionnaireError
from loyaltysem.core.text import Text
from loyaltysem.survey.exchange.carried import (
    REMOVERS,
    WORDS,
    not_carried,
    question_codes,
    reduced,
)
from loyaltysem.survey.exchange.formats import (
    FORMATS,
    export_questionnaire,
    read_questionnaire,
)
from loyaltysem.survey.exchange.labelled import read_template
from loyaltysem.survey.exchange.surveyjs import read_surveyjs
from loyaltysem.survey.exchange.workbook import read_sheets, write_sheets
from loyaltysem.survey.exchange.xlsform import read_xlsform
from loyaltysem.survey.instrument import Item, Link, Questionnaire, Scale
from loyaltysem.survey.questionnaire import load_questionnaire

from .conftest import WHOLE, write

SHIPPED = ("ecsi_mobile", "loyalty_core", "loyalty_short")
READABLE = [name for name, row in FORMATS.items() if row.read is not None or name == "yaml"]


@pytest.fixture(params=["whole", *SHIPPED])
def instrument(request: pytest.FixtureRequest, tmp_path: Path) -> Questionnaire:
    if request.param == "whole":
        return load_questionnaire(write(tmp_path / "whole.yaml", WHOLE))
    return load_questionnaire(shipped("questionnaires", f"{request.param}.yaml"))


def awkward(q: Questionnaire) -> Questionnaire:
    """Return the questionnaire with texts that file formats stumble over."""
    nasty = Text(
        '=1+1; "quoted", <b>bold</b> & {t1} ${t1}\nnext\tline', "=求和，“引号”\n第二行{t2}"
    )
    items = tuple(replace(item, text=nasty) if k == 0 else item for k, item in enumerate(q.items))
    return replace(q, items=items, introduction=nasty, closing=nasty)


@pytest.mark.parametrize("name", READABLE)
def test_round_trip(instrument: Questionnaire, name: str, tmp_path: Path) -> None:
    row = FORMATS[name]
    for q in (instrument, awkward(instrument)):
        path = export_questionnaire(q, name).save(tmp_path / "new" / f"q{row.suffix}")
        back = read_questionnaire(path)
        assert replace(back, file_name="", file_hash="") == reduced(q, row.loses)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_content_gives_the_same_bytes(whole: Questionnaire, name: str) -> None:
    if name == "sav":
        pytest.skip("an SPSS file holds the time it was written")
    assert export_questionnaire(whole, name).content == export_questionnaire(whole, name).content


def test_the_writer_lists_what_it_leaves_behind(whole: Questionnaire) -> None:
    made = export_questionnaire(whole, "xlsform")
    found = {left.feature: left for left in made.not_carried}
    assert found["reverse"].items == ("t2",) and found["records"].items == ("months",)
    assert found["attention"].items == ("check",)
    assert "pages" not in found and "required" not in found and "units" not in found
    assert "reverse keys: t2" in str(made) and "<li>constructs" in made._repr_html_()
    assert export_questionnaire(whole, "yaml").not_carried == ()


@pytest.mark.parametrize("name", ["xlsform", "surveyjs", "limesurvey"])
def test_form_programs_show_the_title_for_respondents(whole: Questionnaire, name: str) -> None:
    made = export_questionnaire(whole, name)
    assert "research_title" in {left.feature for left in made.not_carried}
    bare = export_questionnaire(replace(whole, respondent_title=Text("")), name)
    assert "research_title" not in {left.feature for left in bare.not_carried}


def test_unverified_formats_say_so(whole: Questionnaire) -> None:
    assert "unverified" in str(export_questionnaire(whole, "limesurvey"))
    assert [name for name, row in FORMATS.items() if not row.verified] == ["limesurvey"]


def test_every_feature_has_a_name_and_takes_off_what_it_says(whole: Questionnaire) -> None:
    assert set(REMOVERS) == set(WORDS)
    for feature, remove in REMOVERS.items():
        once = remove(whole)
        assert feature == "page_names" or remove(once) == once
    assert {left.feature for left in not_carried(whole, REMOVERS)} >= set(REMOVERS) - {
        "unlinked_id", "long_title", "braces", "codes", "page_names",
        "respondent_title",  # takes the place of the other title, or goes alone
    }  # fmt: skip
    alone = not_carried(whole, ("respondent_title",))
    assert [left.feature for left in alone] == ["respondent_title"]


def test_an_unlinked_respondent_id_is_listed(small: Questionnaire) -> None:
    left = export_questionnaire(small, "surveyjs").not_carried
    assert "unlinked_id" in {found.feature for found in left}


def test_names_of_letters_and_digits_stay_apart() -> None:
    codes = question_codes(["a_b", "a.b", "ab", "x" * 30, "x" * 31])
    assert len(set(codes.values())) == 5
    assert all(code.isalnum() and len(code) <= 20 for code in codes.values())


def test_codes_of_limesurvey(whole: Questionnaire, tmp_path: Path) -> None:
    items = tuple(replace(i, name="log_k1") if i.name == "k1" else i for i in whole.items)
    pages = tuple(
        replace(p, items=tuple("log_k1" if n == "k1" else n for n in p.items)) for p in whole.pages
    )
    q = replace(whole, items=items, pages=pages, constructs=())
    made = export_questionnaire(q, "limesurvey")
    assert any(left.feature == "codes" and left.items == ("log_k1",) for left in made.not_carried)
    assert "logk1" in read_questionnaire(made.save(tmp_path / "q.txt")).pages[0].items


def test_unknown_and_one_way_formats(whole: Questionnaire, tmp_path: Path) -> None:
    with pytest.raises(IncompatibleRequestError, match="Did you mean 'xlsform'") as caught:
        export_questionnaire(whole, "xlsfrom")
    assert caught.value.code == "export.format"
    path = export_questionnaire(whole, "html").save(tmp_path / "q.html")
    with pytest.raises(IncompatibleRequestError, match="cannot be read"):
        read_questionnaire(path)
    with pytest.raises(DataError, match="There is no data file"):
        read_questionnaire(tmp_path / "absent.xlsx")


def test_link_patterns_with_quotes(whole: Questionnaire, tmp_path: Path) -> None:
    q = replace(whole, link=Link(Text("Code", "代码"), "asked", "[A-Z']{2}"))
    for name in ("xlsform", "surveyjs", "limesurvey"):
        path = export_questionnaire(q, name).save(tmp_path / f"q{FORMATS[name].suffix}")
        assert read_questionnaire(path).link == q.link


def test_brackets_in_hints_are_not_taken_for_units(whole: Questionnaire, tmp_path: Path) -> None:
    money = Scale("m", "numeric")
    hints = ("in full [no cents]", "", "odd [")
    items = tuple(
        Item(f"n{k}", Text("N", "数"), money, hint=Text(hint, hint)) for k, hint in enumerate(hints)
    )
    q = replace(whole, items=items, pages=(), constructs=(), modules=(), scales=(money,))
    back = read_questionnaire(export_questionnaire(q, "xlsform").save(tmp_path / "q.xlsx"))
    assert [item.hint.en for item in back.items] == list(hints)


# ---- the programs themselves ---------------------------------------------------------------------


def test_xlsform_is_valid(instrument: Questionnaire, tmp_path: Path) -> None:
    pyxform = pytest.importorskip("pyxform.xls2xform")
    if shutil.which("java") is None:
        pytest.skip("ODK Validate needs Java")
    for k, q in enumerate((instrument, awkward(instrument))):
        path = export_questionnaire(q, "xlsform").save(tmp_path / f"form{k}.xlsx")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = pyxform.convert(str(path), validate=True)
        assert result.warnings == []
        assert all(
            f'nodeset="/{q.name}/' in result.xform or "nodeset=" in result.xform for _ in "x"
        )
        for item in q.asked_items:
            assert f"/{item.name}" in result.xform


def test_odk_validate_would_catch_a_fault(whole: Questionnaire, tmp_path: Path) -> None:
    """The check above can fail: a broken constraint is found."""
    pyxform = pytest.importorskip("pyxform.xls2xform")
    if shutil.which("java") is None:
        pytest.skip("ODK Validate needs Java")
    sheets = read_sheets(export_questionnaire(whole, "xlsform").content, "f")
    survey = sheets["survey"]
    column = survey[0].index("constraint")
    row = next(row for row in survey if row[:2] == ["decimal", "spend"])
    row[column] = ". >= ${absent}"
    path = tmp_path / "bad.xlsx"
    path.write_bytes(write_sheets(sheets))  # type: ignore[arg-type] # rows as read
    with pytest.raises(Exception, match="absent"):
        pyxform.convert(str(path), validate=True)


JUDGE = """
const Survey = require("survey-core");
require("survey-core/i18n/simplified-chinese");
const json = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
const model = new Survey.Model(json);
const questions = model.getAllQuestions().filter((q) => q.getType() !== "html");
console.log(JSON.stringify({
  errors: (model.jsonErrors || []).map((error) => error.message),
  locales: model.getUsedLocales(),
  questions: questions.map((q) => [q.name, q.getType(), q.isRequired]),
  chinese: (() => { model.locale = "zh-cn"; return questions.map((q) => q.title); })(),
}));
"""


def judged_by_surveyjs(path: Path) -> dict[str, object]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("SurveyJS needs Node")
    folders = (Path(sys.prefix) / "node", Path(__file__).parents[2])  # of `make test`; by hand
    places = [os.environ.get("NODE_PATH", ""), *(str(f / "node_modules") for f in folders)]
    environment = os.environ | {"NODE_PATH": os.pathsep.join(filter(None, places))}
    run = subprocess.run(
        [node, "-e", JUDGE, str(path)], capture_output=True, text=True, env=environment, check=False
    )
    if "Cannot find module 'survey-core'" in run.stderr:
        pytest.skip("the npm package survey-core is not installed (make test installs it)")
    assert run.returncode == 0, run.stderr
    verdict: dict[str, object] = json.loads(run.stdout)
    return verdict


def test_surveyjs_is_valid(instrument: Questionnaire, tmp_path: Path) -> None:
    path = export_questionnaire(instrument, "surveyjs").save(tmp_path / "survey.json")
    verdict = judged_by_surveyjs(path)
    assert verdict["errors"] == []
    assert verdict["locales"] == ["en", "zh-cn"]
    types = {"likert": "rating", "choice": "radiogroup", "numeric": "text", "text": "comment"}
    asked = [[i.name, types[i.scale.kind], i.required] for i in instrument.asked_items]
    key = [[instrument.respondent_id, "text", False]] if instrument.link else []
    if instrument.link and instrument.link.entry == "asked":
        key[0][2] = True
    assert verdict["questions"] == key + asked
    titles = [i.text.zh for i in instrument.asked_items]
    assert verdict["chinese"][len(key) :] == titles  # type: ignore[index] # from JSON


def test_survey_core_would_catch_a_fault(whole: Questionnaire, tmp_path: Path) -> None:
    survey = json.loads(export_questionnaire(whole, "surveyjs").content)
    survey["pages"][1]["elements"][0]["rateValue"] = [1]
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(survey), encoding="utf-8")
    assert judged_by_surveyjs(path)["errors"]


# ---- what others wrote, and what cannot be read --------------------------------------------------


def test_a_survey_written_by_hand() -> None:
    survey = {
        "pages": [
            {
                "name": "p",
                "elements": [
                    {"type": "rating", "name": "r", "rateMax": 7},
                    {"type": "dropdown", "name": "d", "choices": [1, {"value": 2, "text": "two"}]},
                    {"type": "text", "name": "t"},
                ],
            }
        ]
    }
    q = read_surveyjs(json.dumps(survey).encode(), "hand.json")
    assert q.item("r").scale.maximum == 7 and q.item("r").text.en == "r"
    assert q.item("d").scale.labels[2].en == "two" and q.item("t").role == "open"
    assert q.respondent_id is None and q.link is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "no list of 'pages'"),
        (b'{"pages": [{"name": "p", "elements": [{"type": "matrix", "name": "m"}]}]}', "'matrix'"),
        (b'{"pages": [3]}', "unexpected shape"),
        (b'{"pages": [{"name": "p", "elements": [{"type": "rating"}]}]}', "unexpected shape"),
    ],
)
def test_what_is_no_survey(content: bytes, words: str) -> None:
    with pytest.raises(QuestionnaireError, match=words) as caught:
        read_surveyjs(content, "x.json")
    assert caught.value.code == "questionnaire.surveyjs"


def form(*rows: tuple[str, str], choices: tuple[tuple[str, ...], ...] = ()) -> bytes:
    return write_sheets(
        {
            "survey": [("type", "name", "label"), *((*row, "A label") for row in rows)],
            "choices": [("list_name", "name", "label"), *choices],
        }
    )


def test_an_xlsform_in_one_language() -> None:
    content = form(
        ("select_one yn", "a"), ("integer", "b"), choices=(("yn", "1", "yes"), ("yn", "0", "no"))
    )
    q = read_xlsform(content, "f.xlsx")
    assert q.item("a").scale.kind == "choice" and q.item("a").text == Text("A label")
    assert q.item("b").scale == Scale("scale2", "numeric") and q.pages[0].items == ("a", "b")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (form(), "no sheet 'survey' with questions"),
        (form(("geopoint", "a")), "question 'a' is of type 'geopoint'"),
        (form(("select_one yn", "a")), "of type 'select_one yn'"),
        (form(("select_one yn", "a"), choices=(("yn", "y", "yes"),)), "not whole numbers"),
    ],
)
def test_what_is_no_xlsform(content: bytes, words: str) -> None:
    with pytest.raises(QuestionnaireError, match=words):
        read_xlsform(content, "f.xlsx")


def test_what_is_no_limesurvey_structure(tmp_path: Path) -> None:
    with pytest.raises(QuestionnaireError, match="columns class"):
        read_questionnaire(write(tmp_path / "q.txt", "a\tb\n1\t2\n"))
    head = "class\ttype/scale\tname\ttext\tlanguage\n"
    with pytest.raises(QuestionnaireError, match="is of type 'X'"):
        read_questionnaire(write(tmp_path / "r.tsv", head + "G\t1\tg\t\ten\nQ\tX\ta\tText\ten\n"))
    with pytest.raises(QuestionnaireError, match="not whole numbers"):
        rows = "G\t1\tg\t\ten\nQ\tL\ta\tText\ten\nA\t0\tA1\tyes\ten\n"
        read_questionnaire(write(tmp_path / "s.tsv", head + rows))


def test_an_spss_file_in_chinese(whole: Questionnaire) -> None:
    pytest.importorskip("pyreadstat")
    q = read_template(export_questionnaire(whole, "sav", language="zh").content, "f.sav")
    assert q.title.en == "小问卷" and q.item("t1").text.en == "我信任它。"
    assert q.item("t1").scale.labels[5].en == "是" and q.missing_codes == (-99.0,)
    assert q.respondent_id == "id"
