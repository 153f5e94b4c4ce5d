"""The likelihood of a sample as a function of coefficients, for the optimiser.

Coefficients are the logarithms of a model's parameters, followed by those of covariates:
log θ_j of a customer is log θ_j plus the covariates times their coefficients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from loyaltysem.clv.purchase.families import Family
from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.clv.purchase.mixture import combine, log_sum, total
from loyaltysem.core.linalg import solve_positive
from loyaltysem.core.types import Array, Indices

#: Parameters beyond exp(±this) are outside the domain: nothing is told from 0 or ∞ there.
WIDEST = 30.0
#: Longest step of a coefficient: on the log scale flat likelihoods tempt to leaps.
REACH = 2.0


@dataclass(frozen=True, slots=True)
class Column:
    """A covariate: the parameter it acts on, its values (G,), signed, and its name."""

    parameter: int
    values: Array
    name: str


@dataclass(frozen=True, slots=True)
class Curvature:
    """Mean log-likelihood with gradient (p,), Hessian (p, p) and mean outer product of scores."""

    value: float
    gradient: Array
    hessian: Array
    scores: Array


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Histories and covariates under a model.

    Attributes
    ----------
    family : Family
    seen : Histories
    columns : tuple of Column
    """

    family: Family
    seen: Histories
    columns: tuple[Column, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What the coefficients belong to."""
        return (*self.family.parameters, *(c.name for c in self.columns))

    @property
    def size(self) -> float:
        """Customers."""
        return float(self.seen.count.sum())

    def extract(self, kinds: int) -> Likelihood:
        """Return nearly the same likelihood from about so many kinds."""
        rows, count = self.seen.extract(kinds)
        columns = (Column(c.parameter, c.values[rows], c.name) for c in self.columns)
        seen = replace(self.seen.part(rows), count=count)
        return Likelihood(self.family, seen, tuple(columns))

    def theta(self, coefficients: Array, rows: slice = slice(None)) -> Array:
        """Return the parameters of each kind of customer, (q, G), or (q, 1) without covariates."""
        q = len(self.family.parameters)
        log_theta = coefficients[:q, None]
        if self.columns:
            log_theta = np.repeat(log_theta, len(self.seen.count[rows]), axis=1)
            for c, b in zip(self.columns, coefficients[q:], strict=True):
                log_theta[c.parameter] += b * c.values[rows]
        return np.asarray(np.exp(log_theta))

    def inside(self, coefficients: Array) -> bool:
        """Whether the coefficients are in the domain."""
        q = len(self.family.parameters)
        reach = float(np.abs(coefficients[:q]).max())
        for c, b in zip(self.columns, coefficients[q:], strict=True):
            reach += float(np.abs(b * c.values).max())
        return reach < WIDEST

    def pieces(self) -> Iterator[slice]:
        """Yield stretches of kinds that are worked on at once."""
        step = self.family.rows
        for start in range(0, len(self.seen.count), step):
            yield slice(start, start + step)

    def value(self, coefficients: Array) -> float:
        """Return the mean log-likelihood, -inf outside the domain."""
        if not self.inside(coefficients):
            return -np.inf
        total = 0.0
        for rows in self.pieces():
            part = self.seen.part(rows)
            logs = self.family.logs(self.theta(coefficients, rows), part)
            total += float(part.count @ log_sum(logs))
        return total / self.size if np.isfinite(total) else -np.inf

    def curvature(self, coefficients: Array) -> Curvature:
        """Return the mean log-likelihood and its derivatives by the coefficients."""
        p = len(coefficients)
        value, gradient = 0.0, np.zeros(p)
        hessian, scores = np.zeros((p, p)), np.zeros((p, p))
        if not self.columns:
            return self._shared(coefficients)
        for rows in self.pieces():
            part = self.seen.part(rows)
            theta = self.theta(coefficients, rows)
            local = combine(self.family.terms(theta, part))
            first = theta * local.first
            second = theta[:, None] * theta * local.second
            for j in range(len(theta)):  # d²/dφ² = θ² d²/dθ² + θ d/dθ
                second[j, j] += first[j]
            z, which = self._design(rows, local.value.shape[0])
            score = first[which] * z
            value += float(part.count @ local.value)
            gradient += score @ part.count
            scores += (score * part.count) @ score.T
            curved = second[which[:, None], which] * z[:, None] * z
            hessian += curved @ part.count
        n = self.size
        return Curvature(value / n, gradient / n, hessian / n, scores / n)

    def _shared(self, coefficients: Array) -> Curvature:
        """Return the same where all customers share their parameters: sums are taken first."""
        theta = self.theta(coefficients)
        sums = [
            total(self.family.terms(theta, p), p.count) for p in map(self.seen.part, self.pieces())
        ]
        t, n = theta[:, 0], self.size
        first = t * np.sum([s.first for s in sums], axis=0)
        second = np.outer(t, t) * np.sum([s.second for s in sums], axis=0) + np.diag(first)
        scores = np.outer(t, t) * np.sum([s.scores for s in sums], axis=0)
        return Curvature(sum(s.value for s in sums) / n, first / n, second / n, scores / n)

    def _design(self, rows: slice, g: int) -> tuple[Array, Indices]:
        """Return the values each coefficient is multiplied by, (p, G), and its parameter (p,)."""
        q = len(self.family.parameters)
        ones = np.ones((q, g))
        z = np.vstack([ones, *(c.values[None, rows] for c in self.columns)])
        return z, np.array([*range(q), *(c.parameter for c in self.columns)], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Held:
    """A coefficient that is held at a value while the others are searched."""

    index: int
    value: float


@dataclass(frozen=True, slots=True)
class Problem:
    """The negative mean log-likelihood, once for each replicate; some hold a coefficient.

    Attributes
    ----------
    likelihood : Likelihood
    held : tuple of (Held or None)
        One for each replicate; all hold one coefficient or none does.
    """

    likelihood: Likelihood
    held: tuple[Held | None, ...] = (None,)

    def take(self, rows: Indices) -> Problem:
        """Keep some replicates."""
        return Problem(self.likelihood, tuple(self.held[i] for i in rows))

    def at(self, alpha: Array) -> Point:
        """Look at coefficients, shape (B, p), or (B, p − 1) where one is held."""
        return Point(self, alpha)


@dataclass(frozen=True, slots=True)
class Point:
    """The problem at one place."""

    problem: Problem
    alpha: Array

    def take(self, rows: Indices) -> Point:
        """Keep some replicates."""
        return Point(self.problem.take(rows), self.alpha[rows])

    def value(self) -> Array:
        """Return the negative mean log-likelihood, shape (B,)."""
        pairs = zip(self.problem.held, self.alpha, strict=True)
        return np.array([-self.problem.likelihood.value(whole(h, a)) for h, a in pairs])

    def expansion(self, observed: bool) -> tuple[Array, Array]:
        """Return gradient and curvature: the Hessian, or the mean outer product of scores."""
        gradients, curvatures = [], []
        for h, a in zip(self.problem.held, self.alpha, strict=True):
            c = self.problem.likelihood.curvature(whole(h, a))
            free = [i for i in range(len(c.gradient)) if h is None or i != h.index]
            slope = -c.gradient[free]
            curved = (-c.hessian if observed else c.scores)[np.ix_(free, free)]
            gradients.append(slope)
            curvatures.append(within_reach(slope, curved))
        return np.array(gradients), np.array(curvatures)


def within_reach(gradient: Array, curvature: Array) -> Array:
    """Return curvature scaled up where the step it gives would be longer than `REACH`."""
    step, ok = solve_positive(curvature[None].copy(), -gradient[None])
    longest = float(np.abs(step).max()) / REACH
    return curvature * longest if ok[0] and longest > 1.0 else curvature


def whole(held: Held | None, free: Array) -> Array:
    """Return all coefficients from those that are free."""
    return free if held is None else np.insert(free, held.index, held.value)
