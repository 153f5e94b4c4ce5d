"""How good predictions are: of amounts, of probabilities, and by tenths of customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from loyaltysem.clv.behaviour.proportions import normal_quantile, wilson
from loyaltysem.core.types import Array


def amount_scores(predicted: Array, actual: Array) -> dict[str, float]:
    """Return ``mae rmse bias spearman top_decile`` of predicted amounts.

    `bias` is mean predicted minus mean actual; `top_decile` the share of the actual total that the
    best tenth by prediction brought.

    Examples
    --------
    >>> found = amount_scores(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    >>> found["mae"], found["bias"]
    (1.0, 0.0)
    """
    error = predicted - actual
    best = np.argsort(-predicted, kind="stable")[: max(1, len(predicted) // 10)]
    varied = np.ptp(predicted) > 0 and np.ptp(actual) > 0
    return {
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "bias": float(error.mean()),
        "spearman": float(stats.spearmanr(predicted, actual).statistic) if varied else np.nan,
        "top_decile": float(actual[best].sum() / actual.sum()) if actual.sum() else np.nan,
    }


def probability_scores(predicted: Array, happened: Array) -> dict[str, float]:
    """Return ``brier log_loss auc bias calibration_error`` of predicted probabilities.

    Notes
    -----
    Brier (1950): mean (p − y)². `auc` is the probability that one to whom it happened has the
    higher p, ties counting half. `calibration_error` is the mean distance of predicted and
    observed shares over tenths.

    Examples
    --------
    >>> found = probability_scores(np.array([0.1, 0.4, 0.8]), np.array([0.0, 1.0, 1.0]))
    >>> round(found["brier"], 4), found["auc"]
    (0.1367, 1.0)
    """
    p, y = np.clip(predicted, 1e-6, 1 - 1e-6), happened.astype(np.float64)
    ones = y.sum()
    auc = np.nan
    if 0 < ones < len(y):
        ranks = stats.rankdata(predicted)
        auc = (ranks[y == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones))
    table = tenths(predicted, y)
    gap = (table["predicted"] - table["actual"]).abs()
    return {
        "brier": float(((predicted - y) ** 2).mean()),
        "log_loss": float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()),
        "auc": float(auc),
        "bias": float(predicted.mean() - y.mean()),
        "calibration_error": float((gap * table["n"]).sum() / table["n"].sum()),
    }


def tenths(predicted: Array, actual: Array, level: float = 0.95) -> pd.DataFrame:
    """Return tenths of customers by prediction, the highest first, against what happened.

    Returns
    -------
    DataFrame
        ``decile n predicted actual ci_lower ci_upper``: means, with a normal interval of the
        actual one (Wilson's where the actual values are 0 and 1).
    """
    order = np.argsort(-predicted, kind="stable")
    rows = []
    is_share = bool(np.isin(actual, (0.0, 1.0)).all())
    for k, part in enumerate(np.array_split(order, 10), start=1):
        if not len(part):
            continue
        y = actual[part]
        low, high = wilson(y.sum(), len(y), level) if is_share else _normal(y, level)
        rows.append((k, len(part), predicted[part].mean(), y.mean(), float(low), float(high)))
    return pd.DataFrame(
        rows, columns=["decile", "n", "predicted", "actual", "ci_lower", "ci_upper"]
    )


def _normal(y: Array, level: float) -> tuple[float, float]:
    half = normal_quantile(level) * y.std(ddof=1) / np.sqrt(len(y)) if len(y) > 1 else np.nan
    return float(y.mean() - half), float(y.mean() + half)


def paired_difference(
    losses: Array, benchmark: Array, rng: np.random.Generator, draws: int, level: float
) -> tuple[float, float, float]:
    """Return the mean difference of two losses of the same customers and its bootstrap interval."""
    gap = losses - benchmark
    n = len(gap)
    means = np.array([gap[rng.integers(n, size=n)].mean() for _ in range(draws)])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(gap.mean()), float(low), float(high)
