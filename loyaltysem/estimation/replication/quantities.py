"""What can be read off a replicate: parameters, standardised values, R², fit indices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Array
from loyaltysem.engine.objective import Objective
from loyaltysem.estimation.model import BoundModel
from loyaltysem.estimation.replication.statistics import STATISTICS
from loyaltysem.inference.defined import defined
from loyaltysem.inference.fit_measures import cfi, rmsea, tli
from loyaltysem.inference.standardised import standardising_factors
from loyaltysem.inference.tests_of_fit import TestStatistic
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.standardisation import standardisation_plan

#: Flags at the end of a replicate's row.
FLAGS = ("status", "admissible")
#: Fit indices that follow from the two χ² of a replicate.
FROM_CHISQ = ("pvalue", "cfi", "tli", "rmsea")
SCALES = ("est", "std_lv", "std_all")

#: From replicates to one column.
Reader: TypeAlias = Callable[["Rows"], Array]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand in the row of a replicate.

    Attributes
    ----------
    model : BoundModel
    df, baseline_df : int
    """

    model: BoundModel
    df: int
    baseline_df: int

    @property
    def n_free(self) -> int:
        """Number of free parameters q."""
        return self.model.structure.n_free

    @property
    def n_exogenous(self) -> int:
        """Sample moments of fixed x."""
        return len(self.model.structure.exogenous)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of a stored row, each once."""
        table, free = self.model.table, self.model.structure.free
        names = {int(k): row_name(table, i) for i, k in reversed(list(enumerate(free))) if k >= 0}
        of_x = [row_name(table, row) for row, *_ in self.model.structure.exogenous]
        return (*(names[k] for k in range(self.n_free)), *of_x, *STATISTICS, *FLAGS)


def row_name(table: ParameterTable, i: int) -> str:
    """Name a table row as one writes it; ``.g2`` tells later groups apart, as in lavaan."""
    row = table.rows[i]
    return row.name if row.group == 1 else f"{row.name}.g{row.group}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Replicates as they are stored: `values` (B, columns)."""

    layout: Layout
    values: Array

    @property
    def alpha(self) -> Array:
        """Free parameters, shape (B, q)."""
        return self.values[:, : self.layout.n_free]

    def statistic(self, name: str) -> Array:
        """Return one of `STATISTICS` or `FLAGS`, shape (B,)."""
        place = (*STATISTICS, *FLAGS).index(name)
        return np.asarray(self.values[:, place - len(STATISTICS) - len(FLAGS)])

    @property
    def objective(self) -> Objective:
        """The model with the fixed x of the replicates, for what follows from θ alone."""
        model, q = self.layout.model, self.layout.n_free
        base = np.repeat(model.objective.map.base, len(self.values), axis=0)
        rows = [row for row, *_ in model.structure.exogenous]
        base[:, rows] = self.values[:, q : q + len(rows)]
        return Objective(replace(model.objective.map, base=base), model.objective.blocks)

    def table(self, scale: str) -> Array:
        """Return all table rows, then the defined parameters, shape (B, t + d)."""
        model, objective = self.layout.model, self.objective
        theta = objective.theta(self.alpha)
        if scale != "est":
            latent_only = scale == "std_lv"
            plans = standardisation_plan(model.table, model.structure, latent_only=latent_only)
            theta = theta * standardising_factors(objective, self.alpha, plans)
        slopes = np.zeros((*theta.shape, 0))
        formulas, labels = model.table.defined, model.table.label_rows()
        with np.errstate(all="ignore"):
            return np.concatenate([theta, defined(formulas, labels, theta, slopes)[0]], axis=1)

    def explained(self) -> dict[str, Array]:
        """Return R² of every explained variable, NaN where it would be below 0."""
        model, objective = self.layout.model, self.objective
        theta, found = objective.theta(self.alpha), {}
        explained = _explained(model.table)
        implied = objective.implied(self.alpha)
        for i, row in enumerate(model.table.rows):
            if not (row.is_variance and (row.group, row.lhs) in explained):
                continue
            g = row.group - 1
            total = _variance(model, implied[g].latent_cov, implied[g].moments.sigma, g, row.lhs)
            with np.errstate(all="ignore"):
                share = 1.0 - theta[:, i] / total
            name = row.lhs if row.group == 1 else f"{row.lhs}.g{row.group}"
            found[name] = np.where(theta[:, i] >= 0, share, np.nan)
        return found

    def fit_index(self, name: str) -> Array:
        """Return a fit index, shape (B,)."""
        if name in STATISTICS:
            return self.statistic(name)
        layout, sample = self.layout, self.layout.model.sample
        pairs = zip(self.statistic("chisq"), self.statistic("baseline_chisq"), strict=True)
        tests = [
            (TestStatistic(float(x), layout.df), TestStatistic(float(b), layout.baseline_df))
            for x, b in pairs
        ]
        compute: Mapping[str, Callable[[TestStatistic, TestStatistic], float]] = {
            "pvalue": lambda t, b: t.pvalue,
            "cfi": cfi,
            "tli": tli,
            "rmsea": lambda t, b: rmsea(t, sample.weight, len(sample.n_obs)),
        }
        known = [compute[name](t, b) if np.isfinite(t.statistic) else np.nan for t, b in tests]
        return np.array(known)


