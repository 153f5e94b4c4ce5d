"""What a fair race needs: an R that stays alive, interleaved rounds, medians, peak memory."""

from __future__ import annotations

import gc
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

#: Reads one line of R after another and answers each with one line of JSON.
R_LOOP = """
input <- file("stdin", "r")
while (length(line <- readLines(input, n = 1)) == 1) {
  answer <- tryCatch(eval(parse(text = line)), error = function(e) {
    sprintf('{"error": %s}', encodeString(conditionMessage(e), quote = '"'))
  })
  cat(answer, "\\n", sep = "")
  flush(stdout())
}
"""


class RSession:
    """One R process fed line by line, so that starting R and loading lavaan is never timed."""

    def __init__(self, set_up: Path) -> None:
        self._process = subprocess.Popen(
            ["Rscript", "--vanilla", "-e", R_LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.ask(f'{{ source("{set_up.as_posix()}"); "{{}}" }}')

    def __enter__(self) -> RSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def ask(self, line: str) -> dict[str, Any]:
        """Evaluate one line of R whose value is a string of JSON."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline() or '{"error": "R died"}')
        if "error" in found:
            raise RuntimeError(f"R: {found['error']}")
        return found


def has_lavaan() -> bool:
    """Tell whether R and lavaan are installed."""
    if shutil.which("Rscript") is None:
        return False
    probe = ["Rscript", "--vanilla", "-e", "quit(status = !requireNamespace('lavaan'))"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True, slots=True)
class Rounds:
    """How long a race is: at least `fewest` rounds, then until `seconds` are used up.

    In a round every runner has `turns` goes in a row: the first one finds the caches full of what
    others left, the next ones do not, and the median is over all. Who takes more than `slow`
    seconds has one go.
    """

    fewest: int = 3
    most: int = 31
    turns: int = 5
    seconds: float = 20.0
    slow: float = 3.0


def race(runners: Mapping[str, Callable[[], float]], rounds: Rounds) -> dict[str, float]:
    """Run every runner in every round, and return each one's median in seconds.

    A runner returns the time it took by its own clock. Interleaving spreads the noise of a shared
    machine over all of them.
    """
    taken: dict[str, list[float]] = {name: [] for name in runners}
    begin = time.perf_counter()
    for n in range(rounds.most):
        if n >= rounds.fewest and time.perf_counter() - begin > rounds.seconds:
            break
        for name, run in runners.items():
            gc.collect()
            gc.disable()  # as timeit does
            for _ in range(rounds.turns):
                if max(taken[name], default=0.0) < rounds.slow:
                    taken[name].append(run())
            gc.enable()
    return {name: statistics.median(x) for name, x in taken.items()}


def stopwatch(work: Callable[[], object]) -> Callable[[], float]:
    """Turn a piece of work into a runner timed by Python's clock."""

    def run() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return run


def peak_memory(arguments: Sequence[str]) -> float:
    """Run a Python script in a fresh process and return the peak it reports, in MB."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1]) / 1024.0
