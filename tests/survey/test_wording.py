from __future__ import annotations

import math

import pytest

from loyaltysem.core.datasets import shipped
from loyaltysem.core.text import Text
from loyaltysem.survey.instrument import Item, Questionnaire, Scale
from loyaltysem.survey.questionnaire import load_questionnaire
from loyaltysem.survey.wording import hints_on, reading_ease, wording_hints
from loyaltysem.survey.wording_rules import NOTES, RULES

AGREE = Scale("agree", "likert", 1, 5)


def kinds(en: str = "Fine.", zh: str = "很好。") -> dict[str, str]:
    return {hint.kind: hint.passage for hint in hints_on(Item("q", Text(en, zh), AGREE))}


@pytest.mark.parametrize(
    ("en", "found"),
    [
        ("The staff are fast and friendly.", {"double_barrelled": "and"}),
        ("Brand new goods arrive in sandy bags.", {}),
        ("I buy shoes, socks and so on here.", {}),
        ("I shop here more or less weekly.", {}),
        ("Surely this shop is excellent.", {"leading": "surely … excellent"}),
        ("I do not shop here.", {"negation": "not"}),
        ("I don’t shop here.", {"negation": "don’t"}),
        ("I would not say it is no good.", {"double_negation": "not … no"}),
        ("It is not only cheap.", {}),
        ("Every visit is good.", {"absolute": "every"}),
        ("All things considered, I like it.", {}),
        ("It " + "is good and then " * 7, {"double_barrelled": "and", "long": "29 words"}),
        (
            "Organisational characteristics necessitate interdepartmental communication "
            "regarding administrative responsibilities.",
            {"hard_to_read": "reading ease -"},
        ),
    ],
)
def test_english(en: str, found: dict[str, str]) -> None:
    shown = kinds(en)
    assert set(shown) == set(found)
    assert all(shown[kind].startswith(passage) for kind, passage in found.items())


@pytest.mark.parametrize(
    ("zh", "found"),
    [
        ("店员热情和专业。", {"double_barrelled": "和"}),
        ("店里气氛温和、安静。", {"double_barrelled": "、"}),
        ("与其他店相比，我更喜欢这家。", {}),
        ("店员处理及时。", {}),
        ("这家店显然很优秀。", {"leading": "显然 … 优秀"}),
        ("我没有投诉过。", {"negation": "没有"}),
        ("这家店不错。", {}),
        ("我不会不来。", {"double_negation": "不"}),
        ("未来我会再来。", {}),
        ("我每次都满意。", {"absolute": "每次"}),
        ("我" + "很喜欢这家店，" * 7, {"long": "43 字"}),
        ("我很喜欢" * 7 + "。", {"hard_to_read": "28 字无停顿"}),
    ],
)
def test_chinese(zh: str, found: dict[str, str]) -> None:
    assert kinds(zh=zh) == found


def test_every_kind_has_a_note() -> None:
    assert {rule.kind for rule in RULES} <= set(NOTES)
    assert all(note.en and note.zh for note in NOTES.values())


def test_attention_items_and_records_are_left_alone(whole: Questionnaire) -> None:
    hinted = {hint.item for hint in wording_hints(whole)}
    assert "check" not in hinted  # it says "2 or 3"
    odd = Item("x", Text("Not me and you", "不和"), AGREE, source="record")
    q = Questionnaire("q", "1", Text("q"), None, (AGREE,), (odd,), ())
    assert len(wording_hints(q)) == 0
    assert str(wording_hints(q)) == "No hints on the wording." in wording_hints(q)._repr_html_()


def test_shown_as_text_table_and_html() -> None:
    item = Item("q", Text("Good <and> cheap.", "好。"), AGREE)
    q = Questionnaire("q", "1", Text("q"), None, (AGREE,), (item,), ())
    hints = wording_hints(q)
    assert str(hints).startswith("q (en): “and” may ask two things")
    assert hints.frame.loc[0, "note_zh"].startswith("可能一题多问")
    assert "<td>and</td>" in hints._repr_html_()


def test_reading_ease() -> None:
    assert math.isnan(reading_ease("这"))
    easy, hard = "I like this shop a lot.", "Organisational characteristics necessitate attention."
    assert reading_ease(easy) > 90 > 30 > reading_ease(hard)
    # 206.835 - 1.015 * 6 - 84.6 * 6/6
    assert reading_ease("I like this shop a lot.") == pytest.approx(116.145)


def test_the_shipped_instrument_has_no_double_negation_nor_leading_words() -> None:
    q = load_questionnaire(shipped("questionnaires", "loyalty_core.yaml"))
    assert {"leading", "double_negation", "long"}.isdisjoint(h.kind for h in wording_hints(q))
