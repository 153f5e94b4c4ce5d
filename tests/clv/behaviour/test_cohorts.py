"""Cohort tables worked out a second time by pandas."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.behaviour.cohorts import cohorts
from loyaltysem.clv.behaviour.days import PERIODS, period_label, period_of, period_start
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from tests.clv.behaviour.logs import log_of

CODES = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}


def by_pandas(days: pd.DataFrame, by: str) -> pd.DataFrame:
    days = days.assign(period=days["day"].dt.to_period(CODES[by]))
    bought = days[days["bought"]]
    first = bought.groupby("customer")["period"].min().rename("first")
    last = bought.groupby("customer")["period"].max().rename("last")
    table = days.join(first, on="customer").dropna(subset="first")
    table["age"] = [max((p - f).n, 0) for p, f in zip(table["period"], table["first"], strict=True)]
    rows = []
    for cohort, members in first.groupby(first):
        ends = last[members.index]
        for age in range((days["period"].max() - cohort).n + 1):
            here = table[table["customer"].isin(members.index) & (table["age"] == age)]
            buyers = here[here["bought"]]
            rows.append(
                {
                    "cohort_start": cohort.start_time.normalize(),
                    "age": age,
                    "size": len(members),
                    "active": buyers["customer"].nunique(),
                    "remaining": int((ends >= cohort + age).sum()),
                    "orders": len(buyers),
                    "amount": here["amount"].sum(),
                    "margin": here["margin"].sum(),
                }
            )
    return pd.DataFrame(rows)


@pytest.mark.parametrize("by", PERIODS)
def test_cohorts_agree_with_pandas(log: TransactionLog, days: pd.DataFrame, by: str) -> None:
    found = cohorts(log, by=by)
    expected = by_pandas(days, by)
    pd.testing.assert_frame_equal(found.frame[list(expected)], expected, check_dtype=False)
    frame = found.frame
    np.testing.assert_allclose(frame["retention"], frame["active"] / frame["size"])
    np.testing.assert_allclose(frame["churn"], 1 - frame["remaining"] / frame["size"])
    np.testing.assert_allclose(frame["margin_per_customer"], frame["margin"] / frame["size"])
    assert (frame["ci_lower"] <= frame["retention"]).all()
    assert (frame["retention"] <= frame["ci_upper"]).all()


def test_all_money_has_a_cohort(log: TransactionLog, days: pd.DataFrame) -> None:
    buyers = days.groupby("customer")["bought"].transform("any")
    assert cohorts(log).frame["amount"].sum() == pytest.approx(days.loc[buyers, "amount"].sum())


def test_periods_cut_by_the_ends_of_observation_are_marked(log: TransactionLog) -> None:
    found = cohorts(replace(log, end=date(2024, 11, 20)))
    assert not found.frame["complete"].iloc[0]  # the log begins in the last days of a month
    last = found.frame.groupby("cohort").tail(1)
    assert not last["complete"].any()
    assert "cohorts.last_period" in {f.code for f in found.findings}
    whole = cohorts(replace(log, start=date(2022, 12, 1), end=date(2023, 12, 31)))
    assert whole.frame["complete"].all()
    assert "cohorts.last_period" not in {f.code for f in whole.findings}


def test_what_comes_after_the_end_is_not_seen(log: TransactionLog, days: pd.DataFrame) -> None:
    found = cohorts(replace(log, end=date(2023, 6, 30)))
    expected = by_pandas(days[days["day"] <= "2023-06-30"], "month")
    pd.testing.assert_frame_equal(found.frame[list(expected)], expected, check_dtype=False)


def test_ages_are_pooled_over_cohorts(log: TransactionLog) -> None:
    found = cohorts(log)
    pooled = found.by_age()
    whole = found.frame[found.frame["complete"] & (found.frame["age"] == 2)]
    row = pooled[pooled["age"] == 2].iloc[0]
    assert row["retention"] == whole["active"].sum() / whole["size"].sum()
    assert row["cohorts"] == len(whole)


def test_matrices_are_triangles(log: TransactionLog) -> None:
    found = cohorts(log, by="quarter")
    wide = found.matrix("churn")
    assert wide.notna().sum(axis=1).is_monotonic_decreasing
    assert (wide[0] == 0).all()
    with pytest.raises(IncompatibleRequestError, match="amount_per_customer"):
        found.matrix("profit")


def test_a_first_cohort_of_old_customers_is_named() -> None:
    days = ["2024-01-02"] * 20 + ["2024-02-03"] * 3 + ["2024-03-03"] * 4
    orders = pd.DataFrame({"customer": range(27), "time": days, "amount": 1.0})
    (finding,) = (f for f in cohorts(log_of(orders)).findings if f.code == "cohorts.first_cohort")
    assert "20 customers" in finding.text.en and "20 名" in finding.text.zh


def test_customers_who_only_sent_back_are_counted() -> None:
    orders = pd.DataFrame(
        {"customer": ["a", "b"], "time": ["2024-01-02", "2024-01-03"], "amount": [5.0, -5.0]}
    )
    found = cohorts(log_of(orders))
    assert found.frame["size"].tolist() == [1]
    assert "1 customers have no purchase" in str(found.findings[0])


def test_bad_requests(log: TransactionLog) -> None:
    with pytest.raises(IncompatibleRequestError, match=r"behaviour\.period"):
        cohorts(log, by="day")
    with pytest.raises(IncompatibleRequestError, match=r"request\.level"):
        cohorts(log, level=95)
    with pytest.raises(DataError, match=r"behaviour\.empty"):
        cohorts(replace(log, end=date(2000, 1, 1)))
    far = pd.DataFrame({"customer": range(1600), "amount": 1.0,
                        "time": pd.date_range("1980-01-01", periods=1600, freq="W")})  # fmt: skip
    with pytest.raises(DataError, match=r"cohorts\.too_many"):
        cohorts(log_of(far), by="week")


def test_a_table_is_shown(log: TransactionLog) -> None:
    found = cohorts(log, by="quarter")
    assert str(found).startswith("Cohorts by quarter: 120 customers in 6 cohorts")
    assert "2023-Q1" in found._repr_html_()


@pytest.mark.parametrize("by", PERIODS)
def test_periods_begin_where_they_are_said_to(by: str) -> None:
    for day in pd.date_range("2023-12-20", "2025-01-10"):
        number = period_of(day.date(), by)
        assert period_start(number, by) == day.to_period(CODES[by]).start_time.date()
        assert period_label(number, by)[:4] in {"2023", "2024", "2025"}
