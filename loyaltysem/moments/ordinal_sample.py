"""The sample of an ordinal or mixed model: coded answers, group by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.errors import DataError
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.moments.categories import category_levels, code_categories, empty_categories
from loyaltysem.moments.data import GroupedData
from loyaltysem.moments.ordinal import OrdinalMoments, ordinal_moments


@dataclass(frozen=True, slots=True)
class OrdinalSample:
    """Moments of ordered and numeric variables, given the covariates.

    Attributes
    ----------
    names : tuple of str
        Observed variables (p), covariates included.
    groups : tuple of OrdinalMoments
        Of the variables that are no covariates.
    variables, covariates : Indices
        Their positions among `names`.
    cov, mean : tuple of Array, each (1, p, p) and (1, p)
        Joint moments; an ordered variable's latent response has mean 0 and, given the
        covariates, variance 1.
    n_obs : tuple of int
    """

    names: tuple[str, ...]
    groups: tuple[OrdinalMoments, ...]
    variables: Indices
    covariates: Indices
    cov: tuple[Array, ...]
    mean: tuple[Array, ...]
    n_obs: tuple[int, ...]

    def take(self, rows: Indices) -> OrdinalSample:
        """Keep some replicates: there is only one."""
        return self

    @property
    def n_total(self) -> int:
        """Cases in all groups."""
        return sum(self.n_obs)

    def threshold(self, name: str, position: int, group: int) -> float:
        """Return one sample threshold; `position` and `group` count from 0."""
        place = [self.names[i] for i in self.variables].index(name)
        return float(self.groups[group].thresholds[place][position])

    @property
    def weight(self) -> int:
        """What F is multiplied by to give χ²: N − G."""
        return self.n_total - len(self.n_obs)

    @property
    def shares(self) -> tuple[float, ...]:
        """Each group's part of `weight`."""
        return tuple((n - 1) / self.weight for n in self.n_obs)


def threshold_counts(data: GroupedData, ordered: Sequence[str]) -> dict[str, int]:
    """Return the number of thresholds of each ordered variable, all groups together.

    Raises
    ------
    DataError
        When a variable has one category or more than 30, or a category is empty in a group.
    """
    levels = category_levels(np.concatenate(data.values), _mask(data.names, ordered))
    counts = {n: len(x) - 1 for n, x in zip(data.names, levels, strict=True) if n in ordered}
    wrong = [n for n, c in counts.items() if not 1 <= c <= 29]
    if wrong:
        listed = ", ".join(f"'{n}' ({counts[n] + 1})" for n in wrong)
        raise DataError(
            f"An ordered variable needs 2 to 30 categories; found: {listed}.",
            code="data.categories",
            hint="Treat it as numeric, or take it out of the model.",
        )
    for label, values in zip(data.labels, data.values, strict=True):
        _check_empty(data.names, label, values, levels)
    return counts


def _check_empty(names: Sequence[str], label: str, values: Array, levels: Sequence[Array]) -> None:
    empty = empty_categories(code_categories(values, levels), levels)
    if empty:
        listed = ", ".join(f"'{names[j]}' = {levels[j][code]:g}" for j, code in empty[:8])
        raise DataError(
            f"Nobody in group '{label}' chose {listed}, so its thresholds cannot be estimated.",
            code="data.empty_category",
            hint="Join sparse categories in all groups, for example the two lowest.",
        )


def _mask(names: Sequence[str], ordered: Sequence[str]) -> Mask:
    return np.array([n in ordered for n in names], dtype=np.bool_)


def from_ordinal_data(
    data: GroupedData, thresholds: Mapping[str, int], covariates: Sequence[str]
) -> OrdinalSample:
    """Compute the moments of complete cases.

    Parameters
    ----------
    data : GroupedData
    thresholds : mapping of str to int
        Ordered variables with their numbers of thresholds.
    covariates : sequence of str
        Exogenous x the moments are conditional on.
    """
    names = data.names
    x = np.array([names.index(n) for n in covariates], dtype=np.intp)
    y = np.array([i for i, n in enumerate(names) if n not in covariates], dtype=np.intp)
    levels = category_levels(np.concatenate(data.values), _mask(names, list(thresholds)))
    groups = []
    for values in data.values:
        codes = code_categories(values, levels)
        n_categories = [len(levels[i]) for i in y]
        groups.append(ordinal_moments(codes[:, y], n_categories, codes[:, x] if len(x) else None))
    joint = [_joint(g, y, x) for g in groups]
    return OrdinalSample(
        names, tuple(groups), y, x,
        tuple(c for c, _ in joint), tuple(m for _, m in joint),
        tuple(g.n_obs for g in groups),
    )  # fmt: skip


def _joint(group: OrdinalMoments, y: Indices, x: Indices) -> tuple[Array, Array]:
    """Return Σ and μ of variables and covariates together."""
    p = len(y) + len(x)
    cov, mean = np.zeros((p, p)), np.zeros(p)
    mean[y] = group.mean
    cov[np.ix_(y, y)] = group.cov
    if len(x):
        slopes = group.slopes
        cov[np.ix_(y, y)] += slopes @ group.x_cov @ slopes.T
        cov[np.ix_(y, x)] = slopes @ group.x_cov
        cov[np.ix_(x, y)] = (slopes @ group.x_cov).T
        cov[np.ix_(x, x)] = group.x_cov
        mean[y] += slopes @ group.x_mean
        mean[x] = group.x_mean
    return cov[None], mean[None]
