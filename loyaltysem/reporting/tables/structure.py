"""What leads to what, and whether the model as a whole holds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from loyaltysem.core.display import MISSING, bounded, integer, interval, number, p_relation, pvalue
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Cell, Column, Row, Table, Tone
from loyaltysem.reporting.tables.layout import (
    ESTIMATE_NOTE,
    ColumnSpec,
    Record,
    Words,
    bounded_column,
    estimate_columns,
    frame_table,
    records_of,
    text_column,
    value_column,
)

FIT_NAMES: Mapping[str, Text] = MappingProxyType(
    {
        "chisq_df": Text("χ²/df"),
        "gfi": Text("GFI"),
        "agfi": Text("AGFI"),
        "pgfi": Text("PGFI"),
        "rmsea": Text("RMSEA"),
        "srmr": Text("SRMR"),
        "cfi": Text("CFI"),
        "tli": Text("TLI"),
        "nfi": Text("NFI"),
        "ifi": Text("IFI"),
        "aic": Text("AIC"),
        "bic": Text("BIC"),
    }
)
"""Fit measures in printed order; χ², its interval's ends and the sizes have rows of their own."""
EFFECTS: Mapping[str, Text] = MappingProxyType(
    {
        "indirect": Text("Indirect effect", "间接效应"),
        "direct": Text("Direct effect", "直接效应"),
        "total": Text("Total effect", "总效应"),
    }
)
"""Readers' names of effects that modellers call by these words."""
UNBOUNDED = frozenset({"chisq_df", "aic", "bic"})
YES, NO = Text("met", "达标"), Text("not met", "未达标")
SUPPORTED: Mapping[str, tuple[Text, Tone]] = MappingProxyType(
    {
        "supported": (Text("supported", "支持"), "good"),
        "not supported": (Text("not supported", "不支持"), "weak"),
        "not testable": (Text("not testable", "无法检验"), "muted"),
    }
)


def model_fit(frame: pd.DataFrame, words: Words) -> Table:
    """Return the fit measures beside their cut-offs, verdicts and sources."""
    records: dict[str, Record] = {str(r["measure"]): r for r in records_of(frame)}
    value = {name: float(r["value"]) for name, r in records.items()}
    rows = [_chi_square_row(value, words)] if "chisq" in value else []
    rows += [_fit_row(name, records[name], value, words) for name in FIT_NAMES if name in records]
    heads = (
        Column(words.say(Text("Measure", "拟合指数")), "left"),
        Column(words.say(Text("Value", "结果"))),
        Column(words.say(Text("Cut-off", "标准")), "left"),
        Column(words.say(Text("Verdict", "判断")), "left"),
        Column(words.say(Text("Source", "依据")), "left"),
    )
    note = Text(
        "RMSEA with its 90% confidence interval. GFI and AGFI are those of Jöreskog and Sörbom, as "
        "AMOS prints them. A cut-off is a convention, not a test; where no source gives a "
        "defensible one there is no verdict.",
        "RMSEA 附 90% 置信区间。GFI 与 AGFI 按 Jöreskog 与 Sörbom 的定义计算，与 AMOS 输出一致。"
        "标准只是惯例，并非检验；没有可靠文献依据的指数不作判断。",
    )
    sources = [str(r["source"]) for r in records.values() if r["source"]]
    return Table(
        "fit",
        words.say(Text("Model fit against cut-offs", "模型拟合指数与标准")),
        heads,
        tuple(rows),
        (words.say(note),),
        tuple(dict.fromkeys(sources)),
    )


def _chi_square_row(value: Mapping[str, float], words: Words) -> Row:
    df, p = value.get("df"), value.get("pvalue")
    text = f"{number(value['chisq'], 2)}, {p_relation(p)}"
    name = f"χ² ({words.say(Text('df', '自由度'))} = {integer(df)})"
    return Row((Cell(name), Cell(text), Cell(MISSING), Cell(MISSING), Cell(MISSING)))


def _fit_row(name: str, record: Record, value: Mapping[str, float], words: Words) -> Row:
    digits = 2 if name in UNBOUNDED else 3
    shown = number(value[name], digits) if name in UNBOUNDED else bounded(value[name], digits)
    if name == "rmsea" and "rmsea_ci_lower" in value:
        shown += " " + interval(value["rmsea_ci_lower"], value["rmsea_ci_upper"], is_bounded=True)
    source = words.cite(str(record["source"])) if record["source"] else MISSING
    cutoff = Cell(_cutoff(record, words))
    return Row(
        (Cell(words.say(FIT_NAMES[name])), Cell(shown), cutoff, _verdict(record, words),
         Cell(source))
    )  # fmt: skip


def _cutoff(record: Record, words: Words) -> str:
    """Return the cut-off as printed; the one English word it may hold is translated."""
    shown = str(record["cutoff"]) or MISSING
    return shown.replace(" (convention)", words.inside(words.say(Text("convention", "惯例"))))


