"""Files of answers: every format gives back what went in, and what is no answer file is refused."""

from __future__ import annotations

import io
import json
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.survey.exchange import limits
from loyaltysem.survey.exchange.answer_files import ANSWER_FORMATS, export_answers
from loyaltysem.survey.exchange.cells import cell_text, inert, live
from loyaltysem.survey.exchange.csv_file import write_csv
from loyaltysem.survey.exchange.workbook import FAULTS, read_sheets, write_sheets
from loyaltysem.survey.instrument import Item, Questionnaire, Scale
from loyaltysem.survey.responses import Responses, read_responses, responses_from_frame

from .conftest import csv_text, write

NASTY = (
    "=1+1",
    "+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "-x",
    "'=kept",
    "''",
    '他说："好"，\n然后走了。',
    "semi;colon,comma\ttab",
    "100%",
    " x ",
    "",
    "=",
)
HEADER = ["id", "t1", "t2", "k1", "months", "liked", "channel", "comment"]


@pytest.fixture
def answers(small: Questionnaire) -> Responses:
    rng = np.random.default_rng(5)
    n = len(NASTY)
    frame = pd.DataFrame(
        {
            "id": [f"C{k:03}" for k in range(n)],
            "t1": rng.integers(1, 6, n).astype(float),
            "t2": rng.integers(1, 6, n).astype(float),
            "k1": [np.nan, *rng.integers(1, 6, n - 1)],
            "months": np.round(rng.uniform(0, 99, n), 2),
            "liked": rng.integers(1, 6, n).astype(float),
            "channel": rng.integers(1, 3, n).astype(float),
            "comment": NASTY,
        }
    )
    return responses_from_frame(frame, small)


def saved(answers: Responses, name: str, folder: Path) -> Path:
    suffix = (*ANSWER_FORMATS[name].suffixes, ".csv")[0]
    path = folder / f"answers{suffix}"
    path.write_bytes(export_answers(answers.frame, answers.questionnaire, name, language="zh"))
    return path


@pytest.mark.parametrize("name", ANSWER_FORMATS)
def test_round_trip(answers: Responses, name: str, tmp_path: Path) -> None:
    back = read_responses(saved(answers, name, tmp_path), answers.questionnaire)
    pd.testing.assert_frame_equal(back.data, answers.data)
    for column in ("id", "comment"):
        found, wanted = (list(r.frame[column].map(cell_text)) for r in (back, answers))
        # SPSS pads every text with blanks.
        assert found == ([text.rstrip(" ") for text in wanted] if name == "sav" else wanted)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("sep", [",", ";", "\t"])
def test_csv_of_every_kind(answers: Responses, encoding: str, sep: str, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_bytes(write_csv(answers.frame, sep=sep, encoding=encoding))
    told = None if encoding.startswith("utf-8") else encoding
    back = read_responses(path, answers.questionnaire, encoding=told)
    pd.testing.assert_frame_equal(back.data, answers.data)
    assert list(back.frame["comment"]) == list(NASTY)


@pytest.mark.parametrize("name", ["csv", "qualtrics", "odk"])
def test_nothing_in_a_csv_runs(answers: Responses, name: str) -> None:
    text = export_answers(answers.frame, answers.questionnaire, name).decode("utf-8-sig")
    cells = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False).to_numpy().ravel()
    assert not [c for c in cells if c[:1] in tuple("=+-@\t\r") and inert(c) != c]
    assert "'=1+1" in cells


def test_nothing_in_a_workbook_runs(answers: Responses) -> None:
    content = export_answers(answers.frame, answers.questionnaire, "xlsx")
    package = zipfile.ZipFile(io.BytesIO(content))
    sheet = package.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "<f " not in sheet
    assert "<t>=1+1</t>" in sheet and 't="inlineStr"' in sheet


@given(st.text(max_size=12))
def test_inert_and_live(text: str) -> None:
    assert live(inert(text)) == text
    shown = inert(text)
    assert shown[:1] not in tuple("=@\t\r") or shown == ""


@pytest.mark.parametrize(
    ("value", "cell"),
    [(True, "True"), (pd.NA, ""), (pd.NaT, ""), (1e300, "1e+300"), (-0.5, "-0.5"), (7, "7")],
)
def test_cells(value: object, cell: str) -> None:
    assert cell_text(value) == cell


