"""What a user meets: results, findings and errors of a single fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import (
    ImproperSolutionWarning,
    IncompatibleRequestError,
    LoyaltySemError,
    ModelSpecificationError,
    ModelSyntaxError,
)

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
        assert fails(THREE, HS.head(15)).code == "data.too_few_cases"

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


def test_variants_keep_the_signature() -> None:
    import inspect

    assert inspect.signature(ls.growth) == inspect.signature(ls.sem)
    assert ls.growth.__name__ == "growth" and "growth model" in (ls.growth.__doc__ or "")


def test_lavaan_adds_nothing() -> None:
    text = "f =~ 1*x1 + x2 + x3\nf ~~ f\nx1 ~~ x1\nx2 ~~ x2\nx3 ~~ x3"
    assert ls.lavaan(text, HS).fit_measures("npar").item() == 6
