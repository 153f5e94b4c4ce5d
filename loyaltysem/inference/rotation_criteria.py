"""What a rotation makes small: complexity of loadings, with its derivative in every loading.

All criteria take loadings of B rotations at once, shape (B, p, k), and return values (B,) and
gradients (B, p, k).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from loyaltysem.core.types import Array


class Criterion(Protocol):
    """A function of loadings that is smaller for simpler ones."""

    def __call__(self, loadings: Array) -> tuple[Array, Array]:
        """Return values (B,) and gradients (B, p, k)."""
        ...


@dataclass(frozen=True, slots=True)
class Oblimin:
    """``¼ Σ_{a≠b} [Σ_i λ²_ia λ²_ib − (γ/p) Σ_i λ²_ia Σ_i λ²_ib]`` (Jennrich & Sampson 1966).

    γ = 0 is quartimin, which psych, GPArotation, lavaan and Mplus call oblimin unless told more.
    """

    gamma: float = 0.0

    def __call__(self, loadings: Array) -> tuple[Array, Array]:
        """Return values and gradients."""
        squares = loadings * loadings
        others = squares.sum(axis=-1, keepdims=True) - squares
        pulled = others - self.gamma * others.mean(axis=-2, keepdims=True)
        return 0.25 * (squares * pulled).sum(axis=(-2, -1)), loadings * pulled


@dataclass(frozen=True, slots=True)
class Geomin:
    """``Σ_i (Π_a (λ²_ia + ε))^{1/k}`` (Yates 1987; Browne 2001)."""

    epsilon: float = 0.001

    def __call__(self, loadings: Array) -> tuple[Array, Array]:
        """Return values and gradients."""
        k = loadings.shape[-1]
        lifted = loadings * loadings + self.epsilon
        means = np.exp(np.log(lifted).mean(axis=-1, keepdims=True))
        return means.sum(axis=(-2, -1)), (2.0 / k) * loadings / lifted * means


@dataclass(frozen=True, slots=True)
class Orthomax:
    """``−¼ Σ_a [Σ_i λ⁴_ia − (γ/p)(Σ_i λ²_ia)²]``: varimax with γ = 1, quartimax with γ = 0.

    Kaiser (1958); for orthogonal rotations only.
    """

    gamma: float = 1.0

    def __call__(self, loadings: Array) -> tuple[Array, Array]:
        """Return values and gradients."""
        squares = loadings * loadings
        centred = squares - self.gamma * squares.mean(axis=-2, keepdims=True)
        return -0.25 * (squares * centred).sum(axis=(-2, -1)), -loadings * centred