def test_qualtrics_headers(small: Questionnaire, tmp_path: Path) -> None:
    rows = [
        "StartDate,id,t1,t2,k1,months,liked,channel,comment",
        'Start Date,Id,"I trust\nit.",x,x,x,x,x,x',
        '"{""ImportId"":""startDate"",""timeZone"":""Z""}",'
        + ",".join(['"{""ImportId"":""Q""}"'] * 8),
        "2026-01-01 10:00:00,a,5,4,3,2,1,门店,好",
        "2026-01-01 10:05:00,b,1,,3,2,ok,app,",
    ]
    back = read_responses(write(tmp_path / "q.csv", "\n".join(rows)), small)
    assert back.counts["respondents"] == 2
    assert list(back.frame["channel"]) == [1.0, 2.0] and back.frame["liked"][1] == 5.0
    assert "StartDate" in back.frame
    bad = "\n".join(rows).replace("5,4,3", "9,4,3")
    with pytest.raises(DataError, match="row 4") as caught:
        read_responses(write(tmp_path / "bad.csv", bad), small, identify=True)
    assert caught.value.code == "data.off_scale"


@pytest.mark.parametrize("mark", ["/", "-", ":"])
def test_odk_and_kobo_columns(small: Questionnaire, mark: str, tmp_path: Path) -> None:
    header = ";".join(["start", "id", *(f"page1{mark}{name}" for name in HEADER[1:]), "_uuid"])
    row = "2026-01-01T10:00:00.000+08:00;a;5;4;3;2.5;1;1;好;uuid-1"
    back = read_responses(write(tmp_path / "k.csv", f"{header}\n{row}\n"), small)
    assert back.data["months"][0] == 2.5 and "start" in back.frame


def test_two_groups_with_one_item_name_are_not_guessed(
    small: Questionnaire, tmp_path: Path
) -> None:
    text = csv_text(
        *(f"{r},u,9" for r in ("a,1,2,3,4,5,1,x",)), header=",".join([*HEADER, "_uuid", "p/t1"])
    )
    back = read_responses(write(tmp_path / "k.csv", text), small)
    assert back.data["t1"][0] == 1 and "p/t1" in back.frame


def test_words_become_points_unless_they_are_numbers(small: Questionnaire, tmp_path: Path) -> None:
    rows = ("a,nay,是,3,4,5,门店,好", "b,5,否,2,0,1, app ,")
    back = read_responses(write(tmp_path / "w.csv", csv_text(*rows)), small)
    assert list(back.frame["t1"]) == [1, 5] and list(back.frame["channel"]) == [1, 2]
    scale = Scale("n", "likert", 1, 3, {1: Text("3", "3"), 3: Text("1", "1")})
    q = Questionnaire("q", "1", Text("q"), None, (scale,), (Item("a", Text("A"), scale),), ())
    assert list(read_responses(write(tmp_path / "n.csv", "a\n3\n1\n"), q).frame["a"]) == [3, 1]


def test_surveyjs_results(small: Questionnaire, tmp_path: Path) -> None:
    rows = [
        {"id": "a", "t1": 5, "t2": 1, "k1": 3, "months": 1.5, "liked": 2, "channel": 1},
        {"id": "b", "t1": 4, "k1": 3, "months": 2, "liked": 2, "channel": 2, "comment": "=x"},
    ]
    for content in (rows, {"Data": rows}):
        path = write(tmp_path / "r.json", json.dumps(content))
        back = read_responses(path, small)
        assert np.isnan(back.data["t2"][1]) and back.frame["comment"][1] == "=x"
    one = read_responses(write(tmp_path / "o.json", json.dumps({**rows[0], "comment": ""})), small)
    assert one.counts["respondents"] == 1


