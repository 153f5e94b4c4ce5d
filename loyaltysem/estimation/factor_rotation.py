"""Exploratory blocks inside a model: fitted with unrotated factors, rotated, and reported rotated.

The rotated model has more parameters than the data determine; the conditions that hold at the
minimum of the rotation criterion are restrictions like any others, so standard errors, degrees of
freedom and corrected tests follow the same path as for every model (Asparouhov & Muthén 2009).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from loyaltysem.core.errors import Finding, ModelSpecificationError
from loyaltysem.core.optimise import Minimum
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.objective import Objective
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.estimation.plan import Plan
from loyaltysem.estimation.rotation_request import RotationPlan
from loyaltysem.estimation.search import search_thoroughly
from loyaltysem.estimation.terms import Sample
from loyaltysem.inference.rotation import (
    Rotation,
    RotationMethod,
    order_by_index,
    random_starts,
    rotate,
    rotation_methods,
)
from loyaltysem.inference.rotation_conditions import rotation_conditions
from loyaltysem.model.factor_blocks import FactorBlock, echelon
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import Parameter
from loyaltysem.model.structure import compile_structure

#: Step of central differences of the conditions.
STEP = 1e-5
#: Change of the discrepancy that rounding explains.
ROUNDING = 1e-6
#: Share of the starts that should lead to the minimum reported.
AGREEING = 0.5


def chosen_method(rotation: RotationPlan) -> RotationMethod:
    """Return the parts of the plan's rotation."""
    return rotation_methods(rotation.gamma, rotation.epsilon)[rotation.name]


@dataclass(frozen=True, slots=True)
class BlockRows:
    """Where the parameters of one block of one group stand among the table rows.

    `loadings` (p, k), `phi` (k(k − 1)/2,) in the order of the upper triangle, `residual` (p,).
    """

    loadings: Indices
    phi: Indices
    residual: Indices

    @property
    def all(self) -> Indices:
        """All of them in one vector."""
        return np.concatenate([self.loadings.ravel(), self.phi, self.residual])

    def unpack(self, values: Array) -> tuple[Array, Array, Array]:
        """Return loadings (B, p, k), Φ (B, k, k) and standard deviations of items (B, p)."""
        p, k = self.loadings.shape
        loadings = values[:, : p * k].reshape(-1, p, k)
        phi = np.tile(np.eye(k), (len(values), 1, 1))
        i, j = np.triu_indices(k, 1)
        phi[:, i, j] = phi[:, j, i] = values[:, p * k : p * k + len(i)]
        common = np.einsum("bia,bac,bic->bi", loadings, phi, loadings)
        return loadings, phi, np.sqrt(np.maximum(common + values[:, p * k + len(i) :], 1e-12))


@dataclass(frozen=True, slots=True)
class BlockCondition:
    """Says that the factors of a block are rotated to simple structure, as a function of α."""

    objective: Objective
    rows: BlockRows
    method: RotationMethod

    def __call__(self, alpha: Array) -> tuple[Array, Array]:
        """Return values (B, e) and Jacobian (B, e, q)."""
        places = self.rows.all
        at = self.objective.theta(alpha)[:, places]
        rates = self.objective.theta_jacobian(alpha)[:, places]
        b, m = at.shape
        steps = STEP * np.eye(m)
        around = np.concatenate([at[:, None] + steps, at[:, None] - steps], axis=1)
        found = self._values(around.reshape(-1, m)).reshape(b, 2 * m, -1)
        slopes = np.swapaxes(found[:, :m] - found[:, m:], 1, 2) / (2.0 * STEP)
        return self._values(at), slopes @ rates

    def _values(self, values: Array) -> Array:
        loadings, phi, sd = self.rows.unpack(values)
        standardised = loadings / sd[:, :, None]
        return rotation_conditions(standardised, phi, self.method, self.method.kaiser)


