"""One document, or the same in several languages, as one self-contained HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Block, Document
from loyaltysem.reporting.paper import PHRASES
from loyaltysem.reporting.plain import printable
from loyaltysem.reporting.svg import with_own_ids

if TYPE_CHECKING:
    from jinja2 import Template

SKIP = Text("Skip to the text", "跳至正文")
HTML_LANGUAGE = {"en": "en", "zh": "zh-Hans"}
LANGUAGE_NAMES = {"en": "English", "zh": "中文"}
#: Tables with more rows are closed until a reader opens them; on paper every one is open.
LONGEST_OPEN = 40


@dataclass(frozen=True, slots=True)
class _Page:
    """A document with the words around it and the prefix of its anchors."""

    document: Document
    prefix: str

    @property
    def say(self) -> dict[str, str]:
        language = self.document.language
        return {key: text.in_(language) for key, text in {**PHRASES, "skip": SKIP}.items()}

    @property
    def lang(self) -> str:
        return HTML_LANGUAGE[self.document.language]

    @property
    def other(self) -> str:
        return HTML_LANGUAGE["en" if self.document.language == "zh" else "zh"]

    @property
    def name(self) -> str:
        return LANGUAGE_NAMES[self.document.language]


def to_html(*documents: Document) -> str:
    """Return the documents as HTML text; of several languages a switch shows one at a time.

    Notes
    -----
    Nothing is loaded from elsewhere and no script runs: the switch is two radio buttons and one
    rule of style. Every string of a document is escaped; only the pictures' SVG, which this package
    draws itself, is inserted as it is. The same documents give the same bytes.
    """
    return _template().render(
        pages=[_Page(d, f"{d.language}-" if place else "") for place, d in enumerate(documents)],
        kind=_kind,
        own_ids=_own_ids,
        longest_open=LONGEST_OPEN,
    )


def _kind(block: Block) -> str:
    """Return a block's class name, by which the template chooses its markup."""
    return type(block).__name__


def _own_ids(svg: str, prefix: str) -> str:
    return with_own_ids(svg, prefix) if prefix else svg


def _finalized(value: object) -> object:
    """Mark what no page can hold; markup of our own stays as it is."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("loyaltysem.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.j2")
