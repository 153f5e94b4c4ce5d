"""Rival measurement models, and the same model by several estimators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from loyaltysem.analysis.validity import indicators
from loyaltysem.core.display import bounded, pvalue
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.estimation.compare import compare
from loyaltysem.estimation.fit import cfa, sem
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study.hypotheses import SIGNIFICANCE
from loyaltysem.study.part import Part
from loyaltysem.study.plan import Rival
from loyaltysem.study.sections import label_of, measures_of

SHOWN = (
    "chisq", "df", "pvalue", "chisq_df", "cfi", "tli", "rmsea", "rmsea_ci_lower",
    "rmsea_ci_upper", "srmr", "aic", "bic",
)  # fmt: skip
NAN = float("nan")
#: Estimators that take the answers as ordered categories.
ORDINAL = frozenset({"WLSM", "WLSMV", "WLSMVS", "ULSM", "ULSMV", "ULSMVS", "DWLS"})


def rivals_part(rivals: Sequence[Rival], data: pd.DataFrame) -> Part:
    """Fit rival models to the same data.

    Returns
    -------
    Part
        ``rivals``: ``model label_en label_zh converged proper npar`` and measures of fit,
        ``delta_aic delta_bic`` (to the smallest), ``within chisq_diff df_diff pvalue_diff`` (the
        test of the restrictions, where the rival is nested in another).
    """
    fits = {rival.key: cfa(rival.model, data) for rival in rivals}
    rows = [_rival_row(rival, fits) for rival in rivals]
    table = pd.DataFrame(rows)
    for name in ("aic", "bic"):
        table[f"delta_{name}"] = table[name] - table[name].min()
    return Part({"rivals": table}, _unsure(table))


def _rival_row(rival: Rival, fits: Mapping[str, SEMResult]) -> dict[str, object]:
    fit = fits[rival.key]
    measures = measures_of(fit)
    row: dict[str, object] = {
        "model": rival.key, "label_en": rival.label.en, "label_zh": rival.label.in_("zh"),
        "converged": fit.converged, "proper": is_proper(fit), "npar": measures["npar"],
        **{name: measures[name] for name in SHOWN}, "within": rival.within,
    }  # fmt: skip
    tested = {"chisq_diff": NAN, "df_diff": NAN, "pvalue_diff": NAN}
    if rival.within:
        last = compare(fits[rival.within], fit).frame.iloc[-1]
        tested = {
            "chisq_diff": float(last["chisq_diff"]),
            "df_diff": float(last["df_diff"]),
            "pvalue_diff": float(last["pvalue"]),
        }
    return row | tested


def is_proper(fit: SEMResult) -> bool:
    """Tell whether no variance is negative and no latent covariance matrix impossible."""
    improper = ("fit.heywood", "fit.latent_not_pd", "fit.residual_not_pd")
    return not any(finding.code in improper for finding in fit.findings)


def _unsure(table: pd.DataFrame) -> tuple[Finding, ...]:
    bad = table[~(table["converged"] & table["proper"])]
    return tuple(
        Finding(
            "rivals.not_usable",
            Text(
                f"Rival model “{r['label_en']}” did not reach a proper solution.",
                f"竞争模型“{r['label_zh']}”未得到可接受的解。",
            ),
            Text("Do not compare its fit.", "请勿比较其拟合指标。"),
        )
        for r in bad.to_dict("records")
    )


def estimators_part(
    model: str,
    data: pd.DataFrame,
    estimators: Sequence[str],
    ordered: Sequence[str],
) -> Part:
    """Fit the model by several estimators.

    Returns
    -------
    Part
        ``estimators``: ``kind key lhs op rhs estimator est se pvalue std_all value``, a row a path
        or defined parameter (`kind` "path", "defined") or measure of fit ("fit", in `value`).
    """
    fits = {name: _by(name, model, data, ordered) for name in estimators}
    rows = [row for name, fit in fits.items() for row in _estimator_rows(name, fit)]
    table = pd.DataFrame(rows)
    return Part({"estimators": table}, _disagreeing(table))


def _by(name: str, model: str, data: pd.DataFrame, ordered: Sequence[str]) -> SEMResult:
    if name in ORDINAL:
        return sem(model, data, estimator=name, ordered=list(ordered))
    return sem(model, data, estimator=name)


def _estimator_rows(name: str, fit: SEMResult) -> list[dict[str, object]]:
    frame = fit.parameters(standardized=True)
    rows: list[dict[str, object]] = []
    for r in frame[frame["op"].isin(["~", ":="])].to_dict("records"):
        kind, key = ("defined", r["lhs"]) if r["op"] == ":=" else ("path", f"{r['lhs']}~{r['rhs']}")
        rows.append(
            {"kind": kind, "key": key, "lhs": r["lhs"], "op": r["op"], "rhs": r["rhs"],
             "estimator": name, "est": r["est"], "se": r["se"], "pvalue": r["pvalue"],
             "std_all": r["std_all"], "value": NAN}
        )  # fmt: skip
    measures = measures_of(fit)
    rows += [
        {"kind": "fit", "key": measure, "lhs": "", "op": "", "rhs": "", "estimator": name,
         "est": NAN, "se": NAN, "pvalue": NAN, "std_all": NAN, "value": measures[measure]}
        for measure in ("chisq", "df", "cfi", "tli", "rmsea", "srmr")
    ]  # fmt: skip
    return rows


def _disagreeing(table: pd.DataFrame) -> tuple[Finding, ...]:
    paths = table[table["kind"] != "fit"]
    judged = paths.assign(holds=paths["pvalue"] < SIGNIFICANCE).groupby("key", sort=False)["holds"]
    names = [str(key) for key, holds in judged if holds.nunique() > 1]
    if not names:
        return ()
    listed, in_chinese = "; ".join(names), "；".join(names)
    return (
        Finding(
            "estimators.disagree",
            Text(
                f"Whether it differs from 0 depends on the estimator: {listed}.",
                f"以下效应是否显著取决于估计方法：{in_chinese}。",
            ),
            Text("Report all estimators.", "请同时报告各种估计方法的结果。"),
        ),
    )


def antecedents_part(model: str, data: pd.DataFrame, labels: Mapping[str, Text]) -> Part:
    """Fit the model of what leads to the first variable, every case with what it answered.

    Returns
    -------
    Part
        ``antecedents``: ``lhs op rhs label_en label_zh est se z pvalue ci_lower ci_upper std_all``;
        ``antecedents_fit``: ``measure value``, with R² and the cases with missing answers.
    """
    fit = sem(model, data, missing="fiml")
    frame = fit.parameters(standardized=True)
    paths = frame[frame["op"] == "~"]
    names = [label_of(labels, str(name)) for name in paths["rhs"]]
    columns = ["lhs", "op", "rhs", "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all"]
    table = paths[columns].reset_index(drop=True)
    table.insert(3, "label_en", [text.en for text in names])
    table.insert(4, "label_zh", [text.in_("zh") for text in names])
    table["r2"] = [float(fit.rsquare()[name]) for name in table["lhs"]]
    return Part(
        {"antecedents": table, "antecedents_fit": _antecedents_fit(fit, data)},
        _without_effect(table),
    )


def _antecedents_fit(fit: SEMResult, data: pd.DataFrame) -> pd.DataFrame:
    measures = measures_of(fit)
    used = [item for items in indicators(fit).values() for item in items if item in data]
    rows = {"ntotal": measures["ntotal"], "incomplete": float(data[used].isna().any(axis=1).sum())}
    rows |= {name: measures[name] for name in SHOWN if name in measures}
    return pd.DataFrame({"measure": list(rows), "value": list(rows.values())})


def _without_effect(table: pd.DataFrame) -> tuple[Finding, ...]:
    silent = table[~(table["pvalue"] < SIGNIFICANCE)]
    if silent.empty:
        return ()
    told = [
        Text(f"{r['label_en']} (β = {bounded(r['std_all'], 2)}, p = {pvalue(r['pvalue'])})",
             f"{r['label_zh']}（β = {bounded(r['std_all'], 2)}，p = {pvalue(r['pvalue'])}）")
        for r in silent.to_dict("records")
    ]  # fmt: skip
    return (
        Finding(
            "antecedents.no_effect",
            Text(
                "Beside the other antecedents these add nothing detectable: "
                f"{', '.join(t.en for t in told)}.",
                f"在控制其他前因后，以下前因的影响不显著：{'、'.join(t.zh for t in told)}。",
            ),
            severity="note",
        ),
    )
