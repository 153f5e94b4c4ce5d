"""The picture of loadings shows every loading."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.patches import Rectangle

import loyaltysem as ls
from loyaltysem.analysis.exploration.result import EFAResult
from loyaltysem.core.display import bounded
from loyaltysem.core.text import Text
from loyaltysem.reporting.drawing import ACCENT, NEGATIVE
from loyaltysem.reporting.loadings_plot import loadings_plot


@pytest.fixture(scope="module")
def found() -> EFAResult:
    loadings = np.array([[0.8, 0.0], [0.7, 0.1], [0.6, -0.4], [0.0, 0.7], [0.1, 0.6], [0, 0.5]])
    r = loadings @ loadings.T
    np.fill_diagonal(r, 1.0)
    return ls.efa(r, 2, rotation="varimax", n_obs=200)


def test_every_loading_and_communality_is_printed(found: EFAResult) -> None:
    axes = loadings_plot(found)
    texts = [t.get_text() for t in axes.texts]
    expected = [bounded(v, 2) for v in found.loadings.to_numpy().ravel()]
    expected += [bounded(float(v), 2) for v in found.communality]
    for value in expected:
        assert texts.count(value) >= expected.count(value)
    bold = [t.get_text() for t in axes.texts if t.get_fontproperties().get_weight() == "bold"]
    salient = (found.loadings.abs() >= 0.3).to_numpy().sum()
    assert len([t for t in bold if t.lstrip("−")[:1] == "."]) == salient


def test_colours_tell_sign_and_size(found: EFAResult) -> None:
    from matplotlib.colors import to_hex

    cells = [p for p in loadings_plot(found, sort=False).patches if isinstance(p, Rectangle)]
    filled = [p for p in cells if p.get_facecolor()[3] > 0 or p.get_alpha() is not None]
    values = found.loadings.to_numpy().ravel()
    assert len(filled) == len(values)
    for cell, value in zip(filled, values, strict=True):
        assert to_hex(cell.get_facecolor()) == (ACCENT if value >= 0 else NEGATIVE)
    alphas = [p.get_alpha() for p in filled]
    assert np.argmax(alphas) == np.argmax(np.abs(values))


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("Trust", "bold: .30 or more")), ("zh", ("信任", "加粗"))]
)
def test_names_and_note(found: EFAResult, language: Any, words: tuple[str, str]) -> None:
    labels = {"F1": Text("Trust", "信任"), "item1": Text("I <trust> it", "我信任它")}
    texts = [t.get_text() for t in loadings_plot(found, labels=labels, language=language).texts]
    for word in words:
        assert any(t.startswith(word) for t in texts)
    assert labels["item1"].in_(language) in texts


def test_items_may_stay_as_they_are(found: EFAResult) -> None:
    names = [
        t.get_text()
        for t in loadings_plot(found, sort=False).texts
        if t.get_text().startswith("item")
    ]
    assert names == [f"item{i}" for i in range(1, 7)]
