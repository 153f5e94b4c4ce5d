from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError, IncompatibleRequestError, ModelSpecificationError
from loyaltysem.estimation.result import SEMResult

pytest.importorskip("pyarrow", reason="needs the extra arrow")
ibis = pytest.importorskip("ibis", reason="needs the extra clv")
duckdb = pytest.importorskip("duckdb")

MODEL = """
quality =~ q1 + q2 + q3
loyalty =~ l1 + l2 + l3
loyalty ~ b*quality + age
"""


def survey(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    age, quality = rng.integers(18, 80, n), rng.normal(size=n)
    loyalty = 0.6 * quality + 0.02 * age + rng.normal(size=n)
    frame = pd.DataFrame({f"q{i}": quality + rng.normal(size=n) for i in (1, 2, 3)})
    for i in (1, 2, 3):
        frame[f"l{i}"] = np.clip(np.rint(4 + loyalty + rng.normal(size=n)), 1, 9)
    frame["age"] = age
    frame["market"] = rng.choice(["CN", "DE"], n, p=[0.6, 0.4])
    frame.loc[[4, 40], "q2"] = np.nan
    return frame


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "answers.parquet"
    survey().to_parquet(path, row_group_size=200)
    return path


def same(fit: SEMResult, expected: SEMResult) -> None:
    pd.testing.assert_frame_equal(fit.parameters(), expected.parameters(), rtol=1e-7, atol=1e-9)
    pd.testing.assert_series_equal(fit.fit_measures(), expected.fit_measures(), rtol=1e-7)
    assert [str(f) for f in fit.findings] == [str(f) for f in expected.findings]
    assert fit.groups == expected.groups


pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis calls it itself
OPTIONS = [
    {},
    {"meanstructure": True, "fixed_x": False},
    {"estimator": "GLS"},
    {"estimator": "ULS"},
    {"likelihood": "wishart", "information": "observed"},
    {"group": "market", "group_equal": ["loadings", "intercepts"]},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_file_gives_the_fit_of_its_frame(path: Path, options: dict[str, object]) -> None:
    same(ls.sem(MODEL, path, **options), ls.sem(MODEL, survey(), **options))


@pytest.mark.parametrize("options", [{}, {"group": "market"}], ids=str)
def test_a_table_in_a_database_gives_the_fit_of_its_frame(
    path: Path, options: dict[str, object]
) -> None:
    frame = survey().sort_values("market")  # a database has its groups in order of their labels
    expected = ls.sem(MODEL, frame, **options)
    same(ls.sem(MODEL, ibis.duckdb.connect().read_parquet(str(path)), **options), expected)
    same(ls.sem(MODEL, duckdb.read_parquet(str(path)), **options), expected)


def test_growth_and_cfa_read_tables_too(path: Path) -> None:
    measured = "quality =~ q1 + q2 + q3"
    same(ls.cfa(measured, str(path), std_lv=True), ls.cfa(measured, survey(), std_lv=True))
    line = "i =~ 1*l1 + 1*l2 + 1*l3"
    same(ls.growth(line, path), ls.growth(line, survey()))


def test_cases_left_out_are_a_finding(path: Path) -> None:
    (found,) = [f for f in ls.sem(MODEL, path).findings if f.code == "data.listwise"]
    assert "2 of 600 cases" in found.text.en
    assert "600 份样本中有 2 份" in found.text.zh


def test_what_follows_a_fit_works_or_says_what_it_needs(path: Path, tmp_path: Path) -> None:
    fit = ls.sem(MODEL, path, group="market")
    frame = survey()
    scores = fit.factor_scores(data=frame)
    expected = ls.sem(MODEL, frame, group="market").factor_scores(data=frame)
    pd.testing.assert_frame_equal(scores, expected, rtol=1e-6)
    with pytest.raises(IncompatibleRequestError, match="no cases") as caught:
        fit.factor_scores()
    assert caught.value.code == "request.no_cases"
    assert set(fit.residuals("cor").cov.index.get_level_values(0)) == {"CN", "DE"}
    assert len(fit.modification_indices()) > 0
    assert "CN" in fit.summary()
    cov = pd.read_csv(fit.to_lavaan(tmp_path / "r") / "data.csv")
    assert cov[".group"].unique().tolist() == list(fit.groups)


def test_invariance_of_a_file(path: Path) -> None:
    model = "quality =~ q1 + q2 + q3\nloyalty =~ l1 + l2 + l3"
    by_file = ls.invariance(model, path, group="market")
    by_frame = ls.invariance(model, survey(), group="market")
    assert str(by_file) == str(by_frame)


NEED_CASES = [
    {"estimator": "MLR"},
    {"estimator": "MLM"},
    {"estimator": "WLS"},
    {"missing": "fiml"},
    {"ordered": ["l1", "l2", "l3"]},
    {"ordered": True},
    {"se": "robust.sem"},
    {"information": "first.order"},
]


@pytest.mark.parametrize("options", NEED_CASES, ids=str)
def test_requests_that_need_the_cases_are_refused(path: Path, options: dict[str, object]) -> None:
    with pytest.raises(IncompatibleRequestError, match="needs the cases themselves") as caught:
        ls.sem(MODEL, path, **options)
    assert caught.value.code == "request.cases"
    assert "data frame" in caught.value.hint


def test_a_name_that_is_no_column_is_shown_in_the_model_text(path: Path) -> None:
    with pytest.raises(ModelSpecificationError, match="'q3x' is neither") as caught:
        ls.cfa("quality =~ q1 + q2 + q3x", path)
    assert "Did you mean 'q3'?" in caught.value.hint
    assert caught.value.span is not None
    with pytest.raises(DataError, match="'land'") as missing:
        ls.sem(MODEL, path, group="land")
    assert missing.value.code == "data.missing_column"


def test_collinear_columns_are_named(tmp_path: Path) -> None:
    survey().eval("q4 = q1 + q3").to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="'q4', 'q3', 'q1'") as caught:
        ls.cfa("quality =~ q1 + q2 + q3 + q4", tmp_path / "t.parquet")
    assert caught.value.code == "data.collinear"


def test_a_csv_path_says_how_to_read_it(tmp_path: Path) -> None:
    survey().to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match="not a Parquet file") as caught:
        ls.sem(MODEL, tmp_path / "t.csv")
    assert caught.value.code == "data.type"


def test_a_frame_with_columns_named_like_methods_stays_a_frame() -> None:
    frame = survey().rename(columns={"q1": "moments", "q2": "data", "q3": "columns"})
    model = "quality =~ moments + data + columns"
    assert ls.cfa(model, frame).n_obs == 598
