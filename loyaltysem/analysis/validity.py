"""Convergent and discriminant validity: composite reliability, AVE, Fornell–Larcker, HTMT.

Each measure is a small function on arrays (``…_of``, ``…_matrix``) with a wrapper that takes the
numbers from a fitted model or a frame and puts the names back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Array, Indices


class FittedModel(Protocol):
    """What these functions need of a fitted model; ``SEMResult`` has it."""

    def parameters(self, *, standardized: bool = ...) -> pd.DataFrame:
        """Parameter frame with ``lhs op rhs group std_all``."""
        ...

    def latent_cov(self) -> pd.DataFrame:
        """Model-implied covariance matrix of the latent variables."""
        ...


# -- arrays ---------------------------------------------------------------------------------------


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


def fornell_larcker_matrix(ave: Array, correlations: Array) -> Array:
    """Return √AVE on the diagonal, latent correlations below it, NaN above.

    Parameters
    ----------
    ave : (c,) array
        Average variance extracted of each construct.
    correlations : (c, c) array
        Correlations of the constructs.

    Notes
    -----
    Discriminant validity asks that each √AVE exceed the construct's correlations with all others
    (Fornell & Larcker, 1981).
    """
    matrix = np.where(np.tri(ave.size, k=-1, dtype=bool), correlations, np.nan)
    np.fill_diagonal(matrix, np.sqrt(ave))
    return matrix


def htmt_matrix(correlations: Array, groups: Sequence[Indices]) -> Array:
    """Return the heterotrait–monotrait ratios of the correlations, full and symmetric.

    Parameters
    ----------
    correlations : (p, p) array
        Correlations of the items.
    groups : sequence of (kᵢ,) index arrays
        Items of each construct.

    Returns
    -------
    (c, c) array
        NaN on the diagonal, and for constructs with a single item.

    Notes
    -----
    HTMTᵢⱼ = mean|r| between the items of i and j / √(mean|r| within i · mean|r| within j),
    Henseler, Ringle & Sarstedt (2015). Correlations enter in absolute value, as in semTools and
    SmartPLS, so reverse-keyed items do not shrink the ratio.
    """
    size = np.abs(correlations)
    within = np.array([_mean_within(size[np.ix_(g, g)]) for g in groups])
    between = np.array([[size[np.ix_(g, h)].mean() for h in groups] for g in groups])
    ratio: Array = between / np.sqrt(np.outer(within, within))
    np.fill_diagonal(ratio, np.nan)
    return ratio


def _mean_within(block: Array) -> float:
    """Mean off-diagonal entry of a square block."""
    below = block[np.tri(len(block), k=-1, dtype=bool)]
    return float(below.mean()) if below.size else float("nan")


# -- fitted models --------------------------------------------------------------------------------


def indicators(fit: FittedModel) -> dict[str, tuple[str, ...]]:
    """Return each latent variable's indicators, in model order.

    An indicator of a second-order factor is itself a latent variable.
    """
    rows = _rows(fit)
    loadings = rows[rows["op"] == "=~"]
    return {
        str(latent): tuple(block["rhs"]) for latent, block in loadings.groupby("lhs", sort=False)
    }


def composite_reliability(fit: FittedModel) -> pd.Series:
    """Return the composite reliability of every latent variable.

    Parameters
    ----------
    fit : SEMResult
        A fitted single-group model.

    Returns
    -------
    Series
        Indexed by latent variable; NaN for a single indicator. For a second-order factor the
        loadings are its standardised second-order loadings and Θ the standardised disturbances
        of the first-order factors.

    Raises
    ------
    IncompatibleRequestError
        The model has several groups.

    Notes
    -----
    See `composite_reliability_of`. lavaan counterpart: none; semTools' ``compRelSEM`` uses the
    unstandardised metric and, by default, the observed variance of the composite.
    """
    rows = _rows(fit)
    return pd.Series(
        {
            latent: composite_reliability_of(_loadings(rows, latent), _residuals(rows, names))
            for latent, names in indicators(fit).items()
        },
        name="composite_reliability",
        dtype=float,
    )


def ave(fit: FittedModel) -> pd.Series:
    """Return the average variance extracted of every latent variable.

    Parameters
    ----------
    fit : SEMResult
        A fitted single-group model.

    Returns
    -------
    Series
        Indexed by latent variable; NaN for a single indicator. See `ave_of`.

    Raises
    ------
    IncompatibleRequestError
        The model has several groups.
    """
    rows = _rows(fit)
    values = {latent: ave_of(_loadings(rows, latent)) for latent in indicators(fit)}
    return pd.Series(values, name="ave", dtype=float)


def fornell_larcker(fit: FittedModel, latents: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the Fornell–Larcker table of a fitted model.

    Parameters
    ----------
    fit : SEMResult
        A fitted single-group model.
    latents : sequence of str, optional
        Which latent variables to compare; default: all. A second-order factor and its own
        dimensions are not meant to be discriminant; compare factors of one level.

    Returns
    -------
    DataFrame
        √AVE on the diagonal, model-implied latent correlations below it, NaN above.
    """
    extracted = ave(fit)
    names = list(extracted.index if latents is None else latents)
    covariance = fit.latent_cov().loc[names, names].to_numpy(dtype=float)
    matrix = fornell_larcker_matrix(extracted[names].to_numpy(), _correlations(covariance))
    return pd.DataFrame(matrix, index=names, columns=names)


