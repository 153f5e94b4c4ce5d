"""How fast the models of purchases are fitted: CDNOW beside lifetimes, a million customers alone.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/purchase.py

lifetimes (extra `examples`) is run as a peer and carries the data; without it only the simulated
customers are timed. What both find is compared before anything is printed.
"""

from __future__ import annotations

import importlib
import importlib.util
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import loyaltysem as ls
from loyaltysem.core.threads import one_thread

ROUNDS = 25
#: Asked for: times as fast as lifetimes, seconds for a million customers.
RATIO, SECONDS = 10.0, 5.0
MODELS = {"bg_nbd": "BetaGeoFitter", "pareto_nbd": "ParetoNBDFitter"}


def cdnow_master() -> pd.DataFrame | None:
    """Return histories of the 23,570 customers, in weeks at the resolution of a day."""
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "datasets" / "CDNOW_master.txt"
    log = pd.read_csv(
        path, sep=r"\s+", names=["id", "date", "cds", "amount"], header=0, dtype={"date": str}
    )
    log["day"] = pd.to_datetime(log["date"], format="%Y%m%d")
    seen = log.drop_duplicates(["id", "day"]).groupby("id")["day"].agg(["min", "max", "count"])
    return pd.DataFrame(
        {
            "frequency": seen["count"] - 1,
            "recency": (seen["max"] - seen["min"]).dt.days / 7,
            "T": (log["day"].max() - seen["min"]).dt.days / 7,
        }
    )


def million() -> pd.DataFrame:
    """Return a million simulated customers, in days."""
    length = np.random.default_rng(1).integers(182, 365, 1_000_000).astype(np.float64)
    seen = ls.clv.simulate_bg_nbd(len(length), length, r=0.25, alpha=31.0, a=0.8, b=2.4, seed=1)
    return seen.assign(recency=np.ceil(seen["recency"]))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return processor seconds, which other work hardly lengthens, and the result."""
    begin = time.process_time()
    result = work()
    return time.process_time() - begin, result


def race(name: str, seen: pd.DataFrame, rounds: int) -> tuple[float, float]:
    """Return median seconds of ours and of lifetimes, in turns; refuse to, where they differ."""
    columns = (seen["frequency"], seen["recency"], seen["T"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = getattr(importlib.import_module("lifetimes"), MODELS[name])
        ours, theirs = [], []
        for _ in range(rounds):
            seconds, fit = timed(lambda: getattr(ls.clv, name)(*columns))
            ours.append(seconds)
            seconds, other = timed(lambda: peer(penalizer_coef=0.0).fit(*columns))
            theirs.append(seconds)
    found = np.array([other.params_[p] for p in fit.params.index])
    away = float(np.abs((fit.params.to_numpy() - found) / fit.bse.to_numpy()).max())
    if away > 0.01:
        raise SystemExit(f"{name}: {away:.3f} standard errors from lifetimes")
    return statistics.median(ours), statistics.median(theirs)


def alone(name: str, seen: pd.DataFrame, rounds: int) -> tuple[float, Any]:
    """Return median seconds and the fit, held against the parameters that were drawn from."""
    columns = (seen["frequency"], seen["recency"], seen["T"])
    runs = [timed(lambda: getattr(ls.clv, name)(*columns)) for _ in range(rounds)]
    return statistics.median(r[0] for r in runs), runs[-1][1]


def main() -> None:
    with one_thread():
        met = []
        seen = cdnow_master()
        print("| work | ours, s | lifetimes, s | ratio | |\n|---|---|---|---|---|")
        for name, rounds in (("bg_nbd", ROUNDS), ("pareto_nbd", 3)) if seen is not None else ():
            ours, theirs = race(name, seen, rounds)
            met.append(theirs >= RATIO * ours)
            verdict = "met" if met[-1] else "**not met**"
            print(f"| {name}, CDNOW, {len(seen):,} customers | {ours:.3f} | {theirs:.2f} | "
                  f"{theirs / ours:.1f} | {verdict} |")  # fmt: skip
        table = million()
        seconds, fit = alone("bg_nbd", table, 3)
        true = np.array([0.25, 31.0, 0.8, 2.4])
        away = float(np.abs((fit.params.to_numpy() - true) / fit.bse.to_numpy()).max())
        kinds = len(fit.customers.seen.count)
        predicting, _ = timed(lambda: fit.predict(90.0))
    # recency rounded up to whole days moves estimates by a few of these small standard errors
    if not fit.converged or away > 8:
        raise SystemExit(f"a million customers: {away:.1f} standard errors from the truth")
    met.append(seconds <= SECONDS)
    verdict = "met" if met[-1] else "**not met**"
    print(f"| bg_nbd, 1,000,000 customers, {kinds:,} kinds | {seconds:.2f} | – | – | {verdict} |")
    print(f"| what each of them will buy, and whether alive | {predicting:.2f} | – | – | |")
    raise SystemExit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
