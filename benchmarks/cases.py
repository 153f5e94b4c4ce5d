"""The models and data that are raced: real data where they are shipped, simulated otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.study.definitions import LOYALTY_STUDY
from loyaltysem.study.gathered import gather
from loyaltysem.study.models import STUDY_MODEL

ROOT = Path(__file__).resolve().parents[1]

HS_MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


@dataclass(frozen=True, slots=True)
class Target:
    """What must be reached: times as fast as lavaan and semopy, or milliseconds."""

    lavaan: float | None = None
    semopy: float | None = None
    ms: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One race.

    Attributes
    ----------
    name : str
    model : str
        lavaan syntax.
    data : callable
        Makes the data frame.
    target : Target
    ours : dict
        Options of ``loyaltysem.cfa``.
    lavaan : str or None
        Options of lavaan's ``sem()``, or None where it cannot run: `reason` says why.
    semopy : str or None
        semopy's objective, or None where it cannot run.
    """

    name: str
    model: str
    data: Callable[[], pd.DataFrame]
    target: Target
    ours: dict[str, Any] = field(default_factory=dict)
    lavaan: str | None = ""
    semopy: str | None = "MLW"
    reason: str = ""


def factor_model(factors: int, items: int) -> str:
    """Write a model of correlated factors."""
    return "\n".join(
        f"f{f} =~ " + " + ".join(f"x{f}_{i}" for i in range(items)) for f in range(factors)
    )


def second_order_model(factors: int, items: int) -> str:
    """Write a model of factors that share one second-order factor."""
    first = factor_model(factors, items)
    return f"{first}\ng =~ " + " + ".join(f"f{f}" for f in range(factors))


def factor_data(factors: int, items: int, n: int, seed: int) -> pd.DataFrame:
    """Draw answers to `factors` correlated scales of `items` items each."""
    rng = np.random.default_rng(seed)
    general = rng.normal(size=(n, 1))
    scores = 0.7 * general + 0.7 * rng.normal(size=(n, factors))
    loadings = rng.uniform(0.6, 0.9, size=(factors, items))
    answers = scores[:, :, None] * loadings + 0.7 * rng.normal(size=(n, factors, items))
    names = [f"x{f}_{i}" for f in range(factors) for i in range(items)]
    return pd.DataFrame(answers.reshape(n, -1), columns=names)


def with_gaps(frame: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Take values out completely at random."""
    rng = np.random.default_rng(seed)
    return frame.mask(rng.uniform(size=frame.shape) < share)


def in_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """Cut every column into five ordered categories."""
    cuts = np.array([-1.4, -0.5, 0.4, 1.2])
    return frame.apply(lambda x: np.digitize(x, cuts) + 1)


def _csv(path: Path) -> Callable[[], pd.DataFrame]:
    return lambda: pd.read_csv(path)


TWENTY_ONE = second_order_model(7, 3)
ORDINAL_MODEL = factor_model(6, 3)
ITEMS = [name for f in range(6) for name in (f"x{f}_0", f"x{f}_1", f"x{f}_2")]
TOO_LARGE = "lavaan asks for 60 GB"

CASES = (
    Case("HS, 9 indicators", HS_MODEL,
         _csv(ROOT / "tests/golden/data/HolzingerSwineford1939.csv"), Target(10, 5)),
    Case("second order, 21 indicators", TWENTY_ONE,
         lambda: factor_data(7, 3, 450, 1), Target(10, 5)),
    Case("study model, 27 indicators", STUDY_MODEL,
         lambda: gather(LOYALTY_STUDY).responses.data,
         Target()),
    Case("100 indicators", factor_model(10, 10), lambda: factor_data(10, 10, 1000, 2),
         Target(ms=60)),
    Case("300 indicators", factor_model(15, 20), lambda: factor_data(15, 20, 1000, 3),
         Target(ms=400), lavaan=None, semopy=None, reason=TOO_LARGE),
    Case("FIML, 450 × 21, 10 % missing", TWENTY_ONE,
         lambda: with_gaps(factor_data(7, 3, 450, 1), 0.10, 4), Target(lavaan=20),
         {"missing": "fiml"}, 'missing = "fiml"', "FIML"),
    Case("WLSMV, 18 five-category items", ORDINAL_MODEL,
         lambda: in_categories(factor_data(6, 3, 450, 5)), Target(lavaan=10),
         {"ordered": ITEMS}, "ordered = TRUE", None),
)  # fmt: skip
