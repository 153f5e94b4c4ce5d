"""Name the parameter that ran away when a search did not converge."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from loyaltysem.core.display import number
from loyaltysem.estimation.infer import Inference
from loyaltysem.estimation.model import BoundModel
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import Parameter

#: How many times its natural unit an estimate must reach to be named.
FAR = 10.0


def runaway(model: BoundModel, inference: Inference) -> str:
    """Return the estimate that is largest for its scale, or nothing where none is out of range.

    The unit of an estimate is made of the standard deviations of its variables, that of a latent
    variable being its marker's: standardised values are of no use, the variances are what runs.
    """
    units = [_units(model, g) for g in range(model.table.n_groups)]
    sizes = [
        abs(value - _centre(model, row)) / _unit(row, units[row.group - 1])
        if row.free and np.isfinite(value)
        else 0.0
        for row, value in zip(model.table.rows, inference.rows.value, strict=True)
    ]
    worst = int(np.argmax(sizes)) if sizes else 0
    if not sizes or sizes[worst] < FAR:
        return ""
    return f"'{model.table.rows[worst].name}' = {number(inference.rows.value[worst])}"


def _units(model: BoundModel, group: int) -> dict[str, float]:
    """Return the standard deviation of every variable of a group."""
    sd = np.sqrt(np.diagonal(model.sample.cov[group][0]))
    units = dict(zip(model.table.observed, sd.tolist(), strict=True))
    for latent in model.table.latent:
        units[latent] = _latent_unit(latent, model.table, units)
    return units


def _latent_unit(name: str, table: ParameterTable, units: Mapping[str, float]) -> float:
    first = next((r for r in table.rows if r.op == "=~" and r.lhs == name), None)
    if first is None or first.free or not first.value:
        return 1.0
    return units.get(first.rhs, 1.0) / abs(first.value)


def _centre(model: BoundModel, row: Parameter) -> float:
    """Return the sample mean behind the intercept of an observed variable."""
    if row.op != "~1" or row.lhs not in model.table.observed:
        return 0.0
    return float(model.sample.mean[row.group - 1][0][model.table.observed.index(row.lhs)])


def _unit(row: Parameter, units: Mapping[str, float]) -> float:
    left, right = units.get(row.lhs, 1.0), units.get(row.rhs, 1.0)
    return {
        "=~": right / left,
        "~": left / right,
        "~~": left * right,
        "~1": left,
    }.get(row.op, 1.0)