def solve_with_blocks(
    plan: Plan, table: ParameterTable, sample: Sample
) -> tuple[BoundModel, Minimum, tuple[Finding, ...]]:
    """Fit a model whose table has efa() blocks.

    Parameters
    ----------
    plan : Plan
        With a rotation.
    table : ParameterTable
        With blocks; not identified as it stands.
    sample : Sample

    Returns
    -------
    model : BoundModel
        In the parameters of the rotated model, with the conditions of the rotation.
    solution : Minimum
    findings : tuple of Finding

    Raises
    ------
    ModelSpecificationError
        When the model treats factors of one block differently, so that rotated ones do not fit in.
    """
    assert plan.rotation is not None
    identified = unrotated_table(table, sample)
    first = bind_model(plan, identified, compile_structure(identified), sample)
    found = search_thoroughly(first)
    theta = first.objective.theta(found.alpha)[0]
    rotations: list[Rotation] = []
    for group in range(1, table.n_groups + 1):
        for block in table.blocks:
            if block.rotated:
                rows = block_rows(table, block, group)
                rotation = _rotated(theta, rows, plan.rotation)
                theta = _turned(table, theta, block, group, rotation.transform)
                rotations.append(rotation)
    structure = compile_structure(table)
    conditions = _conditions(first, table, plan.rotation)
    model = bind_model(plan, table, structure, sample, conditions)
    alpha = model.objective.map.alpha(theta[None])
    if not _same(model, float(found.value[0]), alpha) or _moved(first, found.alpha, model, alpha):
        raise _unequal(table)
    return model, replace(found, alpha=alpha), tuple(_minima(rotations))


def unrotated_table(table: ParameterTable, sample: Sample) -> ParameterTable:
    """Return the table with uncorrelated factors in echelon form, and where to start."""
    starts: dict[tuple[int, str, str], float] = {}
    for group, cov in enumerate(sample.cov, start=1):
        for block in table.blocks:
            places = [table.observed.index(item) for item in block.items]
            loadings = _start(cov[0][np.ix_(places, places)], len(block.factors))
            for (i, a), value in np.ndenumerate(loadings):
                starts[group, block.factors[a], block.items[i]] = float(value)
    rows = echelon(table.rows, table.blocks)
    begun = tuple(_begun(row, starts) for row in rows)
    return replace(table, rows=begun, blocks=())


def _begun(row: Parameter, starts: Mapping[tuple[int, str, str], float]) -> Parameter:
    value = starts.get((row.group, row.lhs, row.rhs)) if row.op == "=~" else None
    return replace(row, start=value) if value is not None and row.free else row


def _start(cov: Array, k: int) -> Array:
    """Return principal-factor loadings turned to echelon form, in units of the items, (p, k)."""
    sd = np.sqrt(np.diagonal(cov))
    r = cov / np.outer(sd, sd)
    off = np.abs(r - np.eye(len(r)))
    values, vectors = np.linalg.eigh(r - np.eye(len(r)) + np.diag(off.max(axis=1)))
    loadings = vectors[:, ::-1][:, :k] * np.sqrt(np.maximum(values[::-1][:k], 0.05))
    q, _ = np.linalg.qr(loadings[:k].T)
    turned = loadings @ q
    return np.asarray(sd[:, None] * turned * np.where(np.diagonal(turned) < 0, -1.0, 1.0))


def block_rows(table: ParameterTable, block: FactorBlock, group: int) -> BlockRows:
    """Find the rows of one block of one group."""
    place = {row.key: i for i, row in enumerate(table.rows) if row.group == group}
    k = len(block.factors)
    i, j = np.triu_indices(k, 1)

    def pair(a: str, b: str) -> int:
        first, second = sorted((a, b))
        return place["~~", first, second]

    return BlockRows(
        np.array([[place["=~", f, item] for f in block.factors] for item in block.items]),
        np.array(
            [pair(block.factors[a], block.factors[b]) for a, b in zip(i, j, strict=True)],
            dtype=np.intp,
        ),
        np.array([pair(item, item) for item in block.items]),
    )


def _rotated(theta: Array, rows: BlockRows, plan: RotationPlan) -> Rotation:
    """Rotate unrotated loadings, items at unit variance, as lavaan."""
    loadings, _, sd = (x[0] for x in rows.unpack(theta[None, rows.all]))
    method = chosen_method(plan)
    starts = random_starts(loadings.shape[1], plan.n_starts, plan.seed)
    found = rotate(loadings / sd[:, None], method, starts, method.kaiser)
    return order_by_index(replace(found, loadings=found.loadings * sd[:, None]))


