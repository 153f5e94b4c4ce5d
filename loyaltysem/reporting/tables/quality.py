"""What speaks for and against answers as measurements: adequacy, method bias, non-response."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from loyaltysem.core.display import MISSING, bounded, integer, interval, number, percent, pvalue
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Cell, Table
from loyaltysem.reporting.tables.layout import (
    ColumnSpec,
    Record,
    Words,
    bounded_column,
    frame_table,
    text_column,
    value_column,
)

ADEQUACY: Mapping[str, Text] = MappingProxyType(
    {
        "kmo": Text("KMO measure of sampling adequacy", "KMO 取样适切性量数"),
        "bartlett_chisq": Text("Bartlett's test of sphericity: χ²", "Bartlett 球形检验：χ²"),
        "bartlett_df": Text("Degrees of freedom", "自由度"),
        "bartlett_pvalue": Text("p"),
    }
)
CHECKS: Mapping[str, Text] = MappingProxyType(
    {
        "harman_component": Text(
            "Harman: variance of the first component", "Harman 检验：第一主成分的方差占比"
        ),
        "harman_factor": Text(
            "Harman: variance of a single common factor", "Harman 检验：单一公因子的方差占比"
        ),
        "method_share": Text(
            "Latent method factor: mean share of an item's variance",
            "潜在方法因子：题项方差的平均占比",
        ),
        "method_pvalue": Text(
            "Latent method factor: p of the difference in fit", "潜在方法因子：拟合差异检验 p"
        ),
        "method_change": Text(
            "Latent method factor: largest change of a correlation",
            "潜在方法因子：构念相关的最大变化",
        ),
    }
)
INTERVALS: Mapping[str, Text] = MappingProxyType(
    {
        "bca": Text("bias-corrected and accelerated", "BCa 法"),
        "percentile": Text("percentile", "百分位法"),
    }
)
SHARES = frozenset({"harman_component", "harman_factor", "method_share"})
TESTS: Mapping[str, Text] = MappingProxyType(
    {
        "Mardia skewness": Text("Mardia, skewness", "Mardia 多元偏度"),
        "Mardia skewness, small n": Text(
            "Mardia, skewness corrected for small n", "Mardia 多元偏度（小样本校正）"
        ),
        "Mardia kurtosis": Text("Mardia, kurtosis", "Mardia 多元峰度"),
        "Henze–Zirkler": Text("Henze–Zirkler", "Henze–Zirkler 检验"),
    }
)


def adequacy(frame: pd.DataFrame, words: Words) -> Table:
    """Return KMO and Bartlett's test as papers print them."""
    shown = frame[frame["measure"].isin(ADEQUACY)]
    return frame_table(
        "adequacy",
        Text("KMO and Bartlett's test", "KMO 与 Bartlett 球形检验"),
        shown,
        [
            text_column(Text("Measure", "指标"), lambda r: words.say(ADEQUACY[str(r["measure"])])),
            ColumnSpec(Text("Value", "数值"), _adequacy_value),
        ],
        words,
        sources=["kaiser_1974", "bartlett_1950"],
    )


def _adequacy_value(record: Record) -> str:
    measure, value = str(record["measure"]), record["value"]
    if measure == "bartlett_df":
        return integer(value)
    if measure == "bartlett_pvalue":
        return pvalue(value)
    return number(value, 2) if measure == "bartlett_chisq" else bounded(value)


def item_adequacy(frame: pd.DataFrame, words: Words) -> Table:
    """Return KMO of every item."""
    return frame_table(
        "adequacy-items",
        Text("KMO by item", "各题项的 KMO 值"),
        frame[frame["measure"] == "kmo_item"],
        [
            text_column(Text("Item", "题项"), lambda r: words.short_name(str(r["item"]))),
            bounded_column("value", Text("KMO")),
        ],
        words,
    )


OFF_INTERVAL = Text(
    "Intervals above their ratio: drawing with replacement makes absolute correlations near 0 "
    "larger; such limits say that the ratio is small, not where it lies.",
    "部分区间高于其比值：重复抽样会使接近 0 的相关系数绝对值变大；"
    "此类区间只说明比值很小，不能说明其确切位置。",
)


def htmt_intervals(frame: pd.DataFrame, words: Words) -> Table:
    """Return every ratio with its interval."""
    first = frame.iloc[0]
    share, draws = percent(first["confidence"], 0), integer(first["draws"])
    kind, seed = str(first["interval"]), integer(first["seed"])
    how = INTERVALS[kind]
    note = Text(
        f"{share} {how.en} intervals of {draws} bootstrap draws, seed {seed}. † the interval "
        "reaches 1.",
        f"{share} 置信区间由 {draws} 次自助抽样（{how.zh}，随机种子 {seed}）求得。† 区间触及 1。",
    )
    apart = (frame["htmt"] < frame["ci_lower"]) | (frame["htmt"] > frame["ci_upper"])
    notes = [words.say(note), *([words.say(OFF_INTERVAL)] if apart.any() else [])]
    return frame_table(
        "htmt-intervals",
        Text("HTMT with bootstrap intervals", "HTMT 及自助法区间"),
        frame,
        [
            text_column(Text("Pair", "构念对"), lambda r: (
                f"{words.name(str(r['construct']))} – {words.name(str(r['other']))}")),
            bounded_column("htmt", Text("HTMT")),
            ColumnSpec(Text(f"{share} CI", f"{share} 置信区间"), _htmt_interval),
        ],
        words,
        notes=notes,
        sources=["henseler_2015", *(["efron_1987"] if kind == "bca" else [])],
    )  # fmt: skip


