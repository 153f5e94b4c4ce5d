"""Power against other programs, a published example and the theory of the tests."""

from __future__ import annotations

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

import loyaltysem as ls
from loyaltysem.analysis.power import power
from loyaltysem.analysis.power_result import PowerAnalysis
from loyaltysem.core.errors import (
    EstimationError,
    IncompatibleRequestError,
    LoyaltySemError,
    ModelSpecificationError,
)
from loyaltysem.inference.power import satorra_saris_power

HS = pd.read_csv(Path(__file__).parents[1] / "golden/data/HolzingerSwineford1939.csv")
TEXT = """
trust =~ 0.8*t1 + 0.7*t2 + 0.7*t3
loyalty =~ 0.8*l1 + 0.8*l2 + 0.6*l3
loyalty ~ b*0.3*trust
twice := 2*b
"""
MUTHEN = """
f1 =~ 0.8*y1 + 0.8*y2 + 0.8*y3 + 0.8*y4 + 0.8*y5
f2 =~ 0.8*y6 + 0.8*y7 + 0.8*y8 + 0.8*y9 + 0.8*y10
f1 ~~ 0.25*f2
"""


@pytest.fixture(scope="module")
def found() -> PowerAnalysis:
    return power(TEXT, n=[100, 200], effect="b", standardized=True, replicates=400)


def row(found: PowerAnalysis, parameter: str, n: int) -> pd.Series:
    return found.frame.query("parameter == @parameter and n == @n").iloc[0]


def test_analytic_power_is_that_of_semtools(found: PowerAnalysis) -> None:
    # semTools 0.5-6, SSpower(powerModel, popModel, nparam = 1)
    assert row(found, "loyalty~trust", 100)["analytic"] == pytest.approx(0.6782301, abs=1e-6)
    assert row(found, "loyalty~trust", 200)["analytic"] == pytest.approx(0.9287107, abs=1e-6)
    assert found.required["analytic"].iloc[0] == 134  # SSpower: .8008 there, less at 133


@pytest.mark.slow
def test_power_is_the_published_one() -> None:
    """Muthén & Muthén (2002): 150 cases give a power of .81 for a factor correlation of .25."""
    found = power(
        MUTHEN, n=[100, 150, 200], effect="f1~~f2", standardized=True, std_lv=True, replicates=4000
    )
    at = row(found, "f1~~f2", 150)
    assert abs(at["power"] - 0.81) < 3 * at["power_se"] + 0.005
    assert at["coverage"] == pytest.approx(0.945, abs=0.012)
    needed = found.required.iloc[0]
    assert needed["lower"] < needed["n"] <= 150 and needed["upper"] - needed["lower"] < 10


@pytest.mark.slow
@pytest.mark.parametrize("n", [150, 300])
def test_simulated_power_is_near_the_analytic_one_for_weak_effects(n: int) -> None:
    """Wald and likelihood-ratio tests agree as effects get small and samples large."""
    text = TEXT.replace("0.3*trust", "0.15*trust")
    found = power(text, n=[n, 1000], effect="b", standardized=True, replicates=4000)
    for size in (n, 1000):
        at = row(found, "loyalty~trust", size)
        assert abs(at["power"] - at["analytic"]) < 3 * at["power_se"] + 0.015
        assert at["se_ratio"] == pytest.approx(1.0, abs=0.05)
        assert abs(at["bias"]) < 4 * at["sd"] / np.sqrt(4000) + 0.01


@pytest.mark.slow
def test_without_an_effect_the_tests_keep_their_size() -> None:
    found = power(TEXT.replace("0.3*trust", "0*trust"), n=[500, 501], effect="b",
                  analysis=TEXT.replace("*0.3", "").replace("0.8*", "").replace("0.7*", "")
                  .replace("0.6*", ""), standardized=True, replicates=4000)  # fmt: skip
    at = row(found, "loyalty~trust", 500)
    assert at["power"] == pytest.approx(0.05, abs=0.012)
    assert found.tests["rejected"].to_numpy() == pytest.approx(0.05, abs=0.015)
    assert [f.code for f in found.findings] == ["power.no_effect"]
    assert found.required["analytic"].iloc[0] == np.inf


