"""The screening of a survey: indices, remarks and their reasons, never a deletion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loyaltysem.core.display import MISSING, bounded, integer, number, percent, pvalue
from loyaltysem.core.errors import Finding
from loyaltysem.core.plain_table import html_paragraph, html_table, text_table
from loyaltysem.core.text import Language, Text
from loyaltysem.core.types import Indices, Mask
from loyaltysem.survey.screening.criteria import (
    BY_NAME,
    CRITERIA,
    Criterion,
    ScreeningRule,
    named_rule,
)

if TYPE_CHECKING:
    from loyaltysem.survey.responses import Responses

HEADER = {
    "en": ("Criterion", "Remarked when", "n", "Remarked", "%", "Only here"),
    "zh": ("筛查标准", "界值", "可计算人数", "标记人数", "占比", "仅此一项"),
}
SHOWN = 10
JOIN: Mapping[str, str] = {"en": "; ", "zh": "；"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Screening:
    """Indices of careless responding for every respondent.

    Parameters
    ----------
    responses : Responses
        The answers screened; unchanged.
    indices : DataFrame
        One row a respondent (index ``row``: the row in the file), one column an index, NaN where
        an index does not exist: ``longstring average_longstring irv mahalanobis mahalanobis_p
        synonyms antonyms even_odd person_total seconds_per_item attention_missed missing_share
        duplicate_id_of duplicate_answers_of duplicate_source_of``.
    flags : DataFrame
        The same rows, one boolean column a criterion.
    cutoffs : mapping of str to float
        The value each criterion turned at, NaN where it was not looked at.
    notes : tuple of Finding
        What could not be computed, and why.
    rule : ScreeningRule
        The rule the summary speaks of.
    """

    responses: Responses
    indices: pd.DataFrame
    flags: pd.DataFrame
    cutoffs: Mapping[str, float]
    notes: tuple[Finding, ...]
    rule: ScreeningRule

    def flagged(self, rule: ScreeningRule | str | None = None) -> Mask:
        """Tell who meets a rule (the screening's own by default), shape (N,)."""
        chosen = self.rule if rule is None else named_rule(rule)
        certain = self._count(chosen.any_of) > 0
        if not chosen.among:
            return certain
        return certain | (self._count(chosen.among) >= chosen.at_least)

    def _count(self, criteria: tuple[str, ...]) -> Indices:
        """Return how many of some criteria each respondent meets, shape (N,)."""
        return np.asarray(self.flags[list(criteria)].to_numpy(np.intp).sum(axis=1), dtype=np.intp)

    def apply(self, rule: ScreeningRule | str) -> Responses:
        """Return the answers without those who meet a rule, the reasons counted for the flow.

        Parameters
        ----------
        rule : ScreeningRule or str
            A rule, the name of one (``"standard"``, ``"direct"``), or of a single criterion.

        Returns
        -------
        Responses
            A new object; each respondent left out is counted once, under the first criterion of
            ``any_of`` that they met, or else under "several signs of inconsistency".
        """
        chosen = named_rule(rule)
        open_to = self.flagged(chosen)
        grounds: list[tuple[Mask, Text]] = []
        for name in chosen.any_of:
            met = open_to & self.flags[name].to_numpy(bool)
            grounds.append((met, BY_NAME[name].title))
            open_to = open_to & ~met
        return self.responses.leave_out_by(chosen.name, [*grounds, (open_to, SEVERAL)])

    def reasons(self, language: Language = "en") -> pd.Series[str]:
        """Return every respondent's remarks in words, empty where there are none."""
        lines: list[list[str]] = [[] for _ in range(len(self.flags))]
        for criterion in CRITERIA:
            flagged = np.flatnonzero(self.flags[criterion.name].to_numpy(bool))
            values = self.indices[criterion.index].to_numpy(np.float64)
            for person in flagged:
                lines[person].append(self._remark(criterion, float(values[person]), language))
        joined = [JOIN[language].join(parts) for parts in lines]
        return pd.Series(joined, index=self.flags.index, name="reasons", dtype=object)

    def _remark(self, criterion: Criterion, value: float, language: Language) -> str:
        return criterion.reason.in_(language).format(
            value=_shown(value, criterion.digits),
            cutoff=_shown(self.cutoffs[criterion.name], criterion.digits),
        )

    def frame(self, language: Language = "en", *, identify: bool = False) -> pd.DataFrame:
        """Return one row a respondent: indices, remarks, how many, whether the rule is met.

        Parameters
        ----------
        language : {"en", "zh"}
            Language of the reasons.
        identify : bool
            Add the respondent's id, for writing to a person; it is left out otherwise.
        """
        table = self.indices.copy()
        for name in self.flags:
            table[f"flag_{name}"] = self.flags[name]
        table["n_flags"] = self.flags.to_numpy(bool).sum(axis=1)
        table["meets_rule"] = self.flagged()
        table["reasons"] = self.reasons(language)
        if identify:
            table.insert(0, "respondent", self.responses.respondents.to_numpy())
        return table

    @property
    def summary(self) -> pd.DataFrame:
        """One row a criterion: ``criterion title_en title_zh cutoff n flagged share only``.

        ``n`` counts the respondents whose index exists, ``only`` those with this remark alone.
        """
        flags = self.flags.to_numpy(bool)
        alone = flags & (flags.sum(axis=1, keepdims=True) == 1)
        size = max(len(flags), 1)
        return pd.DataFrame(
            [
                {
                    "criterion": c.name, "title_en": c.title.en, "title_zh": c.title.in_("zh"),
                    "cutoff": self.cutoffs[c.name], "n": self._computed(c),
                    "flagged": int(flags[:, place].sum()),
                    "share": float(flags[:, place].sum()) / size,
                    "only": int(alone[:, place].sum()),
                }
                for place, c in enumerate(CRITERIA)
            ]
        )  # fmt: skip

    def _computed(self, criterion: Criterion) -> int:
        if np.isnan(self.cutoffs[criterion.name]):
            return 0
        if criterion.index.endswith("_of"):  # a missing double is an answer, too
            return len(self.indices)
        return int(self.indices[criterion.index].notna().sum())

    @property
    def overlap(self) -> pd.DataFrame:
        """How many respondents two criteria share; the diagonal holds each one's own count."""
        flags = self.flags.to_numpy(np.int64)
        names = list(self.flags.columns)
        return pd.DataFrame(flags.T @ flags, index=names, columns=names)

    def _lines(self, language: Language) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = []
        for row in self.summary[self.summary["n"] > 0].to_dict("records"):
            criterion = BY_NAME[str(row["criterion"])]
            rows.append(
                (
                    criterion.title.in_(language),
                    _cutoff(float(row["cutoff"]), criterion),
                    integer(int(row["n"])), integer(int(row["flagged"])),
                    percent(float(row["share"])), integer(int(row["only"])),
                )
            )  # fmt: skip
        return rows

    def _headline(self, language: Language) -> str:
        met, count = int(self.flagged().sum()), len(self.flags)
        return HEADLINE.in_(language).format(
            met=integer(met), count=integer(count), rule=self.rule.name,
            share=percent(met / max(count, 1)), words=self.rule.in_words(language),
        )  # fmt: skip

    def in_words(self, language: Language = "en") -> str:
        """Return the summary as text: rows and counts, no respondent ids."""
        lines = [self._headline(language)]
        lines += text_table(HEADER[language], self._lines(language))
        lines += [f"  {note.text.in_(language)}" for note in self.notes]
        return "\n".join(lines)

    def __repr__(self) -> str:
        met, count = int(self.flagged().sum()), len(self.flags)
        return f"<Screening of {count} respondents: {met} meet the rule '{self.rule.name}'>"

    def __str__(self) -> str:
        return self.in_words()

    def _repr_html_(self) -> str:
        tables = (
            html_table(self._headline(language), HEADER[language], self._lines(language))
            for language in ("en", "zh")
        )
        notes = "".join(html_paragraph(str(note)) for note in self.notes)
        return "".join(tables) + notes


SEVERAL = Text("Several signs of inconsistency", "多项一致性指标异常")
HEADLINE = Text(
    "{met} of {count} respondents ({share}) meet the rule '{rule}' ({words}). Nobody was left out.",
    "{count} 份答卷中有 {met} 份（{share}）符合筛查规则“{rule}”（{words}）。尚未剔除任何答卷。",
)


def _cutoff(value: float, criterion: Criterion) -> str:
    if criterion.index.endswith("_of"):
        return MISSING
    return bounded(value, 3) if criterion.digits == -1 else _shown(value, criterion.digits)


def _shown(value: float, digits: int) -> str:
    if digits == -1:
        return pvalue(value)
    if digits == -2:
        return percent(value, 0)
    return number(value, digits)
