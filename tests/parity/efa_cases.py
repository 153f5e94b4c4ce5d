"""Answer reference cases of kind "efa" through the public interface."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import loyaltysem as ls

#: psych's rotations by ours. Its varimax is that of R, which stops a little before the maximum.
AS_PSYCH: dict[str, dict[str, Any]] = {
    "varimax": {"rotation": "varimax_r"},
    "promax": {"rotation": "promax_r"},
    "Promax": {"rotation": "promax_r", "kaiser": False},
    "Varimax": {"rotation": "varimax", "kaiser": False},
    "geominQ": {"rotation": "geomin", "epsilon": 0.01},
}
OBLIQUE = ("promax", "Promax", "oblimin", "quartimin", "geominQ")
#: psych's extractions by ours; its searches stop early too.
EXTRACTION = {
    "minres": "minres_psych", "uls": "minres_psych", "ols": "minres", "ml": "ml_psych",
    "mle": "ml_psych", "pa": "pa_psych",
}  # fmt: skip
#: The numeric variable beside ordered items; no case says so.
NUMERIC = pd.Index(["age"])
VARIANCE_ROWS = {
    "ss_loadings": "SS loadings",
    "proportion": "Proportion Var",
    "cumulative": "Cumulative Var",
    "proportion_explained": "Proportion Explained",
    "cumulative_explained": "Cumulative Proportion",
}


def answer(case: dict[str, Any], data_path: str | None) -> dict[str, Any]:
    """Return the results of one case under the reference's keys."""
    call = case["call"]
    data = None if data_path is None else pd.read_csv(data_path)
    match call.get("function") or _told_by_name(case):
        case "psych::fa":
            source = _source(case, data)
            return {name: _psych_fa(source, call, name) for name in _rotations(call)}
        case "lavaan::efa":
            return {name: _lavaan_efa(_items(case, data), call, name) for name in _rotations(call)}
        case "psych::principal":
            source = _source(case, data)
            return {name: _principal(source, call, name) for name in _rotations(call)}
        case "adequacy":
            return _adequacy(_source(case, data))
        case "polychoric" if data is not None:
            return _polychoric(_items(case, data), data)
    raise NotImplementedError(str(call))


def _told_by_name(case: dict[str, Any]) -> str:
    """Tell what a case without a function asks for; its id is all that says so."""
    words = f"{case['id']} {case.get('description', '')}".lower()
    return "polychoric" if "poly" in words else "adequacy"


def _rotations(call: dict[str, Any]) -> list[str]:
    one = call.get("rotation", call.get("rotate"))
    given = call.get("rotations") or one or ["none", "varimax"]
    return [given] if isinstance(given, str) else list(given)


def _items(case: dict[str, Any], data: pd.DataFrame | None) -> pd.DataFrame:
    if data is None:
        raise NotImplementedError("answers are needed, not a matrix")
    return data[case["call"]["items"]]


class _Source(NamedTuple):
    """Correlations as psych makes them: pairwise, with all cases as their number."""

    r: pd.DataFrame
    n: int
    pairs: np.ndarray
    pearson: pd.DataFrame | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        return {"items": self.r, "n_obs": self.n}


def _source(case: dict[str, Any], data: pd.DataFrame | None) -> _Source:
    call = case["call"]
    if data is None:
        given, n = case["sample_cov"], int(case["sample_nobs"])
        r = pd.DataFrame(given["values"], index=given["vars"], columns=given["vars"])
        names = call.get("items") or given["vars"]
        return _Source(r.loc[names, names], n, np.full((len(names), len(names)), n))
    items = data[call["items"]]
    kind = str(call.get("cor", "cor"))
    if kind.startswith(("poly", "tet")):
        r = ls.polychoric(items, missing="pairwise", correct="psych").rho
    else:
        r = items.corr("spearman" if kind == "spearman" else "pearson")
    pairs = ls.missing_patterns(items).pairwise_n.to_numpy(dtype=float)
    return _Source(r, len(items), pairs, None if kind == "cor" else items.corr())


def _matrix(frame: pd.DataFrame) -> dict[str, Any]:
    return {
        "rows": [str(r) for r in frame.index],
        "cols": [str(c) for c in frame.columns],
        "values": frame.to_numpy().tolist(),
    }


