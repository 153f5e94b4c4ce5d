"""Every kind of source gives the same log; what cannot be read says where and why."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.log import engine
from loyaltysem.core.errors import DataError, IncompatibleRequestError, MissingExtraError

ibis = pytest.importorskip("ibis", reason="needs the extra clv")
duckdb = pytest.importorskip("duckdb", reason="needs the extra clv")

NASTY = 'am"ount"; DROP TABLE orders; --'
ORDERS = pd.DataFrame(
    {
        "客户": ["张三", "张三", "O'Brien; DROP TABLE x", 'say "hi"'],
        "time": ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"],
        NASTY: [10.0, 20.5, 30.0, -5.0],
        "shop": ["东", "西", "东", "a,b\nc"],
    }
)
ASKED: dict[str, Any] = {"customer": "客户", "amount": NASTY, "category": "shop"}
EXPECTED = [
    ("O'Brien; DROP TABLE x", "2024-03-01", 30.0, "东"),
    ('say "hi"', "2024-04-01", -5.0, "a,b\nc"),
    ("张三", "2024-01-01", 10.0, "东"),
    ("张三", "2024-02-01", 20.5, "西"),
]


def rows(source: object, **asked: Any) -> list[tuple[Any, ...]]:
    tx = ls.transactions(source, **{**ASKED, **asked})
    found = tx.log.run(tx.table).sort_values(["customer", "time"])
    days = found["day"].astype(str)
    return list(zip(found["customer"], days, found["amount"], found["category"], strict=True))


def csv_file(folder: Path, *, encoding: str = "utf-8", sep: str = ",", end: str = "\n") -> Path:
    path = folder / "orders.csv"
    text = ORDERS.to_csv(index=False, sep=sep, lineterminator="\n").replace("\n", end)
    path.write_bytes(text.encode(encoding))
    return path


def test_a_data_frame_is_read_and_later_changes_to_it_do_not_matter() -> None:
    frame = ORDERS.copy()
    tx = ls.transactions(frame, **ASKED)
    frame.loc[:, NASTY] = 0.0
    frame["客户"] = "x"
    assert tx.log.run(tx.table)["amount"].sum() == 55.5
    assert rows(ORDERS) == EXPECTED
    for dtype in ("object", "category", "string"):
        assert rows(ORDERS.astype({"客户": dtype, "shop": dtype})) == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_text_files_are_read_as_people_save_them(
    tmp_path: Path, encoding: str, sep: str, end: str
) -> None:
    path = csv_file(tmp_path, encoding=encoding, sep=sep, end=end)
    asked = {} if encoding.startswith("utf-8") else {"encoding": encoding}
    expected = EXPECTED
    if end != "\n" and encoding.startswith("utf-8"):  # line ends inside a cell stay as they are
        expected = [(*row[:3], row[3].replace("\n", end)) for row in EXPECTED]
    assert rows(path, **asked) == expected


def test_line_ends_of_two_kinds_and_old_ones_are_read(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    for text in (
        b"c,t,a\n1,2024-01-01,1\r\n2,2024-01-02,2\n",
        b"c,t,a\r1,2024-01-01,1\r2,2024-01-02,2",
    ):
        path.write_bytes(text)
        tx = ls.transactions(str(path), customer="c", time="t", amount="a")
        assert tx.log.rows("purchase") == 2


def test_parquet_files_and_folders_of_them(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    one = tmp_path / "one.parquet"
    ORDERS.to_parquet(one)
    assert rows(one) == EXPECTED
    folder = tmp_path / "parts"
    (folder / "year=2024").mkdir(parents=True)
    ORDERS.iloc[:1].to_parquet(folder / "a.parquet")
    ORDERS.iloc[1:].to_parquet(folder / "year=2024" / "b.parquet")
    assert rows(folder) == EXPECTED


def test_databases_relations_and_tables_of_ibis(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("given", ORDERS)
        connection.sql("CREATE TABLE sales AS SELECT * FROM given")
    assert rows(path) == EXPECTED
    with duckdb.connect(str(path)) as connection:
        relation = connection.sql("SELECT * FROM sales")
        assert rows(relation) == EXPECTED
        connection.sql("CREATE TABLE other AS SELECT 1 AS x")
    with pytest.raises(DataError, match="2 tables: other, sales") as caught:
        rows(path)
    assert caught.value.code == "log.table"
    assert rows(path, table="sales") == EXPECTED
    copy = shutil.copy(path, tmp_path / "copy.duckdb")  # a log holds on to its database
    table = ibis.duckdb.connect(str(copy)).table("sales")
    assert rows(table) == EXPECTED
    with pytest.raises(IncompatibleRequestError, match="embedded"):
        rows(table, memory="1GB")


def test_an_arrow_table_is_read_with_its_zone() -> None:
    pa = pytest.importorskip("pyarrow")
    when = pa.array([1706745600 * 10**6], pa.timestamp("us", "Asia/Tokyo"))
    table = pa.table(
        {"customer": ["a"], "time": when, "amount": pa.array([3], pa.decimal128(9, 2))}
    )
    tx = ls.transactions(table)
    found = tx.log.run(tx.table)
    assert str(found["time"][0]) == "2024-02-01 09:00:00" and found["amount"][0] == 3.0


def test_columns_nobody_named_may_hold_anything(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    tags = pa.array([["x"], ["y"], ["x"], ["y"]])
    table = pa.Table.from_pandas(ORDERS, preserve_index=False).append_column("tags", tags)
    pq.write_table(table, tmp_path / "o.parquet")
    assert rows(tmp_path / "o.parquet") == EXPECTED
    assert rows(tmp_path / "o.parquet", duplicates="drop") == EXPECTED
    frame = ORDERS.assign(odd=[object(), {1}, [2], 3j], when=pd.Timedelta("1D"))
    assert rows(frame) == EXPECTED


def test_memory_and_threads_are_handed_to_the_engine(tmp_path: Path) -> None:
    tx = ls.transactions(ORDERS, **ASKED, memory="321MB", threads=1, temp_folder=tmp_path)
    connection = tx.table.get_backend()
    told = "SELECT current_setting('memory_limit'), current_setting('threads')"
    memory, threads = connection.raw_sql(told).fetchall()[0]
    assert threads == 1 and memory.startswith("306.1")  # MiB
    folder = connection.raw_sql("SELECT current_setting('temp_directory')").fetchall()[0][0]
    assert Path(folder).parent == tmp_path


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "data.empty"),
        (b"   \n", "data.empty"),
        (b"\nc,t,a\n1,2024-01-01,1\n", "data.not_csv"),
        (b"c,t,a\n1,2024-01-01,\xff1\n", "data.encoding"),
        (b"\xff\xfec\x00", "data.encoding"),
        (b"PK\x03\x04", "data.not_csv"),
        (b"c,t,a\n1,2024-01-01,\x001\n", "data.not_csv"),
        (b"c,t,C\n1,2024-01-01,1\n", "data.columns"),
        (b"c,,a\n1,2024-01-01,1\n", "data.columns"),
        (b"c,t,a\n1,2024-01-01\n", "log.unreadable"),
        (b"c,t,a\n1,2024-01-01,1,2\n", "log.unreadable"),
        (b'c,t,a\n1,"2024-01-01,1\n', "log.unreadable"),
        (b'"c,t,a\n1,2024-01-01,1\n', "data.not_csv"),
        (b"c,t,a\n", "log.empty"),
    ],
)
def test_text_that_is_no_table_says_why(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        ls.transactions(path, customer="c", time="t", amount="a")
    assert caught.value.code == code and caught.value.hint


@pytest.mark.parametrize(
    ("asked", "code"),
    [({"encoding": "klingon"}, "data.unknown_encoding"), ({"sep": "::"}, "data.separator")],
)
def test_text_options_that_make_no_sense(tmp_path: Path, asked: dict[str, str], code: str) -> None:
    with pytest.raises((DataError, IncompatibleRequestError)) as caught:
        rows(csv_file(tmp_path), **asked)
    assert caught.value.code == code


def test_sources_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "orders.xlsx").write_bytes(b"PK")
    (tmp_path / "orders.parquet").write_bytes(b"no parquet")
    (tmp_path / "shop.duckdb").write_bytes(b"no database" * 1000)
    (tmp_path / "empty").mkdir()
    named = {
        tmp_path / "ordres.csv": "data.no_file",
        tmp_path / "nowhere" / "x.csv": "data.no_file",
        tmp_path / "orders.xlsx": "log.source",
        tmp_path / "orders.parquet": "log.unreadable",
        tmp_path / "shop.duckdb": "log.unreadable",
        tmp_path / "empty": "data.no_file",
    }
    unnamed: list[tuple[object, str]] = [
        (42, "log.source"),
        (ibis.table({"customer": "string"}, name="unbound"), "log.source"),
        (pd.DataFrame(), "data.columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "A"]), "data.columns"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "data.columns"),
    ]
    for source, code in [*named.items(), *unnamed]:
        with pytest.raises(DataError) as caught:
            ls.transactions(source)
        assert caught.value.code == code and caught.value.hint, source


@pytest.mark.parametrize(
    ("column", "cells", "code"),
    [
        ("customer", [True, False], "log.identity_type"),
        ("customer", pd.to_datetime(["2024-01-01"] * 2), "log.identity_type"),
        ("amount", [True, False], "log.amount_type"),
        ("amount", pd.to_datetime(["2024-01-01"] * 2), "log.amount_type"),
    ],
)
def test_columns_of_the_wrong_kind(column: str, cells: Any, code: str) -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "time": "2024-01-01", "amount": 1.0})
    frame[column] = cells
    with pytest.raises(DataError) as caught:
        ls.transactions(frame)
    assert caught.value.code == code


def test_without_the_engine_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ibis", None)
    with pytest.raises(MissingExtraError, match="ibis-framework") as caught:
        engine.load_ibis()
    assert "loyaltysem[clv]" in caught.value.hint


def test_what_is_kept_goes_when_nobody_needs_it() -> None:
    tx = ls.transactions(ORDERS, **ASKED)
    connection = tx.table.get_backend()

    def tables() -> int:
        return int(connection.raw_sql("SELECT count(*) FROM duckdb_tables()").fetchall()[0][0])

    gc.collect()
    before = tables()
    kept = tx.log.keep(tx.table)
    assert tables() == before + 1 and kept.count().to_pandas() == 4
    del kept
    gc.collect()
    assert tables() == before


def test_numbers_of_every_width_are_amounts() -> None:
    for kind in (np.int8, np.uint64, np.float32, "Int64", "Float64"):
        frame = pd.DataFrame({"customer": ["a"], "time": ["2024-01-01"], "amount": [3]})
        tx = ls.transactions(frame.astype({"amount": kind}))
        assert tx.log.run(tx.table)["amount"].tolist() == [3.0]
