"""Keys that join answers to customers; messages never repeat one."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence, Set
from dataclasses import dataclass

import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.log.values import folded, trimmed, written_as
from loyaltysem.core.errors import DataError, IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Indices
from loyaltysem.survey.answers import Responses
from loyaltysem.survey.pseudonyms import pseudonyms

SHOWN = 10


@dataclass(frozen=True, slots=True, eq=False)
class Keyed:
    """Answers with the key of each respondent.

    Attributes
    ----------
    frame : DataFrame
        As answered.
    scored : DataFrame
        Items as numbers, reverse items turned; of a frame, its columns of numbers.
    keys : list of str
        Stripped text; empty where there is none.
    rows : Indices
        What messages call respondents by.
    name : str
        Column of the keys.
    """

    frame: pd.DataFrame
    scored: pd.DataFrame
    keys: list[str]
    rows: Indices
    name: str


def keyed(responses: Responses | pd.DataFrame, key: str | None) -> Keyed:
    """Return answers with their keys, each at most once.

    Raises
    ------
    IncompatibleRequestError
        Nothing says which column holds the keys.
    DataError
        There is no such column, or keys are repeated.
    """
    if isinstance(responses, Responses):
        name = key or responses.questionnaire.respondent_id
        frame, scored, rows = responses.frame, responses.data, responses.rows
    else:
        name, frame = key, responses
        scored = responses.select_dtypes("number").drop(columns=key or [], errors="ignore")
        rows = pd.RangeIndex(len(frame)).to_numpy()
    if name is None:
        raise IncompatibleRequestError(
            "Nothing says which column of the answers names the customer.",
            code="link.key",
            hint="Pass key='column', or set respondent_id in the questionnaire.",
        )
    if name not in frame:
        raise DataError(
            f"The answers have no column '{name}'.",
            code="data.missing_column",
            hint=did_you_mean(name, [str(c) for c in frame.columns]) or "Check the header.",
        )
    keys = [as_key(value) for value in frame[name].tolist()]
    _refuse_repeated(keys, rows)
    return Keyed(frame, scored, keys, rows, name)


def as_key(value: object) -> str:
    """Return a key as text: stripped, whole numbers without a decimal point, empty if missing.

    Examples
    --------
    >>> as_key(" C01 "), as_key(1001.0), as_key(None), as_key(float("nan"))
    ('C01', '1001', '', '')
    """
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, numbers.Real) and float(value).is_integer():
        return str(math.trunc(value))
    return str(value).strip()


def _refuse_repeated(keys: Sequence[str], rows: Indices) -> None:
    frame = pd.DataFrame({"key": keys, "row": rows})
    repeated = frame[(frame["key"] != "") & frame["key"].duplicated(keep=False)]
    if repeated.empty:
        return
    shown = ", ".join(str(row) for row in repeated["row"].tolist()[:SHOWN])
    more = f" and {len(repeated) - SHOWN} more" if len(repeated) > SHOWN else ""
    raise DataError(
        f"{repeated['key'].nunique()} customers have several answers: rows {shown}{more}.",
        code="link.duplicates",
        hint="Keep one answer a customer, such as the first complete one, and link again.",
    )


def customers_of(
    log: TransactionLog, keys: Sequence[str], secret: str | bytes | None
) -> dict[str, str]:
    """Return the customer of the log behind each key that has one.

    Parameters
    ----------
    log : TransactionLog
    keys : sequence of str
    secret : str or bytes, optional
        Under which the keys are pseudonyms of customers; without it they are customers.

    Raises
    ------
    DataError
        A key fits several customers of the log (``link.ambiguous``): spaces at the ends count on
        neither side.
    """
    if secret is None:
        called = {key: written_as(key, is_merged=log.is_merged) for key in keys if key}
        found = _written(log, sorted(set(called.values())))
    else:
        called = {key: key for key in keys if key}
        found = _pseudonymous(log, set(called), secret)
    _refuse_ambiguous(found)
    customers = dict(zip(found["called"], found["customer"], strict=True))
    return {key: customers[name] for key, name in called.items() if name in customers}


def _written(log: TransactionLog, names: Sequence[str]) -> pd.DataFrame:
    """Return ``called customer``: who is written so but for spaces at the ends."""
    if not names:
        return pd.DataFrame({"called": [], "customer": []})
    everybody = log.table.select("customer").distinct()
    told = everybody.mutate(called=trimmed(everybody.customer))
    return log.run(told.filter(told.called.isin(names)))


def _pseudonymous(log: TransactionLog, names: Set[str], secret: str | bytes) -> pd.DataFrame:
    """Return ``called customer``: who has one of these pseudonyms, which are of stripped names."""
    everybody = log.run(log.table.select("customer").distinct())
    hashed = pseudonyms((name.strip() for name in everybody["customer"]), secret)
    told = everybody.assign(called=hashed)
    return told[told["called"].isin(names)]


def _refuse_ambiguous(found: pd.DataFrame) -> None:
    several = int(found.loc[found["called"].duplicated(), "called"].nunique())
    if several:
        raise DataError(
            f"{several} keys of the answers fit several customers of the log, whose identifiers "
            "differ only in spaces.",
            code="link.ambiguous",
            hint='Open the log with ids="merge" if they are the same people, or tell them apart in '
            "both sources.",
        )


def near_misses(log: TransactionLog, keys: Sequence[str]) -> int:
    """Return how many customers have a key that differs from one of these in case only."""
    near = sorted({written_as(key, is_merged=True) for key in keys if key})
    if not near:
        return 0
    alike = log.table.filter(folded(log.table.customer).isin(near))
    return int(log.run(alike.aggregate(n=alike.customer.nunique()))["n"].iloc[0])
