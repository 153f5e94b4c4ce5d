"""Parallel analysis: eigenvalues against those of items that have nothing in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.analysis.exploration.eigen import eigenvalues, squared_multiple_correlations
from loyaltysem.analysis.exploration.extraction import minimum_residuals, reduced_eigenvalues
from loyaltysem.analysis.exploration.items import ItemCorrelations, Missing, item_correlations
from loyaltysem.analysis.item_frame import Items
from loyaltysem.core.display import integer, number
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.parallel import generator, in_parallel
from loyaltysem.core.shown import Cells, Shown
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Indices
from loyaltysem.moments.categories import category_levels, code_categories
from loyaltysem.moments.ordered_correlations import ordered_correlations

Source: TypeAlias = Literal["normal", "permuted"]
Communalities: TypeAlias = Literal["minres", "smc"]
#: Samples drawn at a time.
CHUNK = 25


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ParallelAnalysis(Shown):
    """Observed eigenvalues beside simulated ones.

    Attributes
    ----------
    n_components : int
        Leading eigenvalues of R above their reference (Horn 1965).
    n_factors : int
        Leading eigenvalues of R with communalities on its diagonal above theirs.
    frame : DataFrame
        ``position``, and for ``component_`` and ``factor_``: ``observed``, ``mean`` and
        ``quantile`` of the samples, ``reference`` (what `criterion` says).
    criterion : float or None
        Percentile of the samples an eigenvalue has to pass; None for their mean.
    n_samples, n_obs : int
    source : {"normal", "permuted"}
    kind : {"Pearson", "polychoric", "given"}
    communalities : {"minres", "smc"}
    seed : int
    findings : tuple of Finding
    """

    n_components: int
    n_factors: int
    frame: pd.DataFrame
    criterion: float | None
    n_samples: int
    n_obs: int
    source: Source
    kind: str
    communalities: Communalities
    seed: int
    findings: tuple[Finding, ...] = ()

    @property
    def criterion_words(self) -> str:
        """What an eigenvalue has to pass."""
        if self.criterion is None:
            return "mean"
        return f"{self.criterion:g}th percentile"

    def _headline(self) -> list[str]:
        drawn = {"normal": "normal data", "permuted": "permuted answers"}[self.source]
        return [
            f"Parallel analysis: {self.n_factors} factor(s), {self.n_components} component(s)",
            f"{integer(self.n_samples)} samples of {drawn}, N = {integer(self.n_obs)}, "
            f"{self.criterion_words}, {self.kind} correlations, seed {self.seed}",
        ]

    def _cells(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        columns = (
            "component_observed",
            "component_reference",
            "factor_observed",
            "factor_reference",
        )
        rows = [
            (str(k), *(number(v, 3) for v in row))
            for k, row in enumerate(self.frame[list(columns)].to_numpy(), start=1)
        ]
        return ("", "component", "reference", "factor", "reference"), rows

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield "", self._cells()


def parallel_analysis(
    items: Items,
    *,
    n_samples: int = 500,
    percentile: float | None = 95.0,
    source: Source = "normal",
    polychoric: bool = False,
    communalities: Communalities = "minres",
    missing: Missing = "listwise",
    n_obs: int | None = None,
    seed: int = 1,
    n_jobs: int | None = None,
) -> ParallelAnalysis:
    """Say how many factors and components a set of items has.

    Parameters
    ----------
    items : DataFrame, Responses or array
        Answers, shape (N, p); or with `n_obs` their correlation or covariance matrix.
    n_samples : int
        Samples of unrelated items.
    percentile : float or None
        Percentile of the simulated eigenvalues an observed one has to pass; None takes their mean,
        as Horn (1965) did, which keeps too many factors now and then.
    source : {"normal", "permuted"}
        Draw normal data (cut at the items' thresholds for polychoric correlations), or shuffle
        every item's answers among respondents, which keeps their distributions.
    polychoric : bool
        Use polychoric correlations, of the data and of the samples.
    communalities : {"minres", "smc"}
        What stands on the diagonal for factors: communalities of one minres factor, as
        ``psych::fa.parallel`` has by default, or squared multiple correlations (Humphreys & Ilgen
        1969), its ``SMC=TRUE``.
    missing : {"listwise", "pairwise", "em"}
        See `efa`; samples under ``"em"`` are complete.
    n_obs : int, optional
        Cases behind a matrix.
    seed : int
    n_jobs : int, optional
        Workers; see `loyaltysem.core.parallel.in_parallel`. Results do not depend on it.

    Returns
    -------
    ParallelAnalysis

    Raises
    ------
    DataError
        The items cannot be correlated.
    IncompatibleRequestError
        A percentile outside 0 … 100, fewer than 2 samples, or permuted answers of a matrix.

    Notes
    -----
    ``psych::fa.parallel`` compares with means by default and resamples with replacement; observed
    eigenvalues agree (its ``pc.values`` and ``fa.values``), simulated ones within chance.
    Eigenvalues count up to the first that does not pass.

    Examples
    --------
    >>> r = np.kron(np.eye(2), np.full((4, 4), 0.5)) + 0.5 * np.eye(8)
    >>> found = parallel_analysis(r, n_obs=200, n_samples=50)
    >>> found.n_factors, found.n_components
    (2, 2)
    """
    _refuse(n_samples, percentile, source, communalities, matrix=n_obs is not None)
    observed = item_correlations(items, polychoric=polychoric, missing=missing, n_obs=n_obs)
    draws = _draws(observed, source, seed)
    task = partial(_simulated, draws, communalities, n_samples)
    keys = range(-(-n_samples // CHUNK))
    chunks = list(in_parallel(task, keys, "drawing unrelated items", n_jobs))
    simulated = [np.concatenate([chunk[k] for chunk in chunks]) for k in (0, 1)]
    own = eigenvalues(observed.r), _factor_eigenvalues(observed.r[None], communalities)[0]
    frame = pd.DataFrame({"position": np.arange(1, len(observed.r) + 1)})
    counts = []
    for name, values, sample in zip(("component", "factor"), own, simulated, strict=True):
        mean, quantile = sample.mean(axis=0), np.percentile(sample, percentile or 95.0, axis=0)
        reference = mean if percentile is None else quantile
        columns = {"observed": values, "mean": mean, "quantile": quantile, "reference": reference}
        for column, numbers in columns.items():
            frame[f"{name}_{column}"] = numbers
        counts.append(_leading(values > reference))
    return ParallelAnalysis(
        counts[0],
        counts[1],
        frame,
        percentile,
        n_samples,
        observed.n_obs,
        source,
        observed.label,
        communalities,
        seed,
        (*observed.findings, *_none(counts[1])),
    )


def _refuse(
    n_samples: int, percentile: float | None, source: str, communalities: str, matrix: bool
) -> None:
    problems = []
    if n_samples < 2:
        problems.append(("n_samples", f"needs 2 samples or more, found {n_samples}"))
    if percentile is not None and not 0 < percentile < 100:
        problems.append(("percentile", f"a percentile lies between 0 and 100, found {percentile}"))
    if source not in ("normal", "permuted"):
        problems.append(("source", f"source is 'normal' or 'permuted', found '{source}'"))
    if communalities not in ("minres", "smc"):
        problems.append(
            ("communalities", f"communalities are 'minres' or 'smc', found '{communalities}'")
        )
    if source == "permuted" and matrix:
        problems.append(("permuted_matrix", "a matrix has no answers to shuffle"))
    if problems:
        raise IncompatibleRequestError(
            f"Parallel analysis: {'; '.join(text for _, text in problems)}.",
            code=f"exploration.{problems[0][0]}",
            hint="Change what is named, or leave it at its default.",
        )


def _leading(passed: Array) -> int:
    """Count leading passes."""
    return int(np.logical_and.accumulate(passed).sum())


def _none(n_factors: int) -> tuple[Finding, ...]:
    if n_factors:
        return ()
    text = Text(
        "No factor passes: the items have no more in common than chance explains.",
        "没有因子通过检验：题项之间的共同性不超过随机水平。",
    )
    return (Finding("exploration.no_factor", text),)


def _factor_eigenvalues(r: Array, communalities: Communalities) -> Array:
    """Return eigenvalues of matrices (B, p, p) with communalities on their diagonals, (B, p)."""
    if communalities == "minres":
        return np.stack([reduced_eigenvalues(x, minimum_residuals(x, 1)) for x in r])
    eye = np.eye(r.shape[-1], dtype=np.bool_)
    return eigenvalues(np.where(eye, squared_multiple_correlations(r)[..., None], r))


@dataclass(frozen=True, slots=True)
class _Normal:
    """Draws normal data of the shape of the answers."""

    seed: int
    n_obs: int
    p: int

    def __call__(self, number: int) -> Array:
        rng = generator(self.seed, number)
        return np.asarray(np.corrcoef(rng.standard_normal((self.n_obs, self.p)), rowvar=False))


@dataclass(frozen=True, slots=True)
class _Permuted:
    """Shuffles every item's answers."""

    seed: int
    values: Array

    def __call__(self, number: int) -> Array:
        shuffled = generator(self.seed, number).permuted(self.values, axis=0)
        if np.isnan(shuffled).any():
            return pd.DataFrame(shuffled).corr().to_numpy(np.float64)
        return np.asarray(np.corrcoef(shuffled, rowvar=False))


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Draws ordered answers: shuffled ones, or normal ones cut at the items' thresholds."""

    seed: int
    codes: Array
    n_categories: Indices
    thresholds: tuple[Array, ...] | None

    def __call__(self, number: int) -> Array:
        rng = generator(self.seed, number)
        drawn = rng.permuted(self.codes, axis=0) if self.thresholds is None else self._cut(rng)
        return np.asarray(ordered_correlations(drawn[None], self.n_categories).rho[0])

    def _cut(self, rng: np.random.Generator) -> Array:
        z = rng.standard_normal(self.codes.shape)
        columns = zip(z.T, self.thresholds or (), strict=True)
        return np.column_stack([np.searchsorted(t, column) for column, t in columns]).astype(
            np.float64
        )


def _draws(observed: ItemCorrelations, source: Source, seed: int) -> Callable[[int], Array]:
    if observed.kind == "polychoric" and observed.values is not None:
        levels = category_levels(observed.values, np.ones(len(observed.names), dtype=np.bool_))
        codes = code_categories(observed.values, levels)
        counts = np.array([len(level) for level in levels], dtype=np.intp)
        thresholds = observed.thresholds if source == "normal" else None
        return _Ordered(seed, codes, counts, thresholds)
    if source == "permuted" and observed.values is not None:
        return _Permuted(seed, observed.values)
    return _Normal(seed, observed.n_obs, len(observed.r))


def _simulated(
    draw: Callable[[int], Array], communalities: Communalities, n_samples: int, chunk: int
) -> tuple[Array, Array]:
    """Return eigenvalues of one chunk of samples: of R, and of R with communalities."""
    numbers = range(chunk * CHUNK, min((chunk + 1) * CHUNK, n_samples))
    r = np.stack([draw(number) for number in numbers])
    return eigenvalues(r), _factor_eigenvalues(r, communalities)
