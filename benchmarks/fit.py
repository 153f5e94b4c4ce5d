"""Race whole fits against lavaan and semopy: ``python benchmarks/fit.py [part of a case's name]``.

Every runner does what its user would do to see estimates, standard errors, χ² and all fit
measures. Outputs are compared before any time is printed. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # R's BLAS too: read when the library is loaded

import numpy as np
import pandas as pd
from cases import CASES, Case, Target
from timing import Rounds, RSession, has_lavaan, peak_memory, race, stopwatch

import loyaltysem as ls

HERE = Path(__file__).resolve().parent
#: Largest difference allowed, in standard errors for estimates and relative for the rest.
AGREE = 2e-3
#: Seconds beyond which a program is not run again.
SLOW = 3.0


def fit_ours(case: Case, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Do the work that is timed."""
    fit = ls.sem(case.model, frame, **case.ours)
    return fit.parameters(standardized=False), fit.fit_measures()


def ask_lavaan(session: RSession, case: Case) -> dict[str, Any]:
    return session.ask(f"fit_case({case.lavaan})")


def fit_semopy(case: Case, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit, inspect and compute the fit measures with semopy."""
    import semopy

    model = semopy.Model("\n".join(x for x in case.model.splitlines() if ":=" not in x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(frame, obj=case.semopy)
        return model.inspect(), semopy.calc_stats(model)


def _gap(ours: np.ndarray, theirs: np.ndarray, unit: np.ndarray) -> float:
    known = np.isfinite(theirs)
    return float(np.max(np.abs(ours - theirs)[known] / unit[known], initial=0.0))


def check_lavaan(ours: tuple[pd.DataFrame, pd.Series], theirs: dict[str, Any]) -> float:
    """Return the largest difference of estimates, standard errors and fit measures."""
    frame, measures = ours
    frame = frame[frame["group"] > 0]
    frame = frame.assign(name=frame["lhs"] + frame["op"] + frame["rhs"]).set_index("name")
    names = [n for n in theirs["name"] if n in frame.index]
    if len(names) < frame["free"].astype(bool).sum():
        raise AssertionError("lavaan's table lacks free parameters of ours")
    other = pd.DataFrame(theirs, columns=["name", "est", "se"]).set_index("name").loc[names]
    frame = frame.loc[names]
    other = other.astype(float)
    se = frame["se"].to_numpy()
    unit = np.where(se > 0, se, 1.0)
    gaps = [_gap(frame[c].to_numpy(), other[c].to_numpy(), unit) for c in ("est", "se")]
    found = measures[theirs["fit_name"]].to_numpy()
    values = np.array(theirs["fit"], dtype=float)
    return max(*gaps, _gap(found, values, np.maximum(np.abs(values), 1.0)))


def check_semopy(
    ours: tuple[pd.DataFrame, pd.Series], theirs: tuple[pd.DataFrame, pd.DataFrame]
) -> float:
    """Return the largest difference of estimates in standard errors; χ² is of their own kind."""
    frame = ours[0][ours[0]["free"] > 0]
    mine = {(r.op, r.lhs, r.rhs): (r.est, r.se) for r in frame.itertuples()}
    gaps = {}
    for r in theirs[0].itertuples():
        # semopy writes a loading as a regression of the indicator
        for key in ((r.op, r.lval, r.rval), (r.op, r.rval, r.lval), ("=~", r.rval, r.lval)):
            if key in mine:
                gaps[key] = abs(r.Estimate - mine[key][0]) / mine[key][1]
                break
    absent = [key for key in mine if key not in gaps and key[0] != "~1"]  # it has no means
    if absent:
        raise AssertionError(f"semopy's table lacks {absent}")
    return max(gaps.values())


def runners(
    case: Case, frame: pd.DataFrame, session: RSession | None, folder: Path
) -> tuple[dict[str, Callable[[], float]], list[str]]:
    """Prepare everyone who can run, after checking that all give the same answer."""
    mine = fit_ours(case, frame)
    ready: dict[str, Callable[[], float]] = {"ours": stopwatch(lambda: fit_ours(case, frame))}
    notes = [case.reason] if case.reason else []
    if session is not None and case.lavaan is not None:
        (folder / "model.txt").write_text(case.model, encoding="utf-8")
        frame.to_csv(folder / "data.csv", index=False)
        session.ask(f'load_case("{folder}/model.txt", "{folder}/data.csv")')
        gap = check_lavaan(mine, ask_lavaan(session, case))
        if gap > AGREE:
            raise AssertionError(f"{case.name}: differs from lavaan by {gap:.1e}")
        ready["lavaan"] = lambda: float(ask_lavaan(session, case)["seconds"])
    if case.semopy is not None and importlib.util.find_spec("semopy"):
        notes += _add_semopy(case, frame, mine, ready)
    return ready, notes


def _add_semopy(
    case: Case,
    frame: pd.DataFrame,
    mine: tuple[pd.DataFrame, pd.Series],
    ready: dict[str, Callable[[], float]],
) -> list[str]:
    kept: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    seconds = stopwatch(lambda: kept.append(fit_semopy(case, frame)))()
    gap = check_semopy(mine, kept[0])
    # a slow run is timed once: the first
    ready["semopy"] = (
        stopwatch(lambda: fit_semopy(case, frame)) if seconds < SLOW else lambda: seconds
    )
    return [f"semopy differs by {gap:.2f} SE"] if gap > 0.05 else []


def met(target: Target, taken: dict[str, float]) -> str:
    """Say whether every part of a target that could be measured was reached."""
    ours = taken["ours"]
    asked = {"lavaan": target.lavaan, "semopy": target.semopy}
    factors = {name: factor for name, factor in asked.items() if factor is not None}
    verdicts = [taken[n] / ours >= factor for n, factor in factors.items() if n in taken]
    unmeasured = [n for n in factors if n not in taken]
    if target.ms is not None:
        verdicts.append(1e3 * ours <= target.ms)
    if not verdicts:
        return "–"
    if not all(verdicts):
        return "NOT MET"
    return f"met, but {' and '.join(unmeasured)} not measured" if unmeasured else "met"


def describe(target: Target) -> str:
    parts = [f"{target.lavaan:g}× lavaan" if target.lavaan else ""]
    parts += [f"{target.semopy:g}× semopy" if target.semopy else ""]
    parts += [f"{target.ms:g} ms" if target.ms else ""]
    return ", ".join(p for p in parts if p) or "–"


def row(case: Case, taken: dict[str, float], memory: float) -> str:
    ours = taken["ours"]
    cells = [f"{case.name:30}", f"{1e3 * ours:8.1f}"]
    for name in ("lavaan", "semopy"):
        known = name in taken
        cells.append(f"{1e3 * taken[name]:9.0f}" if known else f"{'–':>9}")
        cells.append(f"{taken[name] / ours:6.1f}" if known else f"{'–':>6}")
    return " ".join([*cells, f"{memory:7.0f}", f" {describe(case.target):22}"]) + met(
        case.target, taken
    )


def report_peak(name: str) -> None:
    """Fit one case and print this process's peak memory in kB (0 where the system does not say).

    The kernel's own count: that of `resource` starts from the parent's size.
    """
    case = next(c for c in CASES if c.name == name)
    fit_ours(case, case.data())
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    print(next((x.split()[1] for x in lines if x.startswith("VmHWM")), "0"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="", help="part of a case's name")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each case")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        report_peak(options.peak)
        return 0
    chosen = [c for c in CASES if options.name.lower() in c.name.lower()]
    failed = False
    with ExitStack() as stack:
        session = None
        if has_lavaan():
            session = stack.enter_context(RSession(HERE / "cases.R"))
        else:
            print("R with lavaan is not installed: its columns are skipped.")
        if not importlib.util.find_spec("semopy"):
            print("semopy is not installed: its columns are skipped.")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print(f"{'case':30} {'ours ms':>8} {'lavaan':>9} {'ratio':>6} {'semopy':>9} {'ratio':>6} "
              f"{'peak MB':>7}  target")  # fmt: skip
        for case in chosen:
            frame = case.data()
            ready, notes = runners(case, frame, session, folder)
            gc.collect()
            taken = race(ready, Rounds(seconds=options.seconds, slow=SLOW))
            memory = peak_memory([__file__, "--peak", case.name])
            failed |= met(case.target, taken) == "NOT MET"
            print(row(case, taken, memory), *(f"({n})" for n in notes), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
