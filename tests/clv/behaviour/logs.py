"""Logs for these tests: what cleaning would have left of a frame, without the cleaning."""

from __future__ import annotations

import ibis
import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog


def cleaned(orders: pd.DataFrame) -> pd.DataFrame:
    time = pd.to_datetime(orders["time"])
    return orders.assign(
        customer=orders["customer"].astype(str),
        time=time,
        day=time.dt.date,
        amount=orders["amount"].astype(float),
        is_purchase=orders["amount"] > 0,
    )


def log_of(orders: pd.DataFrame) -> TransactionLog:
    frame = cleaned(orders)
    table = ibis.duckdb.connect().create_table("orders", ibis.memtable(frame))
    return TransactionLog(table, pd.DataFrame(), frame["day"].min(), frame["day"].max())
