"""The nouns of a questionnaire, and the instrument that its parts make up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING

from loyaltysem.core.text import LANGUAGES, Text
from loyaltysem.survey.codebook_table import codebook_table
from loyaltysem.survey.elements import (
    ENTRIES,
    NO_TEXT,
    ROLES,
    SCALE_KINDS,
    SOURCES,
    Construct,
    Entry,
    Item,
    Link,
    Module,
    Page,
    Role,
    Scale,
    ScaleKind,
    Source,
    default_role,
    on_scale,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ENTRIES",
    "NO_TEXT",
    "ROLES",
    "SCALE_KINDS",
    "SOURCES",
    "Construct",
    "Entry",
    "Item",
    "Link",
    "Module",
    "Page",
    "Questionnaire",
    "Role",
    "Scale",
    "ScaleKind",
    "Source",
    "default_role",
    "on_scale",
]

PAGE_LENGTH = 10  # items on a page when the questionnaire does not say


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """An instrument: what is asked, on which scales, for which constructs, after whom.

    Parameters
    ----------
    name, version : str
        Identify the instrument.
    title, description : Text
        For people.
    respondent_id : str or None
        Column that names the respondent; None if the data have none.
    scales, items, constructs : tuple
        The parts, in the order of the file.
    missing_codes : tuple of float
        Numbers that mean "no answer", such as −99.
    references : mapping of str to str
        Full references, by key.
    description : Text
        For researchers.
    file_name, file_hash : str
        Name of the file read, and the SHA-256 of its bytes.
    modules : tuple of Module
        The optional parts.
    pages : tuple of Page
        What is seen together; see `layout` when there are none.
    link : Link or None
        How an answer finds its customer.
    introduction, closing : Text
        What the respondent reads first and last.
    respondent_title : Text
        The title respondents see, where it is not that of the researcher.
    """

    name: str
    version: str
    title: Text
    respondent_id: str | None
    scales: tuple[Scale, ...]
    items: tuple[Item, ...]
    constructs: tuple[Construct, ...]
    missing_codes: tuple[float, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    description: Text = NO_TEXT
    file_name: str = ""
    file_hash: str = ""
    modules: tuple[Module, ...] = ()
    pages: tuple[Page, ...] = ()
    link: Link | None = None
    introduction: Text = NO_TEXT
    closing: Text = NO_TEXT
    respondent_title: Text = NO_TEXT

    @property
    def shown_title(self) -> Text:
        """The title respondents see."""
        return self.title if self.respondent_title == NO_TEXT else self.respondent_title

    @property
    def scored_items(self) -> tuple[Item, ...]:
        """Items answered by a number: all but open answers."""
        return tuple(item for item in self.items if item.scale.kind != "text")

    @property
    def asked_items(self) -> tuple[Item, ...]:
        """Items put to the respondent, in the order of the pages."""
        asked = tuple(item for item in self.items if item.source == "respondent")
        place = {name: k for k, name in enumerate(n for page in self.pages for n in page.items)}
        return tuple(sorted(asked, key=lambda item: place.get(item.name, len(place))))

    @property
    def attention_items(self) -> tuple[Item, ...]:
        """Items with a known right answer, in `Item.expected`."""
        return self.with_role("attention")

    def with_role(self, role: Role) -> tuple[Item, ...]:
        """Return the items of a role."""
        return tuple(item for item in self.items if item.role == role)

    def layout(self) -> tuple[Page, ...]:
        """Return the pages; without any in the file, asked items ten by ten."""
        if self.pages:
            return self.pages
        names = [item.name for item in self.asked_items]
        starts = range(0, len(names), PAGE_LENGTH)
        return tuple(
            Page(f"page{k}", tuple(names[start : start + PAGE_LENGTH]))
            for k, start in enumerate(starts, start=1)
        )

    def fielded(self, columns: Collection[str]) -> Questionnaire:
        """Return the questionnaire as it was fielded: without what no column belongs to.

        That goes for each module, and for the values from records taken together: they may be
        joined later, by the customer key.
        """
        present = set(columns)
        answered = {item.module for item in self.items if item.name in present}
        left_out = {module.name for module in self.modules} - answered
        records = {item.name for item in self.items if item.source == "record"}
        unknown = records if records.isdisjoint(present) else set[str]()
        return self.without(
            item.name for item in self.items if item.module in left_out or item.name in unknown
        )

    def without(self, names: Iterable[str]) -> Questionnaire:
        """Return the questionnaire less some items, and what has no items once they are gone."""
        gone = set(names)
        if not gone:
            return self
        kept = tuple(item for item in self.items if item.name not in gone)
        return replace(
            self,
            items=kept,
            constructs=_remaining_constructs(self.constructs, gone),
            pages=_remaining_pages(self.pages, gone),
            modules=tuple(m for m in self.modules if m.name in {item.module for item in kept}),
        )

    def item(self, name: str) -> Item:
        """Return the item called `name`."""
        return next(item for item in self.items if item.name == name)

    def construct(self, name: str) -> Construct:
        """Return the construct called `name`."""
        return next(construct for construct in self.constructs if construct.name == name)

    def dimensions(self, parent: str) -> tuple[Construct, ...]:
        """Return the constructs that make up the second-order construct `parent`."""
        return tuple(c for c in self.constructs if c.parent == parent)

    def labels(self) -> dict[str, Text]:
        """Return the human label of every item and construct, by name."""
        items = {item.name: item.text for item in self.items}
        return items | {construct.name: construct.label for construct in self.constructs}

    def item_table(self) -> pd.DataFrame:
        """Return one row per item: wording, scale and construct; see `codebook_table`."""
        return codebook_table(self.items, self.constructs, self.layout())

    def _repr_html_(self) -> str:
        titles = " · ".join(escape(self.title.in_(language)) for language in LANGUAGES)
        head = f"{escape(self.name)} {escape(self.version)}"
        table = self.item_table().to_html(index=False, na_rep="–", escape=True)
        return f"<h4>{titles} <small>{head}</small></h4>{table}"


def _remaining_constructs(
    constructs: tuple[Construct, ...], gone: Collection[str]
) -> tuple[Construct, ...]:
    """Return constructs less some items; one that loses its last item or dimension goes too."""
    left = [replace(c, items=tuple(n for n in c.items if n not in gone)) for c in constructs]

    def stays(construct: Construct) -> bool:
        dimensions = (c for c in left if c.parent == construct.name)
        return bool(construct.items) or any(stays(dimension) for dimension in dimensions)

    return tuple(construct for construct in left if stays(construct))


def _remaining_pages(pages: tuple[Page, ...], gone: Collection[str]) -> tuple[Page, ...]:
    left = [replace(page, items=tuple(n for n in page.items if n not in gone)) for page in pages]
    return tuple(page for page in left if page.items)
