"""From a fit and what is asked to the draws of a bootstrap, or to a message why there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.ordinal_view import OrdinalView
from loyaltysem.engine.terms import Term, VectorTerm
from loyaltysem.estimation.replication.draws import CaseDraws, Draws, ModelDraws
from loyaltysem.estimation.replication.refit import Refitter
from loyaltysem.estimation.replication.resampling import SamplingUnits, sampling_units, to_null
from loyaltysem.estimation.solved import Solved
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.data import GroupedData
from loyaltysem.moments.ordinal_sample import OrdinalSample

Preparer: TypeAlias = Callable[
    [Solved, GroupedData, Refitter, tuple[SamplingUnits, ...], int], Draws
]


def prepared(
    fit: Solved,
    refitter: Refitter,
    kind: str,
    seed: int,
    cluster: object = None,
    strata: object = None,
) -> Draws:
    """Return the draws of one kind of bootstrap.

    Parameters
    ----------
    fit : Solved
    refitter : Refitter
        Of the fit.
    kind : str
        A key of `KINDS`.
    seed : int
    cluster, strata : array-like, optional
        One value a row of the data the model was fitted to.

    Raises
    ------
    IncompatibleRequestError, DataError
    """
    if kind not in KINDS:
        raise IncompatibleRequestError(
            f"There is no bootstrap of kind {kind!r}.",
            code="request.bootstrap",
            hint=f"Choose one of {', '.join(map(repr, KINDS))}.",
        )
    if not fit.converged:
        raise IncompatibleRequestError(
            "The search for this model did not converge, so there is nothing to repeat.",
            code="request.not_converged",
            hint="Look at fit.findings; mend the model first.",
        )
    if fit.data is None:
        raise IncompatibleRequestError(
            "A bootstrap needs the cases, and this model was fitted to moments.",
            code="request.cases",
            hint="Fit the model to a data frame.",
        )
    if not fit.structure.n_free:
        raise IncompatibleRequestError(
            "The model has no free parameters, so there is nothing to estimate again.",
            code="request.no_parameters",
            hint="Leave a parameter free.",
        )
    if kind == "parametric" and (cluster is not None or strata is not None):
        raise IncompatibleRequestError(
            "The parametric bootstrap draws new cases from the model: clusters and strata of the "
            "data play no part in it.",
            code="request.bootstrap",
            hint="Leave cluster= and strata= out, or use kind='nonparametric'.",
        )
    units = _units(fit.data, cluster, strata)
    return KINDS[kind](fit, fit.data, refitter, units, seed)


def _units(data: GroupedData, cluster: object, strata: object) -> tuple[SamplingUnits, ...]:
    of_cluster, of_stratum = (
        _column(x, name, data) for x, name in ((cluster, "cluster"), (strata, "strata"))
    )
    found = []
    for rows, label in zip(data.rows, data.labels, strict=True):
        at_cluster, at_stratum = _at(of_cluster, rows), _at(of_stratum, rows)
        _check_nested(at_cluster, at_stratum)
        units = sampling_units(at_cluster, at_stratum, len(rows))
        _check_choice(units, label)
        found.append(units)
    return tuple(found)


def _check_nested(cluster: Array | None, stratum: Array | None) -> None:
    """See that no cluster lies in two strata."""
    if cluster is None or stratum is None:
        return
    pairs = np.unique(np.stack([cluster, stratum]), axis=1)[0]
    split = len(pairs) - len(np.unique(pairs))
    if split:
        raise DataError(
            f"{split} cluster(s) have cases in more than one stratum.",
            code="data.strata",
            hint="Clusters are drawn whole, within strata: every case of a cluster needs the same "
            "value in strata=.",
        )


def _check_choice(units: SamplingUnits, label: str) -> None:
    """See that samples can differ from the data."""
    if max(map(len, units.strata)) < 2:
        raise DataError(
            "There is nothing to choose from"
            + (f" in group {label!r}" if label else "")
            + ": every stratum has a single case or cluster, so all samples are the same.",
            code="data.units",
            hint="Use a coarser strata= or a finer cluster= column.",
        )


def _at(column: Array | None, rows: Indices) -> Array | None:
    return None if column is None else column[rows]


def _column(values: object, name: str, data: GroupedData) -> Array | None:
    """Return codes of a column, one a row of the original data."""
    if values is None:
        return None
    if isinstance(values, str):
        raise DataError(
            f"{name}={values!r} is a name, but the fit keeps only the variables of the model.",
            code="data.type",
            hint=f"Pass the column itself: {name}=data[{values!r}].",
        )
    found = np.asarray(values)
    if found.ndim > 1 and found.shape[1] > 1:
        raise DataError(
            f"{name} has {found.shape[1]} columns.",
            code="data.type",
            hint="Pass one column; to combine several, number their combinations first: "
            "data.groupby([…]).ngroup().",
        )
    column = pd.Series(found.ravel())
    if len(column) != data.n_total:
        raise DataError(
            f"{name} holds {len(column)} values, but the data had {data.n_total} rows.",
            code="data.length",
            hint="Pass one value for every row of the data the model was fitted to.",
        )
    codes = pd.factorize(column)[0].astype(np.float64)
    unknown = sum(int((codes[rows] < 0).sum()) for rows in data.rows)
    if unknown:
        raise DataError(
            f"{name} is missing for {unknown} analysed case(s).",
            code="data.missing",
            hint="Give these cases a value of their own, or leave them out of the data.",
        )
    return codes


def _nonparametric(
    fit: Solved, data: GroupedData, refitter: Refitter, units: tuple[SamplingUnits, ...], seed: int
) -> Draws:
    return CaseDraws(refitter, data.values, units, seed)


def _bollen_stine(
    fit: Solved, data: GroupedData, refitter: Refitter, units: tuple[SamplingUnits, ...], seed: int
) -> Draws:
    if not isinstance(fit.sample, SampleMoments):
        raise IncompatibleRequestError(
            "The Bollen–Stine bootstrap turns complete, continuous answers into ones for which the "
            "model holds; it is not defined for "
            + ("ordered" if isinstance(fit.sample, OrdinalSample) else "incomplete")
            + " answers.",
            code="request.bootstrap",
            hint="Use kind='nonparametric' for intervals, or kind='parametric' for χ².",
        )
    blocks = zip(data.values, fit.inference.implied, fit.structure.blocks, strict=True)
    values = tuple(
        to_null(v, i.moments.sigma[0], i.moments.mu[0] if block.meanstructure else None)
        for v, i, block in blocks
    )
    return CaseDraws(refitter, values, units, seed)


def _parametric(
    fit: Solved, data: GroupedData, refitter: Refitter, units: tuple[SamplingUnits, ...], seed: int
) -> Draws:
    if isinstance(fit.sample, OrdinalSample) and len(fit.sample.covariates):
        raise IncompatibleRequestError(
            "The parametric bootstrap of ordered variables with covariates is not available.",
            code="request.bootstrap",
            hint="Use kind='nonparametric'.",
        )
    implied = tuple(
        (i.moments.sigma[0], i.moments.mu[0] if block.meanstructure else v.mean(axis=0))
        for v, i, block in zip(
            data.values, fit.inference.implied, fit.structure.blocks, strict=True
        )
    )
    return ModelDraws(refitter, data.values, implied, fit.model.fixed_x, _cuts(fit), seed)


def _cuts(fit: Solved) -> tuple[tuple[tuple[int, Array], ...], ...]:
    """Return the ordered variables of each group with their estimated thresholds."""
    return tuple(_block_cuts(fit, block.term) for block in fit.objective.blocks)


def _block_cuts(fit: Solved, term: Term) -> tuple[tuple[int, Array], ...]:
    if not (isinstance(term, VectorTerm) and isinstance(term.view, OrdinalView)):
        return ()
    theta, rows = fit.inference.rows.value, term.view.structure.threshold_row
    names = np.array([fit.table.rows[i].lhs for i in rows])
    return tuple(
        (fit.table.observed.index(name), theta[rows[names == name]])
        for name in dict.fromkeys(names.tolist())
    )


KINDS: Mapping[str, Preparer] = {
    "nonparametric": _nonparametric,
    "bollen-stine": _bollen_stine,
    "parametric": _parametric,
}
