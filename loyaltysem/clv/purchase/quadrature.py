"""Quadrature: Gauss-Legendre nodes on the unit interval, and means over a beta distribution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loyaltysem.core.types import Array, Indices

#: Enough for smooth integrands with the exponential decay of which is 40 over the interval.
NODES = 40


def gauss_legendre(nodes: int, panels: int = 1) -> tuple[Array, Array]:
    """Return nodes and weights on [0, 1], divided into equal panels with as many nodes each.

    Examples
    --------
    >>> x, w = gauss_legendre(3)
    >>> bool(abs(w @ x**4 - 1 / 5) < 1e-15)
    True
    """
    x, w = np.polynomial.legendre.leggauss(nodes)
    inside = (0.5 * (x + 1.0) + np.arange(panels)[:, None]) / panels
    return inside.ravel(), np.tile(0.5 * w / panels, panels)


GRID, SHARE = gauss_legendre(NODES)
#: For integrands of which one part of the interval may hold all.
FINE_GRID, FINE_SHARE = gauss_legendre(NODES, 3)

#: Steps of a trapezoidal sum in log-odds, in spreads and at most: of the order of exp(-2π²/0.4²)
#: is lost, where a or b are small exp(-2π²/0.4).
STEP, WIDEST = 0.4, 0.4
#: Log-odds beyond this many spreads, or where e-foldings this many take them, weigh nothing.
SPREADS, FOLDINGS = 9.0, 40.0
MOST_NODES = 20_000
#: Log-odds whose exponential is taken.
FAR = 30.0
#: Numbers worked on at once.
PIECE = 1 << 20


def beta_mean(inside: Callable[[Array, Indices], Array], a: Array, b: Array) -> Array:
    """Return the means of functions of p ~ Beta(a, b), shape (G,).

    Parameters
    ----------
    inside : callable
        Takes p, (K, g), and which of the G distributions these are for, (g,).
    a, b : Array, shape (G,)

    Notes
    -----
    By the trapezoidal rule in the log-odds of p, which are nearly normal where a and b are large
    and fall off exponentially otherwise: it loses next to nothing. Weights are taken relative to
    the mean a/(a + b), so that they keep their digits for a and b of any size.

    Examples
    --------
    >>> a, b = np.array([2.0, 3e11]), np.array([6.0, 1e11])
    >>> beta_mean(lambda p, _: p, a, b).round(12).tolist()
    [0.25, 0.75]
    """
    spread = np.sqrt(1.0 / a + 1.0 / b)
    reach = np.maximum(SPREADS, FOLDINGS / (np.minimum(a, b) * spread))
    steps = 2.0 * reach / np.minimum(STEP, WIDEST / spread)
    nodes = int(min(steps.max(initial=0.0), MOST_NODES)) + 1
    z = np.linspace(-1.0, 1.0, nodes)[:, None]
    result = np.empty(len(a))
    for start in range(0, len(a), max(PIECE // nodes, 1)):
        which = np.arange(start, min(start + max(PIECE // nodes, 1), len(a)))
        one, two = a[which], b[which]
        mean = one / (one + two)
        y = z * (reach * spread)[which]
        up, down = _log_ratio(-y, 1.0 - mean), _log_ratio(y, mean)
        weight = np.exp(one * up + two * down)
        found = inside(mean * np.exp(up), which)
        result[which] = (weight * found).sum(axis=0) / weight.sum(axis=0)
    return result


def _log_ratio(y: Array, share: Array) -> Array:
    """Return −log(1 + share·(exp(y) − 1)): log p/mean at −y, log (1 − p)/(1 − mean) at y."""
    near = np.log1p(share * np.expm1(np.minimum(y, FAR)))  # exact for small y
    return -np.where(y < FAR, near, np.logaddexp(np.log1p(-share), np.log(share) + y))
