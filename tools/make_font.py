"""Make the fonts that reports and pictures are set in from Noto Sans CJK.

    apt install fonts-noto-cjk
    python tools/make_font.py

writes into ``loyaltysem/reporting/fonts_data`` two weights each of two families, small enough to
ship: ``loyaltysem Sans`` (Latin, Greek, signs) and ``loyaltysem Sans SC`` (Chinese as of GB 2312).
A font made from another is a modified version; it stays under the SIL Open Font License, whose
text lies beside the files, and goes by a name of its own. Same source, same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

from fontTools import subset
from fontTools.misc.transform import Transform
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTCollection, TTFont

SOURCE = Path("/usr/share/fonts/opentype/noto")
TARGET = Path(__file__).parents[1] / "loyaltysem" / "reporting" / "fonts_data"
WEIGHTS = ("Regular", "Bold")
LATIN, CHINESE = "loyaltysem Sans", "loyaltysem Sans SC"
#: Version of our subset, not of the source, which its copyright line names.
VERSION = "1.000"
#: Seconds since 1904 of 1 January 2022: the fonts are the same whenever they are made.
MADE = 3723840000
COPYRIGHT = (
    "© 2014-2021 Adobe (http://www.adobe.com/). A subset of Noto Sans CJK SC 2.004, renamed; "
    "some signs are narrower."
)
KEPT_NAMES = (0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 13, 14)
FULL_WIDTH = 1000
#: Operators drawn as large as a Chinese character, and by how much to shrink them beside digits.
OPERATORS, SHRUNK = "≤≥≠≈×±÷√∑∞∫∂∏−∈∉", 0.84
MARGIN = 55.0
#: Middle of a full stop: where the dots of an ellipsis stand in Latin text.
BASELINE = 51.0


def main() -> None:
    """Make the four files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder of the collections")
    parser.add_argument("--target", type=Path, default=TARGET)
    given = parser.parse_args()
    given.target.mkdir(parents=True, exist_ok=True)
    for weight in WEIGHTS:
        collection = given.source / f"NotoSansCJK-{weight}.ttc"
        # The Korean face holds quotation marks as wide as Latin text wants them.
        latin = _cut(collection, "Noto Sans CJK KR", _latin(), ["kern"])
        _narrow(latin)
        chinese = _cut(collection, "Noto Sans CJK SC", _chinese(), [])
        for font, family in ((latin, LATIN), (chinese, CHINESE)):
            _rename(font, family, weight)
            path = given.target / f"{family.replace(' ', '')}-{weight}.otf"
            font.save(path, reorderTables=False)
            print(f"{path.name}: {len(font.getBestCmap())} characters, {path.stat().st_size:,} B")


def _latin() -> set[int]:
    """Latin, Greek, Cyrillic, punctuation, indices, arrows, operators.

    No combining marks: with them, letters the font lacks would be put together badly from parts
    instead of being taken whole from the next font.
    """
    spans = (
        (0x20, 0x24F), (0x370, 0x3FF), (0x400, 0x45F), (0x1E00, 0x1EFF),
        (0x2000, 0x20CF), (0x2100, 0x214F), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2713, 0x2717),
        (0x25A0, 0x25FF), (0x2600, 0x2606),
    )  # fmt: skip
    return {code for low, high in spans for code in range(low, high + 1)}


def _chinese() -> set[int]:
    """GB 2312, 6,763 characters, with the punctuation around it."""
    lead = [*range(0xA1, 0xAA), *range(0xB0, 0xF8)]
    found = {ord(c) for a in lead for b in range(0xA1, 0xFF) for c in _gb2312(a, b)}
    spans = ((0x2000, 0x206F), (0x3000, 0x303F), (0xFF00, 0xFF5E))
    return {c for c in found if c >= 0x2000} | {c for a, b in spans for c in range(a, b + 1)}


def _gb2312(lead: int, trail: int) -> str:
    return bytes((lead, trail)).decode("gb2312", errors="ignore")


def _cut(collection: Path, name: str, codes: Iterable[int], features: list[str]) -> TTFont:
    """Return one face of a collection with these characters only, without hints."""
    faces = TTCollection(collection).fonts
    (font,) = (face for face in faces if face["name"].getDebugName(1) == name)
    options = subset.Options(
        hinting=False, layout_features=features, name_IDs=KEPT_NAMES, name_languages=[0x409],
        notdef_outline=True, glyph_names=False, recalc_timestamp=False,
        drop_tables=["VORG", "vhea", "vmtx", "BASE", "DSIG"],
    )  # fmt: skip
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)
    return font


def _narrow(font: TTFont) -> None:
    """Give signs as wide as a Chinese character the width of their ink, and small margins."""
    names: dict[int, str] = font.getBestCmap()
    middle = _middle(font, names[ord("+")])
    for code, name in sorted(names.items()):
        if font["hmtx"][name][0] == FULL_WIDTH:
            scale = SHRUNK if chr(code) in OPERATORS else 1.0
            _redraw(font, name, scale, BASELINE if chr(code) == "…" else middle)


def _bounds(font: TTFont, name: str) -> tuple[float, float, float, float] | None:
    pen = BoundsPen(font.getGlyphSet())
    font.getGlyphSet()[name].draw(pen)
    found: tuple[float, float, float, float] | None = pen.bounds
    return found


def _middle(font: TTFont, name: str) -> float:
    bounds = _bounds(font, name)
    assert bounds is not None
    return (bounds[1] + bounds[3]) / 2


def _redraw(font: TTFont, name: str, scale: float, middle: float) -> None:
    bounds = _bounds(font, name)
    if bounds is None:
        return
    left, low, right, high = bounds
    y = middle - scale * (low + high) / 2 if scale < 1 or middle == BASELINE else 0.0
    width = round(scale * (right - left) + 2 * MARGIN)
    glyphs = font.getGlyphSet()
    strings = font["CFF "].cff.topDictIndex[0].CharStrings
    old = strings[name]
    pen = T2CharStringPen(width - old.private.nominalWidthX, glyphs)
    moved = Transform(scale, 0, 0, scale, MARGIN - scale * left, y)
    glyphs[name].draw(TransformPen(pen, moved))
    new = pen.getCharString(private=old.private, globalSubrs=old.globalSubrs)
    old.bytecode, old.program = None, new.program
    font["hmtx"][name] = (width, round(MARGIN))


def _rename(font: TTFont, family: str, weight: str) -> None:
    """Give the font its own name: what is changed goes by another one."""
    post = f"{family.replace(' ', '')}-{weight}"
    names = {
        0: COPYRIGHT, 1: family, 2: weight, 3: f"{VERSION};{post}", 4: f"{family} {weight}",
        5: f"Version {VERSION}", 6: post,
    }  # fmt: skip
    table = font["name"]
    for record in list(table.names):
        if record.nameID in names:
            table.removeNames(nameID=record.nameID)
    for code, text in names.items():
        table.setName(text, code, 3, 1, 0x409)
    font["head"].created = font["head"].modified = MADE
    font["head"].fontRevision = float(VERSION)
    cff = font["CFF "].cff
    cff.fontNames = [post]
    top = cff.topDictIndex[0]
    _set(top, FullName=f"{family} {weight}", FamilyName=family, Notice=COPYRIGHT, Weight=weight)
    for number, part in enumerate(top.FDArray):
        _set(part, FontName=f"{post}-{number}")


def _set(part: object, **values: str) -> None:
    store: Callable[[str, str], None] = part.__setattr__
    for name, value in values.items():
        store(name, value)


if __name__ == "__main__":
    main()
