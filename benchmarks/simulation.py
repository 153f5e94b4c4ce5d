"""Do the intervals cover and the tests keep their size? A Monte Carlo study of the estimators.

Each cell draws samples of a known model, fits each with one call of the public interface, and asks
three things: is the mean estimate the true value (bias), do 95 % intervals hold the true value in
95 % of samples (coverage), and does χ² reject the correct model in 5 % of them (size)?

    python benchmarks/simulation.py                              # print the table
    python benchmarks/simulation.py --write docs/simulation.md   # and put it into the page
    python benchmarks/simulation.py --export 17 --cell "ML, normal" --to folder

The last line writes replicate 17 of a cell as a folder that R's lavaan runs on its own.
"""

from __future__ import annotations

import argparse
import re
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

import loyaltysem as ls
from loyaltysem.estimation.distribution import Distribution, make_distribution

Array: TypeAlias = NDArray[np.float64]
Sampler: TypeAlias = Callable[[np.random.Generator, int], Array]
#: One replicate: estimates and standard errors of the free parameters, p of χ², and success.
Replicate: TypeAlias = tuple[Array, Array, float, bool]

NINE = """
trust        =~ t1 + t2 + t3
satisfaction =~ s1 + s2 + s3
loyalty      =~ l1 + l2 + l3
loyalty      ~  trust + satisfaction
"""
SIX = """
trust        =~ t1 + t2 + t3
satisfaction =~ s1 + s2 + s3
satisfaction ~  trust
"""
SEED, REPLICATES, N_CASES, CHUNK = 20_240, 4_000, 500, 25
LEVEL, SIZE = 0.95, 0.05
#: What is asked of every cell that is expected to hold.
COVERAGE_BOUNDS, SIZE_BOUNDS = (0.935, 0.965), (0.04, 0.06)

# ---------------------------------------------------------------------------- the true model

FACTORS = ("trust", "satisfaction", "loyalty")
ITEMS = tuple(f"{f[0]}{j}" for f in FACTORS for j in (1, 2, 3))
#: Standardised loadings, so that every item has variance 1, as latent responses must.
STANDARDISED = np.array([0.80, 0.70, 0.75, 0.75, 0.80, 0.65, 0.80, 0.75, 0.70])
CORRELATION, PATHS = 0.40, np.array([0.45, 0.30])  # standardised
MEANS = np.array([4.2, 3.9, 4.0, 3.6, 3.8, 3.5, 3.3, 3.1, 3.0])
#: Items of a customer survey lean to agreement: a symmetric, a skewed and an uneven item a factor.
THRESHOLDS = np.tile([[-1.5, -0.5, 0.5, 1.5], [-1.6, -1.0, -0.3, 0.7], [-1.2, -0.6, 0.0, 1.1]],
                     (3, 1))  # fmt: skip


def item_correlations() -> Array:
    """Return Σ (9, 9) of the items, which is a correlation matrix."""
    phi = np.eye(3)
    phi[0, 1] = phi[1, 0] = CORRELATION
    phi[2, :2] = phi[:2, 2] = phi[:2, :2] @ PATHS
    pattern = np.kron(np.eye(3), np.ones((3, 1))) * STANDARDISED[:, None]
    sigma = pattern @ phi @ pattern.T
    np.fill_diagonal(sigma, 1.0)
    return np.asarray(sigma)


