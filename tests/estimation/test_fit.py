"""What a user meets: results, findings and errors of a single fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import (
    DataError,
    ImproperSolutionWarning,
    IncompatibleRequestError,
    LoyaltySemError,
    ModelSpecificationError,
    ModelSyntaxError,
)
from loyaltysem.estimation.findings import refuse_too_few_cases

DATA = Path(__file__).parents[1] / "golden" / "data"
HS = pd.read_csv(DATA / "HolzingerSwineford1939.csv")
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\n"


@pytest.fixture(scope="module")
def hs() -> object:
    return ls.cfa(THREE + "ratio := 2\n", HS)


def fails(model: str, data: object, **options: object) -> LoyaltySemError:
    with pytest.raises(LoyaltySemError) as caught:
        ls.sem(model, data, **options)  # type: ignore[arg-type]
    assert caught.value.hint, "every error says what to do"
    return caught.value


class TestResult:
    def test_frames(self, hs) -> None:
        frame = hs.parameters()
        assert list(frame.columns) == [
            "lhs", "op", "rhs", "group", "label", "free", "est", "se", "z", "pvalue", "ci_lower",
            "ci_upper", "std_lv", "std_all", "std_all_se",
        ]  # fmt: skip
        assert frame["free"].max() == 21
        assert "std_all" not in hs.parameters(standardized=False)
        wide = hs.parameters(level=0.99)
        assert (wide["ci_upper"] >= frame["ci_upper"]).all()
        np.testing.assert_allclose(np.diag(hs.vcov()) ** 0.5, hs.bse)
        assert list(hs.params.index) == list(hs.pvalues.index) == list(hs.conf_int().index)

    def test_standardised_solution_has_its_own_errors(self, hs) -> None:
        frame, plain = hs.standardized(), hs.parameters()
        np.testing.assert_allclose(frame["est_std"], plain["std_all"])
        np.testing.assert_allclose(frame["se"], plain["std_all_se"])
        assert frame["se"].iloc[0] > 0 == plain["se"].iloc[0]  # the marker
        latent = hs.standardized("std_lv", level=0.9)
        np.testing.assert_allclose(latent["est_std"], plain["std_lv"])
        assert (latent["ci_lower"] <= latent["ci_upper"]).all()
        with pytest.raises(IncompatibleRequestError, match="std_al"):
            hs.standardized("std_al")

    def test_measures_can_be_named(self, hs) -> None:
        assert list(hs.fit_measures("cfi", "rmsea").index) == ["cfi", "rmsea"]
        with pytest.raises(IncompatibleRequestError, match="rmse"):
            hs.fit_measures("rmse")

    def test_rsquare_is_the_squared_loading_here(self, hs) -> None:
        frame = hs.parameters().query("op == '=~'")
        np.testing.assert_allclose(
            hs.rsquare()[frame["rhs"]].to_numpy(), frame["std_all"].to_numpy() ** 2
        )

    def test_summary_and_html_escape_labels(self) -> None:
        odd = "<script>alert(1)</script>"
        data = HS.rename(columns={"x1": odd})
        result = ls.cfa(f"visual =~ `{odd}` + x2 + x3\ng =~ x4 + x5 + x6", data)
        assert odd in result.summary()
        assert "<script>" not in result._repr_html_()

    def test_plan_is_complete_and_bound_to_the_data(self, hs) -> None:
        plan = json.loads(hs.plan.to_json())
        assert plan["estimator"] == "ML" and plan["information"] == "expected"
        assert len(plan["data_hash"]) == 64
        assert ls.cfa(THREE, HS.iloc[::-1]).plan.data_hash != plan["data_hash"]

    def test_mapping_and_responses_are_data(self) -> None:
        class Answers:
            data = HS

        columns = {c: HS[c].tolist() for c in HS.columns if c.startswith("x")}
        chi = [ls.cfa(THREE, d).fit_measures("chisq").item() for d in (HS, columns, Answers())]
        assert chi[0] == pytest.approx(chi[1]) == pytest.approx(chi[2])

    def test_statistics_do_not_depend_on_units_or_order(self) -> None:
        base = ls.cfa(THREE, HS)
        scaled = HS.assign(x1=HS.x1 * 1e3, x5=-HS.x5 * 1e-3, x9=HS.x9 + 7)
        shuffled = scaled.sample(frac=1, random_state=1)[scaled.columns[::-1]]
        other = ls.cfa(THREE, shuffled)
        assert other.fit_measures("chisq").item() == pytest.approx(
            base.fit_measures("chisq").item(), rel=1e-8
        )
        a, b = (f.parameters()["std_all"].abs().to_numpy() for f in (base, other))
        np.testing.assert_allclose(a, b, atol=1e-6)


class TestFindings:
    def test_heywood(self) -> None:
        data = pd.read_csv(DATA / "heywood.csv")
        with pytest.warns(ImproperSolutionWarning, match="Heywood"):
            fit = ls.cfa("f =~ h1 + h2 + h3\ng =~ h4 + h5 + h6", data)
        (finding,) = [f for f in fit.findings if f.code == "fit.heywood"]
        assert "h1" in finding.text.en and "h1" in finding.text.zh
        assert "Heywood" in fit.summary()

    def test_listwise_deletion_is_counted(self) -> None:
        data = HS.copy()
        data.loc[:9, "x1"] = np.nan
        fit = ls.cfa(THREE, data)
        assert fit.n_obs == 291
        assert "10 of 301" in next(f.text.en for f in fit.findings if f.code == "data.listwise")

    def test_saturated_model(self) -> None:
        fit = ls.cfa("f =~ x1 + x2 + x3", HS)
        assert "fit.saturated" in [f.code for f in fit.findings]
        assert np.isnan(fit.fit_measures("pvalue").item())
        assert fit.fit_measures("rmsea").item() == 0.0

    def test_diagram_of_a_fit(self) -> None:
        assert ls.path_diagram(ls.cfa(THREE, HS)).texts

    def test_latent_correlation_beyond_one(self) -> None:
        rng = np.random.default_rng(4)
        f = rng.normal(size=(80, 1))
        data = pd.DataFrame(
            0.6 * f + rng.normal(size=(80, 6)), columns=[f"v{i}" for i in range(1, 7)]
        )
        fits = ls.cfa("f =~ v1 + v2 + v3\ng =~ v4 + v5 + v6", data)
        too_large = abs(fits.latent_cor().iloc[0, 1]) >= 1
        assert ("fit.latent_not_pd" in [x.code for x in fits.findings]) == too_large


class TestErrors:
    def test_unknown_variable_points_into_the_text(self) -> None:
        error = fails("visual =~ x1 + x2\nspeed =~ x7 + x8\nspeed ~ visal", HS)
        assert isinstance(error, ModelSpecificationError)
        assert error.code == "spec.unknown_variable"
        assert error.span is not None and (error.span.line, error.span.column) == (3, 9)
        assert "Did you mean 'visual'" in str(error)

    def test_syntax(self) -> None:
        assert isinstance(fails("visual = x1", HS), ModelSyntaxError)

    @pytest.mark.parametrize(
        "model",
        [
            "f =~ x1 + x2",
            "f =~ NA*x1 + x2 + x3 + x4\nf ~~ NA*f",
            "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\ng ~ f\nf ~ g\n",
            "f =~ x1 + x2 + x3\ng =~ f\ng ~~ g\nf ~~ f\nh =~ x4 + x5 + x6",
        ],
    )
    def test_not_identified(self, model: str) -> None:
        error = fails(model, HS)
        assert error.code == "spec.not_identified"

    def test_not_identified_names_the_culprits(self) -> None:
        error = fails("f =~ NA*x1 + x2 + x3 + x4\nf ~~ NA*f", HS)
        assert "f=~x1" in error.message and "x1~~x1" not in error.message

    def test_constant_and_collinear(self) -> None:
        error = fails(THREE, HS.assign(x3=4))
        assert error.code == "data.constant" and "'x3'" in error.message
        error = fails(THREE, HS.assign(x3=HS.x1 + HS.x2))
        assert error.code == "data.collinear"
        assert all(f"'{n}'" in error.message for n in ("x1", "x2", "x3"))

    def test_too_few_cases(self) -> None:
        assert fails(THREE, HS.head(8)).code == "data.too_few_cases"
        with pytest.warns(ImproperSolutionWarning, match="too few to estimate 21"):
            fit = ls.cfa(THREE, HS.head(15))
        with pytest.raises(DataError, match="too few"):
            refuse_too_few_cases(fit.findings)

    def test_empty_and_unreadable_data(self) -> None:
        assert fails(THREE, HS.iloc[:0]).code == "data.empty"
        text = HS.assign(x2=HS.x2.astype(str).replace("5.5", "five"))
        assert fails(THREE, text.assign(x2="five")).code == "data.not_numeric"
        assert fails(THREE, HS.assign(x1=np.nan)).code == "data.no_complete_case"
        assert fails(THREE, HS.assign(x1=np.inf)).code == "data.infinite"
        assert fails(THREE, 3).code == "data.type"

    def test_all_conflicts_at_once(self) -> None:
        error = fails(THREE, HS, likelihood="wishhart", missing="fimll", information="none")
        assert error.code == "request.option"
        assert all(word in error.message for word in ("wishhart", "fimll", "none"))
        assert fails(THREE, HS, estimator="XYZ").code == "request.estimator"
        assert fails(THREE, None).code == "request.no_data"

    def test_covariance_input(self) -> None:
        names = [f"x{i}" for i in range(1, 10)]
        cov = HS[names].cov()
        by_data = ls.cfa(THREE, HS).fit_measures("chisq").item()
        by_cov = ls.cfa(THREE, sample_cov=cov, sample_nobs=301).fit_measures("chisq").item()
        assert by_cov == pytest.approx(by_data, rel=1e-9)
        assert fails(THREE, None, sample_cov=cov).code == "request.covariance"
        assert (
            fails(THREE, None, sample_cov=cov.drop(columns="x9"), sample_nobs=301).code
            == "data.missing_column"
        )
        crooked = cov.copy()
        crooked.iloc[0, 1] += 1
        assert fails(THREE, None, sample_cov=crooked, sample_nobs=301).code == "data.covariance"
        singular = pd.DataFrame(np.ones((9, 9)), index=names, columns=names)
        assert fails(THREE, None, sample_cov=singular, sample_nobs=301).code == "data.collinear"
        assert (
            fails(THREE, None, sample_cov=cov, sample_nobs=301, meanstructure=True).code
            == "request.means"
        )
        given = {"sample_cov": cov, "sample_nobs": 301}
        for needs_cases in ({"estimator": "MLR"}, {"missing": "fiml"}, {"group": "school"}):
            assert fails(THREE, None, **given, **needs_cases).code == "request.cases"
        assert fails(THREE, None, sample_cov=cov.to_numpy(), sample_nobs=301).code == "data.type"
        partial = HS[names].mean().drop("x4")
        error = fails(THREE, None, **given, sample_mean=partial)
        assert error.code == "data.missing_column"
        assert "'x4'" in error.message

    def test_covariances_of_groups(self) -> None:
        names = [f"x{i}" for i in range(1, 10)]
        parts = {k: d[names] for k, d in HS.groupby("school", sort=False)}
        options = {"group_equal": ("loadings", "intercepts")}
        given = ls.cfa(
            THREE,
            sample_cov={k: x.cov() for k, x in parts.items()},
            sample_mean={k: x.mean()[::-1] for k, x in reversed(parts.items())},
            sample_nobs={k: len(x) for k, x in parts.items()},
            **options,
        )
        by_data = ls.cfa(THREE, HS, group="school", **options)
        assert given.groups == by_data.groups == ("Pasteur", "Grant-White")
        frames = given.parameters(), by_data.parameters()
        pd.testing.assert_frame_equal(*frames, rtol=1e-8, atol=1e-10)
        pd.testing.assert_series_equal(given.fit_measures(), by_data.fit_measures(), rtol=1e-8)
        assert list(given.residuals("cor").cov) == list(by_data.residuals("cor").cov)
        unequal = {"sample_cov": {"a": HS[names].cov()}, "sample_nobs": {"b": 301}}
        assert fails(THREE, None, **unequal).code == "request.covariance"


class TestHardModels:
    """What once went wrong: units, bad corners, singular steps."""

    @pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3])
    @pytest.mark.parametrize("columns", [["x1"], ["x2", "x3"], ["x1", "x2", "x3", "x4"]])
    def test_units_do_not_matter(self, scale: float, columns: list[str]) -> None:
        data = HS.copy()
        data[columns] *= scale
        fit = ls.sem("f =~ x1 + x2 + x3 + x4", data)
        plain = ls.sem("f =~ x1 + x2 + x3 + x4", HS)
        assert fit.converged
        chisq = plain.fit_measures("chisq").item()
        assert fit.fit_measures("chisq").item() == pytest.approx(chisq, rel=1e-7)
        np.testing.assert_allclose(
            fit.parameters()["std_all"], plain.parameters()["std_all"], atol=1e-6
        )

    @pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
    @pytest.mark.parametrize(
        "model",
        [
            "f =~ NA*x1 + x2 + x3 + x4",
            "f =~ 0*x1 + x2 + x3 + x4 + x5",
            "f =~ x1 + x2 + x3 + x4\nx4 ~ f",
            "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nh =~ f + g",
            "f =~ x1 + x2 + x3 + x4 + x5\nf ~ 1\nx1 ~ 1",
        ],
    )
    def test_unidentified_models_say_so_in_any_unit(self, model: str, scale: float) -> None:
        data = HS.copy()
        data[["x1", "x2"]] *= scale
        assert fails(model, data).code == "spec.not_identified"

    def test_hopeless_fit_is_a_result_that_says_so(self) -> None:
        with pytest.warns(match="did not converge"):
            fit = ls.sem("f =~ x1 + x2 + x3 + x4\nx1 ~~ -5*x1", HS)
        assert not fit.converged and "fit.not_converged" in [f.code for f in fit.findings]

    def test_std_lv_fixes_a_written_variance_unless_it_is_freed(self) -> None:
        text = "f =~ x1 + x2 + x3 + x4\nf ~~ "
        for modifier in ("f", "v*f", "start(1)*f"):
            fit = ls.sem(text + modifier, HS, std_lv=True)
            assert fit.parameters().query("lhs == 'f' and rhs == 'f'")["est"].item() == 1.0
        assert fails(text + "NA*f", HS, std_lv=True).code == "spec.not_identified"

    def test_std_lv_makes_the_first_loading_positive(self) -> None:
        fit = ls.cfa("f =~ x1 + x2 + x3", HS.assign(x1=-HS.x1), std_lv=True)
        assert fit.parameters()["est"].iloc[0] > 0 > fit.parameters()["est"].iloc[1]

    def test_saturated_model_has_perfect_cfi(self) -> None:
        rng = np.random.default_rng(0)
        noise = pd.DataFrame(rng.normal(size=(100, 3)), columns=["a", "b", "c"])
        assert ls.sem("b ~ a\nc ~ a + b", noise).fit_measures("cfi").item() == 1.0

    def test_negative_residual_has_no_rsquare(self) -> None:
        with pytest.warns(ImproperSolutionWarning):
            fit = ls.cfa("f =~ h1 + h2 + h3\ng =~ h4 + h5 + h6", pd.read_csv(DATA / "heywood.csv"))
        assert np.isnan(fit.rsquare()["h1"])

    def test_contradicting_repetition(self) -> None:
        assert fails("x1 ~ a*x2\nx1 ~ b*x2", HS).code == "spec.written_twice"

    def test_undefined_formula_has_no_standard_error(self) -> None:
        fit = ls.sem("x1 ~ b*x2\nu := log(-b)", HS)
        row = fit.parameters().query("op == ':='").iloc[0]
        assert np.isnan(row["est"]) and np.isnan(row["se"])

    def test_sample_means_bring_a_mean_structure(self) -> None:
        names = [f"x{i}" for i in range(1, 10)]
        fit = ls.cfa(
            THREE, sample_cov=HS[names].cov().iloc[::-1], sample_mean=HS[names].mean(),
            sample_nobs=301,
        )  # fmt: skip
        assert fit.fit_measures("npar").item() == 30
        assert fit.fit_measures("chisq").item() == pytest.approx(85.305522, abs=1e-5)


class TestConstraints:
    def test_inequality_that_binds_and_one_that_does_not(self) -> None:
        text = "f =~ x1 + a*x2 + b*x3 + x4\n"
        free = ls.cfa(text, HS)
        slack = ls.cfa(text + "a > -5", HS)
        tight = ls.cfa(text + "a > 2", HS)
        assert slack.fit_measures("chisq").item() == pytest.approx(
            free.fit_measures("chisq").item(), abs=1e-6
        )
        assert tight.params["a"] == pytest.approx(2.0, abs=1e-6)
        assert tight.fit_measures("chisq").item() > free.fit_measures("chisq").item()
        bounded = ls.cfa("f =~ x1 + lower(2)*x2 + x3 + x4", HS)
        assert bounded.fit_measures("chisq").item() == pytest.approx(
            tight.fit_measures("chisq").item(), abs=1e-6
        )

    def test_nonlinear_equality_holds(self) -> None:
        fit = ls.cfa("f =~ x1 + a*x2 + b*x3 + x4\na == b^2", HS)
        assert fit.params["a"] == pytest.approx(fit.params["b"] ** 2, abs=1e-8)
        assert fit.fit_measures("df").item() == 3

    def test_equal_modifier_and_linear_constraint_agree(self) -> None:
        by_label = ls.cfa("f =~ x1 + a*x2 + a*x3 + x4", HS)
        by_equal = ls.cfa('f =~ x1 + x2 + equal("f=~x2")*x3 + x4', HS)
        by_formula = ls.cfa("f =~ x1 + a*x2 + b*x3 + x4\na == b", HS)
        chisq = [f.fit_measures("chisq").item() for f in (by_label, by_equal, by_formula)]
        assert chisq[0] == pytest.approx(chisq[1]) == pytest.approx(chisq[2])
        assert by_formula.fit_measures("npar").item() == 7

    def test_contradiction(self) -> None:
        error = fails("f =~ x1 + a*x2 + x3 + x4\na == 1\na == 2", HS)
        assert error.code == "spec.contradiction"

    def test_groups_and_their_words(self) -> None:
        error = fails(THREE, HS, group="school", group_equal=["loading"])
        assert error.code == "spec.group_equal" and "loadings" in error.hint
        error = fails(THREE, HS, group="school", group_equal="loadings", group_partial=["x=~y"])
        assert error.code == "spec.group_partial"
        assert fails(THREE, HS, group="scool").code == "data.missing_column"

    def test_score_test_of_one_equality_approximates_the_difference(self) -> None:
        tied = ls.cfa("f =~ x1 + a*x2 + a*x3 + x4", HS)
        free = ls.cfa("f =~ x1 + x2 + x3 + x4", HS)
        drop = tied.fit_measures("chisq").item() - free.fit_measures("chisq").item()
        tests = tied.score_tests()
        assert list(tests["restriction"]) == ["f=~x2 == f=~x3", "all"]
        assert tests["chisq"].iloc[0] == pytest.approx(drop, rel=0.25, abs=0.5)


class TestWhatReviewsFound:
    """Wrong or ungraceful once, each with the model that showed it."""

    @pytest.mark.parametrize("estimator", ["WLSMV", "ULSMV", "DWLS"])
    @pytest.mark.parametrize("fixed_x", [None, True, False])
    def test_least_squares_with_a_covariate(self, estimator: str, fixed_x: bool | None) -> None:
        """Robust errors of a regression are those of ordinary least squares, HC0."""
        rng = np.random.default_rng(1)
        x = rng.normal(size=500)
        y = 0.9 * x + 0.3 * rng.normal(size=500)
        fit = ls.sem("y ~ x", {"x": x, "y": y}, estimator=estimator, fixed_x=fixed_x)
        dx, dy = x - x.mean(), y - y.mean()
        residual = dy - dx * (dx @ dy) / (dx @ dx)
        hc0 = np.sqrt(dx**2 @ residual**2) / (dx @ dx)
        assert fit.bse["y~x"] == pytest.approx(hc0, rel=5e-3)

    def test_fixed_x_is_random_for_least_squares_as_in_lavaan(self) -> None:
        model = "x1 ~ x2 + x3"
        assert ls.sem(model, HS).plan.defaults.fixed_x
        assert not ls.sem(model, HS, estimator="GLS").plan.defaults.fixed_x

    @pytest.mark.parametrize("estimator", ["ML", "MLR"])
    def test_variables_never_observed_together(self, estimator: str) -> None:
        data = HS.copy()
        data["x1"] = data.x1.where(data.index % 2 == 0)
        data["x2"] = data.x2.where(data.index % 2 == 1)
        fit = ls.cfa(THREE, data, missing="fiml", estimator=estimator)
        assert np.isfinite(fit.fit_measures("chisq").item())
        assert np.isnan(fit.fit_measures("cfi_robust").item())
        assert "data.never_together" in [f.code for f in fit.findings]

    def test_ordered_true_means_every_indicator(self) -> None:
        likert = pd.read_csv(DATA / "likert9.csv")
        text = "F =~ q1 + q2 + q3\nF ~ age"
        assert ls.sem(text, likert, ordered=True).plan.ordered == ("q1", "q2", "q3")
        assert fails(text, likert, ordered=3).code == "request.names"
        assert fails(text, likert, ordered=["age"]).code == "request.ordered_x"

    @pytest.mark.parametrize(
        ("word", "df", "chisq"),
        [
            ("intercepts", 6, 11.11484),
            ("residuals", 6, 8.58390),
            ("residual.covariances", 4, 8.43859),
        ],
    )
    def test_equality_words_leave_covariates_alone(self, word: str, df: int, chisq: float) -> None:
        """Numbers from lavaan 0.6-14."""
        fit = ls.sem("x1 ~ x2 + x3\nx4 ~ x1", HS, group="school", fixed_x=False, group_equal=[word])
        assert fit.fit_measures("df").item() == df
        assert fit.fit_measures("chisq").item() == pytest.approx(chisq, abs=1e-3)

    def test_huber_white_errors_use_observed_information(self) -> None:
        by_option = ls.cfa(THREE, HS, se="robust.huber.white", test="yuan.bentler.mplus")
        np.testing.assert_allclose(by_option.bse, ls.cfa(THREE, HS, estimator="MLR").bse)

    def test_groups_without_means(self) -> None:
        fit = ls.cfa(THREE, HS, group="school", meanstructure=False, group_equal=["loadings"])
        assert fit.fit_measures("npar").item() == 36
        assert fit.fit_measures("aic").item() == pytest.approx(7444.587, abs=1e-2)

    def test_blocks_with_other_variables_are_refused(self) -> None:
        text = "group: 1\nf =~ x1 + x2 + x3\ngroup: 2\nf =~ x1 + x2 + x3 + x4"
        error = fails(text, HS, group="school")
        assert error.code == "spec.group_variables" and error.span is not None

    def test_no_degrees_of_freedom_and_yet_a_misfit(self) -> None:
        fit = ls.sem("x1 ~ m*1\nx2 ~ n*1\nm > n\nx1 ~~ x2", HS)
        found = fit.fit_measures("df", "cfi", "rmsea")
        assert found["df"] == 0 and found["cfi"] == 0 and np.isnan(found["rmsea"])

    @pytest.mark.parametrize(
        "text", ["q1 ~~ q2", "q1 ~~ q2 + q3\nq2 ~~ q3", "q1 ~ age\nq2 ~ q1 + age", "q1 ~ age"]
    )
    @pytest.mark.parametrize("parameterization", ["delta", "theta"])
    def test_ordered_variables_without_factors(self, text: str, parameterization: str) -> None:
        likert = pd.read_csv(DATA / "likert9.csv")
        names = [n for n in ("q1", "q2", "q3") if n in text]
        fit = ls.sem(text, likert, ordered=names, parameterization=parameterization)
        assert fit.converged and fit.inference.se_ok

    def test_an_ordered_mediator_fits_alike_in_both_parameterisations(self) -> None:
        likert = pd.read_csv(DATA / "likert9.csv")
        text = "F1 =~ q1 + q2 + q3\nF2 =~ q7 + q8 + q9\nq4 ~ F1\nF2 ~ q4"
        names = [f"q{i}" for i in (1, 2, 3, 4, 7, 8, 9)]
        delta, theta = (
            ls.sem(text, likert, ordered=names, parameterization=p) for p in ("delta", "theta")
        )
        assert delta.converged
        assert delta.fit_measures("chisq").item() == pytest.approx(
            theta.fit_measures("chisq").item(), rel=1e-6
        )

    def test_uls_of_ordered_items_has_robust_errors(self) -> None:
        likert = pd.read_csv(DATA / "likert9.csv")
        fit = ls.cfa("F =~ q1 + q2 + q3 + q4", likert, ordered=True, estimator="ULS")
        assert (fit.plan.se, fit.plan.test) == ("robust.sem", "standard")
        assert np.isnan(fit.fit_measures("pvalue").item())

    def test_undefined_constraint_is_no_crash(self) -> None:
        with pytest.warns(match="did not converge"):
            fit = ls.sem("f =~ x1 + a*x2 + b*x3 + x4\nlog(a - 5) == b", HS)
        assert not fit.converged

    def test_labels_of_equal_parameters_stay_usable(self) -> None:
        text = "f =~ x1 + c(a, b)*x2 + x3 + x4\nd := a - b"
        fit = ls.sem(text, HS, group="school", group_equal=["loadings"])
        plain = ls.sem("f =~ x1 + x2 + x3 + x4", HS, group="school", group_equal=["loadings"])
        assert fit.fit_measures("df").item() == plain.fit_measures("df").item()
        assert fit.fit_measures("chisq").item() == pytest.approx(plain.fit_measures("chisq").item())
        assert fit.parameters().query("op == ':='")["est"].item() == pytest.approx(0, abs=1e-9)

    def test_unknown_threshold(self) -> None:
        likert = pd.read_csv(DATA / "likert9.csv")
        error = fails("F =~ q1 + q2 + q3\nq1 | 0*t9", likert, ordered=["q1", "q2", "q3"])
        assert error.code == "spec.threshold" and "t1, t2, t3, t4" in error.hint

    def test_uls_from_a_covariance_matrix(self) -> None:
        names = [f"x{i}" for i in range(1, 10)]
        given = {"sample_cov": HS[names].cov(), "sample_nobs": 301}
        fit = ls.cfa(THREE, estimator="ULS", **given)
        assert fit.fit_measures("chisq").item() == pytest.approx(74.52629, abs=1e-4)
        assert fails(THREE, None, estimator="WLS", **given).code == "request.cases"

    def test_free_parameters_of_groups_have_names_of_their_own(self) -> None:
        fit = ls.cfa(THREE, HS, group="school")
        assert fit.params.index.is_unique and "visual=~x2.g2" in fit.params.index


def test_variants_keep_the_signature() -> None:
    import inspect

    assert inspect.signature(ls.growth) == inspect.signature(ls.sem)
    assert ls.growth.__name__ == "growth" and "growth model" in (ls.growth.__doc__ or "")


def test_observed_information_enters_both_layers_of_the_sandwich() -> None:
    """lavaan 0.6-14: cfa(model, HolzingerSwineford1939, "MLM", information = "observed")."""
    fit = ls.cfa(THREE, HS, estimator="MLM", information="observed")
    found = fit.fit_measures("chisq_scaled", "chisq_scaling_factor", "baseline_chisq_scaled")
    assert found.tolist() == pytest.approx([80.375049, 1.061343, 556.982468], rel=1e-6)
    assert fit.bse.iloc[:2].tolist() == pytest.approx([0.14982588, 0.15690984], rel=5e-6)


def test_expected_information_of_incomplete_data_enters_the_scaled_test() -> None:
    """lavaan 0.6-14: the same holes, "MLR", missing = "fiml", information = "expected"."""
    data = HS.copy()
    data.loc[::7, "x2"] = np.nan
    data.loc[2::5, "x5"] = np.nan
    fit = ls.cfa(THREE, data, estimator="MLR", missing="fiml", information="expected")
    found = fit.fit_measures("chisq_scaled", "scaling_factor_h1")
    assert found.tolist() == pytest.approx([80.615823, 1.044350], rel=2e-6)


def test_lavaan_adds_nothing() -> None:
    text = "f =~ 1*x1 + x2 + x3\nf ~~ f\nx1 ~~ x1\nx2 ~~ x2\nx3 ~~ x3"
    assert ls.lavaan(text, HS).fit_measures("npar").item() == 6
