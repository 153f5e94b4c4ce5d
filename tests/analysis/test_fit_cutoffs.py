"""Dynamic cut-offs against an independent simulation with lavaan and a published example."""

from __future__ import annotations

import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.fit_cutoffs import BLOCK, INDICES, FitCutoffs, cut_off, fit_cutoffs
from loyaltysem.core.errors import ImproperSolutionWarning, IncompatibleRequestError
from loyaltysem.core.parallel import generator
from loyaltysem.estimation.result import SEMResult
from loyaltysem.moments.wishart import draw_normal_moments

ROOT = Path(__file__).parents[1] / "golden"
GOLDEN = json.loads((ROOT / "cutoffs/cutoffs.json").read_text())
HS = pd.read_csv(ROOT / "data/HolzingerSwineford1939.csv")
HS_MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
FOUR = "f1 =~ x1 + x2 + x3; f2 =~ x4 + x5 + x6; f3 =~ x7 + x8 + x9; f4 =~ x10 + x11 + x12"
# model, N and kind of the populations in cutoffs.json; its variables in the order of the model
CASES = {
    "three_factors": (HS_MODEL, 301, "measurement"),
    "one_factor": ("f =~ x1 + x2 + x3 + x4 + x5 + x6", 500, "measurement"),
    "second_order": (f"{FOUR}; g =~ f1 + f2 + f3 + f4", 400, "measurement"),
    "second_order_structural": (f"{FOUR}; g =~ f1 + f2 + f3 + f4", 400, "structural"),
}


def exactly(name: str, n: int | None = None) -> SEMResult:
    """Fit the model of a case to its own population: the estimates are the population's values."""
    model, cases, _ = CASES[name]
    r = np.array(GOLDEN[name][0]["correlation"])
    p = round(np.sqrt(len(r)))
    items = [f"x{i + 1}" for i in range(p)]
    frame = pd.DataFrame(r.reshape(p, p), index=items, columns=items)
    return ls.cfa(model, sample_cov=frame, sample_nobs=n or cases)


@pytest.fixture(scope="module")
def hs() -> SEMResult:
    return ls.cfa(HS_MODEL, HS)


@pytest.fixture(scope="module")
def found(hs: SEMResult) -> FitCutoffs:
    return fit_cutoffs(hs, replicates=200, seed=3)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_indices_are_distributed_as_in_a_simulation_with_lavaan(name: str) -> None:
    """1,000 samples there, 2,000 here; four standard errors of a quantile of a normal variable."""
    found = fit_cutoffs(exactly(name), replicates=2000, misspecification=CASES[name][2])
    assert len(found.levels) == len(GOLDEN[name])
    at = [0.05, 0.10, 0.50, 0.90, 0.95]
    density = np.array([0.103, 0.175, 0.399, 0.175, 0.103])
    error = np.sqrt(np.multiply(at, np.subtract(1, at)) * (1 / 1000 + 1 / 2000)) / density
    for level, expected in enumerate(GOLDEN[name]):
        mine = found.distributions.query("level == @level")[list(INDICES)]
        for index in INDICES:
            theirs = np.array(expected[index])
            sd = (theirs[4] - theirs[0]) / 3.29
            differences = mine[index].quantile(at).to_numpy() - theirs
            assert (np.abs(differences) < 4 * error * sd + 1e-4).all(), (level, index, differences)


@pytest.mark.slow
def test_cut_offs_are_the_published_ones() -> None:
    """Wolf & McNeish, vignette of the R package ``dynamic``: .040, .044 and .984 at level 1.

    They come from 500 samples (``90/10``, as 95/5 cannot be had); three standard errors of such
    quantiles and half a unit of the last digit are allowed for.
    """
    found = fit_cutoffs(exactly("three_factors"), replicates=4000).frame.query("level == 1")
    assert found["error"].tolist() == [0.10] * 3
    np.testing.assert_array_less(
        np.abs(found["cutoff"].to_numpy() - [0.040, 0.044, 0.984]), [0.0023, 0.0040, 0.0030]
    )


@pytest.mark.slow
def test_the_simulation_notices_another_number_of_cases() -> None:
    fits = exactly("three_factors"), exactly("three_factors", n=200)
    samples = [fit_cutoffs(fit, replicates=1000).distributions for fit in fits]
    medians = [x.query("level == 0")["srmr"].median() for x in samples]
    assert medians[1] / medians[0] == pytest.approx(np.sqrt(301 / 200), rel=0.06)


