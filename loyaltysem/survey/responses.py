"""Answers to a questionnaire: read, held against it, and ready to be analysed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import LANGUAGES, Text
from loyaltysem.survey.checking import ResponsesError, checked
from loyaltysem.survey.exchange.csv_file import read_csv_table
from loyaltysem.survey.exchange.raw_table import RawTable
from loyaltysem.survey.instrument import Questionnaire
from loyaltysem.survey.provenance import Provenance, read_provenance
from loyaltysem.survey.scoring import MissingRule, construct_means, turned

__all__ = ["Responses", "ResponsesError", "read_responses", "responses_from_frame"]


@dataclass(frozen=True, slots=True, eq=False)
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
    """

    frame: pd.DataFrame
    questionnaire: Questionnaire
    data_hash: str
    file_name: str
    provenance: Provenance
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def synthetic(self) -> bool:
        """True when no row is a real respondent."""
        return self.provenance.synthetic

    @property
    def data(self) -> pd.DataFrame:
        """Scored items as float64, reverse items turned, shape (N, items)."""
        return turned(self.frame, self.questionnaire)

    def scores(self, *, rule: MissingRule = "half") -> pd.DataFrame:
        """Return construct means in scale points; see `scoring.construct_means` for `rule`."""
        return construct_means(self.data, self.questionnaire, rule=rule)

    def _repr_html_(self) -> str:
        title = " · ".join(escape(self.questionnaire.title.in_(lang)) for lang in LANGUAGES)
        label = "synthetic / 模拟数据 · " if self.synthetic else ""
        rows = "".join(f"<tr><th>{k}</th><td>{n}</td></tr>" for k, n in self.counts.items())
        notes = "".join(f"<li>{escape(str(finding))}</li>" for finding in self.findings)
        head = f"<h4>{title} <small>{label}{escape(self.file_name)}</small></h4>"
        first = self.frame.head().to_html(index=False, na_rep="–", escape=True)
        return f"{head}<table>{rows}</table><ul>{notes}</ul>{first}"


def read_responses(
    path: str | PathLike[str],
    questionnaire: Questionnaire,
    *,
    encoding: str | None = None,
    sep: str | None = None,
) -> Responses:
    """Read a CSV file of answers and hold it against the questionnaire.

    Parameters
    ----------
    path : path
        A CSV file with one column per item, named as in the questionnaire.
    questionnaire : Questionnaire
        The instrument.
    encoding : str, optional
        UTF-8 (with or without BOM) unless given; older Chinese files need ``"gb18030"``.
    sep : str, optional
        Comma, semicolon or tab is recognised from the header unless given.

    Returns
    -------
    Responses

    Raises
    ------
    DataError
        The file cannot be read as a table.
    ResponsesError
        The table does not fit the questionnaire; `.problems` lists everything at once.

    Notes
    -----
    Empty cells, ``NA`` and the questionnaire's missing codes become NaN. A file
    ``<stem>.provenance.yaml`` beside the data says where they come from.

    Examples
    --------
    >>> from loyaltysem.core.datasets import shipped
    >>> from loyaltysem.survey.questionnaire import load_questionnaire
    >>> q = load_questionnaire(shipped("questionnaires", "loyalty_core.yaml"))
    >>> r = read_responses(shipped("data", "study_answers.csv"), q)
    >>> r.counts["respondents"], r.synthetic
    (450, True)
    """
    path = Path(path)
    table = read_csv_table(path, encoding=encoding, sep=sep)
    return _responses(table, questionnaire, read_provenance(path))


