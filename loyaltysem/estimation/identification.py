"""Whether data could determine the parameters of a model at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loyaltysem.core.errors import ModelSpecificationError
from loyaltysem.core.linalg import involved
from loyaltysem.core.types import Array
from loyaltysem.engine.restrictions import null_basis
from loyaltysem.engine.terms import LocalVectorTerm
from loyaltysem.estimation.fitted import Fitted
from loyaltysem.estimation.model import BoundModel
from loyaltysem.estimation.start_values import rough_values
from loyaltysem.inference.information import information, unidentified_directions
from loyaltysem.inference.moment_forms import moment_jacobian
from loyaltysem.moments.gamma import vech_indices

#: Eigenvalues of the information, scaled to a unit diagonal, that count as zero.
FLAT = 1e-9
#: Singular values of the Jacobian of the moments, relative to the largest, that count as zero.
DEPENDENT = 1e-10


def check_identified(fitted: Fitted) -> None:
    """Refuse a model whose parameters no data could determine.

    A direction is unidentified when the expected information vanishes along it at the solution
    and at generic points too: a model that is only empirically underidentified passes, and gets a
    finding instead of standard errors.

    Raises
    ------
    ModelSpecificationError
        Naming the parameters that cannot be told apart.
    """
    if _clearly_identified(fitted):
        return
    model, alpha = fitted.model, fitted.alpha
    directions = np.zeros((alpha.shape[1], 0))
    for point in _points(model, alpha):
        info = information(model.objective, point, 1.0, observed=False)[0]
        if not np.isfinite(info).all():
            continue
        basis = null_basis(model.restrictions.active(point), alpha.shape[1])
        flat = unidentified_directions(basis.T @ info @ basis, FLAT)
        if not flat.shape[1]:
            return
        directions = basis @ flat
    if not directions.shape[1] or _only_the_weight_is_flat(model, alpha):
        return
    rows = [
        next(r for r, f in zip(model.table.rows, model.structure.free, strict=True) if f == i)
        for i in involved(directions)
    ]
    listed = ", ".join(f"'{r.name}'" for r in rows[:8])
    raise ModelSpecificationError(
        f"The model is not identified: the data cannot tell {listed} apart.",
        code="spec.not_identified",
        hint="Fix or equate one of them, or add indicators.",
        span=next((r.span for r in rows if r.span), None),
    )


def _clearly_identified(fitted: Fitted) -> bool:
    """Tell from the inverse information alone, where nothing restricts.

    Brought to a unit diagonal, no eigenvalue λ of the information has ``1/λ`` above the trace of
    the inverse.
    """
    inverse, ok = fitted.inverse(observed=False)
    if not ok or fitted.narrowed is not None:
        return False
    trace = (np.diagonal(fitted.expected_information) * np.diagonal(inverse)).sum()
    return bool(trace * FLAT < 1.0)


def _only_the_weight_is_flat(model: BoundModel, alpha: Array) -> bool:
    """Tell whether the moments do determine the parameters, at some generic point.

    The weight of least squares comes from the data: where these are close to singular it can hide
    what the Jacobian of the moments, in units of the variables, still tells apart.
    """
    return model.plan.row.least_squares and any(
        _independent(model, point) for point in _points(model, alpha)
    )


def _independent(model: BoundModel, alpha: Array) -> bool:
    """Tell whether the columns of Δ, each brought to length 1, are linearly independent."""
    delta = _scaled_jacobian(model, alpha)
    if not np.isfinite(delta).all():
        return False
    delta = delta @ null_basis(model.restrictions.active(alpha), alpha.shape[1])
    length = np.sqrt((delta * delta).sum(axis=0))
    if (length == 0.0).any():
        return False
    values = np.linalg.svd(delta / length, compute_uv=False)
    return bool(values[-1] > DEPENDENT * values[0]) if len(delta) >= delta.shape[1] else False


def _scaled_jacobian(model: BoundModel, alpha: Array) -> Array:
    """Return Δ of all groups, each moment in units of its variables, shape (Σm, q)."""
    point, parts = model.objective.at(alpha), []
    for block, i, local, cov in zip(
        model.objective.blocks, point.implied, point.local, model.sample.cov, strict=True
    ):
        if isinstance(local, LocalVectorTerm):
            parts.append(block.term_chain.gradient(local.delta[0]))
            continue
        means = block.structure.meanstructure
        delta = moment_jacobian(i.jacobian, block.chain, means)[0]
        sd = np.sqrt(np.diagonal(cov[0]))
        row, column = vech_indices(len(sd))
        unit = np.concatenate([sd if means else sd[:0], sd[row] * sd[column]])
        parts.append(delta / unit[:, None])
    return np.concatenate(parts)


def _points(model: BoundModel, alpha: Array) -> Iterator[Array]:
    """Yield the solution, then generic points in the units of the data."""
    yield alpha
    for seed in (1, 2, 3):
        theta = rough_values(model.table, model.sample, np.random.default_rng(seed))
        yield model.objective.map.alpha(theta)
