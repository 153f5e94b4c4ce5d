"""Checks from outside: the printed results audited, the fit computed by other programs, JARS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from loyaltysem.analysis.crosscheck import crosscheck
from loyaltysem.core.errors import Finding, MissingExtraError
from loyaltysem.core.text import Text
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study.audit.run import audit
from loyaltysem.study.part import Part


def audit_part(paper: Path) -> Part:
    """Hold the numbers of the printed study against each other.

    Returns
    -------
    Part
        ``audit``: ``place relation printed lower upper verdict arithmetic_en arithmetic_zh
        source``; ``audit_feasible``: sets of p, df and q that can have printed the fit;
        ``audit_claims``: what claims of fit rest on.
    """
    found = audit(paper)
    rows = [
        {
            "place": check.place, "relation": check.relation, "printed": check.printed,
            "lower": float(check.implied[0]), "upper": float(check.implied[1]),
            "verdict": check.verdict, "arithmetic_en": check.arithmetic.en,
            "arithmetic_zh": check.arithmetic.in_("zh"), "source": check.source,
        }
        for check in found.checks
    ]  # fmt: skip
    tables = {
        "audit": pd.DataFrame(rows),
        "audit_feasible": found.feasible.reset_index(drop=True),
        "audit_claims": found.claims.reset_index(drop=True),
    }
    kept = {key: frame for key, frame in tables.items() if not frame.empty}
    return Part(kept, found.findings)


def crosscheck_part(fit: SEMResult) -> Part:
    """Compare with independent programs, where they are installed.

    Returns
    -------
    Part
        ``crosscheck``: ``program version quantities largest note``.
    """
    try:
        found = crosscheck(fit)
    except MissingExtraError as error:
        return Part(findings=(_not_installed(error),))
    rows = []
    for (program, version), part in found.frame.groupby(["program", "version"], dropna=False):
        notes = [str(note) for note in part["note"].dropna().unique() if note]
        rows.append(
            {"program": program, "version": version,
             "quantities": int(part["difference"].notna().sum()),
             "largest": float(part["difference"].abs().max()), "note": "; ".join(notes)}
        )  # fmt: skip
    return Part({"crosscheck": pd.DataFrame(rows)})


def _not_installed(error: MissingExtraError) -> Finding:
    command = error.hint.partition(":")[2].strip()
    return Finding(
        "crosscheck.not_installed",
        Text(
            "No other program checked these numbers: semopy and pingouin are not installed.",
            "未安装 semopy 与 pingouin，因此未用其他程序核对结果。",
        ),
        Text(f"Install them with: {command}", f"安装命令：{command}"),
        "note",
    )


#: JARS-Quant items: section, what is to be reported, and the tables that report it. Without tables
#: the author must write it.
JARS: tuple[tuple[Text, Text, tuple[str, ...]], ...] = (
    (Text("Introduction", "引言"), Text("Problem, theory and aims", "研究问题、理论与目的"), ()),
    (Text("Introduction", "引言"), Text("Hypotheses", "研究假设"), ("hypotheses",)),
    (Text("Method", "方法"), Text("Inclusion and exclusion criteria", "样本纳入与剔除标准"),
     ("screening_rule",)),
    (Text("Method", "方法"), Text("Participant flow", "样本流程"), ("flow",)),
    (Text("Method", "方法"), Text("Characteristics of participants", "样本特征"), ("sample",)),
    (Text("Method", "方法"), Text("Sampling, setting and dates", "抽样方法、地点与时间"), ()),
    (Text("Method", "方法"), Text("Ethics approval and consent", "伦理审查与知情同意"), ()),
    (Text("Method", "方法"), Text("Intended sample size and power", "样本量依据与检验功效"),
     ("power",)),
    (Text("Method", "方法"), Text("Measures and their wording", "测量工具与题项"), ("items",)),
    (Text("Method", "方法"), Text("Reliability and validity of measures", "信度与效度"),
     ("reliability", "htmt")),
    (Text("Method", "方法"), Text("Careless answering and data diagnostics", "草率作答与数据诊断"),
     ("screening",)),
    (Text("Method", "方法"), Text("Distributions", "数据分布"), ("normality",)),
    (Text("Method", "方法"), Text("Common-method bias", "共同方法偏差"), ("method_bias",)),
    (Text("Method", "方法"), Text("Non-response", "无应答偏差"), ("nonresponse",)),
    (Text("Method", "方法"), Text("Software and estimator", "软件与估计方法"), ("fit",)),
    (Text("Results", "结果"), Text("Model fit with its cut-offs", "模型拟合与判断标准"), ("fit",)),
    (Text("Results", "结果"), Text("Alternative models", "竞争模型"), ("rivals",)),
    (Text("Results", "结果"), Text("All parameters with intervals", "全部参数及标准误与区间"),
     ("parameters",)),
    (Text("Results", "结果"), Text("Effect sizes", "效应量"), ("effect_sizes",)),
    (Text("Results", "结果"), Text("Indirect effects with intervals", "间接效应及其区间"),
     ("mediation",)),
    (Text("Results", "结果"), Text("Groups and invariance", "多组比较与测量等值"), ("invariance",)),
    (Text("Results", "结果"), Text("Sensitivity of results to decisions", "结果对分析决策的稳健性"),
     ("multiverse",)),
    (Text("Discussion", "讨论"), Text("Support of each hypothesis", "各假设的检验结论"),
     ("hypotheses",)),
    (Text("Discussion", "讨论"), Text("Limits and generalisation", "研究局限与推广"), ()),
    (Text("Discussion", "讨论"), Text("Funding, conflicts of interest, data access",
                                    "资助、利益冲突与数据获取"), ()),
)  # fmt: skip


def jars_table(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the reporting checklist: ``section_en … item_en … status tables``.

    `status` is "done" where every table is there, "missing" where one is not, "author" where only
    the author can say it.
    """
    rows = []
    for section, item, needed in JARS:
        there = all(key in tables for key in needed)
        rows.append(
            {"section_en": section.en, "section_zh": section.zh, "item_en": item.en,
             "item_zh": item.zh, "status": _status(needed, there), "tables": " ".join(needed)}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _status(needed: tuple[str, ...], there: bool) -> str:
    if not needed:
        return "author"
    return "done" if there else "missing"
