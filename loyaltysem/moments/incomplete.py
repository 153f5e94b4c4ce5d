"""The sample of a model fitted by full information: every case, whatever it misses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from loyaltysem.core.errors import DataError
from loyaltysem.core.types import Array, Indices
from loyaltysem.moments.complete import check_positive_definite
from loyaltysem.moments.data import GroupedData
from loyaltysem.moments.patterns import MissingPatterns, find_patterns
from loyaltysem.moments.saturated import SaturatedMoments, saturated_moments


@dataclass(frozen=True, slots=True)
class IncompleteSample:
    """Patterns of missing values and the saturated (EM) moments, group by group.

    Attributes
    ----------
    names : tuple of str
        Observed variables (p).
    patterns : tuple of MissingPatterns
    saturated : tuple of SaturatedMoments
    n_obs : tuple of int
        Cases with at least one value.
    """

    names: tuple[str, ...]
    patterns: tuple[MissingPatterns, ...]
    saturated: tuple[SaturatedMoments, ...]
    n_obs: tuple[int, ...]

    @property
    def cov(self) -> tuple[Array, ...]:
        """Saturated covariances, each (1, p, p)."""
        return tuple(s.cov for s in self.saturated)

    @property
    def mean(self) -> tuple[Array, ...]:
        """Saturated means, each (1, p)."""
        return tuple(s.mean for s in self.saturated)

    @property
    def n_total(self) -> int:
        """Cases in all groups."""
        return sum(self.n_obs)

    @property
    def weight(self) -> int:
        """What F is multiplied by to give χ²: N."""
        return self.n_total

    @property
    def shares(self) -> tuple[float, ...]:
        """Each group's part of N."""
        return tuple(n / self.n_total for n in self.n_obs)

    def take(self, rows: Indices) -> IncompleteSample:
        """Keep some replicates."""
        patterns = tuple(p.take(rows) for p in self.patterns)
        saturated = tuple(s.take(rows) for s in self.saturated)
        return replace(self, patterns=patterns, saturated=saturated)


def from_incomplete_data(data: GroupedData) -> IncompleteSample:
    """Find patterns and saturated moments.

    Raises
    ------
    DataError
        When a variable is never observed or does not vary, or variables are collinear.
    """
    patterns = tuple(find_patterns(v, data.names) for v in data.values)
    saturated = tuple(saturated_moments(p) for p in patterns)
    for s in saturated:
        if not bool(s.converged[0]):
            raise DataError(
                "The means and covariances of the incomplete data could not be estimated: the EM "
                "algorithm did not converge.",
                code="data.em",
                hint="Too few cases observe some variables together; look at what is missing.",
            )
        check_positive_definite(s.cov[0], data.names)
    n_obs = tuple(int(np.rint(p.n_obs[0])) for p in patterns)
    return IncompleteSample(data.names, patterns, saturated, n_obs)
