"""ODK and KoboToolbox: CSV whose columns may carry the names of groups."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pandas as pd

from loyaltysem.survey.exchange.csv_file import write_csv
from loyaltysem.survey.exchange.raw_table import RawTable
from loyaltysem.survey.instrument import Questionnaire

MARKS = ("KEY", "_uuid", "instanceID", "__id", "_submission_time", "SubmissionDate")
GROUP = re.compile(r".*[/:-]")  # page/item (Kobo), page-item (ODK Central), page:item (Briefcase)


def is_odk(header: list[str]) -> bool:
    """Tell whether a header has the columns that ODK or Kobo add.

    Examples
    --------
    >>> is_odk(["page/t1", "_uuid"]), is_odk(["t1", "t2"])
    (True, False)
    """
    return any(GROUP.sub("", name.strip()) in MARKS for name in header)


def without_groups(table: RawTable, questionnaire: Questionnaire) -> RawTable:
    """Return the table with columns called as the items are, the groups' names taken off.

    A column is renamed only if its short name is that of an item, or of the respondent, and no
    other column has that name.
    """
    wanted = {item.name for item in questionnaire.items} | {questionnaire.respondent_id}
    names = [str(name) for name in table.frame.columns]
    short = [GROUP.sub("", name) if name not in wanted else name for name in names]
    count = Counter(short)
    renamed = [
        new if new in wanted and count[new] == 1 else old
        for old, new in zip(names, short, strict=True)
    ]
    return replace(table, frame=table.frame.set_axis(renamed, axis=1))


def write_odk(frame: pd.DataFrame, questionnaire: Questionnaire) -> bytes:
    """Return answers as ODK Central exports them: ``page-item``, and a column KEY."""
    group = {name: page.name for page in questionnaire.layout() for name in page.items}
    columns = [f"{group[name]}-{name}" if name in group else str(name) for name in frame.columns]
    table = frame.set_axis(columns, axis=1)
    if "KEY" not in table:
        table = table.assign(KEY=[f"row:{k}" for k in range(1, len(table) + 1)])
    return write_csv(table)
