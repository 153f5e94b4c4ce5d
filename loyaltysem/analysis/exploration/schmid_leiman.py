"""One general factor and group factors from correlated factors (Schmid & Leiman 1957)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.analysis.exploration.as_in_psych import EXTRACTIONS_AS_IN_PSYCH
from loyaltysem.analysis.exploration.extraction import EXTRACTIONS
from loyaltysem.core.display import bounded
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.shown import Cells, Shown
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

SecondOrder: TypeAlias = Literal["minres", "ml", "pa", "minres_psych", "ml_psych", "pa_psych"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SchmidLeiman(Shown):
    """A hierarchical solution, all factors uncorrelated.

    Attributes
    ----------
    names : tuple of str
        Items.
    general : Array, shape (p,)
        Loadings on the general factor.
    group : Array, shape (p, k)
        Loadings on the group factors, what the general one leaves of them.
    second_order : Array, shape (k,)
        Loadings of the correlated factors on the general one.
    communality : Array, shape (p,)
        Variance of each item that the correlated factors account for. More than three factors
        whose correlations one general factor does not reproduce leave a part of it out of `general`
        and `group`.
    findings : tuple of Finding
    """

    names: tuple[str, ...]
    general: Array
    group: Array
    second_order: Array
    communality: Array
    findings: tuple[Finding, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """``g F1* … Fk* h2 u2 p2`` by item; p2 is the share of h2 due to the general factor."""
        h2 = self.communality
        table = pd.DataFrame({"g": self.general}, index=list(self.names))
        for a in range(self.group.shape[1]):
            table[f"F{a + 1}*"] = self.group[:, a]
        with np.errstate(divide="ignore", invalid="ignore"):
            return table.assign(h2=h2, u2=1.0 - h2, p2=self.general**2 / h2)

    def _cells(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        table = self.frame
        rows = [
            (str(n), *(bounded(v, 2) for v in row))
            for n, row in zip(table.index, table.to_numpy(), strict=True)
        ]
        return ("item", *map(str, table.columns)), rows

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield "Schmid–Leiman solution", self._cells()


def schmid_leiman(
    loadings: pd.DataFrame, phi: pd.DataFrame | Array, *, method: SecondOrder = "minres"
) -> SchmidLeiman:
    """Split correlated factors into a general factor and group factors.

    Parameters
    ----------
    loadings : DataFrame, shape (p, k)
        Pattern loadings of an oblique solution, items by factors, k ≥ 2.
    phi : DataFrame or array, shape (k, k)
        Correlations of the factors.
    method : {"minres", "ml", "pa", "minres_psych", "ml_psych", "pa_psych"}
        Extracts the general factor from `phi`.

    Returns
    -------
    SchmidLeiman

    Raises
    ------
    IncompatibleRequestError
        For a single factor.

    Notes
    -----
    With γ the loadings of the factors on the general factor, items load Λγ on it and
    ``λ_ia √(1 − γ_a²)`` on group factor a, as ``psych::schmid``. Two factors have one correlation
    only: both get the loading √|φ|, as psych's ``option="equal"``. Where a γ goes beyond 1, its
    group factor has nothing left and gets loadings of 0.

    Examples
    --------
    >>> loadings = pd.DataFrame(np.kron(np.eye(3), [[0.8], [0.7], [0.6]]))
    >>> phi = np.full((3, 3), 0.25) + 0.75 * np.eye(3)
    >>> found = schmid_leiman(loadings, phi)
    >>> found.general.round(2).tolist()[:3], found.second_order.round(2).tolist()
    ([0.4, 0.35, 0.3], [0.5, 0.5, 0.5])
    """
    pattern, correlations = loadings.to_numpy(np.float64), np.asarray(phi, dtype=np.float64)
    k = pattern.shape[1]
    if k < 2:
        raise IncompatibleRequestError(
            "A general factor above one factor is that factor itself.",
            code="exploration.schmid_leiman",
            hint="Expected an oblique solution of two factors or more.",
        )
    gamma, findings = _second_order(correlations, method)
    left = np.sqrt(np.maximum(1.0 - gamma**2, 0.0))
    return SchmidLeiman(
        tuple(str(n) for n in loadings.index),
        pattern @ gamma,
        pattern * left,
        gamma,
        np.asarray(((pattern @ correlations) * pattern).sum(axis=1)),
        findings,
    )


def _second_order(phi: Array, method: SecondOrder) -> tuple[Array, tuple[Finding, ...]]:
    if len(phi) == 2:
        root = np.sqrt(abs(phi[0, 1]))
        text = Text(
            "Two factors do not identify a general factor; both were given the same loading on it.",
            "仅两个因子无法识别一般因子；已令二者在一般因子上的载荷相等。",
        )
        finding = Finding("exploration.two_factors", text)
        return np.array([root, np.copysign(root, phi[0, 1])]), (finding,)
    found = {**EXTRACTIONS, **EXTRACTIONS_AS_IN_PSYCH}[method](phi, 1)
    gamma = found.loadings[:, 0]
    if (gamma**2 < 1.0).all() and not found.heywood.any():
        return gamma, ()
    text = Text(
        f"A factor is all but the general factor (loading {bounded(float(np.abs(gamma).max()))}).",
        f"有一个因子几乎就是一般因子（载荷 {bounded(float(np.abs(gamma).max()))}）。",
    )
    return gamma, (Finding("exploration.second_order_heywood", text),)
