"""Whom a screening remarks upon, and what the model says with and without them."""

from __future__ import annotations

import pandas as pd

from loyaltysem.core.display import MISSING, bounded, integer, number, percent, pvalue
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Cell, Table, Tone
from loyaltysem.reporting.tables.layout import ColumnSpec, Record, Words, frame_table, text_column
from loyaltysem.reporting.tables.structure import FIT_NAMES, SUPPORTED, UNBOUNDED, effect_name

IN_RULE = {
    "alone": Text("alone enough", "单项即可"),
    "together": Text("with others", "须与其他项同时"),
    "": Text("not in the rule", "不计入规则"),
}
MET = {"met": Text("met", "达标"), "not met": Text("not met", "未达标"), "": Text(MISSING)}
SIGNIFICANT = {
    "supported": Text("p < .05"),
    "not supported": Text("n.s.", "不显著"),
    "not testable": Text("not testable", "无法检验"),
}
KINDS = {
    "size": Text("Sample", "样本"),
    "path": Text("Structural paths (β)", "结构路径（β）"),
    "defined": Text("Defined parameters (B)", "定义参数（B）"),
    "fit": Text("Model fit", "模型拟合"),
}
WHOLE = frozenset({"n_obs", "df"})


def screening(frame: pd.DataFrame, words: Words) -> Table:
    """Return the criteria with cut-offs, counts and what each counts for in the rule."""
    note = Text(
        "Remarked upon: beyond the cut-off; “only here”: by no other criterion. A remark is a "
        "reason to look at a row, not proof of careless answering.",
        "标记人数：超出界值者；“仅此一项”：未被其他标准标记者。被标记只说明需要核查，"
        "并不等于草率作答。",
    )
    return frame_table(
        "screening",
        Text("Screening for careless answers", "草率作答筛查"),
        frame,
        [
            text_column(Text("Criterion", "筛查标准"), lambda r: words.of(r, "title")),
            ColumnSpec(Text("Cut-off", "界值"), _cutoff),
            ColumnSpec(Text("n", "可计算人数"), lambda r: integer(r["n"])),
            ColumnSpec(Text("Remarked", "标记人数"), lambda r: integer(r["flagged"])),
            ColumnSpec(Text("%", "占比"), lambda r: percent(r["share"])),
            ColumnSpec(Text("Only here", "仅此一项"), lambda r: integer(r["only"])),
            text_column(Text("In the rule", "规则中的作用"), lambda r: words.say(
                IN_RULE[str(r["in_rule"])])),
            text_column(Text("Source", "依据"), lambda r: (
                words.cite(str(r["source"])) if r["source"] else MISSING)),
        ],
        words,
        notes=[words.say(note)],
        sources=[str(source) for source in frame["source"]],
    )  # fmt: skip


def _cutoff(record: Record) -> str:
    name, value = str(record["criterion"]), record["cutoff"]
    if str(record["index"]).endswith("_of"):
        return MISSING
    if name == "mahalanobis":
        return f"p < {bounded(value)}"
    if name == "missing":
        return f"> {percent(value, 0)}"
    if name in ("longstring", "attention"):
        return f"≥ {integer(value)}"
    if name == "irv":
        return f"≤ {number(value, 2)}"
    if name == "response_time":
        return f"< {number(value, 2)} s"
    return f"r {'>' if name == 'antonyms' else '<'} {bounded(value, 2)}"


def with_without(frame: pd.DataFrame, words: Words) -> Table:
    """Return paths, defined parameters and fit with all respondents and without the screened."""
    note = Text(
        "With: everybody who answered; without: nobody who meets the rule. Cases: those with an "
        "answer to every item of the model. Difference: without less with. Verdicts as in the "
        "hypotheses, others two-sided at .05. † the two differ.",
        "剔除前：全部答卷；剔除后：不含符合筛查规则的答卷。样本量：模型题项作答完整的答卷数。"
        "差值为剔除后减剔除前。"
        "结论判断同假设检验，其余为双侧 .05 水平。† 两者不一致。",
    )
    return frame_table(
        "with-without",
        Text("Results with and without the screened respondents", "剔除被标记答卷前后的结果"),
        frame,
        [
            text_column(Text("", ""), lambda r: str(r["hypothesis"])),
            text_column(Text("Result", "结果"), lambda r: _subject(r, words), is_prose=True),
            ColumnSpec(Text("With", "剔除前"), lambda r: _value(r, "with")),
            ColumnSpec(Text("Without", "剔除后"), lambda r: _value(r, "without")),
            ColumnSpec(Text("Difference", "差值"), lambda r: _value(r, "difference")),
            ColumnSpec(Text("p with", "剔除前 p"), lambda r: pvalue(r["pvalue_with"])),
            ColumnSpec(Text("p without", "剔除后 p"), lambda r: pvalue(r["pvalue_without"])),
            text_column(
                Text("Verdict with → without", "结论（前 → 后）"), lambda r: _verdict(r, words)
            ),
        ],
        words,
        notes=[words.say(note)],
        group=lambda r: words.say(KINDS[str(r["kind"])]),
    )


def _subject(record: Record, words: Words) -> str:
    kind, key = str(record["kind"]), str(record["key"])
    if kind == "path":
        return f"{words.name(str(record['rhs']))} → {words.name(str(record['lhs']))}"
    if kind == "defined":
        return effect_name(key, words)
    names = {"n_obs": Text("Cases", "样本量"), "chisq": Text("χ²"), "df": Text("df", "自由度"),
             "pvalue": Text("p")}  # fmt: skip
    return words.say(names[key] if key in names else FIT_NAMES[key])


def _value(record: Record, which: str) -> str:
    kind, key = str(record["kind"]), str(record["key"])
    if kind == "path":
        return bounded(record[f"std_{which}"])
    value = record[f"est_{which}"]
    if key in WHOLE:
        return integer(value)
    if key == "pvalue":
        return MISSING if which == "difference" else pvalue(value)
    if kind == "defined":
        return number(value)
    return number(value, 2) if key in UNBOUNDED | {"chisq"} else bounded(value)


def _verdict(record: Record, words: Words) -> Cell:
    """Return the verdict, or both where they differ."""
    (before, tone), (after, _) = (_judged(record, which) for which in ("with", "without"))
    if before == after:
        return Cell(words.say(before), tone)
    return Cell(f"{words.say(before)} → {words.say(after)}", "weak", "†")


def _judged(record: Record, which: str) -> tuple[Text, Tone]:
    verdict = str(record[f"verdict_{which}"])
    if verdict in SUPPORTED:
        return SUPPORTED[verdict] if record["hypothesis"] else (SIGNIFICANT[verdict], "muted")
    return MET[verdict], "" if verdict else "muted"
