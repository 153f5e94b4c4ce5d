"""Value as a function of two fitted models: purchases expected, discounted, times spending."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from loyaltysem.clv.purchase.fitted import PurchaseFit
from loyaltysem.clv.purchase.spending import SpendingFit
from loyaltysem.core.types import Array, Indices

#: Unit of time of the models behind a value, and how many of it are a year.
UNIT, WEEKS = "week", 365.25 / 7.0
#: Length of a step of the discounting within a horizon, in weeks.
STEP = 4.0
MOST_STEPS = 120
#: Kinds of customers on which derivatives of the total are taken at most.
SAMPLE = 2000
#: Step of the central differences on the logarithms of parameters.
MOVE = 1e-4


@dataclass(frozen=True, slots=True)
class Base:
    """A customer base as the models see it.

    Attributes
    ----------
    frequency, recency, length : Array, shape (G,)
        Kinds of histories, in weeks.
    kind : Indices, shape (N,)
        Of each customer.
    repeats, monetary : Array, shape (N,)
        For the spending model: 0 repeats where the mean amount cannot be used.
    """

    frequency: Array
    recency: Array
    length: Array
    kind: Indices
    repeats: Array
    monetary: Array

    def sample(self, kinds: Indices) -> Base:
        """Return the customers of some kinds."""
        place = np.full(len(self.frequency), -1, dtype=np.intp)
        place[kinds] = np.arange(len(kinds))
        own = place[self.kind] >= 0
        return Base(
            self.frequency[kinds], self.recency[kinds], self.length[kinds],
            place[self.kind[own]], self.repeats[own], self.monetary[own],
        )  # fmt: skip


def base_of(summary: pd.DataFrame) -> Base:
    """Return the base behind ``frequency recency T monetary`` in weeks."""
    keys = summary[["frequency", "recency", "T"]].to_numpy(np.float64)
    kinds, kind = np.unique(keys, axis=0, return_inverse=True)
    money = summary["monetary"].to_numpy(np.float64, na_value=np.nan)
    usable = (keys[:, 0] > 0) & (np.nan_to_num(money) > 0)
    return Base(
        kinds[:, 0], kinds[:, 1], kinds[:, 2], np.ravel(kind),
        np.where(usable, keys[:, 0], 0.0), np.where(usable, money, 0.0),
    )  # fmt: skip


def expected_purchases(
    fit: PurchaseFit, base: Base, years: float | None, rate: float
) -> tuple[Array, Array]:
    """Return purchases expected of each kind within the horizon, and the same discounted.

    Parameters
    ----------
    fit : PurchaseFit
        In weeks.
    base : Base
    years : float or None
        Horizon; None for all future, whose undiscounted number may be infinite (NaN here).
    rate : float
        Discount rate a year, above 0 without a horizon.

    Notes
    -----
    Within a horizon, purchases of every step of at most four weeks are discounted from its middle.
    Beyond nine years there are 120 steps, the first of four weeks and each longer than the one
    before by the same factor: what lies far ahead is little, and discounted to less.
    """
    seen = (base.frequency, base.recency, base.length)
    if years is None:
        weekly = np.log1p(rate) / WEEKS
        return np.full(len(base.frequency), np.nan), fit.discounted_residual(weekly, *seen)
    weeks = years * WEEKS
    before, total = np.zeros(len(base.frequency)), np.zeros(len(base.frequency))
    for start, end in pairwise(_steps(weeks)):
        until = fit.expected_purchases(float(end), *seen)
        total += (until - before) * (1.0 + rate) ** (-(start + end) / (2.0 * WEEKS))
        before = until
    return before, total


def _steps(weeks: float) -> Array:
    """Return where the steps of the discounting begin, and the end of the last."""
    count = max(1, int(np.ceil(weeks / STEP)))
    if count <= MOST_STEPS:
        return np.linspace(0.0, weeks, count + 1)
    at = np.arange(MOST_STEPS + 1)

    def overshoot(growth: float) -> float:
        return float(STEP * np.expm1(growth * MOST_STEPS) / np.expm1(growth) - weeks)

    growth = float(brentq(overshoot, 1e-9, 1.0, xtol=1e-14))
    return np.asarray(weeks * np.expm1(growth * at) / np.expm1(growth * MOST_STEPS))


def total_value(
    purchase: PurchaseFit, spending: SpendingFit, base: Base, years: float | None, rate: float
) -> float:
    """Return discounted revenue expected of all customers."""
    _, discounted = expected_purchases(purchase, base, years, rate)
    amounts = spending.expected_spending(base.repeats, base.monetary)
    return float(discounted[base.kind] @ amounts)


def log_total_error(
    purchase: PurchaseFit, spending: SpendingFit, base: Base, years: float | None, rate: float
) -> float:
    """Return the standard error of the logarithm of the total, from the models' parameters.

    Notes
    -----
    Delta method by central differences. The two models are fitted to different sides of the data
    and taken as uncorrelated. Derivatives of the logarithm are taken on at most 2,000 kinds of
    customers, evenly spread: they are ratios, which a sample gives closely.
    """
    if len(base.frequency) > SAMPLE:
        base = base.sample(np.unique(np.linspace(0, len(base.frequency) - 1, SAMPLE).astype(int)))

    def of_purchase(coefficients: Array) -> float:
        moved = replace(purchase, found=replace(purchase.found, coefficients=coefficients))
        return float(np.log(total_value(moved, spending, base, years, rate)))

    def of_spending(coefficients: Array) -> float:
        moved = replace(spending, found=replace(spending.found, coefficients=coefficients))
        return float(np.log(total_value(purchase, moved, base, years, rate)))

    variance = 0.0
    for value, found in ((of_purchase, purchase.found), (of_spending, spending.found)):
        at, eye = found.coefficients, MOVE * np.eye(len(found.coefficients))
        slope = np.array([(value(at + e) - value(at - e)) / (2.0 * MOVE) for e in eye])
        variance += float(slope @ found.vcov @ slope)
    return float(np.sqrt(variance)) if variance >= 0 else float("nan")
