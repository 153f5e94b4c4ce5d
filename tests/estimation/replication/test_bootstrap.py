"""Bootstrap draws are ordinary fits of ordinary samples, counted and read correctly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.optimise import Status
from loyaltysem.estimation.replication.bootstrap import Bootstrap
from loyaltysem.estimation.replication.draws import BLOCK, CaseDraws
from loyaltysem.estimation.replication.resampling import repeated, sampling_units, to_null
from loyaltysem.estimation.result import SEMResult

pytestmark = pytest.mark.filterwarnings("ignore::loyaltysem.core.errors.ImproperSolutionWarning")
DATA = Path(__file__).parents[2] / "golden" / "data" / "HolzingerSwineford1939.csv"
ITEMS = [f"x{i}" for i in range(1, 10)]
CFA = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
MEDIATION = """
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    visual ~ a*ageyr
    textual ~ b*visual + ageyr
    indirect := a*b
"""


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.read_csv(DATA)


@pytest.fixture(scope="module")
def fit(frame: pd.DataFrame) -> SEMResult:
    return ls.cfa(CFA, frame)


@pytest.fixture(scope="module")
def boot(fit: SEMResult) -> Bootstrap:
    return fit.bootstrap(BLOCK * 2, seed=3)


def _with_gaps(frame: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return frame.assign(**{x: frame[x].mask(rng.uniform(size=len(frame)) < 0.1) for x in ITEMS})


def _categories(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[ITEMS].apply(lambda x: pd.qcut(x, 3, labels=False, duplicates="drop"))


#: model, what to do with the data, options, draws that are fitted again by themselves
KINDS = {
    "ML": (CFA, None, {}, 3),
    "MLR, means": (CFA, None, {"estimator": "MLR", "meanstructure": True}, 3),
    "GLS": (CFA, None, {"estimator": "GLS"}, 3),
    "ULS": (CFA, None, {"estimator": "ULS"}, 3),
    "WLS": (CFA, None, {"estimator": "WLS"}, 1),
    "groups": (CFA, None, {"group": "school", "group_equal": ["loadings"]}, 3),
    "FIML": (CFA, _with_gaps, {"missing": "fiml"}, 2),
    "WLSMV": (CFA, _categories, {"ordered": ITEMS}, 1),
    "fixed x": (MEDIATION, None, {}, 3),
    "linear restriction": (CFA + "\nx1 ~~ a*x1\nx2 ~~ b*x2\na == 2*b\nr := a/b", None, {}, 3),
    "nonlinear restriction": (CFA + "\nx1 ~~ a*x1\nx2 ~~ b*x2\na == b^2", None, {}, 2),
}


@pytest.mark.parametrize("case", KINDS)
def test_a_draw_is_the_fit_of_its_sample(case: str, frame: pd.DataFrame) -> None:
    model, change, options, n = KINDS[case]
    data = change(frame) if change else frame
    fit = ls.sem(model, data, **options)
    boot = fit.bootstrap(5, seed=3)
    assert isinstance(boot.draws, CaseDraws)
    counts = boot.draws.counts(0)
    read = {w: boot.replicates(what=w) for w in ("est", "std_all", "r2", "fit")}
    assert fit.data is not None
    for draw in range(n):
        rows = [fit.data.rows[g][repeated(c[draw])] for g, c in enumerate(counts)]
        alone = ls.sem(model, data.iloc[np.concatenate(rows)].reset_index(drop=True), **options)
        found = alone.parameters()
        suffix = [f".g{g}" if g > 1 else "" for g in found["group"]]
        named = found["lhs"] + found["op"] + found["rhs"] + suffix
        found.index = pd.Index(np.where(found["op"] == ":=", found["lhs"], named))
        for what, column in (("est", "est"), ("std_all", "std_all")):
            there = read[what].loc[draw]
            np.testing.assert_allclose(found.loc[there.index, column], there, atol=1e-8)
        np.testing.assert_allclose(alone.rsquare(), read["r2"].loc[draw], atol=1e-8)
        known = ["srmr", "baseline_chisq", "chisq", "cfi", "tli", "rmsea"]
        if options.get("estimator") == "ULS":
            known = ["srmr"]  # its fit measures take another χ²
        if options.get("estimator") in (None, "MLR", "GLS") and "ordered" not in options:
            known.append("gfi")
        measures = alone.fit_measures(*known)
        np.testing.assert_allclose(measures, read["fit"].loc[draw, known], rtol=1e-8, atol=1e-8)


class TestCounts:
    def test_adds_up(self, boot: Bootstrap) -> None:
        counts = boot.counts
        assert counts["drawn"] == 2 * BLOCK
        assert counts["converged"] + counts["failed"] == counts["drawn"]

    def test_inadmissible_draws_are_kept_or_dropped(self, frame: pd.DataFrame) -> None:
        boot = ls.cfa(CFA, frame.iloc[:60]).bootstrap(BLOCK, seed=1)
        counts = boot.counts
        assert counts["inadmissible"] > 0
        kept, dropped = boot.replicates(), boot.replicates(inadmissible="drop")
        assert kept.notna().all(axis=1).sum() == counts["converged"]
        assert dropped.notna().all(axis=1).sum() == counts["converged"] - counts["inadmissible"]
        improper = dropped.isna().all(axis=1) & kept.notna().all(axis=1)
        names = [f"{x}~~{x}" for x in (*ITEMS, "visual", "textual", "speed")]
        assert (kept.loc[~improper, names].dropna() >= 0).all(axis=None)
        assert {f.code for f in boot.findings} >= {"bootstrap.inadmissible"}

    def test_a_sample_that_cannot_be_analysed_has_failed(self) -> None:
        rng = np.random.default_rng(1)
        factor = rng.normal(size=120)
        items = {f"y{i}": np.digitize(factor + rng.normal(size=120), [0]) for i in range(4)}
        frame = pd.DataFrame(items)
        frame["y0"] = 0
        frame.loc[:1, "y0"] = 1  # in one sample in seven neither of the two is drawn
        boot = ls.cfa("f =~ y1 + y2 + y3 + y0", frame, ordered=True).bootstrap(40, seed=2)
        lost = boot.counts["failed"]
        assert 0 < lost < 40
        status = np.concatenate([rows.statistic("status") for rows in boot._rows()])
        assert (status == Status.BAD_DATA).any()
        assert boot.replicates().isna().all(axis=1).sum() == lost


class TestResampling:
    def test_groups_and_strata_keep_their_sizes(self, frame: pd.DataFrame) -> None:
        fit = ls.cfa(CFA, frame, group="school")
        boot = fit.bootstrap(1, seed=1, strata=frame["sex"])
        assert isinstance(boot.draws, CaseDraws) and fit.data is not None
        for rows, counts in zip(fit.data.rows, boot.draws.counts(0), strict=True):
            sex = frame["sex"].to_numpy()[rows]
            for value in np.unique(sex):
                assert (counts[:, sex == value].sum(axis=1) == (sex == value).sum()).all()

    def test_clusters_are_drawn_together(self, frame: pd.DataFrame, fit: SEMResult) -> None:
        month = frame["agemo"]
        boot = fit.bootstrap(BLOCK, seed=1, cluster=month)
        assert isinstance(boot.draws, CaseDraws)
        counts = boot.draws.counts(0)[0]
        for value in month.unique():
            mine = counts[:, (month == value).to_numpy()]
            assert (mine == mine[:, :1]).all()
        sizes = counts.sum(axis=1)
        assert len(np.unique(sizes)) > 1  # clusters differ in size
        # χ² is N·F with the N that was drawn
        rows = repeated(counts[0])
        alone = ls.cfa(CFA, frame.iloc[rows])
        found = boot.replicates("chisq", "cfi", what="fit").loc[0]
        np.testing.assert_allclose(alone.fit_measures("chisq", "cfi"), found, rtol=1e-8)

    def test_clusters_of_several_groups(self, frame: pd.DataFrame) -> None:
        fit = ls.cfa(CFA, frame, group="school", group_equal=["loadings"])
        boot = fit.bootstrap(1, seed=1, cluster=frame["agemo"])
        assert isinstance(boot.draws, CaseDraws) and fit.data is not None
        drawn = zip(fit.data.rows, boot.draws.counts(0), strict=True)
        rows = np.concatenate([r[repeated(c[0])] for r, c in drawn])
        alone = ls.cfa(CFA, frame.iloc[rows], group="school", group_equal=["loadings"])
        assert alone.params.iloc[0] == pytest.approx(boot.replicates().iloc[0, 0], abs=1e-8)

    def test_a_stratum_of_clusters(self) -> None:
        units = sampling_units(np.array([0.0, 0, 1, 1, 2]), np.array([0.0, 0, 0, 0, 1]), 5)
        counts = units.counts(np.random.default_rng(1), 50)
        assert (counts[:, 4] == 1).all()  # alone in its stratum
        assert (counts[:, 0] + counts[:, 2] == 2).all()

    def test_what_is_turned_into_the_null_has_the_implied_moments(self) -> None:
        rng = np.random.default_rng(1)
        values = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3))
        sigma = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 3.0]])
        z = to_null(values, sigma, np.array([1.0, 2.0, 3.0]))
        np.testing.assert_allclose(np.cov(z.T, bias=True), sigma, atol=1e-12)
        np.testing.assert_allclose(z.mean(axis=0), [1.0, 2.0, 3.0], atol=1e-12)


class TestUnderTheModel:
    @pytest.mark.parametrize("kind", ["bollen-stine", "parametric"])
    def test_chisq_has_its_expectation(self, fit: SEMResult, kind: str) -> None:
        boot = fit.bootstrap(600, seed=5, kind=kind)
        chisq = boot.replicates("chisq", what="fit")["chisq"]
        # 24 df; five standard errors of a mean of 600, and a little for N = 301
        assert abs(chisq.mean() - 24.5) < 5 * np.sqrt(48 / 600) + 0.5
        assert boot.chisq_pvalue() == 0.0  # χ² = 85 on 24 df

    def test_pvalue_counts_draws(self, frame: pd.DataFrame) -> None:
        fit = ls.cfa("textual =~ x4 + x5 + x6 + x1", frame)
        boot = fit.bootstrap(200, seed=5, kind="bollen-stine")
        chisq = boot.replicates("chisq", what="fit")["chisq"]
        assert boot.chisq_pvalue() == (chisq >= fit.fit_measures("chisq")["chisq"]).mean()
        assert boot.chisq_pvalue() > 0.01

    def test_parametric_keeps_gaps_and_fixed_x(self, frame: pd.DataFrame) -> None:
        data = _with_gaps(frame)
        fit = ls.sem(MEDIATION, data, missing="fiml")
        boot = fit.bootstrap(8, seed=1, kind="parametric")
        values = boot.draws._group(np.random.default_rng(1), 0)  # type: ignore[union-attr]
        observed = fit.data.values[0]  # type: ignore[union-attr]
        assert (np.isnan(values) == np.isnan(observed)).all()
        x = fit.table.observed.index("ageyr")
        assert (values[:, :, x] == observed[:, x]).all()
        assert boot.counts["converged"] == 8

    def test_parametric_of_ordered_items(self, frame: pd.DataFrame) -> None:
        data = _categories(frame)
        fit = ls.cfa(CFA, data, ordered=True)
        boot = fit.bootstrap(6, seed=1, kind="parametric")
        values = boot.draws._group(np.random.default_rng(1), 0)  # type: ignore[union-attr]
        assert set(np.unique(values)) == {0.0, 1.0, 2.0}
        shares = (values == 0).mean(axis=(0, 1))
        np.testing.assert_allclose(shares, (data[ITEMS] == 0).mean(), atol=0.03)
        assert boot.counts["converged"] == 6


class TestIntervals:
    def test_indirect_effect_by_every_kind(self, frame: pd.DataFrame) -> None:
        boot = ls.sem(MEDIATION, frame).bootstrap(640, seed=1)
        table = {
            kind: boot.intervals("indirect", kind=kind).iloc[0]
            for kind in ("percentile", "bc", "bca", "normal", "basic")
        }
        t = boot.replicates("indirect")["indirect"]
        assert table["percentile"]["ci_lower"] == pytest.approx(t.quantile(0.025), abs=0.01)
        for row in table.values():
            assert row["ci_lower"] < row["est"] < row["ci_upper"]
            assert row["se"] == pytest.approx(t.std())
            assert row["used"] == 640
        limits = {(r["ci_lower"], r["ci_upper"]) for r in table.values()}
        assert len(limits) == 5

    def test_acceleration_by_leaving_out_where_draws_are_few(self, fit: SEMResult) -> None:
        few = fit.bootstrap(128, seed=1).intervals("visual~~textual", kind="bca")
        many = fit.bootstrap(640, seed=1)
        bca, bc = (many.intervals("visual~~textual", kind=k) for k in ("bca", "bc"))
        assert np.isfinite(few["ci_lower"].iloc[0])
        assert bca["ci_lower"].iloc[0] != bc["ci_lower"].iloc[0]

    def test_names(self, frame: pd.DataFrame) -> None:
        boot = ls.sem(MEDIATION, frame).bootstrap(20, seed=1)
        by_label = boot.intervals("a")
        assert by_label["name"].tolist() == ["a"]
        assert by_label["est"][0] == boot.intervals("visual ~ ageyr")["est"][0]
        either = [boot.intervals(n)["est"][0] for n in ("x1~~x1", "cfi")]
        assert either[1] == pytest.approx(boot.fit.inference.measures["cfi"])
        assert "textual" in boot.intervals(what="r2")["name"].tolist()
        std = boot.intervals("textual~visual", what="std_all")["est"][0]
        assert std == boot.fit.parameters().set_index(["lhs", "rhs"]).loc[
            ("textual", "visual"), "std_all"
        ]  # fmt: skip

    def test_covariance_in_either_order(self, boot: Bootstrap) -> None:
        a, b = (boot.intervals(n) for n in ("visual~~textual", "textual~~visual"))
        assert a["ci_lower"][0] == b["ci_lower"][0]

    def test_summary_shows_counts_and_escapes(self, boot: Bootstrap) -> None:
        assert f"{2 * BLOCK} nonparametric draws (seed 3)" in boot.summary()
        assert "visual=~x2" in boot.summary()
        assert "<table" in boot._repr_html_()
        assert repr(boot).startswith("<Bootstrap: 128")


class TestRefusals:
    @pytest.mark.parametrize(
        ("call", "code"),
        [
            (lambda f, d: f.bootstrap(0), "request.draws"),
            (lambda f, d: f.bootstrap(5, kind="jackknife"), "request.bootstrap"),
            (lambda f, d: f.bootstrap(5, cluster="school"), "data.type"),
            (lambda f, d: f.bootstrap(5, cluster=d["school"].iloc[1:]), "data.length"),
            (lambda f, d: f.bootstrap(5, strata=d["school"].where(d.index > 3)), "data.missing"),
            (lambda f, d: f.bootstrap(5, kind="parametric", strata=d["sex"]), "request.bootstrap"),
            (lambda f, d: f.bootstrap(5, seed=1).intervals("nothing"), "request.quantity"),
            (lambda f, d: f.bootstrap(5, seed=1).intervals(what="x"), "request.quantity"),
            (lambda f, d: f.bootstrap(5, seed=1).intervals("visual=~x1"), "request.quantity"),
            (lambda f, d: f.bootstrap(5, seed=1).intervals(kind="x"), "request.interval"),
            (lambda f, d: f.bootstrap(5, seed=1).intervals(level=95), "request.interval"),
            (lambda f, d: f.bootstrap(5, seed=1).replicates(inadmissible="x"),
             "request.inadmissible"),
            (lambda f, d: f.bootstrap(5, seed=1).chisq_pvalue(), "request.bootstrap"),
            (lambda f, d: f.bootstrap(5, seed=1, kind="parametric").intervals(kind="bca"),
             "request.interval"),
        ],
    )  # fmt: skip
    def test_says_what_is_wrong(
        self, fit: SEMResult, frame: pd.DataFrame, call: object, code: str
    ) -> None:
        assert callable(call)
        with pytest.raises((DataError, IncompatibleRequestError)) as caught:
            call(fit, frame)
        assert caught.value.code == code

    def test_moments_have_no_cases(self, frame: pd.DataFrame) -> None:
        fit = ls.cfa(CFA, sample_cov=frame[ITEMS].cov(), sample_nobs=301)
        with pytest.raises(IncompatibleRequestError, match="needs the cases"):
            fit.bootstrap(5)

    def test_bollen_stine_needs_complete_continuous_answers(self, frame: pd.DataFrame) -> None:
        with pytest.raises(IncompatibleRequestError, match="incomplete"):
            ls.cfa(CFA, _with_gaps(frame), missing="fiml").bootstrap(5, kind="bollen-stine")
        with pytest.raises(IncompatibleRequestError, match="ordered"):
            ls.cfa(CFA, _categories(frame), ordered=True).bootstrap(5, kind="bollen-stine")

    def test_a_seed_is_drawn_and_told(self, fit: SEMResult) -> None:
        boot = fit.bootstrap(3)
        again = fit.bootstrap(3, seed=boot.seed)
        pd.testing.assert_frame_equal(boot.replicates(), again.replicates())
