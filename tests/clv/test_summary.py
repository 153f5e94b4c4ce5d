"""The day-level summary against the published one, against a loop over days, and its refusals."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.examples import cdnow
from loyaltysem.clv.transactions import Transactions
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from tests.clv.messy import COLUMNS, messy_orders

pytest.importorskip("ibis", reason="needs the extra clv")
WHEEL = importlib.util.find_spec("lifetimes")
needs_wheel = pytest.mark.skipif(WHEEL is None, reason="needs the wheel of lifetimes")


def published(name: str) -> pd.DataFrame:
    assert WHEEL is not None and WHEEL.submodule_search_locations
    return pd.read_csv(Path(WHEEL.submodule_search_locations[0]) / "datasets" / name)


@pytest.fixture(scope="module")
def sample() -> Transactions:
    return ls.transactions(cdnow(sample=True))


@needs_wheel
def test_the_summary_of_cdnow_is_the_published_one(sample: Transactions) -> None:
    ours = sample.summary(end=date(1997, 9, 30)).frame
    theirs = published("cdnow_customers_summary.csv")
    assert ours["customer"].astype(int).tolist() == theirs["ID"].tolist()
    assert ours["frequency"].tolist() == theirs["frequency"].tolist()
    np.testing.assert_array_equal(ours["recency"].round(2), theirs["recency"])
    np.testing.assert_array_equal(ours["T"].round(2), theirs["T"])
    spent = published("cdnow_customers_summary_with_transactions.csv")["zbar"]
    np.testing.assert_allclose(ours["monetary"].fillna(0.0), spent, atol=0.00501)
    assert (ours["frequency"] > 0).sum() == 946


@needs_wheel
def test_the_days_held_out_are_those_published(sample: Transactions) -> None:
    ours = sample.summary(end=date(1997, 9, 30), holdout=True).frame
    orders = cdnow(sample=True)
    later = orders[orders["time"] > "1997-09-30"]
    days = later.groupby("customer")["time"].nunique().reindex(ours["customer"], fill_value=0)
    money = later.groupby("customer")["amount"].sum().reindex(ours["customer"], fill_value=0.0)
    assert ours["holdout_frequency"].tolist() == days.tolist()
    np.testing.assert_allclose(ours["holdout_total"], money, atol=1e-9)
    assert set(ours["holdout_T"]) == {39.0}


def looped(rows: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """The same numbers by a loop over customers."""
    found = {}
    for customer, own in rows.groupby("customer"):
        days = sorted(own.loc[own["is_purchase"], "day"].unique())
        if days:
            first = own.loc[own["day"] == days[0], "amount"].sum()
            total = own["amount"].sum()
            x = len(days) - 1
            found[customer] = (
                x,
                (days[-1] - days[0]) / pd.Timedelta(days=1),
                (last - days[0]) / pd.Timedelta(days=1),
                (total - first) / x if x else np.nan,
                total,
            )
    columns = ["frequency", "recency", "T", "monetary", "total"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns).sort_index()


@pytest.mark.parametrize("unit", ["day", "week", "month", "year"])
def test_refunds_and_all_units_against_a_loop(unit: str) -> None:
    tx = ls.transactions(messy_orders(800), **COLUMNS, end="2024-01-31")
    expected = looped(tx.log.run(tx.table), pd.Timestamp("2024-01-31"))
    ours = tx.summary(unit=unit).frame.set_index("customer").sort_index()
    days = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}[unit]
    expected[["recency", "T"]] /= days
    assert ours.index.tolist() == expected.index.tolist()
    for name in expected.columns:
        np.testing.assert_allclose(ours[name].astype(float), expected[name], rtol=1e-12, atol=1e-9)
    assert (ours["n_orders"] == ours["frequency"] + 1).all()
    assert ours["frequency"].dtype == ours["n_orders"].dtype == "int64"


def test_orders_of_one_day_are_one_occasion() -> None:
    frame = pd.DataFrame(
        {"customer": "a", "amount": [1.0, 2.0, 4.0, 8.0],
         "time": ["2024-01-01 08:00", "2024-01-01 23:59", "2024-01-08 00:00", "2024-01-08 12:00"]}
    )  # fmt: skip
    row = ls.transactions(frame).summary().frame.iloc[0]
    assert (row["frequency"], row["recency"], row["T"], row["monetary"]) == (1, 1.0, 1.0, 12.0)


def test_requests_outside_the_log_are_refused(sample: Transactions) -> None:
    for asked, code in (
        ({"unit": "wek"}, "summary.unit"),
        ({"end": date(1996, 1, 1)}, "summary.end"),
        ({"end": date(1999, 1, 1)}, "summary.end"),
        ({"holdout": True}, "summary.end"),
    ):
        with pytest.raises(IncompatibleRequestError) as caught:
            sample.summary(**asked)  # type: ignore[arg-type]
        assert caught.value.code == code and caught.value.hint


def test_a_log_without_purchases_has_no_summary() -> None:
    frame = pd.DataFrame({"customer": ["a"], "time": ["2024-01-01"], "amount": [-1.0]})
    with pytest.raises(DataError) as caught:
        ls.transactions(frame).summary()
    assert caught.value.code == "summary.empty"


def test_spending_that_refunds_outweigh_is_told_and_all_is_printed(sample: Transactions) -> None:
    frame = pd.DataFrame(
        {"customer": "a", "amount": [5.0, 5.0, -9.0],
         "time": ["2024-01-01", "2024-01-08", "2024-01-09"]}
    )  # fmt: skip
    found = ls.transactions(frame).summary()
    assert found.frame["monetary"].tolist() == [-4.0]
    assert "summary.not_positive" in [f.code for f in found.findings]
    shown = sample.summary(end=date(1997, 9, 30))
    assert str(shown).startswith("2,357 customers, 1997-01-01 to 1997-09-30, in weeks")
    assert "<table>" in shown._repr_html_()
    assert shown.printed.set_index("measure").loc["frequency", "mean"] == pytest.approx(
        1.0424, abs=1e-4
    )