def htmt(data: pd.DataFrame, constructs: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return the heterotrait–monotrait ratios of constructs, below the diagonal.

    Parameters
    ----------
    data : DataFrame
        Item scores; cases with a missing answer on any of the items are left out.
    constructs : mapping of str to sequence of str
        The items of each construct.

    Returns
    -------
    DataFrame
        Ratios below the diagonal, NaN elsewhere and for single-item constructs. See
        `htmt_matrix` for the formula.

    Raises
    ------
    DataError
        Items are not columns of the data, or fewer than three complete cases remain.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(size=(200, 2))
    >>> items = np.repeat(trait, 2, axis=1) + rng.normal(size=(200, 4))
    >>> frame = pd.DataFrame(items, columns=["a1", "a2", "b1", "b2"])
    >>> bool(htmt(frame, {"A": ["a1", "a2"], "B": ["b1", "b2"]}).loc["B", "A"] < 0.5)
    True
    """
    items = [item for group in constructs.values() for item in group]
    _require_columns(items, data)
    scores = data[items].dropna().to_numpy(dtype=float)
    if len(scores) < 3:
        raise DataError(
            f"HTMT needs at least 3 complete cases on {len(items)} items; {len(scores)} remain.",
            code="data.too_few_cases",
            hint="Check the missing answers.",
        )
    edges = np.cumsum([0, *(len(group) for group in constructs.values())])
    groups = [np.arange(first, stop) for first, stop in pairwise(edges)]
    ratio = htmt_matrix(np.corrcoef(scores, rowvar=False), groups)
    shown = np.where(np.tri(len(groups), k=-1, dtype=bool), ratio, np.nan)
    return pd.DataFrame(shown, index=list(constructs), columns=list(constructs))


def _rows(fit: FittedModel) -> pd.DataFrame:
    rows = fit.parameters(standardized=True)
    if "group" in rows and rows["group"].max() > 1:
        raise IncompatibleRequestError(
            "Validity measures are computed for single-group models.",
            code="request.several_groups",
            hint="Fit the groups one at a time.",
        )
    return rows


def _loadings(rows: pd.DataFrame, latent: str) -> Array:
    chosen = rows[(rows["op"] == "=~") & (rows["lhs"] == latent)]
    return chosen["std_all"].to_numpy(dtype=float)


def _residuals(rows: pd.DataFrame, names: Sequence[str]) -> Array:
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


def _correlations(covariance: Array) -> Array:
    sd = np.sqrt(np.diag(covariance))
    correlations: Array = covariance / np.outer(sd, sd)
    return correlations


def _require_columns(items: Sequence[str], data: pd.DataFrame) -> None:
    missing = [item for item in items if item not in data.columns]
    if missing:
        hints = [hint for item in missing if (hint := did_you_mean(item, map(str, data.columns)))]
        raise DataError(
            f"The data have no column {', '.join(map(repr, missing))}.",
            code="data.missing_column",
            hint=" ".join(hints) or f"Columns: {', '.join(map(str, data.columns))}.",
        )
