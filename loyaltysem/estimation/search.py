"""Find the minimum: starting values, and restrictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import minimize

from loyaltysem.core.optimise import Minimum, Status, Tolerance, minimise
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.bent_steps import bent_step
from loyaltysem.engine.compiled import compilable, minimise_compiled
from loyaltysem.engine.restrictions import ReducedObjective
from loyaltysem.estimation.model import BoundModel
from loyaltysem.estimation.start_values import cautious, rough_values, start_values
from loyaltysem.moments.complete import SampleMoments

#: Steps in a batch before a replicate is looked at on its own, and steps it then has an attempt.
#: Most need six; one whose estimates run away would hold up two hundred others.
FEW, ENOUGH = 20, 60
#: Generic starting values to try where a search failed or ended somewhere doubtful.
GENERIC = 6
#: Steps that tell a hard search, and free parameters beyond which it is not repeated.
MANY, LARGE = 50, 200
#: Bytes of the curvature matrices that are worked on together (a core's second-level cache).
CACHE = 2**20
#: What a minimum has for each replicate.
FIELDS = ("alpha", "value", "decrement", "status", "n_iter")


def search(model: BoundModel, start: Array | None = None, max_iterations: int = 200) -> Minimum:
    """Minimise the discrepancy; where an attempt fails, start elsewhere or step otherwise.

    Parameters
    ----------
    model : BoundModel
        With one sample.
    start : Array, shape (q,), optional
        Tried first.
    max_iterations : int
        Of each attempt.
    """
    best: Minimum | None = None
    for alpha in _starts(model, start):
        for exact in (False, True):
            found = attempt(model, alpha, _tolerance(model, max_iterations, exact))
            if best is None or _better(found, best):
                best = found
            if best.converged[0]:
                return best
    assert best is not None
    return best


def search_thoroughly(model: BoundModel) -> Minimum:
    """Minimise as `search` does, and look further where that failed or ended somewhere doubtful.

    Doubtful is a negative variance after many steps or with few cases: such discrepancies often
    have several minima. Of what generic starting values lead to, the lowest minimum is kept.
    """
    found = search(model)
    if (found.converged[0] and not _doubtful(model, found)) or model.structure.n_free > LARGE:
        return found
    for seed in range(GENERIC):
        theta = rough_values(model.table, model.sample, np.random.default_rng(seed))
        other = attempt(
            model, model.objective.map.alpha(theta), Tolerance(exact=True, max_iterations=100)
        )
        if other.converged[0] and (not found.converged[0] or _lower(other, found)):
            found = other
    return found


def _lower(a: Minimum, b: Minimum) -> bool:
    """Tell whether `a` lies below `b` by more than rounding."""
    return bool(a.value[0] < b.value[0] - 1e-6 * (1.0 + abs(b.value[0])))


def _doubtful(model: BoundModel, found: Minimum) -> bool:
    hard = found.n_iter[0] > MANY or model.sample.n_total < 2 * model.structure.n_free
    if not hard:
        return False
    theta = model.objective.at(found.alpha).theta[0]
    return any(
        row.free and row.is_variance and value < 0.0
        for row, value in zip(model.table.rows, theta, strict=True)
    )


def search_batch(model: BoundModel, start: Array) -> Minimum:
    """Minimise for many samples at once, every one from the same starting point.

    Parameters
    ----------
    model : BoundModel
        Its sample and objective hold B replicates.
    start : Array, shape (q,)
        Where all searches begin: the solution of the sample the replicates were drawn from.

    Returns
    -------
    Minimum
        Row b is the solution of sample b, whatever else is in the batch: replicates the common
        start does not serve are searched for one by one, as a single fit is, but give up sooner.
    """
    n = len(model.sample.cov[0])
    if model.restrictions and model.reduction is None:
        return joined([search(_alone(model, b), start) for b in range(n)])
    found = _together(model, start, _tolerance(model, FEW))
    rest = np.flatnonzero(~found.converged)
    if len(rest):
        tolerance = _tolerance(model, ENOUGH)
        found.put(rest, attempt(taken(model, rest), found.alpha[rest], tolerance))
    for b in np.flatnonzero(~found.converged)[:, None]:
        found.put(b, search(taken(model, b), max_iterations=ENOUGH))
    return found


def _tolerance(model: BoundModel, max_iterations: int, exact: bool = False) -> Tolerance:
    """Expect no quadratic convergence of least squares, whose steps are Gauss–Newton ones."""
    tolerance = Tolerance(exact=exact, max_iterations=max_iterations)
    return replace(tolerance, near=0.0) if model.plan.row.discrepancy is None else tolerance


def _together(model: BoundModel, start: Array, tolerance: Tolerance) -> Minimum:
    """Solve all replicates from `start` (q,), compiled where that is possible.

    Complete data take the first step together: there one curvature serves all.
    """
    n, size = len(model.sample.cov[0]), batch_size(model.structure.n_free)
    if not model.restrictions and compilable(model.objective):
        return minimise_compiled(model.objective, np.tile(start, (n, 1)), tolerance)
    at_once = isinstance(model.sample, SampleMoments)
    pieces = [np.arange(i, min(i + size, n)) for i in range(0, n, size)]
    starts = [np.tile(start, (1 if at_once else len(rows), 1)) for rows in pieces]
    found = zip(pieces, starts, strict=True)
    return joined([attempt(taken(model, rows), alpha, tolerance) for rows, alpha in found])


def batch_size(q: int) -> int:
    """Return how many replicates are solved together: their curvatures fit into a fast cache."""
    return max(1, min(64, CACHE // (8 * q * q)))


def taken(model: BoundModel, rows: Indices) -> BoundModel:
    """Return the model with some of its replicates."""
    return replace(model, sample=model.sample.take(rows), objective=model.objective.take(rows))


def _alone(model: BoundModel, b: int) -> BoundModel:
    return taken(model, np.array([b]))


def joined(parts: Sequence[Minimum]) -> Minimum:
    """Return the solutions of consecutive replicates as one."""
    return Minimum(*(np.concatenate([getattr(x, name) for x in parts]) for name in FIELDS))


def _starts(model: BoundModel, start: Array | None) -> Iterator[Array]:
    """Yield starting values (1, q), the most ambitious first."""
    if start is not None:
        yield start[None]
    alpha = model.objective.map.alpha
    first = start_values(model.table, model.sample)
    yield alpha(first)
    yield alpha(cautious(model.table, first))
    yield alpha(rough_values(model.table, model.sample))


def _better(a: Minimum, b: Minimum) -> bool:
    """Tell whether `a` is to be preferred: converged first, then the lower value."""
    return bool((b.converged[0], a.value[0]) < (a.converged[0], b.value[0]))


def attempt(model: BoundModel, alpha: Array, tolerance: Tolerance) -> Minimum:
    """Minimise from starting points (B, q), or one (1, q) for all, under the restrictions."""
    if not model.restrictions:
        move = partial(bent_step, mediations=model.structure.mediations)
        return minimise(model.objective, alpha, tolerance, move)
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
