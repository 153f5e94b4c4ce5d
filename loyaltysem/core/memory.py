"""Keep freed memory in the process while matrices of the same size come and go."""

from __future__ import annotations

import functools

import numpy as np

#: Just below the largest threshold glibc's malloc moves up to.
BYTES = 31 * 2**20


@functools.cache
def keep_freed_memory() -> None:
    """Make the allocator hold on to what is freed, once a process.

    Batches of curvature matrices take a megabyte each and live for microseconds. By default glibc
    takes such arrays from the operating system and gives them back at once, and every page is then
    cleared anew: more than half the time of a batched fit. Its threshold for doing so rises to the
    largest block that was ever freed, so one large block, never touched, is allocated and freed.
    Other allocators do not mind.
    """
    np.empty(BYTES, dtype=np.uint8)
