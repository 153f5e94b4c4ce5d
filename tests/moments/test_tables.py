import decimal
import sqlite3
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem.core.errors import DataError, MissingExtraError
from loyaltysem.moments import parquet
from loyaltysem.moments.data import GroupedMoments, select
from loyaltysem.moments.tables import MomentTable, open_table

pa = pytest.importorskip("pyarrow", reason="needs the extra arrow")
pq = pytest.importorskip("pyarrow.parquet")
ibis = pytest.importorskip("ibis", reason="needs the extra clv")
duckdb = pytest.importorskip("duckdb")

# what ibis itself calls of pandas and DuckDB
pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
    pytest.mark.filterwarnings("ignore:fetch_arrow_table"),
]
NAMES = ["a", "b", "c"]


def cases(n: int = 300, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    f = rng.normal(size=(n, 1))
    frame = pd.DataFrame(f + rng.normal(size=(n, 3)) + 50, columns=NAMES)
    frame["market"] = rng.choice(["上海", "北京", "O'Hare"], n)
    frame.iloc[3, 0] = frame.iloc[8, 1] = np.nan
    frame.loc[[5, 6], "market"] = None
    return frame


def by_file(frame: pd.DataFrame, tmp_path: Path) -> MomentTable:
    path = tmp_path / "answers.parquet"
    frame.to_parquet(path, row_group_size=64)
    return opened(path)


def by_folder(frame: pd.DataFrame, tmp_path: Path) -> MomentTable:
    folder = tmp_path / "answers"
    (folder / "_temporary").mkdir(parents=True)
    for i in range(0, len(frame), 100):
        frame.iloc[i : i + 100, ::-1].to_parquet(folder / f"part-{i:03}.parquet")
    (folder / "_temporary" / "x.parquet").write_text("not for readers")
    return opened(folder)


def ibis_table(cases: object) -> object:
    connection = duckdb.connect()
    connection.from_arrow(cases).create("answers")
    return ibis.duckdb.from_connection(connection).table("answers")


def by_ibis(frame: pd.DataFrame, tmp_path: Path) -> MomentTable:
    del tmp_path
    return opened(ibis_table(pa.Table.from_pandas(frame)))


def by_relation(frame: pd.DataFrame, tmp_path: Path) -> MomentTable:
    del tmp_path
    return opened(duckdb.connect().from_arrow(pa.Table.from_pandas(frame)))


def by_sqlite(frame: pd.DataFrame, tmp_path: Path) -> MomentTable:
    with sqlite3.connect(tmp_path / "answers.db") as connection:
        frame.to_sql("answers", connection, index=False)
    return opened(ibis.sqlite.connect(tmp_path / "answers.db").table("answers"))


FILES = [by_file, by_folder]
DATABASES = [by_ibis, by_relation, by_sqlite]
WAYS = [*FILES, *DATABASES]
ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


def opened(data: object) -> MomentTable:
    table = open_table(data)
    assert table is not None
    return table


def in_memory(frame: pd.DataFrame, names: list[str], group: str | None) -> GroupedMoments:
    data = select(frame, names, group)
    return GroupedMoments(
        tuple(names),
        tuple(np.cov(v.T) for v in data.values),
        tuple(v.mean(axis=0) for v in data.values),
        tuple(len(v) for v in data.values),
        data.labels,
        data.n_total,
    )


def agree(found: GroupedMoments, expected: GroupedMoments) -> None:
    assert found.names == expected.names
    assert set(found.labels) == set(expected.labels)
    assert found.n_total == expected.n_total
    assert found.mean is not None
    assert expected.mean is not None
    for g, label in enumerate(expected.labels):
        h = found.labels.index(label)
        assert found.n_obs[h] == expected.n_obs[g]
        np.testing.assert_allclose(found.mean[h], expected.mean[g], rtol=1e-14, atol=1e-14)
        np.testing.assert_allclose(found.cov[h], expected.cov[g], rtol=1e-12)


@ways
@pytest.mark.parametrize("group", [None, "market"])
def test_moments_are_those_of_the_complete_cases(way, group: str | None, tmp_path: Path) -> None:
    frame = cases()
    found = way(frame, tmp_path).moments(["c", "a", "b"], group)
    agree(found, in_memory(frame, ["c", "a", "b"], group))
    if group and way in DATABASES:
        assert list(found.labels) == sorted(found.labels)
    elif group:
        assert found.labels == select(frame, NAMES, group).labels


@ways
def test_a_large_mean_costs_no_digits(way, tmp_path: Path) -> None:
    frame = cases().assign(market=lambda d: d["market"].fillna("上海"))
    frame[NAMES] += 1e9 * pd.factorize(frame["market"])[0][:, None]  # groups far apart
    expected = in_memory(frame, NAMES, "market")
    found = way(frame, tmp_path).moments(NAMES, "market")
    for label, cov in zip(found.labels, found.cov, strict=True):
        np.testing.assert_allclose(cov, expected.cov[expected.labels.index(label)], rtol=1e-11)


def every_type() -> pa.Table:
    rng = np.random.default_rng(5)
    f = rng.normal(size=400)
    likert = [np.clip(np.rint(4 + f + rng.normal(size=400)), 1, 7).astype(int) for _ in range(6)]
    holes = [None if i % 50 == 0 else int(v) for i, v in enumerate(likert[1])]
    return pa.table(
        {
            "int8": pa.array(likert[0], pa.int8()),
            "int64_null": pa.array(holes, pa.int64()),
            "uint16": pa.array(likert[2], pa.uint16()),
            "float32": pa.array((f + rng.normal(size=400)).astype(np.float32)),
            "nan": pa.array(np.where(np.arange(400) % 40 == 1, np.nan, likert[3]), pa.float64()),
            "decimal": pa.array([decimal.Decimal(int(v)) / 4 for v in likert[4]]),
            "bool": pa.array(f + rng.normal(size=400) > 0),
        }
    )


@pytest.mark.parametrize("through", ["file", "ibis", "relation"])
def test_every_kind_of_number_is_read(through: str, tmp_path: Path) -> None:
    table = every_type()
    if through == "file":
        coded = table["uint16"].dictionary_encode()
        table = table.set_column(2, "uint16", coded)
        pq.write_table(table, tmp_path / "t.parquet", row_group_size=150)
        source = opened(tmp_path / "t.parquet")
    elif through == "ibis":
        source = opened(ibis_table(table))
    else:
        source = opened(duckdb.connect().from_arrow(table))
    frame = pd.DataFrame({n: table[n].to_pylist() for n in table.column_names}).astype(float)
    found = source.moments(table.column_names, None)
    agree(found, in_memory(frame, list(table.column_names), None))
    assert found.n_total - found.n_obs[0] == 18


@pytest.mark.parametrize("way", [by_file, by_ibis, by_relation], ids=lambda way: way.__name__)
@pytest.mark.parametrize(
    ("kind", "labels"),
    [(int, ("1", "2")), (float, ("1.0", "2.0")), (bool, ("False", "True"))],
)
def test_groups_may_be_numbers(way, kind: type, labels: tuple[str, ...], tmp_path: Path) -> None:
    frame = cases().drop(columns="market")
    frame["g"] = (np.arange(300) % 2 + (kind is not bool)).astype(kind)
    assert tuple(sorted(way(frame, tmp_path).moments(NAMES, "g").labels)) == labels


@pytest.mark.parametrize("way", [by_file, by_ibis], ids=lambda way: way.__name__)
def test_cases_of_no_group_are_left_out_and_counted(way, tmp_path: Path) -> None:
    frame = cases().drop(columns="market").assign(g=1.0)
    frame.loc[10:19, "g"] = np.nan
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.set_column(3, "g", pa.array(frame["g"].to_numpy()))  # NaN, not null
    assert table["g"].null_count == 0
    pq.write_table(table, tmp_path / "t.parquet")
    source = opened(tmp_path / "t.parquet" if way is by_file else ibis_table(table))
    found = source.moments(NAMES, "g")
    assert (found.labels, found.n_obs, found.n_total) == (("1.0",), (288,), 300)


def error_of(source: MomentTable, names: list[str], group: str | None = None) -> DataError:
    with pytest.raises(DataError) as caught:
        source.moments(names, group)
    return caught.value


@ways
def test_what_is_wrong_with_the_data_is_said_as_for_frames(way, tmp_path: Path) -> None:
    frame = cases().assign(one=0.1, text="five", none=np.nan)
    frame["lone"] = np.where(frame["market"] == "上海", np.nan, frame["a"])
    source = way(frame, tmp_path)
    error = error_of(source, ["a", "Market_"], "market")
    assert error.code == "data.missing_column"
    assert "Did you mean 'market'?" in error.hint
    assert error_of(source, NAMES, "land").code == "data.missing_column"
    error = error_of(source, ["a", "text"])
    assert error.code == "data.not_numeric"
    assert "'text'" in error.message
    error = error_of(source, ["a", "one"])
    assert error.code == "data.constant"
    assert "'one'" in error.message
    assert error_of(source, ["a", "one"], "market").code == "data.constant"
    error = error_of(source, ["lone", "b"], "market")
    assert error.code == "data.empty_group"
    assert "上海" in error.message


@pytest.mark.parametrize("way", [by_file, by_ibis, by_relation], ids=lambda way: way.__name__)
def test_too_little_and_too_much_are_refused(way, tmp_path: Path) -> None:
    frame = cases()
    for n in ("few", "none", "infinite", "empty"):
        (tmp_path / n).mkdir()
    assert error_of(way(frame.head(3), tmp_path / "few"), NAMES).code == "data.too_few_cases"
    holes = frame.assign(c=np.nan)
    error = error_of(way(holes, tmp_path / "none"), NAMES)
    assert error.code == "data.no_complete_case"
    assert error.hint == "'c' is missing in 100% of the rows."
    endless = frame.assign(b=frame["b"].where(frame.index != 20, np.inf))
    error = error_of(way(endless, tmp_path / "infinite"), NAMES)
    assert error.code == "data.infinite"
    assert "'b'" in error.message
    assert error_of(way(frame.head(0), tmp_path / "empty"), NAMES).code == "data.empty"


def test_many_variables_take_several_queries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyaltysem.moments.tables.SUMS", 4)
    agree(by_ibis(cases(), tmp_path).moments(NAMES, "market"), in_memory(cases(), NAMES, "market"))


def test_a_relation_is_asked_through_its_own_connection(tmp_path: Path) -> None:
    connection = duckdb.connect()
    connection.execute("create temp table t as select range % 7 as a, random() as b from range(50)")
    found = opened(connection.table("t").filter("a > 0")).moments(["a", "b"], None)
    assert found.n_obs == (42,)


# Files


def test_pieces_and_threads_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = cases(5000)
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=300)
    whole = opened(tmp_path / "t.parquet").moments(NAMES, "market")
    monkeypatch.setattr(parquet, "CHUNK", 1)
    monkeypatch.setattr(parquet, "PIECE", 500)
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(parquet, "THREADS", threads)
        found.append(opened(tmp_path / "t.parquet").moments(NAMES, "market"))
    agree(found[0], whole)
    assert np.array_equal(np.array(found[0].cov), np.array(found[1].cov))
    assert found[0].labels == found[1].labels


