"""The tables of robustness, customers, and checks from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from loyaltysem.core.display import bounded, integer, interval, number, percent
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Table
from loyaltysem.reporting.tables.further import YES_NO, count, limits
from loyaltysem.reporting.tables.layout import (
    ColumnSpec,
    Record,
    Words,
    bounded_column,
    frame_table,
    text_column,
    value_column,
)
from loyaltysem.reporting.tables.structure import FIT_NAMES

LABEL = Text("Measure", "指标")
SHARE = Text("Share", "占比")
DECISIONS = {
    "estimator": Text("Estimator", "估计方法"),
    "ordered": Text("Answers taken as", "题项处理方式"),
    "exclude": Text("Left out", "剔除样本"),
    "omit": Text("Item left out", "剔除题项"),
    "ordered=ordered": Text("ordered categories", "有序分类变量"),
    "continuous": Text("continuous", "连续变量"),
    "screened": Text("screened respondents", "被筛除的答卷"),
    "nobody": Text("nobody", "不剔除"),
    "none": Text("none", "无"),
}


def share(field: str, head: Text = SHARE) -> ColumnSpec:
    """Return a column of percentages."""
    return ColumnSpec(head, lambda r: percent(r[field]))


def choices(frame: pd.DataFrame, words: Words) -> Table:
    """Return the effect by each option of each decision."""
    columns = [
        text_column(Text("Decision", "决策"), lambda r: option_name(r["decision"], words)),
        text_column(
            Text("Option", "选项"), lambda r: option_name(r["option"], words, r["decision"])
        ),
        count("fitted", Text("Fitted", "拟合数")),
        value_column("median", Text("Median B", "B 中位数")),
        value_column("median_std", Text("Median β", "β 中位数")),
        share("share_significant", Text("p < .05")),
    ]
    caption = Text("The effect by decision", "各分析决策下的效应")
    return frame_table("multiverse", caption, frame, columns, words)


def option_name(key: object, words: Words, decision: object = "") -> str:
    """Return the readers' name of a decision, or of an option of one; items go by their code."""
    plain = DECISIONS.get(str(key), Text(str(key)))
    return words.say(DECISIONS.get(f"{decision}={key}", plain))


def cutoffs(frame: pd.DataFrame, words: Words) -> Table:
    """Return simulated cut-offs beside the usual ones."""
    columns = [
        count("level", Text("Level", "水平")),
        text_column(
            Text("Left out of the model", "遗漏的设定"), lambda r: left_out(str(r["added"]), words)
        ),
        text_column(Text("Index", "指标"), lambda r: str(r["index"]).upper()),
        bounded_column("cutoff", Text("Dynamic cut-off", "动态界值")),
        bounded_column("value", Text("Value", "模型值")),
        text_column(Text("Better", "优于界值"), lambda r: _met(r["met"], words)),
        text_column(Text("Usual", "常用标准"), lambda r: str(r["usual"])),
        text_column(Text("Met", "达标"), lambda r: _met(r["usual_met"], words)),
    ]
    caption = Text("Dynamic cut-offs beside the usual ones", "动态拟合界值与常用标准")
    return frame_table("cutoffs", caption, frame, columns, words, sources=("mcneish_wolf_2023",))


def left_out(paths: str, words: Words) -> str:
    """Write loadings such as ``"Trust=~com3"`` as readers see them."""
    parts = (path.partition("=~") for path in paths.split(", "))
    return ", ".join(
        f"{words.name(factor)} → {words.short_name(item)}" if arrow else factor
        for factor, arrow, item in parts
    )


def _met(value: object, words: Words) -> str:
    return words.say(YES_NO[bool(value)]) if value is True or value is False else "–"


TESTS = {
    "close": Text("RMSEA: close fit", "RMSEA：接近拟合"),
    "not_close": Text("RMSEA: not close fit", "RMSEA：非接近拟合"),
    "exact": Text("RMSEA: exact fit", "RMSEA：精确拟合"),
}


def power(frame: pd.DataFrame, words: Words) -> Table:
    """Return the power achieved."""
    columns = [
        text_column(
            Text("Test", "检验"),
            lambda r: _test_name(str(r["test"]), words),
        ),
        count("n", Text("N")),
        value_column("population", Text("True value assumed", "假定真值")),
        bounded_column("power", Text("Power", "检验功效")),
        bounded_column("power_se", Text("Monte Carlo SE", "模拟标准误")),
    ]
    note = Text(
        "Power at the estimates says little more than their p values; plan new studies by other "
        "values.",
        "以估计值计算的功效与 p 值所含信息基本相同；规划新研究时应采用其他取值。",
    )
    caption = Text("Power achieved at α = .05", "实际检验功效（α = .05）")
    return frame_table("power", caption, frame, columns, words, notes=[words.say(note)])


