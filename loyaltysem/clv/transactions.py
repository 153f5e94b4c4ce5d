"""`ls.transactions`: from a log of orders to everything that is said about its customers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from loyaltysem.clv.behaviour.verbs import BehaviourVerbs
from loyaltysem.clv.learning.verb import Learned, learn
from loyaltysem.clv.log.engine import EngineOptions
from loyaltysem.clv.log.open_log import open_log
from loyaltysem.clv.log.request import NO_RATES, Columns, Days, Money, Rules, as_day
from loyaltysem.clv.log.sources import Reading
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.clv.purchase.verbs import PurchaseVerbs
from loyaltysem.clv.rfm import RFM, rfm
from loyaltysem.clv.segments.verbs import SegmentVerbs
from loyaltysem.clv.summary import CustomerSummary, summarise
from loyaltysem.clv.value.result import CustomerValue
from loyaltysem.clv.value.verb import customer_value
from loyaltysem.core.display import integer
from loyaltysem.core.errors import Finding


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Transactions(Printed, BehaviourVerbs, PurchaseVerbs, SegmentVerbs):
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
    def frame(self) -> pd.DataFrame:
        """The same as `counts`."""
        return self.log.counts

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a reader of any result must know."""
        return self.log.findings

    @property
    def table(self) -> Any:
        """The cleaned rows as an Ibis table."""
        return self.log.table

    @property
    def title(self) -> str:
        """Rows kept and the days they span."""
        log, kept = self.log, self.log.rows("purchase", "zero", "refund")
        money = f", {log.currency}" if log.currency else ""
        return f"{integer(kept)} rows of orders, {log.start} to {log.end}{money}"

    @property
    def printed(self) -> pd.DataFrame:
        """The rules that hold of any row."""
        shown = self.counts[self.counts["rows"] > 0]
        columns = {"label_en": "rule", "effect": "effect", "rows": "rows", "customers": "customers"}
        return shown[list(columns)].rename(columns=columns)

    def summary(
        self, *, end: date | None = None, unit: str = "week", holdout: bool = False
    ) -> CustomerSummary:
        """Return frequency, recency, T and monetary value; see `summary.customer_summary`."""
        return summarise(self.log, end=end, unit=unit, holdout=holdout)

    def rfm(self, **request: Any) -> RFM:
        """Return scores and segments; `rfm.rfm` says what may be asked."""
        return rfm(self.log, **request)

    def clv(self, **request: Any) -> CustomerValue:
        """Return the expected discounted value of every customer; see `value.customer_value`."""
        return customer_value(self.log, **request)

    def learn_clv(self, **request: Any) -> Learned:
        """Learn spending in the coming days and test it out of time; see `learning.verb.learn`."""
        return learn(self.log, "clv", **request)

    def learn_churn(self, **request: Any) -> Learned:
        """Learn who stops buying and test it out of time; see `learning.verb.learn`."""
        return learn(self.log, "churn", **request)


