"""Read answers to a questionnaire and hold them against it."""

from __future__ import annotations

import hashlib
from os import PathLike
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.survey.answers import Responses, counted
from loyaltysem.survey.checking import ResponsesError, checked
from loyaltysem.survey.exchange.answer_files import read_answer_table
from loyaltysem.survey.exchange.raw_table import RawTable
from loyaltysem.survey.instrument import Questionnaire
from loyaltysem.survey.provenance import Provenance, read_provenance

__all__ = ["Responses", "ResponsesError", "read_responses", "responses_from_frame"]

OnProblems: TypeAlias = Literal["raise", "note"]


def read_responses(
    path: str | PathLike[str],
    questionnaire: Questionnaire,
    *,
    encoding: str | None = None,
    sep: str | None = None,
    on_problems: OnProblems = "raise",
    identify: bool = False,
) -> Responses:
    """Read a file of answers and hold it against the questionnaire.

    Parameters
    ----------
    path : path
        One column per item, named as in the questionnaire: CSV (plain, or exported from
        Qualtrics, ODK or Kobo), Excel .xlsx, SPSS .sav, Stata .dta, SurveyJS results .json.
    questionnaire : Questionnaire
        The instrument.
    encoding : str, optional
        UTF-8 (with or without BOM) unless given; older Chinese files need ``"gb18030"``.
    sep : str, optional
        Comma, semicolon or tab is recognised from the header unless given.
    on_problems : {"raise", "note"}
        What to do about cells that do not fit: raise an error that lists all of them, or take
        impossible answers as missing and keep the list in `Responses.problems`.
    identify : bool
        Name respondents by their ids in the list of problems; rows alone unless asked.

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
    (478, True)
    """
    path = Path(path)
    table = read_answer_table(path, questionnaire, encoding=encoding, sep=sep)
    return _responses(table, questionnaire, read_provenance(path), on_problems, identify)


def responses_from_frame(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    *,
    provenance: Provenance | None = None,
    on_problems: OnProblems = "raise",
    identify: bool = False,
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
    return _responses(table, questionnaire, provenance or Provenance(), on_problems, identify)


def _responses(
    table: RawTable,
    asked: Questionnaire,
    provenance: Provenance,
    on_problems: OnProblems,
    identify: bool,
) -> Responses:
    if on_problems not in get_args(OnProblems):
        raise IncompatibleRequestError(
            f"on_problems is 'raise' or 'note', found {on_problems!r}.",
            code="responses.on_problems",
            hint="'note' takes impossible answers as missing and lists them in .problems.",
        )
    questionnaire = asked.fielded([str(name) for name in table.frame.columns])
    file_name = table.file_name or "The data frame"
    note = on_problems == "note"
    found = checked(table.frame, questionnaire, file_name, note=note, identify=identify)
    counts = {"rows_read": len(found.frame) + table.blank_rows, "blank_rows": table.blank_rows}
    rows = table.frame.index.to_numpy(np.intp)
    responses = Responses(
        found.frame, questionnaire, table.data_hash, table.file_name, provenance, counts, (), rows,
        found.problems,
    )  # fmt: skip
    return counted(responses)
