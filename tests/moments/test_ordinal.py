"""Moments of ordered and mixed data against lavaan, and what must hold of any data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

from loyaltysem.moments.categories import category_levels, code_categories
from loyaltysem.moments.ordinal import OrdinalMoments, ordinal_moments
from loyaltysem.moments.ordinal_layout import MomentKind

GOLDEN = Path(__file__).parent.parent / "golden" / "ordinal"
CASES = sorted(p.stem for p in GOLDEN.glob("*.json") if p.stem != "lavcor")
# lavaan stops searching a correlation at about 1e-8 to 1e-7; ours go on to rounding.
TOLERANCE = 3e-7


def items(n: int = 9) -> np.ndarray:
    frame = pd.read_csv(GOLDEN / "likert9.csv")
    return frame[[f"q{i}" for i in range(1, n + 1)]].to_numpy(float) - 1


def full(lower: list[float], size: int) -> np.ndarray:
    out = np.zeros((size, size))
    rows, columns = np.triu_indices(size)
    out[rows, columns] = out[columns, rows] = lower
    return out


def moments_of(case: dict, label: str | None) -> OrdinalMoments:
    source = case["provenance"]
    frame = pd.read_csv(GOLDEN / source["data"])
    names, x = case["variables"], case["covariates"]
    x = [x] if isinstance(x, str) else x
    ordered = np.array([n in source["ordered"] for n in names])
    levels = category_levels(frame[names].to_numpy(float), ordered)
    if label:
        frame = frame[frame[source["group"]] == label]
    codes = code_categories(frame[names].to_numpy(float), levels)
    covariates = frame[x].to_numpy(float) if x else None
    return ordinal_moments(codes, [len(level) for level in levels], covariates)


@pytest.mark.parametrize("name", CASES)
def test_moments_and_gamma_agree_with_lavaan(name: str) -> None:
    case = json.loads((GOLDEN / f"{name}.json").read_text())
    for group in case["groups"]:
        got = moments_of(case, group["label"])
        np.testing.assert_allclose(got.moments, group["moments"], rtol=0, atol=TOLERANCE)
        gamma = full(group["gamma_lower"], len(got.moments))
        scale = np.sqrt(np.outer(np.diag(gamma), np.diag(gamma)))
        np.testing.assert_allclose(got.gamma / scale, gamma / scale, rtol=0, atol=TOLERANCE)


def test_correlations_agree_with_lavaan_07() -> None:
    case = json.loads((GOLDEN / "lavcor.json").read_text())
    age = pd.read_csv(GOLDEN / "likert9.csv")["age"].to_numpy(float)
    got = ordinal_moments(np.column_stack([items(), age]), [5] * 9 + [0])
    np.testing.assert_allclose(got.corr, case["cor"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(np.concatenate(got.thresholds), case["thresholds"], atol=1e-12)


def test_a_covariate_without_effect_leaves_the_other_moments_alone() -> None:
    """x is balanced within every answer pattern, so that it predicts nothing."""
    codes = items(3)
    doubled = np.repeat(codes, 2, axis=0)
    got = ordinal_moments(doubled, [5] * 3, np.tile([-1.0, 1.0], len(codes))[:, None])
    plain = ordinal_moments(doubled, [5] * 3)
    np.testing.assert_allclose(got.slopes, 0.0, atol=1e-9)
    np.testing.assert_allclose(got.corr, plain.corr, atol=1e-8)
    same = got.layout.kind != MomentKind.SLOPE
    np.testing.assert_allclose(got.gamma[np.ix_(same, same)], plain.gamma, atol=1e-6)


def test_row_order_does_not_matter() -> None:
    codes = items(4)
    a = ordinal_moments(codes, [5] * 4)
    b = ordinal_moments(codes[np.random.default_rng(1).permutation(len(codes))], [5] * 4)
    np.testing.assert_allclose(a.moments, b.moments, atol=1e-12)
    np.testing.assert_allclose(a.gamma, b.gamma, atol=1e-9)


def test_reversing_an_item_turns_signs() -> None:
    codes = items(3)
    turned = codes.copy()
    turned[:, 0] = 4 - turned[:, 0]
    a, b = ordinal_moments(codes, [5] * 3), ordinal_moments(turned, [5] * 3)
    np.testing.assert_allclose(b.thresholds[0], -a.thresholds[0][::-1], atol=1e-12)
    np.testing.assert_allclose(b.corr[0, 1:], -a.corr[0, 1:], atol=1e-9)
    np.testing.assert_allclose(np.diag(b.gamma)[-3:], np.diag(a.gamma)[-3:], atol=1e-7)


def test_rescaling_a_numeric_variable_rescales_its_moments() -> None:
    frame = pd.read_csv(GOLDEN / "mixed.csv")
    values = np.column_stack([frame["q1"] - 1, frame["n1"], frame["n2"]]).astype(float)
    a = ordinal_moments(values, [5, 0, 0])
    b = ordinal_moments(values * np.array([1, 1000.0, 1]), [5, 0, 0])
    unit = np.where(a.layout.i == 1, 1000.0, 1.0) * np.where(
        (a.layout.j == 1) & (a.layout.kind == MomentKind.COVARIANCE), 1000.0, 1.0
    )
    unit = np.where((a.layout.kind == MomentKind.VARIANCE) & (a.layout.i == 1), 1e6, unit)
    np.testing.assert_allclose(b.moments, a.moments * unit, rtol=1e-9)
    np.testing.assert_allclose(b.gamma, a.gamma * np.outer(unit, unit), rtol=1e-6, atol=1e-6)


def table(counts: list[list[int]]) -> np.ndarray:
    cells = [(a, b) for a, row in enumerate(counts) for b, n in enumerate(row) for _ in range(n)]
    return np.array(cells, dtype=float)


def test_one_empty_cell_of_a_two_by_two_table_gets_half_a_case() -> None:
    got = ordinal_moments(table([[30, 0], [20, 50]]), [2, 2])
    assert got.findings.empty_cells == ((0, 1, 1),)
    # lavaan 0.6-14, zero.add = 0.5, zero.keep.margins = TRUE
    np.testing.assert_allclose(got.moments, [-0.5244005127, 0.0, 0.932], atol=5e-4)
    filled = ordinal_moments(table([[59, 1], [41, 99]]), [2, 2])
    assert got.corr[0, 1] == pytest.approx(filled.corr[0, 1], abs=1e-9)


def test_the_other_diagonal_is_treated_alike() -> None:
    a = ordinal_moments(table([[30, 0], [20, 50]]), [2, 2])
    b = ordinal_moments(table([[0, 30], [50, 20]]), [2, 2])
    assert b.corr[0, 1] == pytest.approx(-a.corr[0, 1], abs=1e-9)


def test_perfect_agreement_ends_at_the_bound_and_is_reported() -> None:
    codes = items(2)
    codes[:, 1] = codes[:, 0]
    got = ordinal_moments(codes, [5, 5])
    assert got.corr[0, 1] == pytest.approx(0.999, abs=1e-12)
    assert got.findings.near_one == ((0, 1),)
    assert np.isfinite(got.gamma).all()


def test_an_empty_category_is_reported_and_breaks_nothing() -> None:
    got = ordinal_moments(items(2), [6, 5])
    assert got.findings.empty_categories == ((0, 5),)
    assert np.isinf(got.thresholds[0][-1])


def test_empty_cells_of_larger_tables_are_counted_only() -> None:
    codes = table([[9, 4, 0], [3, 8, 2], [0, 3, 7]])
    got = ordinal_moments(codes, [3, 3])
    assert got.findings.empty_cells == ((0, 1, 2),)


def test_known_correlation_is_recovered() -> None:
    rng = np.random.default_rng(7)
    y = rng.multivariate_normal([0, 0, 0], [[1, 0.6, -0.4], [0.6, 1, 0.2], [-0.4, 0.2, 1]], 40000)
    values = np.column_stack([np.digitize(y[:, 0], [-0.5, 1]), y[:, 1] > 0.3, 3 + 2 * y[:, 2]])
    got = ordinal_moments(values.astype(float), [3, 2, 0])
    error = np.sqrt(np.diag(got.gamma) / got.n_obs)
    truth = np.array([-0.5, 1, 0.3, -3, 4, 0.6, -0.8, 0.4])
    assert (np.abs(got.moments - truth) < 4 * error).all()


def test_an_empty_cell_of_a_two_by_two_table_gets_half_a_case() -> None:
    codes = np.repeat([[0, 0], [0, 1], [1, 1]], [187, 54, 259], axis=0).astype(float)
    found = ordinal_moments(codes, [2, 2])
    first, second = (t[0] for t in found.thresholds)
    # four cells, two margins: the table with half a case is matched exactly
    both_low = multivariate_normal([0, 0], found.corr).cdf([first, second])
    assert 500 * both_low == pytest.approx(186.5, abs=1e-4)
    assert found.findings.empty_cells == ((0, 1, 1),)


def test_mean_and_variance_of_two_values_share_one_score() -> None:
    rng = np.random.default_rng(1)
    both = rng.normal(size=(300, 1)) + rng.normal(size=(300, 2))
    values = np.column_stack([both[:, 0] > 0.4, both[:, 1] > 0]).astype(float)
    found = ordinal_moments(values, [0, 2])
    assert found.findings.two_values == (0,)
    at = [list(found.layout.kind).index(k) for k in (MomentKind.MEAN, MomentKind.VARIANCE)]
    y = values[:, 0]
    z = y - y.mean()
    scores = np.column_stack([z, 0.5 * (z**2 - z.var()) / z.var()]) / z.var()
    expected = np.linalg.pinv(scores.T @ scores / 300, rcond=1e-8)
    np.testing.assert_allclose(np.diagonal(found.gamma)[at], np.diagonal(expected), rtol=1e-6)
    assert np.linalg.eigvalsh(found.gamma).min() > -1e-10
