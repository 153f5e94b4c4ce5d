"""What an estimator's name brings with it: corrections, tests and information, as lavaan.

Printed numbers are those of lavaan 0.6-14 under R 4.2.2 on the data of tests/golden/data.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls

DATA = Path(__file__).parents[1] / "golden" / "data"
MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


@pytest.fixture(scope="module")
def hs() -> pd.DataFrame:
    return pd.read_csv(DATA / "HolzingerSwineford1939.csv")


def test_dwls_of_numeric_data_has_normal_theory_corrections(hs: pd.DataFrame) -> None:
    fit = ls.cfa(MODEL, hs, estimator="DWLS")
    assert (fit.plan.se, fit.plan.test) == ("robust.sem.nt", "browne.residual.nt")
    # lavTest(fit, test = "browne.residual.nt"), and the sandwich worked out in R from its parts
    assert fit.fit_measures("chisq")["chisq"] == pytest.approx(75.01, abs=5e-3)
    se = fit.parameters().query("free > 0")["se"].to_numpy()[:3]
    assert se == pytest.approx([0.1027567, 0.1071089, 0.0739024], abs=2e-6)


def test_dwls_of_ordered_data_has_robust_errors_and_the_plain_test() -> None:
    items = [f"q{i}" for i in range(1, 5)]
    fit = ls.cfa(
        "f =~ q1 + q2 + q3 + q4", pd.read_csv(DATA / "likert9.csv"), estimator="DWLS", ordered=items
    )
    assert (fit.plan.se, fit.plan.test) == ("robust.sem", "standard")


def test_a_robust_test_does_not_change_standard_errors(hs: pd.DataFrame) -> None:
    plain, tested = ls.cfa(MODEL, hs), ls.cfa(MODEL, hs, test="yuan.bentler.mplus")
    assert tested.plan.information == "expected"
    np.testing.assert_allclose(tested.parameters()["se"], plain.parameters()["se"])
    found = tested.fit_measures()
    assert found["chisq_scaled"] == pytest.approx(81.92122205, rel=1e-6)
    assert found["chisq_scaling_factor"] == pytest.approx(1.04131164, rel=1e-6)


def test_mlf_with_missing_answers() -> None:
    holes = pd.read_csv(DATA / "hs_missing_mcar.csv")
    fit = ls.cfa(MODEL, holes, estimator="MLF", missing="fiml")
    se = fit.parameters().query("free > 0")["se"].to_numpy()[:3]
    assert se == pytest.approx([0.1215650525, 0.1327998843, 0.0850533467], rel=1e-4)


def test_the_first_correction_of_several_counts(hs: pd.DataFrame) -> None:
    both = ["standard", "satorra.bentler", "mean.var.adjusted"]
    fit = ls.cfa(MODEL, hs, test=both)
    assert fit.plan.test == "satorra.bentler"


def test_tied_thresholds_leave_no_robust_index() -> None:
    items = [f"q{i}" for i in range(1, 5)]
    model = "f =~ q1 + q2 + q3 + q4\nq1 | a*t1\nq2 | a*t1"
    fit = ls.cfa(model, pd.read_csv(DATA / "likert9.csv"), ordered=items)
    assert not fit.fit_measures().get("cfi_robust", float("nan")) >= 0


@pytest.mark.parametrize(
    ("estimator", "chisq", "df", "cfi"),
    [
        ("ULSM", 90.59974145, 24.0, 0.9310223797),
        ("ULSMVS", 50.20840522, 13.30027775, 0.8380405344),
        ("WLSMVS", 55.51544884, 13.70090301, 0.7985682506),
    ],
)
def test_least_squares_tests_adjusted_in_mean_and_variance(
    hs: pd.DataFrame, estimator: str, chisq: float, df: float, cfi: float
) -> None:
    found = ls.cfa(MODEL, hs, estimator=estimator).fit_measures()
    scaled = found[["chisq_scaled", "df_scaled", "cfi_scaled"]].to_numpy()
    assert scaled == pytest.approx([chisq, df, cfi], rel=1e-5)
