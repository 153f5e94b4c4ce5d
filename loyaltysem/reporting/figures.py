"""The report's pictures as blocks: SVG, alternative text, caption."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.figure import Figure as Canvas

from loyaltysem.core.display import bounded
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Figure
from loyaltysem.reporting.graph import build_graph
from loyaltysem.reporting.path_diagram import describe, path_diagram
from loyaltysem.reporting.plots import forest_plot, loadings_plot
from loyaltysem.reporting.svg import svg_of
from loyaltysem.reporting.tables import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def diagram(
    parameters: pd.DataFrame,
    rsquare: pd.DataFrame | None,
    words: Words,
    *,
    indicators: bool | None = None,
) -> Figure:
    """Return the path diagram."""
    r2 = None if rsquare is None else rsquare.set_index("variable")["r2"]
    axes = path_diagram(
        parameters, r2, labels=words.labels, language=words.language, indicators=indicators
    )
    graph = build_graph(parameters, r2, indicators=indicators)
    caption = Text("Path diagram", "路径图")
    return framed("diagram", caption, axes, describe(graph, words.labels, words.language), words)


def forest(paths: pd.DataFrame, words: Words) -> Figure:
    """Return the plot of standardised structural paths."""
    axes = forest_plot(paths, labels=words.labels, language=words.language)
    told = [
        f"{words.name(str(r['predictor']))} → {words.name(str(r['outcome']))} "
        f"{bounded(r['std_all'], 2)}"
        for r in paths.to_dict("records")
    ]
    caption = Text(
        "Standardised structural paths with 95% confidence intervals; hollow grey: p ≥ .05",
        "标准化结构路径系数及 95% 置信区间；灰色空心：p ≥ .05",
    )
    lead = Text("Estimates: ", "估计值：")
    return framed("forest", caption, axes, words.say(lead) + "; ".join(told), words)


def loading_dots(loadings: pd.DataFrame, words: Words) -> Figure:
    """Return the plot of standardised loadings."""
    axes = loadings_plot(loadings, labels=words.labels, language=words.language)
    low, high = bounded(loadings["std_all"].min(), 2), bounded(loadings["std_all"].max(), 2)
    alt = Text(
        f"Standardised loadings, from {low} to {high}; the table of loadings lists them.",
        f"标准化载荷，介于 {low} 与 {high} 之间，详见因子载荷表。",
    )
    caption = Text(
        "Standardised loadings with 95% confidence intervals", "标准化因子载荷及 95% 置信区间"
    )
    return framed("loadings", caption, axes, words.say(alt), words)


def framed(key: str, caption: Text, axes: Axes, alt: str, words: Words) -> Figure:
    """Return a drawn picture as a block of the report."""
    figure = axes.figure
    if not isinstance(figure, Canvas):  # our own drawing functions made it: never a subfigure
        raise TypeError(f"{key}: {type(figure).__name__}")
    return Figure(
        key, words.say(caption), svg_of(figure, key), alt, float(figure.get_size_inches()[0])
    )
