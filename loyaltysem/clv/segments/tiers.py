"""The tier of every member on a day, with what it was earned by and whether it is on grace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from os import PathLike
from typing import TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.clv.segments.tier_file import load_tiers
from loyaltysem.clv.segments.tier_measures import customer_measures, measure_arrays
from loyaltysem.clv.segments.tier_rules import Downgrade, Measure, TierRules
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Indices

RulesLike: TypeAlias = "TierRules | str | PathLike[str]"
#: The money told beside tiers: what a member spent in the last twelve months.
MONEY = Measure("spend", 12, "m")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tiers(Printed):
    """Members in tiers.

    Attributes
    ----------
    frame : DataFrame
        One row a customer with a purchase: ``customer tier earned on_grace spend_12m`` and every
        measure of the rules; `tier` is held, `earned` is what the measures alone would give.
    counts : DataFrame
        ``tier label_en label_zh customers share on_grace spend_12m share_spend``, the lowest first.
    rules : TierRules
    at : date
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    counts: pd.DataFrame
    rules: TierRules
    at: date
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many members of which programme, on which day."""
        return (
            f"{self.rules.title.en} {self.rules.version}: {integer(len(self.frame))} customers on "
            f"{self.at}"
        )

    @property
    def printed(self) -> pd.DataFrame:
        """The counts."""
        return self.counts


def tiers(log: TransactionLog, rules: RulesLike, *, at: date | None = None) -> Tiers:
    """Tell the membership tier of every customer.

    Parameters
    ----------
    log : TransactionLog
    rules : TierRules or path
        From `load_tiers`, or its file.
    at : date, optional
        The day stood at; the last of the log unless given.

    Returns
    -------
    Tiers

    Raises
    ------
    DataError
        A file of rules with faults, or no purchases by then.
    IncompatibleRequestError
        The log lacks a column the rules ask for.

    Notes
    -----
    A customer earns the highest tier whose conditions hold. With a rule of downgrading the tier
    held follows from monthly reviews that end on `at`: it rises at once to what is earned; a
    member who earns less keeps it for `grace_months` reviews in a row and then falls by `steps` at
    each review, never below what is earned. A window shorter than the log's first months counts
    what there is; a finding says so.
    """
    read = rules if isinstance(rules, TierRules) else load_tiers(rules)
    stand = at or log.end
    days = review_days(stand, read.downgrade)
    asked = tuple(dict.fromkeys((*read.measures, MONEY)))
    frame = log.run(customer_measures(log, asked, days)).sort_values("customer", ignore_index=True)
    if frame.empty:
        raise DataError(
            f"Nobody had bought anything by {stand}.",
            code="tiers.empty",
            hint=f"The log runs from {log.start} to {log.end}.",
        )
    values = [measure_arrays(frame, asked, day, k) for k, day in enumerate(days)]
    earned = np.stack([earned_tier(read, found) for found in values])
    held = held_tier(earned, read.downgrade)
    last = values[-1]
    names = np.array(read.names)
    table = pd.DataFrame({"customer": frame["customer"], "tier": names[held],
                          "earned": names[earned[-1]], "on_grace": held > earned[-1]})  # fmt: skip
    table = table.assign(**({MONEY.name: last[MONEY.name]} | last))
    return Tiers(table, _counts(table, read), read, stand, tuple(_findings(log, read, days)))


def review_days(end: date, downgrade: Downgrade) -> list[date]:
    """Return the days of the monthly reviews, the last one being `end`.

    Examples
    --------
    >>> [str(day) for day in review_days(date(2024, 3, 31), Downgrade(reviews=2))]
    ['2024-01-31', '2024-02-29', '2024-03-31']
    """
    back = range(downgrade.reviews, -1, -1)
    return [(pd.Timestamp(end) - pd.DateOffset(months=k)).date() for k in back]


def earned_tier(rules: TierRules, measures: dict[str, np.ndarray]) -> Indices:
    """Return the place of the highest tier whose conditions hold, 0 the lowest.

    Parameters
    ----------
    measures : dict of str to array
        Shape (N,) each; NaN where there is none.
    """
    place = np.zeros(len(measures[MONEY.name]), dtype=np.intp)
    for k, tier in enumerate(rules.tiers):
        holds = np.ones(len(place), dtype=np.bool_)
        for condition in tier.all_of:
            holds &= condition.holds(measures)
        if tier.any_of:
            holds &= np.logical_or.reduce([c.holds(measures) for c in tier.any_of])
        place[holds] = k
    return place


def held_tier(earned: Indices, downgrade: Downgrade) -> Indices:
    """Return the tier held at the last review.

    Parameters
    ----------
    earned : Indices
        Shape (reviews + 1, N), places of tiers, oldest first.

    Examples
    --------
    >>> history = np.array([[2], [0], [0], [0]])
    >>> [int(held_tier(history, Downgrade(grace, 1, 3))[0]) for grace in (0, 1, 2, 3)]
    [0, 0, 1, 2]
    """
    held = earned[0].copy()
    failed = np.zeros(len(held), dtype=np.intp)
    for now in earned[1:]:
        failed = np.where(now >= held, 0, failed + 1)
        lower = np.maximum(now, held - downgrade.steps)
        held = np.where(now >= held, now, np.where(failed > downgrade.grace_months, lower, held))
    return np.asarray(held, dtype=np.intp)


def _counts(table: pd.DataFrame, rules: TierRules) -> pd.DataFrame:
    names = list(rules.names)
    grouped = table.groupby("tier")
    customers = grouped.size().reindex(names, fill_value=0).to_numpy(np.int64)
    money = grouped[MONEY.name].sum().reindex(names, fill_value=0.0).to_numpy(np.float64)
    return pd.DataFrame(
        {
            "tier": names,
            "label_en": [tier.label.en for tier in rules.tiers],
            "label_zh": [tier.label.zh for tier in rules.tiers],
            "customers": customers,
            "share": customers / len(table),
            "on_grace": grouped["on_grace"].sum().reindex(names, fill_value=0).to_numpy(np.int64),
            MONEY.name: money,
            "share_spend": money / money.sum() if money.sum() > 0 else np.nan,
        }
    )


def _findings(log: TransactionLog, rules: TierRules, days: Sequence[date]) -> list[Finding]:
    findings = []
    starts = [start for m in rules.measures if (start := m.start(days[0])) is not None]
    if starts and min(starts) < log.start:
        text = Text(
            f"Windows reach back to {min(starts)}, before the log begins ({log.start}): early "
            "reviews count less than was bought.",
            f"统计窗口追溯至 {min(starts)}，早于日志起始日 {log.start}：早期评级会少计消费。",
        )
        findings.append(Finding("tiers.window", text, severity="note"))
    if rules.currency and log.currency and rules.currency != log.currency:
        text = Text(
            f"The rules are in {rules.currency}, the log in {log.currency}.",
            f"规则的币种为 {rules.currency}，日志的币种为 {log.currency}。",
        )
        hint = Text("Convert one of them.", "请先统一币种。")
        findings.append(Finding("tiers.currency", text, hint, "problem"))
    return findings
