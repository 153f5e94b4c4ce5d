"""How well k common factors reproduce a correlation matrix."""

from __future__ import annotations

from math import log, nan, sqrt
from typing import Literal, TypeAlias

import numpy as np

from loyaltysem.analysis.exploration.eigen import smoothed
from loyaltysem.core.types import Array
from loyaltysem.inference.fit_measures import cfi, rmsea, rmsea_interval, tli
from loyaltysem.inference.tests_of_fit import TestStatistic, noncentrality_bound

Test: TypeAlias = Literal["bartlett", "standard"]
#: Level of the interval of the RMSEA.
LEVEL = 0.90


def discrepancy(r: Array, model: Array) -> float:
    """Return the maximum likelihood discrepancy ``tr(P⁻¹R) − log|P⁻¹R| − p`` of R and P (p, p)."""
    product = np.linalg.solve(model, r)
    return float(np.trace(product) - np.linalg.slogdet(product)[1] - len(r))


def degrees_of_freedom(p: int, k: int) -> int:
    """Return ``½[(p − k)² − (p + k)]``, of k common factors of p items.

    Examples
    --------
    >>> degrees_of_freedom(9, 3)
    12
    """
    return ((p - k) ** 2 - (p + k)) // 2


def greatest_number(p: int) -> int:
    """Return the largest number of common factors that leaves degrees of freedom ≥ 0."""
    return max((k for k in range(1, p) if degrees_of_freedom(p, k) >= 0), default=0)


def fit_of_factors(
    r: Array, common: Array, k: int, n_obs: int, test: Test = "bartlett"
) -> dict[str, float]:
    """Return measures of fit.

    Parameters
    ----------
    r : Array, shape (p, p)
    common : Array, shape (p, p)
        ΛΦΛᵀ; its diagonal holds communalities.
    k : int
    n_obs : int
    test : {"bartlett", "standard"}
        χ² with Bartlett's (1951) factor ``N − 1 − (2p + 5)/6 − 2k/3`` and psych's indices built on
        it, or with N and lavaan's indices.

    Returns
    -------
    dict
        ``chisq df pvalue objective null_chisq null_df cfi tli rmsea rmsea_ci_lower rmsea_ci_upper
        bic rmsr rmsr_df empirical_chisq``.

    Notes
    -----
    With ``"bartlett"`` these are psych's ``STATISTIC dof PVAL objective null.chisq null.dof – TLI
    RMSEA BIC rms crms chi``: RMSEA is ``√(χ²/(N df) − 1/(N − 1))``, its interval has N − 1, BIC is
    ``χ² − df log N``. The CFI is Bentler's of the two χ².
    """
    p = len(r)
    model = smoothed(common - np.diag(np.diagonal(common)) + np.eye(p))
    observed = smoothed(r)
    objective, null = discrepancy(observed, model), discrepancy(observed, np.eye(p))
    df = degrees_of_freedom(p, k)
    shift = (2 * p + 5) / 6 if test == "bartlett" else -1.0
    factor = n_obs - 1 - shift - (2 * k / 3 if test == "bartlett" else 0.0)
    user = TestStatistic(max(objective * factor, 0.0), df)
    baseline = TestStatistic(null * (n_obs - 1 - shift), p * (p - 1) // 2)
    indices = _psych(user, objective, null, baseline.df, factor, n_obs)
    if test == "standard":
        lower, upper = rmsea_interval(user, n_obs)
        indices = (tli(user, baseline), rmsea(user, n_obs), lower, upper)
    residual = (r - common)[np.triu_indices(p, 1)]
    squares = 2.0 * float(residual @ residual)
    return {
        "chisq": user.statistic,
        "df": df,
        "pvalue": user.pvalue,
        "objective": objective,
        "null_chisq": baseline.statistic,
        "null_df": baseline.df,
        "cfi": cfi(user, baseline),
        **dict(zip(("tli", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper"), indices, strict=True)),
        "bic": user.statistic - df * log(n_obs),
        "rmsr": sqrt(squares / (p * (p - 1))),
        "rmsr_df": sqrt(squares / (2 * df)) if df > 0 else nan,
        "empirical_chisq": squares * n_obs,
    }


def _psych(
    user: TestStatistic, objective: float, null: float, null_df: int, factor: float, n: int
) -> tuple[float, float, float, float]:
    """Return TLI, RMSEA and its interval as psych computes them."""
    df = user.df
    if df == 0:
        return nan, nan, nan, nan
    per_df, null_per_df = objective / df, null / null_df
    index = (null_per_df - per_df) / (null_per_df - 1.0 / factor)
    error = sqrt(max(user.statistic / (df * n) - 1.0 / (n - 1), 0.0))
    tail = (1.0 - LEVEL) / 2.0
    bounds = (noncentrality_bound(user.statistic, df, q) for q in (1.0 - tail, tail))
    lower, upper = (sqrt(x / ((n - 1) * df)) for x in bounds)
    return index, error, lower, upper
