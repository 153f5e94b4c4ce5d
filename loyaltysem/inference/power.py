"""Power of tests based on the noncentral χ² distribution: pure functions of numbers."""

from __future__ import annotations

from math import ceil, inf, nan

from scipy.optimize import brentq
from scipy.special import chdtri, chndtrix

from loyaltysem.inference.tests_of_fit import noncentral_cdf

#: No N beyond this is looked for; what needs more has no power worth the name.
LARGEST_N = 10**9


def chi_square_power(df: int, noncentrality: float, alpha: float = 0.05) -> float:
    """Return the power of a χ² test, ``P(χ²(df, λ) > c_α)``.

    Parameters
    ----------
    df : int
        Degrees of freedom of the test.
    noncentrality : float
        λ ≥ 0.
    alpha : float
        Size of the test.

    Returns
    -------
    float
        NaN where there is no test (df 0).

    Examples
    --------
    >>> round(chi_square_power(1, 7.8489), 4), round(chi_square_power(5, 0.0), 4)
    (0.8, 0.05)
    """
    if df <= 0:
        return nan
    return 1.0 - noncentral_cdf(float(chdtri(df, alpha)), df, noncentrality)


def required_noncentrality(df: int, power: float = 0.80, alpha: float = 0.05) -> float:
    """Return the λ that gives a χ² test its power; 0 where its size is power enough.

    Examples
    --------
    >>> round(required_noncentrality(1, 0.80), 3)
    7.849
    """
    if df <= 0:
        return nan
    if power <= alpha:
        return 0.0
    upper = float(df) + 10.0
    while chi_square_power(df, upper, alpha) < power:
        upper *= 2.0
    return float(brentq(lambda x: chi_square_power(df, x, alpha) - power, 0.0, upper, xtol=1e-10))


def satorra_saris_power(
    discrepancy: float, df: int, n: float, alpha: float = 0.05, offset: int = 0
) -> float:
    """Return the power to reject a restriction that the population breaks.

    Parameters
    ----------
    discrepancy : float
        F₀: the minimum of the fit function of the restricted model at the population moments.
    df : int
        Restrictions tested.
    n : float
        Cases.
    alpha : float
    offset : int
        1 where χ² is (N − 1)·F.

    Returns
    -------
    float

    Notes
    -----
    The likelihood-ratio statistic follows χ²(df, λ) with ``λ = N·F₀`` for alternatives near the
    restriction (Satorra & Saris, 1985).

    Examples
    --------
    >>> round(satorra_saris_power(0.0392445, 1, 200), 3)
    0.8
    """
    return chi_square_power(df, max(n - offset, 0.0) * discrepancy, alpha)


def satorra_saris_sample_size(
    discrepancy: float, df: int, power: float = 0.80, alpha: float = 0.05, offset: int = 0
) -> float:
    """Return the smallest whole N with this power; infinite where F₀ is 0.

    Examples
    --------
    >>> satorra_saris_sample_size(0.0392445, 1), satorra_saris_sample_size(0.0, 1)
    (200, inf)
    """
    if not discrepancy > 0.0:
        return inf if discrepancy == 0.0 else nan
    return ceil(required_noncentrality(df, power, alpha) / discrepancy - 1e-9) + offset


def rmsea_power(
    df: int,
    n: float,
    *,
    null: float = 0.05,
    alternative: float = 0.08,
    alpha: float = 0.05,
    n_groups: int = 1,
) -> float:
    """Return the power of a test of fit stated in RMSEA.

    Parameters
    ----------
    df : int
        Degrees of freedom of the model.
    n : float
        Cases in all groups together.
    null, alternative : float
        RMSEA under the hypothesis tested and under the one believed. Close fit: .05 against .08;
        not-close fit: .05 against .01; exact fit: 0 against .05.
    alpha : float
    n_groups : int

    Returns
    -------
    float
        NaN where the model has no degrees of freedom.

    Notes
    -----
    ``λ = (N − 1)·df·ε²/G``. Where the alternative fits worse than the hypothesis, large χ² speak
    against it; where it fits better, small χ² do (MacCallum, Browne & Sugawara, 1996). N − 1 is
    theirs; it matters in the third digit of small samples only.

    Examples
    --------
    >>> round(rmsea_power(100, 200), 3), round(rmsea_power(100, 200, alternative=0.01), 3)
    (0.955, 0.87)
    """
    if df <= 0:
        return nan
    lam, lam_alternative = (max(n - 1.0, 0.0) * df * x * x / n_groups for x in (null, alternative))
    if alternative < null:
        return noncentral_cdf(_quantile(df, lam, alpha), df, lam_alternative)
    return 1.0 - noncentral_cdf(_quantile(df, lam, 1.0 - alpha), df, lam_alternative)


def rmsea_sample_size(
    df: int,
    power: float = 0.80,
    *,
    null: float = 0.05,
    alternative: float = 0.08,
    alpha: float = 0.05,
    n_groups: int = 1,
) -> float:
    """Return the smallest whole N at which a test of fit stated in RMSEA has this power.

    Parameters
    ----------
    df, null, alternative, alpha, n_groups
        As for `rmsea_power`.
    power : float

    Returns
    -------
    float
        Infinite where both values of RMSEA are the same, NaN without degrees of freedom.

    Examples
    --------
    >>> [rmsea_sample_size(df) for df in (10, 50, 100)]
    [782, 214, 132]
    """
    if df <= 0:
        return nan
    if null == alternative and power > alpha:
        return inf

    def reached(n: int) -> bool:
        return power <= rmsea_power(
            df, n, null=null, alternative=alternative, alpha=alpha, n_groups=n_groups
        )

    high = 2
    while not reached(high):
        high *= 2
        if high > LARGEST_N:
            return inf
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _quantile(df: int, noncentrality: float, probability: float) -> float:
    """Quantile of the noncentral χ² distribution."""
    if noncentrality <= 0.0:
        return float(chdtri(df, 1.0 - probability))
    return float(chndtrix(probability, df, noncentrality))
