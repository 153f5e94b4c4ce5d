"""Errors that help: what was found, where, what was expected, what to do.

Every error carries a stable ``code`` (``area.problem``) and a ``hint``. An error raised about a
place in the model text carries a `Span` and prints the line with a caret under the fault.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from loyaltysem.core.text import Text

Severity: TypeAlias = Literal["note", "warning", "problem"]
NO_HINT = Text("")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source text, from offset `start` up to but not including `end`."""

    source: str
    start: int
    end: int

    @property
    def line(self) -> int:
        """Line number, counted from 1."""
        return self.source.count("\n", 0, self.start) + 1

    @property
    def column(self) -> int:
        """Column number within the line, counted from 1."""
        return self.start - (self.source.rfind("\n", 0, self.start) + 1) + 1

    @property
    def excerpt(self) -> str:
        """The source line with carets under the span."""
        begin = self.source.rfind("\n", 0, self.start) + 1
        stop = self.source.find("\n", self.start)
        line = self.source[begin : stop if stop >= 0 else len(self.source)].rstrip("\r")
        pad = "".join("\t" if c == "\t" else " " * _width(c) for c in line[: self.start - begin])
        marked = line[self.start - begin : max(self.end, self.start + 1) - begin]
        carets = "^" * max(1, sum(_width(c) for c in marked))
        return f"{line}\n{pad}{carets}"


def _width(character: str) -> int:
    """Columns a character takes in a terminal: CJK and full-width forms take two."""
    import unicodedata

    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class LoyaltySemError(Exception):
    """Root of every error the package raises on purpose.

    Parameters
    ----------
    message : str
        What was found and what was expected.
    code : str
        Stable name of the problem, such as ``"data.missing_column"``.
    hint : str
        What to do about it.
    span : Span, optional
        The place in the model text.
    """

    def __init__(self, message: str, *, code: str, hint: str = "", span: Span | None = None):
        self.message, self.code, self.hint, self.span = message, code, hint, span
        super().__init__(message)

    def __str__(self) -> str:
        where = f" line {self.span.line}, column {self.span.column}" if self.span else ""
        lines = [f"[{self.code}]{where}"]
        if self.span:
            lines += ["    " + part for part in self.span.excerpt.split("\n")]
        lines.append(self.message)
        if self.hint:
            lines.append(self.hint)
        return "\n".join(lines)


class ModelSyntaxError(LoyaltySemError):
    """The model text cannot be read."""


class ModelSpecificationError(LoyaltySemError):
    """The model text can be read but does not describe a model."""


class DataError(LoyaltySemError):
    """The data cannot be used as they are."""


class QuestionnaireError(LoyaltySemError):
    """A questionnaire file is not a valid questionnaire."""


class IncompatibleRequestError(LoyaltySemError):
    """The request asks for things that do not go together."""


class EstimationError(LoyaltySemError):
    """The numbers could not be computed."""


class MissingExtraError(LoyaltySemError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str, purpose: str):
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed.",
            code="install.missing_extra",
            hint=f'Install it with:  pip install "loyaltysem[{extra}]"',
        )


class LoyaltySemWarning(UserWarning):
    """Root of the package's warnings."""


class ConvergenceWarning(LoyaltySemWarning):
    """The optimiser stopped before its tolerance was met."""


class ImproperSolutionWarning(LoyaltySemWarning):
    """The solution contains an impossible value, such as a negative variance."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the reader of a result must know, in words.

    Parameters
    ----------
    code : str
        Stable name, such as ``"fit.heywood"``.
    text : Text
        What was found.
    hint : Text
        What to make of it or do about it.
    severity : {"note", "warning", "problem"}
        ``"problem"``: the numbers should not be used as they are.
    """

    code: str
    text: Text
    hint: Text = NO_HINT
    severity: Severity = "warning"

    def __str__(self) -> str:
        hint = f" {self.hint.en}" if self.hint.en else ""
        return f"[{self.severity}: {self.code}] {self.text.en}{hint}"


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `name`, if one is near enough to suggest.

    Examples
    --------
    >>> closest("Trst", ["Trust", "Loyalty"])
    'Trust'
    >>> closest("x", ["Trust"]) is None
    True
    """
    by_folded = {c.casefold(): c for c in candidates}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return ``"Did you mean 'Trust'?"``, or an empty string when nothing is near."""
    found = closest(name, candidates)
    return f"Did you mean '{found}'?" if found else ""
