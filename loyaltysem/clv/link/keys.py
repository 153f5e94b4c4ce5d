"""Keys that join answers to customers; messages never repeat one."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
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
        return str(int(value))  # type: ignore[call-overload]  # Real has __int__ by __trunc__
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
    """
    customers = log.table.customer
    if secret is None:
        called = {key: key.lower() if log.is_merged else key for key in keys if key}
        if not called:
            return {}
        chosen = log.table.filter(customers.isin(sorted(set(called.values()))))
        found = set(log.run(chosen.select("customer").distinct())["customer"])
        return {key: name for key, name in called.items() if name in found}
    everybody = log.run(log.table.select("customer").distinct())["customer"].tolist()
    hashed = dict(zip(pseudonyms(everybody, secret), everybody, strict=True))
    return {key: hashed[key] for key in keys if key in hashed}


def near_misses(log: TransactionLog, keys: Sequence[str]) -> int:
    """Return how many customers have a key that differs from one of these in case only."""
    folded = sorted({key.lower() for key in keys if key})
    if not folded:
        return 0
    near = log.table.filter(log.table.customer.strip().lower().isin(folded))
    return int(log.run(near.aggregate(n=near.customer.nunique()))["n"].iloc[0])
