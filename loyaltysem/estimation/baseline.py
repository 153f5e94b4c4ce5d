"""The independence model: another parameter table through the same functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from loyaltysem.core.optimise import Minimum, minimise
from loyaltysem.core.types import Array
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.estimation.start_values import threshold_value
from loyaltysem.estimation.terms import Sample
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import NAN, Parameter
from loyaltysem.model.structure import compile_structure


def solve_baseline(model: BoundModel) -> tuple[BoundModel, Minimum]:
    """Fit the independence model to the same data."""
    table = baseline_table(model.table)
    baseline = bind_model(model.plan, table, compile_structure(table), model.sample)
    start = _sample_start(table, model.sample)
    return baseline, minimise(baseline.objective, baseline.objective.map.alpha(start))


def baseline_table(table: ParameterTable) -> ParameterTable:
    """Return variances, thresholds, means and the covariances of x; nothing else covaries.

    Ordered variables keep unit scale; their slopes on covariates stay free, as in lavaan.
    """
    rows = [r for group in range(1, table.n_groups + 1) for r in _rows(table, group)]
    roles = replace(table.roles, latent=())
    return ParameterTable(tuple(rows), (), (), roles, table.n_groups, table.defaults)


def _rows(table: ParameterTable, group: int) -> Iterator[Parameter]:
    x = table.roles.exogenous_observed
    defaults = table.defaults
    for row in table.rows:
        moment_of_x = row.lhs in x and (row.op == "~1" or (row.op == "~~" and row.rhs in x))
        if row.group == group and moment_of_x:
            yield replace(row, label="", value=NAN) if row.free else row
    for name in (n for n in table.observed if n not in x):
        ordered = name in defaults.ordered
        for k in range(defaults.ordered.get(name, 0)):
            yield Parameter(name, "|", f"t{k + 1}", group)
        yield Parameter(name, "~~", name, group, free=not ordered, value=1.0 if ordered else NAN)
        if ordered:
            yield Parameter(name, "~*~", name, group, free=False, value=1.0)
        if defaults.meanstructure:
            yield Parameter(name, "~1", "", group, free=not ordered, value=0.0 if ordered else NAN)
        if defaults.ordered:
            for covariate in x:
                yield Parameter(name, "~", covariate, group)
    yield from _auxiliary_covariances(table, group)


def _auxiliary_covariances(table: ParameterTable, group: int) -> Iterator[Parameter]:
    """Let auxiliary variables covary with everything here too, so that only the model is tested."""
    others = [n for n in table.observed if n not in table.roles.auxiliary]
    for i, name in enumerate(table.roles.auxiliary):
        for other in (*table.roles.auxiliary[i + 1 :], *others):
            yield Parameter(name, "~~", other, group)


def _sample_start(table: ParameterTable, sample: Sample) -> Array:
    """Start every row at its sample moment."""
    place = {n: i for i, n in enumerate(table.observed)}
    start = np.zeros((len(sample.cov[0]), len(table.rows)))
    for i, row in enumerate(table.rows):
        cov, mean = sample.cov[row.group - 1], sample.mean[row.group - 1]
        at = place[row.lhs]
        if row.op == "~1":
            start[:, i] = mean[:, at]
        elif row.op == "~~":
            start[:, i] = cov[:, at, place[row.rhs]]
        elif row.op == "|":
            start[:, i] = threshold_value(sample, row)
    return start
