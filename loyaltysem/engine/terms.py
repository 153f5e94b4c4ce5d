"""One group's part of the objective: moments seen by a discrepancy, and derivatives in table rows.

A *matrix* term looks at Σ and μ as they are (ML, GLS, FIML) and never forms a dense Jacobian. A
*vector* term looks at a list of moments (WLS, DWLS, ULS; thresholds and correlations of ordinal
data) through a dense one, because its weight has no structure to exploit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np

from loyaltysem.core.memo import remembered
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.discrepancies import (
    BoundDiscrepancy,
    BoundMaximumLikelihood,
    LocalDiscrepancy,
)
from loyaltysem.engine.implied import Implied, Slope, StructuredJacobian
from loyaltysem.moments.gamma import vech

NO_ROWS: Indices = np.zeros(0, dtype=np.intp)


class LocalTerm(Protocol):
    """A term at one point, in table rows (f of them)."""

    def take(self, rows: Indices) -> Self:
        """Keep some replicates."""
        ...

    @property
    def value(self) -> Array:
        """F, shape (B,)."""
        ...

    def gradient(self) -> Array:
        """Return ∂F/∂rows, shape (B, f)."""
        ...

    def expected(self) -> Array:
        """Return the expected second derivative, shape (B, f, f)."""
        ...

    def observed(self) -> Array:
        """Return the exact second derivative, or its expectation where that is all there is."""
        ...


class Term(Protocol):
    """A discrepancy with its data, as a function of what the model implies."""

    @property
    def extra_rows(self) -> Indices:
        """Table rows the term depends on beside those of the model matrices."""
        ...

    def take(self, rows: Indices) -> Term:
        """Keep some replicates."""
        ...

    def completed(self, theta: Array) -> Array:
        """Fill in table rows (B, t) that follow from others."""
        ...

    def rates(self, implied: Implied, theta: Array) -> Array | None:
        """Return how rows that follow move with all others, (B, d, f + e); None if none do."""
        ...

    def local(self, implied: Implied, theta: Array) -> LocalTerm:
        """Return F with its derivatives."""
        ...


@dataclass(frozen=True, slots=True)
class MatrixTerm:
    """A discrepancy of Σ and μ."""

    bound: BoundDiscrepancy

    @property
    def extra_rows(self) -> Indices:
        """No table rows beside those of the model matrices."""
        return NO_ROWS

    def completed(self, theta: Array) -> Array:
        """Return θ as it is: nothing follows."""
        return theta

    def rates(self, implied: Implied, theta: Array) -> Array | None:
        """Return None: nothing follows."""
        return None

    def take(self, rows: Indices) -> MatrixTerm:
        """Keep some replicates."""
        return MatrixTerm(self.bound.take(rows))

    def local(self, implied: Implied, theta: Array) -> LocalMatrixTerm:
        """Return F with its derivatives."""
        return LocalMatrixTerm(self.bound(implied.moments), implied.jacobian)


@dataclass(frozen=True, slots=True)
class LocalMatrixTerm:
    """A matrix term at one point."""

    discrepancy: LocalDiscrepancy
    jacobian: StructuredJacobian
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def take(self, rows: Indices) -> LocalMatrixTerm:
        """Keep some replicates."""
        return LocalMatrixTerm(self.discrepancy.take(rows), self.jacobian.take(rows))

    @remembered
    def slope(self) -> Slope:
        """The gradient in moment space, as the Jacobian sees it."""
        return self.jacobian.slope(self.discrepancy.gradient)

    @property
    def value(self) -> Array:
        """F, shape (B,)."""
        return self.discrepancy.value

    def gradient(self) -> Array:
        """Return ∂F/∂rows, shape (B, f)."""
        return self.jacobian.gradient(self.slope)

    def expected(self) -> Array:
        """Return the expected second derivative, shape (B, f, f)."""
        form = self.discrepancy.expected.gram(self.jacobian)
        form *= 2.0
        return form

    def observed(self) -> Array:
        """Return the exact second derivative, shape (B, f, f)."""
        form = self.discrepancy.observed.hessian(self.jacobian, self.slope)
        form *= 2.0
        return form


def likelihood_of(term: Term) -> BoundMaximumLikelihood | None:
    """Return the ML discrepancy of complete moments behind a term, None where it has another."""
    bound = term.bound if isinstance(term, MatrixTerm) else None
    return bound if isinstance(bound, BoundMaximumLikelihood) else None


class MomentView(Protocol):
    """Implied moments as a vector, with the dense Jacobian in table rows."""

    @property
    def extra_rows(self) -> Indices:
        """Table rows beside those of the model matrices."""
        ...

    def completed(self, theta: Array) -> Array:
        """Fill in table rows (B, t) that follow from others."""
        ...

    def rates(self, implied: Implied, theta: Array) -> Array | None:
        """Return how rows that follow move with all others, or None."""
        ...

    def vector(self, implied: Implied, theta: Array) -> Array:
        """Return σ(θ), shape (B, m)."""
        ...

    def jacobian(self, implied: Implied, theta: Array) -> Array:
        """Return ∂σ/∂rows, shape (B, m, f)."""
        ...


@dataclass(frozen=True, slots=True)
class StackedMoments:
    """Means (where there is a mean structure), then the lower triangle of Σ by columns."""

    meanstructure: bool

    @property
    def extra_rows(self) -> Indices:
        """No table rows beside those of the model matrices."""
        return NO_ROWS

    def completed(self, theta: Array) -> Array:
        """Return θ as it is: nothing follows."""
        return theta

    def rates(self, implied: Implied, theta: Array) -> Array | None:
        """Return None: nothing follows."""
        return None

    def vector(self, implied: Implied, theta: Array) -> Array:
        """Return σ(θ), shape (B, m)."""
        moments = implied.moments
        parts = [moments.mu] if self.meanstructure else []
        return np.concatenate([*parts, vech(moments.sigma)], axis=1)

    def jacobian(self, implied: Implied, theta: Array) -> Array:
        """Return ∂σ/∂rows, shape (B, m, f)."""
        d_sigma, d_mu = implied.jacobian.dense()
        parts = [d_mu] if self.meanstructure else []
        return np.swapaxes(np.concatenate([*parts, vech(d_sigma)], axis=2), 1, 2)


@dataclass(frozen=True, slots=True)
class VectorTerm:
    """``F = (s − σ)ᵀV(s − σ)`` (Browne 1984).

    Attributes
    ----------
    view : MomentView
    sample : Array, shape (B, m)
        s.
    weight : Array, shape (B, m, m) or (B, m)
        V, or its diagonal; B is 1 where all replicates share it.
    """

    view: MomentView
    sample: Array
    weight: Array

    @property
    def extra_rows(self) -> Indices:
        """Table rows of the view beside those of the model matrices."""
        return self.view.extra_rows

    def completed(self, theta: Array) -> Array:
        """Fill in table rows (B, t) that follow from others."""
        return self.view.completed(theta)

    def rates(self, implied: Implied, theta: Array) -> Array | None:
        """Return how rows that follow move with all others, or None."""
        return self.view.rates(implied, theta)

    def take(self, rows: Indices) -> VectorTerm:
        """Keep some replicates."""
        shared = len(self.weight) == 1  # one weight may serve all replicates
        weight = self.weight if shared else self.weight[rows]
        return VectorTerm(self.view, self.sample[rows], weight)

    def local(self, implied: Implied, theta: Array) -> LocalVectorTerm:
        """Return F with its derivatives."""
        residual = self.sample - self.view.vector(implied, theta)
        return LocalVectorTerm(self, implied, theta, residual)

    def weigh(self, x: Array) -> Array:
        """Return Vx for x (B, m, n)."""
        return self.weight[:, :, None] * x if self.weight.ndim == 2 else self.weight @ x


@dataclass(frozen=True, slots=True)
class LocalVectorTerm:
    """A vector term at one point, with `residual` s − σ (B, m)."""

    term: VectorTerm
    implied: Implied
    theta: Array
    residual: Array
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def take(self, rows: Indices) -> LocalVectorTerm:
        """Keep some replicates."""
        return LocalVectorTerm(
            self.term.take(rows), self.implied.take(rows), self.theta[rows], self.residual[rows]
        )

    @remembered
    def delta(self) -> Array:
        """Δ, shape (B, m, f)."""
        return self.term.view.jacobian(self.implied, self.theta)

    @property
    def value(self) -> Array:
        """F, shape (B,); +inf where the moments are not defined."""
        weighed = self.term.weigh(self.residual[:, :, None])[:, :, 0]
        value = (self.residual * weighed).sum(axis=1)
        return np.where(np.isfinite(value), value, np.inf)

    def gradient(self) -> Array:
        """Return ∂F/∂rows = −2ΔᵀVe, shape (B, f)."""
        weighed = self.term.weigh(self.residual[:, :, None])
        return np.asarray(-2.0 * (np.swapaxes(self.delta, 1, 2) @ weighed)[:, :, 0])

    def expected(self) -> Array:
        """Return 2ΔᵀVΔ, shape (B, f, f)."""
        return 2.0 * np.swapaxes(self.delta, 1, 2) @ self.term.weigh(self.delta)

    def observed(self) -> Array:
        """Return the Gauss–Newton curvature: second derivatives of the moments are left out."""
        return self.expected()
