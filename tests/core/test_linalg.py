from __future__ import annotations

import numpy as np

from loyaltysem.core.linalg import (
    cholesky,
    clearly_above,
    inverse_and_logdet,
    involved,
    null_space,
    solve_positive,
)

GOOD = np.array([[2.0, 0.5], [0.5, 1.0]])
BAD = np.array([[1.0, 2.0], [2.0, 1.0]])
# two negative eigenvalues: the determinant is positive, yet the matrix is not positive definite
TWICE_NEGATIVE = -GOOD


def test_each_matrix_gets_its_own_verdict() -> None:
    batch = np.stack([GOOD, BAD, TWICE_NEGATIVE, np.full((2, 2), np.nan)])
    lower, ok = cholesky(batch)
    assert ok.tolist() == [True, False, False, False]
    np.testing.assert_allclose(lower[0] @ lower[0].T, GOOD)
    inverse, logdet, _ = inverse_and_logdet(batch)
    np.testing.assert_allclose(inverse[0], np.linalg.inv(GOOD))
    assert np.isinf(logdet[1:]).all()


def test_solve_positive() -> None:
    x, ok = solve_positive(np.stack([GOOD, BAD]), np.ones((2, 2)))
    np.testing.assert_allclose(GOOD @ x[0], 1.0)
    assert ok.tolist() == [True, False]


def test_one_matrix_may_serve_all_right_hand_sides() -> None:
    g = np.arange(1.0, 7.0).reshape(3, 2)
    x, ok = solve_positive(GOOD[None], g)
    np.testing.assert_allclose(x @ GOOD, g)
    assert ok.tolist() == [True] * 3
    assert solve_positive(BAD[None], g)[1].tolist() == [False] * 3


def test_singular_is_judged_whatever_the_units() -> None:
    unit = np.diag([1e-6, 1e6])
    almost = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-17]])
    batch = np.stack([unit @ GOOD @ unit, unit @ almost @ unit])
    assert solve_positive(batch, np.ones((2, 2)))[1].tolist() == [True, False]


def test_null_space_ignores_units() -> None:
    x = np.random.default_rng(0).normal(size=(50, 4))
    x[:, 3] = x[:, 0] + x[:, 1]
    plain = np.cov(x.T)
    basis = null_space(plain)
    assert basis.shape[1] == 1
    assert set(involved(basis)) == {0, 1, 3}
    assert null_space(np.diag([1e-12, 1e12])).shape[1] == 0


def test_clearly_above_is_never_wrong_and_certain_where_eigenvalues_are_far_off() -> None:
    x = np.diag([0.5, 1.0, 4.0])
    assert clearly_above(x, 0.1)
    assert not clearly_above(x, 0.6)
    assert not clearly_above(np.diag([-1.0, 1.0]), 1e-8)
