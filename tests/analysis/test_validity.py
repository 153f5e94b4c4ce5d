import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis import validity
from loyaltysem.core.errors import DataError, IncompatibleRequestError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "validity_hs.json").read_text("utf-8"))
LATENTS = ["visual", "textual", "speed"]
# The golden loadings carry 15 digits, semTools' fit and ours stop at their own tolerance.
RTOL = 2e-6


@dataclass(frozen=True)
class StandInFit:
    """The two tables that the validity functions read, typed in by the test."""

    frame: pd.DataFrame
    covariance: pd.DataFrame
    groups: tuple[str, ...] = ()

    def parameters(self, *, standardized=False):
        return self.frame

    def latent_cov(self):
        return self.covariance


@pytest.fixture
def hs():
    golden = GOLDEN["latent_correlations"]
    sd = np.array([0.9, 1.0, 0.6])  # a covariance matrix, so that the rescaling is tested too
    correlation = pd.DataFrame(golden["values"], index=golden["rows"], columns=golden["cols"])
    return StandInFit(pd.DataFrame(GOLDEN["parameters"]), correlation * np.outer(sd, sd))


def fit_from(rows):
    columns = ["lhs", "op", "rhs", "group", "std_all"]
    return StandInFit(pd.DataFrame(rows, columns=columns), pd.DataFrame())


def test_composite_reliability_and_ave_agree_with_the_reference(hs):
    reliability, extracted = validity.composite_reliability(hs), validity.ave(hs)
    assert list(reliability.index) == list(extracted.index) == LATENTS
    for latent in LATENTS:
        assert reliability[latent] == pytest.approx(
            GOLDEN["composite_reliability"][latent], rel=RTOL
        )
        assert extracted[latent] == pytest.approx(GOLDEN["ave"][latent], rel=RTOL)


def test_htmt_agrees_with_semtools():
    items = GOLDEN["item_correlations"]
    assert min(map(min, items["values"])) < 0  # so the absolute-value convention matters
    groups = [np.arange(3), np.arange(3, 6), np.arange(6, 9)]
    ratio = validity.htmt_matrix(np.array(items["values"]), groups)
    below = np.tri(3, k=-1, dtype=bool)
    np.testing.assert_allclose(ratio[below], np.array(GOLDEN["htmt"]["values"])[below], rtol=1e-12)
    np.testing.assert_allclose(ratio, ratio.T, rtol=1e-14)
    assert np.isnan(np.diag(ratio)).all()


def test_fornell_larcker_layout(hs):
    table = validity.fornell_larcker(hs)
    np.testing.assert_allclose(np.diag(table) ** 2, validity.ave(hs))
    expected = GOLDEN["latent_correlations"]["values"][1][0]
    assert table.loc["textual", "visual"] == pytest.approx(expected)
    assert np.isnan(table.loc["visual", "textual"])


def test_fornell_larcker_of_chosen_latents(hs):
    table = validity.fornell_larcker(hs, ["speed", "visual"])
    assert list(table.index) == list(table.columns) == ["speed", "visual"]
    expected = GOLDEN["latent_correlations"]["values"][0][2]
    assert table.loc["visual", "speed"] == pytest.approx(expected)


def test_second_order_factor_uses_its_second_order_loadings():
    rows = pd.DataFrame(GOLDEN["second_order_parameters"])
    fit = StandInFit(rows, pd.DataFrame())
    loadings = rows.loc[(rows["op"] == "=~") & (rows["lhs"] == "g"), "std_all"].to_numpy()
    common = loadings.sum() ** 2
    assert validity.indicators(fit)["g"] == tuple(LATENTS)
    assert validity.composite_reliability(fit)["g"] == pytest.approx(
        common / (common + (1 - loadings**2).sum()), rel=1e-6
    )
    assert validity.ave(fit)["g"] == pytest.approx((loadings**2).mean())


def test_correlated_errors_lower_the_reliability():
    measurement = [("f", "=~", x, 1, 0.8) for x in ("x", "y", "z")]
    variances = [(x, "~~", x, 1, 0.36) for x in ("x", "y", "z")]
    plain = validity.composite_reliability(fit_from(measurement + variances))["f"]
    rows = [*measurement, *variances, ("x", "~~", "y", 1, 0.5)]
    correlated = validity.composite_reliability(fit_from(rows))["f"]
    assert plain == pytest.approx(5.76 / (5.76 + 1.08))
    assert correlated == pytest.approx(5.76 / (5.76 + 1.08 + 2 * 0.5 * 0.36))


