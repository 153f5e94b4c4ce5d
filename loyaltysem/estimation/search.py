"""Find the minimum: starting values, and restrictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.optimize import minimize

from loyaltysem.core.optimise import Minimum, Status, Tolerance, minimise
from loyaltysem.core.types import Array
from loyaltysem.engine.restrictions import ReducedObjective
from loyaltysem.estimation.model import BoundModel
from loyaltysem.estimation.start_values import cautious, rough_values, start_values


def search(model: BoundModel) -> Minimum:
    """Minimise the discrepancy; where an attempt fails, start elsewhere or step otherwise."""
    best: Minimum | None = None
    for theta in _starts(model):
        alpha = model.objective.map.alpha(theta)
        for exact in (False, True):
            found = _minimise(model, alpha, Tolerance(exact=exact))
            if best is None or _better(found, best):
                best = found
            if best.converged[0]:
                return best
    assert best is not None
    return best


def _starts(model: BoundModel) -> Iterator[Array]:
    """Yield starting values of the table rows (1, t), the most ambitious first."""
    first = start_values(model.table, model.sample)
    yield first
    yield cautious(model.table, first)
    yield rough_values(model.table, model.sample)


def _better(a: Minimum, b: Minimum) -> bool:
    """Tell whether `a` is to be preferred: converged first, then the lower value."""
    return bool((b.converged[0], a.value[0]) < (a.converged[0], b.value[0]))


def _minimise(model: BoundModel, alpha: Array, tolerance: Tolerance) -> Minimum:
    if not model.restrictions:
        return minimise(model.objective, alpha, tolerance)
    if model.reduction is not None:
        reduced = ReducedObjective(model.objective, model.reduction)
        found = minimise(reduced, model.reduction.reduce(alpha), tolerance)
        return Minimum(
            model.reduction.expand(found.alpha),
            found.value, found.decrement, found.status, found.n_iter,
        )  # fmt: skip
    return _sequential_quadratic(model, alpha)


def _sequential_quadratic(model: BoundModel, alpha: Array) -> Minimum:
    """Minimise under nonlinear or inequality restrictions, one replicate.

    SLSQP finds the active set, in parameters scaled to unit curvature; Newton steps on the
    Lagrangian then bring the solution to the precision of an unrestricted fit.
    """
    objective, restrictions = model.objective, model.restrictions
    begin = objective.value(alpha)
    if not np.isfinite(begin).all():
        bad = np.array([Status.BAD_START], dtype=np.intp)
        return Minimum(alpha, begin, np.full(1, np.inf), bad, np.zeros(1, dtype=np.intp))
    curvature = np.diagonal(objective.hessian(alpha, observed=False)[0])
    scale = 1.0 / np.sqrt(np.maximum(curvature, 1e-8))

    def value(x: Array) -> float:
        return _finite(objective.value((x * scale)[None])[0])

    def slope(x: Array) -> Array:
        return np.asarray(np.nan_to_num(objective.gradient((x * scale)[None])[0]) * scale)

    constraints: Any = []
    if restrictions.zero:
        constraints.append(_constraint("eq", restrictions.equalities, scale))
    if restrictions.nonnegative:
        constraints.append(_constraint("ineq", restrictions.inequalities, scale))
    found = minimize(
        value,
        alpha[0] / scale,
        jac=slope,
        method="SLSQP",
        constraints=constraints,
        options={"maxiter": 1000, "ftol": 1e-13},
    )
    reached = (found.x * scale)[None] if np.isfinite(found.x).all() else alpha
    return _polish(model, reached, int(found.nit))


def _constraint(
    kind: str, part: Callable[[Array], tuple[Array, Array]], scale: Array
) -> dict[str, object]:
    """Write restrictions the way SciPy takes them, in scaled parameters."""
    return {
        "type": kind,
        "fun": lambda x: part((x * scale)[None])[0][0],
        "jac": lambda x: part((x * scale)[None])[1][0] * scale,
    }


def _finite(value: float) -> float:
    return value if np.isfinite(value) else 1e10


def _polish(model: BoundModel, alpha: Array, n_iter: int) -> Minimum:
    """Take Newton steps on the Lagrangian with the active set held."""
    decrement = np.inf
    for _ in range(50):
        parts = _lagrangian(model, alpha)
        if not all(np.isfinite(part).all() for part in parts):
            decrement = np.inf  # a formula is undefined here, such as the log of a negative number
            break
        value, jacobian, gradient, curvature = parts
        step = _kkt_step(curvature, jacobian, gradient, value)
        decrement = float(step @ curvature @ step)
        trial = alpha + step
        if not np.isfinite(model.objective.value(trial)).all():
            break
        alpha = trial
        n_iter += 1
        if abs(decrement) < 1e-14 and np.abs(value).max(initial=0.0) < 1e-10:
            break
    violated = model.restrictions.inequalities(alpha)[0].min(initial=0.0) < -1e-6
    good = abs(decrement) < 1e-9 and not violated
    status = Status.CONVERGED if good else Status.NO_DESCENT
    return Minimum(
        alpha,
        model.objective.value(alpha),
        np.array([decrement]),
        np.array([status], dtype=np.intp),
        np.array([n_iter], dtype=np.intp),
    )


def _lagrangian(model: BoundModel, alpha: Array) -> tuple[Array, Array, Array, Array]:
    """Return active values (a,), their Jacobian (a, q), gradient (q,) and curvature (q, q)."""
    restrictions = model.restrictions
    equal, d_equal = restrictions.equalities(alpha)
    unequal, d_unequal = restrictions.inequalities(alpha)
    active = unequal[0] < 1e-6
    value = np.concatenate([equal[0], unequal[0][active]])
    jacobian = np.concatenate([d_equal[0], d_unequal[0][active]])
    gradient = model.objective.gradient(alpha)[0]
    if not np.isfinite(jacobian).all():
        return value, jacobian, gradient, jacobian
    multipliers = np.linalg.lstsq(jacobian.T, gradient, rcond=None)[0]
    keep = np.r_[np.ones(len(equal[0]), bool), multipliers[len(equal[0]) :] > 0]
    curvature = model.objective.hessian(alpha, observed=True)[0]

    def normal(a: Array) -> Array:
        rows = np.concatenate(
            [restrictions.equalities(a)[1][0], restrictions.inequalities(a)[1][0][active]]
        )
        return np.asarray(multipliers @ rows)

    curvature = curvature - _differences(normal, alpha)
    return value[keep], jacobian[keep], gradient, curvature


def _differences(function: Callable[[Array], Array], alpha: Array, step: float = 1e-5) -> Array:
    """Differentiate an exact first derivative once more, by central differences."""
    columns = []
    for j in range(alpha.shape[1]):
        shift = np.zeros_like(alpha)
        shift[0, j] = step
        columns.append((function(alpha + shift) - function(alpha - shift)) / (2 * step))
    return np.stack(columns, axis=1)


def _kkt_step(curvature: Array, jacobian: Array, gradient: Array, value: Array) -> Array:
    a = len(jacobian)
    system = np.block([[curvature, jacobian.T], [jacobian, np.zeros((a, a))]])
    solution = np.linalg.lstsq(system, -np.concatenate([gradient, value]), rcond=None)[0]
    return np.asarray(solution[: len(gradient)], dtype=np.float64)
