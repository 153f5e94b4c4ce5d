"""The respondents behind a fit: their indicators of value, groups, segments and weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyaltysem.clv.link.linked import Linked
from loyaltysem.clv.link.scale import ClvScale
from loyaltysem.core.errors import DataError, IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.estimation.result import SEMResult

ALL = "all"


@dataclass(frozen=True, slots=True)
class People:
    """Respondents of a fit, group after group.

    Attributes
    ----------
    scaled : Array, shape (N, K)
        Indicators of value on the scale of the model; NaN where one is missing.
    group : Indices, shape (N,)
    weights : Array, shape (N,)
        0 where an indicator is missing.
    segments : tuple of (str, Mask)
        Everybody first; masks of shape (N,).
    """

    scaled: Array
    group: Indices
    weights: Array
    segments: tuple[tuple[str, Mask], ...]


def people_of(
    fit: SEMResult,
    linked: Linked,
    scale: ClvScale,
    segments: str | Sequence[object] | pd.Series | None,
) -> People:
    """Return the respondents of a fit to linked data.

    Raises
    ------
    IncompatibleRequestError
        The fit has moments only, was made of other data, or segments do not fit it.
    """
    if fit.data is None:
        raise IncompatibleRequestError(
            "The model was fitted to moments; a value in currency needs the respondents.",
            code="what_if.moments",
            hint="Fit it to linked.data.",
        )
    rows = np.concatenate(fit.data.rows)
    columns = [part.column for part in scale.parts]
    places = [fit.data.names.index(name) for name in columns]
    scaled = np.concatenate([values[:, places] for values in fit.data.values])
    _require_same(linked.data, rows, columns, scaled, fit.data.n_total)
    known = np.isfinite(scaled).all(axis=1)
    weights = np.ones(len(rows)) if linked.weights is None else linked.weights[rows]
    group = np.repeat(np.arange(len(fit.data.rows)), [len(r) for r in fit.data.rows])
    return People(
        scaled, group, np.where(known, weights, 0.0), _segments(fit, linked, rows, group, segments)
    )


def _require_same(
    data: pd.DataFrame, rows: Indices, columns: Sequence[str], scaled: Array, n_total: int
) -> None:
    same = n_total == len(data) and np.array_equal(
        data[list(columns)].to_numpy(np.float64)[rows], scaled, equal_nan=True
    )
    if not same:
        raise IncompatibleRequestError(
            f"The model was fitted to other data: {n_total} rows, the link has {len(data)}.",
            code="what_if.other_data",
            hint="Fit it to linked.data, unchanged and whole.",
        )


def _segments(
    fit: SEMResult,
    linked: Linked,
    rows: Indices,
    group: Indices,
    segments: str | Sequence[object] | pd.Series | None,
) -> tuple[tuple[str, Mask], ...]:
    everybody = (ALL, np.ones(len(rows), dtype=np.bool_))
    if segments is None:
        if len(fit.groups) < 2:
            return (everybody,)
        return (everybody, *((label, group == g) for g, label in enumerate(fit.groups)))
    labels = _labels(linked.data, segments)[rows]
    names = list(dict.fromkeys(str(label) for label in labels if label is not None))
    own = ((name, np.array([x is not None and str(x) == name for x in labels])) for name in names)
    return (everybody, *own)


def _labels(data: pd.DataFrame, segments: str | Sequence[object] | pd.Series) -> np.ndarray:
    """Return the segment of every row of the link, None where it has none."""
    if isinstance(segments, str):
        if segments not in data:
            raise DataError(
                f"The linked data have no column '{segments}'.",
                code="data.missing_column",
                hint=did_you_mean(segments, map(str, data.columns))
                or "Name it in keep= when you link.",
            )
        segments = data[segments]
    labels = pd.Series(list(segments), dtype=object)
    if len(labels) != len(data):
        raise IncompatibleRequestError(
            f"{len(labels)} segment labels were given for {len(data)} linked respondents.",
            code="what_if.segments",
            hint="Give one a row of linked.data.",
        )
    return labels.where(labels.notna(), None).to_numpy()
