"""What is kept of every replicate beside its estimates: χ², the baseline's χ², SRMR and GFI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from loyaltysem.core.linalg import cholesky
from loyaltysem.core.optimise import Minimum, minimise
from loyaltysem.core.types import Array, Mask
from loyaltysem.engine.implied import Implied
from loyaltysem.estimation.baseline import (
    baseline_table,
    independence_discrepancy,
    sample_start,
)
from loyaltysem.estimation.corrections import Tests, standard_test
from loyaltysem.estimation.fitted import fitted_at
from loyaltysem.estimation.measures import measures
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.estimation.terms import Sample, moment_count
from loyaltysem.inference.batched_indices import MomentBatch, lisrel_gfi, srmr
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.structure import ModelStructure, compile_structure
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.incomplete import IncompleteSample
from loyaltysem.moments.ordinal_sample import OrdinalSample

#: In the order of the columns of `statistics`.
STATISTICS = ("chisq", "baseline_chisq", "srmr", "gfi")
#: An eigenvalue of a covariance matrix that is negative by less, relative to the largest variance,
#: is no defect.
ROUNDING = 1e-8


@dataclass(frozen=True, slots=True)
class Baseline:
    """The independence model, laid out once for all replicates."""

    table: ParameterTable
    structure: ModelStructure

    def df(self, model: BoundModel) -> int:
        """Return the degrees of freedom of its χ²."""
        return moment_count(model.sample, self.structure) - self.structure.n_free


def baseline_of(table: ParameterTable) -> Baseline:
    """Lay out the independence model that belongs to a model."""
    alone = baseline_table(table)
    return Baseline(alone, compile_structure(alone))


def statistics(
    model: BoundModel,
    found: Minimum,
    baseline: Baseline,
    implied: Sequence[Implied] | None = None,
) -> Array:
    """Compute `STATISTICS` of every replicate, shape (B, 4); `implied` where it is known already.

    χ² is N·F (or (N − 1)·F) without corrections for non-normality. GFI is NaN but for ML and GLS
    of complete or incomplete data.
    """
    implied = model.objective.implied(found.alpha) if implied is None else implied
    chisq = np.maximum(model.sample.weight * found.value, 0.0)
    columns = [
        chisq,
        baseline_chisq(model, baseline),
        *_matrix_indices(model.sample, model, found, implied),
    ]
    result = np.stack(columns, axis=1)
    result[~np.isfinite(found.value)] = np.nan
    return result


def baseline_chisq(model: BoundModel, baseline: Baseline) -> Array:
    """Return the χ² of the independence model, shape (B,)."""
    sample = model.sample
    if isinstance(sample, SampleMoments) and model.plan.row.maximum_likelihood:
        return np.asarray(sample.weight * independence_discrepancy(model))
    bound = bind_model(model.plan, baseline.table, baseline.structure, sample)
    start = bound.objective.map.alpha(sample_start(baseline.table, sample))
    return np.asarray(sample.weight * minimise(bound.objective, start).value)


@singledispatch
def _matrix_indices(
    sample: Sample, model: BoundModel, found: Minimum, implied: Sequence[Implied]
) -> tuple[Array, Array]:
    """Return SRMR and GFI, each (B,)."""
    raise TypeError(type(sample).__name__)


@_matrix_indices.register(SampleMoments)
@_matrix_indices.register(IncompleteSample)
def _(
    sample: SampleMoments | IncompleteSample,
    model: BoundModel,
    found: Minimum,
    implied: Sequence[Implied],
) -> tuple[Array, Array]:
    auxiliary = model.table.roles.auxiliary
    kept = [i for i, n in enumerate(model.table.observed) if n not in auxiliary]
    groups = [_batch(sample, model, g, i, kept) for g, i in enumerate(implied)]
    row = model.plan.row
    if row.discrepancy is None:
        return srmr(groups), np.full(len(found.value), np.nan)
    return srmr(groups), lisrel_gfi(groups, [g.s if row.least_squares else g.sigma for g in groups])


def _batch(
    sample: SampleMoments | IncompleteSample,
    model: BoundModel,
    g: int,
    implied: Implied,
    kept: list[int],
) -> MomentBatch:
    means = model.structure.blocks[g].meanstructure
    rows, columns = np.ix_(kept, kept)
    return MomentBatch(
        s=sample.cov[g][:, rows, columns],
        sigma=implied.moments.sigma[:, rows, columns],
        m=sample.mean[g][:, kept] if means else None,
        mu=implied.moments.mu[:, kept] if means else None,
        share=sample.n_obs[g] / sample.n_total,
    )


@_matrix_indices.register
def _(
    sample: OrdinalSample, model: BoundModel, found: Minimum, implied: Sequence[Implied]
) -> tuple[Array, Array]:
    fitted = fitted_at(model, found)
    plain = Tests(fitted, standard_test(fitted).plain)
    indices = measures(fitted, plain, plain)
    return np.array([indices["srmr"]]), np.array([np.nan])


def admissible(model: BoundModel, alpha: Array, implied: Sequence[Implied] | None = None) -> Mask:
    """Tell which solutions are proper, shape (B,).

    No variance is negative, and the covariance matrices of the latent variables and of the
    residuals are positive semi-definite.
    """
    theta = model.objective.theta(alpha)
    variances = [i for i, r in enumerate(model.table.rows) if r.is_variance and not r.exogenous]
    verdicts = [(theta[:, variances] >= 0.0).all(axis=1)]
    for group in model.objective.implied(alpha) if implied is None else implied:
        residual = group.moments.sigma - _common(group)
        verdicts += [_semidefinite(group.latent_cov), _semidefinite(residual)]
    return np.asarray(np.all(verdicts, axis=0))


def _common(implied: Implied) -> Array:
    """Return ΛCΛᵀ, what the latent variables share with the observed ones."""
    loadings = implied.loadings
    return np.asarray(loadings @ implied.latent_cov @ loadings.transpose(0, 2, 1))


def _semidefinite(cov: Array) -> Mask:
    finite = np.asarray(np.isfinite(cov).all(axis=(1, 2)))
    if not cov.shape[1]:
        return finite
    largest = cov.diagonal(axis1=1, axis2=2).max(axis=1)
    ridge = ROUNDING * np.maximum(largest, 1e-300)[:, None, None] * np.eye(cov.shape[1])
    return finite & cholesky(cov + ridge)[1]
