"""Draw samples from a population: a data frame for a person, arrays for a thousand fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.threads import one_thread
from loyaltysem.core.types import Array
from loyaltysem.estimation.population import (
    Cases,
    Categories,
    MissingRule,
    Population,
    Shape,
    Thresholds,
    case_counts,
    population,
)
from loyaltysem.estimation.solved import Solved


def simulate(
    model: str | Solved | Population,
    n: Cases,
    *,
    seed: int | np.random.SeedSequence | np.random.Generator | None = None,
    groups: Sequence[str] | None = None,
    skewness: Shape = None,
    kurtosis: Shape = None,
    categories: Categories = None,
    missing: MissingRule = None,
    exact: bool = False,
    standardized: bool = False,
) -> pd.DataFrame:
    """Draw a sample from a population.

    Parameters
    ----------
    model : str, SEMResult or Population
        Model text with a value before each term (``trust =~ 0.8*t1 + 0.7*t2``,
        ``loyalty ~ 0.4*trust``, ``t1 | -1*t1 + 0.5*t2``, ``x ~ 3*1``, ``c(0.8, 0.6)*t1`` for two
        groups); or a fitted model, whose estimates are then the population.
    n : int, sequence or array of int, or mapping of str to int
        Cases: in each group, one number a group, or by group label.
    seed : int, SeedSequence or Generator, optional
        The same seed gives the same sample.
    groups : sequence of str, optional
        Labels of the groups. Not needed where `n` is a mapping, or where the text has ``group:``
        blocks or values for several groups, which are otherwise called "1", "2", ….
    skewness, kurtosis : float or mapping of str to float, optional
        Of all observed variables, or of some by name, the others having 0; kurtosis counts from 0
        (the normal). The distribution is then that of Vale & Maurelli (1983). Of ordered
        variables they shape the latent response.
    categories : mapping of str to sequence of float, optional
        Probabilities of the categories of items that are ordered and whose thresholds are not in
        the text. The thresholds are those that give these probabilities in the first group; they
        hold in all groups.
    missing : float or mapping, optional
        Expected share of answers missing completely at random, or
        ``{"share": 0.2, "predictor": "t1", "strength": 1.5, "items": ["t2", "t3"]}``: missing at
        random, the log-odds of a missing answer rising by `strength` with a standard deviation of
        the predictor, which stays complete. Without `items` all others lose answers.
    exact : bool
        Draw a sample whose means and covariances *are* the population's, covariances divided by
        N, so that ML estimates are the population values. For normal variables without
        categories and without missing answers.
    standardized : bool
        Compute residual variances so that every variable, latent ones included, has variance 1:
        loadings and coefficients are then standardised values and covariances of exogenous
        variables correlations. Every loading needs a value.

    Returns
    -------
    DataFrame
        One column a variable, in the order of the model; ordered ones hold 1, 2, …. With groups,
        their labels in the column ``group`` (or the one the fit had).

    Raises
    ------
    ModelSyntaxError, ModelSpecificationError
        When the text cannot be read, a parameter has no value, or no population has these values.
    IncompatibleRequestError
        When the options do not go together, a skewness has no such kurtosis, or variables of
        these shapes cannot correlate so.
    DataError
        When `n` does not fit the groups.

    Notes
    -----
    Parameters without a value are: the first loading of each latent variable 1 (as in `sem`),
    variances 1, the residual variance of a latent variable's only indicator 0 (as in `sem`),
    covariances, means and intercepts 0. Everything else that is written needs a value, where
    lavaan's ``simulateData`` takes 1 for loadings and 0 for regressions. ``start(0.8)`` counts as a
    value. The latent response of an ordered variable has variance 1 given the observed
    predictors, as under the delta parameterisation, unless its residual variance or its scale
    ``~*~`` is written.

    The implied moments are those of ``simulateData`` where both define them. Under
    ``standardized=True`` lavaan (0.6) takes the residual variance of a latent variable at the end
    of a chain of regressions too large, so that its variance is above 1; here it is 1.

    A sample of a fitted model has the means of its data where the model has none, and draws
    fixed predictors anew from their sample moments.

    References
    ----------
    Fleishman (1978); Vale & Maurelli (1983).

    Examples
    --------
    >>> text = '''
    ... trust   =~ 0.8*t1 + 0.7*t2 + 0.7*t3
    ... loyalty =~ 0.9*l1 + 0.8*l2 + 0.7*l3
    ... loyalty ~ 0.5*trust
    ... '''
    >>> frame = simulate(text, 300, seed=1, standardized=True)
    >>> frame.shape
    (300, 6)
    >>> exact = simulate(text, 300, exact=True, standardized=True)
    >>> round(float(exact["t1"].corr(exact["l1"])), 3)  # 0.8 × 0.5 × 0.9
    0.36
    """
    source = _population(
        model,
        groups=_labels(n) if groups is None and isinstance(model, str) else groups,
        skewness=skewness,
        kurtosis=kurtosis,
        categories=categories,
        missing=missing,
        standardized=standardized,
    )
    counts = case_counts(n, source.labels)
    rng = _stream(seed)
    values = draw_exact(source, counts, rng) if exact else draw(source, counts, rng)
    return _frame(source, [v[0] for v in values])


def draw(
    population: Population, n: int | Sequence[int], rng: np.random.Generator, size: int = 1
) -> tuple[Array, ...]:
    """Draw many samples at once.

    Parameters
    ----------
    population : Population
    n : int or sequence of int
        Cases in each group.
    rng : Generator
    size : int
        Samples (B).

    Returns
    -------
    tuple of Array, each (B, N_g, p)
        One a group. NaN where an answer is missing, 1, 2, … where a variable is ordered.

    Notes
    -----
    All numbers come from one stream of standard normal ones, sample after sample: two calls for
    B₁ and B₂ samples with one generator give the same as one call for B₁ + B₂.

    Examples
    --------
    >>> from loyaltysem.estimation.population import population
    >>> source = population("f =~ 0.8*x1 + 0.7*x2 + 0.6*x3", standardized=True)
    >>> [values.shape for values in draw(source, 200, np.random.default_rng(1), size=50)]
    [(50, 200, 3)]
    """
    counts = case_counts(n, population.labels)
    p = len(population.names)
    widths = [p + (0 if m is None else len(m.items)) for m in population.missing]
    ends = np.cumsum([count * width for count, width in zip(counts, widths, strict=True)])
    z = rng.standard_normal((size, int(ends[-1])))
    samples: list[Array] = []
    for g, part in enumerate(np.split(z, ends[:-1], axis=1)):
        at = counts[g] * p
        normal = part[:, :at].reshape(size, counts[g], p)
        with one_thread():
            values = population.distribution[g].values(normal)
        categorise(values, population.names, population.thresholds[g])
        mechanism = population.missing[g]
        if mechanism is not None:
            mechanism.apply(values, part[:, at:].reshape(size, counts[g], -1))
        samples.append(values)
    return tuple(samples)


def draw_exact(
    population: Population, n: int | Sequence[int], rng: np.random.Generator
) -> tuple[Array, ...]:
    """Draw one sample whose moments are the population's, covariances divided by N.

    Returns
    -------
    tuple of Array, each (1, N_g, p)

    Raises
    ------
    IncompatibleRequestError
        When the population is not normal, has ordered variables or missing answers, or there are
        no more cases than variables.

    Notes
    -----
    Standard normal numbers are centred and made orthonormal (QR), so that only their directions
    are random.
    """
    counts = case_counts(n, population.labels)
    p = len(population.names)
    _check_exact(population, counts)
    samples: list[Array] = []
    for count, distribution in zip(counts, population.distribution, strict=True):
        z = rng.standard_normal((count, p))
        basis, _ = np.linalg.qr(z - z.mean(axis=0))
        basis -= basis.mean(axis=0)
        samples.append(distribution.values(basis * np.sqrt(count))[None])
    return tuple(samples)


def _check_exact(population: Population, counts: Sequence[int]) -> None:
    problems = [
        "has skewness or kurtosis" if not population.distribution[0].is_normal else "",
        "has ordered variables" if population.ordered else "",
        "has missing answers" if population.missing[0] is not None else "",
        "has as many variables as cases" if min(counts) <= len(population.names) else "",
    ]
    if any(problems):
        raise IncompatibleRequestError(
            f"A sample cannot have the population's moments exactly when it "
            f"{' and '.join(p for p in problems if p)}.",
            code="request.exact",
            hint="Leave out exact=True, or what stands against it.",
        )


def categorise(values: Array, names: Sequence[str], thresholds: Thresholds) -> None:
    """Replace latent responses by the number of their category, in place, in `values` (B, N, p).

    A response on a threshold belongs to the category below it.
    """
    if not thresholds:
        return
    cuts = np.full((max(map(len, thresholds.values())), len(names)), np.inf)
    for name, own in thresholds.items():
        cuts[: len(own), names.index(name)] = own
    category = np.ones(values.shape, dtype=np.int8)  # a byte: an eighth of the memory to go through
    for cut in cuts:
        category += (values > cut).view(np.int8)
    np.copyto(values, category, where=np.isin(names, list(thresholds)))


def _population(model: str | Solved | Population, **options: Any) -> Population:
    if isinstance(model, Population):
        if any(options.values()):
            given = ", ".join(k for k, v in options.items() if v)
            raise IncompatibleRequestError(
                f"A population is given with all its properties; {given} cannot be added.",
                code="request.fitted_population",
                hint="Pass them to population(), or pass the model text.",
            )
        return model
    return population(model, **options)


def _stream(seed: Any) -> np.random.Generator:
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise IncompatibleRequestError(
            f"seed={seed!r} is no seed.",
            code="request.seed",
            hint="Give a whole number of zero or above, or leave it out for a fresh one.",
        ) from error


def _labels(n: Cases) -> tuple[str, ...] | None:
    """Return the groups that the numbers of cases speak of."""
    if isinstance(n, Mapping):
        return tuple(str(k) for k in n)
    if isinstance(n, Sequence | np.ndarray) and not isinstance(n, str) and len(n) > 1:
        return tuple(str(g + 1) for g in range(len(n)))
    return None


def _frame(source: Population, values: Sequence[Array]) -> pd.DataFrame:
    frame = pd.DataFrame(np.concatenate(values), columns=list(source.names))
    whole = [n for n in source.ordered if frame[n].notna().all()]
    frame = frame.astype(dict.fromkeys(whole, np.int64))
    if len(source.labels) == 1:
        return frame
    member = np.repeat(np.array(source.labels, dtype=object), [len(v) for v in values])
    return frame.assign(**{source.group: member})
