"""A matplotlib figure as SVG text that is the same every time and needs no font."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PROLOGUE = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_COMMENT = re.compile(r"\s*<!--.*?-->", re.DOTALL)
"""matplotlib repeats every label as a comment; labels are data and do not belong in markup."""
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)


def svg_of(figure: Figure, salt: str) -> str:
    """Return the figure as an ``<svg>`` element.

    Parameters
    ----------
    figure : matplotlib Figure
    salt : str
        Makes the ids of one picture different from those of others in the same page.

    Notes
    -----
    Text becomes outlines, so Chinese shows on a machine without a Chinese font. There is no date.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    FigureCanvasSVG(figure)
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = _COMMENT.sub("", _PROLOGUE.sub("", buffer.getvalue(), count=1))
    text = _METADATA.sub("", text)
    return with_own_ids(text, f"{salt}-")


def with_own_ids(svg: str, prefix: str) -> str:
    """Prefix every id: pages hold several pictures, and matplotlib numbers each from one.

    Examples
    --------
    >>> with_own_ids('<g id="a"/><use href="#a" clip-path="url(#b)"/>', "zh-")
    '<g id="zh-a"/><use href="#zh-a" clip-path="url(#zh-b)"/>'
    """
    prefixed = re.sub(r'\bid="', f'id="{prefix}', svg)
    prefixed = re.sub(r'href="#', f'href="#{prefix}', prefixed)
    return re.sub(r"url\(#", f"url(#{prefix}", prefixed)
