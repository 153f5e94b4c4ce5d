"""The web form, filled in by a real browser in both languages, saved, read back and scored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from loyaltysem.core.datasets import shipped
from loyaltysem.core.errors import QuestionnaireError
from loyaltysem.core.text import Text
from loyaltysem.survey.exchange.formats import export_questionnaire
from loyaltysem.survey.instrument import NO_TEXT, Item, Link, Questionnaire, Scale
from loyaltysem.survey.questionnaire import load_questionnaire
from loyaltysem.survey.responses import Responses, read_responses

from .browser import CHROMIUM, Browser

REMARK = '=1+1, 他说：“好”\n"quoted"; end'


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium to fill the form in")
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def core() -> Questionnaire:
    return load_questionnaire(shipped("questionnaires", "loyalty_core.yaml"))


class Respondent:
    """Someone at the form of a questionnaire, in a language."""

    def __init__(self, browser: Browser, q: Questionnaire, folder: Path, address: str = ""):
        self.browser, self.q, self.folder = browser, q, folder
        path = export_questionnaire(q, "html").save(folder / "questionnaire.html")
        browser.new_tab()
        browser.open(f"{path.as_uri()}{address}")

    def visible(self, selector: str) -> list[str]:
        """Return what a person reads in the visible elements."""
        shown = f"[...document.querySelectorAll({selector!r})].filter((e) => e.offsetParent)"
        texts: list[str] = self.browser.js(f"{shown}.map((e) => e.innerText.trim())")
        return texts

    def place(self) -> str:
        return self.visible("#place")[0]

    def choose(self, name: str, code: int) -> None:
        self.browser.click(f'input[name="{name}"][value="{code}"]')

    def write(self, name: str, text: str) -> None:
        self.browser.click(f"#field-{name}")
        self.browser.js(f"document.querySelector('#field-{name}').select()")
        self.browser.type(text)

    def go_on(self) -> None:
        self.browser.click("#next")

    def fill(self, answers: dict[str, Any]) -> None:
        """Answer every page and go to the end."""
        for page in self.q.layout():
            for name in page.items:
                if name in answers and self.q.item(name).scale.points:
                    self.choose(name, answers[name])
                elif name in answers:
                    self.write(name, str(answers[name]))
            self.go_on()

    def save(self, kind: str) -> Path:
        before = set(self.browser.folder.glob(f"*.{kind}"))
        self.browser.click(f"#save-{kind}")
        return Path(
            self.browser.until(lambda: set(self.browser.folder.glob(f"*.{kind}")) - before).pop()
        )


def planned(q: Questionnaire, seed: int) -> dict[str, Any]:
    """Return an answer to every question."""
    rng = np.random.default_rng(seed)
    answers: dict[str, Any] = {}
    for item in q.asked_items:
        codes = [code for code, _ in item.scale.points]
        if codes:
            answers[item.name] = int(item.expected[0]) if item.expected else int(rng.choice(codes))
        elif item.scale.kind == "text":
            answers[item.name] = REMARK
        else:
            answers[item.name] = round(float(rng.uniform(1, 99)), 2)
    return answers


def test_filled_in_both_languages(browser: Browser, core: Questionnaire, tmp_path: Path) -> None:
    answers = planned(core, 3)
    read: list[Responses] = []
    for language, key, kind in (("en", "C0001", "csv"), ("zh", "C0002", "json")):
        person = Respondent(browser, core, tmp_path)
        browser.click(f'[data-set-language="{language}"]')
        wording = person.visible(".page:not([hidden]) fieldset legend")
        wanted = [core.item(name).text.in_(language) for name in core.pages[0].items]  # type: ignore[arg-type] # en, zh
        assert [words.split(" *")[0].split("*")[0].strip() for words in wording] == wanted
        person.write("customer_id", key)
        person.fill(answers)
        path = person.save(kind)
        assert re.match(rf"loyalty_core_{key}_\d{{8}}T\d{{6}}\.{kind}", path.name)
        assert path.name in person.visible("#saved")[0]
        assert browser.complaints() == []
        read.append(read_responses(path, core))
    english, chinese = read
    assert list(english.frame["customer_id"]) == ["C0001"]
    assert list(chinese.frame["customer_id"]) == ["C0002"]
    assert english.frame["form_language"][0] == "en" and chinese.frame["form_language"][0] == "zh"
    for item in english.questionnaire.scored_items:
        turned = 6 - answers[item.name] if item.reverse else answers[item.name]
        assert english.data[item.name][0] == turned
    assert english.frame["remarks"][0] == chinese.frame["remarks"][0] == REMARK
    pd.testing.assert_frame_equal(english.data, chinese.data)
    pd.testing.assert_frame_equal(english.scores(), chinese.scores())
    assert english.scores().notna().all(axis=None)


def test_time_is_recorded_by_page(browser: Browser, core: Questionnaire, tmp_path: Path) -> None:
    person = Respondent(browser, core, tmp_path, "?customer_id=C7")
    person.fill(planned(core, 1))
    frame = read_responses(person.save("csv"), core).frame
    pages = [float(frame[f"form_seconds_{page.name}"][0]) for page in core.pages]
    assert all(0 <= seconds < 60 for seconds in pages) and sum(pages) > 0
    assert float(frame["form_seconds"][0]) == pytest.approx(sum(pages), abs=0.5)
    begun, ended = (pd.Timestamp(frame[f"form_{end}"][0]) for end in ("started", "finished"))
    assert begun.tzinfo is not None and begun < ended
    assert frame["form_version"][0] == core.version


def test_what_is_required_is_asked_for(
    browser: Browser, core: Questionnaire, tmp_path: Path
) -> None:
    person = Respondent(browser, core, tmp_path)
    person.go_on()
    assert person.place() == "Page 1 of 7"
    assert len(person.visible(".error")) == 9
    assert person.visible("#alert") == ["Questions that need your attention: 9."]
    assert browser.js("document.activeElement.id") == "field-customer_id"
    assert browser.js("document.activeElement.getAttribute('aria-invalid')") == "true"
    browser.click('[data-set-language="zh"]')
    assert person.visible("#alert") == ["还有 9 道题需要处理。"]
    person.choose("beh1", 3)
    assert len(person.visible(".error")) == 8
    person.write("customer_id", "?")
    for name in core.pages[0].items:
        person.choose(name, 2)
    person.go_on()
    assert person.visible(".error") == ["格式不正确，请核对。"]
    person.write("customer_id", "C1")
    person.go_on()
    assert person.place() == "第 2 页，共 7 页"
    assert browser.js("document.activeElement.id") == "heading-feelings"
    browser.click("#back")
    assert person.place() == "第 1 页，共 7 页"
    assert browser.js("document.querySelector('#progress').value") == 0


def test_by_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    scale = Scale("s", "likert", 1, 5)
    items = tuple(Item(f"q{k}", Text("Q", "题"), scale, required=True) for k in (1, 2))
    q = Questionnaire("keys", "1", Text("Keys", "键"), None, (scale,), items, ())
    person = Respondent(browser, q, tmp_path)
    tab, space, down, enter = ("Tab", 9), (" ", 32, " "), ("ArrowDown", 40), ("Enter", 13, "\r")

    def reach(selector: str) -> None:
        for _ in range(20):
            browser.key(*tab)
            if browser.js(f"document.activeElement.matches({selector!r})"):
                return
        pytest.fail(f"{selector} cannot be reached with Tab")

    reach("input[name=q1]")
    browser.key(*space)
    browser.key(*down)
    reach("input[name=q2]")
    browser.key(*space)
    reach("#next")
    browser.key(*enter)
    assert person.place() == "Finished"
    data = read_responses(person.save("csv"), q).data
    assert data.loc[0].tolist() == [2, 1]


def test_a_screen_reader_hears_names_and_states(
    browser: Browser, core: Questionnaire, tmp_path: Path
) -> None:
    Respondent(browser, core, tmp_path, "?lang=zh")
    nodes = browser("Accessibility.getFullAXTree")["nodes"]

    def named(role: str) -> list[str]:
        kept = (n for n in nodes if not n.get("ignored") and n["role"]["value"] == role)
        return [node["name"]["value"] for node in kept]

    assert named("group")[1].startswith(core.item("beh1").text.zh)
    assert "（必答）" in named("group")[1] and "non" not in "".join(named("group")[1:])
    assert named("radio")[:5] == [label.zh for label in core.item("beh1").scale.labels.values()]
    assert named("textbox")[0].startswith("您的会员号")
    assert named("progressbar") == ["第 1 页，共 7 页"] or named("ProgressIndicator")
    assert "下一页" in named("button")
    assert browser.js("document.documentElement.lang") == "zh-Hans"


def test_the_key_from_the_invitation(browser: Browser, core: Questionnaire, tmp_path: Path) -> None:
    short = load_questionnaire(shipped("questionnaires", "loyalty_short.yaml"))
    person = Respondent(browser, short, tmp_path, "?customer_id=C42")
    assert not person.visible("#field-customer_id")
    person.fill(planned(short, 2))
    assert list(read_responses(person.save("csv"), short).frame["customer_id"]) == ["C42"]
    person = Respondent(browser, short, tmp_path)
    assert person.visible("#question-customer_id")


def test_numbers_are_checked(browser: Browser, tmp_path: Path) -> None:
    money = Scale("m", "numeric", 0, 100.5, unit=Text("CNY", "元"))
    slider = Scale("v", "likert", 0, 50)
    items = (
        Item("spend", Text("Spent", "花费"), money, required=True),
        Item("points", Text("Points", "分"), slider),
    )
    q = Questionnaire("numbers", "1", Text("Numbers", "数"), None, (money, slider), items, ())
    person = Respondent(browser, q, tmp_path)
    for wrong, words in (
        ("much", "Please enter a number."),
        ("-1", "The number must be at least 0."),
        ("101", "The number must be at most 100.5."),
    ):
        person.write("spend", wrong)
        person.go_on()
        assert person.visible(".error") == [words]
    person.write("spend", "１２．５")
    person.write("points", "7.5")
    person.go_on()
    assert person.visible(".error") == ["Please enter a whole number."]
    person.write("points", "7")
    person.go_on()
    data = read_responses(person.save("json"), q).data
    assert data.loc[0].tolist() == [12.5, 7]


def test_a_reload_keeps_the_draft(browser: Browser, core: Questionnaire, tmp_path: Path) -> None:
    person = Respondent(browser, core, tmp_path)
    person.write("customer_id", "C9")
    for name in core.pages[0].items:
        person.choose(name, 4)
    person.go_on()
    browser.reload()
    assert person.place() == "Page 2 of 7"
    browser.click("#back")
    assert browser.js("document.querySelector('input[name=beh1]:checked').value") == "4"
    assert browser.js("document.querySelector('#field-customer_id').value") == "C9"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_sticks_out(
    browser: Browser, core: Questionnaire, language: str, width: int, tmp_path: Path
) -> None:
    person = Respondent(browser, core, tmp_path, f"?lang={language}&customer_id=C1")
    browser.size(width, 900)
    answers = planned(core, 4)
    for page in core.layout():
        assert browser.js("document.documentElement.scrollWidth - innerWidth") <= 0
        for name in page.items:
            if core.item(name).scale.points:
                person.choose(name, answers[name])
        person.go_on()
    assert browser.js("document.documentElement.scrollWidth - innerWidth") <= 0
    browser("Emulation.clearDeviceMetricsOverride")


def test_the_page_needs_nothing_and_runs_nothing_it_was_given(
    browser: Browser, whole: Questionnaire, tmp_path: Path
) -> None:
    script = Text(
        "</script><script>globalThis.hacked = 1</script>", '"><img src=x onerror=hacked=1>'
    )
    items = tuple(replace(item, text=script, hint=script) for item in whole.items)
    q = replace(
        whole,
        title=script,
        respondent_title=script,
        items=items,
        introduction=script,
        closing=script,
    )
    page = export_questionnaire(q, "html").content.decode()
    assert "http:" not in page and "https:" not in page
    assert not re.search(r"""(src|href)=["'](?!#|data:,)""", page)
    Respondent(browser, q, tmp_path, "?id=abc")
    assert browser.js("globalThis.hacked") is None
    assert browser.complaints() == []
    assert (
        browser.js("document.querySelector('#question-t1 .wording span').textContent") == script.en
    )


