"""Scores against pandas, the rules of segments, and what few customers or many ties give."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.rfm_segments import EIGHT, ELEVEN, LABELS, rule_table
from loyaltysem.clv.transactions import Transactions
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from tests.clv.messy import COLUMNS, messy_orders

pytest.importorskip("ibis", reason="needs the extra clv")


@pytest.fixture(scope="module")
def tx() -> Transactions:
    return ls.transactions(messy_orders(1500), **COLUMNS, end="2023-12-31", ids="merge")


def ranked(value: pd.Series[float], bins: int) -> list[int]:
    """Scores with ties together, by pandas."""
    below = value.rank(method="min") - 1
    return [int(b * bins // len(value)) + 1 for b in below]


@pytest.mark.parametrize("bins", [2, 3, 4, 5, 10])
def test_equal_customers_score_equal_and_scores_are_shares_of_customers(
    tx: Transactions, bins: int
) -> None:
    frame = tx.rfm(bins=bins).frame
    assert frame["r_score"].tolist() == ranked(-frame["recency"], bins)
    assert frame["f_score"].tolist() == ranked(frame["frequency"], bins)
    assert frame["m_score"].tolist() == ranked(frame["spent"].round(6), bins)
    assert frame["segment"].notna().all()


def test_split_ties_make_groups_of_one_size(tx: Transactions) -> None:
    found = tx.rfm(ties="split")
    sizes = found.levels.groupby("measure")["customers"].agg(["min", "max", "size"])
    assert (sizes["max"] - sizes["min"] <= 1).all() and (sizes["size"] == 5).all()
    frame = found.frame.sort_values(["frequency", "customer"])
    assert frame["f_score"].is_monotonic_increasing


def test_cut_points_belong_to_the_better_score() -> None:
    orders = pd.DataFrame(
        {"customer": ["a", "b", "c"], "time": ["2024-01-31", "2024-01-21", "2024-01-20"],
         "amount": [100.0, 99.99, 500.0]}
    )  # fmt: skip
    tx = ls.transactions(orders)
    found = tx.rfm(bins=3, cuts={"recency": [0, 10], "monetary": [100, 500], "frequency": [2, 3]})
    assert found.frame["r_score"].tolist() == [3, 2, 1]
    assert found.frame["m_score"].tolist() == [2, 1, 3]
    assert found.frame["f_score"].tolist() == [1, 1, 1]
    assert found.frame["rfm"].tolist() == [312, 211, 113]


def test_recency_is_days_and_money_is_total_or_mean(tx: Transactions) -> None:
    summary = tx.summary(unit="day").frame
    found = tx.rfm(monetary="mean").frame
    assert found["recency"].tolist() == (summary["T"] - summary["recency"]).tolist()
    mean = summary["total"] / summary["n_orders"]
    np.testing.assert_allclose(found["monetary"], mean, rtol=1e-6)


def test_every_pair_of_scores_lies_in_one_block_and_every_corner_is_named() -> None:
    cells = Counter(
        (r, v)
        for block in ELEVEN
        for r in range(block.recency[0], block.recency[1] + 1)
        for v in range(block.value[0], block.value[1] + 1)
    )
    assert set(cells) == {(r, v) for r in range(1, 6) for v in range(1, 6)}
    assert set(cells.values()) == {1}
    corners = {(c.recency, c.frequency, c.monetary) for c in EIGHT}
    assert len(corners) == len(EIGHT) == 8
    assert len(LABELS) == 19 and all(label.zh != label.en for label in LABELS.values())


def test_the_segment_is_the_one_of_the_rule(tx: Transactions) -> None:
    frame = tx.rfm().frame
    value = np.ceil((frame["f_score"] + frame["m_score"]) / 2)
    for block in ELEVEN:
        inside = frame["r_score"].between(*block.recency) & value.between(*block.value)
        assert (frame.loc[inside, "segment"] == block.name).all()


def test_the_eight_are_told_apart_by_means_of_scores(tx: Transactions) -> None:
    found = tx.rfm(scheme="eight")
    frame = found.frame
    scores = frame[["r_score", "f_score", "m_score"]]
    high = scores > scores.mean()
    names = {(c.recency, c.frequency, c.monetary): c.name for c in EIGHT}
    assert frame["segment"].tolist() == [names[tuple(row)] for row in high.to_numpy().tolist()]
    assert len(found.rules) == 8 and set(found.rules["recency"]) == {"above mean", "not above mean"}


def test_segments_add_up(tx: Transactions) -> None:
    found = tx.rfm()
    assert found.segments["customers"].sum() == len(found.frame)
    assert found.segments["share"].sum() == pytest.approx(1.0)
    assert found.segments["total"].sum() == pytest.approx(found.frame["spent"].sum())
    assert found.segments["segment"].tolist() == [
        s.name for s in ELEVEN if s.name in set(found.frame["segment"])
    ]
    assert len(found.rules) == len(rule_table("eleven")) == 11
    assert "RFM of" in str(found) and "<table>" in found._repr_html_()
    assert "share of total" in str(found)
    assert "label_en" not in str(found) and "total_share" not in found._repr_html_()


@pytest.mark.parametrize("ties", ["together", "split"])
@pytest.mark.parametrize("customers", [1, 2, 4])
def test_fewer_customers_than_scores(customers: int, ties: str) -> None:
    orders = pd.DataFrame(
        {"customer": [f"c{i}" for i in range(customers)], "time": "2024-01-01", "amount": 1.0}
    )
    found = ls.transactions(orders).rfm(ties=ties)
    assert len(found.frame) == customers
    scores = found.frame["m_score"].tolist()
    assert scores == ([1] * customers if ties == "together" else list(range(1, customers + 1)))
    assert [f.code for f in found.findings] == ["rfm.empty_score"] * 3


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"ties": "any"}, "rfm.request"),
        ({"monetary": "sum"}, "rfm.request"),
        ({"scheme": "twelve"}, "rfm.request"),
        ({"bins": 1}, "rfm.bins"),
        ({"bins": 11}, "rfm.bins"),
        ({"bins": True}, "rfm.bins"),
        ({"cuts": {"recncy": [1, 2, 3, 4]}}, "rfm.cuts"),
        ({"cuts": {"recency": [1, 2, 3]}}, "rfm.cuts"),
        ({"cuts": {"recency": [1, 2, 2, 3]}}, "rfm.cuts"),
        ({"end": pd.Timestamp("1990-01-01").date()}, "summary.end"),
    ],
)
def test_requests_that_make_no_sense(tx: Transactions, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        tx.rfm(**asked)
    assert caught.value.code == code and caught.value.hint


def test_a_log_of_refunds_has_no_scores() -> None:
    frame = pd.DataFrame({"customer": ["a"], "time": ["2024-01-01"], "amount": [-1.0]})
    with pytest.raises(DataError) as caught:
        ls.transactions(frame).rfm()
    assert caught.value.code == "rfm.empty"
