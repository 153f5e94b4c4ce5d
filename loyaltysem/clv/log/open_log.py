"""From any source of orders to a `TransactionLog`."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog


def open_log(
    source: object,
    *,
    customer: str = "customer",
    time: str = "time",
    amount: str = "amount",
    category: str | None = None,
    margin: str | None = None,
    extra: tuple[str, ...] = (),
    start: date | None = None,
    end: date | None = None,
    currency: str | None = None,
) -> TransactionLog:
    """Open a source and clean it."""
    raw = _open(source)
    roles = {
        "customer": raw[customer].cast("string"),
        "time": raw[time].cast("timestamp"),
        "amount": raw[amount].cast("float64"),
    }
    if category is not None:
        roles["category"] = raw[category].cast("string")
    if margin is not None:
        roles["margin"] = raw[margin].cast("float64")
    table = raw.select(**roles, **{name: raw[name] for name in extra})
    table = table.mutate(day=table.time.date(), is_purchase=table.amount >= 0)
    found = table.aggregate(
        rows=table.count(),
        customers=table.customer.nunique(),
        start=table.day.min(),
        end=table.day.max(),
    ).to_pandas()
    first, last = (pd.Timestamp(found[name][0]).date() for name in ("start", "end"))
    counts = pd.DataFrame(
        {
            "rule": ["kept"],
            "label_en": ["Rows kept"],
            "label_zh": ["保留的行"],
            "rows": found["rows"],
            "customers": found["customers"],
            "effect": ["kept"],
        }
    )
    return TransactionLog(table, counts, start or first, end or last, currency)


def _open(source: object) -> Any:
    import ibis

    if isinstance(source, ibis.Table):
        return source
    connection = ibis.duckdb.connect()
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        read = connection.read_csv if path.suffix.lower() == ".csv" else connection.read_parquet
        return read(str(path))
    connection.con.register("orders", source)
    return connection.table("orders")
