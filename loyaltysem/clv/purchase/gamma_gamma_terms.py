"""Gamma-gamma model of spending: likelihood and conditional mean, on arrays.

Fader, Hardie & Lee (2005). Amounts of one customer are Gamma(p, ν), ν ~ Gamma(q, v) over customers,
independent of how often the customer buys; z̄ is the mean of x amounts.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.clv.purchase.mixture import Terms
from loyaltysem.clv.purchase.rising import log_rise, psi_rise, trigamma_rise
from loyaltysem.core.types import Array

PARAMETERS = ("p", "q", "v")


def logs(theta: Array, seen: Histories) -> Array:
    """Return the log-likelihood, shape (1, G); `seen.recency` holds the mean amount z̄."""
    p, q, v = theta
    x, z = seen.frequency, seen.recency
    gammas = log_rise(p * x, q) - special.gammaln(q)
    amounts = p * x * np.log(x * z) - np.log(z) - p * x * np.log(v + x * z)
    return np.atleast_2d(gammas + amounts - q * np.log1p(x * z / v))


def terms(theta: Array, seen: Histories) -> Terms:
    """Return the one term with its first and second derivatives."""
    p, q, v = theta
    x, whole = seen.frequency, v + seen.frequency * seen.recency
    k = p * x + q
    first = (
        np.atleast_2d(x * (psi_rise(p * x, q) + np.log(x * seen.recency / whole))),
        np.atleast_2d(psi_rise(q, p * x) + np.log(v / whole)),
        np.atleast_2d(q / v - k / whole),
    )
    second = {
        (0, 0): np.atleast_2d(x**2 * trigamma_rise(p * x, q)),
        (0, 1): np.atleast_2d(x * special.zeta(2.0, k)),
        (0, 2): np.atleast_2d(-x / whole),
        (1, 1): np.atleast_2d(trigamma_rise(q, p * x)),
        (1, 2): np.atleast_2d(1.0 / v - 1.0 / whole),
        (2, 2): np.atleast_2d(-q / v**2 + k / whole**2),
    }
    return Terms(logs(theta, seen), first, second)


def expected(theta: Array, x: Array, z: Array) -> Array:
    """Return E(amount | x, z̄) = p(v + x z̄)/(px + q − 1), NaN where the mean does not exist."""
    p, q, v = theta
    below = p * x + q - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = p * (v + x * z) / below
    return np.where(below > 0, mean, np.nan)
