"""The tables that come from the fitted model alone; each is one small function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from types import MappingProxyType

import pandas as pd

from loyaltysem.analysis.cutoffs import judge
from loyaltysem.analysis.validity import indicators
from loyaltysem.core.text import Text
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study.hypotheses import EVIDENCE, Hypothesis, verdict, verdict_of_interval

#: What a standardised value is known by: its error and its own interval, by the delta method.
STANDARDISED_COLUMNS = ("std_all_se", "std_all_ci_lower", "std_all_ci_upper")
PARAMETER_COLUMNS = [
    "lhs",
    "op",
    "rhs",
    "group",
    "label",
    "free",
    "est",
    "se",
    "z",
    "pvalue",
    "ci_lower",
    "ci_upper",
    "std_lv",
    "std_all",
    *STANDARDISED_COLUMNS,
]
ESTIMATE_COLUMNS = ["est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all"]

#: Measures of the fit table, in printed order.
FIT_MEASURES: tuple[str, ...] = (
    "ntotal", "npar", "chisq", "df", "pvalue", "chisq_df", "cfi", "tli", "rmsea",
    "rmsea_ci_lower", "rmsea_ci_upper", "rmsea_pvalue", "srmr", "gfi", "agfi", "pgfi", "nfi",
    "ifi", "baseline_chisq", "baseline_df", "logl", "aic", "bic",
)  # fmt: skip
#: Measures that only a likelihood has: left out where there is none.
LIKELIHOOD_ONLY = frozenset({"logl", "aic", "bic"})
#: Measures with a corrected form, and which form to prefer.
CORRECTED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("chisq", "df", "pvalue", "baseline_chisq", "baseline_df"), ("scaled",)),
    **dict.fromkeys(("nfi", "ifi"), ("scaled",)),
    **dict.fromkeys(
        ("cfi", "tli", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "rmsea_pvalue"),
        ("robust", "scaled"),
    ),
}


def parameters_table(fit: SEMResult) -> pd.DataFrame:
    """Return every row of the model with standardised values."""
    frame, own = fit.parameters(standardized=True), fit.standardized()
    ends = {f"std_all_{end}": own[end].to_numpy() for end in ("ci_lower", "ci_upper")}
    return frame.assign(**ends).reindex(columns=PARAMETER_COLUMNS).reset_index(drop=True)


def loadings_table(parameters: pd.DataFrame) -> pd.DataFrame:
    """Return the loadings: ``latent indicator est … std_all`` and its interval."""
    return _rows(parameters, "=~", {"lhs": "latent", "rhs": "indicator"}, STANDARDISED_COLUMNS)


def paths_table(parameters: pd.DataFrame) -> pd.DataFrame:
    """Return the regressions: ``outcome predictor label est … std_all`` and its interval."""
    names = {"lhs": "outcome", "rhs": "predictor", "label": "label"}
    return _rows(parameters, "~", names, STANDARDISED_COLUMNS)


def defined_table(parameters: pd.DataFrame) -> pd.DataFrame:
    """Return the defined parameters: ``name expression est … std_all``."""
    return _rows(parameters, ":=", {"lhs": "name", "rhs": "expression"}, [])


def covariances_table(parameters: pd.DataFrame) -> pd.DataFrame:
    """Return the free covariances between two variables: ``var1 var2 est … std_all``."""
    free = parameters[(parameters["free"] > 0) & (parameters["lhs"] != parameters["rhs"])]
    return _rows(free, "~~", {"lhs": "var1", "rhs": "var2"}, [])


def _rows(
    parameters: pd.DataFrame, operator: str, names: Mapping[str, str], more: Sequence[str]
) -> pd.DataFrame:
    chosen = parameters.loc[parameters["op"] == operator, [*names, *ESTIMATE_COLUMNS, *more]]
    return chosen.rename(columns=dict(names)).reset_index(drop=True)


def rsquare_table(fit: SEMResult) -> pd.DataFrame:
    """Return the explained variance of every endogenous variable: ``variable is_latent r2``."""
    values, latents = fit.rsquare(), set(indicators(fit))
    return pd.DataFrame(
        {
            "variable": list(values.index),
            "is_latent": [name in latents for name in values.index],
            "r2": values.to_numpy(dtype=float),
        }
    )


def fit_table(measures: Mapping[str, float]) -> pd.DataFrame:
    """Return the fit measures held against their cut-offs.

    Parameters
    ----------
    measures : mapping of str to float
        Fit measures, among them ``chisq_df``; those not in `FIT_MEASURES` are left out.

    Returns
    -------
    DataFrame
        ``measure value cutoff met source``; `met` is None without a verdict.
    """
    rows = []
    for name in FIT_MEASURES:
        if name in measures and not (name in LIKELIHOOD_ONLY and isnan(measures[name])):
            value = float(measures[name])
            judged = judge(name, value)
            rows.append((name, value, judged.cutoff, judged.met, judged.source))
    frame = pd.DataFrame(rows, columns=["measure", "value", "cutoff", "met", "source"])
    return frame.astype({"met": object})


def measures_of(fit: SEMResult) -> dict[str, float]:
    """Return the fit measures a reader should be shown, and χ²/df (NaN when df is 0).

    Where the test is corrected for non-normality or ordered data, the corrected statistic takes
    the place of the plain one, whose distribution is not known; indices are the robust ones where
    they are defined, else the scaled ones.
    """
    measures = {str(name): float(value) for name, value in fit.fit_measures().items()}
    if is_corrected(fit):
        measures |= {name: _best(measures, name, kinds) for name, kinds in CORRECTED.items()}
    chisq, df = measures.get("chisq", float("nan")), measures.get("df", 0.0)
    return {**measures, "chisq_df": chisq / df if df else float("nan")}


def is_corrected(fit: SEMResult) -> bool:
    """Tell whether the fit has a scaled test statistic."""
    return "chisq_scaled" in fit.fit_measures().index


def _best(measures: Mapping[str, float], name: str, kinds: Sequence[str]) -> float:
    """Return the first corrected form of a measure that is defined."""
    found = (measures.get(f"{name}_{kind}", float("nan")) for kind in kinds)
    return next((x for x in found if not isnan(x)), float("nan"))


def hypotheses_table(
    hypotheses: Sequence[Hypothesis],
    parameters: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame] = MappingProxyType({}),
    sizes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return each hypothesis with its estimate, effect size, evidence and verdict.

    A hypothesis about a row that is not there is "not testable".

    Parameters
    ----------
    hypotheses : sequence of Hypothesis
    parameters : DataFrame
        Of the fitted model.
    tables : mapping of str to DataFrame
        Further analyses, by the name hypotheses give as their evidence.
    sizes : DataFrame, optional
        ``outcome predictor r2 f2`` of paths.
    """
    return pd.DataFrame([_hypothesis_row(h, parameters, tables, sizes) for h in hypotheses])


