"""What decides the numbers of a bootstrap: checked, and told apart from other requests."""

from __future__ import annotations

import hashlib
import json
import operator
import secrets
from os import PathLike
from pathlib import Path
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


def checked_file(save: object) -> Path | None:
    """Return the file replicates are written to; None where they are not.

    Raises
    ------
    IncompatibleRequestError
        When it is no path, a folder, or its name does not end in .parquet.
    """
    if save is None:
        return None
    if not isinstance(save, str | PathLike):
        raise _no_file(f"save={save!r} is no path of a file.")
    path = Path(save).absolute()
    if path.is_dir():
        raise _no_file(f"save='{path.name}' is a folder.")
    if path.suffix.lower() != ".parquet":
        raise _no_file(f"Replicates are written as Parquet, not as '{path.name}'.")
    return path


def _no_file(what: str) -> IncompatibleRequestError:
    return IncompatibleRequestError(
        what,
        code="request.save",
        hint="Name a file that ends in .parquet, such as save='bootstrap.parquet'; "
        "pandas.read_parquet() opens it.",
    )


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