def truth() -> dict[tuple[str, str, str], float]:
    """Return the true value of every parameter, first loadings being 1."""
    scale = dict(zip(FACTORS, STANDARDISED[::3], strict=True))  # SD of each factor
    explained = PATHS @ PATHS + 2 * CORRELATION * PATHS.prod()
    values: dict[tuple[str, str, str], float] = {}
    for i, item in enumerate(ITEMS):
        factor = FACTORS[i // 3]
        values[factor, "=~", item] = STANDARDISED[i] / scale[factor]
        values[item, "~~", item] = 1 - STANDARDISED[i] ** 2
        values[item, "~1", ""] = MEANS[i]
        for k, cut in enumerate(THRESHOLDS[i], start=1):
            values[item, "|", f"t{k}"] = cut
    for factor, path in zip(FACTORS, PATHS, strict=False):
        values["loyalty", "~", factor] = path * scale["loyalty"] / scale[factor]
        values[factor, "~~", factor] = scale[factor] ** 2
    values["loyalty", "~~", "loyalty"] = scale["loyalty"] ** 2 * (1 - explained)
    values["trust", "~~", "satisfaction"] = CORRELATION * scale["trust"] * scale["satisfaction"]
    return values


def truth_of_six() -> dict[tuple[str, str, str], float]:
    """Return the same population as the model of six items sees it: a path for the covariance."""
    values = truth()
    covariance = values.pop(("trust", "~~", "satisfaction"))
    path = covariance / values["trust", "~~", "trust"]
    values["satisfaction", "~", "trust"] = path
    values["satisfaction", "~~", "satisfaction"] -= path * covariance
    return values


# ----------------------------------------------------------------------------- how answers arise


def normal(rng: np.random.Generator, n: int) -> Array:
    """Draw normal answers, shape (n, 9)."""
    root = np.linalg.cholesky(item_correlations())
    return np.asarray(MEANS + rng.standard_normal((n, len(ITEMS))) @ root.T)


@dataclass(frozen=True)
class NonNormal:
    """Answers with the covariances of the model and a given skewness and kurtosis.

    Each item is a cubic of a normal variable (Fleishman 1978); the normal variables correlate so
    that the items do as the model says (Vale & Maurelli 1983).
    """

    distribution: Distribution

    def __call__(self, rng: np.random.Generator, n: int) -> Array:
        return self.distribution.values(rng.standard_normal((n, len(ITEMS))))


def non_normal(skewness: float, kurtosis: float) -> NonNormal:
    """Return a sampler whose items all have this skewness and kurtosis."""
    shape = np.full((2, len(ITEMS)), [[skewness], [kurtosis]])
    return NonNormal(make_distribution(ITEMS, MEANS, item_correlations(), *shape))


def skewed_sources(rng: np.random.Generator, n: int) -> Array:
    """Draw answers whose factors and errors are all χ² variables with 8 degrees of freedom."""

    def source(columns: int) -> Array:
        return (rng.chisquare(8, size=(n, columns)) - 8) / 4.0

    phi = np.array([[1.0, CORRELATION], [CORRELATION, 1.0]])
    exogenous = source(2) @ np.linalg.cholesky(phi).T
    unexplained = np.sqrt(1 - PATHS @ phi @ PATHS)
    loyalty = exogenous @ PATHS + unexplained * source(1)[:, 0]
    factors = np.column_stack([exogenous, loyalty])
    errors = np.sqrt(1 - STANDARDISED**2) * source(len(ITEMS))
    return np.asarray(MEANS + np.repeat(factors, 3, axis=1) * STANDARDISED + errors)


def missing_at_random(rng: np.random.Generator, n: int) -> Array:
    """Draw normal answers and lose five items, each more often the higher t1, which is complete."""
    values = normal(rng, n)
    probability = np.where(values[:, 0] > MEANS[0], 0.30, 0.06)  # 18 % on average
    for name in ("t3", "s2", "s3", "l2", "l3"):
        values[rng.random(n) < probability, ITEMS.index(name)] = np.nan
    return values


def five_categories(rng: np.random.Generator, n: int) -> Array:
    """Draw normal answers and cut each into five categories."""
    y = normal(rng, n) - MEANS
    return np.asarray(1.0 + (y[:, :, None] > THRESHOLDS).sum(axis=2))


# ----------------------------------------------------------------------------- the cells


@dataclass(frozen=True)
class Cell:
    """One line of the table: how answers arise, how the model is fitted, what is expected.

    `expected` is False where the method itself is known not to hold: such lines show what goes
    wrong without the right correction, and how far a correction reaches.
    """

    name: str
    sampler: Sampler
    options: Mapping[str, Any]
    expected: bool = True
    model: str = NINE
    n_cases: int = N_CASES

    def frame(self, seed: int, replicate: int) -> pd.DataFrame:
        """Return the data of one replicate; its stream depends on nothing but the arguments."""
        key = (zlib.crc32(self.name.encode()), replicate)
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        return pd.DataFrame(self.sampler(rng, self.n_cases), columns=list(ITEMS))

    def fit(self, seed: int, replicate: int) -> Any:
        """Fit one replicate by one call of the public interface."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a Heywood case is a draw like any other
            return ls.sem(self.model, self.frame(seed, replicate), **self.options)


MILD, MODERATE = non_normal(0.5, 1.0), non_normal(1.0, 2.0)
ML, MLR, MLMV = {"estimator": "ML"}, {"estimator": "MLR"}, {"estimator": "MLMV"}
CELLS = (
    Cell("ML, normal", normal, ML),
    Cell("MLR, normal", normal, MLR),
    Cell("MLR, skewness 0.5, kurtosis 1, 6 items", MILD, MLR, model=SIX),
    Cell("MLR, χ² factors and errors, 6 items", skewed_sources, MLR, model=SIX),
    Cell("FIML, MAR", missing_at_random, {"missing": "fiml"}),
    Cell("WLSMV, five categories", five_categories, {"ordered": ITEMS}),
    Cell("ML, skewness 1, kurtosis 2", MODERATE, ML, expected=False),
    Cell("MLR, skewness 1, kurtosis 2", MODERATE, MLR, expected=False),
    Cell("MLR, skewness 1, kurtosis 2, N = 4000", MODERATE, MLR, expected=False, n_cases=4000),
    Cell("MLMV, skewness 1, kurtosis 2", MODERATE, MLMV, expected=False),
    Cell("ML, listwise, MAR", missing_at_random, {"meanstructure": True}, expected=False),
)


@dataclass(frozen=True)
class Draws:
    """What the replicates of a cell gave: arrays over replicates (R,) and parameters (R, q)."""

    names: tuple[str, ...]
    true: Array
    estimate: Array
    se: Array
    pvalue: Array
    failed: int

    @property
    def n(self) -> int:
        """Replicates that converged and have standard errors."""
        return len(self.pvalue)

    @property
    def spread(self) -> Array:
        """Empirical standard deviation of the estimates, one a parameter."""
        return np.asarray(self.estimate.std(axis=0, ddof=1))

    @property
    def hits(self) -> NDArray[np.bool_]:
        """Whether each interval holds the true value, shape (R, q)."""
        half = stats.norm.ppf((1 + LEVEL) / 2) * self.se
        return np.asarray(np.abs(self.estimate - self.true) <= half)

    @property
    def covered(self) -> Array:
        """Share of intervals that hold the true value, one a parameter."""
        return np.asarray(self.hits.mean(axis=0))

    @property
    def rejected(self) -> float:
        """Share of samples in which χ² rejects the model at 5 %."""
        return float((self.pvalue < SIZE).mean())

    @property
    def bias(self) -> Array:
        """Mean error of the estimates in empirical standard deviations, one a parameter."""
        return np.asarray((self.estimate.mean(axis=0) - self.true) / self.spread)

    @property
    def se_ratio(self) -> Array:
        """Mean standard error over the empirical standard deviation, one a parameter."""
        return np.asarray(self.se.mean(axis=0) / self.spread)

    @property
    def coverage_error(self) -> float:
        """Monte Carlo standard error of the coverage averaged over parameters."""
        return float(self.hits.mean(axis=1).std(ddof=1) / np.sqrt(self.n))

    def within(self, errors: float = 0.0) -> bool:
        """Tell whether mean coverage and size lie within the bounds, give or take some errors."""
        judged = (
            (float(self.covered.mean()), COVERAGE_BOUNDS, self.coverage_error),
            (self.rejected, SIZE_BOUNDS, standard_error(self.rejected, self.n)),
        )
        return all(
            low - errors * error <= value <= high + errors * error
            for value, (low, high), error in judged
        )

    @property
    def verdict(self) -> str:
        """Say "yes" within the bounds, "at the edge" within two Monte Carlo errors of them."""
        return "yes" if self.within() else "at the edge" if self.within(2.0) else "no"


def standard_error(share: float, n: int) -> float:
    """Return the Monte Carlo standard error of a share over n replicates."""
    return float(np.sqrt(share * (1 - share) / n))


def replicate(cell: Cell, seed: int, number: int) -> Replicate:
    """Fit one replicate and keep what the study needs."""
    fit = cell.fit(seed, number)
    measures = fit.fit_measures()
    pvalue = float(measures.get("pvalue_scaled", measures["pvalue"]))
    estimate, se = fit.params.to_numpy(), fit.bse.to_numpy()
    return estimate, se, pvalue, fit.converged and bool(np.isfinite(se).all())


def _chunk(cell: Cell, seed: int, numbers: Sequence[int]) -> list[Replicate]:
    return [replicate(cell, seed, number) for number in numbers]


def simulate(cell: Cell, replicates: int = REPLICATES, seed: int = SEED, jobs: int = 2) -> Draws:
    """Run one cell; the draws are the same whatever `jobs`."""
    chunks = [range(i, min(i + CHUNK, replicates)) for i in range(0, replicates, CHUNK)]
    parallel = joblib.Parallel(n_jobs=jobs)
    done = [x for c in parallel(joblib.delayed(_chunk)(cell, seed, r) for r in chunks) for x in c]
    names, true = true_values(cell, seed)
    good = [x for x in done if x[3]]
    estimate, se, pvalue = (np.array([x[i] for x in good]) for i in range(3))
    return Draws(names, true, estimate, se, pvalue, len(done) - len(good))


def true_values(cell: Cell, seed: int) -> tuple[tuple[str, ...], Array]:
    """Return name and true value of every free parameter, in the order of ``fit.params``."""
    parameters = cell.fit(seed, 0).parameters(standardized=False)
    rows = parameters.query("free > 0").sort_values("free")
    values = truth_of_six() if cell.model == SIX else truth()
    keys = list(zip(rows["lhs"], rows["op"], rows["rhs"], strict=True))
    return tuple("".join(k) for k in keys), np.array([values[k] for k in keys])


# ----------------------------------------------------------------------------- the table

HEADINGS = ("", "coverage %: mean", "lowest", "highest", "χ² rejects %", "largest bias (SD)",
            "SE / SD", "failed", "holds")  # fmt: skip
BEGIN, END = "<!-- table: written by benchmarks/simulation.py -->", "<!-- end of table -->"


def line(cell: Cell, draws: Draws) -> tuple[str, ...]:
    """Return the cells of one line of the table."""
    low, high = int(draws.covered.argmin()), int(draws.covered.argmax())
    worst = int(np.abs(draws.bias).argmax())
    ratio = draws.se_ratio
    return (
        cell.name,
        f"{100 * draws.covered.mean():.1f}",
        f"{100 * draws.covered[low]:.1f} ({draws.names[low]})",
        f"{100 * draws.covered[high]:.1f}",
        f"{100 * draws.rejected:.1f} ± {100 * standard_error(draws.rejected, draws.n):.1f}",
        f"{draws.bias[worst]:+.2f} ({draws.names[worst]})".replace("-", "−"),
        f"{ratio.min():.2f}–{ratio.max():.2f}",
        str(draws.failed),
        draws.verdict,
    )


def markdown(rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table, first column to the left; names of parameters are code."""
    rule = ("---", *("---:" for _ in HEADINGS[1:]))
    coded = [tuple(re.sub(r"\((\S+)\)", r"(`\1`)", c).replace("|", r"\|") for c in r) for r in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (HEADINGS, rule, *coded))


def describe(sampler: Sampler, seed: int = SEED) -> tuple[float, float]:
    """Return the mean skewness and excess kurtosis of the items over a million answers."""
    values = sampler(np.random.default_rng(seed), 1_000_000)
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    return float((z**3).mean()), float((z**4).mean() - 3)


def caption(replicates: int, seed: int) -> str:
    """Say what the table rests on."""
    shapes: dict[str, Sampler] = {
        "skewness 0.5, kurtosis 1": MILD,
        "skewness 1, kurtosis 2": MODERATE,
        "χ² factors and errors": skewed_sources,
    }
    described = {name: describe(sampler, seed) for name, sampler in shapes.items()}
    measured = "; ".join(f"“{n}”: {s:.2f} and {k:.2f}" for n, (s, k) in described.items())
    return (
        f"loyaltysem {ls.__version__}, seed {seed}, {replicates} replicates a line, N = {N_CASES} "
        "unless stated. Monte Carlo standard error of one parameter's coverage near 95 %, and of a "
        f"rejection rate near 5 %: {100 * standard_error(LEVEL, replicates):.2f} percentage "
        "points. Mean skewness and excess kurtosis of the items, measured over a million draws: "
        f"{measured}."
    )


def table(replicates: int, seed: int, jobs: int) -> str:
    """Run the whole study."""
    rows = []
    for cell in CELLS:
        rows.append(line(cell, simulate(cell, replicates, seed, jobs)))
        print(" · ".join(rows[-1]), flush=True)
    return f"{markdown(rows)}\n\n{caption(replicates, seed)}"


def write(page: Path, text: str) -> None:
    """Put the table between its marks on the page."""
    old = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    page.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", old), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study, or export one replicate of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", type=Path, help="page to put the table into")
    parser.add_argument("--export", type=int, metavar="NUMBER", help="replicate to export")
    parser.add_argument("--cell", choices=[c.name for c in CELLS], default=CELLS[0].name)
    parser.add_argument("--to", type=Path, default=Path("replicate"), help="folder of the export")
    options = parser.parse_args(arguments)
    if options.export is not None:
        cell = next(c for c in CELLS if c.name == options.cell)
        print(cell.fit(options.seed, options.export).to_lavaan(options.to))
        return
    text = table(options.replicates, options.seed, options.jobs)
    if options.write:
        write(options.write, text)
    else:
        print(text)


if __name__ == "__main__":
    main()