def _test_name(key: str, words: Words) -> str:
    if key in TESTS:
        return words.say(TESTS[key])
    outcome, arrow, predictor = key.partition("~")
    return f"{words.name(predictor)} → {words.name(outcome)}" if arrow else words.name(key)


def behaviour(frame: pd.DataFrame, words: Words) -> Table:
    """Return the indicators of value in natural units."""
    columns = [
        text_column(LABEL, lambda r: _capital(words.of(r, "label"))),
        count("n", Text("n")),
        value_column("mean", Text("M", "均值"), 2),
        value_column("sd", Text("SD", "标准差"), 2),
        value_column("median", Text("Median", "中位数"), 2),
        ColumnSpec(
            Text("Range", "取值范围"),
            lambda r: f"{number(r['minimum'], 2)} – {number(r['maximum'], 2)}",
        ),
    ]
    caption = Text("Indicators of customer value", "客户价值指标描述统计")
    return frame_table("behaviour", caption, frame, columns, words)


def segments(frame: pd.DataFrame, words: Words) -> Table:
    """Return the RFM segments."""
    columns = [
        text_column(Text("Segment", "客群"), lambda r: words.of(r, "label")),
        count("customers", Text("Customers", "客户数")),
        share("share"),
        value_column("recency", Text("Recency (days)", "最近消费（天）"), 1),
        value_column("frequency", Text("Frequency", "频次"), 1),
        value_column("monetary", Text("Monetary", "金额"), 2),
        share("total_share", Text("Share of revenue", "收入占比")),
    ]
    return frame_table("segments", Text("RFM segments", "RFM 客户分群"), frame, columns, words)


def life_cycle(frame: pd.DataFrame, words: Words) -> Table:
    """Return customers by stage."""
    columns = [
        text_column(Text("Stage", "阶段"), lambda r: words.of(r, "label")),
        count("customers", Text("Customers", "客户数")),
        share("share"),
        share("share_total", Text("Share of revenue", "收入占比")),
    ]
    caption = Text("Customers by stage of the life cycle", "客户生命周期阶段")
    return frame_table("life-cycle", caption, frame, columns, words)


def value(frame: pd.DataFrame, words: Words) -> Table:
    """Return the predicted value of the coming year; limits that are not known leave no row."""
    columns = [
        text_column(LABEL, lambda r: _capital(words.of(r, "label"))),
        ColumnSpec(Text("Value", "数值"), lambda r: VALUES.get(str(r["measure"]), _money)(r)),
    ]
    known = frame[frame["value"].notna()]
    note = Text(
        "No interval of the total: the data hardly tell the parameters of the model.",
        "总价值不附置信区间：数据几乎无法确定模型参数。",
    )
    notes = [words.say(note)] if len(known) < len(frame) else []
    caption = Text(
        "Predicted customer value, one year (BG/NBD × gamma-gamma)",
        "未来一年客户价值预测（BG/NBD × Gamma-Gamma）",
    )
    return frame_table("value", caption, known, columns, words, notes=notes)


def _money(record: Record) -> str:
    return number(record["value"], 2)


#: Measures of predicted value that are no money.
VALUES: Mapping[str, Callable[[Record], str]] = {
    "customers": lambda r: integer(r["value"]),
    "p_alive": lambda r: bounded(r["value"], 2),
    "purchases": lambda r: number(r["value"], 1),
    "margin": lambda r: percent(r["value"]),
    "discount_rate": lambda r: percent(r["value"]),
}


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]


def triangulation(frame: pd.DataFrame, words: Words) -> Table:
    """Return agreement of measures of loyalty."""
    columns = [
        text_column(Text("Measures", "测量"), lambda r: words.of(r, "label"), is_prose=True),
        count("n", Text("n")),
        ColumnSpec(
            Text("r [95% CI]", "r [95% 区间]"),
            lambda r: (
                f"{bounded(r['r'], 2)} "
                + interval(r["ci_lower"], r["ci_upper"], 2, is_bounded=True)
            ),
        ),
        bounded_column("spearman", Text("ρ"), 2),
        bounded_column("r_true", Text("r, no error", "去衰减 r"), 2),
        bounded_column("kappa", Text("κ"), 2),
    ]
    caption = Text("Loyalty measured three ways", "忠诚度三种测量方式的一致性")
    return frame_table("triangulation", caption, frame, columns, words)


