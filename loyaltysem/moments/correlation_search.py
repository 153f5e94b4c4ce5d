"""Second stage: maximise many one-parameter likelihoods in ρ at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from loyaltysem.core.optimise import minimise
from loyaltysem.core.types import Array, Indices, Mask


class PairLikelihood(Protocol):
    """Likelihood contributions of P pairs of variables, K each, as functions of ρ."""

    @property
    def weight(self) -> Array:
        """How often each contribution was seen, shape (P, K)."""
        ...

    @property
    def floor(self) -> float:
        """Probabilities below this are taken as this, and as not depending on ρ."""
        ...

    def take(self, rows: Indices) -> Self:
        """Keep some pairs."""
        ...

    def probability(self, rho: Array) -> Array:
        """Return the contributions (P, K) at `rho` (P,)."""
        ...

    def derivatives(self, rho: Array) -> tuple[Array, Array, Array]:
        """Return contributions, first and second derivatives, each (P, K)."""
        ...


@dataclass(frozen=True, slots=True)
class _Problem:
    """−log L / N as a function of α = artanh ρ, flat beyond ±`bound`."""

    likelihood: PairLikelihood
    bound: float

    def take(self, rows: Indices) -> _Problem:
        return _Problem(self.likelihood.take(rows), self.bound)

    def at(self, alpha: Array) -> _Point:
        rho = np.clip(np.tanh(alpha[:, 0]), -self.bound, self.bound)
        return _Point(self.likelihood, self.bound, rho)


@dataclass(frozen=True, slots=True)
class _Point:
    """−log L / N at `rho` (P,)."""

    likelihood: PairLikelihood
    bound: float
    rho: Array

    def take(self, rows: Indices) -> _Point:
        return _Point(self.likelihood.take(rows), self.bound, self.rho[rows])

    def value(self) -> Array:
        probability = self.likelihood.probability(self.rho)
        logs = np.log(np.maximum(probability, self.likelihood.floor))
        weight = self.likelihood.weight
        return np.asarray(-(weight * logs).sum(1) / weight.sum(1))

    def expansion(self, observed: bool) -> tuple[Array, Array]:
        rho = self.rho
        p, first, second = self.likelihood.derivatives(rho)
        seen = p > self.likelihood.floor
        safe = np.where(seen, p, 1.0)
        score = np.where(seen, first / safe, 0.0)
        weight = self.likelihood.weight
        total = weight.sum(1)
        gradient = -(weight * score).sum(1) / total
        curvature = (weight * score * score).sum(1) / total
        speed = 1.0 - rho * rho
        h = curvature * speed * speed
        if observed:
            bend = (weight * np.where(seen, second / safe, 0.0)).sum(1) / total
            h = (curvature - bend) * speed * speed - 2.0 * rho * speed * gradient
        outwards = (np.abs(rho) >= self.bound) & (gradient * rho < 0)
        slope = np.where(outwards, 0.0, gradient * speed)
        return slope[:, None], np.where(outwards, 1.0, h)[:, None, None]


def maximise_correlations(
    likelihood: PairLikelihood, start: Array, bound: float
) -> tuple[Array, Mask]:
    """Find the ρ of greatest likelihood of every pair.

    Parameters
    ----------
    likelihood : PairLikelihood
        Of P pairs.
    start : Array, shape (P,)
    bound : float
        Largest |ρ| allowed; a likelihood that keeps rising ends there.

    Returns
    -------
    rho : Array, shape (P,)
    converged : Mask, shape (P,)
    """
    safe = np.clip(np.nan_to_num(start), -0.9, 0.9)
    found = minimise(_Problem(likelihood, bound), np.arctanh(safe)[:, None])
    return np.clip(np.tanh(found.alpha[:, 0]), -bound, bound), found.converged
