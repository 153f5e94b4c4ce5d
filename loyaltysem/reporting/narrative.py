"""The report's sentences: what was found, said plainly, with what does not hold said first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from loyaltysem.analysis.cutoffs import REGISTRY, judge
from loyaltysem.core.display import bounded, integer, number, p_relation
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import FindingItem, FindingList, Paragraph
from loyaltysem.reporting.tables.layout import Record, Words, records_of
from loyaltysem.reporting.tables.structure import FIT_NAMES

if TYPE_CHECKING:
    from loyaltysem.core.errors import Finding

SEVERITY = {
    "problem": Text("Problem", "问题"),
    "warning": Text("Caution", "注意"),
    "note": Text("Note", "说明"),
}
METHODS = {"ML": Text("maximum likelihood (ML)", "极大似然法（ML）")}
_ORDER = ("problem", "warning", "note")
SIDES = {"≥": Text("below", "低于"), "≤": Text("above", "高于")}


def listed(parts: Sequence[str], words: Words) -> str:
    """Join parts as a sentence would.

    Examples
    --------
    >>> listed(["a", "b", "c"], Words("en", {})), listed(["甲", "乙"], Words("zh", {}))
    ('a, b and c', '甲、乙')
    """
    if words.language == "zh":
        return "、".join(parts)
    return " and ".join([p for p in (", ".join(parts[:-1]), *parts[-1:]) if p])


def sample_size(fit: pd.DataFrame, estimator: str, words: Words) -> Paragraph:
    """Say how many cases, free parameters and which estimator stand behind the numbers."""
    value = _values(fit)
    n, q = integer(value.get("ntotal")), integer(value.get("npar"))
    method = METHODS.get(estimator, Text(estimator, estimator))
    text = Text(
        f"The model was estimated by {method.en} from N = {n} complete answers; it has {q} free "
        f"parameters and {integer(value.get('df'))} degrees of freedom.",
        f"模型采用{method.zh}估计，有效样本 N = {n}，自由参数 {q} 个，自由度为 "
        f"{integer(value.get('df'))}。",
    )
    return Paragraph(words.say(text))


def reliability(frame: pd.DataFrame, words: Words) -> Paragraph:
    """Say which constructs reach the cut-offs of α, CR and AVE, and which do not."""
    sentences = [
        _threshold(frame, words, measure, name)
        for measure, name in (
            ("alpha", Text("Cronbach's α", "Cronbach α 系数")),
            ("composite_reliability", Text("composite reliability (CR)", "组合信度（CR）")),
            ("ave", Text("average variance extracted (AVE)", "平均方差抽取量（AVE）")),
        )
    ]
    gap = "" if words.language == "zh" else " "
    return Paragraph(gap.join(s for s in sentences if s), sources=("nunnally_1978",))


def _threshold(frame: pd.DataFrame, words: Words, measure: str, name: Text) -> str:
    known = [r for r in records_of(frame) if r[measure] == r[measure]]
    if not known:
        return ""
    cutoff = REGISTRY[measure]
    source = words.cite_inside(cutoff.source)
    low = [
        f"{words.of(r, 'label')}{words.inside(bounded(r[measure]))}"
        for r in known
        if judge(measure, float(r[measure])).met is False
    ]
    bound = bounded(cutoff.bound, 2)
    subject = name.en[0].upper() + name.en[1:]
    if not low:
        span = _span([float(r[measure]) for r in known])
        reach = Text(
            f"{subject} reaches {bound} ({source}) for every construct ({span[0]}).",
            f"各构念的{name.zh}均达到 {bound}（{source}），{span[1]}。",
        )
        return words.say(reach)
    short = Text(
        f"{subject} is below {bound} ({source}) for {listed(low, words)}; "
        f"{integer(len(known) - len(low))} of {integer(len(known))} constructs reach it.",
        f"{name.zh}低于 {bound}（{source}）的构念有：{listed(low, words)}；"
        f"{integer(len(known))} 个构念中有 {integer(len(known) - len(low))} 个达标。",
    )
    return words.say(short)


def _span(values: Sequence[float]) -> tuple[str, str]:
    low, high = bounded(min(values)), bounded(max(values))
    if low == high:
        return low, f"为 {low}"
    return f"{low} to {high}", f"介于 {low} 与 {high} 之间"


def model_fit(frame: pd.DataFrame, words: Words) -> list[Paragraph]:
    """Say how the model fits: the exact test first, then each cut-off it meets or misses."""
    value = _values(frame)
    records = [r for r in records_of(frame) if r["measure"] in FIT_NAMES]
    judged = [r for r in records if r["met"] is True or r["met"] is False]
    sources = tuple(dict.fromkeys(str(r["source"]) for r in judged if r["source"]))
    missed = [r for r in judged if r["met"] is False]
    met = [r for r in judged if r["met"] is True]
    blocks = [Paragraph(_exact_fit(value, words))] if value.get("df", 0) > 0 else []
    if missed:
        blocks.append(Paragraph(_missed(missed, words), sources))
    if met:
        blocks.append(Paragraph(_met(met, words, bool(missed)), sources))
    return blocks


def _exact_fit(value: dict[str, float], words: Words) -> str:
    chi = f"χ²({integer(value['df'])}) = {number(value['chisq'], 2)}, {p_relation(value['pvalue'])}"
    if value["pvalue"] < 0.05:
        verdict = Text(
            f"Exact fit is rejected, {chi}: the model does not reproduce the covariances within "
            "sampling error.",
            f"精确拟合检验被拒绝（{chi}）：模型所隐含的协方差与样本协方差之差超出抽样误差。",
        )
    else:
        verdict = Text(f"Exact fit is not rejected, {chi}.", f"精确拟合检验未被拒绝（{chi}）。")
    return words.say(verdict)


def _missed(records: Sequence[Record], words: Words) -> str:
    parts = []
    for r in records:
        cutoff = str(r["cutoff"])
        side = words.say(SIDES[cutoff[0]])
        bound = cutoff[1:].strip()
        source = words.cite_inside(str(r["source"]))
        name = words.say(FIT_NAMES[str(r["measure"])])
        shown = f"{name} = {bounded(r['value'])}"
        parts.append(
            f"{shown} {side} {bound}（{source}）"
            if words.language == "zh"
            else f"{shown} is {side} {bound} ({source})"
        )
    if words.language == "zh":
        return f"以下指数未达到常用标准：{'；'.join(parts)}。"
    return f"By conventional cut-offs the model falls short: {'; '.join(parts)}."


def _met(records: Sequence[Record], words: Words, after_missed: bool) -> str:
    shown = [
        f"{words.say(FIT_NAMES[str(r['measure'])])} = {bounded(r['value'])}"
        + words.inside(str(r["cutoff"]))
        for r in records
    ]
    lead = Text(
        "Cut-offs that are met: " if after_missed else "Every cut-off with a source is met: ",
        "达到标准的指数：" if after_missed else "凡有文献依据的标准均已达到：",
    )
    return words.say(lead) + listed(shown, words) + words.say(Text(".", "。"))


def hypotheses(frame: pd.DataFrame, words: Words) -> Paragraph:
    """Say how many hypotheses are supported, and name those that are not."""
    groups: dict[str, list[str]] = {"supported": [], "not supported": [], "not testable": []}
    for r in records_of(frame):
        groups[str(r["verdict"])].append(str(r["hypothesis"]))
    total, held = integer(len(frame)), integer(len(groups["supported"]))
    sentences = [
        Text(
            f"Of {total} hypotheses {held} are supported at p < .05"
            + (f" ({listed(groups['supported'], words)})." if groups["supported"] else "."),
            f"{total} 个假设中有 {held} 个在 p < .05 水平上得到支持"
            + (f"（{listed(groups['supported'], words)}）。" if groups["supported"] else "。"),
        )
    ]
    if groups["not supported"]:
        names = listed(groups["not supported"], words)
        sentences.append(Text(f"Not supported: {names}.", f"未得到支持：{names}。"))
    if groups["not testable"]:
        names = listed(groups["not testable"], words)
        sentences.append(Text(f"Not testable in this model: {names}.", f"无法检验：{names}。"))
    caution = Text(
        "A supported path is an association under this model, not proof of a cause; other models "
        "may fit as well.",
        "路径得到支持仅表示在本模型设定下存在关联，并不等于因果关系；其他模型也可能拟合得同样好。",
    )
    gap = "" if words.language == "zh" else " "
    return Paragraph(gap.join(words.say(s) for s in (*sentences, caution)))


def explained(frame: pd.DataFrame, words: Words) -> Paragraph | None:
    """Say how much of each endogenous latent variable the model explains."""
    latent = [r for r in records_of(frame) if bool(r["is_latent"])]
    if not latent:
        return None
    parts = [f"{words.name(str(r['variable']))} {bounded(r['r2'], 2)}" for r in latent]
    text = Text(
        f"Explained variance (R²) of the latent variables: {listed(parts, words)}.",
        f"潜变量的方差解释量（R²）：{listed(parts, words)}。",
    )
    return Paragraph(words.say(text))


def published(frame: pd.DataFrame, words: Words) -> Paragraph:
    """Say how many printed numbers were reproduced."""
    met = int(frame["met"].astype(bool).sum())
    total = len(frame)
    text = Text(
        f"Of {integer(total)} printed numbers {integer(met)} come back to their printed rounding "
        f"and {integer(total - met)} do not.",
        f"原文报告的 {integer(total)} 个数值中，{integer(met)} 个按原小数位数复现一致，"
        f"{integer(total - met)} 个不一致。",
    )
    return Paragraph(words.say(text))


def findings(found: Sequence[Finding], words: Words) -> FindingList:
    """Return the findings as a list, the gravest first."""
    ordered = sorted(found, key=lambda f: _ORDER.index(f.severity))
    return FindingList(
        tuple(
            FindingItem(
                f.severity, words.say(SEVERITY[f.severity]), words.say(f.text), words.say(f.hint)
            )
            for f in ordered
        )
    )


def _values(frame: pd.DataFrame) -> dict[str, float]:
    return {str(k): float(v) for k, v in zip(frame["measure"], frame["value"], strict=True)}
