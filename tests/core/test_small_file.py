"""What is wrong with a file is said by its kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyaltysem.core.errors import DataError, QuestionnaireError
from loyaltysem.core.small_file import MEGABYTE, FileKind, decoded, read_bytes

KIND = FileKind("list of gifts", "gifts", QuestionnaireError, "*.gift", 20, "Give less.")


def test_a_file_is_read_without_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.gift"
    path.write_bytes("\ufeff礼物".encode())
    assert decoded(read_bytes(path, KIND), path.name, KIND) == "礼物"


def test_what_is_wrong_is_said_in_the_words_of_the_kind(tmp_path: Path) -> None:
    (tmp_path / "spring.gift").write_bytes(b"x" * 21)
    cases = {
        tmp_path: ("gifts.is_directory", "is a folder, not a list of gifts", "Name the list"),
        tmp_path / "sprng.gift": ("gifts.file_missing", "no list of gifts", "spring.gift"),
        tmp_path / "no" / "a.gift": ("gifts.file_missing", "no list of gifts", "Check the path"),
        tmp_path / "spring.gift": ("gifts.too_large", "21 bytes; a list of gifts", "Give less"),
        tmp_path / ("a" * 300): ("gifts.unreadable", "cannot be read", "you may read it"),
    }
    for path, (code, said, cure) in cases.items():
        with pytest.raises(QuestionnaireError, match=said) as caught:
            read_bytes(path, KIND)
        assert caught.value.code == code and cure in caught.value.hint
    with pytest.raises(QuestionnaireError, match="not UTF-8: byte 3") as caught:
        decoded("caf\xe9".encode("latin-1"), "a.gift", KIND)
    assert caught.value.code == "gifts.encoding"


def test_sizes_are_told_in_megabytes_from_one_on() -> None:
    large = FileKind("log", "data", DataError, "*", 64 * MEGABYTE, "Split it.")
    with pytest.raises(DataError, match=r"a\.log has 2,048 MB; a log has at most 64 MB"):
        large.refuse_large(2048 * MEGABYTE, "a.log")
    large.refuse_large(64 * MEGABYTE, "a.log")
