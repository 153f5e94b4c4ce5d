"""What the robust fit indices of incomplete data are made of (Zhang & Savalei 2023).

The plain RMSEA and CFI of full-information ML change their meaning with the amount of missing
data. The remedy is to hold the full-information estimates against the saturated (EM) moments by
the discrepancy of *complete* data, and to correct that statistic's expectation:

    T = N·F_ML(Σ̃, μ̃ ; Σ(θ̂), μ(θ̂))        c = k / df

`complete_data_statistic` is T; `normal_correction` and `robust_correction` are k. The indices
themselves are those of ``scaled_measures``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from loyaltysem.core.types import Array
from loyaltysem.engine.discrepancies import MaximumLikelihood
from loyaltysem.engine.implied import Moments
from loyaltysem.inference.scaled_measures import RobustTest


@dataclass(frozen=True, slots=True)
class GroupInformation:
    """Information of one case about the moments of a group, and their Jacobian.

    Attributes
    ----------
    share : float
        N_g / N.
    complete : Array, shape (m, m)
        W_c: normal-theory information of complete data at the saturated moments.
    incomplete : Array, shape (m, m)
        W_m: observed information of the incomplete data at the saturated moments.
    jacobian : Array, shape (m, q)
        Δ at the estimates. Moments are μ, then vech Σ column by column, those of fixed x left out
        of every array.
    first_order : Array, shape (m, m), or None
        J: mean cross-product of casewise scores at the saturated moments, which only the
        correction for data that are not normal needs.
    """

    share: float
    complete: Array
    incomplete: Array
    jacobian: Array
    first_order: Array | None = None


def fiml_robust_test(
    statistic: float, df: int, groups: Sequence[GroupInformation], robust: bool
) -> RobustTest:
    """Return what the robust indices of a model fitted to incomplete data are made of.

    Parameters
    ----------
    statistic : float
        `complete_data_statistic` of the model.
    df : int
    groups : sequence of GroupInformation
    robust : bool
        Correct for distributions that are not normal too (MLR).

    Returns
    -------
    RobustTest
        For ``robust_incremental``, ``robust_rmsea`` and, as it stands, ``robust_gfi``.
    """
    if df <= 0:
        return RobustTest(statistic, df, nan, nan, nan)
    c = (robust_correction(groups) if robust else normal_correction(groups)) / df
    return RobustTest(statistic, df, c, statistic / c, c)


def complete_data_statistic(
    saturated: Sequence[Moments], fitted: Sequence[Moments], n_obs: Sequence[float]
) -> float:
    """Return ``Σ_g N_g F_ML`` between saturated and implied moments.

    Parameters
    ----------
    saturated, fitted : sequence of Moments
        One a group, with a batch axis of one.
    n_obs : sequence of float
        Cases in each group.
    """
    total = 0.0
    for sample, model, n in zip(saturated, fitted, n_obs, strict=True):
        total += n * float(MaximumLikelihood().bind(sample.sigma, sample.mu).value(model)[0])
    return total


def normal_correction(groups: Sequence[GroupInformation]) -> float:
    """Return k for normal data: ``tr(W_c W_m⁻¹) − tr[(ΔᵀW_mΔ)⁻¹ ΔᵀW_cΔ]``.

    Equal to the degrees of freedom where nothing is missing. The version lavaan calls
    FIML-C(V6), which it uses where no robust test is asked for.
    """
    total = sum(float(np.trace(np.linalg.solve(g.incomplete, g.complete))) for g in groups)
    incomplete = _form(groups, [g.incomplete for g in groups])
    complete = _form(groups, [g.complete for g in groups])
    return total - float(np.trace(np.linalg.solve(incomplete, complete)))


def robust_correction(groups: Sequence[GroupInformation]) -> float:
    """Return k for data that are not normal: ``tr(Qᵀ Γ Q W_c)``.

    ``Q = I − W_mΔ(ΔᵀW_mΔ)⁻¹Δᵀ`` and ``Γ = W_m⁻¹JW_m⁻¹``. The version lavaan calls FIML-C(V3),
    which it uses with MLR.

    Raises
    ------
    ValueError
        When a group has no first-order information.

    Notes
    -----
    Over groups the matrices are block diagonal, W times and Γ divided by the group's share;
    multiplied out, each group needs only its own and the pooled q × q forms.
    """
    inverse = np.linalg.inv(_form(groups, [g.incomplete for g in groups]))
    pooled = _form(groups, [g.complete for g in groups])
    total = 0.0
    for g in groups:
        if g.first_order is None:
            raise ValueError("the correction for data that are not normal needs J of every group")
        passed = g.jacobian @ inverse  # what a score of the group does to the estimates
        spread = np.linalg.solve(g.incomplete, g.first_order)
        gamma = np.linalg.solve(g.incomplete, spread.T)
        total += float(np.einsum("ij,ji->", gamma, g.complete))
        total -= 2.0 * g.share * float(np.einsum("ij,ij->", spread @ passed, _weigh(g)))
        meat = passed.T @ g.first_order @ passed
        total += g.share * float(np.einsum("ij,ji->", meat, pooled))
    return total


def _weigh(g: GroupInformation) -> Array:
    return np.asarray(g.complete @ g.jacobian)


def _form(groups: Sequence[GroupInformation], weights: Sequence[Array]) -> Array:
    """Return Σ_g share ΔᵀWΔ, shape (q, q)."""
    parts = [g.share * g.jacobian.T @ w @ g.jacobian for g, w in zip(groups, weights, strict=True)]
    return np.asarray(sum(parts))
