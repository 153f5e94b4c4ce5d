"""The questionnaire as one web page that is filled in offline and saves a file of answers."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from loyaltysem.core.errors import QuestionnaireError
from loyaltysem.core.text import Language, Text
from loyaltysem.survey.exchange.carried import EVERY_FORM, Feature, as_asked
from loyaltysem.survey.instrument import NO_TEXT, Item, Link, Questionnaire

LOSES: tuple[Feature, ...] = (
    *(f for f in EVERY_FORM if f not in ("unlinked_id", "scale_names", "roles")),
    "description",
    "attention",
)
RESERVED = "form_"  # columns of the answer file that are no items begin so
MOST_OPTIONS = 11  # points shown as buttons; a longer scale takes a number

UI = {
    "skip": Text("Skip to the questions", "跳到问题"),
    "noscript": Text(
        "This form needs JavaScript, which is switched off in your browser.",
        "本问卷需要启用 JavaScript，您的浏览器已将其关闭。",
    ),
    "required": Text("(required)", "（必答）"),
    "legend": Text("must be answered", "为必答题"),
    "back": Text("Back", "上一页"),
    "next": Text("Next", "下一页"),
    "end": Text("Thank you", "感谢您的参与"),
    "thanks": Text("Those were all the questions.", "问卷到此结束。"),
    "save_hint": Text(
        "Your answers are still only in this window. Save them as a file and send it back to "
        "those who asked you.",
        "您的回答目前仅保存在本窗口中。请将其保存为文件，并发送给邀请您作答的人。",
    ),
    "save_csv": Text("Save answers (CSV)", "保存答卷（CSV）"),
    "save_json": Text("Save answers (JSON)", "保存答卷（JSON）"),
    "again": Text("Start a new answer", "开始填写新的答卷"),
    "private": Text(
        "This page sends nothing over the network.", "本页面不会通过网络发送任何内容。"
    ),
}
MESSAGES = {
    "missing": Text("Please answer this question.", "请回答此题。"),
    "number": Text("Please enter a number.", "请输入数字。"),
    "whole": Text("Please enter a whole number.", "请输入整数。"),
    "low": Text("The number must be at least [minimum].", "数值不能小于 [minimum]。"),
    "high": Text("The number must be at most [maximum].", "数值不能大于 [maximum]。"),
    "key": Text("This does not look right; please check it.", "格式不正确，请核对。"),
    "summary": Text("Questions that need your attention: [count].", "还有 [count] 道题需要处理。"),
    "place": Text("Page [page] of [pages]", "第 [page] 页，共 [pages] 页"),
    "done": Text("Finished", "已完成"),
    "next": UI["next"],
    "finish": Text("Finish", "完成"),
    "saved": Text("Saved as [file].", "已保存为 [file]。"),
}
ASKED_KEY = Text("Your code", "您的编号")


@dataclass(frozen=True, slots=True)
class _Key:
    """What the field of the customer key shows."""

    text: Text
    asked: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    """A page with its items, as the template takes it."""

    name: str
    title: Text
    intro: Text
    items: tuple[Item, ...]


def write_form(questionnaire: Questionnaire, language: Language = "en") -> bytes:
    """Return one HTML page that needs nothing but a browser.

    Parameters
    ----------
    questionnaire : Questionnaire
        The instrument.
    language : {"en", "zh"}
        Shown first; the respondent can switch.

    Raises
    ------
    QuestionnaireError
        An item's name begins with ``form_``, which the answer file uses for itself.

    Notes
    -----
    The answer file has one column per item, the respondent's key, and ``form_language``,
    ``form_version``, ``form_started`` and ``form_finished`` (UTC), ``form_seconds`` and
    ``form_seconds_<page>`` (seconds a page was in view).
    """
    import jinja2

    q = as_asked(questionnaire)
    _refuse_reserved(q)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("loyaltysem.survey", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template("questionnaire.html.j2").render(
        q=q,
        ui=UI,
        language=language,
        pages=_pages(q),
        choices={item.name: item.scale.points for item in q.items if _has_options(item)},
        key=_Key(q.link.text if q.link else ASKED_KEY, asked=_key_is_asked(q.link)),
        none_text=NO_TEXT,
        numbered=lambda k: Text(f"Page {k}", f"第 {k} 页"),
        data=_data(q, language),
        css=_raw("questionnaire.css"),
        js=_raw("questionnaire.js"),
    )
    return page.encode("utf-8")


def _raw(name: str) -> str:
    return files("loyaltysem.survey").joinpath("templates", name).read_text("utf-8")


def _pages(q: Questionnaire) -> tuple[_Shown, ...]:
    return tuple(
        _Shown(page.name, page.title, page.intro, tuple(q.item(name) for name in page.items))
        for page in q.pages
    )


def _refuse_reserved(q: Questionnaire) -> None:
    taken = [item.name for item in q.items if item.name.startswith(RESERVED)]
    if taken:
        raise QuestionnaireError(
            f"A web form cannot have items called {', '.join(taken)}.",
            code="export.reserved",
            hint=f"Names that begin with '{RESERVED}' are kept for the form's own columns.",
        )


def _has_options(item: Item) -> bool:
    return item.scale.kind == "choice" or 0 < len(item.scale.points) <= MOST_OPTIONS


def _key_is_asked(link: Link | None) -> bool:
    return link is None or link.entry == "asked"


def _data(q: Questionnaire, language: Language) -> dict[str, Any]:
    """Return what the script needs: the rule of every field, pages, words."""
    fields: dict[str, Any] = {}
    if q.respondent_id:
        fields[q.respondent_id] = {
            "kind": "key",
            "required": _key_is_asked(q.link),
            "entry": q.link.entry if q.link else "asked",
            "pattern": q.link.pattern if q.link else "",
        }
    return {
        "name": q.name,
        "version": q.version,
        "language": language,
        "title": _words(q.title),
        "key": q.respondent_id,
        "pages": [page.name for page in q.pages],
        "fields": fields | {item.name: _rule(item) for item in q.items},
        "messages": {name: _words(text) for name, text in MESSAGES.items()},
    }


def _words(text: Text) -> dict[str, str]:
    return {"en": text.en or text.zh, "zh": text.zh or text.en}


def _rule(item: Item) -> dict[str, Any]:
    if item.scale.kind == "text" or _has_options(item):
        return {
            "kind": "text" if item.scale.kind == "text" else "choice",
            "required": item.required,
        }
    return {
        "kind": "number",
        "required": item.required,
        "whole": item.scale.kind == "likert",
        "minimum": item.scale.minimum,
        "maximum": item.scale.maximum,
    }
