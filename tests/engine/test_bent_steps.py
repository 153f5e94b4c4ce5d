"""Steps bent in the coordinates of an equivalent model."""

from __future__ import annotations

import numpy as np
import pytest

from loyaltysem.engine.bent_steps import bent_step
from loyaltysem.engine.implied import implied
from loyaltysem.model.parameter_table import parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.structure import ModelStructure, compile_structure
from loyaltysem.model.syntax import parse

FACTORS = "\n".join(f"{f} =~ {f}1 + {f}2 + {f}3" for f in "xmny")
ONE = f"{FACTORS}\nm ~ x\ny ~ m + x"
TWO = f"{FACTORS}\nm ~ x\nn ~ m + x\ny ~ m + x\nn ~~ y"
CHAIN = f"{FACTORS}\nm ~ x\nn ~ m + x\ny ~ m + n + x"


def compiled(text: str) -> ModelStructure:
    return compile_structure(parameter_table(parse(text), Defaults()))


def sigma(structure: ModelStructure, alpha: np.ndarray) -> np.ndarray:
    theta = np.repeat(structure.constant[None], len(alpha), axis=0)
    free = structure.free >= 0
    theta[:, free] = alpha[:, structure.free[free]]
    return implied(structure.blocks[0], theta).moments.sigma


@pytest.mark.parametrize("text", [ONE, TWO, CHAIN])
def test_a_small_step_is_straight(text: str) -> None:
    structure, rng = compiled(text), np.random.default_rng(1)
    alpha, step = rng.uniform(0.5, 1.5, (2, 4, structure.n_free))
    bends = [bent_step(alpha, h * step, structure.mediations) - alpha for h in (1e-3, 1e-4)]
    far, near = (np.abs(b - h * step).max() for b, h in zip(bends, (1e-3, 1e-4), strict=True))
    assert 0.0 < near < 0.011 * far  # of second order


def test_no_mediation_no_bend() -> None:
    alpha, step = np.ones((2, 3)), np.full((2, 3), 0.25)
    np.testing.assert_array_equal(bent_step(alpha, step, ()), alpha + step)


@pytest.mark.parametrize("text", [ONE, TWO, CHAIN])
def test_moments_do_not_jump_where_a_mediator_has_no_variance(text: str) -> None:
    """Just before and behind the pole b differs by thousands, what is implied hardly at all."""
    structure, rng = compiled(text), np.random.default_rng(2)
    alpha = rng.uniform(0.5, 1.5, (1, structure.n_free))
    for each in structure.mediations:
        step = np.zeros_like(alpha)
        step[:, each.mediator], step[:, each.path] = -alpha[:, each.mediator], 0.5
        before, behind = (
            bent_step(alpha, (1.0 + h) * step, structure.mediations) for h in (-1e-4, 1e-4)
        )
        assert abs(before[0, each.path] - behind[0, each.path]) > 1000
        assert np.abs(sigma(structure, before) - sigma(structure, behind)).max() < 0.01


def test_a_step_onto_the_pole_is_not_finite() -> None:
    structure = compiled(ONE)
    alpha, step = np.ones((1, structure.n_free)), np.zeros((1, structure.n_free))
    step[:, structure.mediations[0].mediator] = -1.0
    assert not np.isfinite(bent_step(alpha, step, structure.mediations)).all()