def _verdict(record: Record, words: Words) -> Cell:
    if record["met"] is None or record["met"] != record["met"]:
        return Cell(MISSING, "muted")
    return Cell(words.say(YES), "good") if record["met"] else Cell(words.say(NO), "weak")


def paths(frame: pd.DataFrame, words: Words) -> Table:
    """Return the structural paths, grouped by outcome."""
    return frame_table(
        "paths",
        Text("Structural paths", "结构路径"),
        frame,
        [
            text_column(Text("Path", "路径"), lambda r: _arrow(r, words)),
            *estimate_columns(),
        ],
        words,
        notes=[words.say(ESTIMATE_NOTE)],
    )


def _arrow(record: Record, words: Words) -> str:
    return f"{words.name(str(record['predictor']))} → {words.name(str(record['outcome']))}"


def defined(frame: pd.DataFrame, words: Words) -> Table:
    """Return defined parameters, such as indirect and total effects."""
    note = Text(
        "Standard errors by the delta method; the interval of a product is symmetric by "
        "construction, a bootstrap interval need not be.",
        "标准误由 delta 法求得；乘积项的置信区间因而对称，自助法区间则未必如此。",
    )
    return frame_table(
        "effects",
        Text("Defined parameters: indirect and total effects", "定义参数：间接效应与总效应"),
        frame,
        [
            text_column(Text("Effect", "效应"), lambda r: _effect(r, words)),
            text_column(Text("Formula", "表达式"), lambda r: str(r["expression"])),
            *estimate_columns(),
        ],
        words,
        notes=[words.say(note)],
        sources=["sobel_1982"],
    )


def _effect(record: Record, words: Words) -> str:
    return effect_name(str(record["name"]), words)


def effect_name(name: str, words: Words) -> str:
    """Return the readers' name of a defined parameter, or its own name."""
    common = EFFECTS.get(name.casefold())
    return words.name(name) if name in words.labels or common is None else words.say(common)


def rsquare(frame: pd.DataFrame, words: Words) -> Table:
    """Return R² of endogenous latent variables, then of indicators."""
    is_latent = frame["is_latent"].astype(bool)
    ordered = pd.concat([frame[is_latent], frame[~is_latent]])
    kinds = {
        True: words.say(Text("Latent variables", "潜变量")),
        False: words.say(Text("Observed variables", "观测变量")),
    }
    return frame_table(
        "rsquare",
        Text("Explained variance", "方差解释量（R²）"),
        ordered,
        [
            text_column(Text("Variable", "变量"), lambda r: words.short_name(str(r["variable"]))),
            bounded_column("r2", Text("R²")),
        ],
        words,
        group=lambda r: kinds[bool(r["is_latent"])],
    )


def hypotheses(frame: pd.DataFrame, words: Words) -> Table:
    """Return each hypothesis with its estimate and verdict."""
    note = Text(
        "Supported: the estimate has the expected sign and p < .05 (two-sided), or its bootstrap "
        "interval keeps clear of 0 on that side.",
        "支持：估计值符号与预期一致，且 p < .05（双侧）；或其自助法区间在预期方向上不含 0。",
    )
    several = "evidence" in frame and frame["evidence"].nunique() > 1
    return frame_table(
        "hypotheses",
        Text("Hypotheses", "假设检验结果"),
        frame,
        [
            text_column(Text("", ""), lambda r: str(r["hypothesis"])),
            text_column(
                Text("Hypothesis", "假设内容"),
                lambda r: _claim(r, words, several),
                is_prose=True,
            ),
            ColumnSpec(Text("Expected", "预期"), _expected, "center"),
            bounded_column("std_all", Text("β")),
            value_column("est", Text("B")),
            ColumnSpec(Text("SE"), lambda r: number(r["se"])),
            ColumnSpec(Text("p"), lambda r: pvalue(r["pvalue"])),
            ColumnSpec(
                Text("95% CI of B", "B 的 95% 置信区间"),
                lambda r: interval(r["ci_lower"], r["ci_upper"]),
            ),
            *_evidence_columns(frame),
            ColumnSpec(Text("Verdict", "结论"), lambda r: decision(r, words), "left"),
        ],
        words,
        notes=[words.say(note)],
    )


def _evidence_columns(frame: pd.DataFrame) -> list[ColumnSpec]:
    """Return effect sizes, where the frame has them."""
    if "evidence" not in frame:
        return []
    return [bounded_column("r2", Text("R²"), 2), value_column("f2", Text("f²"), 2)]


def _claim(record: Record, words: Words, tells_evidence: bool) -> Cell:
    """Return the claim, with the analysis its verdict comes from below it."""
    below = words.of(record, "evidence") if tells_evidence else ""
    return Cell(words.of(record, "text"), below=below)


def _expected(record: Record) -> str:
    return {"+": "+", "-": "−", "≠0": "≠ 0"}.get(str(record["expected"]), str(record["expected"]))


def decision(record: Record, words: Words) -> Cell:
    """Return a hypothesis' verdict in words."""
    text, tone = SUPPORTED[str(record["verdict"])]
    return Cell(words.say(text), tone)
