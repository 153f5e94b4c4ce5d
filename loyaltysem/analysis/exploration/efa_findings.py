"""What a reader of an exploratory factor analysis must know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from loyaltysem.analysis.exploration.extraction import Extraction
from loyaltysem.core.display import bounded
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array
from loyaltysem.inference.rotation import Rotation

#: Items a factor needs, and the share of starts that should end at the best minimum.
FEW_ITEMS, AGREEING = 3, 0.5
#: Correlation of factors that are hardly two.
ALIKE = 0.85


def solution_findings(
    names: Sequence[str],
    factors: Sequence[str],
    extraction: Extraction,
    found: Rotation,
    cut: float,
) -> Iterator[Finding]:
    """Look at a solution; `cut` is the size from which a loading is salient."""
    yield from _heywood(names, extraction)
    if not extraction.converged or not found.converged:
        stage = Text("extraction", "提取") if not extraction.converged else Text("rotation", "旋转")
        text = Text(f"The {stage.en} did not converge.", f"因子{stage.zh}未收敛。")
        hint = Text("Try fewer factors.", "可尝试减少因子数。")
        yield Finding("exploration.not_converged", text, hint, severity="problem")
    yield from _empty(factors, found.loadings, cut)
    yield from _items(names, found.loadings, cut)
    yield from _alike(factors, found.phi)
    yield from _minima(found)


def _heywood(names: Sequence[str], extraction: Extraction) -> Iterator[Finding]:
    communality = (extraction.loadings**2).sum(axis=1)
    bad = [n for n, h, c in zip(names, extraction.heywood, communality, strict=True) if h or c >= 1]
    if bad:
        text = Text(
            f"Heywood case: the factors account for all of {', '.join(bad)}, or more.",
            f"出现 Heywood 个案：因子解释了 {'、'.join(bad)} 的全部乃至更多方差。",
        )
        hint = Text(
            "Too many factors, too few items of a factor, or a small sample.",
            "可能因子过多、某因子题项过少或样本过小。",
        )
        yield Finding("exploration.heywood", text, hint, severity="problem")


def _empty(factors: Sequence[str], loadings: Array, cut: float) -> Iterator[Finding]:
    salient = (np.abs(loadings) >= cut).sum(axis=0)
    for factor, count in zip(factors, salient.tolist(), strict=True):
        if count >= FEW_ITEMS:
            continue
        text = Text(
            f"{factor} has {count} item(s) with a loading of {bounded(cut, 2)} or more.",
            f"{factor} 仅有 {count} 个题项的载荷达到 {bounded(cut, 2)}。",
        )
        hint = Text("One factor fewer may do.", "可考虑减少一个因子。")
        code = "exploration.weak_factor" if count else "exploration.empty_factor"
        yield Finding(code, text, hint)


def _items(names: Sequence[str], loadings: Array, cut: float) -> Iterator[Finding]:
    salient = (np.abs(loadings) >= cut).sum(axis=1)
    crossing = [n for n, count in zip(names, salient, strict=True) if count > 1]
    lonely = [n for n, count in zip(names, salient, strict=True) if count == 0]
    if crossing:
        text = Text(
            f"More than one loading of {bounded(cut, 2)} or more: {', '.join(crossing)}.",
            f"存在交叉载荷（≥ {bounded(cut, 2)}）：{'、'.join(crossing)}。",
        )
        yield Finding("exploration.cross_loading", text, severity="note")
    if lonely:
        text = Text(
            f"No loading of {bounded(cut, 2)} or more: {', '.join(lonely)}.",
            f"在任何因子上的载荷均未达到 {bounded(cut, 2)}：{'、'.join(lonely)}。",
        )
        yield Finding("exploration.no_loading", text, severity="note")


def _alike(factors: Sequence[str], phi: Array) -> Iterator[Finding]:
    for i, j in combinations(range(len(phi)), 2):
        if abs(phi[i, j]) > ALIKE:
            r = bounded(float(phi[i, j]), 2)
            text = Text(
                f"{factors[i]} and {factors[j]} correlate {r}: hardly two factors.",
                f"{factors[i]} 与 {factors[j]} 的相关为 {r}，难以视为两个因子。",
            )
            yield Finding("exploration.factors_alike", text)


def _minima(found: Rotation) -> Iterator[Finding]:
    if found.n_starts < 2 or found.n_best >= AGREEING * found.n_starts:
        return
    text = Text(
        f"The rotation has several solutions: {found.n_best} of {found.n_starts} starts led to the "
        "one reported, which is the simplest found.",
        f"旋转存在多个解：{found.n_starts} 个起点中有 {found.n_best} 个得到所报告的最简解。",
    )
    yield Finding("exploration.local_minima", text, severity="note")


def test_findings(kind: str, df: int) -> Iterator[Finding]:
    """Say what the χ² is not."""
    if df == 0:
        text = Text(
            "No degrees of freedom are left: the factors reproduce any correlations.",
            "自由度为零：任何相关矩阵都能被这些因子重现，无从检验拟合。",
        )
        yield Finding("exploration.saturated", text, severity="note")
    if kind == "polychoric":
        text = Text(
            "χ² and what is built on it treat polychoric correlations as if they were of normal "
            "data; they are no test.",
            "χ² 及相关指标把多分格相关当作正态数据的相关处理，不能作为检验。",
        )
        yield Finding("exploration.polychoric_test", text, severity="note")
