"""Fit indices: each a pure function of a few numbers, with its source.

Names are lavaan's with ``_`` for ``.``. ``gfi``, ``agfi`` and ``pgfi`` are Jöreskog and
Sörbom's, as LISREL and AMOS print them (from covariances only); ``gfi_mo`` is the newer index of
Maydeu-Olivares, Ximénez and Revuelta (2024), which lavaan 0.7 calls ``gfi``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, inf, log, nan, sqrt

from scipy.special import chdtri

from loyaltysem.inference.tests_of_fit import (
    TestStatistic,
    noncentral_cdf,
    noncentrality_bound,
)


@dataclass(frozen=True, slots=True)
class FitSummary:
    """The numbers every index is made from.

    Attributes
    ----------
    user, baseline : TestStatistic
        χ² of the model and of the independence model.
    rls : float
        Browne's residual-based statistic at the implied moments.
    weight : float
        N, or N − G under Wishart likelihood: χ² = weight · F.
    n_total, n_groups, n_free : int
    p : int
        Observed variables.
    n_moments : int
        Sample covariances the model explains, fixed x included.
    loglik, loglik_unrestricted : float
    residual_indices : mapping
        SRMR and its relatives.
    lisrel_gfi : float
    """

    user: TestStatistic
    baseline: TestStatistic
    rls: float
    weight: float
    n_total: int
    n_groups: int
    n_free: int
    p: int
    n_moments: int
    loglik: float
    loglik_unrestricted: float
    residual_indices: Mapping[str, float]
    lisrel_gfi: float


def _ratio(a: float, b: float, otherwise: float = nan) -> float:
    return a / b if b else otherwise


def _saturated(user: TestStatistic) -> bool:
    """Tell whether a model reproduces the data exactly: no df, and no inequality in its way."""
    return user.df == 0 and user.statistic < 1e-6


def cfi(user: TestStatistic, baseline: TestStatistic) -> float:
    """Return the comparative fit index (Bentler 1990).

    ``1 − max(χ²−df, 0)/max(χ²−df, χ²_b−df_b, 0)``.
    """
    if _saturated(user):
        return 1.0
    model = max(user.statistic - user.df, 0.0)
    worst = max(model, baseline.statistic - baseline.df, 0.0)
    return 1.0 - _ratio(model, worst, 0.0)


def tli(user: TestStatistic, baseline: TestStatistic) -> float:
    """Tucker–Lewis index (Tucker & Lewis 1973); 1 for a saturated model."""
    if _saturated(user):
        return 1.0
    if user.df == 0 or baseline.df == 0:
        return nan
    reference = baseline.statistic / baseline.df
    return _ratio(reference - user.statistic / user.df, reference - 1.0)


def rfi(user: TestStatistic, baseline: TestStatistic) -> float:
    """Relative fit index (Bollen 1986)."""
    if user.df == 0 or baseline.df == 0:
        return 1.0 if _saturated(user) else nan
    reference = baseline.statistic / baseline.df
    return _ratio(reference - user.statistic / user.df, reference)


def nfi(user: TestStatistic, baseline: TestStatistic) -> float:
    """Normed fit index (Bentler & Bonett 1980)."""
    return _ratio(baseline.statistic - user.statistic, baseline.statistic)


def ifi(user: TestStatistic, baseline: TestStatistic) -> float:
    """Incremental fit index (Bollen 1989)."""
    return _ratio(baseline.statistic - user.statistic, baseline.statistic - user.df)


def rni(user: TestStatistic, baseline: TestStatistic) -> float:
    """Relative noncentrality index (McDonald & Marsh 1990)."""
    return 1.0 - _ratio(user.statistic - user.df, baseline.statistic - baseline.df)


def rmsea(user: TestStatistic, weight: float, n_groups: int = 1) -> float:
    """Root mean square error of approximation: ``sqrt(G max(χ²−df, 0)/(N df))`` (Steiger 1990).

    N, not N − 1, as lavaan and Mplus; G from Steiger (1998). 0 for a saturated model.
    """
    if user.df == 0:
        return 0.0 if _saturated(user) else nan
    return sqrt(n_groups * max(user.statistic - user.df, 0.0) / (weight * user.df))


def rmsea_interval(
    user: TestStatistic, weight: float, n_groups: int = 1, level: float = 0.90
) -> tuple[float, float]:
    """Interval of the RMSEA from the noncentral χ² distribution (Browne & Cudeck 1992)."""
    if user.df == 0:
        return (0.0, 0.0) if _saturated(user) else (nan, nan)
    tail = (1.0 - level) / 2.0
    bounds = (noncentrality_bound(user.statistic, user.df, q) for q in (1.0 - tail, tail))
    lower, upper = (sqrt(n_groups * x / (weight * user.df)) for x in bounds)
    return lower, upper


def rmsea_tests(
    user: TestStatistic, weight: float, n_groups: int = 1, close: float = 0.05, far: float = 0.08
) -> tuple[float, float]:
    """P-values of RMSEA ≤ `close` (Browne & Cudeck 1992) and of RMSEA ≥ `far`."""
    if user.df == 0:
        return nan, nan
    lam_close, lam_far = (weight * user.df * x**2 / n_groups for x in (close, far))
    return (
        1.0 - noncentral_cdf(user.statistic, user.df, lam_close),
        noncentral_cdf(user.statistic, user.df, lam_far),
    )


def gfi_mo(
    rls: float, df: int, p: int, weight: float, level: float = 0.90
) -> tuple[float, float, float]:
    """Return GFI of Maydeu-Olivares et al. (2024), ``p/(p + 2λ/N)``, with its interval."""

    def index(noncentrality: float) -> float:
        return p / (p + 2.0 * noncentrality / weight)

    tail = (1.0 - level) / 2.0
    low, high = (noncentrality_bound(rls, df, q) for q in (1.0 - tail, tail))
    return index(max(rls - df, 0.0)), index(high), index(low)


def hoelter(user: TestStatistic, weight: float, size: float) -> float:
    """Hoelter's (1983) critical N: the N at which χ² would just reject at `size`."""
    if user.df == 0 or user.statistic <= 0:
        return nan if user.df == 0 else inf
    return float(chdtri(user.df, size)) / (user.statistic / weight) + 1.0


