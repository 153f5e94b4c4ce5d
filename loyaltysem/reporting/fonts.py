"""Fonts that hold every character of a picture, and the measure of a text set in them.

The package ships its own (`fonts_data`, made by ``tools/make_font.py``), so that pictures and pages
are the same on every machine; matplotlib brings DejaVu Sans for scripts and signs beyond it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import matplotlib
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.textpath import TextPath

from loyaltysem.core.text import Language

SHIPPED = "loyaltysem Sans"
SHIPPED_CHINESE = "loyaltysem Sans SC"
#: Set character by character from the first that has it.
SHIPPED_FAMILIES = (SHIPPED, SHIPPED_CHINESE, "DejaVu Sans")
FONT_FOLDERS = (
    Path(__file__).parent / "fonts_data",
    Path(matplotlib.get_data_path()) / "fonts" / "ttf",
)
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
EM = 100.0
#: FreeType tells unhinted advances in 1/65536 of a pixel.
FIXED_POINT = 65536


@dataclass(frozen=True, slots=True)
class Typeface:
    """One font family; ``loyaltysem Sans`` stands for the shipped ones together."""

    family: str

    def properties(self, size: float, *, bold: bool = False) -> FontProperties:
        """Return matplotlib's description of the font at `size` points."""
        weight = "bold" if bold else "normal"
        return FontProperties(family=_families(self.family), size=size, weight=weight)

    def width(self, text: str, size: float) -> float:
        """Return the width in inches of one line set at `size` points."""
        return _width(self.family, text, size)

    def extent(self, lines: Iterable[str], size: float) -> tuple[float, float]:
        """Return width and height in inches of some lines set at `size` points."""
        kept = list(lines)
        wide = max((self.width(line, size) for line in kept), default=0.0)
        return wide, len(kept) * size * LINE_HEIGHT / POINTS_PER_INCH


def typeface_for(texts: Iterable[str], language: Language) -> Typeface | None:
    """Return the first font that has a glyph for every character, or None.

    Parameters
    ----------
    texts : iterable of str
        Everything the picture will print.
    language : {"en", "zh"}
        Decides which installed families are tried when the shipped ones do not do.
    """
    needed = {ord(c) for text in texts for c in text if not c.isspace()}
    first, then = (
        (CJK_FAMILIES, LATIN_FAMILIES) if language == "zh" else (LATIN_FAMILIES, CJK_FAMILIES)
    )
    for family in (SHIPPED, *first, *then):
        if (glyphs := _glyphs(family)) is not None and needed <= glyphs:
            return Typeface(family)
    return None


def shipped_glyphs() -> frozenset[int]:
    """Return the code points that the shipped fonts can show together."""
    return _glyphs(SHIPPED) or frozenset()


def _families(family: str) -> list[str]:
    return [*SHIPPED_FAMILIES] if family == SHIPPED else [family]


def _register() -> None:
    """Make the shipped fonts known to matplotlib, for this process only."""
    for path in sorted(FONT_FOLDERS[0].glob("*.otf")):
        fontManager.addfont(path)


_register()


@lru_cache(maxsize=64)
def _glyphs(family: str) -> frozenset[int] | None:
    """Return the code points a family can show, or None when it is not installed."""
    found: set[int] = set()
    for name in _families(family):
        try:
            path = findfont(FontProperties(family=name), fallback_to_default=False)
        except ValueError:
            return None
        found |= set(get_font(path).get_charmap())
    return frozenset(found)


@lru_cache(maxsize=8192)
def advance(character: str) -> float:
    """Return how far a character of the shipped fonts moves the pen, in ems.

    Examples
    --------
    >>> round(advance("客"), 3), round(advance("0"), 3)
    (1.0, 0.555)
    """
    for name in SHIPPED_FAMILIES:
        font = get_font(findfont(FontProperties(family=name)))
        if ord(character) in font.get_charmap():
            font.set_size(EM, POINTS_PER_INCH)
            return float(font.load_char(ord(character)).linearHoriAdvance) / FIXED_POINT / EM
    return 1.0


@lru_cache(maxsize=4096)
def _width(family: str, text: str, size: float) -> float:
    """Return the set width of `text` in inches."""
    if not text.strip():
        return 0.0
    plain = text.replace("$", r"\$")  # a label is no formula, whatever it holds
    path = TextPath((0, 0), plain, prop=FontProperties(family=_families(family), size=size))
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