def _explained(table: ParameterTable) -> set[tuple[int, str]]:
    outcomes = {(r.group, r.lhs) for r in table.rows if r.op == "~"}
    return outcomes | {(r.group, r.rhs) for r in table.rows if r.op == "=~"}


def _variance(model: BoundModel, latent: Array, observed: Array, g: int, name: str) -> Array:
    block = model.structure.blocks[g]
    cov, names = (latent, block.structural) if name in block.structural else (
        observed, block.observed,
    )  # fmt: skip
    place = list(names).index(name)
    return cov[:, place, place]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One thing to read off every replicate: what it is called, and of which kind it is.

    `kind` is ``est``, ``std_lv`` or ``std_all`` (with `place` among table rows and defined
    parameters), ``r2`` or ``fit``.
    """

    name: str
    kind: str
    place: int = -1


def all_quantities(layout: Layout, kind: str) -> list[Quantity]:
    """List the quantities of one kind: parameters that vary, R² or fit indices."""
    if kind == "fit":
        return [Quantity(n, "fit") for n in (*STATISTICS, *FROM_CHISQ)]
    table = layout.model.table
    if kind == "r2":
        explained = _explained(table)
        return [
            Quantity(r.lhs if r.group == 1 else f"{r.lhs}.g{r.group}", "r2")
            for r in table.rows
            if r.is_variance and (r.group, r.lhs) in explained
        ]
    rows = [
        Quantity(row_name(table, i), kind, i)
        for i, row in enumerate(table.rows)
        if row.free or (kind != "est" and not row.exogenous)
    ]
    first = len(table.rows)
    return [*rows, *(Quantity(d.name, kind, first + i) for i, d in enumerate(table.defined))]


def find_quantities(layout: Layout, names: Sequence[str], kind: str) -> list[Quantity]:
    """Look quantities up by name; all of a kind without names.

    A name is a defined parameter, a label, a parameter as one writes it (``"y~x"``,
    ``"x~~y"`` in either order), the name of a fit index, or of an explained variable under
    ``kind="r2"``.

    Raises
    ------
    IncompatibleRequestError
        With the nearest known name.
    """
    known = {q.name: q for q in all_quantities(layout, kind)}
    if not names:
        return list(known.values())
    if kind in SCALES:
        known = _aliases(layout.model.table, list(known.values())) | known
    known = {q.name: q for q in all_quantities(layout, "fit")} | known
    if kind == "est":
        _check_vary(layout.model.table, names, known)
    return [_found(name, known) for name in names]


def _aliases(table: ParameterTable, known: Iterable[Quantity]) -> dict[str, Quantity]:
    """Let a parameter be called by its label, and a covariance in either order."""
    aliases: dict[str, Quantity] = {}
    for q in known:
        if q.place >= len(table.rows):
            continue
        row = table.rows[q.place]
        if row.op == "~~":
            suffix = "" if row.group == 1 else f".g{row.group}"
            aliases.setdefault(f"{row.rhs}~~{row.lhs}{suffix}", q)
        if row.label:
            aliases.setdefault(row.label, replace(q, name=row.label))
    return aliases


def _check_vary(table: ParameterTable, names: Sequence[str], known: Mapping[str, Quantity]) -> None:
    """Refuse parameters that are the same in every replicate."""
    asked = {n.replace(" ", "") for n in names if isinstance(n, str)} - known.keys()
    for name in (row_name(table, i) for i in range(len(table.rows))):
        if name in asked:
            raise IncompatibleRequestError(
                f"'{name}' is not estimated, so it is the same in every replicate.",
                code="request.quantity",
                hint="Its standardised value varies: add what='std_all'.",
            )


def _found(name: str, known: Mapping[str, Quantity]) -> Quantity:
    if not isinstance(name, str):
        raise IncompatibleRequestError(
            f"{name!r} is no name of a quantity.",
            code="request.quantity",
            hint='Give names one by one: "a", "b"; put * before a list of them.',
        )
    plain = name.replace(" ", "")
    if plain in known:
        return known[plain]
    raise IncompatibleRequestError(
        f"The replicates hold nothing called {name!r}.",
        code="request.quantity",
        hint=did_you_mean(plain, list(known)) or f"Available: {', '.join(known)}.",
    )


def read(rows: Rows, quantities: Sequence[Quantity]) -> Array:
    """Return the quantities of every replicate, shape (B, c); each kind is computed once."""
    kinds = {q.kind for q in quantities}
    tables = {kind: rows.table(kind) for kind in kinds if kind in SCALES}
    explained = rows.explained() if "r2" in kinds else {}

    def column(q: Quantity) -> Array:
        if q.kind == "fit":
            return rows.fit_index(q.name)
        return explained[q.name] if q.kind == "r2" else tables[q.kind][:, q.place]

    if not quantities:
        return np.zeros((len(rows.values), 0))
    return np.stack([column(q) for q in quantities], axis=1)
