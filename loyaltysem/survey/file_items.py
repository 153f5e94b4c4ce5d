"""Constructs and items of a questionnaire file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from loyaltysem.survey.file_parts import elements, flag, name_of, string, text
from loyaltysem.survey.instrument import (
    ROLES,
    SOURCES,
    Construct,
    Item,
    Role,
    Scale,
    Source,
    default_role,
    on_scale,
)
from loyaltysem.survey.yaml_tree import Cursor

UNSCALED = Scale("", "text")  # stands in for a scale that could not be read
NPS_RANGE = (0.0, 10.0)


@dataclass(frozen=True, slots=True)
class Known:
    """What items may refer to, and what holds for those that say nothing."""

    scales: Mapping[str, Scale]
    references: Collection[str]
    modules: Collection[str]
    required: bool = False


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What an item takes from the construct it stands in."""

    construct: str | None = None
    scale: str | None = None
    module: str | None = None
    source: Source = "respondent"


def constructs_of(cursor: Cursor | None, known: Known) -> tuple[list[Construct], list[Item]]:
    """Return the constructs of a file and the items that stand in them."""
    constructs: list[Construct] = []
    items: list[Item] = []
    for element in cursor.elements() if cursor else ():
        construct, own = _construct(element, known)
        constructs.append(construct)
        items += own
    return constructs, items


def _construct(cursor: Cursor, known: Known) -> tuple[Construct, list[Item]]:
    fields = cursor.fields(
        required=("name", "label"),
        optional=("parent", "scale", "sources", "items", "module", "source"),
    )
    name = name_of(fields)
    given = _Defaults(
        construct=name,
        scale=fields["scale"].one_of(known.scales, "a scale here") if "scale" in fields else None,
        module=_module(fields, known),
        source=_source(fields) or "respondent",
    )
    items = [item_of(element, known, given) for element in elements(fields, "items")]
    cited = [
        source.one_of(known.references, "a reference here")
        for source in elements(fields, "sources")
    ]
    construct = Construct(
        name=name,
        label=text(fields, "label"),
        items=tuple(item.name for item in items),
        parent=string(fields, "parent") or None,
        sources=tuple(key for key in cited if key),
    )
    return construct, items


def item_of(cursor: Cursor, known: Known, given: _Defaults | None = None) -> Item:
    """Return one item; `given` is what its construct says."""
    given = given or _Defaults()
    fields = cursor.fields(
        required=("name", "text"),
        optional=("scale", "reverse", "role", "expected", "required", "source", "module", "hint"),
    )
    scale = _scale(cursor, fields, known, given.scale)
    source = _source(fields) or given.source
    item = Item(
        name=name_of(fields),
        text=text(fields, "text"),
        scale=scale,
        construct=given.construct,
        reverse=flag(fields, "reverse"),
        role=_role(fields) or default_role(scale),
        expected=_expected(fields),
        required=flag(fields, "required") if "required" in fields else _must(known, source),
        source=source,
        module=_module(fields, known) or given.module,
        hint=text(fields, "hint"),
    )
    if scale is not UNSCALED:
        _check(cursor, fields, item)
    return item


def _must(known: Known, source: Source) -> bool:
    return known.required and source == "respondent"


def _scale(
    cursor: Cursor, fields: Mapping[str, Cursor], known: Known, default: str | None
) -> Scale:
    own = fields["scale"].one_of(known.scales, "a scale here") if "scale" in fields else default
    if own is None and "scale" not in fields:
        cursor.fault("'scale' is missing, and the construct gives none.")
    return known.scales.get(own or "", UNSCALED)


def _role(fields: Mapping[str, Cursor]) -> Role | None:
    found = fields["role"].one_of(ROLES, "a role of an item") if "role" in fields else None
    return cast("Role | None", found)


def _source(fields: Mapping[str, Cursor]) -> Source | None:
    found = fields["source"].one_of(SOURCES, "a source") if "source" in fields else None
    return cast("Source | None", found)


def _module(fields: Mapping[str, Cursor], known: Known) -> str | None:
    return fields["module"].one_of(known.modules, "a module here") if "module" in fields else None


def _expected(fields: Mapping[str, Cursor]) -> tuple[float, ...]:
    """Return the right answers: one number, or a list of them."""
    if "expected" not in fields:
        return ()
    cursor = fields["expected"]
    answers = list(cursor.elements()) if isinstance(cursor.value, list) else [cursor]
    return tuple(n for answer in answers if (n := answer.number()) is not None)


def _check(cursor: Cursor, fields: Mapping[str, Cursor], item: Item) -> None:
    """Note what does not go together in an item."""
    low, high = item.scale.minimum, item.scale.maximum
    if item.reverse and (low is None or high is None):
        cursor.fault("a reverse item needs a scale with 'minimum' and 'maximum'.")
    if item.role == "nps" and ((low, high) != NPS_RANGE or item.scale.kind != "likert"):
        cursor.fault("the role 'nps' needs a likert scale from 0 to 10.")
    if item.role == "open" and item.scale.kind != "text":
        cursor.fault("the role 'open' needs a text scale.")
    if item.role == "attention" and not item.expected:
        cursor.fault("an attention item needs 'expected', its right answer.")
    if item.role != "attention" and item.expected:
        fields["expected"].fault("only an attention item has a right answer: add role: attention.")
    wrong = [f"{answer:g}" for answer in item.expected if not on_scale(answer, item.scale)]
    if wrong:
        fields["expected"].fault(f"{', '.join(wrong)} is not on the scale ({item.scale.range}).")
    if item.required and item.source == "record":
        fields["required"].fault("only what is asked can be required; this comes from a record.")
