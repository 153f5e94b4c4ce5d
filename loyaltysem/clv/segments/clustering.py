"""k-means with a fixed seed and numbering, silhouettes, and stability under resampling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from loyaltysem.core.errors import MissingExtraError
from loyaltysem.core.progress import progress
from loyaltysem.core.types import Array, Indices

#: Starts of k-means, of the customers themselves and of resampled ones.
STARTS, RESTARTS = 10, 3


def sklearn_cluster() -> Any:
    """Return scikit-learn's modules of clustering and of measures, or say how to get them."""
    try:
        from sklearn import cluster, metrics
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "ml", "Personas by k-means") from error
    return cluster, metrics


def centres_of(x: Array, k: int, seed: int, starts: int = STARTS) -> Array:
    """Return the centres of k-means, the highest in the first feature first.

    Parameters
    ----------
    x : Array
        Shape (N, p), on a common scale.
    k : int
        Clusters.
    seed : int
        Of the starts (k-means++, Arthur & Vassilvitskii, 2007).
    starts : int
        Of which the best is taken.

    Returns
    -------
    Array
        Shape (k, p); sorted, so that the same partition has the same numbers.
    """
    cluster, _ = sklearn_cluster()
    found = cluster.KMeans(k, n_init=starts, random_state=seed).fit(x)
    centres = np.asarray(found.cluster_centers_, dtype=np.float64)
    return centres[np.lexsort(tuple(-centres[:, j] for j in reversed(range(x.shape[1]))))]


def nearest(x: Array, centres: Array) -> Indices:
    """Return the number of the nearest centre, from 0.

    Examples
    --------
    >>> nearest(np.array([[0.0], [9.0]]), np.array([[10.0], [1.0]])).tolist()
    [1, 0]
    """
    cross = x @ centres.T
    return np.asarray(np.argmin((centres**2).sum(axis=1) - 2 * cross, axis=1), dtype=np.intp)


def silhouette(x: Array, labels: Indices) -> float:
    """Return the mean silhouette of Rousseeuw (1987); NaN for a single cluster."""
    _, metrics = sklearn_cluster()
    if len(np.unique(labels)) < 2:
        return float("nan")
    return float(metrics.silhouette_score(x, labels))


def bootstrap_ari(x: Array, labels: Indices, k: int, *, draws: int, seed: int) -> Array:
    """Return the agreement of clusters with those of resampled customers.

    Parameters
    ----------
    x : Array
        Shape (N, p).
    labels : Indices
        Shape (N,), the clusters in question.
    k : int
        Clusters.
    draws : int
        Samples of N customers with replacement.
    seed : int

    Returns
    -------
    Array
        Shape (draws,): adjusted Rand indices (Hubert & Arabie, 1985) of `labels` and of all
        customers' nearest centres in each sample, as bootstrapped by Hennig (2007).
    """
    _, metrics = sklearn_cluster()
    rng = np.random.default_rng(seed)
    found = np.empty(draws)
    steps: Iterable[int] = progress(range(draws), draws, f"stability of {k} personas")
    for draw in steps:
        rows = rng.integers(0, len(x), len(x))
        centres = centres_of(x[rows], k, seed + 1 + draw, RESTARTS)
        found[draw] = metrics.adjusted_rand_score(labels, nearest(x, centres))
    return found
