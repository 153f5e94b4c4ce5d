"""From a solution to everything that is reported about it, still as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loyaltysem.core.optimise import Minimum
from loyaltysem.core.types import Array
from loyaltysem.engine.implied import Implied
from loyaltysem.estimation.baseline import solve_baseline
from loyaltysem.estimation.corrections import STANDARD_ERRORS, TESTS, Fitted
from loyaltysem.estimation.measures import measures
from loyaltysem.estimation.model import BoundModel
from loyaltysem.inference.defined import defined
from loyaltysem.inference.standardised import delta_method, standardised
from loyaltysem.inference.tests_of_fit import TestStatistic
from loyaltysem.model.standardisation import standardisation_plan


@dataclass(frozen=True, slots=True)
class Estimates:
    """Values with standard errors: `value`, `se` (n,), and their standardised companions."""

    value: Array
    se: Array
    std_lv: Array
    std_all: Array
    std_all_se: Array


@dataclass(frozen=True, slots=True)
class Inference:
    """What is known about a solution.

    Attributes
    ----------
    vcov : Array, shape (q, q)
        NaN where the information matrix is singular.
    rows : Estimates
        Of the t table rows.
    defined : Estimates
        Of the defined parameters.
    implied : tuple of Implied
        One a group, batch axis of one.
    measures : mapping
        Fit indices.
    se_ok : bool
        Whether the information matrix could be inverted.
    """

    vcov: Array
    rows: Estimates
    defined: Estimates
    implied: tuple[Implied, ...]
    measures: Mapping[str, float]
    se_ok: bool


def infer(model: BoundModel, solution: Minimum) -> Inference:
    """Compute standard errors, standardised values, defined parameters and fit indices."""
    fitted = Fitted(model, solution.alpha, plain_test(model, solution))
    vcov, ok = STANDARD_ERRORS[model.plan.se](fitted)
    rows, defined_rows = _estimates(model, solution.alpha, vcov[None])
    correct = TESTS[model.plan.test]
    null, null_solution = solve_baseline(model)
    baseline = correct(Fitted(null, null_solution.alpha, plain_test(null, null_solution)))
    return Inference(
        vcov=vcov,
        rows=rows,
        defined=defined_rows,
        implied=model.objective.implied(solution.alpha),
        measures=measures(fitted, correct(fitted), baseline),
        se_ok=ok,
    )


def plain_test(model: BoundModel, solution: Minimum) -> TestStatistic:
    """Return χ² = weight · f with its degrees of freedom."""
    statistic = max(float(model.sample.weight * solution.value[0]), 0.0)
    n_free = model.structure.n_free - model.n_equalities(solution.alpha)
    return TestStatistic(statistic, model.n_moments - n_free)


def _estimates(model: BoundModel, alpha: Array, vcov: Array) -> tuple[Estimates, Estimates]:
    table, structure, objective = model.table, model.structure, model.objective
    labels = table.label_rows()
    theta = objective.theta(alpha)
    plain = theta, objective.map.derivative()[None]
    lv = standardised(objective, alpha, standardisation_plan(table, structure, latent_only=True))
    std = standardised(objective, alpha, standardisation_plan(table, structure, latent_only=False))
    computed = [defined(table.defined, labels, *pair) for pair in (plain, lv, std)]

    def estimates(parts: Sequence[tuple[Array, Array]]) -> Estimates:
        (value, jacobian), (lv_value, _), (std_value, std_jacobian) = parts
        return Estimates(
            value[0],
            delta_method(jacobian, vcov)[0],
            lv_value[0],
            std_value[0],
            delta_method(std_jacobian, vcov)[0],
        )

    return estimates([plain, lv, std]), estimates(computed)
