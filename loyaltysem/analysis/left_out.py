"""The same model without each case in turn: every refit is exact and starts at the full solution.

Cases of one group are left out together in a batch; of complete data under a likelihood or GLS and
of incomplete data one search serves the whole batch. Ordinal data and least squares, whose weights
come from the cases, are solved one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from loyaltysem.core.errors import DataError
from loyaltysem.core.optimise import Minimum
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.estimation.fitted import fitted_at
from loyaltysem.estimation.infer import Inference, infer
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.estimation.replication.refit import varied
from loyaltysem.estimation.search import search, search_batch, search_thoroughly
from loyaltysem.estimation.solved import Solved
from loyaltysem.estimation.terms import Sample
from loyaltysem.inference.casewise import cook_distance
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.incomplete import IncompleteSample
from loyaltysem.moments.ordinal_sample import OrdinalSample, from_ordinal_data, threshold_counts
from loyaltysem.moments.saturated import saturated_moments

FITTED, NOT_CONVERGED, NOT_POSSIBLE = "fitted", "not converged", "not possible"


@dataclass(frozen=True, slots=True)
class Refits:
    """What came out without each of some cases; NaN where there was no solution.

    Attributes
    ----------
    status : array of str, shape (n,)
        ``fitted``, ``not converged`` or ``not possible`` (the data without the case cannot be
        analysed, such as when nobody else chose a category).
    estimates, errors : Array, shape (n, k)
        Free parameters, then defined ones.
    cook, chisq, distance : Array, shape (n,)
        Generalised Cook's distance, χ², and ``χ²(θ̂₍ᵢ₎) − χ²(θ̂)`` on the whole data.
    admissible : Mask, shape (n,)
        Whether no variance is negative.
    measures : Array, shape (n, m)
        Fit measures that were asked for.
    """

    status: NDArray[np.object_]
    estimates: Array
    errors: Array
    cook: Array
    chisq: Array
    distance: Array
    admissible: Mask
    measures: Array

    @classmethod
    def empty(cls, n: int, k: int, m: int) -> Refits:
        """Return a table to be filled."""

        def missing(*shape: int) -> Array:
            return np.full(shape, np.nan)

        status = np.full(n, NOT_POSSIBLE, dtype=object)
        admissible = np.zeros(n, dtype=np.bool_)
        return cls(
            status, missing(n, k), missing(n, k), missing(n), missing(n), missing(n),
            admissible, missing(n, m),
        )  # fmt: skip

    @classmethod
    def joined(cls, parts: Sequence[Refits]) -> Refits:
        """Put parts below one another."""
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))

    def take(self, rows: Indices) -> Refits:
        """Keep or repeat some rows."""
        return Refits(*(getattr(self, n)[rows] for n in self.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Refit a model without each of some cases: ``LeaveOut(fit, measures)((group, cases))``."""

    fit: Solved
    measures: tuple[str, ...]

    def __call__(self, key: tuple[int, tuple[int, ...]]) -> Refits:
        """Leave out each of `cases`, positions within the group."""
        group, cases = key
        found = Refits.empty(len(cases), *self._columns())
        for i, (model, solution) in _solutions(self.fit, group, cases):
            found.status[i] = FITTED if solution.converged[0] else NOT_CONVERGED
            if solution.converged[0]:
                _describe(found, i, self.fit, infer(fitted_at(model, solution)), self.measures)
        return found

    def _columns(self) -> tuple[int, int]:
        return self.fit.structure.n_free + len(self.fit.table.defined), len(self.measures)


