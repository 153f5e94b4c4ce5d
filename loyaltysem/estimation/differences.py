"""Difference tests of two fitted models, by name; H1 is the less restricted one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.types import Array
from loyaltysem.engine.terms import LocalVectorTerm
from loyaltysem.estimation.corrections import TESTS
from loyaltysem.estimation.fitted import Fitted
from loyaltysem.estimation.forms import sample_forms, vector_jacobian
from loyaltysem.inference.moment_forms import moment_jacobian
from loyaltysem.inference.nested import (
    DifferenceTest,
    restriction_matrix,
    satorra_2000,
    satorra_bentler_2001,
    satorra_bentler_2010,
    stacked,
    standard_difference,
)
from loyaltysem.inference.robust import meat
from loyaltysem.inference.tests_of_fit import TestStatistic
from loyaltysem.model.parameters import Parameter
from loyaltysem.moments.gamma import vech

STANDARD = "standard"
#: What a row of H1 is under H0 when H0 does not have it; 0 for all others.
ABSENT: Mapping[str, float] = {"~*~": 1.0}

Difference: TypeAlias = Callable[[Fitted, Fitted], DifferenceTest]


def _standard(h1: Fitted, h0: Fitted) -> DifferenceTest:
    return standard_difference(_reported(h1), _reported(h0))


def _reported(fitted: Fitted) -> TestStatistic:
    """Return the statistic that is reported as χ²: Browne's residual-based one for ULS."""
    return TESTS[fitted.model.plan.test](fitted).plain


def _bentler_2001(h1: Fitted, h0: Fitted) -> DifferenceTest:
    return satorra_bentler_2001(h1.test, h0.test, _factor(h1), _factor(h0))


def _bentler_2010(h1: Fitted, h0: Fitted) -> DifferenceTest:
    at_h0 = replace(h1, alpha=_at_restricted(h1, h0))
    return satorra_bentler_2010(h1.test, h0.test, _factor(at_h0), _factor(h0))


def _satorra_2000(h1: Fitted, h0: Fitted) -> DifferenceTest:
    basis = h1.basis
    restriction = restriction_matrix(_deltas(h1) @ basis, _deltas(h0) @ h0.basis) @ basis.T
    inverse, _ = h1.inverse(h1.model.plan.information == "observed")
    return satorra_2000(h1.test, h0.test, restriction, inverse, meat(sample_forms(h1)), "shift")


def _factor(fitted: Fitted) -> float:
    """Return tr(UΓ)/df: how much the mean of the uncorrected statistic exceeds its df."""
    scaled = TESTS[fitted.model.plan.test](fitted).scaled
    assert scaled is not None  # _unfit has seen to it
    return scaled.trace / fitted.test.df if fitted.test.df > 0 else float("nan")


def _deltas(fitted: Fitted) -> Array:
    """Return the Jacobian of the moments of all groups, shape (m, q)."""
    parts = []
    objective = fitted.objective
    for block, x, i in zip(
        objective.blocks, objective.local(fitted.alpha), objective.implied(fitted.alpha),
        strict=True,
    ):  # fmt: skip
        if isinstance(x, LocalVectorTerm):
            parts.append(vector_jacobian(block, x))
        else:
            means = block.structure.meanstructure
            parts.append(moment_jacobian(i.jacobian, block.chain, means)[0])
    return stacked(parts)


def _moments(fitted: Fitted, alpha: Array) -> Array:
    """Return the implied moments of all groups, shape (m,), in the order of `_deltas`."""
    parts = []
    objective = fitted.objective
    for block, x, i in zip(
        objective.blocks, objective.local(alpha), objective.implied(alpha), strict=True
    ):
        if isinstance(x, LocalVectorTerm):
            parts.append((x.term.sample - x.residual)[0])
        else:
            means = i.moments.mu[0] if block.structure.meanstructure else np.zeros(0)
            parts.append(np.concatenate([means, vech(i.moments.sigma)[0]]))
    return np.concatenate(parts)


def _at_restricted(h1: Fitted, h0: Fitted) -> Array:
    """Return H1's free parameters (1, q) where H1 implies what H0 does at its estimates.

    From the parameters of the same name, Gauss–Newton steps on the moments: with equal intercepts
    H0 has latent means of its own, which H1 must express by its intercepts.
    """
    theta = h0.model.objective.theta(h0.alpha)[0]
    values = {_row_key(r): x for r, x in zip(h0.model.table.rows, theta, strict=True)}
    rows = [values.get(_row_key(r), ABSENT.get(r.op, 0.0)) for r in h1.model.table.rows]
    alpha, target = h1.model.objective.map.alpha(np.array([rows])), _moments(h0, h0.alpha)
    for _ in range(50):
        distance = target - _moments(h1, alpha)
        if np.abs(distance).max() < 1e-10 * np.abs(target).max():
            return alpha
        if not np.isfinite(distance).all():
            break
        here = replace(h1, alpha=alpha)
        step = np.linalg.lstsq(_deltas(here) @ here.basis, distance, rcond=None)[0]
        alpha = alpha + (here.basis @ step)[None]
    raise IncompatibleRequestError(
        "The less restricted model cannot imply what the other does: they are not nested.",
        code="request.not_nested",
        hint="Compare them by AIC or BIC.",
    )


def _row_key(row: Parameter) -> tuple[int, tuple[str, str, str]]:
    return row.group, row.key


METHODS: Mapping[str, Difference] = {
    STANDARD: _standard,
    "satorra.bentler.2001": _bentler_2001,
    "satorra.bentler.2010": _bentler_2010,
    "satorra.2000": _satorra_2000,
}
