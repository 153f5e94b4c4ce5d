"""Answers to reference cases of kind "reliability", under psych's and semTools' names."""

from __future__ import annotations

from typing import Any

import pandas as pd

import loyaltysem as ls

#: Our columns by the names of psych's ``alpha.drop`` and ``item.stats``.
IF_DELETED = {
    "raw_alpha": "alpha_if_deleted",
    "std.alpha": "standardized_alpha_if_deleted",
    "G6(smc)": "lambda6_if_deleted",
    "average_r": "average_r_if_deleted",
    "S/N": "signal_to_noise_if_deleted",
    "alpha se": "se_if_deleted",
    "var.r": "variance_r_if_deleted",
    "med.r": "median_r_if_deleted",
}
ITEM = {
    "raw.r": "item_total_r",
    "std.r": "standardized_item_total_r",
    "r.cor": "corrected_r",
    "r.drop": "item_rest_r",
    "mean": "mean",
    "sd": "sd",
}


def answer(case: dict[str, Any], data_path: str) -> dict[str, Any]:
    """Return the results of one case."""
    data = pd.read_csv(data_path)
    call = case["call"]
    if call["function"] == "psych::alpha":
        return {scale: _alpha(data[items]) for scale, items in call["scales"].items()}
    if call["function"] == "psych::omega":
        return _omega(data[call["items"]], call)
    return _of_model(data, call)


def _alpha(items: pd.DataFrame) -> dict[str, Any]:
    a = ls.cronbach_alpha(items)
    rows = a.items.to_dict(orient="records")
    return {
        "items": list(items.columns),
        "raw_alpha": a.alpha,
        "std_alpha": a.standardized_alpha,
        "G6": a.lambda6,
        "average_r": a.average_r,
        "median_r": a.median_r,
        "ase": a.se,
        "mean": a.mean,
        "sd": a.sd,
        "feldt": {"lower": a.ci_lower, "alpha": a.alpha, "upper": a.ci_upper, "level": 0.95},
        "alpha_drop": [
            {"item": row["item"], **{k: row[v] for k, v in IF_DELETED.items()}} for row in rows
        ],
        "item_stats": [
            {"item": row["item"], "n": a.n_obs, **{k: row[v] for k, v in ITEM.items()}}
            for row in rows
        ],
    }


def _omega(items: pd.DataFrame, call: dict[str, Any]) -> dict[str, Any]:
    found = ls.omega(items, n_factors=call["nfactors"], method=call["fm"], rotation=call["rotate"])
    table = found.frame.drop(columns="item")
    return {
        "omega_h": found.omega_hierarchical,
        "omega_total": found.omega_total,
        "omega_lim": found.omega_limit,
        "alpha": found.alpha,
        "G6": found.lambda6,
        "schmid_leiman": _matrix(table, list(items.columns), list(table.columns)),
    }


def _of_model(data: pd.DataFrame, call: dict[str, Any]) -> dict[str, Any]:
    ordered = call.get("ordered")
    fit = ls.cfa(call["model"], data, estimator=call["estimator"], ordered=ordered)
    table = ls.reliability(fit).frame.set_index("construct")
    items = {name: list(v) for name, v in ls.reliability(fit).items.items()}
    alpha = {name: ls.cronbach_alpha(data[v]).alpha for name, v in items.items()}
    rows = {
        "alpha": list(alpha.values()),
        "alpha.ord": table["alpha"].tolist(),
        "omega": table["omega"].tolist(),
        "omega2": table["omega_implied"].tolist(),
        "omega3": table["omega_observed"].tolist(),
        "avevar": table["ave_unstandardized"].tolist(),
    }
    if not ordered:
        del rows["alpha.ord"]
    names = list(items)
    return {
        "compRelSEM_omega": table["omega_observed"].to_dict(),
        "compRelSEM_omega_model_implied": table["omega_implied"].to_dict(),
        "compRelSEM_alpha": alpha,
        "AVE": table["ave_unstandardized"].to_dict(),
        "reliability_deprecated": _matrix(pd.DataFrame(rows).T, list(rows), names),
        "htmt": _ratios(data, items, "htmt", bool(ordered)),
        "htmt2": _ratios(data, items, "htmt2", bool(ordered)),
        "composite_reliability_fornell_larcker_std": table["composite_reliability"].to_dict(),
        "AVE_from_std_loadings": table["ave"].to_dict(),
        "latent_correlations": _matrix(fit.latent_cor(), names, names),
    }


def _ratios(data: pd.DataFrame, items: dict[str, list[str]], kind: str, ordered: bool) -> Any:
    below = ls.htmt(data, items, kind=kind, ordered=ordered).fillna(0.0)
    whole = below + below.T
    for name in items:
        whole.loc[name, name] = 1.0
    return _matrix(whole, list(items), list(items))


def _matrix(frame: pd.DataFrame, rows: list[str], cols: list[str]) -> dict[str, Any]:
    return {"rows": rows, "cols": cols, "values": frame.to_numpy(dtype=float).tolist()}
