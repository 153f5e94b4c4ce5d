"""Correlation of a numeric with an ordered variable, and of two numeric ones.

Olsson, Drasgow and Dorans (1982), two-step: given z the ordered variable lies in its category with
probability Φ((τ_u − ρz)/r) − Φ((τ_l − ρz)/r), r = √(1 − ρ²).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.moments.bivariate_normal import density, interval
from loyaltysem.moments.correlation_search import maximise_correlations
from loyaltysem.moments.margins import (
    BoundProducts,
    NumericMargin,
    OrderedMargin,
    bound_products,
)

_FLOOR = float(np.finfo(np.float64).eps)
_BOUND = 0.995


@dataclass(frozen=True, slots=True)
class MixedLikelihood:
    """Likelihood of P pairs: `z` of the numeric variable, bounds of the ordered one, (P, N)."""

    z: Array
    lower: Array
    upper: Array

    @property
    def weight(self) -> Array:
        """Every case counts once."""
        return np.ones_like(self.z)

    @property
    def floor(self) -> float:
        """Smallest probability that is taken at its word."""
        return _FLOOR

    def take(self, rows: Indices) -> MixedLikelihood:
        """Keep some pairs."""
        return MixedLikelihood(self.z[rows], self.lower[rows], self.upper[rows])

    def standardised(self, rho: Array) -> tuple[Array, Array]:
        """Return the bounds given z, in conditional standard deviations."""
        r = np.sqrt(1.0 - rho * rho)[:, None]
        shift = rho[:, None] * self.z
        return (self.lower - shift) / r, (self.upper - shift) / r

    def probability(self, rho: Array) -> Array:
        """Return the probability of each case's category given z, (P, N)."""
        return interval(*self.standardised(rho))

    def derivatives(self, rho: Array) -> tuple[Array, Array, Array]:
        """Return probabilities with first and second derivatives in ρ."""
        lower, upper = self.standardised(rho)
        first_l, second_l = self._edge(rho, self.lower, lower)
        first_u, second_u = self._edge(rho, self.upper, upper)
        return interval(lower, upper), first_u - first_l, second_u - second_l

    def _edge(self, rho: Array, bound: Array, at: Array) -> tuple[Array, Array]:
        """Differentiate Φ(t), t = (τ − ρz)/r, in ρ; 0 where τ is infinite."""
        finite = np.isfinite(bound)
        tau, t = np.where(finite, bound, 0.0), np.where(finite, at, 0.0)
        r2 = (1.0 - rho * rho)[:, None]
        slope = (rho[:, None] * tau - self.z) / r2**1.5
        bend = tau / r2**1.5 + 3.0 * rho[:, None] * slope / r2
        phi = np.where(finite, density(t), 0.0)
        return phi * slope, phi * (bend - t * slope * slope)


@dataclass(frozen=True, slots=True)
class MixedPairs:
    """What the third stage needs of P pairs of a numeric and an ordered variable.

    `rho` and `converged` (P,); derivatives of each case's log-likelihood (P, N): `score` in ρ,
    `numeric` in mean and variance; `ordered` holds the scores times derivatives in the bounds.
    """

    rho: Array
    converged: Mask
    score: Array
    numeric: tuple[Array, Array]
    ordered: BoundProducts


def fit_mixed_pairs(
    numeric: Sequence[NumericMargin], ordered: Sequence[OrderedMargin], x: Array
) -> MixedPairs:
    """Estimate polyserial correlations of the pairs ``zip(numeric, ordered)``."""
    likelihood = MixedLikelihood(
        np.stack([m.z for m in numeric]),
        np.stack([m.lower for m in ordered]),
        np.stack([m.upper for m in ordered]),
    )
    start = np.array([_start(n, o) for n, o in zip(numeric, ordered, strict=True)])
    rho, converged = maximise_correlations(likelihood, start, _BOUND)
    variance = np.array([m.variance for m in numeric])[:, None]
    score, of_numeric, (lower, upper) = _mixed_scores(likelihood, rho, variance)
    codes = np.stack([m.codes for m in ordered])
    products = bound_products(codes, score * lower, score * upper, x)
    return MixedPairs(rho, converged, score, of_numeric, products)


def _start(numeric: NumericMargin, ordered: OrderedMargin) -> float:
    """Point-polyserial correlation, corrected for the categories."""
    codes = ordered.codes
    point = float(np.corrcoef(numeric.z, codes)[0, 1])
    return point * float(codes.std()) / float(density(ordered.thresholds).sum())


def _mixed_scores(
    likelihood: MixedLikelihood, rho: Array, variance: Array
) -> tuple[Array, tuple[Array, Array], tuple[Array, Array]]:
    probability, first, _ = likelihood.derivatives(rho)
    safe = np.maximum(probability, _FLOOR)
    lower, upper = likelihood.standardised(rho)
    r = np.sqrt(1.0 - rho * rho)[:, None]
    at_lower, at_upper = -density(lower) / (safe * r), density(upper) / (safe * r)
    z = likelihood.z
    pull = z + rho[:, None] * (at_upper + at_lower)
    of_mean = pull / np.sqrt(variance)
    of_variance = 0.5 * (z * pull - 1.0) / variance
    return first / safe, (of_mean, of_variance), (at_lower, at_upper)


@dataclass(frozen=True, slots=True)
class NumericPairs:
    """What the third stage needs of P pairs of numeric variables, as in `MixedPairs`."""

    rho: Array
    score: Array
    first: tuple[Array, Array]
    second: tuple[Array, Array]


def fit_numeric_pairs(
    first: Sequence[NumericMargin], second: Sequence[NumericMargin]
) -> NumericPairs:
    """Correlate the residuals of the pairs ``zip(first, second)``."""
    z1, z2 = np.stack([m.z for m in first]), np.stack([m.z for m in second])
    variance1 = np.array([m.variance for m in first])[:, None]
    variance2 = np.array([m.variance for m in second])[:, None]
    rho = (z1 * z2).mean(axis=1)
    r, r2 = rho[:, None], 1.0 - (rho * rho)[:, None]
    score = (r + z1 * z2) / r2 - r * (z1 * z1 - 2.0 * r * z1 * z2 + z2 * z2) / r2**2
    return NumericPairs(
        rho, score, _numeric_scores(z1, z2, r, variance1), _numeric_scores(z2, z1, r, variance2)
    )


def _numeric_scores(z: Array, other: Array, rho: Array, variance: Array) -> tuple[Array, Array]:
    pull = (z - rho * other) / (1.0 - rho * rho)
    return pull / np.sqrt(variance), 0.5 * (z * pull - 1.0) / variance
