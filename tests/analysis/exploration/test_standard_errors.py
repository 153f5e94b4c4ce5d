"""Standard errors against the delta method carried through everything."""

from __future__ import annotations

import numpy as np
import pytest

from loyaltysem.analysis.exploration.extraction import maximum_likelihood
from loyaltysem.analysis.exploration.standard_errors import RotatedModel, rotated_errors
from loyaltysem.core.types import Array
from loyaltysem.inference.rotation import (
    Rotation,
    RotationMethod,
    order_by_index,
    random_starts,
    rotate,
    rotation_methods,
)

N = 300
LOADINGS = np.array(
    [[0.7, 0.1], [0.6, 0.0], [0.8, -0.1], [0.2, 0.6], [0.0, 0.7], [-0.1, 0.8], [0.4, 0.4]]
)
PHI = np.array([[1.0, 0.3], [0.3, 1.0]])


def _estimate(cov: Array, method: RotationMethod) -> Rotation:
    sd = np.sqrt(np.diagonal(cov))
    loadings = maximum_likelihood(cov / np.outer(sd, sd), 2).loadings
    return order_by_index(rotate(loadings, method, random_starts(2, 3), method.kaiser))


def _vector(found: Rotation) -> Array:
    unique = 1 - np.einsum("ia,ab,ib->i", found.loadings, found.phi, found.loadings)
    return np.concatenate([found.loadings.ravel(), [found.phi[0, 1]], unique])


@pytest.mark.parametrize("name", ["oblimin", "geomin", "varimax", "quartimax"])
def test_standard_errors_are_those_of_the_delta_method(name: str) -> None:
    method = rotation_methods()[name]
    r = LOADINGS @ PHI @ LOADINGS.T
    np.fill_diagonal(r, 1.0)
    i, j = np.tril_indices(len(r))
    slopes = []
    for a, b in zip(i, j, strict=True):
        step = np.zeros_like(r)
        step[a, b] = step[b, a] = 1e-3
        change = _vector(_estimate(r + step, method)) - _vector(_estimate(r - step, method))
        slopes.append(change / 2e-3)
    gamma = r[np.ix_(i, i)] * r[np.ix_(j, j)] + r[np.ix_(i, j)] * r[np.ix_(j, i)]
    jacobian = np.array(slopes).T
    delta = np.sqrt(np.diagonal(jacobian @ gamma @ jacobian.T) / N)
    found = _estimate(r, method)
    model = RotatedModel(found.loadings, found.phi, method, method.kaiser)
    errors = rotated_errors(model, N)
    assert errors is not None
    ours = np.concatenate([errors.loadings.ravel(), [errors.phi[0, 1]], errors.uniqueness])
    assert ours == pytest.approx(delta, abs=2e-5)


def test_what_cannot_be_inverted_has_none() -> None:
    method = rotation_methods()["oblimin"]
    flat = RotatedModel(np.zeros((4, 2)), np.eye(2), method, kaiser=False)
    assert rotated_errors(flat, N) is None
