"""One block of bootstrap draws: a piece of work that depends on nothing but its number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyaltysem.core.parallel import generator
from loyaltysem.core.types import Array, Indices
from loyaltysem.estimation.replication.refit import Refitter
from loyaltysem.estimation.replication.resampling import SamplingUnits, normal_cases

#: Draws that share a random stream, are one piece of work and one part of an unfinished file.
#: Changing it changes every bootstrap result of a seed.
BLOCK = 64


@dataclass(frozen=True, slots=True)
class CaseDraws:
    """Cases drawn with replacement: nonparametric, or Bollen–Stine of transformed values.

    Attributes
    ----------
    refitter : Refitter
    values : tuple of Array, each (N_g, p)
        What is drawn from.
    units : tuple of SamplingUnits
        One a group.
    seed : int
    """

    refitter: Refitter
    values: tuple[Array, ...]
    units: tuple[SamplingUnits, ...]
    seed: int

    def __call__(self, block: int) -> Array:
        """Draw and solve one block, shape (BLOCK, columns)."""
        return self.refitter.counts(self.values, self.counts(block)).as_rows()

    def counts(self, block: int) -> list[Array]:
        """Return how often each case is in each draw of a block, (BLOCK, N_g) a group."""
        rng = generator(self.seed, block)
        return [units.counts(rng, BLOCK) for units in self.units]


@dataclass(frozen=True, slots=True)
class ModelDraws:
    """Cases drawn from the implied distribution: the parametric bootstrap.

    Attributes
    ----------
    refitter : Refitter
    values : tuple of Array, each (N_g, p)
        Whose fixed x and missing values every sample keeps.
    implied : tuple of (Array, Array)
        Σ (p, p) and μ (p,) of each group.
    fixed_x : Indices
        Positions of fixed x.
    cuts : tuple of tuple of (int, Array)
        Ordered variables of each group: position and thresholds, in the units of Σ and μ.
    seed : int
    """

    refitter: Refitter
    values: tuple[Array, ...]
    implied: tuple[tuple[Array, Array], ...]
    fixed_x: Indices
    cuts: tuple[tuple[tuple[int, Array], ...], ...]
    seed: int

    def __call__(self, block: int) -> Array:
        """Draw and solve one block, shape (BLOCK, columns)."""
        rng = generator(self.seed, block)
        return self.refitter.cases([self._group(rng, g) for g in range(len(self.values))]).as_rows()

    def _group(self, rng: np.random.Generator, g: int) -> Array:
        values, (sigma, mu) = self.values[g], self.implied[g]
        x = [int(i) for i in self.fixed_x]
        drawn = normal_cases(rng, BLOCK, sigma, mu, values[:, x], x)
        for place, thresholds in self.cuts[g]:
            levels = np.unique(values[:, place])
            drawn[:, :, place] = levels[np.searchsorted(thresholds, drawn[:, :, place])]
        drawn[:, np.isnan(values)] = np.nan
        return drawn


Draws = CaseDraws | ModelDraws


def n_blocks(draws: int) -> int:
    """Return how many blocks hold `draws` draws.

    Examples
    --------
    >>> n_blocks(64), n_blocks(65)
    (1, 2)
    """
    return -(-draws // BLOCK)
