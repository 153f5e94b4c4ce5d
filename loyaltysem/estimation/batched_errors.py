"""Estimates with standard errors for many samples at once, from the model's own information."""

from __future__ import annotations

import numpy as np

from loyaltysem.core.types import Array
from loyaltysem.engine.restrictions import null_basis
from loyaltysem.estimation.fitted import information_objective
from loyaltysem.estimation.model import BoundModel
from loyaltysem.inference.defined import defined
from loyaltysem.inference.information import restricted_vcov
from loyaltysem.inference.standardised import delta_method


def batched_vcov(model: BoundModel, alpha: Array, observed: bool = False) -> Array:
    """Return covariance matrices of the estimates, shape (B, q, q); NaN where there is none.

    Parameters
    ----------
    model : BoundModel
        Bound to B samples; its restrictions are equalities.
    alpha : Array, shape (B, q)
    observed : bool
        Exact second derivatives instead of their expectation.
    """
    info = 0.5 * model.sample.weight * information_objective(model).hessian(alpha, observed)
    if not model.restrictions:
        return restricted_vcov(info, None)[0]
    if model.reduction is not None:
        return restricted_vcov(info, model.reduction.basis)[0]
    bases = (null_basis(model.restrictions.active(a[None]), len(a)) for a in alpha)
    return np.stack(
        [restricted_vcov(i[None], basis)[0][0] for i, basis in zip(info, bases, strict=True)]
    )


def estimates_and_errors(model: BoundModel, alpha: Array, vcov: Array) -> tuple[Array, Array]:
    """Return table rows, then defined parameters, with standard errors, each (B, t + d).

    Rows that are not free have standard error 0.
    """
    theta, free = model.objective.theta(alpha), model.structure.free
    with np.errstate(invalid="ignore"):
        se = np.sqrt(np.maximum(np.diagonal(vcov, axis1=1, axis2=2), 0.0))
    padded = np.concatenate([se, np.zeros((len(se), 1))], axis=1)
    rows = np.where(free >= 0, padded[:, free], 0.0)
    if not model.table.defined:
        return theta, rows
    slopes = np.broadcast_to(
        model.objective.map.derivative(), (len(alpha), theta.shape[1], alpha.shape[1])
    )
    with np.errstate(all="ignore"):
        value, jacobian = defined(model.table.defined, model.table.label_rows(), theta, slopes)
        errors = delta_method(jacobian, vcov)
    return np.concatenate([theta, value], axis=1), np.concatenate([rows, errors], axis=1)
