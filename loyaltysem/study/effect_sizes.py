"""R² and Cohen's f² of every structural path, from what the model implies."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyaltysem.core.types import Array
from loyaltysem.estimation.result import SEMResult


def effect_sizes_table(fit: SEMResult) -> pd.DataFrame:
    """Return ``outcome predictor r2 r2_without f2`` of every path between latent variables.

    Notes
    -----
    f² = (R² − R²₋)/(1 − R²) (Cohen, 1988), where R²₋ is that of the outcome on its other predictors
    alone, from the covariances of latent variables that the model implies.
    """
    frame = fit.parameters()
    paths = frame[frame["op"] == "~"]
    latent = fit.latent_cov()
    rows = []
    for outcome, part in paths.groupby("lhs", sort=False):
        target, names = str(outcome), [str(name) for name in part["rhs"]]
        if not {target, *names} <= set(latent.columns):
            continue
        full = _explained_by(names, target, latent)
        for name in names:
            less = _explained_by([other for other in names if other != name], target, latent)
            f2 = (full - less) / (1.0 - full)
            rows.append((target, name, full, less, f2))
    return pd.DataFrame(rows, columns=["outcome", "predictor", "r2", "r2_without", "f2"])


def _explained_by(names: list[str], outcome: str, latent: pd.DataFrame) -> float:
    order = [*names, outcome]
    cov = latent.loc[order, order].to_numpy(dtype=np.float64)
    return explained(cov[:-1, :-1], cov[:-1, -1], float(cov[-1, -1]))


def explained(predictors: Array, shared: Array, variance: float) -> float:
    """Return R² of a regression from covariances.

    Examples
    --------
    >>> explained(np.eye(2), np.array([0.6, 0.0]), 1.0)
    0.36
    """
    if not len(shared):
        return 0.0
    return float(shared @ np.linalg.solve(predictors, shared)) / variance
