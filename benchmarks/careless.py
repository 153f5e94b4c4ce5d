"""Does screening find careless answers, and does it leave attentive ones alone? A simulation.

Attentive answers come from a factor model cut into scale points; among them are planted people who
give one answer throughout and people who answer at random. Each sample is screened by one call of
the public interface with its default rule, and three shares are counted: of the straight-liners
found, of the random responders found, of the attentive remarked upon (false alarms).

    python benchmarks/careless.py                              # print the table
    python benchmarks/careless.py --write docs/screening.md    # and put it into the page
"""

from __future__ import annotations

import argparse
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import loyaltysem as ls
from loyaltysem.core.text import Text
from loyaltysem.survey.instrument import Construct, Item, Questionnaire, Scale
from loyaltysem.survey.responses import responses_from_frame

Array: TypeAlias = NDArray[np.float64]
Careless: TypeAlias = Callable[["Cell", np.random.Generator, int], Array]

REPLICATES, SEED = 200, 20261
FOUND, FALSE_ALARMS = 0.90, 0.05
BEGIN, END = "<!-- table: written by benchmarks/careless.py -->", "<!-- end of table -->"


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of the table: a questionnaire, its people, and the careless among them.

    `level` moves everybody's answers up, in standard deviations; `correlation` is that between
    constructs; `asked` is False where the default rule is known to miss a target, or is tried on
    carelessness that it does not claim to find.
    """

    name: str
    n: int = 450
    constructs: int = 6
    items: int = 4
    points: int = 5
    careless: float = 0.10
    loadings: tuple[float, float] = (0.60, 0.85)
    correlation: float = 0.50
    reverse: bool = False
    level: float = 0.3
    missing: float = 0.0
    straight: str = "constant"
    random: str = "uniform"
    asked: bool = True

    @property
    def width(self) -> int:
        """Number of items."""
        return self.constructs * self.items

    @property
    def reversed_items(self) -> NDArray[np.bool_]:
        """Which items are reversed: the last of each construct, if any."""
        last = np.arange(self.width) % self.items == self.items - 1
        return last & self.reverse


CELLS = (
    Cell("24 items, 5 points"),
    Cell("the same, N = 200", n=200),
    Cell("the same, 20 % careless", careless=0.20),
    Cell("the same, 30 % careless", careless=0.30),
    Cell("the same, 5 % of answers missing", missing=0.05),
    Cell("the same, reverse items", reverse=True),
    Cell("the same, weak loadings (.50 to .75)", loadings=(0.50, 0.75)),
    Cell("40 items, 7 points, reverse items", constructs=10, points=7, reverse=True),
    Cell("the same as the first, nobody careless", careless=0.0),
    Cell("satisfied customers (mean 4 of 5)", level=1.0),
    Cell("satisfied customers, nobody careless", level=1.0, careless=0.0),
    Cell("12 items", constructs=4, items=3, asked=False),
    Cell("straight-liners who slip in 5 % of items", straight="slipping", asked=False),
    Cell("random about the middle", random="middling", asked=False),
)  # fmt: skip


def questionnaire(cell: Cell) -> Questionnaire:
    """Return an instrument of the cell's shape."""
    scale = Scale("agree", "likert", 1, cell.points)
    turned = cell.reversed_items
    names = [f"i{k}" for k in range(cell.width)]
    items = tuple(
        Item(name, Text(name), scale, f"c{k // cell.items}", bool(turned[k]))
        for k, name in enumerate(names)
    )
    constructs = tuple(
        Construct(f"c{j}", Text(f"c{j}"), tuple(names[j * cell.items : (j + 1) * cell.items]))
        for j in range(cell.constructs)
    )
    return Questionnaire(cell.name, "1", Text(cell.name), None, (scale,), items, constructs)


def attentive(cell: Cell, rng: np.random.Generator, n: int) -> Array:
    """Return answers from correlated factors, shape (n, items); items differ in their level."""
    share = np.sqrt(cell.correlation)
    common = share * rng.standard_normal((n, 1))
    factors = common + np.sqrt(1 - cell.correlation) * rng.standard_normal((n, cell.constructs))
    loading = rng.uniform(*cell.loadings, cell.width)
    answers = factors.repeat(cell.items, axis=1) * loading
    answers += np.sqrt(1 - loading**2) * rng.standard_normal(answers.shape)
    answers += rng.normal(cell.level, 0.4, cell.width)
    cuts = np.linspace(-1.5, 1.5, cell.points - 1)
    points = 1.0 + np.searchsorted(cuts, answers)
    return np.where(cell.reversed_items, cell.points + 1.0 - points, points)


