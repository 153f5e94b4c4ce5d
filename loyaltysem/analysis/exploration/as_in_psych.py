"""Extraction that stops where R's psych stops: for the digits that psych prints.

psych ends its searches early, which leaves communalities up to .0002 from the minimum (principal
axes: .01). `loyaltysem.analysis.exploration.extraction` goes on to the end; these functions are for
repeating an analysis that was made with psych.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from loyaltysem.analysis.exploration.eigen import descending, squared_multiple_correlations
from loyaltysem.analysis.exploration.extraction import (
    LOWEST,
    Extraction,
    factor_loadings,
    principal_loadings,
    reflected,
)
from loyaltysem.core.types import Array

#: Rounds of principal axes, and the change of the sum of communalities that ends them.
ROUNDS, SETTLED = 50, 1e-3
#: psych searches in units of .01; R's L-BFGS-B keeps 5 pairs, takes 100 steps, and ends once a step
#: gains less than 1e7 roundings.
UNIT, MEMORY, STEPS, GAIN = 0.01, 5, 100, 1e7 * float(np.finfo(np.float64).eps)
#: Value and slope of a discrepancy at uniquenesses (p,).
Objective = Callable[[Array], tuple[float, Array]]


def maximum_likelihood_as_in_psych(r: Array, k: int) -> Extraction:
    """Extract k factors as ``psych::fa(fm="ml")`` from a positive definite matrix R (p, p)."""

    def objective(psi: Array) -> tuple[float, Array]:
        scale = 1.0 / np.sqrt(psi)
        rest = descending(r * np.outer(scale, scale))[0][k:]
        loadings = factor_loadings(r, psi, k)
        slope = ((loadings**2).sum(axis=1) + psi - np.diagonal(r)) / psi**2
        return float((rest - np.log(rest) - 1.0).sum()), slope

    psi, converged = _search(objective, r)
    return _extraction(factor_loadings(r, psi, k), psi, converged)


def minimum_residuals_as_in_psych(r: Array, k: int) -> Extraction:
    """Extract k factors as ``psych::fa(fm="minres")``.

    Notes
    -----
    psych's value is that of the loadings of ``R − Ψ`` with negative eigenvalues lifted, and its
    slope is half the slope of another one; both decide where its search ends, and are kept.
    """
    below = np.tril_indices(len(r), -1)

    def objective(psi: Array) -> tuple[float, Array]:
        reduced = r - np.diag(np.diagonal(r) - 1.0 + psi)
        residual = (reduced - _product(principal_loadings(reduced, k)))[below]
        loadings = principal_loadings(r - np.diag(psi), k)
        slope = (loadings**2).sum(axis=1) + psi - np.diagonal(r)
        return float(residual @ residual), slope

    psi, converged = _search(objective, r)
    return _extraction(principal_loadings(r - np.diag(psi), k), psi, converged)


def principal_axes_as_in_psych(r: Array, k: int) -> Extraction:
    """Extract k factors as ``psych::fa(fm="pa")``.

    Rounds end once the sum of communalities changes by .001 or less, or after 50 of them.
    """
    communality = squared_multiple_correlations(r)
    loadings, change = np.zeros((len(r), k)), np.inf
    for _ in range(ROUNDS):
        loadings = principal_loadings(r - np.diag(1.0 - communality), k)
        before, communality = communality, (loadings**2).sum(axis=1)
        change = abs(float(communality.sum() - before.sum()))
        if change <= SETTLED:
            break
    return _extraction(loadings, 1.0 - communality, converged=change <= SETTLED)


EXTRACTIONS_AS_IN_PSYCH: dict[str, Callable[[Array, int], Extraction]] = {
    "minres_psych": minimum_residuals_as_in_psych,
    "ml_psych": maximum_likelihood_as_in_psych,
    "pa_psych": principal_axes_as_in_psych,
}


def _search(objective: Objective, r: Array) -> tuple[Array, bool]:
    """Minimise from what the items do not share, by the search and the limits of R's ``optim``."""

    def in_units(at: Array) -> tuple[float, Array]:
        value, slope = objective(UNIT * at)
        return value, UNIT * slope

    start = 1.0 - squared_multiple_correlations(r)
    found = minimize(
        in_units,
        np.maximum(start, LOWEST) / UNIT,
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST / UNIT, 1.0 / UNIT)] * len(r),
        options={"maxcor": MEMORY, "ftol": GAIN, "gtol": 0.0, "maxiter": STEPS},
    )
    return np.asarray(UNIT * found.x, dtype=np.float64), bool(found.success)


def _product(loadings: Array) -> Array:
    return np.asarray(loadings @ loadings.T)


def _extraction(loadings: Array, psi: Array, converged: bool) -> Extraction:
    return Extraction(reflected(loadings), psi, psi <= LOWEST * (1.0 + 1e-9), converged)
