"""What learns, and what it is held against: the models of purchases and a naive rule."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.clv.purchase.models import bg_nbd
from loyaltysem.clv.purchase.spending import gamma_gamma
from loyaltysem.core.errors import MissingExtraError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

Target: TypeAlias = Literal["clv", "churn"]
LEARNERS: dict[str, Text] = {
    "boosting": Text("gradient boosting", "梯度提升"),
    "forest": Text("random forest", "随机森林"),
    "tree": Text("decision tree", "决策树"),
}
BENCHMARK, NAIVE = "bg_nbd", "naive"
REFERENCES: dict[str, Text] = {
    BENCHMARK: Text("BG/NBD × Gamma-Gamma", "BG/NBD × Gamma-Gamma"),
    NAIVE: Text("as in the time before", "沿用上一期"),
}
#: Smallest leaf, and the share of customers it holds in a single tree.
LEAF, TREE_SHARE = 20, 0.01
WEEK = 7.0


def require_sklearn() -> None:
    """Refuse to learn without scikit-learn.

    Raises
    ------
    MissingExtraError
    """
    try:
        # asked for here so that the message names the extra, and OpenMP is there to be limited
        import sklearn.ensemble  # noqa: F401 - imported for what its loading does
    except ImportError:
        raise MissingExtraError("scikit-learn", "ml", "Learning value and churn") from None


def learner(name: str, target: Target, n: int, seed: int) -> Any:
    """Return an unfitted estimator of scikit-learn.

    Notes
    -----
    Gradient boosting (Friedman, 2001) on histograms, with the Poisson deviance for amounts, which
    keeps predictions above 0 and their mean right; random forest (Breiman, 2001) of 200 trees; one
    tree whose leaves hold at least 1 % of the customers, to be read.
    """
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    boost = {"max_iter": 150, "learning_rate": 0.05, "min_samples_leaf": LEAF, "random_state": seed}
    forest = {"n_estimators": 200, "min_samples_leaf": LEAF, "random_state": seed, "n_jobs": 1}
    tree = {"min_samples_leaf": max(LEAF, round(TREE_SHARE * n)), "random_state": seed}
    made: dict[str, dict[str, Any]] = {
        "clv": {
            "boosting": lambda: HistGradientBoostingRegressor(loss="poisson", **boost),
            "forest": lambda: RandomForestRegressor(**forest),
            "tree": lambda: DecisionTreeRegressor(**tree),
        },
        "churn": {
            "boosting": lambda: HistGradientBoostingClassifier(**boost),
            "forest": lambda: RandomForestClassifier(**forest),
            "tree": lambda: DecisionTreeClassifier(**tree),
        },
    }
    return made[target][name]()


def predictions(model: Any, x: pd.DataFrame, target: Target) -> Array:
    """Return amounts, or probabilities of churn."""
    if target == "clv":
        return np.asarray(model.predict(x), dtype=np.float64)
    place = list(model.classes_).index(True) if True in model.classes_ else None
    return np.zeros(len(x)) if place is None else np.asarray(model.predict_proba(x)[:, place])


def benchmark(x: pd.DataFrame, target: Target, days: int) -> Array:
    """Return what BG/NBD (× Gamma-Gamma) fitted to the same features expects.

    Notes
    -----
    Churn is no purchase in the window: 1 − P(alive)·[1 − ((α + T)/(α + T + t))^(r + x)], since a
    customer of the BG/NBD who is alive buys at a Gamma(r + x, α + T) rate and can leave only after
    a purchase.
    """
    weeks = x["T"] / WEEK
    seen = (x["frequency"], x["recency"] / WEEK, weeks)
    fit = bg_nbd(*seen, unit="week")
    t = days / WEEK
    if target == "churn":
        r, alpha = fit.params["r"], fit.params["alpha"]
        waits = ((alpha + weeks) / (alpha + weeks + t)) ** (r + x["frequency"])
        return np.asarray(1.0 - fit.p_alive(*seen) * (1.0 - waits.to_numpy()))
    usable = (x["frequency"] > 0) & (x["monetary"] > 0)
    repeats, money = x["frequency"].where(usable, 0.0), x["monetary"].where(usable, 0.0)
    spending = gamma_gamma(repeats, money)
    return np.asarray(fit.expected_purchases(t, *seen) * spending.expected_spending(repeats, money))


def naive(
    past: pd.DataFrame, past_outcome: Array, x: pd.DataFrame, target: Target, window: str
) -> Array:
    """Return a rule without a model.

    Amounts: what was spent in the last window. Churn: the share that stopped, in the training time,
    among those who had and had not bought in the window before.
    """
    if target == "clv":
        return np.asarray(x[f"spend_{window}"].clip(lower=0.0), dtype=np.float64)
    was, now = past[f"days_{window}"] > 0, x[f"days_{window}"] > 0
    overall = float(past_outcome.mean())
    shares = [past_outcome[was == kind].mean() if (was == kind).any() else overall
              for kind in (False, True)]  # fmt: skip
    return np.where(now, shares[1], shares[0])
