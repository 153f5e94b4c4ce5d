"""A model that has met its data: everything that is fixed before the search starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyaltysem.core.errors import IncompatibleRequestError, ModelSpecificationError
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.objective import Objective, build_objective
from loyaltysem.engine.restrictions import (
    Condition,
    Reduction,
    Restrictions,
    linear_reduction,
)
from loyaltysem.estimation.plan import Plan
from loyaltysem.estimation.terms import Sample, fixed_positions, make_terms, moment_count
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.structure import ModelStructure
from loyaltysem.moments.complete import exogenous_values


@dataclass(frozen=True, slots=True)
class BoundModel:
    """Request, model and data in the form the search needs.

    Attributes
    ----------
    plan : Plan
    table : ParameterTable
    structure : ModelStructure
    sample : SampleMoments
    objective : Objective
        In the free parameters α (q).
    restrictions : Restrictions
        What α must obey.
    reduction : Reduction or None
        α = Kα' + k where all restrictions are linear equalities.
    """

    plan: Plan
    table: ParameterTable
    structure: ModelStructure
    sample: Sample
    objective: Objective
    restrictions: Restrictions
    reduction: Reduction | None

    @property
    def n_moments(self) -> int:
        """Number of sample moments the model explains."""
        return moment_count(self.sample, self.structure)

    @property
    def fixed_x(self) -> Indices:
        """Positions of fixed x among the observed variables."""
        return fixed_positions(self.table)

    def n_equalities(self, alpha: Array) -> int:
        """Return how many free parameters the equalities take away at α (1, q)."""
        if not (self.restrictions.zero or self.restrictions.conditions):
            return 0
        jacobian = self.restrictions.equalities(alpha)[1][0]
        if not np.isfinite(jacobian).all():  # a formula is undefined here: count each once
            return len(jacobian)
        return int(np.linalg.matrix_rank(jacobian))


def bind_model(
    plan: Plan,
    table: ParameterTable,
    structure: ModelStructure,
    sample: Sample,
    conditions: tuple[Condition, ...] = (),
) -> BoundModel:
    """Attach data to a model under the plan's discrepancy.

    Parameters
    ----------
    plan, table, structure, sample
        Request, model and data.
    conditions : tuple of Condition
        What a rotation makes of the factors in the table's efa() blocks.

    Raises
    ------
    ModelSpecificationError
        When the constraints contradict one another.
    IncompatibleRequestError
        When there are efa() blocks but no conditions: what refits a model to other data does not
        rotate it.
    """
    if any(b.rotated for b in table.blocks) and not conditions:
        raise IncompatibleRequestError(
            "A model with efa() blocks cannot be refitted here: its factors would not be rotated.",
            code="request.efa_block",
            hint="Write the rotated model as a confirmatory one, or fit anew with ls.sem().",
        )
    restrictions = _restrictions(table, structure, conditions)
    reduction = None
    if restrictions:
        try:
            reduction = linear_reduction(restrictions, structure.n_free)
        except ValueError:
            raise _contradiction(table) from None
    objective = _objective(plan, table, structure, sample)
    return BoundModel(plan, table, structure, sample, objective, restrictions, reduction)


def _objective(
    plan: Plan, table: ParameterTable, structure: ModelStructure, sample: Sample
) -> Objective:
    rows, values = exogenous_values(sample.mean, sample.cov, structure.exogenous)
    base = np.repeat(structure.constant[None], len(values) if len(rows) else 1, axis=0)
    base[:, rows] = values[: len(base)]
    terms = make_terms(sample, plan.row, table, structure)
    return build_objective(structure, terms, sample.shares, base)


def _restrictions(
    table: ParameterTable, structure: ModelStructure, conditions: tuple[Condition, ...]
) -> Restrictions:
    rows = table.label_rows()
    return Restrictions(
        zero=tuple(r.expression for r in table.restrictions if r.operator == "=="),
        nonnegative=tuple(r.expression for r in table.restrictions if r.operator == ">"),
        labels={label: int(structure.free[row]) for label, row in rows.items()},
        fixed={label: table.rows[row].value for label, row in rows.items()},
        derived=tuple((d.name, d.expression) for d in table.defined),
        conditions=conditions,
    )


def _contradiction(table: ParameterTable) -> ModelSpecificationError:
    listed = "; ".join(r.text for r in table.restrictions)
    return ModelSpecificationError(
        f"No parameters can satisfy all constraints at once: {listed}.",
        code="spec.contradiction",
        hint="Take one of them out.",
        span=table.restrictions[0].span,
    )
