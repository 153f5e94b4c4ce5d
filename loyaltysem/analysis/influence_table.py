"""The influence of cases as tables: what stands out, and which verdicts hang on one case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy.special import ndtr

from loyaltysem.analysis.left_out import FITTED
from loyaltysem.core.display import integer, number, pvalue
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.memo import remembered
from loyaltysem.core.shown import Cells, Shown
from loyaltysem.core.types import Array, Mask
from loyaltysem.estimation.result import SEMResult

#: Level at which a verdict is passed.
ALPHA = 0.05
EXACT, ONE_STEP = "exact", "one-step"
Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Influence(Shown):
    """What each case does to a fit; every table has one row a case, labelled by its id.

    Attributes
    ----------
    cases : DataFrame
        ``position`` (in the data, from 0), ``group`` (with several groups), ``status``
        (``fitted``, ``not converged``, ``not possible``), ``chisq_change`` (χ² with the case less
        χ² without: positive where the case makes the model fit worse), ``distance`` (likelihood
        distance), ``cook`` (generalised Cook's distance), ``largest`` (the parameter that moves
        most) and ``largest_change`` (by how many standard errors), ``admissible`` (no negative
        variance without the case), ``<measure>_change``; with a likelihood also ``loglik`` (the
        log-likelihood of the case) and ``chisq_part`` (its part of χ²; the parts add up to χ²).
    changes : DataFrame
        Each estimate with the case less that without, in standard errors of the latter (DFBETAS).
    estimates, errors : DataFrame
        Estimates and standard errors without the case.
    weights : DataFrame or None
        How far each estimate moves, in its standard errors, for each unit of weight that is added
        to the case (the empirical influence function, from casewise scores); None where the
        estimator has no likelihood of cases.
    method : {"exact", "one-step"}
        Whether the model was refitted without each case, or refits were approximated from scores.
    findings : tuple of Finding
    fit : SEMResult
        The fit to all cases.
    """

    cases: pd.DataFrame
    changes: pd.DataFrame
    estimates: pd.DataFrame
    errors: pd.DataFrame
    weights: pd.DataFrame | None
    method: str
    findings: tuple[Finding, ...]
    fit: SEMResult
    memo: dict[str, Any] = field(default_factory=dict, init=False)

    def top(self, n: int = 10, by: str = "cook") -> pd.DataFrame:
        """Return the most influential cases, by the size of a column of `cases` or `changes`.

        Cases without a refit come first: without them there is no result at all.

        Raises
        ------
        IncompatibleRequestError
            When there is no such column.
        """
        column = self.column(by).abs()
        places = column.reset_index(drop=True)
        order = places.sort_values(ascending=False, kind="stable", na_position="first").index
        return self.cases.iloc[order[:n]]

    def column(self, by: str) -> pd.Series:
        """Return a numeric column of `cases`, or the changes of a parameter."""
        for table in (self.cases, self.changes):
            if by in table.columns and pd.api.types.is_numeric_dtype(table[by]):
                return table[by]
        numeric = self.cases.select_dtypes("number").columns
        raise IncompatibleRequestError(
            f"Cases cannot be ordered by '{by}'.",
            code="request.influence_column",
            hint=f"Use one of {', '.join(numeric)}, or a parameter such as "
            f"'{self.changes.columns[0]}'.",
        )

    @remembered
    def reversals(self) -> pd.DataFrame:
        """Paths and defined parameters whose verdict hangs on one case.

        ``case parameter est pvalue est_without pvalue_without`` where an effect is significantly
        positive, significantly negative or neither (at .05), and another of these without the case.
        """
        return _reversals(self)

    def _headline(self) -> list[str]:
        how = {EXACT: "refitted without each", ONE_STEP: "one-step approximation from scores"}
        return [
            f"Influence of {integer(len(self.cases))} cases ({how[self.method]})",
            f"Verdicts that hang on one case: {integer(len(self.reversals))}",
        ]

    def _table(self) -> tuple[Row, list[Row]]:
        header = ("case", "Cook's D", "LD", "Δχ²", "largest change", "in SE")
        rows: list[Row] = [
            (
                str(case),
                number(row["cook"], 2),
                number(row["distance"], 2),
                number(row["chisq_change"], 2),
                str(row["largest"]) if row["status"] == FITTED else str(row["status"]),
                number(row["largest_change"], 2),
            )
            for case, row in self.top(8).iterrows()
        ]
        return header, rows

    def _reversal_table(self) -> tuple[Row, list[Row]]:
        rows: list[Row] = [
            (
                str(r["case"]), str(r["parameter"]), number(r["est"]), pvalue(r["pvalue"]),
                number(r["est_without"]), pvalue(r["pvalue_without"]),
            )
            for r in self.reversals.head(8).to_dict("records")
        ]  # fmt: skip
        return ("case", "parameter", "est", "p", "without: est", "p"), rows

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield "", self._table()
        if len(self.reversals):
            yield "", self._reversal_table()


def estimates_of(fit: SEMResult) -> tuple[Array, Array]:
    """Return free and defined estimates of the whole data, and their standard errors."""
    defined = fit.inference.defined
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(np.diagonal(fit.inference.vcov))
    return (
        np.concatenate([fit.solution.alpha[0], defined.value]),
        np.concatenate([errors, defined.se]),
    )


def _reversals(found: Influence) -> pd.DataFrame:
    fit = found.fit
    estimates, errors = estimates_of(fit)
    without, se = found.estimates.to_numpy(), found.errors.to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2.0 * ndtr(-np.abs(estimates / errors))
        p_without = 2.0 * ndtr(-np.abs(without / se))
    turned = _verdict(without, p_without) != _verdict(estimates, p)
    turned &= np.isfinite(p_without) & np.isfinite(p) & _paths(fit)
    rows, columns = np.nonzero(turned)
    return pd.DataFrame(
        {
            "case": found.cases.index[rows],
            "parameter": found.changes.columns[columns],
            "est": estimates[columns],
            "pvalue": p[columns],
            "est_without": without[rows, columns],
            "pvalue_without": p_without[rows, columns],
        }
    )


def _verdict(estimate: Array, p: Array) -> Array:
    """Return the sign of what is significant at .05, and 0 for the rest."""
    return np.where(p < ALPHA, np.sign(estimate), 0.0)


def _paths(fit: SEMResult) -> Mask:
    """Tell which free and defined parameters are paths or made of parameters, shape (k,)."""
    paths = np.zeros(fit.structure.n_free, dtype=np.bool_)
    for row, place in zip(fit.table.rows, fit.structure.free, strict=True):
        if place >= 0 and row.op == "~":
            paths[place] = True
    return np.append(paths, np.ones(len(fit.table.defined), dtype=np.bool_))
