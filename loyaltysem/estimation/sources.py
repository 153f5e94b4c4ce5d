"""What a model can be fitted to: cases, printed moments, tables larger than memory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
import pandas as pd

from loyaltysem.core.errors import (
    DataError,
    IncompatibleRequestError,
    ModelSpecificationError,
    did_you_mean,
)
from loyaltysem.core.types import Array
from loyaltysem.estimation.estimators import LIKELIHOODS, identity_weight
from loyaltysem.estimation.plan import Plan
from loyaltysem.estimation.terms import Sample
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.variables import Roles
from loyaltysem.moments.complete import from_data, from_moments
from loyaltysem.moments.data import GroupedData, GroupedMoments, select
from loyaltysem.moments.incomplete import from_incomplete_data
from loyaltysem.moments.ordinal_sample import from_ordinal_data
from loyaltysem.moments.tables import MomentTable, open_table


@runtime_checkable
class HasData(Protocol):
    """Survey responses: anything with scored answers in `data`."""

    @property
    def data(self) -> pd.DataFrame:
        """Answers as numbers, one column an item."""
        ...


class HasColumns(Protocol):
    """An Ibis table or a DuckDB relation."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of its columns."""
        ...


Data: TypeAlias = (
    pd.DataFrame | HasData | Mapping[str, Sequence[float]] | str | os.PathLike[str] | HasColumns
)
#: Printed moments: one matrix, vector and number of cases, or one of each by group label.
GivenCov: TypeAlias = pd.DataFrame | Mapping[str, pd.DataFrame]
GivenMean: TypeAlias = pd.Series | Mapping[str, pd.Series]
GivenCases: TypeAlias = int | Mapping[str, int]
Source: TypeAlias = pd.DataFrame | GroupedMoments | MomentTable
T = TypeVar("T")


def read_source(
    data: Data | None,
    cov: GivenCov | None,
    mean: GivenMean | None,
    n_obs: GivenCases | None,
) -> Source:
    """Sort out what was given to fit a model to.

    Raises
    ------
    IncompatibleRequestError
        When there is nothing, or a covariance matrix with data or without a number of cases.
    DataError
        When what was given cannot be read.
    """
    if cov is not None:
        if data is not None or n_obs is None:
            raise IncompatibleRequestError(
                "A covariance matrix needs the number of cases, and no data beside it.",
                code="request.covariance",
                hint="Pass sample_cov= and sample_nobs= (and sample_mean= if means are modelled).",
            )
        return given_moments(cov, mean, n_obs)
    if data is None:
        raise IncompatibleRequestError(
            "Neither data nor a covariance matrix was given.",
            code="request.no_data",
            hint="Pass data=frame, or sample_cov= with sample_nobs=.",
        )
    if isinstance(data, pd.DataFrame):
        return data
    return open_table(data) or _frame(data)


def _frame(data: Data) -> pd.DataFrame:
    if isinstance(data, HasData):
        return data.data
    if isinstance(data, Mapping):
        return pd.DataFrame(dict(data))
    raise DataError(
        f"Data of type {type(data).__name__} cannot be read.",
        code="data.type",
        hint="Pass a pandas DataFrame, responses read with read_responses(), the path of a Parquet "
        "file, or an Ibis table.",
    )


# Printed moments


def given_moments(cov: GivenCov, mean: GivenMean | None, n_obs: GivenCases) -> GroupedMoments:
    """Read moments as printed; rows and columns are found by their labels.

    Examples
    --------
    >>> cov = pd.DataFrame([[2.0, 1.0], [1.0, 3.0]], columns=["a", "b"])
    >>> given = given_moments({"north": cov, "south": cov}, None, {"north": 80, "south": 90})
    >>> given.labels, given.n_total
    (('north', 'south'), 170)
    """
    covs, cases = _by_label(cov), _by_label(n_obs)
    means = None if mean is None else _by_label(mean)
    if set(covs) != set(cases) or (means is not None and set(means) != set(covs)) or not covs:
        raise IncompatibleRequestError(
            "Covariance matrices, means and numbers of cases are not given for the same groups.",
            code="request.covariance",
            hint="Pass sample_cov=, sample_nobs= and sample_mean= with the same group labels.",
        )
    frames = all(isinstance(c, pd.DataFrame) for c in covs.values())
    if not frames or not all(isinstance(m, pd.Series) for m in (means or {}).values()):
        raise DataError(
            "A covariance matrix needs the names of its variables.",
            code="data.type",
            hint="Pass sample_cov= as a DataFrame and sample_mean= as a Series, both with names.",
        )
    names = tuple(str(c) for c in next(iter(covs.values())).columns)
    n = tuple(int(cases[label]) for label in covs)
    return GroupedMoments(
        names,
        tuple(_matrix(c, names) for c in covs.values()),
        None if means is None else tuple(_vector(means[label], names) for label in covs),
        n,
        tuple(covs),
        sum(n),
    )


def _by_label(value: T | Mapping[str, T]) -> dict[str, T]:
    """Read one value, or one for each group."""
    return {str(k): v for k, v in value.items()} if isinstance(value, Mapping) else {"": value}


def _matrix(cov: pd.DataFrame, names: tuple[str, ...]) -> Array:
    """Return covariances in the order of `names`; rows without labels stand as the columns do."""
    labels, index = [str(c) for c in cov.columns], [str(r) for r in cov.index]
    _check_labels(names, labels, "covariance matrix has no column")
    rows = index if set(index) == set(labels) else labels
    place = [rows.index(n) for n in names]
    return cov.to_numpy(dtype=np.float64)[np.ix_(place, [labels.index(n) for n in names])]


