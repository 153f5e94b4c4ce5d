"""Groups of respondents: whether they measure alike, and whether the paths differ."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from loyaltysem.analysis.invariance import Invariance, invariance
from loyaltysem.core.display import number, pvalue
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.estimation.compare import compare
from loyaltysem.estimation.fit import sem
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study.hypotheses import SIGNIFICANCE
from loyaltysem.study.part import Part
from loyaltysem.study.rivals import is_proper

KEPT = (
    "level", "equal", "chisq", "df", "chisq_diff", "df_diff", "pvalue", "cfi", "delta_cfi",
    "rmsea", "delta_rmsea", "srmr", "delta_srmr", "verdict",
)  # fmt: skip
#: Readers' names of the levels.
LEVELS = {
    "configural": Text("Configural", "形态等值"),
    "metric": Text("Metric", "弱等值（载荷）"),
    "scalar": Text("Scalar", "强等值（截距）"),
    "strict": Text("Strict", "严格等值（残差）"),
}
ESTIMATES = ("est", "se", "pvalue", "ci_lower", "ci_upper", "std_all")


def invariance_part(model: str, data: pd.DataFrame, group: str) -> Part:
    """Test configural, metric, scalar and strict invariance of the measurement.

    Returns
    -------
    Part
        ``invariance``: a row a level; ``invariance_proposal``: equalities to free, where a level
        fails: ``level parameter groups chisq df pvalue``.
    """
    found = invariance(model, data, group=group)
    table = found.frame.rename(columns={"model": "level"}).reindex(columns=list(KEPT))
    tables = {"invariance": table.reset_index(drop=True)}
    if not found.proposal.empty:
        tables["invariance_proposal"] = found.proposal.reset_index(drop=True)
    return Part(tables, (*found.findings, *_strained(found), *_broken(found)))


def _strained(found: Invariance) -> tuple[Finding, ...]:
    """Return a finding where χ² rejects an equality that the indices let pass."""
    frame = found.frame
    rejected = frame[(frame["verdict"] == "supported") & (frame["pvalue"] < SIGNIFICANCE)]
    return tuple(
        Finding(
            "invariance.chisq_disagrees",
            Text(
                f"{LEVELS[str(r['model'])].en} invariance: the difference test rejects it (Δχ² = "
                f"{number(r['chisq_diff'], 1)}, p = {pvalue(r['pvalue'])}), the differences of "
                "CFI, RMSEA and SRMR do not.",
                f"{LEVELS[str(r['model'])].zh}：差异检验拒绝等值"
                f"（Δχ² = {number(r['chisq_diff'], 1)}，"
                f"p = {pvalue(r['pvalue'])}），而 CFI、RMSEA、SRMR 的变化未超出标准。",
            ),
            severity="note",
        )
        for r in rejected.to_dict("records")
    )


def _broken(found: Invariance) -> tuple[Finding, ...]:
    if found.proposal.empty:
        return ()
    first = found.proposal.iloc[0]
    return (
        Finding(
            "invariance.not_supported",
            Text(
                f"Level “{first['level']}” does not hold across groups; the equality to free "
                f"first is {first['parameter']}.",
                f"“{first['level']}”水平的等值不成立；首先应释放 {first['parameter']} 的等值约束。",
            ),
            Text(
                "Free it only with a reason other than the number.",
                "是否释放应有理论依据，不能只看统计量。",
            ),
        ),
    )


def group_paths_part(model: str, data: pd.DataFrame, group: str) -> Part:
    """Compare the structural paths between groups, loadings held equal.

    Returns
    -------
    Part
        ``group_paths``: ``group lhs op rhs est se pvalue ci_lower ci_upper std_all n proper``;
        ``groups_test``: ``lhs op rhs chisq df chisq_diff df_diff pvalue``, a row all paths at once
        (`lhs` "paths") and a row each path alone.
    """
    free = sem(model, data, group=group, group_equal=["loadings"])
    frame = free.parameters(standardized=True)
    paths = frame[frame["op"] == "~"]
    places = list(dict.fromkeys(zip(paths["lhs"], paths["rhs"], strict=True)))
    rows = [_test(free, model, data, group, "paths", "", [])]
    for lhs, rhs in places:
        others = [f"{y}~{x}" for y, x in places if (y, x) != (lhs, rhs)]
        rows.append(_test(free, model, data, group, lhs, rhs, others))
    names = dict(enumerate(free.groups, start=1))
    sizes = data[group].value_counts()
    table = paths[["group", "lhs", "op", "rhs", *ESTIMATES]].reset_index(drop=True)
    table["group"] = [str(names[int(g)]) for g in table["group"]]
    table["n"] = [int(sizes[g]) for g in table["group"]]
    tests = pd.DataFrame(rows)
    return Part({"group_paths": table, "groups_test": tests}, (*_odd(free), *_same(tests)))


def _test(
    free: SEMResult,
    model: str,
    data: pd.DataFrame,
    group: str,
    lhs: str,
    rhs: str,
    partial: Sequence[str],
) -> dict[str, object]:
    """Return the test that one path, or all of them, are equal in all groups."""
    equal = sem(
        model, data, group=group, group_equal=["loadings", "regressions"], group_partial=partial
    )
    last = compare(free, equal).frame.iloc[-1]
    return {
        "lhs": lhs, "op": "==" if not rhs else "~", "rhs": rhs or group,
        **{name: float(last[name]) for name in ("chisq", "df", "chisq_diff", "df_diff", "pvalue")},
    }  # fmt: skip


def _odd(fit: SEMResult) -> tuple[Finding, ...]:
    if is_proper(fit):
        return ()
    return (
        Finding(
            "groups.improper",
            Text(
                "With free paths at least one group has an improper solution (a negative variance "
                "or a latent correlation beyond 1): its paths are not to be read one by one.",
                "在各组路径自由估计时，至少一组出现不可接受的解（负方差或潜变量相关超过 1），"
                "不宜逐一解读该组的路径系数。",
            ),
            Text(
                "The groups are small for this model; rest on the test of equal paths.",
                "相对于模型而言各组样本较小，请以路径等值检验为准。",
            ),
        ),
    )


def _same(tests: pd.DataFrame) -> tuple[Finding, ...]:
    first = tests.iloc[0]
    if first["pvalue"] < SIGNIFICANCE:
        return ()
    return (
        Finding(
            "groups.no_difference",
            Text(
                f"The structural paths do not differ detectably between groups (Δχ² = "
                f"{number(first['chisq_diff'], 2)}, p = {pvalue(first['pvalue'])}).",
                f"各组的结构路径无显著差异（Δχ² = {number(first['chisq_diff'], 2)}，"
                f"p = {pvalue(first['pvalue'])}）。",
            ),
            severity="note",
        ),
    )
