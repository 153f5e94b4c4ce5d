"""Residuals against lavaan 0.6-14's `residuals()` (tests/golden/residuals_lavaan.csv).

z divides by standard errors that are small differences of large numbers, and lavaan stops its
search earlier: z agrees to 1e-3, the rest to 1e-4.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.estimation.result import SEMResult

GOLDEN = Path(__file__).parents[1] / "golden"
HS_MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\n"
MIMIC = HS_MODEL + "visual + textual + speed ~ ageyr + sex\n"
PD_MODEL = """ind60 =~ x1 + x2 + x3
dem60 =~ y1 + y2 + y3 + y4
dem65 =~ y5 + y6 + y7 + y8
dem60 ~ a*ind60
dem65 ~ b*ind60 + dem60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8
"""
LIKERT = "f1 =~ q1 + q2 + q3\nf2 =~ q4 + q5 + q6\nf3 =~ q7 + q8 + q9"
ITEMS = [f"q{i}" for i in range(1, 10)]
SCALAR = {"group": "school", "group_equal": ["loadings", "intercepts"]}
FITS: dict[str, tuple[str, str, dict[str, object]]] = {
    "hs": ("HolzingerSwineford1939", HS_MODEL, {}),
    "pd": ("PoliticalDemocracy", PD_MODEL, {}),
    "pd_eq": ("PoliticalDemocracy", PD_MODEL + "a == 2*b", {}),
    "mimic": ("HolzingerSwineford1939", MIMIC, {"meanstructure": True}),
    "gls": ("HolzingerSwineford1939", HS_MODEL, {"estimator": "GLS"}),
    "mg_scalar": ("HolzingerSwineford1939", HS_MODEL, SCALAR),
    "mg_scalar_obs": ("HolzingerSwineford1939", HS_MODEL, {**SCALAR, "information": "observed"}),
    "mimic_mlr": ("HolzingerSwineford1939", MIMIC, {"estimator": "MLR"}),
    "wls": ("HolzingerSwineford1939", HS_MODEL, {"estimator": "WLS"}),
    "wlsmv": ("likert9", LIKERT, {"ordered": ITEMS}),
    "wlsmv_mg": (
        "likert9",
        LIKERT,
        {"ordered": ITEMS, "group": "group", "group_equal": "loadings"},
    ),
}
REFERENCE = pd.read_csv(GOLDEN / "residuals_lavaan.csv", keep_default_na=False)


@cache
def fitted(name: str) -> SEMResult:
    data, model, options = FITS[name]
    return ls.sem(model, pd.read_csv(GOLDEN / "data" / f"{data}.csv"), **options)


def _hs() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "data" / "HolzingerSwineford1939.csv")


def _pair(frame: pd.DataFrame) -> pd.Series:
    return frame[["lhs", "rhs"]].apply(lambda r: "|".join(sorted(r)), axis=1)


@pytest.mark.parametrize(
    ("name", "kind"), sorted(set(zip(REFERENCE["fit"], REFERENCE["kind"], strict=True)))
)
def test_agrees_with_lavaan(name: str, kind: str) -> None:
    fit = fitted(name)
    ours = fit.residuals(kind).largest(None)
    if name == "wlsmv_mg":  # lavaan 0.6-14 divides by the cases of all groups
        own = dict(zip(fit.data.labels, fit.sample.n_obs, strict=True))
        ours["residual"] *= np.sqrt(fit.n_obs / ours["group"].map(own))
    numbers = {label: i for i, label in enumerate(fit.data.labels, start=1)}
    ours = ours.assign(group=ours["group"].map(numbers), pair=_pair(ours))
    theirs = REFERENCE.query("fit == @name and kind == @kind")
    theirs = theirs.assign(pair=_pair(theirs))
    both = theirs.merge(ours, on=["group", "op", "pair"], validate="one_to_one")
    assert len(both) == len(theirs)
    tolerance = 1e-3 if kind == "standardized" else 1e-4
    np.testing.assert_allclose(both["residual"], both["value"].astype(float), atol=tolerance)


def test_raw_residuals_are_sample_minus_implied() -> None:
    fit = fitted("hs")
    raw = fit.residuals()
    assert raw.mean is None
    pd.testing.assert_frame_equal(raw.cov, fit.sample_cov() - fit.implied_cov())


def test_one_group_of_several() -> None:
    residuals = fitted("mg_scalar").residuals("cor")
    own = residuals.of("Pasteur")
    assert own.cov.index.nlevels == 1
    assert own.cov.loc["x1", "x2"] == residuals.cov.loc[("Pasteur", "x1"), "x2"]
    assert set(residuals.largest(None)["group"]) == {"Pasteur", "Grant-White"}
    with pytest.raises(IncompatibleRequestError, match="no group 'Eton'"):
        residuals.of("Eton")


def test_z_does_not_depend_on_units() -> None:
    data = _hs()
    scaled = data.assign(x1=data["x1"] * 1e5, x5=data["x5"] / 1e4)
    plain = fitted("hs").residuals("standardized").cov
    other = ls.cfa(HS_MODEL, scaled).residuals("standardized").cov
    np.testing.assert_allclose(other, plain, atol=1e-3)


def test_the_largest_come_first_and_as_many_as_asked() -> None:
    top = fitted("hs").residuals("standardized").largest(3)
    assert top["residual"].abs().is_monotonic_decreasing
    assert len(top) == 3
    assert top.iloc[0][["lhs", "rhs"]].tolist() == ["x7", "x8"]


def test_prints_in_a_notebook_with_labels_as_text() -> None:
    html = fitted("mimic").residuals("normalized")._repr_html_()
    assert "over the standard errors of the sample moments" in html
    assert "<th>ageyr</th>" in html


def test_ordered_variables_have_thresholds_and_numeric_ones_means() -> None:
    data = pd.read_csv(GOLDEN / "data" / "likert9.csv")
    model = "f =~ q1 + q2 + q3 + q4"
    mixed = ls.cfa(model, data, ordered=["q1", "q2"], group="group").residuals()
    label = data["group"].iloc[0]
    assert mixed.of(label).thresholds.index[0] == "q1|t1"
    assert mixed.of(label).mean["q1"] == 0.0
    assert "threshold" in mixed._repr_html_()
    rows = mixed.largest(None)
    assert set(rows["op"]) == {"~~", "~1", "|"}
    assert fitted("hs").residuals().thresholds is None


def test_a_mean_that_does_not_fit_has_the_sign_of_sample_minus_model() -> None:
    data = pd.read_csv(GOLDEN / "data" / "likert9.csv")
    model = "f =~ q1 + q2 + q3 + q4\nq4 ~ 0*1"
    mixed = ls.cfa(model, data, ordered=["q1", "q2"]).residuals()
    assert mixed.mean["q4"] == pytest.approx(data["q4"].mean(), rel=1e-3)


def test_least_squares_of_continuous_data_know_their_gamma() -> None:
    uls = ls.cfa(HS_MODEL, _hs(), estimator="ULS")
    plain, free = (uls.residuals("normalized", distribution_free=d) for d in (None, True))
    ml = fitted("hs").residuals("normalized")
    below = np.tril_indices(9, -1)
    errors = [
        fit.residuals().cov.to_numpy()[below] / z.cov.to_numpy()[below]
        for fit, z in ((uls, plain), (fitted("hs"), ml))
    ]
    np.testing.assert_allclose(*errors, rtol=0.01)
    assert not np.allclose(plain.cov, free.cov, atol=0.01)


def test_incomplete_data_have_residuals_but_no_errors() -> None:
    data = pd.read_csv(GOLDEN / "data" / "hs_missing_mcar.csv")
    fit = ls.cfa(HS_MODEL, data, missing="fiml")
    assert np.isfinite(fit.residuals("cor").cov).all().all()
    with pytest.raises(IncompatibleRequestError, match="fiml"):
        fit.residuals("standardized")


def test_unknown_kind_lists_the_kinds() -> None:
    with pytest.raises(IncompatibleRequestError, match="no 'studentized' residuals") as caught:
        fitted("hs").residuals("studentized")
    assert "'standardized'" in caught.value.hint


def test_distribution_free_errors_need_cases() -> None:
    frame = fitted("hs").sample_cov()
    fit = ls.cfa(HS_MODEL, sample_cov=frame, sample_nobs=301)
    assert np.isfinite(fit.residuals("standardized").cov).all().all()
    with pytest.raises(IncompatibleRequestError, match="no cases"):
        fit.residuals("standardized", distribution_free=True)
