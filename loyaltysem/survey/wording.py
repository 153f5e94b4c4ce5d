"""Hints on the wording of items: what respondents often stumble over. Never more than hints.

A pattern cannot know what an item means. It points at words; whether they do harm is for the
researcher, and a pretest, to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from loyaltysem.core.text import LANGUAGES, Language, Text
from loyaltysem.survey.instrument import Item, Questionnaire
from loyaltysem.survey.wording_rules import NOTES, RULES, Kind

if TYPE_CHECKING:
    import pandas as pd

LONG_ENGLISH = 25  # words
LONG_CHINESE = 40  # characters
LONG_CLAUSE = 25  # Chinese characters without a pause
HARD = 30.0  # reading ease below which a text counts as very difficult
ENOUGH_WORDS = 8  # fewer do not carry an index of readability


@dataclass(frozen=True, slots=True)
class WordingHint:
    """Something in the wording of an item to look at again.

    Parameters
    ----------
    item : str
        Name of the item.
    language : {"en", "zh"}
        Of the wording.
    kind : str
        Stable name, such as ``"double_barrelled"``.
    passage : str
        The words that gave rise to it, or a number.
    note : Text
        Why it may do harm.
    """

    item: str
    language: Language
    kind: Kind
    passage: str
    note: Text

    def __str__(self) -> str:
        return f"{self.item} ({self.language}): “{self.passage}” {self.note.en}"


@dataclass(frozen=True, slots=True)
class WordingHints:
    """All hints on a questionnaire, in the order of its items."""

    hints: tuple[WordingHint, ...]

    def __iter__(self) -> Iterator[WordingHint]:
        return iter(self.hints)

    def __len__(self) -> int:
        return len(self.hints)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per hint: ``item language kind passage note_en note_zh``."""
        import pandas as pd

        columns = ["item", "language", "kind", "passage", "note_en", "note_zh"]
        rows = [(h.item, h.language, h.kind, h.passage, h.note.en, h.note.zh) for h in self.hints]
        return pd.DataFrame(rows, columns=columns)

    def __str__(self) -> str:
        return "\n".join(map(str, self.hints)) or "No hints on the wording."

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(hint.item)}</th><td>{escape(hint.passage)}</td>"
            f"<td>{escape(hint.note.in_(hint.language))}</td></tr>"
            for hint in self.hints
        )
        return f"<table>{rows}</table>" if rows else "<p>No hints on the wording. 无措辞提示。</p>"


def wording_hints(questionnaire: Questionnaire) -> WordingHints:
    """Return hints on the wording of every item that is asked, in both languages.

    Parameters
    ----------
    questionnaire : Questionnaire
        The instrument.

    Returns
    -------
    WordingHints
        Iterable, with a ``.frame``. Kinds: ``double_barrelled``, ``leading``, ``negation``,
        ``double_negation``, ``absolute``, ``long``, ``hard_to_read``.

    Notes
    -----
    English readability is Flesch's (1948) reading ease, 206.835 − 1.015 words per sentence −
    84.6 syllables per word, for items of at least eight words; syllables are counted by groups of
    vowels. A text counts as hard below 30. For Chinese no index has that standing: an item is
    long beyond 40 characters and hard to read when 25 follow each other without a pause. These
    bounds, and 25 English words, are this project's rules of thumb.

    Examples
    --------
    >>> from loyaltysem.core.text import Text
    >>> from loyaltysem.survey.instrument import Item, Scale
    >>> item = Item("q1", Text("The staff are fast and friendly.", "店员高效。"), Scale("s"))
    >>> print(*hints_on(item))
    q1 (en): “and” may ask two things at once: whoever agrees with one of them only cannot answer
    """
    return WordingHints(tuple(h for item in questionnaire.asked_items for h in hints_on(item)))


def hints_on(item: Item) -> Iterator[WordingHint]:
    """Return the hints on one item; attention items are meant to be odd and get none."""
    if item.role == "attention":
        return
    for language in LANGUAGES:
        wording = item.text.en if language == "en" else item.text.zh
        for kind, passage in (*_by_rules(wording, language), *_by_length(wording, language)):
            yield WordingHint(item.name, language, kind, passage, NOTES[kind])


def _by_rules(wording: str, language: Language) -> Iterator[tuple[Kind, str]]:
    for rule in RULES:
        if rule.language != language:
            continue
        looked_at = rule.harmless.sub("□", wording) if rule.harmless else wording
        found = rule.pattern.findall(looked_at)
        double = rule.kind == "negation" and len(found) > 1
        if found:
            yield ("double_negation" if double else rule.kind), " … ".join(_once(found))


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word.lower() for word in words))


def _by_length(wording: str, language: Language) -> Iterator[tuple[Kind, str]]:
    if language == "en":
        words = len(_words(wording))
        if words > LONG_ENGLISH:
            yield "long", f"{words} words"
        elif words >= ENOUGH_WORDS and (ease := reading_ease(wording)) < HARD:
            yield "hard_to_read", f"reading ease {ease:.0f}"
        return
    clauses = re.split(r"[，。；：、？！,.;:?!\s（）()“”]+", wording)
    length, longest = sum(map(len, clauses)), max(map(len, clauses), default=0)
    if length > LONG_CHINESE:
        yield "long", f"{length} 字"
    elif longest >= LONG_CLAUSE:
        yield "hard_to_read", f"{longest} 字无停顿"


def reading_ease(text: str) -> float:
    """Return Flesch's reading ease of an English text; higher is easier, 100 very easy.

    Examples
    --------
    >>> round(reading_ease("The cat sat on the mat."), 1)
    116.1
    """
    words = _words(text)
    if not words:
        return float("nan")
    sentences = max(1, len(re.findall(r"[.!?]+(?:\s|$)", text)))
    syllables = sum(map(_syllables, words))
    return 206.835 - 1.015 * len(words) / sentences - 84.6 * syllables / len(words)


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z]+(?:['’-][A-Za-z]+)*", text)


def _syllables(word: str) -> int:
    """Count groups of vowels; a silent e at the end is none, and every word has one."""
    lower = word.lower()
    groups = len(re.findall(r"[aeiouy]+", lower))
    silent = lower.endswith("e") and not lower.endswith(("le", "ee", "ye"))
    return max(1, groups - silent)
