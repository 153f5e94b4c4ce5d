"""The report's pictures of the analyses beside the model, drawn from their results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd
from matplotlib.figure import Figure as Canvas

from loyaltysem.analysis.fit_cutoffs import FitCutoffs
from loyaltysem.analysis.multiverse_table import Multiverse
from loyaltysem.analysis.slopes import SimpleSlopes
from loyaltysem.clv.behaviour.cohorts import Cohorts
from loyaltysem.clv.what_if.verb import WhatIf
from loyaltysem.core.display import bounded, integer, interval, number, percent
from loyaltysem.core.text import Text
from loyaltysem.estimation.replication.bootstrap import Bootstrap
from loyaltysem.reporting.bootstrap_plot import bootstrap_plot
from loyaltysem.reporting.cohort_plot import cohort_plot
from loyaltysem.reporting.cutoff_plot import cutoff_plot
from loyaltysem.reporting.document import Figure
from loyaltysem.reporting.figures import framed
from loyaltysem.reporting.slopes_plot import slopes_plot
from loyaltysem.reporting.specification_curve import specification_curve
from loyaltysem.reporting.svg import svg_of
from loyaltysem.reporting.tables import Words
from loyaltysem.reporting.tables.layout import records_of
from loyaltysem.reporting.tables.outside import DECISIONS
from loyaltysem.reporting.what_if_plot import what_if_plot

Results = Mapping[str, object]


def bootstrap(results: Results, table: pd.DataFrame, words: Words) -> Iterator[Figure]:
    """Yield the draws of the defined effects."""
    boot = results.get("mediation")
    if not isinstance(boot, Bootstrap):
        return
    defined = table[table["op"] == ":="].head(3)
    axes = bootstrap_plot(
        boot, *map(str, defined["name"]), labels=words.labels, language=words.language
    )
    told = [
        f"{r['name']} {number(r['est'])} {interval(r['ci_lower'], r['ci_upper'])}"
        for r in records_of(defined)
    ]
    caption = Text("Bootstrap draws of the effects", "效应的自助法分布")
    yield framed("bootstrap", caption, axes, "; ".join(told), words)


def slopes(results: Results, words: Words) -> Iterator[Figure]:
    """Yield the outcome against the predictor at values of the moderator."""
    found = results.get("slopes")
    if not isinstance(found, SimpleSlopes):
        return
    axes = slopes_plot(found, labels=words.labels, language=words.language)
    told = [f"{number(r['sd'], 0)} SD: {number(r['slope'])}" for r in records_of(found.frame)]
    lead = Text("Slopes: ", "斜率：")
    caption = Text("Simple slopes; dashed: not different from 0", "简单斜率；虚线：与 0 无显著差异")
    yield framed("slopes", caption, axes, words.say(lead) + "; ".join(told), words)


def curve(results: Results, words: Words) -> Iterator[Figure]:
    """Yield the specification curve."""
    found = results.get("multiverse")
    if not isinstance(found, Multiverse) or found.usable.empty:
        return
    canvas = specification_curve(
        found, labels={**_short(words), **DECISIONS}, language=words.language
    )
    s = found.summary
    alt = Text(
        f"{integer(s['fitted'])} specifications, β from {bounded(s['min_std'], 2)} to "
        f"{bounded(s['max_std'], 2)}, median {bounded(s['median_std'], 2)}; p < .05 in "
        f"{percent(s['share_significant'])}.",
        f"共 {integer(s['fitted'])} 种设定，β 介于 {bounded(s['min_std'], 2)} 与 "
        f"{bounded(s['max_std'], 2)} 之间，中位数 {bounded(s['median_std'], 2)}；"
        f"{percent(s['share_significant'])} 的设定 p < .05。",
    )
    yield _canvas("curve", Text("Specification curve", "设定曲线"), canvas, words.say(alt), words)


def cutoffs(results: Results, words: Words) -> Iterator[Figure]:
    """Yield the distributions behind dynamic cut-offs."""
    found = results.get("cutoffs")
    if not isinstance(found, FitCutoffs):
        return
    canvas = cutoff_plot(found, labels=_short(words), language=words.language)
    alt = Text(
        "Simulated distributions of the fit indices; the table lists the cut-offs.",
        "拟合指标的模拟分布，界值见表。",
    )
    caption = Text("Fit indices under growing misspecification", "模型误设逐步加重时的拟合指标分布")
    yield _canvas("cutoffs", caption, canvas, words.say(alt), words)


def cohorts(results: Results, words: Words) -> Iterator[Figure]:
    """Yield the heat map of retention."""
    found = results.get("cohorts")
    if not isinstance(found, Cohorts):
        return
    axes = cohort_plot(found, language=words.language)
    alt = Text(
        "Share of each cohort that bought again, by quarters since the first purchase.",
        "各期新客群在首购后各季度的复购比例。",
    )
    caption = Text("Retention by cohort", "分期客群留存热力图")
    yield framed("cohorts", caption, axes, words.say(alt), words)


def what_if(results: Results, words: Words) -> Iterator[Figure]:
    """Yield the change of value from raising each driver."""
    for key, found in results.items():
        if isinstance(found, WhatIf):
            axes = what_if_plot(found, labels=dict(words.labels), language=words.language)
            caption = Text(
                f"What raising {words.name(found.driver)} is worth",
                f"提升{words.name(found.driver)}的价值",
            )
            yield framed(
                key.replace("_", "-").lower(), caption, axes, words.say(found.statement), words
            )


def _short(words: Words) -> dict[str, Text]:
    """Return the readers' names without those of items, which go by their code."""
    return {name: text for name, text in words.labels.items() if name not in words.codes}


def _canvas(key: str, caption: Text, canvas: Canvas, alt: str, words: Words) -> Figure:
    width = float(canvas.get_size_inches()[0])
    return Figure(key, words.say(caption), svg_of(canvas, key), alt, width)
