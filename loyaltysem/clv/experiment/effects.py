"""Effects of a benefit as functions of means, variances and counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from loyaltysem.clv.behaviour.proportions import wilson
from loyaltysem.core.types import Array

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Arm:
    """One group of an experiment.

    Parameters
    ----------
    n : int
        Customers.
    mean : float
        In the unit of the outcome.
    variance : float
        Of the outcome, with n − 1.
    """

    n: int
    mean: float
    variance: float

    @property
    def error(self) -> float:
        """Sampling variance of the mean."""
        return self.variance / self.n


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimate with its standard error, interval and p value; NaN where there is none."""

    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    pvalue: float = NAN


def arm(values: Array) -> Arm:
    """Return the summary of one group's outcomes."""
    return Arm(len(values), float(values.mean()), float(values.var(ddof=1)))


def welch_df(treated: Arm, control: Arm) -> float:
    """Return Satterthwaite's degrees of freedom of Welch's (1947) test."""
    a, b = treated.error, control.error
    if a + b == 0:
        return float(treated.n + control.n - 2)
    return (a + b) ** 2 / (a**2 / (treated.n - 1) + b**2 / (control.n - 1))


def difference_of_means(treated: Arm, control: Arm, level: float) -> Effect:
    """Return the difference of two means with Welch's (1947) interval and test.

    Examples
    --------
    >>> found = difference_of_means(Arm(20, 1.0, 1.0), Arm(20, 0.0, 1.0), 0.95)
    >>> round(found.ci_lower, 3), round(found.ci_upper, 3)
    (0.36, 1.64)
    """
    estimate, se = treated.mean - control.mean, float(np.sqrt(treated.error + control.error))
    df = welch_df(treated, control)
    half = float(stats.t.isf((1 - level) / 2, df)) * se
    if se > 0:
        pvalue = float(2 * stats.t.sf(abs(estimate) / se, df))
    else:
        pvalue = 1.0 if estimate == 0 else 0.0
    return Effect(estimate, se, estimate - half, estimate + half, pvalue)


def ratio_by_delta(treated: Arm, control: Arm, level: float) -> Effect:
    """Return the ratio of two means with the interval of the delta method.

    Notes
    -----
    Var(r) = (v₁ + r² v₀) / m₀² with the sampling variances v of the means m (Deng et al., 2018).

    Examples
    --------
    >>> round(ratio_by_delta(Arm(100, 12.0, 25.0), Arm(100, 10.0, 25.0), 0.95).se, 4)
    0.0781
    """
    if control.mean == 0:
        return Effect(NAN, NAN, NAN, NAN)
    ratio = treated.mean / control.mean
    se = float(np.sqrt(treated.error + ratio**2 * control.error)) / abs(control.mean)
    half = float(stats.norm.isf((1 - level) / 2)) * se
    return Effect(ratio, se, ratio - half, ratio + half)


def ratio_by_fieller(treated: Arm, control: Arm, level: float) -> Effect:
    """Return the ratio of two means with the interval of Fieller (1954).

    Notes
    -----
    All ρ with (m₁ − ρ m₀)² ≤ t² (v₁ + ρ² v₀). Where the mean of the control group does not differ
    from 0 at this level, the set has no two ends and the limits are NaN.
    """
    if control.mean == 0:
        return Effect(NAN, NAN, NAN, NAN)
    t2 = float(stats.t.isf((1 - level) / 2, welch_df(treated, control))) ** 2
    a = control.mean**2 - t2 * control.error
    b = treated.mean * control.mean
    c = treated.mean**2 - t2 * treated.error
    ratio = treated.mean / control.mean
    if a <= 0:
        return Effect(ratio, NAN, NAN, NAN)
    root = float(np.sqrt(max(b**2 - a * c, 0.0)))
    return Effect(ratio, NAN, (b - root) / a, (b + root) / a)


def difference_of_rates(treated: Arm, control: Arm, level: float) -> Effect:
    """Return the difference of two proportions with Newcombe's (1998) interval.

    Notes
    -----
    His method 10 joins the Wilson limits l, u of both proportions: the lower limit is
    p₁ − p₀ − √((p₁ − l₁)² + (u₀ − p₀)²). The p value is that of the χ² test without correction.

    Examples
    --------
    >>> found = difference_of_rates(Arm(70, 56 / 70, 0.0), Arm(80, 48 / 80, 0.0), 0.95)
    >>> round(found.ci_lower, 4), round(found.ci_upper, 4)
    (0.0524, 0.3339)
    """
    p1, p0 = treated.mean, control.mean
    (l1, l0), (u1, u0) = wilson([p1 * treated.n, p0 * control.n], [treated.n, control.n], level)
    pooled = (p1 * treated.n + p0 * control.n) / (treated.n + control.n)
    null = float(np.sqrt(pooled * (1 - pooled) * (1 / treated.n + 1 / control.n)))
    return Effect(
        p1 - p0,
        float(np.sqrt(p1 * (1 - p1) / treated.n + p0 * (1 - p0) / control.n)),
        p1 - p0 - float(np.hypot(p1 - l1, u0 - p0)),
        p1 - p0 + float(np.hypot(u1 - p1, p0 - l0)),
        float(2 * stats.norm.sf(abs(p1 - p0) / null)) if null > 0 else 1.0,
    )


def ratio_of_rates(treated: Arm, control: Arm, level: float) -> Effect:
    """Return the ratio of two proportions with the log interval of Katz et al. (1978).

    Notes
    -----
    Var(log r) = (1 − p₁)/(n₁p₁) + (1 − p₀)/(n₀p₀); without a success in a group there is none.

    Examples
    --------
    >>> found = ratio_of_rates(Arm(100, 0.3, 0.0), Arm(100, 0.2, 0.0), 0.95)
    >>> round(found.estimate, 2), round(found.ci_lower, 3), round(found.ci_upper, 3)
    (1.5, 0.916, 2.456)
    """
    p1, p0 = treated.mean, control.mean
    if p0 == 0 or p1 == 0:
        return Effect(NAN if p0 == 0 else 0.0, NAN, NAN, NAN)
    ratio = p1 / p0
    spread = float(np.sqrt((1 - p1) / (treated.n * p1) + (1 - p0) / (control.n * p0)))
    reach = float(np.exp(float(stats.norm.isf((1 - level) / 2)) * spread))
    return Effect(ratio, ratio * spread, ratio / reach, ratio * reach)
