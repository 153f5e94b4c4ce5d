"""Layer 3b: discrepancy functions of moments. They know no parameters, groups or names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet, logdet
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.engine.implied import Moments
from loyaltysem.engine.weights import (
    ExactCurvature,
    MomentWeight,
    NormalTheory,
    NormalTheoryObserved,
)


@dataclass(frozen=True, slots=True)
class LocalDiscrepancy:
    """A discrepancy and its derivatives in moment space at one point.

    Attributes
    ----------
    value : Array, shape (B,)
        +inf where Σ is not positive definite.
    gradient : Moments
        G (B, p, p) and g (B, p) with dF = tr(G dΣ) + gᵀdμ.
    expected, observed : MomentWeight
        Half the expected and half the exact second derivative.
    ok : Mask, shape (B,)
        Where Σ is positive definite.
    """

    value: Array
    gradient: Moments
    expected: MomentWeight
    observed: ExactCurvature
    ok: Mask

    def take(self, rows: Indices) -> LocalDiscrepancy:
        """Keep some replicates."""
        return LocalDiscrepancy(
            self.value[rows],
            self.gradient.take(rows),
            self.expected.take(rows),
            self.observed.take(rows),
            self.ok[rows],
        )


class BoundDiscrepancy(Protocol):
    """A discrepancy with its data."""

    def take(self, rows: Indices) -> BoundDiscrepancy:
        """Keep some replicates."""
        ...

    def value(self, moments: Moments) -> Array:
        """Return the discrepancy alone, shape (B,)."""
        ...

    def __call__(self, moments: Moments) -> LocalDiscrepancy:
        """Return the discrepancy with its derivatives."""
        ...


class Discrepancy(Protocol):
    """A discrepancy function before it meets data."""

    def bind(self, cov: Array, mean: Array | None) -> BoundDiscrepancy:
        """Attach sample moments (B, p, p) and (B, p), doing once what is free of θ.

        Means are None where the model does not speak of them.
        """
        ...


@dataclass(frozen=True, slots=True)
class GeneralisedLeastSquares:
    """Normal-theory GLS: ``F = ½ tr[(S⁻¹(S − Σ))²] + (m − μ)ᵀS⁻¹(m − μ)`` (Browne 1974)."""

    def bind(self, cov: Array, mean: Array | None) -> BoundDiscrepancy:
        """Attach sample moments."""
        means = np.zeros(cov.shape[:2]) if mean is None else mean
        return BoundQuadratic(cov, means, inverse_and_logdet(cov)[0])


@dataclass(frozen=True, slots=True)
class BoundQuadratic:
    """``½ tr[(W(S − Σ))²] + (m − μ)ᵀW(m − μ)`` with `w` (B, p, p) free of the parameters."""

    cov: Array
    mean: Array
    w: Array

    def take(self, rows: Indices) -> BoundQuadratic:
        """Keep some replicates."""
        return BoundQuadratic(self.cov[rows], self.mean[rows], self.w[rows])

    def value(self, moments: Moments) -> Array:
        """Return F alone, shape (B,)."""
        product = self.w @ (self.cov - moments.sigma)
        d = self.mean - moments.mu
        value = 0.5 * np.einsum("bij,bji->b", product, product)
        value = value + np.einsum("bi,bij,bj->b", d, self.w, d)
        return np.where(np.isfinite(value), value, np.inf)

    def __call__(self, moments: Moments) -> LocalDiscrepancy:
        """Return F with its derivatives in moment space."""
        d = self.mean - moments.mu
        value = self.value(moments)
        slope = -self.w @ (self.cov - moments.sigma) @ self.w
        weight = NormalTheory(self.w)
        gradient = Moments(slope, -2.0 * (self.w @ d[:, :, None])[:, :, 0])
        return LocalDiscrepancy(value, gradient, weight, weight, np.isfinite(value))


@dataclass(frozen=True, slots=True)
class MaximumLikelihood:
    """The normal-theory ML discrepancy.

    ``F = log|Σ| − log|S| + tr(SΣ⁻¹) − p + (m − μ)ᵀΣ⁻¹(m − μ)`` (Jöreskog 1969).
    """

    def bind(self, cov: Array, mean: Array | None) -> BoundDiscrepancy:
        """Attach sample moments."""
        return BoundMaximumLikelihood(cov, mean, logdet(cov))


@dataclass(frozen=True, slots=True)
class BoundMaximumLikelihood:
    """ML with its sample moments: `cov` (B, p, p), `mean` (B, p) or None, `logdet` log|S| (B,)."""

    cov: Array
    mean: Array | None
    logdet: Array

    def take(self, rows: Indices) -> BoundMaximumLikelihood:
        """Keep some replicates."""
        mean = None if self.mean is None else self.mean[rows]
        return BoundMaximumLikelihood(self.cov[rows], mean, self.logdet[rows])

    def value(self, moments: Moments) -> Array:
        """Return F alone, shape (B,)."""
        return self(moments).value

    def __call__(self, moments: Moments) -> LocalDiscrepancy:
        """Return F with its derivatives in moment space."""
        w, size, ok = inverse_and_logdet(moments.sigma)
        value = np.einsum("bij,bij->b", w, self.cov)
        value += size  # +inf where Σ is not positive definite
        value -= self.logdet + self.cov.shape[-1]
        r = w @ self.cov @ w
        slope = u = np.zeros(moments.mu.shape)
        if self.mean is not None:
            d = self.mean - moments.mu
            u = (w @ d[:, :, None])[:, :, 0]
            value += np.where(ok, (d * u).sum(axis=1), 0.0)
            r += u[:, :, None] * u[:, None, :]
            slope = -2.0 * u
        return LocalDiscrepancy(
            value=value,
            gradient=Moments(w - r, slope),
            expected=NormalTheory(w),
            observed=NormalTheoryObserved(w, r, u),
            ok=ok,
        )
