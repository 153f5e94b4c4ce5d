"""`ls.transactions`: from a log of orders to everything that is said about its customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from loyaltysem.clv.log.open_log import open_log
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.core.errors import Finding


@dataclass(frozen=True, slots=True, eq=False)
class Transactions:
    """A cleaned log of orders, and what can be asked of it.

    Parameters
    ----------
    log : TransactionLog
        The rows, where they lie.
    """

    log: TransactionLog

    @property
    def counts(self) -> pd.DataFrame:
        """What each rule of cleaning did; see `TransactionLog.counts`."""
        return self.log.counts

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a reader of any result must know."""
        return self.log.findings

    @property
    def table(self) -> Any:
        """The cleaned rows as an Ibis table."""
        return self.log.table

    def _repr_html_(self) -> str:
        html: str = self.log.counts.to_html(index=False)
        return html


def transactions(
    source: object,
    *,
    customer: str = "customer",
    time: str = "time",
    amount: str = "amount",
    category: str | None = None,
    margin: str | None = None,
    extra: Sequence[str] = (),
    start: date | None = None,
    end: date | None = None,
    currency: str | None = None,
) -> Transactions:
    """Open a log of orders.

    Parameters
    ----------
    source : DataFrame, path or Ibis table
        Data frame, CSV, Parquet, or a table of any Ibis backend.
    customer, time, amount : str
        Names of its columns.
    category, margin : str, optional
        Names of further columns that have a meaning.
    extra : sequence of str
        Columns to keep as they are.
    start, end : date, optional
        Days of observation; by default the first and the last of the log.
    currency : str, optional
        Code of the amounts' currency.

    Returns
    -------
    Transactions

    Examples
    --------
    >>> orders = pd.DataFrame(
    ...     {"customer": ["a", "a", "b"], "time": ["2024-01-02", "2024-02-03", "2024-01-09"],
    ...      "amount": [10.0, 20.0, 5.0]}
    ... )
    >>> tx = transactions(orders)
    >>> str(tx.log.end)
    '2024-02-03'
    """
    log = open_log(
        source, customer=customer, time=time, amount=amount, category=category, margin=margin,
        extra=tuple(extra), start=start, end=end, currency=currency,
    )  # fmt: skip
    return Transactions(log)