def _hypothesis_row(
    claim: Hypothesis,
    parameters: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    sizes: pd.DataFrame | None,
) -> dict[str, object]:
    frame = parameters if claim.evidence == "model" else tables.get(claim.evidence)
    numbers = _numbers(claim, frame)
    said = EVIDENCE[claim.evidence]
    return {
        "hypothesis": claim.key,
        "text_en": claim.text.en,
        "text_zh": claim.text.in_("zh"),
        "lhs": claim.lhs,
        "op": claim.op,
        "rhs": claim.rhs,
        "expected": claim.expected,
        **numbers,
        **_size(claim, sizes, tables),
        "evidence": claim.evidence,
        "evidence_en": said.en,
        "evidence_zh": said.in_("zh"),
        "verdict": _judged(claim, numbers),
    }


def _numbers(claim: Hypothesis, frame: pd.DataFrame | None) -> dict[str, float]:
    """Return the estimate and its error; what the evidence does not have is NaN."""
    if frame is None:
        return dict.fromkeys(ESTIMATE_COLUMNS, float("nan"))
    same = (frame["lhs"] == claim.lhs) & (frame["op"] == claim.op)
    if claim.op != ":=":
        same &= frame["rhs"] == claim.rhs
    found = frame[same].reindex(columns=ESTIMATE_COLUMNS)
    if found.empty:
        return dict.fromkeys(ESTIMATE_COLUMNS, float("nan"))
    return {str(name): float(value) for name, value in found.iloc[0].items()}


def _judged(claim: Hypothesis, numbers: Mapping[str, float]) -> str:
    """Return the verdict: by the bootstrap interval, by a test alone, or by estimate and test."""
    if claim.evidence == "mediation":
        return verdict_of_interval(numbers["ci_lower"], numbers["ci_upper"], claim.expected)
    if claim.op == "==":  # a test of several paths has no estimate
        return verdict(1.0, numbers["pvalue"], "≠0")
    return verdict(numbers["est"], numbers["pvalue"], claim.expected)


def _size(
    claim: Hypothesis, sizes: pd.DataFrame | None, tables: Mapping[str, pd.DataFrame]
) -> dict[str, float]:
    """Return R² of the outcome and f² of the path, where they are known."""
    unknown = {"r2": float("nan"), "f2": float("nan")}
    if claim.op != "~":
        return unknown
    if claim.evidence == "model" and sizes is not None:
        same = (sizes["outcome"] == claim.lhs) & (sizes["predictor"] == claim.rhs)
        for _, row in sizes[same].iterrows():
            return {"r2": float(row["r2"]), "f2": float(row["f2"])}
    frame = tables.get(claim.evidence)
    if frame is not None and "r2" in frame:
        same = (frame["lhs"] == claim.lhs) & (frame["rhs"] == claim.rhs)
        for _, row in frame[same].iterrows():
            return {"r2": float(row["r2"]), "f2": float(row.get("f2", float("nan")))}
    return unknown


def label_of(labels: Mapping[str, Text], name: str) -> Text:
    """Return the readers' name of a variable, or the variable's own."""
    return labels.get(name, Text(name))
