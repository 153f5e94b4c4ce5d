"""Layer 3a: curvature in moment space, as operators on a structured Jacobian.

A weight V stands for the quadratic form ``(s − σ)ᵀ V (s − σ)``; `gram` returns ΔᵀVΔ without ever
forming V or Δ. With M = ZᵀWZ and dΣ_i = s_i (z_l z_rᵀ + z_r z_lᵀ),

    ½ tr(W dΣ_i W dΣ_j) = s_i s_j (M_ll M_rr + M_lr M_rl)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.implied import Pairs, Slope, StructuredJacobian


class MomentWeight(Protocol):
    """Curvature of a discrepancy in moment space."""

    def gram(self, jacobian: StructuredJacobian) -> Array:
        """Return ΔᵀVΔ, shape (B, f, f)."""
        ...

    def take(self, rows: Indices) -> Self:
        """Keep some replicates."""
        ...


class ExactCurvature(MomentWeight, Protocol):
    """Half the exact second derivative of a discrepancy with respect to the moments."""

    def hessian(self, jacobian: StructuredJacobian, slope: Slope) -> Array:
        """Return half the second derivative in table rows, shape (B, f, f).

        To `gram` it adds how the moments themselves curve, weighed by the slope.
        """
        ...


def normal_form(pairs: Pairs) -> Array:
    """Return ``m_ll m_rr + m_lr m_rl``."""
    ll, rr, lr, rl = pairs
    form = ll * rr
    form += lr * rl
    return form


@dataclass(frozen=True, slots=True)
class NormalTheory:
    """Normal-theory weight ``½ Dᵀ(W ⊗ W)D`` for Σ and W for μ; `w` has shape (B, p, p)."""

    w: Array

    def take(self, rows: Indices) -> NormalTheory:
        """Keep some replicates."""
        return NormalTheory(self.w[rows])

    def gram(self, jacobian: StructuredJacobian) -> Array:
        """Return ΔᵀVΔ, shape (B, f, f)."""
        m = jacobian.quadratic(self.w)
        pairs = jacobian.pairs(m)
        form = normal_form(pairs)
        if jacobian.moves_means:
            form += jacobian.mean_form(pairs)
        return jacobian.outer(form)

    def hessian(self, jacobian: StructuredJacobian, slope: Slope) -> Array:
        """Return half the second derivative in table rows, shape (B, f, f)."""
        form = self.gram(jacobian)
        form += 0.5 * jacobian.curvature_of_moments(slope)
        return form


@dataclass(frozen=True, slots=True)
class NormalTheoryObserved:
    """Half the exact second derivative of the ML discrepancy with respect to the moments.

    Attributes
    ----------
    w : Array, shape (B, p, p)
        Σ⁻¹.
    r : Array, shape (B, p, p)
        Σ⁻¹(S + ddᵀ)Σ⁻¹ with d = m − μ.
    u : Array, shape (B, p)
        Σ⁻¹d.
    """

    w: Array
    r: Array
    u: Array

    def take(self, rows: Indices) -> NormalTheoryObserved:
        """Keep some replicates."""
        return NormalTheoryObserved(self.w[rows], self.r[rows], self.u[rows])

    def gram(self, jacobian: StructuredJacobian) -> Array:
        """Return half the second derivative along the Jacobian, shape (B, f, f)."""
        return jacobian.outer(self._form(jacobian, jacobian.quadratic(self.w - self.r)))

    def hessian(self, jacobian: StructuredJacobian, slope: Slope) -> Array:
        """Return half the second derivative in table rows, shape (B, f, f).

        With N(x) = x_ll x_rr + x_lr x_rl, × for `crossed`, m of w, g of the slope w − r and H the
        curving of Z, it is ``N(m) − m × g + H × g = N(m − g) − N(g − H) + N(H)``: m − g is the form
        of r, and N(H) is 0 nearly everywhere.
        """
        form = self._form(jacobian, jacobian.less_second(slope.sigma))
        jacobian.bend(form)
        if jacobian.moves_means:
            form += 0.5 * jacobian.mean_curvature(slope.mu)
        return jacobian.outer(form)

    def _form(self, jacobian: StructuredJacobian, g: Array) -> Array:
        """Return ``N(r) − N(g)`` and what couples means and covariances, unscaled."""
        form = normal_form(jacobian.pairs(jacobian.quadratic(self.r)))
        form -= normal_form(jacobian.pairs(g))
        if jacobian.moves_means:
            pairs = jacobian.pairs(jacobian.quadratic(self.w))
            cross = self._cross(jacobian, pairs)
            form += jacobian.mean_form(pairs)
            form += cross
            form += np.swapaxes(cross, 1, 2)
        return form

    def _cross(self, jacobian: StructuredJacobian, forms: Pairs) -> Array:
        """Return dᵀW dΣ_j W dμ_i, unscaled."""
        ll, rr, lr, rl = forms
        v = jacobian.project(self.u)
        h_l, h_r = (jacobian.mean[:, i][:, :, None] for i in (jacobian.left, jacobian.right))
        v_l, v_r = (v[:, i][:, None, :] for i in (jacobian.left, jacobian.right))
        result: Array = v_l * (lr * h_r + rr * h_l) + v_r * (ll * h_r + rl * h_l)
        return result
