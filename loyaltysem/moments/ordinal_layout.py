"""The order of the moments of ordered and mixed data, which is lavaan's.

Thresholds of ordered and negative means of numeric variables, variable by variable; slopes,
covariate by covariate; variances of numeric variables; the strict lower triangle of the
covariance matrix, column by column. All but the last make up the first stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from loyaltysem.core.types import Indices


class MomentKind(IntEnum):
    """What a moment is."""

    THRESHOLD = 0
    MEAN = 1
    SLOPE = 2
    VARIANCE = 3
    COVARIANCE = 4


@dataclass(frozen=True, slots=True)
class MomentLayout:
    """What each of m moments of p variables is, and where to find it.

    Attributes
    ----------
    kind : Indices, shape (m,)
        A `MomentKind`.
    i, j : Indices, shape (m,)
        Its variable, and: the position of a threshold, the covariate of a slope, the second
        variable of a covariance; −1 otherwise.
    level_start : Indices, shape (p,)
        Place of each variable's first threshold, or of its mean.
    n_levels : Indices, shape (p,)
        Number of thresholds; 1 for the mean of a numeric variable.
    slope_at : Indices, shape (p, nx)
    variance_at : Indices, shape (p,)
        −1 for ordered variables.
    """

    kind: Indices
    i: Indices
    j: Indices
    level_start: Indices
    n_levels: Indices
    slope_at: Indices
    variance_at: Indices

    @property
    def n_moments(self) -> int:
        """Number of moments m."""
        return len(self.kind)

    @property
    def n_variables(self) -> int:
        """Number of variables p, covariates not counted."""
        return len(self.level_start)

    @property
    def n_first_stage(self) -> int:
        """Number of moments m₁ before the covariances."""
        return int(np.count_nonzero(self.kind != MomentKind.COVARIANCE))

    @property
    def pair_first(self) -> Indices:
        """First variable of each covariance, shape (P,)."""
        return self.i[self.n_first_stage :]

    @property
    def pair_second(self) -> Indices:
        """Second variable of each covariance, shape (P,)."""
        return self.j[self.n_first_stage :]

    def first_stage_of(self, variable: int) -> Indices:
        """Return the places of one variable's thresholds or mean, slopes, and variance."""
        start = self.level_start[variable]
        levels = np.arange(start, start + self.n_levels[variable])
        at = self.variance_at[variable]
        return np.concatenate([levels, self.slope_at[variable], [at] if at >= 0 else []]).astype(
            np.intp
        )


def moment_layout(n_categories: Sequence[int], n_covariates: int = 0) -> MomentLayout:
    """Lay out the moments of variables with `n_categories` (0: numeric).

    Examples
    --------
    >>> layout = moment_layout([3, 0])
    >>> [(MomentKind(k).name, int(i), int(j)) for k, i, j in zip(layout.kind, layout.i, layout.j)]
    [('THRESHOLD', 0, 0), ('THRESHOLD', 0, 1), ('MEAN', 1, -1), ('VARIANCE', 1, -1),
     ('COVARIANCE', 0, 1)]
    """
    p = len(n_categories)
    rows: list[tuple[int, int, int]] = []
    for v, c in enumerate(n_categories):
        rows += [(MomentKind.THRESHOLD, v, t) for t in range(c - 1)]
        rows += [] if c else [(MomentKind.MEAN, v, -1)]
    n_levels = np.array([c - 1 if c else 1 for c in n_categories], dtype=np.intp)
    slopes = len(rows) + np.arange(p * n_covariates, dtype=np.intp).reshape(n_covariates, p).T
    rows += [(MomentKind.SLOPE, v, k) for k in range(n_covariates) for v in range(p)]
    variance_at = np.full(p, -1, dtype=np.intp)
    for v, c in enumerate(n_categories):
        if not c:
            variance_at[v] = len(rows)
            rows.append((MomentKind.VARIANCE, v, -1))
    rows += [(MomentKind.COVARIANCE, a, b) for a in range(p) for b in range(a + 1, p)]
    kind, i, j = np.array(rows, dtype=np.intp).T
    start = np.cumsum(n_levels) - n_levels
    return MomentLayout(kind, i, j, start, n_levels, slopes, variance_at)
