"""Velicer's minimum average partial (MAP): how many components leave the least in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyaltysem.analysis.exploration.eigen import descending
from loyaltysem.analysis.exploration.items import Missing, item_correlations
from loyaltysem.analysis.item_frame import Items
from loyaltysem.core.display import bounded, integer
from loyaltysem.core.errors import Finding
from loyaltysem.core.shown import Cells, Shown
from loyaltysem.core.types import Array


def average_partials(r: Array, power: int) -> Array:
    """Return the average partial correlation after 0, 1, … p − 1 components, shape (p,).

    The average of squares (`power` 2, Velicer 1976) or fourth powers (Velicer, Eaton & Fava 2000);
    NaN once a component leaves nothing of an item.

    Examples
    --------
    >>> r = np.kron(np.eye(2), np.full((3, 3), 0.6)) + 0.4 * np.eye(6)
    >>> int(np.nanargmin(average_partials(r, 2)))
    2
    """
    p = len(r)
    values, vectors = descending(r)
    loadings = vectors * np.sqrt(np.maximum(values, 0.0))
    out = np.full(p, np.nan)
    for m in range(p):
        left = r - loadings[:, :m] @ loadings[:, :m].T
        variance = np.diagonal(left)
        if (variance < 1e-10).any():
            break
        partial = np.abs(left / np.sqrt(np.outer(variance, variance))) ** power
        out[m] = (partial.sum() - p) / (p * (p - 1))
    return out


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MAPTest(Shown):
    """Minimum average partial test.

    Attributes
    ----------
    n_components : int
        By squared partial correlations (Velicer 1976).
    n_components_revised : int
        By fourth powers (Velicer, Eaton & Fava 2000).
    frame : DataFrame
        ``components squared fourth``: averages after 0, 1, … components.
    n_obs : int
    findings : tuple of Finding
    """

    n_components: int
    n_components_revised: int
    frame: pd.DataFrame
    n_obs: int
    findings: tuple[Finding, ...] = ()

    def _headline(self) -> Iterator[str]:
        yield (
            f"Minimum average partial: {self.n_components} component(s) "
            f"(revised: {self.n_components_revised}), N = {integer(self.n_obs)}"
        )

    def _cells(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        rows: list[tuple[str, ...]] = [
            (str(m), bounded(row[0], 4), bounded(row[1], 4))
            for m, row in enumerate(self.frame[["squared", "fourth"]].to_numpy())
        ]
        return ("components", "average r²", "average r⁴"), rows

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield "", self._cells()


def map_test(
    items: Items,
    *,
    polychoric: bool = False,
    missing: Missing = "listwise",
    n_obs: int | None = None,
) -> MAPTest:
    """Find the number of components after which the items have least in common.

    Parameters
    ----------
    items : DataFrame, Responses or array
        Answers, shape (N, p); or with `n_obs` their correlation or covariance matrix.
    polychoric : bool
        Use polychoric correlations.
    missing : {"listwise", "pairwise", "em"}
        See `efa`.
    n_obs : int, optional
        Cases behind a matrix.

    Returns
    -------
    MAPTest

    Raises
    ------
    DataError
        The items cannot be correlated.

    Notes
    -----
    ``psych::vss`` computes the squared version and does not ask about no component at all, which is
    the first row here: where it is smallest, the items have no common component.

    Examples
    --------
    >>> r = np.kron(np.eye(2), np.full((3, 3), 0.6)) + 0.4 * np.eye(6)
    >>> print(str(map_test(r, n_obs=200)).splitlines()[0])
    Minimum average partial: 2 component(s) (revised: 2), N = 200
    """
    source = item_correlations(items, polychoric=polychoric, missing=missing, n_obs=n_obs)
    squared, fourth = (average_partials(source.r, power) for power in (2, 4))
    frame = pd.DataFrame(
        {"components": np.arange(len(squared)), "squared": squared, "fourth": fourth}
    )
    return MAPTest(
        int(np.nanargmin(squared)),
        int(np.nanargmin(fourth)),
        frame,
        source.n_obs,
        source.findings,
    )
