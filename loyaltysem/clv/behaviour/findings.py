"""What must be said of results about behaviour, in both languages."""

from __future__ import annotations

import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.text import Text


def note(code: str, en: str, zh: str) -> Finding:
    """Return a finding that explains a number without calling it in question."""
    return Finding(code, Text(en, zh), severity="note")


def without_purchase(log: TransactionLog, with_purchase: int) -> tuple[Finding, ...]:
    """Count the customers of the log who have no purchase and so no place in the table."""
    rows = log.table.filter(log.table.day <= log.end)
    found = log.run(rows.aggregate(customers=rows.customer.nunique()))
    left = int(found["customers"].iloc[0]) - with_purchase
    if left <= 0:
        return ()
    return (
        note(
            "behaviour.no_purchase",
            f"{integer(left)} customers have no purchase by {log.end} and are left out.",
            f"{integer(left)} 名客户截至 {log.end} 没有购买记录，未计入。",
        ),
    )


def require_customers(count: int) -> None:
    """Refuse a log nobody has bought in.

    Raises
    ------
    DataError
        Code ``behaviour.empty``.
    """
    if count == 0:
        raise DataError(
            "The log holds no purchase up to the end of observation.",
            code="behaviour.empty",
            hint="Check end=… and what the rules did: ls.transactions(…).counts.",
        )


def require_money(amounts: pd.Series[float], purpose: str) -> None:
    """Refuse a log of visits where money is needed.

    Raises
    ------
    IncompatibleRequestError
        Code ``behaviour.no_amount``.
    """
    if len(amounts) and amounts.isna().all():
        raise IncompatibleRequestError(
            f"{purpose} needs amounts, and the log has none.",
            code="behaviour.no_amount",
            hint="Open the log with amount=…, the column of money spent.",
        )
