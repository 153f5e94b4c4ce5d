"""A fitted measurement model as matrices, one set a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyaltysem.core.types import Array, Indices
from loyaltysem.estimation.result import SEMResult


@dataclass(frozen=True, slots=True, eq=False)
class MeasurementPart:
    """The measurement model of one group.

    Attributes
    ----------
    label : str
        Of the group; empty without groups.
    items, latents : tuple of str
        Observed indicators and latent variables, p and m of them, in model order.
    direct : Array, shape (p, m)
        Λ: loadings of items on latents they are written under.
    chained : Array, shape (p, m)
        Loadings along chains ``f2 =~ f1``, ``f1 =~ x``: Λ (I − Γ)⁻¹.
    latent_cov : Array, shape (m, m)
    residual_cov : Array, shape (p, p)
    implied, observed : Array, shape (p, p)
        Covariances; of the latent responses where items are ordered.
    thresholds : dict of str to Array
        Standardised, of ordered items.
    standardized : DataFrame
        Parameter rows of the group.
    """

    label: str
    items: tuple[str, ...]
    latents: tuple[str, ...]
    direct: Array
    chained: Array
    latent_cov: Array
    residual_cov: Array
    implied: Array
    observed: Array
    thresholds: dict[str, Array]
    standardized: pd.DataFrame

    def items_of(self, latent: str) -> Indices:
        """Return the places of the items that load on a latent, through others or directly."""
        return np.flatnonzero(self.chained[:, self.latents.index(latent)])


def measurement_parts(fit: SEMResult) -> tuple[MeasurementPart, ...]:
    """Take a fitted model apart, group by group."""
    rows = fit.parameters(standardized=True)
    loadings = rows[rows["op"] == "=~"]
    latents = tuple(dict.fromkeys(loadings["lhs"]))
    items = tuple(x for x in dict.fromkeys(loadings["rhs"]) if x not in latents)
    labels = fit.groups or ("",)
    return tuple(
        _part(fit, label, rows[rows["group"] == g], items, latents)
        for g, label in enumerate(labels, start=1)
    )


def _part(
    fit: SEMResult, label: str, rows: pd.DataFrame, items: tuple[str, ...], latents: tuple[str, ...]
) -> MeasurementPart:
    direct = _filled(rows, "=~", items, latents)
    order = _filled(rows, "=~", latents, latents)
    regressions = _filled(rows, "~", latents, latents, by_left=True)
    phi = _of_group(fit.latent_cov(), label, latents)
    theta = _symmetric(rows, items)
    thresholds = {x: _estimates(rows, "|", x) for x in items}
    ordered = {x: t for x, t in thresholds.items() if t.size}
    implied = (
        direct @ phi @ direct.T + theta if ordered else _of_group(fit.implied_cov(), label, items)
    )
    intercepts = np.array([*_means(rows, items), *_means(rows, latents)])
    effects = np.linalg.inv(np.eye(len(latents)) - order - regressions)
    mean = intercepts[: len(items)] + direct @ effects @ intercepts[len(items) :]
    return MeasurementPart(
        label, items, latents, direct, direct @ np.linalg.inv(np.eye(len(latents)) - order), phi,
        theta, implied, _of_group(fit.sample_cov(), label, items),
        {
            x: (t - mean[items.index(x)]) / np.sqrt(implied[items.index(x), items.index(x)])
            for x, t in ordered.items()
        },
        rows,
    )  # fmt: skip


def _filled(
    rows: pd.DataFrame,
    op: str,
    down: Sequence[str],
    across: Sequence[str],
    by_left: bool = False,
) -> Array:
    """Scatter estimates into a matrix: ``across =~ down``, or ``down ~ across``."""
    left, right = ("lhs", "rhs") if by_left else ("rhs", "lhs")
    chosen = rows[(rows["op"] == op) & rows[left].isin(down) & rows[right].isin(across)]
    matrix = np.zeros((len(down), len(across)))
    for a, b, value in zip(chosen[left], chosen[right], chosen["est"], strict=True):
        matrix[down.index(a), across.index(b)] = value
    return matrix


def _symmetric(rows: pd.DataFrame, names: Sequence[str]) -> Array:
    matrix = _filled(rows, "~~", names, names)
    return matrix + matrix.T - np.diag(np.diag(matrix))


def _estimates(rows: pd.DataFrame, op: str, name: str) -> Array:
    return rows.loc[(rows["op"] == op) & (rows["lhs"] == name), "est"].to_numpy(dtype=float)


def _means(rows: pd.DataFrame, names: Sequence[str]) -> list[float]:
    return [float(_estimates(rows, "~1", name).sum()) for name in names]


def _of_group(frame: pd.DataFrame, label: str, names: Sequence[str]) -> Array:
    """Return the rows and columns of some variables from one group's block."""
    block = frame.loc[label] if frame.index.nlevels > 1 else frame
    return block.loc[list(names), list(names)].to_numpy(dtype=float)
