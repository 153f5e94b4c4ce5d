"""Hold a raw table against a questionnaire: numbers out, and every problem in one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypedDict

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, did_you_mean
from loyaltysem.core.types import Array, Mask
from loyaltysem.survey.instrument import Questionnaire, Scale

BLANK = ("", "NA", "NaN", "nan", "None", "<NA>")  # what R, pandas and empty cells leave behind
SHOWN = 10

CODES = {
    "column absent": "data.missing_column",
    "column given twice": "data.duplicate_column",
    "off the scale": "data.off_scale",
    "not a number": "data.not_a_number",
    "respondent id given twice": "data.duplicate_id",
    "respondent id missing": "data.missing_id",
}


class Problem(TypedDict):
    """One row of the table of problems."""

    row: int | None
    respondent: str
    column: str
    value: str
    rule: str
    expected: str


class ResponsesError(DataError):
    """Answers that do not fit the questionnaire.

    Attributes
    ----------
    problems : DataFrame
        Every problem: ``row respondent column value rule expected``. `row` is the row number in a
        spreadsheet, where the header is row 1; it is missing for problems of a whole column.
    """

    def __init__(self, file_name: str, problems: Sequence[Problem]):
        self.problems = pd.DataFrame(problems).astype({"row": "Int64"})
        rules = Counter(problem["rule"] for problem in problems)
        counted = ", ".join(f"{rule} ({count})" for rule, count in rules.items())
        shown = [f"  {_in_words(problem)}" for problem in problems[:SHOWN]]
        if len(problems) > SHOWN:
            shown.append(f"  … and {len(problems) - SHOWN} more; all are in the error's .problems")
        super().__init__(
            "\n".join([f"{file_name} does not fit the questionnaire: {counted}.", *shown]),
            code=CODES[next(iter(rules))] if len(rules) == 1 else "data.invalid_responses",
            hint="Correct the data, or the scale, missing_codes or respondent_id in the "
            "questionnaire.",
        )


def _in_words(problem: Problem) -> str:
    row = "" if problem["row"] is None else f"row {problem['row']}"
    who = f"respondent {problem['respondent']}" if problem["respondent"] else ""
    where = ", ".join(part for part in (row, who, f"column '{problem['column']}'") if part)
    found = f" {problem['value']!r}" if problem["value"] else ""
    expected = f"; {problem['expected']}" if problem["expected"] else ""
    return f"{where}:{found} {problem['rule']}{expected}".rstrip()


def checked(
    raw: pd.DataFrame, questionnaire: Questionnaire, file_name: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the table with item columns as numbers, and the names of columns nobody asked for.

    Parameters
    ----------
    raw : DataFrame
        Cells as read; the index holds row numbers.
    questionnaire : Questionnaire
        What they are held against.
    file_name : str
        For the message.

    Raises
    ------
    ResponsesError
        With every problem found: absent and repeated columns, answers off the scale or not
        numbers, respondent ids missing or given twice.
    """
    problems = [*_column_problems(raw, questionnaire)]
    single = raw.loc[:, ~raw.columns.duplicated()]
    ids = _respondents(single, questionnaire)
    problems += _id_problems(ids, questionnaire.respondent_id)
    numbers: dict[str, Array] = {}
    for item in questionnaire.scored_items:
        if item.name in single:
            numbers[item.name], found = _numbers(single[item.name], item.scale, questionnaire, ids)
            problems += found
    if problems:
        raise ResponsesError(file_name, problems)
    asked = {item.name for item in questionnaire.items} | {questionnaire.respondent_id}
    extra = tuple(str(name) for name in single.columns if name not in asked)
    frame = single.assign(**numbers)
    if ids is not None:
        frame = frame.assign(**{str(questionnaire.respondent_id): ids})
    return frame.reset_index(drop=True), extra


def _column_problems(raw: pd.DataFrame, questionnaire: Questionnaire) -> Iterable[Problem]:
    present = [str(name) for name in raw.columns]
    named = [questionnaire.respondent_id] if questionnaire.respondent_id else []
    wanted = [*named, *(item.name for item in questionnaire.items)]
    spare = [name for name in present if name not in wanted]
    for name in wanted:
        if name not in present:
            yield _problem(name, "column absent", expected=did_you_mean(name, spare))
    for name, count in Counter(present).items():
        if count > 1:
            yield _problem(name, "column given twice", expected=f"found {count} times")


def _problem(
    column: str,
    rule: str,
    *,
    row: int | None = None,
    respondent: str = "",
    value: str = "",
    expected: str = "",
) -> Problem:
    return Problem(
        row=row, respondent=respondent, column=column, value=value, rule=rule, expected=expected
    )


def _respondents(frame: pd.DataFrame, questionnaire: Questionnaire) -> pd.Series[str] | None:
    name = questionnaire.respondent_id
    return _as_text(frame[name]) if name is not None and name in frame else None


def _as_text(column: pd.Series[str]) -> pd.Series[str]:
    """Return cells as trimmed text; a missing cell is empty."""
    filled = column.astype(object).where(column.notna(), "")
    return filled.map(lambda cell: str(cell).strip()).astype(object)


def _id_problems(ids: pd.Series[str] | None, column: str | None) -> Iterable[Problem]:
    if ids is None or column is None:
        return
    first: dict[str, int] = {}
    for row, respondent in ids.items():
        number = int(str(row))
        if respondent in BLANK:
            yield _problem(column, "respondent id missing", row=number)
        elif respondent in first:
            yield _problem(
                column,
                "respondent id given twice",
                row=number,
                respondent=respondent,
                expected=f"first in row {first[respondent]}",
            )
        first.setdefault(respondent, number)


def _numbers(
    column: pd.Series[str],
    scale: Scale,
    questionnaire: Questionnaire,
    ids: pd.Series[str] | None,
) -> tuple[Array, list[Problem]]:
    """Return answers as float64, no answer as NaN, and what cannot be an answer."""
    text = _as_text(column)
    values = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
    blank = text.isin(BLANK).to_numpy(bool)
    missing = blank | np.isin(values, questionnaire.missing_codes)
    unreadable = ~missing & ~np.isfinite(values)
    outside = ~missing & ~unreadable & ~on_scale(values, scale)
    rows = column.index.to_numpy(np.intp)
    problems: list[Problem] = []
    for position in np.flatnonzero(unreadable | outside):
        rule = "not a number" if unreadable[position] else "off the scale"
        problems.append(
            _problem(
                str(column.name),
                rule,
                row=int(rows[position]),
                respondent="" if ids is None else ids.iloc[position],
                value=text.iloc[position],
                expected=f"expected {scale.range}",
            )
        )
    return np.where(missing, np.nan, values), problems


def on_scale(values: Array, scale: Scale) -> Mask:
    """Tell which values are possible answers on `scale`, shape (N,).

    Examples
    --------
    >>> on_scale(np.array([1.0, 2.5, 6.0]), Scale("agree", "likert", 1, 5)).tolist()
    [True, False, False]
    """
    if scale.kind == "choice":
        return np.isin(values, list(scale.labels))
    low = -np.inf if scale.minimum is None else scale.minimum
    high = np.inf if scale.maximum is None else scale.maximum
    within: Mask = (values >= low) & (values <= high)
    return within & (values == np.rint(values)) if scale.kind == "likert" else within
