"""The table of everything in a file that does not fit, and the error that carries it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError
from loyaltysem.core.types import Indices

SHOWN = 10
LONGEST = 40  # characters of an answer in a message
MOST_LISTED = 500_000
UNLISTED = "more problems that are not listed"
COLUMNS = ("row", "column", "value", "rule", "expected")

CODES = {
    "column absent": "data.missing_column",
    "column given twice": "data.duplicate_column",
    "off the scale": "data.off_scale",
    "not a number": "data.not_a_number",
    "respondent id given twice": "data.duplicate_id",
    "respondent id missing": "data.missing_id",
    "respondent id of another form": "data.malformed_id",
    UNLISTED: "data.invalid_responses",
}
#: Faults of the table itself: without the column there is nothing to read.
OF_THE_TABLE = ("column absent", "column given twice")


def problem_table(
    column: str,
    rule: str,
    *,
    rows: Indices | None = None,
    value: Sequence[object] = (),
    expected: Sequence[str] | str = "",
) -> pd.DataFrame:
    """Return problems of one column as a table ``row column value rule expected``.

    Parameters
    ----------
    column, rule : str
        Where, and what is broken.
    rows : Indices, optional
        Row numbers in the file, one a problem; without them the whole column is meant.
    value : sequence of str, optional
        What was found, one a problem.
    expected : str or sequence of str
        What would have been right.

    Examples
    --------
    >>> table = problem_table("t1", "off the scale", rows=np.array([3]), value=["9"])
    >>> table.to_dict("records")[0]["value"]
    '9'
    """
    count = 1 if rows is None else len(rows)
    number = pd.array([pd.NA] * count if rows is None else list(rows), dtype="Int64")
    cells = {
        "column": column,
        "value": list(value) or "",
        "rule": rule,
        "expected": expected if isinstance(expected, str) else list(expected),
    }
    filled = {name: _repeated(cell, count) for name, cell in cells.items()}
    return pd.DataFrame({"row": number, **filled}, columns=list(COLUMNS))


def _repeated(cell: object, count: int) -> np.ndarray:
    column = np.empty(count, dtype=object)
    column[:] = cell
    return column


NONE_FOUND = problem_table("", "", rows=np.zeros(0, dtype=np.intp))


def joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return one table of problems out of several.

    Beyond `MOST_LISTED` problems they are only counted, in a last row: a file so wrong is no table
    of these answers at all, and its list should not take more memory than the file.
    """
    kept: list[pd.DataFrame] = []
    listed = more = 0
    for table in tables:
        if listed < MOST_LISTED:
            kept += [table] if len(table) else []
            listed += len(table)
        else:
            more += len(table)
    if more:
        kept.append(problem_table("", UNLISTED, value=[f"{more:,}"]))
    return pd.concat(kept, ignore_index=True) if kept else NONE_FOUND.copy()


class ResponsesError(DataError):
    """Answers that do not fit the questionnaire.

    Attributes
    ----------
    problems : DataFrame
        Every problem: ``row column value rule expected``. `row` is the row number in a spreadsheet,
        where the header is row 1; it is missing for problems of a whole column. Who answered is
        left out unless ``identify=True`` was asked for, which adds ``respondent``.
    """

    def __init__(self, file_name: str, problems: pd.DataFrame):
        self.problems = problems
        rules = problems["rule"].value_counts(sort=False)
        counted = ", ".join(f"{rule} ({count})" for rule, count in rules.items())
        lines = [f"  {in_words(problem)}" for problem in problems.head(SHOWN).to_dict("records")]
        if len(problems) > SHOWN:
            more = len(problems) - SHOWN
            lines.append(
                f"  … and {more} more; all are in the error's .problems, or read the file with "
                'on_problems="note" and see .problems of the answers'
            )
        super().__init__(
            "\n".join([f"{file_name} does not fit the questionnaire: {counted}.", *lines]),
            code=CODES[str(rules.index[0])] if len(rules) == 1 else "data.invalid_responses",
            hint="Correct the data, or the scale, missing_codes or respondent_id in the "
            "questionnaire.",
        )


def in_words(problem: Mapping[Any, Any]) -> str:
    """Return one problem as a line of a message.

    Examples
    --------
    >>> in_words({"row": 3, "column": "t1", "value": "9", "rule": "off the scale",
    ...           "expected": "expected 1 to 5"})
    "row 3, column 't1': '9' off the scale; expected 1 to 5"
    """
    row = "" if pd.isna(problem["row"]) else f"row {problem['row']}"
    who = f"respondent {problem['respondent']}" if problem.get("respondent") else ""
    where = ", ".join(part for part in (row, who, f"column '{problem['column']}'") if part)
    found = f" {_short(str(problem['value']))!r}" if problem["value"] else ""
    expected = f"; {problem['expected']}" if problem["expected"] else ""
    return f"{where}:{found} {problem['rule']}{expected}".rstrip()


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
