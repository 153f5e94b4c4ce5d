"""Every work that a docstring or comment cites by author and year is in the list of sources."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from loyaltysem.core.references import ALL

PACKAGE = Path(__file__).parents[1] / "loyaltysem"
#: A family name, perhaps with "et al." or a genitive, in front of a year: ``Browne's (1984)``.
CITED = re.compile(r"([A-Z][\w-]+)(?:['’]s)?(?: et al\.)?,? \(?((?:18|19|20)\d\d)\b")
#: Words that stand in front of a year without being authors.
NO_AUTHORS = {"In"}


def plain(name: str) -> str:
    """Return a name without accents, so that spelling variants agree."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()


KNOWN = {(plain(author.split(",")[0]), source.year) for source in ALL for author in source.authors}


def citations(text: str) -> set[tuple[str, int]]:
    joined = re.sub(r"\s*\n\s*(?:#:? )?", " ", text)
    return {
        (plain(name), int(year))
        for name, year in CITED.findall(unicodedata.normalize("NFC", joined))
        if name not in NO_AUTHORS
    }


@pytest.mark.parametrize("text", ["(Browne 1984)", "Browne's (1984) test", "see Browne, 1984"])
def test_forms_of_a_citation_are_seen(text: str) -> None:
    assert citations(text) == {("browne", 1984)}
    assert citations("Jöreskog and Sörbom\n    (1993)") == {("sorbom", 1993)}


def test_every_citation_has_its_source() -> None:
    absent = {
        f"{path.relative_to(PACKAGE)}: {name} {year}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.name.endswith("_sources.py")
        for name, year in citations(path.read_text(encoding="utf-8"))
        if (name, year) not in KNOWN
    }
    assert absent == set()
