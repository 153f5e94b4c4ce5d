"""The report's pictures of the answers themselves, made from its tables."""

from __future__ import annotations

import pandas as pd

from loyaltysem.analysis.exploration.parallel import ParallelAnalysis
from loyaltysem.analysis.measurement.heterotrait import HTMTIntervals
from loyaltysem.core.display import bounded, integer, percent
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Figure
from loyaltysem.reporting.figures import framed
from loyaltysem.reporting.flow_diagram import flow_diagram
from loyaltysem.reporting.htmt_plot import htmt_plot
from loyaltysem.reporting.scree_plot import scree_plot
from loyaltysem.reporting.screening_plot import draw_screening
from loyaltysem.reporting.survey_narrative import flow_of
from loyaltysem.reporting.tables import Words
from loyaltysem.reporting.tables.layout import records_of


def flow(frame: pd.DataFrame, words: Words) -> Figure:
    """Return the way from questionnaires sent to answers analysed."""
    found = flow_of(frame)
    axes = flow_diagram(found, language=words.language)
    caption = Text("From questionnaires to answers analysed", "问卷发放与回收流程")
    return framed("flow", caption, axes, found.in_words(words.language), words)


def screening(bins: pd.DataFrame, table: pd.DataFrame, words: Words) -> Figure:
    """Return the distributions of the screening's indices."""
    axes = draw_screening(bins, table, words.language)
    drawn = set(bins["criterion"])
    told = [
        f"{words.of(r, 'title')} {integer(r['flagged'])}{words.inside(percent(r['share']))}"
        for r in records_of(table)
        if r["criterion"] in drawn
    ]
    lead = Text("Remarked upon: ", "标记人数：")
    caption = Text(
        "Indices of careless answering and their cut-offs", "草率作答各项指标的分布与界值"
    )
    return framed("screening", caption, axes, words.say(lead) + "; ".join(told), words)


def scree(frame: pd.DataFrame, words: Words) -> Figure:
    """Return the eigenvalues beside those of unrelated items."""
    axes = scree_plot(_parallel(frame), show="factor", language=words.language)
    observed = [bounded(value, 2) for value in frame["factor_observed"].head(8)]
    lead = Text("First eigenvalues: ", "前几个特征值：")
    caption = Text(
        "Scree plot with parallel analysis; filled: above chance",
        "碎石图与平行分析；实心点：高于随机水平",
    )
    return framed("scree", caption, axes, words.say(lead) + "; ".join(observed), words)


def _parallel(frame: pd.DataFrame) -> ParallelAnalysis:
    first = records_of(frame)[0]
    return ParallelAnalysis(
        n_components=int(frame["component_kept"].sum()), n_factors=int(frame["factor_kept"].sum()),
        frame=frame, criterion=float(first["criterion"]), n_samples=int(first["n_samples"]),
        n_obs=int(first["n_obs"]), source="normal", kind="Pearson", communalities="minres",
        seed=int(first["seed"]),
    )  # fmt: skip


def htmt(frame: pd.DataFrame, words: Words) -> Figure:
    """Return the triangle of ratios with their intervals, constructs by their readers' names."""
    first = records_of(frame)[0]
    named = frame.assign(
        construct=[words.name(str(name)) for name in frame["construct"]],
        other=[words.name(str(name)) for name in frame["other"]],
    )
    names = tuple(dict.fromkeys([*named["construct"][:1], *named["other"]]))
    axes = htmt_plot(
        HTMTIntervals(
            named, "htmt", first["interval"], float(first["confidence"]), int(first["draws"]),
            int(first["seed"]), names, (),
        ),
        language=words.language,
    )  # fmt: skip
    told = [f"{r['construct']} – {r['other']} {bounded(r['htmt'], 2)}" for r in records_of(named)]
    caption = Text("HTMT with bootstrap intervals", "HTMT 及其自助法区间")
    return framed("htmt", caption, axes, "; ".join(told), words)
