"""Make the synthetic answers of the loyalty study: seeded, calibrated, labelled synthetic.

The study printed its reliabilities and fit values, never its answers. This script draws answers
from the model the study describes, so that the whole analysis can be run and its printed numbers
be held against something. **No row is a person.** Run it from anywhere:

    python data/make_study_data.py [--out FOLDER]

How an answer comes about
-------------------------
1. Second order: relationship quality and customer lifetime value follow from loyalty along
   `PATHS`; every dimension is its parent times `DIMENSION_LOADING` plus its own disturbance.
2. First order: answer tendency = loading x dimension + residual. The residual is not pure noise:
   it holds `MINOR_FACTORS` weak common factors (the model error of Tucker, Koopman & Linn 1969)
   and, per dimension, one pair of items that share a little wording. Without them the model
   would fit perfectly, which no survey does.
3. Items: the tendency is cut into 1..5 at thresholds that differ between items.
   Cutting weakens correlations, so the loadings cannot be read off the printed alpha. Instead the
   random draws are held fixed and the loading of each dimension is the one, on a grid of .001,
   whose *cut* answers come nearest to the printed alpha.
4. Money: amount (CNY per order), frequency (orders per year) and duration (months) are
   log-normal, as such quantities are. The analysis uses their natural logarithms, which are
   written beside them as ``log_amount``, ``log_frequency`` and ``log_duration``.

What was tuned by hand, and to what: `MINOR_SIZE`, `MINOR_FACTORS` and `DIMENSION_LOADING` to the
printed chi-square/df and CFI of the whole model, `SHARED_WORDING` to the chi-square/df of the
one-factor models. The study printed no path, so `PATHS` and the loadings in `VALUE` are free
choices, and they were not blind: in a draft (quality_to_value .45, loadings .60 .56 .52) the path
from quality to value had p = .051, and they were raised so that it is clearly there. Its
significance, and that of the indirect effect, is therefore built in and is evidence of nothing.
What came of it all is in ``data/README.md``.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20240450
RESPONDENTS = 450
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
PATHS = {"loyalty_to_quality": 0.55, "quality_to_value": 0.50, "loyalty_to_value": 0.25}
DIMENSION_LOADING = {
    "behaviour": 0.53,
    "attitude": 0.61,
    "emotion": 0.51,
    "trust": 0.63,
    "satisfaction": 0.57,
    "commitment": 0.55,
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
    "amount": (0.64, 180.0, 0.55),
    "frequency": (0.60, 14.0, 0.50),
    "duration": (0.54, 30.0, 0.60),
}


def latent_variables(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw the second-order factors and the dimensions, each with variance one, shape (N,)."""
    loyalty, quality, value = rng.standard_normal((3, RESPONDENTS))
    a, b, c = PATHS.values()
    quality = a * loyalty + np.sqrt(1 - a**2) * quality
    explained = b**2 + c**2 + 2 * a * b * c
    value = b * quality + c * loyalty + np.sqrt(1 - explained) * value
    parents = {"loyalty": loyalty, "relationship_quality": quality, "value": value}
    own = rng.standard_normal((len(PARENT), RESPONDENTS))
    dimensions = {
        name: mixed(DIMENSION_LOADING[name], parents[parent], disturbance)
        for (name, parent), disturbance in zip(PARENT.items(), own, strict=True)
    }
    return parents | dimensions


def mixed(loading: float, common: np.ndarray, unique: np.ndarray) -> np.ndarray:
    """Return loading x common + the unique part that keeps the variance at one."""
    return loading * common + np.sqrt(1 - loading**2) * unique


def residuals(rng: np.random.Generator) -> np.ndarray:
    """Draw residuals of the 27 indicators, shape (N, 27): noise, minor factors, shared wording."""
    indicators = 4 * len(PARENT) + len(VALUE)
    unique = rng.standard_normal((RESPONDENTS, indicators))
    minor = rng.standard_normal((RESPONDENTS, MINOR_FACTORS))
    weights = rng.standard_normal((MINOR_FACTORS, indicators))
    weights *= MINOR_SIZE / np.linalg.norm(weights, axis=0)
    shared = np.zeros((RESPONDENTS, indicators))
    share = np.zeros(indicators)
    for k, (position, size) in enumerate(SHARED_WORDING.values()):
        first = 4 * k + position
        shared[:, first : first + 2] = rng.standard_normal((RESPONDENTS, 1))
        share[first : first + 2] = size
    noise = 1 - MINOR_SIZE**2 - share
    return np.sqrt(noise) * unique + minor @ weights + np.sqrt(share) * shared


