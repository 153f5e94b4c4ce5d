"""Starting values: factor blocks first, then factor covariances as data for the next level.

Not estimates to report, but close enough that Newton steps converge in a few iterations. Works on
one group at a time: every latent is scaled from its indicators, its covariances with all other
variables follow by least squares, and regressions are then solved from those covariances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from loyaltysem.core.types import Array
from loyaltysem.estimation.terms import Sample
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import Parameter
from loyaltysem.moments.ordinal_sample import OrdinalSample


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of one group by what they do, found in one pass."""

    indicators: dict[str, list[Parameter]] = field(default_factory=dict)
    regressions: dict[str, list[Parameter]] = field(default_factory=dict)
    variances: dict[str, Parameter] = field(default_factory=dict)

    def add(self, row: Parameter) -> None:
        if row.op == "=~":
            self.indicators.setdefault(row.lhs, []).append(row)
        elif row.op == "~":
            self.regressions.setdefault(row.lhs, []).append(row)
        elif row.is_variance:
            self.variances[row.lhs] = row


@dataclass(frozen=True, slots=True)
class _Resolved:
    """Covariances of the variables known so far; latents are added one at a time.

    `loadings` holds each latent's loadings by indicator, `causes` the other way round.
    """

    place: dict[str, int]
    cov: Array
    loadings: dict[str, dict[str, float]] = field(default_factory=dict)
    causes: dict[str, list[str]] = field(default_factory=dict)

    def at(self, a: Sequence[str], b: Sequence[str]) -> Array:
        rows = self.cov.take([self.place[n] for n in a], axis=0)
        return rows.take([self.place[n] for n in b], axis=1)

    def pair(self, a: str, b: str) -> float:
        return float(self.cov[self.place[a], self.place[b]])

    def add(self, name: str, covariances: Array, loadings: dict[str, float], phi: float) -> None:
        n = len(self.place)
        self.cov[n, :n] = self.cov[:n, n] = covariances
        self.cov[n, n] = phi
        self.place[name] = n
        self.loadings[name] = loadings
        for item in loadings:
            self.causes.setdefault(item, []).append(name)


def start_values(table: ParameterTable, sample: Sample) -> Array:
    """Return starting values for every table row, shape (1, t); fixed rows keep their value.

    Parameters
    ----------
    table : ParameterTable
    sample : SampleMoments
        The first replicate is used.
    """
    values = np.array([0.0 if r.free or r.exogenous else r.value for r in table.rows])
    for group in range(table.n_groups):
        cov, mean = sample.cov[group][0], sample.mean[group][0]
        mine = [(i, r) for i, r in enumerate(table.rows) if r.group == group + 1]
        rows = _Rows()
        for _, row in mine:
            rows.add(row)
        resolved = _resolve(table, rows, cov)
        slopes = {n: _regression(rs, resolved) for n, rs in rows.regressions.items()}
        means = dict(zip(table.observed, mean.tolist(), strict=True))
        means |= dict.fromkeys(table.defaults.ordered, 0.0)
        for i, row in mine:
            if not row.free:
                continue
            if row.start == row.start:
                values[i] = row.start
            elif row.op == "|":
                values[i] = threshold_value(sample, row)
            elif row.op == "~1":
                values[i] = means.get(row.lhs, 0.0)
            else:
                values[i] = _start(row, resolved, slopes)
    return values[None]


def threshold_value(sample: Sample, row: Parameter) -> float:
    """Return the sample threshold behind a ``|`` row."""
    assert isinstance(sample, OrdinalSample)
    return sample.threshold(row.lhs, int(row.rhs[1:]) - 1, row.group - 1)


def _resolve(table: ParameterTable, rows: _Rows, cov: Array) -> _Resolved:
    p = len(cov)
    whole = np.zeros((p + len(rows.indicators),) * 2)
    whole[:p, :p] = cov
    resolved = _Resolved({n: i for i, n in enumerate(table.observed)}, whole)
    waiting = dict(rows.indicators)
    while waiting:
        ready = (f for f, rs in waiting.items() if all(r.rhs in resolved.place for r in rs))
        name = next(ready, next(iter(waiting)))  # a loop of =~ has no order: take the first
        items = [r for r in waiting.pop(name) if r.rhs in resolved.place]
        _add_factor(name, items, rows.variances[name], resolved)
    return resolved


