"""Answers in an Excel workbook: one row per respondent below a header, on the first sheet."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError
from loyaltysem.survey.exchange.cells import cell_text
from loyaltysem.survey.exchange.csv_file import empty
from loyaltysem.survey.exchange.limits import MOST_CELLS, too_large
from loyaltysem.survey.exchange.raw_table import RawTable
from loyaltysem.survey.exchange.workbook import read_sheets, write_sheets

SHEET = "answers"


def read_excel(content: bytes, file_name: str) -> RawTable:
    """Return the answers on the sheet ``answers``, or on the first sheet that has any.

    Raises
    ------
    DataError
        Damaged or too large, no header, cells beyond the header, or no rows.
    """
    sheets = read_sheets(content, file_name)
    rows = sheets.get(SHEET) or next((rows for rows in sheets.values() if rows), [])
    if not rows:
        raise empty(file_name, "is empty")
    header, body = [cell_text(cell).strip() for cell in rows[0]], rows[1:]
    _check_header(header, body, file_name)
    filled = [(k, row) for k, row in enumerate(body, start=2) if any(map(_answered, row))]
    if not filled:
        raise empty(file_name, "has a header but no rows")
    frame = pd.DataFrame(
        [[cell_text(cell) for cell in row] + [""] * (len(header) - len(row)) for _, row in filled],
        columns=header,
        index=pd.Index([k for k, _ in filled], name="row"),
        dtype=object,
    )
    digest = hashlib.sha256(content).hexdigest()
    return RawTable(frame, digest, file_name, blank_rows=len(body) - len(filled))


def _answered(cell: object) -> bool:
    return cell is not None and str(cell).strip() != ""


def _check_header(header: list[str], body: list[list[object]], file_name: str) -> None:
    if len(header) * len(body) > MOST_CELLS:
        raise too_large(f"{file_name} has {len(body):,} rows", f"{MOST_CELLS:,} cells")
    wide = [(k, len(row)) for k, row in enumerate(body, start=2) if len(row) > len(header)]
    if wide:
        row, length = wide[0]
        raise DataError(
            f"{file_name}: the header has {len(header)} cells, but row {row} has {length}.",
            code="data.ragged_rows",
            hint="Name every column in the first row, and leave nothing beside the table.",
        )


def write_excel(frame: pd.DataFrame) -> bytes:
    """Return answers as a workbook; texts that look like formulas stay texts."""
    table = frame.astype(object).where(frame.notna(), None)
    rows = ([_cell(value) for value in row] for row in table.to_numpy().tolist())
    return write_sheets({SHEET: [[str(name) for name in frame.columns], *rows]})


def _cell(value: object) -> object:
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    if whole and isinstance(value, float):
        return int(value)
    plain = value is None or isinstance(value, str | bool | int | float | np.number)
    return value if plain else cell_text(value)
