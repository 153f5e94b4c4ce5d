"""A population to draw samples from: means, covariances, thresholds, shapes, missing answers.

It is given by a model text whose parameters have values, or by a fitted model's estimates.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.errors import (
    DataError,
    IncompatibleRequestError,
    ModelSpecificationError,
    did_you_mean,
)
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.implied import implied
from loyaltysem.estimation.distribution import Distribution, make_distribution, shape_values
from loyaltysem.estimation.missingness import Mechanism, Missing, make_mechanism, read_missing
from loyaltysem.estimation.population_values import (
    Values,
    defined_values,
    group_labels,
    population_values,
)
from loyaltysem.estimation.solved import Solved
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.syntax import parse
from loyaltysem.model.variables import roles

Shape: TypeAlias = float | Mapping[str, float] | None
Categories: TypeAlias = Mapping[str, Sequence[float]] | None
MissingRule: TypeAlias = float | Mapping[str, object] | Missing | None
Cases: TypeAlias = int | Sequence[int] | Indices | Mapping[str, int]
Thresholds: TypeAlias = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Everything that samples depend on, besides their size and the seed.

    Attributes
    ----------
    names : tuple of str
        Observed variables (p).
    labels : tuple of str
        Groups (G); ``("",)`` without groups.
    mu : tuple of Array, each (p,)
    sigma : tuple of Array, each (p, p)
        Of the latent responses where a variable is ordered.
    thresholds : tuple of mapping
        For each group, ordered variables with their thresholds, in increasing order.
    distribution : tuple of Distribution
        Normal, or of Vale and Maurelli's kind, with these means and covariances.
    missing : tuple of Mechanism or None
        By which rule answers go missing.
    parameters : DataFrame
        ``lhs op rhs group label value``: the true values, defined parameters last, with group 0.
    group : str
        Name of the column that tells groups apart.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    mu: tuple[Array, ...]
    sigma: tuple[Array, ...]
    thresholds: tuple[Thresholds, ...]
    distribution: tuple[Distribution, ...]
    missing: tuple[Mechanism | None, ...]
    parameters: pd.DataFrame = field(repr=False)
    group: str = "group"

    @property
    def ordered(self) -> tuple[str, ...]:
        """Variables that are answered in categories."""
        return tuple(n for n in self.names if n in self.thresholds[0])


@dataclass(frozen=True, slots=True)
class _Moments:
    """What a text or a fit says, before shapes and missing answers."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    mu: tuple[Array, ...]
    sigma: tuple[Array, ...]
    thresholds: tuple[Thresholds, ...]
    table: ParameterTable
    theta: Array
    group: str


def population(
    model: str | Solved,
    *,
    groups: Sequence[str] | None = None,
    skewness: Shape = None,
    kurtosis: Shape = None,
    categories: Categories = None,
    missing: MissingRule = None,
    standardized: bool = False,
) -> Population:
    """Make a population from a model.

    Parameters are those of `loyaltysem.simulate`.

    Returns
    -------
    Population

    Examples
    --------
    >>> found = population("trust =~ 0.8*t1 + 0.7*t2 + 0.6*t3", standardized=True)
    >>> found.sigma[0].round(2).tolist()
    [[1.0, 0.56, 0.48], [0.56, 1.0, 0.42], [0.48, 0.42, 1.0]]
    """
    if isinstance(model, str):
        moments = _from_text(model, groups, _shares(categories, model), standardized)
    elif not isinstance(model, Solved):
        raise IncompatibleRequestError(
            f"A population is a model text or a fitted model, not {type(model).__name__}.",
            code="request.model",
            hint='Write the model between triple quotes, a value before each term: "y ~ 0.4*x".',
        )
    else:
        moments = _from_fit(model, groups, categories, standardized)
    names = moments.names
    _check_group_column(moments)
    third, fourth = _shapes(skewness, kurtosis, names)
    distribution = tuple(
        make_distribution(names, mu, sigma, third, fourth)
        for mu, sigma in zip(moments.mu, moments.sigma, strict=True)
    )
    cuts = _cuts(distribution[0], names, categories or {})
    thresholds = tuple({**own, **cuts} for own in moments.thresholds)
    rule = read_missing(missing, names)
    return Population(
        names=names,
        labels=moments.labels,
        mu=moments.mu,
        sigma=moments.sigma,
        thresholds=thresholds,
        distribution=distribution,
        missing=tuple(
            _mechanism(rule, names, d, t) for d, t in zip(distribution, thresholds, strict=True)
        ),
        parameters=_parameters(moments, cuts),
        group=moments.group,
    )


