"""Draw possible respondents of the loyalty study: their answers, and what they are worth.

Everybody here is drawn from the model the study describes, for three industries. Who of them ends
in the study is chosen by `study_sample`; their orders are written by `study_orders`.

1. Second order: loyalty follows from five antecedents, relationship quality from loyalty, customer
   lifetime value from both and from their product (`PATHS`, `ANTECEDENTS`). Every dimension is its
   parent times `DIMENSION_LOADING` plus its own disturbance.
2. First order: answer tendency = loading x dimension + residual. The residual is not pure noise:
   it holds `MINOR_FACTORS` weak common factors (the model error of Tucker, Koopman & Linn 1969)
   and, per dimension, one pair of items that share a little wording. Without them the model
   would fit perfectly, which no survey does.
3. Items: the tendency is cut into 1..5 at thresholds that differ between items. Cutting weakens
   correlations, so loadings cannot be read off the printed alpha: the loading of a dimension is the
   one, on a grid, whose cut answers come nearest to it.
4. Money: amount an order, orders a year and months as a customer are log-normal.

The study printed no path. `PATHS`, `ANTECEDENTS` and the loadings in `VALUE` are free choices: that
the effects are there is built in, and is evidence of nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

INDUSTRIES = {1: "internet", 2: "retail", 3: "finance"}
ALPHA_PRINTED = {
    "behaviour": 0.78,
    "attitude": 0.76,
    "emotion": 0.74,
    "trust": 0.81,
    "satisfaction": 0.79,
    "commitment": 0.80,
}
PARENT = {
    "behaviour": "loyalty",
    "attitude": "loyalty",
    "emotion": "loyalty",
    "trust": "relationship_quality",
    "satisfaction": "relationship_quality",
    "commitment": "relationship_quality",
}
PREFIX = {dimension: dimension[:3] for dimension in ALPHA_PRINTED}
ITEMS = [f"{prefix}{number}" for prefix in PREFIX.values() for number in range(1, 5)]
PATHS = {
    "loyalty_to_quality": 0.55,
    "quality_to_value": 0.45,
    "loyalty_to_value": 0.28,
    "product_to_value": 0.15,
}
#: How far the industries' means stand apart: loyalty, relationship quality.
INDUSTRY_MEANS = {1: (0.10, -0.05), 2: (0.00, 0.00), 3: (-0.15, 0.12)}
#: Items that mean something else in an industry: item, industry, shift of its answer tendency.
NOT_INVARIANT = (("tru2", 3, 0.35), ("beh3", 1, 0.30))
DIMENSION_LOADING = {
    "behaviour": 0.52,
    "attitude": 0.59,
    "emotion": 0.50,
    "trust": 0.60,
    "satisfaction": 0.55,
    "commitment": 0.54,
}
LOADING_PATTERN = (0.05, -0.04, 0.02, -0.03)  # rotated, so that no position is always the best
SHARED_WORDING = {  # first item of the pair (from 0), share of the residual variance
    "behaviour": (2, 0.11),
    "attitude": (0, 0.10),
    "emotion": (1, 0.06),
    "trust": (0, 0.11),
    "satisfaction": (2, 0.16),
    "commitment": (1, 0.11),
}
MINOR_FACTORS = 12
MINOR_SIZE = 0.52
THRESHOLDS = (-1.75, -0.95, -0.10, 1.00)
VALUE = {  # log scale: loading on the value factor, median, standard deviation of the logarithm
    "amount": (0.60, 180.0, 0.55),
    "frequency": (0.57, 9.0, 0.50),
    "duration": (0.50, 20.0, 0.55),
}
#: Five antecedents: prefix, effect on loyalty, loading of the items, items that are turned round.
ANTECEDENTS = {
    "qua": (0.25, 0.74, ()),
    "pri": (0.18, 0.70, (3,)),
    "ima": (0.16, 0.72, ()),
    "con": (0.10, 0.68, (3,)),
    "exp": (0.24, 0.73, ()),
}
ANTECEDENT_CORRELATION = 0.35
SKIPPED = 0.012  # share of antecedent answers left open


@dataclass(frozen=True)
class Population:
    """Possible respondents: answers (frame), value indicators before rounding, industry."""

    answers: pd.DataFrame
    value: pd.DataFrame
    industry: np.ndarray
    loyalty: np.ndarray


def draw(rng: np.random.Generator, size: int) -> Population:
    """Draw `size` possible respondents of each industry."""
    industry = np.repeat(list(INDUSTRIES), size)
    latent = latent_variables(rng, industry)
    noise = residuals(rng, len(industry))
    columns: dict[str, np.ndarray] = {}
    for k, (name, alpha) in enumerate(ALPHA_PRINTED.items()):
        shift = rng.uniform(-0.35, 0.35, size=4) + _industry_shifts(PREFIX[name], industry)
        block = noise[:, 4 * k : 4 * k + 4]
        made = calibrated(alpha, k, latent[name], block, shift)
        columns |= {f"{PREFIX[name]}{i + 1}": made[:, i] for i in range(4)}
    columns |= antecedent_answers(rng, latent)
    columns["nps"] = np.clip(
        np.rint(6.9 + 1.7 * _mixed(0.7, latent["loyalty"], _normal(rng, industry))), 0, 10
    )
    value = value_indicators(latent["value"], noise[:, -len(VALUE) :])
    return Population(pd.DataFrame(columns), value, industry, latent["loyalty"])


def _normal(rng: np.random.Generator, like: np.ndarray) -> np.ndarray:
    return rng.standard_normal(len(like))


def _mixed(loading: float, common: np.ndarray, unique: np.ndarray) -> np.ndarray:
    """Return loading x common + the unique part that keeps the variance at one."""
    return loading * common + np.sqrt(1 - loading**2) * unique


def _industry_shifts(prefix: str, industry: np.ndarray) -> np.ndarray:
    shifts = np.zeros((len(industry), 4))
    for item, where, size in NOT_INVARIANT:
        if item.startswith(prefix):
            shifts[industry == where, int(item[-1]) - 1] += size
    return shifts


def latent_variables(rng: np.random.Generator, industry: np.ndarray) -> dict[str, np.ndarray]:
    """Draw antecedents, second-order factors and dimensions; variance about one within industry."""
    causes = _correlated(rng, len(ANTECEDENTS), len(industry))
    weights = np.array([effect for effect, _, _ in ANTECEDENTS.values()])
    rho = ANTECEDENT_CORRELATION
    explained = (1 - rho) * (weights**2).sum() + rho * weights.sum() ** 2
    loyalty = weights @ causes + np.sqrt(1 - explained) * _normal(rng, industry)
    quality = _mixed(PATHS["loyalty_to_quality"], loyalty, _normal(rng, industry))
    value = _value_factor(rng, loyalty, quality)
    means = np.array([INDUSTRY_MEANS[int(code)] for code in industry])
    parents = {"loyalty": loyalty + means[:, 0], "relationship_quality": quality + means[:, 1]}
    dimensions = {
        name: _mixed(DIMENSION_LOADING[name], parents[parent], _normal(rng, industry))
        for name, parent in PARENT.items()
    }
    named = dict(zip(ANTECEDENTS, causes, strict=True))
    return {**parents, "value": value, **dimensions, **named}


def _correlated(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Draw `count` variables that all correlate alike, shape (count, size)."""
    common, own = rng.standard_normal((1, size)), rng.standard_normal((count, size))
    return np.sqrt(ANTECEDENT_CORRELATION) * common + np.sqrt(1 - ANTECEDENT_CORRELATION) * own


