"""Which standard deviations turn a table row into its standardised value.

Every standardised value is ``θ · w_first^a · w_second^b`` with w drawn from one list: implied
variances of the observed variables (p), of the structural variables (k), and the table rows
themselves (t, for residual correlations). The plan holds the places and powers, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import Parameter
from loyaltysem.model.structure import BlockStructure, ModelStructure


@dataclass(frozen=True, slots=True)
class StandardisationPlan:
    """Places (2, n) in w and powers (2, n) for the n table rows of one group."""

    rows: Indices
    place: Indices
    power: Array


def standardisation_plan(
    table: ParameterTable, structure: ModelStructure, latent_only: bool
) -> tuple[StandardisationPlan, ...]:
    """Plan the standardised solution of each group.

    Parameters
    ----------
    table, structure
        Of the same model.
    latent_only : bool
        True for ``std_lv`` (only latents have unit variance), False for ``std_all``.
    """
    return tuple(
        _plan(table, block, group, latent_only)
        for group, block in enumerate(structure.blocks, start=1)
    )


def _plan(
    table: ParameterTable, block: BlockStructure, group: int, latent_only: bool
) -> StandardisationPlan:
    variance_place = _variance_places(table, block)
    residual_place = {
        r.lhs: block.p + block.k + i
        for i, r in enumerate(table.rows)
        if r.op == "~~" and r.lhs == r.rhs and r.group == group
    }
    mine = [(i, r) for i, r in enumerate(table.rows) if r.group == group]
    place = np.zeros((2, len(mine)), dtype=np.intp)
    power = np.zeros((2, len(mine)))
    for n, (index, row) in enumerate(mine):
        if row.op == "~*~" and not latent_only:  # a standardised response has scale 1
            place[0, n], power[0, n] = block.p + block.k + index, -1.0
            continue
        residual = row.op == "~~" and row.lhs != row.rhs and not row.exogenous
        for side, (name, exponent) in enumerate(_factors(row)):
            if latent_only and name not in table.latent:
                continue
            place[side, n] = (residual_place if residual else variance_place)[name]
            power[side, n] = exponent
    return StandardisationPlan(np.array([i for i, _ in mine], dtype=np.intp), place, power)


def _variance_places(table: ParameterTable, block: BlockStructure) -> dict[str, int]:
    places = {name: i for i, name in enumerate(block.observed)}
    seats = {name: block.p + i for i, name in enumerate(block.structural)}
    return places | {name: seats[name] for name in table.latent}


def _factors(row: Parameter) -> Iterable[tuple[str, float]]:
    """Name the variables whose variance enters, with the power of the variance."""
    if row.op == "=~":
        return (row.lhs, 0.5), (row.rhs, -0.5)
    if row.op == "~":
        return (row.rhs, 0.5), (row.lhs, -0.5)
    if row.op in ("~1", "|"):
        return ((row.lhs, -0.5),)
    if row.op == "~*~":
        return ()
    return (row.lhs, -0.5), (row.rhs, -0.5)
