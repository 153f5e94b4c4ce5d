"""Dynamic cut-offs of fit indices: simulated for the model at hand, not taken from another one.

Conventional cut-offs come from one model with three factors and fifteen items (Hu & Bentler 1999).
Here data are drawn from the fitted model and from versions of it that are wrong by a known amount,
the model is fitted to all of them, and the cut-off is the value that tells the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from loyaltysem.analysis.cutoff_levels import Level, level_findings, misspecified_levels
from loyaltysem.core.display import bounded, integer
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.parallel import generator, in_parallel
from loyaltysem.core.shown import Cells, Shown
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.estimation.moment_fits import (
    NormalPopulation,
    bound_to,
    population_solution,
    solve_batch,
)
from loyaltysem.estimation.replication.request import checked_seed
from loyaltysem.estimation.replication.statistics import Baseline, baseline_of, statistics
from loyaltysem.estimation.solved import Solved
from loyaltysem.inference.equivalence import EquivalenceTest, equivalence_test
from loyaltysem.inference.tests_of_fit import TestStatistic
from loyaltysem.model.saturated_latents import with_latent_covariances
from loyaltysem.model.structure import compile_structure

INDICES = ("srmr", "rmsea", "cfi")
PRINTED = {"srmr": "SRMR", "rmsea": "RMSEA", "cfi": "CFI"}
#: Shares of misspecified and of correct models that a cut-off may get wrong, strictest first.
ERRORS = (0.05, 0.10)
#: Samples that share a random stream and are one piece of work; results depend on it.
BLOCK = 128
#: Pieces a level can have: keys of different levels do not meet.
KEYS_A_LEVEL = 1_000_000
FEWEST = 20


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FitCutoffs(Shown):
    """Dynamic cut-offs and what they say of a fit.

    Attributes
    ----------
    frame : DataFrame
        ``level added magnitude index cutoff error value met``, one row a level and index.
        `added` is what the population of this level has and the model has not, `magnitude` its
        standardised size. `cutoff` rejects all but 5 % (or, where that cannot be had, 10 %) of the
        samples of this level and keeps all but as many of the correct model's; `error` says which,
        NaN where neither can be had. `met`: whether the fit at hand is better than that, None
        without a cut-off.
    distributions : DataFrame
        ``level replicate srmr rmsea cfi``: every sample; level 0 is the correct model.
    levels : tuple of Level
        The populations.
    equivalence : EquivalenceTest
        T-size RMSEA and CFI with their adjusted bins.
    kind : str
        ``measurement`` or ``structural``.
    n_obs, replicates, seed : int
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    distributions: pd.DataFrame
    levels: tuple[Level, ...]
    equivalence: EquivalenceTest
    kind: str
    n_obs: int
    replicates: int
    seed: int
    findings: tuple[Finding, ...]

    def _title(self) -> str:
        return (
            f"Dynamic fit index cut-offs ({self.kind}), N = {integer(self.n_obs)}, "
            f"{integer(self.replicates)} samples a level"
        )

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        rows: list[tuple[str, ...]] = []
        for level, part in self.frame.groupby("level", sort=True):
            cells = [_cell(row) for row in part.to_dict("records")]
            first = part.iloc[0]
            rows.append((f"level {level}", first["added"], bounded(first["magnitude"]), *cells))
        values = [bounded(v) for v in self.frame["value"].iloc[: len(INDICES)]]
        rows.append(("this fit", "", "", *values))
        return ("", "added", "size", *(PRINTED[n] for n in INDICES)), rows

    def _notes(self) -> list[str]:
        e = self.equivalence
        rmsea_label = f" ({e.rmsea_label})" if e.rmsea_label else ""
        cfi_label = f" ({e.cfi_label})" if e.cfi_label else ""
        return [
            "Cut-offs err on 5% of correct and of misspecified samples, those marked † on 10%; "
            "“–”: the two cannot be told apart. ✓: this fit is better than the level.",
            f"Equivalence test (95%): RMSEA below {bounded(e.rmsea)}{rmsea_label}, "
            f"CFI above {bounded(e.cfi)}{cfi_label}.",
            *map(str, self.findings),
        ]

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield self._title(), self._table()


def _cell(row: Mapping[object, object]) -> str:
    if row["met"] is None:
        return "–"
    mark = "†" if row["error"] == ERRORS[1] else ""
    return f"{bounded(float(str(row['cutoff'])))}{mark}{' ✓' if row['met'] else '  '}"


