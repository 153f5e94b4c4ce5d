"""How far the result hangs on decisions: multiverse, cut-offs made for the model, power."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from loyaltysem.analysis.cutoffs import judge
from loyaltysem.analysis.fit_cutoffs import fit_cutoffs
from loyaltysem.analysis.multiverse import multiverse
from loyaltysem.analysis.multiverse_table import Multiverse
from loyaltysem.analysis.power import power
from loyaltysem.analysis.validity import indicators
from loyaltysem.core.display import integer, percent
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study.part import Part
from loyaltysem.study.rivals import ORDINAL
from loyaltysem.survey.screening.result import Screening

#: Fewest items a factor keeps when one of them is left out.
FEWEST = 4
#: Samples of simulated power.
POWER_SAMPLES = 500


def robustness_part(
    fit: SEMResult,
    effect: str,
    estimators: Sequence[str],
    ordered: Sequence[str],
    data: pd.DataFrame,
    screening: Screening | None,
) -> Part:
    """Estimate the effect under every combination of estimator, exclusions and items.

    Returns
    -------
    Part
        ``multiverse``: a row a specification; ``multiverse_choices``: a row an option;
        ``multiverse_summary``: ``measure value``.
    """
    flagged = None if screening is None else screening.flagged()
    everybody = data if flagged is None or screening is None else screening.responses.data
    choices = choices_of(fit, estimators, ordered, flagged, is_left_out=len(data) < len(everybody))
    found = multiverse(
        fit.plan.model, choices, effect=effect, data=everybody, n_jobs=1, when=_possible
    )
    tables = {
        "multiverse": found.frame.reset_index(drop=True),
        "multiverse_choices": found.by_choice.reset_index(drop=True),
        "multiverse_summary": pd.DataFrame(
            {"measure": found.summary.index.astype(str), "value": found.summary.to_numpy()}
        ),
    }
    return Part(tables, (*found.findings, *_hangs(found)), {"multiverse": found})


def choices_of(
    fit: SEMResult,
    estimators: Sequence[str],
    ordered: Sequence[str],
    flagged: Any,
    *,
    is_left_out: bool,
) -> dict[str, Mapping[str, Any]]:
    """Return the decisions: how answers are taken, estimator, who and which items are left out.

    The first option of each is that of the main analysis, `is_left_out` telling whether it leaves
    out the screened respondents.
    """
    choices: dict[str, Mapping[str, Any]] = {
        "estimator": {name: name for name in estimators if name not in ORDINAL} or {"ML": "ML"}
    }
    if ordered and any(name in ORDINAL for name in estimators):
        choices["ordered"] = {"continuous": (), "ordered": tuple(ordered)}
    if flagged is not None and flagged.any() and not flagged.all():
        options = {"screened": flagged, "nobody": None}
        names = list(options) if is_left_out else list(reversed(options))
        choices["exclude"] = {name: options[name] for name in names}
    weakest = _weakest(fit)
    if weakest:
        choices["omit"] = {"none": None, **{item: [item] for item in weakest}}
    return choices


def _possible(labels: Mapping[str, str]) -> bool:
    """Ordered answers have one estimator here: the robust one is for continuous answers."""
    return labels.get("ordered") != "ordered" or labels["estimator"] == "ML"


def _weakest(fit: SEMResult) -> list[str]:
    """Return the item that loads lowest on each factor with items to spare."""
    frame = fit.parameters(standardized=True)
    loads = frame[frame["op"] == "=~"].set_index("rhs")["std_all"].abs()
    scales = [list(items) for items in indicators(fit).values() if len(items) >= FEWEST]
    return [str(loads[items].idxmin()) for items in scales]


def _hangs(found: Multiverse) -> tuple[Finding, ...]:
    s = found.summary
    if s["share_significant_same_sign"] >= 1.0:
        return ()
    share, fitted = percent(s["share_significant_same_sign"]), integer(s["fitted"])
    return (
        Finding(
            "multiverse.hangs",
            Text(
                f"The effect {found.effect} has p < .05 and one sign in {share} of {fitted} "
                "specifications.",
                f"在 {fitted} 种分析设定中，{share} 的设定下效应 {found.effect} "
                "达到 p < .05 且方向一致。",
            ),
            Text(
                "See which decision it hangs on before you state it.",
                "下结论之前，请查明结果取决于哪一项分析决策。",
            ),
        ),
    )


def cutoffs_part(fit: SEMResult, replicates: int, seed: int) -> Part:
    """Simulate cut-offs for the model and lay them beside the usual ones.

    Returns
    -------
    Part
        ``cutoffs``: ``level added magnitude index cutoff error value met usual usual_met``.
    """
    found = fit_cutoffs(fit, replicates=replicates, seed=seed, n_jobs=1)
    table = found.frame.reset_index(drop=True)
    usual = [judge(str(r["index"]), float(r["value"])) for r in table.to_dict("records")]
    met = pd.Series([j.met for j in usual], dtype=object)
    table = table.assign(usual=[j.cutoff for j in usual], usual_met=met)
    return Part({"cutoffs": table}, found.findings, {"cutoffs": found})


def power_part(fit: SEMResult, seed: int) -> Part:
    """Return the power this sample had, were the estimates true.

    Returns
    -------
    Part
        ``power``: ``test kind n population power power_se``; `kind` is "parameter" (simulated) or
        "fit" (analytic tests by RMSEA).
    """
    n = int(fit.n_obs)
    frame = fit.parameters()
    shown = {*frame.loc[frame["op"] == ":=", "lhs"], *_regressions(frame)}
    found = power(fit, n=n, replicates=POWER_SAMPLES, seed=seed, method="simulated", n_jobs=1)
    rows: list[dict[str, object]] = [
        {"test": r["parameter"], "kind": "parameter", "n": n, "population": r["population"],
         "power": r["power"], "power_se": r["power_se"]}
        for r in found.frame[found.frame["n"] == n].to_dict("records")
        if str(r["parameter"]) in shown
    ]  # fmt: skip
    tests = found.tests[found.tests["n"] == n].iloc[0]
    rows += [
        {"test": name, "kind": "fit", "n": n, "population": float("nan"),
         "power": float(tests[name]), "power_se": float("nan")}
        for name in ("close", "not_close", "exact")
    ]  # fmt: skip
    return Part({"power": pd.DataFrame(rows)}, found.findings)


def _regressions(frame: pd.DataFrame) -> list[str]:
    """Return the paths as they are written; a labelled path has its label too."""
    paths = frame[frame["op"] == "~"]
    written = [f"{y}~{x}" for y, x in zip(paths["lhs"], paths["rhs"], strict=True)]
    return [*written, *(str(label) for label in paths["label"] if label)]
