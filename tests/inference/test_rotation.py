"""Rotation: criteria, their derivatives, minima, conventions, order and signs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loyaltysem.core.types import Array
from loyaltysem.inference.rotation import (
    order_by_index,
    order_by_variance,
    promax,
    random_starts,
    rotate,
    rotation_methods,
    unrotated,
    varimax_as_in_r,
)
from loyaltysem.inference.rotation_criteria import Criterion, Geomin, Oblimin, Orthomax

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "efa" / "psych.json").read_text(encoding="utf-8")
)
NONE = np.array(GOLDEN["none"])
CRITERIA = (Oblimin(0.0), Oblimin(-0.5), Oblimin(0.4), Geomin(0.01), Orthomax(1.0), Orthomax(0.0))


def _aligned(reference: Array, found: Array) -> float:
    """Largest difference after columns are matched and reflected."""
    cosine = reference.T @ found
    place = np.abs(cosine).argmax(axis=1)
    assert sorted(place) == list(range(len(place)))
    turned = found[:, place] * np.sign(cosine[np.arange(len(place)), place])
    return float(np.abs(reference - turned).max())


@pytest.mark.parametrize("criterion", CRITERIA, ids=repr)
def test_gradients_are_those_of_the_values(criterion: Criterion) -> None:
    loadings = np.random.default_rng(3).normal(size=(2, 6, 3))
    gradient = criterion(loadings)[1]
    for i, a in np.ndindex(6, 3):
        step = np.zeros((6, 3))
        step[i, a] = 1e-6
        slope = (criterion(loadings + step)[0] - criterion(loadings - step)[0]) / 2e-6
        assert gradient[:, i, a] == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("name", ["varimax", "quartimax", "oblimin", "geomin"])
def test_a_rotation_reproduces_the_same_correlations(name: str) -> None:
    method = rotation_methods()[name]
    found = rotate(NONE, method, random_starts(3, 5), method.kaiser)
    assert found.converged
    assert found.loadings @ found.phi @ found.loadings.T == pytest.approx(NONE @ NONE.T)
    assert pytest.approx(found.loadings) == NONE @ np.linalg.inv(found.transform).T
    assert found.transform.T @ found.transform == pytest.approx(found.phi)
    assert np.diagonal(found.phi) == pytest.approx(np.ones(3))


@pytest.mark.parametrize(
    ("key", "name", "arguments", "kaiser"),
    [
        ("geomin_01", "geomin", {"epsilon": 0.01}, False),
        ("oblimin_minus", "oblimin", {"gamma": -0.5}, False),
        ("oblimin_kaiser", "oblimin", {}, True),
        ("quartimax", "quartimax", {}, False),
    ],
)
def test_gparotation_finds_the_same(
    key: str, name: str, arguments: dict[str, Any], kaiser: bool
) -> None:
    method = rotation_methods(**arguments)[name]
    found = rotate(NONE, method, random_starts(3, 20), kaiser)
    assert _aligned(np.array(GOLDEN[key]), found.loadings) < 2e-5


def test_the_best_of_many_starts_is_kept() -> None:
    method = rotation_methods()["geomin"]
    found = rotate(NONE, method, random_starts(3, 30), kaiser=False)
    assert found.value == found.values.min()
    assert 1 <= found.n_best < found.n_starts == 31
    assert np.ptp(found.values) > 1e-4


def test_starts_follow_the_seed_and_begin_with_the_identity() -> None:
    starts = random_starts(3, 4, seed=2)
    assert (starts[0] == np.eye(3)).all()
    assert starts @ np.swapaxes(starts, 1, 2) == pytest.approx(np.tile(np.eye(3), (5, 1, 1)))
    assert (starts == random_starts(3, 4, seed=2)).all()
    assert not np.allclose(starts[1], random_starts(3, 4, seed=3)[1])


def test_r_stops_varimax_near_its_maximum() -> None:
    method = rotation_methods()["varimax"]
    best = rotate(NONE, method, random_starts(3, 5), kaiser=True)
    stopped = varimax_as_in_r(NONE)
    exact = varimax_as_in_r(NONE, tolerance=1e-14)
    assert 1e-5 < _aligned(best.loadings, stopped.loadings) < 1e-3
    assert _aligned(best.loadings, exact.loadings) < 1e-6
    assert best.value <= exact.value + 1e-12
    assert stopped.value > best.value


def test_promax_is_oblique_and_scales_rows_unless_told() -> None:
    scaled, plain = promax(NONE, 4.0, kaiser=True), promax(NONE, 4.0, kaiser=False)
    for found in (scaled, plain):
        assert found.loadings @ found.phi @ found.loadings.T == pytest.approx(NONE @ NONE.T)
        assert pytest.approx(found.loadings) == NONE @ np.linalg.inv(found.transform).T
        assert np.diagonal(found.phi) == pytest.approx(np.ones(3))
    assert np.abs(scaled.loadings - plain.loadings).max() > 1e-3
    assert found.n_starts == found.n_best == 0


def test_an_item_without_loadings_survives_row_scaling() -> None:
    loadings = np.vstack([NONE, np.zeros(3)])
    found = rotate(loadings, rotation_methods()["varimax"], random_starts(3, 2), kaiser=True)
    assert np.isfinite(found.loadings).all()
    assert np.isfinite(promax(loadings, 4.0, kaiser=True).loadings).all()


def test_order_and_signs() -> None:
    loadings = np.array([[0.1, -0.9], [0.1, -0.8], [0.7, -0.1], [0.6, 0.0]])
    by_variance = order_by_variance(unrotated(loadings))
    assert by_variance.loadings[:, 0] == pytest.approx(-loadings[:, 1])
    by_index = order_by_index(unrotated(loadings[::-1]))
    assert by_index.loadings[:, 0] == pytest.approx(loadings[::-1, 0])
    assert (by_index.loadings.sum(axis=0) > 0).all()


def test_signs_of_correlations_follow_those_of_factors() -> None:
    method = rotation_methods()["oblimin"]
    plain = order_by_variance(rotate(NONE, method, random_starts(3, 0), kaiser=False))
    turned = order_by_variance(rotate(-NONE, method, random_starts(3, 0), kaiser=False))
    assert plain.loadings == pytest.approx(turned.loadings, abs=1e-5)
    assert plain.phi == pytest.approx(turned.phi, abs=1e-5)


def test_a_factor_without_loadings_has_no_promax_target() -> None:
    found = promax(np.zeros((6, 2)), 4.0, kaiser=True)
    assert not found.converged
    assert (found.loadings == 0).all()


def test_a_rotation_that_runs_away_does_not_converge() -> None:
    rng = np.random.default_rng(0)
    loadings = rng.uniform(0.2, 0.8, (12, 3))
    method = rotation_methods(gamma=1.0)["oblimin"]
    found = rotate(loadings, method, random_starts(3, 5), kaiser=False)
    assert not found.converged


def test_promax_has_no_criterion() -> None:
    with pytest.raises(ValueError, match="promax"):
        rotate(NONE, rotation_methods()["promax"], random_starts(3, 0), kaiser=True)
