"""Correlations of the normal variables behind ordered answers, as tables to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyaltysem.analysis.exploration.items import (
    ItemCorrelations,
    Missing,
    item_correlations,
    ordered_levels,
)
from loyaltysem.analysis.item_frame import Items, item_frame
from loyaltysem.core.display import bounded, integer, number
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.plain_table import html_paragraph, html_table, text_table
from loyaltysem.core.types import Array
from loyaltysem.moments.categories import code_categories
from loyaltysem.moments.margins import numeric_margin, ordered_margin
from loyaltysem.moments.ordered_correlations import EmptyCells
from loyaltysem.moments.polyserial import fit_mixed_pairs

EMPTY_CELLS: tuple[str, ...] = ("lavaan", "psych", "none")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Polychoric:
    """Polychoric correlations of a set of items.

    Attributes
    ----------
    rho : DataFrame, shape (p, p)
    thresholds : DataFrame
        ``item threshold value``: where the normal variable passes from one answer to the next.
    n_obs : int
        Cases; the smallest number of any pair under ``missing="pairwise"``.
    findings : tuple of Finding
    """

    rho: pd.DataFrame
    thresholds: pd.DataFrame
    n_obs: int
    findings: tuple[Finding, ...] = ()

    @property
    def threshold_table(self) -> pd.DataFrame:
        """Thresholds with a row an item, as ``psych::polychoric`` prints ``tau``."""
        wide = self.thresholds.pivot(index="item", columns="threshold", values="value")
        return wide.loc[list(self.rho.index)]

    def _cells(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        values = self.rho.to_numpy()
        names = [str(n) for n in self.rho.index]
        rows = [
            (name, *(bounded(v, 2) for v in row[: i + 1]), *("",) * (len(names) - i - 1))
            for i, (name, row) in enumerate(zip(names, values, strict=True))
        ]
        return ("", *names), rows

    def _threshold_cells(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        table = self.threshold_table
        rows = [
            (str(name), *("" if np.isnan(v) else number(v, 2) for v in row))
            for name, row in zip(table.index, table.to_numpy(), strict=True)
        ]
        return ("threshold", *(str(c) for c in table.columns)), rows

    def __str__(self) -> str:
        head = f"Polychoric correlations, {len(self.rho)} items, N = {integer(self.n_obs)}"
        lines = [head, *text_table(*self._cells()), "", *text_table(*self._threshold_cells())]
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        tables = html_table("Polychoric correlations", *self._cells())
        tables += html_table("Thresholds", *self._threshold_cells())
        return tables + "".join(html_paragraph(str(finding)) for finding in self.findings)


def polychoric(
    items: Items, *, missing: Missing = "listwise", correct: EmptyCells = "lavaan"
) -> Polychoric:
    """Return polychoric correlations of ordered items (tetrachoric ones of two answers).

    Parameters
    ----------
    items : DataFrame, Responses or array
        Answers, shape (N, p); numbers in the order of the answers.
    missing : {"listwise", "pairwise"}
        Leave out respondents who skipped an item, or use all who answered both items of a pair.
    correct : {"lavaan", "psych", "none"}
        What is done about tables with empty cells. ``"lavaan"`` adds ½ to the single empty cell of
        a 2 × 2 table and keeps its margins, as `sem` with ordered variables and lavaan do.
        ``"psych"`` counts ½ in every empty cell where the items differ in their number of answers
        (psych's ``correct=.5``, which has no effect where all items have the same number of
        answers). ``"none"`` leaves tables as they are (psych's ``correct=0``).

    Returns
    -------
    Polychoric

    Raises
    ------
    DataError
        The items cannot be correlated, or have more than 15 different answers.
    IncompatibleRequestError
        An unknown rule, or ``missing="em"``.

    Notes
    -----
    Two steps (Olsson 1979): thresholds from each item alone, then each correlation by maximum
    likelihood given the thresholds. lavaan's ``lavCor`` and psych agree; psych's search stops after
    four digits. psych smooths a matrix that is not positive definite, here it is a finding.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 1, 2, 2, 1, 2], "b": [1, 2, 1, 2, 1, 2]})
    >>> polychoric(answers).rho.loc["a", "b"].round(3).item()
    0.5
    """
    if correct not in EMPTY_CELLS:
        raise IncompatibleRequestError(
            f"Empty cells cannot be treated by '{correct}'.",
            code="exploration.correct",
            hint="Use 'lavaan', 'psych' or 'none'.",
        )
    source = item_correlations(items, polychoric=True, missing=missing, empty_cells=correct)
    thresholds = pd.DataFrame(_threshold_rows(source), columns=["item", "threshold", "value"])
    return Polychoric(source.frame, thresholds, source.n_obs, source.findings)


def _threshold_rows(source: ItemCorrelations) -> Iterator[tuple[str, int, float]]:
    for name, values in zip(source.names, source.thresholds, strict=True):
        for k, value in enumerate(values.tolist(), start=1):
            yield name, k, value


def polyserial(numeric: Items, ordered: Items) -> pd.DataFrame:
    """Return polyserial correlations of numeric variables with ordered items.

    Parameters
    ----------
    numeric : DataFrame or array, shape (N, q)
        Normal within each answer.
    ordered : DataFrame, Responses or array, shape (N, p)
        Answers, in the same rows.

    Returns
    -------
    DataFrame, shape (q, p)
        Numeric variables by items; each from the respondents who have both values.

    Raises
    ------
    DataError
        Different numbers of rows, variables that do not vary, or fewer than three respondents with
        both values.

    Notes
    -----
    Two steps (Olsson, Drasgow & Dorans 1982), as lavaan's ``lavCor``: mean, variance and thresholds
    first. psych corrects the Pearson correlation instead, which is not the maximum likelihood.

    Examples
    --------
    >>> age = pd.DataFrame({"age": [20, 30, 40, 50, 60, 70]})
    >>> float(polyserial(age, pd.DataFrame({"q": [1, 1, 1, 2, 1, 2]})).round(3).loc["age", "q"])
    0.768
    """
    x, y = item_frame(numeric, "exploration"), item_frame(ordered, "exploration")
    if len(x) != len(y):
        raise DataError(
            f"The numeric variables have {len(x)} rows, the items {len(y)}.",
            code="exploration.rows",
            hint="Expected the same respondents in the same order.",
        )
    ordered_levels([str(c) for c in y], y.to_numpy(np.float64))
    rows = [[_serial(x, y, a, b) for b in range(y.shape[1])] for a in range(x.shape[1])]
    return pd.DataFrame(rows, index=[str(c) for c in x], columns=[str(c) for c in y])


def _serial(x: pd.DataFrame, y: pd.DataFrame, a: int, b: int) -> float:
    pair = np.column_stack([x.iloc[:, a].to_numpy(), y.iloc[:, b].to_numpy()])
    pair = pair[np.isfinite(pair).all(axis=1)]
    names = f"{x.columns[a]} and {y.columns[b]}"
    if len(pair) < 3 or (pair.min(axis=0) == pair.max(axis=0)).any():
        raise DataError(
            f"{names} cannot be correlated: {len(pair)} respondents have both, "
            "and both must vary among them.",
            code="exploration.too_few_cases",
            hint="Expected three respondents or more with both values.",
        )
    return _correlate(pair)


def _correlate(pair: Array) -> float:
    levels = (np.empty(0), np.unique(pair[:, 1]))
    codes = code_categories(pair, levels)[:, 1].astype(np.intp)
    none = np.zeros((len(pair), 0))
    margin = ordered_margin(codes, len(levels[1]), none)
    return float(fit_mixed_pairs([numeric_margin(pair[:, 0], none)], [margin], none).rho[0])
