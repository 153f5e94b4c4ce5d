"""Results as labelled tables: names are put on arrays here and nowhere earlier."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray
from scipy.special import ndtr, ndtri

from loyaltysem.core.linalg import correlation
from loyaltysem.core.types import Array
from loyaltysem.engine.implied import Implied
from loyaltysem.estimation.infer import Inference
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.structure import BlockStructure, ModelStructure


def parameter_frame(
    table: ParameterTable,
    structure: ModelStructure,
    inference: Inference,
    standardized: bool,
    level: float,
) -> pd.DataFrame:
    """Return one row a parameter, defined parameters last (group 0)."""
    rows, formulas = table.rows, table.defined
    estimates = inference.rows, inference.defined
    columns: dict[str, object] = {
        "lhs": _text((*(r.lhs for r in rows), *(d.name for d in formulas))),
        "op": _text((*(r.op for r in rows), *(":=" for _ in formulas))),
        "rhs": _text((*(r.rhs for r in rows), *(d.text for d in formulas))),
        "group": np.array([*(r.group for r in rows), *(0 for _ in formulas)]),
        "label": _text((*(r.label for r in rows), *(d.name for d in formulas))),
        "free": np.append(structure.free + 1, np.zeros(len(formulas), dtype=np.intp)),
    }
    est, se = (np.concatenate([getattr(e, name) for e in estimates]) for name in ("value", "se"))
    columns |= wald_columns(est, se, level)
    if standardized:
        columns |= {
            name: np.concatenate([getattr(s, name) for s in inference.standardised])
            for name in ("std_lv", "std_all", "std_all_se")
        }
    return pd.DataFrame(columns, copy=False)  # every column was made here


def _text(words: tuple[str, ...]) -> ExtensionArray:
    """Return a column of words; a copy, since who gets the frame may write into it."""
    return _column(words).copy()


@lru_cache(maxsize=256)
def _column(words: tuple[str, ...]) -> ExtensionArray:
    # Turning words into a pandas column takes longer than any column of numbers.
    return pd.Series(words).array


def wald_columns(est: Array, se: Array, level: float) -> dict[str, Array]:
    """Return estimates with z, two-sided p and normal-theory interval; no test where se is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(se > 0, est / se, np.nan)
    half = -ndtri((1.0 - level) / 2.0) * se
    return {
        "est": est,
        "se": se,
        "z": z,
        "pvalue": 2.0 * ndtr(-np.abs(z)),
        "ci_lower": est - half,
        "ci_upper": est + half,
    }


Labelled = TypeVar("Labelled", pd.DataFrame, pd.Series)


def by_group(labels: Sequence[str], parts: Sequence[Labelled]) -> Labelled:
    """Return the only part, or all below one another under their group labels.

    Examples
    --------
    >>> one = pd.Series({"x": 0.5})
    >>> by_group((), [one]) is one
    True
    >>> float(by_group(("a", "b"), [one, one + 0.1]).loc["b"]["x"])
    0.6
    """
    if len(parts) == 1:
        return parts[0]
    keyed = dict(zip(labels, parts, strict=True))
    stacked: Labelled = pd.concat(keyed, names=["group", "variable"])
    return stacked


def covariance_frame(cov: Array, names: Sequence[str]) -> pd.DataFrame:
    """Label a covariance matrix (p, p)."""
    return pd.DataFrame(cov, index=list(names), columns=list(names))


def latent_frame(
    block: BlockStructure, implied: Implied, latent: Sequence[str], as_correlation: bool
) -> pd.DataFrame:
    """Return implied covariances or correlations of the latent variables of one group."""
    seats = [block.structural.index(n) for n in latent]
    cov = implied.latent_cov[0][np.ix_(seats, seats)]
    return covariance_frame(correlation(cov) if as_correlation else cov, latent)


def explained_variance(
    table: ParameterTable, block: BlockStructure, inference: Inference, group: int
) -> pd.Series:
    """Return R² of every explained variable: 1 − residual/implied variance, NaN if below 0."""
    total = dict(
        zip(
            (*block.structural, *block.observed),
            (
                *np.diagonal(inference.implied[group].latent_cov[0]),
                *np.diagonal(inference.implied[group].moments.sigma[0]),
            ),
            strict=True,
        )
    )
    explained = {r.lhs for r in table.rows if r.op == "~"}
    explained |= {r.rhs for r in table.rows if r.op == "=~"}
    r2 = {
        row.lhs: 1.0 - value / total[row.lhs] if value >= 0 else float("nan")
        for row, value in zip(table.rows, inference.rows.value, strict=True)
        if row.op == "~~" and row.lhs == row.rhs and row.lhs in explained and row.group == group + 1
    }
    return pd.Series(r2, name="r2", dtype=np.float64)