def _check_group_column(moments: _Moments) -> None:
    if len(moments.labels) > 1 and moments.group in moments.names:
        raise IncompatibleRequestError(
            f"The model has a variable '{moments.group}', which is the name of the column that "
            "tells the groups apart.",
            code="request.groups",
            hint="Give the variable another name.",
        )


# ------------------------------------------------------------------------------ the moments


def _from_text(
    text: str,
    groups: Sequence[str] | None,
    categories: Mapping[str, int],
    standardized: bool,
) -> _Moments:
    statements = parse(text)
    labels = group_labels(statements) if groups is None else tuple(str(g) for g in groups)
    if len(set(labels)) != len(labels) or not labels:
        raise IncompatibleRequestError(
            f"The groups are {', '.join(labels) or 'none'}; each needs a label of its own.",
            code="request.groups",
            hint="Write groups=['new', 'old'], or n={'new': 300, 'old': 300}.",
        )
    found = population_values(statements, labels, categories, standardized)
    moments = _moments(found, labels, "group")
    if not all(np.isfinite(sigma).all() for sigma in moments.sigma):
        raise ModelSpecificationError(
            "The regressions form a loop in which effects grow without end, so no population has "
            "these values.",
            code="population.loop",
            hint="The product of the coefficients along a loop must not be 1; make them smaller.",
        )
    return moments


def _moments(found: Values, labels: tuple[str, ...], group: str) -> _Moments:
    at = [implied(block, found.theta[None]).moments for block in found.structure.blocks]
    return _Moments(
        found.table.observed,
        labels,
        tuple(m.mu[0] for m in at),
        tuple(m.sigma[0] for m in at),
        _written_thresholds(found.table, found.theta),
        found.table,
        found.theta,
        group,
    )


def _from_fit(
    fit: Solved, groups: Sequence[str] | None, categories: Categories, standardized: bool
) -> _Moments:
    """Take the estimates of a fit; means it does not model are those of its data."""
    if groups is not None or categories or standardized:
        raise IncompatibleRequestError(
            "A fitted model has its own groups, categories and values.",
            code="request.fitted_population",
            hint="Leave out groups=, categories= and standardized=.",
        )
    if not fit.converged:
        raise IncompatibleRequestError(
            "The fit did not converge, so its estimates are no population.",
            code="request.fitted_population",
            hint="See fit.findings.",
        )
    values = Values(fit.table, fit.structure, fit.inference.rows.value)
    found = _moments(values, fit.groups or ("",), fit.plan.group or "group")
    if fit.table.defaults.meanstructure:
        return found
    means = tuple(mean[0] for mean in fit.sample.mean)
    return _Moments(
        found.names, found.labels, means, found.sigma, found.thresholds, found.table,
        found.theta, found.group,
    )  # fmt: skip


def _written_thresholds(table: ParameterTable, theta: Array) -> tuple[Thresholds, ...]:
    """Collect thresholds group by group, and refuse those that are not in increasing order."""
    result: list[Thresholds] = []
    for group in range(1, table.n_groups + 1):
        cuts: dict[str, list[tuple[int, float]]] = {}
        for row, value in zip(table.rows, theta.tolist(), strict=True):
            if row.op == "|" and row.group == group and value == value:
                cuts.setdefault(row.lhs, []).append((int(row.rhs[1:]), value))
        ordered = {n: tuple(v for _, v in sorted(found)) for n, found in cuts.items()}
        for name, values in ordered.items():
            _check_increasing(name, values)
        result.append(ordered)
    return tuple(result)


def _check_increasing(name: str, values: Sequence[float]) -> None:
    if any(b <= a for a, b in itertools.pairwise(values)):
        raise ModelSpecificationError(
            f"The thresholds of '{name}' do not increase: {', '.join(f'{v:g}' for v in values)}.",
            code="population.thresholds",
            hint=f"Write  {name} | -1*t1 + 0.5*t2  with increasing numbers.",
        )


# ------------------------------------------------------------------------------- the shapes


def _shapes(
    skewness: Shape, kurtosis: Shape, names: Sequence[str]
) -> tuple[Array | None, Array | None]:
    """Read skewness and kurtosis; where only one is given the other is 0."""
    third = shape_values("skewness", skewness, names)
    fourth = shape_values("kurtosis", kurtosis, names)
    if third is None and fourth is None:
        return None, None
    zero = np.zeros(len(names))
    return zero if third is None else third, zero if fourth is None else fourth


