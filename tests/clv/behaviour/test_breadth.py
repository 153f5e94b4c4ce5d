"""Categories, wallets, complaints, referrals and stages, worked out a second time by pandas."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.behaviour.categories import categories
from loyaltysem.clv.behaviour.complaints import complaints
from loyaltysem.clv.behaviour.contributions import STAGES, customer_stages, stage_contributions
from loyaltysem.clv.behaviour.referrals import chain_credit, circles, referrals
from loyaltysem.clv.behaviour.side_tables import identities
from loyaltysem.clv.behaviour.wallet import share_of_wallet
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from tests.clv.behaviour.logs import log_of


def test_breadth_agrees_with_pandas(log: TransactionLog, orders: pd.DataFrame) -> None:
    bought = orders[orders["amount"] > 0].assign(day=orders["time"].dt.normalize())
    cells = bought.groupby(["customer", "category"])["day"].nunique()
    found = categories(log)
    assert found.frame["customer"].tolist() == sorted(bought["customer"].unique())
    for row in found.frame.to_dict("records"):
        counts = cells[row["customer"]]
        share = counts / counts.sum()
        assert row["occasions"] == counts.sum() and row["n_categories"] == len(counts)
        assert row["hhi"] == pytest.approx((share**2).sum())
        entropy = float(-(share * np.log(share)).sum())
        assert row["entropy"] == pytest.approx(entropy, abs=1e-12)
        if len(counts) > 1:
            assert row["evenness"] == pytest.approx(entropy / np.log(len(counts)))
        else:
            assert np.isnan(row["evenness"])
        assert row["top_category"] == counts.idxmax()  # first in order of equals
        assert row["top_share"] == pytest.approx(share.max())
        mine = bought[bought["customer"] == row["customer"]]
        first = mine[mine["time"] == mine["time"].min()]["category"].min()
        assert row["entry_category"] == first
        assert row["entry_share"] == pytest.approx(share[first])
    assert found.cross_buying == (found.frame["n_categories"] > 1).mean()
    assert found.breadth["customers"].sum() == len(found.frame)
    row = found.categories.set_index("category").loc["tea"]
    tea = bought[bought["category"] == "tea"]
    assert row["customers"] == tea["customer"].nunique()
    assert row["amount"] == pytest.approx(tea["amount"].sum())
    assert found.categories["entries"].sum() == len(found.frame)
    only = cells.groupby("customer").filter(lambda c: len(c) == 1)
    assert found.categories["sole_buyers"].sum() == len(only)


def test_rows_without_a_category_are_counted(orders: pd.DataFrame) -> None:
    some = orders[orders["amount"] > 0].head(30).copy()
    some.loc[some.index[:7], "category"] = None
    (finding,) = categories(log_of(some)).findings
    assert finding.text.en.startswith("7 of 30 purchase rows")
    with pytest.raises(IncompatibleRequestError, match="category=…"):
        categories(log_of(orders.drop(columns="category")))


def test_share_of_wallet_from_column_and_table(orders: pd.DataFrame) -> None:
    other = {name: 10.0 * i for i, name in enumerate(sorted(orders["customer"].unique()))}
    log = log_of(orders.assign(elsewhere=orders["customer"].map(other)))
    found = share_of_wallet(log)
    net = orders.groupby("customer")["amount"].sum()
    expected = net / (net + pd.Series(other))
    np.testing.assert_allclose(
        found.frame.set_index("customer")["share_of_wallet"], expected.where(net > 0)
    )
    some = pd.DataFrame({"customer": ["c001", "c002", "who"], "elsewhere": [5.0, 0.0, 1.0]})
    table = share_of_wallet(log, some)
    assert table.frame["share_of_wallet"].iloc[1] == 1.0
    assert table.coverage == 2 / 120
    assert "1 of 3 wallets" in table.findings[0].text.en
    used = net[["c001", "c002"]]
    assert table.total == pytest.approx(used.sum() / (used.sum() + 5))
    assert "Share of wallet" in str(table)


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (pd.DataFrame({"customer": ["c001"] * 2, "elsewhere": [1.0, 2.0]}), "wallet.repeated"),
        (pd.DataFrame({"customer": ["c001"], "elsewhere": [-1.0]}), "wallet.amount"),
        (pd.DataFrame({"customer": ["c001"], "elsewhere": ["much"]}), "wallet.amount"),
        (pd.DataFrame({"customer": ["nobody"], "elsewhere": [1.0]}), "wallet.none"),
        (pd.DataFrame({"customer": ["c001"]}), "behaviour.side_column"),
        (pd.DataFrame({"customer": [None], "elsewhere": [1.0]}), "behaviour.side_customer"),
        ([1, 2], "behaviour.side_table"),
    ],
)
def test_bad_wallets(log: TransactionLog, table: object, code: str) -> None:
    with pytest.raises(DataError) as caught:
        share_of_wallet(log, table)
    assert caught.value.code == code and caught.value.hint


def walked(parent: list[int], value: list[float], decay: float, who: int) -> tuple[int, float]:
    """Count somebody's chain by going down it."""
    reached, money = 0, 0.0
    for j, above in enumerate(parent):
        if above == who:
            below = walked(parent, value, decay, j)
            reached += 1 + below[0]
            money += value[j] + decay * below[1]
    return reached, money


