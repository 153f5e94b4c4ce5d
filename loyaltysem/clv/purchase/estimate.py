"""Maximum likelihood: where the search ends, standard errors, profile intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from loyaltysem.clv.purchase.likelihood import Held, Likelihood, Problem
from loyaltysem.core.linalg import cholesky
from loyaltysem.core.optimise import Minimum, Status, Tolerance, minimise
from loyaltysem.core.progress import progress
from loyaltysem.core.threads import one_thread
from loyaltysem.core.types import Array

#: Far from the maximum scores are safer; exact curvature takes over within this decrement.
SEARCH = Tolerance(near=0.02, max_iterations=100)
#: An extract need not be solved further than it agrees with the whole.
ROUGH = Tolerance(decrement=1e-8, near=0.05, max_iterations=100)
#: Squared standard errors that a search which starts near the maximum may end away from it.
ENOUGH = 1e-9
#: Kinds of customers a search begins with, where there are several times as many.
PART = 2000
#: Steps after which a side of a profile interval counts as open.
MOST_STEPS = 30
#: A coefficient this far from its estimate on the log scale has no limit on this side.
OPEN = 20.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What maximum likelihood found.

    Attributes
    ----------
    coefficients : Array, shape (p,)
        Logarithms of parameters, then coefficients of covariates.
    vcov : Array, shape (p, p)
        Inverse of the observed information; NaN where that is not positive definite.
    loglik : float
    status : Status
    iterations : int
    """

    coefficients: Array
    vcov: Array
    loglik: float
    status: Status
    iterations: int


@one_thread()
def maximise(likelihood: Likelihood, starts: Array) -> Estimate:
    """Search from the first start, and from the others where that ends at no clear maximum.

    Parameters
    ----------
    likelihood : Likelihood
    starts : Array, shape (K, q)
        Logarithms of parameters; covariates start at 0.
    """
    more = len(likelihood.names) - starts.shape[1]
    starts = np.hstack([starts, np.zeros((len(starts), more))])
    best = _end(_first(likelihood, starts[:1]), 0)
    vcov = covariance(likelihood, best[0])
    if not (best[2] == Status.CONVERGED and np.isfinite(vcov).all()) and len(starts) > 1:
        rest = starts[1:]
        others = minimise(Problem(likelihood, (None,) * len(rest)), rest, SEARCH)
        ends = [best, *(_end(others, k) for k in range(len(rest)))]
        best = min(ends, key=lambda end: (end[2] != Status.CONVERGED, end[1]))
        vcov = covariance(likelihood, best[0])
    coefficients, value, status, iterations = best
    return Estimate(coefficients, vcov, -value * likelihood.size, status, iterations)


def _first(likelihood: Likelihood, start: Array) -> Minimum:
    """Search all, from where an extract of the kinds has its maximum."""
    if len(likelihood.seen.count) < 3 * PART:
        return minimise(Problem(likelihood), start, SEARCH)
    part = minimise(Problem(likelihood.extract(PART)), start, ROUGH)
    if not part.converged[0]:
        return minimise(Problem(likelihood), start, SEARCH)
    # near the maximum exact curvature is safe
    finish = Tolerance(ENOUGH / likelihood.size, exact=True, max_iterations=100)
    return minimise(Problem(likelihood), part.alpha, finish)


def _end(found: Minimum, k: int) -> tuple[Array, float, Status, int]:
    status = Status(int(found.status[k]))
    return found.alpha[k], float(found.value[k]), status, int(found.n_iter[k])


def covariance(likelihood: Likelihood, coefficients: Array) -> Array:
    """Return the inverse of the observed information, NaN where it is not positive definite."""
    information = -likelihood.size * likelihood.curvature(coefficients).hessian
    scale = np.sqrt(np.maximum(np.diagonal(information), 1e-300))
    lower, ok = cholesky((information / scale[:, None] / scale)[None])
    if not ok[0] or np.diagonal(lower[0]).min() < 1e-6:
        return np.full_like(information, np.nan)
    root = np.linalg.inv(lower[0]) / scale
    result: Array = root.T @ root
    return result


