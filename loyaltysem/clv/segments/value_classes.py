"""Classes of customers by what they are worth, or by any other score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.clv.printed import Printed
from loyaltysem.clv.segments.concentration import (
    Amounts,
    Concentration,
    amounts_of,
    concentration,
)
from loyaltysem.core.display import integer
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Indices

By: TypeAlias = Literal["quantile", "share", "cuts"]

#: What the limits are when none are given: thirds; 80 and 95 % of the amount (ABC analysis).
USUAL: Mapping[str, tuple[float, ...]] = {"quantile": (1 / 3, 2 / 3), "share": (0.8, 0.95)}
VALUE_LABELS = (Text("High", "高价值"), Text("Middle", "中价值"), Text("Low", "低价值"))
ABC_LABELS = (Text("A", "A 类"), Text("B", "B 类"), Text("C", "C 类"))
LOYALTY_LABELS = (Text("High loyalty", "高忠诚"), Text("Middle loyalty", "中忠诚"),
                  Text("Low loyalty", "低忠诚"))  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ValueClasses(Printed):
    """Customers in classes, the best first.

    Attributes
    ----------
    frame : DataFrame
        ``customer value class``, `class` from 1, the best.
    counts : DataFrame
        ``class label_en label_zh lower upper customers share total share_total``: lowest and
        highest value found in the class; sum of values and its share.
    concentration : Concentration or None
        Of amounts that sum to something.
    by : {"quantile", "share", "cuts"}
    limits : tuple of float
        As used.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    counts: pd.DataFrame
    concentration: Concentration | None
    by: str
    limits: tuple[float, ...]
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many customers in how many classes, and by what."""
        limits = ", ".join(f"{limit:g}" for limit in self.limits)
        return f"{integer(len(self.frame))} customers by {self.by} ({limits})"

    @property
    def printed(self) -> pd.DataFrame:
        """The counts."""
        return self.counts


def value_classes(
    amounts: Amounts,
    *,
    by: By = "quantile",
    limits: Sequence[float] | None = None,
    labels: Sequence[Text] | None = None,
) -> ValueClasses:
    """Put customers into classes by amount.

    Parameters
    ----------
    amounts : Series, mapping, array or sequence
        Shape (N,), by customer: spending, CLV, margin.
    by : {"quantile", "share", "cuts"}
        Equal shares of customers; the customers who hold the first 80 and 95 % of the amount (ABC
        analysis, after Pareto); or fixed amounts.
    limits : sequence of float, optional
        Between classes, ascending: quantiles, shares of the amount, or amounts. By default thirds,
        and .80 and .95; fixed cuts have none.
    labels : sequence of Text, optional
        Names of the classes, the best first.

    Returns
    -------
    ValueClasses

    Raises
    ------
    DataError
        Amounts that are missing or infinite, fewer than two customers.
    IncompatibleRequestError
        Limits that are not ascending or not shares, labels that are not one a class.

    Notes
    -----
    Customers of equal amounts are always in the same class: by quantile a value belongs to the
    upper class from the limit on; by share a customer belongs to class A as long as those above
    hold less than the limit. A customer of amount 0 or less is never in a better class than C.

    Examples
    --------
    >>> found = value_classes({"a": 70.0, "b": 20.0, "c": 6.0, "d": 4.0}, by="share")
    >>> found.frame["class"].tolist(), found.counts["label_en"].tolist()
    ([1, 1, 2, 3], ['A', 'B', 'C'])
    """
    values = amounts_of(amounts)
    edges = _limits(by, limits)
    names = _labels(labels, by, len(edges) + 1)
    y = values.to_numpy(np.float64)
    number = _by_share(y, edges) if by == "share" else _by_value(y, _cuts(y, by, edges))
    frame = pd.DataFrame({"customer": values.index.to_numpy(), "value": y, "class": number})
    spread = concentration(values) if y.sum() > 0 else None
    counts = _counts(frame, names)
    return ValueClasses(frame, counts, spread, by, edges, tuple(_findings(counts)))


def loyalty_classes(
    scores: Amounts,
    *,
    by: Literal["quantile", "cuts"] = "quantile",
    limits: Sequence[float] | None = None,
    labels: Sequence[Text] = LOYALTY_LABELS,
) -> ValueClasses:
    """Put customers into classes by a score of loyalty: of a survey, a factor, an index.

    Parameters
    ----------
    scores : Series, mapping, array or sequence
        Shape (N,), by customer; more is more loyal.
    by, limits, labels
        As for `value_classes`; scores have no shares of a sum.

    Returns
    -------
    ValueClasses
        `concentration` is None, and totals are sums of scores.

    Examples
    --------
    >>> loyalty_classes([1.0, 3.5, 5.0], by="cuts", limits=[2, 4]).frame["class"].tolist()
    [3, 2, 1]
    """
    if by not in ("quantile", "cuts"):
        raise IncompatibleRequestError(
            f"Scores are classed by 'quantile' or 'cuts', not by '{by}'.",
            code="classes.by",
            hint="A sum of scores has no meaning, so neither has a share of it.",
        )
    found = value_classes(scores, by=by, limits=limits, labels=labels)
    return ValueClasses(
        found.frame, found.counts.drop(columns=["total", "share_total"]), None, by, found.limits,
        found.findings,
    )  # fmt: skip


def _limits(by: str, limits: Sequence[float] | None) -> tuple[float, ...]:
    if by not in ("quantile", "share", "cuts"):
        raise IncompatibleRequestError(
            f"There are no classes by '{by}'.",
            code="classes.by",
            hint="Use 'quantile', 'share' or 'cuts'.",
        )
    edges = tuple(float(edge) for edge in (USUAL.get(by, ()) if limits is None else limits))
    ascending = all(a < b for a, b in pairwise(edges))
    inside = by == "cuts" or all(0 < edge < 1 for edge in edges)
    if not edges or not ascending or not inside or not np.isfinite(edges).all():
        raise IncompatibleRequestError(
            f"Limits by {by} must be ascending{'' if by == 'cuts' else ' and between 0 and 1'}, "
            f"found {list(edges)}.",
            code="classes.limits",
            hint="For example by='cuts', limits=[500, 2000].",
        )
    return edges


def _labels(labels: Sequence[Text] | None, by: str, count: int) -> tuple[Text, ...]:
    usual = ABC_LABELS if by == "share" else VALUE_LABELS
    if labels is None:
        plain = tuple(Text(f"Class {k}", f"第 {k} 类") for k in range(1, count + 1))
        return usual if count == len(usual) else plain
    if len(labels) != count:
        raise IncompatibleRequestError(
            f"{count} classes need {count} labels, found {len(labels)}.",
            code="classes.labels",
            hint="Name the best class first.",
        )
    return tuple(labels)


def _cuts(y: Array, by: str, edges: Sequence[float]) -> Array:
    return np.asarray(edges if by == "cuts" else np.quantile(y, edges), dtype=np.float64)


def _by_value(y: Array, cuts: Array) -> Indices:
    """Return the class of every value, 1 for those from the highest cut on."""
    return np.asarray(len(cuts) + 1 - np.searchsorted(cuts, y, side="right"), dtype=np.intp)


def _by_share(y: Array, limits: Sequence[float]) -> Indices:
    """Return the class of every amount by the share that larger amounts hold."""
    worth, place = np.unique(-np.maximum(y, 0.0), return_inverse=True)
    held = np.bincount(place) * -worth
    above = (np.cumsum(held) - held) / max(held.sum(), np.finfo(float).tiny)
    number = 1 + np.searchsorted(np.asarray(limits), above + 1e-12, side="right")
    number[worth == 0] = len(limits) + 1
    return np.asarray(number[place], dtype=np.intp)


def _counts(frame: pd.DataFrame, labels: Sequence[Text]) -> pd.DataFrame:
    grouped = frame.groupby("class")["value"]
    places = list(range(1, len(labels) + 1))
    told = grouped.agg(lower="min", upper="max", customers="size", total="sum").reindex(places)
    customers = told["customers"].fillna(0).to_numpy(np.int64)
    total = told["total"].fillna(0.0).to_numpy(np.float64)
    money = float(total.sum())
    return pd.DataFrame(
        {
            "class": places,
            "label_en": [label.en for label in labels],
            "label_zh": [label.zh for label in labels],
            "lower": told["lower"].to_numpy(np.float64),
            "upper": told["upper"].to_numpy(np.float64),
            "customers": customers,
            "share": customers / len(frame),
            "total": total,
            "share_total": total / money if money > 0 else np.full(len(total), np.nan),
        }
    )


def _findings(counts: pd.DataFrame) -> list[Finding]:
    empty = counts.loc[counts["customers"] == 0]
    if empty.empty:
        return []
    text = Text(
        f"No customer is in: {', '.join(empty['label_en'])}. Many may have the same amount.",
        f"以下类别没有客户：{'、'.join(empty['label_zh'])}；可能有大量客户金额相同。",
    )
    return [Finding("classes.empty", text, severity="note")]
