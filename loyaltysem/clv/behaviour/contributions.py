"""What each stage of the life cycle brings: contact, growth, maturity, decline by a stated rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.days import (
    checked_days,
    customer_days,
    date_of,
    floats,
    money_columns,
    number_of,
    whole_numbers,
)
from loyaltysem.clv.behaviour.findings import (
    note,
    require_customers,
    require_money,
    without_purchase,
)
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.text import Text

Stage: TypeAlias = Literal["contact", "growth", "maturity", "decline"]
STAGES: tuple[Stage, ...] = ("contact", "growth", "maturity", "decline")
LABELS: dict[str, Text] = {
    "contact": Text("contact", "接触期"),
    "growth": Text("growth", "成长期"),
    "maturity": Text("maturity", "成熟期"),
    "decline": Text("decline", "衰退期"),
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StageContributions(Printed):
    """Money by stage of the life cycle.

    Attributes
    ----------
    frame : DataFrame
        One row a stage, over all periods: ``stage, label_en, label_zh, customer_periods`` (with a
        row of the log), ``amount, amount_share, amount_per_period, margin`` and ``margin_share``
        where the log has it.
    periods : DataFrame
        One row a period and stage: ``period`` (−1 is the last), ``period_start, period_end, stage,
        customers`` (decline: with those who are known and silent), ``silent, amount, margin``.
    window : int
        Days of a period.
    tolerance : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    periods: pd.DataFrame
    window: int
    tolerance: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """The rule."""
        return (
            f"Life-cycle contribution, periods of {self.window} days, "
            f"± {100 * self.tolerance:g} % counts as maturity"
        )


def stage_contributions(
    log: TransactionLog, *, window: int = 90, tolerance: float = 0.2
) -> StageContributions:
    """Divide the money among contact, growth, maturity and decline.

    Parameters
    ----------
    log : TransactionLog
    window : int
        Days of a period; periods are counted back from the end of observation.
    tolerance : float
        Change of a customer's money from one period to the next, as a share, that still counts as
        the same.

    Returns
    -------
    StageContributions

    Raises
    ------
    IncompatibleRequestError
        For a window or tolerance that cannot be.
    DataError
        When nobody has bought.

    Notes
    -----
    The rule, for each customer and period, on net money x now and x₀ in the period before:
    *contact*, the period of the first purchase; *growth*, x > (1 + tolerance) x₀ (so also whoever
    comes back); *decline*, x < (1 − tolerance) x₀, or no purchase; *maturity*, else. The rule is
    this package's: reports that print shares of stages do not say theirs.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("aaab"), "amount": [10.0, 20, 20, 5],
    ...     "time": ["2024-01-05", "2024-02-05", "2024-03-05", "2024-03-31"]})
    >>> found = stage_contributions(transactions(orders).log, window=30)
    >>> found.frame[["stage", "amount"]].values.tolist()
    [['contact', 15.0], ['growth', 20.0], ['maturity', 20.0], ['decline', 0.0]]
    """
    days = checked_days(window, "window")
    if not 0.0 <= tolerance < 1.0:
        raise IncompatibleRequestError(
            f"tolerance={tolerance!r} does not lie between 0 and 1.",
            code="stages.tolerance",
            hint="Give a share, such as tolerance=0.2 for 20 %.",
        )
    found = log.run(stage_cells(log, days, tolerance))
    require_customers(len(found))
    found = floats(whole_numbers(found, "period", "customers", "bought"), *money_columns(log))
    require_money(found["amount"], "Life-cycle contribution")
    periods = _periods(log, found, days)
    size = int(periods.loc[periods["stage"] == "contact", "customers"].sum())
    told = (*without_purchase(log, size), *_findings(log, days))
    return StageContributions(_frame(log, found), periods, days, tolerance, told)


