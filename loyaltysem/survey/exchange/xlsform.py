"""XLSForm (ODK, KoboToolbox, SurveyCTO): a workbook of the sheets survey, choices and settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from loyaltysem.core.errors import QuestionnaireError
from loyaltysem.core.text import Text
from loyaltysem.survey.exchange.carried import (
    EVERY_FORM,
    Feature,
    as_asked,
    named_scales,
    unbraced,
)
from loyaltysem.survey.exchange.workbook import read_sheets, write_sheets
from loyaltysem.survey.instrument import (
    NO_TEXT,
    Entry,
    Item,
    Link,
    Page,
    Questionnaire,
    Scale,
    default_role,
)

LOSES: tuple[Feature, ...] = (*EVERY_FORM, "description", "attention", "braces")
ENGLISH, CHINESE = "English (en)", "中文 (zh)"
# An item's name begins with a letter, so these cannot be taken.
TITLE, INTRODUCTION, CLOSING, INTRO = "_title", "_introduction", "_closing", "_intro_"
BOUND = re.compile(r"\. (>=|<=) (-?[0-9.eE+-]+)")
UNIT = re.compile(r"\s?\[([^\[\]]*)\]\Z")
PATTERN = re.compile(r"regex\(\., (['\"])(.*)\1\)\Z", re.DOTALL)
Row = dict[str, str]


def write_xlsform(questionnaire: Questionnaire) -> bytes:
    """Return the questionnaire as an XLSForm workbook.

    Notes
    -----
    Pages become groups shown one at a time, likert items ``select_one`` with the appearance
    ``likert``, numbers ``decimal`` with a constraint; a unit stands in brackets in the hint.
    """
    q = as_asked(questionnaire)
    scales = {item.scale.name: item.scale for item in q.items if item.scale.points}
    choices = [row for scale in scales.values() for row in _choices(scale)]
    settings = {
        "form_title": q.title.en,
        "form_id": q.name,
        "version": q.version,
        "default_language": ENGLISH,
        "style": "pages",
    }
    return write_sheets(
        {
            "survey": _table(list(_survey(q))),
            "choices": _table(
                choices or [{"list_name": "", "name": "", **_both("label", NO_TEXT)}]
            ),
            "settings": _table([settings]),
        }
    )


def _table(rows: Sequence[Row]) -> list[list[str]]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return [columns, *([row.get(name, "") for name in columns] for row in rows)]


def _both(column: str, text: Text) -> Row:
    pair = {ENGLISH: unbraced(text.en), CHINESE: unbraced(text.zh)}
    return {f"{column}::{language}": words for language, words in pair.items()}


def _note(name: str, text: Text) -> Iterator[Row]:
    if text != NO_TEXT:
        yield {"type": "note", "name": name, **_both("label", text)}


def _survey(q: Questionnaire) -> Iterator[Row]:
    yield from ({"type": kind, "name": kind} for kind in ("start", "end"))
    yield from _note(TITLE, q.title)
    yield from _note(INTRODUCTION, q.introduction)
    if q.link and q.respondent_id:
        yield _link(q.respondent_id, q.link)
    for page in q.pages:
        yield {
            "type": "begin_group",
            "name": page.name,
            "appearance": "field-list",
            **_both("label", page.title),
        }
        yield from _note(INTRO + page.name, page.intro)
        yield from (_question(q.item(name)) for name in page.items)
        yield {"type": "end_group", "name": page.name}
    yield from _note(CLOSING, q.closing)


def _link(name: str, link: Link) -> Row:
    quote = '"' if "'" in link.pattern else "'"
    return {
        "type": "text",
        "name": name,
        "required": "yes" if link.entry == "asked" else "",
        "constraint": f"regex(., {quote}{link.pattern}{quote})" if link.pattern else "",
        **_both("label", link.text),
    }


def _question(item: Item) -> Row:
    scale = item.scale
    kinds = {"numeric": "decimal", "text": "text"}
    appearances = {"likert": "likert", "text": "multiline"}
    return {
        "type": kinds.get(scale.kind) or f"select_one {scale.name}",
        "name": item.name,
        "required": "yes" if item.required else "",
        "appearance": appearances.get(scale.kind, ""),
        "constraint": _constraint(scale),
        **_both("label", item.text),
        **_both("hint", Text(*(_hint(item, language) for language in ("en", "zh")))),
    }


def _constraint(scale: Scale) -> str:
    if scale.kind != "numeric":
        return ""
    bounds = ((">=", scale.minimum), ("<=", scale.maximum))
    return " and ".join(f". {sign} {bound!r}" for sign, bound in bounds if bound is not None)


def _hint(item: Item, language: str) -> str:
    """Return help and unit in one line; other brackets are kept from looking like a unit."""
    hint, unit = (getattr(text, language) for text in (item.hint, item.scale.unit))
    plain = item.scale.kind != "numeric" or not (unit or UNIT.search(hint))
    return hint if plain else f"{hint} [{unit}]".lstrip()


def _choices(scale: Scale) -> Iterator[Row]:
    for code, label in scale.points:
        shown = Text(label.en or str(code), label.zh or ("" if label.en else str(code)))
        yield {"list_name": scale.name, "name": str(code), **_both("label", shown)}


def read_xlsform(content: bytes, file_name: str) -> Questionnaire:
    """Return the questionnaire in an XLSForm workbook.

    Raises
    ------
    QuestionnaireError
        A sheet or column is missing, or a question is of a type that has no counterpart here.
    """
    sheets = {name: _rows(rows) for name, rows in read_sheets(content, file_name).items()}
    survey = sheets.get("survey")
    if not survey:
        raise _unsuited(file_name, "it has no sheet 'survey' with questions")
    settings = (sheets.get("settings") or [{}])[0]
    notes = {row["name"]: _text(row, "label") for row in survey if row.get("type") == "note"}
    lists = _lists(sheets.get("choices") or [])
    pages, items, link = _pages(survey, lists, notes, file_name)
    named, scales = named_scales(items)
    return Questionnaire(
        name=settings.get("form_id") or "questionnaire",
        version=settings.get("version") or "0",
        title=notes.get(TITLE) or Text(settings.get("form_title", "")),
        respondent_id=link[0] if link else None,
        scales=scales,
        items=named,
        constructs=(),
        pages=tuple(pages),
        link=link[1] if link else None,
        introduction=notes.get(INTRODUCTION, NO_TEXT),
        closing=notes.get(CLOSING, NO_TEXT),
        file_name=file_name,
    )


def _unsuited(file_name: str, why: str) -> QuestionnaireError:
    return QuestionnaireError(
        f"{file_name} cannot be read as an XLSForm: {why}.",
        code="questionnaire.xlsform",
        hint="Known types: select_one, decimal, integer, text, note, begin_group, end_group.",
    )


def _rows(rows: list[list[object]]) -> list[Row]:
    header = [str(cell or "").strip() for cell in (rows[0] if rows else [])]
    cells = ([_cell(cell) for cell in row] for row in rows[1:] if any(row))
    return [dict(zip(header, row, strict=False)) for row in cells]


def _cell(value: object) -> str:
    if value is None:
        return ""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole and isinstance(value, float) else str(value)


def _text(row: Row, column: str) -> Text:
    """Return a bilingual cell: by the language's short name, or the column without a language."""
    found = {
        key: words
        for name, words in row.items()
        for key in (_language(name, column),)
        if key and words
    }
    return Text(found.get("en") or found.get("any", ""), found.get("zh", ""))


