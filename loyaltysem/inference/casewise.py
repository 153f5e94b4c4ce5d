"""What single cases say: their log-likelihood, and how they pull at the parameters."""

from __future__ import annotations

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet
from loyaltysem.core.types import Array


def case_loglik(values: Array, sigma: Array, mu: Array) -> Array:
    """Return the normal log-likelihood of every case, shape (N,).

    Parameters
    ----------
    values : Array, shape (N, p)
        NaN where missing; a case counts with what it has.
    sigma, mu : Array, shape (p, p) and (p,)

    Notes
    -----
    ``−½ [k log 2π + log|Σ_OO| + (y − μ)ᵀ Σ_OO⁻¹ (y − μ)]`` over the k observed variables O.

    Examples
    --------
    >>> nan = float("nan")
    >>> case_loglik(np.array([[0.0, 1.0], [0.0, nan]]), np.eye(2), np.zeros(2)).round(4).tolist()
    [-2.3379, -0.9189]
    """
    seen = np.isfinite(values)
    found = np.zeros(len(values))
    patterns, member = np.unique(seen, axis=0, return_inverse=True)
    member = member.ravel()
    for k, pattern in enumerate(patterns):
        at, rows = np.flatnonzero(pattern), np.flatnonzero(member == k)
        if len(at):
            found[rows] = _complete_loglik(values[np.ix_(rows, at)], sigma[np.ix_(at, at)], mu[at])
    return found


def _complete_loglik(values: Array, sigma: Array, mu: Array) -> Array:
    deviation = values - mu
    sign, logdet = np.linalg.slogdet(sigma)
    if sign <= 0:
        return np.full(len(values), np.nan)
    distance = (deviation * np.linalg.solve(sigma, deviation.T).T).sum(axis=1)
    return np.asarray(-0.5 * (len(mu) * np.log(2.0 * np.pi) + logdet + distance))


def weight_derivatives(scores: Array, inverse: Array) -> Array:
    """Return how each estimate moves with the weight of each case, shape (N, q).

    Parameters
    ----------
    scores : Array, shape (N, q)
        ``∂ log L_i / ∂α`` at the solution.
    inverse : Array, shape (q, q)
        Inverse of the observed information of one case.

    Notes
    -----
    With weights w in ``Σ w_i log L_i``, ``∂α̂/∂w_i = (N I)⁻¹ s_i`` at w = 1: the empirical influence
    function over N. To first order, leaving case i out moves α̂ by as much the other way (Cook
    1986).

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 6.0])  # scores of the mean of a unit normal
    >>> weight_derivatives((x - x.mean())[:, None], np.eye(1)).ravel().round(4).tolist()
    [-0.6667, -0.3333, 1.0]
    """
    return np.asarray(scores @ inverse / len(scores))


def cook_distance(change: Array, vcov: Array, basis: Array) -> Array:
    """Return the generalised Cook's distance ``dᵀ V⁻¹ d`` (Cook 1977; Pek & MacCallum 2011).

    Parameters
    ----------
    change : Array, shape (N, q)
        Estimates with a case less those without, one row a case.
    vcov : Array, shape (q, q)
        Of the estimates.
    basis : Array, shape (q, r)
        Directions in which estimates can move, orthonormal.

    Returns
    -------
    Array, shape (N,)
        NaN where V is singular in these directions.

    Examples
    --------
    >>> cook_distance(np.array([[0.3, 0.4]]), np.eye(2) / 4, np.eye(2)).tolist()
    [1.0]
    """
    d = change @ basis
    inverse, _, ok = inverse_and_logdet((basis.T @ vcov @ basis)[None])
    return np.asarray(((d @ inverse[0]) * d).sum(axis=1)) if ok[0] else np.full(len(d), np.nan)
