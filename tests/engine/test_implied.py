"""Total effects of chains of regressions, with and without loops."""

from __future__ import annotations

import numpy as np
import pytest

from loyaltysem.engine.implied import total_effects
from loyaltysem.model.parameter_table import parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.structure import compile_structure
from loyaltysem.model.syntax import parse

FACTORS = "\n".join(f"f{i} =~ x{i} + y{i} + z{i}" for i in range(6)) + "\n"


@pytest.mark.parametrize(
    ("regressions", "generations"),
    [
        ("", 0),
        ("f1 ~ f0\nf2 ~ f0", 1),
        ("f1 ~ f0\nf2 ~ f1 + f0", 2),
        ("f2 ~ f1\nf1 ~ f0\nf4 ~ f2\nf3 ~ f2\nf5 ~ f4 + f0", 4),
        ("f1 ~ f0\nf0 ~ f1", None),
    ],
)
def test_generations_count_the_longest_chain(regressions: str, generations: int | None) -> None:
    table = parameter_table(parse(FACTORS + regressions), Defaults())
    block = compile_structure(table).blocks[0]
    assert block.generations == generations
    assert block.has_regressions == bool(regressions)


@pytest.mark.parametrize("size", [2, 3, 5, 8, 9])
def test_a_chain_adds_up_to_the_inverse(size: int) -> None:
    beta = np.tril(np.random.default_rng(size).normal(size=(4, size, size)), -1)
    expected = np.linalg.inv(np.eye(size) - beta)
    np.testing.assert_allclose(total_effects(beta, size - 1), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(total_effects(beta), expected)


def test_a_loop_without_an_end_has_no_effects() -> None:
    beta = np.array([[[0.0, 1.0], [1.0, 0.0]], [[0.0, 0.5], [0.5, 0.0]]])
    found = total_effects(beta)
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], np.array([[4.0, 2.0], [2.0, 4.0]]) / 3.0)