def transactions(
    source: object,
    *,
    customer: str = "customer",
    time: str = "time",
    amount: str | None = "amount",
    category: str | None = None,
    margin: str | None = None,
    extra: Sequence[str] = (),
    start: date | str | None = None,
    end: date | str | None = None,
    refunds: str = "net",
    zero: str = "keep",
    duplicates: str = "keep",
    unusable: str = "drop",
    ids: str = "as_is",
    currency: str | None = None,
    rates: Mapping[str, float] = NO_RATES,
    decimal: str = ".",
    time_format: str | None = None,
    time_zone: str | None = None,
    recorded_in: str | None = None,
    encoding: str | None = None,
    sep: str | None = None,
    table: str | None = None,
    memory: str | None = None,
    threads: int | None = None,
    temp_folder: str | os.PathLike[str] | None = None,
) -> Transactions:
    """Open a log of orders, clean it by stated rules, and count what each rule did.

    Parameters
    ----------
    source : DataFrame, path, DuckDB relation or Ibis table
        A data frame or Arrow table; the path of a text file (.csv, .tsv, .txt), of Parquet (a file,
        or a folder of them) or of a DuckDB database; a DuckDB relation; a table of any Ibis
        backend, such as PySpark or a warehouse, where everything is then computed.
    customer, time : str
        Columns that say whose order it is and when it was made.
    amount : str, optional
        Column of money spent, negative for refunds; None for a log of visits without amounts.
    category : str, optional
        Column of what was bought.
    margin : str, optional
        Column of what was earned on the row, in the same money.
    extra : sequence of str
        Further columns to keep under their names.
    start, end : date or str, optional
        First and last day of observation; rows outside are counted and left out. Without them, the
        first and the last day of the log.
    refunds : {"net", "drop", "error"}
        Negative amounts: taken off what their customer spent and no purchase; left out; refused.
    zero : {"keep", "drop", "error"}
        Amounts of zero: purchases all the same; left out; refused.
    duplicates : {"keep", "drop", "error", "unchecked"}
        Rows equal to another in every column of the source: kept and counted, since two of one
        article in an order look like this; left out but for one; refused; not looked for.
    unusable : {"drop", "error"}
        Rows without a customer, a readable date or a readable amount: left out; refused.
    ids : {"as_is", "merge", "error"}
        Customers that differ only in case or in spaces at either end: different, with a finding;
        the same; refused.
    currency : str, optional
        Code of the currency of all amounts, or the column that holds each row's.
    rates : mapping of str to float
        What one unit of each currency is worth in the one whose rate is 1.
    decimal : {".", ","}
        Decimal mark of amounts that are text; the other one separates thousands.
    time_format : str, optional
        How dates in text are written, as in ``"%d/%m/%Y %H:%M"``. Without it the year must stand
        first: 2024-01-31, 2024/1/31 9:05, 20240131, 2024年1月31日, 2024-01-31T09:05:00+08:00.
    time_zone : str, optional
        Zone in which days are counted, such as ``"Asia/Shanghai"``. Times that carry a zone are
        brought there.
    recorded_in : str, optional
        Zone of times that carry none, such as ``"UTC"``; `time_zone` unless given.
    encoding, sep : str, optional
        Of a text file: UTF-8 unless given, and ``, ; |`` or tab, found from the first line.
    table : str, optional
        Which table of a DuckDB database holds the orders.
    memory : str, optional
        Most memory of the embedded DuckDB, such as ``"1GB"``; what does not fit goes to files.
    threads : int, optional
        Its threads.
    temp_folder : path, optional
        Where its files go.

    Returns
    -------
    Transactions

    Raises
    ------
    DataError
        The source cannot be read, lacks a column, has no usable row, or holds what the rules
        refuse, or several currencies without rates.
    IncompatibleRequestError
        Requests that do not go together.
    MissingExtraError
        Ibis or DuckDB is not installed.

    Notes
    -----
    Every row of the source is either kept or left out by one named rule: in `Transactions.counts`
    the rows of the effects ``kept`` and ``dropped`` add up to those of the source. The rules are
    Ibis expressions, the same in every engine; identifiers are quoted and values bound. Rows come
    into memory only when a result is asked for.

    Examples
    --------
    >>> orders = pd.DataFrame(
    ...     {"customer": ["a", "a", "b", "b", None], "amount": [10.0, 20.0, 5.0, -5.0, 1.0],
    ...      "time": ["2024-01-02", "2024-02-03", "2024-01-09", "2024-01-12", "2024-01-12"]}
    ... )
    >>> tx = transactions(orders, currency="CNY")
    >>> print(tx)
    4 rows of orders, 2024-01-02 to 2024-02-03, CNY
      rule                                        effect  rows  customers
      Rows in the source                          source     5          2
      No customer named                          dropped     1          0
      Purchase                                      kept     3          2
      Refund, taken off what its customer spent     kept     1          1
      Customers who bought on one day only         noted     2          1
      [warning: log.dropped] 1 of 5 rows (20.0%) are left out: No customer named: 1.
    """
    log = open_log(
        source,
        Columns(customer, time, amount, category, margin, tuple(extra)),
        rules=Rules(refunds, zero, duplicates, unusable, ids),
        days=Days(time_format, time_zone, recorded_in, as_day("start", start), as_day("end", end)),
        money=Money(currency, rates, decimal),
        reading=Reading(encoding, sep, table),
        options=EngineOptions(memory, threads, temp_folder),
    )
    return Transactions(log)
