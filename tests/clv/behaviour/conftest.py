"""A made-up log: refunds, several orders a day, categories, gaps of all lengths."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.log.transaction_log import TransactionLog
from tests.clv.behaviour.logs import log_of

FIRST = pd.Timestamp("2022-12-20")


def made_up_orders(seed: int = 3, customers: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = np.array([f"c{i:03d}" for i in range(customers)])
    count = rng.geometric(0.12, customers)
    owner = np.repeat(names, count)
    begin = np.repeat(rng.integers(0, 400, customers), count)
    day = begin + (rng.exponential(60, owner.size)).astype(int)
    amount = rng.gamma(2.0, 15.0, owner.size).round(2)
    refund = rng.random(owner.size) < 0.05
    orders = pd.DataFrame(
        {
            "customer": owner,
            "time": FIRST + pd.to_timedelta(day, unit="D") + pd.to_timedelta(
                rng.integers(0, 24, owner.size), unit="h"
            ),
            "amount": np.where(refund, -amount / 2, amount).round(2),
            "category": rng.choice(["tea", "cups", "books", "sweets"], owner.size,
                                   p=[0.5, 0.3, 0.15, 0.05]),
            "order_id": rng.integers(0, owner.size // 2, owner.size),
        }
    )  # fmt: skip
    orders["margin"] = (0.3 * orders["amount"]).round(2)
    return orders.sort_values("time", ignore_index=True)


@pytest.fixture(scope="session")
def orders() -> pd.DataFrame:
    return made_up_orders()


@pytest.fixture(scope="session")
def log(orders: pd.DataFrame) -> TransactionLog:
    return log_of(orders)


@pytest.fixture(scope="session")
def days(orders: pd.DataFrame) -> pd.DataFrame:
    """Customer-days worked out by pandas: net money, whether anything was bought."""
    table = orders.assign(day=orders["time"].dt.normalize(), bought=orders["amount"] > 0)
    return table.groupby(["customer", "day"], as_index=False).agg(
        amount=("amount", "sum"), margin=("margin", "sum"), bought=("bought", "any")
    )
