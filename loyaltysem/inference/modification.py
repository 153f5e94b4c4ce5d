"""Score tests: what χ² would lose if a fixed parameter were freed or a restriction dropped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyaltysem.core.linalg import solve_positive
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.engine.restrictions import null_basis


@dataclass(frozen=True, slots=True)
class ScoreTests:
    """One-degree-of-freedom score tests.

    Attributes
    ----------
    statistic : Array, shape (c,)
        Expected fall of χ²; NaN where the parameter would not be identified.
    change : Array, shape (c,)
        Expected parameter change (EPC).
    """

    statistic: Array
    change: Array


def modification_indices(
    gradient: Array, hessian: Array, candidates: Indices, basis: Array, weight: float
) -> ScoreTests:
    """Return modification indices of parameters that are fixed now.

    Parameters
    ----------
    gradient : Array, shape (q + c,)
        ∇f of the model in which the candidates are parameters too, at the present solution.
    hessian : Array, shape (q + c, q + c)
        Expected curvature of f there.
    candidates : Indices, shape (c,)
        Positions of the candidates.
    basis : Array, shape (q, r)
        Directions the present model leaves free, in the parameters that are no candidates.
    weight : float
        χ² = weight · f.

    Notes
    -----
    ``MI = (weight / 2) g² / V`` and ``EPC = −g / V`` with
    ``V = H_cc − H_cα Z(ZᵀH_αα Z)⁻¹Zᵀ H_αc`` (Sörbom 1989; Saris, Satorra & Sörbom 1987).
    """
    present = np.setdiff1d(np.arange(len(gradient)), candidates)
    inner = basis.T @ hessian[np.ix_(present, present)] @ basis
    cross = basis.T @ hessian[np.ix_(present, candidates)]
    explained = np.einsum("rc,rc->c", cross, _solve(inner, cross))
    own = np.diagonal(hessian)[candidates]
    v = own - explained
    known: Mask = v > 1e-8 * np.maximum(own, 1e-300)
    g = gradient[candidates]
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(known, 0.5 * weight * g**2 / v, np.nan)
        change = np.where(known, -g / v, np.nan)
    return ScoreTests(statistic, change)


def _solve(h: Array, b: Array) -> Array:
    """Solve h x = b for a positive semi-definite h, leaving out directions without curvature."""
    scale = 1.0 / np.sqrt(np.maximum(np.diagonal(h), 1e-300))
    inverse = np.linalg.pinv(h * np.outer(scale, scale), rcond=1e-10, hermitian=True)
    return np.asarray(scale[:, None] * (inverse @ (scale[:, None] * b)))


def release_tests(
    gradient: Array, hessian: Array, restrictions: Array, weight: float
) -> tuple[ScoreTests, float]:
    """Return a score test for dropping each restriction, and one for dropping all.

    Parameters
    ----------
    gradient : Array, shape (q,)
        ∇f at the restricted solution.
    hessian : Array, shape (q, q)
        Expected curvature of f there.
    restrictions : Array, shape (e, q)
        Jacobian of the restrictions.
    weight : float
        χ² = weight · f.

    Notes
    -----
    With Z the directions the other restrictions leave free,
    ``X² = (weight / 2) gᵀZ(ZᵀHZ)⁻¹Zᵀg`` (Rao 1948; Bentler & Dijkstra 1985).
    """
    statistic = np.array(
        [
            _score(gradient, hessian, np.delete(restrictions, i, axis=0))
            for i in range(len(restrictions))
        ]
    )
    total = _score(gradient, hessian, restrictions[:0])
    half = 0.5 * weight
    return ScoreTests(half * statistic, np.full(len(restrictions), np.nan)), half * total


def _score(gradient: Array, hessian: Array, kept: Array) -> float:
    basis = null_basis(kept, len(gradient))
    g = gradient @ basis
    step, ok = solve_positive((basis.T @ hessian @ basis)[None], g[None])
    return float(g @ step[0]) if ok[0] else float("nan")