def incremental(s: FitSummary) -> dict[str, float]:
    """Return indices that hold the model against independence."""
    normed = nfi(s.user, s.baseline)
    found_tli = tli(s.user, s.baseline)
    return {
        "cfi": cfi(s.user, s.baseline),
        "tli": found_tli,
        "nnfi": found_tli,
        "rfi": rfi(s.user, s.baseline),
        "nfi": normed,
        "pnfi": _ratio(s.user.df, s.baseline.df) * normed,
        "ifi": ifi(s.user, s.baseline),
        "rni": rni(s.user, s.baseline),
    }


def likelihood_based(s: FitSummary) -> dict[str, float]:
    """Return log-likelihoods and information criteria."""
    deviance = -2.0 * s.loglik
    return {
        "logl": s.loglik,
        "unrestricted_logl": s.loglik_unrestricted,
        "aic": deviance + 2.0 * s.n_free,
        "bic": deviance + s.n_free * log(s.n_total),
        "ntotal": float(s.n_total),
        "bic2": deviance + s.n_free * log((s.n_total + 2.0) / 24.0),
    }


def noncentrality_based(s: FitSummary) -> dict[str, float]:
    """Return RMSEA with its interval and tests."""
    lower, upper = rmsea_interval(s.user, s.weight, s.n_groups)
    close, far = rmsea_tests(s.user, s.weight, s.n_groups)
    return {
        "rmsea": rmsea(s.user, s.weight, s.n_groups),
        "rmsea_ci_lower": lower,
        "rmsea_ci_upper": upper,
        "rmsea_ci_level": 0.90,
        "rmsea_pvalue": close,
        "rmsea_close_h0": 0.05,
        "rmsea_notclose_pvalue": far,
        "rmsea_notclose_h0": 0.08,
    }


def absolute(s: FitSummary) -> dict[str, float]:
    """Return indices of the model by itself."""
    value, lower, upper = gfi_mo(s.rls, s.user.df, s.p, s.weight)
    return {
        "gfi": s.lisrel_gfi,
        "agfi": 1.0 - _ratio(s.n_moments, s.user.df) * (1.0 - s.lisrel_gfi),
        "pgfi": _ratio(s.user.df, s.n_moments) * s.lisrel_gfi,
        "gfi_mo": value,
        "gfi_mo_ci_lower": lower,
        "gfi_mo_ci_upper": upper,
        "mfi": exp(-0.5 * (s.user.statistic - s.user.df) / s.weight),
        "ecvi": (s.user.statistic + 2.0 * s.n_free) / s.weight,
        "cn_05": hoelter(s.user, s.weight, 0.05),
        "cn_01": hoelter(s.user, s.weight, 0.01),
    }


def fit_measures(s: FitSummary) -> dict[str, float]:
    """Return every index of a fit, keyed by lavaan's name with ``_`` for ``.``.

    Parameters
    ----------
    s : FitSummary

    Returns
    -------
    dict of str to float
        NaN where an index is not defined (no degrees of freedom).
    """
    return {
        "npar": float(s.n_free),
        "fmin": 0.5 * s.user.statistic / s.weight,
        "chisq": s.user.statistic,
        "df": float(s.user.df),
        "pvalue": s.user.pvalue,
        "baseline_chisq": s.baseline.statistic,
        "baseline_df": float(s.baseline.df),
        "baseline_pvalue": s.baseline.pvalue,
        **incremental(s),
        **likelihood_based(s),
        **noncentrality_based(s),
        **s.residual_indices,
        **absolute(s),
    }
