"""Beta-geometric / negative binomial model: likelihood and what follows from it, on arrays.

Fader, Hardie & Lee (2005). While alive a customer buys at rate λ ~ Gamma(r, α); after each purchase
the customer leaves with probability p ~ Beta(a, b). Given that a customer with x repeat purchases
is alive at T, λ ~ Gamma(r + x, α + T) and p ~ Beta(a, b + x), independently: every conditional
quantity is that of a new customer at these updated parameters, times P(alive).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.clv.purchase.hypergeometric import hyp2f1
from loyaltysem.clv.purchase.mixture import Terms, weights
from loyaltysem.clv.purchase.quadrature import GRID, SHARE, beta_mean
from loyaltysem.clv.purchase.rising import log_rise, rises
from loyaltysem.core.types import Array, Indices

PARAMETERS = ("r", "alpha", "a", "b")
#: Distance from a = 1 within which the expectation is interpolated.
STEP = 5e-4
#: From these a and b on p hardly varies over customers.
TIGHT = 100.0
#: From this r on purchase rates hardly vary, and SciPy's function explodes from 10,000 on.
ALIKE = 1000.0
#: From this a + b on hypergeometric functions lose their digits after this many α.
WIDE, LONG = 50.0, 20.0


def logs(theta: Array, seen: Histories) -> Array:
    """Return the logarithms of the two terms, alive at T and gone after the last purchase.

    Parameters
    ----------
    theta : Array, shape (4, G) or (4, 1)
        r, α, a, b.
    seen : Histories

    Returns
    -------
    Array, shape (2, G)
    """
    r, _, a, b = theta
    x = seen.frequency
    rise = log_rise(r, x) + log_rise(b, x) - log_rise(a + b, x)
    return _logs(theta, x, rise, _slowing(theta, seen))


def _slowing(theta: Array, seen: Histories) -> Array:
    """Return log(1 + t/α) at T and at the last purchase, shape (2, G)."""
    result: Array = np.log1p(np.stack([seen.length, seen.recency]) / theta[1])
    return result


def _logs(theta: Array, x: Array, rise: Array, slowing: Array) -> Array:
    r, alpha, a, b = theta
    logs: Array = rise - x * np.log(alpha) - (r + x) * slowing
    with np.errstate(divide="ignore", invalid="ignore"):
        logs[1] += np.log(a / (b + x - 1.0))
    logs[1, x == 0] = -np.inf
    return logs


def terms(theta: Array, seen: Histories) -> Terms:
    """Return the terms with their first and second derivatives."""
    r, alpha, a, b = theta
    x = seen.frequency
    after, slowing = np.stack([seen.length, seen.recency]), _slowing(theta, seen)
    one = 1.0 / (alpha + after)
    share = after * one / alpha
    gone = np.stack([np.zeros_like(x), x > 0])
    left = gone / np.where(x > 0, b + x - 1.0, 1.0)
    (log_r, psi_r, tri_r), (log_b, psi_b, tri_b) = rises(r, x), rises(b, x)
    log_ab, psi_ab, tri_ab = rises(a + b, x)
    first = (psi_r - slowing, r * share - x * one, gone / a - psi_ab, psi_b - psi_ab - left)
    second = {
        (0, 0): tri_r,
        (0, 1): share,
        (1, 1): x * one * one - r * share * (1.0 / alpha + one),
        (2, 2): -tri_ab - gone / a**2,
        (2, 3): -tri_ab,
        (3, 3): tri_b - tri_ab + left * left,
    }
    return Terms(_logs(theta, x, log_r + log_b - log_ab, slowing), first, second)


def alive(theta: Array, seen: Histories) -> Array:
    """Return P(alive at T), shape (G,); 1 for customers without a repeat purchase."""
    result: Array = weights(logs(theta, seen))[0]
    return result


def updated(theta: Array, seen: Histories) -> Array:
    """Return the parameters of customers known to be alive at T, shape (4, G)."""
    r, alpha, a, b = np.broadcast_arrays(*theta, seen.frequency)[:4]
    return np.stack([r + seen.frequency, alpha + seen.length, a, b + seen.frequency])


def stays(theta: Array, t: Array) -> Array:
    """Return the probability of a new customer to be alive at age t, E(exp(−λpt))."""
    r, alpha, a, b = theta
    power = np.exp(-a * np.log1p(t / alpha))
    with np.errstate(invalid="ignore"):  # 0·∞, taken up below
        result = power * hyp2f1(a + b - r, a, a + b, t / (alpha + t))
    return _or_mean(result, theta, t, lambda _, r, slowing: np.exp(-r * slowing))


def expected(theta: Array, t: Array) -> Array:
    """Return the purchases a new customer is expected to make in (0, t].

    Notes
    -----
    (a+b−1)/(a−1) [1 − (1−z)^{a−1} ₂F₁(a+b−1−r, a−1; a+b−1; z)] with z = t/(α+t): the printed
    formula after Euler's transformation, which has no large parameter in the numerator and so holds
    for any number of purchases. At a = 1 and at a + b = 1 it is 0/0, though the function is smooth
    there: near a = 1 a cubic through four points around it is taken.
    """
    r, alpha, a, b = theta
    near = np.abs(a - 1.0) < STEP
    far = _closed(r, alpha, np.where(near, 0.5, a), b, t)
    if not near.any():
        return far
    steps = np.array([-2.0, -1.0, 1.0, 2.0]) * STEP
    values = [_closed(r, alpha, np.full_like(a, 1.0 + h), b, t) for h in steps]
    cubic = sum(v * _lagrange(a - 1.0, k, steps) for k, v in enumerate(values))
    return np.where(near, cubic, far)


def _lagrange(at: Array, k: int, nodes: Array) -> Array:
    result = np.ones_like(at)
    for j, node in enumerate(nodes):
        if j != k:
            result = result * (at - node) / (nodes[k] - node)
    return result


def _closed(r: Array, alpha: Array, a: Array, b: Array, t: Array) -> Array:
    z = t / (alpha + t)
    whole = a + b - 1.0
    whole = np.where(np.abs(whole) < 1e-9, 1e-9, whole)
    power = -np.log1p(t / alpha) * (a - 1.0)
    series = hyp2f1(whole - r, a - 1.0, whole, z)
    with np.errstate(invalid="ignore"):  # 0·∞, taken up below
        result = whole / (a - 1.0) * (1.0 - np.exp(power) * series)
    theta = np.stack(np.broadcast_arrays(r, alpha, a, b))
    return _or_mean(result, theta, t, lambda p, r, slowing: -np.expm1(-r * slowing) / p)


def _or_mean(
    found: Array, theta: Array, t: Array, inside: Callable[[Array, Array, Array], Array]
) -> Array:
    """Return what a formula gave; where it loses its digits, the mean over p of what it is given p.

    That is so for large r, and for large a and b, mostly without a sign of it: SciPy's function,
    and the series, then end at anything. `inside` takes p, r and log(1 + p t/α) of customers. With
    a and b without bound the mean is the model of one p for all.
    """
    r, alpha, a, b = theta
    tight = (np.minimum(a, b) > TIGHT) | (r > ALIKE)
    lost = ~np.isfinite(found) | tight | ((a + b > WIDE) & (t > LONG * alpha))
    if not lost.any():
        return found
    r, alpha, a, b, time = (np.broadcast_to(v, lost.shape)[lost] for v in (*theta, t))

    def at(p: Array, which: Indices) -> Array:
        p = np.maximum(p, 1e-300)
        return inside(p, r[which], np.log1p(p * time[which] / alpha[which]))

    result = found.copy()
    result[lost] = beta_mean(at, a, b)
    return result


def rate(theta: Array, t: Array) -> Array:
    """Return the purchases per unit of time at age t: r/α (1−z)^a ₂F₁(a, a+b−r−1; a+b; z)."""
    r, alpha, a, b = theta
    z = t / (alpha + t)
    power = np.exp(-a * np.log1p(t / alpha))
    with np.errstate(invalid="ignore"):  # 0·∞, taken up below
        share = power * hyp2f1(a, a + b - r - 1.0, a + b, z)
    share = _or_mean(share, theta, t, lambda _, r, slowing: np.exp(-(r + 1.0) * slowing))
    return np.asarray(r / alpha * share)


def discounted(theta: Array, discount: float) -> Array:
    """Return ∫ rate(t) exp(−discount·t) dt over all future time.

    By quadrature in log(1 + t/c), where c is a time in which the rate falls at first, as
    −rate′(0)/rate(0) = (r + 1)/α a/(a + b).
    """
    r, alpha, a, b = theta
    scale = alpha / (1.0 + (r + 1.0) * a / (a + b))
    end = np.log1p(40.0 / (discount * scale))
    y = GRID[:, None] * end
    t = scale * np.expm1(y)
    inside = rate(theta[:, None, :], t) * np.exp(-discount * t) * scale * np.exp(y)
    result: Array = end * (SHARE @ inside)
    return result


def mass(theta: Array, n: Array, t: Array) -> Array:
    """Return P(X(t) = n) of a new customer.

    The sum in the printed formula is the distribution function of a negative binomial variable:
    an incomplete beta function.
    """
    r, alpha, a, b = theta
    z = t / (alpha + t)
    log_nb = log_negative_binomial(n, r, alpha, t)
    stays = log_rise(b, n) - log_rise(a + b, n)
    still = np.exp(stays + log_nb)
    m = np.maximum(n, 1.0)
    left = a / (b + m - 1.0) * np.exp(log_rise(b, m) - log_rise(a + b, m))
    result: Array = still + np.where(n > 0, left * special.betainc(m, r, z), 0.0)
    return result


def log_negative_binomial(n: Array, r: Array, alpha: Array, t: Array) -> Array:
    """Return the log-probability of n purchases in t at rate λ ~ Gamma(r, α)."""
    ways = log_rise(r, n) - special.gammaln(n + 1.0)
    result: Array = ways - r * np.log1p(t / alpha) + special.xlogy(n, t / (alpha + t))
    return result
