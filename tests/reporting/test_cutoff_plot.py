"""The picture of dynamic cut-offs shows the numbers of the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.fit_cutoffs import FitCutoffs
from loyaltysem.core.text import Text
from loyaltysem.reporting.cutoff_plot import cutoff_plot

HS = pd.read_csv(Path(__file__).parents[1] / "golden/data/HolzingerSwineford1939.csv")


@pytest.fixture(scope="module")
def cutoffs() -> FitCutoffs:
    fit = ls.cfa("visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9", HS)
    return ls.fit_cutoffs(fit, replicates=200)


def test_every_index_has_a_panel_with_its_cut_offs_and_the_fit(cutoffs: FitCutoffs) -> None:
    figure = cutoff_plot(cutoffs)
    assert [a.get_xlabel() for a in figure.axes] == ["SRMR", "RMSEA", "CFI"]
    for axes, index in zip(figure.axes, ("srmr", "rmsea", "cfi"), strict=True):
        rows = cutoffs.frame[cutoffs.frame["index"] == index]
        upright = {
            float(line.get_xdata()[0])
            for line in axes.lines
            if line.get_xdata()[0] == line.get_xdata()[1]
        }
        assert upright == {*rows["cutoff"].dropna(), rows["value"].iloc[0]}
        low, high = axes.get_xlim()
        assert all(low < x < high for x in upright)


def test_the_histograms_hold_every_sample(cutoffs: FitCutoffs) -> None:
    from matplotlib.patches import StepPatch

    (axes, *_) = cutoff_plot(cutoffs).axes
    drawn = [p for p in axes.patches if isinstance(p, StepPatch) and p.get_fill()]
    assert len(drawn) == 3
    heights, edges, base = drawn[0].get_data()
    sample = cutoffs.distributions.query("level == 0")["srmr"]
    counts = np.histogram(sample, edges)[0]
    assert counts.sum() == 200
    np.testing.assert_allclose((heights - base) / (heights - base).max(), counts / counts.max())


@pytest.mark.parametrize(("language", "words"), [("en", "model holds"), ("zh", "模型成立")])
def test_rows_are_named(cutoffs: FitCutoffs, language: str, words: str) -> None:
    texts = [t.get_text() for t in cutoff_plot(cutoffs, language=language).axes[0].texts]
    assert words in texts
    assert "textual → x2  .42" in texts
    assert any(t.endswith(".065") for t in texts)


def test_rows_take_human_names(cutoffs: FitCutoffs) -> None:
    named = cutoff_plot(cutoffs, labels={"textual": Text("Reading", "阅读")}, language="zh")
    assert "阅读 → x2  .42" in [t.get_text() for t in named.axes[0].texts]


def test_a_level_without_a_cut_off_has_no_line(cutoffs: FitCutoffs) -> None:
    few = ls.fit_cutoffs(ls.cfa("f =~ x1 + x4 + x5 + x6", HS.head(60)), replicates=100)
    assert few.frame["cutoff"].isna().any()
    for axes, index in zip(cutoff_plot(few).axes, ("srmr", "rmsea", "cfi"), strict=True):
        rows = few.frame[few.frame["index"] == index]
        upright = [x for x in axes.lines if x.get_xdata()[0] == x.get_xdata()[1]]
        assert len(upright) == 1 + rows["cutoff"].notna().sum()


def test_nothing_is_cut_off(cutoffs: FitCutoffs) -> None:
    figure = cutoff_plot(cutoffs)
    figure.canvas.draw()
    tight, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert tight.x0 >= -0.01 and tight.y0 >= -0.01
    assert tight.x1 <= width + 0.01 and tight.y1 <= height + 0.01
