from __future__ import annotations

import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.summary import customer_summary

pytest.importorskip("ibis", reason="needs the extra clv")


def test_a_frame_becomes_a_log() -> None:
    orders = pd.DataFrame(
        {"customer": ["a", "a", "b"], "time": ["2024-01-02", "2024-01-16", "2024-01-09"],
         "amount": [10.0, 20.0, 5.0]}
    )  # fmt: skip
    tx = ls.transactions(orders)
    frame = tx.log.run(customer_summary(tx.log).order_by("customer"))
    assert frame["frequency"].tolist() == [1, 0]
    assert frame["recency"].tolist() == [2.0, 0.0]
    assert frame["T"].tolist() == [2.0, 1.0]
    assert frame["monetary"].tolist()[0] == 20.0