def test_chains_of_referrals_agree_with_a_walk() -> None:
    rng = np.random.default_rng(4)
    parent = [-1, *(int(rng.integers(-1, i)) for i in range(1, 60))]
    value = rng.gamma(2, 10, 60).tolist()
    sent, reached, direct, chain = chain_credit(np.array(parent), np.array(value), 0.4)
    for who in range(60):
        assert (reached[who], pytest.approx(chain[who])) == walked(parent, value, 0.4, who)
        below = [value[j] for j in range(60) if parent[j] == who]
        assert sent[who] == len(below) and direct[who] == pytest.approx(sum(below))


def test_circles_are_found() -> None:
    #  0 → 1 → 2 → 0 is a circle with 3 hanging on it; 4 refers itself; 5 ← 6 is sound
    assert (
        circles(np.array([2, 0, 1, 0, 4, -1, 5])).tolist()
        == [True] * 3 + [False, True] + [False] * 2
    )


def test_referrals_credit_money_and_name_what_is_wrong(
    log: TransactionLog, orders: pd.DataFrame
) -> None:
    sent = pd.DataFrame(
        [("c001", "c000"), ("c002", "c001"), ("c003", "c000"), ("c010", "c011"), ("c011", "c010"),
         ("c012", "c010"), ("c001", "c005"), ("ghost", "c000"), ("c004", "aunt"), ("c006", None)],
        columns=["customer", "referrer"],
    )  # fmt: skip
    margin = orders.groupby("customer")["margin"].sum()
    found = referrals(log, sent, incremental=0.75, acquisition_cost=8.0)
    row = found.frame.set_index("customer")
    assert found.value == "margin" and found.customers == 6
    assert row.loc["c000", "referred"] == 3 and row.loc["c000", "reached"] == 4
    assert row.loc["c000", "direct"] == pytest.approx(margin["c001"] + margin["c003"])
    chain = margin["c001"] + margin["c003"] + 0.5 * margin["c002"]
    assert row.loc["c000", "chain"] == pytest.approx(chain)
    due = 0.75 * (margin["c001"] + margin["c003"]) + 0.25 * 8.0 * 3
    assert row.loc["c000", "word_of_mouth"] == pytest.approx(due)
    assert row.loc["c000", "with_referrals"] == pytest.approx(margin["c000"] + due)
    assert row.loc["c010", "referred"] == 1 and "c011" not in row.index
    assert not row.loc["aunt", "in_log"] and row.loc["aunt", "direct"] == pytest.approx(
        margin["c004"]
    )
    told = {f.code: f for f in found.findings}
    assert set(told) == {"referrals.several", "referrals.unmatched", "referrals.circle"}
    assert "c010 ← c011 ← c010" in told["referrals.circle"].text.en
    assert "2 名客户" in told["referrals.circle"].text.zh