def _turned(
    table: ParameterTable, theta: Array, block: FactorBlock, group: int, transform: Array
) -> Array:
    """Return the rows after ``η → Tᵀη``: all paths, covariances and means of the factors follow."""
    names = (*table.observed, *table.latent)
    place = {n: i for i, n in enumerate(names)}
    turn = np.eye(len(names))
    factors = [place[f] for f in block.factors]
    turn[np.ix_(factors, factors)] = transform.T
    rows = [(i, r) for i, r in enumerate(table.rows) if r.group == group]
    paths, spread, mean = np.zeros_like(turn), np.zeros_like(turn), np.zeros(len(names))
    for i, r in rows:
        if r.op in PATHS:
            paths[_ends(r, place)] = theta[i]
        elif r.op == "~~":
            a, b = place[r.lhs], place[r.rhs]
            spread[a, b] = spread[b, a] = theta[i]
        elif r.op == "~1":
            mean[place[r.lhs]] = theta[i]
    paths = turn @ paths @ np.linalg.inv(turn)
    spread, mean = turn @ spread @ turn.T, turn @ mean
    out = theta.copy()
    for i, r in rows:
        if r.op in PATHS:
            out[i] = paths[_ends(r, place)]
        elif r.op == "~~":
            out[i] = spread[place[r.lhs], place[r.rhs]]
        elif r.op == "~1":
            out[i] = mean[place[r.lhs]]
    return out


PATHS = ("=~", "~")


def _ends(row: Parameter, place: Mapping[str, int]) -> tuple[int, int]:
    """Return (outcome, cause) of a path."""
    ends = place[row.rhs], place[row.lhs]
    return ends if row.op == "=~" else (ends[1], ends[0])


def _conditions(
    first: BoundModel, table: ParameterTable, plan: RotationPlan
) -> tuple[BlockCondition, ...]:
    """Return the conditions of all blocks, on the objective of the rotated model."""
    structure = compile_structure(table)
    free = replace(table, blocks=())
    objective = bind_model(first.plan, free, structure, first.sample).objective
    return tuple(
        BlockCondition(objective, block_rows(table, block, group), chosen_method(plan))
        for group in range(1, table.n_groups + 1)
        for block in table.blocks
        if block.rotated
    )


def _same(model: BoundModel, value: float, alpha: Array) -> bool:
    """Tell whether the rotated model fits as well and still obeys what the text asks for."""
    reached = float(model.objective.at(alpha).value()[0])
    written, _ = replace(model.restrictions, conditions=()).equalities(alpha)
    obeys = bool(np.abs(written).max(initial=0.0) < ROUNDING)
    return not np.isfinite(value) or (obeys and abs(reached - value) < ROUNDING * (1 + abs(value)))


def _moved(first: BoundModel, unrotated: Array, model: BoundModel, alpha: Array) -> bool:
    """Tell whether an inequality that held parameters fast was left by the rotation, or broken."""
    before, _ = first.restrictions.inequalities(unrotated)
    after, _ = model.restrictions.inequalities(alpha)
    held = (np.abs(before) < ROUNDING) & (np.abs(after - before) > ROUNDING)
    return bool((held | (after < -ROUNDING)).any())


def _unequal(table: ParameterTable) -> ModelSpecificationError:
    block = next(b for b in table.blocks if b.rotated)
    return ModelSpecificationError(
        "The model treats the factors of an efa() block differently, so they cannot be rotated.",
        code="spec.efa_structure",
        hint="What is said of one factor (paths, covariances, means) must be said of all of its "
        "block, without fixing or equating: write  y ~ f1 + f2,  not  y ~ f1.",
        span=block.span,
    )


def _minima(rotations: list[Rotation]) -> Iterator[Finding]:
    doubtful = [r for r in rotations if r.n_best < AGREEING * r.n_starts]
    for rotation in doubtful:
        text = Text(
            f"The rotation has several solutions: {rotation.n_best} of {rotation.n_starts} starts "
            "led to the one reported, which is the simplest found.",
            f"旋转存在多个解：{rotation.n_starts} 个起点中有 {rotation.n_best} 个"
            "得到所报告的最简解。",
        )
        yield Finding("fit.rotation_minima", text, severity="note")
