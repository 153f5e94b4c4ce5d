"""Common-method bias: Harman, collinearity, the method factor and the marker."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError, IncompatibleRequestError

TESTS = Path(__file__).parents[1]
GOLDEN = json.loads((TESTS / "golden/measurement.json").read_text("utf-8"))
HS = pd.read_csv(TESTS / "golden/data/HolzingerSwineford1939.csv")
TWO = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
MARKER = ["x7", "x8", "x9"]
LOADINGS = np.tile([1.0, 0.8, 0.5, 0.3], 3)
THREE = "a =~ x1 + x2 + x3 + x4; b =~ x5 + x6 + x7 + x8; c =~ x9 + x10 + x11 + x12"


def survey(method, n=800, r=0.3, seed=1, own=1.0):
    """Three constructs of four items and a marker of three, all with a method factor.

    `own` is the marker's variance that nothing else shares.
    """
    rng = np.random.default_rng(seed)
    traits = rng.multivariate_normal(np.zeros(3), r + (1 - r) * np.eye(3), size=n)
    shared = method * rng.normal(size=(n, 1))
    items = np.repeat(traits, 4, axis=1) * LOADINGS + shared + 0.6 * rng.normal(size=(n, 12))
    marker = own * rng.normal(size=(n, 1)) + shared + 0.6 * rng.normal(size=(n, 3))
    names = [*(f"x{i}" for i in range(1, 13)), "m1", "m2", "m3"]
    return pd.DataFrame(np.hstack([items, marker]), columns=names)


class TestHarman:
    def test_shares_are_those_of_eigenvalues(self):
        items = HS[[f"x{i}" for i in range(1, 10)]]
        found = ls.harman(items)
        values = np.linalg.eigvalsh(items.corr())[::-1]
        assert found.component_share == pytest.approx(values[0] / 9)
        assert found.n_components == 3
        assert found.factor_share < found.component_share
        assert [f.code for f in found.findings] == ["method_bias.harman_caveat"]
        assert "Harman" in str(found) and "<table>" in found._repr_html_()

    def test_more_than_half_is_told(self):
        one = np.random.default_rng(1).normal(size=(100, 1))
        found = ls.harman(one + 0.3 * np.random.default_rng(2).normal(size=(100, 5)))
        assert found.findings[0].code == "method_bias.one_factor"

    def test_two_items_are_refused(self):
        with pytest.raises(DataError) as caught:
            ls.harman(HS[["x1", "x2"]])
        assert caught.value.code == "method_bias.too_few_items"


class TestCollinearity:
    def test_vif_is_that_of_regressions(self):
        scores = HS[["x1", "x2", "x3"]]
        x = np.column_stack([np.ones(len(HS)), HS[["x2", "x3"]]])
        residual = HS["x1"] - x @ np.linalg.lstsq(x, HS["x1"], rcond=None)[0]
        vif = HS["x1"].var() / residual.var()
        assert ls.full_collinearity(scores).frame["vif"].iloc[0] == pytest.approx(vif)

    def test_latent_correlations_of_a_fit(self):
        fit = ls.cfa(TWO, HS)
        r = fit.latent_cor().iloc[0, 1]
        found = ls.full_collinearity(fit)
        assert found.frame["construct"].tolist() == ["visual", "textual"]
        np.testing.assert_allclose(found.frame["vif"], 1 / (1 - r**2))

    def test_high_values_are_named(self):
        scores = HS[["x1", "x2"]].assign(信任=HS["x1"] + 0.2 * HS["x2"] + 0.1 * HS["x3"])
        found = ls.full_collinearity(scores)
        assert "信任" in str(found.findings[0])

    @pytest.mark.parametrize(
        ("scores", "code"),
        [
            (HS[["x1"]], "method_bias.too_few_constructs"),
            (HS[["x1", "x2"]].assign(s=HS["x1"] + HS["x2"]), "method_bias.singular"),
            (HS[["x1", "x2"]].head(3), "method_bias.too_few_cases"),
        ],
    )
    def test_what_is_refused(self, scores, code):
        with pytest.raises(DataError) as caught:
            ls.full_collinearity(scores)
        assert caught.value.code == code

    def test_groups_and_single_constructs_are_refused(self):
        with pytest.raises(DataError):
            ls.full_collinearity(ls.cfa(TWO, HS, group="school"))
        with pytest.raises(DataError):
            ls.full_collinearity(ls.cfa("v =~ x1 + x2 + x3", HS))


class TestMethodFactor:
    @pytest.mark.parametrize("loadings", ["equal", "free"])
    def test_planted_method_variance_is_found_and_taken_out(self, loadings):
        data = survey(method=0.5)
        found = ls.latent_method_factor(THREE, data, loadings=loadings)
        truth = (0.25 / (LOADINGS**2 + 0.25 + 0.36)).mean()
        assert found.method_share == pytest.approx(truth, abs=0.06)
        assert found.frame[["substantive_share", "method_share", "error_share"]].sum(
            axis=1
        ).to_numpy() == pytest.approx(np.ones(12))
        assert (found.correlations["without"] > 0.4).all()
        assert found.correlations["with_method"].to_numpy() == pytest.approx(
            np.full(3, 0.3), abs=0.15
        )
        codes = [f.code for f in found.findings]
        assert codes[:2] == ["method_bias.method_factor", "method_bias.correlations_moved"]
        assert found.comparison.frame["df_diff"].iloc[-1] == (1 if loadings == "equal" else 12)

    def test_without_method_variance_it_changes_little(self):
        found = ls.latent_method_factor(THREE, survey(method=0.0))
        assert found.method_share < 0.03
        assert found.findings[0].severity == "note"
        assert "with method factor" in str(found) and "x12" in found._repr_html_()

    def test_an_improper_solution_is_a_problem(self):
        text = f"{TWO}\nspeed =~ x7 + x8 + x9"
        found = ls.latent_method_factor(text, HS)
        assert found.findings[0].code == "method_bias.improper"
        assert found.findings[0].severity == "problem"

    @pytest.mark.parametrize(
        ("model", "options"),
        [
            (THREE, {"loadings": "some"}),
            (THREE, {"group": "g"}),
            ("a =~ x1 + x2 + x3 + x4", {}),
            (f"{THREE}; c ~ a", {}),
        ],
    )
    def test_what_is_refused(self, model, options):
        with pytest.raises(IncompatibleRequestError):
            ls.latent_method_factor(model, survey(0.3), **options)


class TestMarker:
    def test_the_ladder_agrees_with_lavaan(self):
        found = ls.marker_variable(TWO, HS, MARKER)
        for row in found.frame.to_dict("records"):
            golden = GOLDEN["marker"][row["model"]]
            assert row["df"] == golden["df"]
            # lavaan stops at its own tolerance, and the fixed values were pasted as text
            assert row["chisq"] == pytest.approx(golden["chisq"], rel=2e-6)
            assert row["cfi"] == pytest.approx(golden["cfi"], abs=1e-5)
        assert found.kept == "Method-C" and found.method_variance
        assert not found.unequal and not found.biased

    def test_planted_bias_is_found(self):
        found = ls.marker_variable(THREE, survey(method=0.5, own=0.0), ["m1", "m2", "m3"])
        assert found.method_variance and found.biased
        truth = (0.25 / (LOADINGS**2 + 0.25 + 0.36)).mean()
        assert found.shares["method_share"].mean() == pytest.approx(truth, abs=0.06)
        corrected = found.correlations["method"].to_numpy()
        assert corrected == pytest.approx(np.full(3, 0.3), abs=0.12)
        assert (found.correlations["baseline"] > corrected + 0.1).all()
        assert [f.code for f in found.findings] == [
            "method_bias.marker_variance",
            "method_bias.marker_bias",
        ]

    def test_an_innocent_survey_is_not_accused(self):
        found = ls.marker_variable(THREE, survey(method=0.0, seed=2), ["m1", "m2", "m3"])
        assert not found.method_variance
        assert [f.severity for f in found.findings] == ["note"]
        assert "Baseline" in str(found) and "Method-R" in found._repr_html_()

    def test_reliability_is_split(self):
        found = ls.marker_variable(TWO, HS, MARKER)
        table = found.reliability
        whole = table["substantive"] + table["method"]
        assert whole.to_numpy() == pytest.approx(table["reliability"].to_numpy(), abs=0.02)
        visual = found.shares[found.shares["construct"] == "visual"]
        own, method = visual["loading"].sum() ** 2, visual["method_loading"].sum() ** 2
        total = own + method + visual["error_share"].sum()
        assert table["method"][0] == pytest.approx(method / total)

    def test_larger_method_loadings_leave_smaller_correlations(self):
        row = ls.marker_variable(TWO, HS, MARKER).correlations.iloc[0]
        assert row["sensitivity_99"] < row["sensitivity_95"] < row["method"] < row["baseline"]

    def test_a_robust_estimator_gives_scaled_differences(self):
        found = ls.marker_variable(TWO, HS, MARKER, estimator="MLR")
        assert found.frame["pvalue"].notna().sum() == 3

    @pytest.mark.parametrize(
        ("model", "marker", "options"),
        [
            (TWO, ["x7"], {}),
            (TWO, ["x1", "x7"], {}),
            ("visual =~ x1 + x2 + x3", MARKER, {}),
            (TWO, MARKER, {"ordered": ["x1"]}),
            (TWO, MARKER, {"group": "school"}),
            (f"{TWO}\ntextual ~ visual", MARKER, {}),
        ],
    )
    def test_what_is_refused(self, model, marker, options):
        with pytest.raises(IncompatibleRequestError) as caught:
            ls.marker_variable(model, HS, marker, **options)
        assert caught.value.code in ("request.marker", "request.method_factor")
        assert caught.value.hint