def _psych_fa(source: _Source, call: dict[str, Any], name: str) -> dict[str, Any]:
    fm = call.get("fm", "minres")
    found = ls.efa(
        **source.arguments,
        n_factors=call["nfactors"],
        method=EXTRACTION.get(fm, fm),
        **_rotation(name),
    )
    fit = found.fit
    variance = found.variance.rename(index=VARIANCE_ROWS)
    residual = found.residuals.to_numpy() * (1 - np.eye(len(found.loadings)))
    return {
        "loadings": _matrix(found.loadings),
        "phi": _matrix(found.phi) if name in OBLIQUE and call["nfactors"] > 1 else None,
        "communality": found.communality.to_dict(),
        "uniqueness": found.uniqueness.to_dict(),
        "complexity": found.complexity.to_dict(),
        "variance_accounted": _matrix(variance if call["nfactors"] > 1 else variance.head(2)),
        "chisq": fit["chisq"],
        "dof": fit["df"],
        "pvalue": fit["pvalue"],
        "objective": fit["objective"],
        "rms": _rms(residual, source, residual.size - len(residual)),
        "crms": _rms(residual, source, 2 * fit["df"]),
        "rmsea": {
            "RMSEA": fit["rmsea"],
            "lower": fit["rmsea_ci_lower"],
            "upper": fit["rmsea_ci_upper"],
            "confidence": 0.9,
        },
        "tli": fit["tli"],
        "bic": fit["bic"],
        "empirical_chisq": float((residual**2 * source.pairs).sum()),
        "scores_weights_regression": _matrix(_weights(found, source)),
    }


def _rms(residual: np.ndarray, source: _Source, count: float) -> float | None:
    """Return psych's root mean square, which weights pairs by their cases."""
    harmonic = source.pairs.size / (1 / source.pairs).sum()
    total = float((residual**2 * source.pairs).sum())
    return math.sqrt(total / (harmonic * count)) if count > 0 else None


def _weights(found: Any, source: _Source) -> pd.DataFrame:
    """Weigh answers by their own correlations, as psych does after polychoric ones too."""
    if source.pearson is None:
        return found.weights("regression")
    weights = np.linalg.solve(source.pearson.to_numpy(), found.structure.to_numpy())
    return pd.DataFrame(weights, index=source.r.index, columns=found.loadings.columns)


def _lavaan_efa(items: pd.DataFrame, call: dict[str, Any], name: str) -> dict[str, Any]:
    rotation: dict[str, Any] = {"rotation": name}
    if name == "promax":  # that of R's stats
        rotation = AS_PSYCH["Promax"]
    found = ls.efa(items, call["nfactors"], method="ml", order="index", test="standard", **rotation)
    return {
        "loadings": _matrix(found.loadings),
        "phi": _matrix(found.phi),
        "theta": found.uniqueness.to_dict(),
        "chisq": found.fit["chisq"],
        "df": found.fit["df"],
        "rotation_args": {"rstarts": max(found.solution.n_starts - 1, 0)},
    }


def _rotation(name: str) -> dict[str, Any]:
    """Rotate from one start, as psych."""
    return {"n_starts": 0, **AS_PSYCH.get(name, {"rotation": name})}


def _principal(source: _Source, call: dict[str, Any], name: str) -> dict[str, Any]:
    plain = "Promax" if name == "promax" else name  # components are not normalised for it
    found = ls.principal(**source.arguments, n_components=call["nfactors"], **_rotation(plain))
    return {
        "loadings": _matrix(found.loadings),
        "communality": found.communality.to_dict(),
        "values": found.eigenvalues.tolist(),
    }


def _adequacy(source: _Source) -> dict[str, Any]:
    adequacy, test = ls.kmo(**source.arguments), ls.bartlett_sphericity(**source.arguments)
    parallel = ls.parallel_analysis(**source.arguments, n_samples=2).frame
    return {
        "kmo_overall": adequacy.overall,
        "kmo_items": adequacy.items.to_dict(),
        "bartlett": {"chisq": test.chisq, "df": test.df, "p": test.pvalue},
        "eigen_pc": parallel["component_observed"].tolist(),
        "eigen_fa": parallel["factor_observed"].tolist(),
        "correlation": _matrix(source.r),
    }


def _polychoric(items: pd.DataFrame, data: pd.DataFrame) -> dict[str, Any]:
    plain, psych = (ls.polychoric(items, correct=c, missing="pairwise") for c in ("none", "psych"))
    complete = data[[*items.columns, *NUMERIC.intersection(data.columns)]].dropna()
    found = ls.polychoric(complete[items.columns], correct="lavaan")
    whole = found.rho.copy()
    for name in NUMERIC.intersection(data.columns):
        serial = ls.polyserial(complete[[name]], complete[items.columns])
        whole.loc[name, items.columns] = serial.loc[name]
        whole.loc[items.columns, name] = serial.loc[name]
        whole.loc[name, name] = 1.0
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
