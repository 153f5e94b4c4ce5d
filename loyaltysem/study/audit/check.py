"""The verdict on one relation between printed numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from loyaltysem.core.text import Text
from loyaltysem.study.audit.printed import Interval, Printed, meets

Verdict: TypeAlias = Literal["consistent", "inconsistent", "impossible"]
VERDICTS: dict[Verdict, Text] = {
    "consistent": Text("consistent", "一致"),
    "inconsistent": Text("inconsistent", "不一致"),
    "impossible": Text("impossible", "不可能"),
}
#: Formulas in words, in Chinese.
FORMULAS = {"valid/sent": "有效/发放"}
CUT = Text(
    "It would agree if decimals had been cut off rather than rounded.",
    "若报告值为截尾而非四舍五入，则与之一致。",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One relation, held against what is printed.

    Parameters
    ----------
    place : str
        The model, construct or path.
    relation : str
        Stable name, such as ``"rmsea"``.
    printed : str
        The number under test, as printed.
    implied : Interval
        Values the other printed numbers allow, given their rounding.
    verdict : {"consistent", "inconsistent", "impossible"}
        Inconsistent: no values behind the printed numbers satisfy the relation. Impossible: the
        number cannot occur, whatever the others are.
    arithmetic : Text
        The calculation in words and numbers.
    source : str
        Key of the formula's reference, or empty.
    """

    place: str
    relation: str
    printed: str
    implied: Interval
    verdict: Verdict
    arithmetic: Text
    source: str = ""


def held_against(
    place: str,
    relation: str,
    printed: Printed,
    implied: Interval,
    formula: str,
    inputs: str,
    source: str = "",
) -> Check:
    """Hold a printed number against the values that others imply.

    Parameters
    ----------
    place, relation : str
    printed : Printed
    implied : Interval
    formula, inputs : str
        The relation and the printed numbers put into it, such as ``"χ²/df"``, ``"677.3 / 315"``.
    source : str
    """
    agrees = meets(printed.interval, implied)
    shown = as_range(implied, max(printed.digits + 1, 3))
    chinese, interval = FORMULAS.get(formula, formula), shown.replace(" to ", "–")
    tail = CUT if not agrees and meets(printed.cut_off, implied) else Text("", "")
    text = Text(
        f"{formula}: {inputs} gives {shown}; printed {printed}. {tail.en}".strip(),
        f"{chinese}：由 {inputs} 得 {interval}，报告值为 {printed}。{tail.in_('zh')}".strip(),
    )
    return Check(
        place, relation, str(printed), implied, "consistent" if agrees else "inconsistent", text,
        source,
    )  # fmt: skip


def impossible(place: str, relation: str, printed: str, implied: Interval, why: Text) -> Check:
    """Return the verdict on a number that cannot occur."""
    return Check(place, relation, printed, implied, "impossible", why)


def as_range(interval: Interval, digits: int) -> str:
    """Write an interval, as one number where both ends print alike.

    Examples
    --------
    >>> as_range((0.0471, 0.0476), 3), as_range((0.0471, 0.0486), 3)
    ('0.047 to 0.048', '0.047 to 0.049')
    """
    low, high = (f"{edge:.{digits}f}" for edge in interval)
    return low if low == high else f"{low} to {high}"