def customer_stages(log: TransactionLog, window: int, tolerance: float) -> Any:
    """Return one row a customer and period with rows: its stage.

    Returns
    -------
    ibis.Table
        ``customer, period`` (whole number, −1 the last), ``stage, bought, amount`` (net) and
        ``margin``.
    """
    import ibis

    days = customer_days(log)
    back = ((number_of(log.end) - days.n) / window).floor().cast("int64")
    days = days.mutate(period=-1 - back)
    sums = {name: days[name].sum() for name in money_columns(log)}
    cells = days.group_by("customer", "period").aggregate(bought=days.bought.any(), **sums)
    person = ibis.window(group_by=cells.customer)
    ordered = ibis.window(group_by=cells.customer, order_by=cells.period)
    follows = cells.period.lag().over(ordered) == cells.period - 1
    before = cells.amount.lag().over(ordered)
    cells = cells.mutate(
        first=cells.period.min(where=cells.bought).over(person),
        before=(follows & (before > 0)).ifelse(before, 0.0).fill_null(0.0),
    )
    cells = cells.filter(cells["first"].notnull())
    stage = ibis.cases(
        (cells.period <= cells["first"], "contact"),
        (~cells.bought | (cells.amount < (1 - tolerance) * cells.before), "decline"),
        (cells.amount > (1 + tolerance) * cells.before, "growth"),
        else_="maturity",
    )
    return cells.select("customer", "period", "bought", *sums, stage=stage)


def stage_cells(log: TransactionLog, window: int, tolerance: float) -> Any:
    """Return money and customers by period and stage."""
    cells = customer_stages(log, window, tolerance)
    return cells.group_by("period", "stage").aggregate(
        customers=cells.customer.nunique(),
        bought=cells.bought.cast("int64").sum(),
        **{name: cells[name].sum() for name in money_columns(log)},
    )


def _frame(log: TransactionLog, found: pd.DataFrame) -> pd.DataFrame:
    money = list(money_columns(log))
    totals = found.groupby("stage")[["customers", *money]].sum().reindex(STAGES, fill_value=0)
    frame = pd.DataFrame(
        {
            "stage": STAGES,
            "label_en": [LABELS[s].en for s in STAGES],
            "label_zh": [LABELS[s].zh for s in STAGES],
            "customer_periods": totals["customers"].to_numpy(np.int64),
        }
    )
    for name in money:
        values = totals[name].to_numpy(np.float64)
        frame[name] = values
        frame[f"{name}_share"] = values / values.sum() if values.sum() else np.nan
        counts = frame["customer_periods"].where(frame["customer_periods"] > 0)
        frame[f"{name}_per_period"] = values / counts
    return frame


def _periods(log: TransactionLog, found: pd.DataFrame, window: int) -> pd.DataFrame:
    """Return every period and stage; customers who are known and silent are in decline."""
    first = int(found["period"].min())
    grid = pd.MultiIndex.from_product([range(first, 0), STAGES], names=["period", "stage"])
    frame = found.set_index(["period", "stage"]).reindex(grid, fill_value=0).reset_index()
    contact = frame["stage"] == "contact"  # a refund before the first purchase wins nobody
    frame["customers"] = frame["customers"].where(~contact, frame["bought"])
    won = frame["bought"].where(contact, 0)
    known = won.groupby(frame["period"]).sum().cumsum()
    seen = frame.groupby("period")["customers"].sum()
    silent = frame["period"].map(known - seen)
    frame["silent"] = silent.where(frame["stage"] == "decline", 0).astype(np.int64)
    frame["customers"] += frame["silent"]
    end = number_of(log.end)
    frame["period_start"], frame["period_end"] = (
        pd.to_datetime([max(date_of(end + window * (p + shift) + 1 - shift), log.start)
                        for p in frame["period"]])
        for shift in (0, 1)
    )  # fmt: skip
    money = money_columns(log)
    return frame[["period", "period_start", "period_end", "stage", "customers", "silent", *money]]


def _findings(log: TransactionLog, window: int) -> tuple[Finding, ...]:
    rest = (number_of(log.end) - number_of(log.start) + 1) % window
    if not rest:
        return ()
    return (
        note(
            "stages.first_period",
            f"The first period has {rest} of {window} days: what follows it looks like growth.",
            f"首个时期只有 {rest} 天（完整为 {window} 天），其后一期易被判为成长。",
        ),
    )
