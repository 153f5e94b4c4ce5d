"""From questionnaires sent to answers analysed: who was left out on the way, and why."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from loyaltysem.core.display import integer, percent
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.plain_table import html_table
from loyaltysem.core.text import Language, Text

SENT = Text("Questionnaires sent", "发放问卷")
RETURNED = Text("Questionnaires returned", "回收问卷")
ANALYSED = Text("Answers analysed", "有效问卷")
BLANK = Text("Blank rows", "空白答卷")
SENTENCE = Text(
    "Of {sent} questionnaires sent, {returned} were returned (response rate {rate}). {left}"
    "{analysed} were analysed, {usable} of those sent.",
    "共发放问卷 {sent} 份，回收 {returned} 份（回收率 {rate}）。{left}最终用于分析的有效问卷为 "
    "{analysed} 份，有效回收率 {usable}。",
)
SENTENCE_UNSENT = Text(
    "{returned} questionnaires were returned. {left}{analysed} were analysed, {usable} of those "
    "returned.",
    "共回收问卷 {returned} 份。{left}最终用于分析的有效问卷为 {analysed} 份，有效率 {usable}。",
)
LEFT_OUT = Text("{count} were left out: {reasons}. ", "剔除 {count} 份：{reasons}。")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Answers left out on one ground.

    Parameters
    ----------
    rule : str
        The name the researcher gave the rule.
    reason : Text
        The ground.
    count : int
        How many respondents; each is counted once, under the first ground met.
    """

    rule: str
    reason: Text
    count: int


@dataclass(frozen=True, slots=True)
class ResponseFlow:
    """The way from questionnaires sent to answers analysed.

    Parameters
    ----------
    returned : int
        Questionnaires that came back.
    exclusions : tuple of Exclusion
        Who was left out, in order.
    analysed : int
        What is left: returned less everybody left out.
    sent : int or None
        Questionnaires sent; None where nobody can know, as with an open link.

    Raises
    ------
    IncompatibleRequestError
        The numbers do not add up.

    Examples
    --------
    >>> flow = ResponseFlow(480, (Exclusion("age", Text("under 18", "未满 18 岁"), 30),), 450, 600)
    >>> flow.response_rate, flow.usable_rate
    (0.8, 0.75)
    """

    returned: int
    exclusions: tuple[Exclusion, ...]
    analysed: int
    sent: int | None = None

    def __post_init__(self) -> None:
        if self.returned - self.excluded != self.analysed or self.analysed < 0:
            raise IncompatibleRequestError(
                f"The flow does not add up: {self.returned} returned less {self.excluded} left out "
                f"are not {self.analysed} analysed.",
                code="flow.sum",
                hint="Give the number returned before anybody was left out.",
            )
        if self.sent is not None and self.sent < self.returned:
            raise IncompatibleRequestError(
                f"{self.returned} questionnaires cannot come back when {self.sent} were sent.",
                code="flow.sent",
                hint="Check `sent`; leave it out where nobody can know it.",
            )

    @property
    def excluded(self) -> int:
        """Everybody left out."""
        return sum(exclusion.count for exclusion in self.exclusions)

    @property
    def response_rate(self) -> float | None:
        """Returned over sent."""
        return self.returned / self.sent if self.sent else None

    @property
    def usable_rate(self) -> float | None:
        """Analysed over sent, or over returned where sent is not known."""
        base = self.sent if self.sent is not None else self.returned
        return self.analysed / base if base else None

    @property
    def frame(self) -> pd.DataFrame:
        """One row a step: ``step rule label_en label_zh count share`` (of sent, or returned)."""
        base = (self.sent if self.sent is not None else self.returned) or float("nan")
        steps = [("sent", "", SENT, self.sent)] if self.sent is not None else []
        steps += [("returned", "", RETURNED, self.returned)]
        steps += [("excluded", e.rule, e.reason, e.count) for e in self.exclusions]
        steps += [("analysed", "", ANALYSED, self.analysed)]
        return pd.DataFrame(
            [
                {"step": step, "rule": rule, "label_en": label.en, "label_zh": label.in_("zh"),
                 "count": count, "share": (count or 0) / base}
                for step, rule, label, count in steps
            ]
        )  # fmt: skip

    def in_words(self, language: Language = "en") -> str:
        """Return the flow as the sentence a paper prints."""
        between = "；" if language == "zh" else "; "
        reasons = between.join(
            f"{e.reason.in_(language)} {integer(e.count)}{' 份' if language == 'zh' else ''}"
            for e in self.exclusions
        )
        left = LEFT_OUT.in_(language).format(count=integer(self.excluded), reasons=reasons)
        sentence = SENTENCE_UNSENT if self.sent is None else SENTENCE
        return sentence.in_(language).format(
            sent=integer(self.sent), returned=integer(self.returned),
            rate=percent(self.response_rate), left=left if self.exclusions else "",
            analysed=integer(self.analysed), usable=percent(self.usable_rate),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.in_words()

    def _repr_html_(self) -> str:
        rows = [
            (f"{row['label_en']} / {row['label_zh']}", integer(row["count"]), percent(row["share"]))
            for row in self.frame.to_dict("records")
        ]
        return html_table("", ("", "n", "%"), rows)
