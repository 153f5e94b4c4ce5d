"""Convergent and discriminant validity: composite reliability, AVE, Fornell–Larcker, HTMT.

Each measure is a small function on arrays (``…_of``, ``…_matrix``) with a wrapper that takes the
numbers from a fitted model or a frame and puts the names back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from loyaltysem.analysis.measurement.convergence import (
    ave_of,
    composite_reliability_of,
    standardized_loadings,
    standardized_residuals,
)
from loyaltysem.analysis.measurement.heterotrait import htmt, htmt_intervals, htmt_matrix
from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Array

__all__ = [
    "ave",
    "ave_of",
    "composite_reliability",
    "composite_reliability_of",
    "fornell_larcker",
    "fornell_larcker_matrix",
    "htmt",
    "htmt_intervals",
    "htmt_matrix",
    "indicators",
]


class FittedModel(Protocol):
    """What these functions need of a fitted model; ``SEMResult`` has it."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Group labels; empty without groups."""
        ...

    def parameters(self, *, standardized: bool = ...) -> pd.DataFrame:
        """Parameter frame with ``lhs op rhs group std_all``."""
        ...

    def latent_cov(self) -> pd.DataFrame:
        """Model-implied covariance matrix of the latent variables."""
        ...


# -- arrays ---------------------------------------------------------------------------------------


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


# -- fitted models --------------------------------------------------------------------------------


def indicators(fit: FittedModel, group: str | None = None) -> dict[str, tuple[str, ...]]:
    """Return each latent variable's indicators, in model order.

    An indicator of a second-order factor is itself a latent variable.
    """
    rows = _rows(fit, group)
    loadings = rows[rows["op"] == "=~"]
    return {
        str(latent): tuple(block["rhs"]) for latent, block in loadings.groupby("lhs", sort=False)
    }


def composite_reliability(fit: FittedModel, group: str | None = None) -> pd.Series:
    """Return the composite reliability of every latent variable.

    Parameters
    ----------
    fit : SEMResult
    group : str, optional
        Which group, where there are several.

    Returns
    -------
    Series
        Indexed by latent variable; NaN for a single indicator. For a second-order factor the
        loadings are its standardised second-order loadings and Θ the standardised disturbances
        of the first-order factors.

    Raises
    ------
    IncompatibleRequestError
        The model has several groups and none is named, or the one named is none of them.

    Notes
    -----
    See `composite_reliability_of`. `loyaltysem.reliability` has that beside ω in
    the metric of the items (semTools' ``compRelSEM``).
    """
    rows = _rows(fit, group)
    return pd.Series(
        {
            latent: composite_reliability_of(
                standardized_loadings(rows, latent), standardized_residuals(rows, names)
            )
            for latent, names in indicators(fit, group).items()
        },
        name="composite_reliability",
        dtype=float,
    )


def ave(fit: FittedModel, group: str | None = None) -> pd.Series:
    """Return the average variance extracted of every latent variable.

    Parameters
    ----------
    fit : SEMResult
    group : str, optional
        Which group, where there are several.

    Returns
    -------
    Series
        Indexed by latent variable; NaN for a single indicator. See `ave_of`.

    Raises
    ------
    IncompatibleRequestError
        The model has several groups and none is named, or the one named is none of them.
    """
    rows = _rows(fit, group)
    values = {
        latent: ave_of(standardized_loadings(rows, latent)) for latent in indicators(fit, group)
    }
    return pd.Series(values, name="ave", dtype=float)


def fornell_larcker(
    fit: FittedModel, latents: Sequence[str] | None = None, group: str | None = None
) -> pd.DataFrame:
    """Return the Fornell–Larcker table of a fitted model.

    Parameters
    ----------
    fit : SEMResult
    latents : sequence of str, optional
        Which latent variables to compare; default: all. A second-order factor and its own
        dimensions are not meant to be discriminant; compare factors of one level.
    group : str, optional
        Which group, where there are several.

    Returns
    -------
    DataFrame
        √AVE on the diagonal, model-implied latent correlations below it, NaN above.
    """
    extracted = ave(fit, group)
    names = list(extracted.index if latents is None else latents)
    latent = fit.latent_cov()
    own = latent if group is None or latent.index.nlevels == 1 else latent.loc[group]
    covariance = own.loc[names, names].to_numpy(dtype=float)
    matrix = fornell_larcker_matrix(extracted[names].to_numpy(), _correlations(covariance))
    return pd.DataFrame(matrix, index=names, columns=names)


def _rows(fit: FittedModel, group: str | None = None) -> pd.DataFrame:
    """Return the parameters of the only group, or of the one named."""
    rows = fit.parameters(standardized=True)
    labels = tuple(fit.groups)
    if group is None and rows["group"].max() > 1:
        raise IncompatibleRequestError(
            "The model has several groups, each with its own values.",
            code="request.several_groups",
            hint=f"Name one with group=…, of {', '.join(labels)}; reliability(fit) lists all.",
        )
    if group is not None and group not in labels:
        raise IncompatibleRequestError(
            f"The model has no group '{group}'.",
            code="request.group",
            hint=did_you_mean(group, labels) or f"Groups: {', '.join(labels) or 'none'}.",
        )
    return rows if group is None else rows[rows["group"] == labels.index(group) + 1]


def _correlations(covariance: Array) -> Array:
    sd = np.sqrt(np.diag(covariance))
    correlations: Array = covariance / np.outer(sd, sd)
    return correlations
