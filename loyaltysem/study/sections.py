"""The tables that come from the fitted model alone; each is one small function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

import pandas as pd

from loyaltysem.analysis.cutoffs import judge
from loyaltysem.analysis.validity import indicators
from loyaltysem.core.text import Text
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study.hypotheses import Hypothesis, verdict

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


def hypotheses_table(hypotheses: Sequence[Hypothesis], parameters: pd.DataFrame) -> pd.DataFrame:
    """Return each hypothesis with its estimate and verdict.

    A hypothesis about a row that the model does not have is "not testable".
    """
    return pd.DataFrame([_hypothesis_row(claim, parameters) for claim in hypotheses])


def _hypothesis_row(claim: Hypothesis, parameters: pd.DataFrame) -> dict[str, object]:
    same = (parameters["lhs"] == claim.lhs) & (parameters["op"] == claim.op)
    if claim.op != ":=":
        same &= parameters["rhs"] == claim.rhs
    found = parameters.loc[same, ESTIMATE_COLUMNS]
    numbers = (
        {str(name): float(value) for name, value in found.iloc[0].items()}
        if len(found)
        else dict.fromkeys(ESTIMATE_COLUMNS, float("nan"))
    )
    return {
        "hypothesis": claim.key,
        "text_en": claim.text.en,
        "text_zh": claim.text.in_("zh"),
        "lhs": claim.lhs,
        "op": claim.op,
        "rhs": claim.rhs,
        "expected": claim.expected,
        **numbers,
        "verdict": verdict(numbers["est"], numbers["pvalue"], claim.expected),
    }


def label_of(labels: Mapping[str, Text], name: str) -> Text:
    """Return the readers' name of a variable, or the variable's own."""
    return labels.get(name, Text(name))
