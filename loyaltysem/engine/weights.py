"""Layer 3a: curvature in moment space, as operators on a structured Jacobian.

A weight V stands for the quadratic form ``(s − σ)ᵀ V (s − σ)``; `gram` returns ΔᵀVΔ without ever
forming V or Δ. With M = ZᵀWZ and dΣ_i = s_i (z_l z_rᵀ + z_r z_lᵀ),

    ½ tr(W dΣ_i W dΣ_j) = s_i s_j (M_ll M_rr + M_lr M_rl)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from loyaltysem.core.types import Array
from loyaltysem.engine.implied import StructuredJacobian, crossed


class MomentWeight(Protocol):
    """Curvature of a discrepancy in moment space."""

    def gram(self, jacobian: StructuredJacobian) -> Array:
        """Return ΔᵀVΔ, shape (B, f, f)."""
        ...


def normal_form(pairs: tuple[Array, Array, Array]) -> Array:
    """Return ``m_ll m_rr + m_lr m_rl``, overwriting the first."""
    ll, rr, lr = pairs
    ll *= rr
    ll += lr * np.swapaxes(lr, 1, 2)
    return ll


@dataclass(frozen=True, slots=True)
class NormalTheory:
    """Normal-theory weight ``½ Dᵀ(W ⊗ W)D`` for Σ and W for μ; `w` has shape (B, p, p)."""

    w: Array

    def gram(self, jacobian: StructuredJacobian) -> Array:
        """Return ΔᵀVΔ, shape (B, f, f)."""
        m = jacobian.quadratic(self.w)
        form = normal_form(jacobian.pairs(m))
        if jacobian.moves_means:
            form += jacobian.mean_form(m)
        return jacobian.outer(form)


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

    def gram(self, jacobian: StructuredJacobian) -> Array:
        """Return half the second derivative along the Jacobian, shape (B, f, f)."""
        m = jacobian.quadratic(self.w)
        pairs = jacobian.pairs(m)
        # with r = w + e the form is that of w, and w crossed with e
        form = crossed(pairs, jacobian.pairs(jacobian.quadratic(self.r - self.w)))
        if jacobian.moves_means:
            cross = self._cross(jacobian, pairs)
            form += jacobian.mean_form(m)
            form += cross
            form += np.swapaxes(cross, 1, 2)
        form += normal_form(pairs)
        return jacobian.outer(form)

    def _cross(self, jacobian: StructuredJacobian, forms: tuple[Array, Array, Array]) -> Array:
        """Return dᵀW dΣ_j W dμ_i, unscaled."""
        ll, rr, lr = forms
        rl = np.swapaxes(lr, 1, 2)
        v = jacobian.project(self.u)
        h_l, h_r = (jacobian.mean[:, i][:, :, None] for i in (jacobian.left, jacobian.right))
        v_l, v_r = (v[:, i][:, None, :] for i in (jacobian.left, jacobian.right))
        result: Array = v_l * (lr * h_r + rr * h_l) + v_r * (ll * h_r + rl * h_l)
        return result
