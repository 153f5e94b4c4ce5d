"""Gauss's hypergeometric function where SciPy's gives up: large c, z near 1."""

from __future__ import annotations

import numpy as np
from scipy import special

from loyaltysem.core.types import Array

#: From this c on, with smaller a and b, the series takes few terms.
WIDE = 50.0
MOST_TERMS = 20_000


def hyp2f1(a: Array, b: Array, c: Array, z: Array) -> Array:
    """Return ₂F₁(a, b; c; z) for 0 ≤ z < 1 and c > a + b or small z.

    Notes
    -----
    SciPy's is NaN for c in the hundreds and z near 1. There the terms of the series fall fast.

    Examples
    --------
    >>> one = np.array([1.0])
    >>> float(hyp2f1(one, one, 2 * one, 0.5 * one)[0].round(6))  # −log(1 − z)/z
    1.386294
    """
    a, b, c, z = np.broadcast_arrays(a, b, c, z)
    wide = (c > WIDE) & (np.maximum(np.abs(a), np.abs(b)) < 0.5 * c)
    result: Array = special.hyp2f1(np.where(wide, 1.0, a), b, c, np.where(wide, 0.0, z))
    wide |= ~np.isfinite(result)
    if wide.any():
        result[wide] = _series(a[wide], b[wide], c[wide], z[wide])
    return result


def _series(a: Array, b: Array, c: Array, z: Array) -> Array:
    total, term = np.ones_like(z), np.ones_like(z)
    for k in range(MOST_TERMS):
        with np.errstate(over="ignore", invalid="ignore"):  # the caller sees what is not finite
            term = term * ((a + k) / (c + k)) * ((b + k) / (k + 1.0)) * z
            total = total + term
            done = (np.abs(term) <= 1e-17 * np.abs(total)) | ~np.isfinite(total)
        if done.all():
            break
    return total
