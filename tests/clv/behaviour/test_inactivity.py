"""Survival, churn, repeat purchase and intervals, day by day and customer by customer in Python."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.behaviour.churn import churn
from loyaltysem.clv.behaviour.intervals import intervals
from loyaltysem.clv.behaviour.kaplan_meier import kaplan_meier, life_table
from loyaltysem.clv.behaviour.repeat import repeat_purchase
from loyaltysem.clv.behaviour.survival import lifetimes, survival
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from tests.clv.behaviour.logs import log_of

GAP = 60


@pytest.fixture(scope="module", name="log")
def log_until_spring(log: TransactionLog) -> TransactionLog:
    """The log before its customers have all gone."""
    return replace(log, end=date(2024, 2, 15))


@pytest.fixture(scope="module", name="days")
def days_until_spring(days: pd.DataFrame) -> pd.DataFrame:
    return days[days["day"] <= "2024-02-15"]


@pytest.fixture(scope="module")
def occasions(days: pd.DataFrame) -> dict[str, list[int]]:
    """Days of purchase of each customer, counted from the epoch."""
    bought = days[days["bought"]]
    number = (bought["day"] - pd.Timestamp("1970-01-01")).dt.days
    return {name: sorted(part) for name, part in number.groupby(bought["customer"])}


def fate(bought: list[int], end: int, gap: int) -> tuple[int, bool, bool]:
    """Walk through the days: duration, lost, and whether a purchase follows."""
    for today in range(bought[0] + gap, end + 1):
        if not any(today - gap < n <= today for n in bought):
            return today - bought[0], True, bought[-1] > today - 1
    return end - bought[0], False, False


@pytest.fixture(scope="module")
def fates(log: TransactionLog, occasions: dict[str, list[int]]) -> pd.DataFrame:
    end = (log.end - date(1970, 1, 1)).days
    rows = [(name, *fate(bought, end, GAP)) for name, bought in occasions.items()]
    return pd.DataFrame(rows, columns=["customer", "duration", "lost", "returned"])


def test_lifetimes_are_those_of_a_walk_through_the_days(
    log: TransactionLog, fates: pd.DataFrame
) -> None:
    found = log.run(lifetimes(log, GAP)).sort_values("customer", ignore_index=True)
    pd.testing.assert_frame_equal(found, fates, check_dtype=False)
    assert fates["returned"].any() and not fates["lost"].all()


def test_the_curve_is_that_of_the_lifetimes(log: TransactionLog, fates: pd.DataFrame) -> None:
    found = survival(log, gap=GAP)
    lost = fates["lost"].to_numpy(float)
    table = life_table(fates["duration"].to_numpy(float), lost, 1 - lost)
    curve = kaplan_meier(table)
    frame = found.frame[found.frame["time"] > 0]
    np.testing.assert_array_equal(frame["time"], table.time)
    np.testing.assert_array_equal(frame["at_risk"], table.at_risk)
    np.testing.assert_allclose(frame["survival"], curve.survival)
    row = found.summary.iloc[0]
    assert row["customers"] == len(fates)
    assert row["churned"] == lost.sum()
    assert row["returned"] == fates["returned"].sum()
    assert np.isnan(found.chisq) and found.findings == ()


def test_dating_back_moves_the_curve(log: TransactionLog) -> None:
    declared, before = (survival(log, gap=GAP, dated=d) for d in ("declared", "last_purchase"))
    times = np.arange(0, 400, 7)
    np.testing.assert_allclose(
        declared.at(times + GAP)["survival"], before.at(times)["survival"], rtol=1e-12
    )
    late = survival(replace(log, end=date(2023, 6, 30)), gap=GAP, dated="last_purchase")
    assert late.findings[0].code == "survival.too_late"


def test_groups_by_period_and_by_column(
    log: TransactionLog, orders: pd.DataFrame, days: pd.DataFrame
) -> None:
    orders = orders[orders["time"] < "2024-02-16"]
    bought = days.loc[days["bought"], "customer"]
    found = survival(log, gap=GAP, by="quarter")
    assert found.groups[0] == "2022-Q4"
    assert found.summary["customers"].sum() == bought.nunique()
    assert found.df == 4  # of six quarters, the last has nobody at risk when somebody is lost
    assert 0 <= found.pvalue <= 1
    channel = orders.assign(channel=np.where(orders["customer"] < "c060", "shop", "web"))
    by_column = survival(log_of(channel), gap=GAP, by="channel")
    assert by_column.groups == ("shop", "web")
    alone = survival(log_of(channel[channel["channel"] == "web"]), gap=GAP)
    assert by_column.summary["churned"].iloc[1] == alone.summary["churned"].iloc[0]
    assert by_column.findings == ()
    mixed = survival(log, gap=GAP, by="category")
    assert [f.code for f in mixed.findings] == ["survival.mixed_groups"]


def test_read_off_at_given_durations(log: TransactionLog) -> None:
    found = survival(log, gap=GAP)
    at = found.at([0, GAP, 1e6, -1])
    assert at["survival"].iloc[0] == 1.0 and at["at_risk"].iloc[0] == 118
    assert at["at_risk"].iloc[2] == 0 and np.isnan(at["survival"].iloc[2])
    assert np.isnan(at["survival"].iloc[3])


def test_a_gap_from_the_data_is_said(log: TransactionLog, occasions: dict[str, list[int]]) -> None:
    gaps = np.concatenate([np.diff(bought) for bought in occasions.values()])
    found = survival(log)
    assert found.gap == int(np.ceil(np.quantile(gaps, 0.9)))
    assert found.findings[0].code == "behaviour.gap"
    assert f"{found.gap} 天" in found.findings[0].text.zh


def test_churn_is_that_of_a_walk_through_the_days(
    log: TransactionLog, occasions: dict[str, list[int]]
) -> None:
    found = churn(log, gap=GAP)
    end = (log.end - date(1970, 1, 1)).days
    for row in found.frame.to_dict("records"):
        first = (row["period_start"] - pd.Timestamp("1970-01-01")).days
        after = (row["period_start"] + pd.offsets.MonthBegin(1) - pd.Timestamp("1970-01-01")).days
        active = {
            day: {k for k, b in occasions.items() if any(day - GAP < n <= day for n in b)}
            for day in range(first - 1, min(after, end + 1))
        }
        pairs = [(active[d - 1], active[d]) for d in range(first, min(after, end + 1))]
        assert row["at_start"] == len(active[first - 1])
        assert row["won"] + row["returned"] == sum(len(now - was) for was, now in pairs)
        assert row["lost"] == sum(len(was - now) for was, now in pairs)
        assert row["at_end"] == len(pairs[-1][1])
    assert found.frame["won"].sum() == len(occasions)


def test_status_on_the_last_day(
    log: TransactionLog, days: pd.DataFrame, occasions: dict[str, list[int]]
) -> None:
    found = churn(log, gap=GAP)
    end = (log.end - date(1970, 1, 1)).days
    gone = {name for name, bought in occasions.items() if end - bought[-1] >= GAP}
    status = found.status.set_index("status")
    assert status.loc["lost", "customers"] == len(gone)
    net = days.loc[days["customer"].isin(gone), ["amount", "margin"]].sum()
    np.testing.assert_allclose(status.loc["lost", ["amount", "margin"]].astype(float), net)
    assert status["share"].sum() == pytest.approx(1.0)
    assert status.loc["active", "customers"] == found.frame["at_end"].iloc[-1]


def test_repeat_purchase_within_windows(
    log: TransactionLog, days: pd.DataFrame, occasions: dict[str, list[int]]
) -> None:
    found = repeat_purchase(log, windows=[90, 30])
    end = (log.end - date(1970, 1, 1)).days
    for row in found.frame.to_dict("records"):
        window = row["window"]
        known = [b for b in occasions.values() if np.isnan(window) or end - b[0] >= window]
        back = [b for b in known if len(b) > 1 and not b[1] - b[0] > window]
        assert (row["customers"], row["repeaters"]) == (len(known), len(back))
    assert found.frame["window"].tolist()[:2] == [30, 90]
    assert found.rate == found.frame["repeaters"].iloc[2] / len(occasions)
    once = {name for name, bought in occasions.items() if len(bought) == 1}
    net = days.loc[days["customer"].isin(once), "amount"].sum()
    assert found.contribution["amount"].iloc[0] == pytest.approx(net)
    assert found.contribution["count"].tolist() == [len(once), len(occasions) - len(once)]
    assert "of 118 customers" in str(found)


def test_intervals_agree_with_pandas(log: TransactionLog, occasions: dict[str, list[int]]) -> None:
    found = intervals(log)
    gaps = {name: np.diff(b).astype(float) for name, b in occasions.items() if len(b) > 1}
    assert found.frame["customer"].tolist() == sorted(gaps)
    for row in found.frame.to_dict("records"):
        values = pd.Series(gaps[row["customer"]])
        expected = [len(values), values.mean(), values.std(), values.std() / values.mean(),
                    values.median(), values.min(), values.max()]  # fmt: skip
        np.testing.assert_allclose(list(row.values())[1:], expected, rtol=1e-12)
    pooled = np.concatenate(list(gaps.values()))
    row = found.summary.iloc[0]
    np.testing.assert_allclose(
        row[["q05", "q25", "median", "q75", "q90", "q95"]].astype(float),
        np.quantile(pooled, [0.05, 0.25, 0.5, 0.75, 0.9, 0.95]),
    )
    assert row["sd"] == pytest.approx(pooled.std(ddof=1))
    third = [g[2] for g in gaps.values() if len(g) > 2]
    assert found.summary.set_index("of").loc["gap 3", "mean"] == pytest.approx(np.mean(third))
    later = np.concatenate([g[5:] for g in gaps.values()])
    assert found.summary.set_index("of").loc["gap 6+", "n"] == later.size
    assert f"{len(occasions) - len(gaps)} customers" in found.findings[0].text.en


def test_bad_requests(log: TransactionLog) -> None:
    single = log_of(pd.DataFrame({"customer": ["a"], "time": ["2024-01-01"], "amount": [1.0]}))
    for bad in (0, 1.5, True, "30"):
        with pytest.raises(IncompatibleRequestError, match=r"behaviour\.days"):
            survival(log, gap=bad)  # type: ignore[arg-type]
    with pytest.raises(IncompatibleRequestError, match=r"survival\.dated"):
        survival(log, gap=9, dated="today")
    with pytest.raises(IncompatibleRequestError, match=r"extra=\['channel'\]"):
        survival(log, gap=9, by="channel")
    with pytest.raises(DataError, match=r"survival\.groups"):
        survival(log, gap=9, by="week")
    with pytest.raises(DataError, match=r"behaviour\.no_gap"):
        survival(single)
    with pytest.raises(DataError, match=r"intervals\.none"):
        intervals(single)
    with pytest.raises(IncompatibleRequestError, match="windows"):
        repeat_purchase(log, windows=[30, -1])
    with pytest.raises(DataError, match=r"behaviour\.empty"):
        churn(replace(log, end=date(2000, 1, 1)), gap=30)


@pytest.mark.parametrize("function", [churn, survival, intervals, repeat_purchase])
def test_results_show_themselves(log: TransactionLog, function: object) -> None:
    found = function(log)  # type: ignore[operator]
    assert found.title in str(found) and "<table>" in found._repr_html_()
