"""The parts a questionnaire is made of: scales, items, constructs, modules, pages, the link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from loyaltysem.core.text import Text

ScaleKind: TypeAlias = Literal["likert", "numeric", "choice", "text"]
Role: TypeAlias = Literal["measure", "attention", "profile", "nps", "open"]
Source: TypeAlias = Literal["respondent", "record"]
Entry: TypeAlias = Literal["asked", "url"]
NO_TEXT = Text("")
SCALE_KINDS: tuple[ScaleKind, ...] = get_args(ScaleKind)
ROLES: tuple[Role, ...] = get_args(Role)
SOURCES: tuple[Source, ...] = get_args(Source)
ENTRIES: tuple[Entry, ...] = get_args(Entry)


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
