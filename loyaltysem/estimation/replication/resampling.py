"""How bootstrap samples are drawn: which cases count how often, or new cases from the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.linalg import symmetrise
from loyaltysem.core.types import Array, Indices


@dataclass(frozen=True, slots=True)
class SamplingUnits:
    """What is drawn with replacement in one group: cases, or clusters of cases, within strata.

    Attributes
    ----------
    unit : Indices, shape (N_g,)
        The unit each case belongs to; units are numbered from 0.
    strata : tuple of Indices
        The units of each stratum; a sample holds as many units of a stratum as the data do.
    """

    unit: Indices
    strata: tuple[Indices, ...]

    @property
    def first(self) -> Indices:
        """The first case of every unit."""
        return np.unique(self.unit, return_index=True)[1]

    @property
    def stratum(self) -> Indices:
        """The stratum of every unit."""
        found = np.empty(len(self.first), dtype=np.intp)
        for s, units in enumerate(self.strata):
            found[units] = s
        return found

    def counts(self, rng: np.random.Generator, size: int) -> Array:
        """Draw how often each case is in each of `size` samples, shape (size, N_g)."""
        drawn = np.empty((size, len(self.first)))
        for units in self.strata:
            n = len(units)
            picked = rng.integers(n, size=(size, n))
            picked += n * np.arange(size)[:, None]  # counted in one pass for all samples
            drawn[:, units] = np.bincount(picked.ravel(), minlength=size * n).reshape(size, n)
        return drawn[:, self.unit]


def sampling_units(cluster: Array | None, strata: Array | None, n: int) -> SamplingUnits:
    """Say what is drawn in a group of `n` cases.

    Parameters
    ----------
    cluster : Array, shape (n,), optional
        Cases of one value are drawn together; by default each case is a unit.
    strata : Array, shape (n,), optional
        Units are drawn within each value; a cluster belongs to the stratum of its first case.
    """
    unit = np.arange(n) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    first = np.unique(unit, return_index=True)[1]
    if strata is None:
        return SamplingUnits(unit, (np.arange(len(first)),))
    stratum = np.unique(strata, return_inverse=True)[1][first]
    return SamplingUnits(
        unit, tuple(np.flatnonzero(stratum == s) for s in range(int(stratum.max()) + 1))
    )


def repeated(counts: Array) -> Indices:
    """Return the positions of the cases of one sample, each as often as it counts.

    Examples
    --------
    >>> repeated(np.array([2.0, 0.0, 1.0])).tolist()
    [0, 0, 2]
    """
    return np.repeat(np.arange(len(counts)), counts.astype(np.intp))


def to_null(values: Array, sigma: Array, mu: Array | None) -> Array:
    """Transform cases so that the model holds exactly in them (Bollen & Stine 1992).

    ``z = Σ^½ S^−½ (y − ȳ) + μ``: their covariance matrix (divided by N) is Σ and their mean μ,
    or ȳ where means are not modelled.

    Parameters
    ----------
    values : Array, shape (N, p)
    sigma, mu : Array, shape (p, p) and (p,)
        Implied moments.

    Returns
    -------
    Array, shape (N, p)
    """
    mean = values.mean(axis=0)
    centred = values - mean
    s = centred.T @ centred / len(values)
    transform = _power(s, -0.5) @ _power(sigma, 0.5)
    return np.asarray(centred @ transform + (mean if mu is None else mu))


def _power(x: Array, exponent: float) -> Array:
    """Return the symmetric power of a positive-definite matrix."""
    values, vectors = np.linalg.eigh(symmetrise(x))
    return np.asarray((vectors * values**exponent) @ vectors.T)


def normal_cases(
    rng: np.random.Generator, size: int, sigma: Array, mu: Array, x: Array, places: Sequence[int]
) -> Array:
    """Draw cases from the implied normal distribution, given fixed x.

    Parameters
    ----------
    size : int
        Samples B.
    sigma, mu : Array, shape (p, p) and (p,)
    x : Array, shape (N, e)
        Values of the fixed covariates, which every sample keeps.
    places : sequence of int
        Their positions among the p variables.

    Returns
    -------
    Array, shape (B, N, p)
    """
    p, fixed = len(mu), list(places)
    free = [i for i in range(p) if i not in fixed]
    out = np.empty((size, len(x), p))
    out[:, :, fixed] = x
    slopes = np.linalg.solve(sigma[np.ix_(fixed, fixed)], sigma[np.ix_(fixed, free)])
    rest = sigma[np.ix_(free, free)] - sigma[np.ix_(free, fixed)] @ slopes
    noise = rng.standard_normal((size, len(x), len(free)))
    out[:, :, free] = noise @ np.linalg.cholesky(symmetrise(rest)).T
    out[:, :, free] += mu[free] + (x - mu[fixed]) @ slopes
    return out
