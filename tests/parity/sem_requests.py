"""Turn the call of a reference case into arguments of the public interface."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

#: Options that are passed on under the same name.
OPTIONS = (
    "estimator", "missing", "group", "group_equal", "group_partial", "ordered", "std_lv",
    "meanstructure", "fixed_x", "likelihood", "information", "se", "test", "orthogonal",
    "parameterization", "auxiliary", "rotation", "rotation_args",
)  # fmt: skip
#: Words for what is the default anyway.
DEFAULT = (None, "default", "", [])
#: Lists of words, of which lavaan and the cases may write a single one bare.
LISTS = ("group_equal", "group_partial", "ordered", "auxiliary")
#: lavaan's words for full information.
FIML = ("ml", "direct", "fiml", "ml.x", "direct.x", "fiml.x")
#: Estimators whose name brings a test.
WITH_TEST = ("MLM", "MLMV", "MLMVS", "MLR", "WLSM", "WLSMV", "WLSMVS", "ULSM", "ULSMV", "ULSMVS")
#: Further arguments of lavaan that change no number of a solution that is admissible.
WITHOUT_EFFECT = frozenset(
    {
        "baseline", "bootstrap", "bounds", "check_gradient", "check_post", "check_start",
        "check_vcov", "control", "debug", "do_fit", "em_h1_iter_max", "h1", "implied", "iseed",
        "loglik", "ncpus", "optim_attempts", "optim_bounds", "optim_force_converged",
        "optim_gradient", "optim_method", "optim_parscale", "parallel", "parser", "representation",
        "start", "store_vcov", "verbose", "warn", "bad_marker_crit", "group_label", "test_args",
        "auto_delta", "auto_th", "em_fx_tol", "em_iter_max", "optim_dx_tol",
        "optim_init_nelder_mead",
    }
)  # fmt: skip
#: Rotation arguments by lavaan's names.
ROTATION = {"geomin_epsilon": "epsilon", "oblimin_gamma": "gamma", "rstarts": "n_starts"}


def request(case: dict[str, Any], data_path: str | None) -> tuple[str, dict[str, Any]]:
    """Return the function to call and its arguments."""
    call = _plain_names(case["call"])
    call.pop("description", None)
    further = {k: v for k, v in call.items() if k not in (*OPTIONS, "function")}
    options = {k: call[k] for k in OPTIONS if k in call and not _is_default(call[k])}
    function = _automatic(str(call["function"]), further)
    for name in LISTS:
        if isinstance(options.get(name), str):
            options[name] = [options[name]]
    _ordered(options, case["model"])
    _mimic(str(further.pop("mimic", "lavaan")), options)
    _missing(options)
    _errors(options)
    _rotation(options)
    divide = further.pop("sample_cov_rescale", None)
    if further.pop("conditional_x", None) and not options.get("ordered"):
        options["meanstructure"] = True
    model = "\n".join([case["model"], *_lines(further.pop("constraints", None))])
    unknown = {k for k, v in further.items() if not _is_default(v)} - WITHOUT_EFFECT
    if unknown:
        raise NotImplementedError(f"lavaan's {', '.join(sorted(unknown))}")
    source = _moments(case) if data_path is None else {"data": _rows(case, options, data_path)}
    if isinstance(source.get("sample_cov"), dict) and source["sample_mean"] is None:
        options.setdefault("meanstructure", False)
    if divide is False:
        source = _undivided(source, options)
    return function, {"model": model, **source, **options}


def _is_default(value: Any) -> bool:
    return any(value is d or (isinstance(d, str | list) and value == d) for d in DEFAULT)


def _plain_names(call: dict[str, Any]) -> dict[str, Any]:
    """Take the further arguments beside the others, dots as underscores."""
    flat = {**call, **(call.get("other") or {})}
    return {k.replace(".", "_"): v for k, v in flat.items() if k != "other"}


def _automatic(function: str, further: dict[str, Any]) -> str:
    """Return the function that adds what ``auto.*`` asks for, where there is one."""
    further.pop("model_type", None)
    asked = {k: further.pop(k) for k in tuple(further) if k.startswith(("auto_", "int_"))}
    if function != "lavaan":
        left = {k for k, v in asked.items() if v is False or k == "int_lv_free"}
        if left - {"int_lv_free"} or asked.get("int_lv_free") is True:
            raise NotImplementedError(f"lavaan's {', '.join(sorted(asked))} with {function}()")
        return function
    on = {k for k, v in asked.items() if v is True}
    if not on:
        return function
    if "int_lv_free" in on:
        return "growth"
    if {"auto_var", "auto_cov_lv_x"} <= on:
        return "cfa"
    raise NotImplementedError(f"lavaan's {', '.join(sorted(on))} alone")


def _ordered(options: dict[str, Any], model: str) -> None:
    """Name ordered variables of the model only; lavaan passes over others."""
    if options.get("ordered") is False:
        del options["ordered"]
    elif isinstance(options.get("ordered"), list):
        words = set(re.findall(r"[^\W\d][\w.]*", model))
        options["ordered"] = [name for name in options["ordered"] if name in words] or None


def _mimic(program: str, options: dict[str, Any]) -> None:
    if program.lower() in ("eqs", "lisrel"):
        options.setdefault("likelihood", "wishart")
    if program.lower() != "mplus":
        return
    options.setdefault("meanstructure", True)
    if options.get("estimator", "ML").upper() in ("ML", "MLR") and not options.get("ordered"):
        options.setdefault("missing", "fiml")
    if options.get("group") and not options.get("group_equal"):
        kind = "thresholds" if options.get("ordered") else "intercepts"
        options["group_equal"] = ["loadings", kind]


def _missing(options: dict[str, Any]) -> None:
    if options.get("missing") in FIML:
        options["missing"] = "fiml"


def _errors(options: dict[str, Any]) -> None:
    """Write standard errors, information and test in this package's words."""
    for name in ("information", "test"):
        if isinstance(options.get(name), str):
            options[name] = [options[name]]
    se = options.pop("se", None)
    if se == "first.order":
        options["information"] = ["first.order"]
    elif se == "robust":
        incomplete = options.get("missing") == "fiml"
        options["se"] = "robust.huber.white" if incomplete else "robust.sem"
    elif se not in (None, "none", "bootstrap"):
        options["se"] = se
    if "information" in options:
        options["information"] = options["information"][0]
    if "test" in options:  # residual tests stand beside the standard one, which stays χ²
        kept = [t for t in options["test"] if not t.startswith(("browne", "none", "boot", "boll"))]
        options["test"] = kept or ["standard"]
        if options.get("estimator", "ML").upper() in WITH_TEST:  # its own comes before any other
            del options["test"]


