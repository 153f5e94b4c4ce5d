"""Steps that pass a mediator's residual variance of 0 where straight ones meet a pole.

In ``m ~ a*x; y ~ b*m + c*x`` a step is straight in the residual covariance κ = bψ, the outcome's
residual variance with m left out, t = ψ_y + b²ψ, and the whole effect of x, c + ba. The implied
moments are smooth in these coordinates; in b, c and ψ_y they are not where ψ = 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loyaltysem.core.types import Array
from loyaltysem.model.mediation import Mediation


def bent_step(alpha: Array, step: Array, mediations: Sequence[Mediation]) -> Array:
    """Return where steps lead that are straight in other coordinates than α.

    Parameters
    ----------
    alpha, step : Array, shape (B, q)
    mediations : sequence of Mediation
        As `loyaltysem.model.mediation.mediations` orders them.

    Returns
    -------
    Array, shape (B, q)
        ``alpha + step``, but for terms of second order in the step; not finite where a mediator's
        variance ends at 0.
    """
    if not mediations:
        return alpha + step
    here, rate = alpha.T.copy(), step.T.copy()
    for each in mediations:
        _leave(here, rate, each)
    here += rate
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for each in reversed(mediations):
            _return(here, each)
    return np.ascontiguousarray(here.T)


def _leave(here: Array, rate: Array, each: Mediation) -> None:
    """Put κ, t and whole effects in the place of b, ψ_y and c; each argument is (q, B)."""
    b, change = here[each.path].copy(), rate[each.path].copy()
    variance = here[each.mediator]
    for c, a in each.shared:
        rate[c] += b * rate[a] + change * here[a]
        here[c] += b * here[a]
    here[each.path] = b * variance
    rate[each.path] = b * rate[each.mediator] + change * variance
    here[each.outcome] += b * here[each.path]
    rate[each.outcome] += b * rate[each.path] + change * here[each.path]


def _return(here: Array, each: Mediation) -> None:
    """Put b, ψ_y and c back in their place."""
    covariance = here[each.path].copy()
    here[each.path] /= here[each.mediator]
    here[each.outcome] -= here[each.path] * covariance
    for c, a in each.shared:
        here[c] -= here[each.path] * here[a]
