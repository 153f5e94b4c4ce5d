"""How long do RFM and summary of 20 million orders by a million customers take?

    python benchmarks/transactions.py                 # 20 million rows
    python benchmarks/transactions.py 5 20 100        # growth, in millions of rows

Each size runs in a fresh process with two threads and DuckDB held to the memory given. From the
path of a Parquet file: `ls.transactions()` with every rule counted, `tx.summary()` and `tx.rfm()`
with all customers brought into a data frame, and the table of segments. What comes out is compared
with plain SQL over the same file before times are printed. The exit status is 1 when a target was
missed at 20 million rows. Files go to --folder and are kept there for the next run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

SECONDS, MEGABYTES = 15.0, 1500.0
TARGET_SIZE = 20
CUSTOMERS = 1_000_000


def written(folder: Path, millions: int) -> Path:
    """Write orders of two years unless they are there: few customers buy much, most little."""
    import duckdb

    path = folder / f"orders_{millions}m.parquet"
    if not path.exists():
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute("SELECT setseed(0.5)")
            connection.execute(
                f"""COPY (
                    SELECT (random() * random() * {CUSTOMERS})::INTEGER AS customer,
                        TIMESTAMP '2022-01-01' + to_seconds((random() * 63072000)::BIGINT) AS time,
                        round(exp(3 + random() * 2.5), 2) AS amount
                    FROM range({millions * 1_000_000})
                ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"""
            )
    return path


def once(path: Path, memory: str) -> dict[str, float]:
    """Go from the path to all results, and say how long each step took."""
    import resource
    import warnings

    warnings.simplefilter("ignore")
    import ibis

    import loyaltysem as ls

    _ = ibis.duckdb, ls.transactions  # loading packages is not timed
    clocks = [(time.perf_counter(), _cpu())]

    def lap() -> None:
        clocks.append((time.perf_counter(), _cpu()))

    tx = ls.transactions(path, memory=memory, threads=2)
    lap()
    summary = tx.summary().frame
    lap()
    rfm = tx.rfm()
    frame = rfm.frame
    lap()
    walls = [b[0] - a[0] for a, b in pairwise(clocks)]
    cpus = [b[1] - a[1] for a, b in pairwise(clocks)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    return {
        "open": walls[0], "summary": walls[1], "rfm": walls[2], "total": sum(walls),
        "cpu": sum(cpus), "peak": peak, "customers": len(frame),
        "rows": int(tx.log.rows("purchase")), "frequency": int(summary["frequency"].sum()),
        "spent": float(summary["total"].sum()), "scores": int(frame["m_score"].sum()),
        "segmented": int(rfm.segments["customers"].sum()),
    }  # fmt: skip


def _cpu() -> float:
    """Processor seconds of all threads."""
    return time.process_time()


def check(path: Path, found: dict[str, float], millions: int) -> None:
    """Hold what came out against plain SQL over the file."""
    import duckdb

    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as connection:
        ((customers, repeats, spent),) = connection.execute(
            f"""SELECT count(*), sum(days - 1), sum(spent) FROM (
                SELECT customer, count(DISTINCT time::DATE) AS days, sum(amount) AS spent
                FROM '{path}' GROUP BY customer)"""
        ).fetchall()
    assert found["rows"] == millions * 1_000_000
    assert found["customers"] == found["segmented"] == customers
    assert found["frequency"] == repeats
    assert abs(found["spent"] - spent) < 1e-9 * spent
    assert abs(found["scores"] / customers - 3.0) < 0.01  # fifths


def measured(path: Path, memory: str) -> dict[str, float]:
    """Run `once` in a fresh process."""
    words = [sys.executable, __file__, "--once", str(path), "--memory", memory]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("millions", type=int, nargs="*", default=[TARGET_SIZE])
    parser.add_argument("--memory", default="800MB", help="what DuckDB may take")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "loyaltysem")
    parser.add_argument("--once", type=Path, help="run one file in this process")
    given = parser.parse_args(arguments)
    if given.once:
        print(json.dumps(once(given.once, given.memory)))
        return 0
    given.folder.mkdir(parents=True, exist_ok=True)
    print(f"DuckDB held to {given.memory}, two threads; load {os.getloadavg()[0]:.1f}")
    print("| rows | MB | open, s | summary, s | RFM, s | together, s | CPU s | peak MB | target |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---|")
    met = True
    for millions in given.millions:
        path = written(given.folder, millions)
        found = measured(path, given.memory)
        check(path, found, millions)
        told = "–"
        if millions == TARGET_SIZE:
            fine = found["total"] <= SECONDS and found["peak"] <= MEGABYTES
            met, told = met and fine, "met" if fine else "not met"
        print(
            f"| {millions},000,000 | {path.stat().st_size / 1e6:.0f} | {found['open']:.1f} | "
            f"{found['summary']:.1f} | {found['rfm']:.1f} | {found['total']:.1f} | "
            f"{found['cpu']:.1f} | {found['peak']:.0f} | {told} |",
            flush=True,
        )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
