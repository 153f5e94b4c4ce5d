"""What a reader of heterotrait–monotrait ratios must know, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from loyaltysem.analysis.cutoffs import REGISTRY
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text

#: Share of draws without a value from which a finding is made.
TOO_MANY_LOST = 0.05


def interval_findings(frame: pd.DataFrame, draws: int) -> tuple[Finding, ...]:
    """Say which ratios are too high, which lost draws, and which lie beside their intervals."""
    bound = REGISTRY["htmt_liberal"].bound
    findings = []
    for row in frame.to_dict("records"):
        pair = f"{row['construct']} – {row['other']}"
        if row["htmt"] > bound:
            findings.append(_too_alike(pair, float(row["htmt"]), bound))
        if np.isfinite(row["htmt"]) and row["used"] < (1 - TOO_MANY_LOST) * draws:
            findings.append(_draws_lost(pair, int(row["used"]), draws))
    apart = frame[(frame["htmt"] < frame["ci_lower"]) | (frame["htmt"] > frame["ci_upper"])]
    if len(apart):
        pairs = [f"{a} – {b}" for a, b in zip(apart["construct"], apart["other"], strict=True)]
        findings.append(_off_its_interval(pairs))
    return tuple(findings)


def _too_alike(pair: str, value: float, bound: float) -> Finding:
    return Finding(
        "validity.htmt",
        Text(
            f"HTMT of {pair} is {value:.3f}, above {bound:.2f}: the items hardly tell the two"
            " constructs apart.",
            f"{pair} 的 HTMT 为 {value:.3f}，高于 {bound:.2f}：两个构念的题项难以区分。",
        ),
        Text(
            "Look for items that are worded for both, or ask whether theory needs two constructs.",
            "请检查是否有题项同时反映两个构念，或重新思考理论上是否需要两个构念。",
        ),
    )


def _draws_lost(pair: str, used: int, draws: int) -> Finding:
    return Finding(
        "validity.draws_lost",
        Text(
            f"Only {used} of {draws} draws give a ratio for {pair}; the interval describes those.",
            f"{pair} 在 {draws} 次抽样中仅有 {used} 次得到比值，区间只反映这些抽样。",
        ),
        Text(
            "Items with next to no variation, or negative correlations under HTMT2, cause this.",
            "常见原因是题项几乎没有变异，或 HTMT2 遇到负相关。",
        ),
    )


def _off_its_interval(pairs: Sequence[str]) -> Finding:
    return Finding(
        "validity.off_interval",
        Text(
            f"The interval does not hold the ratio of {'; '.join(pairs)}: drawing with replacement "
            "makes absolute correlations near 0 larger.",
            f"以下构念对的区间不含其比值：{'；'.join(pairs)}。"
            "重复抽样会使接近 0 的相关系数绝对值变大。",
        ),
        Text(
            "The upper limits still tell that the ratios are small; with absolute=False signs are"
            " kept.",
            "区间上限仍能说明比值很小；设 absolute=False 可保留相关系数的符号。",
        ),
        "note",
    )