def _shares(categories: Categories, text: str) -> dict[str, int]:
    """Check the probabilities of `categories` and return how many thresholds each gives."""
    if not categories:
        return {}
    if not isinstance(categories, Mapping):
        raise _categories_error(f"categories={categories!r} does not say which items.")
    role = roles(parse(text))
    known = [n for n in role.observed if n not in role.exogenous_observed]
    problems = [p for n, shares in categories.items() if (p := _share_problem(n, shares, known))]
    if problems:
        raise _categories_error(" ".join(problems))
    return {name: len(shares) - 1 for name, shares in categories.items()}


def _categories_error(message: str) -> IncompatibleRequestError:
    return IncompatibleRequestError(
        message,
        code="request.categories",
        hint="Write categories={'t1': [0.1, 0.2, 0.4, 0.2, 0.1]}: one probability a category.",
    )


def _share_problem(name: str, shares: Sequence[float], known: Sequence[str]) -> str:
    if name not in known:
        return (
            f"categories names '{name}', which is no observed variable that the model explains. "
            f"{did_you_mean(name, known)}"
        ).rstrip()
    numbers = np.atleast_1d(np.asarray(shares, dtype=np.float64))
    if len(numbers) < 2 or not (numbers > 0).all() or abs(numbers.sum() - 1) > 1e-6:
        return f"The probabilities of '{name}' must be two or more, positive, and sum to 1."
    return ""


def _cuts(
    distribution: Distribution, names: Sequence[str], categories: Mapping[str, Sequence[float]]
) -> dict[str, tuple[float, ...]]:
    """Return the thresholds at which the first group answers with the given probabilities."""
    cuts: dict[str, tuple[float, ...]] = {}
    for name, shares in categories.items():
        below = np.cumsum(np.asarray(shares, dtype=np.float64))[:-1]
        cuts[name] = tuple(distribution.quantiles(names.index(name), below).tolist())
    return cuts


def _mechanism(
    rule: Missing | None, names: Sequence[str], distribution: Distribution, cuts: Thresholds
) -> Mechanism | None:
    if rule is None:
        return None
    if not rule.predictor:
        return make_mechanism(rule, names, None)
    marginal = distribution.marginal(names.index(rule.predictor))
    if rule.predictor in cuts:
        category = np.searchsorted(np.array(cuts[rule.predictor]), marginal)
        marginal = 1.0 + category.astype(np.float64)
    return make_mechanism(rule, names, marginal)


def _parameters(moments: _Moments, cuts: Thresholds) -> pd.DataFrame:
    """Return the true values as a table."""
    theta = moments.theta.copy()
    for i, row in enumerate(moments.table.rows):
        if row.op == "|" and row.lhs in cuts:
            theta[i] = cuts[row.lhs][int(row.rhs[1:]) - 1]
    table = moments.table
    rows = [(r.lhs, r.op, r.rhs, r.group, r.label) for r in table.rows]
    rows += [(d.name, ":=", d.text, 0, d.name) for d in table.defined]
    frame = pd.DataFrame(rows, columns=["lhs", "op", "rhs", "group", "label"])
    return frame.assign(value=np.concatenate([theta, defined_values(table, theta)]))


def whole_numbers(n: object) -> list[int] | None:
    """Return positive whole numbers given as one or as several, None where some are not.

    Examples
    --------
    >>> whole_numbers(5), whole_numbers(np.arange(100, 301, 100)), whole_numbers([5, 2.5])
    ([5], [100, 200, 300], None)
    """
    found: list[object] = [n]
    if isinstance(n, Sequence | np.ndarray) and not isinstance(n, str):
        found = list(n)
    numbers = [int(x) for x in found if isinstance(x, int | np.integer) and x is not True and x > 0]
    return numbers if len(numbers) == len(found) else None


def case_counts(n: Cases, labels: Sequence[str]) -> list[int]:
    """Return the cases of each group.

    Parameters
    ----------
    n : int, sequence or mapping
        For each group, or one a group, or by label.
    labels : sequence of str

    Raises
    ------
    DataError
        When a group has no number, or a number is no positive whole one.
    """
    if isinstance(n, Mapping):
        by_label = {str(k): v for k, v in n.items()}
        counts = whole_numbers([by_label.get(label) for label in labels])
        fits = set(by_label) == set(labels)
    else:
        counts = whole_numbers(n)
        if counts and not isinstance(n, Sequence | np.ndarray):
            counts = counts * len(labels)
        fits = counts is not None and len(counts) == len(labels)
    if not fits or counts is None:
        named = f" for the groups {', '.join(map(repr, labels))}" if len(labels) > 1 else ""
        raise DataError(
            f"n={n!r} does not say how many cases to draw{named}.",
            code="request.n",
            hint="Write n=500, or with groups n={'new': 300, 'old': 200} or n=[300, 200].",
        )
    return counts
