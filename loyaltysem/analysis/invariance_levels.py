"""Levels of measurement invariance: what each makes equal, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loyaltysem.core.errors import Finding, IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import Text
from loyaltysem.model.group_equality import RULES

CONFIGURAL = "configural"
#: What each level of the measurement model holds equal across groups.
CONTINUOUS: Mapping[str, tuple[str, ...]] = {
    CONFIGURAL: (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}
#: The same for ordered items, in the order of Wu and Estabrook (2016).
ORDINAL: Mapping[str, tuple[str, ...]] = {
    CONFIGURAL: (),
    "thresholds": ("thresholds",),
    "metric": ("thresholds", "loadings"),
    "scalar": ("thresholds", "loadings", "intercepts"),
    "strict": ("thresholds", "loadings", "intercepts", "residuals"),
}
#: Tested when nothing else is asked for; strict invariance of ordered items needs theta.
DEFAULT_CONTINUOUS = (CONFIGURAL, "metric", "scalar", "strict")
DEFAULT_ORDINAL = (CONFIGURAL, "thresholds", "metric", "scalar")
#: With one threshold an item, equal thresholds, loadings and intercepts only have a test together.
DEFAULT_BINARY = (CONFIGURAL, "scalar")

LEVEL_TEXTS: Mapping[str, Text] = {
    CONFIGURAL: Text("configural (same pattern)", "形态等值"),
    "thresholds": Text("equal thresholds", "阈值等值"),
    "metric": Text("metric (equal loadings)", "单位等值（载荷相等）"),
    "scalar": Text("scalar (equal intercepts)", "尺度等值（截距相等）"),
    "strict": Text("strict (equal residual variances)", "严格等值（残差方差相等）"),
    "regressions": Text("equal regressions", "路径系数相等"),
    "means": Text("equal latent means", "潜变量均值相等"),
    "lv.variances": Text("equal latent variances", "潜变量方差相等"),
    "lv.covariances": Text("equal latent covariances", "潜变量协方差相等"),
    "residual.covariances": Text("equal residual covariances", "残差协方差相等"),
}


def equalities(levels: Sequence[str], ordinal: bool) -> dict[str, tuple[str, ...]]:
    """Return what every level holds equal, each adding to those before it.

    Parameters
    ----------
    levels : sequence of str
        Names of measurement levels, or words of ``group_equal`` such as ``"lv.variances"``.
    ordinal : bool

    Raises
    ------
    IncompatibleRequestError
        When a level is not known.

    Examples
    --------
    >>> equalities(["configural", "metric", "lv.variances"], ordinal=False)["lv.variances"]
    ('loadings', 'lv.variances')
    """
    known = ORDINAL if ordinal else CONTINUOUS
    sofar: tuple[str, ...] = ()
    found = {}
    for name in levels:
        word = name.replace("_", ".")
        if word not in known and word not in RULES:
            names = [*known, *(w for w in RULES if w in LEVEL_TEXTS)]
            raise IncompatibleRequestError(
                f"There is no level of invariance '{name}'.",
                code="request.invariance_level",
                hint=did_you_mean(word, names) or f"Available: {', '.join(dict.fromkeys(names))}.",
            )
        sofar = tuple(dict.fromkeys([*sofar, *known.get(word, (word,))]))
        found[word] = sofar
    return found


def default_levels(thresholds: Mapping[str, int], ordinal: bool) -> tuple[str, ...]:
    """Return the levels that have a test, given the ordered items and their thresholds."""
    if not ordinal:
        return DEFAULT_CONTINUOUS
    return DEFAULT_BINARY if all(k == 1 for k in thresholds.values()) else DEFAULT_ORDINAL


def what_has_no_test(thresholds: Mapping[str, int]) -> list[Finding]:
    """Say which equalities of ordered items no data could refute."""
    binary = [n for n, k in thresholds.items() if k == 1]
    ternary = [n for n, k in thresholds.items() if k == 2]
    findings = []
    if binary:
        listed = ", ".join(binary)
        findings.append(
            Finding(
                "invariance.binary",
                Text(
                    f"{listed} have two categories: equal thresholds, loadings and intercepts "
                    "cannot be tested one after the other, only together, and their residual "
                    "variances are held equal throughout.",
                    f"{listed} 为二分题：阈值、载荷与截距的等值无法逐步检验，只能一并检验；"
                    "其残差方差始终设为相等。",
                ),
                Text(
                    "Read the scalar level against the configural one (Wu & Estabrook, 2016).",
                    "请将尺度等值模型直接与形态等值模型比较（Wu & Estabrook, 2016）。",
                ),
                "note",
            )
        )
    if ternary:
        listed = ", ".join(ternary)
        findings.append(
            Finding(
                "invariance.three_categories",
                Text(
                    f"{listed} have three categories: equal thresholds only set the scale of the "
                    "latent responses and cannot be refuted; they are assumed.",
                    f"{listed} 为三分题：阈值相等仅用于确定潜在反应的量尺，"
                    "数据无法否定，只能作为假定。",
                ),
                Text(
                    "The first level with a test is that of equal loadings (Wu & Estabrook, 2016).",
                    "首个可检验的层次是载荷等值（Wu & Estabrook, 2016）。",
                ),
                "note",
            )
        )
    return findings
