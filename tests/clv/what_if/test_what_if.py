"""What raising a driver is worth: by hand, against refits, on known truth, and refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.link.linked import Linked
from loyaltysem.clv.what_if.effects import lever, shift_derivatives, shifts
from loyaltysem.clv.what_if.example import example_link
from loyaltysem.clv.what_if.verb import WhatIf, what_if
from loyaltysem.core.errors import DataError, IncompatibleRequestError, ModelSpecificationError
from loyaltysem.estimation.replication.resampling import repeated
from loyaltysem.estimation.result import SEMResult

MODEL = "trust =~ t1 + t2 + t3; value =~ log_amount + log_frequency; value ~ trust"


@pytest.fixture(scope="module")
def linked() -> Linked:
    return example_link(300)


@pytest.fixture(scope="module")
def fit(linked: Linked) -> SEMResult:
    return ls.sem(MODEL, linked.data)


@pytest.fixture(scope="module")
def found(fit: SEMResult, linked: Linked) -> WhatIf:
    return what_if(fit, linked, "trust", segments="region", draws=128, seed=3)


def estimate(fit: SEMResult, lhs: str, op: str, rhs: str, group: int = 1) -> pd.Series:
    rows = fit.parameters()
    chosen = (rows["lhs"] == lhs) & (rows["op"] == op) & (rows["rhs"] == rhs)
    return rows[chosen & (rows["group"] == group)].iloc[0]


def by_hand(data: pd.DataFrame, amount: float, frequency: float) -> float:
    """Change of mean amount × frequency when their logarithms move."""
    now = data["amount"] * data["frequency"]
    raised = np.expm1(data["log_amount"] + amount) * np.expm1(data["log_frequency"] + frequency)
    return float((raised - now).mean())


def test_the_change_by_hand(fit: SEMResult, linked: Linked, found: WhatIf) -> None:
    beta = estimate(fit, "value", "~", "trust")["est"]
    loading = estimate(fit, "value", "=~", "log_frequency")["est"]
    row = found.frame.iloc[0]
    assert row["change"] == pytest.approx(by_hand(linked.data, beta, beta * loading))
    assert row["baseline"] == pytest.approx(
        (linked.data["amount"] * linked.data["frequency"]).mean()
    )
    assert row["share"] == pytest.approx(row["change"] / row["baseline"])
    assert row["total"] == pytest.approx(300 * row["change"])
    assert found.yardstick == ("t1",)
    np.testing.assert_allclose(found.effects["shift"], [beta, beta * loading])


def test_the_error_of_a_plain_path_is_the_fits_own(fit: SEMResult, found: WhatIf) -> None:
    se = estimate(fit, "value", "~", "trust")["se"]
    assert found.effects.loc[0, "se"] == pytest.approx(se, rel=1e-6)
    text = MODEL.replace("log_frequency", "l*log_frequency").replace("~ trust", "~ b*trust")
    labelled = ls.sem(f"{text}; total := b*l", fit_data(fit))
    total = labelled.parameters().query("lhs == 'total'").iloc[0]
    assert found.effects.loc[1, "se"] == pytest.approx(total["se"], rel=1e-5)


def fit_data(fit: SEMResult) -> pd.DataFrame:
    assert fit.data is not None
    return pd.DataFrame(fit.data.values[0], columns=list(fit.data.names))


def test_segments_share_the_effect_and_add_up(found: WhatIf) -> None:
    frame = found.frame.set_index("segment")
    assert set(frame.index) == {"all", "north", "south"}
    parts = frame.loc[["north", "south"]]
    assert parts["n"].sum() == frame.loc["all", "n"]
    assert parts["total"].sum() == pytest.approx(frame.loc["all", "total"])
    assert (frame["boot_lower"] < frame["change"]).all()
    assert (frame["change"] < frame["boot_upper"]).all()


def test_a_bootstrap_draw_is_the_what_if_of_that_sample(
    fit: SEMResult, linked: Linked, found: WhatIf
) -> None:
    boot = fit.bootstrap(128, seed=3)
    for draw in (0, 70):
        counts = boot.draws.counts(draw // 64)[0][draw % 64]  # type: ignore[union-attr]
        sample = linked.data.iloc[repeated(counts)].reset_index(drop=True)
        again = ls.sem(MODEL, sample)
        beta = estimate(again, "value", "~", "trust")["est"]
        loading = estimate(again, "value", "=~", "log_frequency")["est"]
        assert found.draws.loc[draw, "all"] == pytest.approx(
            by_hand(sample, beta, beta * loading), rel=1e-4
        )


def test_the_truth_is_recovered() -> None:
    """A point of trust multiplies amount by e^.20 and frequency by e^.15."""
    linked = example_link(3000, seed=5)
    result = what_if(ls.sem(MODEL, linked.data), linked, "trust", draws=0)
    assert result.frame.loc[0, "share"] == pytest.approx(np.expm1(0.35), rel=0.1)


def test_both_intervals_agree_in_a_large_sample() -> None:
    linked = example_link(1500, seed=6)
    row = what_if(ls.sem(MODEL, linked.data), linked, "trust", draws=320).frame.iloc[0]
    assert row["boot_se"] == pytest.approx(row["delta_se"], rel=0.15)


def test_pure_logarithms_give_duans_estimator(linked: Linked) -> None:
    """With ln, the change is exp(ȳ + δ)·mean(exp(y − ȳ)) less the mean, whatever the residuals."""
    data = linked.data.assign(log_amount=np.log(linked.data["amount"]))
    amount = replace(linked.clv_scale["amount"], transform="log")
    scale = replace(linked.clv_scale, indicators=(amount,), product=("amount",))
    pure = replace(linked, data=data, clv_scale=scale)
    fit = ls.sem("trust =~ t1 + t2 + t3; log_amount ~ trust", data)
    result = what_if(fit, pure, "trust", draws=0)
    y, delta = data["log_amount"], result.effects.loc[0, "shift"]
    smearing = np.exp(y - y.mean()).mean()
    assert result.frame.loc[0, "smearing"] == pytest.approx(smearing)
    assert result.frame.loc[0, "raised"] == pytest.approx(np.exp(y.mean() + delta) * smearing)
    assert result.frame.loc[0, "share"] == pytest.approx(np.expm1(delta))


def test_groups_have_their_own_effects(linked: Linked) -> None:
    fit = ls.sem(MODEL, linked.data, group="region")
    result = what_if(fit, linked, "trust", draws=0)
    frame = result.frame.set_index("segment")
    for number, label in enumerate(fit.groups, start=1):
        beta = estimate(fit, "value", "~", "trust", number)["est"]
        loading = estimate(fit, "value", "=~", "log_frequency", number)["est"]
        own = linked.data[linked.data["region"] == label]
        assert frame.loc[label, "change"] == pytest.approx(by_hand(own, beta, beta * loading))
    assert frame.iloc[1:]["total"].sum() == pytest.approx(frame.loc["all", "total"])


def test_effects_run_through_all_paths(linked: Linked) -> None:
    model = """trust =~ t1 + t2
               value =~ log_amount + log_frequency
               t3 ~ trust
               value ~ trust + t3"""
    fit = ls.sem(model, linked.data)
    a, b, c = (estimate(fit, *x)["est"] for x in
               (("t3", "~", "trust"), ("value", "~", "t3"), ("value", "~", "trust")))  # fmt: skip
    result = what_if(fit, linked, "trust", draws=0)
    assert result.effects.loc[0, "shift"] == pytest.approx(c + a * b)
    observed = what_if(fit, linked, "t3", draws=0)
    assert observed.yardstick == () and observed.effects.loc[0, "shift"] == pytest.approx(b)


def test_a_loop_back_to_the_driver_is_taken_out(linked: Linked) -> None:
    """Setting η cuts what points at it: the effect is [ΛA]_{yd} / A_dd."""
    block = ls.sem("t1 ~ t2; t2 ~ t1 + t3; log_amount ~ t1", linked.data)
    theta = block.objective.map.theta(block.solution.alpha)
    pulled = lever(block, "t1", ["log_amount"], None)
    shift = shifts(block.structure.blocks[0], theta, pulled)
    assert shift[0, 0] == pytest.approx(estimate(block, "log_amount", "~", "t1")["est"])


def test_scale_points_are_those_of_the_yardstick(fit: SEMResult, linked: Linked) -> None:
    first = what_if(fit, linked, "trust", draws=0).effects["shift"]
    loadings = [estimate(fit, "trust", "=~", f"t{i}")["est"] for i in (1, 2, 3)]
    second = what_if(fit, linked, "trust", per="t2", draws=0).effects["shift"]
    mean = what_if(fit, linked, "trust", per="mean", draws=0).effects["shift"]
    np.testing.assert_allclose(second, first / loadings[1])
    np.testing.assert_allclose(mean, first / np.mean(loadings))
    standardised = ls.sem(MODEL, linked.data, std_lv=True)
    same = what_if(standardised, linked, "trust", draws=0).effects["shift"]
    np.testing.assert_allclose(same, first, rtol=1e-4)


def test_a_second_order_driver_reaches_down_to_its_items(linked: Linked) -> None:
    model = """one =~ t1 + t2
               two =~ t3 + log_duration
               loyal =~ one + two
               value =~ log_amount + log_frequency
               value ~ loyal"""
    fit = ls.sem(model, linked.data)
    pulled = lever(fit, "loyal", ["log_amount"], None)
    assert pulled.yardstick == ("t1",)
    theta = fit.objective.map.theta(fit.solution.alpha)
    shift = shifts(fit.structure.blocks[0], theta, pulled)
    assert shift[0, 0] == pytest.approx(estimate(fit, "value", "~", "loyal")["est"])
    assert lever(fit, "loyal", ["log_amount"], "mean").yardstick[:3] == ("t1", "t2", "t3")


def test_derivatives_of_shifts_are_those_of_one_sided_steps(fit: SEMResult) -> None:
    pulled = lever(fit, "trust", ["log_amount", "log_frequency"], "mean")
    found = shift_derivatives(fit, 0, pulled)
    alpha = fit.solution.alpha
    block = fit.structure.blocks[0]
    base = shifts(block, fit.objective.map.theta(alpha), pulled)[0]
    for k in range(alpha.shape[1]):
        moved = alpha.copy()
        moved[0, k] += 1e-7
        there = shifts(block, fit.objective.map.theta(moved), pulled)[0]
        np.testing.assert_allclose((there - base) / 1e-7, found[:, k], atol=1e-5)


def test_half_a_point_and_a_fall(fit: SEMResult, linked: Linked) -> None:
    half = what_if(fit, linked, "trust", points=0.5, draws=0)
    fall = what_if(fit, linked, "trust", points=-0.5, draws=0)
    np.testing.assert_allclose(half.effects["shift"], -fall.effects["shift"])
    assert fall.frame.loc[0, "change"] < 0 < half.frame.loc[0, "change"]


def test_weights_decide_the_means(fit: SEMResult, linked: Linked) -> None:
    w = np.where(linked.data["region"] == "north", 3.0, 0.0)
    weighted = what_if(fit, replace(linked, weights=w), "trust", draws=64)
    plain = what_if(fit, linked, "trust", segments="region", draws=0).frame.set_index("segment")
    assert weighted.frame.loc[0, "change"] == pytest.approx(plain.loc["north", "change"])
    assert weighted.frame.loc[0, "delta_se"] == pytest.approx(plain.loc["north", "delta_se"])
    assert "what_if.weights" in [f.code for f in weighted.findings]


def test_missing_indicators_leave_the_means(linked: Linked) -> None:
    data = linked.data.copy()
    data.loc[:49, ["log_amount"]] = np.nan
    holes = replace(linked, data=data)
    fit = ls.sem(MODEL, data, missing="fiml")
    result = what_if(fit, holes, "trust", draws=0)
    assert result.frame.loc[0, "n"] == 250
    kept = data.iloc[50:]
    shift = result.effects["shift"]
    assert result.frame.loc[0, "change"] == pytest.approx(by_hand(kept, shift[0], shift[1]))


def test_answers_at_the_top_are_told() -> None:
    linked = example_link(200)
    items = linked.data[["t1", "t2", "t3"]].round().clip(1, 5)
    rounded = replace(linked, data=linked.data.assign(**{c: items[c] for c in items}))
    result = what_if(ls.sem(MODEL, rounded.data), rounded, "trust", draws=0)
    assert "what_if.ceiling" in [f.code for f in result.findings]


def test_it_is_told_in_two_languages(found: WhatIf) -> None:
    assert "changes expected value by" in str(found)
    assert "预期客户价值变动" in found.statement.zh and "95%" in found.statement.zh
    assert "<table>" in found._repr_html_()
    assert found.findings[0].code == "what_if.causal"


def test_no_path_is_refused(linked: Linked) -> None:
    model = (
        "trust =~ t1 + t2 + t3; value =~ log_amount + log_frequency + log_duration; trust ~~ value"
    )
    fit = ls.sem(model, linked.data)
    for driver in ("trust", "log_amount", "t1"):
        with pytest.raises(ModelSpecificationError) as caught:
            what_if(fit, linked, driver)
        assert caught.value.code == "what_if.no_path"


def test_a_path_fixed_at_zero_is_none(linked: Linked) -> None:
    fit = ls.sem("trust =~ t1 + t2 + t3; log_amount ~ 0*trust + log_duration", linked.data)
    with pytest.raises(ModelSpecificationError, match="No path"):
        what_if(fit, linked, "trust", value=["amount"])


@pytest.mark.parametrize(
    ("driver", "options", "code"),
    [
        ("trsut", {}, "what_if.unknown"),
        ("trust", {"value": ["duration"]}, "what_if.unknown"),
        ("trust", {"per": "t9"}, "what_if.item"),
    ],
)
def test_what_the_model_has_not_is_refused(
    fit: SEMResult, linked: Linked, driver: str, options: dict[str, object], code: str
) -> None:
    with pytest.raises(ModelSpecificationError) as caught:
        what_if(fit, linked, driver, **options)  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize(
    "options",
    [{"points": 0.0}, {"points": np.nan}, {"draws": -1}, {"level": 1.0}, {"segments": ["a"]}],
)
def test_requests_without_meaning_are_refused(
    fit: SEMResult, linked: Linked, options: dict[str, object]
) -> None:
    with pytest.raises(IncompatibleRequestError):
        what_if(fit, linked, "trust", **options)  # type: ignore[arg-type]


def test_other_data_and_moments_are_refused(fit: SEMResult, linked: Linked) -> None:
    fewer = replace(linked, data=linked.data.iloc[:200])
    with pytest.raises(IncompatibleRequestError, match="other data"):
        what_if(fit, fewer, "trust")
    cov = linked.data[["t1", "t2", "t3", "log_amount", "log_frequency"]].cov()
    moments = ls.sem(MODEL, sample_cov=cov, sample_nobs=300)
    with pytest.raises(IncompatibleRequestError, match="moments"):
        what_if(moments, linked, "trust")
    with pytest.raises(DataError, match="no column 'land'"):
        what_if(fit, linked, "trust", segments="land")
