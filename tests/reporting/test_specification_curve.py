from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection

from loyaltysem.analysis.multiverse import multiverse
from loyaltysem.analysis.multiverse_table import Multiverse
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.reporting.specification_curve import specification_curve


@pytest.fixture(scope="module")
def found() -> Multiverse:
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=(2, 60))
    data = pd.DataFrame({"x": x, "w": w, "y": 0.3 * x + 0.5 * w + rng.normal(size=60)})
    choices = {
        "estimator": ["ML", "MLR"],
        "exclude: far": {"nobody": None, "far": data["x"].abs() > 1.5, "high": data["y"] > 1},
        "covariates": {"none": None, "$w$": ["w"]},
    }
    return multiverse("y ~ x", choices, effect="y~x", data=data)


@pytest.mark.parametrize("scale", ["std", "est"])
def test_effects_are_sorted_with_their_choices_below(found: Multiverse, scale: str) -> None:
    upper, lower = specification_curve(found, scale=scale).axes  # type: ignore[arg-type]
    (dots,) = [c for c in upper.collections if isinstance(c, PathCollection)]
    points = np.asarray(dots.get_offsets())
    used = found.usable.sort_values(scale, kind="stable")
    np.testing.assert_allclose(points[:, 1], used[scale])
    strokes = [c for c in lower.collections if not isinstance(c, PathCollection)]
    assert sum(len(c.get_segments()) for c in strokes) == 12 * 3  # one a decision
    taken = {round(s[0][0]) for s in strokes[0].get_segments()}
    assert taken == set(np.flatnonzero(used["estimator"] == "ML"))


def test_words_are_in_the_language_asked_for(found: Multiverse) -> None:
    labels = {"far": Text("far", "偏远"), "exclude: far=nobody": Text("nobody", "不剔除")}
    upper, lower = specification_curve(found, labels=labels, language="zh").axes
    texts = [t.get_text() for t in lower.texts]
    assert texts[:3] == ["估计方法", "ML", "MLR"]
    assert texts[3:6] == ["剔除个案：far", "不剔除", "偏远"]
    assert "$w$" in texts
    assert lower.get_xlabel() == "12 个设定中的 12 个，按效应大小排列"
    assert upper.get_ylabel() == "标准化效应及 95% 置信区间"
    assert "主分析" in [t.get_text() for t in upper.get_legend().get_texts()]


def test_nothing_is_cut_off(found: Multiverse) -> None:
    figure = specification_curve(found)
    figure.canvas.draw()
    tight, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert tight.x0 >= -0.01
    assert tight.y0 >= -0.01
    assert tight.x1 <= width + 0.01
    assert tight.y1 <= height + 0.01


def test_without_estimates_there_is_nothing_to_plot() -> None:
    data = pd.DataFrame({"x": [1.0, 2.0], "y": [2.0, 1.0]})  # too few cases to fit anything
    found = multiverse("y ~ x", {"estimator": ["ML"]}, effect="y~x", data=data)
    with pytest.raises(IncompatibleRequestError) as caught:
        specification_curve(found)
    assert caught.value.code == "request.no_specification"
