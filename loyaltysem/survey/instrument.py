"""The nouns of a questionnaire: scales, items, constructs, and the instrument they make up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Literal, TypeAlias, get_args

from loyaltysem.core.text import LANGUAGES, Text
from loyaltysem.survey.codebook_table import codebook

ScaleKind: TypeAlias = Literal["likert", "numeric", "choice", "text"]
Role: TypeAlias = Literal["measure", "attention", "profile", "nps", "open"]
Source: TypeAlias = Literal["respondent", "record"]
Entry: TypeAlias = Literal["asked", "url"]
NO_TEXT = Text("")
SCALE_KINDS: tuple[ScaleKind, ...] = get_args(ScaleKind)
ROLES: tuple[Role, ...] = get_args(Role)
SOURCES: tuple[Source, ...] = get_args(Source)
ENTRIES: tuple[Entry, ...] = get_args(Entry)
PAGE_LENGTH = 10  # items on a page when the questionnaire does not say


@dataclass(frozen=True, slots=True)
class Scale:
    """How an item is answered.

    Parameters
    ----------
    name : str
        Name the items refer to.
    kind : {"likert", "numeric", "choice", "text"}
        ``likert``: whole scale points from `minimum` to `maximum`; ``numeric``: any finite number
        within the bounds, if there are any; ``choice``: one of the codes in `labels`;
        ``text``: open answer, never scored.
    minimum, maximum : float or None
        Lowest and highest answer, in scale points or in `unit`.
    labels : mapping of int to Text
        Wording of the scale points, or of the choices.
    unit : Text
        Unit of a numeric answer, such as months.
    """

    name: str
    kind: ScaleKind = "likert"
    minimum: float | None = None
    maximum: float | None = None
    labels: Mapping[int, Text] = field(default_factory=dict)
    unit: Text = NO_TEXT

    @property
    def range(self) -> str:
        """The admissible answers, in words: ``"1 to 5"``."""
        if self.kind == "choice":
            return "one of " + ", ".join(str(code) for code in self.labels)
        if self.minimum is None and self.maximum is None:
            return "any number"
        low = "−∞" if self.minimum is None else f"{self.minimum:g}"
        high = "∞" if self.maximum is None else f"{self.maximum:g}"
        return f"{low} to {high}"

    @property
    def points(self) -> tuple[tuple[int, Text], ...]:
        """Every answer that can be chosen, with its wording; empty for numbers and open answers.

        Examples
        --------
        >>> Scale("s", "likert", 1, 3, {1: Text("no", "否"), 3: Text("yes", "是")}).points[1]
        (2, Text(en='', zh=''))
        """
        if self.kind == "choice":
            return tuple(self.labels.items())
        if self.kind != "likert" or self.minimum is None or self.maximum is None:
            return ()
        codes = range(int(self.minimum), int(self.maximum) + 1)
        return tuple((code, self.labels.get(code, NO_TEXT)) for code in codes)


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    Parameters
    ----------
    name : str
        The data column, and the variable in a model.
    text : Text
        Wording.
    scale : Scale
        How it is answered.
    construct : str or None
        What it measures.
    reverse : bool
        A high answer means little of the construct.
    role : {"measure", "attention", "profile", "nps", "open"}
        ``attention``: an item with a known right answer; ``profile``: demographics;
        ``nps``: likelihood to recommend, 0 to 10; ``open``: an answer in own words.
    expected : tuple of float
        The right answers of an attention item.
    required : bool
        A form does not let the respondent go on without an answer.
    source : {"respondent", "record"}
        ``record``: not asked; the value comes from the customer's account.
    module : str or None
        The optional part of the questionnaire it belongs to.
    hint : Text
        A line of help below the question.
    """

    name: str
    text: Text
    scale: Scale
    construct: str | None = None
    reverse: bool = False
    role: Role = "measure"
    expected: tuple[float, ...] = ()
    required: bool = False
    source: Source = "respondent"
    module: str | None = None
    hint: Text = NO_TEXT


@dataclass(frozen=True, slots=True)
class Construct:
    """What items measure, or what other constructs make up (then `items` is empty).

    Parameters
    ----------
    name : str
        Name in a model.
    label : Text
        Name for people.
    items : tuple of str
        Names of its items.
    parent : str or None
        The second-order construct it is a dimension of.
    sources : tuple of str
        Keys into the questionnaire's references.
    """

    name: str
    label: Text
    items: tuple[str, ...] = ()
    parent: str | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Module:
    """An optional part: a survey fields all of its items, or none."""

    name: str
    title: Text


@dataclass(frozen=True, slots=True)
class Page:
    """What a respondent sees at a time: item names under a heading."""

    name: str
    items: tuple[str, ...]
    title: Text = NO_TEXT
    intro: Text = NO_TEXT


@dataclass(frozen=True, slots=True)
class Link:
    """How an answer finds its customer; the column is the questionnaire's `respondent_id`.

    Parameters
    ----------
    text : Text
        What the respondent is asked for, such as the membership number.
    entry : {"asked", "url"}
        Typed by the respondent, or taken from the invitation: ``…?customer_id=C0001``.
    pattern : str
        Regular expression the whole key must match; empty for any.
    """

    text: Text
    entry: Entry = "asked"
    pattern: str = ""


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

    def _repr_html_(self) -> str:
        titles = " · ".join(escape(self.title.in_(language)) for language in LANGUAGES)
        head = f"{escape(self.name)} {escape(self.version)}"
        table = codebook(self).to_html(index=False, na_rep="–", escape=True)
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


def on_scale(answer: float, scale: Scale) -> bool:
    """Tell whether a number is a possible answer.

    Examples
    --------
    >>> agree = Scale("agree", "likert", 1, 5)
    >>> on_scale(5, agree), on_scale(2.5, agree), on_scale(6, agree)
    (True, False, False)
    """
    if scale.kind == "choice":
        return answer in scale.labels
    low = float("-inf") if scale.minimum is None else scale.minimum
    high = float("inf") if scale.maximum is None else scale.maximum
    whole = scale.kind != "likert" or float(answer).is_integer()
    return scale.kind != "text" and whole and low <= answer <= high


def default_role(scale: Scale) -> Role:
    """Return what an item is when nothing else is said."""
    return "open" if scale.kind == "text" else "measure"
