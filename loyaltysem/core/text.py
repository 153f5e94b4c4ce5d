"""Words that exist in every language the project speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Text:
    """One message in English and Chinese; an empty Chinese text falls back to English.

    Examples
    --------
    >>> Text("trust", "信任").in_("zh")
    '信任'
    >>> str(Text("trust", "信任"))
    'trust'
    """

    en: str
    zh: str = ""

    def in_(self, language: Language) -> str:
        """Return the wording in `language`."""
        return (self.zh or self.en) if language == "zh" else self.en

    def __str__(self) -> str:
        return self.en
