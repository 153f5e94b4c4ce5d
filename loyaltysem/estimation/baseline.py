"""The independence model: another parameter table through the same functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from loyaltysem.core.linalg import logdet
from loyaltysem.core.optimise import minimise
from loyaltysem.core.types import Array
from loyaltysem.engine.terms import likelihood_of
from loyaltysem.estimation.corrections import TESTS, Tests
from loyaltysem.estimation.fitted import fitted_at
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.estimation.start_values import threshold_value
from loyaltysem.estimation.terms import Sample
from loyaltysem.inference.tests_of_fit import TestStatistic
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import NAN, Parameter
from loyaltysem.model.structure import compile_structure
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.incomplete import IncompleteSample


def baseline_tests(model: BoundModel) -> Tests:
    """Test the independence model on the same data, as the plan tests the model itself."""
    known = _closed_form(model)
    if known is not None:
        return Tests(None, known)
    table = baseline_table(model.table)
    baseline = bind_model(model.plan, table, compile_structure(table), model.sample)
    start = baseline.objective.map.alpha(sample_start(table, model.sample))
    return TESTS[model.plan.test](fitted_at(baseline, minimise(baseline.objective, start)))


def _closed_form(model: BoundModel) -> TestStatistic | None:
    """Return χ² where the estimates are known: ML of complete data, at the sample moments."""
    sample, plan = model.sample, model.plan
    likelihood = plan.row.maximum_likelihood
    if not (isinstance(sample, SampleMoments) and likelihood and plan.test == "standard"):
        return None
    p, x = len(sample.names), len(model.table.roles.exogenous_observed)
    df = len(sample.cov) * (p * (p - 1) - x * (x - 1)) // 2
    found = float(independence_discrepancy(model)[0])
    return TestStatistic(max(sample.weight * found, 0.0), df)


def independence_discrepancy(model: BoundModel) -> Array:
    """Return the ML discrepancy of the independence model from complete moments, shape (B,).

    Its estimates are the sample variances, and the covariances of exogenous observed variables x:
    ``F = Σ_g share (Σ_{i∉x} log s_ii + log|S_xx| − log|S|)``.
    """
    names, exogenous = model.table.observed, model.table.roles.exogenous_observed
    x = [names.index(n) for n in exogenous]
    alone = [i for i, n in enumerate(names) if n not in exogenous]
    total = np.zeros(len(model.sample.cov[0]))
    for block, cov in zip(model.objective.blocks, model.sample.cov, strict=True):
        bound = likelihood_of(block.term)
        assert bound is not None
        found = np.log(cov.diagonal(axis1=1, axis2=2)[:, alone]).sum(axis=1)
        found += logdet(cov[:, x][:, :, x]) if x else 0.0
        total += block.share * (found - bound.logdet)
    return total


def baseline_table(table: ParameterTable) -> ParameterTable:
    """Return variances, thresholds, means and the covariances of x; nothing else covaries.

    Ordered variables keep unit scale; their slopes on covariates stay free, as in lavaan.
    """
    rows = [r for group in range(1, table.n_groups + 1) for r in _rows(table, group)]
    roles = replace(table.roles, latent=())
    return ParameterTable(tuple(rows), (), (), roles, table.groups, table.defaults)


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


def sample_start(table: ParameterTable, sample: Sample) -> Array:
    """Start every row at its sample moment."""
    place = {n: i for i, n in enumerate(table.observed)}
    start = np.zeros((len(sample.cov[0]), len(table.rows)))
    moments = [_separate_moments(sample, g) for g in range(table.n_groups)]
    for i, row in enumerate(table.rows):
        cov, mean = moments[row.group - 1]
        at = place[row.lhs]
        if row.op == "~1":
            start[:, i] = mean[:, at]
        elif row.op == "~~":
            start[:, i] = cov[:, at, place[row.rhs]]
        elif row.op == "|":
            start[:, i] = threshold_value(sample, row)
    return start


def _separate_moments(sample: Sample, group: int) -> tuple[Array, Array]:
    """Return moments whose variances and means need no other variable.

    Of incomplete data these are moments of what was observed, which is where independence ends up.
    """
    cov, mean = sample.cov[group], sample.mean[group]
    if not isinstance(sample, IncompleteSample):
        return cov, mean
    patterns = sample.patterns[group]
    seen = patterns.observed[patterns.pattern] * patterns.weight[0][:, None]
    alone = (seen * patterns.y).sum(axis=0) / seen.sum(axis=0)
    variance = (seen * (patterns.y - alone) ** 2).sum(axis=0) / seen.sum(axis=0)
    own = cov.copy()
    own[:, range(len(alone)), range(len(alone))] = variance
    return own, alone[None]
