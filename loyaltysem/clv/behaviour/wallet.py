"""Share of wallet: what part of a customer's spending in the category comes here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.days import floats, require_column
from loyaltysem.clv.behaviour.findings import require_money
from loyaltysem.clv.behaviour.side_tables import customer_totals, side_table, unmatched
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer, percent
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ShareOfWallet(Printed):
    """Spending here over spending here and elsewhere.

    Attributes
    ----------
    frame : DataFrame
        One row a customer whose spending elsewhere is known: ``customer, amount`` (net, here),
        ``elsewhere, share_of_wallet`` (NaN where both are 0 or the net amount is negative).
    total : float
        Σ amount / Σ (amount + elsewhere) of those customers.
    mean, median : float
        Of the customers' shares.
    coverage : float
        Share of the log's customers whose spending elsewhere is known.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    total: float
    mean: float
    median: float
    coverage: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """The share of all spending."""
        return f"Share of wallet: {percent(self.total)}, {integer(len(self.frame))} customers"


def share_of_wallet(log: TransactionLog, elsewhere: str | object = "elsewhere") -> ShareOfWallet:
    """Measure each customer's share of wallet.

    Parameters
    ----------
    log : TransactionLog
    elsewhere : str or DataFrame
        What customers spend in the category with others over the time observed, in the currency of
        the log: a column of the log (the same on each row of a customer; the mean is taken), or a
        table with the columns ``customer`` and ``elsewhere``.

    Returns
    -------
    ShareOfWallet

    Raises
    ------
    IncompatibleRequestError
        The log has no such column.
    DataError
        The table lacks a column, names a customer twice, or an amount is negative or no number.

    Notes
    -----
    Spending elsewhere is usually asked in a survey, and covers some customers only: `coverage` says
    how many. The share of all spending weighs customers by what they spend, the mean does not.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aab"), "amount": [10.0, 20, 10],
    ...     "time": ["2024-01-01", "2024-01-11", "2024-01-05"]})
    >>> asked = pd.DataFrame({"customer": ["a"], "elsewhere": [90.0]})
    >>> share_of_wallet(transactions(orders).log, asked).frame["share_of_wallet"].tolist()
    [0.25]
    """
    is_column = isinstance(elsewhere, str)
    known, told = (_from_column if is_column else _from_table)(log, elsewhere)
    here = floats(log.run(customer_totals(log).select("customer", "amount")), "amount")
    require_money(here["amount"], "Share of wallet")
    frame = here.merge(known, on="customer").sort_values("customer", ignore_index=True)
    if frame.empty:
        raise DataError(
            "For no customer of the log is the spending elsewhere known.",
            code="wallet.none",
            hint="Check that customer ids are written alike in both tables.",
        )
    amount, other = (frame[c].to_numpy(np.float64) for c in ("amount", "elsewhere"))
    _check_amounts(other)
    wallet = amount + other
    share = np.where((wallet > 0) & (amount >= 0), amount / np.where(wallet > 0, wallet, 1), np.nan)
    frame["share_of_wallet"] = share
    used = np.isfinite(share)
    sums = float(wallet[used].sum())
    return ShareOfWallet(
        frame,
        float(amount[used].sum()) / sums if sums else float("nan"),
        float(np.mean(share[used])) if used.any() else float("nan"),
        float(np.median(share[used])) if used.any() else float("nan"),
        len(frame) / len(here),
        told,
    )


def _from_column(log: TransactionLog, name: Any) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    require_column(log, name, "Share of wallet")
    found = log.run(wallets(log, name))
    return floats(found, "elsewhere").dropna(), ()


def wallets(log: TransactionLog, name: str) -> Any:
    """Return each customer's spending elsewhere from a column: ``customer, elsewhere``."""
    rows = log.table.filter(log.table.day <= log.end)
    return rows.group_by("customer").aggregate(elsewhere=rows[name].cast("float64").mean())


def _from_table(log: TransactionLog, table: object) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    given = side_table(log, table, ["customer", "elsewhere"], "wallets")
    repeated = given.loc[given["customer"].duplicated(), "customer"]
    if len(repeated):
        raise DataError(
            f"{integer(repeated.nunique())} customers come twice among the wallets, the first is "
            f"'{repeated.iloc[0]}'.",
            code="wallet.repeated",
            hint="Give one row a customer: the sum, if the rows are parts of one wallet.",
        )
    given["elsewhere"] = pd.to_numeric(given["elsewhere"], errors="coerce")
    ids = log.run(customer_totals(log).select("customer"))["customer"]
    lost = int((~given["customer"].isin(ids)).sum())
    return given, unmatched(lost, len(given), Text("wallets", "钱包数据"), "wallet.unmatched")


def _check_amounts(elsewhere: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    bad = int((~(elsewhere >= 0) | ~np.isfinite(elsewhere)).sum())
    if bad:
        raise DataError(
            f"{integer(bad)} amounts spent elsewhere are negative, missing or no numbers.",
            code="wallet.amount",
            hint="Leave customers out whose spending elsewhere is not known.",
        )
