"""ω from a Schmid–Leiman solution."""

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.measurement.model_reliability import ModelReliability
from loyaltysem.core.errors import DataError

NAMES = [f"题{i}" for i in range(1, 10)]


def exact(correlations):
    """Answers of 400 people with exactly these correlations."""
    p = len(correlations)
    x = np.random.default_rng(1).normal(size=(400, p))
    white = np.linalg.qr(x - x.mean(axis=0))[0]
    return pd.DataFrame(white @ np.linalg.cholesky(correlations).T, columns=NAMES[:p])


@pytest.fixture
def hierarchical():
    general, group = np.full(9, 0.6), np.kron(np.eye(3), np.full((3, 1), 0.5))
    common = np.outer(general, general) + group @ group.T
    return exact(common + np.diag(1 - np.diag(common))), common


def test_the_population_comes_back(hierarchical):
    data, common = hierarchical
    total = common.sum() + 9 * (1 - common[0, 0])
    found = ls.omega(data)
    assert found.omega_hierarchical == pytest.approx((9 * 0.6) ** 2 / total, abs=1e-4)
    assert found.omega_total == pytest.approx(common.sum() / total, abs=1e-4)
    assert found.omega_limit == pytest.approx(found.omega_hierarchical / found.omega_total)
    assert found.explained_common_variance == pytest.approx(0.36 / 0.61, abs=1e-4)
    np.testing.assert_allclose(found.frame["g"], 0.6, atol=1e-3)


def test_subscales_split_their_variance(hierarchical):
    groups = ls.omega(hierarchical[0]).groups
    block = 9 * 0.61 + 3 * 0.39
    np.testing.assert_allclose(groups["omega_general"], 9 * 0.36 / block, atol=1e-3)
    np.testing.assert_allclose(groups["omega_group"], 9 * 0.25 / block, atol=1e-3)
    assert sorted(", ".join(groups["items"]).split(", ")) == NAMES


def test_one_factor_has_one_omega():
    loadings = np.array([0.8, 0.7, 0.6, 0.5])
    data = exact(np.outer(loadings, loadings) + np.diag(1 - loadings**2))
    found = ls.omega(data, n_factors=1)
    expected = loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum())
    assert found.omega_total == pytest.approx(expected, abs=1e-5)
    assert found.omega_hierarchical == pytest.approx(expected, abs=1e-5)
    assert found.groups.empty


def test_a_fitted_model_is_answered_by_its_reliability(hierarchical):
    data = hierarchical[0].rename(columns=dict(zip(NAMES, "abcdefghi", strict=True)))
    fit = ls.cfa("f =~ a + b + c", data)
    found = ls.omega(fit)
    assert isinstance(found, ModelReliability)
    pd.testing.assert_frame_equal(found.frame, ls.reliability(fit).frame)


def test_a_weak_general_factor_and_a_turned_item_are_told(hierarchical):
    block = np.kron(np.eye(3), np.full((3, 3), 0.6)) + 0.4 * np.eye(9)
    block[block == 0] = 0.04
    codes = [f.code for f in ls.omega(exact(block)).findings]
    assert "reliability.weak_general_factor" in codes
    turned = hierarchical[0].assign(**{"题1": -hierarchical[0]["题1"]})
    result = ls.omega(turned)
    named = [str(f) for f in result.findings if f.code == "reliability.reverse_coded"]
    assert len(named) == 1 and "题1" in named[0]
    assert "ω hierarchical" in str(result) and "题1" in result._repr_html_()


def test_incomplete_rows_are_counted(hierarchical):
    holes = hierarchical[0].copy()
    holes.iloc[:7, 0] = np.nan
    assert ls.omega(holes).n_incomplete == 7


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: (d, 5), "reliability.factors"),
        (lambda d: (d, 0), "reliability.factors"),
        (lambda d: (d.iloc[:, :2], 1), "reliability.too_few_items"),
        (lambda d: (d.assign(题1=1.0), 3), "reliability.constant_item"),
        (lambda d: (d.head(2), 3), "reliability.too_few_cases"),
    ],
)
def test_what_is_refused(hierarchical, change, code):
    data, factors = change(hierarchical[0])
    with pytest.raises(DataError) as caught:
        ls.omega(data, n_factors=factors)
    assert caught.value.code == code
