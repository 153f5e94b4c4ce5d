"""KMO and Bartlett's test beyond the reference numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError

EQUAL = np.full((4, 4), 0.5) + 0.5 * np.eye(4)


def test_uncorrelated_items() -> None:
    found = ls.bartlett_sphericity(np.eye(4), n_obs=100)
    assert (found.chisq, found.df, found.pvalue) == (0.0, 6, 1.0)


def test_bartlett_keeps_its_level() -> None:
    rng = np.random.default_rng(5)
    p = [ls.bartlett_sphericity(rng.standard_normal((60, 5))).pvalue for _ in range(400)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_repeated_items() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((50, 3))
    twice = pd.DataFrame(np.column_stack([x, x[:, 0]]))
    test, adequacy = ls.bartlett_sphericity(twice), ls.kmo(twice)
    assert test.chisq == np.inf
    assert test.pvalue == 0.0
    assert "–" in str(test)
    assert np.isfinite(adequacy.overall)
    assert "exploration.not_positive_definite" in [f.code for f in adequacy.findings]


def test_two_items_have_half() -> None:
    found = ls.kmo(np.array([[1.0, 0.4], [0.4, 1.0]]), n_obs=50)
    assert found.overall == pytest.approx(0.5)


def test_words_and_warnings() -> None:
    assert ls.kmo(EQUAL, n_obs=50).word.zh == "良好"
    r = np.array([[1.0, 0.6, -0.1], [0.6, 1.0, 0.6], [-0.1, 0.6, 1.0]])
    low = ls.kmo(r, n_obs=50)
    assert low.word.en == "unacceptable"
    assert [f.code for f in low.findings] == ["exploration.low_kmo", "exploration.low_kmo_item"]
    assert "item1" in low.findings[1].text.zh


def test_they_print() -> None:
    found = ls.kmo(pd.DataFrame(EQUAL, list("甲乙丙丁"), list("甲乙丙丁")), n_obs=50)
    assert "甲" in str(found)
    assert "<td>甲</td>" in found._repr_html_()
    assert found.frame.columns.tolist() == ["item", "kmo"]
    assert repr(found) == str(found)
    assert "χ²(6)" in ls.bartlett_sphericity(EQUAL, n_obs=50)._repr_html_()


def test_one_respondent_is_refused() -> None:
    for front in (ls.kmo, ls.bartlett_sphericity, ls.map_test):
        with pytest.raises(DataError, match="usable cases"):
            front(np.ones((1, 4)))


def test_map_finds_none_and_prints() -> None:
    found = ls.map_test(np.eye(5) + 0.01 - 0.01 * np.eye(5), n_obs=100)
    assert found.n_components == 0
    assert "average r²" in found._repr_html_()
    assert repr(found) == str(found)
