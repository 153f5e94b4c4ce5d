"""What an experiment is checked for before its effect is believed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from loyaltysem.clv.experiment.effects import Arm
from loyaltysem.core.display import integer, number, p_relation, percent
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Mask

#: Level of the check of group sizes and of the covariate: both should never fail by design.
STRICT = 0.001
#: Level at which missing outcomes are compared.
LOOSE = 0.05
#: A normal interval of a mean needs about this many customers times squared skewness.
SKEWNESS_FACTOR = 355
#: Share of all outcomes held by the top percent of customers from which one is told.
TOP_HEAVY = 0.25


def ratio_mismatch(n_treated: int, n_control: int, allocation: float) -> float:
    """Return the p value of the χ² test that groups have the sizes that were planned.

    Parameters
    ----------
    n_treated, n_control : int
        Customers.
    allocation : float
        Planned customers treated for one in the control group.

    Examples
    --------
    >>> round(ratio_mismatch(5000, 5000, 1.0), 3), ratio_mismatch(5300, 4700, 1.0) < 0.001
    (1.0, True)
    """
    total = n_treated + n_control
    planned = np.array([allocation, 1.0]) / (1 + allocation) * total
    return float(stats.chisquare([n_treated, n_control], planned).pvalue)


def mismatch_finding(n_treated: int, n_control: int, allocation: float) -> Iterator[Finding]:
    """Yield a problem where the groups' sizes are not those planned (Fabijan et al., 2019)."""
    p = ratio_mismatch(n_treated, n_control, allocation)
    if p < STRICT:
        sizes = f"{integer(n_treated)} : {integer(n_control)}"
        yield Finding(
            "experiment.ratio_mismatch",
            Text(
                f"Group sizes {sizes} are not what an allocation of {allocation:g} : 1 gives "
                f"({p_relation(p)}).",
                f"两组人数 {sizes} 与计划分配比 {allocation:g} : 1 不符（{p_relation(p)}）。",
            ),
            Text(
                "Find out how customers came into the groups before reading any effect.",
                "在解读效应之前，请先查明分组过程出了什么问题。",
            ),
            "problem",
        )


def missing_findings(missing: tuple[int, int], assigned: tuple[int, int]) -> Iterator[Finding]:
    """Yield what is to be said of customers without an outcome, treated ones first."""
    if not sum(missing):
        return
    shares = [m / n for m, n in zip(missing, assigned, strict=True)]
    table = np.array([[m, n - m] for m, n in zip(missing, assigned, strict=True)])
    p = float(stats.fisher_exact(table).pvalue)
    uneven = p < LOOSE
    listed = f"{percent(shares[0])} / {percent(shares[1])}"
    yield Finding(
        "experiment.missing",
        Text(
            f"{integer(sum(missing))} customers without an outcome or covariate are left out "
            f"(treated / control {listed}, {p_relation(p)}).",
            f"{integer(sum(missing))} 位客户缺少结果或协变量，未纳入分析"
            f"（实验组 / 对照组 {listed}，{p_relation(p)}）。",
        ),
        Text(
            "Groups that lose customers unevenly can no longer be compared."
            if uneven
            else "A customer who bought nothing has the outcome 0, not a missing one.",
            "两组流失不均，已不再可比。" if uneven else "没有购买的客户其结果应为 0，而不是缺失。",
        ),
        "problem" if uneven else "note",
    )


def covariate_finding(covariate: Array, treated: Mask) -> Iterator[Finding]:
    """Yield a problem where groups differed before anything was done to them."""
    first, last = covariate[treated], covariate[~treated]
    if np.ptp(covariate) == 0:
        yield Finding(
            "experiment.constant_covariate",
            Text("The covariate is constant; it adjusts nothing.", "协变量为常数，调整不起作用。"),
        )
        return
    p = float(stats.ttest_ind(first, last, equal_var=False).pvalue)
    if p < STRICT:
        yield Finding(
            "experiment.covariate_imbalance",
            Text(
                f"Before the test the groups differed in the covariate ({number(first.mean(), 2)} "
                f"against {number(last.mean(), 2)}, {p_relation(p)}).",
                f"实验开始前两组的协变量已有差异（{number(first.mean(), 2)} 与 "
                f"{number(last.mean(), 2)}，{p_relation(p)}）。",
            ),
            Text(
                "Assignment was not random, or the covariate was measured after it began.",
                "分组可能并非随机，或协变量是在实验开始之后测量的。",
            ),
            "problem",
        )


def size_finding(outcome: Array, arms: tuple[Arm, Arm]) -> Iterator[Finding]:
    """Yield a note where means are too skewed for intervals of this size (Kohavi et al., 2014)."""
    skewness = float(stats.skew(outcome)) if np.ptp(outcome) > 0 else 0.0
    needed = SKEWNESS_FACTOR * skewness**2
    least = min(arm.n for arm in arms)
    if least < needed and abs(skewness) > 1:
        yield Finding(
            "experiment.skewed",
            Text(
                f"Outcomes are skewed ({number(skewness, 1)}): intervals of means need about "
                f"{integer(np.ceil(needed))} customers a group, the smaller group has "
                f"{integer(least)}.",
                f"结果变量偏态较大（{number(skewness, 1)}）：均值的置信区间每组约需 "
                f"{integer(np.ceil(needed))} 位客户，而较小一组只有 {integer(least)} 位。",
            ),
            Text(
                "Cap the largest amounts by a rule fixed in advance, or test a rate.",
                "可按事先确定的规则对极端金额封顶，或改用比率型指标。",
            ),
            "note",
        )


def rare_finding(arms: tuple[Arm, Arm]) -> Iterator[Finding]:
    """Yield a note where a group has hardly any successes, or hardly any failures."""
    counts = [c for a in arms for c in (a.mean * a.n, (1 - a.mean) * a.n)]
    if min(counts) < 5:
        yield Finding(
            "experiment.rare",
            Text(
                "A group has fewer than five successes or failures: trust Newcombe's interval, not "
                "the p value.",
                "有一组的成功或失败次数少于五次：请以 Newcombe 区间为准，勿看 p 值。",
            ),
            severity="note",
        )
