from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection

import loyaltysem as ls
from loyaltysem.analysis.influence import influence
from loyaltysem.analysis.influence_table import Influence
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.reporting.influence_plot import influence_plot


@pytest.fixture(scope="module")
def found() -> Influence:
    rng = np.random.default_rng(5)
    x = rng.normal(size=80)
    data = pd.DataFrame({"x": x, "y": 0.4 * x + rng.normal(size=80)})
    data.loc[[0, 11, 12, 79]] = [[3.0, -5.0], [3.0, -4.8], [3.1, -4.9], [-3.0, 5.0]]
    return influence(ls.sem("y ~ x", data), ids=[f"客{i}" for i in range(80)])


def test_stems_reach_the_values(found: Influence) -> None:
    axes = influence_plot(found, top=4)
    dots = [c for c in axes.collections if isinstance(c, PathCollection)]
    points = np.concatenate([c.get_offsets() for c in dots])
    drawn = pd.Series(points[:, 1], index=points[:, 0].astype(int)).sort_index()
    np.testing.assert_allclose(drawn, found.cases["cook"])
    assert {t.get_text() for t in axes.texts} == {"客0", "客11", "客12", "客79"}
    assert axes.get_ylabel() == "Generalised Cook's distance"


@pytest.mark.parametrize(
    ("by", "title"),
    [
        ("y~x", "y~x 的变化（以标准误计）"),
        ("chisq_part", "该个案对 χ² 的贡献"),
        ("rmsea_change", "RMSEA 的变化（含该个案 − 剔除后）"),
    ],
)
def test_every_column_has_a_title(found: Influence, by: str, title: str) -> None:
    axes = influence_plot(found, by=by, language="zh")
    assert axes.get_ylabel() == title
    assert axes.get_xlabel() == "个案（数据中的次序）"


def test_labels_keep_apart_and_on_the_page(found: Influence) -> None:
    axes = influence_plot(found, top=6)
    axes.figure.canvas.draw()
    boxes = [t.get_window_extent() for t in axes.texts]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    tight, (width, height) = axes.figure.get_tightbbox(), axes.figure.get_size_inches()
    assert tight.x0 >= -0.01
    assert tight.y0 >= -0.01
    assert tight.x1 <= width + 0.01
    assert tight.y1 <= height + 0.01


def test_an_unknown_column_is_refused(found: Influence) -> None:
    with pytest.raises(IncompatibleRequestError):
        influence_plot(found, by="status")
