"""First stage: each variable alone, as a probit or a linear regression on the covariates.

Muthén (1984) estimates thresholds, means, variances and slopes variable by variable; what later
stages need of a variable is kept in its margin, the score of every case included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.special import ndtri

from loyaltysem.core.optimise import minimise
from loyaltysem.core.types import Array, Indices
from loyaltysem.moments.bivariate_normal import density, interval
from loyaltysem.moments.categories import category_counts


@dataclass(frozen=True, slots=True)
class OrderedMargin:
    """An ordered variable: y = c where τ_c < y* ≤ τ_{c+1} and y* = xᵀβ + ε, ε standard normal.

    Attributes
    ----------
    codes : Indices, shape (N,)
        Categories 0 … C − 1.
    thresholds : Array, shape (C − 1,)
    slopes : Array, shape (nx,)
    lower, upper : Array, shape (N,)
        What ε lies between in each case: τ − xᵀβ, ±∞ at the ends.
    scores : Array, shape (N, C − 1 + nx)
        Derivatives of each case's log-likelihood: thresholds, slopes.
    """

    codes: Indices
    thresholds: Array
    slopes: Array
    lower: Array
    upper: Array
    scores: Array

    @property
    def bounds(self) -> Array:
        """Thresholds with −∞ and +∞ at the ends, shape (C + 1,)."""
        return _with_ends(self.thresholds)


@dataclass(frozen=True, slots=True)
class NumericMargin:
    """A numeric variable: y = α + xᵀβ + σz.

    Attributes
    ----------
    intercept, variance : float
        α and σ², the latter divided by N.
    slopes : Array, shape (nx,)
    z : Array, shape (N,)
        Standardised residuals.
    scores : Array, shape (N, 2 + nx)
        Derivatives of each case's log-likelihood: intercept, slopes, variance.
    """

    intercept: float
    variance: float
    slopes: Array
    z: Array
    scores: Array


Margin: TypeAlias = OrderedMargin | NumericMargin


def _with_ends(thresholds: Array) -> Array:
    return np.concatenate([[-np.inf], thresholds, [np.inf]])


def numeric_margin(y: Array, x: Array) -> NumericMargin:
    """Regress `y` (N,) on `x` (N, nx) by least squares."""
    design = np.column_stack([np.ones(len(y)), x])
    beta = np.asarray(np.linalg.lstsq(design, y, rcond=None)[0], dtype=np.float64)
    residual = y - design @ beta
    variance = float(residual @ residual) / len(y)
    z = residual / np.sqrt(variance)
    of_variance = 0.5 * (z * z - 1.0) / variance
    scores = np.column_stack([design * (residual / variance)[:, None], of_variance])
    return NumericMargin(float(beta[0]), variance, beta[1:], z, scores)


def ordered_margin(codes: Indices, n_categories: int, x: Array) -> OrderedMargin:
    """Fit thresholds and slopes of an ordered variable by maximum likelihood.

    Parameters
    ----------
    codes : Indices, shape (N,)
        0 … C − 1.
    n_categories : int
        C.
    x : Array, shape (N, nx)
        Covariates; with nx = 0 the thresholds are quantiles of the category proportions.

    Returns
    -------
    OrderedMargin
    """
    counts = category_counts(codes, n_categories)
    thresholds = ndtri(np.cumsum(counts)[:-1] / counts.sum())
    slopes = np.zeros(x.shape[1])
    if x.shape[1]:
        problem = _Probit(codes, x, n_categories - 1)
        found = minimise(problem, np.concatenate([thresholds, slopes])[None]).alpha[0]
        thresholds, slopes = found[: n_categories - 1], found[n_categories - 1 :]
    lower, upper = case_bounds(codes, thresholds, x @ slopes)
    at_lower, at_upper = _slopes_of_loglik(lower, upper)
    scores = _to_parameters(codes, n_categories, x, at_lower, at_upper)
    return OrderedMargin(codes, thresholds, slopes, lower, upper, scores)


def case_bounds(codes: Indices, thresholds: Array, eta: Array) -> tuple[Array, Array]:
    """Return the interval that ε lies in for each case, two arrays (N,)."""
    bounds = _with_ends(thresholds)
    return bounds[codes] - eta, bounds[codes + 1] - eta


def _slopes_of_loglik(lower: Array, upper: Array) -> tuple[Array, Array]:
    """Return ∂ log L/∂lower and ∂ log L/∂upper of each case."""
    likelihood = interval(lower, upper)
    return -density(lower) / likelihood, density(upper) / likelihood


def _to_parameters(
    codes: Indices, n_categories: int, x: Array, at_lower: Array, at_upper: Array
) -> Array:
    """Carry derivatives in the bounds of the cases to thresholds and slopes, (N, C − 1 + nx)."""
    n = len(codes)
    rows = np.arange(n)
    at_bounds = np.zeros((n, n_categories + 1))
    at_bounds[rows, codes] = at_lower
    at_bounds[rows, codes + 1] = at_upper
    return np.column_stack([at_bounds[:, 1:-1], -x * (at_lower + at_upper)[:, None]])


@dataclass(frozen=True, slots=True)
class BoundProducts:
    """Sums over cases of a pair's score times a derivative in the bounds of an ordered variable.

    Attributes
    ----------
    lower, upper : Array, shape (P, C)
        By category of the variable.
    slopes : Array, shape (P, nx)
        The same carried to the slopes.
    """

    lower: Array
    upper: Array
    slopes: Array

    @property
    def thresholds(self) -> Array:
        """Carried to the thresholds, shape (P, C − 1): τ_t ends category t − 1 and starts t."""
        result: Array = self.upper[:, :-1] + self.lower[:, 1:]
        return result


def bound_products(codes: Indices, lower: Array, upper: Array, x: Array) -> BoundProducts:
    """Sum products given case by case.

    Parameters
    ----------
    codes : Indices, shape (P, N)
        Categories of the ordered variable of each pair.
    lower, upper : Array, shape (P, N)
    x : Array, shape (N, nx)
    """
    pairs, width = len(codes), int(codes.max()) + 1
    cell = (codes + width * np.arange(pairs)[:, None]).ravel()
    sums = [
        np.asarray(np.bincount(cell, weights=w.ravel(), minlength=pairs * width), dtype=np.float64)
        for w in (lower, upper)
    ]
    by_category = [s.reshape(pairs, width) for s in sums]
    return BoundProducts(by_category[0], by_category[1], -(lower + upper) @ x)


@dataclass(frozen=True, slots=True)
class _Probit:
    """Negative mean log-likelihood of one ordered probit regression; α = (τ, β), batch of one."""

    codes: Indices
    x: Array
    n_thresholds: int

    def take(self, rows: Indices) -> _Probit:
        """There is only one replicate."""
        return self

    def at(self, alpha: Array) -> _ProbitPoint:
        """Look at α, shape (1, C − 1 + nx)."""
        return _ProbitPoint(self, alpha)

    def bounds(self, alpha: Array) -> tuple[Array, Array]:
        """Return the interval that ε lies in for each case."""
        thresholds, slopes = alpha[0, : self.n_thresholds], alpha[0, self.n_thresholds :]
        return case_bounds(self.codes, thresholds, self.x @ slopes)


@dataclass(frozen=True, slots=True)
class _ProbitPoint:
    """The negative mean log-likelihood at one α."""

    problem: _Probit
    alpha: Array

    def take(self, rows: Indices) -> _ProbitPoint:
        """There is only one replicate."""
        return self

    def value(self) -> Array:
        """Return −log L/N; +∞ where thresholds are out of order."""
        if (np.diff(self.alpha[0, : self.problem.n_thresholds]) <= 0).any():
            return np.array([np.inf])
        likelihood = interval(*self.problem.bounds(self.alpha))
        if (likelihood <= 0).any():
            return np.array([np.inf])
        return np.array([-np.log(likelihood).mean()])

    def expansion(self, observed: bool) -> tuple[Array, Array]:
        """Return gradient and curvature.

        The log-likelihood is concave, so the exact curvature serves everywhere.
        """
        codes, x = self.problem.codes, self.problem.x
        lower, upper = self.problem.bounds(self.alpha)
        l, u = _slopes_of_loglik(lower, upper)  # noqa: E741 - lower and upper
        n = len(codes)
        zero = np.zeros(n)
        c = self.problem.n_thresholds + 1
        d_l = _to_parameters(codes, c, x, zero + np.isfinite(lower), zero)
        d_u = _to_parameters(codes, c, x, zero, zero + np.isfinite(upper))
        h_ll = l * l + np.where(np.isfinite(lower), lower, 0.0) * l
        h_uu = u * u + np.where(np.isfinite(upper), upper, 0.0) * u
        cross = (d_l * (l * u)[:, None]).T @ d_u
        curvature = (d_l * h_ll[:, None]).T @ d_l + (d_u * h_uu[:, None]).T @ d_u
        gradient = -(l @ d_l + u @ d_u) / n
        return gradient[None], (curvature + cross + cross.T)[None] / n
