"""What is asked of a test, checked: columns become outcomes by arrival, and who was treated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.types import Array, Mask

Column: TypeAlias = "pd.Series | Sequence[object] | np.ndarray"

#: Labels that are taken for the control group when nothing is said.
CONTROLS = ("control", "对照组", "对照", "0", "False", "A", "a")
#: Customers a group needs at least.
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """The columns of a test, without customers that miss a value, in order of arrival.

    Attributes
    ----------
    outcome : Array, shape (N,)
    treated : Mask, shape (N,)
    covariate : Array or None, shape (N,)
    names : tuple of str
        Of the treated and of the control group; the counts are in the same order.
    missing, assigned : tuple of int
        Customers left out, and customers there were, in each group.
    """

    outcome: Array
    treated: Mask
    covariate: Array | None
    names: tuple[str, str]
    missing: tuple[int, int]
    assigned: tuple[int, int]


def check_request(allocation: float, horizon: float | None, level: float, burn_in: int) -> None:
    """Refuse values out of range, all at once.

    Raises
    ------
    IncompatibleRequestError
    """
    ranges = (
        ("allocation", allocation, 0 < allocation < np.inf),
        ("horizon", horizon, horizon is None or 0 < horizon < np.inf),
        ("level", level, 0 < level < 1),
        ("burn_in", burn_in, burn_in >= 2),
    )
    wrong = [f"{name}={value}" for name, value, sound in ranges if not sound]
    if wrong:
        raise IncompatibleRequestError(
            f"Out of range: {', '.join(wrong)}.",
            code="experiment.request",
            hint="level lies between 0 and 1, allocation and horizon above 0, burn_in from 2.",
        )


def read_trial(
    outcome: Column, group: Column, covariate: Column | None, control: object,
    arrival: Column | None,
) -> Trial:  # fmt: skip
    """Return the columns of a test.

    Raises
    ------
    DataError
        Lengths that differ, values that are no numbers or infinite, other than two groups, fewer
        than two customers in a group.
    IncompatibleRequestError
        No known control group.
    """
    y = _numbers(outcome, "outcome")
    x = None if covariate is None else _numbers(covariate, "covariate")
    labels = pd.Series(np.asarray(group, dtype=object))
    times = None if arrival is None else pd.Series(np.asarray(arrival))
    lengths = {
        name: len(column)
        for name, column in (("outcome", y), ("group", labels), ("covariate", x),
                             ("arrival", times))
        if column is not None
    }  # fmt: skip
    if len(set(lengths.values())) > 1 or (times is not None and times.isna().any()):
        raise DataError(
            f"Columns do not fit together: {lengths}; arrival may not be missing.",
            code="experiment.columns",
            hint="Give one value a customer in each column.",
        )
    treated, names = _sides(labels, control)
    order = np.arange(len(y)) if times is None else np.argsort(times.to_numpy(), kind="stable")
    known = np.isfinite(y) if x is None else np.isfinite(y) & np.isfinite(x)
    kept = order[known[order]]
    counts = [(int((~known & side).sum()), int(side.sum())) for side in (treated, ~treated)]
    if min(assigned - missing for missing, assigned in counts) < FEWEST:
        raise DataError(
            f"A group needs {FEWEST} customers with an outcome.",
            code="experiment.too_few",
            hint="Check the labels of the groups and how missing outcomes are coded.",
        )
    (m1, n1), (m0, n0) = counts
    return Trial(y[kept], treated[kept], None if x is None else x[kept], names, (m1, m0), (n1, n0))


def _numbers(column: Column, name: str) -> Array:
    try:
        values = np.asarray(pd.Series(np.asarray(column)).astype("float64"), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The {name} must be numbers ({error}).",
            code="experiment.not_numeric",
            hint="Convert the column; missing values are NaN.",
        ) from error
    if np.isinf(values).any():
        raise DataError(
            f"The {name} holds infinite values.",
            code="experiment.infinite",
            hint="Correct them, or make them missing.",
        )
    return values


def _sides(labels: pd.Series, control: object) -> tuple[Mask, tuple[str, str]]:
    """Return who was treated, and the names of the treated and of the control group."""
    unique = list(pd.unique(labels.dropna()))
    if len(unique) != 2 or labels.isna().any():
        found = ", ".join(repr(str(u)) for u in unique[:6]) or "none"
        raise DataError(
            f"A test has two groups and every customer is in one; found {found} and "
            f"{int(labels.isna().sum())} customers without a group.",
            code="experiment.groups",
            hint="Compare two groups at a time.",
        )
    wanted = CONTROLS if control is None else (str(control),)
    found_controls = [u for u in unique if str(u) in wanted]
    if len(found_controls) != 1:
        raise IncompatibleRequestError(
            f"Which of {unique[0]!r} and {unique[1]!r} is the control group?",
            code="experiment.control",
            hint="Say so: control=…",
        )
    base = found_controls[0]
    other = next(u for u in unique if u is not base)
    return (labels != base).to_numpy(dtype=np.bool_), (str(other), str(base))
