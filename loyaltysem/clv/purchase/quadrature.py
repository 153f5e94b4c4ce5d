"""Nodes of Gauss-Legendre quadrature on the unit interval."""

from __future__ import annotations

import numpy as np

from loyaltysem.core.types import Array

#: Enough for smooth integrands with the exponential decay of which is 40 over the interval.
NODES = 40


def gauss_legendre(nodes: int) -> tuple[Array, Array]:
    """Return nodes and weights on [0, 1].

    Examples
    --------
    >>> x, w = gauss_legendre(3)
    >>> bool(abs(w @ x**4 - 1 / 5) < 1e-15)
    True
    """
    x, w = np.polynomial.legendre.leggauss(nodes)
    return 0.5 * (x + 1.0), 0.5 * w


GRID, SHARE = gauss_legendre(NODES)