def _rotation(options: dict[str, Any]) -> None:
    given = options.pop("rotation_args", None) or {}
    known = {ROTATION.get(k.replace(".", "_")): v for k, v in given.items()}
    known.pop(None, None)
    if known:
        options["rotation_args"] = known


def _lines(constraints: Any) -> list[str]:
    return [constraints] if isinstance(constraints, str) else list(constraints or [])


def _rows(case: dict[str, Any], options: dict[str, Any], path: str) -> pd.DataFrame:
    """Read the data; of several groups those of the case, in its order."""
    data = pd.read_csv(path)
    labels = [str(label) for label in case.get("group_labels") or []]
    group = options.get("group")
    if group is None or not labels:
        return data
    place = data[group].map(_label).map({label: i for i, label in enumerate(labels)})
    if place.isna().all():
        return data
    return data[place.notna()].iloc[np.argsort(place.dropna().to_numpy(), kind="stable")]


def _label(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _moments(case: dict[str, Any]) -> dict[str, Any]:
    cov, mean, n = (case.get(k) for k in ("sample_cov", "sample_mean", "sample_nobs"))
    parts = _parts(cov)
    if parts is None:
        names = cov["vars"]
        return {
            "sample_cov": _frame(names, cov["values"]),
            "sample_mean": None if mean is None else _series(names, mean),
            "sample_nobs": n[0] if isinstance(n, list) else n,
        }
    labels = [str(x) for x in case.get("group_labels") or []] or [str(x) for x in parts]
    names = [part["vars"] for part in parts.values()]
    means = None if mean is None else list(mean.values() if isinstance(mean, dict) else mean)
    counts = list(n.values() if isinstance(n, dict) else n)
    return {
        "sample_cov": {
            label: _frame(part["vars"], part["values"])
            for label, part in zip(labels, parts.values(), strict=True)
        },
        "sample_mean": None
        if means is None
        else {g: _series(v, m) for g, v, m in zip(labels, names, means, strict=True)},
        "sample_nobs": dict(zip(labels, counts, strict=True)),
    }


def _parts(cov: Any) -> dict[str, Any] | None:
    """Return one ``{vars, values}`` a group; None for a single matrix."""
    if isinstance(cov, list):
        return {f"Group {i}": part for i, part in enumerate(cov, start=1)}
    if "vars" not in cov:
        return dict(cov)
    values = cov["values"]
    if isinstance(values[0][0], list):
        return {
            f"Group {i}": {"vars": cov["vars"], "values": v} for i, v in enumerate(values, start=1)
        }
    return None


def _frame(names: list[str], values: Any) -> pd.DataFrame:
    return pd.DataFrame(values, index=names, columns=names)


def _series(names: list[str], values: Any) -> pd.Series:
    if isinstance(values, dict):
        values = [values[name] for name in names]
    return pd.Series(values, index=names)


def _undivided(source: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Keep the divisor N − 1 of covariances where the likelihood has N."""
    if "data" in source:
        if options.pop("group", None) is not None:
            raise NotImplementedError("sample.cov.rescale with groups")
        numbers = source["data"].select_dtypes("number").dropna(axis=1)
        source = {
            "sample_cov": numbers.cov(),
            "sample_mean": numbers.mean() if options.get("meanstructure") else None,
            "sample_nobs": len(numbers),
        }
    if isinstance(source["sample_cov"], dict):
        raise NotImplementedError("sample.cov.rescale with groups")
    n = source["sample_nobs"]
    return {**source, "sample_cov": source["sample_cov"] * n / (n - 1)}
