"""What each rule does to rows, and that every row is accounted for."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.transactions import Transactions
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from tests.clv.messy import COLUMNS, RATES, messy_orders

pytest.importorskip("ibis", reason="needs the extra clv")

BASE: dict[str, list[Any]] = {
    "customer": ["a", "a", "b", "c"],
    "time": ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"],
    "amount": [10.0, 20.0, 30.0, 40.0],
}


def orders(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({**BASE, **columns})


def rows(tx: Transactions) -> pd.DataFrame:
    return tx.log.run(tx.table.order_by("time", "customer"))


def assert_accounted(tx: Transactions, source: int) -> None:
    by_effect = tx.counts.groupby("effect")["rows"].sum()
    assert by_effect["source"] == source == by_effect["kept"] + by_effect["dropped"]
    assert by_effect["kept"] == len(rows(tx))


def counted(tx: Transactions, rule: str) -> tuple[int, int]:
    row = tx.counts.set_index("rule").loc[rule]
    return int(row["rows"]), int(row["customers"])


@pytest.mark.parametrize("duplicates", ["keep", "drop", "unchecked"])
@pytest.mark.parametrize("ids", ["as_is", "merge"])
@pytest.mark.parametrize("refunds", ["net", "drop"])
def test_every_row_of_a_messy_log_is_kept_or_left_out_by_a_rule(
    duplicates: str, ids: str, refunds: str
) -> None:
    source = messy_orders(600)
    tx = ls.transactions(
        source, **COLUMNS, currency="currency", rates=RATES, start="2022-02-01", end="2023-12-31",
        duplicates=duplicates, ids=ids, refunds=refunds, zero="drop", time_zone="UTC",
    )  # fmt: skip
    assert_accounted(tx, len(source))
    assert set(tx.counts["effect"]) == {"source", "dropped", "kept", "noted"}
    assert counted(tx, "before_start")[0] > 0 and counted(tx, "zero")[0] == 0


@pytest.mark.parametrize(
    ("column", "cell", "rule"),
    [
        ("customer", None, "no_customer"),
        ("customer", " \t", "no_customer"),
        ("customer", "NULL", "no_customer"),
        ("time", None, "no_time"),
        ("time", "   ", "no_time"),
        ("time", "2024-02-30", "unreadable_time"),
        ("time", "01/02/2024", "unreadable_time"),
        ("time", "1706745600", "unreadable_time"),
        ("time", "2024-01-01 25:00:00", "unreadable_time"),
        ("amount", None, "no_amount"),
        ("amount", float("nan"), "no_amount"),
        ("amount", "n/a", "no_amount"),
        ("amount", float("inf"), "unreadable_amount"),
        ("amount", "12,34", "unreadable_amount"),
        ("amount", "¥12", "unreadable_amount"),
        ("amount", "1e999", "unreadable_amount"),
        ("amount", "1e400", "unreadable_amount"),
    ],
)
def test_a_row_that_cannot_be_used_is_counted_and_left_out_or_refused(
    column: str, cell: Any, rule: str
) -> None:
    source = orders(**{column: [*BASE[column][:1], cell, *BASE[column][2:]]})
    tx = ls.transactions(source)
    assert counted(tx, rule) == (1, 0 if rule == "no_customer" else 1)
    assert_accounted(tx, 4)
    assert [f.code for f in tx.findings] == ["log.dropped"]
    with pytest.raises(DataError, match="1") as caught:
        ls.transactions(source, unusable="error")
    assert caught.value.code == "log.refused"


def test_refunds_are_netted_left_out_or_refused() -> None:
    source = orders(amount=[10.0, -4.0, 30.0, -1.0])
    net = ls.transactions(source)
    assert rows(net)["is_purchase"].tolist() == [True, False, True, False]
    assert counted(net, "refund") == (2, 2) and counted(net, "no_purchase") == (1, 1)
    assert net.summary().frame["total"].tolist() == [6.0, 30.0]
    left = ls.transactions(source, refunds="drop")
    assert rows(left)["amount"].tolist() == [10.0, 30.0]
    assert counted(left, "refund_dropped") == (2, 2)
    with pytest.raises(DataError, match=r"Refund.*: 2"):
        ls.transactions(source, refunds="error")


def test_orders_of_zero_are_purchases_left_out_or_refused() -> None:
    source = orders(amount=[10.0, 0.0, 30.0, -0.0])
    assert counted(ls.transactions(source), "zero") == (2, 2)
    assert rows(ls.transactions(source))["is_purchase"].all()
    assert counted(ls.transactions(source, zero="drop"), "zero_dropped") == (2, 2)
    with pytest.raises(DataError, match="zero"):
        ls.transactions(source, zero="error")


def test_repeats_are_counted_left_out_refused_or_not_looked_for() -> None:
    source = pd.concat([orders(), orders().iloc[[0, 0, 2]]], ignore_index=True)
    kept = ls.transactions(source)
    assert counted(kept, "duplicates") == (3, 2) and len(rows(kept)) == 7
    assert [f.code for f in kept.findings] == ["log.duplicates"]
    left = ls.transactions(source, duplicates="drop")
    assert counted(left, "repeated") == (3, 2) and len(rows(left)) == 4
    assert_accounted(left, 7)
    with pytest.raises(DataError) as caught:
        ls.transactions(source, duplicates="error")
    assert "Equal to an earlier row in every column: 3 (duplicates='error')" in str(caught.value)
    assert "kept" not in caught.value.args[0]  # none was
    assert "duplicates='keep' or 'drop' or 'unchecked'" in str(caught.value)
    assert counted(ls.transactions(source, duplicates="unchecked"), "duplicates") == (0, 0)


def test_a_row_that_differs_in_any_column_is_no_repeat() -> None:
    source = pd.concat([orders(), orders()], ignore_index=True).assign(order=range(8))
    assert counted(ls.transactions(source), "duplicates") == (0, 0)


def test_identifiers_that_differ_in_case_or_spaces() -> None:
    source = orders(customer=["a", "A ", "b", "c"])
    found = ls.transactions(source)
    assert counted(found, "ids_alike") == (2, 2)
    assert [f.code for f in found.findings] == ["log.ids_alike"]
    assert set(rows(found)["customer"]) == {"a", "A ", "b", "c"}
    merged = ls.transactions(source, ids="merge")
    assert set(rows(merged)["customer"]) == {"a", "b", "c"}
    assert counted(merged, "ids_merged") == (2, 2) and counted(merged, "source") == (4, 3)
    with pytest.raises(DataError, match="alike"):
        ls.transactions(source, ids="error")


def test_mixed_types_of_identifiers_are_one_kind_of_text() -> None:
    mixed = orders(customer=[17, "17", 17.0, None])
    assert rows(ls.transactions(mixed))["customer"].tolist() == ["17"] * 3
    gaps = orders(customer=[17.0, float("nan"), 18.5, 18.0])
    assert rows(ls.transactions(gaps))["customer"].tolist() == ["17", "18.5", "18"]


def test_days_outside_those_stated_are_left_out_and_counted() -> None:
    tx = ls.transactions(orders(), start="2024-02-01", end=date(2024, 3, 1))
    assert counted(tx, "before_start") == (1, 1) and counted(tx, "after_end") == (1, 1)
    assert (tx.log.start, tx.log.end) == (date(2024, 2, 1), date(2024, 3, 1))
    assert_accounted(tx, 4)
    longer = ls.transactions(orders(), end="2024-12-31")
    assert longer.log.end == date(2024, 12, 31)


def test_days_that_have_not_come_and_days_apart_from_the_rest_are_told() -> None:
    ahead = ls.transactions(orders(time=[*BASE["time"][:3], "2999-04-01"]))
    assert {f.code: f.severity for f in ahead.findings} == {
        "log.future": "problem", "log.isolated_end": "warning",
    }  # fmt: skip
    assert ls.transactions(orders(), end="2999-01-01").findings == ()
    behind = ls.transactions(orders(time=["1970-01-01", *BASE["time"][1:]]))
    assert [f.code for f in behind.findings] == ["log.isolated_start"]


def test_amounts_of_several_currencies_need_rates() -> None:
    source = orders().assign(money=["cny", "USD", " CNY", "usd"])
    with pytest.raises(DataError, match="2 currencies: CNY, USD") as caught:
        ls.transactions(source, currency="money")
    assert caught.value.code == "log.currencies"
    tx = ls.transactions(source, currency="money", rates={"cny": 1, "USD": 7.0})
    assert rows(tx)["amount"].tolist() == [10.0, 140.0, 30.0, 280.0]
    assert tx.log.currency == "CNY"
    with pytest.raises(DataError, match="no rate for USD"):
        ls.transactions(source, currency="money", rates={"CNY": 1})
    with pytest.raises(DataError, match="No rate is 1"):
        ls.transactions(source, currency="money", rates={"CNY": 0.14, "USD": 0.99})


def test_a_currency_is_a_code_a_column_or_missing() -> None:
    assert ls.transactions(orders(), currency="EUR").log.currency == "EUR"
    one = orders().assign(money=["cny", "CNY", None, "cny"])
    tx = ls.transactions(one, currency="money")
    assert tx.log.currency == "CNY" and counted(tx, "no_currency") == (1, 1)
    assert_accounted(tx, 4)


def test_margins_are_converted_and_categories_trimmed() -> None:
    source = orders().assign(m=[1.0, 2.0, None, 4.0], c=[" 茶 ", "", None, "x"], ccy="USD")
    tx = ls.transactions(
        source, margin="m", category="c", currency="ccy", rates={"USD": 7, "CNY": 1}, extra=["m"]
    )
    found = rows(tx)
    assert found["margin"].fillna(-1).tolist() == [7.0, 14.0, -1.0, 28.0]
    assert found["category"].fillna("–").tolist() == ["茶", "–", "–", "x"]
    assert "m" in found.columns


def test_a_log_of_visits_has_no_amounts() -> None:
    tx = ls.transactions(orders().drop(columns="amount"), amount=None)
    assert rows(tx)["amount"].isna().all() and rows(tx)["is_purchase"].all()
    assert tx.summary().frame["frequency"].tolist() == [1, 0, 0]
    with pytest.raises(DataError, match="no amounts"):
        tx.rfm()


def test_amounts_with_a_decimal_comma_are_read_when_it_is_stated() -> None:
    text = orders(amount=["1.234,50", "12,5", "7", "-3,00"])
    assert rows(ls.transactions(text, decimal=","))["amount"].tolist() == [1234.5, 12.5, 7.0, -3.0]
    assert counted(ls.transactions(text), "unreadable_amount") == (3, 2)


def test_nothing_left_says_why_and_what_to_do() -> None:
    with pytest.raises(DataError, match="Date not readable: 4") as caught:
        ls.transactions(orders(time=["01/02/2024"] * 4))
    assert caught.value.code == "log.nothing_left" and "time_format" in caught.value.hint
    with pytest.raises(DataError, match="After the last day stated: 4"):
        ls.transactions(orders(), end="2020-01-01")
    with pytest.raises(DataError, match="has no rows") as caught:
        ls.transactions(orders().head(0))
    assert caught.value.code == "log.empty"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"refunds": "nett"}, "log.rule"),
        ({"duplicates": "remove"}, "log.rule"),
        ({"start": "2024-03-01", "end": "2024-01-01"}, "log.period"),
        ({"end": "soon"}, "log.period"),
        ({"end": 20240101}, "log.period"),
        ({"time_zone": "Mars/Base"}, "log.time_zone"),
        ({"recorded_in": "UTC"}, "log.time_zone"),
        ({"decimal": ";"}, "log.decimal"),
        ({"rates": {"CNY": 1}}, "log.rates"),
        ({"currency": "customer", "rates": {"CNY": -1}}, "log.rates"),
        ({"currency": "customer", "rates": {"CNY": True}}, "log.rates"),
        ({"extra": ["amount"]}, "log.reserved_column"),
        ({"threads": 0}, "log.engine"),
        ({"memory": "much"}, "log.engine"),
        ({"time_format": "%d/%m"}, "log.time_format"),
        ({"time_format": "%A %d %m %Y"}, "log.time_format"),
        ({"time_format": "%d/%d/%m/%Y"}, "log.time_format"),
    ],
)
def test_requests_that_make_no_sense_are_refused(asked: dict[str, Any], code: str) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        ls.transactions(orders(), **asked)
    assert caught.value.code == code and caught.value.hint


def test_missing_columns_are_named_all_at_once() -> None:
    with pytest.raises(DataError, match="'Customer', 'when'") as caught:
        ls.transactions(orders(), customer="Customer", time="when")
    assert "Did you mean 'customer'?" in caught.value.hint


def test_the_log_shows_itself() -> None:
    tx = ls.transactions(orders(), currency="CNY")
    assert str(tx).startswith("4 rows of orders, 2024-01-01 to 2024-04-01, CNY")
    assert "<table>" in tx._repr_html_() and tx.frame is tx.counts


@pytest.mark.parametrize("name", ["written", "amount_given", "time_given", "DAY", "Status"])
def test_extra_columns_called_like_ours_are_refused(name: str) -> None:
    frame = pd.DataFrame({"customer": ["a"], "time": ["2024-01-01"], "amount": [1.0], name: [1]})
    with pytest.raises(IncompatibleRequestError, match=name) as caught:
        ls.transactions(frame, extra=[name])
    assert caught.value.code == "log.reserved_column"


def test_spaces_of_any_kind_name_nobody_and_are_merged() -> None:
    blank = ["\u3000 \u3000", "\t\n", "\u00a0NULL", 9 * "\u3000"]
    who = [*blank, "张三", "\u3000张三\u00a0", "张三\t"]
    frame = pd.DataFrame({"customer": who, "time": "2024-01-01", "amount": 1.0})
    log = ls.transactions(frame, ids="merge").log
    assert log.rows("no_customer") == 4
    assert log.run(log.table)["customer"].tolist() == ["张三"] * 3
    assert ls.transactions(frame).log.rows("ids_alike") == 3
