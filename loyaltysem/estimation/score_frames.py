"""Factor scores of a fitted model as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.errors import IncompatibleRequestError, ModelSpecificationError
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.engine.implied import model_matrices
from loyaltysem.inference.factor_scores import (
    bartlett_weights,
    regression_weights,
    structural_means,
)
from loyaltysem.moments.data import GroupedData, select

if TYPE_CHECKING:
    from loyaltysem.estimation.result import SEMResult

ScoreMethod: TypeAlias = Literal["regression", "bartlett"]
METHODS: tuple[ScoreMethod, ...] = ("regression", "bartlett")


def score_frame(fit: SEMResult, method: str, data: pd.DataFrame | None) -> pd.DataFrame:
    """Return a score on every latent variable for every case (see `SEMResult.factor_scores`)."""
    if method not in METHODS:
        raise IncompatibleRequestError(
            f"There is no factor score method {method!r}.",
            code="request.score_method",
            hint=f"Choose from {', '.join(map(repr, METHODS))}.",
        )
    if not fit.table.latent:
        raise ModelSpecificationError(
            "The model has no latent variable to score.",
            code="spec.no_latent",
            hint="Factor scores need a measured latent variable:  trust =~ tru1 + tru2 + tru3.",
        )
    cases = _cases(fit, data)
    members = _groups(fit, cases)
    parts = [
        pd.DataFrame(_scores(fit, g, values, method), index=rows, columns=list(fit.table.latent))
        for g, values, rows in zip(members, cases.values, cases.rows, strict=True)
    ]
    if len(fit.structure.blocks) > 1:
        for part, label in zip(parts, cases.labels, strict=True):
            part.insert(0, "group", label)
    scores = pd.concat(parts).sort_index()
    return scores if data is None else scores.set_axis(data.index[scores.index], axis=0)


def _cases(fit: SEMResult, data: pd.DataFrame | None) -> GroupedData:
    if data is not None:
        return select(data, fit.table.observed, fit.plan.group)
    if fit.data is None:
        raise IncompatibleRequestError(
            "The model was fitted to a covariance matrix, so there are no cases to score.",
            code="request.no_cases",
            hint="Pass the answers:  fit.factor_scores(data=frame).",
        )
    return fit.data


def _groups(fit: SEMResult, cases: GroupedData) -> list[int]:
    """Return the group of the model behind each group of the cases."""
    known = fit.data.labels if fit.data is not None else ("",)
    unknown = [label for label in cases.labels if label not in known]
    if unknown:
        raise IncompatibleRequestError(
            f"The model has no group {', '.join(map(repr, unknown))}.",
            code="request.unknown_group",
            hint=f"Its groups are {', '.join(map(repr, known))}.",
        )
    return [known.index(label) for label in cases.labels]


def _scores(fit: SEMResult, group: int, values: Array, method: str) -> Array:
    """Return scores (N, latents) of the cases of one group."""
    block, implied = fit.structure.blocks[group], fit.inference.implied[group]
    theta = fit.objective.map.theta(fit.solution.alpha)
    matrices = {name: x[0] for name, x in model_matrices(block, theta).items()}
    loadings, sigma = matrices["Lambda"], implied.moments.sigma[0]
    is_latent = np.array([name in fit.table.latent for name in block.structural])
    latent = np.array([block.structural.index(n) for n in fit.table.latent], dtype=np.intp)
    if method == "regression":
        weights = regression_weights(implied.latent_cov[0], loadings, sigma)
    else:
        measured = _measured(fit, group)
        weights = bartlett_weights(loadings, matrices["Beta"], measured, sigma, is_latent)
    if block.meanstructure:
        centre, means = implied.moments.mu[0], implied.latent_mean[0]
    else:
        centre = fit.sample.mean[group][0]
        observed: Indices = np.flatnonzero(~is_latent)
        means = structural_means(matrices["Beta"], loadings, centre, observed)
    return np.asarray((values - centre) @ weights[latent].T + means[latent])


def _measured(fit: SEMResult, group: int) -> Mask:
    """Return which entries of B were written with ``=~``."""
    block = fit.structure.blocks[group]
    entries = block.entries["Beta"]
    written = np.array([fit.table.rows[i].op == "=~" for i in entries.row], dtype=bool)
    mask = np.zeros((block.k, block.k), dtype=bool)
    mask.flat[entries.position[written]] = True
    return mask
