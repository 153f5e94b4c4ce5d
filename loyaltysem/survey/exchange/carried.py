"""What of a questionnaire a format cannot carry: named before it is lost, and taken off in tests.

Every feature is one function that takes it off a questionnaire. A format lists the features it
loses; what it loses of one questionnaire is what those functions change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from loyaltysem.core.text import Text
from loyaltysem.survey.instrument import (
    NO_TEXT,
    Item,
    Page,
    Questionnaire,
    Scale,
    default_role,
)

Feature: TypeAlias = Literal[
    "records",
    "layout",
    "link",
    "unlinked_id",
    "names",
    "version",
    "research_title",
    "respondent_title",
    "long_title",
    "description",
    "framing",
    "constructs",
    "references",
    "reverse",
    "modules",
    "missing_codes",
    "attention",
    "roles",
    "page_names",
    "pages",
    "required",
    "hints",
    "units",
    "bounds",
    "chinese",
    "braces",
    "codes",
    "scale_names",
]


@dataclass(frozen=True, slots=True)
class NotCarried:
    """Something of a questionnaire that a format leaves behind.

    Parameters
    ----------
    feature : str
        Stable name.
    text : Text
        What it is.
    items : tuple of str
        The items it is lost from; empty when it belongs to the questionnaire as a whole.
    """

    feature: Feature
    text: Text
    items: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = ", ".join(self.items[:8]) + (" …" if len(self.items) > 8 else "")
        return f"{self.text.en}: {shown}" if shown else self.text.en


def not_carried(questionnaire: Questionnaire, lost: Iterable[Feature]) -> tuple[NotCarried, ...]:
    """Return what a format that loses these features leaves behind of this questionnaire."""
    found: list[NotCarried] = []
    left = questionnaire
    for feature in _in_order(lost):
        before, left = left, REMOVERS[feature](left)
        if before != left:
            found.append(NotCarried(feature, WORDS[feature], _touched(before, left)))
    return tuple(found)


def reduced(questionnaire: Questionnaire, lost: Iterable[Feature]) -> Questionnaire:
    """Return what is left of a questionnaire without some features."""
    left = replace(questionnaire, file_name="", file_hash="")
    for feature in _in_order(lost):
        left = REMOVERS[feature](left)
    return left


def _in_order(lost: Iterable[Feature]) -> list[Feature]:
    """Return features in the order they are taken off; the names of scales last."""
    chosen = set(lost)
    return [feature for feature in REMOVERS if feature in chosen]


def _touched(before: Questionnaire, after: Questionnaire) -> tuple[str, ...]:
    left = {item.name: item for item in after.items}
    return tuple(i.name for i in before.items if left.get(i.name) != i)


def named_scales(items: Iterable[Item]) -> tuple[tuple[Item, ...], tuple[Scale, ...]]:
    """Return items whose scales are called scale1, scale2 … by what they hold, and these scales.

    For formats in which a scale has no name of its own.
    """
    scales: list[Scale] = []
    renamed: list[Item] = []
    for item in items:
        bare = replace(item.scale, name="")
        same = [scale for scale in scales if replace(scale, name="") == bare]
        if not same:
            same = [replace(bare, name=f"scale{len(scales) + 1}")]
            scales += same
        renamed.append(replace(item, scale=same[0]))
    return tuple(renamed), tuple(scales)


def as_asked(questionnaire: Questionnaire) -> Questionnaire:
    """Return a questionnaire as respondents see it: in the order of its pages, titled for them."""
    return _with_shown_title(_in_order_of_pages(questionnaire))


def _in_order_of_pages(questionnaire: Questionnaire) -> Questionnaire:
    return replace(questionnaire, items=questionnaire.asked_items, pages=questionnaire.layout())


def _with_shown_title(questionnaire: Questionnaire) -> Questionnaire:
    return replace(questionnaire, title=questionnaire.shown_title, respondent_title=NO_TEXT)


def question_codes(names: Iterable[str], *, longest: int = 20) -> dict[str, str]:
    """Return names of letters and digits only, for programs that take no others.

    Examples
    --------
    >>> question_codes(["log_amount", "log.amount"])
    {'log_amount': 'logamount', 'log.amount': 'logamount2'}
    """
    codes: dict[str, str] = {}
    for name in names:
        stem = code = re.sub(r"[^A-Za-z0-9]", "", name)[:longest]
        count = 1
        while code in codes.values():
            count += 1
            code = f"{stem[: longest - len(str(count))]}{count}"
        codes[name] = code
    return codes


def unbraced(text: str) -> str:
    """Return a text in which no form program takes ``{…}`` for a reference to an answer."""
    return re.sub(r"\{(?=\S)", "{ ", text.replace("${", "$ {"))


def short(title: str, *, most_bytes: int = 60) -> str:
    """Return as much of a title as fits into so many bytes of UTF-8."""
    return title.encode("utf-8")[:most_bytes].decode("utf-8", errors="ignore")


def _items(questionnaire: Questionnaire, change: Callable[[Item], Item]) -> Questionnaire:
    return replace(questionnaire, items=tuple(map(change, questionnaire.items)))


def _texts(questionnaire: Questionnaire, change: Callable[[Text], Text]) -> Questionnaire:
    """Apply a change to every text a respondent may see."""

    def scale(old: Scale) -> Scale:
        labels = {code: change(label) for code, label in old.labels.items()}
        return replace(old, labels=labels, unit=change(old.unit))

    def item(old: Item) -> Item:
        return replace(old, text=change(old.text), hint=change(old.hint), scale=scale(old.scale))

    def page(old: Page) -> Page:
        return replace(old, title=change(old.title), intro=change(old.intro))

    q, link = questionnaire, questionnaire.link
    return replace(
        q,
        title=change(q.title),
        respondent_title=change(q.respondent_title),
        description=change(q.description),
        introduction=change(q.introduction),
        closing=change(q.closing),
        scales=tuple(map(scale, q.scales)),
        items=tuple(map(item, q.items)),
        pages=tuple(map(page, q.pages)),
        link=replace(link, text=change(link.text)) if link else None,
    )


def _without_names(questionnaire: Questionnaire) -> Questionnaire:
    return replace(questionnaire, name="questionnaire")


def _without_constructs(questionnaire: Questionnaire) -> Questionnaire:
    bare = replace(questionnaire, constructs=())
    return _items(bare, lambda item: replace(item, construct=None))


def _without_modules(questionnaire: Questionnaire) -> Questionnaire:
    bare = replace(questionnaire, modules=())
    return _items(bare, lambda item: replace(item, module=None))


def _without_attention(item: Item) -> Item:
    if item.role != "attention":
        return item
    return replace(item, role=default_role(item.scale), expected=())


def _without_role(item: Item) -> Item:
    return item if item.role == "attention" else replace(item, role=default_role(item.scale))


def _with_codes(questionnaire: Questionnaire) -> Questionnaire:
    codes = question_codes(item.name for item in questionnaire.items)
    pages = (replace(p, items=tuple(codes[n] for n in p.items)) for p in questionnaire.pages)
    renamed = _items(questionnaire, lambda item: replace(item, name=codes[item.name]))
    key = questionnaire.respondent_id
    key = next(iter(question_codes([key]).values())) if key else None
    return replace(renamed, pages=tuple(pages), respondent_id=key)


def _with_page_numbers(questionnaire: Questionnaire) -> Questionnaire:
    numbered = (replace(p, name=f"page{k}") for k, p in enumerate(questionnaire.pages, start=1))
    return replace(questionnaire, pages=tuple(numbered))


def _bare_scale(questionnaire: Questionnaire, change: Callable[[Scale], Scale]) -> Questionnaire:
    return _items(questionnaire, lambda item: replace(item, scale=change(item.scale)))


def _unbounded(scale: Scale) -> Scale:
    return replace(scale, minimum=None, maximum=None) if scale.kind == "numeric" else scale


def _with_named_scales(questionnaire: Questionnaire) -> Questionnaire:
    items, scales = named_scales(questionnaire.items)
    return replace(questionnaire, items=items, scales=scales)


REMOVERS: Mapping[Feature, Callable[[Questionnaire], Questionnaire]] = {
    "records": lambda q: q.without(i.name for i in q.items if i.source == "record"),
    "layout": _in_order_of_pages,
    "link": lambda q: replace(q, link=None),
    "unlinked_id": lambda q: q if q.link else replace(q, respondent_id=None),
    "names": _without_names,
    "version": lambda q: replace(q, version="0"),
    "research_title": _with_shown_title,
    "respondent_title": lambda q: replace(q, respondent_title=NO_TEXT),
    "long_title": lambda q: replace(q, title=Text(short(q.title.en), short(q.title.zh))),
    "description": lambda q: replace(q, description=NO_TEXT),
    "framing": lambda q: replace(q, introduction=NO_TEXT, closing=NO_TEXT),
    "constructs": _without_constructs,
    "references": lambda q: replace(q, references={}),
    "reverse": lambda q: _items(q, lambda item: replace(item, reverse=False)),
    "modules": _without_modules,
    "missing_codes": lambda q: replace(q, missing_codes=()),
    "attention": lambda q: _items(q, _without_attention),
    "roles": lambda q: _items(q, _without_role),
    "page_names": _with_page_numbers,
    "pages": lambda q: replace(q, pages=()),
    "required": lambda q: _items(q, lambda item: replace(item, required=False)),
    "hints": lambda q: _items(q, lambda item: replace(item, hint=NO_TEXT)),
    "units": lambda q: _bare_scale(q, lambda scale: replace(scale, unit=NO_TEXT)),
    "bounds": lambda q: _bare_scale(q, _unbounded),
    "chinese": lambda q: _texts(q, lambda text: Text(text.en)),
    "braces": lambda q: _texts(q, lambda text: Text(unbraced(text.en), unbraced(text.zh))),
    "codes": _with_codes,
    "scale_names": _with_named_scales,
}

WORDS: Mapping[Feature, Text] = {
    "records": Text("values from records, not asked", "取自客户记录、不向受访者提问的变量"),
    "layout": Text(
        "the order of the file; items stand as on the pages", "文件中的题项顺序（按页面排列）"
    ),
    "unlinked_id": Text("the column that names the respondent", "受访者编号列"),
    "link": Text("how answers find their customers", "答卷与客户的关联方式"),
    "names": Text("the name of the questionnaire", "问卷名称"),
    "version": Text("the version", "版本号"),
    "research_title": Text("the title for researchers", "供研究者阅读的标题"),
    "respondent_title": Text("the title respondents see", "受访者看到的标题"),
    "long_title": Text("the end of the title", "标题的末尾部分"),
    "description": Text("the description for researchers", "供研究者阅读的说明"),
    "framing": Text("introduction and closing words", "卷首语与结束语"),
    "constructs": Text("constructs", "构念"),
    "references": Text("references", "参考文献"),
    "reverse": Text("reverse keys", "反向计分标记"),
    "modules": Text("modules", "模块划分"),
    "missing_codes": Text("codes that mean “no answer”", "缺失值代码"),
    "attention": Text("right answers of attention items", "注意力检测题的正确答案"),
    "roles": Text("roles of items (profile, NPS)", "题项角色（背景信息、NPS）"),
    "page_names": Text("names of pages", "页面名称"),
    "pages": Text("pages", "分页"),
    "required": Text("which items must be answered", "必答标记"),
    "hints": Text("hints", "题项提示"),
    "units": Text("units of numbers", "数值单位"),
    "bounds": Text("bounds of numbers", "数值取值范围"),
    "chinese": Text("the other language", "另一种语言"),
    "braces": Text(
        "braces next to a word, written with a space", "紧接文字的花括号（改写为带空格）"
    ),
    "codes": Text(
        "names with other characters than letters and digits", "含字母和数字以外字符的变量名"
    ),
    "scale_names": Text("names of scales", "量表名称"),
}
EVERY_FORM: Collection[Feature] = (
    "records",
    "layout",
    "unlinked_id",
    "constructs",
    "references",
    "reverse",
    "modules",
    "missing_codes",
    "roles",
    "research_title",
    "scale_names",
)  # what no form program has a place for
