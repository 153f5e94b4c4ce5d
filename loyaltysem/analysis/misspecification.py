"""Populations that a model gets wrong by a known amount, for cut-offs of fit indices.

What is added to the fitted model, and where, follows McNeish and Wolf (2023a, 2023b) and McNeish
and Manapat (2024): cross-loadings in models of several factors, residual correlations in models of
one, disturbance correlations between the factors below a second-order factor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from loyaltysem.core.types import Array

#: Residual correlation of one-factor models, disturbance correlation of second-order ones.
ITEM_CORRELATION, FACTOR_CORRELATION = 0.3, 0.5
#: Share of the largest admissible cross-loading that is used.
MARGIN = 0.95
#: Fewest items of a factor that is asked for a cross-loading before others.
WELL_MEASURED = 3
TOLERANCE, MAX_ITERATIONS = 1e-12, 1000


@dataclass(frozen=True, slots=True)
class Path:
    """A loading, regression or (residual) correlation of the standardised model."""

    lhs: str
    op: str
    rhs: str
    value: float

    @property
    def name(self) -> str:
        """The parameter as one writes it."""
        return f"{self.lhs}{self.op}{self.rhs}"


@dataclass(frozen=True, slots=True)
class StandardModel:
    """A model in which every variable has variance 1.

    Attributes
    ----------
    observed, latent : tuple of str
    paths : tuple of Path
        ``=~``, ``~`` and off-diagonal ``~~``, standardised; correlations of residuals are
        correlations.
    """

    observed: tuple[str, ...]
    latent: tuple[str, ...]
    paths: tuple[Path, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Observed variables, then latent ones."""
        return (*self.observed, *self.latent)

    @property
    def loadings(self) -> tuple[Path, ...]:
        """The ``=~`` paths."""
        return tuple(p for p in self.paths if p.op == "=~")

    @property
    def second_order(self) -> tuple[str, ...]:
        """Latent variables measured by other latent variables."""
        above = {p.lhs for p in self.loadings if p.rhs in self.latent}
        return tuple(n for n in self.latent if n in above)

    @property
    def factors(self) -> tuple[str, ...]:
        """First-order factors with two items or more; one item tells nothing about its error."""
        counts = Counter(p.lhs for p in self.loadings if p.rhs in self.observed)
        return tuple(n for n in self.latent if counts[n] > 1 and n not in self.second_order)

    def with_paths(self, paths: Iterable[Path]) -> StandardModel:
        """Return the model with more paths; its variances stay 1."""
        return StandardModel(self.observed, self.latent, (*self.paths, *paths))

    def correlation(self) -> Array | None:
        """Return the correlations of all `names` (v, v), or None where they cannot exist.

        Notes
        -----
        ``R = (I − A)⁻¹ D C D (I − A)⁻ᵀ`` with C the correlations of exogenous variables and
        residuals and D their standard deviations, moved until diag R = 1.
        """
        effects, residual = self._matrices()
        size = len(effects)
        spread = np.linalg.inv(np.eye(size) - effects)
        variance = np.maximum(1.0 - (effects**2).sum(axis=1), 0.1)
        for _ in range(MAX_ITERATIONS):
            d = np.sqrt(variance)
            r = spread @ (d[:, None] * residual * d) @ spread.T
            gap = 1.0 - np.diagonal(r)
            if np.abs(gap).max() < TOLERANCE:
                return np.asarray(r) if self._possible(r) else None
            variance = variance + gap
            if (variance < -TOLERANCE).any():
                return None
            variance = np.maximum(variance, 0.0)
        return None

    def _possible(self, r: Array) -> bool:
        """Tell whether cases can be drawn; a latent variable may equal its one item."""
        p = len(self.observed)
        return bool(np.linalg.eigvalsh(r[:p, :p])[0] > TOLERANCE)

    def _matrices(self) -> tuple[Array, Array]:
        """Return effects (v, v), row caused by column, and correlations of what remains."""
        place = {n: i for i, n in enumerate(self.names)}
        effects, residual = np.zeros((len(place),) * 2), np.eye(len(place))
        for p in self.paths:
            i, j = place[p.lhs], place[p.rhs]
            if p.op == "=~":
                effects[j, i] = p.value
            elif p.op == "~":
                effects[i, j] = p.value
            else:
                residual[i, j] = residual[j, i] = p.value
        return effects, residual


def construct_reliability(model: StandardModel, factor: str) -> float:
    """Return coefficient H of a factor (Hancock & Mueller 2001), ``1/(1 + 1/Σ λ²/(1 − λ²))``."""
    squares = [p.value**2 for p in model.loadings if p.lhs == factor]
    total = sum(s / max(1.0 - s, 1e-12) for s in squares)
    return total / (1.0 + total)


