"""The shipped fonts: enough characters, one measure, own names and licence."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from loyaltysem.reporting import fonts

DATA = Path(fonts.__file__).parent / "fonts_data"
ROOT = Path(fonts.__file__).parents[2]
FILES = sorted(DATA.glob("*.otf"))


def test_every_character_the_package_can_print_is_in_the_shipped_fonts():
    sources = [*(ROOT / "loyaltysem").rglob("*.py"), *(ROOT / "questionnaires").glob("*.yaml")]
    used = {c for path in sources for c in path.read_text(encoding="utf-8")}
    marks = {c for c in used if "\u0300" <= c <= "\u036f"}  # combining: composed where printed
    missing = {c for c in used - marks if not c.isspace()} - {
        chr(c) for c in fonts.shipped_glyphs()
    }
    assert missing <= {"ȳ"}  # in formulas of docstrings only


def test_all_of_gb2312_is_there():
    codes = ((a, b) for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF))
    chinese = [bytes(pair).decode("gb2312", errors="ignore") for pair in codes]
    assert len("".join(chinese)) == 6763
    assert {ord(c) for c in "".join(chinese)} <= fonts.shipped_glyphs()


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_changed_font_goes_by_its_own_name_under_its_licence(path):
    names = TTFont(path)["name"]
    assert names.getDebugName(1).startswith("loyaltysem Sans")
    assert "Adobe" in names.getDebugName(0)
    assert "SIL Open Font License" in names.getDebugName(13)


def test_the_licence_lies_beside_the_fonts():
    assert len(FILES) == 4
    text = (DATA / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "Adobe" in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pictures_use_the_shipped_fonts_first(language):
    face = fonts.typeface_for(["客户忠诚度 χ² ≤ .06"], language)
    assert face.family == fonts.SHIPPED
    assert face.width("客户", 10) > face.width("客", 10)


def test_advances_are_those_of_the_font():
    font = TTFont(DATA / "loyaltysemSans-Regular.otf")
    width = font["hmtx"][font.getBestCmap()[ord("W")]][0] / font["head"].unitsPerEm
    assert fonts.advance("W") == pytest.approx(width, abs=1e-3)
    assert fonts.advance("\ue000") == 1.0
