"""Keep linear algebra on one thread where matrices are small."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController


@functools.cache
def _controller() -> ThreadpoolController:
    """Find the BLAS libraries once: looking for them takes longer than a small fit."""
    return ThreadpoolController()


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
    with _controller().limit(limits=1):
        yield