def test_small_row_groups_are_read_together(tmp_path: Path) -> None:
    cases(1000).to_parquet(tmp_path / "t.parquet", row_group_size=100)
    (file,) = parquet.open_parquet(tmp_path / "t.parquet").files
    assert file.row_groups == (100,) * 10
    assert [p.row_groups for p in parquet.parted(file, 250)] == [
        (0, 1), (2, 3), (4, 5), (6, 7), (8, 9),
    ]  # fmt: skip


def test_folders_named_after_a_column_are_groups(tmp_path: Path) -> None:
    frame = cases()
    frame["market"] = frame["market"].replace("O'Hare", "a/b =%")
    pq.write_to_dataset(
        pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "d", partition_cols=["market"]
    )
    source = opened(str(tmp_path / "d"))
    assert source.columns == (*NAMES, "market")
    agree(source.moments(NAMES, "market"), in_memory(frame, NAMES, "market"))
    error = error_of(source, ["a", "market"])
    assert error.code == "data.not_numeric"


def test_a_folder_whose_files_differ_names_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    cases().to_parquet(folder / "1.parquet")
    cases().drop(columns="b").to_parquet(folder / "2.parquet")
    error = error_of(opened(folder), NAMES)
    assert error.code == "data.missing_column"
    assert "2.parquet" in error.message


