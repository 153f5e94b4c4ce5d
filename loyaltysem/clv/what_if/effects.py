"""Total effects of a driver on indicators, and whether the model has a path at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.errors import ModelSpecificationError, did_you_mean
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.implied import model_matrices, total_effects
from loyaltysem.estimation.result import SEMResult
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.structure import BlockStructure

#: Step of the central differences, relative to a parameter of size one: cube root of the
#: precision of a double.
STEP = 6e-6
#: Name that stands for the mean of all items of the driver.
MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Lever:
    """What is raised, by which yardstick, and what is read.

    Attributes
    ----------
    driver : str
        A latent variable or an observed one with arrows.
    yardstick : tuple of str
        Items whose mean rises by one scale point; empty where the driver is observed itself.
    outcomes : tuple of str
        Observed variables whose shift is read.
    """

    driver: str
    yardstick: tuple[str, ...]
    outcomes: tuple[str, ...]


def lever(fit: SEMResult, driver: str, outcomes: Sequence[str], per: str | None) -> Lever:
    """Return what is raised and read, if the model has both and a path between them.

    Parameters
    ----------
    fit : SEMResult
    driver : str
    outcomes : sequence of str
        Columns of the indicators of value.
    per : str, optional
        Item whose points count, or ``"mean"`` for the mean of all items of the driver; the first
        item unless given.

    Raises
    ------
    ModelSpecificationError
        The driver, the indicators or the item are not in the model, or no path leads from the
        driver to any of the indicators.
    """
    table = fit.table
    known = {name for row in table.rows for name in (row.lhs, row.rhs) if name}
    for name in (driver, *outcomes):
        if name not in known:
            raise ModelSpecificationError(
                f"'{name}' is no variable of the model.",
                code="what_if.unknown",
                hint=did_you_mean(name, known)
                or "Fit the model to linked.data, with its indicators of value.",
            )
    reached = _reached(table, driver)
    if not reached & set(outcomes):
        raise ModelSpecificationError(
            f"No path leads from '{driver}' to {', '.join(outcomes)}, so raising it changes no"
            " value in this model.",
            code="what_if.no_path",
            hint="Arrows run from predictors to outcomes and from latent variables to their"
            " indicators; a covariance is no path.",
        )
    return Lever(driver, _yardstick(table, driver, per), tuple(outcomes))


def _arrows(table: ParameterTable) -> Iterator[tuple[str, str]]:
    for row in table.rows:
        if not row.free and row.value == 0:
            continue
        if row.op == "=~":
            yield row.lhs, row.rhs
        elif row.op == "~":
            yield row.rhs, row.lhs


def _reached(table: ParameterTable, driver: str) -> set[str]:
    arrows, reached, front = list(_arrows(table)), {driver}, {driver}
    while front:
        front = {end for start, end in arrows if start in front} - reached
        reached |= front
    return reached - {driver}


def _yardstick(table: ParameterTable, driver: str, per: str | None) -> tuple[str, ...]:
    items = tuple(dict.fromkeys(_items(table, driver)))
    if per == MEAN or not items:
        return items
    if per is not None and per not in items:
        raise ModelSpecificationError(
            f"'{per}' is no item of '{driver}'.",
            code="what_if.item",
            hint=did_you_mean(per, items) or f"Its items: {', '.join(items)}; or per='mean'.",
        )
    return (per or items[0],)


def _items(table: ParameterTable, latent: str) -> Iterator[str]:
    """List the observed items below a factor, of second order too."""
    for row in table.rows:
        if row.op == "=~" and row.lhs == latent and row.group == 1:
            if row.rhs in table.latent:
                yield from _items(table, row.rhs)
            else:
                yield row.rhs


def shifts(block: BlockStructure, theta: Array, lever: Lever) -> Array:
    """Return how far each outcome moves when the driver rises by one point of its yardstick.

    Parameters
    ----------
    block : BlockStructure
        One group.
    theta : Array, shape (B, t)
        All table rows.
    lever : Lever

    Returns
    -------
    Array, shape (B, K)

    Notes
    -----
    With A = (I − B)⁻¹ the total effect of η_d on y is [ΛA]_{yd} / A_dd: η_d is set, so feedback to
    itself is taken out; without loops A_dd = 1 (Bollen, 1989, ch. 8). One scale point is the change
    of η_d that moves the yardstick by one: 1 over the mean of its own total effects.
    """
    m = model_matrices(block, theta)
    loadings = m["Lambda"]
    place = block.structural.index(lever.driver)
    if block.has_regressions:
        effects = total_effects(m["Beta"])
        column = effects[:, :, place] / effects[:, place, place][:, None]
    else:
        column = np.broadcast_to(np.eye(block.k)[place], (len(theta), block.k))
    moved = np.einsum("bpk,bk->bp", loadings, column)

    def of(names: Sequence[str]) -> Indices:
        return np.array([block.observed.index(name) for name in names], dtype=np.intp)

    unit = moved[:, of(lever.yardstick)].mean(axis=1) if lever.yardstick else np.ones(len(theta))
    return np.asarray(moved[:, of(lever.outcomes)] / unit[:, None])


def shift_derivatives(fit: SEMResult, group: int, lever: Lever) -> Array:
    """Return the derivatives of `shifts` by the free parameters, shape (K, q).

    Notes
    -----
    Central differences, all 2q points in one batch; exact to about ten digits.
    """
    alpha = fit.solution.alpha
    q = alpha.shape[1]
    steps = STEP * np.maximum(1.0, np.abs(alpha[0]))
    points = np.concatenate([alpha + np.diag(steps), alpha - np.diag(steps)])
    theta = fit.objective.map.theta(points)
    moved = shifts(fit.structure.blocks[group], theta, lever)
    return np.asarray(((moved[:q] - moved[q:]) / (2.0 * steps[:, None])).T)