def keys(fit: Solved, size: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield batches of cases to leave out: one of each kind, since equal cases leave equal fits."""
    for group, (first, _) in enumerate(distinct(fit)):
        for start in range(0, len(first), size):
            yield group, tuple(first[start : start + size].tolist())


def distinct(fit: Solved) -> list[tuple[Indices, Indices]]:
    """Return, for each group, the first case of every kind and the kind of every case."""
    assert fit.data is not None
    found = []
    for values in fit.data.values:
        _, first, kind = np.unique(values, axis=0, return_index=True, return_inverse=True)
        found.append((first, kind.ravel()))
    return found


def _describe(
    found: Refits, i: int, fit: Solved, inference: Inference, names: Sequence[str]
) -> None:
    """Write down one refit."""
    alpha, defined = inference.fitted.alpha[0], inference.defined
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(np.diagonal(inference.vcov))
    found.estimates[i] = np.concatenate([alpha, defined.value])
    found.errors[i] = np.concatenate([errors, defined.se])
    found.cook[i] = cook_distance(
        fit.solution.alpha - alpha, inference.vcov, inference.fitted.basis
    )[0]
    found.chisq[i] = chisq_of(inference)
    found.distance[i] = _distance(fit, alpha)
    found.admissible[i] = _admissible(fit, inference)
    if names:
        measures = inference.measures
        found.measures[i] = [measures.get(n, np.nan) for n in names]


def chisq_of(inference: Inference) -> float:
    """Return the χ² that fit measures show: N·F, or Browne's where least squares print that."""
    if inference.fitted.model.plan.test == "browne.residual.nt":
        return float(inference.measures["chisq"])
    return float(inference.fitted.test.statistic)


def _distance(fit: Solved, alpha: Array) -> float:
    """Return the χ² that other estimates cost on the whole data."""
    reached = fit.objective.value(alpha[None])[0] - fit.solution.value[0]
    return float(fit.sample.weight * reached)


def _admissible(fit: Solved, inference: Inference) -> bool:
    rows = zip(fit.table.rows, inference.rows.value, strict=True)
    return all(value >= 0 for row, value in rows if row.is_variance and row.free)


# Samples without a case

Solution = tuple[BoundModel, Minimum]


def _solutions(fit: Solved, group: int, cases: Sequence[int]) -> Iterator[tuple[int, Solution]]:
    """Yield the place among `cases` and the solution; places that cannot be fitted are missing."""
    batch = _batch(fit.sample, fit, group, cases)
    if batch is None:
        yield from _one_by_one(fit, group, cases)
        return
    model = bind_model(fit.plan, fit.table, fit.structure, batch)
    found = search_batch(model, fit.solution.alpha[0])
    for i in np.flatnonzero(_usable(batch, fit.sample)).tolist():
        one = np.array([i])
        sample = _with_cases(batch.take(one), fit, group, cases[i])
        alone = replace(model, sample=sample, objective=model.objective.take(one))
        names = ("alpha", "value", "decrement", "status", "n_iter")
        yield i, (alone, _sought(alone, Minimum(*(getattr(found, n)[one] for n in names))))


def _sought(model: BoundModel, found: Minimum) -> Minimum:
    """Look as far as a single fit does before saying that there is no solution without a case."""
    return found if found.converged[0] else search_thoroughly(model)


def _usable(batch: Sample, whole: Sample) -> Mask:
    """Tell which samples have moments to hold the model against."""
    usable = varied(batch, whole)
    if isinstance(batch, IncompleteSample):
        for saturated in batch.saturated:
            usable &= saturated.converged
    return usable


def _one_by_one(fit: Solved, group: int, cases: Sequence[int]) -> Iterator[tuple[int, Solution]]:
    for i, case in enumerate(cases):
        try:
            sample = _single(fit.sample, fit, group, case)
        except DataError:
            continue
        model = bind_model(fit.plan, fit.table, fit.structure, sample)
        yield i, (model, _sought(model, search(model, fit.solution.alpha[0])))


@singledispatch
def _batch(sample: Sample, fit: Solved, group: int, cases: Sequence[int]) -> Sample | None:
    """Return the samples without each case as one batch, or None where there is no such thing."""
    raise TypeError(type(sample).__name__)


@_batch.register
def _(sample: OrdinalSample, fit: Solved, group: int, cases: Sequence[int]) -> Sample | None:
    return None


@_batch.register
def _(sample: SampleMoments, fit: Solved, group: int, cases: Sequence[int]) -> Sample | None:
    if fit.plan.row.discrepancy is None:  # the weight matrix comes from the cases too
        return None
    values, offset = sample.values[group], sample.divisor_offset
    n, mean = len(values), sample.mean[group][0]
    centred = values - mean
    away = centred[list(cases)]
    # the rest about its own mean: Σ_j≠i d_j d_jᵀ − d_i d_iᵀ/(n − 1)
    products = centred.T @ centred - n / (n - 1) * away[:, :, None] * away[:, None, :]
    cov = products / (n - 1 - offset)
    return SampleMoments(
        sample.names,
        _replaced(_repeated(sample.cov, len(away)), group, cov),
        _replaced(_repeated(sample.mean, len(away)), group, mean - away / (n - 1)),
        _fewer(sample.n_obs, group),
        offset,
    )


@_batch.register
def _(sample: IncompleteSample, fit: Solved, group: int, cases: Sequence[int]) -> Sample | None:
    batch = np.arange(len(cases))
    counts = np.ones((len(cases), sample.n_obs[group]))
    counts[batch, list(cases)] = 0.0
    repeated = sample.take(np.zeros_like(batch))
    patterns = sample.patterns[group].reweighted(counts)
    saturated = saturated_moments(patterns)
    return IncompleteSample(
        sample.names,
        tuple(patterns if g == group else p for g, p in enumerate(repeated.patterns)),
        tuple(saturated if g == group else s for g, s in enumerate(repeated.saturated)),
        _fewer(sample.n_obs, group),
    )


def _repeated(parts: Sequence[Array], times: int) -> list[Array]:
    return [np.repeat(part, times, axis=0) for part in parts]


def _replaced(parts: Sequence[Array], group: int, new: Array) -> tuple[Array, ...]:
    return tuple(new if g == group else part for g, part in enumerate(parts))


def _fewer(n_obs: Sequence[int], group: int) -> tuple[int, ...]:
    return tuple(n - (g == group) for g, n in enumerate(n_obs))


def _with_cases(sample: Sample, fit: Solved, group: int, case: int) -> Sample:
    """Give a sample of complete data its cases, which robust corrections need."""
    if isinstance(sample, SampleMoments):
        assert fit.data is not None
        values = fit.data.values
        return replace(
            sample, values=_replaced(values, group, np.delete(values[group], case, axis=0))
        )
    return sample


@singledispatch
def _single(sample: Sample, fit: Solved, group: int, case: int) -> Sample:
    """Return the sample without one case."""
    raise TypeError(type(sample).__name__)


@_single.register
def _(sample: SampleMoments, fit: Solved, group: int, case: int) -> Sample:
    values = np.delete(sample.values[group], case, axis=0)
    centred = values - values.mean(axis=0)
    cov = centred.T @ centred / (len(values) - sample.divisor_offset)
    return replace(
        sample,
        cov=_replaced(sample.cov, group, cov[None]),
        mean=_replaced(sample.mean, group, values.mean(axis=0)[None]),
        n_obs=_fewer(sample.n_obs, group),
        values=_replaced(sample.values, group, values),
    )


@_single.register
def _(sample: OrdinalSample, fit: Solved, group: int, case: int) -> Sample:
    assert fit.data is not None
    values = np.delete(fit.data.values[group], case, axis=0)
    data = replace(fit.data, values=_replaced(fit.data.values, group, values))
    thresholds = threshold_counts(data, fit.plan.ordered)
    if thresholds != fit.table.defaults.ordered:
        raise DataError(
            "A category has lost its only case.",
            code="data.lost_category",
            hint="Join sparse categories.",
        )
    covariates = [fit.table.observed[i] for i in sample.covariates]
    return from_ordinal_data(data, thresholds, covariates)
