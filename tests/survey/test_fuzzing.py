"""Bad files are refused by name or read; never a crash, never a hang, never a gigabyte.

The corpus comes from ``fuzzing.py``: mutations of a sound file of each format, drawn from a seed,
and bombs. Reading happens in processes of their own, so that what one file takes is seen.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

if not hasattr(os, "fork"):
    pytest.skip("watches forked processes", allow_module_level=True)

from tests.survey.fuzzing import (
    MOST_BYTES,
    Case,
    Outcome,
    instrument,
    mutated,
    sound_files,
    try_corpus,
    write_corpus,
)

ROOT = Path(__file__).parents[2]


def outcomes(job: str, folder: Path, *options: str, chunk: int = 1) -> list[Outcome]:
    """Write a corpus in one process and try it in another, which never held its contents."""
    command = [sys.executable, "-m", "tests.survey.fuzzing"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

    def run(*words: str) -> str:
        done = subprocess.run(
            [*command, *words],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    run(job, str(folder), *options)
    told = run("try", str(folder), "--chunk", str(chunk))
    return [Outcome(**json.loads(line)) for line in told.splitlines()]


def failures(found: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in found if not outcome.passes]


@pytest.mark.parametrize(("count", "seed"), [(60, 1), pytest.param(500, 2, marks=pytest.mark.slow)])
def test_mutated_files(tmp_path: Path, count: int, seed: int) -> None:
    options = ("--count", str(count), "--seed", str(seed))
    found = outcomes("mutations", tmp_path, *options, chunk=100)
    assert len(found) == count
    assert failures(found) == []
    assert Counter(outcome.kind for outcome in found)["read"] >= count // 50


@pytest.mark.slow
def test_bombs(tmp_path: Path) -> None:
    found = outcomes("bombs", tmp_path)
    assert len(found) > 40
    assert failures(found) == []
    refused = Counter(outcome.kind for outcome in found)["refused"]
    assert refused >= len(found) - 2  # a claimed dimension is not believed: the file is read


def test_sound_files_are_read(tmp_path: Path) -> None:
    cases = [Case(b.name, b.suffix, b.content, b.answers) for b in sound_files(instrument())]
    assert len(cases) >= 8
    write_corpus(iter(cases), tmp_path)
    found = list(try_corpus(tmp_path, chunk=50))
    bad = [o for o in found if o.kind != "read" and "-limesurvey" not in o.case]
    assert bad == []


def test_a_corpus_comes_back_from_its_seed() -> None:
    bases = sound_files(instrument())
    first, again, other = (list(mutated(bases, 30, seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert sum(case.content != base.content for case, base in zip(first, bases, strict=False)) > 5


def read_as_told(path: Path, answers: bool, questionnaire: object) -> tuple[str, str]:
    """Stand in for the reader: do what the file says."""
    what = path.read_text()
    if what == "memory":
        block = bytearray(1_200_000_000)
        block[::4096] = b"x" * len(block[::4096])
    elif what == "time":
        while True:
            pass
    elif what == "death":
        os.kill(os.getpid(), signal.SIGKILL)
    return "read", ""


def seen_by_the_harness(folder: Path) -> list[tuple[str, bool]]:
    """Watch four readers, of which one does as it should."""
    from tests.survey import fuzzing

    fuzzing.read = read_as_told
    fuzzing.SECONDS = 5.0
    cases = [(name, folder / name, True) for name in ("time", "death", "fine", "memory")]
    kinds = []
    while cases:
        done = fuzzing.watched(cases, instrument())
        kinds += [(outcome.kind, outcome.passes) for outcome in done]
        cases = cases[len(done) :]
    return kinds


def test_the_harness_sees_a_failure(tmp_path: Path) -> None:
    for name in ("memory", "time", "death", "fine"):
        (tmp_path / name).write_text(name)
    # A process of its own: a fork counts what its parent holds, and a tests' worker holds much.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        kinds = fresh.submit(seen_by_the_harness, tmp_path).result()
    assert kinds == [("hung", False), ("died", False), ("read", True), ("read", False)]
    assert MOST_BYTES == 1_000_000_000
