"""Hold a raw table against a questionnaire: numbers out, and every problem in one table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyaltysem.core.errors import did_you_mean
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.survey.instrument import Questionnaire, Scale
from loyaltysem.survey.problems import OF_THE_TABLE, ResponsesError, joined, problem_table

__all__ = ["Checked", "ResponsesError", "checked", "on_scale"]

BLANK = ("", "NA", "NaN", "nan", "None", "<NA>")  # what R, pandas and empty cells leave behind
MOST_SPARE = 500  # headers a misspelt name is compared with


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A table held against its questionnaire.

    Parameters
    ----------
    frame : DataFrame
        Items as float64, ids as trimmed text, everything else as it came; numbered from 0.
    extra : tuple of str
        Columns the questionnaire does not ask for.
    problems : DataFrame
        What was set to missing or noted instead of raised; see `problems.ResponsesError`.
    """

    frame: pd.DataFrame
    extra: tuple[str, ...]
    problems: pd.DataFrame


def checked(
    raw: pd.DataFrame,
    questionnaire: Questionnaire,
    file_name: str,
    *,
    note: bool = False,
    identify: bool = False,
) -> Checked:
    """Return the table with item columns as numbers, after collecting every problem.

    Parameters
    ----------
    raw : DataFrame
        Cells as read; the index holds row numbers.
    questionnaire : Questionnaire
        What they are held against.
    file_name : str
        For the message.
    note : bool
        Only note what is wrong with single cells: an impossible answer becomes missing, an id
        stays. A column that is absent or given twice is an error all the same.
    identify : bool
        Name respondents in the table of problems.

    Raises
    ------
    ResponsesError
        With every problem found: absent and repeated columns, answers off the scale or not
        numbers, respondent ids missing, given twice or of another form.
    """
    single = raw.loc[:, ~raw.columns.duplicated()]
    ids = _respondents(single, questionnaire)
    numbers: dict[str, Array] = {}

    def judged() -> Iterator[pd.DataFrame]:
        yield from _column_problems(raw, questionnaire)
        yield from _id_problems(ids, questionnaire)
        for item in questionnaire.scored_items:
            if item.name in single:
                numbers[item.name], found = _numbers(single[item.name], item.scale, questionnaire)
                yield from found

    problems = joined(judged())
    if identify and ids is not None:
        problems = _identified(problems, ids)
    if len(problems) and not (note and not problems["rule"].isin(OF_THE_TABLE).any()):
        raise ResponsesError(file_name, problems)
    asked = {item.name for item in questionnaire.items} | {questionnaire.respondent_id}
    extra = tuple(str(name) for name in single.columns if name not in asked)
    frame = single.assign(**numbers)
    if ids is not None:
        frame = frame.assign(**{str(questionnaire.respondent_id): ids})
    return Checked(frame.reset_index(drop=True), extra, problems)


def _identified(problems: pd.DataFrame, ids: pd.Series[str]) -> pd.DataFrame:
    who = problems["row"].map(ids.to_dict()).fillna("").astype(object)
    table = problems.copy()
    table.insert(1, "respondent", who)
    return table


def _column_problems(raw: pd.DataFrame, questionnaire: Questionnaire) -> Iterator[pd.DataFrame]:
    present = [str(name) for name in raw.columns]
    named = [questionnaire.respondent_id] if questionnaire.respondent_id else []
    wanted = [*named, *(item.name for item in questionnaire.items)]
    known, there = set(wanted), set(present)
    spare = [name for name in there if name not in known]
    near = spare if len(spare) <= MOST_SPARE else []
    for name in wanted:
        if name not in there:
            yield problem_table(name, "column absent", expected=did_you_mean(name, near))
    for name, count in Counter(present).items():
        if count > 1:
            yield problem_table(name, "column given twice", expected=f"found {count} times")


def _respondents(frame: pd.DataFrame, questionnaire: Questionnaire) -> pd.Series[str] | None:
    name = questionnaire.respondent_id
    return _as_text(frame[name]) if name is not None and name in frame else None


def _as_text(column: pd.Series[str]) -> pd.Series[str]:
    """Return cells as trimmed text; a missing cell is empty."""
    filled = column.astype(object).where(column.notna(), "")
    return filled.map(lambda cell: str(cell).strip()).astype(object)


def _id_problems(
    ids: pd.Series[str] | None, questionnaire: Questionnaire
) -> Iterator[pd.DataFrame]:
    """Find ids that are missing, given twice, or not of the form the questionnaire asks for."""
    column = questionnaire.respondent_id
    if ids is None or column is None:
        return
    rows = ids.index.to_numpy(np.intp)
    blank = ids.isin(BLANK).to_numpy(bool)
    if blank.any():
        yield problem_table(column, "respondent id missing", rows=rows[blank])
    again = ids.duplicated().to_numpy(bool) & ~blank
    if again.any():
        first = dict(zip(ids.to_numpy()[::-1], rows[::-1], strict=True))
        expected = [f"first in row {first[name]}" for name in ids.to_numpy()[again]]
        yield problem_table(
            column, "respondent id given twice", rows=rows[again], expected=expected
        )
    pattern = questionnaire.link.pattern if questionnaire.link else ""
    if pattern:
        form = re.compile(pattern)
        odd = np.array([form.fullmatch(str(name)) is None for name in ids], dtype=bool) & ~blank
        if odd.any():
            yield problem_table(
                column, "respondent id of another form", rows=rows[odd],
                expected=f"expected the form {pattern}",
            )  # fmt: skip


def _numbers(
    column: pd.Series[str], scale: Scale, questionnaire: Questionnaire
) -> tuple[Array, list[pd.DataFrame]]:
    """Return answers as float64, no answer as NaN, and what cannot be an answer.

    What cannot be an answer is NaN too.
    """
    places, cells = _distinct(column)
    text = _as_text(cells)
    values = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
    blank = text.isin(BLANK).to_numpy(bool)
    missing = blank | np.isin(values, questionnaire.missing_codes)
    unreadable = ~missing & ~np.isfinite(values)
    outside = ~missing & ~unreadable & ~on_scale(values, scale)
    rows = column.index.to_numpy(np.intp)
    words = text.to_numpy(object)
    found = [
        problem_table(
            str(column.name), rule, rows=rows[at], value=list(words[places[at]]),
            expected=f"expected {scale.range}",
        )
        for rule, wrong in (("not a number", unreadable), ("off the scale", outside))
        if wrong.any()
        for at in [np.flatnonzero(wrong[places])]
    ]  # fmt: skip
    return np.where(missing | unreadable | outside, np.nan, values)[places], found


def _distinct(column: pd.Series[str]) -> tuple[Indices, pd.Series[str]]:
    """Return the distinct cells of a column of text, and which of them each row holds.

    There are few: a rating scale has some five answers. Cells that are not text stay as they are,
    since True and 1 would pass for the same.
    """
    if pd.api.types.infer_dtype(column, skipna=False) != "string":
        return np.arange(len(column)), column
    places, cells = pd.factorize(column.to_numpy(object))
    return places.astype(np.intp), pd.Series(cells, dtype=object)


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
