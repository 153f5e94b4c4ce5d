"""Many files of answers into one table: what a form that is filled in offline leaves to be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

import pandas as pd

from loyaltysem.core.errors import DataError
from loyaltysem.survey.exchange.answer_files import ANSWER_FORMATS
from loyaltysem.survey.instrument import Questionnaire
from loyaltysem.survey.responses import read_responses

SUFFIXES = {suffix for row in ANSWER_FORMATS.values() for suffix in row.suffixes}
SHOWN = 10


def collect_answers(
    paths: Iterable[str | PathLike[str]],
    questionnaire: Questionnaire,
    *,
    leave_out: Path | None = None,
) -> pd.DataFrame:
    """Return the answers in many files as one table, one row per respondent.

    Parameters
    ----------
    paths : iterable of path
        Files of answers, and folders whose files are taken (not the folders within).
    questionnaire : Questionnaire
        What every file is held against by itself.
    leave_out : Path, optional
        A file in those folders not to take, such as the one about to be written.

    Returns
    -------
    DataFrame
        As `Responses.frame`, with a last column ``answer_file``.

    Raises
    ------
    DataError
        There is no file, or some do not fit; the message names each and why.

    Notes
    -----
    Each file is checked by itself, so that the message can name it.
    A respondent who sent two files is in the table twice; `read_responses` finds that in the
    table, and `Responses.screen` can mark it.

    Examples
    --------
    >>> from loyaltysem.core.datasets import shipped
    >>> from loyaltysem.survey.questionnaire import load_questionnaire
    >>> q = load_questionnaire(shipped("questionnaires", "loyalty_core.yaml"))
    >>> frame = collect_answers([shipped("data", "study_answers.csv")], q)
    >>> len(frame), frame["answer_file"][0]
    (478, 'study_answers.csv')
    """
    frames: list[pd.DataFrame] = []
    faults: list[str] = []
    for path in _files(paths, leave_out):
        try:
            frame = read_responses(path, questionnaire).frame
        except DataError as error:
            faults.append(f"  {path.name}: {error.message.splitlines()[0]}")
        else:
            frames.append(frame.assign(answer_file=path.name))
    if faults:
        more = [f"  … and {len(faults) - SHOWN} more."] if len(faults) > SHOWN else []
        raise DataError(
            "\n".join([f"{len(faults)} file(s) cannot be used:", *faults[:SHOWN], *more]),
            code="data.collect",
            hint="Correct or remove them; `loyaltysem validate` shows a file's problems.",
        )
    if not frames:
        raise DataError(
            "There is no file of answers.",
            code="data.collect",
            hint=f"Expected files that end in {', '.join(sorted(SUFFIXES))}.",
        )
    return pd.concat(frames, ignore_index=True)


def _files(paths: Iterable[str | PathLike[str]], leave_out: Path | None) -> Iterator[Path]:
    skipped = leave_out.resolve() if leave_out else None
    for path in map(Path, paths):
        inside = (
            sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
            if path.is_dir()
            else [path]
        )
        yield from (found for found in inside if found.resolve() != skipped)
