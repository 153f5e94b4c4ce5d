"""Differences of log-gamma and its derivatives that keep their digits for large arguments.

log Γ(a+x) − log Γ(a) by subtraction has no digit left at a = 1e15. Parameters get that large where
customers do not differ or do not leave; from `LARGE` on Stirling's series is subtracted by hand.

One a and whole x, the usual case, take no gamma function at all: Γ(a+x)/Γ(a) = a(a+1)…(a+x−1), so
a table of running sums holds the answer for every x there is.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from loyaltysem.core.types import Array, Indices

#: Where Stirling's series, cut after 1/a³, is exact to rounding.
LARGE = 1e4
#: Longest table, for each value looked up, and in any case.
LONGEST, SHORT = 4, 1000


def _places(a: Array, x: Array) -> tuple[Array, Indices] | None:
    """Return a, a + 1, … as far as x reaches, and where in a table each x is; None without one."""
    if a.size != 1 or not x.size:
        return None
    most = float(x.max())
    if most > LONGEST * x.size + SHORT:
        return None
    which = x.astype(np.intp)
    if (which != x).any():
        return None
    return float(a.item()) + np.arange(most), which


def _summed(steps: Array, which: Indices) -> Array:
    """Return Σ of the first x steps, for each x."""
    table = np.zeros(len(steps) + 1)
    np.cumsum(steps, out=table[1:])
    return np.asarray(table[which])


def rises(a: Array, x: Array) -> tuple[Array, Array, Array]:
    """Return `log_rise`, `psi_rise` and `trigamma_rise` at once."""
    if (found := _places(a, x)) is None:
        return log_rise(a, x), psi_rise(a, x), trigamma_rise(a, x)
    k, which = found
    one = 1.0 / k
    return _summed(np.log(k), which), _summed(one, which), _summed(-one * one, which)


def log_rise(a: Array, x: Array) -> Array:
    """Return log Γ(a + x) − log Γ(a).

    Examples
    --------
    >>> float(log_rise(np.array([3.0]), np.array([2.0]))[0].round(6))  # log 12
    2.484907
    >>> float(log_rise(np.array([1e15]), np.array([1.0]))[0] - np.log(1e15)) == 0.0
    True
    """
    if (found := _places(a, x)) is not None:
        return _summed(np.log(found[0]), found[1])
    a, x = np.broadcast_arrays(a, x)
    result: Array = special.gammaln(a + x) - special.gammaln(a)
    if (large := a > LARGE).any():
        b, y = a[large], x[large]
        far = y * np.log(b) + (b + y - 0.5) * np.log1p(y / b) - y
        result[large] = far - y / (12.0 * b * (b + y))
    return result


def psi_rise(a: Array, x: Array) -> Array:
    """Return ψ(a + x) − ψ(a)."""
    if (found := _places(a, x)) is not None:
        return _summed(1.0 / found[0], found[1])
    a, x = np.broadcast_arrays(a, x)
    result: Array = special.digamma(a + x) - special.digamma(a)
    if (large := a > LARGE).any():
        b, y = a[large], x[large]
        half = 0.5 * y / (b * (b + y))
        result[large] = np.log1p(y / b) + half * (1.0 + (2.0 * b + y) / (6.0 * b * (b + y)))
    return result


def trigamma_rise(a: Array, x: Array) -> Array:
    """Return ψ′(a + x) − ψ′(a)."""
    if (found := _places(a, x)) is not None:
        return _summed(-1.0 / found[0] ** 2, found[1])
    a, x = np.broadcast_arrays(a, x)
    result: Array = special.zeta(2.0, a + x) - special.zeta(2.0, a)
    if (large := a > LARGE).any():
        b, y = a[large], x[large]
        c = b + y
        first = y / (b * c)
        result[large] = -first * (1.0 + 0.5 * (b + c) / (b * c))
        result[large] -= first * (b * b + b * c + c * c) / (6.0 * (b * c) ** 2)
    return result
