"""What may be asked of a model of purchases: units, times, rates."""

from __future__ import annotations

import numpy as np

from loyaltysem.clv.summary import days_in
from loyaltysem.core.errors import IncompatibleRequestError


def known_unit(unit: str | None) -> str | None:
    """Return a unit of time that exists, or None.

    Raises
    ------
    IncompatibleRequestError
    """
    if unit is not None:
        days_in(unit)
    return unit


def require_time(t: float) -> None:
    """Refuse times that are not finite and at least 0.

    Raises
    ------
    IncompatibleRequestError
    """
    if not (np.isfinite(t) and t >= 0):
        raise IncompatibleRequestError(
            f"A time is a finite number from 0 on, found {t!r}.",
            code="request.time",
            hint="Give it in the unit of T, counted from the end of observation.",
        )


def require_rate(rate: float) -> None:
    """Refuse discount rates that are not above 0.

    Raises
    ------
    IncompatibleRequestError
    """
    if not (np.isfinite(rate) and rate > 0):
        raise IncompatibleRequestError(
            f"A discount rate is a finite number above 0, found {rate!r}: without discounting all "
            "future purchases may have an infinite expectation.",
            code="request.rate",
            hint="15 % a year in weeks is log(1.15)/52; for purchases until a date use "
            "expected_purchases.",
        )