def _vector(mean: pd.Series, names: tuple[str, ...]) -> Array:
    """Return means in the order of `names`, NaN where there is none: a model may not need it."""
    found = {str(k): float(v) for k, v in mean.items()}
    return np.array([found.get(n, np.nan) for n in names])


def _check_labels(names: Sequence[str], labels: Sequence[str], what: str) -> None:
    absent = [n for n in names if n not in labels]
    if absent:
        raise DataError(
            f"The {what} {', '.join(map(repr, absent))}.",
            code="data.missing_column",
            hint=did_you_mean(absent[0], labels) or f"Found: {', '.join(labels)}.",
        )


# What a model needs of it


def select_for(plan: Plan, role: Roles, source: Source) -> GroupedData | GroupedMoments:
    """Take what the model needs out of a source: complete cases, or their moments.

    Raises
    ------
    ModelSpecificationError
        When the model names something that is neither latent nor a column.
    IncompatibleRequestError
        When the request does not go with the variables, or needs cases where there are none.
    DataError
        When the columns cannot be used.
    """
    if not role.observed:
        raise ModelSpecificationError(
            "The model names no observed variable.",
            code="spec.nothing_observed",
            hint="Latent variables need indicators:  trust =~ tru1 + tru2 + tru3.",
        )
    if isinstance(source, GroupedMoments):
        return _from_given(plan, role, source)
    if not isinstance(source, pd.DataFrame):
        _check_moments_suffice(plan, "Read the model's columns into a data frame and pass that")
        _check_variables(role, source.columns)
        return source.moments(role.observed, plan.group)
    if len(source):
        _check_variables(role, source.columns)
    _check_ordered(plan, role)
    x = role.exogenous_observed if plan.defaults.fixed_x else ()
    return select(source, role.observed, plan.group, x if plan.missing == "fiml" else None)


def _from_given(plan: Plan, role: Roles, given: GroupedMoments) -> GroupedMoments:
    _check_labels(role.observed, given.names, "covariance matrix has no column")
    if plan.group is not None:
        raise IncompatibleRequestError(
            f"group='{plan.group}' names a column of the data, and a covariance matrix has none.",
            code="request.cases",
            hint="Pass sample_cov={label: matrix, …} and sample_nobs={label: cases, …}.",
        )
    _check_moments_suffice(plan, "Pass data=")
    found = given.take(role.observed)
    unknown = np.isnan(found.mean or np.zeros((1, 1))).any(axis=0)
    if unknown.any():
        absent = [found.names[i] for i in np.flatnonzero(unknown).tolist()]
        raise DataError(
            f"The vector of means has no entry {', '.join(map(repr, absent))}.",
            code="data.missing_column",
            hint="Name its entries after the columns of the covariance matrix.",
        )
    return found


def _check_moments_suffice(plan: Plan, remedy: str) -> None:
    """Refuse what needs the cases themselves: Γ̂, scores, missing values, categories."""
    corrected = {plan.se, plan.test} - {"standard", "robust.sem.nt", "browne.residual.nt"}
    if (
        plan.row.weight not in (None, identity_weight)
        or corrected
        or plan.information == "first.order"
        or plan.ordered
        or plan.missing != "listwise"
    ):
        raise IncompatibleRequestError(
            f"estimator='{plan.estimator}' with these options needs the cases themselves, not "
            "only their means and covariances.",
            code="request.cases",
            hint=f"{remedy}, or use ML, GLS or ULS with standard errors from the model.",
        )


def _check_ordered(plan: Plan, role: Roles) -> None:
    absent = [n for n in plan.ordered if n not in role.observed]
    if absent:
        raise IncompatibleRequestError(
            f"ordered names '{absent[0]}', which is no observed variable of the model.",
            code="request.ordered",
            hint=did_you_mean(absent[0], role.observed) or "Name variables of the model.",
        )
    covariate = next((n for n in plan.ordered if n in role.exogenous_observed), None)
    if covariate is not None:
        raise IncompatibleRequestError(
            f"ordered names '{covariate}', which nothing in the model explains.",
            code="request.ordered_x",
            hint="A covariate has no thresholds: leave it out of ordered, or use dummy variables.",
        )


def _check_variables(role: Roles, found: Sequence[object] | pd.Index) -> None:
    """Point at the first name of the model that is neither latent nor a column."""
    columns = [str(c) for c in found]
    absent = [n for n in role.observed if n not in columns]
    if not absent:
        return
    known = [*columns, *role.latent]
    others = f" So are {', '.join(map(repr, absent[1:]))}." if absent[1:] else ""
    raise ModelSpecificationError(
        f"'{absent[0]}' is neither a latent variable of this model nor a column of the data."
        + others,
        code="spec.unknown_variable",
        hint=did_you_mean(absent[0], known) or f"Columns found: {', '.join(columns[:20])}.",
        span=role.places.get(absent[0]),
    )


def sample_from(plan: Plan, table: ParameterTable, found: GroupedData | GroupedMoments) -> Sample:
    """Return the sample moments the plan's estimator works on."""
    offset = 1 if plan.row.least_squares else LIKELIHOODS[plan.likelihood]
    if isinstance(found, GroupedMoments):
        if found.mean is None and table.defaults.meanstructure:
            raise IncompatibleRequestError(
                "The model has a mean structure but no sample means were given.",
                code="request.means",
                hint="Pass sample_mean=, or meanstructure=False.",
            )
        return from_moments(found, offset)
    if plan.ordered:
        fixed = table.roles.exogenous_observed if plan.defaults.fixed_x else ()
        return from_ordinal_data(found, table.defaults.ordered, fixed)
    if plan.missing == "fiml":
        return from_incomplete_data(found)
    return from_data(found, offset)