def test_right_answers_and_reverse_keys_are_not_given_away(core: Questionnaire) -> None:
    items = tuple(replace(item, text=Text("Q", "题")) for item in core.items)
    page = export_questionnaire(replace(core, items=items), "html").content.decode()
    assert "expected" not in page and "reverse" not in page
    assert not {item.name for item in core.items if item.source == "record"} & set(page.split('"'))


def test_respondents_see_their_own_title(whole: Questionnaire) -> None:
    page = export_questionnaire(whole, "html").content.decode()
    assert "Your view" in page and "您的看法" in page
    assert "Small" not in page and "小问卷" not in page
    bare = replace(whole, respondent_title=NO_TEXT)
    page = export_questionnaire(bare, "html").content.decode()
    assert "<title>Small</title>" in page and "小问卷" in page


def test_reserved_names(whole: Questionnaire) -> None:
    items = (replace(whole.items[0], name="form_x"),)
    q = replace(whole, items=items, pages=(), constructs=())
    with pytest.raises(QuestionnaireError, match="form_x") as caught:
        export_questionnaire(q, "html")
    assert caught.value.code == "export.reserved"


def test_a_respondent_id_without_a_link_is_asked_for(whole: Questionnaire) -> None:
    page = export_questionnaire(replace(whole, link=None), "html").content.decode()
    assert "Your code" in page and "您的编号" in page
    asked = replace(whole, link=Link(Text("Card", "卡号")))
    assert "卡号" in export_questionnaire(asked, "html", language="zh").content.decode()
