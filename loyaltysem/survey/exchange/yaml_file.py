"""The questionnaire's own format: what `load_questionnaire` reads, written back whole."""

from __future__ import annotations

from typing import Any

from loyaltysem.core.text import Text
from loyaltysem.survey.instrument import (
    NO_TEXT,
    Construct,
    Item,
    Page,
    Questionnaire,
    Scale,
    default_role,
)

Fields = dict[str, Any]


def write_yaml(questionnaire: Questionnaire) -> bytes:
    """Return the questionnaire as YAML; `load_questionnaire` gives the same back.

    A text that has no Chinese gets the English in its place, since the file asks for both.
    """
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes no aliases (`load_questionnaire` refuses them)."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    text = yaml.dump(
        document(questionnaire), Dumper=Dumper, allow_unicode=True, sort_keys=False, width=100
    )
    return text.encode("utf-8")


def document(questionnaire: Questionnaire) -> Fields:
    """Return the questionnaire as plain mappings and lists."""
    q = questionnaire
    link = q.link and {
        "text": _text(q.link.text),
        "entry": q.link.entry,
        "pattern": q.link.pattern or None,
    }
    free = [item for item in q.items if item.construct is None]
    return _said(
        {
            "name": q.name,
            "version": q.version,
            "title": _text(q.title),
            "respondent_title": _text(q.respondent_title),
            "description": _text(q.description),
            "introduction": _text(q.introduction),
            "closing": _text(q.closing),
            "respondent_id": q.respondent_id,
            "link": _said(link) if link else None,
            "missing_codes": [_number(code) for code in q.missing_codes],
            "modules": {module.name: _text(module.title) for module in q.modules},
            "scales": {scale.name: _scale(scale) for scale in q.scales} or None,
            "references": dict(q.references),
            "constructs": [_construct(construct, q) for construct in q.constructs],
            "items": [_item(item) for item in free],
            "pages": [_page(page) for page in q.pages],
        }
    )


def _said(fields: Fields) -> Fields:
    """Leave out what says nothing."""
    return {key: value for key, value in fields.items() if value not in (None, [], {}, "")}


def _text(text: Text) -> dict[str, str] | None:
    return {"en": text.en or text.zh, "zh": text.zh or text.en} if text != NO_TEXT else None


def _number(number: float | None) -> float | int | None:
    return int(number) if number is not None and float(number).is_integer() else number


def _scale(scale: Scale) -> Fields:
    return _said(
        {
            "kind": scale.kind,
            "minimum": _number(scale.minimum),
            "maximum": _number(scale.maximum),
            "labels": {code: _text(label) for code, label in scale.labels.items()},
            "unit": _text(scale.unit),
        }
    )


def _construct(construct: Construct, q: Questionnaire) -> Fields:
    return _said(
        {
            "name": construct.name,
            "label": _text(construct.label),
            "parent": construct.parent,
            "sources": list(construct.sources),
            "items": [_item(q.item(name)) for name in construct.items],
        }
    )


def _item(item: Item) -> Fields:
    expected = [_number(answer) for answer in item.expected]
    return _said(
        {
            "name": item.name,
            "text": _text(item.text),
            "hint": _text(item.hint),
            "scale": item.scale.name,
            "reverse": item.reverse or None,
            "role": item.role if item.role != default_role(item.scale) else None,
            "expected": expected[0] if len(expected) == 1 else expected,
            "required": item.required or None,
            "source": item.source if item.source != "respondent" else None,
            "module": item.module,
        }
    )


def _page(page: Page) -> Fields:
    return _said(
        {
            "name": page.name,
            "title": _text(page.title),
            "intro": _text(page.intro),
            "items": list(page.items),
        }
    )