@one_thread()
def profile_limits(likelihood: Likelihood, found: Estimate, level: float) -> Array:
    """Return where twice the fall of the profile log-likelihood reaches the χ² quantile.

    Returns
    -------
    Array, shape (p, 2)
        -inf or +inf where it never does, NaN where the other coefficients could not be found.

    Notes
    -----
    The signed root of the fall is nearly linear in a coefficient, so that a secant finds its limit
    in three or four steps; both sides of all coefficients are searched as one batch.
    """
    p = len(found.coefficients)
    goal = float(np.sqrt(stats.chi2.ppf(level, 1)))
    sides = [_Side(j, sign, found, goal) for j in range(p) for sign in (-1.0, 1.0)]
    for _ in progress(range(MOST_STEPS), MOST_STEPS, "profile intervals", "step"):
        going = [side for side in sides if side.going]
        if not going:
            break
        held = tuple(Held(side.index, side.at) for side in going)
        starts = np.array([side.start for side in going])
        ends = minimise(Problem(likelihood, held), starts, SEARCH)
        for k, side in enumerate(going):
            if ends.converged[k]:
                side.advance(ends.alpha[k], -float(ends.value[k]) * likelihood.size)
            else:
                side.retreat()
    return np.array([side.limit for side in sides]).reshape(p, 2)


class _Side:
    """One side of one profile interval, on its way."""

    def __init__(self, index: int, sign: float, found: Estimate, goal: float):
        self.index, self.sign, self.goal = index, sign, goal
        self.centre, self.top = float(found.coefficients[index]), found.loglik
        self.path = [(0.0, np.delete(found.coefficients, index))]
        variance = float(found.vcov[index, index])
        step = goal * np.sqrt(variance) if np.isfinite(variance) else 1.0
        self.seen: list[tuple[float, float]] = [(0.0, 0.0)]
        self.distance, self.going = min(step, 3.0), True
        self.limit = np.nan

    @property
    def at(self) -> float:
        """The value the coefficient is held at."""
        return self.centre + self.sign * self.distance

    @property
    def start(self) -> Array:
        """Where the others may be: on the line through the two nearest places known.

        Along a ridge, such as s and β that grow together, the last place known is far off.
        """
        near = sorted(self.path, key=lambda place: abs(place[0] - self.distance))[:2]
        (at, here), (other, there) = near[0], near[-1]
        slope = 0.0 if at == other else (self.distance - at) / (other - at)
        return np.asarray(here + slope * (there - here))

    def retreat(self) -> None:
        """Choose a nearer distance: where the others were not found nothing is known."""
        below = max(distance for distance, root in self.seen if root < self.goal)
        self.distance = 0.5 * (below + self.distance)

    def advance(self, nuisance: Array, loglik: float) -> None:
        """Take note of the profile at the present distance, and choose the next."""
        root = float(np.sqrt(max(2.0 * (self.top - loglik), 0.0)))
        self.path.append((self.distance, nuisance))
        self.seen.append((self.distance, root))
        if abs(root - self.goal) < 1e-4:
            self.limit, self.going = self.at, False
            return
        self.distance = self._next()
        if self.distance > OPEN:
            self.limit, self.going = self.sign * np.inf, False

    def _next(self) -> float:
        below = max((s for s in self.seen if s[1] < self.goal), key=lambda s: s[0])
        above = [s for s in self.seen if s[1] >= self.goal]
        first, second = (below, min(above)) if above else (self.seen[-2], self.seen[-1])
        slope = (second[1] - first[1]) / max(second[0] - first[0], 1e-12)
        step = (self.goal - below[1]) / slope if slope > 0 else np.inf
        widest = (min(above)[0] - below[0]) if above else 2.0 * max(below[0], 0.5)
        return below[0] + float(
            np.clip(step, 0.02 * widest, widest if not above else 0.98 * widest)
        )
