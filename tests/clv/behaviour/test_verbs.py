"""What a user types gives what the functions give."""

from __future__ import annotations

import inspect

import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.behaviour import (
    baskets,
    categories,
    churn,
    cohorts,
    complaints,
    contributions,
    intervals,
    profile,
    referrals,
    repeat,
    survival,
    wallet,
)
from loyaltysem.clv.transactions import Transactions

FUNCTIONS = {
    "repeat_purchase": repeat, "cohorts": cohorts, "churn": churn, "survival": survival,
    "intervals": intervals, "categories": categories, "share_of_wallet": wallet,
    "referrals": referrals, "complaints": complaints, "stage_contributions": contributions,
    "baskets": baskets, "behaviour": profile,
}  # fmt: skip
BESIDE = pd.DataFrame({"customer": ["c001"], "elsewhere": [5.0], "referrer": ["c002"],
                       "time": ["2024-01-01"]})  # fmt: skip
GIVEN = {"share_of_wallet", "referrals", "complaints"}


@pytest.fixture(scope="module")
def tx(orders: pd.DataFrame) -> Transactions:
    return ls.transactions(orders, category="category", margin="margin", extra=["order_id"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_method_is_its_function(tx: Transactions, name: str) -> None:
    function, method = getattr(FUNCTIONS[name], name), getattr(tx, name)
    arguments = [BESIDE] if name in GIVEN else []
    pd.testing.assert_frame_equal(method(*arguments).frame, function(tx.log, *arguments).frame)
    theirs = dict(inspect.signature(function).parameters)
    del theirs["log"]
    assert dict(inspect.signature(method).parameters) == theirs


def test_an_order_column_makes_baskets(tx: Transactions) -> None:
    assert tx.baskets(basket="order_id").n_baskets < tx.baskets().n_baskets
