"""Survival without a model: Kaplan–Meier curves of counted durations, and the log-rank test.

Durations come as counts (how many left, how many were last seen at each duration), so a million
customers are a few hundred rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from loyaltysem.clv.behaviour.proportions import LEVEL, normal_quantile
from loyaltysem.core.types import Array


@dataclass(frozen=True, slots=True)
class LifeTable:
    """Durations as counts; arrays of one length, times ascending and distinct.

    Attributes
    ----------
    time : Array
        Durations at which somebody left or was last seen.
    at_risk, events, censored : Array
        At each time: customers still followed just before it, those who left, those last seen.
        Who is last seen at a time at which another leaves counts as at risk.
    """

    time: Array
    at_risk: Array
    events: Array
    censored: Array


def life_table(time: Array, events: Array, censored: Array) -> LifeTable:
    """Count who is at risk.

    Parameters
    ----------
    time, events, censored : Array
        A duration with the number of events and of censored customers; a duration may come twice.

    Examples
    --------
    >>> life_table(np.array([6.0, 6.0, 7.0]), np.array([3, 0, 1]), np.array([0, 1, 0])).at_risk
    array([5., 1.])
    """
    distinct, place = np.unique(time, return_inverse=True)
    left, seen = (
        np.bincount(place, weights=counts, minlength=distinct.size).astype(np.float64)
        for counts in (events, censored)
    )
    leaving = left + seen
    at_risk = leaving[::-1].cumsum()[::-1]
    return LifeTable(distinct.astype(np.float64), at_risk, left, seen)


@dataclass(frozen=True, slots=True)
class Curve:
    """A Kaplan–Meier curve at the times of a life table.

    Attributes
    ----------
    survival, se : Array
        Share that has not left after each time, with Greenwood's standard error.
    lower, upper : Array
        Pointwise interval on the log(−log) scale; NaN where survival is 0 or 1.
    """

    survival: Array
    se: Array
    lower: Array
    upper: Array


def kaplan_meier(table: LifeTable, level: float = LEVEL) -> Curve:
    """Estimate survival from a life table.

    Notes
    -----
    S(t) = Π (1 − dᵢ/nᵢ) (Kaplan & Meier, 1958); var log S = Σ dᵢ / nᵢ(nᵢ − dᵢ) (Greenwood, 1926).
    The interval is S^exp(±z σ / log S), σ² = var log S, as R's ``conf.type = "log-log"``.

    Examples
    --------
    Kaplan and Meier's own example, deaths at 0.8, 3.1, 5.4 and 9.2 months, four losses.

    >>> t = np.array([0.8, 1.0, 2.7, 3.1, 5.4, 7.0, 9.2, 12.1])
    >>> d = np.array([1.0, 0, 0, 1, 1, 0, 1, 0])
    >>> kaplan_meier(life_table(t, d, 1 - d)).survival[[0, 3, 4, 6]].round(4).tolist()
    [0.875, 0.7, 0.525, 0.2625]
    """
    n, d = table.at_risk, table.events
    survival = np.cumprod(1.0 - d / n).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(np.where(d > 0, d / (n * (n - d)), 0.0)))
        reach = np.exp(normal_quantile(level) * spread / np.log(survival))
        inside = (survival > 0.0) & (survival < 1.0)
        lower = np.where(inside, survival ** (1.0 / reach), np.nan)
        upper = np.where(inside, survival**reach, np.nan)
    se = np.where(survival > 0.0, survival * spread, np.nan)
    return Curve(survival, se, lower, upper)


def quantile_time(time: Array, survival: Array, share: float = 0.5) -> float:
    """Return the first time at which no more than `share` survive; NaN if the curve stays above.

    With a bound of the interval in place of `survival` this is the end of Brookmeyer and Crowley's
    (1982) interval on the same scale.

    Examples
    --------
    >>> quantile_time(np.array([1.0, 2.0, 3.0]), np.array([0.9, 0.5, 0.2]))
    2.0
    """
    below = np.flatnonzero(survival <= share + 1e-12)
    return float(time[below[0]]) if below.size else float("nan")


def restricted_mean(time: Array, survival: Array, until: float) -> float:
    """Return the area under the curve up to `until`: mean duration, counted up to there.

    Examples
    --------
    >>> restricted_mean(np.array([1.0, 2.0]), np.array([0.5, 0.25]), 4.0)
    2.0
    """
    inside = time < until
    edges = np.concatenate([[0.0], time[inside], [until]])
    heights = np.concatenate([[1.0], survival[inside]])
    return float(np.sum(np.diff(edges) * heights))


def logrank(tables: Sequence[LifeTable]) -> tuple[float, int, float]:
    """Test whether groups leave at the same rate (Mantel, 1966).

    Returns
    -------
    chisq, df, pvalue
        NaN where fewer than two groups have anybody at risk at an event.

    Notes
    -----
    Observed less expected events, with their hypergeometric covariances, over all times of an
    event; all weights are one.

    Examples
    --------
    >>> early, late = (life_table(np.array(t), np.ones(3), np.zeros(3)) for t in
    ...                ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]))
    >>> [round(x, 4) for x in logrank([early, late])]
    [5.0517, 1, 0.0246]
    """
    times = np.unique(np.concatenate([t.time[t.events > 0] for t in tables]))
    n = np.stack([_at_risk(t, times) for t in tables])
    d = np.stack([_events(t, times) for t in tables])
    total, left = n.sum(axis=0), d.sum(axis=0)
    share = n / total
    scale = np.where(total > 1, left * (total - left) / np.maximum(total - 1, 1), 0.0)
    covariance = np.diag((share * scale).sum(axis=1)) - (share * scale) @ share.T
    excess = (d - share * left).sum(axis=1)
    df = int((n.sum(axis=1) > 0).sum()) - 1
    if df < 1 or not times.size:
        return float("nan"), max(df, 0), float("nan")
    chisq = float(excess @ np.linalg.pinv(covariance, hermitian=True) @ excess)
    return chisq, df, float(stats.chi2.sf(chisq, df))


def _at_risk(table: LifeTable, times: Array) -> Array:
    """Return who is followed at `times`, which need not be times of this table."""
    place = np.searchsorted(table.time, times, side="left")
    return np.append(table.at_risk, 0.0)[place]


def _events(table: LifeTable, times: Array) -> Array:
    place = np.searchsorted(table.time, times)
    found = np.append(table.time, np.nan)[place] == times
    return np.where(found, np.append(table.events, 0.0)[place], 0.0)
