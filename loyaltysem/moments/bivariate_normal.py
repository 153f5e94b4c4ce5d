"""The standard bivariate normal distribution on whole arrays, infinite bounds included.

Up to |ρ| = .92, Gauss–Legendre quadrature over the angle (Drezner & Wesolowsky 1990; Genz 2004)

    Φ₂(h, k; ρ) = Φ(h)Φ(k) + (1/2π) ∫₀^{arcsin ρ} exp[−(h² + k² − 2hk sin θ)/(2 cos² θ)] dθ

and beyond it Owen's T function (Owen 1956), with δ = 0 where hk > 0, or hk = 0 ≤ h + k, else 1,

    Φ₂(h, k; ρ) = ½[Φ(h) + Φ(k) − δ] − T(h, (k − ρh)/(hr)) − T(k, (h − ρk)/(kr)),   r = √(1 − ρ²)
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, owens_t

from loyaltysem.core.types import Array, Indices

_DENSITY = 1.0 / np.sqrt(2.0 * np.pi)
# Quadrature rules and the |ρ| up to which each is exact to rounding.
_RULES = tuple(np.polynomial.legendre.leggauss(n) for n in (8, 12, 20))
_LIMITS = np.array([0.4, 0.7, 0.92])


def density(z: Array) -> Array:
    """Return the univariate density φ(z); 0 at ±∞."""
    result: Array = _DENSITY * np.exp(-0.5 * z * z)
    return result


def interval(lower: Array, upper: Array) -> Array:
    """Return Φ(upper) − Φ(lower), from the tail that keeps the digits."""
    flip = lower > 0
    above = np.where(flip, -lower, upper)
    below = np.where(flip, -upper, lower)
    result: Array = ndtr(above) - ndtr(below)
    return result


def bivariate_cdf(h: Array, k: Array, rho: Array) -> Array:
    """Return P(X ≤ h, Y ≤ k) under correlation `rho`, to about 1e-15.

    Parameters
    ----------
    h, k : Array
        Bounds, ±∞ allowed; all arguments broadcast.
    rho : Array
        Strictly between −1 and 1.

    Examples
    --------
    >>> np.round(bivariate_cdf(np.zeros(2), np.zeros(2), np.array([0.0, 0.5])), 6).tolist()
    [0.25, 0.333333]
    """
    # one bound at −∞ leaves nothing, at +∞ the other margin: in both cases the product
    product = ndtr(h) * ndtr(k)
    shape = np.broadcast_shapes(product.shape, rho.shape)
    out = np.broadcast_to(product, shape).copy()
    inside = np.broadcast_to(np.isfinite(h) & np.isfinite(k), shape)
    h, k = (np.broadcast_to(x, shape)[inside] for x in (h, k))
    seat = np.broadcast_to(np.arange(rho.size).reshape(rho.shape), shape)[inside]
    out[inside] += _excess(h, k, rho.ravel(), seat)
    return out


def _excess(h: Array, k: Array, rho: Array, seat: Indices) -> Array:
    """Return Φ₂(h, k; ρ) − Φ(h)Φ(k) at finite points; ρ of point n is ``rho[seat[n]]``."""
    out = np.empty_like(h)
    rule = np.searchsorted(_LIMITS, np.abs(rho))
    for number in np.unique(rule):
        mine = np.flatnonzero(rule[seat] == number) if (rule != number).any() else slice(None)
        at = h[mine], k[mine], rho, seat[mine]
        out[mine] = _by_quadrature(*at, *_RULES[number]) if number < len(_RULES) else _by_owen(*at)
    return out


def _by_quadrature(
    h: Array, k: Array, rho: Array, seat: Indices, nodes: Array, weights: Array
) -> Array:
    half = 0.5 * np.arcsin(rho)
    product, squares = h * k, 0.5 * (h * h + k * k)
    total = np.zeros_like(h)
    for node, weight in zip(nodes, weights, strict=True):
        sine = np.sin(half * (1.0 + node))
        precision = 1.0 / ((1.0 - sine) * (1.0 + sine))
        total += weight * np.exp((product * sine[seat] - squares) * precision[seat])
    result: Array = total * (half / (2.0 * np.pi))[seat]
    return result


def _by_owen(h: Array, k: Array, rho: Array, seat: Indices) -> Array:
    rho = rho[seat]
    r = np.sqrt((1.0 - rho) * (1.0 + rho))
    delta = np.where((h * k > 0) | ((h * k == 0) & (h + k >= 0)), 0.0, 1.0)
    margins = ndtr(h), ndtr(k)
    both = 0.5 * (margins[0] + margins[1] - delta)
    tails = owens_t(h, _slope(h, k, rho, r)) + owens_t(k, _slope(k, h, rho, r))
    result: Array = both - tails - margins[0] * margins[1]
    return result


def _slope(h: Array, k: Array, rho: Array, r: Array) -> Array:
    """Return (k − ρh)/(hr), and its limit where h = 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (k - rho * h) / (h * r)
    both = (h == 0) & (k == 0)
    at_zero = np.where(both, np.sqrt((1.0 - rho) / (1.0 + rho)), np.copysign(np.inf, k))
    return np.where(h == 0, at_zero, slope)


def bivariate_density(h: Array, k: Array, rho: Array) -> tuple[Array, Array]:
    """Return φ₂(h, k; ρ) = ∂Φ₂/∂ρ and its derivative with respect to ρ; 0 at infinite bounds."""
    inside = np.isfinite(h) & np.isfinite(k)
    h, k = np.where(inside, h, 0.0), np.where(inside, k, 0.0)
    r2 = (1.0 - rho) * (1.0 + rho)
    form = h * h - 2.0 * rho * h * k + k * k
    value = np.where(inside, np.exp(-0.5 * form / r2) / (2.0 * np.pi * np.sqrt(r2)), 0.0)
    first = value * ((rho + h * k) * r2 - rho * form) / (r2 * r2)
    return value, first


def conditional_interval(at: Array, lower: Array, upper: Array, rho: Array) -> Array:
    """Return φ(x) P(lower < Y ≤ upper | X = x) at x = `at`; 0 where x is infinite."""
    x = np.where(np.isfinite(at), at, 0.0)
    r = np.sqrt((1.0 - rho) * (1.0 + rho))
    result: Array = density(at) * interval((lower - rho * x) / r, (upper - rho * x) / r)
    return result
