from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.slopes import SimpleSlopes, simple_slopes
from loyaltysem.core.text import Text
from loyaltysem.reporting.slopes_plot import region_plot, slopes_plot

LABELS = {"x": Text("Satisfaction", "顾客满意"), "w": Text("$Costs$", "转换成本")}


@pytest.fixture(scope="module")
def slopes() -> SimpleSlopes:
    rng = np.random.default_rng(8)
    x, w = rng.normal(size=(2, 250))
    y = 0.2 * x + 0.3 * w + 0.35 * x * w + rng.normal(size=250)
    fit = ls.sem("y ~ x + w + xw", pd.DataFrame({"x": x, "w": w, "xw": x * w, "y": y}))
    return simple_slopes(fit, "y", "x", "w", "xw")


def test_each_line_has_the_slope_that_is_reported(slopes: SimpleSlopes) -> None:
    axes = slopes_plot(slopes, labels=LABELS)
    assert len(axes.lines) == 3
    for line, slope in zip(axes.lines, slopes.frame["slope"], strict=True):
        (x0, x1), (y0, y1) = line.get_xdata(), line.get_ydata()
        assert (y1 - y0) / (x1 - x0) == pytest.approx(slope)
    texts = [t.get_text() for t in axes.texts]
    assert any(t.startswith("$Costs$: +1 SD\nb = 0.") for t in texts)
    assert axes.get_xlabel() == "Satisfaction"
    assert axes.get_ylabel() == "y (deviation from average)"


def test_a_slope_that_is_not_significant_is_dashed(slopes: SimpleSlopes) -> None:
    dashed = [line.get_linestyle() != "-" for line in slopes_plot(slopes).lines]
    assert dashed == [not p < 0.05 for p in slopes.frame["pvalue"]]
    assert any(dashed)


def test_labels_of_close_lines_keep_apart(slopes: SimpleSlopes) -> None:
    crowded = SimpleSlopes(
        *(getattr(slopes, n) for n in ("outcome", "predictor", "moderator", "product")),
        *(getattr(slopes, n) for n in ("coefficients", "vcov", "scales", "level")),
        slopes.at(np.linspace(0.0, 0.1, 5)), slopes.region, (),
    )  # fmt: skip
    axes = slopes_plot(crowded)
    axes.figure.canvas.draw()
    boxes = sorted((t.get_window_extent() for t in axes.texts), key=lambda b: b.y0)
    assert all(a.y1 <= b.y0 + 0.5 for a, b in pairwise(boxes))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_region_plot_marks_its_bounds(slopes: SimpleSlopes, language: str) -> None:
    axes = region_plot(slopes, labels=LABELS, language=language)
    low, high = axes.get_xlim()
    bounds = [b for pair in slopes.region for b in pair if low < b < high]
    assert bounds
    marks = {round(line.get_xdata()[0], 6) for line in axes.lines if line.get_linestyle() == ":"}
    assert marks == {round(b, 6) for b in bounds}
    legend = [t.get_text() for t in axes.get_legend().get_texts()]
    assert len(legend) == 3


def test_nothing_is_cut_off(slopes: SimpleSlopes) -> None:
    for axes in (slopes_plot(slopes, labels=LABELS), region_plot(slopes, labels=LABELS)):
        figure = axes.figure
        figure.canvas.draw()
        tight = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert tight.x0 >= -0.01
        assert tight.y0 >= -0.01
        assert tight.x1 <= width + 0.01
        assert tight.y1 <= height + 0.01
