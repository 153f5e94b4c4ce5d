"""A bound model at its solution, and what several statistics need of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet
from loyaltysem.core.memo import remembered
from loyaltysem.core.optimise import Minimum
from loyaltysem.core.types import Array
from loyaltysem.engine.implied import Implied
from loyaltysem.engine.objective import Objective, ObjectivePoint
from loyaltysem.engine.restrictions import null_basis
from loyaltysem.engine.terms import LocalTerm
from loyaltysem.estimation.model import BoundModel
from loyaltysem.inference.information import restricted_vcov
from loyaltysem.inference.tests_of_fit import TestStatistic


@dataclass(frozen=True, slots=True)
class Fitted:
    """A bound model at its solution: `alpha` (1, q) and the plain test of fit.

    What several statistics need, such as the inverse information, is computed once and kept.
    """

    model: BoundModel
    alpha: Array
    test: TestStatistic
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def n(self) -> int:
        """Cases behind the standard errors: N, or N − G for least squares and Wishart."""
        return self.model.sample.weight

    @remembered
    def objective(self) -> Objective:
        """The objective with groups weighted by N_g / N, as information is."""
        return information_objective(self.model)

    @remembered
    def point(self) -> ObjectivePoint:
        """The objective at the solution."""
        return self.objective.at(self.alpha)

    @property
    def implied(self) -> tuple[Implied, ...]:
        """What the model implies, one a group."""
        return self.point.implied

    @property
    def local(self) -> tuple[LocalTerm, ...]:
        """Every group's discrepancy with its derivatives."""
        return self.point.local

    @remembered
    def basis(self) -> Array:
        """Directions the restrictions leave free, shape (q, r)."""
        return null_basis(self.model.restrictions.active(self.alpha), self.alpha.shape[1])

    @property
    def narrowed(self) -> Array | None:
        """`basis`, or None where nothing restricts."""
        return self.basis if self.model.restrictions else None

    @remembered
    def precision(self) -> tuple[Array, ...]:
        """Σ⁻¹ of every group, each (p, p)."""
        return tuple(inverse_and_logdet(i.moments.sigma)[0][0] for i in self.implied)

    @property
    def fixed_x(self) -> list[int]:
        """Positions of fixed x among the observed variables."""
        return [int(i) for i in self.model.fixed_x]

    @property
    def observed_weight(self) -> bool:
        """Whether V of the sandwich is the observed information of the saturated moments."""
        plan = self.model.plan
        return plan.information == "observed" and not plan.row.least_squares

    @property
    def explained(self) -> list[int]:
        """Positions of the observed variables the model speaks of: all but auxiliary ones."""
        table = self.model.table
        return [i for i, n in enumerate(table.observed) if n not in table.roles.auxiliary]

    @remembered
    def expected_information(self) -> Array:
        """The expected information of one case, shape (q, q)."""
        return np.asarray(0.5 * self.point.hessian(observed=False)[0])

    def inverse(self, observed: bool) -> tuple[Array, bool]:
        """Return the inverse information of one case (q, q), and whether there is one."""
        return self._observed_inverse if observed else self._expected_inverse

    @remembered
    def _expected_inverse(self) -> tuple[Array, bool]:
        return self._inverted(self.expected_information)

    @remembered
    def _observed_inverse(self) -> tuple[Array, bool]:
        return self._inverted(0.5 * self.point.hessian(observed=True)[0])

    def _inverted(self, info: Array) -> tuple[Array, bool]:
        vcov, ok = restricted_vcov(info[None], self.narrowed)
        return vcov[0], bool(ok[0])


def fitted_at(model: BoundModel, solution: Minimum) -> Fitted:
    """Put a model and its solution together, with χ² = weight · f and its degrees of freedom."""
    statistic = max(float(model.sample.weight * solution.value[0]), 0.0)
    n_free = model.structure.n_free - model.n_equalities(solution.alpha)
    return Fitted(model, solution.alpha, TestStatistic(statistic, model.n_moments - n_free))


def information_objective(model: BoundModel) -> Objective:
    """Return the objective whose groups weigh N_g / N, as lavaan's information does."""
    if not model.plan.row.least_squares:
        return model.objective
    sample = model.sample
    return model.objective.reweighted([n / sample.n_total for n in sample.n_obs])
