"""What users meet: results, covariates, predictions, findings, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.purchase import estimate
from loyaltysem.clv.purchase.estimate import Estimate
from loyaltysem.clv.purchase.findings import search_findings
from loyaltysem.clv.purchase.fitted import PurchaseFit
from loyaltysem.core.errors import ConvergenceWarning, DataError, IncompatibleRequestError
from loyaltysem.core.optimise import Status

BG = {"r": 0.3, "alpha": 4.0, "a": 0.8, "b": 2.4}


@pytest.fixture(scope="module")
def seen() -> pd.DataFrame:
    frame = ls.clv.simulate_bg_nbd(1500, 39.0, **BG, seed=5)
    # days, so that some histories are equal
    frame["recency"] = np.where(frame["frequency"] > 0, np.ceil(frame["recency"] * 7) / 7, 0.0)
    return frame


@pytest.fixture(scope="module")
def fit(seen: pd.DataFrame) -> PurchaseFit:
    return ls.clv.bg_nbd(seen["frequency"], seen["recency"], seen["T"])


def test_equal_histories_are_counted(seen: pd.DataFrame, fit: PurchaseFit) -> None:
    assert len(fit.customers.seen.count) < len(seen) == fit.n
    kinds = seen.groupby(["frequency", "recency", "T"], as_index=False).size()
    weighted = ls.clv.bg_nbd(
        kinds["frequency"], kinds["recency"], kinds["T"], weights=kinds["size"]
    )
    np.testing.assert_allclose(weighted.params, fit.params, rtol=1e-6)
    assert weighted.loglik == pytest.approx(fit.loglik, rel=1e-10)


def test_the_unit_of_time_does_not_matter(seen: pd.DataFrame, fit: PurchaseFit) -> None:
    days = ls.clv.bg_nbd(seen["frequency"], 7 * seen["recency"], 7 * seen["T"])
    expected = fit.params * [1, 7, 1, 1]
    np.testing.assert_allclose(days.params, expected, rtol=1e-5)
    np.testing.assert_allclose(days.bse, fit.bse * [1, 7, 1, 1], rtol=1e-4)


@pytest.mark.parametrize("model", ["bg_nbd", "pareto_nbd"])
def test_a_fit_keeps_the_unit_it_is_told(seen: pd.DataFrame, model: str) -> None:
    columns = seen["frequency"], seen["recency"], seen["T"]
    bare, told = (getattr(ls.clv, model)(*columns, unit=unit) for unit in (None, "month"))
    assert (bare.unit, told.unit) == (None, "month")
    assert told.title.endswith("times in months") and "times" not in bare.title
    assert (bare.params == told.params).all()
    with pytest.raises(IncompatibleRequestError, match="fortnight") as caught:
        getattr(ls.clv, model)(*columns, unit="fortnight")
    assert caught.value.code == "summary.unit"


def test_measures_and_intervals(fit: PurchaseFit) -> None:
    assert fit.aic == pytest.approx(-2 * fit.loglik + 8)
    assert fit.bic == pytest.approx(-2 * fit.loglik + 4 * np.log(1500))
    wald, narrow = fit.conf_int(), fit.conf_int(0.5)
    assert (wald["ci_lower"] > 0).all() and (wald["ci_upper"] > narrow["ci_upper"]).all()
    np.testing.assert_allclose(wald.to_numpy(), fit.frame[["ci_lower", "ci_upper"]].to_numpy())
    profile = fit.profile_intervals()
    assert (profile["ci_lower"] < fit.params).all() and (fit.params < profile["ci_upper"]).all()


def test_profile_limits_follow_a_ridge_to_infinity() -> None:
    seen = ls.clv.simulate_bg_nbd(600, 39, r=0.25, alpha=4.4, a=0.8, b=2.4, seed=3)
    z = pd.DataFrame({"z": np.random.default_rng(0).normal(size=600)})
    fit = ls.clv.pareto_nbd(
        seen["frequency"], seen["recency"], seen["T"], dropout_covariates=z
    )  # fmt: skip
    limits = fit.profile_intervals()  # s and β grow together: only their ratio is known
    assert np.isinf(limits.loc[["s", "beta"], "ci_upper"]).all()
    assert np.isfinite(limits["ci_lower"]).all() and np.isfinite(limits.loc["alpha"]).all()


def test_profile_searches_that_fail_are_taken_for_nothing(
    fit: PurchaseFit, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = estimate.minimise, []

    def failing_first(*args: Any) -> Any:
        calls.append(None)
        found = whole(*args)
        if len(calls) == 1:
            found.status[:] = Status.NO_DESCENT
            found.value[:] += 1.0
        return found

    right = fit.profile_intervals()
    monkeypatch.setattr(estimate, "minimise", failing_first)
    np.testing.assert_allclose(fit.profile_intervals(), right, rtol=1e-4)
    assert len(calls) > 1


def test_profile_limits_are_where_the_likelihood_says(fit: PurchaseFit) -> None:
    from loyaltysem.clv.purchase.estimate import SEARCH
    from loyaltysem.clv.purchase.likelihood import Held, Problem
    from loyaltysem.core.optimise import minimise

    limits = np.log(fit.profile_intervals(0.9).to_numpy())
    for j, pair in enumerate(limits):
        for limit in pair:
            start = np.delete(fit.found.coefficients, j)[None]
            end = minimise(Problem(fit.likelihood, (Held(j, float(limit)),)), start, SEARCH)
            fall = 2 * (fit.loglik + float(end.value[0]) * fit.n)
            assert fall == pytest.approx(2.705543, abs=2e-3)


@pytest.mark.parametrize("model", ["bg_nbd", "pareto_nbd"])
def test_predictions(model: str, seen: pd.DataFrame) -> None:
    found = getattr(ls.clv, model)(seen["frequency"], seen["recency"], seen["T"])
    table = found.predict(26, rate=0.003)
    assert table.index.equals(seen.index)
    columns = (seen["frequency"], seen["recency"], seen["T"])
    np.testing.assert_allclose(table["p_alive"], found.p_alive(*columns))
    np.testing.assert_allclose(table["expected_purchases"], found.expected_purchases(26, *columns))
    np.testing.assert_allclose(
        table["discounted_purchases"], found.discounted_residual(0.003, *columns)
    )
    later = found.p_alive(*columns, ahead=10)
    assert (later < table["p_alive"]).all() and (later > 0).all()
    assert (found.expected_purchases(0, *columns) == 0).all()
    far = found.expected_purchases(5000, *columns)
    assert (found.discounted_residual(1e-3, *columns) < far).all()
    assert found.mass(range(200), 39).sum() == pytest.approx(1.0, abs=1e-6)
    assert found.expected_new([0, 1])[0] == 0 < found.discounted_new(0.003)
    counts = found.frequency_table(5)
    assert counts["actual"].sum() == counts["expected"].sum() == pytest.approx(1500)
    assert np.abs(counts["actual"] - counts["expected"]).max() < 60


def test_bg_nbd_takes_customers_without_repeat_purchase_as_alive(fit: PurchaseFit) -> None:
    assert fit.p_alive([0, 0], [0, 0], [1, 500]).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("model", ["bg_nbd", "pareto_nbd"])
def test_covariates(model: str) -> None:
    rng = np.random.default_rng(2)
    group = rng.integers(0, 2, 6000).astype(float)
    rest = {"bg_nbd": {"a": 0.8, "b": 2.4}, "pareto_nbd": {"s": 1.0, "beta": 20.0}}[model]
    draw = getattr(ls.clv, f"simulate_{model}")
    parts = [
        draw(int((group == g).sum()), 52.0, r=0.8, alpha=8 * np.exp(-0.6 * g), seed=7 + k, **rest)
        for k, g in enumerate((0.0, 1.0))
    ]
    seen, z = pd.concat(parts, ignore_index=True), pd.DataFrame({"vip": np.sort(group)})
    columns = (seen["frequency"], seen["recency"], seen["T"])
    fit = getattr(ls.clv, model)(*columns, purchase_covariates=z, dropout_covariates=z)
    assert fit.converged
    row = fit.frame.set_index("parameter").loc["purchase:vip"]
    assert abs(row["est"] - 0.6) < 3 * row["se"] and row["pvalue"] < 1e-6
    drop = fit.frame[fit.frame["parameter"].str.startswith("dropout")]
    assert (np.abs(drop["est"]) < 3.5 * drop["se"]).all()
    given = {"purchase_covariates": z, "dropout_covariates": z}
    table = fit.predict(10, rate=0.01)
    np.testing.assert_allclose(table["p_alive"], fit.p_alive(*columns, **given))
    np.testing.assert_allclose(
        table["expected_purchases"], fit.expected_purchases(10, *columns, **given)
    )
    assert fit.frequency_table()["expected"].sum() == pytest.approx(6000)
    plain = getattr(ls.clv, model)(*columns)
    assert fit.loglik > plain.loglik + 20
    with pytest.raises(IncompatibleRequestError, match="covariates: vip"):
        fit.p_alive(*columns)


def test_covariates_of_a_model_split_by_group_agree(seen: pd.DataFrame) -> None:
    """With α free by group and all else shared, a covariate is the ratio of the two α."""
    z = (np.arange(1500) % 2).astype(float)
    columns = (seen["frequency"], seen["recency"], seen["T"])
    plus = ls.clv.bg_nbd(*columns, purchase_covariates=pd.DataFrame({"g": z}))
    minus = ls.clv.bg_nbd(*columns, purchase_covariates=pd.DataFrame({"g": 1 - z}))
    assert plus.loglik == pytest.approx(minus.loglik, abs=1e-6)
    assert plus.params["purchase:g"] == pytest.approx(-minus.params["purchase:g"], abs=1e-5)
    ratio = minus.params["alpha"] / plus.params["alpha"]
    assert np.log(ratio) == pytest.approx(-plus.params["purchase:g"], abs=1e-5)


def test_a_result_shows_itself(fit: PurchaseFit) -> None:
    assert str(fit).startswith("BG/NBD model, 1,500 customers, log-likelihood")
    assert "<table>" in fit._repr_html_() and "alpha" in fit._repr_html_()


def test_no_dropout_is_said(seen: pd.DataFrame) -> None:
    drawn = ls.clv.simulate_pareto_nbd(800, 20.0, r=2.0, alpha=4.0, s=50.0, beta=1e7, seed=1)
    for model in (ls.clv.bg_nbd, ls.clv.pareto_nbd):
        found = model(drawn["frequency"], drawn["recency"], drawn["T"])
        codes = {f.code for f in found.findings}
        assert codes & {"purchase.boundary", "purchase.not_converged"}
        rate = found.params["r"] / found.params["alpha"]
        assert rate == pytest.approx(0.5, rel=0.15)


def test_few_repeat_buyers_and_no_time_are_said() -> None:
    x, t = np.array([0, 1, 2, 0, 3] * 8), np.array([0, 2.0, 5.0, 0, 7.0] * 8)
    end = np.where(np.arange(40) % 5 == 3, 0.0, 10.0)
    found = ls.clv.bg_nbd(x, t, end)
    codes = {f.code for f in found.findings}
    assert {"purchase.few_repeat_buyers", "purchase.no_time"} <= codes
    assert np.isfinite(found.predict(5)).all(axis=None)


BAD: dict[str, tuple[tuple[Any, Any, Any], str]] = {
    "no numbers": ((["a", "b"], [0, 1], [2, 2]), "not numbers"),
    "missing": (([0, np.nan], [0, 1], [2, 2]), "missing or infinite for 1 of 2"),
    "infinite": (([0, 1], [0, 1], [2, np.inf]), "T is missing or infinite"),
    "negative": (([0, -1], [0, 1], [2, 2]), "1 with frequency below 0"),
    "half": (([0, 1.5], [0, 1], [2, 2]), "not a whole number"),
    "after": (([0, 1], [0, 3], [2, 2]), "recency after T"),
    "before": (([0, 1], [0, -3], [2, 2]), "negative recency"),
    "last without": (([0, 0], [0, 1], [2, 2]), "though there was none"),
    "repeat at once": (([0, 2], [0, 0], [2, 2]), "but recency 0"),
    "lengths": (([0, 1, 1], [0, 1], [2, 2]), "different lengths"),
    "empty": (([], [], []), "one column"),
    "table": (([[0, 1]], [[0, 1]], [[2, 2]]), "one column"),
}


@pytest.mark.parametrize("model", ["bg_nbd", "pareto_nbd"])
@pytest.mark.parametrize("case", BAD)
def test_impossible_histories_are_refused(model: str, case: str) -> None:
    given, told = BAD[case]
    with pytest.raises(DataError, match=told) as caught:
        getattr(ls.clv, model)(*given)
    assert caught.value.code == "purchase.input" and caught.value.hint


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(DataError) as caught:
        ls.clv.bg_nbd([-1, 1, 0], [0, 5, 1], [2, 2, 2], weights=[1, 1, 0])
    for part in ("1 with frequency", "1 with recency after", "1 with a weight", "though there was"):
        assert part in str(caught.value)


def test_bg_bb_refuses_what_opportunities_cannot_be() -> None:
    with pytest.raises(DataError, match="or so recency or n"):
        ls.clv.bg_bb([1], [1.5], [3])
    with pytest.raises(DataError, match="more purchases than opportunities"):
        ls.clv.bg_bb([3], [2], [3])


def test_no_repeat_purchase_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        ls.clv.pareto_nbd([0, 0], [0, 0], [5, 6])
    assert caught.value.code == "purchase.no_repeat"


@pytest.mark.parametrize(
    ("z", "told"),
    [
        (pd.DataFrame({"c": np.ones(1500)}), "constant or follow"),
        (pd.DataFrame({"a": np.arange(1500.0), "b": 2 * np.arange(1500.0)}), "constant or follow"),
        (pd.DataFrame({"c": np.ones(3)}), "3 rows for 1,500"),
        (pd.DataFrame({"c": ["x"] * 1500}), "not numbers"),
    ],
)
def test_covariates_that_cannot_be_used_are_refused(
    seen: pd.DataFrame, z: pd.DataFrame, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        ls.clv.bg_nbd(seen["frequency"], seen["recency"], seen["T"], purchase_covariates=z)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_times_rates_and_levels_are_checked(fit: PurchaseFit, bad: float) -> None:
    with pytest.raises(IncompatibleRequestError, match="time"):
        fit.expected_purchases(bad, 1, 2, 3)
    with pytest.raises(IncompatibleRequestError, match="rate"):
        fit.discounted_new(bad)
    with pytest.raises(IncompatibleRequestError, match="level"):
        fit.conf_int(bad)
    with pytest.raises(IncompatibleRequestError, match="level"):
        fit.profile_intervals(bad)


def test_a_search_that_fails_is_said(seen: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    from loyaltysem.clv.purchase import estimate
    from loyaltysem.core.optimise import Tolerance

    monkeypatch.setattr(estimate, "SEARCH", Tolerance(max_iterations=1))
    with pytest.warns(ConvergenceWarning):
        found = ls.clv.bg_nbd(seen["frequency"], seen["recency"], seen["T"])
    assert not found.converged
    assert [f.severity for f in found.findings if f.code == "purchase.not_converged"] == ["problem"]


def test_gamma_gamma_says_what_it_left_out() -> None:
    drawn = ls.clv.simulate_gamma_gamma([0, 1, 2, 5] * 200, p=6.0, q=4.0, v=15.0, seed=1)
    amounts = drawn["monetary"].where(drawn["frequency"] > 0)  # missing without purchases
    found = ls.clv.gamma_gamma(drawn["frequency"], amounts)
    assert found.n == 600 and found.mean == pytest.approx(30.0, rel=0.1)
    codes = {f.code: f.severity for f in found.findings}
    assert codes["purchase.no_repeat"] == "note" and codes["purchase.independence"] == "note"
    assert found.expected_spending(0, np.nan)[0] == pytest.approx(found.mean)
    assert "Gamma-Gamma" in str(found)


def test_gamma_gamma_warns_of_dependence_and_of_no_mean() -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(1, 9, 400)
    found = ls.clv.gamma_gamma(x, x * rng.gamma(5, 1, 400))
    assert found.correlation > 0.5
    assert "purchase.independence" in {f.code for f in found.findings if f.severity == "warning"}
    heavy = ls.clv.simulate_gamma_gamma(x, p=2.0, q=0.6, v=5.0, seed=1)
    found = ls.clv.gamma_gamma(heavy["frequency"], heavy["monetary"])
    assert "purchase.infinite_mean" in {f.code for f in found.findings}
    assert np.isnan(found.mean) and np.isnan(found.expected_spending(0, 0)[0])


@pytest.mark.parametrize(
    ("x", "z", "code"),
    [
        ([1] * 20, [5.0] * 19 + [0.0], "purchase.amount"),
        ([1] * 20, [5.0] * 19 + [-2.0], "purchase.amount"),
        ([1] * 5, [1.0] * 5, "purchase.no_repeat"),
        ([1] * 20, [1.0] * 19, "purchase.input"),
        ([1] * 20, [1.0] * 19 + [np.nan], "purchase.input"),
        ([-1] + [1] * 20, [1.0] * 21, "purchase.input"),
    ],
)
def test_gamma_gamma_refuses(x: list[Any], z: list[Any], code: str) -> None:
    with pytest.raises(DataError) as caught:
        ls.clv.gamma_gamma(x, z)
    assert caught.value.code == code


def test_simulators_refuse() -> None:
    with pytest.raises(IncompatibleRequestError, match="a = 0"):
        ls.clv.simulate_bg_nbd(5, 10, r=1, alpha=1, a=0, b=1, seed=1)
    with pytest.raises(IncompatibleRequestError, match="T one number or one a customer"):
        ls.clv.simulate_pareto_nbd(5, [1.0, 2.0], r=1, alpha=1, s=1, beta=1, seed=1)
    with pytest.raises(IncompatibleRequestError):
        ls.clv.simulate_bg_bb(0, 3, alpha=1, beta=1, gamma=1, delta=1, seed=1)


@pytest.mark.parametrize(
    ("loose", "parameters", "said"),
    [
        (["s", "beta"], ["r", "alpha", "s", "beta"], "how soon they leave"),
        (["r"], ["r", "alpha", "a", "b"], "how often they buy"),
        (["r", "b"], ["r", "alpha", "a", "b"], "how often they buy and how soon they leave"),
        (["v"], ["p", "q", "v"], "what they spend"),
    ],
)
def test_flat_parameters_are_named_by_what_they_describe(
    loose: list[str], parameters: list[str], said: str
) -> None:
    vcov = np.diag([9.0 if name in loose else 0.01 for name in parameters])
    found = Estimate(np.zeros(len(parameters)), vcov, -1.0, Status.CONVERGED, 3)
    (finding,) = search_findings(found, parameters)
    assert f"differ in {said}: the likelihood" in finding.text.en
    assert ", ".join(loose) in finding.text.zh
