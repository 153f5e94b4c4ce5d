"""Schmid–Leiman beyond psych's numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import IncompatibleRequestError

LOADINGS = pd.DataFrame(
    np.kron(np.eye(3), [[0.8], [0.7], [0.6]]), index=[f"题{i}" for i in range(9)]
)


def test_communalities_stay() -> None:
    phi = np.array([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]])
    found = ls.schmid_leiman(LOADINGS, phi)
    assert found.communality == pytest.approx((LOADINGS**2).sum(axis=1).to_numpy())
    implied = np.outer(found.second_order, found.second_order)
    assert implied[np.triu_indices(3, 1)] == pytest.approx(phi[np.triu_indices(3, 1)], abs=1e-6)
    assert found.frame["p2"].to_numpy()[:3] == pytest.approx(found.second_order[0] ** 2)
    assert "题0" in str(found)
    assert "题0" in found._repr_html_()
    assert repr(found) == str(found)


def test_a_factor_that_is_the_general_one() -> None:
    phi = np.array([[1, 0.9, 0.9], [0.9, 1, 0.6], [0.9, 0.6, 1]])
    found = ls.schmid_leiman(LOADINGS, phi)
    assert [f.code for f in found.findings] == ["exploration.second_order_heywood"]
    assert np.isfinite(found.frame.to_numpy()).all()


def test_opposite_factors() -> None:
    phi = np.array([[1, -0.36], [-0.36, 1]])
    found = ls.schmid_leiman(LOADINGS.iloc[:6, :2], phi)
    assert found.second_order.tolist() == pytest.approx([0.6, -0.6])


def test_one_factor_is_refused() -> None:
    with pytest.raises(IncompatibleRequestError, match="factor itself"):
        ls.schmid_leiman(LOADINGS.iloc[:, :1], np.eye(1))
