"""What robust corrections are made of: forms and scores of a fitted model, by kind of data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

import numpy as np

from loyaltysem.core.types import Array
from loyaltysem.engine.fiml import first_order_information
from loyaltysem.engine.objective import Block
from loyaltysem.engine.terms import LocalVectorTerm, VectorTerm
from loyaltysem.estimation.fitted import Fitted
from loyaltysem.estimation.terms import Sample
from loyaltysem.inference.moment_forms import (
    MomentForms,
    casewise_forms,
    dense_forms,
    moment_jacobian,
    observed_weight,
)
from loyaltysem.inference.robust import meat
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.gamma import CaseMoments, model_case_moments, sample_case_moments
from loyaltysem.moments.incomplete import IncompleteSample
from loyaltysem.moments.ordinal_sample import OrdinalSample


def sample_forms(fitted: Fitted, second: bool = False) -> list[MomentForms]:
    """Return forms with Γ̂ about the sample moments, one a group."""
    return _forms(fitted.model.sample, fitted, second)


def requested_forms(fitted: Fitted, second: bool = False) -> list[MomentForms]:
    """Return `sample_forms`, with V by the information the plan asks for.

    Notes
    -----
    As lavaan: with ``information="observed"`` V is the observed information of the saturated
    moments at those the model implies, and not the expected one.
    """
    sample = fitted.model.sample
    if not fitted.observed_weight or not isinstance(sample, SampleMoments):
        return sample_forms(fitted, second)
    forms = []
    for g, (block, i) in enumerate(zip(fitted.objective.blocks, fitted.implied, strict=True)):
        means = block.structure.meanstructure
        difference = sample.mean[g][0] - i.moments.mu[0] if means else None
        weight = observed_weight(i.moments.sigma[0], sample.cov[g][0], difference)
        gamma = sample_case_moments(sample.values[g], means, fitted.fixed_x).gamma()
        delta = moment_jacobian(i.jacobian, block.chain, means)[0]
        forms.append(dense_forms(block.share, delta, weight, gamma))
    return forms


@singledispatch
def _forms(sample: Sample, fitted: Fitted, second: bool) -> list[MomentForms]:
    raise TypeError(type(sample).__name__)


@_forms.register
def _(sample: SampleMoments, fitted: Fitted, second: bool) -> list[MomentForms]:
    if fitted.model.plan.row.discrepancy is None:
        gammas = [
            sample_case_moments(v, b.structure.meanstructure, fitted.fixed_x).gamma()
            for v, b in zip(sample.values, fitted.objective.blocks, strict=True)
        ]
        return _vector_forms(fitted, gammas)
    cases = [
        sample_case_moments(v, b.structure.meanstructure, fitted.fixed_x)
        for v, b in zip(sample.values, fitted.objective.blocks, strict=True)
    ]
    return _matrix_forms(fitted, cases, second)


@_forms.register
def _(sample: OrdinalSample, fitted: Fitted, second: bool) -> list[MomentForms]:
    return _vector_forms(fitted, [g.gamma for g in sample.groups])


def _matrix_forms(fitted: Fitted, cases: Sequence[CaseMoments], second: bool) -> list[MomentForms]:
    return [
        casewise_forms(block.share, case, i.jacobian, block.chain, w, second)
        for block, case, i, w in zip(
            fitted.objective.blocks, cases, fitted.implied, fitted.precision, strict=True
        )
    ]


def vector_jacobian(block: Block, local: LocalVectorTerm) -> Array:
    """Return Δ in the free parameters, shape (m, q)."""
    return block.term_chain.gradient(local.delta[0])


def _vector_forms(fitted: Fitted, gammas: Sequence[Array]) -> list[MomentForms]:
    forms = []
    local = fitted.local
    for block, x, gamma in zip(fitted.objective.blocks, local, gammas, strict=True):
        assert isinstance(x, LocalVectorTerm) and isinstance(block.term, VectorTerm)
        weight = block.term.weight[0]
        forms.append(dense_forms(block.share, vector_jacobian(block, x), weight, gamma))
    return forms


def score_meat(fitted: Fitted) -> Array:
    """Return the mean cross-product of casewise scores, shape (q, q)."""
    return _score_meat(fitted.model.sample, fitted)


@singledispatch
def _score_meat(sample: Sample, fitted: Fitted) -> Array:
    raise TypeError(type(sample).__name__)


@_score_meat.register
def _(sample: SampleMoments, fitted: Fitted) -> Array:
    return meat(_score_forms(sample, fitted))


@_score_meat.register
def _(sample: IncompleteSample, fitted: Fitted) -> Array:
    total = np.zeros((fitted.alpha.shape[1],) * 2)
    implied = fitted.implied
    for block, patterns, i in zip(fitted.objective.blocks, sample.patterns, implied, strict=True):
        rows = first_order_information(patterns, i.moments, i.jacobian)
        total = total + block.share * block.chain.form(rows)[0]
    return total


def _score_forms(sample: SampleMoments, fitted: Fitted) -> list[MomentForms]:
    """Return forms with cases about the implied moments: their meat is that of the scores."""
    implied = fitted.implied
    cases = [
        model_case_moments(v, i.moments.mu[0], i.moments.sigma[0], b.structure.meanstructure)
        for v, i, b in zip(sample.values, implied, fitted.objective.blocks, strict=True)
    ]
    return _matrix_forms(fitted, cases, second=False)
