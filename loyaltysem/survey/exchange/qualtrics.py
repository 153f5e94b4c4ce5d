"""Qualtrics: CSV with three header rows (names, wording, import ids)."""

from __future__ import annotations

import json

import pandas as pd

from loyaltysem.survey.exchange.csv_file import table_of, write_csv
from loyaltysem.survey.exchange.raw_table import RawTable
from loyaltysem.survey.instrument import Questionnaire

HEADERS = 3
Records = list[tuple[int, list[str]]]


def is_qualtrics(records: Records) -> bool:
    """Tell whether the third row holds Qualtrics' import ids.

    Examples
    --------
    >>> rows = [["q1"], ["I trust it."], ['{"ImportId":"QID1"}'], ["4"]]
    >>> is_qualtrics(list(enumerate(rows, start=1)))
    True
    """
    return len(records) >= HEADERS and any(
        cell.replace(" ", "").startswith('{"ImportId"') for cell in records[HEADERS - 1][1]
    )


def read_qualtrics(records: Records, content: bytes, file_name: str) -> RawTable:
    """Return the answers below the three header rows, numbered as in the file."""
    return table_of([records[0], *records[HEADERS:]], content, file_name)


def write_qualtrics(frame: pd.DataFrame, questionnaire: Questionnaire) -> bytes:
    """Return answers as Qualtrics would export them."""
    wording = {item.name: item.text.en for item in questionnaire.items}
    names = [str(name) for name in frame.columns]
    ids = [json.dumps({"ImportId": name}) for name in names]
    return write_csv(frame, below=[[wording.get(name, name) for name in names], ids])
