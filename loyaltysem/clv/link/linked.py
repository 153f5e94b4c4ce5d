"""The noun of a link: rows a model takes, who was counted, and the way back to currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from loyaltysem.clv.link.scale import ClvScale, ValueIndicator
from loyaltysem.clv.printed import Printed
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

#: Column of the respondents' pseudonyms.
RESPONDENT = "respondent"
COUNTED: Mapping[str, Text] = {
    "respondents": Text("respondents", "受访者"),
    "without_key": Text("respondents without a key", "未提供客户编号的受访者"),
    "unmatched": Text(
        "respondents whose key no customer with a purchase has", "编号无对应消费记录的受访者"
    ),
    "linked": Text("respondents linked to behaviour", "成功匹配的受访者"),
    "customers": Text("customers with a purchase", "有消费记录的客户"),
    "unanswered": Text("customers without an answer", "未作答的客户"),
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Linked(Printed):
    """Answers joined to behaviour.

    Attributes
    ----------
    data : DataFrame
        What `loyaltysem.sem` takes: ``respondent`` (pseudonym), the items as numbers with reverse
        items turned, kept columns, ``amount frequency duration`` (and ``clv``) in natural units,
        and the same as indicators, such as ``log_amount``. Keys of customers are not in it.
    counts : DataFrame
        ``rule label_en label_zh n``: who was joined, and who was not on either side.
    clv_scale : ClvScale
        How the indicators return to currency.
    weights : Array or None
        Of the rows of `data`.
    definitions : DataFrame
        ``indicator column label_en label_zh unit transform lower upper mean sd``.
    findings : tuple of Finding
    """

    data: pd.DataFrame
    counts: pd.DataFrame
    clv_scale: ClvScale
    weights: Array | None
    definitions: pd.DataFrame
    findings: tuple[Finding, ...]

    @property
    def indicators(self) -> tuple[str, ...]:
        """Columns for a measurement model of customer value."""
        return tuple(i.column for i in self.clv_scale.indicators)

    @property
    def title(self) -> str:
        """What was joined."""
        n = self.counts.set_index("rule")["n"]
        return f"Answers linked to orders: {n['linked']} of {n['respondents']} respondents"

    @property
    def printed(self) -> pd.DataFrame:
        """The counts: rows of people are not printed."""
        return self.counts


def count_frame(counts: Mapping[str, int]) -> pd.DataFrame:
    """Return counts as a table with labels."""
    return pd.DataFrame(
        {
            "rule": list(COUNTED),
            "label_en": [text.en for text in COUNTED.values()],
            "label_zh": [text.zh for text in COUNTED.values()],
            "n": [counts[name] for name in COUNTED],
        }
    )


def definition_frame(made: Sequence[ValueIndicator]) -> pd.DataFrame:
    """Return what was done to each indicator, a row each."""
    rows = [
        {
            "indicator": i.name, "column": i.column, "label_en": i.label.en,
            "label_zh": i.label.zh, "unit": i.unit.en, "transform": i.transform,
            "lower": i.lower, "upper": i.upper, "mean": i.mean, "sd": i.sd,
        }
        for i in made
    ]  # fmt: skip
    return pd.DataFrame(rows)
