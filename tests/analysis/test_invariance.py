"""Measurement invariance: levels against lavaan, verdicts, proposals, errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.invariance import Invariance, invariance
from loyaltysem.analysis.invariance_verdicts import judged
from loyaltysem.core.errors import IncompatibleRequestError, ModelSpecificationError

GOLDEN = Path(__file__).parents[1] / "golden"
HS = pd.read_csv(GOLDEN / "data" / "HolzingerSwineford1939.csv")
LIKERT = pd.read_csv(GOLDEN / "data" / "likert9.csv")
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
NINE = "F1 =~ q1 + q2 + q3\nF2 =~ q4 + q5 + q6\nF3 =~ q7 + q8 + q9"
ITEMS = [f"q{i}" for i in range(1, 10)]


def theirs(name: str) -> dict[str, float]:
    case = json.loads((GOLDEN / "lavaan" / f"{name}.json").read_text(encoding="utf-8"))
    fit: dict[str, float] = case["fit"]
    return fit


def codes(found: Invariance) -> list[str]:
    assert all(f.text.en and f.text.zh for f in found.findings)
    return [f.code for f in found.findings]


@pytest.fixture(scope="module")
def school() -> Invariance:
    return invariance(THREE, HS, group="school")


@pytest.fixture(scope="module")
def likert() -> Invariance:
    return invariance(NINE, LIKERT, group="group", ordered=ITEMS)


class TestContinuous:
    def test_levels_are_lavaans(self, school: Invariance) -> None:
        assert school.frame["model"].tolist() == ["configural", "metric", "scalar", "strict"]
        assert list(school.fits) == school.frame["model"].tolist()
        for row in school.frame.to_dict("records"):
            reference = theirs(f"hs_mg_{row['model']}_ml")
            for name in ("chisq", "df", "cfi", "rmsea", "srmr", "aic", "bic"):
                assert row[name] == pytest.approx(reference[name], rel=1e-4, abs=1e-6), name
        np.testing.assert_allclose(
            school.frame["chisq_diff"][1:], [8.1922, 40.0593, 17.4085], atol=2e-4
        )

    def test_verdicts(self, school: Invariance) -> None:
        assert school.frame["verdict"].tolist() == [
            "reference", "supported", "not supported", "supported",
        ]  # fmt: skip
        assert school.frame["cfi_met"].tolist() == [None, True, False, True]
        assert "invariance.level_fails" in codes(school)

    def test_the_proposal_ranks_what_the_failing_level_added(self, school: Invariance) -> None:
        proposal = school.proposal
        assert set(proposal["level"]) == {"scalar"}
        assert proposal["parameter"].str.endswith("~1").all()
        assert proposal["parameter"].tolist()[:2] == ["x3~1", "x7~1"]
        # lavTestScore() of lavaan 0.6-14
        np.testing.assert_allclose(proposal["chisq"][:2], [19.193, 15.021], atol=6e-4)

    def test_partial_invariance(self) -> None:
        found = invariance(
            THREE,
            HS,
            group="school",
            partial=["x3~1", "x7~1"],
            levels=["configural", "metric", "scalar"],
        )
        assert found.frame["chisq"][2] == pytest.approx(
            theirs("hs_mg_partial_scalar_ml")["chisq"], rel=1e-6
        )
        assert found.frame["verdict"].tolist()[2] == "supported" and found.proposal.empty
        assert "free: x3~1, x7~1" in str(found)

    def test_robust_differences(self) -> None:
        found = invariance(THREE, HS, group="school", estimator="MLR")
        assert found.indices == "robust"
        np.testing.assert_allclose(found.frame["chisq_diff"][1:3], [6.5672, 40.8384], atol=1e-3)

    def test_structural_levels_are_judged_by_their_test(self) -> None:
        levels = ["configural", "metric", "lv_variances", "means"]
        found = invariance(THREE, HS, group="school", levels=levels, meanstructure=True)
        assert found.frame["equal"].tolist()[-1] == "loadings, lv.variances, means"
        last = found.frame.iloc[2]
        assert last["cfi_met"] is None
        assert (last["verdict"] == "supported") == (last["pvalue"] >= 0.05)

    def test_marker_loadings_are_in_the_proposal(self) -> None:
        rng = np.random.default_rng(8)
        f = rng.normal(size=(900, 1))
        values = f * [1.0, 1.0, 1.0, 1.0] + 0.5 * rng.normal(size=(900, 4))
        values[450:, 0] += 0.9 * f[450:, 0]
        data = pd.DataFrame(values, columns=["a", "b", "c", "d"]).assign(
            g=["x"] * 450 + ["y"] * 450
        )
        found = invariance("f =~ a + b + c + d", data, group="g", levels=["configural", "metric"])
        assert found.proposal["parameter"][0] == "f=~a"
        freed = invariance(
            "f =~ a + b + c + d", data, group="g", levels=["configural", "metric"], partial=["f=~a"]
        )
        assert freed.frame["verdict"].tolist() == ["reference", "supported"]


class TestOrdinal:
    def test_levels_are_lavaans(self, likert: Invariance) -> None:
        assert likert.frame["model"].tolist() == ["configural", "thresholds", "metric", "scalar"]
        for position, name in ((0, "configural"), (2, "thr_load"), (3, "thr_load_int")):
            reference = theirs(f"likert_wlsmv_mg_{name}")
            row = likert.frame.iloc[position]
            for ours, key in (("chisq", "chisq"), ("df", "df"), ("chisq_scaled", "chisq.scaled")):
                assert row[ours] == pytest.approx(reference[key], rel=1e-5), name
        assert likert.frame["method"].tolist()[1:] == ["satorra.2000"] * 3
        assert set(likert.frame["verdict"]) == {"reference", "supported"}

    def test_strict_needs_theta(self) -> None:
        levels = ["configural", "scalar", "strict"]
        with pytest.raises(IncompatibleRequestError, match="theta"):
            invariance(NINE, LIKERT, group="group", ordered=ITEMS, levels=levels)
        found = invariance(
            NINE, LIKERT, group="group", ordered=ITEMS, levels=levels, parameterization="theta"
        )
        assert found.frame["df"].tolist() == [48, 78, 87]

    def test_binary_items_are_tested_in_one_step(self) -> None:
        data = (LIKERT[ITEMS] > 3).astype(int).assign(group=LIKERT["group"])
        found = invariance(NINE, data, group="group", ordered=True)
        assert found.frame["model"].tolist() == ["configural", "scalar"]
        assert found.frame["df_diff"][1] == 12
        assert "invariance.binary" in codes(found)

    def test_thresholds_of_three_categories_have_no_test(self) -> None:
        data = LIKERT[ITEMS].clip(2, 4).assign(group=LIKERT["group"])
        found = invariance(NINE, data, group="group", ordered=ITEMS)
        assert found.frame["verdict"].tolist()[1] == "not testable"
        assert found.frame["df_diff"][1] == 0 and np.isnan(found.frame["pvalue"][1])
        assert codes(found) == ["invariance.three_categories"]

    def test_intercepts_held_at_zero_are_in_the_proposal(self) -> None:
        rng = np.random.default_rng(2)
        f = rng.normal(size=(1200, 1)) + 0.7 * rng.normal(size=(1200, 5))
        f[600:, 3] += 1.2
        data = pd.DataFrame(np.digitize(f, [-1.0, -0.2, 0.6, 1.5]), columns=list("abcde"))
        data["g"] = ["x"] * 600 + ["y"] * 600
        found = invariance("f =~ a + b + c + d + e", data, group="g", ordered=list("abcde"))
        assert found.frame["verdict"].tolist()[-1] == "not supported"
        assert found.proposal[["parameter", "groups"]].iloc[0].tolist() == ["d~1", "y"]
        freed = invariance(
            "f =~ a + b + c + d + e", data, group="g", ordered=list("abcde"), partial=["d~1"]
        )
        assert freed.frame["verdict"].tolist()[-1] == "supported"


class TestGroups:
    def test_three_unequal_groups_with_chinese_labels(self) -> None:
        rng = np.random.default_rng(5)
        sizes = {"上海": 500, "北京": 220, "<广州>": 140}
        f = rng.normal(size=(sum(sizes.values()), 1))
        values = f + 0.8 * rng.normal(size=(len(f), 4))
        values[720:, 1] += 0.8
        data = pd.DataFrame(values, columns=["信任1", "信任2", "信任3", "信任4"])
        data["城市"] = np.repeat(list(sizes), list(sizes.values()))
        found = invariance("信任 =~ 信任1 + 信任2 + 信任3 + 信任4", data, group="城市")
        assert found.groups == tuple(sizes)
        assert found.frame["df_diff"].tolist()[1:] == [6, 6, 8]
        top = found.proposal.iloc[0]
        assert (top["parameter"], top["df"]) == ("信任2~1", 2)
        assert "上海 (500)" in str(found) and "北京" in repr(found)
        page = found._repr_html_()
        assert "上海" in page and "<广州>" not in page and "&lt;广州&gt;" in page

    def test_one_group(self) -> None:
        with pytest.raises(IncompatibleRequestError, match="one group only"):
            invariance(THREE, HS.assign(g="all"), group="g")

    def test_few_cases(self) -> None:
        found = invariance(THREE, HS.iloc[20:290], group="school", levels=["configural", "metric"])
        assert "invariance.small_sample" in codes(found)


class TestRequests:
    @pytest.mark.parametrize(
        ("options", "what"),
        [
            ({"levels": ["configural", "metrik"]}, "metrik"),
            ({"levels": ["configural"]}, "two levels"),
            ({"group_equal": ["loadings"]}, "group_equal"),
        ],
    )
    def test_wrong_requests(self, options: dict[str, Any], what: str) -> None:
        with pytest.raises(IncompatibleRequestError, match=what) as caught:
            invariance(THREE, HS, group="school", **options)
        assert caught.value.hint

    def test_unknown_partial(self) -> None:
        with pytest.raises(ModelSpecificationError, match="x33"):
            invariance(THREE, HS, group="school", partial=["x33~1"])


def test_the_grades_of_a_level() -> None:
    def verdict(**changes: float) -> str:
        row = {
            "df_diff": 6.0,
            "delta_cfi": 0.0,
            "delta_rmsea": 0.0,
            "delta_srmr": 0.0,
            "pvalue": 0.2,
        }
        frame = pd.DataFrame(
            [{"model": "configural", **row}, {"model": "scalar", **row, **changes}]
        )
        return str(judged(frame, {"configural": (), "scalar": ("intercepts",)})["verdict"][1])

    assert verdict() == verdict(delta_cfi=-0.0099) == "supported"
    assert verdict(delta_cfi=-0.011) == "doubtful"
    assert verdict(delta_cfi=-0.011, delta_rmsea=0.016) == "not supported"
    assert verdict(delta_cfi=-0.011, delta_srmr=0.011) == "not supported"
    assert verdict(df_diff=0.0) == "not testable"


def test_it_is_a_public_name() -> None:
    assert ls.invariance is invariance
