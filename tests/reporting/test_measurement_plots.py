"""Pictures of reliability and validity: what they show, and that it keeps on the page."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

import loyaltysem as ls
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.reporting.htmt_plot import ABOVE, BELOW, BETWEEN, htmt_plot
from loyaltysem.reporting.item_plot import item_plot

NAMES = ["顾客信任", "顾客满意度与惊喜体验的总和", "Commitment to the relationship", "NPS"]


@pytest.fixture(scope="module")
def answers():
    r = np.array(
        [[1, 0.97, 0.87, 0.3], [0.97, 1, 0.85, 0.3], [0.87, 0.85, 1, 0.2], [0.3, 0.3, 0.2, 1]]
    )
    rng = np.random.default_rng(1)
    traits = rng.multivariate_normal(np.zeros(4), r, size=400)
    items = np.repeat(traits, 3, axis=1) + 0.7 * rng.normal(size=(400, 12))
    table = pd.DataFrame(items, columns=[f"题{i}" for i in range(12)])
    return table.assign(region=["a", "b"] * 200)


def constructs(count=4):
    return {name: [f"题{3 * i + k}" for k in range(3)] for i, name in enumerate(NAMES[:count])}


def inside(figure):
    figure.canvas.draw()
    tight, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    edges = np.array([tight.x0, tight.y0, width - tight.x1, height - tight.y1])
    return bool((edges > -0.01).all())


class TestHTMT:
    def test_cells_are_tinted_by_the_cut_offs(self, answers):
        found = ls.htmt_intervals(answers, constructs(), draws=200, seed=1)
        axes = htmt_plot(found)
        tints = [
            to_hex(p.get_facecolor()) for p in axes.patches if isinstance(p, Rectangle) and p.fill
        ]
        ratios = found.frame["htmt"]
        expected = [BELOW if x <= 0.85 else BETWEEN if x <= 0.9 else ABOVE for x in ratios]
        assert tints == expected and len(set(tints)) == 3
        framed = [p for p in axes.patches if not p.fill]
        assert len(framed) == (found.frame["ci_upper"] >= 1).sum() > 0

    @pytest.mark.parametrize("language", ["en", "zh"])
    @pytest.mark.parametrize("count", [2, 4])
    def test_everything_keeps_apart_and_on_the_page(self, answers, language, count):
        axes = htmt_plot(
            ls.htmt_intervals(answers, constructs(count), draws=50, seed=1), language=language
        )
        assert inside(axes.figure)
        boxes = [t.get_window_extent().padded(-1) for t in axes.texts]
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
        note = " ".join(t.get_text() for t in axes.texts)
        assert ("自助法" in note) == (language == "zh")

    def test_a_group_is_chosen_by_name(self, answers):
        found = ls.htmt_intervals(answers, constructs(2), group="region", draws=50, seed=1)
        shown = {t.get_text() for t in htmt_plot(found, group="b").texts}
        assert f"{found.frame['htmt'][1]:.2f}".lstrip("0") in shown
        for group in (None, "c"):
            with pytest.raises(IncompatibleRequestError):
                htmt_plot(found, group=group)
        with pytest.raises(IncompatibleRequestError):
            htmt_plot(ls.htmt_intervals(answers, constructs(2), draws=5, seed=1), group="a")

    def test_a_pair_without_a_ratio_has_a_dash(self, answers):
        found = ls.htmt_intervals(answers, {"x": ["题0", "题1"], "y": ["题2"]}, draws=5, seed=1)
        assert "–" in [t.get_text() for t in htmt_plot(found).texts]


class TestItems:
    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_points_and_bars_are_the_numbers(self, answers, language):
        noisy = answers[["题0", "题1", "题2"]].assign(
            其他=np.random.default_rng(2).normal(size=400)
        )
        result = ls.cronbach_alpha(noisy)
        figure = item_plot(result, language=language)
        deleted, rest = figure.axes
        (dots,) = (c for c in deleted.collections if isinstance(c, PathCollection))
        np.testing.assert_allclose(dots.get_offsets()[:, 0], result.items["alpha_if_deleted"])
        widths = [bar.get_width() for bar in rest.patches]
        np.testing.assert_allclose(widths, result.items["item_rest_r"])
        colours = {to_hex(bar.get_facecolor()) for bar in rest.patches}
        assert len(colours) == 2  # the item that goes with no other stands out
        assert [t.get_text() for t in deleted.texts][1:] == list(noisy.columns)
        assert inside(figure)

    def test_two_items_and_negative_correlations(self, answers):
        assert inside(item_plot(ls.cronbach_alpha(answers[["题0", "题1"]])))
        turned = answers[["题0", "题1", "题2"]].assign(题0=-answers["题0"])
        figure = item_plot(ls.cronbach_alpha(turned))
        assert figure.axes[1].get_xlim()[0] < 0 and inside(figure)
