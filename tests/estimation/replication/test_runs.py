"""Runs are resumed, extended and spread over workers without a number changing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

import loyaltysem as ls
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.estimation.replication import run as running
from loyaltysem.estimation.replication.draws import BLOCK, CaseDraws
from loyaltysem.estimation.replication.store import InFile
from loyaltysem.estimation.result import SEMResult

DATA = Path(__file__).parents[2] / "golden" / "data" / "HolzingerSwineford1939.csv"
DRAWS = 3 * BLOCK + 7


@pytest.fixture(scope="module")
def fit() -> SEMResult:
    return ls.cfa("visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6", pd.read_csv(DATA))


@pytest.fixture(scope="module")
def expected(fit: SEMResult) -> pd.DataFrame:
    return fit.bootstrap(DRAWS, seed=11).replicates()


class TestFiles:
    def test_a_finished_file_is_read(
        self, fit: SEMResult, expected: pd.DataFrame, tmp_path: Path
    ) -> None:
        path = tmp_path / "boot.parquet"
        first = fit.bootstrap(DRAWS, seed=11, save=path)
        assert isinstance(first.table, InFile)
        pd.testing.assert_frame_equal(first.replicates(), expected)
        assert not list(tmp_path.glob("*.parts")) and not list(tmp_path.glob("*.partial"))
        before = path.stat().st_mtime_ns
        again = fit.bootstrap(DRAWS, seed=11, save=path)
        assert path.stat().st_mtime_ns == before
        pd.testing.assert_frame_equal(again.replicates(), expected)
        fewer = fit.bootstrap(BLOCK + 1, seed=11, save=path)
        pd.testing.assert_frame_equal(fewer.replicates(), expected.iloc[: BLOCK + 1])
        assert fewer.counts["drawn"] == BLOCK + 1

    def test_columns_of_the_file(self, fit: SEMResult, tmp_path: Path) -> None:
        path = tmp_path / "boot.parquet"
        fit.bootstrap(10, seed=11, save=path)
        stored = pd.read_parquet(path)
        assert {"visual=~x2", "x1~~x1", "chisq", "status", "admissible"} <= set(stored.columns)
        assert len(stored) == 10

    def test_more_draws_extend_a_file(
        self, fit: SEMResult, expected: pd.DataFrame, tmp_path: Path
    ) -> None:
        path = tmp_path / "boot.parquet"
        fit.bootstrap(BLOCK, seed=11, save=path)
        more = fit.bootstrap(DRAWS, seed=11, save=path)
        pd.testing.assert_frame_equal(more.replicates(), expected)

    def test_an_interrupted_run_goes_on(
        self,
        fit: SEMResult,
        expected: pd.DataFrame,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path, solved = tmp_path / "boot.parquet", []
        call = CaseDraws.__call__

        def stopping(self: CaseDraws, block: int) -> np.ndarray:
            if block == 2 and len(solved) < 3:
                solved.append(block)
                raise KeyboardInterrupt
            solved.append(block)
            return call(self, block)

        monkeypatch.setattr(CaseDraws, "__call__", stopping)
        with pytest.raises(KeyboardInterrupt):
            fit.bootstrap(DRAWS, seed=11, save=path)
        assert not path.exists()
        found = fit.bootstrap(DRAWS, seed=11, save=path)
        assert solved == [0, 1, 2, 2, 3]  # what was finished was not done again
        pd.testing.assert_frame_equal(found.replicates(), expected)

    def test_another_request_is_refused(self, fit: SEMResult, tmp_path: Path) -> None:
        path = tmp_path / "boot.parquet"
        fit.bootstrap(5, seed=11, save=path)
        with pytest.raises(DataError, match="seed is 11 there and 12 here"):
            fit.bootstrap(5, seed=12, save=path)
        with pytest.raises(DataError, match="kind"):
            fit.bootstrap(5, seed=11, kind="parametric", save=path)
        other = ls.cfa("visual =~ x1 + x2 + x3", pd.read_csv(DATA))
        with pytest.raises(DataError, match="model is"):
            other.bootstrap(5, seed=11, save=path)

    @pytest.mark.parametrize(
        ("place", "words"),
        [("x.csv", "not as 'x.csv'"), ("x", "not as 'x'"), ("folder.parquet", "is a folder")],
    )
    def test_what_is_no_parquet_file_is_refused_before_the_work(
        self, fit: SEMResult, tmp_path: Path, place: str, words: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        (tmp_path / "folder.parquet").mkdir()
        monkeypatch.setattr(CaseDraws, "__call__", None)
        with pytest.raises(IncompatibleRequestError, match=words) as caught:
            fit.bootstrap(5, seed=11, save=tmp_path / place)
        assert caught.value.code == "request.save" and ".parquet" in caught.value.hint

    def test_what_is_no_path_is_refused(self, fit: SEMResult) -> None:
        with pytest.raises(IncompatibleRequestError, match="save=True is no path"):
            fit.bootstrap(5, seed=11, save=True)  # type: ignore[arg-type]

    @pytest.mark.parametrize("n_jobs", [0, 1.5, True, "two"])
    def test_a_number_of_workers_there_cannot_be_is_refused(
        self, fit: SEMResult, n_jobs: object
    ) -> None:
        with pytest.raises(IncompatibleRequestError, match="no number of workers") as caught:
            fit.bootstrap(5, seed=11, n_jobs=n_jobs)  # type: ignore[arg-type]
        assert caught.value.code == "request.n_jobs" and "-1" in caught.value.hint

    def test_a_foreign_file_is_left_alone(self, fit: SEMResult, tmp_path: Path) -> None:
        path = tmp_path / "thesis.parquet"
        for content in (b"my thesis", b""):
            path.write_bytes(content)
            with pytest.raises(DataError, match="no file of replicates"):
                fit.bootstrap(5, seed=11, save=path)
            assert path.read_bytes() == content
        pd.DataFrame({"x": [1.0]}).to_parquet(path)
        with pytest.raises(DataError, match="no file of replicates"):
            fit.bootstrap(5, seed=11, save=path)

    def test_many_replicates_go_to_a_temporary_file(
        self, fit: SEMResult, expected: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(running, "IN_MEMORY", 1000)
        found = fit.bootstrap(DRAWS, seed=11)
        assert isinstance(found.table, InFile)
        pd.testing.assert_frame_equal(found.replicates(), expected)
        folder = found.table.path.parent
        assert folder.exists()
        del found
        assert not folder.exists()


class TestWorkers:
    @pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
    def test_backend_does_not_show(
        self, fit: SEMResult, expected: pd.DataFrame, backend: str
    ) -> None:
        with parallel_config(backend=backend, n_jobs=1 if backend == "sequential" else 2):
            found = fit.bootstrap(DRAWS, seed=11)
        pd.testing.assert_frame_equal(found.replicates(), expected, check_exact=True)

    def test_batching_does_not_show(self, fit: SEMResult, expected: pd.DataFrame) -> None:
        one = fit.bootstrap(1, seed=11).replicates()
        pd.testing.assert_frame_equal(one, expected.iloc[:1], check_exact=True)


@pytest.fixture
def cluster() -> Iterator[object]:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
    ):
        yield cluster


def _slow_block(draws: CaseDraws, block: int) -> np.ndarray:
    import time

    time.sleep(0.2)
    return draws(block)


class TestCluster:
    def test_a_worker_that_dies_costs_nothing(
        self, fit: SEMResult, expected: pd.DataFrame, cluster: object, monkeypatch: object
    ) -> None:
        from functools import partial

        from loyaltysem.core.parallel import in_parallel
        from loyaltysem.estimation.replication.prepare import prepared
        from loyaltysem.estimation.replication.refit import refitter

        how = prepared(fit, refitter(fit), "nonparametric", 11)
        victims = [w.pid for w in cluster.workers.values()]  # type: ignore[attr-defined]
        assert len(victims) == 2
        found = []
        with parallel_config(backend="dask"):
            for rows in in_parallel(partial(_slow_block, how), range(12), "draws"):
                if not found:
                    os.kill(victims[0], signal.SIGKILL)
                found.append(rows)
        q = fit.structure.n_free
        values = np.concatenate(found)[:DRAWS, :q]
        np.testing.assert_array_equal(values, expected.to_numpy())
        again = [how(k) for k in range(12)]
        np.testing.assert_array_equal(np.concatenate(found), np.concatenate(again))

    def test_a_whole_bootstrap_on_a_cluster(
        self, fit: SEMResult, expected: pd.DataFrame, cluster: object
    ) -> None:
        with parallel_config(backend="dask"):
            found = fit.bootstrap(DRAWS, seed=11)
        pd.testing.assert_frame_equal(found.replicates(), expected, check_exact=True)
