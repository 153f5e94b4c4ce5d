"""Cut model text into tokens that remember where they stood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from loyaltysem.core.errors import ModelSyntaxError, Span

TokenKind: TypeAlias = Literal["number", "name", "string", "operator", "end_of_line", "end"]

#: Longest first, so that ``=~`` is not read as ``=`` and ``~``.
OPERATORS = (
    "~*~", "=~", "<~", "~~", ":=", "==", "**", "<=", ">=",
    "~", "|", "<", ">", "+", "-", "*", "/", "^", "(", ")", ",", ":", "?", "=",
)  # fmt: skip

_PATTERN = re.compile(
    r"""
    (?P<space>[ \t\r\f\v\u00a0\u3000\ufeff]+)
  | (?P<comment>[#!][^\n]*)
  | (?P<end_of_line>[\n;])
  | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[^\W\d](?:[\w.]*\w)?|\.[^\W\d](?:[\w.]*\w)?|`[^`\n]+`)
  | (?P<string>"[^"\n]*"|'[^'\n]*')
  | (?P<operator>"""
    + "|".join(map(re.escape, OPERATORS))
    + ")",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of model text: its kind, its text without quotes, and its place."""

    kind: TokenKind
    text: str
    span: Span

    def is_operator(self, *texts: str) -> bool:
        """Tell whether this is one of the given operators."""
        return self.kind == "operator" and self.text in texts


def tokenise(source: str) -> list[Token]:
    """Cut `source` into tokens, dropping white space and comments.

    Parameters
    ----------
    source : str
        Model text in lavaan syntax. Comments start with ``#`` or ``!``.

    Returns
    -------
    list of Token
        Always closed by an ``end_of_line`` and an ``end`` token.

    Raises
    ------
    ModelSyntaxError
        At the first character that starts no token.

    Examples
    --------
    >>> [t.text for t in tokenise("f =~ x1  # marker")][:3]
    ['f', '=~', 'x1']
    """
    tokens: list[Token] = []
    position = 0
    for match in _PATTERN.finditer(source):
        start, kind = match.start(), match.lastgroup
        if start > position:
            break
        position = match.end()
        if kind in ("space", "comment"):
            continue
        text = match.group()
        if kind == "string" or text[0] == "`":
            text = text[1:-1]
        tokens.append(Token(kind, text, Span(source, start, position)))  # type: ignore[arg-type]  # kind is a group name of _PATTERN
    if position < len(source):
        raise _unreadable(source, position)
    stop = Span(source, len(source), len(source))
    return [*tokens, Token("end_of_line", "\n", stop), Token("end", "", stop)]


def _unreadable(source: str, position: int) -> ModelSyntaxError:
    character = source[position]
    full_width = {
        "，": ",",
        "；": ";",
        "＋": "+",
        "＝": "=",
        "～": "~",
        "＊": "*",
        "（": "(",
        "）": ")",
    }
    if character in "\"'`":
        hint = "Close the quotation on the same line."
    elif character in full_width:
        hint = f"This is a full-width character; type the ASCII '{full_width[character]}' instead."
    else:
        hint = "Names hold letters, digits, '_' and '.'; anything else goes between backticks."
    return ModelSyntaxError(
        f"The character {character!r} means nothing in a model.",
        code="syntax.character",
        hint=hint,
        span=Span(source, position, position + 1),
    )
