"""How long does it take to read and validate 10,000 answers to 200 items?

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/reading.py
    python benchmarks/reading.py --rows 100000 --items 40

Three files: sound; with 3 % of the answers missing; and with every hundredth answer impossible, so
that some twenty thousand problems are listed. What was read is compared with what was written
before times are printed. The exit status is 1 when the target was missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.timing import peak_memory
from loyaltysem.core.text import Text
from loyaltysem.survey.instrument import Construct, Item, Questionnaire, Scale
from loyaltysem.survey.responses import Responses, read_responses

TARGET = 3.0
GOES = 5
FIVE = Scale("agree", "likert", 1, 5)


def questionnaire(items: int) -> Questionnaire:
    """Return constructs of four five-point items, the last of each reversed."""
    listed = tuple(
        Item(f"q{k}", Text(f"Item {k}", f"题{k}"), FIVE, f"c{k // 4}", k % 4 == 3)
        for k in range(items)
    )
    constructs = tuple(
        Construct(f"c{j}", Text(f"c{j}"), tuple(i.name for i in listed[4 * j : 4 * j + 4]))
        for j in range((items + 3) // 4)
    )
    return Questionnaire("large", "1", Text("Large"), "id", (FIVE,), listed, constructs, (-99.0,))


def answers(rows: int, items: int, kind: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the table to write, and the numbers that reading must give back."""
    rng = np.random.default_rng(1)
    values = rng.integers(1, 6, (rows, items)).astype(float)
    cells = values.astype(int).astype(str).astype(object)
    if kind == "missing":
        gone = rng.random(values.shape) < 0.03
        cells[gone] = np.where(rng.random(gone.sum()) < 0.5, "", "-99")
        values[gone] = np.nan
    if kind == "problems":
        wrong = np.arange(values.size).reshape(values.shape) % 100 == 0
        cells[wrong] = np.where(rng.random(wrong.sum()) < 0.5, "9", "x")
        values[wrong] = np.nan
    frame = pd.DataFrame(cells, columns=[f"q{k}" for k in range(items)])
    frame.insert(0, "id", [f"客户{k}" for k in range(rows)])
    return frame, values


def read(path: Path, items: int) -> Responses:
    """Read and validate; problems are noted, so that the list of them is made."""
    return read_responses(path, questionnaire(items), on_problems="note")


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Return medians of wall clock and of the processor's time, in seconds."""
    walls, cpus = [], []
    for _ in range(GOES):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls), statistics.median(cpus)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--once", type=Path, help="read this file once and print peak memory")
    given = parser.parse_args(arguments)
    if given.once:
        import resource

        read(given.once, given.items)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return 0
    print(f"{given.rows:,} rows × {given.items} items; load {os.getloadavg()[0]:.1f}")
    print("| file | MB | seconds | CPU s | peak MB | problems | target |")
    print("|---|---:|---:|---:|---:|---:|---|")
    met = True
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("sound", "missing", "problems"):
            frame, values = answers(given.rows, given.items, kind)
            path = Path(folder) / f"{kind}.csv"
            frame.to_csv(path, index=False)
            responses = read(path, given.items)
            back = responses.frame[[f"q{k}" for k in range(given.items)]].to_numpy()
            np.testing.assert_array_equal(back, values)
            wall, cpu = measured(lambda path=path: read(path, given.items))
            words = [__file__, "--once", str(path), "--items", str(given.items)]
            fine = wall <= TARGET
            met &= fine
            print(
                f"| {kind} | {path.stat().st_size / 1e6:.1f} | {wall:.2f} | {cpu:.2f} | "
                f"{peak_memory(words):.0f} | {len(responses.problems):,} | "
                f"{'met' if fine else 'not met'} |"
            )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
