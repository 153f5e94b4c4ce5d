"""Logs for tests of segments: small ones written by hand, and one drawn with known rhythms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.log.transaction_log import TransactionLog

COUNTS = pd.DataFrame(
    {"rule": [], "label_en": [], "label_zh": [], "rows": [], "customers": [], "effect": []}
)


def make_log(frame: pd.DataFrame, connection: Any = None, end: str | None = None) -> TransactionLog:
    """Return a log of ``customer, day, amount``, refunds no purchases."""
    time = pd.to_datetime(frame["day"])
    rows = pd.DataFrame({"customer": frame["customer"].astype(str), "time": time,
                         "amount": frame["amount"].astype(float)})  # fmt: skip
    for extra in set(frame.columns) - {"customer", "day", "amount"}:
        rows[extra] = frame[extra]
    opened = connection or ibis.duckdb.connect()
    opened.con.register("orders", rows)
    table = opened.table("orders")
    table = table.mutate(day=table.time.date(), is_purchase=table.amount >= 0)
    last = pd.Timestamp(end) if end else time.max()
    return TransactionLog(table, COUNTS, time.min().date(), last.date(), "CNY")


def drawn_orders(customers: int = 120, seed: int = 1, days: int = 400) -> pd.DataFrame:
    """Return orders of customers with rhythms of 5 to 60 days, some of whom stop."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(customers):
        rhythm, start = rng.uniform(5, 60), rng.uniform(0, 0.6 * days)
        stop = days if rng.random() < 0.6 else rng.uniform(start, days)
        level = rng.lognormal(4.0, 0.6)
        at = start
        while at <= stop:
            rows.append((f"c{k:04d}", int(at), round(level * rng.lognormal(0.0, 0.3), 2)))
            at += max(1.0, rng.gamma(4.0, rhythm / 4.0))
    frame = pd.DataFrame(rows, columns=["customer", "offset", "amount"])
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["offset"], unit="D")
    return frame.assign(day=day).drop(columns="offset")


@pytest.fixture(scope="session")
def log_of() -> Callable[..., TransactionLog]:
    return make_log


@pytest.fixture(scope="session")
def orders() -> pd.DataFrame:
    return drawn_orders()


@pytest.fixture(scope="session")
def log(orders: pd.DataFrame) -> TransactionLog:
    return make_log(orders, end="2025-02-03")
