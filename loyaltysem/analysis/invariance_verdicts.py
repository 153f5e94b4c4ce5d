"""From differences of fit to a verdict on each level of invariance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from loyaltysem.analysis.cutoffs import REGISTRY, judge
from loyaltysem.analysis.invariance_levels import LEVEL_TEXTS
from loyaltysem.core.errors import Finding
from loyaltysem.core.references import reference
from loyaltysem.core.text import Text

#: What is concluded of a level, in words.
VERDICTS: Mapping[str, Text] = {
    "reference": Text("reference", "基准"),
    "supported": Text("supported", "成立"),
    "doubtful": Text("doubtful", "存疑"),
    "not supported": Text("not supported", "不成立"),
    "not testable": Text("not testable", "无法检验"),
}
#: Largest N for which Chen (2007) asks for stricter bounds.
SMALL_SAMPLE = 300
FAILED = ("doubtful", "not supported")
#: Levels whose ΔSRMR Chen (2007) holds against the wider bound.
LOADINGS = ("thresholds", "metric", "loadings")
#: Levels of the measurement model, which is what the bounds were found for.
MEASUREMENT = (*LOADINGS, "scalar", "strict", "intercepts", "residuals")
#: Of the difference test, for levels of the structural model.
ALPHA = 0.05


def judged(frame: pd.DataFrame, equal: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    """Add what is equal, which bounds are kept, and the verdict of each level."""
    frame = frame.copy()
    frame.insert(1, "equal", [", ".join(equal[level]) for level in frame["model"]])
    met = [_met(row, row["model"]) for row in frame.to_dict("records")]
    for position, name in enumerate(("cfi_met", "rmsea_met", "srmr_met")):
        frame[name] = pd.Series([m[position] for m in met], dtype=object)
    frame["verdict"] = [
        _verdict(row, m, number == 0)
        for number, (row, m) in enumerate(zip(frame.to_dict("records"), met, strict=True))
    ]
    return frame


def _met(row: Mapping[Any, Any], level: str) -> tuple[bool | None, ...]:
    if not row["df_diff"] > 0 or level not in MEASUREMENT:
        return None, None, None
    srmr = "delta_srmr_loadings" if level in LOADINGS else "delta_srmr"
    return (
        judge("delta_cfi", row["delta_cfi"]).met,
        judge("delta_rmsea", row["delta_rmsea"]).met,
        judge(srmr, row["delta_srmr"]).met,
    )


def _verdict(row: Mapping[Any, Any], met: tuple[bool | None, ...], is_first: bool) -> str:
    if is_first:
        return "reference"
    if not row["df_diff"] > 0:
        return "not testable"
    cfi, rmsea, srmr = met
    if cfi is None:  # a level of the structural model
        return "supported" if row["pvalue"] >= ALPHA else "not supported"
    if cfi:
        return "supported"
    return "doubtful" if rmsea and srmr else "not supported"


def bounds_in_words() -> Text:
    """Return the bounds that are applied, with their sources."""
    cfi, rmsea, loadings, other = (
        REGISTRY[n] for n in ("delta_cfi", "delta_rmsea", "delta_srmr_loadings", "delta_srmr")
    )
    first, second = reference(cfi.source), reference(rmsea.source)
    return Text(
        f"Criteria: ΔCFI {cfi.text} ({first.in_parentheses}); ΔRMSEA {rmsea.text} and ΔSRMR "
        f"{loadings.text} for loadings, {other.text} for intercepts and residuals "
        f"({second.in_parentheses}).",
        f"判断标准：ΔCFI {cfi.text}（{first.in_parentheses}）；ΔRMSEA {rmsea.text}，载荷等值时 "
        f"ΔSRMR {loadings.text}，截距与残差等值时 ΔSRMR {other.text}（{second.in_parentheses}）。",
    )


def small_sample(n: int) -> Iterator[Finding]:
    """Say what stricter bounds there are for few cases."""
    if n <= SMALL_SAMPLE:
        yield Finding(
            "invariance.small_sample",
            Text(
                f"With N = {n} Chen (2007) asks for stricter bounds: ΔCFI ≥ −.005, ΔRMSEA ≤ .010, "
                "ΔSRMR ≤ .025 for loadings and ≤ .005 for intercepts and residuals.",
                f"样本量 N = {n}，Chen（2007）建议采用更严格的标准：ΔCFI ≥ −.005，"
                "ΔRMSEA ≤ .010，载荷等值 ΔSRMR ≤ .025，截距与残差等值 ΔSRMR ≤ .005。",
            ),
            severity="note",
        )


def conditional(frame: pd.DataFrame) -> Iterator[Finding]:
    """Say that levels after a failed one are tested against a model that does not hold."""
    levels, verdicts = frame["model"].tolist(), frame["verdict"].tolist()
    at = next((i for i, v in enumerate(verdicts) if v in FAILED), None)
    if at is None:
        return
    text, verdict = LEVEL_TEXTS.get(levels[at], Text(levels[at])), VERDICTS[verdicts[at]]
    yield Finding(
        "invariance.level_fails",
        Text(
            f"Invariance at the level '{text.en}' is {verdict.en}; levels after it take it for "
            "granted.",
            f"“{text.zh or text.en}”{verdict.zh}；其后各层次的检验均以其成立为前提。",
        ),
        Text(
            "Look at the proposal: with theory on its side, partial= frees a parameter and the "
            "levels are tested again.",
            "请查看 proposal：若有理论依据，可用 partial= 释放个别参数后重新检验（部分等值）。",
        ),
    )
