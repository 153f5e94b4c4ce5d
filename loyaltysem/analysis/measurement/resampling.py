"""Bootstrap of anything that is a function of the correlations or covariances of items.

A draw of N cases with replacement is a vector of N counts, so the moments of a block of draws are
one matrix product of counts with the products of all pairs of items.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import numpy as np

from loyaltysem.analysis.measurement.polychoric import resampled_polychorics
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.parallel import generator, in_parallel
from loyaltysem.core.types import Array
from loyaltysem.inference.bootstrap_intervals import (
    Intervals,
    acceleration,
    bca,
    influence_by_jackknife,
    percentile,
)

#: Draws that are computed at a time; results do not depend on it being spread over workers.
CHUNK = 100
LARGEST_SEED = 2**31
IntervalKind: TypeAlias = Literal["percentile", "bca"]
MomentKind: TypeAlias = Literal["covariance", "correlation", "polychoric"]
Statistic: TypeAlias = Callable[[Array], Array]


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """A statistic in the sample and in its bootstrap draws.

    Attributes
    ----------
    estimate : Array, shape (c,)
    draws : Array, shape (R, c)
        NaN where a draw does not define it.
    influence : Array or None, shape (N, c)
        Jackknife influence values, for BCa.
    seed : int
        Draws the same numbers again.
    """

    estimate: Array
    draws: Array
    influence: Array | None
    seed: int

    def interval(self, level: float) -> Intervals:
        """Return limits: BCa where there are influence values, percentile limits else."""
        if self.influence is None:
            return percentile(self.draws, level)
        return bca(self.draws, self.estimate, acceleration(self.influence), level)


def moments_of(values: Array, counts: Array, kind: MomentKind) -> Array:
    """Return the moment matrices of weighted samples.

    Parameters
    ----------
    values : Array, shape (N, p)
        Complete answers.
    counts : Array, shape (B, N)
        How often each case is in each sample.
    kind : {"covariance", "correlation", "polychoric"}
        Covariances have the divisor n − 1.

    Returns
    -------
    Array, shape (B, p, p)

    Examples
    --------
    >>> x = np.array([[1.0, 2.0], [2.0, 1.0], [4.0, 5.0]])
    >>> bool(np.allclose(moments_of(x, np.ones((1, 3)), "covariance")[0], np.cov(x.T)))
    True
    """
    if kind == "polychoric":
        return resampled_polychorics(values, counts)
    cov = _covariances(values, counts)
    if kind == "covariance":
        return cov
    sd = np.sqrt(np.diagonal(cov, axis1=-2, axis2=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(cov / (sd[:, :, None] * sd[:, None, :]))


def bootstrap_moments(
    values: Array,
    statistic: Statistic,
    *,
    kind: MomentKind,
    draws: int,
    seed: int | None,
    interval: IntervalKind = "percentile",
    n_jobs: int | None = None,
) -> Resampled:
    """Draw samples of cases with replacement and compute a statistic of their moments.

    Parameters
    ----------
    values : Array, shape (N, p)
        Complete answers.
    statistic : callable
        Takes moments (B, p, p), returns (B, c). Is pickled when there are workers.
    kind : {"covariance", "correlation", "polychoric"}
    draws : int
        At least 1.
    seed : int, optional
        By default a new one, told in the result.
    interval : {"percentile", "bca"}
        BCa adds N samples that leave one case out each.
    n_jobs : int, optional
        Workers; the result does not depend on their number.

    Returns
    -------
    Resampled

    Raises
    ------
    IncompatibleRequestError
        Fewer than one draw or an unknown interval (code ``request.bootstrap``).
    """
    _check(draws, interval)
    seed = secrets.randbelow(LARGEST_SEED) if seed is None else seed
    task = partial(_draws, values, statistic, kind, seed)
    parts = [(k, min(CHUNK, draws - k * CHUNK)) for k in range(-(-draws // CHUNK))]
    found = list(in_parallel(task, parts, "drawing samples", n_jobs))
    estimate = statistic(moments_of(values, np.ones((1, len(values))), kind))[0]
    influence = None
    if interval == "bca":
        starts = list(range(0, len(values), CHUNK))
        leave = partial(_left_out, values, statistic, kind)
        left = np.concatenate(list(in_parallel(leave, starts, "leaving cases out", n_jobs)))
        influence = influence_by_jackknife(estimate, left)
    return Resampled(estimate, np.concatenate(found), influence, seed)


def _draws(
    values: Array, statistic: Statistic, kind: MomentKind, seed: int, part: tuple[int, int]
) -> Array:
    chunk, size = part
    n = len(values)
    picked = generator(seed, chunk).integers(n, size=(size, n))
    counts = np.stack([np.bincount(row, minlength=n) for row in picked]).astype(np.float64)
    return statistic(moments_of(values, counts, kind))


def _left_out(values: Array, statistic: Statistic, kind: MomentKind, start: int) -> Array:
    rows = np.arange(start, min(start + CHUNK, len(values)))
    counts = np.ones((rows.size, len(values)))
    counts[np.arange(rows.size), rows] = 0.0
    return statistic(moments_of(values, counts, kind))


def _covariances(values: Array, counts: Array) -> Array:
    """Centred once, so that the products of pairs lose no digits."""
    centred = values - values.mean(axis=0)
    p = values.shape[1]
    i, j = np.tril_indices(p)
    n = counts.sum(axis=1)[:, None]
    mean = counts @ centred / n
    second = counts @ (centred[:, i] * centred[:, j]) / n
    below = (second - mean[:, i] * mean[:, j]) * n / (n - 1)
    below[:, i == j] = _positive_or_zero(below[:, i == j], second[:, i == j])
    cov = np.empty((len(counts), p, p))
    cov[:, i, j] = cov[:, j, i] = below
    return cov


def _positive_or_zero(variance: Array, second: Array) -> Array:
    """Give an item that does not vary within a draw no variance, whatever rounding leaves."""
    return np.where(variance > 1e-12 * np.maximum(second, 1e-300), variance, 0.0)


def _check(draws: int, interval: str) -> None:
    if draws < 1 or interval not in ("percentile", "bca"):
        raise IncompatibleRequestError(
            f"Cannot draw {draws} sample(s) for an interval of kind '{interval}'.",
            code="request.bootstrap",
            hint="Ask for at least 1 draw (1,000 or more for intervals) and for 'percentile' or"
            " 'bca'.",
        )
