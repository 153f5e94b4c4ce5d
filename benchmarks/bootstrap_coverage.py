"""Do bootstrap intervals of an indirect effect cover? A Monte Carlo study of five intervals.

Each line draws samples from a small mediation model of latent variables, takes a bootstrap of every
sample by one call of the public interface, and counts how often each 95 % interval of the indirect
effect holds its true value, and on which side it misses.

    python benchmarks/bootstrap_coverage.py                              # print the table
    python benchmarks/bootstrap_coverage.py --write docs/simulation.md   # and put it into the page
"""

from __future__ import annotations

import argparse
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import joblib
import numpy as np
from numpy.typing import NDArray

import loyaltysem as ls
from loyaltysem.core.threads import one_thread

Array: TypeAlias = NDArray[np.float64]

MODEL = """
trust        =~ t1 + t2 + t3
satisfaction =~ s1 + s2 + s3
loyalty      =~ l1 + l2 + l3
satisfaction ~ a*trust
loyalty      ~ b*satisfaction + c*trust
indirect    := a*b
"""
KINDS = ("percentile", "bc", "bca", "normal")
METHODS = ("delta method", *KINDS)
SEED, SAMPLES, DRAWS, CHUNK = 20_241, 1_000, 999, 5
#: What is asked of an interval that is expected to hold.
LEVEL, BOUNDS = 0.95, (0.935, 0.965)


@dataclass(frozen=True)
class Cell:
    """A line of the table: paths a, b and c, cases, and how answers are distributed."""

    name: str
    a: float
    b: float
    c: float = 0.14
    n_cases: int = 200
    shape: Mapping[str, Any] = field(default_factory=dict)

    @property
    def population(self) -> str:
        """Model text with its values: latent variances 1, items with reliabilities .52 to .63."""
        explained = self.b**2 + self.c**2 + 2 * self.a * self.b * self.c
        items = [f"{x}{j}" for x in "tsl" for j in (1, 2, 3)]
        return "\n".join(
            [
                *(
                    f"{f} =~ 1*{f[0]}1 + 0.9*{f[0]}2 + 0.8*{f[0]}3"
                    for f in ("trust", "satisfaction", "loyalty")
                ),
                f"satisfaction ~ {self.a}*trust",
                f"loyalty ~ {self.b}*satisfaction + {self.c}*trust",
                "trust ~~ 1*trust",
                f"satisfaction ~~ {1 - self.a**2}*satisfaction",
                f"loyalty ~~ {1 - explained}*loyalty",
                *(f"{x} ~~ 0.6*{x}" for x in items),
            ]
        )


#: Small and medium paths as in Fritz and MacKinnon (2007).
CELLS = (
    Cell("a = b = .39", 0.39, 0.39),
    Cell("a = b = .39, N = 100", 0.39, 0.39, n_cases=100),
    Cell("a = b = .39, skewness 1.5, kurtosis 4", 0.39, 0.39,
         shape={"skewness": 1.5, "kurtosis": 4.0}),
    Cell("a = b = .14", 0.14, 0.14),
    Cell("a = 0, b = .39", 0.0, 0.39),
)  # fmt: skip


@dataclass(frozen=True)
class Misses:
    """What the samples of a line gave.

    `low` and `high` (methods, samples) tell whether the true value lies below or above the
    interval; both count where there is no interval.
    """

    low: NDArray[np.bool_]
    high: NDArray[np.bool_]
    lost: float

    @property
    def coverage(self) -> Array:
        """Share of intervals that hold the true value, one a method."""
        return np.asarray(1.0 - (self.low | self.high).mean(axis=1))

    @property
    def n(self) -> int:
        """Number of samples."""
        return self.low.shape[1]

    def within(self, errors: float = 0.0) -> NDArray[np.bool_]:
        """Tell which methods cover within the bounds, give or take some Monte Carlo errors."""
        room = errors * standard_error(LEVEL, self.n)
        low, high = BOUNDS
        return np.asarray((self.coverage >= low - room) & (self.coverage <= high + room))