def test_declared_missing_values_of_spss(small: Questionnaire, tmp_path: Path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    frame = pd.DataFrame([["a", 5.0, 4.0, 77.0, 2.0, 1.0, 1.0, "x"]], columns=HEADER)
    path = tmp_path / "s.sav"
    pyreadstat.write_sav(frame, str(path), missing_ranges={"k1": [77]})
    assert np.isnan(read_responses(path, small).data["k1"][0])


def test_numeric_ids_have_no_decimals(small: Questionnaire, tmp_path: Path) -> None:
    pytest.importorskip("pyreadstat")
    frame = pd.DataFrame([[1001.0, 5.0, 4.0, 1.0, 2.0, 1.0, 1.0, "x"]], columns=HEADER)
    for name, suffix in (("sav", ".sav"), ("dta", ".dta"), ("xlsx", ".xlsx")):
        path = tmp_path / f"n{suffix}"
        path.write_bytes(export_answers(frame, small, name))
        assert list(read_responses(path, small).frame["id"]) == ["1001"]


def test_stata_refuses_names_it_does_not_take(small: Questionnaire) -> None:
    pytest.importorskip("pyreadstat")
    with pytest.raises(DataError, match=r"cannot be written as \.dta") as caught:
        export_answers(pd.DataFrame({"a.b": [1.0]}), small, "dta")
    assert caught.value.code == "export.labelled"


def test_unknown_formats(small: Questionnaire, tmp_path: Path) -> None:
    with pytest.raises(IncompatibleRequestError, match="Did you mean 'xlsx'"):
        export_answers(pd.DataFrame(), small, "xslx")
    with pytest.raises(DataError, match=r"\(\.xls\) are not read"):
        read_responses(tmp_path / "old.xls", small)


def test_ten_thousand_rows_of_two_hundred_items_in_three_seconds(tmp_path: Path) -> None:
    scale = Scale("s", "likert", 1, 5)
    items = tuple(Item(f"q{k}", Text("Q", "题"), scale) for k in range(200))
    q = Questionnaire("big", "1", Text("Big", "大"), None, (scale,), items, ())
    values = np.random.default_rng(0).integers(1, 6, (10_000, 200))
    lines = [",".join(item.name for item in items), *(",".join(map(str, row)) for row in values)]
    path = write(tmp_path / "big.csv", "\n".join(lines))
    seconds = []
    for _ in range(2):  # the better of two: the machine may be busy
        begin = time.perf_counter()
        back = read_responses(path, q)
        seconds.append(time.perf_counter() - begin)
    assert (back.data.to_numpy() == values).all()
    assert min(seconds) < 3.0


# ---- files that are not what they claim ----------------------------------------------------------


def refused(path: Path, q: Questionnaire, words: str | None) -> DataError:
    with pytest.raises(DataError, match=words) as caught:
        read_responses(path, q)
    assert path.name in str(caught.value)
    return caught.value


def packed(*parts: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts:
            package.writestr(name, content)
    return stream.getvalue()


def test_zip_bombs(small: Questionnaire, tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(packed(("xl/worksheets/sheet1.xml", b"0" * (limits.MOST_UNPACKED + 1))))
    assert path.stat().st_size < 1_000_000
    assert refused(path, small, "MB unpacked").code == "data.too_large"
    path.write_bytes(packed(("xl/sharedStrings.xml", b"0" * (limits.MOST_KEPT + 1))))
    assert refused(path, small, "MB unpacked").code == "data.too_large"
    path.write_bytes(packed(*((f"{k}.xml", b"") for k in range(limits.MOST_PARTS + 1))))
    assert refused(path, small, "parts").code == "data.too_large"


def test_claims_of_two_gigabytes(small: Questionnaire, tmp_path: Path) -> None:
    content = packed(("xl/workbook.xml", b"<workbook/>"))
    place = content.rfind(b"PK\x01\x02") + 24
    path = tmp_path / "claims.xlsx"
    path.write_bytes(content[:place] + struct.pack("<I", 2**31) + content[place + 4 :])
    assert refused(path, small, "claims 2,048 MB unpacked").code == "data.too_large"


def test_entities_in_a_workbook(small: Questionnaire, tmp_path: Path) -> None:
    path = tmp_path / "laughs.xlsx"
    path.write_bytes(packed(("xl/workbook.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')))
    assert refused(path, small, "declares a document type").code == "data.broken_workbook"


def test_a_sheet_that_claims_to_be_endless(
    small: Questionnaire, answers: Responses, tmp_path: Path
) -> None:
    content = export_answers(answers.frame, small, "xlsx")
    old = zipfile.ZipFile(io.BytesIO(content))

    def spoiled(change: Callable[[bytes], bytes]) -> bytes:
        sheet = "xl/worksheets/sheet1.xml"
        parts = [(n, change(old.read(n)) if n == sheet else old.read(n)) for n in old.namelist()]
        return packed(*parts)

    path = tmp_path / "wide.xlsx"
    path.write_bytes(spoiled(lambda x: x.replace(b'ref="A1:H13"', b'ref="A1:XFD1048576"')))
    assert read_responses(path, small).counts["respondents"] == len(NASTY)
    path.write_bytes(spoiled(lambda x: x.replace(b'<row r="13"', b'<row r="1048576"')))
    assert refused(path, small, "too long").code == "data.too_large"


def test_large_files_are_not_even_opened(
    small: Questionnaire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for suffix in ("csv", "xlsx", "sav", "dta", "json"):
        path = tmp_path / f"large.{suffix}"
        with path.open("wb") as stream:
            stream.truncate(2 * 1024**3)  # sparse: takes no room on the disk
        with monkeypatch.context() as patch:
            patch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
            assert refused(path, small, "2,048 MB").code == "data.too_large"


def test_too_many_cells(
    small: Questionnaire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("csv_file", "workbook", "surveyjs", "limits", "excel"):
        monkeypatch.setattr(f"loyaltysem.survey.exchange.{module}.MOST_CELLS", 20)
    frame = pd.DataFrame([["a", 5.0, 4.0, 1.0, 2.0, 1.0, 1.0, "x"]] * 4, columns=HEADER)
    for name in ("csv", "xlsx", "sav", "dta", "surveyjs"):
        suffix = ANSWER_FORMATS[name].suffixes[0]
        path = tmp_path / f"many{suffix}"
        path.write_bytes(export_answers(frame, small, name))
        assert refused(path, small, None).code == "data.too_large"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xlsx", b"", "cannot be read as an Excel workbook"),
        ("a.xlsx", b"PK\x03\x04 nonsense", "cannot be read as an Excel workbook"),
        ("a.xlsx", packed(("x.xml", b"<x/>")), "cannot be read as an Excel workbook"),
        ("a.xlsx", write_sheets({"answers": []}), "is empty"),
        ("a.xlsx", write_sheets({"answers": [["id", "t1"]]}), "a header but no rows"),
        ("a.xlsx", write_sheets({"answers": [["id"], ["a", 3]]}), "row 2 has 2"),
        ("a.sav", b"$FL2 nonsense", r"cannot be read as \.sav"),
        ("a.sav", b"", r"cannot be read as \.sav"),
        ("a.dta", b"<stata_dta> nonsense", r"cannot be read as \.dta"),
        ("a.json", b"{", "is not JSON"),
        ("a.json", b"[1, 2]", "not a list of SurveyJS results"),
        ("a.json", b"[]", "has no results"),
        ("a.json", b"[" * 100_000, "is not JSON"),
    ],
)
def test_what_is_no_answer_file(
    name: str, content: bytes, words: str, small: Questionnaire, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    refused(path, small, words)


def test_empty_spss_files(small: Questionnaire, tmp_path: Path) -> None:
    pytest.importorskip("pyreadstat")
    path = tmp_path / "template.sav"
    path.write_bytes(export_answers(pd.DataFrame({"t1": pd.Series(dtype=float)}), small, "sav"))
    assert refused(path, small, "has no cases").code == "data.empty"


@pytest.mark.parametrize("name", ANSWER_FORMATS)
def test_spoiled_files_are_read_or_refused(
    name: str, answers: Responses, small: Questionnaire, tmp_path: Path
) -> None:
    """Spoiled copies: cut short, bytes changed, pieces repeated or dropped."""
    copies = 10 if name in ("sav", "dta") else 70  # those are read in a process of their own
    rng = np.random.default_rng(11)
    path = saved(answers, name, tmp_path)
    whole = path.read_bytes()
    read = 0
    for k in range(copies):
        path.write_bytes(spoil(whole, k, rng))
        try:
            read_responses(path, small)
            read += 1
        except DataError as error:
            assert error.code and str(error)
    assert read < copies


def spoil(content: bytes, k: int, rng: np.random.Generator) -> bytes:
    at, to = sorted(int(x) for x in rng.integers(0, len(content), 2))
    if k % 5 == 0:
        return content[:at]
    if k % 5 == 1:
        changed = bytearray(content)
        for place in rng.integers(0, len(content), 1 + k // 5):
            changed[place] = int(rng.integers(0, 256))
        return bytes(changed)
    if k % 5 == 2:
        return content[:at] + content[to:]
    if k % 5 == 3:
        return content[:to] + content[at:]
    size = struct.pack("<I", 2**31 - 1)
    return content[:at] + size + content[at + 4 :]


def test_a_workbook_with_a_torn_part_is_refused_whatever_parses_it() -> None:
    """Parsers of XML have errors of their own; openpyxl takes lxml where that is installed."""
    sound = write_sheets({"a": [["id"], [1]]})
    torn = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sound)) as old, zipfile.ZipFile(torn, "w") as new:
        for name in old.namelist():
            broken = name.endswith("workbook.xml.rels")
            new.writestr(name, b"<Relationships" if broken else old.read(name))
    with pytest.raises(DataError) as caught:
        read_sheets(torn.getvalue(), "torn.xlsx")
    assert "torn.xlsx" in caught.value.message
    assert issubclass(SyntaxError, FAULTS)
