"""The nouns of a questionnaire: scales, items, constructs, and the instrument they make up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from loyaltysem.core.text import LANGUAGES, Text

if TYPE_CHECKING:
    import pandas as pd

ScaleKind: TypeAlias = Literal["likert", "numeric", "choice", "text"]
NO_TEXT = Text("")
SCALE_KINDS: tuple[ScaleKind, ...] = get_args(ScaleKind)


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


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `name` is the data column and the variable in a model."""

    name: str
    text: Text
    scale: Scale
    construct: str | None = None
    reverse: bool = False


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
    file_name, file_hash : str
        Name of the file read, and the SHA-256 of its bytes.
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

    @property
    def scored_items(self) -> tuple[Item, ...]:
        """Items answered by a number: all but open answers."""
        return tuple(item for item in self.items if item.scale.kind != "text")

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


def codebook(questionnaire: Questionnaire) -> pd.DataFrame:
    """Return one row per item: wording, scale and construct in both languages.

    Returns
    -------
    DataFrame
        Columns ``item construct construct_en construct_zh text_en text_zh scale kind minimum
        maximum labels_en labels_zh unit_en unit_zh reverse sources``.
    """
    import pandas as pd

    return pd.DataFrame([_codebook_row(questionnaire, item) for item in questionnaire.items])


def _codebook_row(questionnaire: Questionnaire, item: Item) -> dict[str, object]:
    construct = questionnaire.construct(item.construct) if item.construct else None
    label = construct.label if construct else NO_TEXT
    scale = item.scale
    return {
        "item": item.name,
        "construct": item.construct,
        **{f"construct_{language}": label.in_(language) for language in LANGUAGES},
        **{f"text_{language}": item.text.in_(language) for language in LANGUAGES},
        "scale": scale.name,
        "kind": scale.kind,
        "minimum": scale.minimum,
        "maximum": scale.maximum,
        **{
            f"labels_{language}": "; ".join(f"{k} {v.in_(language)}" for k, v in points)
            for language in LANGUAGES
            for points in [scale.labels.items()]
        },
        **{f"unit_{language}": scale.unit.in_(language) for language in LANGUAGES},
        "reverse": item.reverse,
        "sources": ", ".join(construct.sources) if construct else "",
    }
