"""Solve one model for many samples: from counts, cases or moments to estimates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import TypeAlias

import numpy as np

from loyaltysem.core.errors import DataError
from loyaltysem.core.optimise import Minimum, Status
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.estimation.estimators import identity_weight
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.estimation.replication.latent_scale import LatentScale, latent_scale
from loyaltysem.estimation.replication.resampling import repeated
from loyaltysem.estimation.replication.statistics import (
    STATISTICS,
    Baseline,
    admissible,
    baseline_of,
    statistics,
)
from loyaltysem.estimation.search import search, search_batch
from loyaltysem.estimation.solved import Solved
from loyaltysem.estimation.terms import Sample
from loyaltysem.moments.complete import SampleMoments, exogenous_values
from loyaltysem.moments.data import GroupedData
from loyaltysem.moments.gamma import vech_indices
from loyaltysem.moments.incomplete import IncompleteSample, from_incomplete_data
from loyaltysem.moments.ordinal_sample import OrdinalSample, from_ordinal_data, threshold_counts
from loyaltysem.moments.saturated import saturated_moments

#: Variances below this part of those of the whole data are none.
ROUNDING = 1e-12
#: One array a group.
Groups: TypeAlias = Sequence[Array]


@dataclass(frozen=True, slots=True)
class Refits:
    """Solutions of one model for B samples.

    Attributes
    ----------
    alpha : Array, shape (B, q)
    exogenous : Array, shape (B, e)
        Sample moments of fixed x, which the model takes over.
    statistics : Array, shape (B, 4)
        See `STATISTICS`.
    status : Indices, shape (B,)
        `Status` codes.
    admissible : Mask, shape (B,)
    """

    alpha: Array
    exogenous: Array
    statistics: Array
    status: Indices
    admissible: Mask

    def fill(self, rows: Indices, others: Refits) -> None:
        """Put the solutions of `others` into some rows."""
        for name in ("alpha", "exogenous", "statistics", "status", "admissible"):
            getattr(self, name)[rows] = getattr(others, name)

    def as_rows(self) -> Array:
        """Return everything side by side, shape (B, q + e + 6)."""
        flags = np.stack([self.status, self.admissible], axis=1)
        parts = [self.alpha, self.exogenous, self.statistics, flags.astype(np.float64)]
        return np.concatenate(parts, axis=1)


@dataclass(frozen=True, slots=True)
class Refitter:
    """A solved model, ready to be solved again for other samples of the same size.

    Attributes
    ----------
    model : BoundModel
    start : Array, shape (q,)
        Its solution, where all searches begin.
    baseline : Baseline
    scale : LatentScale or None
        Another scale of the latent variables to search in.
    """

    model: BoundModel
    start: Array
    baseline: Baseline
    scale: LatentScale | None = None

    def counts(self, values: Groups, counts: Groups) -> Refits:
        """Solve for samples in which case i of group g counts ``counts[g][b, i]`` times.

        Parameters
        ----------
        values : sequence of Array, each (N_g, p)
        counts : sequence of Array, each (B, N_g)
        """
        sizes = np.stack([c.sum(axis=1) for c in counts], axis=1)
        uneven = bool((sizes != self.model.sample.n_obs).any())
        if self._needs_cases or (uneven and len(counts) > 1):  # then groups weigh otherwise
            drawn = zip(*counts, strict=True)
            return _joined([self._alone(_repeat(values, each)) for each in drawn])
        refits = self._batch(_counted(self.model.sample, values, counts))
        if uneven:  # clusters differ in size, and χ² goes with N
            sample = self.model.sample
            scale = (sizes[:, 0] - (sample.n_total - sample.weight)) / sample.weight
            refits.statistics[:, :2] *= scale[:, None]
        return refits

    def cases(self, values: Groups) -> Refits:
        """Solve for samples given by their cases, ``values[g]`` of shape (B, N_g, p)."""
        if self._needs_cases or isinstance(self.model.sample, IncompleteSample):
            return _joined([self._alone(each) for each in zip(*values, strict=True)])
        assert isinstance(self.model.sample, SampleMoments)
        return self._batch(_moments(self.model.sample, values))

    def moments(self, sample: SampleMoments) -> Refits:
        """Solve for samples given by a batch of moments."""
        return self._batch(sample)

    @property
    def _needs_cases(self) -> bool:
        """Whether moments are not enough: there are categories, or weights made of Γ̂."""
        row = self.model.plan.row
        weighted = row.discrepancy is None and row.weight is not identity_weight
        return isinstance(self.model.sample, OrdinalSample) or weighted

    def _batch(self, sample: Sample) -> Refits:
        known = np.flatnonzero(varied(sample, self.model.sample))
        if len(known) == len(sample.cov[0]):
            return self._solved(sample, search_batch)
        refits = self._impossible(len(sample.cov[0]))
        if len(known):
            assert not isinstance(sample, OrdinalSample)  # their samples come one by one
            refits.fill(known, self._solved(sample.take(known), search_batch))
        return refits

    def _solved(self, sample: Sample, find: Callable[[BoundModel, Array], Minimum]) -> Refits:
        model = bind_model(self.model.plan, self.model.table, self.model.structure, sample)
        if self.scale is None:
            return self.summarised(model, find(model, self.start))
        scaled = self.scale.bind(self.model, sample)
        found = find(scaled, self.scale.start)
        return self.summarised(model, self.scale.convert(scaled.objective, found))

    def _alone(self, values: Groups) -> Refits:
        """Solve for one sample; data that cannot be analysed are a failure, not an error."""
        try:
            sample = _analysed(self.model.sample, self.model, values)
        except DataError:
            return self._impossible()
        if not isinstance(sample, OrdinalSample) and not varied(sample, self.model.sample)[0]:
            return self._impossible()
        return self._solved(sample, search)

    def summarised(self, model: BoundModel, found: Minimum) -> Refits:
        """Put solutions together with what is kept beside them."""
        sample, implied = model.sample, model.objective.implied(found.alpha)
        return Refits(
            found.alpha,
            exogenous_values(sample.mean, sample.cov, model.structure.exogenous)[1],
            statistics(model, found, self.baseline, implied),
            found.status,
            admissible(model, found.alpha, implied),
        )

    def _impossible(self, size: int = 1) -> Refits:
        nan = np.nan
        return Refits(
            np.full((size, len(self.start)), nan),
            np.full((size, len(self.model.structure.exogenous)), nan),
            np.full((size, len(STATISTICS)), nan),
            np.full(size, Status.BAD_DATA, dtype=np.intp),
            np.zeros(size, dtype=np.bool_),
        )


def refitter(fit: Solved) -> Refitter:
    """Prepare to solve the model of a fit for other samples."""
    alpha = fit.solution.alpha
    scale = latent_scale(fit.model, alpha)
    return Refitter(fit.model, alpha[0], baseline_of(fit.table), scale)


def varied(sample: Sample, whole: Sample) -> Mask:
    """Tell in which samples all variables vary, shape (B,).

    A variance that the sample of the fit dwarfs is rounding: of a rare answer that nobody drew.
    """
    pairs = zip(sample.cov, whole.cov, strict=True)
    shares = [np.diagonal(cov, axis1=1, axis2=2) / np.diagonal(of[0]) for cov, of in pairs]
    return np.asarray(np.all([(share > ROUNDING).all(axis=1) for share in shares], axis=0))


def _joined(parts: Sequence[Refits]) -> Refits:
    def column(read: Callable[[Refits], Array]) -> Array:
        return np.concatenate([read(x) for x in parts])

    return Refits(
        column(lambda x: x.alpha),
        column(lambda x: x.exogenous),
        column(lambda x: x.statistics),
        np.concatenate([x.status for x in parts]),
        np.concatenate([x.admissible for x in parts]),
    )


def _repeat(values: Groups, counts: Groups) -> list[Array]:
    return [v[repeated(c)] for v, c in zip(values, counts, strict=True)]


@singledispatch
def _counted(sample: Sample, values: Groups, counts: Groups) -> Sample:
    """Return the sample with cases counted otherwise, a batch of B."""
    raise TypeError(type(sample).__name__)


@_counted.register
def _(sample: SampleMoments, values: Groups, counts: Groups) -> SampleMoments:
    moments = [
        _weighted_moments(v, c, sample.divisor_offset) for v, c in zip(values, counts, strict=True)
    ]
    return _with_moments(sample, moments)


@_counted.register
def _(sample: IncompleteSample, values: Groups, counts: Groups) -> IncompleteSample:
    patterns = tuple(p.reweighted(c) for p, c in zip(sample.patterns, counts, strict=True))
    return replace(sample, patterns=patterns, saturated=tuple(map(saturated_moments, patterns)))


def _weighted_moments(values: Array, counts: Array, offset: int) -> tuple[Array, Array]:
    """Return means (B, p) and covariances (B, p, p) of cases that count `counts` (B, N) times.

    All cross-products of all samples are one matrix product, of values centred at their overall
    mean so that what is subtracted in the end is small.
    """
    centre = values.mean(axis=0)
    x = np.ascontiguousarray((values - centre).T)  # whole rows are taken faster than columns
    rows, columns = vech_indices(len(x))
    n = counts.sum(axis=1)[:, None]
    mean = counts @ x.T / n
    lower = (counts @ _products(x).T - n * mean[:, rows] * mean[:, columns]) / (n - offset)
    cov = np.empty((len(counts), len(x), len(x)))
    cov[:, rows, columns] = cov[:, columns, rows] = lower
    return mean + centre, cov


def _products(x: Array) -> Array:
    """Return products of every two variables of `x` (p, N), ordered as by `vech`."""
    p, n = x.shape
    products, start = np.empty((p * (p + 1) // 2, n)), 0
    for j in range(p):
        stop = start + p - j
        np.multiply(x[j:], x[j], out=products[start:stop])
        start = stop
    return products


def _moments(sample: SampleMoments, values: Groups) -> SampleMoments:
    """Return the moments of cases (B, N, p), group by group."""
    moments = []
    for v in values:
        mean = v.mean(axis=1)
        x = v - mean[:, None, :]
        moments.append((mean, x.transpose(0, 2, 1) @ x / (v.shape[1] - sample.divisor_offset)))
    n_obs = tuple(v.shape[1] for v in values)
    return replace(_with_moments(sample, moments), n_obs=n_obs)


def _with_moments(sample: SampleMoments, moments: Sequence[tuple[Array, Array]]) -> SampleMoments:
    return replace(
        sample,
        cov=tuple(cov for _, cov in moments),
        mean=tuple(mean for mean, _ in moments),
        values=(),
    )


@singledispatch
def _analysed(sample: Sample, model: BoundModel, values: Groups) -> Sample:
    """Summarise new cases the way the sample at hand was.

    Raises
    ------
    DataError
        When they cannot be analysed: a category or all variation is lost.
    """
    raise TypeError(type(sample).__name__)


@_analysed.register
def _(sample: SampleMoments, model: BoundModel, values: Groups) -> SampleMoments:
    found = _moments(sample, [v[None] for v in values])
    return replace(found, values=tuple(values))


@_analysed.register
def _(sample: IncompleteSample, model: BoundModel, values: Groups) -> IncompleteSample:
    return from_incomplete_data(_as_data(sample, values))


@_analysed.register
def _(sample: OrdinalSample, model: BoundModel, values: Groups) -> OrdinalSample:
    data, defaults = _as_data(sample, values), model.table.defaults
    found = threshold_counts(data, list(defaults.ordered))
    if found != defaults.ordered:
        raise DataError(
            "A category of the data is not in this sample.",
            code="data.category_lost",
            hint="The sample is counted as failed.",
        )
    fixed = model.table.roles.exogenous_observed if defaults.fixed_x else ()
    return from_ordinal_data(data, defaults.ordered, fixed)


def _as_data(sample: Sample, values: Groups) -> GroupedData:
    rows: tuple[Indices, ...] = tuple(np.arange(len(v)) for v in values)
    labels = tuple(str(g) for g in range(len(values)))
    return GroupedData(sample.names, tuple(values), labels, rows, sum(map(len, values)))
