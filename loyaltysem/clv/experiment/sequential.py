"""A confidence sequence: an interval that may be looked at after every customer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyaltysem.core.types import Array, Mask

#: Customers a group needs before the sequence starts: its guarantee is one of large samples.
BURN_IN = 50


def tuning(horizon: float, alpha: float) -> float:
    """Return ρ, which makes the sequence narrowest near `horizon` customers.

    Notes
    -----
    ρ = √((−2 log α + log(−2 log α + 1)) / horizon), as in Waudby-Smith et al. (2024).

    Examples
    --------
    >>> round(tuning(1000, 0.05), 4)
    0.0891
    """
    spread = -2 * np.log(alpha)
    return float(np.sqrt((spread + np.log(spread + 1)) / horizon))


def reach(n: Array, rho: float, alpha: float) -> Array:
    """Return how many standard errors the sequence reaches after n customers.

    Notes
    -----
    √(2 (nρ² + 1)/(nρ²) log(√(nρ² + 1)/α)): the asymptotic confidence sequence of Waudby-Smith et
    al. (2024, Theorem 2.2) with the estimate's standard error se = σ̂/√n.

    Examples
    --------
    >>> reach(np.array([1000.0]), tuning(1000, 0.05), 0.05).round(2).tolist()
    [3.04]
    """
    strength = n * rho**2
    wide = 2 * (strength + 1) / strength * np.log(np.sqrt(strength + 1) / alpha)
    return np.asarray(np.sqrt(wide))


def always_valid_p(z: Array, n: Array, rho: float) -> Array:
    """Return p values that may be looked at after every customer.

    Notes
    -----
    The smallest α whose sequence leaves out 0: √(nρ² + 1) exp(−z² nρ² / (2 (nρ² + 1))), the
    reciprocal of the mixture likelihood ratio of Johari et al. (2022); then the least so far.
    """
    strength = n * rho**2
    now = np.sqrt(strength + 1) * np.exp(-0.5 * z**2 * strength / (strength + 1))
    return np.asarray(np.minimum.accumulate(np.minimum(now, 1.0)))


def confidence_sequence(
    outcome: Array,
    treated: Mask,
    covariate: Array | None,
    *,
    horizon: float,
    level: float,
    burn_in: int = BURN_IN,
) -> pd.DataFrame:
    """Return the difference of means after every customer, with both kinds of interval.

    Parameters
    ----------
    outcome : Array
        Shape (N,), in the order in which customers arrived.
    treated : Mask
        Shape (N,).
    covariate : Array, optional
        Shape (N,); then every look is adjusted by CUPED with the slope known by then.
    horizon : float
        Customers of both groups together at which the sequence is narrowest.
    level : float
        Confidence level.
    burn_in : int
        Customers each group needs before the first row.

    Returns
    -------
    DataFrame
        ``n estimate se ci_lower ci_upper cs_lower cs_upper pvalue_always_valid``: `ci` holds for
        one look that was planned, `cs` for all looks together.
    """
    from scipy.stats import norm

    counts, estimate, variance = _running(outcome, treated, covariate)
    rows = np.flatnonzero((counts >= burn_in).all(axis=0) & (counts >= 2).all(axis=0))
    n = counts.sum(axis=0)[rows]
    estimate, se = estimate[rows], np.sqrt(variance[rows])
    rho = tuning(horizon, 1 - level)
    once = float(norm.isf((1 - level) / 2)) * se
    always = reach(n, rho, 1 - level) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(se > 0, estimate / se, np.where(estimate == 0, 0.0, np.inf))
    return pd.DataFrame(
        {
            "n": n.astype(np.int64),
            "estimate": estimate,
            "se": se,
            "ci_lower": estimate - once,
            "ci_upper": estimate + once,
            "cs_lower": estimate - always,
            "cs_upper": estimate + always,
            "pvalue_always_valid": always_valid_p(z, n, rho),
        }
    )


def _running(outcome: Array, treated: Mask, covariate: Array | None) -> tuple[Array, Array, Array]:
    """Return counts (2, N), the difference (N,) and its sampling variance (N,) at every look."""
    y = outcome - outcome.mean()  # sums of squares of centred values lose no digits
    x = np.zeros_like(y) if covariate is None else covariate - covariate.mean()
    sides = [_moments(y, x, mask) for mask in (~treated, treated)]
    (n0, y0, x0, yy0, xy0, xx0), (n1, y1, x1, yy1, xy1, xx1) = sides
    with np.errstate(divide="ignore", invalid="ignore"):
        theta = np.where(xx0 + xx1 > 0, (xy0 + xy1) / (xx0 + xx1), 0.0)
        estimate = (y1 - y0) - theta * (x1 - x0)
        variance = sum(
            np.maximum(yy - 2 * theta * xy + theta**2 * xx, 0.0) / (n - 1) / n
            for n, yy, xy, xx in ((n0, yy0, xy0, xx0), (n1, yy1, xy1, xx1))
        )
    return np.stack([n0, n1]), estimate, np.asarray(variance)


def _moments(y: Array, x: Array, mask: Mask) -> tuple[Array, ...]:
    """Return running count, means of y and x, and centred sums yy, xy, xx of one group."""
    n = np.cumsum(mask).astype(np.float64)
    sums = [np.cumsum(np.where(mask, v, 0.0)) for v in (y, x, y * y, x * y, x * x)]
    with np.errstate(divide="ignore", invalid="ignore"):
        my, mx = sums[0] / n, sums[1] / n
        return n, my, mx, sums[2] - n * my**2, sums[3] - n * mx * my, sums[4] - n * mx**2
