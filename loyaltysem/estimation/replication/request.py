"""What decides the numbers of a bootstrap: checked, and told apart from other requests."""

from __future__ import annotations

import hashlib
import json
import operator
import secrets
from typing import SupportsIndex

import numpy as np
import pandas as pd

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.estimation.replication.draws import BLOCK
from loyaltysem.estimation.solved import Solved


def checked_draws(draws: object) -> int:
    """Return a number of draws.

    Raises
    ------
    IncompatibleRequestError
        When it is no whole number above zero.

    Examples
    --------
    >>> checked_draws(np.int64(5000))
    5000
    """
    number = _whole(draws)
    if number is None or number < 1:
        raise IncompatibleRequestError(
            f"{draws!r} draws were asked for.",
            code="request.draws",
            hint="Ask for at least one; 5,000 is usual for intervals of indirect effects.",
        )
    return number


def checked_seed(seed: object) -> int:
    """Return the seed, a fresh one where none is given.

    Raises
    ------
    IncompatibleRequestError
        When it is no whole number of zero or above.
    """
    number = secrets.randbits(32) if seed is None else _whole(seed)
    if number is None or number < 0:
        raise IncompatibleRequestError(
            f"seed={seed!r} is no seed.",
            code="request.seed",
            hint="Give a whole number of zero or above, or leave it out for a fresh one.",
        )
    return number


def _whole(value: object) -> int | None:
    try:
        return operator.index(value) if isinstance(value, SupportsIndex) else None
    except TypeError:  # an array of several
        return None


def request_of(
    fit: Solved, kind: str, seed: int, cluster: object, strata: object
) -> dict[str, object]:
    """Return what decides the replicates: those of one request can be joined."""

    def told(x: object) -> str | None:
        return None if x is None else fingerprint(x)

    return {
        **json.loads(fit.plan.to_json()),
        "kind": kind,
        "seed": seed,
        "cluster": told(cluster),
        "strata": told(strata),
        "block": BLOCK,
    }


def fingerprint(values: object) -> str:
    """Return a hash of the grouping that a column makes, whatever its values are called.

    Examples
    --------
    >>> fingerprint(["a", "b", "a"]) == fingerprint([7, 3, 7])
    True
    >>> fingerprint(["a", "b", "a"]) == fingerprint(["a", "a", "b"])
    False
    """
    codes = pd.factorize(pd.Series(np.asarray(values).ravel()))[0]
    return hashlib.sha256(codes.astype("<i8").tobytes()).hexdigest()[:16]
