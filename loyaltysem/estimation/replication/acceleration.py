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
    by leaving out each unit where there are no more draws than units or very many units.
    """
    strata = _strata(draws)
    n, used = len(strata), min(len(t), ENOUGH)
    if n < used and n <= MANY:
        counts = np.concatenate([_unit_counts(draws, k) for k in range(n_blocks(used))])[:used]
        return acceleration(influence_by_regression(t[:used], counts, strata))
    left_out = np.concatenate(
        list(in_parallel(_LeaveOneOut(draws), range(n_blocks(n)), "leaving each case out for BCa"))
    )
    return acceleration(influence_by_jackknife(t0, of_rows(left_out), strata))


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
