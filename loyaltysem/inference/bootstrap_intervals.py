"""Intervals from bootstrap replicates, by the formulas of R's package boot.

Everything is columnwise: replicates `t` (R, c) of c quantities, their values `t0` (c,) in the
sample. Replicates that are not finite are left out of their column and counted. Nothing raises on
numbers: what is not defined is NaN and marked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs
from scipy.special import ndtr, ndtri

from loyaltysem.core.types import Array, Indices, Mask

#: Rows of the resampling counts that are turned into floating point at a time.
ROWS = 512


@dataclass(frozen=True, slots=True)
class Intervals:
    """Confidence limits of c quantities.

    Attributes
    ----------
    lower, upper : Array, shape (c,)
        NaN where `defined` is False.
    used : Indices, shape (c,)
        Finite replicates behind each.
    extreme : Mask, shape (c,)
        The limit asked for lies beyond the replicates, so that the smallest or the largest of them
        stands in: more draws are needed.
    defined : Mask, shape (c,)
        False without two finite replicates, and for BC and BCa where all replicates lie on one side
        of the estimate or there is no acceleration.
    """

    lower: Array
    upper: Array
    used: Indices
    extreme: Mask
    defined: Mask


def percentile(t: Array, level: float = 0.95) -> Intervals:
    """Return the quantiles of the replicates.

    Parameters
    ----------
    t : Array, shape (R, c)
        Replicates; NaN where a draw failed.
    level : float
        Coverage.

    Returns
    -------
    Intervals

    Notes
    -----
    ``boot.ci(type = "perc")``: the quantile at α stands at place (R + 1)α of the ordered
    replicates; between two places it is interpolated on the normal quantile scale (Davison &
    Hinkley 1997, eq. 5.8).

    Examples
    --------
    >>> found = percentile(np.arange(1.0, 1000.0)[:, None], level=0.90)
    >>> found.lower.round(6).tolist(), found.upper.round(6).tolist()
    ([50.0], [950.0])
    """
    draws = _ordered(t)
    low, high = _tails(level, draws)
    return _between(draws, low, high)


def basic(t: Array, t0: Array, level: float = 0.95) -> Intervals:
    """Return the percentile interval turned about the estimate, ``2t₀ − q``.

    ``boot.ci(type = "basic")``; parameters as for `percentile`, with `t0` (c,).
    """
    turned = percentile(t, level)
    return Intervals(
        2.0 * t0 - turned.upper, 2.0 * t0 - turned.lower,
        turned.used, turned.extreme, turned.defined,
    )  # fmt: skip


def normal(t: Array, t0: Array, level: float = 0.95) -> Intervals:
    """Return ``t₀ − bias ± z·sd``, bias and standard deviation being those of the replicates.

    ``boot.ci(type = "norm")``; parameters as for `basic`.
    """
    draws = _ordered(t)
    defined = draws.used > 1
    kept = np.where(np.isfinite(t), t, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = kept.sum(axis=0) / draws.used
        deviation = np.where(np.isfinite(t), t - mean, 0.0)
        sd = np.sqrt((deviation**2).sum(axis=0) / (draws.used - 1))
    centre = np.where(defined, 2.0 * t0 - mean, np.nan)
    half = ndtri((1.0 + level) / 2.0) * sd
    never = np.zeros(len(defined), dtype=np.bool_)
    return Intervals(centre - half, centre + half, draws.used, never, defined)


def bias_corrected(t: Array, t0: Array, level: float = 0.95) -> Intervals:
    """Return percentile limits at levels corrected for median bias: BCa without acceleration.

    Parameters as for `basic`. This is lavaan's ``"bca.simple"`` (Efron 1987, a = 0).
    """
    return bca(t, t0, np.zeros(t.shape[1]), level)


def bca(t: Array, t0: Array, acceleration: Array, level: float = 0.95) -> Intervals:
    """Return bias-corrected and accelerated limits.

    Parameters
    ----------
    t : Array, shape (R, c)
    t0 : Array, shape (c,)
    acceleration : Array, shape (c,)
        From `acceleration`; an interval whose value is not finite is not defined.
    level : float

    Returns
    -------
    Intervals

    Notes
    -----
    Percentile limits at ``Φ(z₀ + (z₀ + z_α)/(1 − a(z₀ + z_α)))`` with ``z₀ = Φ⁻¹(#{t < t₀}/R)``
    (Efron 1987; Davison & Hinkley 1997, section 5.3): ``boot.ci(type = "bca")``.

    Examples
    --------
    >>> t = np.random.default_rng(1).exponential(size=(999, 1))
    >>> found = bca(t, np.median(t, axis=0), np.array([0.05]))
    >>> bool(found.lower[0] > percentile(t).lower[0])
    True
    """
    draws = _ordered(t)
    z0 = _median_bias(t, t0, draws.used)
    low, high = (_corrected(tail, z0, acceleration) for tail in _tails(level, draws))
    return _between(draws, low, high)


def acceleration(influence: Array) -> Array:
    """Return ``a = Σl³ / (6 (Σl²)^{3/2})`` of influence values (N, c), shape (c,); NaN for Σl² = 0.

    Examples
    --------
    >>> acceleration(np.array([[1.0, 0.0], [-2.0, 0.0], [1.0, 0.0]])).round(4).tolist()
    [-0.068, nan]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((influence**3).sum(axis=0) / (6.0 * (influence**2).sum(axis=0) ** 1.5))


#: The kinds of interval that need replicates and estimate alone.
INTERVALS: Mapping[str, Callable[[Array, Array, float], Intervals]] = {
    "percentile": lambda t, _, level: percentile(t, level),
    "bc": bias_corrected,
    "basic": basic,
    "normal": normal,
}


# Order statistics


@dataclass(frozen=True, slots=True)
class _Draws:
    """Replicates in order, those that are not finite last: `t` (R, c), `used` (c,)."""

    t: Array
    used: Indices


def _ordered(t: Array) -> _Draws:
    finite = np.isfinite(t)
    return _Draws(np.sort(np.where(finite, t, np.nan), axis=0), finite.sum(axis=0))


def _tails(level: float, draws: _Draws) -> tuple[Array, Array]:
    """Return the two tail probabilities of every column, in R's order of operations."""
    c = len(draws.used)
    return np.full(c, (1.0 - level) / 2.0), np.full(c, (1.0 + level) / 2.0)


def _between(draws: _Draws, low: Array, high: Array) -> Intervals:
    lower, extreme_low = _quantile(draws, low)
    upper, extreme_high = _quantile(draws, high)
    defined = np.isfinite(lower) & np.isfinite(upper)
    lower, upper = np.where(defined, lower, np.nan), np.where(defined, upper, np.nan)
    return Intervals(lower, upper, draws.used, (extreme_low | extreme_high) & defined, defined)


def _quantile(draws: _Draws, alpha: Array) -> tuple[Array, Mask]:
    """Return one quantile a column, and whether it lies beyond the replicates (``norm.inter``)."""
    r = draws.used
    known = (r > 1) & np.isfinite(alpha)
    place = np.where(known, (r + 1) * alpha, 1.0)
    k = np.trunc(place).astype(np.intp)
    at, above = (_pick(draws, np.clip(i, 1, r)) for i in (k, k + 1))
    inside = known & (k >= 1) & (k < r) & (k != place)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = ndtri(k / (r + 1))
        part = (ndtri(alpha) - below) / (ndtri((k + 1) / (r + 1)) - below)
    found = np.where(inside, at + np.where(inside, part, 0.0) * (above - at), at)
    return np.where(known, found, np.nan), known & ~((place > 1) & (place < r))


def _pick(draws: _Draws, place: Indices) -> Array:
    """Return the order statistic at `place`, counted from 1, of every column."""
    if not len(draws.t):
        return np.full(len(place), np.nan)
    return np.asarray(np.take_along_axis(draws.t, np.maximum(place - 1, 0)[None], axis=0)[0])


def _median_bias(t: Array, t0: Array, used: Indices) -> Array:
    """Return z₀, shape (c,): infinite where all replicates lie on one side of the estimate."""
    below = (np.isfinite(t) & (t < t0)).sum(axis=0)  # a NaN is not below anything
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(ndtri(below / used))


def _corrected(alpha: Array, z0: Array, a: Array) -> Array:
    """Return the corrected tail probability; NaN where z₀ or a is not finite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shifted = z0 + ndtri(alpha)
        moved = ndtr(z0 + shifted / (1.0 - a * shifted))
    return np.where(np.isfinite(z0) & np.isfinite(a), moved, np.nan)


# Influence values


def influence_by_regression(t: Array, counts: Array, strata: Indices | None = None) -> Array:
    """Return empirical influence values by regressing replicates on resampling frequencies.

    Parameters
    ----------
    t : Array, shape (R, c)
        Replicates; NaN where a draw failed.
    counts : Array, shape (R, N)
        How often each case (or, if clusters were drawn, each cluster) entered each draw; any
        numeric type.
    strata : Indices, shape (N,), optional
        The stratum each case was drawn in.

    Returns
    -------
    Array, shape (N, c)
        They sum to zero within each stratum. NaN in columns with too few finite replicates: there
        must be more than cases.

    Notes
    -----
    Least squares of t on ``f_j / n_s`` without the first case of each stratum, coefficients centred
    within strata (Davison & Hinkley 1997, section 2.7): ``boot::empinf(type = "reg")``. All
    columns are solved from one Cholesky factor of the cross-products, N × N; columns in which other
    draws failed have a factor each.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> counts = rng.multinomial(5, [0.2] * 5, size=400)
    >>> x = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    >>> influence_by_regression(counts @ x[:, None] / 5, counts)[:, 0].round(6).tolist()
    [-3.0, -2.0, -1.0, 0.0, 6.0]
    """
    n = counts.shape[1]
    strata = np.zeros(n, dtype=np.intp) if strata is None else np.asarray(strata)
    _, first, member, size = np.unique(
        strata, return_index=True, return_inverse=True, return_counts=True
    )
    kept = np.setdiff1d(np.arange(n), first)
    scale = 1.0 / size[member[kept]]
    slopes = np.zeros((n, t.shape[1]))
    for columns, rows in _failing_together(np.isfinite(t)):
        slopes[np.ix_(kept, columns)] = _slopes(t[np.ix_(rows, columns)], counts, rows, kept, scale)
    return _centred(slopes, member, size)


def influence_by_jackknife(t0: Array, left_out: Array, strata: Indices | None = None) -> Array:
    """Return influence values ``(n_s − 1)(t₀ − t₍₋ᵢ₎)`` from leaving each case out.

    Parameters
    ----------
    t0 : Array, shape (c,)
    left_out : Array, shape (N, c)
        The quantities without case i.
    strata : Indices, shape (N,), optional

    Returns
    -------
    Array, shape (N, c)

    Notes
    -----
    ``boot::empinf(type = "jack")``: the alternative where resampling counts are not known or there
    are fewer draws than cases.

    Examples
    --------
    >>> influence_by_jackknife(np.array([2.0]), np.array([[2.5], [2.0], [1.5]])).ravel().tolist()
    [-1.0, 0.0, 1.0]
    """
    n = len(left_out)
    strata = np.zeros(n, dtype=np.intp) if strata is None else np.asarray(strata)
    _, member, size = np.unique(strata, return_inverse=True, return_counts=True)
    return np.asarray((size[member] - 1)[:, None] * (t0 - left_out))


def _failing_together(finite: Mask) -> list[tuple[Indices, Indices]]:
    """Group the columns whose finite draws are the same: their places and those draws."""
    packed = np.packbits(finite, axis=0)
    _, first, label = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    label = label.ravel()
    return [
        (np.flatnonzero(label == i), np.flatnonzero(finite[:, column]))
        for i, column in enumerate(first.tolist())
    ]


def _slopes(t: Array, counts: Array, rows: Indices, kept: Indices, scale: Array) -> Array:
    """Return least-squares slopes (len(kept), c) of `t` on some rows and columns of the counts."""
    if len(rows) <= len(kept):
        return np.full((len(kept), t.shape[1]), np.nan)
    centred = t - t.mean(axis=0)
    gram, cross = np.zeros((len(kept), len(kept))), np.zeros((len(kept), t.shape[1]))
    total = np.zeros(len(kept))
    for start in range(0, len(rows), ROWS):
        chunk = slice(start, start + ROWS)
        x = counts[np.ix_(rows[chunk], kept)] * scale
        gram += x.T @ x
        cross += x.T @ centred[chunk]
        total += x.sum(axis=0)
    gram -= np.outer(total, total / len(rows))
    return _solved(gram, cross)


def _solved(gram: Array, cross: Array) -> Array:
    """Solve the normal equations on a unit diagonal; NaN where they are singular."""
    size = np.sqrt(np.maximum(gram.diagonal(), 1e-300))
    factor, failed = dpotrf((gram / np.outer(size, size)).T, lower=0, clean=1)
    if failed or np.diagonal(factor).min(initial=1.0) < 1e-6:
        return np.full(cross.shape, np.nan)
    solution, _ = dpotrs(factor, cross / size[:, None], lower=0)
    return np.asarray(solution / size[:, None])


def _centred(slopes: Array, member: Indices, size: Indices) -> Array:
    """Take each stratum's mean out of its rows."""
    total = np.zeros((len(size), slopes.shape[1]))
    np.add.at(total, member, slopes)
    return np.asarray(slopes - (total / size[:, None])[member])
