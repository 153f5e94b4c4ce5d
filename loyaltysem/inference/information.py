"""Information, covariance matrix of the estimates, and identification."""

from __future__ import annotations

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet, null_space
from loyaltysem.core.types import Array, Mask
from loyaltysem.engine.objective import Objective


def information(objective: Objective, alpha: Array, weight: float, observed: bool) -> Array:
    """Return the information matrix of all cases, shape (B, q, q).

    Parameters
    ----------
    objective : Objective
        f with ``χ² = weight · f``.
    alpha : Array, shape (B, q)
    weight : float
        N, or N − G under Wishart likelihood.
    observed : bool
        Exact second derivatives instead of their expectation.

    Notes
    -----
    ``I = (weight / 2) ∂²f/∂α∂αᵀ``, since −log L = weight · f / 2 + constant.
    """
    return 0.5 * weight * objective.hessian(alpha, observed)


def restricted_vcov(info: Array, basis: Array | None) -> tuple[Array, Mask]:
    """Return the covariance matrix of estimates that can move only within a basis.

    Parameters
    ----------
    info : Array, shape (B, q, q)
    basis : Array, shape (q, r)
        Null space Z of the active restrictions' Jacobian; None without restrictions.

    Notes
    -----
    ``V = Z(ZᵀIZ)⁻¹Zᵀ``, the upper left block of the inverse of the bordered information matrix
    (Aitchison & Silvey 1958).
    """
    if basis is None:
        return model_based_vcov(info)
    inner, ok = model_based_vcov(basis.T @ info @ basis)
    return basis @ inner @ basis.T, ok


def model_based_vcov(info: Array) -> tuple[Array, Mask]:
    """Invert information matrices (B, q, q); NaN where one is not positive definite.

    The matrices are brought to a unit diagonal first, so that parameters in units a million
    apart do not look singular.
    """
    scale = np.sqrt(np.maximum(info.diagonal(axis1=1, axis2=2), 1e-300))
    outer = scale[:, :, None] * scale[:, None, :]
    inverse, _, ok = inverse_and_logdet(info / outer)
    inverse /= outer
    inverse[~ok] = np.nan
    return inverse, ok


def unidentified_directions(info: Array, tolerance: float = 1e-9) -> Array:
    """Return a basis (q, d) of the directions in α that the data say nothing about.

    Parameters
    ----------
    info : Array, shape (q, q)
        Expected information of one replicate.
    tolerance : float
        Eigenvalues of the scaled matrix below this count as zero.
    """
    return null_space(info, tolerance)
