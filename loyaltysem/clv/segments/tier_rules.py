"""Rules of a membership programme: tiers, the conditions that earn them, how they are lost."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.errors import NO_HINT as NO_TEXT
from loyaltysem.core.errors import did_you_mean
from loyaltysem.core.plain_table import html_table
from loyaltysem.core.text import Text
from loyaltysem.core.types import Mask

Kind: TypeAlias = Literal["spend", "orders", "average_order", "margin", "categories", "tenure",
                          "recency"]  # fmt: skip
#: What a condition may ask for. The first five are counted in a window; the others need none.
MEASURES: Mapping[str, Text] = MappingProxyType(
    {
        "spend": Text("Amount spent, refunds taken off", "消费金额（已扣除退款）"),
        "orders": Text("Days with a purchase", "购买天数"),
        "average_order": Text("Amount spent for each day with a purchase", "平均每次消费金额"),
        "margin": Text("Margin earned", "贡献毛利"),
        "categories": Text("Different categories bought", "购买品类数"),
        "tenure": Text("Months since the first purchase", "入会时长（月）"),
        "recency": Text("Days since the last purchase", "距上次购买天数"),
    }
)
WITHOUT_WINDOW = frozenset({"tenure", "recency"})
#: Columns of the log a measure needs beside amounts.
NEEDS: Mapping[str, str] = MappingProxyType({"margin": "margin", "categories": "category"})
OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "==": operator.eq}
)
PATTERN = re.compile(
    r"(?P<kind>[a-z]+(?:_[a-z]+)*)(?:_(?P<count>\d{1,4})(?P<unit>[md]))?\s*"
    r"(?P<operator>>=|<=|==|>|<)\s*(?P<value>-?\d+(?:\.\d+)?)\Z"
)


@dataclass(frozen=True, slots=True)
class Measure:
    """Something counted of a customer, in a window that ends on the day stood at.

    Parameters
    ----------
    kind : str
        A key of `MEASURES`.
    count : int or None
        Length of the window; None for all time.
    unit : {"m", "d"}
        Calendar months or days.
    """

    kind: str
    count: int | None = None
    unit: str = "m"

    @property
    def name(self) -> str:
        """As it is written: ``spend_12m``."""
        return self.kind if self.count is None else f"{self.kind}_{self.count}{self.unit}"

    def start(self, end: date) -> date | None:
        """Return the last day before the window that ends on `end`; None for all time."""
        if self.count is None:
            return None
        if self.unit == "d":
            return end - timedelta(days=self.count)
        return (pd.Timestamp(end) - pd.DateOffset(months=self.count)).date()


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of one measure with one number.

    Parameters
    ----------
    measure : Measure
    operator : str
        A key of `OPERATORS`.
    value : float
        In the unit of the measure.
    """

    measure: Measure
    operator: str
    value: float

    def __str__(self) -> str:
        return f"{self.measure.name} {self.operator} {self.value:g}"

    def holds(self, measures: Mapping[str, np.ndarray]) -> Mask:
        """Return of whom the condition holds; of nobody whose measure is missing."""
        values = measures[self.measure.name]
        with np.errstate(invalid="ignore"):
            return np.asarray(OPERATORS[self.operator](values, self.value), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier.

    Parameters
    ----------
    name : str
    label : Text
    all_of, any_of : tuple of Condition
        All of the first and, where there are any, at least one of the second must hold.
    """

    name: str
    label: Text
    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every comparison."""
        return (*self.all_of, *self.any_of)


@dataclass(frozen=True, slots=True)
class Downgrade:
    """How a tier is lost; reviews are a calendar month apart.

    Parameters
    ----------
    grace_months : int
        Reviews in a row at which a customer may earn less before losing anything.
    steps : int
        Tiers lost at a review after that.
    reviews : int
        Months looked back at; the tier held at the first review is the one earned then.
    """

    grace_months: int = 0
    steps: int = 99
    reviews: int = 0


@dataclass(frozen=True, slots=True)
class TierRules:
    """The rules of a programme.

    Parameters
    ----------
    name, version : str
    title : Text
    tiers : tuple of Tier
        The lowest first; the lowest has no conditions.
    downgrade : Downgrade
    description : Text
    currency : str or None
        Of the amounts in the conditions.
    """

    name: str
    version: str
    title: Text
    tiers: tuple[Tier, ...]
    downgrade: Downgrade = Downgrade()
    description: Text = NO_TEXT
    currency: str | None = None

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures the conditions ask for, each once."""
        asked = (c.measure for tier in self.tiers for c in tier.conditions)
        return tuple(dict.fromkeys(asked))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tiers, the lowest first."""
        return tuple(tier.name for tier in self.tiers)

    def __str__(self) -> str:
        lines = [f"{self.title.en} {self.version}"]
        for tier in self.tiers:
            every = " and ".join(map(str, tier.all_of))
            some = " or ".join(map(str, tier.any_of))
            both = f"{every} and ({some})" if every and some else every or some
            lines.append(f"  {tier.name}: {both or 'everybody'}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            (t.name, t.label.en, t.label.zh, "; ".join(map(str, t.all_of)),
             "; ".join(map(str, t.any_of)))
            for t in self.tiers
        ]  # fmt: skip
        return html_table(f"{self.title.en} {self.version}", ("name", "en", "zh", "all of",
                          "any of"), rows)  # fmt: skip


def parse_condition(text: str) -> Condition | str:
    """Return the condition a text says, or what is wrong with it.

    Notes
    -----
    One measure, one comparison, one number: ``spend_12m >= 2000``, ``orders_90d > 3``,
    ``tenure >= 24``. The text is matched, never evaluated.

    Examples
    --------
    >>> print(parse_condition("spend_12m >= 2000"))
    spend_12m >= 2000
    >>> parse_condition("spent > 5")
    "'spent' is not a measure. Did you mean 'spend'?"
    """
    found = PATTERN.match(text.strip())
    if not found:
        return (
            "expected 'measure comparison number' such as 'spend_12m >= 2000', found "
            f"'{text[:60]}'."
        )
    kind, count = found["kind"], found["count"]
    if kind not in MEASURES:
        known = did_you_mean(kind, MEASURES) or f"Known: {', '.join(MEASURES)}."
        return f"'{kind}' is not a measure. {known}"
    if (kind in WITHOUT_WINDOW) and count is not None:
        return f"'{kind}' has no window; write '{kind}' alone."
    if count is not None and int(count) == 0:
        return "a window has at least one month or day."
    measure = Measure(kind, None if count is None else int(count), found["unit"] or "m")
    return Condition(measure, found["operator"], float(found["value"]))
