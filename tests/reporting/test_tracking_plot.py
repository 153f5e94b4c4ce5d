"""The pictures of a holdout validation show its numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.purchase.holdout import Holdout
from loyaltysem.core.errors import IncompatibleRequestError


@pytest.fixture(scope="module")
def held() -> Holdout:
    rng = np.random.default_rng(4)
    rows = []
    for customer in range(400):
        day, rate = int(rng.integers(0, 60)), rng.gamma(1.0, 0.03)
        while day < 300:
            rows.append((customer, pd.Timestamp("2026-01-01") + pd.Timedelta(days=day)))
            day += 1 + int(rng.exponential(1 / rate))
            if rng.random() < 0.2:
                break
    return ls.clv.holdout(pd.DataFrame(rows, columns=["customer", "time"]), split="2026-06-30")


def test_lines_are_the_tracked_purchases(held: Holdout) -> None:
    cumulative, incremental, bars, means = ls.tracking_plot(held).axes
    table = held.tracking
    for axes, before in ((cumulative, "cumulative_"), (incremental, "")):
        actual, expected = axes.lines[:2]
        np.testing.assert_allclose(actual.get_ydata(), table[f"{before}actual"])
        np.testing.assert_allclose(expected.get_ydata(), table[f"{before}expected"])
    heights = [p.get_height() for p in bars.patches]
    counts = held.fit.frequency_table()
    np.testing.assert_allclose(heights, [*counts["actual"], *counts["expected"]])
    np.testing.assert_allclose(means.lines[1].get_ydata(), held.by_frequency["expected"])


@pytest.mark.parametrize(("language", "words"), [("en", "— expected"), ("zh", "— 期望")])
def test_it_speaks_both_languages_and_nothing_is_cut_off(
    held: Holdout, language: str, words: str
) -> None:
    figure = ls.tracking_plot(held, language=language)
    assert all(words in [t.get_text() for t in axes.texts] for axes in figure.axes)
    figure.canvas.draw()
    tight, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert tight.x0 >= -0.01 and tight.y0 >= -0.01
    assert tight.x1 <= width + 0.01 and tight.y1 <= height + 0.01


def test_some_panels_can_be_asked_for(held: Holdout) -> None:
    assert len(ls.tracking_plot(held, panels=("cumulative",)).axes) == 1
    for panels in ((), ("cumulativ",)):
        with pytest.raises(IncompatibleRequestError) as caught:
            ls.tracking_plot(held, panels=panels)
        assert caught.value.code == "request.panel"
