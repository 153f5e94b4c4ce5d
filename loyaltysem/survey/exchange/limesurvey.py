"""LimeSurvey: the tab-separated survey structure.

Written after LimeSurvey's manual and not checked by LimeSurvey itself, which does not run offline;
`formats.FORMATS` marks it as unverified.
"""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterator, Sequence

from loyaltysem.core.errors import QuestionnaireError
from loyaltysem.core.text import LANGUAGES, Language, Text
from loyaltysem.survey.exchange.carried import (
    EVERY_FORM,
    Feature,
    as_asked,
    named_scales,
    question_codes,
    unbraced,
)
from loyaltysem.survey.exchange.csv_file import read_records
from loyaltysem.survey.instrument import (
    NO_TEXT,
    Item,
    Link,
    Page,
    Questionnaire,
    Scale,
    default_role,
)

LOSES: tuple[Feature, ...] = (
    *EVERY_FORM,
    "names",
    "version",
    "attention",
    "page_names",
    "braces",
    "codes",
)
COLUMNS = (
    "class",
    "type/scale",
    "name",
    "relevance",
    "text",
    "help",
    "language",
    "validation",
    "mandatory",
    "other",
    "default",
    "same_default",
    "hidden",
    "min_num_value_n",
    "max_num_value_n",
    "num_value_int_only",
    "suffix",
)
CODES: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}
TYPES = {"likert": "L", "choice": "!", "numeric": "N", "text": "T"}
SETTINGS = {
    "surveyls_title": "title",
    "surveyls_description": "description",
    "surveyls_welcometext": "introduction",
    "surveyls_endtext": "closing",
}
KEY_GROUP = "0"
Row = dict[str, str]


def write_limesurvey(questionnaire: Questionnaire) -> bytes:
    """Return the questionnaire as LimeSurvey's tab-separated structure, in both languages.

    Notes
    -----
    Pages become question groups, likert items list questions (``L``), choices drop-down lists
    (``!``), numbers ``N`` with their bounds and the unit as suffix, open answers ``T``, and the
    customer key ``S``. Question codes hold letters and digits only.
    """
    q = as_asked(questionnaire)
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(
        stream, COLUMNS, restval="", delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\r\n"
    )
    writer.writeheader()
    writer.writerows(_rows(q))
    return stream.getvalue().encode("utf-8-sig")


def _html(words: str) -> str:
    return html.escape(unbraced(words), quote=False).replace("\n", "<br />")


def _each(text: Text, *, help_text: Text = NO_TEXT, suffix: Text = NO_TEXT) -> Iterator[Row]:
    for language in LANGUAGES:
        yield {
            "language": CODES[language],
            "text": _html(getattr(text, language)),
            "help": _html(getattr(help_text, language)),
            "suffix": _html(getattr(suffix, language)),
        }


def _rows(q: Questionnaire) -> Iterator[Row]:
    survey = {
        "language": CODES["en"],
        "additional_languages": CODES["zh"],
        "format": "G",
        "allowprev": "Y",
    }
    yield from ({"class": "S", "name": key, "text": value} for key, value in survey.items())
    for setting, field in SETTINGS.items():
        yield from ({"class": "SL", "name": setting, **row} for row in _each(getattr(q, field)))
    if q.link and q.respondent_id:
        yield from _group(KEY_GROUP, Page("key", ()))
        yield from _key(q.respondent_id, q.link)
    codes = question_codes(item.name for item in q.items)
    for number, page in enumerate(q.pages, start=1):
        yield from _group(str(number), page)
        for name in page.items:
            yield from _question(codes[name], q.item(name))


def _group(number: str, page: Page) -> Iterator[Row]:
    for title, intro in zip(_each(page.title), _each(page.intro), strict=True):
        yield {**intro, "class": "G", "type/scale": number, "name": title["text"]}


def _key(name: str, link: Link) -> Iterator[Row]:
    code = next(iter(question_codes([name]).values()))
    for row in _each(link.text):
        yield {
            **row,
            "class": "Q",
            "type/scale": "S",
            "name": code,
            "relevance": "1",
            "validation": f"/^(?:{link.pattern})$/" if link.pattern else "",
            "mandatory": "Y" if link.entry == "asked" else "N",
            "hidden": "1" if link.entry == "url" else "",
        }


def _question(code: str, item: Item) -> Iterator[Row]:
    scale = item.scale
    bounds = ("" if b is None else f"{b!r}" for b in (scale.minimum, scale.maximum))
    low, high = bounds if scale.kind == "numeric" else ("", "")
    languages = _each(item.text, help_text=item.hint, suffix=scale.unit)
    answers = [list(_each(label)) for _, label in scale.points]
    for k, row in enumerate(languages):
        yield {
            **row,
            "class": "Q",
            "type/scale": TYPES[scale.kind],
            "name": code,
            "relevance": "1",
            "mandatory": "Y" if item.required else "N",
            "other": "N",
            "min_num_value_n": low,
            "max_num_value_n": high,
        }
        for (number, _), answer in zip(scale.points, answers, strict=True):
            shown = answer[k]["text"] or (str(number) if not answer[0]["text"] else "")
            yield {**answer[k], "class": "A", "type/scale": "0", "name": str(number), "text": shown}


