"""The N that a power asks for, read off simulated rejections at several N."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, isfinite, nan, sqrt

import numpy as np
from scipy.special import ndtr, ndtri

from loyaltysem.core.types import Array

STEPS, TOLERANCE = 100, 1e-10


@dataclass(frozen=True, slots=True)
class RequiredN:
    """The N that gives a power, with its confidence interval; NaN where the data say nothing."""

    n: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, eq=False)
class PowerCurve:
    """Power as a function of N: ``Φ(a + b√N)``.

    Attributes
    ----------
    coefficients : Array, shape (2,)
        a and b.
    vcov : Array, shape (2, 2)
        Zero for a where it was not estimated.
    """

    coefficients: Array
    vcov: Array

    def power(self, n: float) -> float:
        """Return the power at N."""
        return float(ndtr(self.coefficients @ [1.0, sqrt(n)]))

    def required(self, power: float = 0.80, level: float = 0.95) -> RequiredN:
        """Return the smallest whole N with this power.

        The interval is that of √N by the delta method, squared.
        """
        a, b = self.coefficients.tolist()
        if not (isfinite(a) and isfinite(b)):
            return RequiredN(nan, nan, nan)
        if b <= 0.0:
            return RequiredN(inf, nan, inf)
        root = max((float(ndtri(power)) - a) / b, 0.0)
        gradient = np.array([-1.0, -root]) / b
        half = float(ndtri(0.5 + level / 2.0) * np.sqrt(gradient @ self.vcov @ gradient))
        n, lower, upper = (x * x for x in (root, max(root - half, 0.0), root + half))
        return RequiredN(float(ceil(n - 1e-9)), lower, upper)


def power_curve(n: Array, rejected: Array, total: Array, alpha: float = 0.05) -> PowerCurve:
    """Fit a probit curve of power on √N.

    Parameters
    ----------
    n, rejected, total : Array, shape (k,)
        Cases; rejections among samples.
    alpha : float
        Size of the two-sided tests.

    Returns
    -------
    PowerCurve

    Notes
    -----
    A z test has power ``Φ(δ√N − z_{1−α/2})`` but for the other tail. Both coefficients are
    estimated by maximum likelihood where at least two N have some but not all tests rejecting;
    otherwise a is −z_{1−α/2}, and b alone is estimated. With all or no tests rejecting nothing can
    be said.

    Examples
    --------
    >>> n = np.array([100.0, 200.0, 300.0])
    >>> curve = power_curve(n, 1000 * ndtr(-1.96 + 0.2 * np.sqrt(n)), np.full(3, 1000.0))
    >>> curve.required().n
    197.0
    """
    informative = (rejected > 0) & (rejected < total) & (total > 0)
    if not informative.any():
        return PowerCurve(np.full(2, nan), np.zeros((2, 2)))
    design = np.stack([np.ones(len(n)), np.sqrt(n)], axis=1)
    known = -float(ndtri(1.0 - alpha / 2.0))
    if informative.sum() > 1:
        start = np.array([known, _slope(n, rejected, total, known)])
        found, vcov = _probit(design, rejected, total, start, np.zeros(len(n)))
        if np.isfinite(found).all():
            return PowerCurve(found, vcov)
    start = np.array([_slope(n, rejected, total, known)])
    slope, variance = _probit(design[:, 1:], rejected, total, start, np.full(len(n), known))
    return PowerCurve(np.array([known, slope[0]]), np.diag([0.0, variance[0, 0]]))


def _slope(n: Array, rejected: Array, total: Array, known: float) -> float:
    """Return a rough slope from the shares, each half a sample away from 0 and 1."""
    share = (rejected + 0.5) / (total + 1.0)
    return float(np.average((ndtri(share) - known) / np.sqrt(n), weights=total))


def _probit(
    design: Array, rejected: Array, total: Array, start: Array, offset: Array
) -> tuple[Array, Array]:
    """Fit a probit regression by Fisher scoring; NaN where it does not converge."""
    beta = start
    for _ in range(STEPS):
        eta = np.clip(offset + design @ beta, -8.0, 8.0)
        p = np.clip(ndtr(eta), 1e-12, 1.0 - 1e-12)
        density = np.exp(-0.5 * eta**2) / sqrt(2.0 * np.pi)
        score = design.T @ ((rejected - total * p) * density / (p * (1.0 - p)))
        weight = total * density**2 / (p * (1.0 - p))
        information = (design.T * weight) @ design
        if np.linalg.cond(information) > 1e14:
            break
        step = np.linalg.solve(information, score)
        beta = beta + step
        if np.abs(step).max() < TOLERANCE * (1.0 + np.abs(beta).max()):
            return beta, np.asarray(np.linalg.inv(information), dtype=np.float64)
    return np.full(len(start), nan), np.zeros((len(start),) * 2)