def test_referrals_from_a_column(orders: pd.DataFrame) -> None:
    named = orders["customer"].map({"c001": "c000", "c002": "c001"}).fillna("")
    log = log_of(orders.drop(columns="margin").assign(referrer=named))
    found = referrals(log, decay=0.0)
    assert found.frame["customer"].tolist() and set(found.frame["customer"]) == {"c000", "c001"}
    np.testing.assert_allclose(found.frame["chain"], found.frame["direct"])
    assert found.value == "amount" and found.findings == ()
    for bad, code in (({"decay": 2}, "decay"), ({"incremental": -1}, "incremental")):
        with pytest.raises(IncompatibleRequestError, match=rf"referrals\.{code}"):
            referrals(log, **bad)
    with pytest.raises(IncompatibleRequestError, match=r"referrals\.value"):
        referrals(log, value="clicks")
    with pytest.raises(IncompatibleRequestError, match=r"behaviour\.no_column"):
        referrals(log, value="margin")


def test_complaints_agree_with_a_count(log: TransactionLog, days: pd.DataFrame) -> None:
    rng = np.random.default_rng(5)
    first = days["day"].min()
    events = pd.DataFrame(
        {
            "who": [f"c{i:03d}" for i in rng.integers(0, 125, 60)],
            "at": first + pd.to_timedelta(rng.integers(0, 690, 60), unit="D"),
        }
    )
    found = complaints(log, events, customer="who", time="at", window=45)
    bought = {k: sorted(v) for k, v in days[days["bought"]].groupby("customer")["day"]}
    known = events[events["who"].isin(bought)]
    end = pd.Timestamp(log.end)
    seen = back = 0
    for event in known.itertuples():
        later = [d for d in bought[event.who] if d > event.at]
        if event.at + pd.Timedelta(45, "D") <= end:
            seen += 1
            back += bool(later) and (later[0] - event.at).days <= 45
    row = found.summary.iloc[2]
    assert (row["count"], row["of"]) == (back, seen)
    assert found.repurchase == back / seen
    assert found.summary["count"].iloc[0] == known["who"].nunique()
    assert found.per_customer == len(known) / 120
    times = [b for v in bought.values() for b in zip(v, [*v[1:], None], strict=True)]
    followed = [(a, b) for a, b in times if a + pd.Timedelta(45, "D") <= end]
    again = sum(b is not None and (b - a).days <= 45 for a, b in followed)
    assert found.summary[["count", "of"]].iloc[3].tolist() == [again, len(followed)]
    for person in found.frame.to_dict("records"):
        mine = sorted(known.loc[known["who"] == person["customer"], "at"])
        assert person["complaints"] == len(mine)
        assert person["first_after"] == (mine[0] - bought[person["customer"]][0]).days
        later = [d for d in bought[person["customer"]] if d > mine[-1]]
        assert person["bought_again"] == bool(later)
        if later:
            assert person["next_purchase"] == (later[0] - mine[-1]).days
    assert {f.code for f in found.findings} == {"complaints.unmatched"}


def test_complaints_of_strangers_are_counted(log: TransactionLog) -> None:
    strange = pd.DataFrame({"customer": ["who"], "time": ["2024-01-01"]})
    found = complaints(log, strange)
    assert found.frame.empty and [f.code for f in found.findings] == ["complaints.unmatched"]
    assert found.summary["count"].iloc[0] == 0 and np.isnan(found.repurchase)


def test_bad_complaints(log: TransactionLog) -> None:
    late = pd.DataFrame({"customer": ["c001", "c002"], "time": ["2030-01-01", "2023-12-01"]})
    found = complaints(replace(log, end=date(2024, 1, 31)), late)
    assert {f.code for f in found.findings} == {"complaints.outside"}
    with pytest.raises(DataError, match=r"complaints\.time"):
        complaints(log, late.assign(time="some day"))
    with pytest.raises(DataError, match=r"complaints\.empty"):
        complaints(log, late.iloc[:0])
    with pytest.raises(DataError, match=r"behaviour\.side_column"):
        complaints(log, late, time="when")
    with pytest.raises(IncompatibleRequestError, match="window"):
        complaints(log, late, window=0)


