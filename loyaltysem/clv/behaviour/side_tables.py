"""Tables that come beside the log (complaints, referrers, wallets): read, matched, counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from loyaltysem.clv.behaviour.days import customer_days, money_columns
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.log.values import written_as
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError, Finding, did_you_mean
from loyaltysem.core.text import Text


def side_table(
    log: TransactionLog, table: object, columns: Sequence[str], what: str
) -> pd.DataFrame:
    """Return the columns of a small table as a frame, customers named as the log names them.

    Parameters
    ----------
    log : TransactionLog
        Where alike identifiers were merged, they are here.
    table : DataFrame or Ibis table
    columns : sequence of str
        The first names the customer.
    what : str
        What the table holds, for messages.

    Raises
    ------
    DataError
        It is no table, lacks a column, or has customers without a name.
    """
    frame = table if isinstance(table, pd.DataFrame) else _fetched(table, what)
    for name in columns:
        if name not in frame.columns:
            raise DataError(
                f"The table of {what} has no column '{name}'; it has "
                f"{', '.join(map(str, frame.columns))}.",
                code="behaviour.side_column",
                hint=did_you_mean(name, [str(c) for c in frame.columns])
                or "Rename the column, or say which one it is.",
            )
    text = identities(log, frame[columns[0]])
    missing = int(text.isna().sum())
    if missing:
        raise DataError(
            f"{integer(missing)} of {integer(len(frame))} rows of {what} have no customer.",
            code="behaviour.side_customer",
            hint="Drop or complete them first, so that nothing is left out unseen.",
        )
    return frame[list(columns)].assign(**{columns[0]: text}).reset_index(drop=True)


def identities(log: TransactionLog, column: pd.Series[Any]) -> pd.Series[Any]:
    """Return customers as text, written as in the log; None where nobody is named.

    Whole numbers of a column with gaps arrive as 17.0 and are called 17, as in the log.
    """
    if pd.api.types.is_float_dtype(column) and bool((column.dropna() % 1 == 0).all()):
        column = column.astype("Int64")
    text = column.astype("string")
    if log.is_merged:
        text = text.map(lambda name: written_as(name, is_merged=True), na_action="ignore")
    named = (text.str.strip() != "").fillna(False).astype(bool)
    return text.astype(object).where(named, None)


def _fetched(table: object, what: str) -> pd.DataFrame:
    fetch = getattr(table, "to_pandas", None)
    if fetch is None:
        raise DataError(
            f"The {what} are a {type(table).__name__}, no table.",
            code="behaviour.side_table",
            hint="Give a pandas DataFrame or an Ibis table.",
        )
    frame: pd.DataFrame = fetch()
    return frame


def customer_totals(log: TransactionLog) -> Any:
    """Return one row a customer with a purchase: ``customer, amount`` and ``margin`` (net)."""
    days = customer_days(log)
    each = days.group_by("customer").aggregate(
        orders=days.bought.cast("int64").sum(),
        **{name: days[name].sum() for name in money_columns(log)},
    )
    return each.filter(each.orders > 0)


def unmatched(missing: int, total: int, what: Text, code: str) -> tuple[Finding, ...]:
    """Count rows of a side table whose customer is not in the log."""
    if not missing:
        return ()
    return (
        Finding(
            code,
            Text(
                f"{integer(missing)} of {integer(total)} {what.en} name a customer without a "
                "purchase in the log.",
                f"{integer(total)} 条{what.zh}中有 {integer(missing)} 条的客户在日志中没有购买。",
            ),
            Text(
                "Check that ids are written alike (case, leading zeros).",
                "请核对两处客户编号的写法是否一致（大小写、前导零）。",
            ),
        ),
    )
