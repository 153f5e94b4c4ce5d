"""The same model with everybody who answered, and without those a screening remarks upon."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from loyaltysem.analysis.cutoffs import judge
from loyaltysem.core.display import integer
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.estimation.fit import fit as fit_plan
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study.hypotheses import Hypothesis, verdict
from loyaltysem.study.part import Part
from loyaltysem.study.sections import measures_of
from loyaltysem.survey.screening.result import Screening

#: Measures of fit shown with and without.
MEASURES = ("chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr")
NUMBERS = ("est", "std_all", "pvalue")
NAN = float("nan")


def with_without_part(
    fit: SEMResult, screening: Screening, hypotheses: Sequence[Hypothesis]
) -> Part:
    """Refit the model to the other set of respondents and lay both results side by side.

    Parameters
    ----------
    fit : SEMResult
        Fitted to everybody screened, or to those who do not meet the screening's rule.
    screening : Screening
    hypotheses : sequence of Hypothesis

    Returns
    -------
    Part
        ``with_without``: ``kind key lhs op rhs hypothesis est_with est_without est_difference
        std_with std_without std_difference pvalue_with pvalue_without verdict_with verdict_without
        shown``; `kind` is "size", "path", "defined" or "fit" (value in ``est_``), `difference` is
        without less with, `shown` the set the rest of the analysis rests on. Empty where nobody
        meets the rule.

    Raises
    ------
    LoyaltySemError
        The model cannot be fitted to the other set.
    """
    met = screening.flagged()
    if not met.any() or met.all():
        return Part()
    total, cases = len(met), fit.data.n_total if fit.data is not None else 0
    if cases not in (total, total - int(met.sum())):
        return Part(findings=(_other_cases(cases, total),))
    shown = "with" if cases == total else "without"
    answers = screening.responses.data
    other = fit_plan(fit.plan, answers[~met] if shown == "with" else answers)
    pair = (fit, other) if shown == "with" else (other, fit)
    table = side_by_side(*pair, hypotheses).assign(shown=shown)
    return Part({"with_without": table}, (*_unsettled(other, shown), *changed(table)))


def side_by_side(
    all_of_them: SEMResult, kept: SEMResult, hypotheses: Sequence[Hypothesis]
) -> pd.DataFrame:
    """Return sizes, paths, defined parameters and measures of fit of two fits of one model."""
    rows = [_pair("size", "n_obs", float(all_of_them.n_obs), float(kept.n_obs))]
    rows += _parameter_rows(all_of_them, kept, {_place(h): h for h in hypotheses})
    rows += _fit_rows(measures_of(all_of_them), measures_of(kept))
    return pd.DataFrame(rows)


def _place(claim: Hypothesis) -> tuple[str, str, str]:
    return claim.lhs, claim.op, "" if claim.op == ":=" else claim.rhs


def _parameter_rows(
    all_of_them: SEMResult, kept: SEMResult, claims: Mapping[tuple[str, str, str], Hypothesis]
) -> list[dict[str, object]]:
    before, after = (
        frame[frame["op"].isin(["~", ":="])].to_dict("records")
        for frame in (f.parameters(standardized=True) for f in (all_of_them, kept))
    )
    rows = []
    for one, two in zip(before, after, strict=True):
        lhs, op, rhs = str(one["lhs"]), str(one["op"]), str(one["rhs"])
        claim = claims.get((lhs, op, "" if op == ":=" else rhs))
        kind, key = ("defined", lhs) if op == ":=" else ("path", f"{lhs} ~ {rhs}")
        row = _pair(kind, key, float(one["est"]), float(two["est"]))
        row |= {"lhs": lhs, "op": op, "rhs": rhs, "hypothesis": claim.key if claim else ""}
        row |= _beside("std", float(one["std_all"]), float(two["std_all"]))
        row |= {"pvalue_with": float(one["pvalue"]), "pvalue_without": float(two["pvalue"])}
        expected = claim.expected if claim else "≠0"
        for name, found in (("with", one), ("without", two)):
            row[f"verdict_{name}"] = verdict(float(found["est"]), float(found["pvalue"]), expected)
        rows.append(row)
    return rows


def _fit_rows(before: Mapping[str, float], after: Mapping[str, float]) -> list[dict[str, object]]:
    rows = []
    for name in MEASURES:
        one, two = before.get(name, NAN), after.get(name, NAN)
        row = _pair("fit", name, one, two)
        row |= {"verdict_with": _met(name, one), "verdict_without": _met(name, two)}
        rows.append(row)
    return rows


def _met(name: str, value: float) -> str:
    return {True: "met", False: "not met", None: ""}[judge(name, value).met]


def _pair(kind: str, key: str, one: float, two: float) -> dict[str, object]:
    return {
        "kind": kind, "key": key, "lhs": "", "op": "", "rhs": "", "hypothesis": "",
        **_beside("est", one, two), **_beside("std", NAN, NAN),
        "pvalue_with": NAN, "pvalue_without": NAN, "verdict_with": "", "verdict_without": "",
    }  # fmt: skip


def _beside(name: str, one: float, two: float) -> dict[str, object]:
    return {f"{name}_with": one, f"{name}_without": two, f"{name}_difference": two - one}


def changed(table: pd.DataFrame) -> tuple[Finding, ...]:
    """Return a finding naming the claims whose verdict depends on the screened respondents."""
    differs = table[table["verdict_with"] != table["verdict_without"]]
    if differs.empty:
        return ()
    names = [_named(r) for r in differs.to_dict("records")]
    return (
        Finding(
            "screening.verdicts_change",
            Text(
                f"Verdicts depend on the screened respondents: {', '.join(names)}.",
                f"以下结论取决于是否剔除被标记的答卷：{'、'.join(names)}。",
            ),
            Text(
                "Report both results; a conclusion that doubtful answers decide is open.",
                "请同时报告两种结果；由可疑答卷决定的结论应视为未定。",
            ),
        ),
    )


def _named(row: Mapping[Hashable, object]) -> str:
    key = str(row["key"])
    return str(row["hypothesis"] or (key.upper() if row["kind"] == "fit" else key))


def _unsettled(other: SEMResult, shown: str) -> tuple[Finding, ...]:
    """Return a finding where the other fit did not converge."""
    if other.converged:
        return ()
    which = Text("without", "剔除") if shown == "with" else Text("with", "包含")
    return (
        Finding(
            "screening.not_converged",
            Text(
                f"The model {which.en} the screened respondents did not converge.",
                f"{which.zh}被标记答卷时，模型未收敛。",
            ),
            Text("Its numbers mean nothing.", "相应数值没有意义。"),
        ),
    )


def _other_cases(cases: int, total: int) -> Finding:
    return Finding(
        "screening.other_cases",
        Text(
            f"The model was fitted to {integer(cases)} cases and {integer(total)} were screened: "
            "results with and without the screened ones are not shown.",
            f"模型使用 {integer(cases)} 个样本，而筛查了 {integer(total)} 份答卷，"
            "因此未给出筛查前后的对比。",
        ),
        Text(
            "Fit the model to all answers, or to those that screening.apply(rule) keeps.",
            "请用全部答卷，或用 screening.apply(rule) 保留的答卷拟合模型。",
        ),
        "note",
    )
