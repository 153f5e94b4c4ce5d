"""Beta-geometric / beta-Bernoulli model: likelihood and what follows from it, on arrays.

Fader, Hardie & Shang (2010). At each of n opportunities a customer who is alive buys with
probability p ~ Beta(α, β); before each opportunity the customer leaves with probability
θ ~ Beta(γ, δ). Given that a customer is alive at opportunity n, p ~ Beta(α + x, β + n − x) and
θ ~ Beta(γ, δ + n), independently.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.clv.purchase.mixture import Terms, weights
from loyaltysem.clv.purchase.quadrature import beta_mean
from loyaltysem.clv.purchase.rising import log_rise, psi_rise, trigamma_rise
from loyaltysem.core.types import Array

PARAMETERS = ("alpha", "beta", "gamma", "delta")
#: Distance from γ = 1 within which the expectation takes its limit.
NEAR = 1e-6
#: From these γ and δ on the discounted sum is taken as a mean over θ.
TIGHT = 100.0


def _possibilities(seen: Histories) -> tuple[Array, Array, Array]:
    """Return opportunities lived through, whether the customer then left, and what is possible.

    Shapes (C, G): first all n, then t_x, t_x + 1, …, n − 1.
    """
    waiting = int(np.max(seen.length - seen.recency, initial=0.0))
    later = seen.recency + np.arange(waiting, dtype=np.float64)[:, None]
    lived = np.vstack([seen.length[None, :], later])
    gone = np.ones((len(lived), 1))
    gone[0] = 0.0
    return lived, gone, np.vstack([np.ones((1, len(seen.length))), later < seen.length])


def logs(theta: Array, seen: Histories) -> Array:
    """Return the logarithms of the terms: alive at n first, then gone after each opportunity."""
    lived, gone, possible = _possibilities(seen)
    return _logs(theta, seen.frequency, lived, gone, possible)


def _logs(theta: Array, x: Array, lived: Array, gone: Array, possible: Array) -> Array:
    alpha, beta, gamma, delta = theta
    buying = log_rise(alpha, x) + log_rise(beta, lived - x) - log_rise(alpha + beta, lived)
    total = log_rise(gamma + delta, lived + gone)
    living = log_rise(gamma, gone) + log_rise(delta, lived) - total
    return np.where(possible > 0, buying + living, -np.inf)


def terms(theta: Array, seen: Histories) -> Terms:
    """Return the terms with their first and second derivatives."""
    alpha, beta, gamma, delta = theta
    lived, gone, possible = _possibilities(seen)
    first, second = [], {}
    pairs = (
        (alpha, beta, seen.frequency, lived - seen.frequency, 0),
        (gamma, delta, gone, lived, 2),
    )
    for one, two, up, down, k in pairs:
        sums = -psi_rise(one + two, up + down)
        first += [sums + psi_rise(one, up), sums + psi_rise(two, down)]
        bends = -trigamma_rise(one + two, up + down)
        second[k, k] = bends + trigamma_rise(one, up)
        second[k, k + 1] = bends
        second[k + 1, k + 1] = bends + trigamma_rise(two, down)
    return Terms(_logs(theta, seen.frequency, lived, gone, possible), first, second)


def alive(theta: Array, seen: Histories) -> Array:
    """Return P(alive at opportunity n), shape (G,)."""
    result: Array = weights(logs(theta, seen))[0]
    return result


def updated(theta: Array, seen: Histories) -> Array:
    """Return the parameters of customers known to be alive at n, shape (4, G)."""
    alpha, beta, gamma, delta = np.broadcast_arrays(*theta, seen.frequency)[:4]
    x, n = seen.frequency, seen.length
    return np.stack([alpha + x, beta + n - x, gamma, delta + n])


def stays(theta: Array, periods: Array) -> Array:
    """Return the probability of a new customer to be alive at opportunity `periods`."""
    _, _, gamma, delta = theta
    result: Array = np.exp(log_rise(delta, periods) - log_rise(gamma + delta, periods))
    return result


def expected(theta: Array, n: Array) -> Array:
    """Return the purchases a new customer is expected to make at n opportunities.

    α/(α+β) δ/(γ−1) [1 − Γ(γ+δ)Γ(1+δ+n) / (Γ(γ+δ+n)Γ(1+δ))]; at γ = 1 its limit.
    """
    alpha, beta, gamma, delta = theta
    near = np.abs(gamma - 1.0) < NEAR
    safe = np.where(near, 2.0, gamma)
    log_ratio = log_rise(1.0 + delta, n) - log_rise(safe + delta, n)
    far = -np.expm1(log_ratio) / (safe - 1.0)
    limit = psi_rise(1.0 + delta, n)
    result: Array = alpha / (alpha + beta) * delta * np.where(near, limit, far)
    return result


def discounted(theta: Array, discount: float) -> Array:
    """Return the discounted purchases at all future opportunities.

    Σ P(purchase at i)/(1 + discount)^i over i = 1, 2, …: a hypergeometric series, in which SciPy
    gives up where γ and δ are large. Given θ it is geometric, so that it is the mean of
    (1 − θ)/(discount + θ).
    """
    alpha, beta, gamma, delta = theta
    one = np.ones_like(gamma)
    series = special.hyp2f1(one, delta + 1.0, gamma + delta + 1.0, 1.0 / (1.0 + discount))
    found = np.asarray(delta / (gamma + delta) / (1.0 + discount) * series)
    lost = ~np.isfinite(found) | (np.minimum(gamma, delta) > TIGHT)
    if lost.any():
        found[lost] = beta_mean(
            lambda leaves, _: (1.0 - leaves) / (discount + leaves), gamma[lost], delta[lost]
        )
    result: Array = alpha / (alpha + beta) * found
    return result


def mass(theta: Array, x: Array, n: Array) -> Array:
    """Return P(X(n) = x) of a new customer: alive throughout, or gone after i opportunities."""
    x, n = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(n, np.float64))
    longest = int(n.max(initial=0.0))
    i = np.arange(longest, dtype=np.float64)[:, None]
    lived = np.vstack([n[None, :], np.broadcast_to(i, (longest, n.size))])
    gone = np.ones((longest + 1, 1))
    gone[0] = 0.0
    possible = (lived >= x) & ((gone == 0) | (lived < n))
    lived = np.where(possible, lived, x)
    ways = -special.betaln(1.0 + lived - x, 1.0 + x) - np.log1p(lived)
    result: Array = np.exp(ways + _logs(theta, x, lived, gone, possible)).sum(axis=0)
    return result
