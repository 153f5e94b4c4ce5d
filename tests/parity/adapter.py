"""Answer reference cases through the public interface; holds no reference number."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import loyaltysem as ls

#: Files beside this one that answer the other kinds.
OTHER_KINDS = {"efa": "efa_cases", "reliability": "reliability_cases", "data": "data_cases"}
#: lavaan 0.7 names that stand for another index than ours, or are written differently.
RENAMED = {"gfi": "gfi_lisrel", "agfi": "agfi_lisrel", "gfi_mo": "gfi"}


def fit_case(case: dict[str, Any], data_path: str | None) -> dict[str, Any]:
    """Fit one case and return its parameters and fit measures under lavaan's names.

    Cases of other kinds return ``{"results": …}`` under the reference's keys.
    """
    if case["kind"] in OTHER_KINDS:
        return {"results": _beside(OTHER_KINDS[case["kind"]]).answer(case, data_path)}
    if case["kind"] != "sem":
        raise NotImplementedError(f"cases of kind {case['kind']!r}")
    function, arguments = _beside("sem_requests").request(case, data_path)
    fit = getattr(ls, function)(**arguments)
    measures = _measures(fit)
    if _mimic(case) == "mplus" and fit.plan.information != "expected":
        measures["srmr"] = measures.get("srmr_mplus", measures["srmr"])
    return {"parameters": _parameters(fit), "fit": measures}


def _mimic(case: dict[str, Any]) -> str:
    """Return the program whose conventions are asked for: Mplus has another SRMR."""
    call = case["call"]
    return str((call.get("other") or {}).get("mimic") or call.get("mimic") or "").lower()


def _beside(name: str) -> Any:
    """Load a file of this folder, wherever this one was loaded from."""
    path = Path(__file__).with_name(f"{name}.py")
    if not path.exists():
        raise NotImplementedError(f"no {path.name}")
    spec = importlib.util.spec_from_file_location(f"parity_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _parameters(fit: Any) -> list[dict[str, Any]]:
    frame = fit.parameters(standardized=True)
    return [{k: _plain(v) for k, v in row.items()} for row in frame.to_dict(orient="records")]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _measures(fit: Any) -> dict[str, float]:
    return {
        _lavaan_name(RENAMED.get(name, name)): value for name, value in fit.fit_measures().items()
    }


def _lavaan_name(name: str) -> str:
    """Write ``rmsea_ci_lower`` as lavaan does; names with an underscore of their own stay."""
    for ours, theirs in (
        ("unrestricted_logl", "unrestricted.logl"),
        ("_ci_", ".ci."),
        ("baseline_", "baseline."),
        ("_pvalue", ".pvalue"),
        ("_h0", ".h0"),
        ("_scaling_factor", ".scaling.factor"),
        ("scaling_factor_", "scaling.factor."),
        ("_scaled", ".scaled"),
        ("_robust", ".robust"),
        ("lower_", "lower."),
        ("upper_", "upper."),
        ("rmsea_notclose", "rmsea.notclose"),
        ("rmsea_close", "rmsea.close"),
    ):
        name = name.replace(ours, theirs)
    return name.replace("gfi_mo", "gfi")
