"""Fits of one model to many samples of a normal population, given by their moments alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from loyaltysem.core.optimise import Minimum, Status, Tolerance
from loyaltysem.core.types import Array
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.estimation.search import attempt, batch_size, joined, search, search_batch, taken
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.wishart import draw_normal_moments

#: Newton steps with expected, then with exact curvature, before a sample counts as failed.
STEPS, EXACT_STEPS = 60, 60
#: χ² that may be left to gain where only the discrepancy matters.
SLACK = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class NormalPopulation:
    """Moments that samples are drawn from, one a group.

    Attributes
    ----------
    sigma : tuple of Array, each (p, p)
    mu : tuple of Array, each (p,)
    n : tuple of int
        Cases of each group.
    """

    sigma: tuple[Array, ...]
    mu: tuple[Array, ...]
    n: tuple[int, ...]

    def exact(self, names: tuple[str, ...]) -> SampleMoments:
        """Return the population as if it were one sample."""
        sigma, mu = (tuple(x[None] for x in part) for part in (self.sigma, self.mu))
        return SampleMoments(names, sigma, mu, self.n)

    def draw(self, rng: np.random.Generator, size: int, names: tuple[str, ...]) -> SampleMoments:
        """Draw `size` samples, covariances divided by N."""
        drawn = [
            draw_normal_moments(rng, size, n, sigma, mu)
            for sigma, mu, n in zip(self.sigma, self.mu, self.n, strict=True)
        ]
        cov, mean = zip(*drawn, strict=True)
        return SampleMoments(names, tuple(cov), tuple(mean), self.n)


def bound_to(model: BoundModel, sample: SampleMoments) -> BoundModel:
    """Attach other moments to a model."""
    return bind_model(model.plan, model.table, model.structure, sample)


def population_solution(
    model: BoundModel, population: NormalPopulation
) -> tuple[BoundModel, Minimum]:
    """Fit a model to the population itself: what its estimates tend to, and F₀.

    Returns
    -------
    BoundModel, Minimum
        The model bound to the population moments, and its solution (batch of one).
    """
    bound = bound_to(model, population.exact(model.table.observed))
    return bound, search(bound)


def solve_batch(model: BoundModel, start: Array, slack: float = SLACK) -> Minimum:
    """Minimise for many samples from one starting point, without going to any length.

    Parameters
    ----------
    model : BoundModel
        Its sample holds B replicates.
    start : Array, shape (q,)
    slack : float
        χ² that may be left to gain. Some samples of a wrong population have no minimum: parameters
        run away while the discrepancy creeps towards its infimum. For fit indices that is solved;
        for estimates it is not, and `slack` is 0.

    Returns
    -------
    Minimum

    Notes
    -----
    Unlike `search_batch` no sample is searched for on its own: what a hundred steps do not solve
    is left unsolved.
    """
    if model.restrictions and model.reduction is None:
        return search_batch(model, start)
    count, size = len(model.sample.cov[0]), batch_size(model.structure.n_free)
    parts = [
        _solve(taken(model, np.arange(i, min(i + size, count))), start)
        for i in range(0, count, size)
    ]
    found = joined(parts)
    left = 0.5 * model.sample.weight * found.decrement
    nearly = found.converged | ((left < slack) & np.isfinite(found.value))
    return replace(found, status=np.where(nearly, int(Status.CONVERGED), found.status))


def _solve(model: BoundModel, start: Array) -> Minimum:
    """Minimise by expected curvature, then, where that does not end, by exact curvature."""
    first = np.repeat(start[None], len(model.sample.cov[0]), axis=0)
    found = attempt(model, first, Tolerance(max_iterations=STEPS))
    rest = np.flatnonzero(~found.converged)
    if len(rest):
        exact = Tolerance(exact=True, max_iterations=EXACT_STEPS)
        found.put(rest, attempt(taken(model, rest), found.alpha[rest], exact))
    return found
