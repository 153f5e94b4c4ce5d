"""Residuals of a fitted model, sample minus implied moments, as labelled tables."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loyaltysem.core.display import number
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.linalg import correlation
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.restrictions import null_basis
from loyaltysem.engine.terms import LocalMatrixTerm, LocalTerm
from loyaltysem.engine.weights import NormalTheory, NormalTheoryObserved
from loyaltysem.inference.residuals import (
    MomentDirections,
    MomentSpread,
    ResidualBlock,
    case_spread,
    moment_directions,
    normal_spread,
    residual_errors,
    sampling_errors,
)

if TYPE_CHECKING:
    from loyaltysem.estimation.result import SEMResult

KINDS = {
    "raw": "in the units of the data",
    "cor": "sample minus implied correlations",
    "cor_bentler": "over sample standard deviations",
    "standardized": "over the standard errors of the residuals (z)",
    "normalized": "over the standard errors of the sample moments",
}
#: A residual below this, over standard deviations, is rounding in the search: its z is 0.
NEGLIGIBLE = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Residual covariances and means.

    Attributes
    ----------
    kind : str
    cov : DataFrame
        Square; with several groups the rows have a first level ``group``.
    mean : Series or None
        None without a mean structure.
    """

    kind: str
    cov: pd.DataFrame
    mean: pd.Series | None

    def of(self, group: str) -> Residuals:
        """Return the residuals of one group."""
        if self.cov.index.nlevels == 1 or group not in self.cov.index.get_level_values(0):
            raise IncompatibleRequestError(
                f"There is no group {group!r}.",
                code="request.unknown_group",
                hint="The groups are the first level of the index of `cov`.",
            )
        mean = None if self.mean is None else self.mean.xs(group, level=0)
        return Residuals(self.kind, pd.DataFrame(self.cov.xs(group, level=0)), mean)

    def largest(self, top: int | None = 10) -> pd.DataFrame:
        """Return ``group lhs op rhs residual``, the largest in absolute value first."""
        several = self.cov.index.nlevels > 1
        labels = self.cov.index.get_level_values(0).unique() if several else [""]
        rows = [row for g in labels for row in (self.of(g) if several else self)._rows(g)]
        frame = pd.DataFrame(rows, columns=["group", "lhs", "op", "rhs", "residual"])
        order = frame["residual"].abs().sort_values(ascending=False, kind="stable").index
        ordered = frame.loc[order].reset_index(drop=True)
        return ordered if top is None else ordered.head(top)

    def _rows(self, group: str) -> list[tuple[str, str, str, str, float]]:
        names = list(self.cov.columns)
        values = self.cov.to_numpy()
        pairs = [
            (group, names[j], "~~", names[i], float(values[i, j]))
            for i in range(len(names))
            for j in range(i + 1)
        ]
        means = [] if self.mean is None else [
            (group, str(n), "~1", "", float(x)) for n, x in self.mean.items()
        ]  # fmt: skip
        return [*pairs, *means]

    def _repr_html_(self) -> str:
        parts = [_html(self.cov)]
        if self.mean is not None:
            parts.append(_html(self.mean.to_frame("mean")))
        return f"<p>Residuals, {escape(KINDS[self.kind])}</p>" + "".join(parts)


def _html(frame: pd.DataFrame) -> str:
    return str(frame.to_html(float_format=number, border=0))


def residuals_of(fit: SEMResult, kind: str, distribution_free: bool = False) -> Residuals:
    """Return residual moments of a fit (see `SEMResult.residuals`)."""
    if kind not in KINDS:
        raise IncompatibleRequestError(
            f"There are no {kind!r} residuals.",
            code="request.residuals",
            hint=f"Choose from {', '.join(map(repr, KINDS))}.",
        )
    with_errors = kind in ("standardized", "normalized")
    errors = (
        _errors(fit, kind, distribution_free) if with_errors else [None] * len(fit.structure.blocks)
    )
    parts = [_group_residuals(fit, g, kind, e) for g, e in enumerate(errors)]
    means = fit.structure.blocks[0].meanstructure
    names = list(fit.table.observed)
    covs = [pd.DataFrame(cov, index=names, columns=names) for cov, _ in parts]
    mean = [pd.Series(m, index=names, name="residual") for _, m in parts]
    if len(parts) == 1:
        return Residuals(kind, covs[0], mean[0] if means else None)
    labels = list(fit.data.labels) if fit.data else [str(g + 1) for g in range(len(parts))]
    return Residuals(
        kind,
        pd.concat(covs, keys=labels, names=["group", None]),
        pd.concat(mean, keys=labels, names=["group", None]) if means else None,
    )


