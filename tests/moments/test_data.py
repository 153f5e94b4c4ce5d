"""Columns of a frame as numbers: few are taken one by one, many in one piece."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyaltysem.core.errors import DataError
from loyaltysem.moments import data
from loyaltysem.moments.data import select

MIXED = pd.DataFrame(
    {
        "whole": [1, 2, 3],
        "real": [0.5, np.nan, 2.5],
        "yes": [True, False, True],
        "nullable": pd.array([1, None, 3], dtype="Int64"),
        "text": ["4", "5", "6"],
        7: [7.0, 8.0, 9.0],
    }
)


@pytest.mark.parametrize("few", [0, 100])
def test_every_kind_of_column(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "FEW", few)
    found = select(MIXED, ["text", "7", "nullable", "yes", "real", "whole"])
    assert found.values[0].tolist() == [[4, 7, 1, 1, 0.5, 1], [6, 9, 3, 1, 2.5, 3]]
    assert found.rows[0].tolist() == [0, 2]
    assert select(MIXED, ["real", "whole"]).values[0].tolist() == [[0.5, 1], [2.5, 3]]


@pytest.mark.parametrize("few", [0, 100])
def test_what_is_no_number_is_named(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "FEW", few)
    with pytest.raises(DataError, match=r"'text' holds 1 value.*row 2"):
        select(MIXED.assign(text=["4", "five", "6"]), ["whole", "text"])
    with pytest.raises(DataError, match="'real' holds an infinite value in row 3"):
        select(MIXED.assign(real=[0.5, 1.0, np.inf]), ["whole", "real"])