def _value_factor(rng: np.random.Generator, loyalty: np.ndarray, quality: np.ndarray) -> np.ndarray:
    a, b, c, d = PATHS.values()
    product = loyalty * quality - a
    explained = b**2 + c**2 + 2 * a * b * c + d**2 * (1 + a**2)
    signal = b * quality + c * loyalty + d * product
    return signal + np.sqrt(1 - explained) * _normal(rng, loyalty)


def residuals(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw residuals of the 27 indicators, shape (N, 27): noise, minor factors, shared wording."""
    indicators = len(ITEMS) + len(VALUE)
    unique = rng.standard_normal((size, indicators))
    minor = rng.standard_normal((size, MINOR_FACTORS))
    weights = rng.standard_normal((MINOR_FACTORS, indicators))
    weights *= MINOR_SIZE / np.linalg.norm(weights, axis=0)
    shared = np.zeros((size, indicators))
    share = np.zeros(indicators)
    for k, (position, part) in enumerate(SHARED_WORDING.values()):
        first = 4 * k + position
        shared[:, first : first + 2] = rng.standard_normal((size, 1))
        share[first : first + 2] = part
    noise = 1 - MINOR_SIZE**2 - share
    return np.sqrt(noise) * unique + minor @ weights + np.sqrt(share) * shared


def cronbach(items: np.ndarray) -> float:
    """Return Cronbach's alpha of answers, shape (N, k)."""
    cov = np.cov(items, rowvar=False)
    k = len(cov)
    return float(k / (k - 1) * (1 - np.trace(cov) / cov.sum()))


def answers(
    loadings: np.ndarray, factor: np.ndarray, noise: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    """Return cut answers, integers 1 to 5, of the items of one factor, shape (N, k)."""
    tendency = loadings * factor[:, None] + np.sqrt(1 - loadings**2) * noise + shift
    return 1 + np.searchsorted(THRESHOLDS, tendency)


def calibrated(
    alpha: float, order: int, factor: np.ndarray, noise: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    """Return the answers of the loading that brings the pool's alpha nearest to the printed one."""
    pattern = np.roll(LOADING_PATTERN, order)
    made = [answers(g + pattern, factor, noise, shift) for g in np.arange(0.60, 0.85, 0.005)]
    return made[int(np.argmin([abs(cronbach(a) - alpha) for a in made]))]


def antecedent_answers(
    rng: np.random.Generator, latent: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return answers to the 20 items on what leads to loyalty; a few are left open."""
    columns: dict[str, np.ndarray] = {}
    for prefix, (_, loading, turned) in ANTECEDENTS.items():
        factor = latent[prefix]
        noise = rng.standard_normal((len(factor), 4))
        shift = rng.uniform(-0.3, 0.4, size=4)
        made = answers(np.full(4, loading), factor, noise, shift).astype(float)
        made[:, list(turned)] = 6 - made[:, list(turned)]
        made[rng.random(made.shape) < SKIPPED] = np.nan
        columns |= {f"{prefix}{i + 1}": made[:, i] for i in range(4)}
    return columns


def value_indicators(factor: np.ndarray, noise: np.ndarray) -> pd.DataFrame:
    """Return amount (CNY an order), frequency (orders a year) and duration (months), unrounded."""
    return pd.DataFrame(
        {
            name: median * np.exp(spread * _mixed(loading, factor, unique))
            for (name, (loading, median, spread)), unique in zip(
                VALUE.items(), noise.T, strict=True
            )
        }
    )
