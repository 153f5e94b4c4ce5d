"""Answers that fit their questionnaire, and everything that is asked of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Literal

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import LANGUAGES, Text
from loyaltysem.core.types import Indices, Mask
from loyaltysem.survey.instrument import Questionnaire
from loyaltysem.survey.net_promoter import NetPromoterScore, net_promoter
from loyaltysem.survey.problems import NONE_FOUND
from loyaltysem.survey.provenance import Provenance
from loyaltysem.survey.pseudonyms import SAFE_KEY, key_bytes, pseudonyms
from loyaltysem.survey.response_findings import (
    blank_finding,
    exclusion_finding,
    extra_finding,
    identity_finding,
    item_findings,
    problem_finding,
    silent_finding,
    synthetic_finding,
)
from loyaltysem.survey.response_flow import BLANK, Exclusion, ResponseFlow
from loyaltysem.survey.scoring import (
    MissingRule,
    ScoreForm,
    construct_scores,
    score_counts,
    turned,
)
from loyaltysem.survey.screening.criteria import STANDARD, Cutoffs, ScreeningRule
from loyaltysem.survey.screening.result import Screening
from loyaltysem.survey.screening.run import screen
from loyaltysem.survey.screening.sources import NamedPairs, PairSource
from loyaltysem.survey.weights import WeightedMeans, weighted_means

SHOWN_ROWS, SHOWN_ITEMS = 5, 12
LASTING = ("data.may_identify", "data.weak_key")
"""Findings that stay true when respondents are left out."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Responses:
    """Answers that fit their questionnaire.

    Parameters
    ----------
    frame : DataFrame
        The whole table: items as answered (float64, NaN where not answered), the respondent id as
        text, and every other column as it came.
    questionnaire : Questionnaire
        The instrument as fielded: without the modules that no column belongs to.
    data_hash : str
        SHA-256 of the bytes of the file, or of the frame written as CSV.
    file_name : str
        Name of the file; empty for a frame.
    provenance : Provenance
        Where the data come from.
    counts : mapping of str to int
        ``rows_read``, ``blank_rows`` (left out), ``respondents``, ``complete_cases`` (every scored
        item answered), ``incomplete_cases``, ``missing_answers``.
    findings : tuple of Finding
        What the reader of a result must know about these data.
    rows : Indices
        The row of each respondent in the file, as a spreadsheet numbers it, shape (N,): what
        messages and screenings call respondents by, so that ids stay out of them.
    problems : DataFrame
        What did not fit and was noted, not raised: ``row column value rule expected``.
    exclusions : tuple of Exclusion
        Who was left out, by which rule.
    """

    frame: pd.DataFrame
    questionnaire: Questionnaire
    data_hash: str
    file_name: str
    provenance: Provenance
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    rows: Indices
    problems: pd.DataFrame
    exclusions: tuple[Exclusion, ...] = ()

    @property
    def synthetic(self) -> bool:
        """True when no row is a real respondent."""
        return self.provenance.synthetic

    @property
    def respondents(self) -> pd.Series[str]:
        """The respondents' ids; row numbers where the questionnaire names no id column."""
        name = self.questionnaire.respondent_id
        return pd.Series(self.rows).astype(str) if name is None else self.frame[name]

    @property
    def data(self) -> pd.DataFrame:
        """Scored items as float64, reverse items turned, shape (N, items)."""
        return turned(self.frame, self.questionnaire)

    def scores(self, *, rule: MissingRule = "half", form: ScoreForm = "mean") -> pd.DataFrame:
        """Return construct means or sums in scale points; see `scoring.construct_scores`."""
        return construct_scores(self.data, self.questionnaire, rule=rule, form=form)

    def score_counts(self) -> pd.DataFrame:
        """Return how many scores each rule keeps and loses; see `scoring.score_counts`."""
        return score_counts(self.data, self.questionnaire)

    def nps(
        self, item: str | None = None, *, weights: str | None = None, level: float = 0.95
    ) -> NetPromoterScore:
        """Return the Net Promoter Score; see `net_promoter.net_promoter`.

        Parameters
        ----------
        item : str, optional
            The item asked from 0 to 10; the questionnaire's ``nps`` item unless given.
        weights : str, optional
            Column of weights.
        level : float
            Confidence level.
        """
        name = item or self._nps_item()
        answers = self._numbers(name)
        w = None if weights is None else self._numbers(weights)
        return net_promoter(answers, item=name, weights=w, level=level)

    def _nps_item(self) -> str:
        items = self.questionnaire.with_role("nps")
        if len(items) != 1:
            raise IncompatibleRequestError(
                f"The questionnaire has {len(items)} items of the role 'nps'.",
                code="nps.item",
                hint="Name the item: r.nps('recommend').",
            )
        return items[0].name

    def means(self, weights: str, *, of: Literal["items", "scores"] = "items") -> WeightedMeans:
        """Return weighted means of items (turned) or scores; see `weights.weighted_means`."""
        data = self.data if of == "items" else self.scores()
        return weighted_means(data, self._numbers(weights), self.rows)

    def _numbers(self, column: str) -> np.ndarray:
        if column not in self.frame:
            raise DataError(
                f"There is no column '{column}' in the answers.",
                code="data.missing_column",
                hint=did_you_mean(column, [str(c) for c in self.frame.columns])
                or "Check the name in the header.",
            )
        return pd.to_numeric(self.frame[column], errors="coerce").to_numpy(np.float64)

    def flow(self, sent: int | None = None, *, returned: int | None = None) -> ResponseFlow:
        """Return the way from questionnaires sent to answers analysed.

        Parameters
        ----------
        sent : int, optional
            Questionnaires sent; leave out where nobody can know.
        returned : int, optional
            Questionnaires returned, when the file does not hold all of them; its rows by default.
        """
        back = self.counts["rows_read"] if returned is None else returned
        blank = self.counts["blank_rows"] + back - self.counts["rows_read"]
        first = (Exclusion("blank", BLANK, blank),) if blank else ()
        return ResponseFlow(back, (*first, *self.exclusions), self.counts["respondents"], sent)

    def screen(
        self,
        *,
        rule: ScreeningRule | str = STANDARD,
        cutoffs: Cutoffs | None = None,
        seconds: str | tuple[str, str] | None = None,
        sources: Collection[str] = (),
        pairs: PairSource | NamedPairs = "questionnaire",
        critical: float = 0.60,
        attention: Mapping[str, Sequence[float]] | None = None,
    ) -> Screening:
        """Look for careless answers; nothing is deleted. See `screening.run.screen`."""
        return screen(
            self, rule=rule, cutoffs=cutoffs, seconds=seconds, sources=sources, pairs=pairs,
            critical=critical, attention=attention,
        )  # fmt: skip

    def exclude(
        self,
        rule: ScreeningRule | str,
        *,
        cutoffs: Cutoffs | None = None,
        seconds: str | tuple[str, str] | None = None,
        sources: Collection[str] = (),
    ) -> Responses:
        """Return the answers without those who meet a named screening rule.

        A finding and `flow` say who was left out. For other settings use
        ``r.screen(…).apply(rule)``; for grounds other than carelessness, `leave_out`.
        """
        found = self.screen(cutoffs=cutoffs, seconds=seconds, sources=sources)
        return found.apply(rule)

    def leave_out(self, who: Sequence[bool] | pd.Series[bool], reason: Text | str) -> Responses:
        """Return the answers without some respondents, the reason kept for the flow.

        Parameters
        ----------
        who : sequence of bool
            True for those to leave out, shape (N,), such as ``r.frame["age"] < 18``.
        reason : Text or str
            In words.
        """
        text = reason if isinstance(reason, Text) else Text(reason)
        return self.leave_out_by(text.en, ((np.asarray(who, dtype=bool), text),))

    def leave_out_by(self, rule: str, grounds: Sequence[tuple[Mask, Text]]) -> Responses:
        """Return the answers without respondents who meet one of several disjoint grounds."""
        gone = np.zeros(len(self.frame), dtype=bool)
        for mask, _ in grounds:
            if mask.shape != gone.shape:
                raise IncompatibleRequestError(
                    f"Expected one yes or no for each of {len(gone)} respondents, found "
                    f"{mask.size}.",
                    code="exclude.length",
                    hint="Take a condition on r.frame.",
                )
            gone |= mask
        if gone.all():
            raise DataError(
                f"The rule '{rule}' would leave nobody: it meets all {len(gone)} respondents.",
                code="exclude.everybody",
                hint="Look at r.screen().summary and choose other cut-offs.",
            )
        sizes = [(text, int(mask.sum())) for mask, text in grounds]
        left_out = tuple(Exclusion(rule, text, count) for text, count in sizes if count)
        kept = replace(
            self,
            frame=self.frame.loc[~gone].reset_index(drop=True),
            rows=self.rows[~gone],
            exclusions=(*self.exclusions, *left_out),
        )
        return counted(kept)

    def pseudonymise(self, key: str | bytes, *, also: Collection[str] = ()) -> Responses:
        """Return the answers with respondent ids replaced by keyed pseudonyms.

        Parameters
        ----------
        key : str or bytes
            A secret, such as ``secrets.token_hex(32)``, kept apart from the data. The same id and
            key always give the same pseudonym; see `pseudonyms.pseudonyms`.
        also : collection of str
            Further columns to replace, such as an e-mail address.

        Raises
        ------
        IncompatibleRequestError
            An empty key.
        DataError
            No such column.
        """
        weak = len(key_bytes(key)) < SAFE_KEY
        own = self.questionnaire.respondent_id
        frame = self.frame.copy()
        for name in dict.fromkeys([*([own] if own else []), *also]):
            if name not in frame:
                self._numbers(name)  # raises: there is no such column
            cells = frame[name].astype(object).where(frame[name].notna(), "")
            frame[name] = pseudonyms((str(cell).strip() for cell in cells), key)
        open_items = [i.name for i in self.questionnaire.items if i.scale.kind == "text"]
        left = [n for n in (*self._extra(), *open_items) if n not in also]
        findings = (*self.findings, *identity_finding(tuple(left), weak_key=weak))
        return replace(self, frame=frame, findings=findings, problems=_anonymous(self.problems))

    def _extra(self) -> tuple[str, ...]:
        asked = {item.name for item in self.questionnaire.items}
        asked |= {str(self.questionnaire.respondent_id)}
        return tuple(str(name) for name in self.frame.columns if name not in asked)

    def __repr__(self) -> str:
        items = len(self.questionnaire.scored_items)
        label = ", synthetic" if self.synthetic else ""
        return (
            f"<Responses to '{self.questionnaire.name}': {len(self.frame)} respondents, "
            f"{items} scored items{label}>"
        )

    def _repr_html_(self) -> str:
        title = " · ".join(escape(self.questionnaire.title.in_(lang)) for lang in LANGUAGES)
        label = "synthetic / 模拟数据 · " if self.synthetic else ""
        rows = "".join(f"<tr><th>{k}</th><td>{n}</td></tr>" for k, n in self.counts.items())
        notes = "".join(f"<li>{escape(str(finding))}</li>" for finding in self.findings)
        head = f"<h4>{title} <small>{label}{escape(self.file_name)}</small></h4>"
        names = [item.name for item in self.questionnaire.scored_items][:SHOWN_ITEMS]
        first = self.frame[names].head(SHOWN_ROWS)
        first = first.set_axis(pd.Index(self.rows[:SHOWN_ROWS], name="row"), axis=0)
        table = first.to_html(na_rep="–", escape=True)
        return f"{head}<table>{rows}</table><ul>{notes}</ul>{table}"


