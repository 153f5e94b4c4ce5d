"""Answers to reference cases of kind "reliability", under psych's and semTools' names."""

from __future__ import annotations

from typing import Any

import numpy as np
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


def answer(case: dict[str, Any], data_path: str | None) -> dict[str, Any]:
    """Return the results of one case."""
    data = _of_moments(case) if data_path is None else pd.read_csv(data_path)
    call = case["call"]
    if call["function"] == "psych::alpha":
        scales = call.get("scales") or {"scale": call["items"]}
        return {scale: _alpha(data[items], call) for scale, items in scales.items()}
    if call["function"] == "psych::omega":
        return _omega(data[call["items"]], call)
    return _of_model(data, call)


def _of_moments(case: dict[str, Any]) -> pd.DataFrame:
    """Return answers that have exactly the covariances of the case: coefficients see no more."""
    names = case["sample_cov"]["vars"]
    n = int(case.get("sample_nobs") or 10 * len(names))
    x = np.random.default_rng(1).normal(size=(n, len(names)))
    white = np.linalg.qr(x - x.mean(axis=0))[0] * np.sqrt(n - 1)
    root = np.linalg.cholesky(np.array(case["sample_cov"]["values"], dtype=np.float64))
    return pd.DataFrame(white @ root.T, columns=names)


def _alpha(items: pd.DataFrame, call: dict[str, Any]) -> dict[str, Any]:
    turned = _turned(items, call)
    a = ls.cronbach_alpha(turned, missing="pairwise")
    rows = a.items.to_dict(orient="records")
    answered = turned.notna().sum().to_numpy()
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
        ]
        if len(rows) > 2
        else _of_two(rows, a.average_r),
        "item_stats": [
            {"item": row["item"], "n": int(n), **{k: row[v] for k, v in ITEM.items()}}
            for row, n in zip(rows, answered, strict=True)
        ],
    }


def _turned(items: pd.DataFrame, call: dict[str, Any]) -> pd.DataFrame:
    """Turn items, as psych, about the largest and smallest answer to any of them."""
    keys = call.get("keys") or []
    named = [str(k).removeprefix("-") for k in keys] if keys and isinstance(keys[0], str) else []
    turn = set(named) if not any(str(k).startswith("-") for k in keys) else {
        str(k)[1:] for k in keys if str(k).startswith("-")
    }  # fmt: skip
    if call.get("check.keys") or call.get("check_keys"):
        first = ls.principal(items.corr(), 1, n_obs=len(items)).loadings.iloc[:, 0]
        turn |= set(first.index[first < 0])
    ends = items.min().min() + items.max().max()
    return pd.DataFrame(
        {f"{c}-" if c in turn else c: ends - items[c] if c in turn else items[c] for c in items}
    )


def _of_two(rows: list[dict[str, Any]], r: float) -> list[dict[str, Any]]:
    """Return what psych prints for the item that is left of two: ratios, not coefficients."""
    return [
        {
            "item": row["item"],
            "raw_alpha": r * row["sd"] / other["sd"],
            "std.alpha": r,
            "G6(smc)": r * r,
            "average_r": r,
            "S/N": r / (1 - r),
            "alpha se": None,
            "var.r": 0.0,
            "med.r": r,
        }
        for row, other in zip(rows, reversed(rows), strict=True)
    ]


def _omega(items: pd.DataFrame, call: dict[str, Any]) -> dict[str, Any]:
    fm, rotation = call.get("fm", "minres"), call.get("rotate", "oblimin")
    found = ls.omega(
        items,
        n_factors=call.get("nfactors", 3),
        method={"ml": "ml_psych", "pa": "pa_psych"}.get(fm, "minres_psych"),
        rotation="promax_r" if rotation == "promax" else rotation,
        polychoric=bool(call.get("poly")),
        missing="pairwise",
        flip=call.get("flip") is not False,
    )
    table = found.frame.drop(columns="item")
    if "F1*" not in table:  # psych keeps an empty group factor
        table.insert(1, "F1*", 0.0)
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
    options = {k: call[k] for k in ("ordered", "missing", "std_lv") if call.get(k) is not None}
    fit = ls.cfa(call["model"], data, estimator=call.get("estimator", "ML"), **options)
    found = ls.reliability(fit)
    table = found.frame.set_index("construct")
    items = {name: list(v) for name, v in found.items.items()}
    used = data[sorted({i for v in items.values() for i in v})].dropna()
    alpha = table["alpha"].to_dict()
    if ordered:
        alpha = {name: ls.cronbach_alpha(used[v]).alpha for name, v in items.items()}
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
    first_order = [name for name in names if set(_loading(fit, name)) == set(items[name])]
    old = pd.DataFrame(rows, index=names).T[first_order]
    shares = _printed(fit)
    return {
        "compRelSEM_omega": table["omega_observed"].to_dict(),
        "compRelSEM_omega_model_implied": table["omega_implied"].to_dict(),
        "compRelSEM_alpha": alpha,
        "AVE": {
            name: value * _implied_over_observed(fit, items[name])
            for name, value in table["ave_unstandardized"].items()
        },
        "reliability_deprecated": _matrix(old, list(rows), first_order),
        "htmt": _ratios(used, items, "htmt", bool(ordered)),
        "htmt2": _ratios(used, items, "htmt2", bool(ordered)),
        "composite_reliability_fornell_larcker_std": {k: v[0] for k, v in shares.items()},
        "AVE_from_std_loadings": {k: v[1] for k, v in shares.items()},
        "latent_correlations": _matrix(fit.latent_cor(), names, names),
    }


def _loading(fit: Any, name: str) -> list[str]:
    rows = fit.parameters().query("op == '=~'")
    return rows.loc[rows["lhs"] == name, "rhs"].tolist()


def _implied_over_observed(fit: Any, items: list[str]) -> float:
    """Return what turns an AVE of implied variances into one of observed ones, semTools' default.

    The two part company under missing values only.
    """
    if fit.plan.ordered:
        return 1.0
    implied, observed = (
        sum(cov.loc[i, i] for i in items) for cov in (fit.implied_cov(), fit.sample_cov())
    )
    return float(implied / observed)


def _printed(fit: Any) -> dict[str, tuple[float, float]]:
    """Return CR and AVE by the formula of the reference: of standardised loadings alone."""
    rows = fit.parameters(standardized=True).query("op == '=~'")
    shares = {}
    for name, part in rows.groupby("lhs", sort=False)["std_all"]:
        squares = (part**2).sum()
        shares[str(name)] = (
            part.sum() ** 2 / (part.sum() ** 2 + len(part) - squares),
            squares / len(part),
        )
    return shares


def _ratios(data: pd.DataFrame, items: dict[str, list[str]], kind: str, ordered: bool) -> Any:
    if len(items) < 2:
        return _matrix(pd.DataFrame([[1.0]]), list(items), list(items))
    below = ls.htmt(data, items, kind=kind, ordered=ordered).fillna(0.0)
    whole = below + below.T
    for name in items:
        whole.loc[name, name] = 1.0
    return _matrix(whole, list(items), list(items))


def _matrix(frame: pd.DataFrame, rows: list[str], cols: list[str]) -> dict[str, Any]:
    return {"rows": rows, "cols": cols, "values": frame.to_numpy(dtype=float).tolist()}
