"""Comparisons of nested models against lavaan's lavTestLRT, and what cannot be compared."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.estimation.compare import Comparison, compare
from loyaltysem.estimation.result import SEMResult

GOLDEN = Path(__file__).parents[1] / "golden"
THEIRS: dict[str, list[dict[str, Any]]] = json.loads(
    (GOLDEN / "difference_tests.json").read_text(encoding="utf-8")
)
HS = pd.read_csv(GOLDEN / "data" / "HolzingerSwineford1939.csv")
LIKERT = pd.read_csv(GOLDEN / "data" / "likert9.csv")
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\n"
NINE = "F1 =~ q1 + q2 + q3\nF2 =~ q4 + q5 + q6\nF3 =~ q7 + q8 + q9"
ITEMS = [f"q{i}" for i in range(1, 10)]
LEVELS = ((), ("loadings",), ("loadings", "intercepts"), ("loadings", "intercepts", "residuals"))


@cache
def school(estimator: str, level: int) -> SEMResult:
    return ls.cfa(THREE, HS, group="school", group_equal=LEVELS[level], estimator=estimator)


@cache
def likert(equal: tuple[str, ...]) -> SEMResult:
    return ls.cfa(NINE, LIKERT, group="group", group_equal=equal, ordered=ITEMS)


def agrees(found: Comparison, rows: list[dict[str, Any]]) -> None:
    names = {
        "df": "df", "chisq": "chisq", "diff": "chisq_diff", "df_diff": "df_diff", "p": "pvalue",
        "rmsea": "rmsea_of_difference", "aic": "aic", "bic": "bic",
    }  # fmt: skip
    assert len(found.frame) == len(rows)
    for (_, mine), row in zip(found.frame.iterrows(), rows, strict=True):
        for theirs, name in names.items():
            if row.get(theirs) is not None:
                room = 3e-4 if theirs in ("p", "rmsea") else 2e-5
                assert mine[name] == pytest.approx(row[theirs], rel=room, abs=1e-9), name


class TestAgainstLavaan:
    def test_likelihood_ratio(self) -> None:
        found = compare(*(school("ML", level) for level in (3, 1, 0, 2)))
        assert found.method == "standard" and found.indices == "standard"
        assert found.frame["model"].tolist() == ["model 3", "model 2", "model 4", "model 1"]
        agrees(found, THEIRS["ml"])

    def test_one_group_and_labels(self) -> None:
        data = pd.read_csv(GOLDEN / "data" / "PoliticalDemocracy.csv")
        case = {
            name: json.loads((GOLDEN / "lavaan" / f"{name}.json").read_text(encoding="utf-8"))
            for name in ("pd_sem_ml", "pd_sem_eq")
        }
        agrees(compare(*(ls.sem(c["model"], data) for c in case.values())), THEIRS["equal_paths"])

    def test_mlr_takes_2001(self) -> None:
        found = compare(*(school("MLR", level) for level in range(3)))
        assert found.method == "satorra.bentler.2001" and found.indices == "robust"
        agrees(found, THEIRS["mlr_2001"])
        cfi = [school("MLR", level).fit_measures("cfi_robust").item() for level in range(3)]
        np.testing.assert_allclose(found.frame["delta_cfi"][1:], np.diff(cfi))

    def test_2000_after_mlr(self) -> None:
        found = compare(school("MLR", 1), school("MLR", 2), method="Satorra_2000")
        agrees(found, THEIRS["mlr_2000_metric_scalar"])

    @pytest.mark.parametrize("year", ["bentler.2001", "bentler.2010", "2000"])
    def test_mlm(self, year: str) -> None:
        found = compare(*(school("MLM", level) for level in range(4)), method=f"satorra.{year}")
        agrees(found, THEIRS[f"mlm_{year[-4:]}"])

    def test_mlmv_takes_2000(self) -> None:
        found = compare(*(school("MLMV", level) for level in range(4)))
        assert found.method == "satorra.2000"
        agrees(found, THEIRS["mlm_2000"])

    def test_2010_after_mlr(self) -> None:
        """lavaan's second row holds H1 where it does not imply what H0 does: ours differs."""
        found = compare(
            *(school("MLR", level) for level in range(4)), method="satorra.bentler.2010"
        )
        ours, rows = found.frame["chisq_diff"].tolist(), THEIRS["mlr_2010"]
        assert ours[1] == pytest.approx(rows[1]["diff"], rel=2e-5)
        assert ours[3] == pytest.approx(rows[3]["diff"], rel=2e-5)
        assert ours[2] == pytest.approx(40.0487, rel=1e-4)

    def test_2010_does_not_depend_on_how_latents_are_scaled(self) -> None:
        free = [ls.cfa(THREE, HS, estimator="MLM", std_lv=flag) for flag in (False, True)]
        parallel = ls.cfa(THREE + "visual ~~ 0*speed", HS, estimator="MLM")
        found = [compare(f, parallel, method="satorra.bentler.2010") for f in free]
        a, b = (c.frame["chisq_diff"][1] for c in found)
        assert a == pytest.approx(b, rel=1e-6)

    def test_wlsmv_takes_2000(self) -> None:
        found = compare(likert(()), likert(("thresholds", "loadings")))
        assert found.method == "satorra.2000"
        agrees(found, THEIRS["wlsmv"])


