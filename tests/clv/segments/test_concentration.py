"""Gini, shares of the top and classes against their definitions and against simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.segments.concentration import concentration, gini_index, top_share
from loyaltysem.clv.segments.value_classes import loyalty_classes, value_classes
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.text import Text


def test_gini_is_half_the_mean_difference_over_the_mean() -> None:
    y = np.sort(np.random.default_rng(1).lognormal(3.0, 1.0, 200))
    pairs = np.abs(y[:, None] - y[None, :]).sum() / (200 * 199)
    assert gini_index(y)[0] == pytest.approx(pairs / (2 * y.mean()))
    assert gini_index(np.full(50, 3.0)) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert gini_index(np.r_[np.zeros(9), 1.0])[0] == pytest.approx(1.0)


def test_standard_errors_are_the_spread_of_samples() -> None:
    rng = np.random.default_rng(2)
    samples = [np.sort(rng.lognormal(3.0, 0.7, 400)) for _ in range(600)]
    ginis = np.array([gini_index(y) for y in samples])
    shares = np.array([top_share(y, 0.2) for y in samples])
    for found in (ginis, shares):
        assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.1)


def test_intervals_cover_the_lognormal_gini() -> None:
    """G of a log-normal is 2Φ(σ/√2) − 1."""
    from scipy.stats import norm

    truth = 2 * norm.cdf(0.7 / np.sqrt(2)) - 1
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        row = concentration(rng.lognormal(3.0, 0.7, 400), top=[]).frame.iloc[0]
        hits += row["ci_lower"] <= truth <= row["ci_upper"]
    assert 0.91 <= hits / 400 <= 0.98


def test_top_shares_lie_on_the_lorenz_curve() -> None:
    found = concentration(np.random.default_rng(4).gamma(1.0, 10.0, 1000), top=[0.2, 0.5])
    curve = found.lorenz
    for q, share in zip((0.2, 0.5), found.frame["estimate"].iloc[1:], strict=True):
        below = np.interp(1 - q, curve["share_customers"], curve["share_amount"])
        assert share == pytest.approx(1 - below, abs=1e-9)
    area = np.trapezoid(curve["share_amount"], curve["share_customers"])
    assert found.gini == pytest.approx((1 - 2 * area) * 1000 / 999, abs=1e-6)


def test_parts_of_customers_count_in_part() -> None:
    assert top_share(np.array([1.0, 1.0, 2.0]), 0.5)[0] == pytest.approx((2.0 + 0.5) / 4)


def test_long_curves_are_thinned_to_their_ends() -> None:
    curve = concentration(np.arange(5000.0)).lorenz
    assert len(curve) == 1001
    assert curve.iloc[0].tolist() == [0.0, 0.0] and curve.iloc[-1].tolist() == [1.0, 1.0]


def test_negative_amounts_are_told() -> None:
    found = concentration([-5.0, 1.0, 10.0])
    assert [f.code for f in found.findings] == ["concentration.negative"]
    assert "Gini" in found.title and "top 20%" in str(found)


@pytest.mark.parametrize(
    ("amounts", "code"),
    [
        ([1.0], "classes.amounts"),
        ([1.0, np.nan], "classes.amounts"),
        ([1.0, np.inf], "classes.amounts"),
        (["x", 1.0], "classes.not_numeric"),
        ([0.0, 0.0], "concentration.nothing"),
    ],
)
def test_amounts_that_cannot_be_used(amounts: list[Any], code: str) -> None:
    with pytest.raises(DataError) as caught:
        concentration(amounts)
    assert caught.value.code == code


def test_shares_out_of_range() -> None:
    with pytest.raises(IncompatibleRequestError, match="found 20"):
        concentration([1.0, 2.0], top=[20])


def test_quantile_classes() -> None:
    found = value_classes(pd.Series(np.arange(9.0), index=list("abcdefghi")))
    assert found.frame["class"].tolist() == [3, 3, 3, 2, 2, 2, 1, 1, 1]
    assert found.counts["label_zh"].tolist() == ["高价值", "中价值", "低价值"]
    assert found.counts["share_total"].sum() == pytest.approx(1.0)
    assert found.concentration is not None and 0 < found.concentration.gini < 1


def test_abc_classes_hold_their_shares() -> None:
    y = np.random.default_rng(5).lognormal(3.0, 1.2, 500)
    found = value_classes(y, by="share")
    a = y[found.frame["class"] == 1]
    assert a.sum() / y.sum() >= 0.8 and (a.sum() - a.min()) / y.sum() < 0.8
    assert a.min() > y[found.frame["class"] == 2].max()


def test_equal_amounts_share_a_class_and_nothing_is_worth_nothing() -> None:
    found = value_classes([10.0, 10.0, 10.0, 0.0, -2.0], by="share", limits=[0.5])
    assert found.frame["class"].tolist() == [1, 1, 1, 2, 2]
    tied = value_classes([1.0, 1.0, 1.0, 1.0])
    assert tied.frame["class"].nunique() == 1
    assert [f.code for f in tied.findings] == ["classes.empty"]


def test_cuts_belong_to_the_class_above() -> None:
    found = value_classes([1.0, 5.0, 9.0], by="cuts", limits=[5.0], labels=[Text("up", "上"),
                          Text("down", "下")])  # fmt: skip
    assert found.frame["class"].tolist() == [2, 1, 1]
    assert found.counts["label_en"].tolist() == ["up", "down"]
    assert value_classes([1.0, 2.0], by="cuts", limits=[0, 1, 2]).counts["label_en"][0] == "Class 1"


def test_loyalty_classes_sum_no_scores() -> None:
    found = loyalty_classes({"a": 1.2, "b": 3.3, "c": 4.9})
    assert "total" not in found.counts and found.concentration is None
    assert found.counts["label_en"].tolist()[0] == "High loyalty"
    with pytest.raises(IncompatibleRequestError, match="'share'"):
        loyalty_classes([1.0, 2.0], by="share")  # type: ignore[arg-type]  # what is refused


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"by": "size"}, "classes.by"),
        ({"by": "cuts"}, "classes.limits"),
        ({"limits": [0.6, 0.3]}, "classes.limits"),
        ({"limits": [0.6, 1.3]}, "classes.limits"),
        ({"labels": [Text("a", "甲")]}, "classes.labels"),
    ],
)
def test_classes_that_cannot_be_made(asked: dict[str, Any], code: str) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        value_classes([1.0, 2.0, 3.0], **asked)
    assert caught.value.code == code and caught.value.hint