def counted(responses: Responses) -> Responses:
    """Return the answers with counts and findings brought up to date."""
    items = responses.frame[[item.name for item in responses.questionnaire.scored_items]]
    complete = int(items.notna().all(axis=1).sum())
    blank_rows = responses.counts["blank_rows"]
    counts = {
        "rows_read": responses.counts["rows_read"],
        "blank_rows": blank_rows,
        **(
            {"excluded": sum(e.count for e in responses.exclusions)} if responses.exclusions else {}
        ),
        "respondents": len(items),
        "complete_cases": complete,
        "incomplete_cases": len(items) - complete,
        "missing_answers": int(items.isna().to_numpy().sum()),
    }
    findings = (
        *synthetic_finding(responses.provenance),
        *item_findings(items.drop(columns=_attention(responses))),
        *silent_finding(items),
        *extra_finding(responses._extra()),
        *blank_finding(blank_rows),
        *problem_finding(responses.problems),
        *exclusion_finding(responses.exclusions),
        *(finding for finding in responses.findings if finding.code in LASTING),
    )
    return replace(responses, counts=counts, findings=findings)


def _attention(responses: Responses) -> list[str]:
    """Items with one right answer: that all give it is no fault."""
    items = responses.questionnaire.scored_items
    return [item.name for item in items if item.role == "attention"]


def _anonymous(problems: pd.DataFrame) -> pd.DataFrame:
    """Return the table of problems without respondents' ids."""
    return problems.drop(columns="respondent", errors="ignore") if len(problems) else NONE_FOUND
