"""Pareto / negative binomial model: likelihood and what follows from it, on arrays.

Schmittlein, Morrison & Colombo (1987). While alive a customer buys at rate λ ~ Gamma(r, α); the
time until the customer leaves is exponential with rate μ ~ Gamma(s, β).

The printed likelihood is a difference of hypergeometric functions that loses all its digits when
t_x is near T and takes two forms, for α ≥ β and for α < β. Here it is the integral those functions
stand for: over the moment τ the customer left, s ∫ (α+τ)^{−(r+x)} (β+τ)^{−(s+1)} dτ from t_x to T.
Its quadrature nodes are further terms of one sum of positive terms, so that all derivatives are
elementary.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from loyaltysem.clv.purchase.bg_nbd_terms import log_negative_binomial
from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.clv.purchase.mixture import Terms, weights
from loyaltysem.clv.purchase.quadrature import FINE_GRID, FINE_SHARE, GRID, SHARE
from loyaltysem.clv.purchase.rising import log_rise, psi_rise, trigamma_rise
from loyaltysem.core.types import Array

PARAMETERS = ("r", "alpha", "s", "beta")
#: Beyond this many e-foldings an integrand adds nothing.
FAR = 40.0


def leaving_times(theta: Array, seen: Histories) -> tuple[Array, Array]:
    """Return moments τ in (t_x, T) at which customers may have left and log quadrature weights.

    Near t_x the integrand is like (c+τ)^{−K} with K = r+x+s+1 and K/(c+t_x) its logarithmic slope
    there. Nodes are spread evenly in log(c+τ), as far as the integrand is not negligible.
    """
    r, alpha, s, beta = theta
    start, power = seen.recency, r + seen.frequency
    k = power + s + 1.0
    scale = k / (power / (alpha + start) + (s + 1.0) / (beta + start))
    end = np.minimum(np.log1p((seen.length - start) / scale), FAR / (k - 1.0))
    y = GRID[:, None] * end
    with np.errstate(divide="ignore"):  # no time to have left in where t_x = T
        log_weight = np.log(SHARE)[:, None] + np.log(end * scale) + y
    return start + scale * np.expm1(y), log_weight


def logs(theta: Array, seen: Histories) -> Array:
    """Return the logarithms of the terms: alive at T first, then gone at each node."""
    tau, log_weight = leaving_times(theta, seen)
    return _logs(theta, seen, tau, log_weight)


def _logs(theta: Array, seen: Histories, tau: Array, log_weight: Array) -> Array:
    r, alpha, s, beta = theta
    x = seen.frequency
    at = np.vstack([seen.length[None, :], tau])
    buying = -r * np.log1p(at / alpha) - x * np.log(alpha + at)
    living = -s * np.log1p(at / beta)
    result: Array = log_rise(r, x) + buying + living
    result[1:] += log_weight + np.log(s) - np.log(beta + tau)
    return result


def terms(theta: Array, seen: Histories) -> Terms:
    """Return the terms with their first and second derivatives."""
    r, alpha, s, beta = theta
    x = seen.frequency
    tau, log_weight = leaving_times(theta, seen)
    at = np.vstack([seen.length[None, :], tau])
    gone = np.ones((len(at), 1))
    gone[0] = 0.0
    one_a, one_b = 1.0 / (alpha + at), 1.0 / (beta + at)
    first = (
        psi_rise(r, x) - np.log1p(at / alpha),
        (r * at / alpha - x) * one_a,
        gone / s - np.log1p(at / beta),
        (s * at / beta - gone) * one_b,
    )
    second = {
        (0, 0): trigamma_rise(r, x),
        (0, 1): at * one_a / alpha,
        (1, 1): -r * at * one_a / alpha * (1.0 / alpha + one_a) + x * one_a**2,
        (2, 2): -gone / s**2,
        (2, 3): at * one_b / beta,
        (3, 3): -s * at * one_b / beta * (1.0 / beta + one_b) + gone * one_b**2,
    }
    return Terms(_logs(theta, seen, tau, log_weight), first, second)


def alive(theta: Array, seen: Histories) -> Array:
    """Return P(alive at T), shape (G,)."""
    result: Array = weights(logs(theta, seen))[0]
    return result


def updated(theta: Array, seen: Histories) -> Array:
    """Return the parameters of customers known to be alive at T, shape (4, G)."""
    r, alpha, s, beta = np.broadcast_arrays(*theta, seen.frequency)[:4]
    return np.stack([r + seen.frequency, alpha + seen.length, s, beta + seen.length])


def stays(theta: Array, t: Array) -> Array:
    """Return the probability of a new customer to be alive at age t, E(exp(−μt))."""
    _, _, s, beta = theta
    result: Array = np.exp(-s * np.log1p(t / beta))
    return result


def expected(theta: Array, t: Array) -> Array:
    """Return the purchases a new customer is expected to make in (0, t].

    rβ/(α(s−1)) [1 − (β/(β+t))^{s−1}], which is rβ/α log(1 + t/β) at s = 1.
    """
    r, alpha, s, beta = theta
    log_time = np.log1p(t / beta)
    lifetime = beta * log_time * special.exprel(-(s - 1.0) * log_time)
    result: Array = r / alpha * lifetime
    return result


def discounted(theta: Array, discount: float) -> Array:
    """Return the discounted purchases of all future time: r/α E[1/(μ + discount)].

    Notes
    -----
    E[1/(μ+δ)] = β^s δ^{s−1} Ψ(s, s; δβ), with Tricomi's function Ψ, is here
    ∫ exp(−δt) (1+t/β)^{−s} dt by quadrature in log(1+t/c) with 1/c = δ + s/β, the rate at which
    the integrand falls at first, as far as it is not negligible: it holds for any s and δβ.
    """
    r, alpha, s, beta = theta
    scale = 1.0 / (discount + s / beta)
    with np.errstate(over="ignore"):  # the other end is then the nearer one
        far = np.minimum(FAR / discount, beta * np.expm1(FAR / s))
    end = np.log1p(far / scale)
    y = FINE_GRID[:, None] * end
    t = scale * np.expm1(y)
    inside = np.exp(-discount * t - s * np.log1p(t / beta) + y)
    result: Array = r / alpha * scale * end * (FINE_SHARE @ inside)
    return result


def mass(theta: Array, n: Array, t: Array) -> Array:
    """Return P(X(t) = n) of a new customer, by quadrature over the moment of leaving."""
    r, alpha, s, beta = theta
    still = np.exp(log_negative_binomial(n, r, alpha, t) - s * np.log1p(t / beta))
    scale = np.minimum(alpha, beta / (s + 1.0))
    end = np.log1p(t / scale)
    y = FINE_GRID[:, None] * end
    tau = scale * np.expm1(y)
    leaving = y - (s + 1.0) * np.log1p(tau / beta)
    left = np.exp(log_negative_binomial(n, r, alpha, tau) + leaving)
    result: Array = still + s / beta * scale * end * (FINE_SHARE @ left)
    return result