def standard_error(share: float, n: int) -> float:
    """Return the Monte Carlo standard error of a share over n samples."""
    return float(np.sqrt(share * (1 - share) / n))


def limits(cell: Cell, seed: int, number: int, draws: int) -> tuple[Array, float]:
    """Return the limits (methods, 2) from one sample, and the share of draws that were lost."""
    stream = np.random.SeedSequence([seed, zlib.crc32(cell.name.encode()), number])
    frame = ls.simulate(cell.population, cell.n_cases, seed=stream, **cell.shape)
    fit = ls.sem(MODEL, frame)
    delta = fit.parameters(standardized=False, level=LEVEL).iloc[-1]
    boot = fit.bootstrap(draws, seed=int(stream.generate_state(1)[0]))
    found = [boot.intervals("indirect", kind=kind, level=LEVEL).iloc[0] for kind in KINDS]
    rows = [[row["ci_lower"], row["ci_upper"]] for row in (delta, *found)]
    return np.array(rows, dtype=np.float64), 1.0 - found[0]["used"] / draws


def _chunk(cell: Cell, seed: int, numbers: Sequence[int], draws: int) -> list[tuple[Array, float]]:
    with one_thread():
        return [limits(cell, seed, number, draws) for number in numbers]


def study(
    cell: Cell, samples: int = SAMPLES, draws: int = DRAWS, seed: int = SEED, jobs: int = 2
) -> Misses:
    """Run one line; the samples and draws are the same whatever `jobs`."""
    chunks = [range(i, min(i + CHUNK, samples)) for i in range(0, samples, CHUNK)]
    work = joblib.Parallel(n_jobs=jobs)
    done = work(joblib.delayed(_chunk)(cell, seed, numbers, draws) for numbers in chunks)
    pairs = [pair for chunk in done for pair in chunk]
    low, high = np.array([x for x, _ in pairs]).transpose(2, 1, 0)
    true = cell.a * cell.b
    return Misses(~(low <= true), ~(high >= true), float(np.mean([lost for _, lost in pairs])))


# ----------------------------------------------------------------------------- the table

BEGIN = "<!-- table: written by benchmarks/bootstrap_coverage.py -->"
END = "<!-- end of bootstrap table -->"
HEADINGS = ("", *METHODS, "draws lost")


def line(cell: Cell, found: Misses) -> tuple[str, ...]:
    """Return the cells of one line: coverage, and misses on either side; bold outside bounds."""

    def told(i: int) -> str:
        inside = bool(found.within(2.0)[i])
        share = f"{100 * found.coverage[i]:.1f}"
        sides = f"{100 * found.low[i].mean():.1f} / {100 * found.high[i].mean():.1f}"
        return f"{share if inside else f'**{share}**'} ({sides})"

    return (cell.name, *(told(i) for i in range(len(METHODS))), f"{100 * found.lost:.2f} %")


def table(samples: int, draws: int, seed: int, jobs: int) -> str:
    """Run the whole study."""
    rows = []
    for cell in CELLS:
        rows.append(line(cell, study(cell, samples, draws, seed, jobs)))
        print(" · ".join(rows[-1]), flush=True)
    rule = ("---", *("---:" for _ in HEADINGS[1:]))
    lines = "\n".join(f"| {' | '.join(row)} |" for row in (HEADINGS, rule, *rows))
    error = 100 * standard_error(LEVEL, samples)
    return (
        f"{lines}\n\nloyaltysem {ls.__version__}, seed {seed}, {samples} samples of {draws} draws "
        f"a line, N = 200 unless stated. Monte Carlo standard error of a coverage near 95 %: "
        f"{error:.1f} percentage points; bold: outside {100 * BOUNDS[0]:.1f}–{100 * BOUNDS[1]:.1f} "
        "by more than two of them."
    )


def write(page: Path, text: str) -> None:
    """Put the table between its marks on the page."""
    old = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    page.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", old), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", type=Path, help="page to put the table into")
    options = parser.parse_args(arguments)
    text = table(options.samples, options.draws, options.seed, options.jobs)
    if options.write:
        write(options.write, text)
    else:
        print(text)


if __name__ == "__main__":
    main()
