"""Word of mouth in money: what referred customers are worth, credited to those who sent them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.behaviour.days import floats, require_column
from loyaltysem.clv.behaviour.findings import require_money
from loyaltysem.clv.behaviour.side_tables import (
    customer_totals,
    identities,
    side_table,
    unmatched,
)
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Indices, Mask


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Referrals(Printed):
    """Referred customers' money, credited to their referrers.

    Attributes
    ----------
    frame : DataFrame
        One row a customer who referred somebody: ``customer, in_log, own`` (own net money),
        ``referred`` (customers sent directly), ``reached`` (with those whom they sent in turn),
        ``direct`` (money of the former), ``chain`` (money of all, each step counted `decay` times
        the one before), ``word_of_mouth`` (what is due to the direct referrals; see Notes of
        `referrals`), ``with_referrals`` (own + word_of_mouth). Largest ``chain`` first.
    customers : int
        Customers who were referred.
    value : {"amount", "margin"}
    decay, incremental, acquisition_cost : float
    findings : tuple of Finding
        Circles of referrals among them: their links are cut.
    """

    frame: pd.DataFrame
    customers: int
    value: str
    decay: float
    incremental: float
    acquisition_cost: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many sent how many."""
        return f"{integer(len(self.frame))} customers referred {integer(self.customers)} others"


def referrals(
    log: TransactionLog,
    referrer: str | object = "referrer",
    *,
    value: str | None = None,
    decay: float = 0.5,
    incremental: float = 1.0,
    acquisition_cost: float = 0.0,
) -> Referrals:
    """Credit referred customers' money to those who referred them.

    Parameters
    ----------
    log : TransactionLog
    referrer : str or DataFrame
        A column of the log that names who sent the customer, or a table with the columns
        ``customer`` and ``referrer``.
    value : {"amount", "margin"}, optional
        The money credited; margin where the log has it.
    decay : float
        What a further step of the chain counts, from 0 (direct referrals only) to 1.
    incremental : float
        Share of referred customers who would not have come otherwise.
    acquisition_cost : float
        What winning a customer costs otherwise, in the currency of the log.

    Returns
    -------
    Referrals

    Raises
    ------
    IncompatibleRequestError
        For a column, value or number that cannot be.
    DataError
        The table lacks a column or has rows without a customer.

    Notes
    -----
    chain(i) = Σ_{j sent by i} [v_j + decay · chain(j)], so somebody k steps away counts
    decay^(k−1). ``word_of_mouth`` = Σ_j [incremental · v_j + (1 − incremental) · acquisition_cost]:
    customers who would have come anyway bring only the cost saved (after Kumar, Petersen & Leone,
    2010). A customer has one referrer: of several, the first in alphabetical order. Circles (a sent
    b, b sent a; or a itself) credit nobody inside them and are reported.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": list("abc"), "amount": [10.0, 20, 40],
    ...     "time": ["2024-01-01", "2024-01-11", "2024-01-15"]})
    >>> sent = pd.DataFrame({"customer": ["b", "c"], "referrer": ["a", "b"]})
    >>> found = referrals(transactions(orders).log, sent)
    >>> found.frame[["customer", "direct", "chain"]].values.tolist()
    [['a', 20.0, 40.0], ['b', 40.0, 40.0]]
    """
    money = _checked_value(log, value)
    _check_share(decay, "decay")
    _check_share(incremental, "incremental")
    links, told = _links(log, referrer)
    totals = log.run(customer_totals(log).select("customer", money))
    totals = floats(totals, money)
    require_money(totals[money], "Referral value")
    names, own, parent, told_links = _numbered(links, totals, money)
    in_circle = circles(parent)
    told = (*told, *told_links, *_circle_findings(names, parent, in_circle))
    frame = _credited(names, own, np.where(in_circle, -1, parent), decay)
    sent = frame["referred"].to_numpy(np.float64)
    due = incremental * frame["direct"] + (1 - incremental) * acquisition_cost * sent
    frame = frame.assign(word_of_mouth=due, with_referrals=frame["own"].fillna(0.0) + due)
    frame = frame.sort_values(["chain", "customer"], ascending=[False, True], ignore_index=True)
    return Referrals(
        frame, int(sent.sum()), money, decay, incremental, acquisition_cost, told
    )  # fmt: skip


def circles(parent: Indices) -> Mask:
    """Return who stands in a circle of referrals.

    Parameters
    ----------
    parent : Indices, shape (N,)
        Number of each one's referrer, −1 for none.

    Examples
    --------
    >>> circles(np.array([1, 0, 0, -1])).tolist()
    [True, True, False, False]
    """
    left = np.ones(parent.size, dtype=np.bool_)
    while True:  # whoever sent nobody that is left cannot be in a circle; nor can those without one
        used = parent[left & (parent >= 0)]
        senders = np.zeros(parent.size, dtype=np.bool_)
        senders[used] = True
        stay = left & senders & (parent >= 0)
        if (stay == left).all():
            return stay
        left = stay


def steps_from_root(parent: Indices) -> Indices:
    """Return how many links lead from each one up to somebody without a referrer.

    Examples
    --------
    >>> steps_from_root(np.array([-1, 0, 1])).tolist()
    [0, 1, 2]
    """
    steps = np.zeros(parent.size, dtype=np.intp)
    above = parent.copy()
    while (moving := above >= 0).any():
        steps[moving] += 1
        above[moving] = parent[above[moving]]
    return steps


