"""What every formula accepts: one number or one a customer, within stated bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError
from loyaltysem.core.types import Array

#: One number, or one a customer, shape (N,). NaN stands for "not known" and gives NaN.
Amount: TypeAlias = "float | Sequence[float] | Array | pd.Series[float]"


def amount(name: str, value: Amount, *, lowest: float = -np.inf, highest: float = np.inf) -> Array:
    """Return a number, or one a customer, as float64.

    Parameters
    ----------
    name : str
        For messages.
    value : float or array-like, shape () or (N,)
        NaN stays.
    lowest, highest : float
        Bounds, both allowed.

    Raises
    ------
    DataError
        Something that is no number, is infinite, or lies outside the bounds.

    Examples
    --------
    >>> amount("retention", [0.8, 0.9], lowest=0, highest=1).tolist()
    [0.8, 0.9]
    """
    try:
        x = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise _refused(name, "something that is no number", "Pass numbers.") from None
    if x.ndim > 1:
        raise _refused(name, f"an array of {x.ndim} dimensions", "Pass one number a customer.")
    if np.isinf(x).any():
        raise _refused(name, "an infinite value", "Pass finite numbers, NaN where not known.")
    wrong = (x < lowest) | (x > highest)
    if wrong.any():
        raise _refused(
            name,
            f"{np.extract(wrong, x)[0]:g} (and {int(wrong.sum()) - 1} more out of bounds)",
            f"'{name}' lies {_bounds(lowest, highest)}.",
        )
    return x


def require_one_length(**given: Array) -> None:
    """Check that amounts are single numbers or have one length.

    Raises
    ------
    DataError
        With the length of each.
    """
    lengths = {name: len(x) for name, x in given.items() if x.ndim}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise DataError(
            f"The amounts have different lengths: {told}.",
            code="formula.lengths",
            hint="Pass one number for all customers or one a customer, in the same order.",
        )


def plain(x: Array) -> Array:
    """Return an array of no dimension as a NumPy number, others as they are."""
    return x[()]


def _bounds(lowest: float, highest: float) -> str:
    if np.isinf(highest):
        return f"at {lowest:g} or above"
    return f"at {highest:g} or below" if np.isinf(lowest) else f"between {lowest:g} and {highest:g}"


def _refused(name: str, found: str, hint: str) -> DataError:
    return DataError(f"'{name}' holds {found}.", code="formula.amount", hint=hint)
