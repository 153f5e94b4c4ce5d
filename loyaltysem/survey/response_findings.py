"""What the reader of a survey's result must know about its data, in words and without names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.survey.provenance import Provenance
from loyaltysem.survey.response_flow import Exclusion


def synthetic_finding(provenance: Provenance) -> tuple[Finding, ...]:
    """Say that no row is a person."""
    if not provenance.synthetic:
        return ()
    text = Text(
        "These data are synthetic: no row is a person.", "本数据为模拟数据，不含真实受访者。"
    )
    return (Finding("data.synthetic", text, provenance.description, severity="note"),)


def item_findings(items: pd.DataFrame) -> tuple[Finding, ...]:
    """Warn of items that carry no information: never answered, or always alike."""
    values = items.to_numpy(np.float64)
    answered = ~np.isnan(values)
    high = np.where(answered, values, -np.inf).max(axis=0)
    low = np.where(answered, values, np.inf).min(axis=0)
    findings: list[Finding] = []
    for name, any_answer, bottom, top in zip(
        items.columns, answered.any(axis=0), low, high, strict=True
    ):
        if not any_answer:
            text = Text(f"Nobody answered item '{name}'.", f"题项“{name}”无人作答。")
            findings.append(Finding("data.empty_item", text, _LEAVE_OUT))
        elif bottom == top:
            text = Text(
                f"Everybody who answered item '{name}' gave {top:g}.",
                f"题项“{name}”的所有回答均为 {top:g}。",
            )
            findings.append(Finding("data.constant_item", text, _LEAVE_OUT))
    return tuple(findings)


_LEAVE_OUT = Text(
    "An item that does not vary cannot be modelled; leave it out.",
    "没有变异的题项无法进入模型，请将其剔除。",
)


def _people(n: int) -> str:
    return f"{n} respondent" if n == 1 else f"{n} respondents"


def silent_finding(items: pd.DataFrame) -> tuple[Finding, ...]:
    """Say how many respondents answered nothing."""
    silent = int(items.isna().all(axis=1).sum())
    if not silent:
        return ()
    text = Text(
        f"{_people(silent)} answered no item at all.", f"有 {silent} 位受访者未回答任何题项。"
    )
    return (Finding("data.no_answers", text),)


def extra_finding(extra: tuple[str, ...]) -> tuple[Finding, ...]:
    """Name the columns that the questionnaire does not ask for."""
    if not extra:
        return ()
    text = Text(
        f"Columns not in the questionnaire, kept but not used: {', '.join(extra)}.",
        f"问卷中未定义的列（保留但不参与分析）：{'、'.join(extra)}。",
    )
    return (Finding("data.extra_columns", text, severity="note"),)


def blank_finding(blank_rows: int) -> tuple[Finding, ...]:
    """Say how many rows were blank."""
    if not blank_rows:
        return ()
    text = Text(f"{blank_rows} blank row(s) left out.", f"已略去 {blank_rows} 个空行。")
    return (Finding("data.blank_rows", text, severity="note"),)


def problem_finding(problems: pd.DataFrame) -> tuple[Finding, ...]:
    """Say what was noted instead of raised."""
    if not len(problems):
        return ()
    counts = problems["rule"].value_counts(sort=False)
    rules = ", ".join(f"{count} × {rule}" for rule, count in counts.items())
    text = Text(
        f"{len(problems)} cell(s) do not fit the questionnaire: {rules}. Impossible answers count "
        "as missing.",
        f"有 {len(problems)} 个单元格不符合问卷要求（{rules}），不可能的答案按缺失处理。",
    )
    hint = Text("All are listed in .problems.", "完整列表见 .problems。")
    return (Finding("data.problems_noted", text, hint),)


def exclusion_finding(exclusions: tuple[Exclusion, ...]) -> tuple[Finding, ...]:
    """Say who was left out, by which rule and on what ground."""
    if not exclusions:
        return ()
    count = sum(exclusion.count for exclusion in exclusions)
    en = "; ".join(f"{e.reason.en} {e.count} (rule “{e.rule}”)" for e in exclusions)
    zh = "；".join(f"{e.reason.in_('zh')} {e.count} 份（规则“{e.rule}”）" for e in exclusions)
    text = Text(
        f"Left out by the researcher's rules: {_people(count)} ({en}).",
        f"按研究者设定的规则共剔除 {count} 份答卷：{zh}。",
    )
    hint = Text("Report results with and without them.", "建议同时报告剔除前后的结果。")
    return (Finding("data.excluded", text, hint, severity="note"),)


def identity_finding(columns: tuple[str, ...], *, weak_key: bool) -> tuple[Finding, ...]:
    """Say what may still give respondents away after pseudonymisation."""
    findings = []
    if columns:
        text = Text(
            f"Columns that may still identify people: {', '.join(columns)}.",
            f"以下列仍可能识别出受访者身份：{'、'.join(columns)}。",
        )
        hint = Text(
            "Drop them before the data leave your hands, or name them in `also`.",
            "对外提供数据前请删除这些列，或用 also 参数一并假名化。",
        )
        findings.append(Finding("data.may_identify", text, hint))
    if weak_key:
        text = Text(
            "The key of the pseudonyms is shorter than 16 bytes and may be guessed.",
            "假名化密钥不足 16 字节，存在被猜出的风险。",
        )
        hint = Text("Make one with secrets.token_hex(32).", "可用 secrets.token_hex(32) 生成密钥。")
        findings.append(Finding("data.weak_key", text, hint))
    return tuple(findings)
