"""What a careful reader looks up: covariances, every parameter, printed against reproduced."""

from __future__ import annotations

import pandas as pd

from loyaltysem.core.display import bounded, interval, number, pvalue
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Cell, Table
from loyaltysem.reporting.tables.layout import (
    ESTIMATE_NOTE,
    ColumnSpec,
    Record,
    Words,
    bounded_column,
    estimate_columns,
    frame_table,
    text_column,
    value_column,
)

UNBOUNDED_QUANTITIES = frozenset({"chisq_df", "chisq", "df"})
PARAMETER_KINDS = {
    "=~": Text("Loadings", "因子载荷"),
    "~": Text("Regressions", "回归路径"),
    "~~": Text("Variances and covariances", "方差与协方差"),
    "~1": Text("Intercepts", "截距"),
    ":=": Text("Defined parameters", "定义参数"),
}


def covariances(frame: pd.DataFrame, words: Words) -> Table:
    """Return the free covariances of latent variables and residuals."""
    return frame_table(
        "covariances",
        Text("Covariances", "协方差"),
        frame,
        [
            text_column(
                Text("Pair", "变量对"),
                lambda r: (
                    f"{words.short_name(str(r['var1']))} ↔ {words.short_name(str(r['var2']))}"
                ),
            ),
            *estimate_columns(),
        ],
        words,
        notes=[words.say(ESTIMATE_NOTE)],
    )


def published(frame: pd.DataFrame, words: Words) -> Table:
    """Return what a publication printed beside what came out here, met or not."""
    note = Text(
        "Reproduced: equal to the printed number when rounded to as many decimals as were printed.",
        "一致：按原文的小数位数四舍五入后与原文数值相同。",
    )
    return frame_table(
        "published",
        Text("Printed and reproduced results", "原文结果与复现结果"),
        frame,
        [
            text_column(Text("Quantity", "指标"), lambda r: words.of(r, "label")),
            ColumnSpec(Text("Printed", "原文"), lambda r: _as_printed(r, "printed")),
            ColumnSpec(Text("Here", "复现"), lambda r: _in_full(r, "reproduced")),
            ColumnSpec(Text("Verdict", "比较"), lambda r: _agreement(r, words), "left"),
            text_column(Text("Remark", "说明"), lambda r: words.of(r, "note"), is_prose=True),
        ],
        words,
        notes=[words.say(note)],
    )


def _as_printed(record: Record, field: str) -> str:
    show = number if record["quantity"] in UNBOUNDED_QUANTITIES else bounded
    return show(record[field], int(record["printed_digits"]))


def _in_full(record: Record, field: str) -> str:
    return (
        number(record[field])
        if record["quantity"] in UNBOUNDED_QUANTITIES
        else bounded(record[field])
    )


def _agreement(record: Record, words: Words) -> Cell:
    if record["met"]:
        return Cell(words.say(Text("reproduced", "一致")), "good")
    return Cell(words.say(Text("differs", "不一致")), "weak")


def parameters(frame: pd.DataFrame, words: Words) -> Table:
    """Return every row of the model, one kind after the other."""
    kinds = list(PARAMETER_KINDS)
    order = frame["op"].map(lambda op: kinds.index(op) if op in kinds else len(kinds))
    ordered = frame.loc[order.sort_values(kind="stable").index]
    return frame_table(
        "parameters",
        Text("All parameters", "全部参数"),
        ordered,
        [
            text_column(Text("Parameter", "参数"), _parameter),
            text_column(Text("Label", "标签"), _label),
            value_column("est", Text("B")),
            ColumnSpec(Text("SE"), lambda r: number(r["se"]) if r["se"] > 0 else "–"),
            value_column("z", Text("z"), 2),
            ColumnSpec(Text("p"), lambda r: pvalue(r["pvalue"])),
            ColumnSpec(
                Text("95% CI", "95% 置信区间"),
                lambda r: interval(r["ci_lower"], r["ci_upper"]) if r["se"] > 0 else "–",
            ),
            value_column("std_lv", Text("Std. (latent)", "标准化（潜变量）")),
            bounded_column("std_all", Text("Std. (all)", "标准化（全部）")),
        ],
        words,
        group=lambda r: words.say(PARAMETER_KINDS.get(str(r["op"]), Text(str(r["op"])))),
    )


def _label(record: Record) -> str:
    """Return a parameter's label; a defined parameter's is its own name."""
    return "" if record["op"] == ":=" else str(record.get("label") or "")


def _parameter(record: Record) -> str:
    """Return the row in the model's own syntax."""
    if record["op"] == "~1":
        return f"{record['lhs']} ~ 1"
    return f"{record['lhs']} {record['op']} {record['rhs']}"
