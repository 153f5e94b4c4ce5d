"""Moments of 10 million × 21 Parquet files: time, peak memory, and whether they are right.

Writes one file of each kind into a temporary folder (some 2.5 GB), fits a model of three factors to
it in a fresh process that knows nothing of how the file was made, and holds the moments against
sums kept while writing. The exit status is 1 when a target is missed or an answer is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

P, FACTORS, ROWS_AT_ONCE = 21, 3, 500_000
NAMES = [f"x{i + 1}" for i in range(P)]
MODEL = "\n".join(f"f{k + 1} =~ {' + '.join(NAMES[7 * k : 7 * k + 7])}" for k in range(FACTORS))
#: Seconds and MB allowed for reading the moments of 10 million rows on two cores.
SECONDS, MEGABYTES = 4.0, 400.0
KINDS = {
    "int8": "7-point Likert",
    "float32": "continuous",
    "float64": "continuous, mean 100",
}
#: Largest relative error allowed, of the sums kept while writing as much as of ours.
ACCURACY = 1e-10


@dataclass(frozen=True)
class Known:
    """Exact or nearly exact moments of what was written."""

    n: int
    mean: np.ndarray
    cov: np.ndarray


def chunk(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw n answers to P items of FACTORS factors, shape (P, n)."""
    factors = rng.standard_normal((FACTORS, n), dtype=np.float32)
    noise = rng.standard_normal((P, n), dtype=np.float32)
    x = 0.8 * factors.repeat(P // FACTORS, axis=0) + 0.6 * noise
    if kind == "int8":
        return np.clip(np.rint(1.2 * x + 4), 1, 7).astype(np.int8)
    return x if kind == "float32" else 15 * x.astype(np.float64) + 100


def write(path: Path, kind: str, n: int) -> Known:
    """Write a file and add up its moments about their rounded population mean.

    For Likert answers every sum is an integer below 2**53 and therefore exact.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(20)
    about = {"int8": 4.0, "float32": 0.0, "float64": 100.0}[kind]
    first, second = np.zeros(P), np.zeros((P, P))
    with pq.ParquetWriter(path, pa.schema([(name, kind) for name in NAMES])) as writer:
        for start in range(0, n, ROWS_AT_ONCE):
            x = chunk(kind, min(n - start, ROWS_AT_ONCE), rng)
            writer.write_table(pa.table(dict(zip(NAMES, x, strict=True))))
            d = x.astype(np.float64) - about
            first += d.sum(axis=1)
            second += d @ d.T
    cov = (second - np.outer(first, first) / n) / (n - 1)
    return Known(n, about + first / n, cov)


def error(known: Known, mean: np.ndarray, cov: np.ndarray) -> float:
    """Return the largest error of a covariance or mean, in standard deviations."""
    sd = np.sqrt(np.diag(known.cov))
    off = np.abs(cov - known.cov) / np.outer(sd, sd)
    return float(max(off.max(), (np.abs(mean - known.mean) / sd).max()))


def small_exact_error() -> float:
    """Return the error on 2,000 rows with a mean of 10⁸, in rational arithmetic."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from loyaltysem.moments.tables import open_table

    x = np.random.default_rng(1).normal(size=(3, 2000)) + 1e8
    exact = [[Fraction(v) for v in row] for row in x.tolist()]
    mean = [sum(row) / len(row) for row in exact]
    centred = [[v - m for v in row] for row, m in zip(exact, mean, strict=True)]
    cov = [[sum(map(Fraction.__mul__, a, b)) / 1999 for a in centred] for b in centred]
    known = Known(2000, np.array(mean, float), np.array(cov, float))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.parquet"
        pq.write_table(pa.table(dict(zip("abc", x, strict=True))), path, row_group_size=300)
        table = open_table(path)
        assert table is not None
        found = table.moments(["a", "b", "c"], None)
    assert found.mean is not None
    return error(known, found.mean[0], found.cov[0])


# In a fresh process


def peak_megabytes() -> float:
    """Return the peak memory of this process by the kernel's own count, where there is one.

    That of `resource` starts from the parent's size.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    own = next((float(x.split()[1]) for x in lines if x.startswith("VmHWM")), None)
    return (own or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024


def read(path: str, how: str) -> dict[str, object]:
    """Time the moments of a file, or a whole fit to it."""
    import loyaltysem as ls
    from loyaltysem.moments.tables import open_table

    def source() -> object:
        if how != "ibis":
            return path
        import ibis

        return ibis.duckdb.connect().read_parquet(path)

    open_table(source()), ls.sem  # imports are not timed
    start, used = time.perf_counter(), time.process_time()
    if how == "fit":
        fit = ls.cfa(MODEL, path, meanstructure=True)
        n, mean, cov = fit.n_obs, fit.sample.mean[0][0], fit.sample_cov().to_numpy()
        cov = cov * (n / (n - 1))
    else:
        table = open_table(source())
        assert table is not None
        found = table.moments(NAMES, None)
        assert found.mean is not None
        n, mean, cov = found.n_obs[0], found.mean[0], found.cov[0]
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    return {
        "seconds": seconds, "cpu": cpu, "peak": peak_megabytes(), "n": n,
        "mean": mean.tolist(), "cov": cov.tolist(),
    }  # fmt: skip


def fresh(path: Path, how: str) -> dict[str, object]:
    """Run `read` in a process of its own, on one BLAS thread."""
    command = [sys.executable, __file__, "--read", str(path), "--how", how]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, env=environment, text=True)
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def report(path: Path, kind: str, known: Known, how: str, goes: int, full: bool) -> bool:
    """Print one line of the table; return whether the answer is right and the target met."""
    runs = [fresh(path, how) for _ in range(goes)]
    off = max(error(known, np.array(r["mean"]), np.array(r["cov"])) for r in runs)
    counted = all(r["n"] == known.n for r in runs)
    seconds = statistics.median(float(r["seconds"]) for r in runs)
    cpu = statistics.median(float(r["cpu"]) for r in runs)
    peak = max(float(r["peak"]) for r in runs)
    met = seconds <= SECONDS and peak <= MEGABYTES
    verdict = "–" if how == "ibis" or not full else "met" if met else "NOT MET"
    right = counted and off <= ACCURACY
    size = path.stat().st_size / 1e6
    print(f"{kind:8} {KINDS[kind]:22} {size:8.0f} {how:8} {seconds:8.2f} {cpu:8.2f} "
          f"{peak:8.0f} {off:9.1e}  {verdict}{'' if right else '  WRONG'}", flush=True)  # fmt: skip
    return right and verdict != "NOT MET"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--goes", type=int, default=3, help="fresh processes for each line")
    parser.add_argument("--folder", help="where the files go; a temporary folder by default")
    parser.add_argument("--read", help=argparse.SUPPRESS)
    parser.add_argument("--how", choices=("moments", "fit", "ibis"), default="moments")
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(options.read, options.how)))
        return 0
    small = small_exact_error()
    print(f"2,000 rows, mean 1e8, against rational arithmetic: {small:.1e} standard deviations")
    print(f"{'type':8} {'answers':22} {'MB':>8} {'what':8} {'seconds':>8} {'CPU s':>8} "
          f"{'peak MB':>8} {'error':>9}  target {SECONDS:g} s, {MEGABYTES:g} MB")  # fmt: skip
    good = small <= 1e-12
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for kind in KINDS:
            path = Path(folder) / f"{kind}.parquet"
            known = write(path, kind, options.rows)
            for how in ("moments", "fit", "ibis"):
                full = options.rows >= 10_000_000
                good &= report(path, kind, known, how, options.goes, full)
            path.unlink()
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
