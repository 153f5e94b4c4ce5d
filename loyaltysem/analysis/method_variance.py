"""What the analyses with a method factor share: texts, loadings and shares of variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.estimation.fit import cfa
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.sources import Data

#: Options of a fit that a method factor does not go with.
REFUSED = ("group", "std_lv", "orthogonal", "group_equal", "group_partial")


def measured(fit: SEMResult) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the latent variables and the items that load on them, in model order."""
    rows = fit.parameters(standardized=False)
    loadings = rows[rows["op"] == "=~"]
    latents = tuple(dict.fromkeys(loadings["lhs"]))
    return latents, tuple(x for x in dict.fromkeys(loadings["rhs"]) if x not in latents)


def fit_measurement(model: str, data: Data, options: dict[str, Any]) -> SEMResult:
    """Fit a measurement model with latent variances of 1.

    Raises
    ------
    IncompatibleRequestError
        For options that a method factor does not go with, and for models with regressions.
    """
    wrong = [name for name in REFUSED if options.get(name)]
    if wrong:
        raise IncompatibleRequestError(
            f"A method factor cannot be fitted together with {', '.join(wrong)}.",
            code="request.method_factor",
            hint="Fit groups one at a time; latent variances are fixed at 1 here anyway.",
        )
    fit = cfa(model, data, std_lv=True, **options)
    if (fit.parameters(standardized=False)["op"] == "~").any():
        raise IncompatibleRequestError(
            "The model has regressions; method variance is a matter of the measurement model.",
            code="request.method_factor",
            hint="Write the measurement model alone, all constructs correlated.",
        )
    return fit


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """Return a name that the model does not use.

    Examples
    --------
    >>> free_name("method", ["trust", "method"])
    'method_'
    """
    while wanted in taken:
        wanted += "_"
    return wanted


def method_text(name: str, items: Sequence[str], latents: Sequence[str], *, equal: bool) -> str:
    """Return the lines that add a method factor of variance 1, uncorrelated with all others.

    Examples
    --------
    >>> print(method_text("M", ["a", "b"], ["f"], equal=True))
    M =~ NA*a + m_loading*a + m_loading*b
    M ~~ 1*M
    M ~~ 0*f
    """
    label = "m_loading*" if equal else ""
    terms = " + ".join(f"{label}{item}" for item in items)
    lines = [f"{name} =~ NA*{items[0]} + {terms}", f"{name} ~~ 1*{name}"]
    return "\n".join([*lines, *(f"{name} ~~ 0*{latent}" for latent in latents)])


def variance_shares(fit: SEMResult, method: str, items: Sequence[str]) -> pd.DataFrame:
    """Split the variance of each item into its constructs, the method and the rest.

    Returns
    -------
    DataFrame
        ``item construct loading method_loading substantive_share method_share error_share``; with
        several constructs (bifactor models) the shares of all count.
    """
    rows = fit.parameters(standardized=True)
    loadings = rows[(rows["op"] == "=~") & rows["rhs"].isin(items)]
    own = loadings[loadings["lhs"] != method]
    first = own.drop_duplicates("rhs").set_index("rhs")
    by_method = loadings[loadings["lhs"] == method].set_index("rhs")["std_all"]
    of_method = by_method.reindex(list(items)).fillna(0.0).to_numpy(dtype=float)
    errors = rows[(rows["op"] == "~~") & (rows["lhs"] == rows["rhs"])].set_index("lhs")["std_all"]
    error = errors.reindex(list(items)).to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "item": list(items),
            "construct": first["lhs"].reindex(list(items)).to_numpy(),
            "loading": first["std_all"].reindex(list(items)).to_numpy(dtype=float),
            "method_loading": of_method,
            "substantive_share": 1 - error - of_method**2,
            "method_share": of_method**2,
            "error_share": error,
        }
    )


def latent_correlations(fit: SEMResult, latents: Sequence[str]) -> pd.Series[float]:
    """Return the correlations below the diagonal, indexed by pairs of names."""
    cor = fit.latent_cor().loc[list(latents), list(latents)].to_numpy(dtype=float)
    rows, columns = np.tril_indices(len(latents), -1)
    index = pd.MultiIndex.from_arrays(
        [[latents[int(j)] for j in columns], [latents[int(i)] for i in rows]],
        names=["construct", "other"],
    )
    return pd.Series(cor[rows, columns], index=index)