def test_table_of_the_cut_offs(found: FitCutoffs, hs: SEMResult) -> None:
    frame = found.frame
    assert frame["level"].tolist() == [1, 1, 1, 2, 2, 2]
    assert frame["index"].tolist() == [*INDICES, *INDICES]
    assert frame["added"].unique().tolist() == ["textual=~x2", "textual=~x7"]
    std = hs.parameters().set_index(["lhs", "op", "rhs"])["std_all"]
    assert frame["magnitude"].iloc[0] == pytest.approx(std["visual", "=~", "x2"])
    assert frame["value"].tolist()[:3] == [hs.fit_measures(n)[n] for n in INDICES]
    assert frame.query("level == 2")["met"].tolist() == [False] * 3
    assert found.levels[0].sigma == pytest.approx(hs.implied_cov().to_numpy())


def test_cut_offs_follow_from_the_distributions(found: FitCutoffs) -> None:
    level2 = found.distributions.query("level == 2")
    row = found.frame.query("level == 2 and index == 'cfi'").iloc[0]
    assert (row["cutoff"], row["error"]) == (pytest.approx(level2["cfi"].quantile(0.95)), 0.05)
    row = found.frame.query("level == 2 and index == 'srmr'").iloc[0]
    assert row["cutoff"] == pytest.approx(level2["srmr"].quantile(0.05))


def test_the_same_seed_gives_the_same_numbers_whoever_works(
    hs: SEMResult, found: FitCutoffs
) -> None:
    with joblib.parallel_config(backend="threading"):
        again = fit_cutoffs(hs, replicates=200, seed=3, n_jobs=2)
    pd.testing.assert_frame_equal(again.distributions, found.distributions)
    other = fit_cutoffs(hs, replicates=200, seed=4).distributions
    assert not np.allclose(other["srmr"], found.distributions["srmr"])


def test_more_replicates_change_none(hs: SEMResult, found: FitCutoffs) -> None:
    few = fit_cutoffs(hs, replicates=50, seed=3).distributions
    kept = found.distributions.query("replicate < 50").reset_index(drop=True)
    pd.testing.assert_frame_equal(few, kept)


def test_rows_are_what_single_fits_give(found: FitCutoffs) -> None:
    items = [f"x{i}" for i in range(1, 10)]
    cov, _ = draw_normal_moments(generator(3, 0), BLOCK, 301, found.levels[0].sigma, np.zeros(9))
    frame = pd.DataFrame(cov[5] * 301 / 300, index=items, columns=items)
    alone = ls.cfa(HS_MODEL, sample_cov=frame, sample_nobs=301).fit_measures(*INDICES)
    row = found.distributions.query("level == 0 and replicate == 5")[list(INDICES)].iloc[0]
    np.testing.assert_allclose(row, alone, atol=1e-7)


def test_the_print_says_what_was_added_and_what_is_better(found: FitCutoffs) -> None:
    text = str(found)
    assert "N = 301, 200 samples a level" in text and "textual=~x2" in text and "†" in text
    assert "RMSEA below .114 (mediocre), CFI above .870 (fair)" in text
    assert "✓" not in text.split("this fit")[0]
    assert found._repr_html_().count("<tr>") == 4 and repr(found) == text


def test_a_structural_model_of_the_same_fit_has_the_same_cut_offs(found: FitCutoffs) -> None:
    regressed = fit_cutoffs(
        ls.sem(f"{HS_MODEL}\nspeed ~ visual + textual\ntextual ~ visual", HS),
        replicates=200, seed=3,
    )  # fmt: skip
    pd.testing.assert_frame_equal(regressed.distributions, found.distributions, atol=1e-6)


def test_means_in_the_model_change_only_srmr(found: FitCutoffs) -> None:
    means = fit_cutoffs(ls.cfa(HS_MODEL, HS, meanstructure=True), replicates=200, seed=3)
    for index in ("rmsea", "cfi"):
        np.testing.assert_allclose(means.distributions[index], found.distributions[index],
                                   atol=1e-7)  # fmt: skip
    assert (means.distributions["srmr"] < found.distributions["srmr"]).all()


def test_robust_fits_are_told_that_the_cut_offs_are_not() -> None:
    found = fit_cutoffs(ls.cfa(HS_MODEL, HS, estimator="MLR"), replicates=20)
    assert [f.code for f in found.findings] == ["cutoffs.simulated_by_ml"]