def read_limesurvey(content: bytes, file_name: str) -> Questionnaire:
    """Return the questionnaire in LimeSurvey's tab-separated structure.

    Raises
    ------
    QuestionnaireError
        A column is missing, or a question is of a type that has no counterpart here.
    DataError
        Not a readable text file.
    """
    records = [cells for _, cells in read_records(content, file_name, sep="\t")]
    header = records[0] if records else []
    if not {"class", "type/scale", "name", "text", "language"} <= set(header):
        raise _unsuited(
            file_name, "the columns class, type/scale, name, text, language are missing"
        )
    rows = [dict(zip(header, cells, strict=False)) for cells in records[1:]]
    base = next((r["text"] for r in rows if r["class"] == "S" and r["name"] == "language"), "en")
    try:
        return _read(rows, base, file_name)
    except (KeyError, ValueError, IndexError) as error:
        raise _unsuited(file_name, f"a part has an unexpected shape ({error!r})") from error


def _unsuited(file_name: str, why: str) -> QuestionnaireError:
    return QuestionnaireError(
        f"{file_name} cannot be read as a LimeSurvey structure: {why}.",
        code="questionnaire.limesurvey",
        hint="Known types of questions: L, !, N, S, T.",
    )


def _plain(words: str) -> str:
    return html.unescape(words.replace("<br />", "\n"))


def _read(rows: Sequence[Row], base: str, file_name: str) -> Questionnaire:
    settings = {
        field: _both([r for r in rows if r["class"] == "SL" and r["name"] == name], "text", base)
        for name, field in SETTINGS.items()
    }
    groups: dict[str, list[Row]] = {}
    members: dict[str, list[str]] = {}
    questions: dict[str, list[Row]] = {}
    answers: dict[str, dict[str, list[Row]]] = {}
    group = question = ""
    for row in rows:
        if row["class"] == "G":
            group = row["type/scale"] or row["name"]
            groups.setdefault(group, []).append(row)
        elif row["class"] == "Q":
            question = row["name"]
            questions.setdefault(question, []).append(row)
            members.setdefault(group, [])
            members[group] += [] if question in members[group] else [question]
        elif row["class"] == "A":
            answers.setdefault(question, {}).setdefault(row["name"], []).append(row)
    key = next(iter(members.pop(KEY_GROUP, [])), None)
    names = [name for page in members.values() for name in page]
    items, scales = named_scales(
        _item(questions[name], answers.get(name, {}), base, file_name) for name in names
    )
    return Questionnaire(
        name="questionnaire",
        version="0",
        title=settings["title"],
        respondent_id=key,
        scales=scales,
        items=items,
        constructs=(),
        description=settings["description"],
        pages=tuple(
            Page(
                f"page{k}",
                tuple(names),
                _both(groups[g], "name", base),
                _both(groups[g], "text", base),
            )
            for k, (g, names) in enumerate(members.items(), start=1)
        ),
        link=_link(questions[key], base) if key else None,
        introduction=settings["introduction"],
        closing=settings["closing"],
        file_name=file_name,
    )


def _both(rows: Sequence[Row], column: str, base: str) -> Text:
    """Return a text from its rows: Chinese, and English or else the base language."""
    found = {row["language"]: _plain(row.get(column, "")) for row in rows}
    chinese = next((words for code, words in found.items() if code.startswith("zh")), "")
    english = found.get("en", found.get(base, ""))
    return Text(english, chinese)


def _link(rows: Sequence[Row], base: str) -> Link:
    pattern = rows[0].get("validation", "").removeprefix("/^(?:").removesuffix(")$/")
    entry = "url" if rows[0].get("hidden") == "1" else "asked"
    return Link(_both(rows, "text", base), "url" if entry == "url" else "asked", pattern)


def _item(rows: Sequence[Row], answers: dict[str, list[Row]], base: str, file_name: str) -> Item:
    first = rows[0]
    kind = first["type/scale"]
    if kind in ("L", "!"):
        scale = _choice_scale(kind, answers, base, f"{file_name}: question {first['name']}")
    elif kind == "N":
        bounds = [first.get(f"{end}_num_value_n", "") for end in ("min", "max")]
        low, high = (float(bound) if bound else None for bound in bounds)
        scale = Scale("", "numeric", low, high, unit=_both(rows, "suffix", base))
    elif kind in ("S", "T", "U"):
        scale = Scale("", "text")
    else:
        raise _unsuited(file_name, f"question '{first['name']}' is of type '{kind}'")
    return Item(
        name=first["name"],
        text=_both(rows, "text", base),
        scale=scale,
        role=default_role(scale),
        required=first.get("mandatory") == "Y",
        hint=_both(rows, "help", base),
    )


def _choice_scale(kind: str, answers: dict[str, list[Row]], base: str, where: str) -> Scale:
    try:
        labels = {int(code): _both(rows, "text", base) for code, rows in answers.items()}
    except ValueError:
        raise _unsuited(where, "the codes of answers are not whole numbers") from None
    if kind == "!":
        return Scale("", "choice", labels=labels)
    worded = {code: label for code, label in labels.items() if label.en != str(code)}
    return Scale("", "likert", float(min(labels)), float(max(labels)), worded)
