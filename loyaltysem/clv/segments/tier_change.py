"""What another set of rules would do to members: who moves, and how much money they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.clv.segments.tier_rules import TierRules
from loyaltysem.clv.segments.tiers import MONEY, RulesLike, Tiers, tiers
from loyaltysem.core.display import integer, percent
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text

DIRECTIONS = ("up", "same", "down", "renamed")
#: Share of members who lose a tier from which one is told.
MANY = 0.05


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TierChange(Printed):
    """Members under old and under new rules, on the same day.

    Attributes
    ----------
    frame : DataFrame
        ``from to direction customers share spend_12m share_spend``: one row a pair of tiers that
        has members.
    summary : DataFrame
        ``direction customers share spend_12m share_spend``.
    affected : DataFrame
        Members whose tier changes, those who spend most first: ``customer from to direction
        spend_12m``.
    old, new : Tiers
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    summary: pd.DataFrame
    affected: pd.DataFrame
    old: Tiers
    new: Tiers
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many members change their tier."""
        share = percent(len(self.affected) / len(self.old.frame))
        old, new = self.old.rules, self.new.rules
        return (
            f"{old.name} {old.version} → {new.name} {new.version} on {self.old.at}: "
            f"{integer(len(self.affected))} of {integer(len(self.old.frame))} customers change tier"
            f" ({share})"
        )

    def matrix(self) -> pd.DataFrame:
        """Return customers by tier under the old rules (rows) and the new (columns)."""
        table = self.frame.pivot_table(
            index="from", columns="to", values="customers", aggfunc="sum", fill_value=0
        )
        rows, columns = list(self.old.rules.names), list(self.new.rules.names)
        return table.reindex(index=rows, columns=columns, fill_value=0).astype(np.int64)


def tier_change(
    log: TransactionLog, old: RulesLike, new: RulesLike, *, at: date | None = None
) -> TierChange:
    """Tell what a change of the rules of membership does to today's members.

    Parameters
    ----------
    log : TransactionLog
    old, new : TierRules or path
        Rules in force, and rules considered.
    at : date, optional
        The day stood at; the last of the log unless given.

    Returns
    -------
    TierChange

    Raises
    ------
    DataError, IncompatibleRequestError
        As `tiers`, of either set of rules.

    Notes
    -----
    Tiers are compared by name: up or down by the order of the new rules where they have both
    names, else by the order of the old; ``renamed`` where neither has both. Behaviour is taken as
    it was: what members would buy under other rules is not foretold.
    """
    before, after = tiers(log, old, at=at), tiers(log, new, at=at)
    both = pd.DataFrame(
        {
            "customer": before.frame["customer"],
            "from": before.frame["tier"],
            "to": after.frame["tier"],
            MONEY.name: before.frame[MONEY.name],
        }
    )
    pairs = both[["from", "to"]].drop_duplicates()
    directions = {
        (a, b): direction(a, b, before.rules, after.rules) for a, b in pairs.itertuples(index=False)
    }
    both["direction"] = [directions[pair] for pair in zip(both["from"], both["to"], strict=True)]
    changed = both[both["direction"] != "same"]
    affected = changed.sort_values([MONEY.name, "customer"], ascending=[False, True])
    order = ["customer", "from", "to", "direction", MONEY.name]
    summary = _shares(both, ["direction"]).set_index("direction")
    summary = summary.reindex(list(DIRECTIONS), fill_value=0).reset_index()
    return TierChange(
        _shares(both, ["from", "to", "direction"]),
        summary,
        affected[order].reset_index(drop=True),
        before,
        after,
        tuple(dict.fromkeys((*before.findings, *after.findings, *_findings(summary)))),
    )


def direction(old: str, new: str, before: TierRules, after: TierRules) -> str:
    """Return how a member moves: up, down, same, or renamed."""
    if old == new:
        return "same"
    for rules in (after, before):
        if old in rules.names and new in rules.names:
            return "up" if rules.names.index(new) > rules.names.index(old) else "down"
    return "renamed"


def _shares(both: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    grouped = both.groupby(keys, sort=False)
    table = grouped.agg(customers=("customer", "size"), **{MONEY.name: (MONEY.name, "sum")})
    money = both[MONEY.name].sum()
    table["share"] = table["customers"] / len(both)
    table["share_spend"] = table[MONEY.name] / money if money > 0 else np.nan
    columns = ["customers", "share", MONEY.name, "share_spend"]
    return table[columns].sort_index().reset_index()


def _findings(summary: pd.DataFrame) -> list[Finding]:
    down = summary[summary["direction"] == "down"]
    part, held = (float(down[name].iloc[0]) for name in ("share", "share_spend"))
    if part < MANY:
        return []
    share, money = percent(part), percent(held)
    text = Text(
        f"{share} of the customers, who spent {money} of the last twelve months' amount, would "
        "lose a tier.",
        f"{share} 的客户将被降级，其近十二个月消费占总额的 {money}。",
    )
    hint = Text(
        "Consider a grace period, or a test on a random part of them.",
        "可考虑设置保级期，或先在随机抽取的部分会员中试行。",
    )
    return [Finding("tiers.many_lose", text, hint)]
