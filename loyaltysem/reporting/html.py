"""A document as one self-contained HTML page."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Block, Document

if TYPE_CHECKING:
    from jinja2 import Template

PHRASES = {
    "contents": Text("Contents", "目录"),
    "table": Text("Table", "表"),
    "figure": Text("Figure", "图"),
    "note": Text("Note.", "注："),
    "skip": Text("Skip to the text", "跳至正文"),
}
HTML_LANGUAGE = {"en": "en", "zh": "zh-Hans"}


def to_html(document: Document) -> str:
    """Return the document as HTML text.

    Notes
    -----
    Nothing is loaded from elsewhere and no script runs. Every string of the document is escaped;
    only the pictures' SVG, which this package draws itself, is inserted as it is. The same document
    gives the same bytes.
    """
    return _template().render(
        document=document,
        kind=_kind,
        other=HTML_LANGUAGE["en" if document.language == "zh" else "zh"],
        lang=HTML_LANGUAGE[document.language],
        say={key: text.in_(document.language) for key, text in PHRASES.items()},
    )


def _kind(block: Block) -> str:
    """Return a block's class name, by which the template chooses its markup."""
    return type(block).__name__


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("loyaltysem.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.j2")
