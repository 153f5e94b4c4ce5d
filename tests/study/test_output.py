import pytest

from loyaltysem.study.output import write_together


def test_writes_text_and_bytes_and_makes_folders(tmp_path):
    text, raw = tmp_path / "a" / "b" / "x.txt", tmp_path / "a" / "y.bin"
    write_together({text: "问卷\n", raw: b"\x00\x01"})
    assert text.read_bytes() == "问卷\n".encode()
    assert raw.read_bytes() == b"\x00\x01"
    assert [p.name for p in (tmp_path / "a").iterdir() if p.is_file()] == ["y.bin"]


def test_replaces_what_was_there(tmp_path):
    path = tmp_path / "x.txt"
    write_together({path: "old"})
    write_together({path: "new"})
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_no_file_and_no_folder(tmp_path):
    (tmp_path / "taken").mkdir()
    good, bad = tmp_path / "new" / "deep" / "x.txt", tmp_path / "taken"
    with pytest.raises(IsADirectoryError):
        write_together({good: "x", bad: "y"})
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_a_file_in_the_place_of_a_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError):
        write_together({tmp_path / "new" / "x.txt": "x", tmp_path / "file" / "y.txt": "y"})
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_interrupted_between_writes(tmp_path):
    class Interrupting(str):
        def encode(self, *_):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_together({tmp_path / "d" / "a": "a", tmp_path / "d" / "b": Interrupting("b")})
    assert list(tmp_path.iterdir()) == []
