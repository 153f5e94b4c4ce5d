"""Pictures of segments show the numbers of their results, in both languages."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.segments.concentration import concentration
from loyaltysem.clv.segments.personas import personas
from loyaltysem.clv.transactions import Transactions
from loyaltysem.core.datasets import shipped
from loyaltysem.reporting.life_cycle_plot import life_cycle_plot, tier_plot
from loyaltysem.reporting.lorenz_plot import lorenz_plot
from loyaltysem.reporting.persona_plot import persona_plot

RULES = shipped("data", "membership_tiers.yaml")


def texts(figure: Any) -> list[str]:
    return [t.get_text() for axes in figure.axes for t in axes.texts]


@pytest.fixture(scope="module")
def tx() -> Transactions:
    rng = np.random.default_rng(1)
    rows = [
        (
            f"c{k}",
            pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(d)),
            round(rng.gamma(2, 90), 2),
        )
        for k in range(60)
        for d in np.cumsum(rng.gamma(2.0, 5.0 + k, 8))
        if d < 400
    ]
    orders = pd.DataFrame(rows, columns=["customer", "time", "amount"])
    return ls.transactions(orders, end="2025-02-03")


@pytest.mark.parametrize(("language", "word"), [("en", "Dormant"), ("zh", "沉睡客户")])
def test_stages_and_moves(tx: Transactions, language: Any, word: str) -> None:
    life = tx.life_cycle("fixed", since=date(2024, 8, 1))
    figure = life_cycle_plot(life, language=language)
    shown = texts(figure)
    assert word in shown and any("2024-08-01" in text for text in shown)
    for count in life.transition_table().to_numpy().ravel():
        assert f"{count:,}" in shown
    for share in life.counts["share"]:
        assert f"{100 * share:.1f}%" in shown
    assert len(figure.axes) == 2
    alone = life_cycle_plot(tx.life_cycle("fixed"), language=language)
    assert len(alone.axes) == 1 and alone.get_figwidth() < figure.get_figwidth()


@pytest.mark.parametrize(("language", "word"), [("en", "Advanced"), ("zh", "高级会员")])
def test_tiers_and_their_change(tx: Transactions, tmp_path: Any, language: Any, word: str) -> None:
    other = tmp_path / "new.yaml"
    other.write_text(RULES.read_text("utf-8").replace("2000", "500"), "utf-8")
    change = tx.tier_change(RULES, other)
    figure = tier_plot(change, language=language)
    assert word in texts(figure) and len(figure.axes) == 2
    for count in change.matrix().to_numpy().ravel():
        assert f"{count:,}" in texts(figure)
    assert len(tier_plot(tx.tiers(RULES), language=language).axes) == 1


@pytest.mark.parametrize(("language", "words"), [("en", "top 20% hold"), ("zh", "前 20% 客户占")])
def test_the_curve_is_the_lorenz_curve(language: Any, words: str) -> None:
    spread = concentration(np.random.default_rng(2).gamma(1.0, 10.0, 300))
    axes = lorenz_plot(spread, language=language)
    drawn = [np.asarray(line.get_ydata(), float) for line in axes.lines]
    curve = spread.lorenz["share_amount"].to_numpy()
    assert any(len(y) == len(curve) and np.allclose(y, curve) for y in drawn)
    assert any(words in t.get_text() for t in axes.texts)


@pytest.mark.parametrize(("language", "word"), [("en", "persona 2"), ("zh", "画像 2")])
def test_personas_show_their_medians(language: Any, word: str) -> None:
    rng = np.random.default_rng(3)
    parts = [rng.normal((30, 20), 2, (40, 2)), rng.normal((3, 90), 2, (40, 2))]
    found = personas(pd.DataFrame(np.concatenate(parts), columns=["orders", "x"]), k=2, draws=2)
    shown = texts(persona_plot(found, language=language))
    assert any(word in text for text in shown)
    for name in ("orders", "x"):
        for value in found.profile[name]:
            assert f"{value:,.1f}" in shown