def test_the_table_holds_every_parameter_at_every_n(found: PowerAnalysis) -> None:
    names = found.frame.query("n == 100")["parameter"].tolist()
    assert names[:2] == ["trust=~t2", "trust=~t3"] and names[-1] == "twice"
    assert len(names) == len(set(names)) == 14
    twice, once = row(found, "twice", 100), row(found, "loyalty~trust", 100)
    assert twice["population"] == pytest.approx(2 * once["population"])
    assert (twice["power"], twice["se_ratio"]) == (
        once["power"], pytest.approx(once["se_ratio"])
    )  # fmt: skip
    assert twice["sd"] == pytest.approx(2 * once["sd"])


def test_true_values_are_those_of_the_fitted_model(found: PowerAnalysis) -> None:
    # markers scale both factors: β = .3 · .8/.8, λ₂ = .7/.8
    assert row(found, "loyalty~trust", 100)["population"] == pytest.approx(0.3)
    assert row(found, "trust=~t2", 100)["population"] == pytest.approx(0.7 / 0.8)
    standard = power(TEXT, n=[100, 120], standardized=True, std_lv=True, replicates=20)
    assert row(standard, "trust=~t2", 100)["population"] == pytest.approx(0.7)


def test_power_grows_and_errors_follow_from_it(found: PowerAnalysis) -> None:
    few, many = (row(found, "loyalty~trust", n) for n in (100, 200))
    assert few["power"] < many["power"]
    assert few["power_se"] == pytest.approx(np.sqrt(few["power"] * (1 - few["power"]) / 400))
    assert found.required.iloc[0]["lower"] < found.required.iloc[0]["n"]
    assert found.tests["converged"].tolist() == [1.0, 1.0]


def test_the_rejected_share_is_the_test_on_each_sample(found: PowerAnalysis) -> None:
    again = power(TEXT, n=[100, 200], effect="b", standardized=True, replicates=400, alpha=0.5)
    assert row(again, "loyalty~trust", 100)["mean"] == row(found, "loyalty~trust", 100)["mean"]
    assert again.frame["power"].mean() > found.frame["power"].mean()
    assert again.frame["coverage"].mean() == pytest.approx(0.5, abs=0.06)


def test_the_same_seed_gives_the_same_numbers_whoever_works(found: PowerAnalysis) -> None:
    with joblib.parallel_config(backend="threading"):
        again = power(TEXT, n=[100, 200], effect="b", standardized=True, replicates=400, n_jobs=2)
    pd.testing.assert_frame_equal(again.frame, found.frame)
    other = power(TEXT, n=[100, 200], effect="b", standardized=True, replicates=400, seed=2)
    assert not np.allclose(other.frame["mean"], found.frame["mean"])


def test_an_n_does_not_depend_on_the_others(found: PowerAnalysis) -> None:
    alone = power(TEXT, n=[200, 300], effect="b", standardized=True, replicates=400)
    pd.testing.assert_series_equal(
        row(alone, "twice", 200), row(found, "twice", 200), check_names=False
    )


@pytest.mark.parametrize("start", [None, 60, 2000])
def test_the_n_is_found_wherever_the_search_starts(start: int | None) -> None:
    found = power(TEXT, n=start, effect="loyalty ~ trust", standardized=True, replicates=400)
    needed = found.required.iloc[0]
    assert needed["parameter"] == "loyalty~trust"
    assert 120 < needed["n"] < 165 and needed["lower"] < needed["n"] <= needed["upper"] + 1
    sizes = found.frame["n"].unique()
    assert (np.abs(sizes - needed["n"]) < 0.12 * needed["n"]).any() and len(sizes) <= 5


def test_without_an_effect_regressions_are_shown() -> None:
    found = power(TEXT, n=150, standardized=True, replicates=20)
    assert found.effects == ("loyalty~trust", "twice")
    assert found.frame["n"].unique().tolist() == [150]
    measured = power("f =~ 0.7*x1 + 0.7*x2 + 0.7*x3 + 0.7*x4", n=150, replicates=20)
    assert measured.effects == ("f=~x2", "f=~x3", "f=~x4")


def test_analytic_power_needs_no_samples() -> None:
    found = power(TEXT, n=[100, 200], effect="b", standardized=True, method="analytic")
    assert found.replicates == 0 and found.frame["power"].isna().all()
    assert found.frame["analytic"].round(3).tolist() == [0.678, 0.929]
    assert "analytic" in str(found) and found.tests["close"].notna().all()
    single = power(TEXT, effect="b", standardized=True, method="analytic")
    assert single.frame["n"].tolist() == [134]


def test_simulated_power_alone() -> None:
    found = power(TEXT, n=[90, 120], effect="b", standardized=True, method="simulated",
                  replicates=20)  # fmt: skip
    assert found.frame["analytic"].isna().all()
    assert np.isnan(found.required["analytic"].iloc[0])


