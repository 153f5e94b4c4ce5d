"""Independent pieces of work, in this process, in others or on a cluster: joblib decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.memory import keep_freed_memory
from loyaltysem.core.progress import progress
from loyaltysem.core.threads import one_thread

T = TypeVar("T")
K = TypeVar("K")


def in_parallel(
    task: Callable[[K], T], keys: Sequence[K], label: str, n_jobs: int | None = None
) -> Iterator[T]:
    """Call `task` for every key and yield the results in the order of the keys.

    Parameters
    ----------
    task : callable
        Can be pickled, and depends on nothing but its key: where and when it runs must not show.
    keys : sequence
    label : str
        What the progress bar says.
    n_jobs : int, optional
        Workers. By default what ``joblib.parallel_config`` says, and this process alone where it
        says nothing; ``joblib.parallel_config(backend="dask")`` sends the work to a cluster.

    Returns
    -------
    iterator of T

    Raises
    ------
    IncompatibleRequestError
        A number of workers that there cannot be.

    Examples
    --------
    >>> list(in_parallel(abs, [-1, 2], "taking absolute values"))
    [1, 2]
    """
    return _results(task, keys, label, checked_jobs(n_jobs))


def checked_jobs(n_jobs: object) -> int | None:
    """Return the number of workers asked for.

    Raises
    ------
    IncompatibleRequestError
        When it is neither a whole number other than 0 nor None.

    Examples
    --------
    >>> checked_jobs(-1)
    -1
    """
    if n_jobs is None:
        return None
    if isinstance(n_jobs, int | np.integer) and not isinstance(n_jobs, bool) and n_jobs != 0:
        return int(n_jobs)
    raise IncompatibleRequestError(
        f"n_jobs={n_jobs!r} is no number of workers.",
        code="request.n_jobs",
        hint="Give 1 or more, -1 for all cores, or leave it out.",
    )


def _results(
    task: Callable[[K], T], keys: Sequence[K], label: str, n_jobs: int | None
) -> Iterator[T]:
    from joblib import Parallel, delayed  # takes a tenth of a second that a single fit can spare

    work = Parallel(n_jobs=n_jobs, return_as="generator")
    results: Iterable[T] = work(delayed(_one_threaded)(task, key) for key in keys)
    yield from progress(results, len(keys), label)


def _one_threaded(task: Callable[[K], T], key: K) -> T:
    keep_freed_memory()
    with one_thread():
        return task(key)


def generator(seed: int, key: int) -> np.random.Generator:
    """Return the random stream of one piece of work.

    A stream depends on the seed and on the number of the piece alone, so results do not depend on
    how pieces are spread over workers.

    Examples
    --------
    >>> bool(generator(1, 2).random() == generator(1, 2).random())
    True
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))
