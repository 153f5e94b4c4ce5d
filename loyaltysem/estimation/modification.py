"""Modification indices and score tests of a fitted model, as tables.

Both approximate by how much the plain χ² of this model, ``weight · f``, would fall. That is N·F for
normal-theory ML and (N − G)·F for least squares and Wishart likelihood; robust estimators share the
indices of the plain χ² of their discrepancy. lavaan multiplies by N throughout and scales the
gradient of least squares by (N_g − 1)/N_g: its index is N/(N − 1) times ours under Wishart, and
both its index and its EPC are (N − G)/N times ours under least squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from loyaltysem.core.threads import one_thread
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.restrictions import null_basis
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.inference.modification import ScoreTests, modification_indices, release_tests
from loyaltysem.inference.standardised import standardising_factors
from loyaltysem.model.candidates import candidates
from loyaltysem.model.parameters import Parameter
from loyaltysem.model.standardisation import standardisation_plan
from loyaltysem.model.structure import compile_structure

#: Candidates tried at once: keeps the curvature matrix small for models of hundreds of items.
CHUNK = 400


@one_thread()
def modification_frame(model: BoundModel, alpha: Array, top: int | None) -> pd.DataFrame:
    """Return ``lhs op rhs group mi epc sepc_lv sepc_all``, the largest index first."""
    possible = candidates(model.table)
    parts = [_chunk(model, alpha, possible[i : i + CHUNK]) for i in range(0, len(possible), CHUNK)]
    columns = ["lhs", "op", "rhs", "group", "mi", "epc", "sepc_lv", "sepc_all"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    frame = frame.dropna(subset="mi").sort_values("mi", ascending=False, kind="stable")
    return (frame if top is None else frame.head(top)).reset_index(drop=True)


def _chunk(model: BoundModel, alpha: Array, possible: Sequence[Parameter]) -> pd.DataFrame:
    """Compute the indices of some candidates, in a model where they are parameters too."""
    keys = {(r.group, r.key) for r in possible}
    kept = [r for r in model.table.rows if (r.group, r.key) not in keys]
    freed = [replace(r, free=True, label="", value=float("nan")) for r in possible]
    larger = _enlarged(model, [*kept, *freed])
    start = _enlarged_alpha(model, alpha, larger, possible)
    structure = larger.structure
    places = structure.free[len(kept) :]
    basis = null_basis(model.restrictions.active(alpha), alpha.shape[1])
    tests = modification_indices(
        larger.objective.gradient(start)[0],
        larger.objective.hessian(start, observed=False)[0],
        places,
        basis,
        model.sample.weight,
    )
    return _frame(possible, tests, _factors(larger, start, len(kept)))


def _enlarged(model: BoundModel, rows: Sequence[Parameter]) -> BoundModel:
    """Bind a model with other rows, and no restrictions, to the same data."""
    table = replace(model.table, rows=tuple(rows), restrictions=(), defined=(), blocks=())
    return bind_model(model.plan, table, compile_structure(table), model.sample)


def _enlarged_alpha(
    model: BoundModel, alpha: Array, larger: BoundModel, possible: Sequence[Parameter]
) -> Array:
    """Place the present estimates, and the values at which the candidates are fixed."""
    theta = model.objective.theta(alpha)[0]
    values = {(r.group, r.key): x for r, x in zip(model.table.rows, theta, strict=True)}
    values |= {(r.group, r.key): r.value for r in possible}
    full = np.array([[values[r.group, r.key] for r in larger.table.rows]])
    return larger.objective.map.alpha(full)


def _factors(larger: BoundModel, alpha: Array, skip: int) -> tuple[Array, Array]:
    lv, std = (
        standardising_factors(
            larger.objective,
            alpha,
            standardisation_plan(larger.table, larger.structure, latent_only=latent_only),
        )[0, skip:]
        for latent_only in (True, False)
    )
    return lv, std


def _frame(
    possible: Sequence[Parameter], tests: ScoreTests, factors: tuple[Array, Array]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lhs": [r.lhs for r in possible],
            "op": [r.op for r in possible],
            "rhs": [r.rhs for r in possible],
            "group": [r.group for r in possible],
            "mi": tests.statistic,
            "epc": tests.change,
            "sepc_lv": tests.change * factors[0],
            "sepc_all": tests.change * factors[1],
        }
    )


@dataclass(frozen=True, slots=True)
class _Released:
    """The model without its equalities, at the present estimates, and the equalities themselves.

    `pairs` are table rows that share a parameter; `jacobian` holds their equalities first, then
    those that were written.
    """

    gradient: Array
    hessian: Array
    jacobian: Array
    pairs: list[tuple[int, int]]


def _released(model: BoundModel, alpha: Array) -> _Released:
    rows, pairs = _unshared(model.table.rows)
    larger = _enlarged(model, rows)
    start = larger.objective.map.alpha(model.objective.theta(alpha))
    free = larger.structure.free
    equalities = np.zeros((len(pairs), larger.structure.n_free))
    for n, (first, other) in enumerate(pairs):
        equalities[n, free[first]], equalities[n, free[other]] = 1.0, -1.0
    _, written = model.restrictions.equalities(alpha)
    return _Released(
        larger.objective.gradient(start)[0],
        larger.objective.hessian(start, observed=False)[0],
        np.concatenate([equalities, _spread(model, larger, written[0])]),
        pairs,
    )


@one_thread()
def score_test_frame(model: BoundModel, alpha: Array) -> pd.DataFrame:
    """Return a score test for every equality: ``restriction chisq df pvalue``, the total last.

    Parameters that share a label count as equal to the first of them; written constraints are
    tested beside them.
    """
    x = _released(model, alpha)
    tests, total = release_tests(x.gradient, x.hessian, x.jacobian, model.sample.weight)
    texts = [_pair_text(model.table.rows, pair) for pair in x.pairs]
    texts += [r.text for r in model.table.restrictions if r.operator == "=="]
    rank = int(np.linalg.matrix_rank(x.jacobian)) if len(x.jacobian) else 0
    statistic = np.append(tests.statistic, total if rank else np.nan)
    df = np.append(np.ones(len(texts), dtype=int), rank)
    return pd.DataFrame(
        {
            "restriction": [*texts, "all"],
            "chisq": statistic,
            "df": df,
            "pvalue": _pvalues(df, statistic),
        }
    )


@one_thread()
def group_equality_frame(model: BoundModel, alpha: Array) -> pd.DataFrame:
    """Return a score test for letting each parameter differ between groups, the largest first.

    Returns
    -------
    DataFrame
        ``parameter chisq df pvalue``. A parameter is written as ``group_partial`` takes it, its
        test is of all its equalities across groups at once, those of the others kept.
    """
    x = _released(model, alpha)
    table = model.table.rows
    sets: dict[str, list[int]] = {}
    for n, (first, other) in enumerate(x.pairs):
        if table[first].key == table[other].key and table[first].group != table[other].group:
            sets.setdefault(table[first].name, []).append(n)
    tests = [_joint_test(x, positions, model.sample.weight) for positions in sets.values()]
    df = np.array([d for _, d in tests], dtype=np.intp)
    statistic = np.array([s for s, _ in tests], dtype=np.float64)
    frame = pd.DataFrame(
        {"parameter": list(sets), "chisq": statistic, "df": df, "pvalue": _pvalues(df, statistic)}
    )
    frame = frame.sort_values("chisq", ascending=False, kind="stable")
    return frame.reset_index(drop=True)


def _joint_test(x: _Released, positions: Sequence[int], weight: float) -> tuple[float, int]:
    """Return the score test for dropping some equalities together, all others kept."""
    basis = null_basis(np.delete(x.jacobian, positions, axis=0), len(x.gradient))
    dropped = x.jacobian[positions] @ basis
    _, total = release_tests(x.gradient @ basis, basis.T @ x.hessian @ basis, dropped, weight)
    return total, int(np.linalg.matrix_rank(dropped))


def _pvalues(df: Indices, statistic: Array) -> list[float]:
    return [float(chdtrc(d, s)) if d else float("nan") for d, s in zip(df, statistic, strict=True)]


def _unshared(
    rows: Sequence[Parameter],
) -> tuple[list[Parameter], list[tuple[int, int]]]:
    """Give every row a parameter of its own; return which rows were one parameter."""
    first: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    result: list[Parameter] = []
    for i, row in enumerate(rows):
        if row.free and row.label:
            if row.label in first:
                pairs.append((first[row.label], i))
            else:
                first[row.label] = i
        result.append(replace(row, label=""))
    return result, pairs


def _spread(model: BoundModel, larger: BoundModel, jacobian: Array) -> Array:
    """Write restrictions on shared parameters as restrictions on the first row of each."""
    spread = np.zeros((len(jacobian), larger.structure.n_free))
    seen: set[int] = set()
    for row, number in enumerate(model.structure.free):
        if number >= 0 and int(number) not in seen:
            seen.add(int(number))
            spread[:, larger.structure.free[row]] = jacobian[:, number]
    return spread


def _pair_text(rows: Sequence[Parameter], pair: tuple[int, int]) -> str:
    several = any(r.group > 1 for r in rows)

    def name(row: Parameter) -> str:
        return f"{row.name} (group {row.group})" if several else row.name

    return f"{name(rows[pair[0]])} == {name(rows[pair[1]])}"
