"""The parts of a questionnaire file that stand by themselves: texts, names, scales, references.

Each function takes cursors, notes what is wrong with them, and returns something harmless in place
of what it could not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from loyaltysem.core.text import Text
from loyaltysem.survey.instrument import NO_TEXT, SCALE_KINDS, Scale, ScaleKind
from loyaltysem.survey.yaml_tree import Cursor

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*\Z")  # a name the model syntax can hold
MOST_POINTS = 1000


def string(fields: Mapping[str, Cursor], key: str) -> str:
    """Return the text of a field; empty without it."""
    return fields[key].string() if key in fields else ""


def text(fields: Mapping[str, Cursor], key: str) -> Text:
    """Return the bilingual text of a field; empty without it."""
    return fields[key].bilingual() if key in fields else NO_TEXT


def flag(fields: Mapping[str, Cursor], key: str) -> bool:
    """Return the truth of a field; False without it."""
    return fields[key].boolean() if key in fields else False


def elements(fields: Mapping[str, Cursor], key: str) -> list[Cursor]:
    """Return the elements of a list; none without it."""
    return list(fields[key].elements()) if key in fields else []


def number(fields: Mapping[str, Cursor], key: str) -> float | None:
    """Return the number of a field; None without it."""
    return fields[key].number() if key in fields else None


def name_of(fields: Mapping[str, Cursor]) -> str:
    """Return a name a model can use, or an empty string after noting the fault."""
    if "name" not in fields:
        return ""
    name = fields["name"].string()
    if name and not NAME.match(name):
        fields["name"].fault(
            f"'{name}' cannot be used in a model: take ASCII letters, digits, '_' and '.', "
            "beginning with a letter."
        )
    return name


def references_of(cursor: Cursor | None) -> dict[str, str]:
    """Return the full references, by key."""
    return {str(key): entry.string() for key, entry in cursor.entries()} if cursor else {}


def scales_of(cursor: Cursor | None) -> dict[str, Scale]:
    """Return the scales, by name."""
    return {str(key): _scale(str(key), entry) for key, entry in cursor.entries()} if cursor else {}


def _scale(name: str, cursor: Cursor) -> Scale:
    fields = cursor.fields(required=("kind",), optional=("minimum", "maximum", "labels", "unit"))
    kind = fields["kind"].one_of(SCALE_KINDS, "a kind of scale") if "kind" in fields else None
    scale = Scale(
        name=name,
        kind=cast(ScaleKind, kind or "text"),
        minimum=number(fields, "minimum"),
        maximum=number(fields, "maximum"),
        labels=_labels(fields.get("labels")),
        unit=text(fields, "unit"),
    )
    _check_scale(cursor, scale)
    return scale


def _labels(cursor: Cursor | None) -> dict[int, Text]:
    labels: dict[int, Text] = {}
    for key, entry in cursor.entries() if cursor else ():
        if isinstance(key, int) and not isinstance(key, bool):
            labels[key] = entry.bilingual()
        else:
            entry.fault(f"a label belongs to a whole number, found {key!r}.")
    return labels


def _check_scale(cursor: Cursor, scale: Scale) -> None:
    low, high = scale.minimum, scale.maximum
    if scale.kind == "choice" and not scale.labels:
        cursor.fault("a choice scale needs 'labels', one for each code.")
    if scale.kind != "likert":
        return
    if low is None or high is None:
        cursor.fault("a likert scale needs 'minimum' and 'maximum'.")
        return
    if not (low.is_integer() and high.is_integer()) or low >= high:
        cursor.fault(f"scale points run between whole numbers, found {low:g} to {high:g}.")
    if high - low >= MOST_POINTS:
        cursor.fault(f"{high - low + 1:g} scale points; 'kind: numeric' suits such a scale.")
    outside = [str(point) for point in scale.labels if not low <= point <= high]
    if outside:
        cursor.fault(f"labels outside {scale.range}: {', '.join(outside)}.")
