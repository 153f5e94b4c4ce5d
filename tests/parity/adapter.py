"""Answer reference cases through the public interface; holds no reference number."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import pandas as pd

import loyaltysem as ls

#: Options of a case that are passed on under the same name.
OPTIONS = (
    "estimator", "missing", "group", "group_equal", "group_partial", "ordered", "std_lv",
    "meanstructure", "fixed_x", "likelihood", "information", "se", "test", "orthogonal",
    "parameterization",
)  # fmt: skip
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
    call = case["call"]
    options = {k: call[k] for k in OPTIONS if call.get(k) is not None}
    if options.get("estimator") == "default":
        del options["estimator"]
    if isinstance(options.get("information"), list):
        options["information"] = options["information"][0]
    source = _moments(case) if data_path is None else {"data": pd.read_csv(data_path)}
    fit = getattr(ls, call["function"])(case["model"], **source, **options)
    return {"parameters": _parameters(fit), "fit": _measures(fit)}


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


def _moments(case: dict[str, Any]) -> dict[str, Any]:
    names = case["sample_cov"]["vars"]
    cov = pd.DataFrame(case["sample_cov"]["values"], index=names, columns=names)
    mean = case.get("sample_mean")
    mean = None if mean is None else pd.Series(mean, index=names)
    return {"sample_cov": cov, "sample_mean": mean, "sample_nobs": case["sample_nobs"]}


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
