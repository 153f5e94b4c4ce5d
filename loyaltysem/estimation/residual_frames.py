"""Residuals of a fitted model, sample minus implied moments, as labelled tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from loyaltysem.core.display import number
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.linalg import correlation
from loyaltysem.core.types import Array
from loyaltysem.engine.terms import LocalVectorTerm
from loyaltysem.estimation.residual_errors import (
    MomentArrays,
    from_cases,
    moment_errors,
    scatter,
)
from loyaltysem.estimation.solved import Solved
from loyaltysem.moments.ordinal_sample import OrdinalSample

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
    thresholds : Series or None
        Of ordered variables, named as ``"item|t1"``. With covariates all moments are those of the
        latent responses given the covariates.
    """

    kind: str
    cov: pd.DataFrame
    mean: pd.Series | None
    thresholds: pd.Series | None = None

    def of(self, group: str) -> Residuals:
        """Return the residuals of one group."""
        if self.cov.index.nlevels == 1 or group not in self.cov.index.get_level_values(0):
            raise IncompatibleRequestError(
                f"There is no group {group!r}.",
                code="request.unknown_group",
                hint="The groups are the first level of the index of `cov`.",
            )

        def own(series: pd.Series | None) -> pd.Series | None:
            return None if series is None else series.xs(group, level=0)

        cov = pd.DataFrame(self.cov.xs(group, level=0))
        return Residuals(self.kind, cov, own(self.mean), own(self.thresholds))

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
        steps = [] if self.thresholds is None else [
            (group, n[: n.rindex("|")], "|", n[n.rindex("|") + 1 :], float(x))
            for n, x in zip(map(str, self.thresholds.index), self.thresholds, strict=True)
        ]  # fmt: skip
        return [*pairs, *means, *steps]

    def _repr_html_(self) -> str:
        parts = [_html(self.cov)]
        if self.mean is not None:
            parts.append(_html(self.mean.to_frame("mean")))
        if self.thresholds is not None:
            parts.append(_html(self.thresholds.to_frame("threshold")))
        return f"<p>Residuals, {escape(KINDS[self.kind])}</p>" + "".join(parts)


def _html(frame: pd.DataFrame) -> str:
    return str(frame.to_html(float_format=number, border=0))


def residuals_of(fit: Solved, kind: str, distribution_free: bool | None = None) -> Residuals:
    """Return residual moments of a fit (see `SEMResult.residuals`)."""
    if kind not in KINDS:
        raise IncompatibleRequestError(
            f"There are no {kind!r} residuals.",
            code="request.residuals",
            hint=f"Choose from {', '.join(map(repr, KINDS))}.",
        )
    moments = [_moments(fit, g) for g in range(len(fit.structure.blocks))]
    if kind in ("standardized", "normalized"):
        cases = from_cases(fit.plan) if distribution_free is None else distribution_free
        errors = moment_errors(fit.model, fit.solution.alpha, kind == "standardized", cases)
        parts = [m.over(e) for m, e in zip(moments, errors, strict=True)]
    else:
        parts = [m.scaled(kind) for m in moments]
    labels = list(fit.table.groups)
    return _labelled(kind, fit, labels, parts)


@dataclass(frozen=True, slots=True)
class _Moments:
    """Sample covariances `s` (p, p), and residuals of every moment, of one group."""

    s: Array
    residual: MomentArrays

    def scaled(self, kind: str) -> MomentArrays:
        """Return the residuals as they are, or on the scale of correlations."""
        sd = np.sqrt(np.diagonal(self.s))
        r = self.residual
        if kind == "raw":
            return r
        unit = np.outer(sd, sd)
        cov = correlation(self.s) - correlation(self.s - r.cov) if kind == "cor" else r.cov / unit
        return MomentArrays(cov, r.mean / sd, r.thresholds)  # means in sample units, as in lavaan

    def over(self, error: MomentArrays) -> MomentArrays:
        """Return the residuals over their standard errors."""
        sd = np.sqrt(np.diagonal(self.s))
        r = self.residual
        return MomentArrays(
            _ratio(r.cov, error.cov, np.outer(sd, sd)),
            _ratio(r.mean, error.mean, sd),
            _ratio(r.thresholds, error.thresholds, np.ones(len(r.thresholds))),
        )


def _ratio(residual: Array, error: Array, unit: Array) -> Array:
    """Return z; 0 where the model reproduces the moment, NaN where there is no standard error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(error > 0, residual / error, np.nan)
    return np.where((np.abs(residual) < NEGLIGIBLE * unit) & ~np.isnan(error), 0.0, z)


def _moments(fit: Solved, group: int) -> _Moments:
    sample = fit.sample
    if isinstance(sample, OrdinalSample):
        local = fit.objective.local(fit.solution.alpha)[group]
        assert isinstance(local, LocalVectorTerm)
        found = scatter(fit.model, group, local.residual[0])
        of = sample.groups[group]  # the list of moments holds means with the sign of a threshold
        return _Moments(of.cov, MomentArrays(found.cov, -found.mean, found.thresholds))
    implied = fit.inference.implied[group].moments
    s = sample.cov[group][0]
    mean = sample.mean[group][0] - implied.mu[0]
    return _Moments(s, MomentArrays(s - implied.sigma[0], mean, np.zeros(0)))


def _labelled(
    kind: str, fit: Solved, labels: Sequence[str], parts: Sequence[MomentArrays]
) -> Residuals:
    sample, names = fit.sample, list(fit.table.observed)
    if isinstance(sample, OrdinalSample):
        names = [sample.names[i] for i in sample.variables]
    counts = fit.table.defaults.ordered
    levels = [f"{n}|t{k + 1}" for n in names for k in range(counts.get(n, 0))]
    covs = [pd.DataFrame(x.cov, index=names, columns=names) for x in parts]
    means = [pd.Series(x.mean, index=names, name="residual") for x in parts]
    steps = [pd.Series(x.thresholds, index=levels, name="residual") for x in parts]

    def joined(series: Sequence[pd.Series], wanted: bool) -> pd.Series | None:
        if not wanted:
            return None
        return (
            series[0] if len(parts) == 1 else pd.concat(series, keys=labels, names=["group", None])
        )

    cov = covs[0] if len(parts) == 1 else pd.concat(covs, keys=labels, names=["group", None])
    has_means = fit.structure.blocks[0].meanstructure
    return Residuals(kind, cov, joined(means, has_means), joined(steps, bool(levels)))