def cross_loadings(model: StandardModel) -> tuple[Path, ...]:
    """Return the cross-loadings to add, one more a level.

    Parameters
    ----------
    model : StandardModel
        With two factors or more.

    Returns
    -------
    tuple of Path
        At most one fewer than there are factors.

    Notes
    -----
    From every factor the item with the lowest loading that loads on nothing else and has no
    correlated residual, items of factors with three or more items first, then the lowest loadings.
    Each goes to the factor with the highest coefficient H; a pair of factors is used once. The
    cross-loading equals the item's own loading λ, or 95 % of the largest that leaves it a positive
    residual variance: ``sqrt(λ²φ² + 1 − λ²) − |λφ|``, φ the correlation of the two factors.
    """
    correlation = model.correlation()
    if correlation is None:
        return ()
    place = {n: i for i, n in enumerate(model.names)}
    weakest = _weakest_items(model)[: len(model.factors) - 1]
    targets = _targets(model, sorted(weakest, key=lambda p: abs(p.value)))
    return tuple(
        Path(targets[own.rhs], "=~", own.rhs, _admissible(own.value, float(phi)))
        for own in weakest
        for phi in (correlation[place[own.lhs], place[targets[own.rhs]]],)
    )


def _weakest_items(model: StandardModel) -> list[Path]:
    """Return every factor's weakest free item, in the order they are asked."""
    counts = Counter(p.lhs for p in model.loadings)
    weakest = []
    for factor in model.factors:
        items = [p for p in _simple_loadings(model) if p.lhs == factor]
        if items:
            weakest.append(min(items, key=lambda p: abs(p.value)))
    return sorted(weakest, key=lambda p: (counts[p.lhs] < WELL_MEASURED, abs(p.value)))


def _simple_loadings(model: StandardModel) -> list[Path]:
    """Return loadings of items that load once and have no correlated residual."""
    loads = Counter(p.rhs for p in model.loadings)
    tied = {n for p in model.paths if p.op == "~~" for n in (p.lhs, p.rhs)}
    factors, observed = frozenset(model.factors), frozenset(model.observed) - tied
    return [
        p for p in model.loadings if p.lhs in factors and p.rhs in observed and loads[p.rhs] == 1
    ]


def _targets(model: StandardModel, items: Sequence[Path]) -> dict[str, str]:
    """Say which factor every item is to load on too; no pair of factors is used twice."""
    reliability = {f: construct_reliability(model, f) for f in model.factors}
    used: set[frozenset[str]] = set()
    targets = {}
    for own in items:
        others = [f for f in model.factors if f != own.lhs and frozenset((f, own.lhs)) not in used]
        targets[own.rhs] = max(others, key=lambda f: reliability[f])
        used.add(frozenset((own.lhs, targets[own.rhs])))
    return targets


def _admissible(own: float, phi: float) -> float:
    largest = sqrt(own**2 * phi**2 + 1.0 - own**2) - abs(own * phi)
    return min(abs(own), MARGIN * largest)


def residual_correlations(
    parts: Sequence[Path], value: float
) -> tuple[tuple[Path, ...], tuple[int, ...]]:
    """Pair the parts of a factor, lowest loadings first, and say how many pairs each level has.

    Parameters
    ----------
    parts : sequence of Path
        Loadings of what may be paired.
    value : float
        Correlation of their residuals.

    Returns
    -------
    pairs : tuple of Path
    counts : tuple of int
        Pairs of each level: a third, two thirds and all of them; of four parts one pair, of five
        one and two; empty with fewer.

    Examples
    --------
    >>> six = [Path("f", "=~", f"x{i}", i / 10) for i in (4, 8, 5, 6, 7, 9)]
    >>> pairs, counts = residual_correlations(six, 0.3)
    >>> [p.name for p in pairs], counts
    (['x4~~x5', 'x6~~x7', 'x8~~x9'], (1, 2, 3))
    """
    ordered = sorted(parts, key=lambda p: abs(p.value))
    n = len(ordered)
    half = n // 2
    counts = {4: (1,), 5: (1, 2)}.get(n, (half // 3, 2 * half // 3, half) if n > 5 else ())
    pairs = zip(ordered[0::2], ordered[1::2], strict=False)
    found = tuple(Path(a.rhs, "~~", b.rhs, value) for a, b in pairs)
    return found[: max(counts, default=0)], counts


def item_pairs(model: StandardModel) -> tuple[tuple[Path, ...], tuple[int, ...]]:
    """Return residual correlations of .3 between the items of a one-factor model."""
    return residual_correlations(_simple_loadings(model), ITEM_CORRELATION)


def factor_pairs(model: StandardModel) -> tuple[tuple[Path, ...], tuple[int, ...]]:
    """Return disturbance correlations of .5 between factors below the second-order factors."""
    tied = {n for p in model.paths if p.op == "~~" for n in (p.lhs, p.rhs)}
    loads = Counter(p.rhs for p in model.loadings)
    free = [
        p
        for p in model.loadings
        if p.lhs in model.second_order
        and p.rhs in model.latent
        and loads[p.rhs] == 1
        and p.rhs not in tied
    ]
    return residual_correlations(free, FACTOR_CORRELATION)
