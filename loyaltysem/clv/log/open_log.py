"""From any source of orders to a `TransactionLog`."""

from __future__ import annotations

from typing import Any

from loyaltysem.clv.log.cleaning import judged_rows, log_table
from loyaltysem.clv.log.counting import account, comparable, repeated_rows
from loyaltysem.clv.log.engine import EngineOptions, keep
from loyaltysem.clv.log.notices import check, findings
from loyaltysem.clv.log.request import Columns, Days, Money, Rules, check_columns
from loyaltysem.clv.log.sources import Reading, Source, open_source, unreadable
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.log.values import check_currencies, code_of

NO_DUPLICATES = (0, 0)


def open_log(
    source: object,
    columns: Columns | None = None,
    *,
    rules: Rules | None = None,
    days: Days | None = None,
    money: Money | None = None,
    reading: Reading | None = None,
    options: EngineOptions | None = None,
) -> TransactionLog:
    """Open a source of orders, clean it by the rules stated and count what they did.

    Parameters
    ----------
    source
        What `sources.open_source` takes.
    columns : Columns, optional
        Which columns mean what.
    rules : Rules, optional
        What happens to rows that are not plain purchases.
    days : Days, optional
        How times are read, and which days are observed.
    money : Money, optional
        Currency of the amounts.
    reading : Reading, optional
        How a file is read.
    options : EngineOptions, optional
        Memory and threads of the embedded DuckDB.

    Returns
    -------
    TransactionLog

    Raises
    ------
    DataError
        The source cannot be read, lacks columns, or holds what the rules refuse.
    IncompatibleRequestError
        Requests that do not go together.
    """
    import duckdb

    columns, rules = columns or Columns(), rules or Rules()
    days, money = days or Days(), money or Money()
    opened = open_source(source, reading or Reading(), options or EngineOptions())
    check_columns(columns, money, tuple(opened.rows.columns))
    try:
        return _cleaned(opened, columns, rules, days, money)
    except duckdb.Error as error:
        raise unreadable(opened.name, error) from error


def _cleaned(
    opened: Source, columns: Columns, rules: Rules, days: Days, money: Money
) -> TransactionLog:
    raw, zone = opened.rows, opened.zones.get(columns.time)
    currency = _currency(raw, money)
    counted = rules.duplicates != "unchecked"
    repeats = repeated_rows(raw, columns.customer) if counted else NO_DUPLICATES
    if rules.duplicates == "drop":
        raw = _without_repeats(raw)
    judged = judged_rows(raw, columns, rules, days, money, zone=zone)
    found = account(judged, rules, repeats)
    check(found, rules, opened.name)
    table = log_table(judged)
    return TransactionLog(
        keep(table) if opened.read_again else table,
        found.frame(),
        days.start or found.first[0],
        days.end or found.last[0],
        currency,
        tuple(findings(found, days, zone)),
        rules.ids == "merge",
    )


def _currency(raw: Any, money: Money) -> str | None:
    """Return the currency of the results, refusing amounts that cannot be added up."""
    if money.currency is None or money.currency not in raw.columns:
        return money.currency
    codes = raw.select(code=code_of(raw[money.currency])).distinct().to_pandas()["code"]
    found = [str(code) for code in codes.dropna()]
    check_currencies(found, money)
    return money.base or (found[0] if found else None)


def _without_repeats(raw: Any) -> Any:
    names = comparable(raw)
    return (
        raw.select(names).distinct() if len(names) == len(raw.columns) else raw.distinct(on=names)
    )
