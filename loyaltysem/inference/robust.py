"""Sandwich covariance matrices and scaled tests of fit.

With U = V − VΔ(ΔᵀVΔ)⁻¹ΔᵀV the test statistic is distributed as a sum of χ²(1) variables weighted by
the eigenvalues of UΓ; the corrections match its mean, or its mean and variance, to a χ². All
functions take the forms of ``loyaltysem.inference.moment_forms``, one a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from scipy.special import chdtrc

from loyaltysem.core.linalg import inverse_and_logdet
from loyaltysem.core.types import Array
from loyaltysem.inference.information import model_based_vcov
from loyaltysem.inference.moment_forms import MomentForms, case_trace
from loyaltysem.moments.gamma import sample_case_moments


@dataclass(frozen=True, slots=True)
class ScaledTest:
    """A test of fit corrected for non-normality.

    Attributes
    ----------
    statistic : float
        ``T / scaling_factor + shift``.
    df : float
        Whole, unless adjusted for mean and variance.
    scaling_factor, shift : float
        NaN and 0 for a model without degrees of freedom.
    trace : float
        tr(UΓ), the mean of the uncorrected statistic.
    label : str
        lavaan's name of the correction.
    """

    statistic: float
    df: float
    scaling_factor: float
    shift: float
    trace: float
    label: str

    @property
    def pvalue(self) -> float:
        """Probability of a larger statistic under the model; NaN when df is 0."""
        return float(chdtrc(self.df, self.statistic)) if self.df > 0 else nan


def pooled(parts: Sequence[tuple[float, Array]]) -> Array:
    """Return Σ_g share_g X_g."""
    return np.asarray(sum(share * x for share, x in parts))


def bread(forms: Sequence[MomentForms]) -> Array:
    """Return Σ_g share_g Δ_gᵀV_gΔ_g, shape (q, q): the expected information of one case."""
    return pooled([(f.share, f.bread) for f in forms])


def meat(forms: Sequence[MomentForms]) -> Array:
    """Return Σ_g share_g Δ_gᵀV_gΓ_gV_gΔ_g, shape (q, q)."""
    return pooled([(f.share, f.meat) for f in forms])


def inverse_bread(forms: Sequence[MomentForms]) -> Array:
    """Return the inverse of `bread`, shape (q, q); NaN where it is singular."""
    return np.asarray(model_based_vcov(bread(forms)[None])[0][0])


def sandwich(inverse: Array, filling: Array, n: float) -> Array:
    """Return the robust covariance matrix of the estimates, ``E⁻¹ M E⁻¹ / n``.

    Parameters
    ----------
    inverse : Array, shape (..., q, q)
        Inverse information of one case: expected for MLM and least squares (`inverse_bread`),
        observed for MLR; the bordered inverse under nonlinear constraints.
    filling : Array, shape (..., q, q)
        `meat`.
    n : float
        N for ML; N − G for least squares.

    Notes
    -----
    Browne (1984); Satorra and Bentler (1994); Huber (1967) and White (1982) with cases about the
    implied moments.

    Examples
    --------
    >>> sandwich(np.eye(2), 2.0 * np.eye(2), 100).diagonal().tolist()
    [0.02, 0.02]
    """
    return np.asarray(inverse @ filling @ inverse / n)


def ugamma_traces(
    forms: Sequence[MomentForms], inverse: Array | None = None
) -> tuple[float, float]:
    """Return tr(UΓ) and tr((UΓ)²); the latter NaN unless the forms hold second-order terms.

    Parameters
    ----------
    forms : sequence of MomentForms
        One a group.
    inverse : Array, shape (q, q), optional
        (ΔᵀVΔ)⁻¹ of one case; computed from the forms when left out. Give the bordered inverse
        under nonlinear constraints.
    """
    e = inverse_bread(forms) if inverse is None else inverse
    em = e @ meat(forms)
    first = sum(f.trace for f in forms) - float(np.trace(em))
    crossed = float(np.trace(e @ pooled([(f.share, f.second_meat) for f in forms])))
    squared = float((em * em.T).sum())
    return first, sum(f.trace_squared for f in forms) - 2.0 * crossed + squared


def satorra_bentler(statistic: float, df: int, trace: float) -> ScaledTest:
    """Scale the mean: ``T / c`` with c = tr(UΓ)/df (Satorra & Bentler 1994); MLM, WLSM.

    Examples
    --------
    >>> round(satorra_bentler(85.3055, 24, 25.31578).statistic, 2)
    80.87
    """
    return _mean_scaled(statistic, df, trace, "satorra.bentler")


def _mean_scaled(statistic: float, df: int, trace: float, label: str) -> ScaledTest:
    if df <= 0:
        return _no_degrees_of_freedom(statistic, df, label)
    factor = trace / df if trace > 0 else nan
    return ScaledTest(statistic / factor, df, factor, 0.0, trace, label)


def _no_degrees_of_freedom(statistic: float, df: int, label: str) -> ScaledTest:
    return ScaledTest(statistic, df, nan, 0.0, nan, label)


def mean_variance_adjusted(
    statistic: float, df: int, trace: float, trace_squared: float
) -> ScaledTest:
    """Match mean and variance by degrees of freedom ``tr(UΓ)²/tr((UΓ)²)``; MLMVS, WLSMVS.

    Satterthwaite (1941); Satorra and Bentler (1994). The degrees of freedom are not rounded.
    """
    label = "mean.var.adjusted"
    if df <= 0:
        return _no_degrees_of_freedom(statistic, df, label)
    if not trace_squared > 0:
        return ScaledTest(nan, nan, nan, 0.0, trace, label)
    adjusted = trace**2 / trace_squared
    factor = trace / adjusted
    return ScaledTest(statistic / factor, adjusted, factor, 0.0, trace, label)


def scaled_shifted(statistic: float, df: int, trace: float, trace_squared: float) -> ScaledTest:
    """Match mean and variance and keep df: ``aT + b``; MLMV, WLSMV, ULSMV.

    ``a = sqrt(df/tr((UΓ)²))``, ``b = df − a tr(UΓ)`` (Asparouhov & Muthén 2010); the scaling
    factor reported is 1/a.
    """
    label = "scaled.shifted"
    if df <= 0:
        return _no_degrees_of_freedom(statistic, df, label)
    if not trace_squared > 0:  # negative by rounding, or NaN: no such correction
        return ScaledTest(nan, df, nan, nan, trace, label)
    factor = sqrt(trace_squared / df)
    shift = df - trace / factor
    return ScaledTest(statistic / factor + shift, df, factor, shift, trace, label)


def yuan_bentler_mplus(statistic: float, df: int, trace_h1: float, trace_h0: float) -> ScaledTest:
    """Scale the mean with traces of both models: ``c = (tr_h1 − tr_h0)/df``; MLR.

    The variant of Yuan and Bentler (2000) that Mplus and lavaan report: each model's tr(A⁻¹B) with
    A its observed information and B the cross-products of its scores.

    Parameters
    ----------
    statistic : float
    df : int
    trace_h1 : float
        Of the saturated model: the sum over groups of `saturated_trace`.
    trace_h0 : float
        Of the fitted model: `fitted_trace`.
    """
    return _mean_scaled(statistic, df, trace_h1 - trace_h0, "yuan.bentler.mplus")


def saturated_trace(values: Array, means: bool, fixed_x: Sequence[int] = ()) -> float:
    """Return tr(A⁻¹B) of the saturated normal model of one group.

    Parameters
    ----------
    values : Array, shape (N, p)
        Complete cases.
    means : bool
        Whether the model has a mean structure.
    fixed_x : sequence of int
        Columns whose moments are not parameters. A joint likelihood is that of x times that of
        the others given x, so their part is a difference.
    """
    joint = _saturated_trace(values, means)
    return joint - _saturated_trace(values[:, list(fixed_x)], means) if len(fixed_x) else joint


def _saturated_trace(values: Array, means: bool) -> float:
    cases = sample_case_moments(values, means)
    return case_trace(cases, inverse_and_logdet(cases.centre[None])[0][0])


def fitted_trace(forms: Sequence[MomentForms], inverse: Array) -> float:
    """Return tr(A⁻¹B) of the fitted model; `inverse` (q, q) is that of A for one case."""
    return float(np.trace(inverse @ meat(forms)))