class TestWhatCannotBeCompared:
    def refuses(self, *fits: SEMResult, **options: Any) -> IncompatibleRequestError:
        with pytest.raises(IncompatibleRequestError) as caught:
            compare(*fits, **options)
        assert caught.value.hint
        return caught.value

    def test_estimators(self) -> None:
        error = self.refuses(school("ML", 0), school("MLR", 1))
        assert error.code == "request.not_comparable"
        assert "estimator (ML, MLR)" in error.message and "test (" in error.message

    def test_variables_cases_and_data(self) -> None:
        a = ls.cfa(THREE, HS)
        assert "x8, x9" in self.refuses(a, ls.cfa(THREE[:-10], HS)).message
        assert "N = 301 and 300" in self.refuses(a, ls.cfa(THREE, HS.head(300))).message
        other = HS.assign(x1=HS["x1"].to_numpy()[::-1])
        assert "their data" in self.refuses(a, ls.cfa(THREE, other)).message
        means = ls.cfa(THREE, HS, meanstructure=True)
        assert "means are modelled" in self.refuses(a, means).message
        ordered = ls.cfa(NINE, LIKERT, ordered=ITEMS[:3], estimator="WLSMV")
        assert "ordered" in self.refuses(ordered, ls.cfa(NINE, LIKERT, ordered=ITEMS)).message

    def test_rows_and_columns_in_another_order_are_the_same_data(self) -> None:
        model = "textual =~ x4 + x5 + x6\nvisual =~ x1 + a*x2 + a*x3\nspeed =~ x7 + x8 + x9\n"
        found = compare(ls.cfa(THREE, HS), ls.cfa(model, HS.iloc[::-1]))
        assert found.frame["df_diff"][1] == 1

    def test_methods(self) -> None:
        a, b = school("ML", 0), school("ML", 1)
        assert "Available" in self.refuses(a, b, method="likelihood").hint
        assert "scaled test" in self.refuses(a, b, method="satorra.2000").message
        assert "names are given" in self.refuses(a, b, names=["one"]).message
        plain = [ls.cfa(NINE, LIKERT, ordered=ITEMS, estimator="DWLS") for _ in range(2)]
        assert "no known distribution" in self.refuses(*plain).message
        assert (
            "no known" in self.refuses(likert(()), likert(("loadings",)), method="standard").message
        )

    def test_2000_wants_moments_in_one_order_and_complete(self) -> None:
        turned = "textual =~ x4 + x5 + x6\nvisual =~ x1 + a*x2 + a*x3\nspeed =~ x7 + x8 + x9\n"
        fits = [ls.cfa(m, HS, estimator="MLM") for m in (THREE, turned)]
        assert "different orders" in self.refuses(*fits, method="satorra.2000").message
        fits = [
            ls.cfa(m, HS, estimator="MLR", missing="fiml")
            for m in (THREE, THREE + "visual ~~ 0*speed")
        ]
        assert "incomplete" in self.refuses(*fits, method="satorra.2000").message
        assert compare(*fits).method == "satorra.bentler.2001"

    def test_models_that_are_not_nested(self) -> None:
        a = ls.cfa(THREE + "x1 ~~ x4", HS, estimator="MLR")
        b = ls.cfa(THREE + "x7 ~~ x8\nvisual ~~ 0*speed\nvisual ~~ 0*textual", HS, estimator="MLR")
        error = self.refuses(a, b, method="satorra.bentler.2010")
        assert error.code == "request.not_nested"


class TestFindings:
    def codes(self, found: Comparison) -> list[str]:
        assert all(f.text.zh for f in found.findings)
        return [f.code for f in found.findings]

    def test_same_degrees_of_freedom(self) -> None:
        found = compare(ls.cfa(THREE + "x1 ~~ x4", HS), ls.cfa(THREE + "x7 ~~ x8", HS))
        assert self.codes(found) == ["compare.same_df"]
        assert np.isnan(found.frame["pvalue"][1])

    def test_a_restricted_model_that_fits_better(self) -> None:
        better = ls.cfa(THREE + "x7 ~~ x8\nvisual =~ x9", HS)
        worse = ls.cfa(THREE + "x1 ~~ x4\nx2 ~~ x5\nx3 ~~ x6", HS)
        found = compare(worse, better)
        assert self.codes(found) == ["compare.not_nested"]

    def test_a_model_that_did_not_converge(self) -> None:
        with pytest.warns(match="did not converge"):
            bad = ls.cfa(THREE + "x1 ~~ -5*x1", HS)
        assert "compare.not_converged" in self.codes(compare(ls.cfa(THREE, HS), bad))

    def test_text_and_html(self) -> None:
        found = compare(school("ML", 0), school("ML", 1), names=["形态", "<b>"])
        assert "形态" in str(found) and "8.192" in str(found) == str(found) and repr(found)
        assert "<b>" not in found._repr_html_() and "&lt;b&gt;" in found._repr_html_()
