"""Where to start: rough moments of the histories, as logarithms of parameters."""

from __future__ import annotations

import numpy as np

from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.core.types import Array


def _mean(values: Array, count: Array) -> float:
    return float((values * count).sum()) / float(count.sum())


def _purchasing(seen: Histories) -> list[tuple[float, float]]:
    """Return pairs r, α whose rate r/α is what was seen, or more where many may have left."""
    rate = max(_mean(seen.frequency, seen.count), 1e-3)
    rate /= max(_mean(seen.length, seen.count), 1e-12)
    return [(r, r / (more * rate)) for r in (0.3, 1.0, 4.0) for more in (1.0, 3.0)]


def bg_nbd(seen: Histories) -> Array:
    """Return starts (K, 4) for r, α, a, b."""
    dropout = ((0.5, 2.0), (1.0, 10.0), (2.0, 2.0))
    return np.log([[*one, *two] for one in _purchasing(seen) for two in dropout])


def pareto_nbd(seen: Histories) -> Array:
    """Return starts (K, 4) for r, α, s, β."""
    length = max(_mean(seen.length, seen.count), 1e-12)
    dropout = ((0.5, 0.3 * length), (1.0, length), (2.0, 8.0 * length))
    return np.log([[*one, *two] for one in _purchasing(seen) for two in dropout])


def bg_bb(seen: Histories) -> Array:
    """Return starts (K, 4) for α, β, γ, δ."""
    share = _mean(seen.frequency, seen.count) / max(_mean(seen.length, seen.count), 1.0)
    share = min(max(share, 0.02), 0.9)
    buying = [(k * p, k * (1 - p)) for k in (1.0, 4.0) for p in (share, 0.5 * (1 + share))]
    leaving = ((0.5, 2.0), (1.0, 10.0), (2.0, 2.0))
    return np.log([[*one, *two] for one in buying for two in leaving])


def gamma_gamma(seen: Histories) -> Array:
    """Return starts (K, 3) for p, q, v with the mean that was seen."""
    mean = _mean(seen.recency, seen.count)
    return np.log(
        [[p, q, mean * (q - 1.0) / p] for p in (1.0, 4.0, 20.0) for q in (2.0, 4.0, 10.0)]
    )