def _group_residuals(
    fit: SEMResult, group: int, kind: str, errors: tuple[Array, Array] | None
) -> tuple[Array, Array]:
    moments = fit.inference.implied[group].moments
    s, sigma = fit.sample.cov[group][0], moments.sigma[0]
    sd = np.sqrt(np.diagonal(s))
    cov, mean = s - sigma, fit.sample.mean[group][0] - moments.mu[0]
    if errors is not None:
        return _ratio(cov, errors[0], np.outer(sd, sd)), _ratio(mean, errors[1], sd)
    if kind == "cor":  # means stay in sample units, as in lavaan
        return correlation(s) - correlation(sigma), mean / sd
    return (cov / np.outer(sd, sd), mean / sd) if kind == "cor_bentler" else (cov, mean)


def _ratio(residual: Array, error: Array, unit: Array) -> Array:
    """Return z; 0 where the model reproduces the moment, NaN where there is no standard error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(error > 0, residual / error, np.nan)
    return np.where((np.abs(residual) < NEGLIGIBLE * unit) & ~np.isnan(error), 0.0, z)


def _errors(fit: SEMResult, kind: str, distribution_free: bool) -> list[tuple[Array, Array]]:
    """Return standard errors (p, p) and (p,) of the residuals, or of the sample moments."""
    blocks = []
    local = fit.objective.local(fit.solution.alpha)
    for g, (block, term) in enumerate(zip(fit.objective.blocks, local, strict=True)):
        weight = _weight(fit, term)
        jacobian = fit.inference.implied[g].jacobian
        directions = moment_directions(jacobian, block.chain, weight)
        spread = _spread(fit, g, directions, distribution_free)
        blocks.append(ResidualBlock(block.share, fit.sample.n_obs[g], directions, spread))
    if kind == "normalized":
        return [sampling_errors(b) for b in blocks]
    active = fit.model.restrictions.active(fit.solution.alpha)
    return residual_errors(blocks, null_basis(active, fit.objective.n_free))


def _weight(fit: SEMResult, term: LocalTerm) -> NormalTheory | NormalTheoryObserved:
    if isinstance(term, LocalMatrixTerm):
        observed = fit.plan.information == "observed"
        weight = term.discrepancy.observed if observed else term.discrepancy.expected
        if isinstance(weight, NormalTheory | NormalTheoryObserved):
            return weight
    raise IncompatibleRequestError(
        f"Residuals of estimator {fit.plan.estimator} have no standard errors in this version.",
        code="request.residuals",
        hint="kind='raw' and kind='cor' are available for every estimator.",
    )


def _spread(
    fit: SEMResult, group: int, directions: MomentDirections, distribution_free: bool
) -> MomentSpread:
    cov, x = fit.sample.cov[group][0], _fixed_x(fit)
    coefficients = np.linalg.solve(cov[np.ix_(x, x)], cov[x]) if len(x) else None
    if not distribution_free:
        return normal_spread(
            directions, cov, None if coefficients is None else cov[:, x] @ coefficients
        )
    if fit.data is None:
        raise IncompatibleRequestError(
            "The model was fitted to a covariance matrix, so there are no cases to learn from.",
            code="request.no_cases",
            hint="Leave distribution_free at False, or fit the model to data.",
        )
    d = fit.data.values[group] - fit.sample.mean[group][0]
    return case_spread(directions, d, None if coefficients is None else d[:, x] @ coefficients)


def _fixed_x(fit: SEMResult) -> Indices:
    names = fit.table.roles.exogenous_observed if fit.table.defaults.fixed_x else ()
    return np.array([fit.table.observed.index(n) for n in names], dtype=np.intp)
