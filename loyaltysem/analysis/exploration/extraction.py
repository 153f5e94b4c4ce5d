"""Extraction: unrotated loadings and uniquenesses of k common factors.

Maximum likelihood and minimum residuals minimise a function of the uniquenesses alone: given them,
the best loadings are eigenvectors. With γ_m the eigenvalues beyond the k-th,

    maximum likelihood   Σ (γ_m − log γ_m − 1),  γ of Ψ^{−½} R Ψ^{−½}     (Jöreskog 1967)
    minimum residuals    ½ Σ γ_m²,               γ of R − Ψ               (Harman & Jones 1966)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import optimize

from loyaltysem.analysis.exploration.eigen import descending, squared_multiple_correlations
from loyaltysem.core.types import Array, Mask

#: Smallest uniqueness a search goes to, as in psych; what ends there is a Heywood case.
LOWEST = 0.005
#: Steps of a search, and the change of communalities at which principal axes have settled.
MAX_STEPS, SETTLED = 2000, 1e-9
Objective: TypeAlias = Callable[[Array], tuple[float, Array]]


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
    """Extract k factors by maximum likelihood from a positive definite matrix R (p, p)."""

    def objective(psi: Array) -> tuple[float, Array]:
        values, vectors = _scaled(r, psi)
        rest = values[k:]
        slope = ((1.0 - rest) * vectors[:, k:] ** 2).sum(axis=1) / psi
        return float((rest - np.log(np.maximum(rest, 1e-300)) - 1.0).sum()), slope

    psi, converged = _search(objective, r)
    values, vectors = _scaled(r, psi)
    size = np.sqrt(np.maximum(values[:k] - 1.0, 0.0))
    return _extraction(np.sqrt(psi)[:, None] * vectors[:, :k] * size, psi, converged)


def minimum_residuals(r: Array, k: int) -> Extraction:
    """Extract k factors that leave the smallest squared residual correlations (minres, ULS).

    Unweighted least squares has the same solution: the diagonal is reproduced either way.
    """

    def objective(psi: Array) -> tuple[float, Array]:
        values, vectors = descending(r - np.diag(psi))
        rest = np.concatenate([np.minimum(values[:k], 0.0), values[k:]])
        return 0.5 * float(rest @ rest), -(rest * vectors**2).sum(axis=1)

    psi, converged = _search(objective, r)
    return _extraction(_axes(r - np.diag(psi), k), psi, converged)


def principal_axes(r: Array, k: int) -> Extraction:
    """Extract k factors by iterated principal axes, from squared multiple correlations.

    Notes
    -----
    Iterates until no communality moves by more than 1e-9; psych stops at a change of .001 of their
    sum, or after 50 rounds, so its loadings can differ in the third decimal.
    """
    communality = squared_multiple_correlations(r)
    for _ in range(MAX_STEPS):
        reduced = r - np.diag(1.0 - communality)
        loadings = _axes(reduced, k)
        before, communality = communality, (loadings**2).sum(axis=1)
        if np.abs(communality - before).max() < SETTLED:
            return _extraction(loadings, 1.0 - communality, converged=True)
    return _extraction(loadings, 1.0 - communality, converged=False)


def principal_components(r: Array, k: int) -> Extraction:
    """Extract k principal components: eigenvectors times roots of eigenvalues of R itself."""
    loadings = _axes(r, k)
    return Extraction(
        _reflected(loadings),
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


def _axes(reduced: Array, k: int) -> Array:
    values, vectors = descending(reduced)
    return np.asarray(vectors[:, :k] * np.sqrt(np.maximum(values[:k], 0.0)))


def _search(objective: Objective, r: Array) -> tuple[Array, bool]:
    start = np.clip(1.0 - squared_multiple_correlations(r), 2.0 * LOWEST, 1.0)
    found = optimize.minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST, 1.0)] * len(start),
        options={"maxiter": MAX_STEPS, "maxfun": 4 * MAX_STEPS, "ftol": 1e-15, "gtol": 1e-9},
    )
    psi = np.asarray(found.x, dtype=np.float64)
    slope = objective(psi)[1]
    inside = (psi > LOWEST) & (psi < 1.0)
    settled = bool(np.abs(slope[inside]).max(initial=0.0) < 1e-4)
    return psi, bool(found.success) or settled


def _extraction(loadings: Array, psi: Array, converged: bool) -> Extraction:
    return Extraction(_reflected(loadings), psi, psi <= LOWEST * (1.0 + 1e-9), converged)


def _reflected(loadings: Array) -> Array:
    return np.asarray(loadings * np.where(loadings.sum(axis=0) < 0, -1.0, 1.0))
