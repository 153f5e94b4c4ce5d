"""The noun every analysis of behaviour starts from: cleaned orders, and what cleaning did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from loyaltysem.clv.log.engine import keep
from loyaltysem.core.errors import Finding


@dataclass(frozen=True, slots=True, eq=False)
class TransactionLog:
    """Orders after cleaning, where they lie; nothing has come into memory but `counts`.

    Parameters
    ----------
    table : ibis.Table
        One row per kept row of the source: ``customer`` (string), ``time`` (timestamp, in the log's
        time zone), ``day`` (date), ``amount`` (float64, refunds negative), ``is_purchase`` (bool),
        and where named ``category`` (string), ``margin`` (float64) and further columns.
    counts : DataFrame
        What each rule did: ``rule, label_en, label_zh, rows, customers, effect``. Rows of the
        source = rows of the effects ``kept`` and ``dropped``; ``noted`` rows are among the kept.
    start, end : date
        First and last day of observation.
    currency : str, optional
        Code of the currency all amounts are in.
    findings : tuple of Finding
        What a reader of any result must know.
    is_merged : bool
        Customers are called as identifiers are once merged: trimmed, in small letters.
    """

    table: Any
    counts: pd.DataFrame
    start: date
    end: date
    currency: str | None = None
    findings: tuple[Finding, ...] = ()
    is_merged: bool = False
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def run(self, expr: Any) -> pd.DataFrame:
        """Carry out an Ibis expression where the log lies and return its rows.

        Parameters
        ----------
        expr : ibis.Table
            Built from `table`.
        """
        frame: pd.DataFrame = expr.to_pandas()
        return frame

    def keep(self, expr: Any) -> Any:
        """Carry out an Ibis expression and return its rows as a table that stays in the engine.

        Parameters
        ----------
        expr : ibis.Table
            Built from `table`; worth keeping when several queries start from it.
        """
        return keep(expr)

    def rows(self, *rules: str) -> int:
        """Return how many rows of the source some rules of `counts` hold of.

        Parameters
        ----------
        *rules : str
            Such as ``"purchase"`` or ``"refund"``.
        """
        return int(self.counts.loc[self.counts["rule"].isin(rules), "rows"].sum())