def test_formulas_and_variances_have_no_analytic_power() -> None:
    found = power(TEXT, n=[100], effect=["twice", "trust~~trust"], standardized=True,
                  method="analytic")  # fmt: skip
    assert found.frame["analytic"].isna().all()


def test_rmsea_powers_are_in_the_tables(found: PowerAnalysis) -> None:
    from loyaltysem.inference.power import rmsea_power, rmsea_sample_size

    assert found.tests["close"].tolist() == [rmsea_power(8, n) for n in (100, 200)]
    tests = found.required.set_index("parameter")["analytic"]
    assert tests["RMSEA: close fit"] == rmsea_sample_size(8)
    assert tests["RMSEA: exact fit"] == rmsea_sample_size(8, null=0.0, alternative=0.05)


def test_other_estimators_are_fitted_sample_by_sample() -> None:
    found = power(TEXT, n=[150, 151], effect="b", standardized=True, replicates=64,
                  estimator="MLR")  # fmt: skip
    plain = power(TEXT, n=[150, 151], effect="b", standardized=True, replicates=64)
    robust, normal = (row(f, "loyalty~trust", 150) for f in (found, plain))
    assert robust["se_ratio"] == pytest.approx(normal["se_ratio"], abs=0.25)
    assert robust["population"] == normal["population"]
    assert found.tests["rejected"].between(0.0, 0.3).all()


def test_categories_are_analysed_as_categories() -> None:
    items = {f"{x}{i}": [0.1, 0.3, 0.4, 0.2] for x in "tl" for i in (1, 2, 3)}
    found = power(TEXT, n=300, standardized=True, replicates=64,
                  categories=items)  # fmt: skip
    assert found.tests["converged"].min() > 0.9
    loading = row(found, "trust=~t2", 300)
    assert loading["mean"] == pytest.approx(loading["population"], abs=0.06)
    assert "t1~~t1" not in found.frame["parameter"].tolist()
    with pytest.raises(IncompatibleRequestError, match="tested against 0"):
        power(TEXT, n=300, effect="t1~~t1", standardized=True, categories=items)


def test_missing_answers_cost_power() -> None:
    options = {"n": 200, "standardized": True, "replicates": 24}
    full = power(TEXT, **options)
    gaps = power(TEXT, **options, missing_data=0.3, missing="fiml")
    a, b = (row(f, "loyalty~trust", 200) for f in (full, gaps))
    assert b["se"] > 1.1 * a["se"]
    listwise = power(TEXT, **options, missing_data=0.3)
    assert row(listwise, "loyalty~trust", 200)["se"] > b["se"]


def test_groups_share_the_cases() -> None:
    text = TEXT.replace("b*0.3*trust", "c(0.3, 0.6)*trust").replace("twice := 2*b", "")
    found = power(text, n=[300, 400], standardized=True, replicates=40, shares=[0.75, 0.25])
    small, large = (row(found, f"loyalty~trust{g}", 400) for g in ("", ".g2"))
    assert (small["population"], large["population"]) == (pytest.approx(0.3), pytest.approx(0.6))
    assert large["se"] > 1.2 * small["se"]
    equal = power(text, n=[300, 400], standardized=True, replicates=40,
                  group_equal=["loadings"])  # fmt: skip
    assert equal.analysis_model == found.analysis_model
    assert len(equal.frame) < len(found.frame) or "trust=~t2.g2" in found.frame["parameter"].values


def test_a_fitted_model_can_be_the_population() -> None:
    fit = ls.sem("visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9\nspeed ~ visual", HS)
    found = power(fit, n=[100, 301], effect="speed~visual", replicates=100)
    at = row(found, "speed~visual", 301)
    assert at["population"] == pytest.approx(fit.parameters().query("op == '~'")["est"].iloc[0])
    assert at["se"] == pytest.approx(fit.parameters().query("op == '~'")["se"].iloc[0], rel=0.15)
    with pytest.raises(IncompatibleRequestError, match="as it was fitted"):
        power(fit, n=100, estimator="MLR")


def test_another_model_can_be_fitted() -> None:
    found = power(
        TEXT.replace("twice := 2*b", "t1 ~~ 0.2*l1"), n=[200, 201], effect="loyalty~trust",
        analysis="trust =~ t1 + t2 + t3\nloyalty =~ l1 + l2 + l3\nloyalty ~ trust",
        standardized=True, replicates=200,
    )  # fmt: skip
    assert [f.code for f in found.findings] == ["power.misspecified"]
    assert row(found, "loyalty~trust", 200)["population"] > 0.31
    assert found.tests["rejected"].min() > 0.2


