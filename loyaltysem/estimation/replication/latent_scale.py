"""Solve models with unit latent variances in the scale of a strong indicator, and convert.

Where the variance of a latent variable is fixed at 1 (``std_lv=True``) all its loadings can change
sign together, and a sample in which that variance would be negative has no solution: the search
runs off to infinite slopes. With the strongest loading fixed at its estimate instead, and the
variance free, signs stay and every search ends; the solutions are the same but for the scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from loyaltysem.core.optimise import Minimum, Status
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.objective import Objective
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.estimation.terms import Sample
from loyaltysem.inference.standardised import standardising_factors
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import NAN, Parameter
from loyaltysem.model.standardisation import standardisation_plan
from loyaltysem.model.structure import ModelStructure, compile_structure


@dataclass(frozen=True, slots=True)
class LatentScale:
    """The same model with other scales for some latent variables.

    Attributes
    ----------
    table : ParameterTable
    structure : ModelStructure
    start : Array, shape (q,)
        The solution in this scale.
    rows : Indices, shape (q,)
        The table row behind each free parameter of the model at hand.
    variance : Indices, shape (u,)
        Rows of the variances that are free here, each 1 at the solution of the sample at hand.
    power : Array, shape (u, t)
        A row of θ there is the row here times these powers of the latent standard deviations.
    unit : Array, shape (u,)
        The values at which the model at hand fixes the variances.
    """

    table: ParameterTable
    structure: ModelStructure
    start: Array
    rows: Indices
    variance: Indices
    power: Array
    unit: Array

    def bind(self, model: BoundModel, sample: Sample) -> BoundModel:
        """Attach data to the model in this scale."""
        return bind_model(model.plan, self.table, self.structure, sample)

    def convert(self, objective: Objective, found: Minimum) -> Minimum:
        """Return solutions in the scale of the model at hand.

        Where a variance is not positive there is none: the search counts as failed.
        """
        theta = objective.theta(found.alpha)
        ratio = theta[:, self.variance] / self.unit
        with np.errstate(invalid="ignore", divide="ignore"):
            scale = np.exp(0.5 * np.log(ratio) @ self.power)
        none = ~(ratio > 0.0).all(axis=1)
        alpha, status = (theta * scale)[:, self.rows], found.status.copy()
        alpha[none], status[none & found.converged] = np.nan, Status.NO_DESCENT
        return replace(found, alpha=alpha, value=np.where(none, np.inf, found.value), status=status)


def latent_scale(model: BoundModel, alpha: Array) -> LatentScale | None:
    """Find another scale for the latent variables whose variance the model fixes.

    Parameters
    ----------
    model : BoundModel
    alpha : Array, shape (1, q)
        Its solution.

    Returns
    -------
    LatentScale or None
        None where no latent variance is fixed, or where restrictions, bounds, fixed values or
        labels shared with other latent variables stand against a change of scale.
    """
    if model.restrictions:
        return None
    table, free = model.table, model.structure.free
    strength = np.abs(_fully_standardised(model, alpha))
    power, variance, markers = [], [], []
    for i, row in enumerate(table.rows):
        if not _fixed_scale(row, table):
            continue
        own = _powers(table, free, i)
        loadings = [
            k
            for k, r in enumerate(table.rows)
            if r.op == "=~" and r.lhs == row.lhs and own[k] and r.free and strength[k]
        ]
        touched = [k for k in np.flatnonzero(own).tolist() if k != i]
        if loadings and all(_can_be_scaled(table.rows[k], own[free == free[k]]) for k in touched):
            power.append(own)
            variance.append(i)
            markers.append(max(loadings, key=lambda k: strength[k]))
    if not variance:
        return None
    theta = model.objective.theta(alpha)[0]
    return _rescaled(model, theta, np.array(power), variance, markers)


def _powers(table: ParameterTable, free: Indices, i: int) -> Array:
    """Return the power of a latent standard deviation that each row goes with, shape (t,).

    Parameters
    ----------
    table : ParameterTable
    free : Indices, shape (t,)
        The free parameter behind each row.
    i : int
        The row of the variance. Groups that share a parameter of the latent variable, such as
        equal loadings, share its scale.
    """
    rows, name = table.rows, table.rows[i].lhs
    everywhere = np.array([_power(r, name) for r in rows])
    group = np.array([r.group for r in rows])
    scaled = {rows[i].group}
    while True:
        own = np.where(np.isin(group, list(scaled)), everywhere, 0)
        shared = np.isin(free, np.unique(free[(own != 0) & (free >= 0)])) & (everywhere != 0)
        if scaled.issuperset(group[shared].tolist()):
            return own
        scaled |= set(group[shared].tolist())


def _rescaled(
    model: BoundModel, theta: Array, power: Array, variance: list[int], markers: list[int]
) -> LatentScale:
    rows, free = list(model.table.rows), model.structure.free
    unit = np.array([rows[i].value for i in variance])
    for i, marker in zip(variance, markers, strict=True):
        rows[i] = replace(rows[i], free=True, value=NAN)
        for k in np.flatnonzero(free == free[marker]).tolist():
            rows[k] = replace(rows[k], free=False, value=float(theta[k]))
    table = replace(model.table, rows=tuple(rows))
    structure = compile_structure(table)
    start = theta[_first_rows(structure)]
    return LatentScale(
        table, structure, start, _first_rows(model.structure), np.array(variance), power, unit
    )


def _first_rows(structure: ModelStructure) -> Indices:
    """Return the first table row of every free parameter, shape (q,)."""
    return np.array([np.flatnonzero(structure.free == j)[0] for j in range(structure.n_free)])


def _fully_standardised(model: BoundModel, alpha: Array) -> Array:
    plans = standardisation_plan(model.table, model.structure, latent_only=False)
    factors = standardising_factors(model.objective, alpha, plans)
    return np.asarray(np.nan_to_num((model.objective.theta(alpha) * factors)[0]))


def _fixed_scale(row: Parameter, table: ParameterTable) -> bool:
    """Tell whether a row fixes the variance of a latent variable at a positive value."""
    latent = row.is_variance and row.lhs in table.latent
    return latent and not row.free and not row.exogenous and row.value > 0.0


def _power(row: Parameter, name: str) -> int:
    """Return the power of the standard deviation of `name` that a parameter goes with."""
    if row.op == "=~":
        return (row.lhs == name) - (row.rhs == name)
    if row.op == "~":
        return (row.rhs == name) - (row.lhs == name)
    if row.op in ("~~", "~1"):
        return -(row.lhs == name) - (row.rhs == name)
    return 0


def _can_be_scaled(row: Parameter, powers: Array) -> bool:
    """Tell whether a parameter is free to change with a scale, or zero whatever the scale.

    Parameters
    ----------
    row : Parameter
    powers : Array
        Those of all rows behind which the same free parameter stands.
    """
    if not row.free:
        return row.value == 0.0
    return bool((powers == powers[0]).all()) and not np.isfinite([row.lower, row.upper]).any()