def test_a_column_twice_is_refused(tmp_path: Path) -> None:
    column = pa.array(np.arange(9.0))
    pq.write_table(pa.Table.from_arrays([column, column, column], ["a", "b", "a"]), tmp_path / "t")
    assert error_of(opened(tmp_path / "t"), ["a", "b"]).code == "data.repeated_column"


def code_of(data: object) -> str:
    with pytest.raises(DataError) as caught:
        open_table(data)
    return caught.value.code


def test_paths_that_lead_to_no_table(tmp_path: Path) -> None:
    assert code_of(tmp_path / "absent.parquet") == "data.no_file"
    (tmp_path / "empty").mkdir()
    assert code_of(tmp_path / "empty") == "data.no_file"
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="not a Parquet file") as caught:
        open_table(tmp_path / "t.csv")
    assert caught.value.code == "data.type"
    assert "pandas.read_csv" in caught.value.hint
    assert "read_responses" in caught.value.hint
    (tmp_path / "t.parquet").write_text("PAR1 but no more")
    assert code_of(tmp_path / "t.parquet") == "data.unreadable"


def test_a_broken_page_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    cases(4000).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[4:40] = b"\xff" * 36  # the first page's header
    path.write_bytes(content)
    error = error_of(opened(path), NAMES)
    assert error.code == "data.unreadable"
    assert "t.parquet" in error.message


def test_other_data_are_not_tables() -> None:
    assert open_table(cases()) is None
    assert open_table({"a": [1, 2]}) is None
    assert open_table(3) is None


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases().to_parquet(tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match="pyarrow") as caught:
        open_table(tmp_path / "t.parquet")
    assert "loyaltysem[arrow]" in caught.value.hint


def test_without_ibis_a_relation_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    relation = duckdb.connect().sql("select 1 as a")
    monkeypatch.setitem(sys.modules, "ibis", None)
    with pytest.raises(MissingExtraError, match="ibis-framework") as caught:
        open_table(relation)
    assert "loyaltysem[clv]" in caught.value.hint