def chain_credit(parent: Indices, value: Array, decay: float) -> tuple[Array, Array, Array, Array]:
    """Return for each one: customers sent, reached, their direct money, their chain's money.

    Parameters
    ----------
    parent : Indices, shape (N,)
        Without circles.
    value : Array, shape (N,)
    decay : float

    Examples
    --------
    >>> parent, value = np.array([-1, 0, 1]), np.array([0.0, 1.0, 4.0])
    >>> [x.tolist() for x in chain_credit(parent, value, 0.5)]
    [[1.0, 1.0, 0.0], [2.0, 1.0, 0.0], [1.0, 4.0, 0.0], [3.0, 4.0, 0.0]]
    """
    has = parent >= 0
    size = parent.size
    sent = np.bincount(parent[has], minlength=size).astype(np.float64)
    direct = np.bincount(parent[has], weights=value[has], minlength=size).astype(np.float64)
    reached, chain = np.zeros(size), np.zeros(size)
    steps = steps_from_root(parent)
    for step in range(int(steps.max(initial=0)), 0, -1):  # the furthest first
        here = np.flatnonzero(steps == step)
        np.add.at(reached, parent[here], 1.0 + reached[here])
        np.add.at(chain, parent[here], value[here] + decay * chain[here])
    return sent, reached, direct, chain


def _credited(names: list[str], own: Array, parent: Indices, decay: float) -> pd.DataFrame:
    sent, reached, direct, chain = chain_credit(parent, np.nan_to_num(own), decay)
    frame = pd.DataFrame(
        {
            "customer": names,
            "in_log": np.isfinite(own),
            "own": own,
            "referred": sent.astype(np.int64),
            "reached": reached.astype(np.int64),
            "direct": direct,
            "chain": chain,
        }
    )
    return frame[frame["referred"] > 0]


def _links(log: TransactionLog, referrer: object) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Return one row a referred customer: ``customer, referrer``."""
    if isinstance(referrer, str):
        require_column(log, referrer, "Referral value")
        found = log.run(named_referrers(log, referrer))
        found["referrer"] = identities(log, found["referrer"])
    else:
        given = side_table(log, referrer, ["customer", "referrer"], "referrals")
        named = given.assign(referrer=identities(log, given["referrer"])).dropna()
        found = named.groupby("customer", as_index=False).agg(
            referrer=("referrer", "min"), several=("referrer", "nunique")
        )
    several = int((found["several"].astype("float64") > 1).sum())
    if not several:
        return found, ()
    said = Finding(
        "referrals.several",
        Text(
            f"{integer(several)} customers have several referrers; the first in alphabetical order "
            "is credited.",
            f"{integer(several)} 名客户有多个推荐人，价值记给按字母顺序的第一个。",
        ),
    )
    return found, (said,)


def named_referrers(log: TransactionLog, name: str) -> Any:
    """Return the referrer a column names for each customer: ``customer, referrer, several``."""
    rows = log.table.filter(log.table.day <= log.end)
    rows = rows.mutate(named=rows[name].cast("string"))
    rows = rows.filter(rows.named.strip() != "")
    return rows.group_by("customer").aggregate(
        referrer=rows.named.min(), several=rows.named.nunique()
    )


def _numbered(
    links: pd.DataFrame, totals: pd.DataFrame, money: str
) -> tuple[list[str], Array, Indices, tuple[Finding, ...]]:
    """Return names, own money (NaN: not in the log) and the number of each one's referrer."""
    people = pd.Index(pd.unique(pd.concat([links["customer"], links["referrer"]])))
    own = totals.set_index("customer")[money].reindex(people).to_numpy(np.float64)
    parent = np.full(len(people), -1, dtype=np.intp)
    parent[people.get_indexer(links["customer"])] = people.get_indexer(links["referrer"])
    lost = int((~links["customer"].isin(totals["customer"])).sum())
    told = unmatched(
        lost, len(links), Text("referred customers", "被推荐客户记录"), "referrals.unmatched"
    )
    return [str(p) for p in people], own, parent, told


def _circle_findings(names: list[str], parent: Indices, inside: Mask) -> tuple[Finding, ...]:
    if not inside.any():
        return ()
    start = int(np.flatnonzero(inside)[0])
    shown, at = [names[start]], int(parent[start])
    while at != start and len(shown) < 6:
        shown.append(names[at])
        at = int(parent[at])
    path = " ← ".join([*shown, names[start] if at == start else "…"])
    count = integer(inside.sum())
    return (
        Finding(
            "referrals.circle",
            Text(
                f"{count} customers refer one another in circles, such as {path}; nobody inside is "
                "credited for the circle's links.",
                f"{count} 名客户的推荐关系形成循环，例如 {path}；循环内的推荐不计价值。",
            ),
            Text(
                "Circles can be mistakes or fraud: look at the dates of the referrals.",
                "循环可能是录入错误或刷单，请核对推荐日期。",
            ),
        ),
    )


def _checked_value(log: TransactionLog, value: str | None) -> str:
    chosen = value or ("margin" if "margin" in log.table.columns else "amount")
    if chosen not in {"amount", "margin"}:
        raise IncompatibleRequestError(
            f"value={value!r} is no money of a log.",
            code="referrals.value",
            hint="Use 'amount' or 'margin'.",
        )
    require_column(log, chosen, "Referral value")
    return chosen


def _check_share(value: float, name: str) -> None:
    if not 0.0 <= value <= 1.0:
        raise IncompatibleRequestError(
            f"{name}={value!r} does not lie between 0 and 1.",
            code=f"referrals.{name}",
            hint=f"Give a share, such as {name}=0.5.",
        )
