"""Tests of a restricted model against the less restricted one it is nested in.

H1 is the less restricted model. Scaled statistics cannot be subtracted: their difference has no
χ² distribution, so each test takes the uncorrected statistics and finds its own scaling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import Literal, TypeAlias

import numpy as np
from scipy.linalg import null_space
from scipy.special import chdtrc

from loyaltysem.core.types import Array
from loyaltysem.inference.tests_of_fit import TestStatistic

Adjustment: TypeAlias = Literal["mean", "mean_variance", "shift"]


@dataclass(frozen=True, slots=True)
class DifferenceTest:
    """A test of the restrictions that lead from H1 to H0.

    Attributes
    ----------
    statistic : float
    df : float
        Whole, unless adjusted for mean and variance.
    scaling_factor : float
        NaN when the models have equal df, or it came out negative.
    shift : float
    unscaled : float
        T₀ − T₁.
    method : str
    """

    statistic: float
    df: float
    scaling_factor: float
    shift: float
    unscaled: float
    method: str

    @property
    def pvalue(self) -> float:
        """Probability of a larger statistic when the restrictions hold; NaN when df is 0."""
        return float(chdtrc(self.df, self.statistic)) if self.df > 0 else nan

    def rmsea(self, n: float, n_groups: int = 1) -> float:
        """Return the RMSEA of the difference: ``sqrt(G max(ΔT − c·Δdf, 0)/(N Δdf))``.

        Savalei, Brace and Fouladi (2024), as lavaan prints it; c is 1 for a shifted statistic.
        """
        if not self.df > 0:
            return nan
        c = self.scaling_factor if self.method.startswith("satorra.bentler") else 1.0
        excess = self.unscaled - c * self.df
        return sqrt(n_groups * max(excess, 0.0) / (n * self.df))


def standard_difference(h1: TestStatistic, h0: TestStatistic) -> DifferenceTest:
    """Return T₀ − T₁ on df₀ − df₁: the likelihood-ratio test.

    Examples
    --------
    >>> test = standard_difference(TestStatistic(115.85, 48), TestStatistic(124.04, 54))
    >>> round(test.statistic, 2), test.df
    (8.19, 6)
    """
    unscaled = h0.statistic - h1.statistic
    return DifferenceTest(unscaled, h0.df - h1.df, 1.0, 0.0, unscaled, "standard")


def satorra_bentler_2001(
    h1: TestStatistic, h0: TestStatistic, scaling_h1: float, scaling_h0: float
) -> DifferenceTest:
    """Scale the difference by ``(df₀c₀ − df₁c₁)/(df₀ − df₁)`` (Satorra & Bentler 2001).

    Parameters
    ----------
    h1, h0 : TestStatistic
        Uncorrected.
    scaling_h1, scaling_h0 : float
        Scaling factors of the mean-scaled tests.

    Notes
    -----
    The factor can come out negative; it is then NaN, and `satorra_bentler_2010` is the remedy.
    """
    return _from_factors(h1, h0, scaling_h1, scaling_h0, "satorra.bentler.2001")


def satorra_bentler_2010(
    h1: TestStatistic, h0: TestStatistic, scaling_h10: float, scaling_h0: float
) -> DifferenceTest:
    """Scale the difference by a factor that is positive: Satorra and Bentler (2010).

    Parameters
    ----------
    h1, h0 : TestStatistic
        Uncorrected.
    scaling_h10 : float
        Scaling factor of H1 evaluated, without fitting, at the estimates of H0.
    scaling_h0 : float
    """
    return _from_factors(h1, h0, scaling_h10, scaling_h0, "satorra.bentler.2010")


def _from_factors(
    h1: TestStatistic, h0: TestStatistic, c1: float, c0: float, method: str
) -> DifferenceTest:
    unscaled, df = h0.statistic - h1.statistic, h0.df - h1.df
    if df <= 0:
        return DifferenceTest(unscaled, df, nan, 0.0, unscaled, method)
    # a saturated model has no scaling factor and needs none
    parts = [c * t.df if t.df > 0 else 0.0 for c, t in ((c0, h0), (c1, h1))]
    factor = (parts[0] - parts[1]) / df
    factor = factor if factor > 0 else nan
    return DifferenceTest(unscaled / factor, df, factor, 0.0, unscaled, method)


def restriction_matrix(delta_h1: Array, delta_h0: Array) -> Array:
    """Return A, shape (Δdf, q₁), with ``A α₁ = 0`` to first order under H0 (the *delta* method).

    Parameters
    ----------
    delta_h1, delta_h0 : Array, shapes (m, q₁) and (m, q₀)
        Jacobians of the moments, all groups below one another, constraints multiplied in.

    Notes
    -----
    α₁ ≈ Hα₀ with H the projection of Δ₀ on Δ₁; A spans what H leaves out. Works for restrictions
    the two parameter tables do not show, such as one factor against two.
    """
    h = np.linalg.lstsq(delta_h1, delta_h0, rcond=None)[0]
    return np.asarray(null_space(h.T).T, dtype=np.float64)


def satorra_2000(
    h1: TestStatistic,
    h0: TestStatistic,
    restriction: Array,
    inverse: Array,
    filling: Array,
    adjust: Adjustment = "mean",
) -> DifferenceTest:
    """Return the difference test of Satorra (2000), from H1's estimates alone.

    Parameters
    ----------
    h1, h0 : TestStatistic
        Uncorrected.
    restriction : Array, shape (Δdf, q₁)
        A: derivative of the restrictions with respect to the parameters of H1; see
        `restriction_matrix`.
    inverse : Array, shape (q₁, q₁)
        Inverse information of one case under H1.
    filling : Array, shape (q₁, q₁)
        ``Σ share ΔᵀVΓVΔ`` under H1 (``meat`` of ``loyaltysem.inference.robust``).
    adjust : {"mean", "mean_variance", "shift"}
        The mean only; mean and variance through df; mean and variance through a shift, df kept
        (Asparouhov & Muthén 2006, Mplus' DIFFTEST).

    Notes
    -----
    The difference is a sum of χ²(1) weighted by the eigenvalues of
    ``(APAᵀ)⁻¹ A P M P Aᵀ``, P the inverse information and M the filling.
    """
    unscaled, df = h0.statistic - h1.statistic, h0.df - h1.df
    method = "satorra.2000"
    if df <= 0:
        return DifferenceTest(unscaled, df, nan, 0.0, unscaled, method)
    ap = restriction @ inverse
    eigen = np.linalg.pinv(ap @ restriction.T, hermitian=True) @ (ap @ filling @ ap.T)
    first, second = float(np.trace(eigen)), float((eigen * eigen.T).sum())
    if adjust == "mean_variance":
        factor = second / first
        return DifferenceTest(unscaled / factor, first**2 / second, factor, 0.0, unscaled, method)
    if adjust == "shift":
        factor = sqrt(second / df)
        shift = df - first / factor
        return DifferenceTest(unscaled / factor + shift, df, factor, shift, unscaled, method)
    factor = first / df
    return DifferenceTest(unscaled / factor, df, factor, 0.0, unscaled, method)


def stacked(deltas: Sequence[Array]) -> Array:
    """Stack the Jacobians (m_g, q) of all groups."""
    return np.concatenate(list(deltas), axis=0)
