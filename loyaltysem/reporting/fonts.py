"""Fonts that hold every character of a picture, and the measure of a text set in them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextPath

from loyaltysem.core.text import Language

LATIN_FAMILIES = ("Helvetica Neue", "Arial", "Liberation Sans", "DejaVu Sans")
CJK_FAMILIES = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "Noto Sans CJK JP",  # what older matplotlib sees of the collection file that also holds SC
    "Arial Unicode MS",
)
POINTS_PER_INCH = 72.0
LINE_HEIGHT = 1.28


@dataclass(frozen=True, slots=True)
class Typeface:
    """One installed font family."""

    family: str

    def properties(self, size: float, *, bold: bool = False) -> FontProperties:
        """Return matplotlib's description of the font at `size` points."""
        return FontProperties(family=self.family, size=size, weight="bold" if bold else "normal")

    def width(self, text: str, size: float) -> float:
        """Return the width in inches of one line set at `size` points."""
        return _width(self.family, text, size)

    def extent(self, lines: Iterable[str], size: float) -> tuple[float, float]:
        """Return width and height in inches of some lines set at `size` points."""
        kept = list(lines)
        wide = max((self.width(line, size) for line in kept), default=0.0)
        return wide, len(kept) * size * LINE_HEIGHT / POINTS_PER_INCH


def typeface_for(texts: Iterable[str], language: Language) -> Typeface | None:
    """Return the first installed font that has a glyph for every character, or None.

    Parameters
    ----------
    texts : iterable of str
        Everything the picture will print.
    language : {"en", "zh"}
        Decides which families are tried first.
    """
    needed = {ord(c) for text in texts for c in text if not c.isspace()}
    first, then = (
        (CJK_FAMILIES, LATIN_FAMILIES) if language == "zh" else (LATIN_FAMILIES, CJK_FAMILIES)
    )
    for family in (*first, *then):
        if (glyphs := _glyphs(family)) is not None and needed <= glyphs:
            return Typeface(family)
    return None


@lru_cache(maxsize=64)
def _glyphs(family: str) -> frozenset[int] | None:
    """Return the code points a family can show, or None when it is not installed."""
    try:
        path = findfont(FontProperties(family=family), fallback_to_default=False)
    except ValueError:
        return None
    return frozenset(get_font(path).get_charmap())


@lru_cache(maxsize=4096)
def _width(family: str, text: str, size: float) -> float:
    """Return the set width of `text` in inches."""
    if not text.strip():
        return 0.0
    plain = text.replace("$", r"\$")  # a label is no formula, whatever it holds
    path = TextPath((0, 0), plain, prop=FontProperties(family=family, size=size))
    return float(path.get_extents().width) / POINTS_PER_INCH


def wrapped(text: str, limit: int = 16) -> tuple[str, ...]:
    """Break a label into lines of about equal length; a CJK character counts as two columns.

    Examples
    --------
    >>> wrapped("Customer lifetime value")
    ('Customer', 'lifetime value')
    >>> wrapped("客户关系质量")
    ('客户关系质量',)
    >>> wrapped("客户终身价值与口碑传播")
    ('客户终身价值', '与口碑传播')
    """
    pieces = _pieces(text)
    total = sum(_columns(p) for p in pieces)
    count = max(1, -(-total // limit))
    target = total / count
    lines: list[str] = []
    line = ""
    for piece in pieces:
        longer = line + piece
        overshoot = _columns(longer.rstrip()) - target
        if line.strip() and len(lines) < count - 1 and overshoot > max(1.0, _columns(piece) / 2):
            lines.append(line.strip())
            line = piece
        else:
            line = longer
    return (*lines, line.strip())


def _pieces(text: str) -> list[str]:
    """Return unbreakable pieces: words with their space, or single CJK characters."""
    pieces: list[str] = []
    for c in text:
        if not pieces or _is_wide(c) or pieces[-1].endswith(" ") or _is_wide(pieces[-1][-1]):
            pieces.append(c)
        else:
            pieces[-1] += c
    return pieces


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _columns(text: str) -> int:
    return sum(2 if _is_wide(c) else 1 for c in text)
