"""Factor scores: the matrix that turns deviations of observed variables into latent scores."""

from __future__ import annotations

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.engine.implied import total_effects


def regression_weights(latent_cov: Array, loadings: Array, sigma: Array) -> Array:
    """Return the weights of the regression method (Thurstone; Thomson), shape (k, p).

    Parameters
    ----------
    latent_cov : Array, shape (k, k)
        C, covariances of the structural variables.
    loadings : Array, shape (p, k)
        Λ.
    sigma : Array, shape (p, p)
        Σ.

    Notes
    -----
    ``CΛᵀΣ⁻¹``: the scores with the smallest mean squared error (Lawley & Maxwell 1971).

    Examples
    --------
    >>> loadings = np.array([[0.8], [0.6]])
    >>> sigma = loadings @ loadings.T + np.diag([0.36, 0.64])
    >>> regression_weights(np.eye(1), loadings, sigma).round(4).tolist()
    [[0.6653, 0.2807]]
    """
    return np.asarray(latent_cov @ loadings.T @ _inverse(sigma))


def bartlett_weights(
    loadings: Array, beta: Array, measured: Mask, sigma: Array, latent: Mask
) -> Array:
    """Return the weights of Bartlett's method, shape (k, p).

    Parameters
    ----------
    loadings : Array, shape (p, k)
        Λ.
    beta : Array, shape (k, k)
        B.
    measured : Mask, shape (k, k)
        Entries of B that stand for ``=~``: structural variables measuring a latent.
    sigma : Array, shape (p, p)
        Σ.
    latent : Mask, shape (k,)
        Which structural variables are latent.

    Notes
    -----
    ``(LᵀΣ⁻¹L)⁻¹LᵀΣ⁻¹``: unbiased given the latent variables (Bartlett 1937). L holds the total
    effects on the indicators of the variables that are conditioned on. First these are all that
    have observed indicators; then a second-order factor takes the place of the factors it is
    measured by, and so on upwards, as in lavaan 0.7.
    """
    precision = _inverse(sigma)
    weights = np.zeros((len(beta), len(sigma)))
    done = np.zeros(len(beta), dtype=bool)
    given = np.where(latent, _has_observed_indicator(loadings, measured, latent), ~measured.any(1))
    while (given & ~done).any():
        new = given & ~done
        weights[new] = _given_weights(loadings, beta, precision, given)[new[given]]
        done |= given
        higher = latent & ~done & measured[done].any(axis=0)
        given = given & ~measured[:, higher].any(axis=1) | higher
    silent = latent & (~done | (weights == 0).all(axis=1))
    weights[silent] = np.nan  # nothing that was observed measures it
    return weights


def _has_observed_indicator(loadings: Array, measured: Mask, latent: Mask) -> Mask:
    return np.asarray((loadings != 0).any(axis=0) | measured[~latent].any(axis=0))


def _given_weights(loadings: Array, beta: Array, precision: Array, given: Mask) -> Array:
    """Return generalised least squares weights of the variables `given`; the rest is noise."""
    onward = np.where(given[:, None], 0.0, beta)
    design = (loadings @ total_effects(onward[None])[0])[:, given]
    product = design.T @ precision
    return np.asarray(np.linalg.pinv(product @ design, hermitian=True) @ product)


def _inverse(sigma: Array) -> Array:
    return np.asarray(inverse_and_logdet(sigma[None])[0][0])


def structural_means(beta: Array, loadings: Array, mean: Array, observed: Indices) -> Array:
    """Return the means of the structural variables, shape (k,), in a model without means.

    Latents without predictors have mean 0; observed structural variables have their sample means.

    Parameters
    ----------
    beta : Array, shape (k, k)
    loadings : Array, shape (p, k)
    mean : Array, shape (p,)
        Sample means.
    observed : Indices
        Positions of observed variables among the structural ones.
    """
    effects = total_effects(beta[None])[0]
    if not len(observed):
        return np.zeros(len(beta))
    own = loadings[:, observed].argmax(axis=0)  # the row where the variable stands for itself
    intercepts = np.linalg.solve(effects[np.ix_(observed, observed)], mean[own])
    return np.asarray(effects[:, observed] @ intercepts)
