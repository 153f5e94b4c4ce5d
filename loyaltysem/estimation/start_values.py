"""Starting values: factor blocks first, then factor covariances as data for the next level.

Not estimates to report, but close enough that Newton steps converge in a few iterations. Works on
one group at a time: every latent is scaled from its indicators, its covariances with all other
variables follow by least squares, and regressions are then solved from those covariances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from loyaltysem.core.linalg import cholesky
from loyaltysem.core.types import Array
from loyaltysem.estimation.terms import Sample
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import Parameter
from loyaltysem.moments.ordinal_sample import OrdinalSample


@dataclass(slots=True)
class _Resolved:
    """Covariances of the variables known so far; grows by one latent at a time."""

    names: list[str]
    cov: Array
    loadings: dict[str, dict[str, float]] = field(default_factory=dict)

    def at(self, a: Sequence[str], b: Sequence[str]) -> Array:
        place = {n: i for i, n in enumerate(self.names)}
        return self.cov[np.ix_([place[n] for n in a], [place[n] for n in b])]

    def add(self, name: str, covariances: Array, variance: float) -> None:
        self.cov = np.block([[self.cov, covariances[:, None]], [covariances[None, :], variance]])
        self.names.append(name)


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
        rows = [(i, r) for i, r in enumerate(table.rows) if r.group == group + 1]
        resolved = _resolve(table, [r for _, r in rows], cov)
        means = dict(zip(table.observed, mean, strict=True))
        for i, row in rows:
            if not row.free:
                continue
            if row.start == row.start:
                values[i] = row.start
            elif row.op == "|":
                values[i] = threshold_value(sample, row)
            else:
                values[i] = _start(row, resolved, table, means)
    return values[None]


def threshold_value(sample: Sample, row: Parameter) -> float:
    """Return the sample threshold behind a ``|`` row."""
    assert isinstance(sample, OrdinalSample)
    return sample.threshold(row.lhs, int(row.rhs[1:]) - 1, row.group - 1)


def _resolve(table: ParameterTable, rows: Sequence[Parameter], cov: Array) -> _Resolved:
    resolved = _Resolved(list(table.observed), cov.copy())
    indicators: dict[str, list[Parameter]] = {}
    for row in rows:
        if row.op == "=~":
            indicators.setdefault(row.lhs, []).append(row)
    variances = {r.lhs: r for r in rows if r.op == "~~" and r.lhs == r.rhs}
    waiting = dict(indicators)
    while waiting:
        ready = [f for f, items in waiting.items() if all(r.rhs in resolved.names for r in items)]
        name = (ready or list(waiting))[0]  # a loop of =~ has no order: take the first
        items = [r for r in waiting.pop(name) if r.rhs in resolved.names]
        _add_factor(name, items, variances[name], resolved)
    return resolved


def _add_factor(
    name: str, items: Sequence[Parameter], variance: Parameter, resolved: _Resolved
) -> None:
    """Scale one latent from its indicators and relate it to everything resolved so far."""
    names = [r.rhs for r in items]
    block = resolved.at(names, names) - _shared_with_earlier(names, resolved)
    sd = np.sqrt(np.maximum(np.diagonal(resolved.at(names, names)), 1e-300))
    relative = _one_factor(block) if names else np.ones(0)
    loadings, phi = _scale(items, relative, sd, variance)
    resolved.loadings[name] = dict(zip(names, loadings, strict=True))
    if not names:
        resolved.add(name, np.zeros(len(resolved.names)), 1.0)
        return
    weights = loadings / sd**2
    weights = weights / max(float(weights @ loadings), 1e-300)
    covariances = weights @ resolved.at(names, resolved.names)
    place = {n: i for i, n in enumerate(resolved.names)}
    for n, loading in zip(names, loadings, strict=True):
        covariances[place[n]] = loading * phi
    limit = 0.95 * np.sqrt(np.maximum(np.diagonal(resolved.cov), 0.0) * phi)
    resolved.add(name, np.clip(covariances, -limit, limit), phi)


def _shared_with_earlier(names: Sequence[str], resolved: _Resolved) -> Array:
    """Covariance that earlier factors already explain among items they share (bifactor models)."""
    explained = np.zeros((len(names), len(names)))
    for factor, loadings in resolved.loadings.items():
        phi = float(resolved.at([factor], [factor])[0, 0])
        shared = np.array([loadings.get(n, 0.0) for n in names])
        if np.count_nonzero(shared) > 1:
            explained += phi * np.outer(shared, shared)
    np.fill_diagonal(explained, 0.0)
    return explained


def _one_factor(cov: Array) -> Array:
    """Fit loadings of one factor with unit variance, by least squares off the diagonal."""
    sd = np.sqrt(np.maximum(np.diagonal(cov), 1e-300))
    r = cov / np.outer(sd, sd)
    if len(r) == 1:
        return np.asarray(0.9 * sd)
    _, vectors = np.linalg.eigh(r)
    loading = vectors[:, -1] * np.sign(vectors[:, -1].sum() or 1.0)
    loading = np.clip(loading * np.sqrt(len(r)) * 0.6, -0.9, 0.9)
    off = r - np.diag(np.diagonal(r))
    for _ in range(25):
        for i in range(len(r)):
            rest = max(float(loading @ loading - loading[i] ** 2), 1e-6)
            loading[i] = np.clip(off[i] @ loading / rest, -0.95, 0.95)
    return np.asarray(loading * sd)


def _scale(
    items: Sequence[Parameter], relative: Array, sd: Array, variance: Parameter
) -> tuple[Array, float]:
    """Bring unit-variance loadings to the scale the fixed rows ask for.

    A marker that hardly loads would blow up the others: it counts as a tenth of the largest
    standardised loading.
    """
    fixed = [(i, r.value) for i, r in enumerate(items) if not r.free and r.value != 0.0]
    if not fixed:
        phi = 1.0 if variance.free else max(variance.value, 1e-6)
        oriented = relative * (np.sign(relative[0]) or 1.0) if len(relative) else relative
        return _keep_fixed(items, oriented / np.sqrt(phi)), phi
    standard = relative / sd
    floor = 0.1 * float(np.abs(standard).max(initial=0.1))
    unit = np.mean([max(abs(standard[i]), floor) * sd[i] / abs(x) for i, x in fixed])
    unit *= np.sign(sum(relative[i] * x for i, x in fixed)) or 1.0
    phi = float(unit) ** 2 if variance.free else variance.value
    return _keep_fixed(items, relative / unit), max(phi, 1e-6 * float(unit) ** 2)


def _keep_fixed(items: Sequence[Parameter], loadings: Array) -> Array:
    return np.array([x if r.free else r.value for r, x in zip(items, loadings, strict=True)])


def _start(
    row: Parameter, resolved: _Resolved, table: ParameterTable, means: dict[str, float]
) -> float:
    if row.op == "=~":
        return resolved.loadings[row.lhs].get(row.rhs, 1.0)
    if row.op == "~*~":
        return 1.0
    if row.op == "~1":
        return float(means.get(row.lhs, 0.0)) if row.lhs not in table.defaults.ordered else 0.0
    if row.op == "~":
        predictors, coefficients = _regression(row.lhs, row.group, resolved, table)
        return float(coefficients[predictors.index(row.rhs)])
    if row.lhs == row.rhs:
        return _residual_variance(row, resolved, table)
    return _covariance(row, resolved, table)


def _regression(
    outcome: str, group: int, resolved: _Resolved, table: ParameterTable
) -> tuple[list[str], Array]:
    rows = [r for r in table.rows if r.op == "~" and r.lhs == outcome and r.group == group]
    predictors = [r.rhs for r in rows]
    xx = resolved.at(predictors, predictors)
    ridge = 0.05 * np.diag(np.diagonal(xx))
    coefficients = np.linalg.solve(xx + ridge, resolved.at(predictors, [outcome])[:, 0])
    fixed = np.array([x if r.free else r.value for r, x in zip(rows, coefficients, strict=True)])
    return predictors, fixed


def _residual_variance(row: Parameter, resolved: _Resolved, table: ParameterTable) -> float:
    total = float(resolved.at([row.lhs], [row.lhs])[0, 0])
    explained = sum(
        loadings[row.lhs] ** 2 * float(resolved.at([f], [f])[0, 0])
        for f, loadings in resolved.loadings.items()
        if row.lhs in loadings
    )
    if any(r.op == "~" and r.lhs == row.lhs and r.group == row.group for r in table.rows):
        predictors, b = _regression(row.lhs, row.group, resolved, table)
        explained += float(b @ resolved.at(predictors, predictors) @ b)
    floor = 0.05 if row.lhs in table.latent else 0.2
    return total - min(explained, (1 - floor) * total)


def _covariance(row: Parameter, resolved: _Resolved, table: ParameterTable) -> float:
    """Covariances of exogenous variables start at their estimate, of residuals at zero."""
    explained = {r.lhs for r in table.rows if r.op == "~"}
    explained |= {r.rhs for r in table.rows if r.op == "=~"}
    if row.lhs in explained or row.rhs in explained:
        return 0.0
    both = resolved.at([row.lhs, row.rhs], [row.lhs, row.rhs])
    limit = 0.8 * float(np.sqrt(max(both[0, 0] * both[1, 1], 0.0)))
    return float(np.clip(both[0, 1], -limit, limit))


def admissible(sigma: Array) -> bool:
    """Tell whether implied covariance matrices (B, p, p) are all positive definite."""
    return bool(cholesky(sigma)[1].all())


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
