"""The acceleration of BCa intervals: how skewed the influence of single cases is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loyaltysem.core.parallel import in_parallel
from loyaltysem.core.types import Array, Indices
from loyaltysem.estimation.replication.draws import BLOCK, CaseDraws, n_blocks
from loyaltysem.inference.bootstrap_intervals import (
    acceleration,
    influence_by_jackknife,
    influence_by_regression,
)

#: Draws the regression looks at; more do not make it better.
ENOUGH = 20_000
#: Units beyond which leaving each out is cheaper than a regression on all of them.
MANY = 2_000
#: Share of units that may be impossible to leave out.
FEW_LOST = 0.05


def accelerations(
    draws: CaseDraws, t: Array, t0: Array, of_rows: Callable[[Array], Array]
) -> Array:
    """Return the acceleration of every quantity, shape (c,).

    Parameters
    ----------
    draws : CaseDraws
        What the replicates come from.
    t : Array, shape (R, c)
        Replicates; NaN where a draw failed.
    t0 : Array, shape (c,)
    of_rows : callable
        Reads the quantities (B, c) off rows of refits.

    Notes
    -----
    Influence values are found by regression on the resampling counts, as ``boot.ci`` of R does, and
    by leaving out each unit for quantities with no more replicates than units, or where there are
    very many units. Units without which the model cannot be solved then count as the average unit
    does; where they are many there is no acceleration.
    """
    strata, seen = _strata(draws), t[:ENOUGH]
    n, found = len(strata), np.isfinite(seen).sum(axis=0)
    regressed = (found > n) & (n <= MANY)
    result = np.full(t.shape[1], np.nan)
    if regressed.any():
        counts = np.concatenate([_unit_counts(draws, k) for k in range(n_blocks(len(seen)))])
        influence = influence_by_regression(seen[:, regressed], counts[: len(seen)], strata)
        result[regressed] = acceleration(influence)
    rest = ~regressed & (found > 1)
    if rest.any():
        blocks = in_parallel(_LeaveOneOut(draws), range(n_blocks(n)), "leaving out each case")
        left_out = of_rows(np.concatenate(list(blocks)))[:, rest]
        influence = influence_by_jackknife(t0[rest], left_out, strata)
        result[rest] = acceleration(_centred(influence, strata))
    return result


def _centred(influence: Array, strata: Indices) -> Array:
    """Centre influence values (N, c) within strata, filling in the few that are not known.

    Left-out estimates scatter about their own mean, which is not the estimate from all cases
    (Efron & Tibshirani 1993, eq. 14.15).
    """
    known = np.isfinite(influence)
    values = np.where(known, influence, 0.0)
    for s in range(int(strata.max()) + 1):
        mine = np.flatnonzero(strata == s)
        mean = values[mine].sum(axis=0) / np.maximum(known[mine].sum(axis=0), 1)
        values[mine] = np.where(known[mine], values[mine] - mean, 0.0)
    values[:, known.mean(axis=0) < 1.0 - FEW_LOST] = np.nan
    return values


def _strata(draws: CaseDraws) -> Indices:
    """Return the stratum of every unit of all groups."""
    parts, first = [], 0
    for units in draws.units:
        parts.append(units.stratum + first)
        first += len(units.strata)
    return np.concatenate(parts)


def _unit_counts(draws: CaseDraws, block: int) -> Array:
    counts = zip(draws.units, draws.counts(block), strict=True)
    return np.concatenate([c[:, u.first].astype(np.uint16) for u, c in counts], axis=1)


class _LeaveOneOut:
    """Solves for the samples that lack one unit, a block of units at a time."""

    def __init__(self, draws: CaseDraws) -> None:
        self.draws = draws

    def __call__(self, block: int) -> Array:
        draws = self.draws
        sizes = [len(u.first) for u in draws.units]
        start = block * BLOCK
        out = np.arange(start, min(start + BLOCK, sum(sizes)))
        counts, first = [], 0
        for units, size in zip(draws.units, sizes, strict=True):
            counts.append((out[:, None] - first != units.unit).astype(np.float64))
            first += size
        return draws.refitter.counts(draws.values, counts).as_rows()