def _add_factor(
    name: str, items: Sequence[Parameter], variance: Parameter, resolved: _Resolved
) -> None:
    """Scale one latent from its indicators and relate it to everything resolved so far."""
    n = len(resolved.place)
    if not items:
        resolved.add(name, np.zeros(n), {}, 1.0)
        return
    names = [r.rhs for r in items]
    seats = [resolved.place[x] for x in names]
    rows = resolved.cov.take(seats, axis=0)[:, :n]
    block = rows.take(seats, axis=1)
    total = np.maximum(block.diagonal(), 1e-300)
    sd = np.sqrt(total)
    standard = _one_factor(_without_earlier(block, names, resolved) / (sd[:, None] * sd))
    loadings, phi = _scale(items, standard, sd, variance)
    weights = loadings / total
    covariances = (weights / max(float(weights @ loadings), 1e-300)) @ rows
    covariances[seats] = loadings * phi
    limit = 0.95 * np.sqrt(np.maximum(resolved.cov.diagonal()[:n], 0.0) * phi)
    covariances = np.minimum(np.maximum(covariances, -limit), limit)
    resolved.add(name, covariances, dict(zip(names, loadings.tolist(), strict=True)), phi)


def _without_earlier(block: Array, names: Sequence[str], resolved: _Resolved) -> Array:
    """Take out what earlier factors explain among items they share (bifactor models)."""
    earlier = {f for n in names for f in resolved.causes.get(n, ())}
    for factor in earlier:
        loadings = resolved.loadings[factor]
        shared = np.array([loadings.get(n, 0.0) for n in names])
        if np.count_nonzero(shared) > 1:
            explained = resolved.pair(factor, factor) * np.outer(shared, shared)
            block = block - explained + np.diag(explained.diagonal())
    return block


def _one_factor(r: Array) -> Array:
    """Return standardised loadings of one factor, by Spearman's method of triads.

    ``λᵢ² = Σ rᵢⱼrᵢₖ / Σ rⱼₖ`` over all pairs j, k of the other items (Harman 1976, ch. 7): exact
    where one factor holds, and no iteration.

    Parameters
    ----------
    r : Array, shape (p, p)
        Correlations of its indicators.
    """
    if len(r) == 1:
        return np.array([0.9])
    sign = np.copysign(1.0, r[np.abs(r).sum(axis=0).argmax()])
    r = r * (sign[:, None] * sign)
    sums = r.sum(axis=0) - 1.0
    pairs, triads = sums.sum() - 2.0 * sums, sums * sums - (r * r).sum(axis=0) + 1.0
    square = triads / np.maximum(pairs, 1e-6) if len(r) > 2 else np.abs(sums)
    return np.asarray(sign * np.sqrt(np.minimum(np.maximum(square, 0.01), 0.9)))


def _scale(
    items: Sequence[Parameter], standard: Array, sd: Array, variance: Parameter
) -> tuple[Array, float]:
    """Bring standardised loadings to the scale the fixed rows ask for; return variance too.

    A marker that hardly loads would blow up the others: it counts as a tenth of the largest
    standardised loading.
    """
    relative = sd * standard
    fixed = [(i, r.value) for i, r in enumerate(items) if not r.free and r.value != 0.0]
    if not fixed:
        phi = 1.0 if variance.free else max(variance.value, 1e-6)
        oriented = relative if relative[0] >= 0 else -relative
        return _keep_fixed(items, oriented / np.sqrt(phi)), phi
    size = np.abs(standard)
    floor = 0.1 * float(size.max(initial=0.1))
    unit = sum(max(float(size[i]), floor) * sd[i] / abs(x) for i, x in fixed) / len(fixed)
    if sum(relative[i] * x for i, x in fixed) < 0:
        unit = -unit
    phi = float(unit) ** 2 if variance.free else variance.value
    return _keep_fixed(items, relative / unit), max(phi, 1e-6 * float(unit) ** 2)


def _keep_fixed(items: Sequence[Parameter], loadings: Array) -> Array:
    return np.array(
        [x if r.free else r.value for r, x in zip(items, loadings.tolist(), strict=True)]
    )


#: Slopes of one outcome by predictor, and the variance they explain.
_Slopes = tuple[dict[str, float], float]


def _regression(rows: Sequence[Parameter], resolved: _Resolved) -> _Slopes:
    """Regress one outcome on its predictors, with a little ridge; fixed slopes keep their value."""
    predictors = [r.rhs for r in rows]
    xx = resolved.at(predictors, predictors)
    xy = resolved.at(predictors, [rows[0].lhs])[:, 0]
    found = np.linalg.solve(xx + 0.05 * np.diag(np.diagonal(xx)), xy)
    b = _keep_fixed(rows, np.asarray(found))
    return dict(zip(predictors, b.tolist(), strict=True)), float(b @ xx @ b)


def _start(row: Parameter, resolved: _Resolved, slopes: dict[str, _Slopes]) -> float:
    if row.op == "=~":
        return resolved.loadings[row.lhs].get(row.rhs, 1.0)
    if row.op == "~*~":
        return 1.0
    if row.op == "~":
        return slopes[row.lhs][0][row.rhs]
    if row.lhs == row.rhs:
        return _residual_variance(row.lhs, resolved, slopes)
    if any(n in slopes or n in resolved.causes for n in (row.lhs, row.rhs)):
        return 0.0  # a covariance of residuals
    return _covariance(row, resolved)