def test_a_z_test_has_the_power_of_a_z_test() -> None:
    """Regression on one observed x: λ = −N log(1 − R²), and Wald's z is nearly its root."""
    found = power("y ~ 0.25*x", n=[100, 150], effect="y~x", standardized=True, replicates=2000)
    for n in (100, 150):
        at = row(found, "y~x", n)
        assert at["analytic"] == pytest.approx(
            satorra_saris_power(-np.log1p(-(0.25**2)), 1, n), abs=1e-6
        )
        z = 0.25 / np.sqrt((1 - 0.25**2) / n)
        assert at["power"] == pytest.approx(ndtr(z - 1.96), abs=0.035)


def test_prints(found: PowerAnalysis) -> None:
    text = found.summary()
    assert text == str(found) == repr(found)
    assert "400 samples each" in text and "loyalty~trust" in text and "N for power .80" in text
    assert text.count("\n") > 12 and found._repr_html_().count("<table>") == 3


def test_failing_fits_are_told() -> None:
    weak = "f =~ 0.3*x1 + 0.3*x2 + 0.3*x3\ng =~ 0.3*y1 + 0.3*y2 + 0.3*y3\ng ~ 0.3*f"
    found = power(weak, n=[30, 31], effect="g~f", standardized=True, replicates=64)
    assert "power.not_converged" in [f.code for f in found.findings]
    assert found.tests["converged"].max() < 0.95
    assert found.tests["admissible"].max() <= found.tests["converged"].max()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"method": "guess"}, "power.request"),
        ({"alpha": 1.5}, "power.request"),
        ({"target": 0.01}, "power.request"),
        ({"replicates": 5}, "power.request"),
        ({"n": 5}, "power.n"),
        ({"n": []}, "power.n"),
        ({"n": [100, -3]}, "request.n"),
        ({"n": 200.0}, "request.n"),
        ({"seed": -1}, "request.seed"),
        ({"replicates": 100.0}, "power.request"),
        ({"effect": "trust=~t1", "standardized": False}, "power.effect"),
        ({"effect": "loyalty~trst"}, "request.quantity"),
        ({"shares": [0.5, 0.5]}, "power.shares"),
        ({"estimater": "MLR"}, "request.option"),
        ({"data": HS}, "request.option"),
        ({"group": "school"}, "request.option"),
    ],
)
def test_bad_requests_are_refused(options: dict[str, object], code: str) -> None:
    with pytest.raises(LoyaltySemError) as error:
        power(TEXT, **{"n": [100, 120], "standardized": True, **options})  # type: ignore[arg-type]
    assert error.value.code == code


def test_a_population_needs_values() -> None:
    with pytest.raises(ModelSpecificationError) as error:
        power("f =~ x1 + x2 + x3 + x4", n=100)
    assert error.value.code == "population.no_value"


def test_a_model_that_cannot_be_fitted_to_the_population_is_refused() -> None:
    with pytest.raises((EstimationError, ModelSpecificationError)):
        power(TEXT, n=100, standardized=True,
              analysis="trust =~ t1\nloyalty =~ l1\nloyalty ~ trust\ntrust ~ loyalty")  # fmt: skip


def test_several_n_may_be_an_array() -> None:
    found = power(TEXT, n=np.arange(100, 301, 100), method="analytic", standardized=True)
    assert found.frame["n"].unique().tolist() == [100, 200, 300]


NULL = """
y ~ start(0)*x + 0.3*z
"""


def test_no_n_is_looked_for_where_there_is_no_effect() -> None:
    found = power(NULL, n=100, effect="y~x", replicates=100, standardized=True)
    assert found.frame["n"].unique().tolist() == [100]
    assert found.required.iloc[0][["n", "analytic"]].tolist() == [np.inf, np.inf]
    assert [f.code for f in found.findings] == ["power.no_effect"]


def test_an_effect_that_is_fixed_says_how_to_free_it() -> None:
    with pytest.raises(IncompatibleRequestError, match=r"start\(0\)\*x"):
        power(NULL.replace("start(0)", "0"), n=100, effect="y ~ x", method="analytic")


def test_analytic_power_is_marked_where_answers_are_not_normal() -> None:
    lost = power(NULL, n=[100], effect="y~z", replicates=20, missing_data=0.2, missing="fiml")
    assert [f.code for f in lost.findings] == ["power.analytic_normal"]
