"""Keep linear algebra on one thread where matrices are small."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import LibController, ThreadpoolController, threadpool_limits


@functools.cache
def _libraries() -> tuple[LibController, ...]:
    """Find the BLAS libraries once: looking for them takes longer than a small fit."""
    return tuple(ThreadpoolController().select(user_api="blas").lib_controllers)


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS to one thread: on small matrices more get in each other's way.

    Serves as a decorator too.

    Examples
    --------
    >>> with one_thread():
    ...     1 + 1
    2
    """
    many = [(library, n) for library in _libraries() if (n := library.num_threads) != 1]
    for library, _ in many:
        library.set_num_threads(1)
    try:
        yield
    finally:
        for library, n in many:
            library.set_num_threads(n)


@contextmanager
def no_threads() -> Iterator[None]:
    """Limit BLAS and OpenMP to one thread: results repeat, and none wait where cores are busy.

    Serves as a decorator too. Libraries are looked for each time, for scikit-learn brings its own
    OpenMP when it is first imported.

    Examples
    --------
    >>> with no_threads():
    ...     1 + 1
    2
    """
    with threadpool_limits(limits=1):
        yield
