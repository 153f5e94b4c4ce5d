"""A progress bar for work that takes longer than a glance."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

#: Seconds before a bar appears: shorter work shows none.
PATIENCE = 2.0


def progress(items: Iterable[T], total: int, label: str, unit: str = "it") -> Iterator[T]:
    """Pass `items` on, showing on stderr how far they are once two seconds have gone.

    Parameters
    ----------
    items : iterable
    total : int
        How many there will be.
    label : str
        What is being done.
    unit : str
        What is counted.

    Yields
    ------
    T
        The items, unchanged.

    Examples
    --------
    >>> list(progress(range(3), 3, "counting"))
    [0, 1, 2]
    """
    with warnings.catch_warnings():
        # A notebook without ipywidgets gets a bar of text, and no lecture.
        warnings.filterwarnings("ignore", message="IProgress not found")
        from tqdm.auto import tqdm  # imports asyncio: not before there is work to show

    bar: Iterable[T] = tqdm(items, total=total, desc=label, unit=unit, delay=PATIENCE, leave=False)
    yield from bar
