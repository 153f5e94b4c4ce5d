import re

import pytest

from loyaltysem.core.errors import LoyaltySemError
from loyaltysem.core.references import ALL, REFERENCES, Reference, reference


def test_keys_are_unique_and_every_source_can_be_found():
    assert len(REFERENCES) == len(ALL)
    assert all(reference(source.key) is source for source in ALL)


def test_dois_are_unique():
    dois = [source.doi for source in ALL if source.doi]
    assert len(set(dois)) == len(dois)


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.key)
def test_entry_is_plausible(source):
    assert 1900 < source.year < 2030
    assert source.key.endswith(str(source.year))
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*_\d{4}", source.key)
    assert source.authors and all(re.match(r".+, [A-Z]", author) for author in source.authors)
    assert source.doi == "" or re.fullmatch(r"10\.\d{4,9}/\S+", source.doi)
    assert source.entry.startswith(source.authors[0])
    assert f"({source.year})" in source.entry and ".." not in source.entry.replace("...", "")


def test_citation_by_number_of_authors():
    one, two, three = ("A, B.",), ("A, B.", "C, D."), ("A, B.", "C, D.", "E, F.")
    shown = [Reference("k_2000", who, 2000, "T", "W").citation for who in (one, two, three)]
    assert shown == ["A (2000)", "A & C (2000)", "A et al. (2000)"]
    assert Reference("k_2000", two, 2000, "T", "W").in_parentheses == "A & C, 2000"


def test_entry_with_several_authors_and_doi():
    source = Reference(
        "k_2000", ("A, B.", "C, D.", "E, F."), 2000, "Why?", "W, 1(2), 3–4", "10.1234/x"
    )
    assert (
        source.entry == "A, B., C, D., & E, F. (2000). Why? W, 1(2), 3–4. https://doi.org/10.1234/x"
    )


def test_unknown_key_suggests_the_nearest():
    with pytest.raises(LoyaltySemError, match="No source has the key") as caught:
        reference("hu_bentler_99")
    assert caught.value.code == "reference.unknown"
    assert "hu_bentler_1999" in caught.value.hint
