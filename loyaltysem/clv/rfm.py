"""Recency, frequency and monetary scores of every customer, and segments with names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.clv.rfm_segments import LABELS, SCHEMES, eight, eleven, rule_table
from loyaltysem.clv.summary import kept_summary
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError, did_you_mean
from loyaltysem.core.memo import remembered
from loyaltysem.core.text import Text

MEASURES = ("recency", "frequency", "monetary")
TIES = ("together", "split")
MONEY = ("total", "mean")
MOST_BINS = 10
NO_CUTS: Mapping[str, Sequence[float]] = MappingProxyType({})
#: Decimals of money before customers are ranked. Engines add up in different orders, so sums differ
#: in their last bits; prices have fewer decimals, so none lies where rounding up or down is close.
DECIMALS = 6


@dataclass(frozen=True, slots=True)
class RFMRequest:
    """How customers are scored; see `rfm`."""

    bins: int = 5
    ties: str = "together"
    monetary: str = "total"
    cuts: Mapping[str, Sequence[float]] = field(default_factory=lambda: MappingProxyType({}))
    scheme: str = "eleven"

    def __post_init__(self) -> None:
        for name, choices in (("ties", TIES), ("monetary", MONEY), ("scheme", tuple(SCHEMES))):
            given = getattr(self, name)
            if given not in choices:
                raise IncompatibleRequestError(
                    f"{name}={given!r} is not known.",
                    code="rfm.request",
                    hint=did_you_mean(str(given), choices) or f"Use: {', '.join(choices)}.",
                )
        whole = isinstance(self.bins, int) and not isinstance(self.bins, bool)
        if not whole or not 2 <= self.bins <= MOST_BINS:
            raise IncompatibleRequestError(
                f"bins={self.bins!r}: scores need from 2 to {MOST_BINS} levels.",
                code="rfm.bins",
                hint="5 is usual.",
            )
        cuts = {name: self._checked(name, points) for name, points in dict(self.cuts).items()}
        object.__setattr__(self, "cuts", MappingProxyType(cuts))

    def _checked(self, name: str, points: Sequence[float]) -> tuple[float, ...]:
        if name not in MEASURES:
            raise IncompatibleRequestError(
                f"cuts for '{name}': scores are given for {', '.join(MEASURES)}.",
                code="rfm.cuts",
                hint=did_you_mean(name, MEASURES)
                or 'Such as cuts={"recency": [30, 90, 180, 365]}.',
            )
        found = tuple(float(point) for point in points)
        rising = all(a < b for a, b in pairwise(found))
        if len(found) != self.bins - 1 or not rising:
            raise IncompatibleRequestError(
                f"cuts for {name}: {list(points)!r}.",
                code="rfm.cuts",
                hint=f"{self.bins} scores are told apart by {self.bins - 1} rising points.",
            )
        return found


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RFM(Printed):
    """Scores and segment of every customer.

    Parameters
    ----------
    table : ibis.Table
        One row a customer, kept in the engine: ``customer``, ``recency`` (days since the last
        purchase), ``frequency`` (days of purchase), ``monetary``, ``spent`` (all money, not
        rounded), ``r_score``, ``f_score``, ``m_score`` (1 to `bins`, high is good), ``rfm`` (the
        three as one number), ``segment``.
    segments : DataFrame
        ``segment, label_en, label_zh, customers, share``, means of ``recency, frequency,
        monetary``, ``total`` money and ``total_share``.
    levels : DataFrame
        ``measure, score, lowest, highest, customers``: what each score stands for.
    request : RFMRequest
    end : date
        Day from which recency is counted.
    log : TransactionLog
    findings : tuple of Finding
    """

    table: Any
    segments: pd.DataFrame
    levels: pd.DataFrame
    request: RFMRequest
    end: date
    log: TransactionLog
    findings: tuple[Finding, ...] = ()
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @remembered
    def frame(self) -> pd.DataFrame:
        """All customers, in order of their names; fetched from the engine when first read."""
        return self.log.run(self.table.order_by("customer"))

    @property
    def rules(self) -> pd.DataFrame:
        """Which scores make up each segment."""
        return rule_table(self.request.scheme)

    @property
    def printed(self) -> pd.DataFrame:
        """The segments, each by its label."""
        shown = self.segments.drop(columns=["segment", "label_zh"])
        return shown.rename(columns={"label_en": "segment", "total_share": "share of total"})

    @property
    def title(self) -> str:
        """How many customers, as of when."""
        count = integer(int(self.segments["customers"].sum()))
        return f"RFM of {count} customers on {self.end}, scores 1 to {self.request.bins}"


def rfm(
    log: TransactionLog,
    *,
    end: date | None = None,
    bins: int = 5,
    ties: str = "together",
    monetary: str = "total",
    cuts: Mapping[str, Sequence[float]] = NO_CUTS,
    scheme: str = "eleven",
) -> RFM:
    """Score customers by recency, frequency and money, and name their segments.

    Parameters
    ----------
    log : TransactionLog
    end : date, optional
        Day from which recency is counted; later rows are left out. The log's last unless given.
    bins : int
        Levels of the scores, 5 for quintiles.
    ties : {"together", "split"}
        Customers with equal values get the same score; or are parted by their names so that all
        scores are equally frequent.
    monetary : {"total", "mean"}
        Money altogether, or per day of purchase.
    cuts : mapping of str to sequence of float
        For ``recency`` (days), ``frequency`` or ``monetary``: fixed points between the scores,
        one fewer than `bins`. A value at a point belongs to the higher score; fewer days since
        the last purchase score higher, and as many as a point still do.
    scheme : {"eleven", "eight"}
        Segments by recency and the mean of the other two; or by which of the scores exceed their
        means. `RFM.rules` prints the rule.

    Returns
    -------
    RFM

    Raises
    ------
    DataError
        Nobody bought anything, or the log has no amounts.
    IncompatibleRequestError
        A request that is not known, or `end` outside the log.

    Notes
    -----
    Among n customers in rising order (recency from the longest ago), with ties together the score
    is ⌊bins · (number of customers below) / n⌋ + 1, so equal customers are equal and a large group
    of ties takes the lowest score it reaches; with ties split it is the n-tile of the order by
    value and name [hughes_1994]_. Sums of money are rounded to millionths before they are ranked,
    for engines add up in different orders.

    Examples
    --------
    >>> from loyaltysem.clv.log.open_log import open_log
    >>> orders = pd.DataFrame(
    ...     {"customer": ["a", "a", "b"], "time": ["2024-01-02", "2024-02-03", "2024-01-09"],
    ...      "amount": [10.0, 20.0, 5.0]}
    ... )
    >>> rfm(open_log(orders), bins=2).frame[["customer", "recency", "rfm", "segment"]]
      customer  recency  rfm    segment
    0        a        0  222    champions
    1        b       25  111  hibernating
    """
    request = RFMRequest(bins, ties, monetary, dict(cuts), scheme)
    last = log.end if end is None else pd.Timestamp(end).date()
    table = log.keep(rfm_expression(log, request, end=last))
    levels = _levels(log, table)
    if levels.empty:
        raise DataError(
            "Nobody bought anything in the days looked at, or the log has no amounts.",
            code="rfm.empty",
            hint="RFM needs customers with purchases and an amount=… column.",
        )
    segments = _segments(log, table)
    told = (*log.findings, *_about_levels(levels, request))
    return RFM(table, segments, levels, request, last, log, told)


def rfm_expression(log: TransactionLog, request: RFMRequest, *, end: date | None = None) -> Any:
    """Return the scores and segment of every customer as an Ibis expression; see `rfm`."""
    last = end or log.end
    measured = _measured(kept_summary(log, end=last, unit="day"), request)
    scored = _scored(measured, request)
    if request.scheme == "eight":
        columns = {name: scored[f"{name[0]}_score"].cast("float64").mean() for name in MEASURES}
        row = log.run(scored.aggregate(**columns)).iloc[0]
        means = {name: float(row[name]) for name in MEASURES}
        segment = eight(scored, means)
    else:
        segment = eleven(scored, request.bins)
    digits = [scored[f"{name[0]}_score"] for name in MEASURES]
    base = 10 if request.bins < MOST_BINS else 100
    return scored.mutate(rfm=(digits[0] * base + digits[1]) * base + digits[2], segment=segment)


def _measured(summary: Any, request: RFMRequest) -> Any:
    """Return days since the last purchase, days of purchase and money, in units that rank."""
    known = summary.filter(summary.total.notnull())
    money = known.total.round(DECIMALS)
    if request.monetary == "mean":
        money = money / known.n_orders.cast("float64")
    return known.select(
        customer=known.customer,
        recency=(known["T"] - known.recency).round().cast("int64"),
        frequency=known.n_orders.cast("int64"),
        monetary=money,
        spent=known.total,
    )


def _scored(measured: Any, request: RFMRequest) -> Any:
    n = measured.count()
    scores = {}
    for name in MEASURES:
        goodness = -measured[name] if name == "recency" else measured[name]
        if name in request.cuts:
            score = _by_cuts(measured[name], request.cuts[name], falling=name == "recency")
        elif request.ties == "split":
            score = _ntile(goodness, measured.customer, request.bins)
        else:
            score = _by_rank(goodness, n, request.bins)
        scores[f"{name[0]}_score"] = score.cast("int64")
    return measured.mutate(**scores)


def _by_cuts(value: Any, cuts: Sequence[float], *, falling: bool) -> Any:
    """Return 1 and one more for each point reached; falling, one less for each one passed."""
    import ibis

    points = [ibis.literal(cut, "float64") for cut in cuts]
    number = value.cast("float64")
    reached = [number <= point if falling else number >= point for point in points]
    return sum((r.cast("int64") for r in reached), start=ibis.literal(1, "int64"))


def _ntile(goodness: Any, customer: Any, bins: int) -> Any:
    import ibis

    return ibis.ntile(bins).over(ibis.window(order_by=[goodness, customer])) + 1


def _by_rank(goodness: Any, n: Any, bins: int) -> Any:
    import ibis

    below = ibis.rank().over(ibis.window(order_by=goodness))
    return below * bins // n + 1


def _levels(log: TransactionLog, table: Any) -> pd.DataFrame:
    parts = []
    for name in MEASURES:
        score = f"{name[0]}_score"
        grouped = table.group_by(score=table[score]).aggregate(
            lowest=table[name].min().cast("float64"),
            highest=table[name].max().cast("float64"),
            customers=table.count(),
        )
        part = log.run(grouped.order_by("score"))
        part.insert(0, "measure", name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _segments(log: TransactionLog, table: Any) -> pd.DataFrame:
    found = log.run(
        table.group_by("segment").aggregate(
            customers=table.count(),
            **{name: table[name].cast("float64").mean() for name in MEASURES},
            total=table.spent.sum(),
        )
    )
    order = list(LABELS)
    found = found.sort_values("segment", key=lambda s: s.map(order.index), ignore_index=True)
    labels = [LABELS[name] for name in found["segment"]]
    total = float(found["total"].sum())
    return pd.DataFrame(
        {
            "segment": found["segment"],
            "label_en": [label.en for label in labels],
            "label_zh": [label.zh for label in labels],
            "customers": found["customers"].astype(int),
            "share": found["customers"] / found["customers"].sum(),
            **{name: found[name] for name in MEASURES},
            "total": found["total"],
            "total_share": found["total"] / total if total else float("nan"),
        }
    )


def _about_levels(levels: pd.DataFrame, request: RFMRequest) -> Iterator[Finding]:
    for name in MEASURES:
        found = set(levels.loc[levels["measure"] == name, "score"])
        absent = [k for k in range(1, request.bins + 1) if k not in found]
        if absent:
            listed = ", ".join(map(str, absent))
            yield Finding(
                "rfm.empty_score",
                Text(
                    f"No customer has the {name} score {listed}: many have the same value, or "
                    "there are few customers.",
                    f"没有客户的 {_ZH[name]} 得分为 {listed}：许多客户取值相同，或客户太少。",
                ),
                Text(
                    'ties="split" parts equal customers by name; fewer bins or fixed cuts do not '
                    "part them.",
                    'ties="split" 会按标识拆分取值相同的客户；减少 bins 或使用固定 cuts 则不会。',
                ),
                severity="note",
            )


_ZH = {"recency": "近度（R）", "frequency": "频度（F）", "monetary": "额度（M）"}
