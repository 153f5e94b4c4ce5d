"""Text as it may stand on a page: what cannot be shown is marked, never dropped in silence."""

from __future__ import annotations

import re

MARK = "\N{REPLACEMENT CHARACTER}"
#: Controls, surrogates and non-characters, which XML and PDF cannot hold; marks that turn the
#: reading direction of everything after them, with which a label could disguise a number.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_LINE_ENDS = re.compile("\r\n?")
_WORD = re.compile(r"\S+")
BREAK = "\N{ZERO WIDTH SPACE}"
LONGEST_WORD = 26


def printable(text: str) -> str:
    r"""Return `text` with a visible mark for every character no page can hold.

    Examples
    --------
    >>> printable("=cmd()|A1\x00\u202eevil")
    '=cmd()|A1��evil'
    """
    return _UNSAFE.sub(MARK, _LINE_ENDS.sub("\n", text))


def breakable(text: str, longest: int = LONGEST_WORD) -> str:
    """Return `text` with places to break in words too long for a column.

    Examples
    --------
    >>> breakable("Donau-dampf", longest=5).split(BREAK)
    ['Donau', '-damp', 'f']
    """
    return _WORD.sub(lambda found: _broken(found.group(), longest), text)


def _broken(word: str, longest: int) -> str:
    if len(word) <= longest:
        return word
    return BREAK.join(word[start : start + longest] for start in range(0, len(word), longest))
