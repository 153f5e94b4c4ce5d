"""Polychoric correlations of many samples, with gaps and empty cells."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem.core.types import Array
from loyaltysem.moments.ordered_correlations import ordered_correlations
from loyaltysem.moments.ordinal import ordinal_moments

GOLDEN = Path(__file__).parents[1] / "golden"
NAMES = [f"q{i}" for i in range(1, 10)]


@pytest.fixture(scope="module")
def codes() -> Array:
    return pd.read_csv(GOLDEN / "data" / "likert9.csv")[NAMES].to_numpy(np.float64) - 1


def test_agree_with_the_moments_of_a_model(codes: Array) -> None:
    found = ordered_correlations(codes[None], np.full(9, 5))
    whole = ordinal_moments(codes, [5] * 9)
    assert found.rho[0] == pytest.approx(whole.corr, abs=1e-9)
    assert found.thresholds[0] == pytest.approx(np.stack(whole.thresholds))
    assert found.converged.all()
    assert {(i, j): n for i, j, n in whole.findings.empty_cells} == {
        (int(j), int(i)) if (int(j), int(i)) in {e[:2] for e in whole.findings.empty_cells}
        else (int(i), int(j)): int(found.empty_cells[0, i, j])
        for i, j in zip(*np.nonzero(np.triu(found.empty_cells[0], 1)), strict=True)
    }  # fmt: skip


def test_items_may_differ_in_their_answers(codes: Array) -> None:
    fewer = codes.copy()
    fewer[:, 0], fewer[:, 1] = np.minimum(codes[:, 0], 2), codes[:, 1] > 2
    counts = np.array([3, 2, *[5] * 7])
    plain = ordered_correlations(fewer[None], counts, "none")
    reference = json.loads((GOLDEN / "efa" / "psych.json").read_text(encoding="utf-8"))
    assert plain.rho[0] == pytest.approx(np.array(reference["polychoric_fewer"]), abs=1e-4)
    assert np.isinf(plain.thresholds[0, 1, 1:]).all()
    psych = ordered_correlations(fewer[None], counts, "psych")
    assert np.abs(psych.rho - plain.rho).max() > 1e-3


def test_psych_adds_nothing_where_all_have_as_many_answers(codes: Array) -> None:
    plain, psych = (ordered_correlations(codes[None], np.full(9, 5), r) for r in ("none", "psych"))
    assert (plain.empty_cells > 0).any()
    assert (plain.rho == psych.rho).all()


def test_each_sample_is_itself(codes: Array) -> None:
    rng = np.random.default_rng(1)
    samples = np.stack([codes[rng.integers(0, len(codes), len(codes))] for _ in range(3)])
    together = ordered_correlations(samples, np.full(9, 5)).rho
    for sample, rho in zip(samples, together, strict=True):
        alone = ordered_correlations(sample[None], np.full(9, 5)).rho[0]
        assert rho == pytest.approx(alone, abs=1e-8)


def test_gaps_leave_out_pairs_not_respondents(codes: Array) -> None:
    gaps = codes[:, :3].copy()
    gaps[:100, 0] = np.nan
    found = ordered_correlations(gaps[None], np.full(3, 5))
    complete = ordered_correlations(codes[None, :, 1:3], np.full(2, 5))
    assert found.rho[0, 1, 2] == pytest.approx(complete.rho[0, 0, 1], abs=1e-9)
    # thresholds come from all who answered the item
    rest = ordered_correlations(gaps[None, 100:], np.full(3, 5))
    assert found.thresholds[0, 0] == pytest.approx(rest.thresholds[0, 0])
    assert abs(found.rho[0, 0, 1] - rest.rho[0, 0, 1]) < 0.02


def test_one_empty_cell_of_a_two_by_two_table() -> None:
    table = np.repeat([[0, 0], [0, 1], [1, 1.0]], [20, 10, 20], axis=0)[None]
    lavaan = ordered_correlations(table, np.array([2, 2]), "lavaan").rho[0, 0, 1]
    plain = ordered_correlations(table, np.array([2, 2]), "none").rho[0, 0, 1]
    assert plain == pytest.approx(0.999)
    assert lavaan < 0.99
