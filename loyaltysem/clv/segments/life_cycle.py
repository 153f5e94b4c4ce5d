"""The life cycle: who is new, active, dormant or lost, and how customers move between stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.clv.segments.stage_rules import STAGES, AliveRule, StageRule, stage_rule
from loyaltysem.clv.segments.stages import customer_stages
from loyaltysem.clv.summary import customer_summary
from loyaltysem.core.display import integer, percent
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

#: Where a customer comes from who had not bought by the earlier day.
NOT_YET = "not_yet"
#: Share of lost customers among those once bought from which one is told.
MOSTLY_LOST = 0.5


class PurchaseModel(Protocol):
    """A fitted model that knows who is still a customer."""

    def p_alive(self, frequency: Array, recency: Array, T: Array) -> Any:
        """Return P(alive) of customers of this history."""

    # A model may also have ``log_unit(asked)``, the unit it wants its times in: see `PurchaseFit`.


Alive: TypeAlias = "pd.Series | np.ndarray | Sequence[float] | PurchaseModel"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LifeCycle(Printed):
    """The stage of every customer.

    Attributes
    ----------
    frame : DataFrame
        One row a customer with a purchase: ``customer stage n_orders first_day last_day total
        elapsed``; `elapsed` in days, `total` net of refunds. By the rhythm rule also ``gap rhythm
        ratio`` (own mean gap, the same drawn to the common one, elapsed over it), by P(alive)
        ``p_alive``.
    counts : DataFrame
        ``stage label_en label_zh customers share total share_total``.
    transitions : DataFrame
        ``from to customers share``, `share` of the customers in the stage `from`; ``not_yet`` holds
        those who came after `since`. Empty without `since`.
    rule : FixedRule, RhythmRule or AliveRule
    at : date
    since : date or None
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    counts: pd.DataFrame
    transitions: pd.DataFrame
    rule: StageRule
    at: date
    since: date | None
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many customers, by which rule, on which day."""
        return f"Life cycle of {integer(len(self.frame))} customers on {self.at}: {self.rule}"

    @property
    def printed(self) -> pd.DataFrame:
        """The counts."""
        return self.counts

    def transition_table(self) -> pd.DataFrame:
        """Return customers by stage at `since` (rows) and now (columns)."""
        rows = [NOT_YET, *STAGES]
        table = self.transitions.pivot_table(
            index="from", columns="to", values="customers", aggfunc="sum", fill_value=0
        )
        return table.reindex(index=rows, columns=list(STAGES), fill_value=0).astype(np.int64)


def life_cycle(
    log: TransactionLog,
    rule: str | StageRule = "rhythm",
    *,
    at: date | None = None,
    since: date | None = None,
    p_alive: Alive | None = None,
    unit: str | None = None,
) -> LifeCycle:
    """Tell the stage of every customer's life cycle.

    Parameters
    ----------
    log : TransactionLog
    rule : {"rhythm", "fixed", "alive"} or rule, default "rhythm"
        A name takes the usual thresholds of `RhythmRule`, `FixedRule` or `AliveRule`.
    at : date, optional
        The day stood at; the last of the log unless given. Later rows are not looked at.
    since : date, optional
        An earlier day, for the table of transitions.
    p_alive : Series, array or fitted purchase model, optional
        For the rule "alive": a series by customer, an array in the order of customers sorted by
        name, or a model with ``p_alive(frequency, recency, T)``.
    unit : {"day", "week", "month", "year"}, optional
        Of a model given as `p_alive`. A model fitted by `tx.bg_nbd(unit=…)` or with
        ``unit=`` knows its own, and the log is read in it; of one fitted to numbers alone it must
        be said unless they were weeks.

    Returns
    -------
    LifeCycle

    Raises
    ------
    IncompatibleRequestError
        An unknown rule, thresholds out of order, P(alive) without the rule that uses it or the
        other way round, days out of order; another unit than the model was fitted in
        (``purchase.unit``).
    DataError
        No purchases by then, or P(alive) that does not fit the customers.

    Notes
    -----
    The rhythm rule asks how late a customer is by the customer's own measure, as regular buyers
    are missed sooner than irregular ones (Platzer & Reutterer, 2016); own rhythms of few gaps are
    drawn to the common one (`shrunken_rhythm`). Thresholds are conventions: change them, and say
    which were used.

    Examples
    --------
    >>> from loyaltysem.clv.log.open_log import open_log
    >>> days = ["2024-01-01", "2024-01-11", "2024-01-21", "2024-01-01", "2024-05-01"]
    >>> orders = pd.DataFrame({"customer": list("aaabb"), "time": days, "amount": 10.0})
    >>> found = life_cycle(open_log(orders), "fixed")
    >>> dict(zip(found.frame["customer"], found.frame["stage"]))
    {'a': 'dormant', 'b': 'active'}
    """
    chosen, stand = stage_rule(rule), at or log.end
    _check_request(chosen, stand, since, p_alive, unit)
    frame = _staged(log, chosen, stand, p_alive, unit)
    earlier = None if since is None else _staged(log, chosen, since, p_alive, unit)
    moves = _transitions(earlier, frame)
    return LifeCycle(
        frame, _counts(frame), moves, chosen, stand, since, tuple(_findings(log, frame, stand))
    )


def _check_request(
    rule: StageRule, at: date, since: date | None, p_alive: Alive | None, unit: str | None
) -> None:
    if isinstance(rule, AliveRule) != (p_alive is not None):
        raise IncompatibleRequestError(
            "P(alive) and the rule 'alive' go together.",
            code="segments.p_alive",
            hint="Use rule='alive' with p_alive=, a series by customer or a fitted model.",
        )
    if unit is not None and not hasattr(p_alive, "p_alive"):
        raise IncompatibleRequestError(
            f"unit={unit!r} is the unit of time of a fitted model, and none was given.",
            code="segments.unit",
            hint="Leave unit= out; stages are told from days.",
        )
    if since is not None and since >= at:
        raise IncompatibleRequestError(
            f"Transitions run from an earlier day to a later one, found {since} and {at}.",
            code="segments.dates",
            hint="Give since= before at=.",
        )
    if since is not None and p_alive is not None and not hasattr(p_alive, "p_alive"):
        raise IncompatibleRequestError(
            "One set of P(alive) belongs to one day; transitions need it on two.",
            code="segments.p_alive",
            hint="Pass the fitted model as p_alive=.",
        )


def _staged(
    log: TransactionLog, rule: StageRule, end: date, p_alive: Alive | None, unit: str | None
) -> pd.DataFrame:
    frame = log.run(customer_stages(log, rule, end)).sort_values("customer", ignore_index=True)
    if frame.empty:
        raise DataError(
            f"Nobody had bought anything by {end}.",
            code="segments.empty",
            hint=f"The log runs from {log.start} to {log.end}.",
        )
    if not isinstance(rule, AliveRule) or p_alive is None:
        return frame
    alive = _probabilities(log, frame["customer"], p_alive, end, unit)
    stages = np.select([alive >= rule.active, alive >= rule.lost], ["active", "dormant"], "lost")
    new = frame["stage"].eq("new").fillna(False).to_numpy(dtype=bool)
    return frame.assign(stage=np.where(new, "new", stages), p_alive=alive)


def _probabilities(
    log: TransactionLog, customers: pd.Series, p_alive: Any, end: date, unit: str | None
) -> Array:
    """Return P(alive) of every customer, in their order."""
    if hasattr(p_alive, "p_alive"):
        own = p_alive.log_unit(unit) if hasattr(p_alive, "log_unit") else unit or "week"
        history = log.run(customer_summary(log, end=end, unit=own)).set_index("customer")
        history = history.loc[customers]
        columns = (history[name].to_numpy(np.float64) for name in ("frequency", "recency", "T"))
        found = np.asarray(p_alive.p_alive(*columns), dtype=np.float64)
    elif isinstance(p_alive, pd.Series):
        given = p_alive.set_axis(p_alive.index.astype(str))
        _refuse_repeated(given.index)
        found = given.reindex(customers.astype(str)).to_numpy(np.float64)
    else:
        found = np.asarray(p_alive, dtype=np.float64)
    _check_probabilities(found, customers)
    return found


def _refuse_repeated(names: pd.Index) -> None:
    repeated = names[names.duplicated()].unique()
    if len(repeated):
        raise DataError(
            f"P(alive) is given more than once for {len(repeated)} customers: "
            f"{', '.join(repeated[:5])}.",
            code="segments.p_alive_repeated",
            hint="Give one value a customer.",
        )


def _check_probabilities(found: Array, customers: pd.Series) -> None:
    if found.shape != (len(customers),):
        raise DataError(
            f"P(alive) has {found.size} values for {len(customers)} customers.",
            code="segments.p_alive_length",
            hint="Give a series by customer, so that the order does not matter.",
        )
    wrong = ~((found >= 0) & (found <= 1))
    if wrong.any():
        shown = ", ".join(str(c) for c in customers[wrong].head(5))
        raise DataError(
            f"P(alive) of {int(wrong.sum())} customers is missing or outside 0 to 1: {shown}.",
            code="segments.p_alive_range",
            hint="Every customer with a purchase needs one.",
        )


def _counts(frame: pd.DataFrame) -> pd.DataFrame:
    grouped = frame.groupby("stage")["total"]
    customers = grouped.size().reindex(list(STAGES), fill_value=0).to_numpy(np.int64)
    total = grouped.sum().reindex(list(STAGES), fill_value=0.0).to_numpy(np.float64)
    money = total.sum()
    return pd.DataFrame(
        {
            "stage": list(STAGES),
            "label_en": [text.en for text in STAGES.values()],
            "label_zh": [text.zh for text in STAGES.values()],
            "customers": customers,
            "share": customers / len(frame),
            "total": total,
            "share_total": total / money if money != 0 else np.full(len(total), np.nan),
        }
    )


def _transitions(earlier: pd.DataFrame | None, later: pd.DataFrame) -> pd.DataFrame:
    if earlier is None:
        return pd.DataFrame({"from": [], "to": [], "customers": [], "share": []})
    before = earlier.set_index("customer")["stage"].reindex(later["customer"]).fillna(NOT_YET)
    pairs = pd.crosstab(before.to_numpy(), later["stage"].to_numpy())
    pairs = pairs.reindex(index=[NOT_YET, *STAGES], columns=list(STAGES), fill_value=0)
    rows = [(a, b, int(pairs.loc[a, b])) for a in pairs.index for b in pairs.columns]
    moves = pd.DataFrame(rows, columns=["from", "to", "customers"])
    start = moves.groupby("from")["customers"].transform("sum")
    return moves.assign(share=moves["customers"] / start.where(start > 0))


def _never_in_doubt(frame: pd.DataFrame) -> list[Finding]:
    """Say that a model takes customers of one order for alive whatever happens."""
    if "p_alive" not in frame:
        return []
    sure = int(((frame["n_orders"] == 1) & (frame["p_alive"] == 1.0)).sum())
    if not sure:
        return []
    text = Text(
        f"{integer(sure)} customers with one day of purchase have P(alive) = 1 however long ago: "
        "by the BG/NBD model nobody leaves before buying again.",
        f"{integer(sure)} 位仅购买过一天的客户 P(存活) 恒为 1："
        "BG/NBD 模型假定客户只在复购之后流失。",
    )
    hint = Text(
        "Take the Pareto/NBD model or the rhythm rule to tell who of them has left.",
        "如需识别其中的流失者，请改用 Pareto/NBD 模型或 rhythm 规则。",
    )
    return [Finding("segments.never_in_doubt", text, hint)]


def _findings(log: TransactionLog, frame: pd.DataFrame, at: date) -> list[Finding]:
    findings = _never_in_doubt(frame)
    everybody = log.table.filter(log.table.day <= at)
    known = int(log.run(everybody.aggregate(n=everybody.customer.nunique()))["n"].iloc[0])
    if known > len(frame):
        text = Text(
            f"{integer(known - len(frame))} customers have rows but no purchase by {at}; they have "
            "no stage.",
            f"{integer(known - len(frame))} 位客户截至 {at} 有记录但无购买，不划分阶段。",
        )
        findings.append(Finding("segments.no_purchase", text, severity="note"))
    lost = float((frame["stage"] == "lost").mean())
    if lost > MOSTLY_LOST:
        text = Text(
            f"{percent(lost)} of all customers who ever bought are lost by this rule.",
            f"按此规则，曾购买客户中有 {percent(lost)} 已流失。",
        )
        hint = Text(
            "Usual for a log that goes far back; compare stages between two days (since=).",
            "历史较长的日志常见此情形；可用 since= 比较两个日期之间的变化。",
        )
        findings.append(Finding("segments.mostly_lost", text, hint, "note"))
    return findings