def _language(name: str, column: str) -> str:
    head, _, language = name.partition("::")
    if head.strip() != column:
        return ""
    if not language:
        return "any"
    return "zh" if any(mark in language for mark in ("zh", "中文", "Chinese")) else "en"


def _lists(rows: Sequence[Row]) -> dict[str, dict[str, Text]]:
    lists: dict[str, dict[str, Text]] = {}
    for row in rows:
        if row.get("list_name"):
            lists.setdefault(row["list_name"], {})[row.get("name", "")] = _text(row, "label")
    return lists


def _pages(
    survey: Sequence[Row],
    lists: Mapping[str, Mapping[str, Text]],
    notes: Mapping[str, Text],
    file_name: str,
) -> tuple[list[Page], list[Item], tuple[str, Link] | None]:
    """Return pages, items, and the text question that stands before the first page as the key."""
    pages: list[Page] = []
    items: list[Item] = []
    link: tuple[str, Link] | None = None
    for row in survey:
        kind, name = row.get("type", "").strip(), row.get("name", "").strip()
        if kind in ("begin_group", "begin group"):
            pages.append(Page(name, (), _text(row, "label"), notes.get(INTRO + name, NO_TEXT)))
        elif kind == "text" and not pages and link is None:
            link = (name, _read_link(row))
        elif not _silent(kind):
            item = _item(row, kind, name, lists, file_name)
            items.append(item)
            last = pages.pop() if pages else Page("page1", ())
            pages.append(Page(last.name, (*last.items, name), last.title, last.intro))
    return pages, items, link


def _silent(kind: str) -> bool:
    """Tell whether a row asks nothing."""
    silent = ("", "note", "start", "end", "today", "deviceid", "username", "calculate", "hidden")
    return kind in silent or kind.replace(" ", "_") == "end_group"


def _read_link(row: Row) -> Link:
    found = PATTERN.match(row.get("constraint", ""))
    entry: Entry = "asked" if row.get("required") else "url"
    return Link(_text(row, "label"), entry, found[2] if found else "")


def _item(
    row: Row, kind: str, name: str, lists: Mapping[str, Mapping[str, Text]], file_name: str
) -> Item:
    hint = _text(row, "hint")
    word, _, choices = kind.partition(" ")
    if word == "select_one" and choices in lists:
        scale = _choice_scale(lists[choices], row.get("appearance", ""), f"{file_name}: {choices}")
    elif word in ("decimal", "integer"):
        hint, unit = _split_unit(hint)
        bounds = dict(BOUND.findall(row.get("constraint", "")))
        low, high = (float(bounds[s]) if s in bounds else None for s in (">=", "<="))
        scale = Scale("", "numeric", low, high, unit=unit)
    elif word == "text":
        scale = Scale("", "text")
    else:
        raise _unsuited(file_name, f"question '{name}' is of type '{kind}'")
    required = row.get("required", "").lower() in ("yes", "true", "1")
    return Item(
        name, _text(row, "label"), scale, role=default_role(scale), required=required, hint=hint
    )


def _choice_scale(labels: Mapping[str, Text], appearance: str, where: str) -> Scale:
    try:
        coded = {int(code): label for code, label in labels.items()}
    except ValueError:
        raise _unsuited(where, "the names of choices are not whole numbers") from None
    if "likert" not in appearance:
        return Scale("", "choice", labels=coded)
    worded = {code: label for code, label in coded.items() if label.en != str(code)}
    return Scale("", "likert", float(min(coded)), float(max(coded)), worded)


def _split_unit(hint: Text) -> tuple[Text, Text]:
    units = [found[1] if (found := UNIT.search(t)) else "" for t in (hint.en, hint.zh)]
    return Text(*(UNIT.sub("", text) for text in (hint.en, hint.zh))), Text(*units)