def _residual_variance(name: str, resolved: _Resolved, slopes: dict[str, _Slopes]) -> float:
    total = resolved.pair(name, name)
    explained = slopes[name][1] if name in slopes else 0.0
    for f in resolved.causes.get(name, ()):
        explained += resolved.loadings[f][name] ** 2 * resolved.pair(f, f)
    floor = 0.05 if name in resolved.loadings else 0.2
    return total - min(explained, (1 - floor) * total)


def _covariance(row: Parameter, resolved: _Resolved) -> float:
    """Return the estimate; that of latent variables is kept away from perfect correlation."""
    a, b = row.lhs, row.rhs
    if a not in resolved.loadings and b not in resolved.loadings:
        return resolved.pair(a, b)  # the sample's own, which may well be close to singular
    limit = 0.8 * sqrt(max(resolved.pair(a, a) * resolved.pair(b, b), 0.0))
    return min(max(resolved.pair(a, b), -limit), limit)


def cautious(table: ParameterTable, values: Array) -> Array:
    """Return starts without covariances and regressions, for when the first are not admissible."""
    quiet = values.copy()
    for i, row in enumerate(table.rows):
        if row.free and (row.op == "~" or (row.op == "~~" and row.lhs != row.rhs)):
            quiet[:, i] = 0.0
    return quiet


def rough_values(
    table: ParameterTable, sample: Sample, rng: np.random.Generator | None = None
) -> Array:
    """Return ordinary values in the units of the data, shape (1, t).

    Parameters
    ----------
    table : ParameterTable
    sample : SampleMoments
        For units and signs only.
    rng : Generator, optional
        Draw a generic point. Without it: loadings of .7 with the sign of the marker's covariance,
        regressions and covariances of 0, half of each variance left over.
    """
    values = np.array([0.0 if r.free or r.exogenous else r.value for r in table.rows])
    for group in range(table.n_groups):
        cov = sample.cov[group][0]
        rows = [r for r in table.rows if r.group == group + 1]
        units, markers = _units(table, rows, cov)
        for i, row in enumerate(table.rows):
            if row.free and row.group == group + 1 and row.op == "|":
                values[i] = threshold_value(sample, row)
            elif row.free and row.group == group + 1:
                u = 0.7 if rng is None else float(rng.uniform(0.4, 0.9))
                values[i] = _rough(row, u, units, rng is not None) * _sign(
                    row, markers, table.observed, cov, rng
                )
    return values[None]


def _units(
    table: ParameterTable, rows: Sequence[Parameter], cov: Array
) -> tuple[dict[str, float], dict[str, Parameter]]:
    """Return a typical standard deviation of every variable, and each latent's marker."""
    units = dict(zip(table.observed, np.sqrt(np.diagonal(cov)).tolist(), strict=True))
    markers: dict[str, Parameter] = {}
    for row in rows:
        usable = not row.free and row.value != 0.0
        if row.op == "=~" and (row.lhs not in markers or (usable and markers[row.lhs].free)):
            markers[row.lhs] = row
    for _ in table.latent:  # as many passes as a chain of =~ can be long
        for name in table.latent:
            marker = markers.get(name)
            scaled = marker is not None and not marker.free and marker.rhs in units
            if marker is not None and scaled and marker.value:
                units[name] = 0.7 * units[marker.rhs] / abs(marker.value)
            else:
                units.setdefault(name, 1.0)
    return units, markers


def _rough(row: Parameter, u: float, units: dict[str, float], generic: bool) -> float:
    own = units[row.lhs]
    if row.op == "|":
        return 0.0
    if row.op == "~*~":
        return 0.5 + u if generic else 1.0
    if row.op == "=~":
        return u * units[row.rhs] / own
    if row.op == "~":
        return 0.4 * u * own / units[row.rhs] if generic else 0.0
    if row.op == "~1":
        return u * own if generic else 0.0
    if row.is_variance:
        return (0.5 + u if generic else 0.5) * own**2
    return 0.1 * u * own * units[row.rhs] if generic else 0.0


def _sign(
    row: Parameter,
    markers: dict[str, Parameter],
    observed: Sequence[str],
    cov: Array,
    rng: np.random.Generator | None,
) -> float:
    """Return the sign of an indicator's covariance with its factor's marker."""
    if rng is not None or row.op != "=~":
        return 1.0
    pair = markers[row.lhs].rhs, row.rhs
    if not set(pair) <= set(observed):
        return 1.0
    return -1.0 if cov[observed.index(pair[0]), observed.index(pair[1])] < 0 else 1.0
