"""How a sample becomes terms of the objective: one way for each kind of data."""

from __future__ import annotations

from functools import singledispatch
from typing import TypeAlias

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.fiml import FullInformation
from loyaltysem.engine.ordinal import OrdinalStructure
from loyaltysem.engine.ordinal_view import OrdinalView
from loyaltysem.engine.terms import MatrixTerm, StackedMoments, Term, VectorTerm
from loyaltysem.estimation.estimators import Estimator
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.structure import BlockStructure, ModelStructure
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.gamma import sample_case_moments, vech
from loyaltysem.moments.incomplete import IncompleteSample
from loyaltysem.moments.ordinal_sample import OrdinalSample

Sample: TypeAlias = SampleMoments | OrdinalSample | IncompleteSample


@singledispatch
def make_terms(
    sample: Sample, row: Estimator, table: ParameterTable, structure: ModelStructure
) -> list[Term]:
    """Attach each group's data to the discrepancy of an estimator."""
    raise TypeError(type(sample).__name__)


@make_terms.register
def _(
    sample: SampleMoments, row: Estimator, table: ParameterTable, structure: ModelStructure
) -> list[Term]:
    x = fixed_positions(table)
    return [_complete_term(sample, row, g, block, x) for g, block in enumerate(structure.blocks)]


def fixed_positions(table: ParameterTable) -> Indices:
    """Return the positions of fixed x among the observed variables."""
    names = table.roles.exogenous_observed if table.defaults.fixed_x else ()
    return np.array([table.observed.index(n) for n in names], dtype=np.intp)


def _complete_term(
    sample: SampleMoments, row: Estimator, g: int, block: BlockStructure, x: Indices
) -> Term:
    cov, means = sample.cov[g], block.meanstructure
    if row.discrepancy is not None:
        return MatrixTerm(row.discrepancy.bind(cov, sample.mean[g] if means else None))
    moments = np.concatenate([sample.mean[g], vech(cov)], axis=1) if means else vech(cov)
    assert row.weight is not None
    weight = row.weight(_gamma(sample, g, means, x, moments.shape[1]))
    return VectorTerm(StackedMoments(means), moments, weight[None])


def _gamma(sample: SampleMoments, g: int, means: bool, x: Indices, size: int) -> Array:
    """Return Γ̂ of means and covariances, given fixed x; the identity where there are no cases.

    Only the identity weight is asked for without cases, and it needs no more than their number.
    """
    if not sample.values:
        return np.eye(size)
    return sample_case_moments(sample.values[g], means, [int(i) for i in x]).gamma()


@make_terms.register
def _(
    sample: IncompleteSample, row: Estimator, table: ParameterTable, structure: ModelStructure
) -> list[Term]:
    full = FullInformation()
    return [
        MatrixTerm(full.bind(patterns, saturated))
        for patterns, saturated in zip(sample.patterns, sample.saturated, strict=True)
    ]


@make_terms.register
def _(
    sample: OrdinalSample, row: Estimator, table: ParameterTable, structure: ModelStructure
) -> list[Term]:
    assert row.weight is not None
    terms: list[Term] = []
    for g, (group, block) in enumerate(zip(sample.groups, structure.blocks, strict=True)):
        view = OrdinalView(_ordinal_structure(sample, table, g), block)
        terms.append(VectorTerm(view, group.moments[None], row.weight(group.gamma)[None]))
    return terms


def _ordinal_structure(sample: OrdinalSample, table: ParameterTable, g: int) -> OrdinalStructure:
    """Find the table rows behind thresholds, scales and residual variances of one group."""
    rows = {r.key: i for i, r in enumerate(table.rows) if r.group == g + 1}
    names = [sample.names[i] for i in sample.variables]
    counts = table.defaults.ordered
    thresholds = [rows["|", n, f"t{k + 1}"] for n in names for k in range(counts.get(n, 0))]

    def places(op: str) -> Indices:
        return np.array([rows[op, n, n] if n in counts else -1 for n in names], dtype=np.intp)

    return OrdinalStructure(
        layout=sample.groups[g].layout,
        variables=sample.variables,
        covariates=sample.covariates,
        threshold_row=np.array(thresholds, dtype=np.intp),
        scale_row=places("~*~"),
        residual_row=places("~~"),
        theta=table.defaults.theta,
    )


@singledispatch
def moment_count(sample: Sample, structure: ModelStructure) -> int:
    """Return the number of moments the model explains."""
    raise TypeError(type(sample).__name__)


@moment_count.register
def _(sample: SampleMoments, structure: ModelStructure) -> int:
    return structure.n_moments


@moment_count.register
def _(sample: IncompleteSample, structure: ModelStructure) -> int:
    return structure.n_moments


@moment_count.register
def _(sample: OrdinalSample, structure: ModelStructure) -> int:
    return sum(g.layout.n_moments for g in sample.groups)
