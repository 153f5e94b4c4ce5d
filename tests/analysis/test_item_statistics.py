from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from loyaltysem.analysis.item_statistics import item_statistics


def test_agrees_with_scipys_bias_corrected_shape() -> None:
    x = np.random.default_rng(1).exponential(size=40)
    row = item_statistics(pd.DataFrame({"x": x})).loc[0]
    np.testing.assert_allclose(row["skewness"], stats.skew(x, bias=False))
    np.testing.assert_allclose(row["kurtosis"], stats.kurtosis(x, bias=False))
    np.testing.assert_allclose(row["sd"], x.std(ddof=1))


def test_counts_answers_and_gaps() -> None:
    table = item_statistics(pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": [2.0, 2.0, 2.0]}))
    assert table["item"].tolist() == ["a", "b"]
    assert table["n"].tolist() == [2, 3] and table["missing"].tolist() == [1, 0]
    assert table["mean"].tolist() == [2.0, 2.0]
    assert table["minimum"].tolist() == [1.0, 2.0] and table["maximum"].tolist() == [3.0, 2.0]


def test_what_is_not_defined_is_nan() -> None:
    frame = pd.DataFrame({"empty": [np.nan] * 4, "one": [1.0, *[np.nan] * 3], "same": [2.0] * 4})
    table = item_statistics(frame).set_index("item")
    assert table.loc["empty", ["mean", "sd", "minimum"]].isna().all()
    assert np.isnan(table.loc["one", "sd"]) and table.loc["same", "sd"] == 0
    assert table[["skewness", "kurtosis"]].isna().all().all()
