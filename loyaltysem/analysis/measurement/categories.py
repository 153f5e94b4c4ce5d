"""Covariances of ordered answers that a model of their latent responses implies.

Answers are category numbers, X = Σ_c 1[x* > τ_c], so that
cov(Xᵢ, Xⱼ) = Σ_c Σ_d [Φ₂(τᵢ_c, τⱼ_d; ρᵢⱼ) − Φ(τᵢ_c) Φ(τⱼ_d)].
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from loyaltysem.core.types import Array
from loyaltysem.moments.bivariate_normal import bivariate_cdf

#: Correlations are kept off ±1, where the bivariate density has none.
ALMOST_ONE = 1.0 - 1e-10


def category_covariances(correlations: Array, thresholds: Sequence[Array]) -> Array:
    """Return the covariances of answers whose latent responses correlate.

    Parameters
    ----------
    correlations : Array, shape (k, k)
        Of the latent responses. A diagonal entry below 1 is the correlation of two parallel items.
    thresholds : sequence of k arrays
        Standardised.

    Returns
    -------
    Array, shape (k, k)

    Notes
    -----
    Green & Yang (2009), equations 16 to 21: with ρᵢⱼ = λᵢλⱼφ, the diagonal included, the sum is the
    variance of true scores; with the model's correlations and ones on the diagonal it is that of
    the scale score.

    Examples
    --------
    >>> cut = [np.array([0.0]), np.array([0.0])]
    >>> category_covariances(np.array([[1.0, 0.5], [0.5, 1.0]]), cut).round(4).tolist()
    [[0.25, 0.0833], [0.0833, 0.25]]
    """
    k = len(thresholds)
    cov = np.empty((k, k))
    for i in range(k):
        for j in range(i + 1):
            cov[i, j] = cov[j, i] = _covariance(thresholds[i], thresholds[j], correlations[i, j])
    return cov


def _covariance(first: Array, second: Array, rho: float) -> float:
    h, k = np.broadcast_arrays(first[:, None], second[None, :])
    apart = ndtr(h) * ndtr(k)
    if rho >= ALMOST_ONE:
        return float((ndtr(np.minimum(h, k)) - apart).sum())
    together = bivariate_cdf(h, k, np.asarray(max(rho, -ALMOST_ONE)))
    return float((together - apart).sum())
