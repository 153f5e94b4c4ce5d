"""Standard errors of residuals, by kind of term: what `residual_frames` divides by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.types import Array
from loyaltysem.engine.objective import Block
from loyaltysem.engine.restrictions import null_basis
from loyaltysem.engine.terms import LocalMatrixTerm, LocalTerm, LocalVectorTerm
from loyaltysem.engine.weights import NormalTheory, NormalTheoryObserved
from loyaltysem.estimation.fitted import information_objective
from loyaltysem.estimation.forms import vector_jacobian
from loyaltysem.estimation.model import BoundModel
from loyaltysem.estimation.plan import Plan
from loyaltysem.estimation.terms import Sample
from loyaltysem.inference.residuals import (
    DenseBlock,
    MomentDirections,
    MomentSpread,
    ResidualBlock,
    case_spread,
    dense_residual_errors,
    moment_directions,
    normal_spread,
    residual_errors,
    sampling_errors,
)
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.gamma import gamma_normal_theory, sample_case_moments, vech_indices
from loyaltysem.moments.ordinal_layout import MomentKind, MomentLayout
from loyaltysem.moments.ordinal_sample import OrdinalSample


def from_cases(plan: Plan) -> bool:
    """Tell whether Γ̂ comes from the cases by default: with robust errors, and with WLS or DWLS."""
    weighted = plan.row.weight is not None and plan.se != "robust.sem.nt"
    return weighted or plan.se in ("robust.sem", "robust.huber.white")


@dataclass(frozen=True, slots=True)
class MomentArrays:
    """A number for each moment of one group: `cov` (p, p), `mean` (p,), `thresholds` (h,)."""

    cov: Array
    mean: Array
    thresholds: Array


def moment_errors(
    model: BoundModel, alpha: Array, fitted: bool, distribution_free: bool
) -> list[MomentArrays]:
    """Return standard errors of residuals (`fitted`) or of sample moments, one set a group.

    Parameters
    ----------
    model : BoundModel
    alpha : Array, shape (1, q)
    fitted : bool
    distribution_free : bool
        Γ̂ from the cases instead of from normal theory.
    """
    objective = information_objective(model)
    local = objective.local(alpha)
    basis = null_basis(model.restrictions.active(alpha), alpha.shape[1])
    vectors = [t for t in local if isinstance(t, LocalVectorTerm)]
    if vectors:
        gammas = _gammas(model.sample, model, distribution_free)
        blocks = [
            _dense_block(b, t, n, gamma)
            for b, t, n, gamma in zip(
                objective.blocks, vectors, model.sample.n_obs, gammas, strict=True
            )
        ]
        errors = dense_residual_errors(blocks, basis) if fitted else [
            np.sqrt(np.diagonal(b.gamma) / b.n_obs) for b in blocks
        ]  # fmt: skip
        return [scatter(model, g, e) for g, e in enumerate(errors)]
    operators = [
        _operator_block(model, g, b, t, distribution_free)
        for g, (b, t) in enumerate(zip(objective.blocks, local, strict=True))
    ]
    pairs = residual_errors(operators, basis) if fitted else [
        sampling_errors(b) for b in operators
    ]  # fmt: skip
    return [MomentArrays(cov, mean, np.zeros(0)) for cov, mean in pairs]


def _operator_block(
    model: BoundModel, group: int, block: Block, term: LocalTerm, distribution_free: bool
) -> ResidualBlock:
    weight = _normal_theory(model, term)
    assert isinstance(term, LocalMatrixTerm)
    directions = moment_directions(term.jacobian, block.chain, weight)
    spread = _spread(model, group, directions, distribution_free)
    return ResidualBlock(block.share, model.sample.n_obs[group], directions, spread)


def _normal_theory(model: BoundModel, term: LocalTerm) -> NormalTheory | NormalTheoryObserved:
    if isinstance(term, LocalMatrixTerm):
        observed = model.plan.information == "observed"
        weight = term.discrepancy.observed if observed else term.discrepancy.expected
        if isinstance(weight, NormalTheory | NormalTheoryObserved):
            return weight
    raise IncompatibleRequestError(
        f"Residuals of missing={model.plan.missing!r} have no standard errors in this version.",
        code="request.residuals",
        hint="Use kind='raw', 'cor' or 'cor_bentler'.",
    )


def _spread(
    model: BoundModel, group: int, directions: MomentDirections, distribution_free: bool
) -> MomentSpread:
    sample, x = model.sample, model.fixed_x
    cov = sample.cov[group][0]
    coefficients = np.linalg.solve(cov[np.ix_(x, x)], cov[x]) if len(x) else None
    if not distribution_free:
        explained = None if coefficients is None else cov[:, x] @ coefficients
        return normal_spread(directions, cov, explained)
    if not isinstance(sample, SampleMoments) or not sample.values:
        raise IncompatibleRequestError(
            "The model was fitted to a covariance matrix, so there are no cases to learn from.",
            code="request.no_cases",
            hint="Leave distribution_free at False, or fit the model to data.",
        )
    d = sample.values[group] - sample.mean[group][0]
    return case_spread(directions, d, None if coefficients is None else d[:, x] @ coefficients)


def _dense_block(block: Block, term: LocalVectorTerm, n_obs: int, gamma: Array) -> DenseBlock:
    return DenseBlock(block.share, n_obs, vector_jacobian(block, term), term.term.weight[0], gamma)


@singledispatch
def _gammas(sample: Sample, model: BoundModel, distribution_free: bool) -> Sequence[Array]:
    """Return Γ of the list of moments of every group."""
    raise TypeError(type(sample).__name__)


@_gammas.register
def _(sample: SampleMoments, model: BoundModel, distribution_free: bool) -> Sequence[Array]:
    means = model.table.defaults.meanstructure
    if distribution_free:
        return [sample_case_moments(v, means).gamma() for v in sample.values]
    fixed = [int(i) for i in model.fixed_x]
    return [gamma_normal_theory(cov[0], means, fixed) for cov in sample.cov]


@_gammas.register
def _(sample: OrdinalSample, model: BoundModel, distribution_free: bool) -> Sequence[Array]:
    return [group.gamma for group in sample.groups]


def scatter(model: BoundModel, group: int, vector: Array) -> MomentArrays:
    """Put a list of moments (m,) in its places; the sign of means is left as it is."""
    sample = model.sample
    if isinstance(sample, OrdinalSample):
        return _scatter_ordinal(sample.groups[group].layout, vector)
    p, means = len(sample.names), model.table.defaults.meanstructure
    rows, columns = vech_indices(p)
    cov = np.zeros((p, p))
    cov[rows, columns] = cov[columns, rows] = vector[p if means else 0 :]
    return MomentArrays(cov, vector[:p] if means else np.zeros(p), np.zeros(0))


def _scatter_ordinal(layout: MomentLayout, vector: Array) -> MomentArrays:
    p = layout.n_variables
    cov, mean = np.zeros((p, p)), np.zeros(p)
    of = {kind: layout.kind == kind for kind in MomentKind}
    pairs, variances = of[MomentKind.COVARIANCE], of[MomentKind.VARIANCE]
    i, j = layout.i[pairs], layout.j[pairs]
    cov[i, j] = cov[j, i] = vector[pairs]
    cov[layout.i[variances], layout.i[variances]] = vector[variances]
    mean[layout.i[of[MomentKind.MEAN]]] = vector[of[MomentKind.MEAN]]
    return MomentArrays(cov, mean, vector[of[MomentKind.THRESHOLD]])