def cronbach(items: np.ndarray) -> float:
    """Return Cronbach's alpha of answers, shape (N, k)."""
    cov = np.cov(items, rowvar=False)
    k = len(cov)
    return float(k / (k - 1) * (1 - np.trace(cov) / cov.sum()))


def answers(
    loading: float, order: int, factor: np.ndarray, noise: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    """Return the four cut answers, integers 1 to 5, of one dimension, shape (N, 4)."""
    loadings = loading + np.roll(LOADING_PATTERN, order)
    tendency = loadings * factor[:, None] + np.sqrt(1 - loadings**2) * noise + shift
    return 1 + np.searchsorted(THRESHOLDS, tendency)


def calibrated(
    alpha: float, order: int, factor: np.ndarray, noise: np.ndarray, shift: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the loading whose answers come nearest to the printed alpha, and those answers."""
    grid = np.round(np.arange(0.500, 0.900, 0.001), 3)
    made = [answers(loading, order, factor, noise, shift) for loading in grid]
    best = int(np.argmin([abs(cronbach(a) - alpha) for a in made]))
    return float(grid[best]), made[best]


def value_indicators(factor: np.ndarray, noise: np.ndarray) -> dict[str, np.ndarray]:
    """Return amount (CNY), frequency and duration (whole, at least 1), and their logs."""
    columns: dict[str, np.ndarray] = {}
    for (name, (loading, median, spread)), unique in zip(VALUE.items(), noise.T, strict=True):
        raw = median * np.exp(spread * mixed(loading, factor, unique))
        columns[name] = np.round(raw, 2) if name == "amount" else np.maximum(1, np.rint(raw))
    return columns | {f"log_{name}": np.round(np.log(x), 4) for name, x in columns.items()}


def make() -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the table of answers and the loading found for each dimension."""
    rng = np.random.default_rng(SEED)
    latent = latent_variables(rng)
    noise = residuals(rng)
    shifts = rng.uniform(-0.35, 0.35, size=(len(PARENT), 4))
    columns: dict[str, np.ndarray] = {}
    loadings: dict[str, float] = {}
    for k, (name, alpha) in enumerate(ALPHA_PRINTED.items()):
        block = noise[:, 4 * k : 4 * k + 4]
        loadings[name], made = calibrated(alpha, k, latent[name], block, shifts[k])
        columns |= {f"{PREFIX[name]}{i + 1}": made[:, i] for i in range(4)}
    value = value_indicators(latent["value"], noise[:, -len(VALUE) :])
    frame = pd.DataFrame(columns | value).astype({"frequency": int, "duration": int})
    frame.insert(0, "customer_id", [f"C{i + 1:04d}" for i in range(RESPONDENTS)])
    return frame, loadings


def provenance() -> str:
    """Return the sidecar that labels the answers as synthetic wherever they are read."""
    chinese = (
        f"按已发表研究的二阶模型生成的 {RESPONDENTS} 份模拟答卷，"
        "信度已校准至其报告值，不含任何真实受访者。结构路径由脚本设定，其显著性不构成证据。"
    )
    return f"""synthetic: true
description:
  en: >-
    Synthetic answers of {RESPONDENTS} invented customers, drawn from the second-order model of the
    published study and calibrated to its printed reliabilities. No row is a person. The
    structural paths were chosen by the script: their significance is no evidence.
  zh: {chinese}
made_by: data/make_study_data.py
seed: {SEED}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the answers and their provenance, and say what was made."""
    parser = argparse.ArgumentParser(description="Make the synthetic answers of the study.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write")
    out = parser.parse_args(arguments).out
    frame, loadings = make()
    table = frame.to_csv(index=False, lineterminator="\n").encode("utf-8")
    (out / "study_answers.csv").write_bytes(table)
    (out / "study_answers.provenance.yaml").write_bytes(provenance().encode("utf-8"))
    print(f"{out / 'study_answers.csv'}: {frame.shape[0]} synthetic rows, {frame.shape[1]} columns")
    print(f"sha256 {hashlib.sha256(table).hexdigest()}")
    for name, alpha in ALPHA_PRINTED.items():
        items = frame.filter(regex=f"^{PREFIX[name]}[1-4]$").to_numpy(float)
        made = cronbach(items)
        print(f"{name:<13} loading {loadings[name]:.3f}  alpha {made:.3f} (printed {alpha:.2f})")


if __name__ == "__main__":
    main()