def fit_cutoffs(
    fit: Solved,
    *,
    replicates: int = 500,
    seed: int = 1,
    misspecification: str = "measurement",
    n_jobs: int | None = None,
) -> FitCutoffs:
    """Simulate cut-offs of SRMR, RMSEA and CFI for a fitted model.

    Parameters
    ----------
    fit : SEMResult
        Of one group, continuous items.
    replicates : int
        Samples a level.
    seed : int
    misspecification : {"measurement", "structural"}
        ``measurement``: cross-loadings that the model lacks (several factors, first or second
        order), or residual correlations (one factor). ``structural``: disturbance correlations
        between the factors below a second-order factor.
    n_jobs : int, optional
        Workers; see `joblib.parallel_config`. The numbers do not depend on them.

    Returns
    -------
    FitCutoffs

    Raises
    ------
    IncompatibleRequestError
        When the model gives no room for misspecification, or the solution is improper.

    Notes
    -----
    Models of several factors (McNeish & Wolf, 2023): level k adds the first k cross-loadings, one
    fewer than there are factors. From each factor, in order of size, comes the item with the lowest
    loading; it loads as much on the most reliable other factor (coefficient H) as on its own.
    One factor (McNeish & Wolf, 2023b): a third, two thirds and all of the items get residual
    correlations of .3 in pairs. Second-order factors (McNeish & Manapat, 2024): as for several
    factors, with the correlations the model implies; structural levels correlate a third, two
    thirds and all of the disturbances by .5.

    A cut-off is the quantile that 5 % of the misspecified samples keep (SRMR and RMSEA from below,
    CFI from above), if no more than 5 % of the correct ones fail it; else the same with 10 %; else
    there is none. Sampling is normal; data are summarised by moments drawn from their exact
    (Wishart) distribution. N is the fit's. A model with regressions among factors is treated like
    one of second order. The R package ``dynamic`` differs in rounding loadings to four digits and
    in capping N at 2,000.

    References
    ----------
    McNeish, D., & Wolf, M. G. (2023). Dynamic fit index cutoffs for confirmatory factor analysis
    models. Psychological Methods, 28(1), 61–88.

    Examples
    --------
    >>> from loyaltysem.estimation.fit import cfa
    >>> rng = np.random.default_rng(1)
    >>> f = rng.normal(size=400)
    >>> items = pd.DataFrame({f"x{i}": f + rng.normal(size=400) for i in range(1, 7)})
    >>> found = fit_cutoffs(cfa("f =~ " + " + ".join(items), items), replicates=100)
    >>> [p.name for p in found.levels[2].added], found.levels[2].magnitude
    (['x3~~x2', 'x1~~x6'], 0.3)
    """
    if not isinstance(replicates, int | np.integer) or replicates < FEWEST:
        raise IncompatibleRequestError(
            f"replicates={replicates!r} are too few for quantiles at 5 %, or no whole number.",
            code="request.replicates",
            hint=f"Take at least {FEWEST}; 500 is usual.",
        )
    levels = misspecified_levels(fit, misspecification)
    seed = checked_seed(seed)
    samples = _simulated(fit, levels, replicates, seed, n_jobs)
    measures = fit.inference.measures
    values = {name: float(measures[name]) for name in INDICES}
    return FitCutoffs(
        _frame(levels, samples, values),
        _distributions(samples),
        levels,
        _equivalence(fit),
        misspecification,
        fit.n_obs,
        replicates,
        seed,
        (*level_findings(fit, levels, misspecification), *_failures(samples)),
    )


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Draws a block of samples of one level and solves them: the indices, shape (BLOCK, 3)."""

    model: BoundModel
    baseline: Baseline
    populations: tuple[NormalPopulation, ...]
    starts: tuple[Array, ...]
    df: int
    baseline_df: int
    seed: int

    def __call__(self, key: int) -> Array:
        level, names = key // KEYS_A_LEVEL, self.model.table.observed
        sample = self.populations[level].draw(generator(self.seed, key), BLOCK, names)
        model = bound_to(self.model, sample)
        found = solve_batch(model, self.starts[level])
        chisq, baseline, srmr, _ = statistics(model, found, self.baseline).T
        excess = np.maximum(chisq - self.df, 0.0)
        worst = np.maximum(np.maximum(baseline - self.baseline_df, excess), 1e-300)
        rmsea = np.sqrt(excess / (sample.weight * self.df))
        indices = np.stack([srmr, rmsea, 1.0 - excess / worst], axis=1)
        return np.where(found.converged[:, None], indices, np.nan)


def _simulated(
    fit: Solved, levels: Sequence[Level], replicates: int, seed: int, n_jobs: int | None
) -> list[Array]:
    """Return SRMR, RMSEA and CFI of every sample, (replicates, 3) a level; NaN where it failed."""
    blocks = -(-replicates // BLOCK)
    keys = [k * KEYS_A_LEVEL + b for k in range(len(levels)) for b in range(blocks)]
    task = _task(fit, levels, seed)
    found = list(in_parallel(task, keys, "dynamic cut-offs", n_jobs))
    return [
        np.concatenate(found[k * blocks : (k + 1) * blocks])[:replicates]
        for k in range(len(levels))
    ]


def _task(fit: Solved, levels: Sequence[Level], seed: int) -> _Blocks:
    """Lay out the work: ML of complete data, started from what each population tends to."""
    plan = replace(
        fit.plan, estimator="ML", se="standard", test="standard", information="expected",
        missing="listwise", likelihood="normal",
    )  # fmt: skip
    table = with_latent_covariances(fit.table)
    mu = (fit.inference.implied[0].moments.mu[0],)
    populations = tuple(NormalPopulation((x.sigma,), mu, (fit.n_obs,)) for x in levels)
    sample = populations[0].exact(table.observed)
    model = bind_model(plan, table, compile_structure(table), sample)
    baseline = baseline_of(table)
    return _Blocks(
        model,
        baseline,
        populations,
        tuple(population_solution(model, p)[1].alpha[0] for p in populations),
        fit.inference.fitted.test.df,
        model.n_moments - baseline.structure.n_free,
        seed,
    )


def _frame(
    levels: Sequence[Level], samples: Sequence[Array], values: Mapping[str, float]
) -> pd.DataFrame:
    rows = []
    for level, drawn in zip(levels[1:], samples[1:], strict=True):
        for j, name in enumerate(INDICES):
            cutoff, error = cut_off(samples[0][:, j], drawn[:, j], larger_is_better=name == "cfi")
            rows.append(
                {
                    "level": level.number,
                    "added": ", ".join(p.name for p in level.added[_before(levels, level) :]),
                    "magnitude": level.magnitude,
                    "index": name,
                    "cutoff": cutoff,
                    "error": error,
                    "value": values[name],
                    "met": _met(values[name], cutoff, name == "cfi"),
                }
            )
    return pd.DataFrame(rows)


def _before(levels: Sequence[Level], level: Level) -> int:
    """Return how much the level below has added."""
    return max(len(x.added) for x in levels if len(x.added) < len(level.added))


def cut_off(
    correct: Array, misspecified: Array, *, larger_is_better: bool = False
) -> tuple[float, float]:
    """Return the value that tells misspecified from correct samples, and the error it makes.

    Parameters
    ----------
    correct, misspecified : Array, shape (B,)
        An index in samples of both kinds; NaN is left out.
    larger_is_better : bool

    Returns
    -------
    cutoff, error : float
        Both NaN where even 10 % errors cannot be had.

    Examples
    --------
    >>> cut_off(np.linspace(0.01, 0.03, 100), np.linspace(0.04, 0.06, 100))
    (0.041, 0.05)
    >>> cut_off(np.linspace(0.01, 0.03, 100), np.linspace(0.02, 0.04, 100))
    (nan, nan)
    """
    sign = -1.0 if larger_is_better else 1.0
    for error in ERRORS:
        kept = float(np.nanquantile(sign * misspecified, error))
        if np.nanquantile(sign * correct, 1.0 - error) < kept:
            return sign * kept, error
    return float("nan"), float("nan")


def _met(value: float, cutoff: float, larger_is_better: bool) -> bool | None:
    if not np.isfinite(cutoff):
        return None
    return value > cutoff if larger_is_better else value < cutoff


def _distributions(samples: Sequence[Array]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(drawn, columns=list(INDICES)).assign(level=k, replicate=np.arange(len(drawn)))
        for k, drawn in enumerate(samples)
    ]
    return pd.concat(parts, ignore_index=True)[["level", "replicate", *INDICES]]


def _equivalence(fit: Solved) -> EquivalenceTest:
    measures, groups = fit.inference.measures, fit.table.n_groups
    user, baseline = (
        TestStatistic(float(measures[f"{x}chisq"]), int(measures[f"{x}df"]))
        for x in ("", "baseline_")
    )
    return equivalence_test(user, baseline, fit.sample.weight, groups)


def _failures(samples: Sequence[Array]) -> list[Finding]:
    failed = sum(int(np.isnan(drawn[:, 0]).sum()) for drawn in samples)
    if not failed:
        return []
    total = sum(len(drawn) for drawn in samples)
    return [
        Finding(
            "cutoffs.failed",
            Text(
                f"{failed} of {total} samples did not converge; they are left out.",
                f"{total} 个样本中有 {failed} 个未收敛，已剔除。",
            ),
            severity="warning" if failed > 0.05 * total else "note",
        )
    ]
