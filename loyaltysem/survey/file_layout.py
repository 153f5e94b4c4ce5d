"""Pages, modules and the customer key of a questionnaire file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from loyaltysem.survey.file_parts import elements, name_of, string, text
from loyaltysem.survey.instrument import ENTRIES, Construct, Entry, Item, Link, Module, Page
from loyaltysem.survey.yaml_tree import Cursor


def modules_of(cursor: Cursor | None) -> tuple[Module, ...]:
    """Return the optional parts, written ``modules: {name: {en: …, zh: …}}``."""
    entries = cursor.entries() if cursor else ()
    return tuple(Module(str(key), entry.bilingual()) for key, entry in entries)


def link_of(cursor: Cursor | None, respondent_id: str | None) -> Link | None:
    """Return how answers find their customers."""
    if cursor is None:
        return None
    fields = cursor.fields(required=("text",), optional=("entry", "pattern"))
    if respondent_id is None:
        cursor.fault("a link needs 'respondent_id', the column it fills.")
    entry = fields["entry"].one_of(ENTRIES, "an entry") if "entry" in fields else "asked"
    pattern = string(fields, "pattern")
    try:
        re.compile(pattern)
    except re.error as error:
        fields["pattern"].fault(f"'{pattern}' is not a regular expression: {error}.")
    return Link(text(fields, "text"), cast(Entry, entry or "asked"), pattern)


def pages_of(
    cursor: Cursor | None, constructs: Sequence[Construct], items: Sequence[Item]
) -> tuple[Page, ...]:
    """Return the pages; each asked item has to stand on exactly one of them."""
    if cursor is None:
        return ()
    seen: dict[str, str] = {}
    by_construct = {construct.name: construct.items for construct in constructs}
    by_item = {item.name: item for item in items}
    pages: list[Page] = []
    for element in cursor.elements():
        page = _page(element, by_construct, by_item, seen)
        if page.name in {other.name for other in pages}:
            element.fault(f"there is a page '{page.name}' above.")
        pages.append(page)
    unseen = [item.name for item in items if item.source == "respondent" and item.name not in seen]
    if unseen:
        cursor.fault(f"on no page: {', '.join(unseen)}.")
    return tuple(pages)


def _page(
    cursor: Cursor,
    constructs: dict[str, tuple[str, ...]],
    items: dict[str, Item],
    seen: dict[str, str],
) -> Page:
    fields = cursor.fields(required=("name", "items"), optional=("title", "intro"))
    name = name_of(fields)
    shown: list[str] = []
    for element in elements(fields, "items"):
        known = element.one_of([*items, *constructs], "an item or a construct here") or ""
        names = (known,) if known in items else constructs.get(known, ())
        shown += [item for item in names if _place(element, items[item], name, seen)]
    return Page(name, tuple(shown), text(fields, "title"), text(fields, "intro"))


def _place(cursor: Cursor, item: Item, page: str, seen: dict[str, str]) -> bool:
    """Tell whether an item can stand on a page; note why not."""
    if item.source == "record":
        cursor.fault(f"'{item.name}' comes from a record; it is not asked.")
        return False
    if item.name in seen:
        cursor.fault(f"'{item.name}' is on page '{seen[item.name]}' already.")
        return False
    seen[item.name] = page
    return True
