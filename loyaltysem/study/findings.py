"""What the tables mean for the reader, in words: weak fit, weak scales, overlapping constructs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from loyaltysem.analysis.cutoffs import REGISTRY, judge
from loyaltysem.core.display import bounded, number
from loyaltysem.core.errors import Finding
from loyaltysem.core.references import reference
from loyaltysem.core.text import LANGUAGES, Language, Text
from loyaltysem.study.sections import label_of

_MEASURE_NAMES: Mapping[str, str] = {
    "cfi": "CFI",
    "tli": "TLI",
    "rmsea": "RMSEA",
    "srmr": "SRMR",
    "nfi": "NFI",
}

_CONVENTION = Text(
    "Cut-offs are conventions, not laws (Marsh et al., 2004): look at the residuals, and read the "
    "paths with this in mind.",
    "临界值只是惯例而非铁律（Marsh et al., 2004）：请结合残差判断，并据此谨慎解读路径系数。",
)
_OVERLAP_HINT = Text(
    "Their paths compete for the same variance; consider whether they are one construct.",
    "二者的路径系数会争夺同一部分方差；请考虑它们是否实为同一构念。",
)


def named(finding: Finding, names: Mapping[str, Text]) -> Finding:
    """Return a finding that calls variables by their readers' names, paths by arrows.

    Examples
    --------
    >>> from loyaltysem.core.errors import Finding
    >>> from loyaltysem.core.text import Text
    >>> plain = Finding("x", Text("Open: CLV~Loyalty, total [0, 1].", "未定：CLV~Loyalty。"))
    >>> labels = {"CLV": Text("Lifetime value", "终身价值"), "Loyalty": Text("Loyalty", "忠诚")}
    >>> named(plain, labels).text
    Text(en='Open: Loyalty → Lifetime value, total [0, 1].', zh='未定：忠诚 → 终身价值。')
    """
    if not names:
        return finding
    anyone = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    # No \b: Chinese characters beside a name are letters too.
    known = re.compile(rf"(?<![A-Za-z0-9_])({anyone})(?:~({anyone}))?(?![A-Za-z0-9_])")

    def said(text: Text) -> Text:
        return Text(*(_renamed(text.in_(spoken), known, names, spoken) for spoken in LANGUAGES))

    return replace(finding, text=said(finding.text), hint=said(finding.hint))


def _renamed(
    text: str, known: re.Pattern[str], names: Mapping[str, Text], language: Language
) -> str:
    return known.sub(lambda found: _arrow(found, names, language), text)


def _arrow(found: re.Match[str], names: Mapping[str, Text], language: Language) -> str:
    """Return the name a pattern found, or of a path both, from predictor to outcome."""
    outcome, predictor = (names[name].in_(language) if name else "" for name in found.groups())
    return f"{predictor} → {outcome}" if predictor else outcome


def fit_findings(fit_table: pd.DataFrame) -> tuple[Finding, ...]:
    """Return one finding naming every fit measure that misses its cut-off, if any does."""
    missed = fit_table[[met is False for met in fit_table["met"]]]
    if missed.empty:
        return ()
    rows = zip(missed["measure"], missed["value"], missed["cutoff"], missed["source"], strict=True)
    parts = [_miss(*row) for row in rows]
    text = Text(
        f"The model misses conventional cut-offs of fit: {'; '.join(p.en for p in parts)}.",
        f"模型未达到以下常用拟合标准：{'；'.join(p.zh for p in parts)}。",
    )
    return (Finding("fit.weak", text, _CONVENTION),)


def correction_finding(corrected: bool, description: str, test: str) -> tuple[Finding, ...]:
    """Return a note on which statistics the fit table holds, where they are corrected ones."""
    if not corrected:
        return ()
    text = Text(
        f"χ², CFI, TLI and RMSEA are the corrected ones ({description}; test {test}); indices are "
        "robust where that is defined, otherwise scaled.",
        f"χ²、CFI、TLI 与 RMSEA 均为校正值（{test}）；"
        "指数在有定义时采用稳健值，否则采用标度校正值。",
    )
    return (Finding("fit.corrected", text, severity="note"),)


def _miss(measure: str, value: float, cutoff: str, source: str) -> Text:
    name, cited = _MEASURE_NAMES[measure], reference(source).in_parentheses
    return Text(
        f"{name} = {bounded(value)} ({cutoff}, {cited})",
        f"{name} = {bounded(value)}（标准 {cutoff}，{cited}）",
    )


def path_findings(paths: pd.DataFrame, labels: Mapping[str, Text]) -> tuple[Finding, ...]:
    """Return a finding naming the standardised paths beyond ±1, if there are any."""
    beyond = paths[paths["std_all"].abs() > 1]
    if beyond.empty:
        return ()
    rows = list(zip(beyond["predictor"], beyond["outcome"], beyond["std_all"], strict=True))
    en, zh = (
        mark.join(
            f"{label_of(labels, a).in_(language)} → {label_of(labels, b).in_(language)} {number(x)}"
            for a, b, x in rows
        )
        for language, mark in zip(LANGUAGES, ("; ", "；"), strict=True)
    )
    text = Text(
        f"Standardised paths beyond ±1: {en}.",
        f"以下标准化路径系数的绝对值大于 1：{zh}。",
    )
    return (Finding("paths.beyond_one", text, _COLLINEAR_HINT),)


_COLLINEAR_HINT = Text(
    "This can happen when predictors overlap so much that their effects cannot be told apart: the "
    "single coefficients, their signs and their tests should not be interpreted.",
    "当预测变量高度重叠、其效应难以区分时会出现这种情况，此时不宜解释单个系数的大小、符号与检验结果。",
)


def reliability_findings(table: pd.DataFrame, labels: Mapping[str, Text]) -> tuple[Finding, ...]:
    """Return findings for constructs with low α, CR or AVE, and for single indicators."""
    checks = (
        ("alpha", "reliability.low_alpha", Text("Cronbach's α", "Cronbach α 系数")),
        ("composite_reliability", "reliability.low_cr", Text("Composite reliability", "组合信度")),
        ("ave", "validity.low_ave", Text("Average variance extracted", "平均方差抽取量（AVE）")),
    )
    found = [_low(table, labels, *check) for check in checks]
    found.append(_single_indicator(table, labels))
    return tuple(finding for finding in found if finding is not None)


def _low(
    table: pd.DataFrame, labels: Mapping[str, Text], column: str, code: str, name: Text
) -> Finding | None:
    cutoff = REGISTRY[column]
    weak = table[[judge(column, value).met is False for value in table[column]]]
    if weak.empty:
        return None
    values = list(zip(weak["construct"], weak[column], strict=True))
    en = ", ".join(f"{label_of(labels, key).en} {bounded(value)}" for key, value in values)
    zh = "、".join(f"{label_of(labels, key).in_('zh')} {bounded(value)}" for key, value in values)
    source = reference(cutoff.source).in_parentheses
    return Finding(
        code,
        Text(
            f"{name.en} misses {cutoff.text} ({source}) for: {en}.",
            f"{name.in_('zh')}未达到 {cutoff.text}（{source}）：{zh}。",
        ),
        _WEAK_SCALE_HINT,
    )


_WEAK_SCALE_HINT = Text(
    "Look at the wording and the loadings of its items before dropping any.",
    "删除题项之前，请先检查题项表述与因子载荷。",
)


def _single_indicator(table: pd.DataFrame, labels: Mapping[str, Text]) -> Finding | None:
    single = table.loc[table["n_items"] == 1, "construct"]
    if single.empty:
        return None
    en = ", ".join(label_of(labels, name).en for name in single)
    zh = "、".join(label_of(labels, name).in_("zh") for name in single)
    return Finding(
        "reliability.single_indicator",
        Text(
            f"Measured by a single item: {en}. Its reliability cannot be estimated.",
            f"仅由单一题项测量：{zh}。其信度无法估计。",
        ),
        Text(
            "The model takes the item as free of measurement error unless its error variance is "
            "fixed to another value.",
            "除非另行设定其误差方差，模型将该题项视为没有测量误差。",
        ),
        "note",
    )


def discriminant_findings(
    fornell_larcker: pd.DataFrame, htmt: pd.DataFrame | None, labels: Mapping[str, Text]
) -> tuple[Finding, ...]:
    """Return findings for pairs of constructs that are hard to tell apart."""
    found = []
    pairs = overlapping(fornell_larcker)
    if pairs:
        found.append(
            _overlap(
                "validity.fornell_larcker",
                Text(
                    "The correlation of these constructs is not below both of their √AVE "
                    "(Fornell & Larcker, 1981)",
                    "下列构念之间的相关系数未低于双方的 AVE 平方根（Fornell & Larcker, 1981）",
                ),
                pairs,
                labels,
            )
        )
    high = [] if htmt is None else _above(htmt, REGISTRY["htmt"].bound)
    if high:
        found.append(
            _overlap(
                "validity.htmt",
                Text(
                    f"HTMT exceeds {bounded(REGISTRY['htmt'].bound, 2)} (Henseler et al., 2015)",
                    f"下列构念之间的 HTMT 超过 {bounded(REGISTRY['htmt'].bound, 2)}"
                    "（Henseler et al., 2015）",
                ),
                high,
                labels,
            )
        )
    return tuple(found)


def overlapping(fornell_larcker: pd.DataFrame) -> list[tuple[str, str, float]]:
    """Return the pairs whose correlation reaches the smaller √AVE of the two.

    A construct without an AVE (single indicator) is not compared.
    """
    matrix = fornell_larcker.to_numpy(dtype=float)
    roots, names = np.diag(matrix), list(fornell_larcker.index)
    return [
        (names[column], names[row], float(matrix[row, column]))
        for row in range(len(names))
        for column in range(row)
        if abs(matrix[row, column]) >= min(roots[row], roots[column])
    ]


def _above(htmt: pd.DataFrame, bound: float) -> list[tuple[str, str, float]]:
    names, matrix = list(htmt.index), htmt.to_numpy(dtype=float)
    rows, columns = np.nonzero(matrix > bound)
    return [
        (names[column], names[row], float(matrix[row, column]))
        for row, column in zip(rows, columns, strict=True)
    ]


def _overlap(
    code: str, lead: Text, pairs: Sequence[tuple[str, str, float]], labels: Mapping[str, Text]
) -> Finding:
    en = "; ".join(
        f"{label_of(labels, a).en} – {label_of(labels, b).en} ({bounded(value)})"
        for a, b, value in pairs
    )
    zh = "；".join(
        f"{label_of(labels, a).in_('zh')}—{label_of(labels, b).in_('zh')}（{bounded(value)}）"
        for a, b, value in pairs
    )
    text = Text(f"{lead.en}: {en}.", f"{lead.in_('zh')}：{zh}。")
    return Finding(code, text, _OVERLAP_HINT)


def merged(*groups: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return all findings in order, each once."""
    return tuple(dict.fromkeys(finding for group in groups for finding in group))