def test_ml_under_another_name_is_ml() -> None:
    found = fit_cutoffs(ls.cfa(HS_MODEL, HS, estimator="MLF"), replicates=20)
    assert "cutoffs.simulated_by_ml" not in {f.code for f in found.findings}


def test_levels_that_cannot_be_had_are_told() -> None:
    tied = ls.cfa(f"{HS_MODEL}\nx4 ~~ x7\nx5 ~~ x8\nx6 ~~ x9", HS)
    found = fit_cutoffs(tied, replicates=20)
    assert len(found.levels) == 2
    assert "cutoffs.fewer_levels" in [f.code for f in found.findings]


@pytest.mark.parametrize(
    ("model", "options", "reason"),
    [
        (HS_MODEL, {"group": "school"}, "several groups"),
        ("f =~ x1 + x2 + x3", {}, "no degrees of freedom"),
        ("x1 ~ x2 + x3; x4 ~ x1", {}, "no latent variables"),
    ],
)
def test_what_cut_offs_are_not_for(model: str, options: dict[str, str], reason: str) -> None:
    with pytest.raises(IncompatibleRequestError, match=reason) as error:
        fit_cutoffs(ls.cfa(model, HS, **options))
    assert error.value.code == "cutoffs.request"


def test_categories_are_refused() -> None:
    halves = (HS[[f"x{i}" for i in range(1, 10)]] > HS[[f"x{i}" for i in range(1, 10)]].mean()) * 1
    with pytest.raises(IncompatibleRequestError, match="ordered categories"):
        fit_cutoffs(ls.cfa(HS_MODEL, halves, ordered=True))


def test_improper_solutions_are_no_population() -> None:
    items = ["x1", "x2", "x3", "y1", "y2", "y3"]
    r = np.full((6, 6), 0.2)
    r[:3, :3] = [[1, 0.8, 0.6], [0.8, 1, 0.4], [0.6, 0.4, 1]]  # λ₁² = .8 · .6 / .4 > 1
    r[3:, 3:] = 0.5
    np.fill_diagonal(r, 1.0)
    with pytest.warns(ImproperSolutionWarning):
        fit = ls.cfa("f =~ x1 + x2 + x3; g =~ y1 + y2 + y3", sample_nobs=200,
                     sample_cov=pd.DataFrame(r, index=items, columns=items))  # fmt: skip
    with pytest.raises(IncompatibleRequestError) as error:
        fit_cutoffs(fit)
    assert error.value.code == "cutoffs.improper"


@pytest.mark.parametrize(
    ("model", "kind", "hint"),
    [
        (HS_MODEL, "structural", "four or more"),
        ("f =~ x1 + x2 + x3 + x4; x1 ~~ x2", "measurement", "four items"),
        (f"{HS_MODEL}\nx4 ~~ x7 + x1\nx5 ~~ x8 + x2\nx6 ~~ x9 + x3", "measurement", "Every item"),
    ],
)  # fmt: skip
def test_where_nothing_can_be_added(model: str, kind: str, hint: str) -> None:
    with pytest.raises(IncompatibleRequestError) as error:
        fit_cutoffs(ls.cfa(model, HS), misspecification=kind)
    assert error.value.code == "cutoffs.no_level" and hint in error.value.hint


def test_bad_arguments_are_refused(hs: SEMResult) -> None:
    with pytest.raises(IncompatibleRequestError, match="too few"):
        fit_cutoffs(hs, replicates=10)
    with pytest.raises(IncompatibleRequestError, match="'both' is not known"):
        fit_cutoffs(hs, misspecification="both")


def test_a_cut_off_needs_distributions_that_part() -> None:
    near, far = np.arange(100.0), np.arange(100.0) + 85.0
    assert cut_off(near, far + 20.0) == (pytest.approx(109.95), 0.05)
    assert cut_off(near, far) == (pytest.approx(94.9), 0.10)
    assert all(np.isnan(cut_off(near, far - 40.0)))
    assert cut_off(-near, -far, larger_is_better=True) == (pytest.approx(-94.9), 0.10)
    assert cut_off(near, np.append(far + 20.0, np.nan)) == (pytest.approx(109.95), 0.05)


@pytest.mark.parametrize("options", [{"replicates": 100.0}, {"seed": -1}, {"seed": "a"}])
def test_numbers_of_a_request_are_whole(hs: SEMResult, options: dict[str, object]) -> None:
    with pytest.raises(IncompatibleRequestError):
        fit_cutoffs(hs, **options)  # type: ignore[arg-type]
