"""Measures of convergence from standardised loadings, and where a parameter table has these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from loyaltysem.core.types import Array


def composite_reliability_of(loadings: Array, residual_cov: Array) -> float:
    """Return the composite reliability of a sum of standardised indicators.

    Parameters
    ----------
    loadings : (k,) array
        Standardised loadings λ of the indicators on their factor.
    residual_cov : (k, k) array
        Standardised residual covariance matrix Θ (indicator variance = 1).

    Returns
    -------
    float
        NaN for fewer than two indicators: one indicator says nothing of its own error.

    Notes
    -----
    ρ = (Σλ)² / ((Σλ)² + Σᵢ Σⱼ θᵢⱼ). With a diagonal Θ, θᵢᵢ = 1 − λᵢ², this is the formula of
    Fornell & Larcker (1981); the off-diagonal terms account for correlated errors (Raykov, 1997;
    Bollen, 1989). Indicators must be keyed the same way: loadings of opposite sign cancel.

    Examples
    --------
    >>> loadings = np.array([0.8, 0.7, 0.6])
    >>> round(composite_reliability_of(loadings, np.diag(1 - loadings**2)), 4)
    0.7449
    """
    if loadings.size < 2:
        return float("nan")
    common = float(loadings.sum()) ** 2
    return common / (common + float(residual_cov.sum()))


def ave_of(loadings: Array) -> float:
    """Return the average variance extracted: the mean squared standardised loading.

    Parameters
    ----------
    loadings : (k,) array
        Standardised loadings.

    Returns
    -------
    float
        NaN for fewer than two indicators.

    Notes
    -----
    AVE = Σλ² / (Σλ² + Σ(1 − λ²)) = mean(λ²), Fornell & Larcker (1981). semTools' ``AVE()`` works
    on the unstandardised metric and so weights indicators by their variance.

    Examples
    --------
    >>> round(ave_of(np.array([0.8, 0.7, 0.6])), 4)
    0.4967
    """
    return float(np.mean(loadings**2)) if loadings.size > 1 else float("nan")


def maximal_reliability_of(loadings: Array) -> float:
    """Return H, the reliability of the best weighted sum of standardised indicators.

    Parameters
    ----------
    loadings : (k,) array

    Returns
    -------
    float
        NaN for fewer than two indicators and where a loading reaches ±1.

    Notes
    -----
    H = 1/(1 + 1/Σ λ²/(1 − λ²)), Hancock & Mueller (2001). It never falls by adding an item.

    Examples
    --------
    >>> round(maximal_reliability_of(np.array([0.8, 0.7, 0.6])), 4)
    0.7675
    """
    if loadings.size < 2 or (np.abs(loadings) >= 1).any():
        return float("nan")
    information = float(np.sum(loadings**2 / (1 - loadings**2)))
    return information / (1 + information)


def standardized_loadings(rows: pd.DataFrame, latent: str) -> Array:
    """Return the standardised loadings of a latent's indicators, in the order of the table."""
    chosen = rows[(rows["op"] == "=~") & (rows["lhs"] == latent)]
    return chosen["std_all"].to_numpy(dtype=float)


def standardized_residuals(rows: pd.DataFrame, names: Sequence[str]) -> Array:
    """Standardised residual covariances of `names`: θᵢⱼ = rᵢⱼ √(θᵢᵢ θⱼⱼ).

    The standardised value of a residual covariance is a correlation of residuals; it is put back
    on the scale where each indicator has variance 1.
    """
    position = {name: i for i, name in enumerate(names)}
    among = rows[(rows["op"] == "~~") & rows["lhs"].isin(position) & rows["rhs"].isin(position)]
    matrix = np.zeros((len(names), len(names)))
    for left, right, value in zip(among["lhs"], among["rhs"], among["std_all"], strict=True):
        i, j = position[left], position[right]
        matrix[i, j] = matrix[j, i] = value
    variances = np.diag(matrix).copy()
    with np.errstate(invalid="ignore"):  # a negative variance with a covariance has no answer
        scale = np.where(matrix != 0, np.sqrt(np.outer(variances, variances)), 0.0)
    matrix = matrix * scale
    np.fill_diagonal(matrix, variances)
    return matrix
