from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

import loyaltysem as ls
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.estimation.replication.bootstrap import Bootstrap
from loyaltysem.estimation.replication.store import InMemory
from loyaltysem.estimation.result import SEMResult
from loyaltysem.reporting.bootstrap_plot import bootstrap_plot

LABELS = {"indirect": Text("$Indirect$ effect", "间接效应"), "c": Text("Direct", "直接效应")}


@pytest.fixture(scope="module")
def fit() -> SEMResult:
    rng = np.random.default_rng(4)
    x = rng.normal(size=120)
    m = 0.5 * x + rng.normal(size=120)
    y = 0.4 * m + 0.1 * x + rng.normal(size=120)
    return ls.sem(
        "m ~ a*x\ny ~ b*m + c*x\nindirect := a*b\nnone := 1/(a - a)",
        pd.DataFrame({"x": x, "m": m, "y": y}),
    )


@pytest.fixture(scope="module")
def boot(fit: SEMResult) -> Bootstrap:
    return fit.bootstrap(256, seed=1)


def _lines(axes: object, colour: str) -> list[np.ndarray]:
    from matplotlib.colors import to_rgba

    return [
        segment
        for c in axes.collections  # type: ignore[attr-defined]
        if isinstance(c, LineCollection) and np.allclose(c.get_color()[0], to_rgba(colour))
        for segment in c.get_segments()
    ]


def test_the_limits_are_those_of_the_table(boot: Bootstrap) -> None:
    axes = bootstrap_plot(boot, "indirect", "c", labels=LABELS)
    for kind, colour in (("percentile", "#24507a"), ("bca", "#a8481f")):
        table = boot.intervals("indirect", "c", kind=kind)
        across = [s for s in _lines(axes, colour) if s[0, 1] == s[1, 1]]
        drawn = [(s[0, 0], s[1, 0]) for s in across]
        expected = list(zip(table["ci_lower"], table["ci_upper"], strict=True))
        np.testing.assert_allclose(drawn, expected)
    marks = [s[0, 0] for s in _lines(axes, "#1d2b3a")]
    np.testing.assert_allclose(marks, boot.intervals("indirect", "c")["est"])


def test_bars_count_draws(boot: Bootstrap) -> None:
    axes = bootstrap_plot(boot, "indirect")
    t = boot.replicates("indirect")["indirect"]
    low, high = axes.get_xlim()
    heights = np.array([bar.get_height() for bar in axes.patches])
    edges = np.append([b.get_x() for b in axes.patches], high)
    counts = np.histogram(t, edges)[0]
    np.testing.assert_allclose(heights / heights.max(), counts / counts.max())
    beyond = int(((t < low) | (t > high)).sum())
    told = [x.get_text() for x in axes.texts]
    assert "256 draws" in told
    assert (f"{beyond} beyond the axis" in told) == (beyond > 0)


def test_names_and_language(boot: Bootstrap) -> None:
    axes = bootstrap_plot(boot, "indirect", "c", labels=LABELS, language="zh")
    told = [x.get_text() for x in axes.texts]
    assert {"间接效应", "直接效应", "256 次抽样"} <= set(told)
    assert axes.get_xlabel() == "自助抽样所得数值"
    legend = [x.get_text() for x in axes.get_legend().get_texts()]
    assert legend == ["估计值", "95% 百分位区间", "95% BCa 区间"]


def test_nothing_is_cut_off_or_covered(boot: Bootstrap) -> None:
    for language in ("en", "zh"):
        axes = bootstrap_plot(boot, "indirect", "c", "b", labels=LABELS, language=language)
        figure = axes.figure
        figure.canvas.draw()
        boxes = [x.get_window_extent() for x in axes.texts]
        assert not any(a.shrunk(0.98, 0.9).overlaps(b) for a, b in combinations(boxes, 2))
        tight, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert tight.x0 >= -0.01 and tight.y0 >= -0.01
        assert tight.x1 <= width + 0.01 and tight.y1 <= height + 0.01


def test_other_bootstraps_have_other_limits(fit: SEMResult) -> None:
    axes = bootstrap_plot(fit.bootstrap(64, seed=1, kind="parametric"), "y", what="r2", level=0.9)
    legend = [x.get_text() for x in axes.get_legend().get_texts()]
    assert legend == ["estimate", "90% percentile", "90% bias-corrected"]
    assert axes.get_xlabel() == "R² in the bootstrap draws"


def test_draws_that_do_not_vary(boot: Bootstrap) -> None:
    values = np.tile(boot.table.values[:1], (40, 1))  # type: ignore[attr-defined]
    axes = bootstrap_plot(replace(boot, table=InMemory(values)), "indirect", kinds=["percentile"])
    assert len(axes.patches) > 0


@pytest.mark.parametrize(
    ("names", "options", "code"),
    [
        ((), {}, "request.quantity"),
        (("nothing",), {}, "request.quantity"),
        (("none",), {}, "request.quantity"),
        (("a",), {"kinds": []}, "request.interval"),
        (("a",), {"kinds": ["bc", "bca", "normal", "basic"]}, "request.interval"),
        (("a",), {"kinds": ["x"]}, "request.interval"),
        (("a",), {"what": "x"}, "request.quantity"),
    ],
)
def test_says_what_is_wrong(
    boot: Bootstrap, names: tuple[str, ...], options: dict[str, object], code: str
) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        bootstrap_plot(boot, *names, **options)  # type: ignore[arg-type]
    assert caught.value.code == code
