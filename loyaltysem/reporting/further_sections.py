"""The parts of a report beyond the model; absent tables leave none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loyaltysem.core.display import bounded, integer, number
from loyaltysem.core.text import Text
from loyaltysem.reporting import further_figures as figures
from loyaltysem.reporting.document import Block, Paragraph
from loyaltysem.reporting.tables import Words, further, outside

if TYPE_CHECKING:
    import pandas as pd

    from loyaltysem.study.analysis import Analysis


def rivals(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield rival models."""
    frame = analysis.tables.get("rivals")
    if frame is None:
        return
    best = frame.sort_values("aic").iloc[0]
    name = str(best["label_zh"] if words.language == "zh" else best["label_en"])
    text = Text(
        f"Of the rival models, “{name}” has the smallest AIC.",
        f"在各竞争模型中，“{name}”的 AIC 最小。",
    )
    yield Paragraph(words.say(text))
    yield further.rivals(frame, words)


def effects(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield effect sizes, estimators, antecedents, mediation and moderation."""
    found = analysis.tables
    if "effect_sizes" in found:
        yield further.effect_sizes(found["effect_sizes"], words)
    if "mediation" in found:
        yield further.mediation(found["mediation"], found["mediation_draws"], words)
        yield from figures.bootstrap(analysis.results, found["mediation"], words)
    if "moderation" in found:
        yield further.moderation(found["moderation"], words)
        yield _region(found["moderation_region"], words)
        yield further.slopes(found["moderation_slopes"], words)
        yield from figures.slopes(analysis.results, words)
    if "antecedents" in found:
        yield _fitted(found["antecedents_fit"], words)
        yield further.antecedents(found["antecedents"], words)
    if "estimators" in found:
        yield further.estimators(found["estimators"], words)
        yield further.estimators_fit(found["estimators"], words)


def _region(frame: pd.DataFrame, words: Words) -> Paragraph:
    if frame.empty:
        none = Text(
            "There is no value of the moderator at which the slope differs from 0 (α = .05).",
            "在调节变量的任何取值上，斜率均与 0 无显著差异（α = .05）。",
        )
        return Paragraph(words.say(none))
    ends = "; ".join(
        f"{number(low)} – {number(high)}"
        for low, high in zip(frame["lower"], frame["upper"], strict=True)
    )
    text = Text(
        f"Region of significance of the slope, in values of the moderator: {ends}.",
        f"斜率显著的调节变量取值区间：{ends}。",
    )
    return Paragraph(words.say(text))


def _fitted(frame: pd.DataFrame, words: Words) -> Paragraph:
    value = dict(zip(frame["measure"], frame["value"], strict=True))
    n, missing = integer(value["ntotal"]), integer(value["incomplete"])
    fit = (
        f"χ² ({integer(value['df'])}) = {number(value['chisq'], 1)}, "
        f"CFI = {bounded(value['cfi'])}, "
        f"RMSEA = {bounded(value['rmsea'])}, SRMR = {bounded(value['srmr'])}"
    )
    text = Text(
        f"The model of antecedents uses all {n} answers, {missing} of them incomplete (FIML): "
        f"{fit}.",
        f"前因模型使用全部 {n} 份答卷，其中 {missing} 份含缺失值（FIML）：{fit}。",
    )
    return Paragraph(words.say(text))


def groups(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield invariance and the paths of each group."""
    for key, build in (
        ("invariance", further.invariance),
        ("invariance_proposal", further.proposal),
        ("groups_test", further.groups_test),
        ("group_paths", further.group_paths),
    ):
        if key in analysis.tables:
            yield build(analysis.tables[key], words)


def robustness(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield the multiverse, dynamic cut-offs and power."""
    found = analysis.tables
    yield from figures.curve(analysis.results, words)
    if "multiverse_choices" in found:
        yield outside.choices(found["multiverse_choices"], words)
    if "cutoffs" in found:
        yield outside.cutoffs(found["cutoffs"], words)
        yield from figures.cutoffs(analysis.results, words)
    if "power" in found:
        yield outside.power(found["power"], words)


def customers(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield behaviour, segments, cohorts, value and what raising a driver is worth."""
    found = analysis.tables
    for key, build in (
        ("behaviour", outside.behaviour),
        ("segments", outside.segments),
        ("life_cycle", outside.life_cycle),
    ):
        if key in found:
            yield build(found[key], words)
    yield from figures.cohorts(analysis.results, words)
    for key, build in (("value", outside.value), ("triangulation", outside.triangulation)):
        if key in found:
            yield build(found[key], words)
    if "what_if" in found:
        yield outside.what_if(found["what_if"], words)
        yield from figures.what_if(analysis.results, words)


def audited(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield the audit of the printed study."""
    for key, build in (("audit", outside.audit), ("audit_feasible", outside.feasible)):
        if key in analysis.tables:
            yield build(analysis.tables[key], words)


def checked(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield the cross-check and the checklist."""
    for key, build in (("crosscheck", outside.crosscheck), ("jars", outside.jars)):
        if key in analysis.tables:
            yield build(analysis.tables[key], words)
