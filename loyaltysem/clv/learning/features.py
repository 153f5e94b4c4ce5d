"""Features of each customer up to a day, and what happened after it; never both from one row."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.summary import customer_summary

#: Days of the windows whose purchases and amounts are features.
WINDOWS = (30, 91, 182, 365)


def features(log: TransactionLog, cut: date) -> pd.DataFrame:
    """Return features of every customer with a purchase up to and including `cut`.

    Parameters
    ----------
    log : TransactionLog
    cut : date

    Returns
    -------
    DataFrame
        Indexed by customer, in its order: ``frequency recency T monetary n_orders total``, days
        ``since_last`` and ``mean_gap``, ``spend_30`` and ``days_30`` (91, 182, 365) in the days
        before the cut, ``refunded``, and ``categories`` where the log has them. Times in days. NaN
        where a customer has no value, such as a gap after one purchase.

    Notes
    -----
    Only rows of days up to the cut enter: this is the one place where features are made.
    """
    rows = log.table.filter(log.table.day <= cut)
    extra: dict[str, Any] = {"refunded": (-rows.amount).sum(where=rows.amount < 0)}
    for days in WINDOWS:
        recent = rows.day > cut - timedelta(days=days)
        extra[f"spend_{days}"] = rows.amount.sum(where=recent)
        extra[f"days_{days}"] = rows.day.nunique(where=recent & rows.is_purchase)
    if "category" in rows.columns:
        extra["categories"] = rows.category.nunique()
    more = log.run(rows.group_by("customer").aggregate(**extra)).set_index("customer")
    frame = log.run(customer_summary(log, end=cut, unit="day")).set_index("customer")
    frame = frame.drop(columns=["first_day", "last_day"]).astype(np.float64)
    frame["since_last"] = frame["T"] - frame["recency"]
    frame["mean_gap"] = frame["recency"] / frame["frequency"].where(frame["frequency"] > 0)
    joined = frame.join(more.astype(np.float64))
    filled = [c for c in map(str, joined) if c.startswith(("spend_", "days_", "refunded"))]
    return joined.fillna(dict.fromkeys(filled, 0.0)).sort_index()


def outcomes(log: TransactionLog, customers: pd.Index, cut: date, days: int) -> pd.DataFrame:
    """Return what these customers did in the days after the cut.

    Returns
    -------
    DataFrame
        Indexed as `customers`: ``spend`` (net, at least 0) and ``bought`` (bool).
    """
    rows = log.table.filter((log.table.day > cut) & (log.table.day <= cut + timedelta(days=days)))
    found = log.run(
        rows.group_by("customer").aggregate(spend=rows.amount.sum(), bought=rows.is_purchase.any())
    ).set_index("customer")
    spend = found["spend"].reindex(customers).fillna(0.0).clip(lower=0.0)
    bought = found["bought"].reindex(customers, fill_value=False).astype(bool)
    return pd.DataFrame({"spend": spend.astype(np.float64), "bought": bought})