def test_stages_agree_with_pandas(log: TransactionLog, days: pd.DataFrame) -> None:
    end = pd.Timestamp(log.end)
    table = days.assign(period=-1 - (end - days["day"]).dt.days // 60)
    found = log.run(customer_stages(log, 60, 0.25))
    stages = {(r["customer"], r["period"]): r["stage"] for r in found.to_dict("records")}
    cells = table.groupby(["customer", "period"]).agg(
        amount=("amount", "sum"), bought=("bought", "any")
    )
    firsts = table[table["bought"]].groupby("customer")["period"].min()
    for (name, period), row in cells.iterrows():
        before = cells["amount"].get((name, period - 1), 0.0)
        before = max(before, 0.0)
        if period <= firsts[name]:
            expected = "contact"
        elif not row["bought"] or row["amount"] < 0.75 * before:
            expected = "decline"
        elif row["amount"] > 1.25 * before:
            expected = "growth"
        else:
            expected = "maturity"
        assert stages.pop((name, period)) == expected
    assert not stages


def test_contributions_hold_all_money_and_all_customers(
    log: TransactionLog, days: pd.DataFrame
) -> None:
    found = stage_contributions(log, window=60)
    assert found.frame["stage"].tolist() == list(STAGES)
    assert found.frame["amount"].sum() == pytest.approx(days["amount"].sum())
    assert found.frame["amount_share"].sum() == pytest.approx(1.0)
    per = found.periods.groupby("period")["customers"].sum()
    firsts = days[days["bought"]].groupby("customer")["day"].min()
    ends = found.periods.drop_duplicates("period").set_index("period")["period_end"]
    for period, count in per.items():
        assert count == (firsts <= ends[period]).sum()
    last = found.periods.iloc[-1]
    assert last["period_end"].date() == log.end
    assert (last["period_end"] - last["period_start"]).days == 59
    assert found.findings[0].code == "stages.first_period"
    with pytest.raises(IncompatibleRequestError, match=r"stages\.tolerance"):
        stage_contributions(log, tolerance=1.0)


@pytest.mark.parametrize(
    "found",
    [
        categories,
        stage_contributions,
        lambda log: referrals(log, pd.DataFrame({"customer": ["c001"], "referrer": ["c002"]})),
        lambda log: complaints(log, pd.DataFrame({"customer": ["c001"], "time": ["2024-05-01"]})),
    ],
)
def test_results_show_themselves(log: TransactionLog, found: object) -> None:
    result = found(log)  # type: ignore[operator]
    assert result.title in str(result) and "<table>" in result._repr_html_()


def test_customers_beside_the_log_are_named_as_in_it(log: TransactionLog) -> None:
    assert identities(log, pd.Series([17.0, np.nan])).tolist() == ["17", None]
    assert identities(log, pd.Series([" A", " ", 3])).tolist() == [" A", None, "3"]
    merged = replace(log, is_merged=True)  # also where no two identifiers were alike
    assert identities(merged, pd.Series([" A", "b\u3000", None])).tolist() == ["a", "b", None]


def test_a_log_of_visits_has_no_money(orders: pd.DataFrame) -> None:
    log = log_of(orders)
    visits = replace(log, table=log.table.mutate(amount=log.table.amount.nullif(log.table.amount)))
    some = pd.DataFrame({"customer": ["c001"], "referrer": ["c002"], "elsewhere": [1.0]})
    for ask in (
        lambda: referrals(visits, some, value="amount"),
        lambda: share_of_wallet(visits, some),
        lambda: stage_contributions(visits),
    ):
        with pytest.raises(IncompatibleRequestError, match=r"behaviour\.no_amount"):
            ask()
