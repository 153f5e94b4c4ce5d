"""Asymptotic covariance matrix Γ of continuous sample moments, and the case moments behind it.

Moments are ordered as (μ, vech Σ): means first, where the model has means, then the lower triangle
column by column. Γ is the covariance matrix of √N times the sample moments; the divisor is N.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.errors import DataError
from loyaltysem.core.linalg import inverse_and_logdet
from loyaltysem.core.types import Array, Indices


def vech_indices(p: int) -> tuple[Indices, Indices]:
    """Return rows and columns of the lower triangle, column by column.

    Examples
    --------
    >>> [i.tolist() for i in vech_indices(2)]
    [[0, 1, 1], [0, 0, 1]]
    """
    column, row = np.triu_indices(p)
    return row, column


def vech(x: Array) -> Array:
    """Stack the lower triangles of symmetric matrices (..., p, p) to (..., p(p+1)/2)."""
    row, column = vech_indices(x.shape[-1])
    return np.asarray(x[..., row, column])


@dataclass(frozen=True, slots=True)
class CaseMoments:
    """What each case adds to the sample moments, kept as vectors so that no N × m array is needed.

    Case i contributes ``e_i = d_i − h_i`` to the means and ``d_i d_iᵀ − h_i h_iᵀ − C`` to the
    covariances.

    Attributes
    ----------
    plus : Array, shape (N, p)
        d: deviations from the mean.
    minus : Array, shape (N, p), or None
        h: the part of d that fixed x accounts for; None without fixed x.
    centre : Array, shape (p, p)
        C.
    means : bool
        Whether the model has a mean structure.
    """

    plus: Array
    minus: Array | None
    centre: Array
    means: bool

    @property
    def n(self) -> int:
        """Cases N."""
        return len(self.plus)

    @property
    def n_moments(self) -> int:
        """Moments m."""
        p = int(self.plus.shape[1])
        return p * (p + 1) // 2 + (p if self.means else 0)

    def take(self, rows: slice) -> CaseMoments:
        """Keep some cases, around the same centre."""
        minus = None if self.minus is None else self.minus[rows]
        return CaseMoments(self.plus[rows], minus, self.centre, self.means)

    def transform(self, factor: Array) -> CaseMoments:
        """Return the case moments of ``factorᵀ y``; `factor` has shape (p, r)."""
        minus = None if self.minus is None else self.minus @ factor
        centre = factor.T @ self.centre @ factor
        return CaseMoments(self.plus @ factor, minus, centre, self.means)

    def mean_part(self) -> Array:
        """Return e, shape (N, p)."""
        return self.plus if self.minus is None else self.plus - self.minus

    def dense(self) -> Array:
        """Return the case moments as one array, shape (N, m)."""
        row, column = vech_indices(self.plus.shape[1])
        z = self.plus[:, row] * self.plus[:, column] - self.centre[row, column]
        if self.minus is not None:
            z = z - self.minus[:, row] * self.minus[:, column]
        return np.concatenate([self.mean_part(), z], axis=1) if self.means else np.asarray(z)

    def gamma(self) -> Array:
        """Return Γ̂ = ZᵀZ/N, shape (m, m)."""
        z = self.dense()
        return np.asarray(z.T @ z / self.n)


def sample_case_moments(values: Array, means: bool, fixed_x: Sequence[int] = ()) -> CaseMoments:
    """Return case moments about the sample moments: Browne's (1984) distribution-free Γ̂.

    Parameters
    ----------
    values : Array, shape (N, p)
        Complete cases of one group.
    means : bool
        Whether the model has a mean structure.
    fixed_x : sequence of int
        Columns whose moments are held fixed; Γ̂ is then that of the other moments given x, with
        zeros in the rows of the moments of x, as in lavaan.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sample_case_moments(rng.normal(size=(50, 3)), means=True).gamma().shape
    (9, 9)
    """
    plus = values - values.mean(axis=0)
    cov = plus.T @ plus / len(plus)
    return _case_moments(plus, plus, cov, means, list(fixed_x))


def model_case_moments(
    values: Array, mu: Array, sigma: Array, means: bool, fixed_x: Sequence[int] = ()
) -> CaseMoments:
    """Return case moments about the implied moments `mu` (p,) and `sigma` (p, p).

    Up to the weight they are the casewise scores of the normal likelihood; for scores leave
    `fixed_x` out, since parameters do not touch the moments of x anyway. Without a mean structure
    the sample means take the place of `mu`.
    """
    about_mean = values - values.mean(axis=0)
    plus = values - mu if means else about_mean
    return _case_moments(plus, about_mean, sigma, means, list(fixed_x))


def _case_moments(
    plus: Array, about_mean: Array, cov: Array, means: bool, x: list[int]
) -> CaseMoments:
    if not x:
        return CaseMoments(plus, None, cov, means)
    minus = about_mean[:, x] @ np.linalg.solve(cov[np.ix_(x, x)], cov[x])
    minus[:, x] = plus[:, x]  # not up to rounding: the moments of x must cancel
    return CaseMoments(plus, minus, cov - explained_covariances(cov, x), means)


def explained_covariances(cov: Array, x: Sequence[int]) -> Array:
    """Return ``S_·x S_xx⁻¹ S_x·``, shape (p, p): the covariances that `x` accounts for."""
    at = list(x)
    explained = cov[:, at] @ np.linalg.solve(cov[np.ix_(at, at)], cov[at])
    explained[at], explained[:, at] = cov[at], cov[:, at]  # not up to rounding
    return np.asarray(explained)


def gamma_normal_theory(cov: Array, means: bool, fixed_x: Sequence[int] = ()) -> Array:
    """Return Γ of normal data, shape (m, m), from covariances `cov` (p, p).

    ``Γ_(ij),(kl) = σ_ik σ_jl + σ_il σ_jk``, and Σ for the means. With fixed x, Σ is replaced by
    what x leaves unexplained.
    """
    explained = explained_covariances(cov, fixed_x) if len(fixed_x) else np.zeros_like(cov)
    gamma = _fourth_moments(cov) - _fourth_moments(explained)
    if not means:
        return gamma
    p = len(cov)
    out = np.zeros((p + len(gamma), p + len(gamma)))
    out[:p, :p] = cov - explained
    out[p:, p:] = gamma
    return out


def _fourth_moments(cov: Array) -> Array:
    i, j = vech_indices(len(cov))
    result: Array = cov[np.ix_(i, i)] * cov[np.ix_(j, j)] + cov[np.ix_(i, j)] * cov[np.ix_(j, i)]
    return result


def inverse_gamma(gamma: Array, tolerance: float = 1e-12) -> tuple[Array, bool]:
    """Invert Γ̂; moments of fixed x, whose rows are zero, get zero weight.

    Parameters
    ----------
    gamma : Array, shape (m, m)
    tolerance : float
        Γ̂ counts as singular when, brought to a unit diagonal, its inverse exceeds 1/tolerance.

    Returns
    -------
    weight : Array, shape (m, m)
        NaN where Γ̂ is singular, as it is with fewer cases than moments.
    ok : bool
    """
    diagonal = np.diagonal(gamma)
    kept = np.flatnonzero(diagonal > 0)
    scale = np.sqrt(diagonal[kept])
    # judged on a unit diagonal, so that variables in very different units do not look singular
    correlations = gamma[np.ix_(kept, kept)] / np.outer(scale, scale)
    inverse, _, ok = inverse_and_logdet(correlations[None])
    well = bool(ok[0]) and bool(np.abs(inverse).max(initial=0.0) < 1.0 / tolerance)
    out = np.zeros_like(gamma)
    out[np.ix_(kept, kept)] = inverse[0] / np.outer(scale, scale) if well else np.nan
    return out, well


def weight_from_gamma(gamma: Array) -> Array:
    """Return the WLS weight V = Γ̂⁻¹, shape (m, m).

    Raises
    ------
    DataError
        When Γ̂ is singular.
    """
    weight, ok = inverse_gamma(gamma)
    if not ok:
        raise DataError(
            f"The asymptotic covariance matrix of the {len(gamma)} sample moments is singular, so "
            "WLS has no weight matrix.",
            code="data.singular_gamma",
            hint="WLS needs more cases than moments, and many more to be trusted. Use DWLS, or ML "
            "with robust standard errors (MLM, MLR).",
        )
    return weight
