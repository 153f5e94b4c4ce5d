"""Pictures of cohorts and survival show the numbers of their tables, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.patches import Rectangle

import loyaltysem as ls
from loyaltysem.clv.behaviour.cohorts import Cohorts, cohorts
from loyaltysem.clv.behaviour.survival import Survival, survival
from loyaltysem.core.errors import IncompatibleRequestError
from tests.clv.behaviour.conftest import made_up_orders
from tests.clv.behaviour.logs import log_of


@pytest.fixture(scope="module")
def by_month() -> Cohorts:
    return cohorts(replace(log_of(made_up_orders()), end=date(2024, 2, 15)))


@pytest.fixture(scope="module")
def curves() -> Survival:
    return survival(replace(log_of(made_up_orders()), end=date(2024, 2, 15)), gap=60, by="year")


def texts(axes: object) -> list[str]:
    return [t.get_text() for t in axes.texts]  # type: ignore[attr-defined]


def test_cells_are_the_table_with_all_cohorts_above(by_month: Cohorts) -> None:
    axes = ls.cohort_plot(by_month)
    (mesh,) = (c for c in axes.collections if isinstance(c, QuadMesh))
    drawn = np.ma.filled(mesh.get_array(), np.nan)
    np.testing.assert_allclose(drawn[1:], by_month.matrix().to_numpy(float))
    pooled = by_month.by_age()
    np.testing.assert_allclose(drawn[0, : len(pooled)], pooled["retention"])
    cell = by_month.matrix().iloc[2, 1]
    at = next(t for t in axes.texts if t.get_position() == (1, 3))
    assert at.get_text() == f"{100 * cell:.0f}"
    partial = ~by_month.frame["complete"]
    hatched = [p for p in axes.patches if isinstance(p, Rectangle) and p.get_hatch()]
    assert len(hatched) == partial.sum()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", {"Retention, % of the cohort", "all", "customers", "118"}),
        ("zh", {"留存率（占同期群的 %）", "合计", "客户数", "118"}),
    ],
)
def test_cohorts_are_named(by_month: Cohorts, language: str, words: set[str]) -> None:
    axes = ls.cohort_plot(by_month, language=language)
    assert words <= set(texts(axes)) and "2023-05" in texts(axes)


def test_money_begins_at_the_first_age(by_month: Cohorts) -> None:
    axes = ls.cohort_plot(replace(by_month, currency="CNY"), value="amount_per_customer")
    assert "Net spending per customer won (CNY)" in texts(axes)
    assert not [p for p in axes.patches if not p.get_hatch()]


def test_many_cohorts_have_colours_without_numbers() -> None:
    found = cohorts(log_of(made_up_orders()), by="week")
    axes = ls.cohort_plot(found)
    shown = texts(axes)
    assert len(shown) < 100 and any(t.startswith("hatched") and "%" in t for t in shown)
    width, height = axes.figure.get_size_inches()
    assert width < 20 and height < 20


def test_what_cannot_be_drawn_is_refused(by_month: Cohorts, curves: Survival) -> None:
    for value in ("profit", "cohort", "size"):
        with pytest.raises(IncompatibleRequestError, match="retention"):
            ls.cohort_plot(by_month, value=value)
    many = replace(curves, summary=pd.concat([curves.summary] * 4))
    with pytest.raises(IncompatibleRequestError, match=r"request\.survival_groups"):
        ls.survival_plot(many)


def test_curves_are_those_of_the_table(curves: Survival) -> None:
    axes = ls.survival_plot(curves)
    lines = [line for line in axes.lines if len(line.get_xdata()) > 2]
    for line, group in zip(lines, curves.groups, strict=True):
        part = curves.frame[curves.frame["group"] == group]
        np.testing.assert_array_equal(line.get_xdata()[1:], part["time"])
        np.testing.assert_allclose(line.get_ydata()[1:], part["survival"])
        assert line.get_ydata()[0] == 1.0
    assert [c for c in axes.lines if list(c.get_xdata()) == [60, 60]]


def test_the_numbers_below_are_those_at_risk(curves: Survival) -> None:
    axes = ls.survival_plot(curves)
    ticks = [int(t) for t in axes.get_xticks()]
    counts = curves.at(ticks)
    for group in curves.groups:
        label = next(t for t in axes.texts if t.get_text() == group and t.xyann[0] < -20)
        level = label.xyann[1]
        row = [t for t in axes.texts if t.xyann == (0, level) and t is not label]
        mine = counts.loc[counts["group"] == group, "at_risk"]
        assert [t.get_text() for t in row] == [f"{n:.0f}" for n in mine]


@pytest.mark.parametrize(
    ("language", "title", "axis"),
    [
        ("en", "Lost after 60 days without purchase", "Days since first purchase"),
        ("zh", "连续 60 天未购买即视为流失", "首次购买后的天数"),
    ],
)
def test_curves_are_named(curves: Survival, language: str, title: str, axis: str) -> None:
    axes = ls.survival_plot(curves, language=language)
    assert title in texts(axes) and axes.get_xlabel() == axis
    assert any("p = ." in t or "p < ." in t for t in texts(axes))
    assert any(t.startswith("2023: ") for t in texts(axes))