def _htmt_interval(record: Record) -> Cell:
    limits = interval(record["ci_lower"], record["ci_upper"], is_bounded=True)
    reaches = record["below_one"] is False or record["ci_upper"] >= 1
    return Cell(limits, "weak", "†") if reaches else Cell(limits)


def method_bias(frame: pd.DataFrame, words: Words) -> Table:
    """Return the checks of a common method that need no marker."""
    note = Text(
        "None of these proves or measures method bias. VIF: variance inflation of a construct's "
        "mean score by all others. The method factor loads on all rating items alike and is "
        "uncorrelated with the constructs; “–”: the solution with it is improper and says nothing.",
        "以上检验均不能证明或衡量共同方法偏差。VIF：以其余构念预测该构念均分时的方差膨胀因子。"
        "方法因子对所有量表题的载荷相等，且与各构念不相关；“–”：含方法因子的解不合理，不能说明问题。",
    )
    return frame_table(
        "method-bias",
        Text("Checks of common method bias", "共同方法偏差检验"),
        frame,
        [
            text_column(Text("Check", "检验"), lambda r: _check(r, words)),
            ColumnSpec(Text("Value", "数值"), _method_value),
            ColumnSpec(Text("Habitual limit", "惯用界限"), _method_limit, "left"),
            text_column(Text("Source", "依据"), lambda r: words.cite(str(r["source"]))),
        ],
        words,
        notes=[words.say(note)],
        sources=[*(str(s) for s in frame["source"]), "richardson_2009"],
    )


def _check(record: Record, words: Words) -> str:
    if record["check"] == "vif":
        lead = words.say(Text("Full collinearity, VIF: ", "全共线性 VIF："))
        return lead + words.name(str(record["construct"]))
    return words.say(CHECKS[str(record["check"])])


def _method_value(record: Record) -> Cell:
    check, value = str(record["check"]), record["value"]
    if check == "method_pvalue":
        shown = pvalue(value)
    elif check == "vif":
        shown = number(value, 2)
    else:
        shown = percent(value) if check in SHARES else bounded(value)
    return Cell(shown, "weak", "†") if record["met"] is False else Cell(shown)


def _method_limit(record: Record) -> str:
    cutoff = record["cutoff"]
    if cutoff != cutoff:
        return MISSING
    return f"≤ {percent(cutoff, 0) if record['check'] in SHARES else number(cutoff, 1)}"


def normality(frame: pd.DataFrame, words: Words) -> Table:
    """Return the tests of multivariate normality."""
    n = integer(frame["n_obs"].iloc[0])
    note = Text(
        f"All indicators of the model together, N = {n} complete answers. Rating scales are never "
        "normal, and large samples say so.",
        f"对模型中的全部观测指标联合检验，完整样本 N = {n}。评分题不可能严格服从正态分布，"
        "大样本下检验几乎总会显著。",
    )
    return frame_table(
        "normality",
        Text("Multivariate normality", "多元正态性检验"),
        frame,
        [
            text_column(Text("Test", "检验"), lambda r: words.say(
                TESTS.get(str(r["test"]), Text(str(r["test"]))))),
            value_column("value", Text("Coefficient", "系数"), 2),
            value_column("statistic", Text("Statistic", "统计量"), 2),
            ColumnSpec(Text("df", "自由度"), lambda r: integer(r["df"])),
            ColumnSpec(Text("p"), lambda r: pvalue(r["pvalue"])),
        ],
        words,
        notes=[words.say(note)],
        sources=["mardia_1970", "henze_zirkler_1990"],
    )  # fmt: skip


def nonresponse(frame: pd.DataFrame, words: Words) -> Table:
    """Return early against late respondents."""
    wave = str(frame["wave"].iloc[0])
    note = Text(
        f"Early and late by the column {wave}. Effect: Hedges' g of means (early less late), "
        "Cramér's V of categories; p corrected by Holm. Late respondents stand in for those who "
        "never answered.",
        f"依数据列 {wave} 划分早期与晚期受访者。效应量：均值为 Hedges' g（早期减晚期），类别变量为 "
        "Cramér's V；p 值经 Holm 校正。以晚期受访者近似代表未作答者。",
    )
    return frame_table(
        "nonresponse",
        Text("Early against late respondents", "早期与晚期受访者比较"),
        frame,
        [
            text_column(Text("Variable", "变量"), lambda r: words.of(r, "label")),
            ColumnSpec(Text("n early", "早期 n"), lambda r: integer(r["n_early"])),
            ColumnSpec(Text("n late", "晚期 n"), lambda r: integer(r["n_late"])),
            value_column("mean_early", Text("M early", "早期均值"), 2),
            value_column("mean_late", Text("M late", "晚期均值"), 2),
            value_column("effect", Text("Effect", "效应量"), 2),
            ColumnSpec(Text("p"), lambda r: pvalue(r["pvalue_holm"])),
        ],
        words,
        notes=[words.say(note)],
        sources=["armstrong_overton_1977", "hedges_1981", "holm_1979"],
    )
