"""What users give, checked: numbers for each customer become counted kinds of histories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError
from loyaltysem.core.types import Array, Indices

#: A recency that exceeds T by no more than this share of T is rounding.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Customers:
    """Customers as given, and the kinds they fall into.

    Attributes
    ----------
    index : Index
        Of the customers.
    kind : Indices, shape (N,)
        The kind each customer is of.
    seen : Histories
    purchase, dropout : DataFrame
        Covariates of the kinds, a row each; without columns where none were given.
    """

    index: pd.Index
    kind: Indices
    seen: Histories
    purchase: pd.DataFrame
    dropout: pd.DataFrame


def read_customers(
    frequency: ArrayLike,
    recency: ArrayLike,
    length: ArrayLike,
    weights: ArrayLike | None = None,
    purchase: object = None,
    dropout: object = None,
    *,
    discrete: bool = False,
) -> Customers:
    """Check histories and count equal ones.

    Raises
    ------
    DataError
        Code ``purchase.input``: all that is wrong, with the number of rows.
    """
    given = {
        "frequency": vector(frequency, "frequency"),
        "recency": vector(recency, "recency"),
        "n" if discrete else "T": vector(length, "n" if discrete else "T"),
    }
    count = np.ones(len(given["frequency"])) if weights is None else vector(weights, "weights")
    _same_length({**given, "weights": count})
    x, t, end = given.values()
    _refuse(_problems(x, t, end, count, discrete))
    t = np.minimum(t, end)
    tables = [
        covariates(z, len(x), name) for z, name in ((purchase, "purchase"), (dropout, "dropout"))
    ]
    columns = [x, t, end, *(z[c].to_numpy() for z in tables for c in z.columns)]
    kind, first = kinds(columns)
    seen = Histories(
        x[first], t[first], end[first], np.bincount(kind, weights=count).astype(np.float64)
    )
    parts = [z.iloc[first].reset_index(drop=True) for z in tables]
    index = frequency.index if isinstance(frequency, pd.Series) else pd.RangeIndex(len(x))
    return Customers(index, kind, seen, parts[0], parts[1])


def kinds(columns: list[Array]) -> tuple[Indices, Indices]:
    """Return the kind of each row and the first row of each kind.

    Examples
    --------
    >>> kind, first = kinds([np.array([2.0, 1.0, 2.0]), np.array([5.0, 5.0, 5.0])])
    >>> kind.tolist(), first.tolist()
    ([0, 1, 0], [0, 1])
    """
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:  # hashing each column and then pairs takes a fifth of a sort by rows
        own, levels = pd.factorize(column)
        code, _ = pd.factorize(code * len(levels) + own)
    size = int(code.max(initial=-1)) + 1
    first = np.full(size, len(code), dtype=np.intp)
    np.minimum.at(first, code, np.arange(len(code)))
    return code.astype(np.intp), first


def vector(values: ArrayLike, name: str) -> Array:
    """Return numbers, shape (N,).

    Raises
    ------
    DataError
        Not a column of numbers, or values that are missing or infinite.
    """
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"{name} holds values that are not numbers.",
            code="purchase.input",
            hint="Give one number for each customer; times as numbers of weeks, not dates.",
        ) from None
    if numbers.ndim != 1 or not len(numbers):
        raise DataError(
            f"{name} should be one column of numbers, found an array of shape {numbers.shape}.",
            code="purchase.input",
            hint="Give one number for each customer.",
        )
    bad = int((~np.isfinite(numbers)).sum())
    if bad:
        raise DataError(
            f"{name} is missing or infinite for {integer(bad)} of {integer(len(numbers))} rows.",
            code="purchase.input",
            hint="Leave these customers out, or find out why they have no history.",
        )
    return numbers


def _same_length(given: Mapping[str, Array]) -> None:
    lengths = {name: len(values) for name, values in given.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {integer(n)}" for name, n in lengths.items())
        raise DataError(
            f"The columns have different lengths: {told}.",
            code="purchase.input",
            hint="Each needs one number for each customer.",
        )


def _problems(x: Array, t: Array, end: Array, count: Array, discrete: bool) -> dict[str, int]:
    """Return what is impossible and how many customers it concerns."""
    last, time = ("n", "opportunity") if discrete else ("T", "time")
    whole = [x, t, end] if discrete else [x]
    faults = {
        f"frequency below 0 or not a whole number{', or so recency or n' if discrete else ''}": (
            np.any([(v < 0) | (v != np.floor(v)) for v in whole], axis=0)
        ),
        "a negative recency": t < 0,
        f"recency after {last}": t > end * (1 + ROUNDING),
        f"a {time} of the last repeat purchase though there was none": (x == 0) & (t > 0),
        f"repeat purchases but recency 0 ({time} of the last one)": (x > 0) & (t <= 0),
        "a weight that is not positive": count <= 0,
    }
    if discrete:
        faults["more purchases than opportunities up to the last one"] = (x > t) & (t > 0)
    return {told: int(bad.sum()) for told, bad in faults.items() if bad.any()}


def _refuse(problems: Mapping[str, int]) -> None:
    if problems:
        told = "; ".join(f"{integer(n)} with {what}" for what, n in problems.items())
        raise DataError(
            f"There are customers whose history is impossible: {told}.",
            code="purchase.input",
            hint="frequency counts repeat purchases (the first is not counted), recency is the "
            "time from the first to the last purchase, T the time from the first purchase to the "
            "end of observation. Count several purchases on one day as one.",
        )


def covariates(given: Any, n: int, name: str) -> pd.DataFrame:
    """Return covariates as numbers, a row for each customer.

    Raises
    ------
    DataError
        Other rows than customers, or values that are not finite numbers.
    """
    if given is None:
        return pd.DataFrame(index=pd.RangeIndex(n))
    frame = given.to_frame() if isinstance(given, pd.Series) else pd.DataFrame(given)
    frame.columns = [str(c) if isinstance(c, str) else f"z{c + 1}" for c in frame.columns]
    if len(frame) != n:
        raise DataError(
            f"{name} covariates have {integer(len(frame))} rows for {integer(n)} customers.",
            code="purchase.covariates",
            hint="Give one row for each customer, in the same order.",
        )
    read = {c: vector(frame[c], f"covariate '{c}' of {name}") for c in frame.columns}
    return pd.DataFrame(read)


def require_varied(frame: pd.DataFrame, name: str) -> None:
    """Refuse covariates whose coefficients no data could tell from a parameter.

    Raises
    ------
    DataError
        Columns that are constant or follow from the others.
    """
    if frame.shape[1] == 0:
        return
    values = frame.to_numpy(np.float64)
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    if np.linalg.matrix_rank(scaled) < frame.shape[1]:
        raise DataError(
            f"Covariates of {name} ({', '.join(frame.columns)}) are constant or follow from each "
            "other.",
            code="purchase.covariates",
            hint="Leave out one level of each grouping, and covariates that do not vary.",
        )
