"""Names for combinations of recency, frequency and monetary scores: two documented schemes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd

from loyaltysem.core.text import Text

#: Levels of the scores that the eleven segments are drawn on.
LEVELS = 5


@dataclass(frozen=True, slots=True)
class Block:
    """A segment of the eleven: a rectangle of recency scores and of frequency-and-money scores."""

    name: str
    label: Text
    recency: tuple[int, int]
    value: tuple[int, int]


#: Every pair of scores from 1 to 5 lies in exactly one.
ELEVEN = (
    Block("champions", Text("Champions", "核心客户"), (4, 5), (4, 5)),
    Block("potential_loyalists", Text("Potential loyalists", "潜在忠诚客户"), (4, 5), (2, 3)),
    Block("new", Text("New customers", "新客户"), (5, 5), (1, 1)),
    Block("promising", Text("Promising", "有望客户"), (4, 4), (1, 1)),
    Block("loyal", Text("Loyal customers", "忠诚客户"), (3, 3), (4, 5)),
    Block("need_attention", Text("Need attention", "需要关注客户"), (3, 3), (3, 3)),
    Block("about_to_sleep", Text("About to sleep", "即将沉睡客户"), (3, 3), (1, 2)),
    Block("cannot_lose", Text("Cannot lose them", "不可流失客户"), (1, 2), (5, 5)),
    Block("at_risk", Text("At risk", "流失风险客户"), (1, 2), (3, 4)),
    Block("hibernating", Text("Hibernating", "休眠客户"), (2, 2), (1, 2)),
    Block("lost", Text("Lost", "流失客户"), (1, 1), (1, 2)),
)


@dataclass(frozen=True, slots=True)
class Corner:
    """A segment of the eight: which of the three scores lie above their means."""

    name: str
    label: Text
    recency: bool
    frequency: bool
    monetary: bool


EIGHT = (
    Corner("important_value", Text("Important, keep", "重要价值客户"), True, True, True),
    Corner("important_develop", Text("Important, develop", "重要发展客户"), True, False, True),
    Corner("important_maintain", Text("Important, call back", "重要保持客户"), False, True, True),
    Corner("important_win_back", Text("Important, win back", "重要挽留客户"), False, False, True),
    Corner("general_value", Text("General, keep", "一般价值客户"), True, True, False),
    Corner("general_develop", Text("General, develop", "一般发展客户"), True, False, False),
    Corner("general_maintain", Text("General, call back", "一般保持客户"), False, True, False),
    Corner("general_win_back", Text("General, win back", "一般挽留客户"), False, False, False),
)

LABELS: Mapping[str, Text] = MappingProxyType({s.name: s.label for s in (*ELEVEN, *EIGHT)})
SCHEMES: Mapping[str, tuple[Block, ...] | tuple[Corner, ...]] = MappingProxyType(
    {"eleven": ELEVEN, "eight": EIGHT}
)


def eleven(scores: Any, bins: int) -> Any:
    """Return the segment of each customer by recency and the mean of frequency and money.

    Parameters
    ----------
    scores : ibis.Table
        With ``r_score``, ``f_score``, ``m_score`` from 1 to `bins`.
    bins : int
        Scores of other than five levels are brought to the fifth their middle lies in; the mean of
        frequency and money is rounded up.
    """
    import ibis

    def five(score: Any) -> Any:
        return (2 * score - 1) * LEVELS // (2 * bins) + 1

    recency, value = (
        five(scores.r_score),
        (five(scores.f_score) + five(scores.m_score) + 1) // 2,
    )
    cases = [
        (recency.between(*block.recency) & value.between(*block.value), block.name)
        for block in ELEVEN
    ]
    return ibis.cases(*cases, else_=ibis.null("string"))


def eight(scores: Any, means: Mapping[str, float]) -> Any:
    """Return the segment of each customer by which scores exceed their means over customers."""
    import ibis

    high = {
        name: scores[f"{name[0]}_score"].cast("float64") > ibis.literal(mean, "float64")
        for name, mean in means.items()
    }
    cases = [
        (
            ibis.and_(*(high[name] == getattr(corner, name) for name in high)),
            corner.name,
        )
        for corner in EIGHT
    ]
    return ibis.cases(*cases, else_=ibis.null("string"))


def rule_table(scheme: str) -> pd.DataFrame:
    """Return the rule of each segment of a scheme.

    Examples
    --------
    >>> rule_table("eleven").loc[0, ["segment", "recency", "frequency"]].tolist()
    ['champions', '4–5', '4–5 (mean with monetary score)']
    """
    rows = [
        (s.name, s.label.en, s.label.zh, *(_block(s) if isinstance(s, Block) else _corner(s)))
        for s in SCHEMES[scheme]
    ]
    columns = ["segment", "label_en", "label_zh", "recency", "frequency", "monetary"]
    return pd.DataFrame(rows, columns=columns)


def _block(block: Block) -> tuple[str, str, str]:
    return _range(block.recency), f"{_range(block.value)} (mean with monetary score)", ""


def _range(limits: tuple[int, int]) -> str:
    low, high = limits
    return str(low) if low == high else f"{low}–{high}"


def _corner(corner: Corner) -> tuple[str, str, str]:
    recency, frequency, monetary = (
        "above mean" if high else "not above mean"
        for high in (corner.recency, corner.frequency, corner.monetary)
    )
    return recency, frequency, monetary