def responses_from_frame(
    frame: pd.DataFrame, questionnaire: Questionnaire, *, provenance: Provenance | None = None
) -> Responses:
    """Hold a data frame against the questionnaire; as `read_responses`, without a file.

    Row numbers in problems count the first row of the frame as row 2, as in a spreadsheet.
    """
    if frame.empty:
        raise DataError(
            "The data frame has no rows.",
            code="data.empty",
            hint="Expected one row per respondent.",
        )
    content = frame.to_csv(index=False, lineterminator="\n").encode("utf-8")
    numbered = frame.set_axis(pd.RangeIndex(2, len(frame) + 2, name="row"), axis=0)
    table = RawTable(numbered, hashlib.sha256(content).hexdigest(), file_name="")
    return _responses(table, questionnaire, provenance or Provenance())


def _responses(table: RawTable, asked: Questionnaire, provenance: Provenance) -> Responses:
    questionnaire = asked.fielded([str(name) for name in table.frame.columns])
    frame, extra = checked(table.frame, questionnaire, table.file_name or "The data frame")
    items = frame[[item.name for item in questionnaire.scored_items]]
    complete = int(items.notna().all(axis=1).sum())
    counts = {
        "rows_read": len(frame) + table.blank_rows,
        "blank_rows": table.blank_rows,
        "respondents": len(frame),
        "complete_cases": complete,
        "incomplete_cases": len(frame) - complete,
        "missing_answers": int(items.isna().to_numpy().sum()),
    }
    findings = (
        *_synthetic_finding(provenance),
        *_item_findings(items),
        *_silent_finding(items),
        *_extra_finding(extra),
        *_blank_finding(table.blank_rows),
    )
    return Responses(
        frame, questionnaire, table.data_hash, table.file_name, provenance, counts, findings
    )


def _synthetic_finding(provenance: Provenance) -> tuple[Finding, ...]:
    if not provenance.synthetic:
        return ()
    text = Text(
        "These data are synthetic: no row is a person.", "本数据为模拟数据，不含真实受访者。"
    )
    return (Finding("data.synthetic", text, provenance.description, severity="note"),)


def _item_findings(items: pd.DataFrame) -> tuple[Finding, ...]:
    """Warn of items that carry no information: never answered, or always alike."""
    values = items.to_numpy(np.float64)
    answered = ~np.isnan(values)
    high = np.where(answered, values, -np.inf).max(axis=0)
    low = np.where(answered, values, np.inf).min(axis=0)
    findings: list[Finding] = []
    for name, any_answer, bottom, top in zip(
        items.columns, answered.any(axis=0), low, high, strict=True
    ):
        if not any_answer:
            text = Text(f"Nobody answered item '{name}'.", f"题项“{name}”无人作答。")
            findings.append(Finding("data.empty_item", text, _LEAVE_OUT))
        elif bottom == top:
            text = Text(
                f"Everybody who answered item '{name}' gave {top:g}.",
                f"题项“{name}”的所有回答均为 {top:g}。",
            )
            findings.append(Finding("data.constant_item", text, _LEAVE_OUT))
    return tuple(findings)


_LEAVE_OUT = Text(
    "An item that does not vary cannot be modelled; leave it out.",
    "没有变异的题项无法进入模型，请将其剔除。",
)


def _silent_finding(items: pd.DataFrame) -> tuple[Finding, ...]:
    silent = int(items.isna().all(axis=1).sum())
    if not silent:
        return ()
    text = Text(
        f"{silent} respondent(s) answered no item at all.", f"有 {silent} 位受访者未回答任何题项。"
    )
    return (Finding("data.no_answers", text),)


def _extra_finding(extra: tuple[str, ...]) -> tuple[Finding, ...]:
    if not extra:
        return ()
    text = Text(
        f"Columns not in the questionnaire, kept but not used: {', '.join(extra)}.",
        f"问卷中未定义的列（保留但不参与分析）：{'、'.join(extra)}。",
    )
    return (Finding("data.extra_columns", text, severity="note"),)


def _blank_finding(blank_rows: int) -> tuple[Finding, ...]:
    if not blank_rows:
        return ()
    text = Text(f"{blank_rows} blank row(s) left out.", f"已略去 {blank_rows} 个空行。")
    return (Finding("data.blank_rows", text, severity="note"),)
