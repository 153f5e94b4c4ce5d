"""The report's sentences about the answers themselves: flow, screening, adequacy, bias."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from loyaltysem.analysis.exploration.adequacy import WORDS
from loyaltysem.core.display import bounded, integer, number, p_relation, percent
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Paragraph
from loyaltysem.reporting.narrative import listed
from loyaltysem.reporting.tables.layout import Record, Words, records_of
from loyaltysem.survey.response_flow import Exclusion, ResponseFlow

MANY_CHANGES = 6


def flow_of(frame: pd.DataFrame) -> ResponseFlow:
    """Return the response flow that a table holds."""
    rows = records_of(frame)
    counts = {str(r["step"]): int(r["count"]) for r in rows if r["step"] != "excluded"}
    exclusions = tuple(
        Exclusion(str(r["rule"]), Text(str(r["label_en"]), str(r["label_zh"])), int(r["count"]))
        for r in rows
        if r["step"] == "excluded"
    )
    return ResponseFlow(counts["returned"], exclusions, counts["analysed"], counts.get("sent"))


def flow(frame: pd.DataFrame, words: Words) -> Paragraph:
    """Say how many were asked, answered and are analysed."""
    return Paragraph(flow_of(frame).in_words(words.language))


def screening(rule: pd.DataFrame, flow_table: pd.DataFrame | None, words: Words) -> Paragraph:
    """Say how many meet the rule, what it is, and whether they were left out."""
    row = records_of(rule)[0]
    met, of = integer(row["flagged"]), integer(row["respondents"])
    share, name = percent(row["share"]), row["rule"]
    gone = flow_table is not None and (flow_table["rule"] == name).any()
    ending = (
        Text("They were left out.", "这些答卷已被剔除。")
        if gone
        else Text("Nobody was left out for it.", "未据此剔除任何答卷。")
    )
    both = Text(
        " The results with and without them stand in a table of their own.",
        "剔除前后的结果另列于表中。",
    )
    if not row["flagged"]:
        ending = both = Text("")
    idle_en, idle_zh = str(row["not_looked_en"]), str(row["not_looked_zh"])
    idle = Text("")
    if idle_en:
        idle = Text(
            f" The data hold nothing for: {idle_en}.",
            f"数据中没有以下标准所需的信息：{idle_zh}。",
        )
    text = Text(
        f"{met} of {of} respondents ({share}) meet the screening rule “{name}” "
        f"({row['words_en']}).{idle.en} {ending.en}{both.en}",
        f"{of} 份答卷中有 {met} 份（{share}）符合筛查规则“{name}”（{row['words_zh']}）。"
        f"{idle.in_('zh')}{ending.in_('zh')}{both.in_('zh')}",
    )
    return Paragraph(words.say(text).strip())


def with_without(frame: pd.DataFrame, words: Words) -> Paragraph:
    """Say which results the report shows, which verdicts differ, and the largest change."""
    rows = records_of(frame)
    size = next(r for r in rows if r["kind"] == "size")
    one, two = integer(size["est_with"]), integer(size["est_without"])
    shown = (
        Text("with everybody who answered", "剔除前的结果")
        if rows[0]["shown"] == "with"
        else Text("without the screened respondents", "剔除后的结果")
    )
    lead = Text(
        f"The report shows the results {shown.en}. With the screened respondents "
        f"N = {one} answered every item of the model, without them {two}.",
        f"本报告正文呈现{shown.zh}。模型题项作答完整的答卷：剔除前 N = {one}，剔除后 N = {two}。",
    )
    gap = "" if words.language == "zh" else " "
    told = (lead, _differing(rows, words), _largest(rows, words))
    return Paragraph(gap.join(words.say(text) for text in told if text.en))


def _differing(rows: Sequence[Record], words: Words) -> Text:
    judged = [r for r in rows if r["verdict_with"]]
    names = [
        str(r["hypothesis"] or (str(r["key"]).upper() if r["kind"] == "fit" else r["key"]))
        for r in judged
        if r["verdict_with"] != r["verdict_without"]
    ]
    if not names:
        return Text("No verdict depends on them.", "各项结论均不受影响。")
    more = len(names) - MANY_CHANGES
    shown = listed(names[:MANY_CHANGES], words)
    return Text(
        f"{integer(len(names))} of {integer(len(judged))} verdicts depend on them: {shown}"
        + (f" and {integer(more)} more." if more > 0 else "."),
        f"{integer(len(judged))} 项判断中有 {integer(len(names))} 项因此改变：{shown}"
        + (f"等（另有 {integer(more)} 项）。" if more > 0 else "。"),
    )


def _largest(rows: Sequence[Record], words: Words) -> Text:
    paths = [r for r in rows if r["kind"] == "path" and r["std_difference"] == r["std_difference"]]
    if not paths:
        return Text("")
    worst = max(paths, key=lambda r: abs(r["std_difference"]))
    path = f"{words.name(str(worst['rhs']))} → {words.name(str(worst['lhs']))}"
    one, two = bounded(worst["std_with"], 2), bounded(worst["std_without"], 2)
    return Text(
        f"The path that changes most is {path} (β = {one} with, {two} without).",
        f"变化最大的路径为{path}（β 由 {one} 变为 {two}）。",
    )


def adequacy(frame: pd.DataFrame, words: Words) -> Paragraph:
    """Say what KMO and Bartlett's test found, in Kaiser's words."""
    value = {str(r["measure"]): float(r["value"]) for r in records_of(frame) if not r["item"]}
    word = next(text for low, text in WORDS if value["kmo"] >= low)
    chi = (
        f"χ²({integer(value['bartlett_df'])}) = {number(value['bartlett_chisq'], 2)}, "
        f"{p_relation(value['bartlett_pvalue'])}"
    )
    n, kmo, kaiser = (
        integer(value["n_obs"]),
        bounded(value["kmo"]),
        words.cite_inside("kaiser_1974"),
    )
    text = Text(
        f"Sampling adequacy of the rating items is {word.en} (KMO = {kmo}; {kaiser}); Bartlett's "
        f"test of sphericity: {chi}, N = {n}.",
        f"量表题的取样适切性{word.zh}（KMO = {kmo}；{kaiser}）；Bartlett 球形检验 {chi}，N = {n}。",
    )
    return Paragraph(words.say(text), sources=("kaiser_1974", "bartlett_1950"))


def parallel(frame: pd.DataFrame, words: Words) -> Paragraph:
    """Say how many factors pass the parallel analysis."""
    first = records_of(frame)[0]
    factors, components = (int(frame[f"{kind}_kept"].sum()) for kind in ("factor", "component"))
    samples, criterion = integer(first["n_samples"]), f"{float(first['criterion']):g}"
    text = Text(
        f"Parallel analysis keeps {integer(factors)} factors and {integer(components)} components "
        f"({criterion}th percentile of {samples} samples of unrelated items).",
        f"平行分析保留 {integer(factors)} 个因子、{integer(components)} 个主成分"
        f"（以 {samples} 组无关题项模拟数据的第 {criterion} 百分位数为准）。",
    )
    return Paragraph(words.say(text), sources=("horn_1965",))


def method_bias(frame: pd.DataFrame, words: Words) -> Paragraph:
    """Say what the checks of a common method found, and what they cannot show."""
    value = {str(r["check"]): float(r["value"]) for r in records_of(frame) if r["check"] != "vif"}
    told = []
    if "harman_component" in value:
        share = percent(value["harman_component"])
        told.append(
            Text(
                f"The first principal component takes {share} of the variance of the rating items.",
                f"第一主成分解释了量表题 {share} 的方差。",
            )
        )
    if "method_share" in value:
        told.append(_method_factor(value))
    told.append(
        Text(
            "None of these checks proves that there is no common method bias.",
            "上述检验均不能证明不存在共同方法偏差。",
        )
    )
    gap = "" if words.language == "zh" else " "
    return Paragraph(gap.join(words.say(text) for text in told), sources=("podsakoff_2003",))


def _method_factor(value: dict[str, float]) -> Text:
    share = value["method_share"]
    if share != share:
        return Text(
            "With a latent method factor the solution is improper, so that it says nothing about "
            "these answers.",
            "加入潜在方法因子后解不合理，因而不能据此判断。",
        )
    p, change = p_relation(value["method_pvalue"]), bounded(value["method_change"], 2)
    return Text(
        f"A latent method factor takes {percent(share)} of an item's variance on average ({p} for "
        f"the difference in fit); the correlation of two constructs changes by {change} at most.",
        f"潜在方法因子平均解释题项方差的 {percent(share)}（拟合差异检验 {p}），"
        f"构念间相关的最大变化为 {change}。",
    )


def nonresponse(frame: pd.DataFrame, words: Words) -> Paragraph:
    """Say where early and late respondents differ."""
    differs = frame[frame["pvalue_holm"] < 0.05]
    names = [words.of(r, "label") for r in records_of(differs)]
    if names:
        text = Text(
            f"Early and late respondents differ in {listed(names, words)}.",
            f"早期与晚期受访者在{listed(names, words)}上存在差异。",
        )
    else:
        text = Text(
            f"Early and late respondents differ in none of {integer(len(frame))} variables at "
            "p < .05 after Holm's correction; that does not exclude non-response bias.",
            f"经 Holm 校正后，早期与晚期受访者在 {integer(len(frame))} 个变量上均无显著差异"
            "（p < .05），但不能据此排除无应答偏差。",
        )
    return Paragraph(words.say(text), sources=("armstrong_overton_1977",))
