"""How the indices of a screening are distributed: counts by bin, no respondent named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loyaltysem.core.types import Array
from loyaltysem.survey.screening.criteria import CRITERIA, Criterion

if TYPE_CHECKING:
    from loyaltysem.survey.screening.result import Screening

COLUMNS = ("criterion", "left", "right", "n", "flagged", "cutoff")
CORRELATIONS = frozenset({"synonyms", "antonyms", "even_odd", "person_total"})
BINS = 24
#: p values are binned by their decimal logarithm, from here on all in one bin.
SMALLEST_EXPONENT = -6.0
#: Percentile above which times share the last bin.
LONG = 98.0


def distributions(screening: Screening) -> pd.DataFrame:
    """Return how many respondents lie in each bin of each index.

    Parameters
    ----------
    screening : Screening

    Returns
    -------
    DataFrame
        ``criterion left right n flagged cutoff``: `n` respondents with a value from `left` up to
        `right`, `flagged` of them remarked upon. Criteria without a value or a cut-off, and those
        that only point to an earlier row, have no rows. Mahalanobis p values, and their cut-off,
        stand as log10, cut off at −6; the last bin of response times holds all longer ones.
    """
    frames = [_binned(screening, criterion) for criterion in CRITERIA]
    return pd.concat([frame for frame in frames if frame is not None] or [_nothing()])[
        list(COLUMNS)
    ].reset_index(drop=True)


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in COLUMNS})


def _binned(screening: Screening, criterion: Criterion) -> pd.DataFrame | None:
    cutoff = screening.cutoffs[criterion.name]
    values = screening.indices[criterion.index].to_numpy(np.float64)
    known = ~np.isnan(values)
    if np.isnan(cutoff) or not known.any() or criterion.index.endswith("_of"):
        return None
    x, limit = _scaled(criterion.name, values[known], float(cutoff))
    edges = _edges(criterion.name, x, limit)
    inside = np.clip(x, edges[0], edges[-1])
    flagged = screening.flags[criterion.name].to_numpy(bool)[known]
    counts, _ = np.histogram(inside, edges)
    marked, _ = np.histogram(inside[flagged], edges)
    return pd.DataFrame(
        {
            "criterion": criterion.name, "left": edges[:-1], "right": edges[1:], "n": counts,
            "flagged": marked, "cutoff": limit,
        }
    )  # fmt: skip


def _scaled(name: str, x: Array, cutoff: float) -> tuple[Array, float]:
    if name != "mahalanobis":
        return x, cutoff
    smallest = 10.0**SMALLEST_EXPONENT
    return np.log10(np.maximum(x, smallest)), float(np.log10(max(cutoff, smallest)))


def _edges(name: str, x: Array, cutoff: float) -> Array:
    """Return the edges of the bins, one of them at the cut-off where that can be."""
    if name in CORRELATIONS:
        return np.linspace(-1.0, 1.0, BINS + 1)
    if name == "mahalanobis":
        return np.linspace(SMALLEST_EXPONENT, 0.0, BINS + 1)
    if name == "missing":
        return np.linspace(0.0, 1.0, 21)
    if name in ("attention", "longstring"):
        top = float(x.max())
        step = max(1.0, np.ceil((top + 1.0) / (2 * BINS)))
        return np.arange(-0.5, top + step + 0.5, step)
    top = float(np.percentile(x, LONG)) if name == "response_time" else float(x.max())
    if not 0 < cutoff < top:
        return np.linspace(0.0, top if top > 0 else 1.0, BINS + 1)
    step = cutoff / max(1.0, np.round(BINS * cutoff / top))
    return np.asarray(step * np.arange(np.ceil(top / step) + 1))
