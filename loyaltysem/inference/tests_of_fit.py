"""Tests of model fit and the intervals built on the noncentral chi-square distribution."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, log, nan, pi, sqrt

from scipy.optimize import brentq
from scipy.special import chdtr, chdtrc, chndtr, ndtri


@dataclass(frozen=True, slots=True)
class TestStatistic:
    """A test of fit: the statistic, its degrees of freedom and p-value (NaN when df is 0)."""

    __test__ = False  # not a test class, whatever its name

    statistic: float
    df: int

    @property
    def pvalue(self) -> float:
        """Probability of a larger statistic under the model."""
        return float(chdtrc(self.df, self.statistic)) if self.df > 0 else nan


def noncentral_cdf(statistic: float, df: int, noncentrality: float) -> float:
    """Distribution function of the noncentral chi-square distribution."""
    if noncentrality <= 0:
        return float(chdtr(df, statistic))
    return float(chndtr(statistic, df, noncentrality))


def noncentrality_bound(statistic: float, df: int, probability: float) -> float:
    """Return λ ≥ 0 with ``P(χ²(df, λ) ≤ statistic) = probability``; 0 when there is none.

    Examples
    --------
    >>> round(noncentrality_bound(85.3055, 24, 0.95), 2)
    36.85
    """
    if not (isfinite(statistic) and isfinite(df)):
        return nan
    if min(df, statistic) <= 0 or noncentral_cdf(statistic, df, 0.0) <= probability:
        return 0.0
    found = _newton_bound(statistic, df, probability)
    if found == found:
        return found
    upper = max(statistic, 1.0)
    while noncentral_cdf(statistic, df, upper) > probability:
        upper *= 2.0
        if upper == inf:
            return nan
    root = brentq(
        lambda x: noncentral_cdf(statistic, df, x) - probability, 0.0, upper, xtol=1e-10, rtol=1e-12
    )
    return float(root)


def _newton_bound(x: float, df: int, probability: float) -> float:
    """Solve for λ by Newton steps, two or so from Sankaran's approximation; NaN where they fail.

    ``∂F(x; df, λ)/∂λ = ½ (F(x; df + 2, λ) − F(x; df, λ))`` (Johnson, Kotz & Balakrishnan 1995,
    ch. 29). Bisection takes three times as long, and a table of indices needs four such bounds.
    """
    bound = _sankaran_bound(x, df, float(ndtri(probability)))
    for _ in range(20):
        here = float(chndtr(x, df, bound))
        slope = 0.5 * (float(chndtr(x, df + 2, bound)) - here)
        if not slope < 0.0:
            return nan
        step = (here - probability) / slope
        bound = bound - step if step < bound else 0.5 * bound
        if abs(step) < 1e-6 * bound:  # convergence is quadratic: no other step is needed
            return bound
    return nan


def _sankaran_bound(x: float, df: int, z: float) -> float:
    """Return λ near the one at which the standard normal value of `x` is `z`, by the secant method.

    An evaluation is some operations on numbers; one of the exact distribution takes thirty times as
    long.
    """
    root = sqrt(max(x - 0.5 * df + z * z, 0.0)) - z  # mean df + λ, variance 2 df + 4 λ
    bound = max(root * root - 0.5 * df, 0.1)
    other = 1.05 * bound
    here, there = _sankaran(x, df, bound) - z, _sankaran(x, df, other) - z
    for _ in range(3):
        if here == there or abs(there) < 1e-9:
            break
        following = other - there * (other - bound) / (there - here)
        if not 0.0 < following < inf:
            break
        bound, here, other = other, there, following
        there = _sankaran(x, df, other) - z
    return other


def _sankaran(x: float, df: int, noncentrality: float) -> float:
    """Return about Φ⁻¹(F(x; df, λ)), from a power of x that is nearly normal (Sankaran, 1959)."""
    mean, spread = df + noncentrality, df + 2.0 * noncentrality
    h = 1.0 - 2.0 / 3.0 * mean * (df + 3.0 * noncentrality) / (spread * spread)
    p = spread / (mean * mean)
    m = (h - 1.0) * (1.0 - 3.0 * h)
    centre = 1.0 + h * p * (h - 1.0 - 0.5 * (2.0 - h) * m * p)
    return float(((x / mean) ** h - centre) / (h * sqrt(2.0 * p) * (1.0 + 0.5 * m * p)))


def normal_loglik(f: float, logdet_s: float, p: int, n: float) -> float:
    """Log-likelihood of a group from F_ML = log|Σ| − log|S| + tr(SΣ⁻¹) − p + dᵀΣ⁻¹d."""
    return -0.5 * n * (p * log(2 * pi) + f + logdet_s + p)