def what_if(frame: pd.DataFrame, words: Words) -> Table:
    """Return what raising each driver is worth."""
    everybody = Text("all", "全体")
    columns = [
        text_column(Text("Driver", "驱动因素"), lambda r: words.name(str(r["driver"]))),
        text_column(
            Text("Customers", "客户"),
            lambda r: (
                words.say(everybody) if r["segment"] == "all" else words.name(str(r["segment"]))
            ),
        ),
        count("n", Text("n")),
        value_column("baseline", Text("Now", "现值"), 2),
        value_column("raised", Text("Raised", "提升后"), 2),
        value_column("change", Text("Change", "变化"), 2),
        share("share", Text("Change, %", "变化率")),
        limits("boot_lower", "boot_upper", Text("95% bootstrap", "95% 自助法区间"), 2),
    ]
    note = Text(
        "One scale point on the mean of the driver's items; value: amount × frequency, a year. "
        "It holds if the arrows are causes.",
        "驱动因素题项均值提高 1 分；价值为每年的金额 × 频率。前提是模型中的路径为因果关系。",
    )
    caption = Text("What raising a driver is worth", "提升驱动因素的价值测算")
    return frame_table(
        "what-if", caption, frame, columns, words, notes=[words.say(note)], sources=("duan_1983",)
    )


AUDIT_VERDICTS = {
    "consistent": Text("consistent", "一致"),
    "inconsistent": Text("inconsistent", "不一致"),
    "impossible": Text("impossible", "不可能"),
}


def audit(frame: pd.DataFrame, words: Words) -> Table:
    """Return the relations between printed numbers with the arithmetic."""
    columns = [
        text_column(Text("Place", "位置"), lambda r: words.name(str(r["place"]))),
        text_column(Text("Relation", "关系"), lambda r: relation_name(str(r["relation"]), words)),
        text_column(Text("Printed", "报告值"), lambda r: str(r["printed"])),
        text_column(Text("Arithmetic", "核算"), lambda r: words.of(r, "arithmetic"), is_prose=True),
        text_column(Text("Verdict", "结论"), lambda r: words.say(AUDIT_VERDICTS[r["verdict"]])),
    ]
    caption = Text("Audit of the printed study", "原文结果核查")
    return frame_table("audit", caption, frame, columns, words)


#: Relations that do not go by the abbreviation of a measure.
RELATIONS = {
    "valid_share": Text("Valid share", "有效回收率"),
    "rmsea_interval": Text("Interval of RMSEA", "RMSEA 区间"),
    "pvalue": Text("p"),
    "chisq_df": Text("χ²/df"),
    "df": Text("df", "自由度"),
}


def relation_name(relation: str, words: Words) -> str:
    """Return the readers' name of a relation: that of a fit measure is its abbreviation."""
    known = {**{key: Text(key.upper()) for key in FIT_NAMES}, **RELATIONS}
    return words.say(known.get(relation, Text(relation.replace("_", " "))))


def feasible(frame: pd.DataFrame, words: Words) -> Table:
    """Return what can have printed the fit."""
    columns = [
        text_column(Text("Model", "模型"), lambda r: words.name(str(r["model"]))),
        count("p", Text("Variables", "观测变量数")),
        ColumnSpec(
            Text("df", "自由度"),
            lambda r: f"{integer(r['df_lower'])} – {integer(r['df_upper'])}",
        ),
        ColumnSpec(
            Text("Parameters", "参数个数"),
            lambda r: f"{integer(r['q_lower'])} – {integer(r['q_upper'])}",
        ),
    ]
    caption = Text("Sets that can have printed the fit", "与报告拟合指标相容的模型规模")
    return frame_table("audit-feasible", caption, frame, columns, words)


def crosscheck(frame: pd.DataFrame, words: Words) -> Table:
    """Return the largest difference to each other program."""
    columns = [
        text_column(Text("Program", "程序"), lambda r: f"{r['program']} {r['version'] or ''}"),
        count("quantities", Text("Quantities", "比较项数")),
        ColumnSpec(Text("Largest difference", "最大差异"), lambda r: number(r["largest"], 6)),
        text_column(Text("Note", "说明"), lambda r: str(r["note"]), is_prose=True),
    ]
    caption = Text("Cross-check with other programs", "与其他程序的核对")
    return frame_table("crosscheck", caption, frame, columns, words)


STATUS = {
    "done": Text("done", "已报告"),
    "missing": Text("missing", "缺失"),
    "author": Text("the author must write", "须由作者撰写"),
}


def jars(frame: pd.DataFrame, words: Words) -> Table:
    """Return the checklist of reporting standards."""
    columns = [
        text_column(Text("To report", "报告内容"), lambda r: words.of(r, "item"), is_prose=True),
        text_column(Text("Status", "状态"), lambda r: words.say(STATUS[r["status"]])),
    ]
    caption = Text("Checklist after JARS–Quant (APA)", "JARS–Quant（APA）报告规范清单")
    return frame_table(
        "jars", caption, frame, columns, words, group=lambda r: words.of(r, "section")
    )
