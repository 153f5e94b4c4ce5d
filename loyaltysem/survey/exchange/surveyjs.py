"""SurveyJS: a survey as JSON, and the JSON array of its results."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from loyaltysem.core.errors import DataError, LoyaltySemError, QuestionnaireError
from loyaltysem.core.text import Text
from loyaltysem.survey.exchange.carried import (
    EVERY_FORM,
    Feature,
    as_asked,
    named_scales,
    unbraced,
)
from loyaltysem.survey.exchange.cells import cell_text, text_frame
from loyaltysem.survey.exchange.csv_file import decode, empty
from loyaltysem.survey.exchange.limits import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, too_large
from loyaltysem.survey.exchange.raw_table import RawTable
from loyaltysem.survey.instrument import (
    NO_TEXT,
    Item,
    Link,
    Page,
    Questionnaire,
    Scale,
    default_role,
)

LOSES: tuple[Feature, ...] = (*EVERY_FORM, "names", "version", "braces")
CHINESE = "zh-cn"
# An item's name begins with a letter, so these cannot be taken.
INTRODUCTION, KEY_PAGE = "_introduction", "_key"
Json: TypeAlias = dict[str, Any]


def write_surveyjs(questionnaire: Questionnaire) -> bytes:
    """Return the questionnaire as the JSON of a SurveyJS survey, in English and Chinese.

    Notes
    -----
    Likert items become ``rating``, choices ``radiogroup``, numbers ``text`` of input type number
    with the unit as placeholder, open answers ``comment``; the right answer of an attention item
    is its ``correctAnswer``.
    """
    q = as_asked(questionnaire)
    survey = _filled(
        {
            "title": _words(q.title),
            "description": _words(q.description),
            "completedHtml": _words(_as_html(q.closing)),
            "showProgressBar": True,
            "pages": [*_first_page(q), *(_page(page, q) for page in q.pages)],
        }
    )
    return (json.dumps(survey, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def _filled(properties: Json) -> Json:
    """Leave out what says nothing."""
    silent = (None, "", False)
    return {k: v for k, v in properties.items() if not any(v is none for none in silent)}


def _words(text: Text) -> str | dict[str, str]:
    if not text.zh:
        return unbraced(text.en)
    return {"default": unbraced(text.en), CHINESE: unbraced(text.zh)}


def _as_html(text: Text) -> Text:
    return Text(*(html.escape(words, quote=False) for words in (text.en, text.zh)))


def _first_page(q: Questionnaire) -> list[Json]:
    elements: list[Json] = []
    if q.introduction != NO_TEXT:
        words = _words(_as_html(q.introduction))
        elements.append({"type": "html", "name": INTRODUCTION, "html": words})
    if q.link and q.respondent_id:
        elements.append(_key(q.respondent_id, q.link))
    return [{"name": KEY_PAGE, "elements": elements}] if elements else []


def _key(name: str, link: Link) -> Json:
    check = {"type": "regex", "regex": f"^(?:{link.pattern})$"} if link.pattern else None
    return _filled(
        {
            "type": "text",
            "name": name,
            "title": _words(link.text),
            "isRequired": link.entry == "asked",
            "readOnly": link.entry == "url",
            "validators": [check] if check else None,
        }
    )


def _page(page: Page, q: Questionnaire) -> Json:
    head = {"name": page.name, "title": _words(page.title), "description": _words(page.intro)}
    return {**_filled(head), "elements": [_element(q.item(name)) for name in page.items]}


def _element(item: Item) -> Json:
    common = {
        "name": item.name,
        "title": _words(item.text),
        "description": _words(item.hint),
        "isRequired": item.required,
    }
    kind = {"likert": _rating, "choice": _radio, "numeric": _number, "text": _comment}
    expected = list(map(_plain, item.expected))
    answer = expected[0] if len(expected) == 1 else expected or None
    return _filled({**kind[item.scale.kind](item.scale), **common, "correctAnswer": answer})


def _plain(number: float | None) -> float | int | None:
    whole = number is not None and float(number).is_integer()
    return int(number) if number is not None and whole else number


def _rating(scale: Scale) -> Json:
    values = [_choice(code, label) for code, label in scale.points]
    return {"type": "rating", "autoGenerate": False, "rateValues": values}


def _radio(scale: Scale) -> Json:
    return {"type": "radiogroup", "choices": [_choice(code, label) for code, label in scale.points]}


def _choice(code: int, label: Text) -> int | Json:
    return {"value": code, "text": _words(label)} if label != NO_TEXT else code


def _number(scale: Scale) -> Json:
    return {
        "type": "text",
        "inputType": "number",
        "step": "any",
        "min": _plain(scale.minimum),
        "max": _plain(scale.maximum),
        "placeholder": _words(scale.unit),
    }


def _comment(_scale: Scale) -> Json:
    return {"type": "comment"}


def read_surveyjs(content: bytes, file_name: str) -> Questionnaire:
    """Return the questionnaire in the JSON of a SurveyJS survey.

    Raises
    ------
    QuestionnaireError
        Not JSON, not a survey, or a question of a type that has no counterpart here.
    """
    survey = _json(content, file_name, QuestionnaireError)
    if not isinstance(survey, dict) or not isinstance(survey.get("pages"), list):
        raise _unsuited(file_name, "it has no list of 'pages'")
    try:
        return _survey(survey, file_name)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unsuited(file_name, f"a part has an unexpected shape ({error})") from error


def _survey(survey: Json, file_name: str) -> Questionnaire:
    pages = [page for page in survey["pages"] if page.get("name") != KEY_PAGE]
    first = [e for p in survey["pages"] if p.get("name") == KEY_PAGE for e in p["elements"]]
    intro = next((e["html"] for e in first if e["name"] == INTRODUCTION), "")
    key = next((e for e in first if e["type"] == "text"), None)
    items = [_item(element, file_name) for page in pages for element in page.get("elements", ())]
    named, scales = named_scales(items)
    return Questionnaire(
        name="questionnaire",
        version="0",
        title=_text(survey.get("title")),
        respondent_id=str(key["name"]) if key else None,
        scales=scales,
        items=named,
        constructs=(),
        description=_text(survey.get("description")),
        pages=tuple(map(_read_page, pages)),
        link=_read_link(key) if key else None,
        introduction=_from_html(_text(intro)),
        closing=_from_html(_text(survey.get("completedHtml"))),
        file_name=file_name,
    )


def _json(content: bytes, file_name: str, kind: type[LoyaltySemError]) -> Any:
    parts = content.count(b"{") + content.count(b"[")
    if parts > MOST_ROWS or content.count(b",") > MOST_CELLS:
        raise too_large(f"{file_name} has {parts:,} parts", f"{MOST_ROWS:,}")
    try:
        return json.loads(decode(content, file_name, None))
    except (ValueError, RecursionError) as error:
        raise kind(
            f"{file_name} is not JSON: {error}.",
            code="questionnaire.surveyjs" if kind is QuestionnaireError else "data.surveyjs",
            hint="Export it again from SurveyJS.",
        ) from error


def _unsuited(file_name: str, why: str) -> QuestionnaireError:
    return QuestionnaireError(
        f"{file_name} cannot be read as a SurveyJS survey: {why}.",
        code="questionnaire.surveyjs",
        hint="Known types: rating, radiogroup, dropdown, text, comment, html.",
    )


def _text(value: object) -> Text:
    if isinstance(value, dict):
        return Text(str(value.get("default") or value.get("en", "")), str(value.get(CHINESE, "")))
    return Text("" if value is None else str(value))


def _from_html(text: Text) -> Text:
    return Text(*(html.unescape(words) for words in (text.en, text.zh)))


def _read_page(page: Json) -> Page:
    names = tuple(str(element["name"]) for element in page.get("elements", ()))
    return Page(str(page["name"]), names, _text(page.get("title")), _text(page.get("description")))


def _read_link(key: Json) -> Link:
    checks = [v["regex"] for v in key.get("validators", ()) if v.get("type") == "regex"]
    pattern = str(checks[0]).removeprefix("^(?:").removesuffix(")$") if checks else ""
    return Link(_text(key.get("title")), "url" if key.get("readOnly") else "asked", pattern)


def _item(element: Json, file_name: str) -> Item:
    scale = _scale(element, file_name)
    answer = element.get("correctAnswer", [])
    expected = tuple(map(float, answer if isinstance(answer, list) else [answer]))
    return Item(
        name=str(element["name"]),
        text=_text(element.get("title", element["name"])),
        scale=scale,
        role="attention" if expected else default_role(scale),
        expected=expected,
        required=bool(element.get("isRequired")),
        hint=_text(element.get("description")),
    )


def _scale(element: Json, file_name: str) -> Scale:
    kind = element.get("type")
    if kind == "rating":
        points = _points(element.get("rateValues")) or _generated(element)
        labels = {code: label for code, label in points.items() if label != NO_TEXT}
        return Scale("", "likert", float(min(points)), float(max(points)), labels)
    if kind in ("radiogroup", "dropdown"):
        return Scale("", "choice", labels=_points(element["choices"]))
    if kind == "text" and element.get("inputType") == "number":
        low, high = (element.get(name) for name in ("min", "max"))
        unit = _text(element.get("placeholder"))
        return Scale("", "numeric", _bound(low), _bound(high), unit=unit)
    if kind in ("text", "comment"):
        return Scale("", "text")
    raise _unsuited(file_name, f"question '{element.get('name')}' is of type '{kind}'")


def _bound(value: float | str | None) -> float | None:
    return None if value is None else float(value)


def _points(choices: Sequence[Any] | None) -> dict[int, Text]:
    pairs = (
        (c["value"], _text(c.get("text"))) if isinstance(c, dict) else (c, NO_TEXT)
        for c in choices or ()
    )
    return {int(value): label for value, label in pairs}


def _generated(element: Json) -> dict[int, Text]:
    low, high = int(element.get("rateMin", 1)), int(element.get("rateMax", 5))
    return dict.fromkeys(range(low, min(high, low + 1000) + 1), NO_TEXT)


def read_results(content: bytes, file_name: str) -> RawTable:
    """Return the results of a SurveyJS survey: a JSON array with one object per respondent.

    Raises
    ------
    DataError
        Not JSON, or not such an array.
    """
    results = _json(content, file_name, DataError)
    if isinstance(results, dict):
        results = results.get("Data") or results.get("data") or [results]
    if not isinstance(results, list) or not all(isinstance(row, dict) for row in results):
        raise DataError(
            f"{file_name} is not a list of SurveyJS results.",
            code="data.surveyjs",
            hint="Expected [{…}, {…}], one object per respondent.",
        )
    if not results:
        raise empty(file_name, "has no results")
    columns = list(dict.fromkeys(name for row in results for name in row))
    if len(columns) * len(results) > MOST_CELLS or len(columns) > MOST_COLUMNS:
        size = f"{len(results):,} results of {len(columns):,} answers"
        raise too_large(f"{file_name} has {size}", f"{MOST_CELLS:,} cells, {MOST_COLUMNS:,} wide")
    frame = pd.DataFrame(
        [[_answer(row.get(name)) for name in columns] for row in results],
        columns=columns,
        index=pd.RangeIndex(2, len(results) + 2, name="row"),
        dtype=object,
    )
    return RawTable(frame, hashlib.sha256(content).hexdigest(), file_name)


def _answer(value: object) -> str:
    """Return an answer as a cell; what is no plain answer stays visible as JSON."""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return cell_text(value)


def write_results(frame: pd.DataFrame, questionnaire: Questionnaire) -> bytes:
    """Return answers as SurveyJS results; what was not answered is left out, as SurveyJS does."""
    numeric = {item.name for item in questionnaire.scored_items}
    rows = text_frame(frame).to_dict("records")
    results = [_result(row, numeric) for row in rows]
    return (json.dumps(results, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _result(row: Mapping[Any, str], numeric: set[str]) -> Json:
    return {
        str(name): _plain(float(cell)) if name in numeric else cell
        for name, cell in row.items()
        if cell != ""
    }
