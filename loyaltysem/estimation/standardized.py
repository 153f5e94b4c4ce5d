"""The standardised solution with its own standard errors, tests and intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.types import Array
from loyaltysem.estimation.frames import wald_columns
from loyaltysem.estimation.model import BoundModel
from loyaltysem.inference.defined import defined
from loyaltysem.inference.standardised import delta_method, standardised
from loyaltysem.model.standardisation import standardisation_plan

KINDS = ("std_all", "std_lv")


def standardized_frame(
    model: BoundModel, alpha: Array, vcov: Array, kind: str, level: float
) -> pd.DataFrame:
    """Return ``lhs op rhs group label est_std se z pvalue ci_lower ci_upper``.

    Parameters
    ----------
    model : BoundModel
    alpha : Array, shape (1, q)
        The solution.
    vcov : Array, shape (q, q)
    kind : {"std_all", "std_lv"}
        All variables standardised, or the latent ones only.
    level : float
        Coverage of the intervals.

    Notes
    -----
    Delta method with the exact Jacobian of the standardised values: a loading that is fixed in
    the model has a standard error here, since its standardised value depends on the estimates.
    """
    if kind not in KINDS:
        raise IncompatibleRequestError(
            f"There is no standardised solution {kind!r}.",
            code="request.standardized",
            hint=f"Choose from {', '.join(map(repr, KINDS))}.",
        )
    table, objective = model.table, model.objective
    plans = standardisation_plan(table, model.structure, latent_only=kind == "std_lv")
    rows = standardised(objective, alpha, plans)
    formulas = defined(table.defined, table.label_rows(), *rows)
    value = np.concatenate([rows[0], formulas[0]], axis=1)[0]
    jacobian = np.concatenate([rows[1], formulas[1]], axis=1)
    names = [(r.lhs, r.op, r.rhs, r.group, r.label) for r in table.rows]
    names += [(d.name, ":=", d.text, 0, d.name) for d in table.defined]
    frame = pd.DataFrame(names, columns=["lhs", "op", "rhs", "group", "label"])
    columns = wald_columns(value, delta_method(jacobian, vcov[None])[0], level)
    return frame.assign(est_std=columns.pop("est"), **columns)
