"""Factor scores of a fitted model as a table."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.errors import IncompatibleRequestError, ModelSpecificationError
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.engine.implied import model_matrices
from loyaltysem.estimation.solved import Solved
from loyaltysem.inference.factor_scores import (
    bartlett_weights,
    regression_weights,
    structural_means,
)
from loyaltysem.model.structure import MatrixName
from loyaltysem.moments.data import GroupedData, select

ScoreMethod: TypeAlias = Literal["regression", "bartlett"]
METHODS: tuple[ScoreMethod, ...] = ("regression", "bartlett")


def score_frame(fit: Solved, method: str, data: pd.DataFrame | None) -> pd.DataFrame:
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
    if fit.plan.ordered:
        raise IncompatibleRequestError(
            "Factor scores of models with ordered variables are not available in this version.",
            code="request.ordered_scores",
            hint="Score a model that treats the items as numeric, or use scale means.",
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


def _cases(fit: Solved, data: pd.DataFrame | None) -> GroupedData:
    if data is not None:
        fixed = [fit.table.observed[i] for i in fit.model.fixed_x]
        complete = fixed if fit.plan.missing == "fiml" else None
        return select(data, fit.table.observed, fit.plan.group, complete)
    if fit.data is None:
        raise IncompatibleRequestError(
            "The model was fitted to a covariance matrix: there are no cases to score.",
            code="request.no_cases",
            hint="Pass the answers:  fit.factor_scores(data=frame).",
        )
    return fit.data


def _groups(fit: Solved, cases: GroupedData) -> list[int]:
    """Return the group of the model behind each group of the cases."""
    known = fit.table.groups
    unknown = [label for label in cases.labels if label not in known]
    if unknown:
        raise IncompatibleRequestError(
            f"The model has no group {', '.join(map(repr, unknown))}.",
            code="request.unknown_group",
            hint=f"Its groups are {', '.join(map(repr, known))}.",
        )
    return [known.index(label) for label in cases.labels]


def _scores(fit: Solved, group: int, values: Array, method: str) -> Array:
    """Return scores (N, latents) of the cases of one group, each from what was observed of it."""
    matrices, centre, means = _matrices(fit, group)
    block, implied = fit.structure.blocks[group], fit.inference.implied[group]
    latent = np.array([block.structural.index(n) for n in fit.table.latent], dtype=np.intp)
    scores = np.full((len(values), len(latent)), np.nan)
    patterns, member = np.unique(np.isfinite(values), axis=0, return_inverse=True)
    for k, seen in enumerate(patterns):
        cases = member.ravel() == k
        loadings, sigma = matrices["Lambda"][seen], implied.moments.sigma[0][np.ix_(seen, seen)]
        if method == "regression":
            weights = regression_weights(implied.latent_cov[0], loadings, sigma)[latent]
        else:
            is_latent = np.isin(np.arange(block.k), latent)
            measured = _measured(fit, group)
            weights = bartlett_weights(loadings, matrices["Beta"], measured, sigma, is_latent)
            weights = weights[latent]
        deviation = values[np.ix_(cases, seen)] - centre[seen]
        scores[cases] = deviation @ weights.T + means[latent]
    return scores


def _matrices(fit: Solved, group: int) -> tuple[dict[MatrixName, Array], Array, Array]:
    """Return the model matrices, the means of observed and those of structural variables."""
    block, implied = fit.structure.blocks[group], fit.inference.implied[group]
    theta = fit.objective.map.theta(fit.solution.alpha)
    matrices = {name: x[0] for name, x in model_matrices(block, theta).items()}
    if block.meanstructure:
        return matrices, implied.moments.mu[0], implied.latent_mean[0]
    centre = fit.sample.mean[group][0]
    observed = [i for i, name in enumerate(block.structural) if name not in fit.table.latent]
    seats: Indices = np.array(observed, dtype=np.intp)
    return matrices, centre, structural_means(matrices["Beta"], matrices["Lambda"], centre, seats)


def _measured(fit: Solved, group: int) -> Mask:
    """Return which entries of B were written with ``=~``."""
    block = fit.structure.blocks[group]
    entries = block.entries("Beta")
    written = np.array([fit.table.rows[i].op == "=~" for i in entries.row], dtype=bool)
    mask = np.zeros((block.k, block.k), dtype=bool)
    mask.flat[entries.position[written]] = True
    return mask