def test_heywood_case_still_has_numbers():
    rows = [("f", "=~", "x", 1, 1.1), ("f", "=~", "y", 1, 0.5)]
    rows += [("x", "~~", "x", 1, 1 - 1.1**2), ("y", "~~", "y", 1, 0.75)]
    expected = 1.6**2 / (1.6**2 + 1 - 1.1**2 + 0.75)
    assert validity.composite_reliability(fit_from(rows))["f"] == pytest.approx(expected)


def test_single_indicator_has_no_reliability():
    fit = fit_from([("f", "=~", "x", 1, 1.0), ("x", "~~", "x", 1, 0.0)])
    assert np.isnan(validity.composite_reliability(fit)["f"])
    assert np.isnan(validity.ave(fit)["f"])


def test_several_groups_are_refused():
    rows = [("f", "=~", x, g, 0.8) for x in ("x", "y") for g in (1, 2)]
    with pytest.raises(IncompatibleRequestError) as caught:
        validity.ave(fit_from(rows))
    assert caught.value.code == "request.several_groups"


def test_a_group_is_named():
    data = pd.read_csv(Path(__file__).parents[1] / "golden" / "data" / "HolzingerSwineford1939.csv")
    fit = ls.cfa("v =~ x1 + x2 + x3\nt =~ x4 + x5 + x6", data, group="school")
    one = ls.cfa("v =~ x1 + x2 + x3\nt =~ x4 + x5 + x6", data[data["school"] == "Pasteur"])
    for measure in (validity.ave, validity.composite_reliability, validity.fornell_larcker):
        np.testing.assert_allclose(measure(fit, group="Pasteur"), measure(one), rtol=1e-5)
    with pytest.raises(IncompatibleRequestError) as caught:
        validity.fornell_larcker(fit, group="Pastuer")
    assert caught.value.code == "request.group" and "Pasteur" in caught.value.hint
    with pytest.raises(IncompatibleRequestError):
        validity.ave(one, group="Pasteur")


@pytest.fixture
def scores():
    rng = np.random.default_rng(4)
    trait = np.repeat(rng.normal(size=(60, 2)), 2, axis=1)
    return pd.DataFrame(trait + rng.normal(size=(60, 4)), columns=["a1", "a2", "b1", "b2"])


def test_htmt_frame_by_hand(scores):
    r = scores.corr().abs()
    between = r.loc[["a1", "a2"], ["b1", "b2"]].to_numpy().mean()
    expected = between / np.sqrt(r.loc["a1", "a2"] * r.loc["b1", "b2"])
    table = validity.htmt(scores, {"A": ["a1", "a2"], "B": ["b1", "b2"]})
    assert table.loc["B", "A"] == pytest.approx(expected)
    assert table.isna().sum().sum() == 3


def test_htmt_single_item_construct_is_undefined(scores):
    table = validity.htmt(scores, {"A": ["a1", "a2"], "B": ["b1"]})
    assert np.isnan(table.loc["B", "A"])


def test_htmt_leaves_out_incomplete_cases(scores):
    groups = {"A": ["a1", "a2"], "B": ["b1", "b2"]}
    holed = scores.copy()
    holed.loc[:9, "a1"] = np.nan
    pd.testing.assert_frame_equal(
        validity.htmt(holed, groups), validity.htmt(scores.iloc[10:], groups)
    )


def test_htmt_errors(scores):
    renamed = scores.rename(columns={"a2": "aroma"})
    with pytest.raises(DataError, match="no column 'arom'") as caught:
        validity.htmt(renamed, {"A": ["a1", "arom"]})
    assert "Did you mean 'aroma'?" in caught.value.hint
    with pytest.raises(DataError, match="no column 'q'") as caught:
        validity.htmt(scores, {"A": ["a1", "q"]})
    assert caught.value.hint == "Columns: a1, a2, b1, b2."
    with pytest.raises(DataError) as caught:
        validity.htmt(scores.head(2), {"A": ["a1", "a2"], "B": ["b1", "b2"]})
    assert caught.value.code == "data.too_few_cases"
