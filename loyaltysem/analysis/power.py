"""Power of a structural equation model: how many cases it takes to see an effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

import numpy as np

from loyaltysem.analysis.power_design import (
    PowerDesign,
    chosen,
    from_plan,
    make_design,
    parameters_of,
)
from loyaltysem.analysis.power_frames import (
    Analytic,
    analytic_powers,
    findings,
    fits_frame,
    is_null,
    parameter_frame,
    required_frame,
)
from loyaltysem.analysis.power_result import PowerAnalysis
from loyaltysem.analysis.power_samples import Cases, Samples, curve_of, simulated
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.types import Indices
from loyaltysem.estimation.population import (
    Categories,
    MissingRule,
    Shape,
    population,
    whole_numbers,
)
from loyaltysem.estimation.replication.quantities import Quantity
from loyaltysem.estimation.replication.request import checked_seed
from loyaltysem.estimation.solved import Solved
from loyaltysem.inference.power_curve import PowerCurve
from loyaltysem.model.population_text import analysis_text

METHODS = ("both", "simulated", "analytic")
#: Where a search for N starts when nothing else is known, and how many N it may add.
FIRST_N, ROUNDS = 200, 4
#: The search ends when an N this near to the one looked for (relative to it) has been simulated.
NEAR = 0.10
#: Fewest cases a variable: below this a search does not go.
CASES_A_VARIABLE = 3
LARGEST_N = 1_000_000
FEWEST = 20


def power(
    model: str | Solved,
    *,
    n: int | Sequence[int] | Indices | None = None,
    effect: str | Sequence[str] = (),
    target: float = 0.80,
    alpha: float = 0.05,
    replicates: int = 1000,
    seed: int = 1,
    method: str = "both",
    analysis: str | None = None,
    standardized: bool = False,
    groups: Sequence[str] | None = None,
    shares: Sequence[float] | None = None,
    skewness: Shape = None,
    kurtosis: Shape = None,
    categories: Categories = None,
    missing_data: MissingRule = None,
    n_jobs: int | None = None,
    **options: Any,
) -> PowerAnalysis:
    """Find the power of a model's tests, and the N they ask for.

    Parameters
    ----------
    model : str or SEMResult
        The population: a model text with a value for every parameter (as for `loyaltysem.simulate`)
        or a fitted model, whose estimates are taken for true.
    n : int, sequence or array of int, optional
        Cases in all groups together. Without it, or with one number, further N are looked for
        until the N for each `effect` that is not 0 in the population is bracketed.
    effect : str or sequence of str
        What the study is about: a label, ``"y~x"`` or a defined parameter. Without it all
        regressions and defined parameters are shown, and no further N are looked for.
    target, alpha : float
        Power asked for, and size of the (two-sided) tests.
    replicates : int
        Samples at each N.
    seed : int
    method : {"both", "simulated", "analytic"}
    analysis : str, optional
        The model fitted to the samples. By default the model text without its values: a number
        that is exactly 0 or 1 stays fixed, every other one is free; ``start(1)*x`` is free with the
        population value 1.
    standardized : bool
        The values are standardised: residual variances follow from them.
    groups, skewness, kurtosis, categories : optional
        The population's groups, shapes and categories, as for `loyaltysem.simulate`.
    shares : sequence of float, optional
        Part of the cases in each group; equal by default.
    missing_data : optional
        ``missing=`` of `loyaltysem.simulate`.
    n_jobs : int, optional
        Workers; see `joblib.parallel_config`. The numbers do not depend on them.
    **options
        How to fit: `estimator`, `missing`, `std_lv`, `group_equal` and others of `loyaltysem.sem`.

    Returns
    -------
    PowerAnalysis

    Raises
    ------
    IncompatibleRequestError, ModelSpecificationError, EstimationError
        When the request, the population or the model cannot be used.

    Notes
    -----
    Simulated power is the share of samples in which |estimate/SE| exceeds z; its curve over N is
    ``Φ(a + b√N)``, and the N for a power is read off that curve (interval by the delta method).
    Analytic power is that of the likelihood-ratio test with noncentrality N·F₀, F₀ the discrepancy
    of the model with the effect set to 0 fitted to the population's moments (Satorra & Saris,
    1985), always by normal-theory ML; tests of fit by RMSEA follow MacCallum et al. (1996). True
    values are those in the metric of the fitted model. Normal samples fitted by ML are drawn and
    solved together, by their moments; everything else is fitted one by one.

    References
    ----------
    Satorra, A., & Saris, W. E. (1985). Power of the likelihood ratio test in covariance structure
    analysis. Psychometrika, 50(1), 83–90.

    Examples
    --------
    >>> text = '''
    ... trust =~ 0.8*t1 + 0.7*t2 + 0.7*t3
    ... loyalty =~ 0.8*l1 + 0.8*l2 + 0.6*l3
    ... loyalty ~ 0.3*trust
    ... '''
    >>> found = power(text, n=[100, 200], effect="loyalty~trust", standardized=True, replicates=200)
    >>> found.frame.query("parameter == 'loyalty~trust'")["analytic"].round(3).tolist()
    [0.678, 0.929]
    >>> int(found.required["analytic"].iloc[0])
    134
    """
    design = _design(
        model, analysis, options,
        groups=groups, skewness=skewness, kurtosis=kurtosis, categories=categories,
        missing=missing_data, standardized=standardized,
    )  # fmt: skip
    effects = (effect,) if isinstance(effect, str) else tuple(effect)
    _check(method, target, alpha, replicates)
    seed = checked_seed(seed)
    named = chosen(design, effects)
    shown = named or _regressions(design)
    analytic = {} if method == "simulated" else analytic_powers(design, shown, alpha, target)
    start = _first_sizes(n, analytic, design)
    work = _Work(design, replicates, seed, n_jobs, _shares(shares, design))
    samples = [work.samples(size) for size in start] if method != "analytic" else []
    if samples and (n is None or len(start) == 1):
        real = [q for q in named if not is_null(design, q)]  # no N shows an effect of 0
        samples = _bracketed(work, real, samples, alpha, target)
    sizes = sorted({s.n_total for s in samples} or set(start))
    return PowerAnalysis(
        parameter_frame(design, samples, sizes, analytic, alpha, shown),
        fits_frame(design, samples, sizes, alpha),
        required_frame(design, samples, shown, analytic, alpha, target),
        design.plan.model,
        tuple(q.name for q in shown),
        alpha,
        target,
        replicates if samples else 0,
        seed,
        tuple(findings(design, samples, shown)),
    )


def _design(
    model: str | Solved, analysis: str | None, options: Mapping[str, object], **shape: Any
) -> PowerDesign:
    if isinstance(model, str):
        text = analysis_text(model) if analysis is None else analysis
        return make_design(population(model, **shape), text, options)
    if analysis is not None or options:
        raise IncompatibleRequestError(
            "A fitted model is analysed as it was fitted.",
            code="power.fitted",
            hint="Leave out analysis= and the options of the fit, or pass a model text.",
        )
    return from_plan(population(model, **shape), model.plan)


def _check(method: str, target: float, alpha: float, replicates: int) -> None:
    problems = [
        "" if method in METHODS else f"method={method!r} is none of {', '.join(METHODS)}.",
        "" if 0.0 < alpha < 1.0 else f"alpha={alpha} is no probability.",
        "" if alpha < target < 1.0 else f"target={target} does not lie between alpha and 1.",
        ""
        if isinstance(replicates, int | np.integer) and replicates >= FEWEST
        else f"replicates={replicates!r} is no whole number of {FEWEST} or more.",
    ]
    if any(problems):
        raise IncompatibleRequestError(
            " ".join(p for p in problems if p), code="power.request", hint="See help(ls.power)."
        )


def _regressions(design: PowerDesign) -> list[Quantity]:
    """Return what is shown where no effect is named: regressions and formulas, else loadings."""
    rows = design.truth.table.rows
    for wanted in ("~", "=~", "~~"):
        found = [
            q for q in parameters_of(design) if q.place >= len(rows) or rows[q.place].op == wanted
        ]
        if found:
            return found
    return parameters_of(design)


# Sizes


@dataclass(frozen=True, slots=True)
class _Work:
    """What a sample size needs to be simulated."""

    design: PowerDesign
    replicates: int
    seed: int
    n_jobs: int | None
    shares: tuple[float, ...]

    def samples(self, n: int) -> Samples:
        return simulated(self.design, self.cases(n), self.replicates, self.seed, self.n_jobs)

    def cases(self, n: int) -> Cases:
        """Split N over the groups; rounding goes to the first."""
        others = [round(n * s) for s in self.shares[1:]]
        return (n - sum(others), *others)


def _shares(shares: Sequence[float] | None, design: PowerDesign) -> tuple[float, ...]:
    count = len(design.population.labels)
    given = np.full(count, 1.0) if shares is None else np.asarray(shares, dtype=np.float64)
    if len(given) != count or not (given > 0).all():
        raise IncompatibleRequestError(
            f"shares={shares!r} does not give a positive part to each of {count} group(s).",
            code="power.shares",
            hint="Write shares=[0.6, 0.4], one number a group.",
        )
    return tuple((given / given.sum()).tolist())


def _first_sizes(
    n: int | Sequence[int] | Indices | None, analytic: Mapping[str, Analytic], design: PowerDesign
) -> tuple[int, ...]:
    if n is None:
        known = [a.n for a in analytic.values() if isfinite(a.n)]
        return (_possible(max(known, default=FIRST_N), design),)
    counts = whole_numbers(n)
    if counts is None:
        raise IncompatibleRequestError(
            f"n={n!r} holds what is no number of cases.",
            code="request.n",
            hint="Give one N or several: n=300, or n=[100, 200, 300].",
        )
    smallest = len(design.population.names) + 1
    if not counts or min(counts) <= smallest * len(design.population.labels):
        raise IncompatibleRequestError(
            f"n={n!r} is too few cases for {smallest - 1} variables"
            + (" in each group." if len(design.population.labels) > 1 else "."),
            code="power.n",
            hint="Give one N or several, each larger than the number of variables.",
        )
    return tuple(dict.fromkeys(counts))


def _possible(n: float, design: PowerDesign) -> int:
    """Round to an N that can be simulated."""
    fewest = CASES_A_VARIABLE * len(design.population.names) * len(design.population.labels)
    return int(min(max(round(n), fewest), LARGEST_N))


def _bracketed(
    work: _Work, effects: Sequence[Quantity], samples: list[Samples], alpha: float, target: float
) -> list[Samples]:
    """Add sizes until one near the N for each effect has been simulated."""
    names = [q.name for q in parameters_of(work.design)]
    for quantity in effects:
        column = names.index(quantity.name)
        for _ in range(ROUNDS):
            wanted = _next_size(curve_of(samples, column, alpha), samples, column, alpha, target)
            size = _possible(wanted, work.design)
            done = np.array([s.n_total for s in samples])
            if (np.abs(done - size) <= NEAR * size).any() and len(samples) > 1:
                break
            samples = [*samples, work.samples(size if size not in done else 2 * size)]
    return samples


def _next_size(
    curve: PowerCurve, samples: Sequence[Samples], column: int, alpha: float, target: float
) -> float:
    """Return where to look next; never more than fourfold away from what was simulated."""
    sizes = [s.n_total for s in samples]
    wanted = curve.required(target).n
    if isnan(wanted):  # all or none rejected
        weak = samples[-1].rejected(column, alpha).mean() < target
        return 4.0 * max(sizes) if weak else 0.25 * min(sizes)
    return float(np.clip(wanted, 0.25 * min(sizes), 4.0 * max(sizes)))
