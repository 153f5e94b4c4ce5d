"""Race bootstraps: ``python benchmarks/replicates.py [--draws 5000] [--numpy] [--memory 1000000]``.

Replicates a second from raw data to parameters of the study model (27 indicators, N = 450), on one
and on two cores, beside lavaan's ``bootstrapLavaan`` in the same run, and the gigaflops that makes
against the machine's own matrix product. Draws are held against single fits before any time is
printed. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
if "--numpy" in sys.argv:
    os.environ["LOYALTYSEM_FAST"] = "off"

import numpy as np
import pandas as pd
from joblib import parallel_config
from timing import RSession, has_lavaan

import loyaltysem as ls
from loyaltysem.engine.compiled import compilable
from loyaltysem.estimation.replication.draws import BLOCK, CaseDraws
from loyaltysem.estimation.replication.resampling import repeated
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study.definitions import LOYALTY_STUDY
from loyaltysem.study.gathered import gather
from loyaltysem.study.models import STUDY_MODEL

HERE = Path(__file__).resolve().parent
#: Goes of each runner; the median counts.
ROUNDS = 5
#: lavaan's draws in one go.
LAVAAN_DRAWS = 20


def study() -> tuple[SEMResult, pd.DataFrame]:
    frame = gather(LOYALTY_STUDY).responses.data
    return ls.sem(STUDY_MODEL, frame), frame


def check(fit: SEMResult, frame: pd.DataFrame, n: int = 3) -> float:
    """Return the largest difference between draws and single fits of the same samples."""
    boot = fit.bootstrap(BLOCK, seed=1)
    assert isinstance(boot.draws, CaseDraws)
    counts = boot.draws.counts(0)[0]
    found = boot.replicates()
    names = list(found.columns[: fit.structure.n_free])
    worst = 0.0
    for draw in range(n):
        rows = repeated(counts[draw])
        alone = ls.sem(STUDY_MODEL, frame.iloc[rows].reset_index(drop=True)).parameters()
        alone = alone[alone["free"] > 0]
        values = alone.set_index(alone["lhs"] + alone["op"] + alone["rhs"])["est"]
        worst = max(worst, float((values[names] - found.loc[draw, names]).abs().max()))
    if not worst < 1e-8:
        raise AssertionError(f"a draw differs from the fit of its sample by {worst:.1e}")
    return worst


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def gigaflops(n: int = 1200) -> float:
    """Measure one core's double-precision matrix product."""
    a = np.random.default_rng(1).random((n, n))
    best = min(seconds(lambda: a @ a) for _ in range(7))
    return 2.0 * n**3 / best / 1e9


def operations(fit: SEMResult, iterations: float) -> float:
    """Count the floating-point operations of one replicate, roughly.

    Per step: Σ and its inverse (4p³), WSW (4p³), ZᵀWZ and ZᵀRZ (4p²z), the Hessian's products
    (16 q²) and its Cholesky factor (q³/3), with z = 2k columns of Z that are not unit vectors; once
    the sample's moments (N p²).
    """
    block = fit.structure.blocks[0]
    p, z, q = block.p, 2 * block.k, fit.structure.n_free
    step = 8.0 * p**3 + 8.0 * p * p * z + 16.0 * q * q + q**3 / 3.0
    return iterations * step + fit.n_obs * p * (p + 1.0)


def race(
    fit: SEMResult, frame: pd.DataFrame, draws: int, session: RSession | None
) -> dict[str, Any]:
    """Take turns, and return the median seconds a replicate of everyone."""
    taken: dict[str, list[float]] = {"one core": [], "two cores": [], "lavaan, one core": []}
    with parallel_config(backend="loky", n_jobs=2):
        fit.bootstrap(2 * BLOCK, seed=1)  # workers start, load and compile
    for n in range(ROUNDS):
        one = BLOCK * max(draws // (4 * BLOCK), 1)  # whole blocks: no draw is thrown away
        taken["one core"].append(seconds(lambda one=one, n=n: fit.bootstrap(one, seed=n)) / one)
        with parallel_config(backend="loky", n_jobs=2):
            both = seconds(lambda n=n: fit.bootstrap(draws, seed=n))
        taken["two cores"].append(both / draws)
        if session is not None:
            answer = session.ask(f"bootstrap_case({LAVAAN_DRAWS})")
            taken["lavaan, one core"].append(answer["seconds"] / answer["draws"])
    return {k: statistics.median(v) for k, v in taken.items() if v}


def iterations(fit: SEMResult) -> float:
    """Return the mean number of steps a replicate takes."""
    from loyaltysem.estimation.model import bind_model
    from loyaltysem.estimation.replication.refit import _counted
    from loyaltysem.estimation.search import search_batch

    boot = fit.bootstrap(1, seed=1)
    assert isinstance(boot.draws, CaseDraws)
    sample = _counted(fit.sample, boot.draws.values, boot.draws.counts(0))
    model = bind_model(fit.plan, fit.table, fit.structure, sample)
    return float(search_batch(model, fit.solution.alpha[0]).n_iter.mean())


def _memory(draws: int) -> float:
    """Return the peak of a fresh process that takes many draws and asks for an interval, in MB."""
    code = (
        f"import resource, sys; sys.path.insert(0, {str(HERE)!r})\n"
        "from replicates import study\n"
        f"boot = study()[0].bootstrap({draws}, seed=1)\n"
        "boot.intervals('indirect')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=5000)
    parser.add_argument("--numpy", action="store_true", help="leave the compiled kernel out")
    parser.add_argument("--memory", type=int, default=0, help="measure the peak of this many draws")
    options = parser.parse_args()
    fit, frame = study()
    kernel = compilable(fit.objective)
    size = f"{len(fit.table.observed)} indicators, N = {fit.n_obs}, {fit.structure.n_free} free"
    print(f"study model: {size} parameters; {'compiled' if kernel else 'NumPy'}")
    print(f"draws against single fits: {check(fit, frame):.1e}")
    with ExitStack() as stack:
        session = None
        if has_lavaan():
            session = stack.enter_context(RSession(HERE / "cases.R"))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            (folder / "model.txt").write_text(STUDY_MODEL, encoding="utf-8")
            frame.to_csv(folder / "data.csv", index=False)
            session.ask(f'load_case("{folder}/model.txt", "{folder}/data.csv")')
        else:
            print("R with lavaan is not installed: its column stays empty")
        taken = race(fit, frame, options.draws, session)
    peak, steps = gigaflops(), iterations(fit)
    achieved = operations(fit, steps) / taken["one core"] / 1e9
    for name, each in taken.items():
        print(f"{name:>18}: {1 / each:8.0f} replicates/s")
    if "lavaan, one core" in taken:
        print(f"ratio per core: {taken['lavaan, one core'] / taken['one core']:.0f}")
    print(f"{steps:.1f} steps a replicate, {achieved:.1f} GFLOPS of {peak:.0f}")
    with parallel_config(backend="loky", n_jobs=2):
        bca = seconds(lambda: fit.bootstrap(5000, seed=1).intervals("indirect", kind="bca"))
        print(f"5,000-draw BCa interval of the indirect effect: {bca:.1f} s")
        cutoffs = seconds(lambda: ls.fit_cutoffs(fit, seed=1))
        print(f"dynamic cut-offs: {cutoffs:.1f} s")
    if options.memory:
        print(f"{options.memory} draws: peak {_memory(options.memory):.0f} MB")


if __name__ == "__main__":
    main()
