"""Files of answers: which format a file has, and one way to read and write them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from loyaltysem.core.errors import DataError, IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import LANGUAGES, Language, Text
from loyaltysem.survey.exchange.csv_file import read_records, table_of, write_csv
from loyaltysem.survey.exchange.excel import read_excel, write_excel
from loyaltysem.survey.exchange.labelled import read_labelled, write_labelled
from loyaltysem.survey.exchange.limits import read_bytes
from loyaltysem.survey.exchange.odk import is_odk, without_groups, write_odk
from loyaltysem.survey.exchange.qualtrics import is_qualtrics, read_qualtrics, write_qualtrics
from loyaltysem.survey.exchange.raw_table import RawTable
from loyaltysem.survey.exchange.surveyjs import read_results, write_results
from loyaltysem.survey.instrument import Item, Questionnaire


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """A format of answers: what it is called, its suffixes, and how it is written.

    `read` is None for the kinds of CSV, which are told apart by what stands in them.
    """

    name: str
    title: Text
    suffixes: tuple[str, ...]
    write: Callable[[pd.DataFrame, Questionnaire, Language], bytes]
    read: Callable[[bytes, str], RawTable] | None = None


_ROWS = (
    AnswerFormat(
        "csv", Text("CSV (UTF-8)"), (".csv", ".tsv", ".txt"), lambda f, _q, _lang: write_csv(f)
    ),
    AnswerFormat(
        "xlsx", Text("Excel"), (".xlsx",), lambda f, _q, _lang: write_excel(f), read_excel
    ),
    AnswerFormat(
        "sav",
        Text("SPSS"),
        (".sav", ".zsav"),
        lambda f, q, lang: write_labelled(f, q, "sav", language=lang),
        lambda content, name: read_labelled(content, name, "sav"),
    ),
    AnswerFormat(
        "dta",
        Text("Stata"),
        (".dta",),
        lambda f, q, lang: write_labelled(f, q, "dta", language=lang),
        lambda content, name: read_labelled(content, name, "dta"),
    ),
    AnswerFormat(
        "surveyjs",
        Text("SurveyJS results", "SurveyJS 结果"),
        (".json",),
        lambda f, q, _lang: write_results(f, q),
        read_results,
    ),
    AnswerFormat("qualtrics", Text("Qualtrics CSV"), (), lambda f, q, _lang: write_qualtrics(f, q)),
    AnswerFormat("odk", Text("ODK or Kobo CSV"), (), lambda f, q, _lang: write_odk(f, q)),
)
ANSWER_FORMATS: dict[str, AnswerFormat] = {row.name: row for row in _ROWS}
OLD_EXCEL = (".xls", ".xlsb", ".ods", ".numbers")


def read_answer_table(
    path: Path,
    questionnaire: Questionnaire,
    *,
    encoding: str | None = None,
    sep: str | None = None,
) -> RawTable:
    """Read a file of answers in whatever known format it has, without judging the answers.

    Parameters
    ----------
    path : Path
        CSV (plain, Qualtrics, ODK, Kobo), .xlsx, .sav, .dta, or SurveyJS results (.json).
    questionnaire : Questionnaire
        Says which columns and labels to look for.
    encoding, sep : str, optional
        Of a CSV file.

    Raises
    ------
    DataError
        The file cannot be read as a table.

    Notes
    -----
    Where a cell holds the wording of a scale point (in either language), it becomes the point.
    """
    suffix = path.suffix.lower()
    if suffix in OLD_EXCEL:
        raise DataError(
            f"{path.name}: files of this kind ({suffix}) are not read.",
            code="data.not_csv",
            hint='Open it and save it as .xlsx or as "CSV UTF-8".',
        )
    content = read_bytes(path, pattern=f"*{suffix or '.csv'}")
    row = next((row for row in _ROWS if suffix in row.suffixes), ANSWER_FORMATS["csv"])
    if row.read is not None:
        table = row.read(content, path.name)
    else:
        table = _text_table(content, path.name, questionnaire, encoding, sep)
    return coded(table, questionnaire)


def _text_table(
    content: bytes, name: str, q: Questionnaire, encoding: str | None, sep: str | None
) -> RawTable:
    records = read_records(content, name, encoding=encoding, sep=sep)
    if is_qualtrics(records):
        return read_qualtrics(records, content, name)
    table = table_of(records, content, name)
    return without_groups(table, q) if is_odk(records[0][1]) else table


def coded(table: RawTable, questionnaire: Questionnaire) -> RawTable:
    """Return the table with scale points in place of their wording, where that stands in a cell."""
    frame = table.frame
    single = set(frame.columns[~frame.columns.duplicated(keep=False)])
    changed: dict[str, pd.Series[Any]] = {}
    for item in questionnaire.scored_items:
        codes = _codes(item) if item.name in single else {}
        if codes and pd.api.types.is_object_dtype(frame[item.name]):
            found = [cell for cell in frame[item.name].unique() if str(cell).strip() in codes]
            if found:
                by_cell = {cell: codes[str(cell).strip()] for cell in found}
                changed[item.name] = frame[item.name].replace(by_cell)
    return replace(table, frame=frame.assign(**changed)) if changed else table


def _codes(item: Item) -> dict[str, str]:
    """Return the point of each wording; a wording that is a number stays what it is."""
    words = {
        label.in_(language).strip(): str(code)
        for code, label in item.scale.points
        for language in LANGUAGES
    }
    return {word: code for word, code in words.items() if word and not _is_number(word)}


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def export_answers(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    format: str,
    *,
    language: Language = "en",
) -> bytes:
    """Return answers as a file of another program.

    Parameters
    ----------
    frame : DataFrame
        Answers, one column per item; `Responses.frame`.
    questionnaire : Questionnaire
        Gives the labels.
    format : {"csv", "xlsx", "sav", "dta", "surveyjs", "qualtrics", "odk"}
        A row of `ANSWER_FORMATS`.
    language : {"en", "zh"}
        Of the labels in .sav and .dta.

    Returns
    -------
    bytes
        The content of the file.

    Raises
    ------
    IncompatibleRequestError
        There is no such format.

    Examples
    --------
    >>> from loyaltysem.core.datasets import shipped
    >>> from loyaltysem.survey.questionnaire import load_questionnaire
    >>> q = load_questionnaire(shipped("questionnaires", "loyalty_short.yaml"))
    >>> answers = pd.DataFrame({"beh1": [4.0, None], "remarks": ["=1+1", "好"]})
    >>> export_answers(answers, q, "csv").decode("utf-8-sig").split()
    ['beh1,remarks', "4,'=1+1", ',好']
    """
    if format not in ANSWER_FORMATS:
        raise IncompatibleRequestError(
            f"There is no format of answers '{format}'.",
            code="export.format",
            hint=did_you_mean(format, ANSWER_FORMATS) or f"Use: {', '.join(ANSWER_FORMATS)}.",
        )
    return ANSWER_FORMATS[format].write(frame, questionnaire, language)
