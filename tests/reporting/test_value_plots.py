"""Pictures of predicted value and of what-ifs say what their results hold, in two languages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.what_if.example import example_link
from loyaltysem.clv.what_if.verb import WhatIf
from loyaltysem.core.text import Text
from loyaltysem.reporting.value_plot import value_plot
from loyaltysem.reporting.what_if_plot import what_if_plot

pytest.importorskip("ibis", reason="needs the extra clv")


def texts(axes: Any) -> str:
    return " | ".join(t.get_text() for t in axes.texts) + " | " + axes.get_xlabel()


@pytest.fixture(scope="module")
def result() -> WhatIf:
    linked = example_link(150)
    fit = ls.sem("trust =~ t1 + t2 + t3; log_amount ~ trust", linked.data)
    return ls.what_if(fit, linked, "trust", value=["amount"], segments="region", draws=64)


def test_a_what_if_names_segments_and_prints_their_change(result: WhatIf) -> None:
    shown = texts(what_if_plot(result, labels={"trust": Text("Trust", "信任")}))
    row = result.frame.iloc[0]
    assert "everybody" in shown and "north" in shown and "Trust +1.0 scale points" in shown
    assert f"{row['change']:.1f} [" in shown and "bootstrap" in shown


def test_a_what_if_in_chinese(result: WhatIf) -> None:
    labels = {"trust": Text("Trust", "信任"), "north": Text("North", "北区")}
    shown = texts(what_if_plot(result, labels=labels, language="zh"))
    if "信任" not in shown:
        pytest.skip("no font with Chinese is installed")
    assert "北区" in shown and "每位客户的变动" in shown


def test_a_what_if_without_a_bootstrap_shows_the_delta_interval() -> None:
    linked = example_link(150)
    fit = ls.sem("trust =~ t1 + t2 + t3; log_amount ~ trust", linked.data)
    plain = ls.what_if(fit, linked, "trust", value=["amount"], draws=0)
    axes = what_if_plot(plain)
    assert "bootstrap" not in texts(axes)
    low, high = axes.get_xlim()
    assert low < plain.frame.loc[0, "delta_lower"] < plain.frame.loc[0, "delta_upper"] < high


@pytest.mark.parametrize("language", ["en", "zh"])
def test_value_shows_total_and_concentration(language: str) -> None:
    rng, n = np.random.default_rng(1), 500
    life = np.minimum(rng.exponential(1.0, n) / rng.gamma(0.7, 1 / 100.0, n), 700)
    later = rng.poisson(rng.gamma(0.8, 1 / 20.0, n) * life)
    who = np.concatenate([np.arange(n), np.repeat(np.arange(n), later)])
    days = np.concatenate([np.zeros(n), rng.uniform(0, 1, later.sum()) * np.repeat(life, later)])
    time = pd.Timestamp("2023-01-01") + pd.to_timedelta(days, unit="D")
    spent = rng.gamma(5, 8, len(who))
    orders = pd.DataFrame({"customer": who.astype(str), "amount": spent, "time": time})
    value = ls.transactions(orders, currency="CNY").clv()
    left, right = value_plot(value, language=language).axes  # type: ignore[arg-type]
    assert f"{value.total:,.0f}" in texts(left) and "CNY" in left.get_xlabel()
    best = np.sort(value.frame["clv"])[::-1]
    held = best[: len(best) // 5].sum() / best.sum()
    assert f"{100 * held:.0f}%" in texts(right)
