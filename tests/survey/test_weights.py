from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem.core.errors import DataError
from loyaltysem.survey.questionnaire import Questionnaire
from loyaltysem.survey.responses import read_responses
from loyaltysem.survey.weights import checked_weights, effective_size, weighted_means

from .conftest import HEADER, ROWS, csv_text, write


def test_equal_weights_give_plain_statistics() -> None:
    x = np.random.default_rng(1).standard_normal(50)
    row = weighted_means(pd.DataFrame({"x": x}), np.full(50, 3.0)).frame.loc[0]
    assert row["mean"] == pytest.approx(x.mean())
    assert row["sd"] == pytest.approx(x.std(ddof=1))
    assert row["se"] == pytest.approx(x.std(ddof=1) / np.sqrt(50))
    assert row["effective_n"] == pytest.approx(50)


def test_by_hand() -> None:
    data = pd.DataFrame({"x": [1, 2, 3.0], "gone": [np.nan] * 3, "half": [1, np.nan, 2.0]})
    means = weighted_means(data, np.array([1, 1, 2.0]))
    x, gone, half = (means.frame.loc[k] for k in range(3))
    assert x["mean"] == 2.25 and x["unweighted_mean"] == 2.0
    assert x["se"] == pytest.approx(np.sqrt(1.5 * (1.25**2 + 0.25**2 + 1.5**2)) / 4)
    assert gone["n"] == 0 and np.isnan(gone["mean"])
    assert half["mean"] == pytest.approx(5 / 3) and half["effective_n"] == pytest.approx(9 / 5)
    assert means.effective_n == pytest.approx(16 / 6)
    assert means.design_effect == pytest.approx(3 * 6 / 16)
    assert "effective N 2.7" in str(means) and "<table>" in means._repr_html_()


def test_the_standard_error_is_right_over_samples() -> None:
    rng = np.random.default_rng(2)
    errors, claimed = [], []
    for _ in range(800):
        w = rng.choice([0.5, 1.0, 3.0], 150)
        x = rng.standard_normal(150) * w  # spread that goes with the weight
        row = weighted_means(pd.DataFrame({"x": x}), w).frame.loc[0]
        errors.append(row["mean"])
        claimed.append(row["se"])
    assert np.mean(claimed) == pytest.approx(np.std(errors), rel=0.08)


def test_tiny_weights_keep_their_size() -> None:
    assert effective_size(np.array([1e-200, 1e-200])) == 2.0


@pytest.mark.parametrize(
    ("weights", "code"),
    [([1, np.nan], "weights.invalid"), ([1, -1], "weights.invalid"),
     ([1, np.inf], "weights.invalid"), ([0, 0], "weights.zero")],
)  # fmt: skip
def test_weights_that_cannot_be_used(weights: list[float], code: str) -> None:
    with pytest.raises(DataError) as caught:
        checked_weights(np.array(weights, dtype=float))
    assert caught.value.code == code


def test_rows_of_the_file_are_named(tmp_path: Path, small: Questionnaire) -> None:
    rows = [row + f",{w}" for row, w in zip(ROWS, (1, "x", 2), strict=True)]
    r = read_responses(write(tmp_path / "a.csv", csv_text(*rows, header=HEADER + ",w")), small)
    with pytest.raises(DataError, match="rows 3 are not"):
        r.means("w")
    rows = [row + f",{w}" for row, w in zip(ROWS, (1, 1, 2), strict=True)]
    r = read_responses(write(tmp_path / "b.csv", csv_text(*rows, header=HEADER + ",w")), small)
    means = r.means("w").frame.set_index("variable")
    assert means.loc["t1", "mean"] == pytest.approx((1 + 5 + 8) / 4)
    assert "trust" in r.means("w", of="scores").frame["variable"].tolist()
    with pytest.raises(DataError) as caught:
        r.means("ww")
    assert caught.value.code == "data.missing_column"