def uniform(cell: Cell, rng: np.random.Generator, n: int) -> Array:
    """Every scale point is as likely as any other."""
    return rng.integers(1, cell.points + 1, (n, cell.width)).astype(float)


def middling(cell: Cell, rng: np.random.Generator, n: int) -> Array:
    """Random, but rather the middle of the scale than its ends: binomial."""
    return 1.0 + rng.binomial(cell.points - 1, 0.5, (n, cell.width))


def constant(cell: Cell, rng: np.random.Generator, n: int) -> Array:
    """One answer throughout."""
    return np.repeat(rng.integers(1, cell.points + 1, (n, 1)).astype(float), cell.width, axis=1)


def slipping(cell: Cell, rng: np.random.Generator, n: int) -> Array:
    """One answer throughout but for random slips."""
    slip = rng.random((n, cell.width)) < 0.05
    return np.where(slip, uniform(cell, rng, n), constant(cell, rng, n))


KINDS: dict[str, Careless] = {
    "constant": constant, "slipping": slipping, "uniform": uniform, "middling": middling,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares over all replicates: NaN where nobody was planted."""

    straight: float
    random: float
    alarms: float

    @property
    def holds(self) -> bool:
        """Tell whether every share is on the right side of its target."""
        found = [x for x in (self.straight, self.random) if not np.isnan(x)]
        return min(found, default=1.0) >= FOUND and self.alarms <= FALSE_ALARMS


def sample(cell: Cell, rng: np.random.Generator) -> tuple[pd.DataFrame, int, int]:
    """Return answers, straight-liners first, then random ones, and how many of each."""
    careless = round(cell.careless * cell.n)
    straight = careless // 2
    answers = np.vstack(
        [
            KINDS[cell.straight](cell, rng, straight),
            KINDS[cell.random](cell, rng, careless - straight),
            attentive(cell, rng, cell.n - careless),
        ]
    )
    answers[rng.random(answers.shape) < cell.missing] = np.nan
    frame = pd.DataFrame(answers, columns=[f"i{k}" for k in range(cell.width)])
    return frame, straight, careless


def simulate(cell: Cell, replicates: int = REPLICATES, seed: int = SEED) -> Shares:
    """Screen samples of a cell and count who was remarked upon."""
    rng = np.random.default_rng([seed, zlib.crc32(cell.name.encode())])
    instrument = questionnaire(cell)
    counts = np.zeros(3)
    planted = np.zeros(3)
    for _ in range(replicates):
        frame, straight, careless = sample(cell, rng)
        found = responses_from_frame(frame, instrument).screen().flagged()
        parts = (found[:straight], found[straight:careless], found[careless:])
        counts += [part.sum() for part in parts]
        planted += [len(part) for part in parts]
    shares = counts / np.where(planted > 0, planted, np.nan)
    return Shares(*(float(share) for share in shares))


def percent(share: float) -> str:
    """Return a share with one decimal, or a dash."""
    return "–" if np.isnan(share) else f"{100 * share:.1f}"


def line(cell: Cell, shares: Shares) -> tuple[str, ...]:
    """Return the cells of one line of the table."""
    verdict = "yes" if shares.holds else "no"
    return (
        cell.name, str(cell.n), f"{100 * cell.careless:.0f}", percent(shares.straight),
        percent(shares.random), percent(shares.alarms), verdict if cell.asked else f"({verdict})",
    )  # fmt: skip


def table(replicates: int, seed: int) -> str:
    """Return the whole table as Markdown, with how it was made."""
    head = (
        "", "N", "careless %", "straight-liners found %", "random responders found %",
        "false alarms %", "holds",
    )  # fmt: skip
    rows = [head, ("---", *["---:"] * 5, "---")]
    for cell in CELLS:
        rows.append(line(cell, simulate(cell, replicates, seed)))
        print(rows[-1], flush=True)
    text = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    note = (
        f"loyaltysem {ls.__version__}, seed {seed}, {replicates} samples a line. In parentheses: "
        "lines the default rule is not asked to hold."
    )
    return f"{text}\n\n{note}"


def write(page: Path, text: str) -> None:
    """Put the table between its marks on the page."""
    old = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    page.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", old), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", type=Path, help="page to put the table into")
    given = parser.parse_args(arguments)
    text = table(given.replicates, given.seed)
    print(text)
    if given.write:
        write(given.write, text)


if __name__ == "__main__":
    main()
