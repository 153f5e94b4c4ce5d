"""A bootstrap at its edges: little to draw from, draws that fail, files that cannot be written."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.estimation.replication import run as running
from loyaltysem.estimation.replication.bootstrap import Bootstrap
from loyaltysem.estimation.replication.draws import BLOCK, CaseDraws
from loyaltysem.estimation.replication.resampling import repeated
from loyaltysem.estimation.replication.store import InMemory
from loyaltysem.estimation.result import SEMResult

pytestmark = pytest.mark.filterwarnings("ignore::loyaltysem.core.errors.LoyaltySemWarning")
GOLDEN = Path(__file__).parents[2] / "golden" / "data"
FACTOR = "f =~ x1 + x2 + x3 + x4"
KINDS = ("percentile", "bc", "bca", "normal", "basic")
DEMOCRACY = """
    ind60 =~ x1 + x2 + x3
    dem60 =~ y1 + y2 + y3 + y4
    dem65 =~ y5 + y6 + y7 + y8
    dem60 ~ ind60
    dem65 ~ ind60 + dem60
    y1 ~~ y5
    y2 ~~ y4 + y6
    y3 ~~ y7
    y4 ~~ y8
    y6 ~~ y8
"""


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "HolzingerSwineford1939.csv")


@pytest.fixture(scope="module")
def fit(frame: pd.DataFrame) -> SEMResult:
    return ls.cfa(FACTOR, frame)


def _all_failed(boot: Bootstrap) -> Bootstrap:
    values = np.full_like(boot.table.values, np.nan)  # type: ignore[attr-defined]
    values[:, -2:] = [1.0, 0.0]
    return replace(boot, table=InMemory(values))


class TestUnitLatentVariances:
    """std_lv solves in the scale of an indicator: same solutions, and no endless searches."""

    def test_draws_are_those_of_marker_scaling(self) -> None:
        data = pd.read_csv(GOLDEN / "PoliticalDemocracy.csv")
        unit = ls.sem(DEMOCRACY, data, std_lv=True).bootstrap(128, seed=1)
        marker = ls.sem(DEMOCRACY, data).bootstrap(128, seed=1)
        theirs = marker.replicates(what="std_all")
        ours = unit.replicates(what="std_all")[theirs.columns]
        variances = marker.replicates("ind60~~ind60", "dem60~~dem60", "dem65~~dem65")
        negative = (variances < 0).any(axis=1)
        assert 0 < negative.sum() == unit.counts["failed"]
        np.testing.assert_allclose(ours[~negative], theirs[~negative], rtol=1e-5, atol=1e-7)
        assert ours[negative].isna().all(axis=None)
        assert any("std_lv" in finding.hint.en for finding in unit.findings)

    def test_a_draw_is_the_fit_of_its_sample(self) -> None:
        data = pd.read_csv(GOLDEN / "PoliticalDemocracy.csv")
        boot = ls.sem(DEMOCRACY, data, std_lv=True).bootstrap(8, seed=1)
        assert isinstance(boot.draws, CaseDraws)
        found = boot.replicates().dropna()  # some samples have no solution with unit variances
        assert len(found) >= 3
        for draw in found.index[:3]:
            rows = repeated(boot.draws.counts(0)[0][draw])
            alone = ls.sem(DEMOCRACY, data.iloc[rows], std_lv=True)
            np.testing.assert_allclose(alone.params, found.loc[draw], atol=1e-8)

    def test_second_order_and_groups(self, frame: pd.DataFrame) -> None:
        model = """
            visual =~ x1 + x2 + x3
            textual =~ x4 + x5 + x6
            speed =~ x7 + x8 + x9
            ability =~ visual + textual + speed
        """
        for options in ({}, {"group": "school"}):
            unit, marker = (
                ls.cfa(model, frame, std_lv=std_lv, **options).bootstrap(6, seed=2)
                for std_lv in (True, False)
            )
            assert unit.draws.refitter.scale is not None
            theirs = marker.replicates("visual=~x1", "x9~~x9", what="std_all")
            ours = unit.replicates("visual=~x1", "x9~~x9", what="std_all")
            known = ours.notna().all(axis=1)
            assert known.sum() >= 3
            np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-6)

    def test_groups_with_equal_loadings_share_a_scale(self, frame: pd.DataFrame) -> None:
        model = "visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9"
        equal = {"group": "school", "group_equal": ["loadings", "intercepts"]}
        unit, marker = (ls.cfa(model, frame, std_lv=s, **equal).bootstrap(8, seed=2)
                        for s in (True, False))  # fmt: skip
        scale = unit.draws.refitter.scale
        assert scale is not None and len(scale.variance) == 2
        theirs = marker.replicates(what="std_all")
        ours = unit.replicates(what="std_all")[theirs.columns]
        known = ours.notna().all(axis=1) & theirs.notna().all(axis=1)
        assert known.sum() >= 6
        np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-6, atol=1e-8)

    def test_signs_stay(self) -> None:
        rng = np.random.default_rng(3)
        factor = rng.normal(size=100)
        items = {f"x{i}": 0.55 * factor + rng.normal(size=100) for i in range(4)}
        boot = ls.cfa("f =~ x0 + x1 + x2 + x3", pd.DataFrame(items), std_lv=True).bootstrap(
            192, seed=1
        )
        loadings = boot.replicates(*(f"f=~x{i}" for i in range(4))).dropna()
        assert (loadings.sum(axis=1) > 0).all()

    def test_tied_loadings_are_searched_for_as_they_are(self, frame: pd.DataFrame) -> None:
        fit = ls.cfa("f =~ a*x1 + x2 + x3\ng =~ a*x4 + x5 + x6", frame, std_lv=True)
        boot = fit.bootstrap(4, seed=1)
        assert boot.draws.refitter.scale is None
        assert boot.counts["converged"] == 4


class TestLittleToDrawFrom:
    @pytest.mark.parametrize("cases", [slice(4), slice(6, 12)])
    def test_samples_without_variation_fail(self, frame: pd.DataFrame, cases: slice) -> None:
        fit = ls.cfa("f =~ x1 + x2 + x3", frame.iloc[cases])
        boot = fit.bootstrap(12, seed=1)
        assert boot.counts["failed"] > 0
        assert "bootstrap.few_units" in {finding.code for finding in boot.findings}

    @pytest.mark.parametrize("columns", [{"cluster": "one"}, {"strata": "each"},
                                         {"cluster": "school"}])  # fmt: skip
    def test_nothing_to_choose_is_refused(
        self, frame: pd.DataFrame, columns: dict[str, str]
    ) -> None:
        data = frame.assign(one=1, each=np.arange(len(frame)))
        fit = ls.cfa(FACTOR, data, group="school" if "school" in columns.values() else None)
        with pytest.raises(DataError, match="nothing to choose from") as caught:
            fit.bootstrap(5, **{k: data[v] for k, v in columns.items()})
        assert caught.value.code == "data.units"

    def test_a_cluster_in_two_strata_is_refused(self, fit: SEMResult, frame: pd.DataFrame) -> None:
        with pytest.raises(DataError, match="more than one stratum"):
            fit.bootstrap(5, cluster=frame["agemo"], strata=frame["sex"])

    def test_two_columns_are_refused(self, fit: SEMResult, frame: pd.DataFrame) -> None:
        with pytest.raises(DataError, match="has 2 columns"):
            fit.bootstrap(5, cluster=frame[["agemo", "sex"]])

    def test_no_free_parameters(self, frame: pd.DataFrame) -> None:
        fixed = ls.lavaan("x1 ~~ 1.3*x1\nx2 ~~ 1.4*x2\nx1 ~~ 0.3*x2", frame)
        with pytest.raises(IncompatibleRequestError, match="no free parameters"):
            fixed.bootstrap(5)


class TestLostDraws:
    def test_where_all_draws_failed_nothing_is_claimed(self, fit: SEMResult) -> None:
        boot = _all_failed(fit.bootstrap(5, seed=1))
        for kind in KINDS:
            frame = boot.intervals(kind=kind)
            assert frame[["bias", "se", "ci_lower", "ci_upper"]].isna().all(axis=None)
            assert (frame["used"] == 0).all()
        (finding, *_) = boot.findings
        assert (finding.code, finding.severity) == ("bootstrap.failed", "problem")
        assert "0.000" not in boot.summary()

    def test_few_lost_draws_are_a_note(self, fit: SEMResult) -> None:
        boot = fit.bootstrap(100, seed=1)
        values = boot.table.values.copy()  # type: ignore[attr-defined]
        values[0, -2] = 1.0
        (finding, *_) = replace(boot, table=InMemory(values)).findings
        assert finding.severity == "note"

    def test_bca_where_too_few_draws_are_left_for_a_regression(self, frame: pd.DataFrame) -> None:
        fit = ls.cfa(FACTOR + "\nroot := sqrt(x4 - 0.35)\nx4 ~~ x4*x4", frame.iloc[:60])
        boot = fit.bootstrap(BLOCK, seed=1)
        found = boot.intervals("root", kind="bca").iloc[0]
        assert found["used"] < 60 < BLOCK
        assert np.isfinite([found["ci_lower"], found["ci_upper"]]).all()
        together = boot.intervals(kind="bca").set_index("name")
        for name in ("root", "f=~x2"):  # a quantity's interval does not hang on its neighbours
            alone = boot.intervals(name, kind="bca").iloc[0]
            assert alone["ci_lower"] == together.loc[name, "ci_lower"]

    def test_undefined_values_are_counted(self, fit: SEMResult, frame: pd.DataFrame) -> None:
        boot = ls.cfa("f =~ x1 + x2 + a*x3\nnone := 1/(a - a)", frame).bootstrap(20, seed=1)
        for kind in KINDS:
            found = boot.intervals("none", kind=kind).iloc[0]
            assert found["used"] == 0 and np.isnan(found["ci_lower"])

    def test_saturated_models_have_no_test(self, frame: pd.DataFrame) -> None:
        fit = ls.sem("x1 ~ x2 + x3", frame)
        assert np.isnan(fit.bootstrap(5, seed=1, kind="bollen-stine").chisq_pvalue())


class TestNames:
    def test_labels_that_are_fit_indices(self, frame: pd.DataFrame) -> None:
        boot = ls.cfa("f =~ x1 + cfi*x2 + x3 + x4\nrmsea := 2*cfi", frame).bootstrap(5, seed=1)
        values = boot.fit.params
        found = boot.intervals("cfi", "rmsea")["est"]
        assert found.tolist() == pytest.approx([values["cfi"], 2 * values["cfi"]])
        index = boot.intervals("cfi", what="fit")["est"][0]
        assert index == pytest.approx(boot.fit.inference.measures["cfi"])

    def test_variables_called_like_stored_columns(
        self, frame: pd.DataFrame, tmp_path: Path
    ) -> None:
        data = frame.rename(columns={"x1": "chisq", "x2": "status", "x3": "admissible"})
        fit = ls.sem("chisq ~ status + admissible", data)
        boot = fit.bootstrap(5, seed=1, save=tmp_path / "boot.parquet")
        assert boot.counts["converged"] == 5
        assert boot.intervals("chisq", what="r2")["est"][0] == pytest.approx(fit.rsquare()["chisq"])

    def test_chinese_names_everywhere(self, frame: pd.DataFrame, tmp_path: Path) -> None:
        data = frame.rename(columns={"x1": "信任1", "x2": "信任2", "x3": "信任3", "x4": "忠诚"})
        fit = ls.sem("信任 =~ 信任1 + 信任2 + 信任3\n忠诚 ~ 路径*信任\n加倍 := 2*路径", data)
        path = tmp_path / "自助法 结果.parquet"
        boot = fit.bootstrap(5, seed=1, save=path)
        assert boot.intervals("路径", "加倍", "忠诚 ~ 信任")["est"].tolist()[1] == pytest.approx(
            2 * fit.params["路径"]
        )
        assert "信任=~信任2" in pd.read_parquet(path).columns
        assert "忠诚~信任" in boot.summary()

    def test_a_list_of_names_is_explained(self, fit: SEMResult) -> None:
        with pytest.raises(IncompatibleRequestError, match=r"put \* before a list"):
            fit.bootstrap(2, seed=1).intervals(["f=~x2"])  # type: ignore[arg-type]


class TestRequests:
    @pytest.mark.parametrize("draws", [0, -3, 5.5, "many"])
    def test_draws_are_a_number(self, fit: SEMResult, draws: object) -> None:
        with pytest.raises(IncompatibleRequestError) as caught:
            fit.bootstrap(draws)  # type: ignore[arg-type]
        assert caught.value.code == "request.draws"

    @pytest.mark.parametrize("seed", [-1, 1.5, "abc"])
    def test_a_seed_is_a_number(self, fit: SEMResult, seed: object) -> None:
        with pytest.raises(IncompatibleRequestError) as caught:
            fit.bootstrap(5, seed=seed)  # type: ignore[arg-type]
        assert caught.value.code == "request.seed"

    def test_columns_that_only_differ_in_order_are_two_requests(
        self, fit: SEMResult, frame: pd.DataFrame, tmp_path: Path
    ) -> None:
        path = tmp_path / "boot.parquet"
        fit.bootstrap(5, seed=1, cluster=frame["agemo"], save=path)
        shuffled = frame["agemo"].sample(frac=1.0, random_state=1).to_numpy()
        with pytest.raises(DataError, match="cluster is"):
            fit.bootstrap(5, seed=1, cluster=shuffled, save=path)

    def test_what_differs_is_told_briefly(self, fit: SEMResult, tmp_path: Path) -> None:
        path, frame = tmp_path / "boot.parquet", pd.read_csv(GOLDEN / "HolzingerSwineford1939.csv")
        fit.bootstrap(5, seed=1, save=path)
        with pytest.raises(DataError, match="data_hash is") as caught:
            ls.cfa(FACTOR, frame.iloc[1:]).bootstrap(5, seed=1, save=path)
        assert len(str(caught.value)) < 400


class TestFiles:
    def test_a_folder_is_made(self, fit: SEMResult, tmp_path: Path) -> None:
        path = tmp_path / "new" / "deeper" / "boot.parquet"
        fit.bootstrap(5, seed=1, save=path)
        assert path.exists()

    def test_no_place_to_write(self, fit: SEMResult, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("not a folder", encoding="utf-8")
        with pytest.raises(DataError, match="Nothing can be written") as caught:
            fit.bootstrap(5, seed=1, save=tmp_path / "file" / "boot.parquet")
        assert caught.value.code == "data.folder"

    def test_a_folder_in_place_of_the_file(self, fit: SEMResult, tmp_path: Path) -> None:
        with pytest.raises(IncompatibleRequestError, match="is a folder"):
            fit.bootstrap(5, seed=1, save=tmp_path)

    def test_the_same_call_writes_the_same_bytes(self, fit: SEMResult, tmp_path: Path) -> None:
        n = 2 * BLOCK + 3
        whole, extended = tmp_path / "whole.parquet", tmp_path / "extended.parquet"
        fit.bootstrap(n, seed=1, save=whole)
        fit.bootstrap(BLOCK + 1, seed=1, save=extended)
        fit.bootstrap(n, seed=1, save=extended)
        assert whole.read_bytes() == extended.read_bytes()

    def test_extending_solves_only_what_is_new(
        self, fit: SEMResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        solved, call = [], CaseDraws.__call__

        def counting(self: CaseDraws, block: int) -> np.ndarray:
            solved.append(block)
            return call(self, block)

        monkeypatch.setattr(CaseDraws, "__call__", counting)
        fit.bootstrap(2 * BLOCK + 3, seed=1, save=tmp_path / "boot.parquet")
        fit.bootstrap(4 * BLOCK, seed=1, save=tmp_path / "boot.parquet")
        assert solved == [0, 1, 2, 2, 3]

    def test_a_relative_path_survives_a_change_of_folder(
        self, fit: SEMResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        boot = fit.bootstrap(5, seed=1, save="boot.parquet")
        monkeypatch.chdir(tmp_path.parent)
        assert boot.counts["drawn"] == 5

    def test_pickles_carry_their_replicates(
        self, fit: SEMResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = fit.bootstrap(BLOCK + 1, seed=1)
        kept = fit.bootstrap(BLOCK + 1, seed=1, save=tmp_path / "boot.parquet")
        monkeypatch.setattr(running, "IN_MEMORY", 1000)
        content = pickle.dumps(fit.bootstrap(BLOCK + 1, seed=1))  # its file is gone by now
        for text in (content, pickle.dumps(expected), pickle.dumps(kept)):
            found = pickle.loads(text).intervals("f=~x2", kind="bca")
            pd.testing.assert_frame_equal(found, expected.intervals("f=~x2", kind="bca"))


SCRIPT = """
import sys, pandas as pd, loyaltysem as ls
fit = ls.cfa({model!r}, pd.read_csv({data!r}))
fit.bootstrap(1_000_000, seed=11, save={path!r})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="another signal does this on Windows")
def test_ctrl_c_leaves_a_state_that_goes_on(fit: SEMResult, tmp_path: Path) -> None:
    path, root = tmp_path / "boot.parquet", Path(__file__).parents[3]
    data = str(GOLDEN / "HolzingerSwineford1939.csv")
    script = SCRIPT.format(model=FACTOR, data=data, path=str(path))
    run = subprocess.Popen(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)}, start_new_session=True,
    )  # fmt: skip
    parts, until = path.with_name(path.name + ".parts"), time.monotonic() + 120
    while not (parts / f"{2:08d}.npy").exists():
        assert run.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    os.kill(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode not in (0, None)
    assert "KeyboardInterrupt" in errors
    assert "of 1000000 draws are kept in 'boot.parquet.parts'. The same call goes on" in errors
    n = 3 * BLOCK
    found = fit.bootstrap(n, seed=11, save=path)
    pd.testing.assert_frame_equal(
        found.replicates(), fit.bootstrap(n, seed=11).replicates(), check_exact=True
    )


def test_a_draw_without_the_only_case_that_varies_fails() -> None:
    """Its variance is 1e-17 by rounding, and a slope on it would be anything."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"y": rng.normal(size=60), "x": np.zeros(60)})
    data.loc[11, "x"] = 1.0
    boot = ls.sem("y ~ x", data).bootstrap(300, seed=1)
    expected = 300 * (1 - 1 / 60) ** 60
    assert abs(boot.counts["failed"] - expected) < 4 * np.sqrt(expected)
    assert np.nanmax(boot.replicates("y~x").abs()) < 5.0


def test_a_draw_of_whole_clusters_without_variation_fails_too() -> None:
    """Groups and clusters of unequal size are solved sample by sample."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"y": rng.normal(size=80), "x": rng.normal(size=80)})
    data["market"] = np.repeat(["a", "b"], 40)
    data.loc[:39, "x"] = 0.0
    data.loc[11, "x"] = 1.0
    fit = ls.sem("y ~ x", data, group="market")
    boot = fit.bootstrap(100, seed=1, cluster=np.r_[np.arange(39), 38, 40 + np.arange(40)])
    assert 20 <= boot.counts["failed"] <= 55
    assert np.nanmax(boot.replicates("y~x").abs()) < 5.0
