"""Extraction: unrotated loadings and uniquenesses of k common factors.

Maximum likelihood and minimum residuals minimise a function of the uniquenesses alone: given them,
the best loadings are eigenvectors. With γ_m the eigenvalues beyond the k-th,

    maximum likelihood   Σ (γ_m − log γ_m − 1),  γ of Ψ^{−½} R Ψ^{−½}     (Jöreskog 1967)
    minimum residuals    ½ Σ γ_m²,               γ of R − Ψ               (Harman & Jones 1966)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from loyaltysem.analysis.exploration.eigen import descending, squared_multiple_correlations
from loyaltysem.core.types import Array, Mask

#: Smallest uniqueness a search goes to, as in psych; what ends there is a Heywood case.
LOWEST = 0.005
#: Rounds of principal axes, and the change of communalities at which they have settled.
MAX_ROUNDS, SETTLED = 5000, 1e-9
#: Newton steps, halvings of a step, and the squared distance to the minimum at which they end.
MAX_STEPS, MAX_HALVINGS, DECREMENT = 300, 40, 1e-18
#: Where rounding hides all further descent, a distance this small is the minimum.
NEAR = 1e-9
#: Least distance kept between the eigenvalues of factors and the rest, for the curvature alone.
GAP = 1e-8
#: Value, gradient (p,) and curvature (p, p) of a discrepancy at some parameters (p,).
Objective: TypeAlias = Callable[[Array], tuple[float, Array, Array]]


@dataclass(frozen=True, slots=True)
class Extraction:
    """Unrotated factors.

    Attributes
    ----------
    loadings : Array, shape (p, k)
        Columns with a positive sum, of falling variance.
    uniqueness : Array, shape (p,)
        ψ, as the search found it; ``1 − Σλ²`` for principal axes.
    heywood : Mask, shape (p,)
        Where ψ ended at its lower limit, or below it.
    converged : bool
    """

    loadings: Array
    uniqueness: Array
    heywood: Mask
    converged: bool


def maximum_likelihood(r: Array, k: int) -> Extraction:
    """Extract k factors by maximum likelihood from a positive definite matrix R (p, p).

    Notes
    -----
    Newton steps in log ψ (Jöreskog 1967).
    """

    def objective(theta: Array) -> tuple[float, Array, Array]:
        values, vectors = _scaled(r, np.exp(theta))
        common, rest = np.maximum(values[:k], values[k] + GAP), np.maximum(values[k:], 1e-300)
        weight = (1.0 - rest) * (common[:, None] + rest) / (common[:, None] - rest)
        spread = _product(vectors[:, k:], np.ones_like(rest)) * _product(vectors[:, k:], rest)
        curvature = spread + _across(vectors, weight)
        slope = ((1.0 - rest) * vectors[:, k:] ** 2).sum(axis=1)
        return float((rest - np.log(rest) - 1.0).sum()), slope, curvature

    starts = [np.log(start) for start in _starts(r)]
    theta, converged = _search_all(objective, starts, (np.log(LOWEST), 0.0), several=k > 1)
    psi = np.exp(theta)
    return _extraction(factor_loadings(r, psi, k), psi, converged)


def minimum_residuals(r: Array, k: int) -> Extraction:
    """Extract k factors that leave the smallest squared residual correlations (minres, ULS).

    Unweighted least squares has the same solution: the diagonal is reproduced either way.
    """

    def objective(psi: Array) -> tuple[float, Array, Array]:
        values, vectors = descending(r - np.diag(psi))
        common, rest = np.maximum(values[:k], values[k] + GAP), values[k:]
        missed = np.minimum(values[:k], 0.0)
        weight = 2.0 * rest / (rest - common[:, None])
        residual = _product(vectors[:, k:], np.ones_like(rest))
        curvature = residual * residual + _across(vectors, weight)
        slope = -(np.concatenate([missed, rest]) * vectors**2).sum(axis=1)
        return 0.5 * float(missed @ missed + rest @ rest), slope, curvature

    psi, converged = _search_all(objective, _starts(r), (LOWEST, 1.0), several=k > 1)
    return _extraction(principal_loadings(r - np.diag(psi), k), psi, converged)


def _product(vectors: Array, weight: Array) -> Array:
    return np.asarray((vectors * weight) @ vectors.T)


def _across(vectors: Array, weight: Array) -> Array:
    """Return ``Σ_n (v_n v_nᵀ) ∘ (Σ_m w_nm v_m v_mᵀ)``, n the k first vectors, m the rest."""
    k = len(weight)
    first, rest = vectors[:, :k], vectors[:, k:]
    total = np.zeros((len(vectors), len(vectors)))
    for n in range(k):
        total += np.outer(first[:, n], first[:, n]) * _product(rest, weight[n])
    return total


def principal_axes(r: Array, k: int) -> Extraction:
    """Extract k factors by iterated principal axes, from squared multiple correlations.

    Notes
    -----
    Iterates until no communality moves by more than 1e-9; psych stops long before, as
    ``pa_psych``.
    """
    communality = squared_multiple_correlations(r)
    for _ in range(MAX_ROUNDS):
        reduced = r - np.diag(1.0 - communality)
        loadings = principal_loadings(reduced, k)
        before, communality = communality, (loadings**2).sum(axis=1)
        if np.abs(communality - before).max() < SETTLED:
            return _extraction(loadings, 1.0 - communality, converged=True)
    return _extraction(loadings, 1.0 - communality, converged=False)


def principal_components(r: Array, k: int) -> Extraction:
    """Extract k principal components: eigenvectors times roots of eigenvalues of R itself."""
    loadings = principal_loadings(r, k)
    return Extraction(
        reflected(loadings),
        1.0 - (loadings**2).sum(axis=1),
        np.zeros(len(r), dtype=np.bool_),
        converged=True,
    )


EXTRACTIONS: dict[str, Callable[[Array, int], Extraction]] = {
    "minres": minimum_residuals,
    "uls": minimum_residuals,
    "ml": maximum_likelihood,
    "pa": principal_axes,
}


def reduced_eigenvalues(r: Array, extraction: Extraction) -> Array:
    """Return eigenvalues of R with communalities on its diagonal, largest first, shape (p,).

    What ``psych::fa`` returns as ``values`` and ``fa.parallel`` as ``fa.values``.
    """
    reduced = r - np.diag(np.diagonal(r) - (extraction.loadings**2).sum(axis=1))
    return descending(reduced)[0]


def _scaled(r: Array, psi: Array) -> tuple[Array, Array]:
    scale = 1.0 / np.sqrt(psi)
    return descending(r * np.outer(scale, scale))


def factor_loadings(r: Array, psi: Array, k: int) -> Array:
    """Return the likeliest loadings (p, k) of a correlation matrix given uniquenesses (p,)."""
    values, vectors = _scaled(r, psi)
    size = np.sqrt(np.maximum(values[:k] - 1.0, 0.0))
    return np.asarray(np.sqrt(psi)[:, None] * vectors[:, :k] * size)


def principal_loadings(reduced: Array, k: int) -> Array:
    """Return the k first eigenvectors of a matrix (p, p) times roots of their eigenvalues."""
    values, vectors = descending(reduced)
    return np.asarray(vectors[:, :k] * np.sqrt(np.maximum(values[:k], 0.0)))


def _starts(r: Array) -> list[Array]:
    """Return what the items do not share, then values that know nothing of the items."""
    own = np.asarray(np.clip(1.0 - squared_multiple_correlations(r), 2.0 * LOWEST, 1.0))
    return [own, *(np.full(len(r), value) for value in (0.5, 0.8, 0.2))]


def _search_all(
    objective: Objective, starts: Sequence[Array], bounds: tuple[float, float], several: bool
) -> tuple[Array, bool]:
    """Search from all starts and keep the lowest minimum.

    One factor has several minima only at a bound; unless `several`, others are looked for there.
    """
    best = _search(objective, starts[0], bounds)
    if not several and best[1] and (best[0] > bounds[0]).all():
        return best
    found = [best, *(_search(objective, start, bounds) for start in starts[1:])]
    return min(found, key=lambda end: (not end[1], objective(end[0])[0]))


def _search(objective: Objective, start: Array, bounds: tuple[float, float]) -> tuple[Array, bool]:
    """Minimise within bounds by Newton steps in the parameters that no bound holds."""
    low, high = bounds
    at = np.clip(start, low, high)
    value, slope, curvature = objective(at)
    for _ in range(MAX_STEPS):
        free = ~(((at <= low) & (slope > 0.0)) | ((at >= high) & (slope < 0.0)))
        step = _newton(slope[free], curvature[np.ix_(free, free)])
        decrement = -float(slope[free] @ step)
        if decrement < DECREMENT:
            return at, True
        full = np.zeros(len(at))
        full[free] = step
        moved = _descend(objective, (at, value, slope), full, (low, high))
        if moved is None:
            return at, decrement < NEAR
        at, (value, slope, curvature) = moved
    return at, False


def _newton(slope: Array, curvature: Array) -> Array:
    """Return the Newton step, with eigenvalues made positive."""
    values, vectors = np.linalg.eigh(curvature)
    floor = 1e-6 * max(float(np.abs(values).max(initial=0.0)), 1e-8)
    return np.asarray(-vectors @ ((vectors.T @ slope) / np.maximum(np.abs(values), floor)))


def _descend(
    objective: Objective,
    here: tuple[Array, float, Array],
    step: Array,
    bounds: tuple[float, float],
) -> tuple[Array, tuple[float, Array, Array]] | None:
    """Halve the step, bent along the bounds, until the value falls; None if it never does."""
    at, value, slope = here
    length = 1.0
    for _ in range(MAX_HALVINGS):
        trial = np.clip(at + length * step, *bounds)
        reached = objective(trial)
        if reached[0] <= value + 1e-4 * float(slope @ (trial - at)) and (trial != at).any():
            return trial, reached
        length *= 0.5
    return None


def _extraction(loadings: Array, psi: Array, converged: bool) -> Extraction:
    return Extraction(reflected(loadings), psi, psi <= LOWEST * (1.0 + 1e-9), converged)


def reflected(loadings: Array) -> Array:
    """Give every column a positive sum."""
    return np.asarray(loadings * np.where(loadings.sum(axis=0) < 0, -1.0, 1.0))
