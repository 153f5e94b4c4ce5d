"""The stage of every customer on a day, as an expression carried out where the log lies."""

from __future__ import annotations

from datetime import date
from typing import Any

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.segments.rhythm import common_rhythm, customer_rhythm, shrunken_rhythm
from loyaltysem.clv.segments.stage_rules import AliveRule, FixedRule, RhythmRule, StageRule

COLUMNS = ("customer", "stage", "n_orders", "first_day", "last_day", "total", "elapsed")


def customer_stages(log: TransactionLog, rule: StageRule, end: date) -> Any:
    """Return one row a customer who bought by `end`, with the stage on that day.

    Parameters
    ----------
    log : TransactionLog
    rule : FixedRule, RhythmRule or AliveRule
    end : date

    Returns
    -------
    ibis.Table
        ``customer, stage, n_orders, first_day, last_day, total, elapsed``, by the rhythm rule also
        ``gap, rhythm, ratio``. By the alive rule `stage` tells only who is ``new``; the others are
        null until P(alive) is known.
    """
    if isinstance(rule, RhythmRule):
        return _by_rhythm(log, rule, end)
    table = customer_rhythm(log, end=end)
    staged = _by_days(table, rule) if isinstance(rule, FixedRule) else _new_only(table, rule)
    return staged.select(*COLUMNS)


def _by_days(table: Any, rule: FixedRule) -> Any:
    import ibis

    return table.mutate(
        stage=ibis.cases(
            (table.tenure <= rule.new, "new"),
            (table.elapsed <= rule.active, "active"),
            (table.elapsed <= rule.lost, "dormant"),
            else_="lost",
        )
    )


def _new_only(table: Any, rule: AliveRule) -> Any:
    import ibis

    return table.mutate(stage=ibis.cases((table.tenure <= rule.new, "new")))


def _by_rhythm(log: TransactionLog, rule: RhythmRule, end: date) -> Any:
    import ibis

    own = customer_rhythm(log, end=end, statistic=rule.statistic)
    drawn = shrunken_rhythm(own, _common_days(log, own), rule.prior_gaps)
    # rounded, so that sums added up in another order give no other stage
    table = drawn.mutate(ratio=(drawn.elapsed / drawn.rhythm).round(9))
    return table.mutate(
        stage=ibis.cases(
            ((table.ratio <= rule.active) & (table.n_orders <= rule.new_orders), "new"),
            (table.ratio <= rule.active, "active"),
            (table.ratio <= rule.lost, "dormant"),
            else_="lost",
        )
    ).select(*COLUMNS, "gap", "rhythm", "ratio")


def _common_days(log: TransactionLog, own: Any) -> float:
    """Return the common rhythm; where nobody came twice, the mean time customers are known."""
    common = log.run(common_rhythm(own))["common"].iloc[0]
    if common == common and common is not None:
        return float(common)
    known = log.run(own.aggregate(days=own.tenure.mean()))["days"].iloc[0]
    return max(float(known), 1.0) if known == known and known is not None else 1.0
