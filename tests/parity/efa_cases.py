"""Answer reference cases of kind "efa" through the public interface."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import loyaltysem as ls

#: psych's varimax is that of R, which stops a little before the maximum.
AS_PSYCH = {"varimax": "varimax_r"}
VARIANCE_ROWS = {
    "ss_loadings": "SS loadings",
    "proportion": "Proportion Var",
    "cumulative": "Cumulative Var",
    "proportion_explained": "Proportion Explained",
    "cumulative_explained": "Cumulative Proportion",
}


def answer(case: dict[str, Any], data_path: str | None) -> dict[str, Any]:
    """Return the results of one case under the reference's keys."""
    data = pd.read_csv(str(data_path))
    call = case["call"]
    items = data[call["items"]]
    match call.get("function", case["id"]):
        case "psych::fa":
            return {name: _psych_fa(items, call, name) for name in call["rotations"]}
        case "lavaan::efa":
            return {name: _lavaan_efa(items, call, name) for name in call["rotations"]}
        case "psych::principal":
            return {name: _principal(items, call, name) for name in ("none", "varimax")}
        case "efa_kmo_bartlett_parallel_hs":
            return _adequacy(items)
        case "poly_likert":
            return _polychoric(items, data)
    raise NotImplementedError(str(call))


def _matrix(frame: pd.DataFrame) -> dict[str, Any]:
    return {
        "rows": [str(r) for r in frame.index],
        "cols": [str(c) for c in frame.columns],
        "values": frame.to_numpy().tolist(),
    }


def _psych_fa(items: pd.DataFrame, call: dict[str, Any], name: str) -> dict[str, Any]:
    found = ls.efa(items, call["nfactors"], method=call["fm"], rotation=AS_PSYCH.get(name, name))
    fit = found.fit
    oblique = name in ("promax", "oblimin")
    return {
        "loadings": _matrix(found.loadings),
        "phi": _matrix(found.phi) if oblique else None,
        "communality": found.communality.to_dict(),
        "uniqueness": found.uniqueness.to_dict(),
        "complexity": found.complexity.to_dict(),
        "variance_accounted": _matrix(found.variance.rename(index=VARIANCE_ROWS)),
        "chisq": fit["chisq"],
        "dof": fit["df"],
        "pvalue": fit["pvalue"],
        "objective": fit["objective"],
        "rms": fit["rmsr"],
        "crms": fit["rmsr_df"],
        "rmsea": {
            "RMSEA": fit["rmsea"],
            "lower": fit["rmsea_ci_lower"],
            "upper": fit["rmsea_ci_upper"],
            "confidence": 0.9,
        },
        "tli": fit["tli"],
        "bic": fit["bic"],
        "empirical_chisq": fit["empirical_chisq"],
        "scores_weights_regression": _matrix(found.weights("regression")),
    }


def _lavaan_efa(items: pd.DataFrame, call: dict[str, Any], name: str) -> dict[str, Any]:
    found = ls.efa(
        items, call["nfactors"], method="ml", rotation=name, order="index", test="standard"
    )
    return {
        "loadings": _matrix(found.loadings),
        "phi": _matrix(found.phi),
        "theta": found.uniqueness.to_dict(),
        "chisq": found.fit["chisq"],
        "df": found.fit["df"],
        "rotation_args": {"rstarts": found.solution.n_starts - 1},
    }


def _principal(items: pd.DataFrame, call: dict[str, Any], name: str) -> dict[str, Any]:
    found = ls.principal(items, call["nfactors"], rotation=AS_PSYCH.get(name, name))
    return {
        "loadings": _matrix(found.loadings),
        "communality": found.communality.to_dict(),
        "values": found.eigenvalues.tolist(),
    }


def _adequacy(items: pd.DataFrame) -> dict[str, Any]:
    adequacy, test = ls.kmo(items), ls.bartlett_sphericity(items)
    parallel = ls.parallel_analysis(items, n_samples=2).frame
    return {
        "kmo_overall": adequacy.overall,
        "kmo_items": adequacy.items.to_dict(),
        "bartlett": {"chisq": test.chisq, "df": test.df, "p": test.pvalue},
        "eigen_pc": parallel["component_observed"].tolist(),
        "eigen_fa": parallel["factor_observed"].tolist(),
        "correlation": _matrix(ls.efa(items, 1).source.frame),
    }


def _polychoric(items: pd.DataFrame, data: pd.DataFrame) -> dict[str, Any]:
    plain, psych, found = (ls.polychoric(items, correct=c) for c in ("none", "psych", "lavaan"))
    names = [*items.columns, "age"]
    serial = ls.polyserial(data[["age"]], items)
    whole = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    whole.loc[items.columns, items.columns] = found.rho
    whole.loc["age", items.columns] = serial.loc["age"]
    whole.loc[items.columns, "age"] = serial.loc["age"]
    levels = found.thresholds
    return {
        "psych_rho_correct0": _matrix(plain.rho),
        "psych_tau_correct0": _matrix(plain.threshold_table),
        "psych_rho_correct05": _matrix(psych.rho),
        "lavcor": _matrix(whole),
        "lavcor_th": {
            f"{row.item}|t{row.threshold}": row.value for row in levels.itertuples(index=False)
        },
        "pearson": _matrix(items.corr()),
        "spearman": _matrix(items.corr("spearman")),
        "kendall_tau_b": _matrix(items.corr("kendall")),
    }
