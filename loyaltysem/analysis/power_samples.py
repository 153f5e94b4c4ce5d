"""Samples of a power analysis: drawn, fitted, and kept as estimates with standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri

from loyaltysem.analysis.power_design import PowerDesign, parameters_of
from loyaltysem.core.errors import LoyaltySemError
from loyaltysem.core.parallel import generator, in_parallel
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.estimation.batched_errors import batched_vcov, estimates_and_errors
from loyaltysem.estimation.fit import fit
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.estimation.moment_fits import NormalPopulation, bound_to, solve_batch
from loyaltysem.estimation.plan import Plan
from loyaltysem.estimation.population import Population
from loyaltysem.estimation.replication.quantities import Quantity, row_name
from loyaltysem.estimation.replication.statistics import admissible
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.simulate import draw
from loyaltysem.inference.power_curve import PowerCurve, power_curve

#: Samples that share a random stream and are one piece of work; results depend on it.
BLOCK = 64
#: Pieces one N can have: keys of different N do not meet.
KEYS_AN_N = 1_000_000
#: χ²'s p-value, convergence and admissibility stand after the parameters.
EXTRAS = 3

Cases: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What came of the samples of one size.

    Attributes
    ----------
    n : tuple of int
        Cases of each group.
    estimate, se : Array, each (B, k)
        Of the k parameters; NaN where a fit failed.
    pvalue : Array, shape (B,)
        Of the test of fit.
    converged, admissible : Mask, each (B,)
    """

    n: Cases
    estimate: Array
    se: Array
    pvalue: Array
    converged: Mask
    admissible: Mask

    @property
    def n_total(self) -> int:
        """Cases in all groups."""
        return sum(self.n)

    @property
    def used(self) -> Mask:
        """Fits that converged and have a standard error for every parameter."""
        return np.asarray(self.converged & np.isfinite(self.se).all(axis=1))

    def rejected(self, column: int, alpha: float) -> Mask:
        """Tell in which used samples a parameter differs from 0."""
        estimate, se = (x[self.used, column] for x in (self.estimate, self.se))
        return np.asarray(np.abs(estimate) > -ndtri(alpha / 2.0) * se)


def simulated(
    design: PowerDesign, n: Cases, replicates: int, seed: int, n_jobs: int | None = None
) -> Samples:
    """Draw and fit samples of one size.

    A sample depends on the seed, on N and on its own number, and on nothing else.
    """
    quantities = parameters_of(design)
    task = (_fast_task if design.fast else _case_task)(design, n, quantities, seed)
    keys = [sum(n) * KEYS_AN_N + b for b in range(-(-replicates // BLOCK))]
    parts = list(in_parallel(task, keys, f"power at N = {sum(n)}", n_jobs))
    rows = np.concatenate(parts)[:replicates]
    k = len(quantities)
    return Samples(
        n,
        rows[:, :k],
        rows[:, k : 2 * k],
        rows[:, 2 * k],
        rows[:, 2 * k + 1] == 1.0,
        rows[:, 2 * k + 2] == 1.0,
    )


@dataclass(frozen=True, slots=True)
class _FromMoments:
    """Draws moments of normal samples and fits them together, shape (BLOCK, 2k + 3)."""

    model: BoundModel
    start: Array
    population: NormalPopulation
    places: Indices
    df: int
    observed: bool
    seed: int

    def __call__(self, key: int) -> Array:
        names = self.model.table.observed
        sample = self.population.draw(generator(self.seed, key), BLOCK, names)
        model = bound_to(self.model, sample)
        found = solve_batch(model, self.start, slack=0.0)
        vcov = batched_vcov(model, found.alpha, self.observed)
        value, se = estimates_and_errors(model, found.alpha, vcov)
        chisq = np.maximum(sample.weight * found.value, 0.0)
        pvalue = chdtrc(self.df, chisq) if self.df else np.full(len(chisq), np.nan)
        flags = [pvalue, found.converged, admissible(model, found.alpha)]
        rows = [value[:, self.places], se[:, self.places], np.stack(flags, axis=1)]
        return np.concatenate(rows, axis=1)


def _fast_task(
    design: PowerDesign, n: Cases, quantities: Sequence[Quantity], seed: int
) -> _FromMoments:
    population, truth = design.population, design.truth.model
    place = [population.names.index(name) for name in truth.table.observed]
    ordered = NormalPopulation(
        tuple(s[np.ix_(place, place)] for s in population.sigma),
        tuple(m[place] for m in population.mu),
        n,
    )
    plan = replace(truth.plan, information=design.plan.information)
    sample = ordered.exact(truth.table.observed)
    model = bind_model(plan, truth.table, truth.structure, sample)
    return _FromMoments(
        model, design.truth.solution.alpha[0], ordered,
        np.array([q.place for q in quantities], dtype=np.intp), design.df,
        design.plan.information == "observed", seed,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _FromCases:
    """Draws cases and fits sample by sample: any estimator, shape (BLOCK, 2k + 3)."""

    population: Population
    plan: Plan
    n: Cases
    names: tuple[str, ...]
    seed: int

    def __call__(self, key: int) -> Array:
        drawn = draw(self.population, self.n, generator(self.seed, key), BLOCK)
        return np.stack([self._row(values) for values in zip(*drawn, strict=True)])

    def _row(self, values: Sequence[Array]) -> Array:
        parts = [
            pd.DataFrame(v, columns=list(self.population.names)).assign(
                **{self.population.group: label}
            )
            for v, label in zip(values, self.population.labels, strict=True)
        ]
        try:
            result = fit(self.plan, pd.concat(parts, ignore_index=True))
        except LoyaltySemError:  # this sample cannot be analysed: that is what is counted
            return _failed(len(self.names))
        return _row(result, self.names)


def _case_task(
    design: PowerDesign, n: Cases, quantities: Sequence[Quantity], seed: int
) -> _FromCases:
    names = tuple(q.name for q in quantities)
    return _FromCases(design.population, design.plan, n, names, seed)


def _failed(k: int) -> Array:
    return np.concatenate([np.full(2 * k + 1, np.nan), np.zeros(EXTRAS - 1)])


def _row(result: SEMResult, names: Sequence[str]) -> Array:
    """Read a fit the way a batch is read; its table may hold thresholds and means beside."""
    inference, table = result.inference, result.table
    found = [row_name(table, i) for i in range(len(table.rows))] + [d.name for d in table.defined]
    place = {name: i for i, name in reversed(list(enumerate(found)))}
    places = [place[name] for name in names]
    value = np.concatenate([inference.rows.value, inference.defined.value])[places]
    se = np.concatenate([inference.rows.se, inference.defined.se])[places]
    measures = inference.measures
    pvalue = measures.get("pvalue_scaled", measures["pvalue"])
    proper = bool(admissible(result.model, result.solution.alpha)[0])
    return np.concatenate([value, se, [pvalue, result.converged, proper]])


def curve_of(samples: Sequence[Samples], column: int, alpha: float) -> PowerCurve:
    """Fit the power of one parameter over all sizes that were simulated."""
    sizes = np.array([s.n_total for s in samples], dtype=np.float64)
    rejected = [s.rejected(column, alpha) for s in samples]
    hits = np.array([r.sum() for r in rejected], dtype=np.float64)
    return power_curve(sizes, hits, np.array([float(len(r)) for r in rejected]), alpha)
