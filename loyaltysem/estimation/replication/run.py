"""Work out all blocks of a request: in memory, or part by part into a file that can go on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from loyaltysem.core.parallel import in_parallel
from loyaltysem.estimation.replication.draws import BLOCK, Draws, n_blocks
from loyaltysem.estimation.replication.store import (
    IN_MEMORY,
    InFile,
    InMemory,
    Parts,
    Table,
    check_request,
    parts_beside,
    stored_request,
)


def run(
    how: Draws,
    columns: Sequence[str],
    draws: int,
    request: Mapping[str, object],
    path: Path | None,
    n_jobs: int | None,
) -> Table:
    """Return the replicates of a request.

    Parameters
    ----------
    how : Draws
    columns : sequence of str
        Names of the columns of a row.
    draws : int
    request : mapping
        What decides the numbers, the number of draws left out.
    path : Path or None
        Where to keep them; a temporary file where there are too many for memory.
    n_jobs : int or None
    """
    size = 8 * len(columns) * draws
    if path is None and size <= IN_MEMORY:
        label = f"{draws} bootstrap draws"
        try:
            blocks = list(in_parallel(how, range(n_blocks(draws)), label, n_jobs))
        except KeyboardInterrupt as stop:
            stop.add_note("Nothing was kept. With save='file.parquet' a run can go on later.")
            raise
        return InMemory(np.concatenate(blocks)[:draws])
    folder = None
    if path is None:
        folder = tempfile.TemporaryDirectory(prefix="loyaltysem-")
        path = Path(folder.name) / "replicates.parquet"
    known = None
    if path.exists():
        found, n = stored_request(path)
        check_request(found, request, path)
        if n >= draws:
            return InFile(path, draws)
        known = InFile(path, n)
    parts = parts_beside(path, request)
    parts.open()
    if known is not None:
        _reuse(parts, known)
    try:
        _fill(parts, how, draws, n_jobs)
    except KeyboardInterrupt as stop:
        if folder is None:
            stop.add_note(_resumable(parts, draws))
        raise
    parts.merge(path, columns, draws)
    return InFile(path, draws, folder)


def _reuse(parts: Parts, known: InFile) -> None:
    """Take the whole blocks of a finished file over."""
    block, left = 0, np.empty((0, 0))
    for rows in known.batches():
        left = np.concatenate([left, rows]) if len(left) else rows
        while len(left) >= BLOCK:
            parts.add(block, left[:BLOCK])
            block, left = block + 1, left[BLOCK:]


def _resumable(parts: Parts, draws: int) -> str:
    n = min(draws, BLOCK * len(parts.done(n_blocks(draws))))
    return (
        f"{n} of {draws} draws are kept in '{parts.folder.name}'. The same call goes on from there "
        "and ends with the same numbers."
    )


def _fill(parts: Parts, how: Draws, draws: int, n_jobs: int | None) -> None:
    """Work out the blocks that are not there yet, writing each down as it comes."""
    blocks = n_blocks(draws)
    done = parts.done(blocks)
    missing = [k for k in range(blocks) if k not in done]
    label = f"{draws} bootstrap draws"
    for k, rows in zip(missing, in_parallel(how, missing, label, n_jobs), strict=True):
        parts.add(k, rows)
